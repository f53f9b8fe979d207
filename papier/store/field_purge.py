"""Taking single fields out of records: the reading, what people said of it, what a case repeats of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, select

from papier.store.case_filing import ABOUT_FIELDS
from papier.store.cases import CaseLedger
from papier.store.events import append_event, empty_events
from papier.store.purge import replace_scans
from papier.store.records import ScanFile
from papier.store.tables import (
    case_events,
    case_sheets,
    cases,
    checks,
    events,
    layouts,
    readings,
    records,
    row_sheets,
    sheets,
)
from papier.workflows.case import Case
from papier.workflows.events import CaseEvent
from papier.workflows.folding import fold

FIELDS_PURGED = "fields-purged"


def held_by_cases(connection: Connection, record: int, fields: Collection[str]) -> dict[str, int]:
    """Of these fields of a record those without which its case would be another one, with the case."""
    number = _case_of(connection, record)
    if number is None:
        return {}
    ledger = CaseLedger(connection, dt.datetime.min.replace(tzinfo=dt.UTC))
    if ledger.is_erased(number):
        return {}
    case = ledger.load(number)
    history = ledger.history(number)
    sheets_of = _names(connection, record)
    held = {}
    for name in fields:
        left = [_without(event, record, sheets_of, {name}) for event in history]
        if _bare(fold(number, left, ledger.find_workflow), record) != _bare(case, record):
            held[name] = number
    return held


def take_out_fields(
    connection: Connection,
    gone: Mapping[int, set[str]],
    replaced: Mapping[str, ScanFile],
    now: dt.datetime,
    basis: str,
) -> None:
    """Empty these fields of these records in the caller's transaction. `replaced`: each scan, and the copy of it.

    That the fields were read, and went, stays in the journal; what they said does not.
    """
    for record, fields in gone.items():
        names = sorted(fields)
        connection.execute(readings.delete().where(readings.c.record == record, readings.c.field.in_(names)))
        connection.execute(
            checks.update().where(checks.c.record == record, checks.c.field.in_(names)).values(value=None, because=None)
        )
        _empty_print(connection, record, fields)
        _empty_case(connection, record, fields, now)
    _empty_rows(connection, gone)
    replace_scans(connection, replaced, (), now)
    said = {str(record): sorted(fields) for record, fields in sorted(gone.items())}
    append_event(connection, now, FIELDS_PURGED, {"fields": said, "scans": sorted(replaced), "basis": basis})


def _empty_print(connection: Connection, record: int, fields: Collection[str]) -> None:
    """Forget what was printed in these fields, and the roster's column that it came from."""
    row = connection.execute(
        select(sheets.c.number, sheets.c.prefilled, sheets.c.person, layouts.c.frozen)
        .join(records, records.c.sheet == sheets.c.number)
        .join(layouts, layouts.c.digest == sheets.c.layout)
        .where(records.c.record == record)
    ).first()
    if row is None:
        return
    demands = json.loads(row.frozen)["demands"]
    columns = {demands[name].get("roster") for name in fields if name in demands}
    prefilled = {name: text for name, text in json.loads(row.prefilled).items() if name not in fields}
    person = {name: text for name, text in json.loads(row.person).items() if name not in columns}
    connection.execute(
        sheets.update()
        .where(sheets.c.number == row.number)
        .values(prefilled=json.dumps(prefilled, ensure_ascii=False), person=json.dumps(person, ensure_ascii=False))
    )


def _empty_rows(connection: Connection, gone: Mapping[int, set[str]]) -> None:
    """Forget what checking sheets offered for these fields; that they were asked stays."""
    for sheet in connection.execute(select(row_sheets).where(row_sheets.c.kind.in_(sorted(ABOUT_FIELDS)))).all():
        rows = json.loads(sheet.rows)
        emptied = [row | {"values": {}} if row["field"] in gone.get(row["record"], ()) else row for row in rows]
        if emptied != rows:
            text = json.dumps(emptied, ensure_ascii=False)
            connection.execute(row_sheets.update().where(row_sheets.c.sheet == sheet.sheet).values(rows=text))


# ---- what a case repeats


def _names(connection: Connection, record: int) -> set[str]:
    """How a case calls the sheet of a record."""
    sheet = connection.execute(select(records.c.sheet).where(records.c.record == record)).scalar()
    return set() if sheet is None else {sheet, f"{sheet}#{record}"}


def _case_of(connection: Connection, record: int) -> int | None:
    query = select(case_sheets.c.number).where(case_sheets.c.sheet.in_(sorted(_names(connection, record))))
    return connection.execute(query).scalar()


def _empty_case(connection: Connection, record: int, fields: Collection[str], now: dt.datetime) -> None:
    """Let the case of a record forget these fields: its events, and the state that they leave."""
    number = _case_of(connection, record)
    ledger = CaseLedger(connection, now)
    if number is None or ledger.is_erased(number):
        return
    sheets_of = _names(connection, record)
    emptied: dict[int, Mapping[str, Any]] = {}
    for event in connection.execute(
        select(events.c.seq, events.c.kind, events.c.data)
        .join(case_events, case_events.c.seq == events.c.seq)
        .where(case_events.c.number == number)
    ):
        data = json.loads(event.data)
        left = _left(data, record, sheets_of, fields)
        if left != data:
            emptied[event.seq] = left
    empty_events(connection, emptied, now)
    state = json.dumps(ledger.replay(number).to_json(), ensure_ascii=False, separators=(",", ":"))
    connection.execute(cases.update().where(cases.c.number == number).values(state=state))


def _without(event: CaseEvent, record: int, sheets_of: Collection[str], fields: Collection[str]) -> CaseEvent:
    return dataclasses.replace(event, data=_left(event.data, record, sheets_of, fields))


def _left(
    data: Mapping[str, Any], record: int, sheets_of: Collection[str], fields: Collection[str]
) -> Mapping[str, Any]:
    """What is left of an event's data without these fields of a record."""
    if data.get("record") == record and "values" in data:
        kept = {
            name: {at: said for at, said in data[name].items() if at not in fields} for name in ("values", "doubtful")
        }
        return {**data, **kept}
    if data.get("sheet") in sheets_of and data.get("field") in fields and "value" in data:
        return {**data, "value": None}
    # An amendment puts other data in an earlier event's place.
    if isinstance(data.get("data"), Mapping):
        return {**data, "data": _left(data["data"], record, sheets_of, fields)}
    return data


def _bare(case: Case, record: int) -> dict[str, Any]:
    """A case without what one record says: what must be the same before and after."""
    told = dataclasses.replace(
        case,
        returns=tuple(
            dataclasses.replace(entry, values={}, doubtful={}) if entry.record == record else entry
            for entry in case.returns
        ),
    )
    return told.to_json()
