"""Seals: each row of the store has its hash in a journal, and the journal's hash stands in the chain of events.

A writing transaction notes which rows it touched, by triggers, so that no writer can forget one. Just before it
commits, each of these rows is sealed and one event closes the list. An edit that did not come through papier is then
found, in whatever table: the row no longer fits its seal. The hash is salted, and the salt goes when the row
changes or goes: nobody can find out what a row said once by trying what it may have said.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# Chained themselves, or made anew from other tables.
UNSEALED = frozenset({"events", "seals", "head"})
UNSEALED_PREFIXES = ("sqlite_", "search")
SALT_BYTES = 16
SEALED = "sealed"
# The event that holds the digest of the store's definitions, after they changed.
SCHEMA = "schema"


@dataclass(frozen=True, slots=True)
class SealFault:
    """A row that does not fit its seal. `what`: changed, missing, unsealed (written past papier)."""

    table: str
    key: str
    what: str


def sealed_tables(raw: sqlite3.Connection) -> dict[str, list[str]]:
    """The sealed tables of the store, each with the columns of its key in order."""
    names = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    if "seals" not in names:
        return {}
    tables = {}
    for name in names:
        if name in UNSEALED or name.startswith(UNSEALED_PREFIXES):
            continue
        columns = sorted(
            (place, column) for _, column, _, _, _, place in raw.execute(f"PRAGMA table_info({_quoted(name)})") if place
        )
        if columns:
            tables[name] = [column for _, column in columns]
    return tables


def watch(raw: sqlite3.Connection) -> None:
    """Note from now on which rows this connection touches. Costs nothing where it is done already."""
    tables = sealed_tables(raw)
    had = {row[0] for row in raw.execute("SELECT name FROM sqlite_temp_master WHERE type = 'trigger'")}
    wanted = {f"seal_{name}_{what}" for name in tables for what in ("insert", "update", "delete")}
    if not tables or wanted <= had:
        return
    raw.execute("CREATE TEMP TABLE IF NOT EXISTS touched (tab TEXT, key TEXT, PRIMARY KEY (tab, key)) WITHOUT ROWID")
    for name, columns in tables.items():
        for what, sides in (("insert", ("NEW",)), ("update", ("OLD", "NEW")), ("delete", ("OLD",))):
            notes = "".join(
                f"INSERT OR IGNORE INTO touched VALUES ('{name}', json_array("
                + ", ".join(f"{side}.{_quoted(column)}" for column in columns)
                + ")); "
                for side in sides
            )
            raw.execute(
                f"CREATE TEMP TRIGGER IF NOT EXISTS seal_{name}_{what} AFTER {what.upper()} ON main.{_quoted(name)} "
                f"BEGIN {notes}END"
            )


def touch_all(raw: sqlite3.Connection, names: Sequence[str] | None = None) -> None:
    """Note every row of these tables (else of all), so that the next seal covers what stood there before seals did."""
    watch(raw)
    for name, columns in sealed_tables(raw).items():
        if names is None or name in names:
            listed = ", ".join(_quoted(column) for column in columns)
            raw.execute(f"INSERT OR IGNORE INTO touched SELECT '{name}', json_array({listed}) FROM {_quoted(name)}")


def is_touched(raw: sqlite3.Connection) -> bool:
    """True when this connection has touched rows since the last seal."""
    known = raw.execute("SELECT 1 FROM sqlite_temp_master WHERE name = 'touched'").fetchone()
    return known is not None and raw.execute("SELECT 1 FROM touched LIMIT 1").fetchone() is not None


def write_seals(raw: sqlite3.Connection, seq: int) -> tuple[int, str]:
    """Seal every touched row under event `seq`; gives how many, and the digest that the event must hold."""
    place, lines = 0, hashlib.sha256()
    rows = []
    for name, columns in sealed_tables(raw).items():
        where = " AND ".join(
            f"t.{_quoted(column)} IS json_extract(x.key, '$[{at}]')" for at, column in enumerate(columns)
        )
        # The touched rows first, then each by its key: the key's index finds it.
        cursor = raw.execute(
            f"SELECT x.key, t.* FROM touched x LEFT JOIN {_quoted(name)} t ON {where} WHERE x.tab = ? ORDER BY x.key",
            (name,),
        )
        names = [entry[0] for entry in cursor.description][1:]
        at_key = [names.index(column) for column in columns]
        for key, *values in cursor:
            gone = all(values[at] is None for at in at_key)
            salt = None if gone else secrets.token_bytes(SALT_BYTES)
            digest = None if salt is None else row_hash(salt, names, values)
            rows.append((seq, place, name, key, salt, digest))
            lines.update(seal_line(name, key, digest))
            place += 1
    # What a row said before is no longer there to be compared; without its salt nobody can find out by trying.
    raw.executemany(
        "UPDATE seals SET salt = NULL WHERE tab = ? AND key = ? AND salt IS NOT NULL", [row[2:4] for row in rows]
    )
    raw.executemany("INSERT INTO seals (seq, place, tab, key, salt, hash) VALUES (?, ?, ?, ?, ?, ?)", rows)
    raw.execute("DELETE FROM touched")
    return place, lines.hexdigest()


def row_hash(salt: bytes, names: Sequence[str], values: Sequence[Any]) -> bytes:
    """SHA-256 over the salt and the row's columns that hold something: a further empty column changes nothing."""
    row = {
        name: hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value
        for name, value in zip(names, values, strict=True)
        if value is not None
    }
    return hashlib.sha256(salt + json.dumps(row, sort_keys=True).encode()).digest()


def seal_line(table: str, key: str, digest: bytes | None) -> bytes:
    """What the event's digest covers of one seal. The salt is left out: it may go."""
    return f"{table}\n{key}\n{'-' if digest is None else digest.hex()}\n".encode()


def broken_digests(raw: sqlite3.Connection) -> list[int]:
    """The events whose list of seals was changed, in order."""
    expected = {
        seq: json.loads(data).get("digest")
        for seq, data in raw.execute("SELECT seq, data FROM events WHERE kind = ?", (SEALED,))
    }
    found: dict[int, Any] = {}
    for seq, table, key, digest in raw.execute("SELECT seq, tab, key, hash FROM seals ORDER BY seq, place"):
        found.setdefault(seq, hashlib.sha256()).update(seal_line(table, key, digest))
    digests = {seq: lines.hexdigest() for seq, lines in found.items()}
    return sorted(seq for seq in expected.keys() | digests.keys() if expected.get(seq) != digests.get(seq))


def find_faults(raw: sqlite3.Connection) -> Iterator[SealFault]:
    """Every row that does not fit its last seal, table by table. Memory stays flat however many rows there are."""
    tables = sealed_tables(raw)
    for name, columns in tables.items():
        yield from _faults_of(raw, name, columns)
    # A salt that is still there, or there again, where the row changed or went since.
    for name, key in raw.execute(
        "SELECT tab, key FROM seals AS s WHERE salt IS NOT NULL AND (hash IS NULL OR EXISTS "
        "(SELECT 1 FROM seals AS later WHERE later.tab = s.tab AND later.key = s.key AND later.seq > s.seq))"
    ):
        yield SealFault(name, key, "changed")
    for name, key in raw.execute("SELECT DISTINCT tab, min(key) FROM seals GROUP BY tab"):
        if name not in tables:
            yield SealFault(name, key, "missing")


def _faults_of(raw: sqlite3.Connection, name: str, columns: Sequence[str]) -> Iterator[SealFault]:
    listed = ", ".join(_quoted(column) for column in columns)
    rows = raw.execute(f"SELECT json_array({listed}) AS seal_key, * FROM {_quoted(name)} ORDER BY seal_key")
    names = [entry[0] for entry in rows.description][1:]
    # SQLite gives the other columns from the row that holds the maximum (documented: "bare columns in an aggregate").
    seals = raw.execute("SELECT key, salt, hash, max(seq) FROM seals WHERE tab = ? GROUP BY key ORDER BY key", (name,))
    row, seal = next(rows, None), next(seals, None)
    while row is not None or seal is not None:
        if seal is None or (row is not None and row[0] < seal[0]):
            assert row is not None  # noqa: S101 - the loop's condition
            yield SealFault(name, row[0], "unsealed")
            row = next(rows, None)
        elif row is None or seal[0] < row[0]:
            if seal[2] is not None:
                yield SealFault(name, seal[0], "missing")
            seal = next(seals, None)
        else:
            if seal[1] is None or seal[2] is None or row_hash(seal[1], names, row[1:]) != seal[2]:
                yield SealFault(name, row[0], "changed")
            row, seal = next(rows, None), next(seals, None)


def schema_digest(raw: sqlite3.Connection) -> str:
    """SHA-256 over the definitions of all tables and indices, search tables apart."""
    rows = raw.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name")
    kept = [row for row in rows if not row[1].startswith(UNSEALED_PREFIXES)]
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
