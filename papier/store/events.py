"""What happened, in order. Each event's hash covers the one before, so that none can be changed or taken out unseen."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from papier.store.tables import events

CHAIN_START = "0" * 64


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
    digest = event_hash(seq, at, kind, text, previous)
    connection.execute(events.insert().values(seq=seq, at=at, kind=kind, data=text, previous=previous, hash=digest))
    return digest


def event_hash(seq: int, at: str, kind: str, data: str, previous: str) -> str:
    """SHA-256 over the event's columns, separated by line feeds (JSON text holds none)."""
    return hashlib.sha256("\n".join([str(seq), at, kind, data, previous]).encode()).hexdigest()


def broken_links(connection: Connection) -> list[str]:
    """What is wrong with the chain, one sentence each; empty when it is whole."""
    problems = []
    previous, expected = CHAIN_START, 1
    for row in connection.execute(select(events).order_by(events.c.seq)):
        if row.seq != expected:
            problems.append(f"event {expected} is missing")
        if row.previous != previous or row.hash != event_hash(row.seq, row.at, row.kind, row.data, row.previous):
            problems.append(f"event {row.seq} ({row.kind}, {row.at}) was changed")
        previous, expected = row.hash, row.seq + 1
    return problems
