"""The drawer test: from the key, the library of forms and the scanned sheets alone, the records come back.

Every sheet says in print which it is: its number, which the key proves, its form and its version. A sheet is registered
anew where today's definition has that version and its printed face is the sheet's; then its scan is taken in like any
other. Where a sheet is of another version, or its print cannot be read, it is told and not guessed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from sqlalchemy import Engine

from papier.errors import ScanFileError, StoreError
from papier.forms.definition import FormDefinition
from papier.forms.layout import Layout
from papier.forms.library import list_forms
from papier.forms.pdf import MASTER_NOTE, face_pdf
from papier.forms.sheet_number import SheetNumbers
from papier.forms.typesetting import lay_out
from papier.intake import TakenIn, take_in
from papier.language import translate as _
from papier.ocr.face import fit_face, load_face
from papier.ocr.identification import identify
from papier.ocr.pages import count_pages, load_page
from papier.ocr.printed_identity import read_identity
from papier.ocr.reading import MIN_FACE_MATCH
from papier.ocr.register import PrintedForm
from papier.ocr.registration import find_sheets
from papier.ocr.scan import RegisteredPage, RejectedPage
from papier.store.records import StoredRecord, list_records
from papier.store.sheets import FoundSheet, has_sheets, register_found
from papier.store.workspace import Workspace
from papier.workflows.definition import Workflow

SCAN_SUFFIXES = frozenset({".pdf", ".tif", ".tiff", ".png", ".jpg", ".jpeg", ".jp2", ".webp", ".bmp"})
Progress = Callable[[], None]


@dataclass(frozen=True)
class Rebuilt:
    """What came of it. `refused`: sheets that were not registered, each with why. `asked`: (record, field) that no
    reading settles, so that what a person had said of them must be said again.
    """

    sheets: int
    taken: tuple[TakenIn, ...]
    refused: Mapping[str, str]
    unreadable: Mapping[Path, str]
    asked: tuple[tuple[StoredRecord, str], ...]


@dataclass
class FormLibrary:
    """Today's definitions, laid out when a sheet asks for them."""

    folders: Sequence[Path]
    _faces: dict[tuple[str, bool], PrintedForm] = field(default_factory=dict)

    @cached_property
    def definitions(self) -> dict[str, FormDefinition]:
        listed = list_forms(self.folders)
        return {entry.form: entry.definition for entry in listed if entry.definition is not None}

    def printed(self, form: str, *, large: bool) -> PrintedForm:
        if (form, large) not in self._faces:
            layout: Layout = lay_out(self.definitions[form], large=large)
            self._faces[form, large] = PrintedForm(layout, face_pdf(layout))
        return self._faces[form, large]


def find_scans(paths: Iterable[Path]) -> list[Path]:
    """The scan files that are named, those of folders included, oldest first: the order in which they came."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = [entry for entry in path.rglob("*") if entry.is_file() and entry.suffix.lower() in SCAN_SUFFIXES]
            found += sorted(inside, key=lambda entry: (entry.stat().st_mtime, entry.name))
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def rebuild(
    workspace: Workspace,
    engine: Engine,
    scans: Sequence[Path],
    folders: Sequence[Path],
    now: dt.datetime,
    progress: Progress | None = None,
    workflows: Sequence[Workflow] = (),
) -> Rebuilt:
    """Register every sheet that the scans show, then take the scans in. Safe to repeat, safe to interrupt.

    `workflows`: those in use today; a sheet whose form begins one begins its case again, about whom it says.
    Raises StoreError where the workspace has sheets of its own: nothing is rebuilt over what is there.
    """
    if has_sheets(engine, but_found=True):
        raise StoreError(_("This workspace has printed sheets of its own. Rebuild into an empty one: papier init"))
    library = FormLibrary(folders)
    claims: dict[str, list[FoundSheet | str]] = {}
    unreadable: dict[Path, str] = {}
    for path in scans:
        try:
            for number, claim in _survey(path, workspace, library):
                claims.setdefault(number, []).append(claim)
        except ScanFileError as error:
            unreadable[path] = str(error)
        if progress is not None:
            progress()
    found, refused = _settle(claims)
    register_found(engine, found, now)
    taken = []
    for path in scans:
        if path not in unreadable:
            taken.append(take_in(workspace, engine, path, now, workflows=workflows))
        if progress is not None:
            progress()
    asked = tuple(
        (record, name)
        for record in list_records(engine)
        for name, entry in record.fields.items()
        if entry["needs_person"]
    )
    return Rebuilt(len(found), tuple(taken), refused, unreadable, asked)


def _survey(path: Path, workspace: Workspace, library: FormLibrary) -> Iterable[tuple[str, FoundSheet | str]]:
    """Each sheet number that a file shows, with the sheet it claims to be, or why that cannot be said."""
    numbers = SheetNumbers(workspace.key)
    for index in range(1, count_pages(path) + 1):
        page = load_page(path, index)
        if isinstance(page, RejectedPage):
            continue
        for candidate in find_sheets(page):
            for alternative in candidate.alternatives:
                identified = identify(alternative, numbers)
                if identified.number is not None:
                    serial = numbers.serial(identified.number)
                    assert serial is not None  # noqa: S101 - the key has proved it
                    yield identified.number, _identify_form(alternative, identified.number, serial, library)
                    break


def _identify_form(page: RegisteredPage, number: str, serial: int, library: FormLibrary) -> FoundSheet | str:
    identity = read_identity(page, library.definitions, MASTER_NOTE)
    if identity.form is None or identity.version is None:
        return _("its form and version cannot be read beside the number: scan it again, flatter or at 300 dpi")
    today = library.definitions[identity.form].version
    if identity.version != today:
        return _(
            "it is {form} version {version}, and the definition here is version {today}: "
            "put the definition of that version into the workspace's forms folder"
        ).format(form=identity.form, version=identity.version, today=today)
    best: tuple[float, PrintedForm] | None = None
    for large in (False, True):
        form = library.printed(identity.form, large=large)
        if any(abs(a - b) > 1.0 for a, b in zip(form.layout.size_mm, page.size_mm, strict=True)):
            continue
        for layout_page in form.layout.pages:
            match = fit_face(page, load_face(form, layout_page.page)).match
            if best is None or match > best[0]:
                best = (match, form)
    if best is None or best[0] < MIN_FACE_MATCH:
        return _(
            "it calls itself {form} version {today}, but does not look like it: was the definition changed?"
        ).format(form=identity.form, today=today)
    return FoundSheet(serial, number, best[1].layout, best[1].face, identity.master)


def _settle(claims: Mapping[str, Sequence[FoundSheet | str]]) -> tuple[list[FoundSheet], dict[str, str]]:
    """One sheet a number, where all its pages that can be read agree."""
    found: list[FoundSheet] = []
    refused: dict[str, str] = {}
    for number, pages in claims.items():
        sheets = [claim for claim in pages if isinstance(claim, FoundSheet)]
        forms = {(sheet.layout.form, sheet.layout.large) for sheet in sheets}
        if len(forms) > 1:
            refused[number] = _("its pages are of different forms: {forms}").format(
                forms=", ".join(sorted(form for form, _large in forms))
            )
        elif sheets:
            masters = [sheet for sheet in sheets if sheet.master]
            found.append((masters or sheets)[0])
        else:
            refused[number] = str(pages[0])
    return sorted(found, key=lambda sheet: sheet.serial), refused
