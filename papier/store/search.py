"""Finding records and cases by their words, accents and case ignored."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from sqlalchemy import Engine

from papier.errors import UsageError
from papier.language import translate as _
from papier.store.connection import reading, writing
from papier.store.events import raw_connection
from papier.store.search_index import KINDS, Kind, from_index_number, rebuild_index

# Marks in what SQLite gives back: characters that no text holds.
FOUND, PLAIN = "\x02", "\x03"
# A word of fewer letters is found only whole: "le" would find half the archive.
MIN_BEGINNING = 3
EXCERPT_WORDS = 16
# Beyond so many, how well each fits tells nothing any more, and costs seconds over 100,000 records; they come newest
# first instead: benchmarks/README.md.
MOST_RANKED = 2_000
LIGATURES = {"œ": "oe", "æ": "ae"}
_PART = re.compile(r'"([^"]*)"?|(\S+)')


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found. `excerpt`: its words around what was asked for, each piece with True where it is that.

    `reference` is the number of a record or a case, `day` the day it was made (ISO 8601).
    """

    kind: Kind
    reference: int
    day: str
    title: str
    excerpt: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what was found, and how much there is in all. `ranked`: best first, else newest first."""

    hits: tuple[Hit, ...]
    total: int
    ranked: bool = True


def search(engine: Engine, words: str, kinds: Sequence[Kind] = KINDS, limit: int = 50, offset: int = 0) -> Found:
    """Everything that holds all these words, best first, then newest first; of common words newest first alone.

    A word of three letters or more also finds what begins with it; words between quotation marks stand so, side by
    side. Raises UsageError where there is no word to look for.
    """
    query = match_query(words)
    wanted = [KINDS.index(kind) for kind in kinds]
    condition = f"search MATCH ? AND rowid % {len(KINDS)} IN ({', '.join('?' * len(wanted))})"
    with reading(engine) as connection:
        raw = raw_connection(connection)
        total = raw.execute(f"SELECT count(*) FROM search WHERE {condition}", (query, *wanted)).fetchone()[0]
        ranked = total <= MOST_RANKED
        if ranked:
            numbers = [
                row[0]
                for row in raw.execute(
                    f"SELECT rowid FROM search WHERE {condition} "
                    "ORDER BY bm25(search, 0.0, 3.0, 1.0), day DESC, rowid DESC LIMIT ? OFFSET ?",
                    (query, *wanted, limit, offset),
                )
            ]
        else:
            numbers = _newest(raw, query, wanted, offset + limit)[offset:]
        rows = {
            row[0]: row
            for row in raw.execute(
                "SELECT rowid, day, title, snippet(search, 2, ?, ?, '…', ?) FROM search "
                # The plus keeps SQLite from looking all words up again for each number.
                "WHERE search MATCH ? AND +rowid IN (SELECT value FROM json_each(?))",
                (FOUND, PLAIN, EXCERPT_WORDS, query, json.dumps(numbers)),
            )
        }
    found = [rows[number] for number in numbers]
    hits = tuple(Hit(*from_index_number(number), day, title, _excerpt(text)) for number, day, title, text in found)
    return Found(hits, total, ranked)


def _newest(raw: sqlite3.Connection, query: str, wanted: Sequence[int], count: int) -> list[int]:
    """The newest of each kind, together by day: each kind numbers its own from 1, so that its numbers tell its age."""
    found = []
    for kind in wanted:
        found += raw.execute(
            f"SELECT day, rowid FROM search WHERE search MATCH ? AND rowid % {len(KINDS)} = ? "
            "ORDER BY rowid DESC LIMIT ?",
            (query, kind, count),
        ).fetchall()
    return [number for _day, number in sorted(found, reverse=True)[:count]]


def match_query(words: str) -> str:
    """What a person typed, in the language of FTS5, which never sees a character of theirs outside quotation marks."""
    parts = []
    for phrase, word in _PART.findall(words.replace("\0", " ")):
        text = phrase or word
        if not any(character.isalnum() for character in text):
            continue
        beginning = bool(word) and sum(character.isalnum() for character in word) >= MIN_BEGINNING
        spelt = [f'"{spelling}"{" *" if beginning else ""}' for spelling in _spellings(text.replace('"', " "))]
        parts.append(f"({' OR '.join(spelt)})")
    if not parts:
        raise UsageError(_("There is no word to look for. Give a name, a word or a sheet number."))
    return " AND ".join(parts)


def remake_index(engine: Engine) -> int:
    """Make the index anew from the store; gives how many entries it has."""
    with writing(engine) as connection:
        return rebuild_index(raw_connection(connection))


def _spellings(text: str) -> list[str]:
    """With and without ligatures, which SQLite does not take for two letters: cœur, coeur."""
    pieces = re.split(f"({'|'.join([*LIGATURES, *LIGATURES.values()])})", text, flags=re.IGNORECASE)
    both = {**LIGATURES, **{plain: joined for joined, plain in LIGATURES.items()}}
    choices = [(piece, both[piece.lower()]) if piece.lower() in both else (piece,) for piece in pieces]
    # Four ligatures in one word are no word.
    return list(dict.fromkeys("".join(choice) for choice in product(*choices)))[:16]


def _excerpt(text: str) -> tuple[tuple[str, bool], ...]:
    pieces = []
    for at, piece in enumerate(text.split(FOUND)):
        found, _mark, plain = piece.rpartition(PLAIN) if at else ("", "", piece)
        pieces += [(" ".join(part.split("\n")), is_found) for part, is_found in ((found, True), (plain, False)) if part]
    return tuple(pieces)
