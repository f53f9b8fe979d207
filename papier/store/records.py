"""Records: filing what was read, in one transaction a scan; listing, showing, exporting."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, or_, select

from papier.errors import StoreError
from papier.language import translate as _
from papier.records import FieldReading, PageReading, PageStatus
from papier.store.archive import archive_path
from papier.store.blank_sheets import CAME_BACK_BLANK, NOTHING_WRITTEN, mark_blank
from papier.store.case_filing import file_with_cases
from papier.store.checks import settled_fields, with_check
from papier.store.connection import insert_row, reading, writing
from papier.store.events import append_event
from papier.store.settling import apply_corrections
from papier.store.tables import pages, readings, records, scans, sheets
from papier.store.workspace import Workspace
from papier.workflows.definition import Workflow
from papier.workflows.place import Place

# The status of a record whose readings and picture are gone for good.
PURGED = "purged"


class PurgedScanError(StoreError):
    """A scan that was taken in once, and whose time is over."""


@dataclass(frozen=True, slots=True)
class ScanFile:
    """A scan as it is kept in the archive. `source_sha256`: the file as it came, where the kept copy is masked."""

    sha256: str
    name: str
    suffix: str
    size: int
    source_sha256: str | None = None

    def path(self, workspace: Workspace) -> Path:
        return archive_path(workspace.archive, self.sha256, self.suffix)


@dataclass(frozen=True, slots=True)
class FiledPage:
    """What became of one page: the record it went to, if any, and what a person should know."""

    reading: PageReading
    record: int | None
    flag: str | None


def find_scan(engine: Engine, sha256: str) -> ScanFile | None:
    """The scan that this file became when it was taken in before, or None. Raises PurgedScanError."""
    with reading(engine) as connection:
        row = connection.execute(
            select(scans)
            .where(or_(scans.c.sha256 == sha256, scans.c.source_sha256 == sha256))
            .order_by(scans.c.purged_at)  # what is kept comes first: empty sorts before any time
        ).first()
    if row is not None and row.purged_at is not None:
        raise PurgedScanError(_("This scan was taken in before and purged since: its time is over. Delete the file."))
    return None if row is None else ScanFile(row.sha256, row.name, row.suffix, row.bytes, row.source_sha256)


def file_scan(
    engine: Engine,
    scan: ScanFile,
    page_readings: Sequence[PageReading],
    now: dt.datetime,
    workflows: Sequence[Workflow] = (),
    place: Place = Place(),  # noqa: B008 - frozen
) -> list[FiledPage] | None:
    """File a scan's pages as records and with their cases, all in one transaction.

    `workflows`: those in use today, for sheets that begin a case, and `place` for its calendars. None when another
    papier has filed it meanwhile.
    """
    with writing(engine) as connection:
        if connection.execute(select(scans.c.sha256).where(scans.c.sha256 == scan.sha256)).first():
            return None
        connection.execute(
            scans.insert().values(
                sha256=scan.sha256,
                name=scan.name,
                suffix=scan.suffix,
                bytes=scan.size,
                taken_in_at=now.isoformat(),
                source_sha256=scan.source_sha256,
            )
        )
        filed = [_file_page(connection, scan, page, now) for page in page_readings]
        touched = [page.record for page in filed if page.record is not None]
        blank = mark_blank(connection, touched)
        filed = [replace(page, flag=NOTHING_WRITTEN) if page.record in blank else page for page in filed]
        moved = file_with_cases(connection, touched, workflows, now, place)
        moved = sorted({*moved, *apply_corrections(connection, touched, now)})
        append_event(
            connection,
            now,
            "taken-in",
            {
                "scan": scan.sha256,
                "pages": len(filed),
                "records": sorted(set(touched)),
                "cases": moved,
            },
        )
    return filed


def _file_page(connection: Connection, scan: ScanFile, page: PageReading, now: dt.datetime) -> FiledPage:
    record, flag = None, None
    if page.form is not None:
        record, flag = record_for(connection, scan.sha256, page, now)
    page_id = insert_row(
        connection,
        pages.insert().values(
            scan=scan.sha256,
            source_page=page.source_page,
            image_index=page.image_index,
            sheet_index=page.sheet_index,
            status=str(page.status),
            reason=page.reason,
            form=page.form,
            version=page.version,
            sheet=page.sheet,
            page=page.page,
            record=record,
            to_scan=None if page.to_scan is None else json.dumps(page.to_scan),
        ),
    )
    if record is not None:
        store_readings(connection, record, page_id, list(page.fields.values()))
    return FiledPage(page, record, flag)


def store_readings(connection: Connection, record: int, page_id: int, found: Sequence[FieldReading]) -> None:
    """Keep what was read on one page, after what the record holds already."""
    if not found:
        return
    start = connection.execute(select(func.count()).where(readings.c.record == record)).scalar_one()
    connection.execute(
        readings.insert(), [_reading_row(record, page_id, start + at, field) for at, field in enumerate(found)]
    )


def record_for(connection: Connection, scan: str, page: PageReading, now: dt.datetime) -> tuple[int, str | None]:
    """The record that a page of a scan belongs to: the sheet's latest if it lacks this page still, else a new one."""
    flag = None
    revision = 1
    if page.sheet is None:
        flag = "sheet number not read"
    else:
        row = connection.execute(select(sheets.c.master, sheets.c.state).where(sheets.c.number == page.sheet)).first()
        if row is not None and row.state == "voided":
            flag = "the sheet was voided"
        latest = connection.execute(
            select(records).where(records.c.sheet == page.sheet).order_by(records.c.revision.desc()).limit(1)
        ).first()
        if latest is not None:
            had = connection.execute(select(pages.c.page, pages.c.scan).where(pages.c.record == latest.record)).all()
            master = row is not None and row.master
            # A master's copies share their number: only pages of one scan file can belong together.
            joins = (
                latest.status != PURGED
                and page.page not in {entry.page for entry in had}
                and (not master or scan in {entry.scan for entry in had})
            )
            if joins:
                _worsen(connection, latest.record, latest.status, page.status)
                return latest.record, latest.flag
            revision = latest.revision + 1
            if not master:
                flag = "this sheet was scanned before: compare the two"
    record = insert_row(
        connection,
        records.insert().values(
            sheet=page.sheet,
            revision=revision,
            form=page.form,
            version=page.version,
            status=str(page.status),
            flag=flag,
            created_at=now.isoformat(),
        ),
    )
    return record, flag


_ORDER = [str(s) for s in (PageStatus.READ, PageStatus.COPY, PageStatus.DOUBTFUL, PageStatus.DAMAGED)]


def _worsen(connection: Connection, record: int, had: str, new: PageStatus) -> None:
    """A record is as doubtful as its most doubtful page."""
    if str(new) in _ORDER and _ORDER.index(str(new)) > _ORDER.index(had):
        connection.execute(records.update().where(records.c.record == record).values(status=str(new)))


def _reading_row(record: int, page_id: int, position: int, entry: FieldReading) -> dict[str, Any]:
    return {
        "record": record,
        "field": entry.field,
        "position": position,
        "page_id": page_id,
        "kind": entry.kind,
        "value": json.dumps(entry.value, ensure_ascii=False),
        "state": str(entry.state),
        "probability": entry.probability,
        "candidates": json.dumps(entry.candidates, ensure_ascii=False),
        "options": json.dumps({name: option.to_json() for name, option in entry.options.items()}, ensure_ascii=False),
        "read_by": entry.read_by,
        "reason": entry.reason,
        "needs_person": entry.needs_person,
        "rect": None if entry.rect is None else json.dumps(entry.rect.to_list()),
    }


@dataclass(frozen=True)
class StoredRecord:
    """One record as it is kept, with its fields in the form's order and where its pages lie in the archive."""

    record: int
    sheet: str | None
    revision: int
    form: str
    version: int
    status: str
    flag: str | None
    created_at: str
    person: dict[str, str]
    fields: dict[str, dict[str, Any]]
    pages: list[dict[str, Any]]

    @property
    def to_check(self) -> int:
        """How many questions are open: one for a sheet without anything on it, else one a field."""
        if self.flag in {NOTHING_WRITTEN, CAME_BACK_BLANK}:
            return int(self.flag == NOTHING_WRITTEN)
        return sum(1 for entry in self.fields.values() if entry["needs_person"])

    def to_json(self) -> dict[str, Any]:
        return {
            "record": self.record,
            "sheet": self.sheet,
            "revision": self.revision,
            "form": self.form,
            "version": self.version,
            "status": self.status,
            "flag": self.flag,
            "created_at": self.created_at,
            "person": self.person,
            "fields": self.fields,
            "pages": self.pages,
        }


def list_records(
    engine: Engine, form: str | None = None, sheet: str | None = None, record: int | None = None
) -> list[StoredRecord]:
    """Records with their fields, oldest first; all, or those of a form, a sheet, or one.

    What a person said of a field stands in the reading's place; the reading is beside it, under "original".
    """
    query = select(records, sheets.c.person).outerjoin(sheets, sheets.c.number == records.c.sheet)
    for column, wanted in ((records.c.form, form), (records.c.sheet, sheet), (records.c.record, record)):
        if wanted is not None:
            query = query.where(column == wanted)
    chosen = query.order_by(records.c.record)
    with reading(engine) as connection:
        found = connection.execute(chosen).all()
        wanted_ids = chosen.with_only_columns(records.c.record).order_by(None)
        fields: dict[int, dict[str, dict[str, Any]]] = {}
        narrowed = form is not None or sheet is not None or record is not None
        answered = settled_fields(connection, [row.record for row in found] if narrowed else None)
        for row in connection.execute(
            select(readings).where(readings.c.record.in_(wanted_ids)).order_by(readings.c.record, readings.c.position)
        ):
            answer = answered.get((row.record, row.field))
            fields.setdefault(row.record, {})[row.field] = with_check(_field_json(row), answer)
        sources: dict[int, list[dict[str, Any]]] = {}
        for row in connection.execute(
            select(pages, scans.c.name, scans.c.suffix)
            .join(scans, scans.c.sha256 == pages.c.scan)
            .where(pages.c.record.in_(wanted_ids))
            .order_by(pages.c.page_id)
        ):
            sources.setdefault(row.record, []).append(
                {
                    "page": row.page,
                    "scan": row.scan,
                    "scan_name": row.name,
                    "suffix": row.suffix,
                    "source_page": row.source_page,
                    "status": row.status,
                    "to_scan": None if row.to_scan is None else json.loads(row.to_scan),
                }
            )
    return [
        StoredRecord(
            row.record,
            row.sheet,
            row.revision,
            row.form,
            row.version,
            _status(row.status, row.sheet, row.flag, fields.get(row.record, {})),
            row.flag,
            row.created_at,
            json.loads(row.person) if row.person else {},
            fields.get(row.record, {}),
            sources.get(row.record, []),
        )
        for row in found
    ]


def _status(status: str, sheet: str | None, flag: str | None, fields: dict[str, dict[str, Any]]) -> str:
    """A doubtful record is a read one once people have answered all that was doubtful on it, or that it is blank."""
    if flag == CAME_BACK_BLANK:
        return str(PageStatus.READ)
    answered = any("checked" in field for field in fields.values())
    doubtful = any(field["needs_person"] for field in fields.values())
    settled = status == str(PageStatus.DOUBTFUL) and answered and not doubtful and sheet is not None
    return str(PageStatus.READ) if settled else status


def _field_json(row: Any) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "value": json.loads(row.value),
        "state": row.state,
        "probability": row.probability,
        "candidates": json.loads(row.candidates),
        "options": json.loads(row.options),
        "read_by": row.read_by,
        "reason": row.reason,
        "needs_person": row.needs_person,
        "rect": None if row.rect is None else json.loads(row.rect),
    }


def find_filed_pages(engine: Engine, numbers: Iterable[str]) -> dict[str, set[int]]:
    """Which pages of these sheets are part of a record, by sheet number."""
    query = select(pages.c.sheet, pages.c.page).where(pages.c.record.is_not(None))
    found: dict[str, set[int]] = {}
    with engine.connect() as connection:
        for number in numbers:
            for sheet, page in connection.execute(query.where(pages.c.sheet == number)):
                if page is not None:
                    found.setdefault(sheet, set()).add(page)
    return found


def count_pages(engine: Engine) -> dict[str, int]:
    """How many pages went in, by what became of them."""
    with reading(engine) as connection:
        rows = connection.execute(select(pages.c.status, func.count()).group_by(pages.c.status))
        return {row[0]: row[1] for row in rows}


def find_first_page(connection: Connection, record: int) -> tuple[int, int | None] | None:
    """The page to show of a record: the first one of its sheet, whichever was scanned first, as (page id, page)."""
    query = select(pages.c.page_id, pages.c.page).where(pages.c.record == record)
    row = connection.execute(query.order_by(pages.c.page, pages.c.page_id).limit(1)).first()
    return None if row is None else (row.page_id, row.page)
