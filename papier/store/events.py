"""What happened, in order. Each event's hash covers the one before, so that none can be changed or taken out unseen."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from papier.language import translate as _
from papier.store.seals import SEALED, is_touched, write_seals
from papier.store.tables import events, head

CHAIN_START = "0" * 64
# The event that says which events were emptied, and the hash of what is left of each.
EMPTIED = "emptied"
# The time of a seal before which nothing happened.
BEFORE_ALL = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `at` is UTC, ISO 8601."""

    seq: int
    at: str
    kind: str
    data: Mapping[str, Any]
    previous: str
    hash: str


def append_event(connection: Connection, now: dt.datetime, kind: str, data: Mapping[str, Any]) -> str:
    """Add an event to the chain, inside the caller's writing transaction; gives its hash, the new head."""
    last = connection.execute(select(events.c.seq, events.c.hash).order_by(events.c.seq.desc()).limit(1)).first()
    seq, previous = (last.seq + 1, last.hash) if last else (1, CHAIN_START)
    at, text = now.isoformat(), json.dumps(data, ensure_ascii=False, sort_keys=True)
    salt = secrets.token_hex(16)
    digest = data_digest(salt, text)
    chained = event_hash(seq, at, kind, digest, previous)
    connection.execute(
        events.insert().values(
            seq=seq, at=at, kind=kind, data=text, previous=previous, hash=chained, salt=salt, digest=digest
        )
    )
    if not connection.execute(head.update().values(seq=seq, hash=chained)).rowcount:
        connection.execute(head.insert().values(only=1, seq=seq, hash=chained))
    return chained


def empty_events(connection: Connection, emptied: Mapping[int, Mapping[str, Any]], now: dt.datetime) -> list[int]:
    """Put in the place of what these events said what is left of it, and journal that; gives those it could not empty.

    The chain holds as before. What stands there now is vouched for by the event that says so. An event that an earlier
    papier wrote cannot be emptied: its hash covers what it says.
    """
    left: dict[int, str] = {}
    fixed: list[int] = []
    for seq, data in emptied.items():
        text = json.dumps(data, ensure_ascii=False, sort_keys=True)
        row = connection.execute(select(events.c.digest, events.c.data).where(events.c.seq == seq)).one()
        if row.digest is None:
            fixed.append(seq)
        elif row.data != text:
            connection.execute(events.update().where(events.c.seq == seq).values(data=text, salt=None))
            left[seq] = hashlib.sha256(text.encode()).hexdigest()
    if left:
        append_event(connection, now, EMPTIED, {"events": {str(seq): digest for seq, digest in left.items()}})
    return fixed


def seal_touched(connection: Connection) -> None:
    """Seal the rows that this transaction touched, in one closing event of the same time as the last."""
    raw = raw_connection(connection)
    if not is_touched(raw):
        return
    last = connection.execute(select(events.c.seq, events.c.at).order_by(events.c.seq.desc()).limit(1)).first()
    seq, at = (last.seq + 1, dt.datetime.fromisoformat(last.at)) if last else (1, BEFORE_ALL)
    rows, digest = write_seals(raw, seq)
    append_event(connection, at, SEALED, {"rows": rows, "digest": digest})


def chain_head(connection: Connection) -> tuple[int, str]:
    """The number and hash of the newest event: what the printed register vouches for."""
    last = connection.execute(select(events.c.seq, events.c.hash).order_by(events.c.seq.desc()).limit(1)).first()
    return (last.seq, last.hash) if last else (0, CHAIN_START)


def raw_connection(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection, for what SQLAlchemy has no words for."""
    # SQLCipher's is of a class of its own that does the same (papier.store.driver).
    raw: sqlite3.Connection | None = connection.connection.driver_connection
    assert raw is not None  # noqa: S101 - the connection is in use
    return raw


def data_digest(salt: str, data: str) -> str:
    """SHA-256 over the salt and what an event says. Without the salt nobody can find out by trying what it said."""
    return hashlib.sha256(f"{salt}\n{data}".encode()).hexdigest()


def event_hash(seq: int, at: str, kind: str, data: str, previous: str) -> str:
    """SHA-256 over the event's columns, separated by line feeds (JSON text holds none).

    `data`: what it says, or its digest where it has one.
    """
    return hashlib.sha256("\n".join([str(seq), at, kind, data, previous]).encode()).hexdigest()


def broken_links(connection: Connection) -> list[str]:
    """What is wrong with the chain, one sentence each; empty when it is whole."""
    problems = []
    previous, expected = CHAIN_START, 1
    left = _left_of_emptied(connection)
    for row in connection.execute(select(events).order_by(events.c.seq)):
        if row.seq != expected:
            problems.append(_("event {seq} is missing").format(seq=expected))
        chained = event_hash(row.seq, row.at, row.kind, row.data if row.digest is None else row.digest, row.previous)
        if row.previous != previous or row.hash != chained or not _says_what_it_said(row, left):
            problems.append(_("event {seq} ({kind}, {at}) was changed").format(seq=row.seq, kind=row.kind, at=row.at))
        previous, expected = row.hash, row.seq + 1
    newest = [tuple(row) for row in connection.execute(select(head))]
    if newest != ([(1, expected - 1, previous)] if expected > 1 else []):
        problems.append(_("the newest events are missing or were changed"))
    return problems


def _left_of_emptied(connection: Connection) -> dict[int, str]:
    """What may stand in emptied events: by event, the hash of what is left of it."""
    rows = connection.execute(select(events.c.data).where(events.c.kind == EMPTIED).order_by(events.c.seq))
    left: dict[int, str] = {}
    for text in rows.scalars():
        try:
            left |= {int(seq): str(digest) for seq, digest in json.loads(text)["events"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # that event was changed itself, which its own hash tells
    return left


def _says_what_it_said(row: Any, left: Mapping[int, str]) -> bool:
    """True when an event says what its digest covers, or what was left of it when it was emptied."""
    if row.digest is None:
        return row.salt is None
    if row.salt is not None:
        return bool(data_digest(row.salt, row.data) == row.digest)
    return bool(hashlib.sha256(row.data.encode()).hexdigest() == left.get(row.seq))
