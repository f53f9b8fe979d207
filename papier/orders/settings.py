"""What an order sheet may do: the section `ordres` of the settings.

ordres:
  permis: [imprimer, jour, rappels, manquants, verification, registre, sauvegarde]
  formulaires: [carnet/absence, carnet/retard]    # what `imprimer` may print, a row each
  listes: {6A: listes/6A.csv}                     # the classes, and their pupils; in the workspace or elsewhere
  copies: 60                                      # the most of one order
  sauvegarde: /media/cle-usb                      # where `sauvegarde` goes
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from papier.language import translate as _
from papier.settings import raise_found, read_section

SECTION = "ordres"
PRINT = "imprimer"
DAY, REMINDERS, MISSING, CHECKING, REGISTER, BACKUP = (
    "jour",
    "rappels",
    "manquants",
    "verification",
    "registre",
    "sauvegarde",
)
KNOWN = (PRINT, DAY, REMINDERS, MISSING, CHECKING, REGISTER, BACKUP)
# Without settings: what prints no more than there is to do anyway.
HARMLESS = (DAY, REMINDERS, MISSING, CHECKING, REGISTER)
# A class and a few more.
MOST_COPIES = 40
MOST_FORMS = 8


@dataclass(frozen=True)
class OrderSettings:
    allowed: tuple[str, ...] = HARMLESS
    forms: tuple[str, ...] = ()
    rosters: Mapping[str, Path] = field(default_factory=dict)
    most_copies: int = MOST_COPIES
    backup: Path | None = None

    def allows(self, what: str) -> bool:
        """True when the office lets paper order this, and has said all that it takes."""
        ready = {PRINT: bool(self.forms), BACKUP: self.backup is not None}
        return what in self.allowed and ready.get(what, True)


def load_order_settings(path: Path) -> OrderSettings:
    """The section of this file, or what is harmless. Raises DefinitionError with every mistake."""
    entries, proof = read_section(path, SECTION, ("permis", "formulaires", "listes", "copies", "sauvegarde"))
    allowed: tuple[str, ...] = HARMLESS
    forms: tuple[str, ...] = ()
    most, backup = MOST_COPIES, None
    rosters: dict[str, Path] = {}
    if "permis" in entries:
        listed = proof.members(entries["permis"], "permis") or ()
        allowed = tuple(word for node in listed if (word := proof.one_of(node, "permis", KNOWN)))
    if "formulaires" in entries:
        nodes = proof.members(entries["formulaires"], "formulaires") or ()
        forms = tuple(word for node in nodes if (word := proof.text(node, "formulaires")))
        if len(forms) > MOST_FORMS:
            proof.report(
                entries["formulaires"],
                _("`formulaires` has {count} entries. Keep {most} at most.").format(count=len(forms), most=MOST_FORMS),
            )
    if "listes" in entries:
        for name, node in (proof.entries(entries["listes"], "listes") or {}).items():
            roster = proof.text(node, name)
            if roster is None:
                continue
            rosters[name.upper()] = path.parent / roster
            if not rosters[name.upper()].is_file():
                proof.report(
                    node,
                    _("there is no file {path}. Put the list of {name} there.").format(
                        path=rosters[name.upper()], name=name
                    ),
                )
    if "copies" in entries:
        most = proof.integer(entries["copies"], "copies", 1, 999) or MOST_COPIES
    if "sauvegarde" in entries and entries["sauvegarde"].content not in (None, ""):
        written = proof.text(entries["sauvegarde"], "sauvegarde")
        backup = None if written is None else (path.parent / written).resolve()
    raise_found(path, proof)
    return OrderSettings(allowed, forms, rosters, most, backup)
