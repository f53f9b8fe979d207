"""Everything about one person: records, cases and sheets that bear the name, and what merely mentions it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select

from papier.store.checks import settled_fields
from papier.store.connection import reading
from papier.store.records import PURGED
from papier.store.search import search
from papier.store.search_index import Kind
from papier.store.tables import cases, layouts, print_runs, readings, records, sheets

MOST_MENTIONS = 500
# The fields and columns that name whom a sheet is about: the child, who answers for it, who asks.
NAME_FIELDS = ("nom", "prenom", "responsable", "demandeur", "expediteur", "nom_responsable")


@dataclass(frozen=True, slots=True)
class PersonSheet:
    """A sheet that was printed for the person and has no record. `day`: when it was printed (ISO 8601)."""

    number: str
    title: str
    day: str


@dataclass(frozen=True, slots=True)
class PersonFound:
    """What bears the name.

    `births`: every date of birth that stands beside it. `mentions`: records in whose text the name stands, which may be
    about somebody else: a person looks.
    """

    records: tuple[int, ...]
    cases: tuple[int, ...]
    sheets: tuple[PersonSheet, ...]
    births: tuple[str, ...]
    mentions: tuple[int, ...]

    def __bool__(self) -> bool:
        return bool(self.records or self.cases or self.sheets or self.mentions)


def find_person(engine: Engine, name: str, born: str | None = None) -> PersonFound:
    """Everything that bears all words of a name, accents and case ignored; with `born`, what says another day of birth
    is left out.
    """
    wanted = _words(name)
    births: set[str] = set()
    with reading(engine) as connection:
        people = _people_of_records(connection)
        of_person = [record for record, person in people.items() if _is(person, wanted, born, births)]
        found_cases = [
            row.number
            for row in connection.execute(
                select(cases.c.number, cases.c.state).where(cases.c.erased_at.is_(None)).order_by(cases.c.number)
            )
            if _is(json.loads(row.state)["person"], wanted, born, births)
        ]
        answered = select(records.c.sheet).where(records.c.sheet.is_not(None))
        found_sheets = [
            PersonSheet(row.number, json.loads(row.frozen)["title"], row.printed_at[:10])
            for row in connection.execute(
                select(sheets.c.number, sheets.c.person, layouts.c.frozen, print_runs.c.printed_at)
                .join(layouts, layouts.c.digest == sheets.c.layout)
                .join(print_runs, print_runs.c.run == sheets.c.run)
                .where(sheets.c.person != "{}", sheets.c.number.not_in(answered))
                .order_by(sheets.c.serial)
            )
            if _is(json.loads(row.person), wanted, born, births)
        ]
    hits = search(engine, f'"{name}"', [Kind.RECORD], MOST_MENTIONS).hits
    turned = search(engine, f'"{" ".join(reversed(name.split()))}"', [Kind.RECORD], MOST_MENTIONS).hits
    mentions = sorted({hit.reference for hit in (*hits, *turned)} - set(of_person))
    if born is not None:
        # Of somebody else of that name, who was born on another day.
        mentions = [record for record in mentions if not (wanted <= _named(people.get(record, {})))]
    return PersonFound(
        tuple(of_person), tuple(found_cases), tuple(found_sheets), tuple(sorted(births)), tuple(mentions)
    )


def _people_of_records(connection: Connection) -> dict[int, dict[str, str]]:
    """Whom each record is about: the columns it was printed with, then what is written on it."""
    people: dict[int, dict[str, str]] = {}
    settled = settled_fields(connection)
    for row in connection.execute(
        select(readings.c.record, readings.c.field, readings.c.value).where(
            readings.c.field.in_((*NAME_FIELDS, "naissance"))
        )
    ):
        # Who a record is about is what a person said it says, where somebody did.
        held = settled.get((row.record, row.field))
        value = json.loads(row.value) if held is None else held.value
        if isinstance(value, str):
            people.setdefault(row.record, {})[row.field] = value
    for printed in connection.execute(
        select(records.c.record, sheets.c.person)
        .join(sheets, sheets.c.number == records.c.sheet)
        .where(records.c.status != PURGED)
        .order_by(records.c.record)
    ):
        people[printed.record] = {**people.get(printed.record, {}), **json.loads(printed.person)}
    return dict(sorted(people.items()))


def _is(person: Mapping[str, str], wanted: set[str], born: str | None, births: set[str]) -> bool:
    if not wanted <= _named(person):
        return False
    birth = person.get("naissance", "")
    if born is not None and birth and birth != born:
        return False
    if birth:
        births.add(birth)
    return True


def _named(person: Mapping[str, str]) -> set[str]:
    return _words(*(person.get(field, "") for field in NAME_FIELDS))


def _words(*texts: str) -> set[str]:
    """The words of names, without accents and capitals."""
    return set(_folded(texts))


def _folded(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        plain = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("æ", "ae"))
        yield from re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c)))
