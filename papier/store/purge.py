"""Taking records out of the store: what they said goes, that they existed stays in the journal."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, or_, select

from papier.durable import sync_folder
from papier.store.archive import archive_path
from papier.store.case_filing import CORRECTIONS
from papier.store.connection import reading, writing
from papier.store.events import append_event, chain_head, raw_connection
from papier.store.papers import KEPT_FOR, PAPER_FORM
from papier.store.records import PURGED, ScanFile
from papier.store.search import remake_index
from papier.store.tables import checks, events, layouts, page_texts, pages, readings, records, row_sheets, scans, sheets
from papier.store.workspace import Workspace

# The event of a disposal slip that waits for its visa.
PROPOSED = "purge-proposed"


@dataclass(frozen=True)
class KeptRecord:
    """A record that still says something, with how long its form says it is kept.

    `basis`: why; `limits`: by "minimum" and "maximum" what the law says and its article; `fields`: those that go
    before the rest and are still there, with how long they are kept.
    """

    record: int
    sheet: str | None
    form: str
    version: int
    title: str
    created_at: str
    retention: str | None
    basis: str | None = None
    limits: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PageOfRecord:
    """One sheet page on a scan, with what is needed to find it there."""

    scan: str
    name: str
    suffix: str
    source_sha256: str | None
    source_page: int
    record: int | None
    to_scan: list[float] | None
    frozen: str | None
    page: int | None = None

    def path(self, workspace: Workspace) -> Path:
        return archive_path(workspace.archive, self.scan, self.suffix)


def kept_records(engine: Engine, form: str | None = None) -> list[KeptRecord]:
    """Every record that is not purged, oldest first."""
    query = (
        select(records, sheets.c.layout)
        .outerjoin(sheets, sheets.c.number == records.c.sheet)
        .where(records.c.status != PURGED)
        .order_by(records.c.record)
    )
    if form is not None:
        query = query.where(records.c.form == form)
    with reading(engine) as connection:
        frozen = {
            row.digest: json.loads(row.frozen) for row in connection.execute(select(layouts.c.digest, layouts.c.frozen))
        }
        # A record whose sheet number is lost goes by the longest-kept layout of its form and version.
        by_form = {(entry["form"], entry["version"]): digest for digest, entry in sorted(frozen.items())}
        found = []
        kept_for = {
            row.record: json.loads(row.value)
            for row in connection.execute(
                select(readings.c.record, readings.c.value).where(readings.c.field == KEPT_FOR)
            )
        }
        sooner = {digest: _kept_shorter(entry) for digest, entry in frozen.items()}
        names = {name for fields in sooner.values() for name in fields}
        read: dict[int, set[str]] = {}
        for record, name in connection.execute(
            select(readings.c.record, readings.c.field).where(readings.c.field.in_(sorted(names)))
        ):
            read.setdefault(record, set()).add(name)
        for row in connection.execute(query):
            digest = row.layout or by_form.get((row.form, row.version), "")
            entry = frozen.get(digest, {})
            fields = {name: kept for name, kept in sooner.get(digest, {}).items() if name in read.get(row.record, ())}
            found.append(
                KeptRecord(
                    row.record, row.sheet, row.form, row.version, entry.get("title", row.form), row.created_at,
                    kept_for.get(row.record) if row.form == PAPER_FORM else entry.get("retention"),
                    entry.get("retention_basis"), entry.get("limits", {}), fields,
                )
            )  # fmt: skip
        return found


def _kept_shorter(frozen: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a frozen layout that are kept for a time of their own."""
    demands = frozen.get("demands", {})
    return {name: demand["retention"] for name, demand in demands.items() if demand.get("retention")}


def pages_of(engine: Engine, wanted: Collection[int]) -> dict[str, list[PageOfRecord]]:
    """All pages, by scan, of every scan that shows one of these records."""
    with reading(engine) as connection:
        shown = set(
            connection.execute(select(pages.c.scan).where(pages.c.record.in_(sorted(wanted))).distinct()).scalars()
        )
        found: dict[str, list[PageOfRecord]] = {}
        for row in connection.execute(
            select(pages, scans.c.name, scans.c.suffix, scans.c.source_sha256, layouts.c.frozen)
            .join(scans, scans.c.sha256 == pages.c.scan)
            .outerjoin(sheets, sheets.c.number == pages.c.sheet)
            .outerjoin(layouts, layouts.c.digest == sheets.c.layout)
            .where(pages.c.scan.in_(sorted(shown)), scans.c.purged_at.is_(None))
            .order_by(pages.c.page_id)
        ):
            found.setdefault(row.scan, []).append(
                PageOfRecord(
                    row.scan, row.name, row.suffix, row.source_sha256, row.source_page, row.record,
                    None if row.to_scan is None else json.loads(row.to_scan), row.frozen, row.page,
                )
            )  # fmt: skip
    return found


def take_out(
    connection: Connection,
    gone: Sequence[int],
    replaced: Mapping[str, ScanFile | None],
    now: dt.datetime,
    basis: str,
) -> None:
    """Empty these records in the caller's transaction. `replaced`: each scan that goes, and the copy in its place.

    Of a record its number, form and times stay; of its sheet, what was printed of a person goes when no other record
    of that sheet is kept. The hashes that stay in their seals tell nothing: the salts go with the rows.
    """
    numbers = set(connection.execute(select(records.c.sheet).where(records.c.record.in_(gone))).scalars()) - {None}
    connection.execute(readings.delete().where(readings.c.record.in_(gone)))
    of_them = select(pages.c.page_id).where(pages.c.record.in_(gone))
    connection.execute(page_texts.delete().where(page_texts.c.page_id.in_(of_them)))
    connection.execute(checks.update().where(checks.c.record.in_(gone)).values(value=None, because=None))
    _empty_rows(connection, set(gone))
    connection.execute(records.update().where(records.c.record.in_(gone)).values(status=PURGED, flag=None))
    connection.execute(pages.update().where(pages.c.record.in_(gone)).values(reason=None, to_scan=None))
    kept = set(
        connection.execute(
            select(records.c.sheet).where(records.c.sheet.in_(sorted(numbers)), records.c.status != PURGED)
        ).scalars()
    )
    emptied = sorted(numbers - kept)
    connection.execute(sheets.update().where(sheets.c.number.in_(emptied)).values(prefilled="{}", person="{}"))
    replace_scans(connection, replaced, gone, now)
    append_event(connection, now, PURGED, {"records": list(gone), "scans": sorted(replaced), "basis": basis})


def replace_scans(
    connection: Connection, replaced: Mapping[str, ScanFile | None], gone: Sequence[int], now: dt.datetime
) -> None:
    """Put the copies in the place of scans that go; pages of records that are gone stay with the old one."""
    for sha256, copy in replaced.items():
        if copy is not None:
            row = connection.execute(select(scans.c.taken_in_at).where(scans.c.sha256 == sha256)).one()
            connection.execute(
                scans.insert().values(
                    sha256=copy.sha256, name=copy.name, suffix=copy.suffix, bytes=copy.size,
                    taken_in_at=row.taken_in_at, source_sha256=copy.source_sha256,
                )
            )  # fmt: skip
            connection.execute(
                pages.update()
                .where(pages.c.scan == sha256, or_(pages.c.record.is_(None), pages.c.record.not_in(gone)))
                .values(scan=copy.sha256)
            )
        connection.execute(
            scans.update().where(scans.c.sha256 == sha256).values(name="", purged_at=now.isoformat(), bytes=0)
        )


def _empty_rows(connection: Connection, gone: set[int]) -> None:
    """Forget what sheets of corrections offered for fields of these records; that they were asked stays."""
    for sheet in connection.execute(select(row_sheets).where(row_sheets.c.kind == CORRECTIONS)).all():
        rows = json.loads(sheet.rows)
        if any(row["record"] in gone and row["values"] for row in rows):
            emptied = [row | {"values": {}} if row["record"] in gone else row for row in rows]
            text = json.dumps(emptied, ensure_ascii=False)
            connection.execute(row_sheets.update().where(row_sheets.c.sheet == sheet.sheet).values(rows=text))


def files_to_go(workspace: Workspace, engine: Engine) -> list[Path]:
    """Where the files of purged scans lie, or lay."""
    with reading(engine) as connection:
        return [
            archive_path(workspace.archive, row.sha256, row.suffix)
            for row in connection.execute(select(scans.c.sha256, scans.c.suffix).where(scans.c.purged_at.is_not(None)))
        ]


def pack(workspace: Workspace, engine: Engine) -> None:
    """Write the store and its index of words anew without free pages, and empty SQLite's journal beside it."""
    remake_index(engine)
    with reading(engine) as connection:
        raw = raw_connection(connection)
        connection.rollback()
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.execute("VACUUM")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    sync_folder(workspace.folder)


def propose(
    engine: Engine,
    listed: Sequence[int],
    now: dt.datetime,
    cases: Sequence[int] = (),
    fields: Sequence[tuple[int, str]] = (),
) -> tuple[int, str]:
    """Journal which records, closed cases and fields of records a disposal slip lists; gives the number of the event
    (the slip's) and its hash.
    """
    data = {"records": list(listed), "cases": list(cases), "fields": [list(pair) for pair in fields]}
    with writing(engine) as connection:
        head = append_event(connection, now, PROPOSED, data)
        return chain_head(connection)[0], head


def proposed_fields(engine: Engine, number: int) -> set[tuple[int, str]]:
    """The fields that a slip lists, each with its record."""
    with reading(engine) as connection:
        data = connection.execute(
            select(events.c.data).where(events.c.seq == number, events.c.kind == PROPOSED)
        ).scalar()
    return set() if data is None else {(pair[0], pair[1]) for pair in json.loads(data).get("fields", ())}


def proposed_cases(engine: Engine, number: int) -> list[int]:
    """The closed cases that a slip lists."""
    with reading(engine) as connection:
        data = connection.execute(
            select(events.c.data).where(events.c.seq == number, events.c.kind == PROPOSED)
        ).scalar()
    return [] if data is None else list(json.loads(data).get("cases", ()))


def proposed_records(engine: Engine, number: int) -> list[int] | None:
    """The records that a slip lists; None where there is no such slip."""
    with reading(engine) as connection:
        data = connection.execute(
            select(events.c.data).where(events.c.seq == number, events.c.kind == PROPOSED)
        ).scalar()
    return None if data is None else list(json.loads(data)["records"])
