"""Where the paper is: each record's binder, each binder's box and shelf."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, or_, select

from papier.store.connection import reading, writing
from papier.store.events import append_event
from papier.store.tables import binders, case_papers, layouts, pages, places, readings, records, scans, sheets
from papier.store.tables import cases as cases_table

PLACED, MOVED = "placed", "binder-moved"


@dataclass(frozen=True, slots=True)
class PlacedRecord:
    """A record and where its paper is; empty texts where nobody has said. `day`: when it was taken in (ISO 8601)."""

    record: int
    sheet: str | None
    form: str
    title: str
    name: str
    day: str
    binder: str
    box: str
    shelf: str


@dataclass(frozen=True, slots=True)
class Binder:
    """A binder, where it stands, and what is in it: how many records, from which day to which."""

    binder: str
    box: str
    shelf: str
    records: int
    first: str
    last: str
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which records: each condition that is given must hold. `numbers`: ranges of record numbers, both ends within."""

    numbers: tuple[tuple[int, int], ...] = ()
    sheets: tuple[str, ...] = ()
    scan: str | None = None
    form: str | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    binder: str | None = None
    unplaced: bool = False

    def narrow(self, query: Select[Any]) -> Select[Any]:
        if self.numbers:
            query = query.where(or_(*(records.c.record.between(first, last) for first, last in self.numbers)))
        if self.sheets:
            query = query.where(records.c.sheet.in_(self.sheets))
        if self.scan is not None:
            of_scan = (
                select(pages.c.record).join(scans, scans.c.sha256 == pages.c.scan).where(scans.c.name == self.scan)
            )
            query = query.where(records.c.record.in_(of_scan))
        if self.form is not None:
            query = query.where(records.c.form == self.form)
        if self.since is not None:
            query = query.where(records.c.created_at >= self.since.isoformat())
        if self.until is not None:
            query = query.where(records.c.created_at < (self.until + dt.timedelta(1)).isoformat())
        if self.binder is not None:
            query = query.where(records.c.record.in_(select(places.c.record).where(places.c.binder == self.binder)))
        if self.unplaced:
            query = query.where(records.c.record.not_in(select(places.c.record)))
        return query


def choose_records(engine: Engine, choice: Choice) -> list[int]:
    """The numbers of the records chosen, in order."""
    with reading(engine) as connection:
        query = choice.narrow(select(records.c.record)).order_by(records.c.record)
        return list(connection.execute(query).scalars())


def place_records(engine: Engine, chosen: Sequence[int], binder: str, now: dt.datetime, by: str) -> int:
    """Say that the paper of these records is in a binder; gives how many were elsewhere before, or nowhere."""
    with writing(engine) as connection:
        rows = connection.execute(select(places.c.record, places.c.binder).where(places.c.record.in_(chosen)))
        had = {row.record: row.binder for row in rows}
        changed = [record for record in chosen if had.get(record) != binder]
        if not changed:
            return 0
        _know(connection, binder)
        for record in changed:
            if record in had:
                connection.execute(places.update().where(places.c.record == record).values(binder=binder))
            else:
                connection.execute(places.insert().values(record=record, binder=binder))
        before = sorted({had[record] for record in changed if record in had})
        data = {"records": as_ranges(changed), "binder": binder, "before": before, "by": by}
        append_event(connection, now, PLACED, data)
    return len(changed)


def place_binder(engine: Engine, binder: str, box: str | None, shelf: str | None, now: dt.datetime, by: str) -> None:
    """Say where a binder stands; None leaves what was said."""
    with writing(engine) as connection:
        _know(connection, binder)
        said = {name: text for name, text in (("box", box), ("shelf", shelf)) if text is not None}
        if said:
            connection.execute(binders.update().where(binders.c.binder == binder).values(**said))
            append_event(connection, now, MOVED, {"binder": binder, "by": by, **said})


def find_places(engine: Engine, chosen: Sequence[int]) -> list[PlacedRecord]:
    """Where the paper of these records is, in the order of their numbers."""
    query = (
        select(records, sheets.c.person, layouts.c.frozen, places.c.binder, binders.c.box, binders.c.shelf)
        .outerjoin(sheets, sheets.c.number == records.c.sheet)
        .outerjoin(layouts, layouts.c.digest == sheets.c.layout)
        .outerjoin(places, places.c.record == records.c.record)
        .outerjoin(binders, binders.c.binder == places.c.binder)
        .where(records.c.record.in_(chosen))
        .order_by(records.c.record)
    )
    titles: dict[str, str] = {}
    with reading(engine) as connection:
        rows = connection.execute(query).all()
        names = _names(connection, [row.record for row in rows if not row.person or row.person == "{}"])
    found = []
    for row in rows:
        if row.frozen and row.frozen not in titles:
            titles[row.frozen] = json.loads(row.frozen)["title"]
        person = json.loads(row.person) if row.person else {}
        name = " ".join(filter(None, (person.get("nom"), person.get("prenom")))) or names.get(row.record, "")
        title = titles[row.frozen] if row.frozen else row.form
        found.append(
            PlacedRecord(
                row.record, row.sheet, row.form, title, name, row.created_at[:10], row.binder or "", row.box or "",
                row.shelf or "",
            )
        )  # fmt: skip
    return found


def list_binders(engine: Engine) -> list[Binder]:
    """Every binder, in the order of their names."""
    with reading(engine) as connection:
        counted = connection.execute(
            select(
                binders, func.count(records.c.record).label("counted"), func.min(records.c.created_at).label("first"),
                func.max(records.c.created_at).label("last"),
            )
            .outerjoin(places, places.c.binder == binders.c.binder)
            .outerjoin(records, records.c.record == places.c.record)
            .group_by(binders.c.binder)
            .order_by(binders.c.binder)
        ).all()  # fmt: skip
        found = []
        for row in counted:
            forms = connection.execute(
                select(records.c.form, func.count().label("counted"))
                .join(places, places.c.record == records.c.record)
                .where(places.c.binder == row.binder)
                .group_by(records.c.form)
                .order_by(func.count().desc(), records.c.form)
            ).all()
            titles = tuple(dict.fromkeys(_title(connection, form.form) for form in forms))
            found.append(
                Binder(
                    row.binder, row.box, row.shelf, row.counted, (row.first or "")[:10], (row.last or "")[:10], titles
                )
            )
        return found


def as_ranges(numbers: Sequence[int]) -> list[list[int]]:
    """Numbers as ranges, both ends within: 1, 2, 3, 7 → [[1, 3], [7, 7]]."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges


def _know(connection: Connection, binder: str) -> None:
    if not connection.execute(select(binders.c.binder).where(binders.c.binder == binder)).first():
        connection.execute(binders.insert().values(binder=binder, box="", shelf=""))


def _title(connection: Connection, form: str) -> str:
    frozen = connection.execute(
        select(layouts.c.frozen).where(layouts.c.form == form).order_by(layouts.c.version.desc()).limit(1)
    ).scalar()
    return str(json.loads(frozen)["title"]) if frozen else form


def _names(connection: Connection, chosen: Sequence[int]) -> dict[int, str]:
    """Whom records are about that were printed for nobody: what is written on them, else the name of their case."""
    names: dict[int, dict[str, str]] = {}
    for row in connection.execute(
        select(readings.c.record, readings.c.field, readings.c.value).where(
            readings.c.record.in_(chosen), readings.c.field.in_(("nom", "prenom", "expediteur"))
        )
    ):
        value = json.loads(row.value)
        if isinstance(value, str):
            names.setdefault(row.record, {})[row.field] = value
    told = {
        record: " ".join(filter(None, (said.get("nom"), said.get("prenom")))) or said.get("expediteur", "")
        for record, said in names.items()
    }
    of_cases = connection.execute(
        select(case_papers.c.record, cases_table.c.name)
        .join(cases_table, cases_table.c.number == case_papers.c.number)
        .where(case_papers.c.record.in_(chosen))
    )
    return told | {row.record: row.name for row in of_cases if row.name}
