"""How this office prints: the section `impression` of its settings.

impression:
  imprimante: Copieur            # the CUPS queue; an address ipp://… too
  attente: 600                   # seconds to wait for a job before leaving it to the queue
  papiers:                       # which tray holds which paper
    jaune: {bac: tray-2}
  formulaires:                   # what differs for one form
    carnet/billet-absence: {papier: rose}
    papier/ordres: {imprimante: Bureau}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from papier.devices.printing import WHITE, JobOptions, Sides
from papier.settings import raise_found, read_section
from papier.yaml_source import Node, Proofreader

SECTION = "impression"
# A class set of 30 double-sided sheets takes two minutes on a desk printer.
PATIENCE_SECONDS = 600
# Sides in millimetres, the shorter first; a page lies within a millimetre of one of these or has its own size.
_MEDIA = {"A3": (297, 420), "A4": (210, 297), "A5": (148, 210), "A6": (105, 148)}


@dataclass(frozen=True)
class Tray:
    """Where a paper lies. `more`: options of the queue as they stand, such as `MediaType: Colored`."""

    tray: str = ""
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FormPrinting:
    """What the office wants otherwise for one form."""

    paper: str | None = None
    printer: str | None = None


@dataclass(frozen=True)
class PrintSettings:
    printer: str | None = None
    patience: int = PATIENCE_SECONDS
    papers: Mapping[str, Tray] = field(default_factory=dict)
    forms: Mapping[str, FormPrinting] = field(default_factory=dict)

    def paper_for(self, form: str, paper: str | None) -> str:
        """The paper of a form: what the office says, else the form itself, else white."""
        own = self.forms.get(form)
        return (own.paper if own is not None else None) or paper or WHITE

    def printer_for(self, form: str) -> str | None:
        own = self.forms.get(form)
        return (own.printer if own is not None else None) or self.printer

    def options(self, paper: str, size_mm: tuple[float, float], *, both_sides: bool) -> JobOptions:
        """How a stack of one paper and one page size is printed. Landscape pages turn over at their short edge."""
        width, height = size_mm
        sides = Sides.ONE
        if both_sides:
            sides = Sides.SHORT_EDGE if width > height else Sides.LONG_EDGE
        tray = self.papers.get(paper, Tray())
        return JobOptions(media_name(size_mm), tray.tray, sides, more=tray.more, paper=paper)


def media_name(size_mm: tuple[float, float]) -> str:
    """The size as CUPS names it."""
    short, long = sorted(size_mm)
    for name, (width, height) in _MEDIA.items():
        if abs(short - width) < 1 and abs(long - height) < 1:
            return name
    return f"Custom.{short:g}x{long:g}mm"


def load_print_settings(path: Path) -> PrintSettings:
    """The section of this file, or the usual way where it says nothing. Raises DefinitionError with every mistake."""
    entries, proof = read_section(path, SECTION, ("imprimante", "attente", "papiers", "formulaires"))
    printer = _text(entries, "imprimante", proof)
    patience = PATIENCE_SECONDS
    if "attente" in entries:
        patience = proof.integer(entries["attente"], "attente", 0, 86_400) or 0
    papers = {}
    if "papiers" in entries:
        for paper, node in (proof.entries(entries["papiers"], "papiers") or {}).items():
            papers[paper] = _tray(node, proof.within(f"`{SECTION}`, paper `{paper}`"))
    forms = {}
    if "formulaires" in entries:
        for form, node in (proof.entries(entries["formulaires"], "formulaires") or {}).items():
            own = proof.within(f"`{SECTION}`, form `{form}`")
            known = _known(node, own, form, ("papier", "imprimante"))
            forms[form] = FormPrinting(_text(known, "papier", own), _text(known, "imprimante", own))
    raise_found(path, proof)
    return PrintSettings(printer, patience, papers, forms)


def _tray(node: Node, proof: Proofreader) -> Tray:
    if node.text is not None:
        return Tray(node.text.strip())
    known = _known(node, proof, "papier", ("bac", "options"))
    more = {}
    if "options" in known:
        for name, entry in (proof.entries(known["options"], "options") or {}).items():
            more[name] = proof.text(entry, name) or ""
    return Tray(_text(known, "bac", proof) or "", more)


def _known(node: Node, proof: Proofreader, what: str, keys: tuple[str, ...]) -> dict[str, Node]:
    entries = proof.entries(node, what) or {}
    for key, entry in entries.items():
        if key not in keys:
            proof.report_unknown_key(entry, key, keys)
    return {key: entry for key, entry in entries.items() if key in keys}


def _text(entries: Mapping[str, Node], key: str, proof: Proofreader) -> str | None:
    """A text that may be left empty, as in the settings that `papier init` writes."""
    node = entries.get(key)
    if node is None or node.content in (None, ""):
        return None
    return proof.text(node, key)
