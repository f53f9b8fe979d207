"""Sheets taken out of use by their numbers: a stack that was spoiled, lost or printed twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, select

from papier.store.case_filing import file_with_cases
from papier.store.connection import reading, writing
from papier.store.events import append_event
from papier.store.tables import layouts, records, sheets
from papier.workflows.definition import Workflow
from papier.workflows.place import Place

RANGE = ".."
# The flag of a record whose sheet was voided: `papier.store.records`.
VOIDED = "the sheet was voided"


@dataclass(frozen=True)
class KnownNumber:
    """A sheet by its number. `came_back`: it has a record."""

    serial: int
    number: str
    run: int
    form: str
    state: str
    came_back: bool


def find_numbers(engine: Engine, first: str, last: str | None = None) -> list[KnownNumber]:
    """The sheet of this number, or those numbered from `first` to `last`; empty where an end is not known."""
    last = last or first
    with reading(engine) as connection:
        ends = connection.execute(
            select(sheets.c.serial).where(sheets.c.number.in_([first, last])).order_by(sheets.c.serial)
        ).scalars()
        found = list(ends)
        if len(found) != len({first, last}):
            return []
        return _known(engine, found[0], found[-1])


def find_run(engine: Engine, run: int) -> list[KnownNumber]:
    """The sheets of a print run; empty where there is none of that number."""
    with reading(engine) as connection:
        found = list(connection.execute(select(sheets.c.serial).where(sheets.c.run == run)).scalars())
    return _known(engine, min(found), max(found)) if found else []


def _known(engine: Engine, first: int, last: int) -> list[KnownNumber]:
    back = select(records.c.record).where(records.c.sheet == sheets.c.number).exists()
    query = (
        select(sheets.c.serial, sheets.c.number, sheets.c.run, layouts.c.form, sheets.c.state, back.label("back"))
        .join(layouts, layouts.c.digest == sheets.c.layout)
        .where(sheets.c.serial.between(first, last))
        .order_by(sheets.c.serial)
    )
    with reading(engine) as connection:
        return [
            KnownNumber(row.serial, row.number, row.run, row.form, row.state, bool(row.back))
            for row in connection.execute(query)
        ]


def change_state(engine: Engine, chosen: Sequence[KnownNumber], state: str, now: dt.datetime, reason: str) -> None:
    """Give sheets another state ("voided", "printed"), with one event that names them all."""
    with writing(engine) as connection:
        serials = [sheet.serial for sheet in chosen]
        connection.execute(sheets.update().where(sheets.c.serial.in_(serials)).values(state=state))
        data = {"numbers": [sheet.number for sheet in chosen], "reason": reason}
        append_event(connection, now, "voided" if state == "voided" else f"sheets-{state}", data)


def put_back(
    engine: Engine, chosen: Sequence[KnownNumber], workflows: Sequence[Workflow], now: dt.datetime, place: Place
) -> list[int]:
    """Put voided sheets back into use; what came back meanwhile is told to its case. Gives the cases that it moved."""
    numbers = [sheet.number for sheet in chosen]
    with writing(engine) as connection:
        serials = [sheet.serial for sheet in chosen]
        connection.execute(sheets.update().where(sheets.c.serial.in_(serials)).values(state="printed"))
        append_event(connection, now, "sheets-printed", {"numbers": numbers, "reason": "not voided after all"})
        came = list(connection.execute(select(records.c.record).where(records.c.sheet.in_(numbers))).scalars())
        connection.execute(
            records.update().where(records.c.record.in_(came), records.c.flag == VOIDED).values(flag=None)
        )
        return file_with_cases(connection, came, workflows, now, place)
