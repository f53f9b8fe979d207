"""In, for papers without a form: scan → text → archive → the case it belongs to, exactly once.

As with sheets, the file is kept and read back first; one transaction files it; only then may the inbox copy go. Nothing
is lost where text recognition fails: the file lies where it lay.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select

from papier.devices.wholeness import is_being_written
from papier.errors import ScanFileError, os_words
from papier.forms.sheet_number import LENGTH, UNREADABLE, SheetNumbers, normalise
from papier.intake import leave_inbox
from papier.language import translate as _
from papier.ocr.identification import identify
from papier.ocr.masking import keeps_on_paper
from papier.ocr.pages import count_pages, load_page
from papier.ocr.registration import find_sheets
from papier.ocr.scan import RejectedPage, ScannedPage
from papier.ocr.typed_pages import read_typed_page
from papier.store.archive import hash_file, keep_file, using_archive
from papier.store.connection import reading
from papier.store.papers import PaperLink, PaperPage, find_paper, keep_paper
from papier.store.records import ScanFile, find_scan
from papier.store.sheets import StoreRegister
from papier.store.tables import case_sheets, cases
from papier.store.vault import readable
from papier.store.workspace import Workspace

Progress = Callable[[int, int], None]

# Three groups of four, as Tesseract reads them, give or take a character; the key proves which of them is a number.
SHEET_LIKE = re.compile(r"\b([0-9A-Z]{3,6}[-–—~. ]{1,3}[0-9A-Z]{3,6}[-–—~. ]{1,3}[0-9A-Z]{3,6})\b", re.IGNORECASE)
# "Dossier n° 12", as papier's letters print it.
CASE_LIKE = re.compile(r"dossier\s*(?:n[°ºo*]?\.?|no\.?)?\s*(\d{1,7})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reference:
    """A case that a paper quotes. `sure`: by a sheet number that the key proves, or by its number and its name."""

    case: int
    quoted: str
    sure: bool


@dataclass(frozen=True, slots=True)
class FiledPaper:
    """What became of a paper. `record` was there before where `known`; `left`: where the file still lies, if it does.

    `references`: the cases that it quotes; it is filed with the only one that is sure, unless a person said which.
    """

    record: int
    known: bool
    case: int | None
    references: tuple[Reference, ...]
    pages: tuple[PaperPage, ...]
    left: Path | None


def file_paper(
    workspace: Workspace,
    engine: Engine,
    path: Path,
    fields: Mapping[str, str],
    now: dt.datetime,
    *,
    link: PaperLink | None = None,
    by: str = "papier",
    with_text: bool = True,
    progress: Progress | None = None,
) -> FiledPaper:
    """File one paper. The same file twice is filed once; running again after any interruption is safe.

    `fields`: what a person says of it. `link`: the case, where a person says which; else the case it quotes for sure.
    Raises ScanFileError where the file cannot be read, is still being written, or shows a sheet that must be masked;
    MissingProgramError and ProgramFailedError where its text cannot be had; StoreError where it cannot be kept.
    """
    if not path.is_file():
        raise ScanFileError(
            _("{path} is not a file. Give the name of a paper's scan (PDF, TIFF, JPEG or PNG).").format(path=path)
        )
    if is_being_written(path):
        raise ScanFileError(
            _("{path} is still being written. File it again when the scanner has finished.").format(path=path)
        )
    try:
        sha256 = hash_file(path)
    except OSError as error:
        raise ScanFileError(
            _("{path} cannot be read ({why}). Check its permissions.").format(path=path, why=os_words(error))
        ) from error
    with using_archive(workspace.archive):
        find_scan(engine, sha256)  # raises where it was purged
        before = find_paper(engine, sha256)
        suffix = path.suffix.lower()[:10]
        if before is not None:
            keep_file(path, workspace, sha256, suffix)
            return FiledPaper(before[0], True, before[1], (), (), leave_inbox(workspace, path))
        total = count_pages(path)
        _refuse_masked(workspace, path, total)
        kept = keep_file(path, workspace, sha256, suffix)
        with readable(kept, workspace.vault) as copy:
            pages = tuple(_read_pages(copy, total, with_text=with_text, progress=progress))
        references = tuple(find_references(workspace, engine, [page.typed.text for page in pages if page.typed]))
        if link is None:
            sure = {reference.case: reference for reference in references if reference.sure}
            if len(sure) == 1:
                found = next(iter(sure.values()))
                link = PaperLink(found.case, f"{by}, {found.quoted}")
        scan = ScanFile(sha256, path.name, suffix, path.stat().st_size)
        record = keep_paper(engine, scan, pages, fields, link, now)
        left = leave_inbox(workspace, path)
    return FiledPaper(record, False, None if link is None else link.case, references, pages, left)


def find_references(workspace: Workspace, engine: Engine, texts: Sequence[str]) -> list[Reference]:
    """The cases that a paper quotes by a sheet number or by their own, each once, the sure ones first.

    A number of a case alone may be misread, or be somebody else's: it is sure only where the case's name stands there
    as well. Nothing is ever guessed from a name alone.
    """
    text = "\n".join(texts)
    numbers = SheetNumbers(workspace.key)
    found: dict[int, Reference] = {}
    with reading(engine) as connection:
        for quoted in SHEET_LIKE.findall(text):
            for number in filter(None, map(numbers.correct, _spellings(quoted))):
                case = connection.execute(select(case_sheets.c.number).where(case_sheets.c.sheet == number)).scalar()
                if case is not None:
                    found.setdefault(case, Reference(case, f"feuille {number}", True))
        words = set(re.findall(r"\w+", text.casefold()))
        for digits in CASE_LIKE.findall(text):
            row = connection.execute(select(cases.c.number, cases.c.name).where(cases.c.number == int(digits))).first()
            if row is not None and not found.get(row.number, Reference(0, "", False)).sure:
                name = set(re.findall(r"\w+", row.name.casefold()))
                found[row.number] = Reference(row.number, f"dossier n° {digits}", bool(name) and name <= words)
    return sorted(found.values(), key=lambda reference: (not reference.sure, reference.case))


def _spellings(quoted: str) -> list[str]:
    """What a number that was recognised may be: itself, or without the one character that is too much.

    A character that no number holds cannot be read.
    """
    bare = re.sub(r"[^0-9A-Z]", "", quoted.upper())
    bare = "".join(character if normalise(character * LENGTH) else UNREADABLE for character in bare)
    if len(bare) == LENGTH + 1:
        return [bare[:at] + bare[at + 1 :] for at in range(len(bare))]
    return [bare] if len(bare) == LENGTH else []


def _refuse_masked(workspace: Workspace, path: Path, total: int) -> None:
    """A sheet that shows what stays on paper is taken in, where it is masked, and never filed as it is."""
    register = StoreRegister(workspace)
    try:
        if not any(keeps_on_paper(form.layout) for form in register.forms()):
            return
        numbers = SheetNumbers(workspace.key)
        for index in range(1, total + 1):
            page = load_page(path, index)
            if not isinstance(page, ScannedPage):
                continue
            for candidate in find_sheets(page):
                for alternative in candidate.alternatives:
                    number = identify(alternative, numbers).number
                    sheet = None if number is None else register.find_sheet(number)
                    if sheet is not None and keeps_on_paper(sheet.form.layout):
                        raise ScanFileError(
                            _(
                                "{path}: page {index} is the sheet {number}, on which something stays on paper. Take "
                                "it in, where that is masked: papier intake"
                            ).format(path=path, index=index, number=number)
                        )
    finally:
        register.engine.dispose()


def _read_pages(path: Path, total: int, *, with_text: bool, progress: Progress | None) -> Sequence[PaperPage]:
    found = []
    for index in range(1, total + 1):
        page = load_page(path, index)
        if isinstance(page, RejectedPage):
            found.append(PaperPage(index, None, page.reason))
        else:
            found.append(PaperPage(index, read_typed_page(page.pixels, page.dpi) if with_text else None))
        if progress is not None:
            progress(index, total)
    return found
