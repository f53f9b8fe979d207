"""Damage done to a workspace behind papier's back, one fault at a time: what `papier verify` must find."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from papier.store.workspace import Workspace

Fault = Callable[[Workspace, random.Random], str]
# Tables that hold nothing to lose: they are made anew from others.
DERIVED = ("search", "sqlite_")


@contextmanager
def planted(original: Workspace, folder: Path, rng: random.Random) -> Iterator[tuple[Workspace, str]]:
    """A copy of a workspace with one fault of a random kind in it, and what the fault is."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(original.folder, folder)
    damaged = Workspace(folder, original.key)
    yield damaged, rng.choice(FAULTS)(damaged, rng)


def flip_scan_bit(workspace: Workspace, rng: random.Random) -> str:
    path = rng.choice(_scans(workspace))
    place = _flip_bit(path, rng)
    return f"bit {place} of the scan {path.name} flipped"


def lose_scan(workspace: Workspace, rng: random.Random) -> str:
    path = rng.choice(_scans(workspace))
    path.unlink()
    return f"the scan {path.name} deleted"


def cut_scan(workspace: Workspace, rng: random.Random) -> str:
    path = rng.choice(_scans(workspace))
    length = rng.randrange(path.stat().st_size)
    with path.open("rb+") as stream:
        stream.truncate(length)
    return f"the scan {path.name} cut to {length} bytes"


def add_orphan(workspace: Workspace, rng: random.Random) -> str:
    path = rng.choice(_scans(workspace))
    digits = f"{rng.getrandbits(256):064x}"
    orphan = workspace.archive / digits[:2] / f"{digits}{path.suffix}"
    orphan.parent.mkdir(exist_ok=True)
    shutil.copy(path, orphan)
    return f"the orphan {orphan.name} added"


def edit_row(workspace: Workspace, rng: random.Random) -> str:
    """Another value in one column of one row of any table."""
    with _opened(workspace) as connection:
        while True:
            table, rowid = _any_row(connection, rng)
            column = rng.choice(_columns(connection, table))
            held = connection.execute(f'SELECT "{column}" FROM "{table}" WHERE rowid = ?', (rowid,)).fetchone()[0]
            with contextlib.suppress(sqlite3.IntegrityError):
                connection.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (_other(held, rng), rowid))
                return f"{table}.{column} of row {rowid} edited"


def delete_row(workspace: Workspace, rng: random.Random) -> str:
    with _opened(workspace) as connection:
        table, rowid = _any_row(connection, rng)
        connection.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (rowid,))
        return f"row {rowid} of {table} deleted"


def insert_row(workspace: Workspace, rng: random.Random) -> str:
    """A copy of a row under another key."""
    with _opened(workspace) as connection:
        while True:
            table, rowid = _any_row(connection, rng)
            row = dict(
                zip(
                    _columns(connection, table),
                    connection.execute(f'SELECT * FROM "{table}" WHERE rowid = ?', (rowid,)).fetchone(),
                    strict=True,
                )
            )
            keys = [entry[1] for entry in connection.execute(f'PRAGMA table_info("{table}")') if entry[5]]
            for key in keys:
                row[key] = _other(row[key], rng)
            if table == "sheets":
                row["number"] = _other(row["number"], rng)
            with contextlib.suppress(sqlite3.IntegrityError):
                marks = ", ".join("?" * len(row))
                connection.execute(f'INSERT INTO "{table}" VALUES ({marks})', tuple(row.values()))
                return f"a row like {rowid} put into {table}"


def flip_store_bit(workspace: Workspace, rng: random.Random) -> str:
    """One bit of the database file. A bit whose flip changes nothing that is stored (free space) is no fault."""
    whole = workspace.database.read_bytes()
    before = _dump(workspace)
    while True:
        place = _flip_bit(workspace.database, rng)
        if _dump(workspace) != before:
            return f"bit {place} of the store flipped"
        workspace.database.write_bytes(whole)


def change_key(workspace: Workspace, rng: random.Random) -> str:
    changed = rng.randbytes(len(workspace.key))
    (workspace.folder / "key").write_text(changed.hex() + "\n", encoding="ascii")
    return "the key replaced by another"


FAULTS: tuple[Fault, ...] = (
    flip_scan_bit,
    lose_scan,
    cut_scan,
    add_orphan,
    edit_row,
    edit_row,
    delete_row,
    insert_row,
    flip_store_bit,
    change_key,
)


def _scans(workspace: Workspace) -> list[Path]:
    return sorted(path for path in workspace.archive.glob("*/*") if path.stat().st_size)


def _flip_bit(path: Path, rng: random.Random) -> int:
    place = rng.randrange(path.stat().st_size * 8)
    with path.open("rb+") as stream:
        stream.seek(place // 8)
        held = stream.read(1)[0]
        stream.seek(place // 8)
        stream.write(bytes([held ^ 1 << place % 8]))
    return place


@contextmanager
def _opened(workspace: Workspace) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(workspace.database)) as connection, connection:
        yield connection


def _tables(connection: sqlite3.Connection) -> list[str]:
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return [name for name in names if not name.startswith(DERIVED)]


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]


def _any_row(connection: sqlite3.Connection, rng: random.Random) -> tuple[str, int]:
    """A table that is not empty, and one of its rows."""
    while True:
        table = rng.choice(_tables(connection))
        rows = [row[0] for row in connection.execute(f'SELECT rowid FROM "{table}" ORDER BY rowid')]
        if rows:
            return table, rng.choice(rows)


def _other(held: object, rng: random.Random) -> object:
    """A value of the same kind that differs."""
    if held is None:
        return "x"
    if isinstance(held, bytes):
        return bytes([held[0] ^ 1]) + held[1:] if held else b"x"
    if isinstance(held, (int, float)):
        return held + rng.choice([-1, 1, 7])
    text = str(held)
    return text[:-1] + chr(ord(text[-1]) + 1) if text else "x"


def _dump(workspace: Workspace) -> object:
    """All that is stored, as SQLite gives it; what it says instead where it cannot."""
    try:
        with closing(sqlite3.connect(workspace.database)) as connection:
            verdict = connection.execute("PRAGMA integrity_check").fetchall()
            return [verdict, *(row for row in connection.iterdump())]
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        return str(error)
