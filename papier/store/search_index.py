"""The index of words: what each record, case and paper says, kept in step with them in the same transaction.

The index is made from the other tables and holds nothing of its own. `papier.store.seals` notes which rows a
transaction touches; just before it commits, what those rows are part of is indexed anew. So no writer can forget it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from papier.language import translate as _
from papier.store.driver import database_errors, operational_errors

# FTS5 (sqlite.org/fts5.html): case and accents are folded; words are also found by their first two or three letters.
CREATE = (
    "CREATE VIRTUAL TABLE search USING fts5(day UNINDEXED, title, body, "
    "tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3')"
)
COLUMNS = ("day", "title", "body")
PIECE = 500


class Kind(StrEnum):
    """What can be found."""

    RECORD = "record"
    CASE = "case"


# The number of a thing in the index: its own times the count of kinds, plus the place of its kind here.
KINDS = (Kind.RECORD, Kind.CASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index holds of one thing. `day`: ISO 8601."""

    number: int
    day: str
    title: str
    body: str

    def row(self) -> tuple[int, str, str, str]:
        return self.number, self.day, self.title, self.body


def index_number(kind: Kind, reference: int) -> int:
    return reference * len(KINDS) + KINDS.index(kind)


def from_index_number(number: int) -> tuple[Kind, int]:
    return KINDS[number % len(KINDS)], number // len(KINDS)


def has_index(raw: sqlite3.Connection) -> bool:
    return raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'search'").fetchone() is not None


def index_touched(raw: sqlite3.Connection) -> None:
    """Index anew whatever this transaction touched; to be called before the touched rows are sealed."""
    if not has_index(raw):
        return
    records = [row[0] for row in raw.execute(_TOUCHED_RECORDS)]
    cases = [row[0] for row in raw.execute(_TOUCHED_CASES)]
    for kind, numbers, entries in ((Kind.RECORD, records, _records), (Kind.CASE, cases, _cases)):
        for start in range(0, len(numbers), PIECE):
            piece = numbers[start : start + PIECE]
            _replace(raw, [index_number(kind, number) for number in piece], list(entries(raw, piece)))


def rebuild_index(raw: sqlite3.Connection) -> int:
    """Make the index anew, so that no page of it holds what is gone; gives how many entries it has."""
    raw.execute("DROP TABLE IF EXISTS search")
    raw.execute(CREATE)
    count = 0
    for entry in all_entries(raw):
        raw.execute(_INSERT, entry.row())
        count += 1
    return count


def all_entries(raw: sqlite3.Connection) -> Iterator[Entry]:
    """Every entry that the index should hold, by kind and number."""
    for table, column, entries in (("records", "record", _records), ("cases", "number", _cases)):
        last = -1
        while numbers := [
            row[0]
            for row in raw.execute(
                f"SELECT {column} FROM {table} WHERE {column} > ? ORDER BY {column} LIMIT {PIECE}", (last,)
            )
        ]:
            yield from entries(raw, numbers)
            last = numbers[-1]


def find_index_fault(raw: sqlite3.Connection) -> str | None:
    """What is wrong with the index, or None. Leaves the caller's transaction as it was, apart from SQLite's lock."""
    if not has_index(raw):
        return None
    try:
        expected = {entry.number: entry.row()[1:] for entry in all_entries(raw)}
        for number, *row in raw.execute("SELECT rowid, day, title, body FROM search"):
            if expected.pop(number, None) != tuple(row):
                return _("entry {number} is not what the store says").format(number=number)
        if expected:
            return _("entries are missing: {count}").format(count=len(expected))
        # Compares every word of the index with the text it was made from; SQLite counts it as writing.
        raw.execute("INSERT INTO search (search) VALUES ('integrity-check')")
    except operational_errors() as error:
        # Another papier is writing, or the disk cannot be written: the words could not be compared.
        # The low byte is the kind of error (sqlite.org/rescode.html): a writer who was quicker is "busy" as well.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        return None if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY) else str(error)
    except database_errors() as error:
        return str(error)
    return None


_INSERT = "INSERT INTO search (rowid, day, title, body) VALUES (?, ?, ?, ?)"

_TOUCHED_RECORDS = """
    SELECT record FROM (
        SELECT json_extract(key, '$[0]') AS record FROM touched WHERE tab IN ('records', 'readings')
        UNION SELECT r.record FROM touched x JOIN sheets s ON s.serial = json_extract(x.key, '$[0]')
              JOIN records r ON r.sheet = s.number WHERE x.tab = 'sheets'
        UNION SELECT c.record FROM touched x JOIN checks c ON c."check" = json_extract(x.key, '$[0]')
              WHERE x.tab = 'checks' AND c.record IS NOT NULL
        UNION SELECT p.record FROM touched x JOIN pages p ON p.page_id = json_extract(x.key, '$[0]')
              WHERE x.tab = 'page_texts' AND p.record IS NOT NULL
    ) ORDER BY record
"""
_TOUCHED_CASES = "SELECT DISTINCT json_extract(key, '$[0]') AS number FROM touched WHERE tab = 'cases' ORDER BY number"


def _replace(raw: sqlite3.Connection, numbers: Sequence[int], entries: Sequence[Entry]) -> None:
    wanted = {entry.number: entry for entry in entries}
    marks = ", ".join("?" * len(numbers))
    for number, *row in raw.execute(f"SELECT rowid, day, title, body FROM search WHERE rowid IN ({marks})", numbers):
        if number in wanted and wanted[number].row()[1:] == tuple(row):
            del wanted[number]
        else:
            raw.execute("DELETE FROM search WHERE rowid = ?", (number,))
    raw.executemany(_INSERT, [entry.row() for entry in wanted.values()])


def _records(raw: sqlite3.Connection, numbers: Sequence[int]) -> Iterator[Entry]:
    """What these records say: whom they are for, what was read, what is typed on a paper without a form."""
    marks = ", ".join("?" * len(numbers))
    settled = {
        (record, field): value
        for record, field, value in raw.execute(
            f"SELECT record, field, value FROM checks WHERE record IN ({marks}) AND undone IS NULL AND settles "
            'AND field IS NOT NULL AND value IS NOT NULL ORDER BY "check"',
            numbers,
        )
    }
    values: dict[int, list[str]] = {}
    for record, field, value in raw.execute(
        f"SELECT record, field, value FROM readings WHERE record IN ({marks}) ORDER BY record, position", numbers
    ):
        values.setdefault(record, []).append(_said(json.loads(settled.get((record, field), value))))
    for record, text in raw.execute(
        f"SELECT p.record, t.text FROM page_texts t JOIN pages p ON p.page_id = t.page_id "
        f"WHERE p.record IN ({marks}) ORDER BY p.page_id",
        numbers,
    ):
        values.setdefault(record, []).append(text)
    for record, sheet, form, status, created, person, layout in raw.execute(
        "SELECT r.record, r.sheet, r.form, r.status, r.created_at, s.person, s.layout FROM records r "
        f"LEFT JOIN sheets s ON s.number = r.sheet WHERE r.record IN ({marks}) ORDER BY r.record",
        numbers,
    ):
        if status == "purged":
            continue
        columns = json.loads(person) if person else {}
        title = _joined((_layout_title(raw, layout) if layout else form, _name(columns)), " · ")
        body = _joined((sheet or "", form, *columns.values(), *values.get(record, ())), "\n")
        yield Entry(index_number(Kind.RECORD, record), created[:10], title, body)


def _cases(raw: sqlite3.Connection, numbers: Sequence[int]) -> Iterator[Entry]:
    marks = ", ".join("?" * len(numbers))
    for number, name, digest, opened, state in raw.execute(
        f"SELECT number, name, digest, opened, state FROM cases WHERE number IN ({marks}) ORDER BY number", numbers
    ):
        case = json.loads(state)
        title = _joined((_workflow_title(raw, digest), name), " · ")
        body = _joined((case["workflow"], *case["person"].values(), *(s["sheet"] for s in case["sheets"])), "\n")
        yield Entry(index_number(Kind.CASE, number), opened, title, body)


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_said(entry) for entry in value)
    return value if isinstance(value, str) else ""


def _name(person: dict[str, str]) -> str:
    return _joined((person.get("nom", ""), person.get("prenom", "")), " ")


def _joined(parts: Sequence[str], between: str) -> str:
    """The parts that say something, each once."""
    return between.join(dict.fromkeys(part for part in parts if part))


def _layout_title(raw: sqlite3.Connection, digest: str) -> str:
    return _frozen_title(raw.execute("SELECT frozen FROM layouts WHERE digest = ?", (digest,)).fetchone()[0])


def _workflow_title(raw: sqlite3.Connection, digest: str) -> str:
    return _frozen_title(raw.execute("SELECT frozen FROM workflows WHERE digest = ?", (digest,)).fetchone()[0])


# A title stands in a frozen definition of many kilobytes; a batch is of a few forms.
@lru_cache(maxsize=256)
def _frozen_title(frozen: str) -> str:
    title = json.loads(frozen).get("title", "")
    return str(title.get("fr", "")) if isinstance(title, dict) else str(title)
