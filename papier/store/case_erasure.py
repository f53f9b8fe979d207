"""Taking out of a case what it says: that it existed stays, with its steps and days; whom it was about goes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, or_, select

from papier.store.connection import reading
from papier.store.events import empty_events
from papier.store.tables import (
    case_events,
    case_papers,
    case_sheets,
    cases,
    events,
    layouts,
    records,
    row_sheets,
    sheets,
)  # fmt: skip
from papier.workflows.case import Case

# What the event of a case may go on saying when everything else goes: words of its workflow, numbers, days.
KEPT_KEYS = frozenset(
    {
        "case", "step", "on", "form", "version", "workflow", "digest", "sheet", "sheets", "record", "revision", "way",
        "clock", "prudent", "theoretical", "nature", "answer", "field", "question", "seq", "key", "until", "missing",
        "to", "region",
    }
)  # fmt: skip
PURGED = "purged"


@dataclass(frozen=True, slots=True)
class ClosedCase:
    """A closed case that still says something. `kept`: its records that are not purged; `purged`: how many are."""

    number: int
    workflow: str
    form: str
    closed: dt.date
    retention: str | None
    kept: tuple[int, ...]
    purged: int


def closed_cases(engine: Engine) -> list[ClosedCase]:
    """Every closed case that was not erased, in the order of their numbers."""
    with reading(engine) as connection:
        retentions = {
            row.form: json.loads(row.frozen).get("retention")
            for row in connection.execute(select(layouts.c.form, layouts.c.frozen).order_by(layouts.c.version))
        }
        found = []
        for row in connection.execute(
            select(cases.c.number, cases.c.state).where(cases.c.stage == "closed", cases.c.erased_at.is_(None))
            .order_by(cases.c.number)
        ).all():  # fmt: skip
            case = Case.from_json(json.loads(row.state))
            if case.closed is None:
                continue
            states = dict(_records_of(connection, case))
            found.append(
                ClosedCase(
                    case.number, case.workflow, case.form, case.closed, retentions.get(case.form),
                    tuple(sorted(record for record, status in states.items() if status != PURGED)),
                    sum(status == PURGED for status in states.values()),
                )
            )  # fmt: skip
    return found


def records_of_case(engine: Engine, number: int) -> list[int]:
    """The records of a case that are not purged: of its sheets and of the papers filed with it."""
    with reading(engine) as connection:
        state = connection.execute(select(cases.c.state).where(cases.c.number == number)).scalar()
        if state is None:
            return []
        found = _records_of(connection, Case.from_json(json.loads(state)))
        return sorted(record for record, status in found if status != PURGED)


def erase_cases(connection: Connection, numbers: Sequence[int], now: dt.datetime) -> list[int]:
    """Empty these cases in the caller's transaction; gives the events that an earlier papier wrote and that stay."""
    emptied: dict[int, Mapping[str, Any]] = {}
    for number in numbers:
        row = connection.execute(select(cases.c.state).where(cases.c.number == number)).one()
        case = Case.from_json(json.loads(row.state))
        for event in connection.execute(
            select(events.c.seq, events.c.data)
            .join(case_events, case_events.c.seq == events.c.seq)
            .where(case_events.c.number == number)
        ):
            emptied[event.seq] = {name: _left(name, value) for name, value in json.loads(event.data).items()}
        empty = dataclasses.replace(case, person={}, returns=(), questions=(), reason=None)
        state = json.dumps(empty.to_json(), ensure_ascii=False, separators=(",", ":"))
        gone = {"name": "", "class": "", "state": state, "wakes_on": None, "erased_at": now.isoformat()}
        connection.execute(cases.update().where(cases.c.number == number).values(gone))
        _empty_sheets(connection, number)
    _empty_day_sheets(connection, set(numbers))
    return empty_events(connection, emptied, now)


def _left(name: str, value: Any) -> Any:
    """What is left of one thing that an event says: everything where it tells of nobody, else an empty value."""
    if name in KEPT_KEYS or value is None or isinstance(value, (bool, int, float)):
        return value
    return type(value)()


def _records_of(connection: Connection, case: Case) -> list[tuple[int, str]]:
    """The records of a case with their status."""
    numbers = select(case_sheets.c.sheet).where(case_sheets.c.number == case.number)
    filed = select(case_papers.c.record).where(case_papers.c.number == case.number)
    # Copies of a master share their number: only the record that the case names is its own.
    named = [entry.record for entry in case.returns]
    query = select(records.c.record, records.c.status).where(
        or_(records.c.sheet.in_(numbers), records.c.record.in_(filed), records.c.record.in_(named))
    )
    return [(row.record, row.status) for row in connection.execute(query)]


def _empty_sheets(connection: Connection, number: int) -> None:
    """Forget for whom the sheets of a case were printed, where no record of theirs is kept."""
    kept = select(records.c.sheet).where(records.c.sheet.is_not(None), records.c.status != PURGED)
    connection.execute(
        sheets.update()
        .where(
            sheets.c.number.in_(select(case_sheets.c.sheet).where(case_sheets.c.number == number)),
            sheets.c.number.not_in(kept),
        )
        .values(prefilled="{}", person="{}")
    )


def _empty_day_sheets(connection: Connection, numbers: set[int]) -> None:
    """Forget what was printed of these cases in rows of the day's sheets and dispatch lists."""
    for sheet in connection.execute(select(row_sheets.c.sheet, row_sheets.c.rows)).all():
        gone = [
            at
            for at, row in enumerate(json.loads(sheet.rows), 1)
            if numbers & {item[0] for item in row.get("items", ())}
        ]
        if not gone:
            continue
        held = connection.execute(select(sheets.c.prefilled).where(sheets.c.number == sheet.sheet)).scalar()
        prefixes = tuple(f"lignes.r{at:02d}." for at in gone)
        kept = {name: text for name, text in json.loads(held or "{}").items() if not name.startswith(prefixes)}
        connection.execute(
            sheets.update().where(sheets.c.number == sheet.sheet).values(prefilled=json.dumps(kept, ensure_ascii=False))
        )
