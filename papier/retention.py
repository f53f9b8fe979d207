"""Little is kept: what is due to go, what goes, and that nothing of it stays behind.

The order makes it safe to stop at any instant: one transaction takes the readings out and says which files must go;
then the files go; then the store is packed, so that no free page and no journal of SQLite holds what was said.
`finish_purge` does the last two again where a purge was interrupted.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dateutil.relativedelta import relativedelta
from sqlalchemy import Engine

from papier.durable import wipe_file
from papier.errors import StoreError
from papier.forms.layout import Layout
from papier.forms.shapes import SCHOOL_YEAR
from papier.language import translate as _
from papier.ocr.masking import mask_page
from papier.ocr.pages import count_pages, load_page
from papier.ocr.scan import GreyImage, ScannedPage
from papier.records import PageReading, PageStatus
from papier.store.archive import hash_kept, keep_file
from papier.store.case_erasure import ClosedCase, closed_cases, erase_cases
from papier.store.connection import writing
from papier.store.masked_copy import write_masked_copy
from papier.store.purge import KeptRecord, PageOfRecord, files_to_go, kept_records, pack, pages_of, take_out
from papier.store.records import ScanFile
from papier.store.vault import readable
from papier.store.workspace import Workspace

# A French school year ends with August; R131-6 keeps absence files for that year only.
SCHOOL_YEAR_END = (8, 31)
DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?")


@dataclass(frozen=True)
class DueRecord:
    """A record whose digital copy has been kept as long as its form says. `until`: the last day it may be kept.

    `unlawful_since`: the first day on which the law wants it gone, where that day has come.
    """

    record: KeptRecord
    until: dt.date
    unlawful_since: dt.date | None = None


@dataclass(frozen=True)
class DueCase:
    """A closed case whose time is over. `until`: the last day it may say whom it was about."""

    case: ClosedCase
    until: dt.date


def keep_until(duration: str, made_on: dt.date) -> dt.date | None:
    """The last day a copy made on this day is kept; None for a duration that is not understood.

    `duration`: ISO 8601 (years, months, weeks, days), or "année scolaire".
    """
    if duration == SCHOOL_YEAR:
        end = dt.date(made_on.year, *SCHOOL_YEAR_END)
        return end if made_on <= end else end.replace(year=made_on.year + 1)
    found = DURATION.fullmatch(duration)
    if found is None or not any(found.groups()):
        return None
    years, months, weeks, days = (int(count or 0) for count in found.groups())
    return made_on + relativedelta(years=years, months=months, weeks=weeks, days=days)


def find_due(engine: Engine, today: dt.date, form: str | None = None) -> list[DueRecord]:
    """The records whose time is over, oldest first. A form that says nothing is kept: nobody decided otherwise."""
    due = []
    for record in kept_records(engine, form):
        until = last_day(record)
        if until is not None and until < today:
            latest = lawful_day(record, "maximum")
            since = latest + dt.timedelta(days=1) if latest is not None and latest < today else None
            due.append(DueRecord(record, until, since))
    return due


def last_day(record: KeptRecord, field: str | None = None) -> dt.date | None:
    """The last day on which a record, or one field of it, is kept: never before the law lets it go. None: nobody said.

    A field goes with its record at the latest.
    """
    made = dt.date.fromisoformat(record.created_at[:10])
    said = [keep_until(duration, made) for duration in (record.retention, record.fields.get(field or "")) if duration]
    days = [day for day in said if day is not None]
    earliest = lawful_day(record, "minimum")
    return max(min(days), earliest or min(days)) if days else None


def lawful_day(record: KeptRecord, limit: str) -> dt.date | None:
    """The last day until which the law wants a record kept ("minimum"), or lets it be kept ("maximum")."""
    said = record.limits.get(limit)
    return None if said is None else keep_until(said[0], dt.date.fromisoformat(record.created_at[:10]))


def find_due_cases(engine: Engine, today: dt.date, form: str | None = None) -> list[DueCase]:
    """The closed cases of which no record is kept and whose own time, counted from their last day, is over."""
    due = []
    for case in closed_cases(engine):
        if case.kept or (form is not None and case.form != form):
            continue
        until = keep_until(case.retention, case.closed) if case.retention else None
        if case.purged or (until is not None and until < today):
            due.append(DueCase(case, until or case.closed))
    return due


def purge(
    workspace: Workspace,
    engine: Engine,
    records: Sequence[int],
    now: dt.datetime,
    basis: str,
    cases: Sequence[int] = (),
) -> None:
    """Take the readings, values and pictures of these records out for good; that they existed stays.

    Closed cases of which no record is left are emptied with them, and those of `cases`: an open case goes on, and keeps
    what it says.

    A scan that also shows other records is replaced by a copy in which these sheets are white. `basis`: the visa or the
    rule, kept in the journal. Raises StoreError where a scan cannot be read.
    """
    gone = set(records)
    replaced: dict[str, ScanFile | None] = {}
    for sha256, pages in pages_of(engine, gone).items():
        others = [page for page in pages if page.record is not None and page.record not in gone]
        replaced[sha256] = _without(workspace, pages, gone) if others else None
    over = set(cases) | {
        case.number for case in closed_cases(engine) if (case.kept or case.purged) and gone >= set(case.kept)
    }
    with writing(engine) as connection:
        take_out(connection, sorted(gone), replaced, now, basis)
        erase_cases(connection, sorted(over), now)
    finish_purge(workspace, engine)


def shown_pages(workspace: Workspace, engine: Engine, record: int) -> Iterator[tuple[GreyImage, float | None]]:
    """The scanned pages of one record, (grey pixels, dots per inch), with everything white that is another's."""
    for pages in pages_of(engine, [record]).values():
        others = {page.record for page in pages if page.record is not None} - {record}
        with readable(pages[0].path(workspace), workspace.vault) as path:
            for index in sorted({page.source_page for page in pages if page.record == record}):
                yield _page_without(path, index, [page for page in pages if page.source_page == index], others)


def masked_scan(
    workspace: Workspace,
    pages: Sequence[PageOfRecord],
    masked: Callable[[Path, int], tuple[GreyImage, float | None]],
) -> ScanFile:
    """Keep a copy of a scan that shows of each page what `masked` gives (the file, the page from 1), and give it."""
    first = pages[0]
    path = first.path(workspace)
    if hash_kept(path, workspace.vault) != first.scan:
        raise StoreError(
            _("The scan {name} was changed, so it cannot be purged in part. Run: papier verify").format(name=path.name)
        )
    with readable(path, workspace.vault) as plain:
        data = write_masked_copy(masked(plain, index) for index in range(1, count_pages(plain) + 1))
    sha256 = hashlib.sha256(data).hexdigest()
    keep_file(data, workspace, sha256, ".pdf")
    return ScanFile(sha256, first.name, ".pdf", len(data), first.source_sha256 or first.scan)


def finish_purge(workspace: Workspace, engine: Engine) -> int:
    """Do what an interrupted purge left undone: files, free pages, the journal of SQLite. Gives how many files went."""
    paths = [path for path in files_to_go(workspace, engine) if path.exists()]
    for path in paths:
        wipe_file(path)
    pack(workspace, engine)
    return len(paths)


def _without(workspace: Workspace, pages: Sequence[PageOfRecord], gone: set[int]) -> ScanFile:
    """Keep a copy of a scan that shows only what is not purged, and give it."""

    def without(path: Path, index: int) -> tuple[GreyImage, float | None]:
        return _page_without(path, index, [page for page in pages if page.source_page == index], gone)

    return masked_scan(workspace, pages, without)


def _page_without(
    path: Path, index: int, pages: Sequence[PageOfRecord], gone: set[int]
) -> tuple[GreyImage, float | None]:
    page = load_page(path, index)
    if not isinstance(page, ScannedPage):
        return np.full((585, 413), 255, np.uint8), None
    if not any(entry.record in gone for entry in pages):
        return page.pixels, page.dpi
    return mask_page(page.pixels, list(_kept_sheets(path, index, pages, gone))), page.dpi


def _kept_sheets(path: Path, index: int, pages: Iterable[PageOfRecord], gone: set[int]) -> Iterable[PageReading]:
    for entry in pages:
        if entry.record is None or entry.record in gone or entry.to_scan is None or entry.frozen is None:
            continue
        layout = Layout.from_frozen(entry.frozen)
        outline = _outline(entry.to_scan, layout.size_mm)
        yield PageReading(str(path), index, PageStatus.READ, outline=outline)


def _outline(to_scan: Sequence[float], size_mm: tuple[float, float]) -> tuple[float, ...]:
    matrix: Any = np.asarray(to_scan, dtype=np.float64).reshape(3, 3)
    width, height = size_mm
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], dtype=np.float64) @ matrix.T
    return tuple(float(value) for value in (corners[:, :2] / corners[:, 2:]).ravel())
