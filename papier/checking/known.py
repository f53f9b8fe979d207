"""What the store knows of the records and sheets that items of the queue are about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, select

from papier.forms.layout import Layout
from papier.store.connection import connect
from papier.store.records import PURGED
from papier.store.tables import layouts, pages, records, row_sheets, sheets
from papier.store.workspace import Workspace

# SQLite takes so many values in one question without complaint.
CHUNK = 500


@dataclass(frozen=True)
class KnownRecord:
    """One record with what its sheet is known for."""

    record: int
    sheet: str | None
    revision: int
    form: str
    version: int
    created_at: str
    person: Mapping[str, str]
    digest: str | None
    master: bool
    kind: str | None  # of a sheet with rows
    flag: str | None


@contextmanager
def opened(workspace: Workspace, engine: Engine | None) -> Iterator[Engine]:
    """The store's engine: the one that is given, else one for this call."""
    if engine is not None:
        yield engine
        return
    own = connect(workspace)
    try:
        yield own
    finally:
        own.dispose()


def load_records(connection: Connection, numbers: Iterable[int]) -> dict[int, KnownRecord]:
    found: dict[int, KnownRecord] = {}
    for part in chunks(sorted(numbers)):
        rows = connection.execute(
            select(records, sheets.c.person, sheets.c.layout, sheets.c.master, row_sheets.c.kind)
            .outerjoin(sheets, sheets.c.number == records.c.sheet)
            .outerjoin(row_sheets, row_sheets.c.sheet == records.c.sheet)
            .where(records.c.record.in_(part), records.c.status != PURGED)
        )
        for row in rows:
            found[row.record] = KnownRecord(
                row.record,
                row.sheet,
                row.revision,
                row.form,
                row.version,
                row.created_at,
                json.loads(row.person) if row.person else {},
                row.layout,
                bool(row.master),
                row.kind,
                row.flag,
            )
    return found


def pages_by_id(connection: Connection, numbers: Iterable[int]) -> dict[int, int | None]:
    found: dict[int, int | None] = {}
    for part in chunks(sorted(numbers)):
        for row in connection.execute(select(pages.c.page_id, pages.c.page).where(pages.c.page_id.in_(part))):
            found[row.page_id] = row.page
    return found


def find_frozen(connection: Connection, digest: str | None, form: str, version: int) -> Layout | None:
    """The frozen layout of a sheet, else the latest of its form and version."""
    query = select(layouts.c.digest)
    if digest is None:
        query = query.where(layouts.c.form == form, layouts.c.version == version)
        digest = connection.execute(query.order_by(layouts.c.first_printed.desc()).limit(1)).scalar()
    if digest is None:
        return None
    frozen = connection.execute(select(layouts.c.frozen).where(layouts.c.digest == digest)).scalar()
    return None if frozen is None else thaw(frozen)


@lru_cache(maxsize=64)
def thaw(frozen: str) -> Layout:
    """A frozen layout, parsed once."""
    return Layout.from_frozen(frozen)


def chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
