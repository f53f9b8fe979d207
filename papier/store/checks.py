"""What people answered: one row an answer, in force until it is taken back; and what a record says with it.

The reading itself is never changed. An answer is an event of the chain (who, when, which); what it says stands in its
sealed row, so that a purge takes it out with the record.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select

from papier.records import State, Value
from papier.store.connection import insert_row
from papier.store.events import append_event, chain_head
from papier.store.tables import checks, readings

# SQLite takes so many values in one question without complaint.
CHUNK = 500
CHECKED, UNCHECKED = "checked", "check-undone"


class Verdict(StrEnum):
    """What a person said."""

    RIGHT = "right"  # the best reading is right
    CANDIDATE = "candidate"  # another of the candidates is
    TYPED = "typed"  # another value is
    BLANK = "blank"  # nothing is written there
    UNREADABLE = "unreadable"  # nobody can read it
    ASK = "ask"  # the family is asked: the item waits
    PAPER = "paper"  # the paper is looked at first: the item goes to the end
    ASIDE = "aside"  # a page that holds nothing to keep; a sheet that came back blank
    WRITTEN = "written"  # the sheet is not blank: its fields are asked

    @property
    def answers(self) -> bool:
        """True where the item is answered; else it is only put off."""
        return self not in {Verdict.ASK, Verdict.PAPER}


@dataclass(frozen=True, slots=True)
class Check:
    """One answer in force. `told`: the event of its case; `because`: why a value that nobody doubted was corrected."""

    check: int
    key: str
    record: int | None
    field: str | None
    verdict: Verdict
    value: Value
    who: str
    via: str
    at: str
    settles: bool
    seq: int
    case: int | None = None
    told: int | None = None
    because: str | None = None


def field_key(record: int, field: str) -> str:
    """How a doubtful field is called in the queue."""
    return f"field:{record}:{field}"


def write_check(
    connection: Connection,
    now: dt.datetime,
    key: str,
    verdict: Verdict,
    value: Value,
    *,
    who: str,
    via: str,
    settles: bool,
    record: int | None = None,
    field: str | None = None,
    because: str | None = None,
) -> Check:
    """Keep an answer and journal it, inside the caller's writing transaction."""
    data = {"key": key, "verdict": str(verdict), "who": who, "via": via, "settles": settles}
    append_event(connection, now, CHECKED, data)
    seq = chain_head(connection)[0]
    number = insert_row(
        connection,
        checks.insert().values(
            key=key,
            record=record,
            field=field,
            verdict=str(verdict),
            value=json.dumps(value, ensure_ascii=False),
            who=who,
            via=via,
            at=now.isoformat(),
            settles=settles,
            seq=seq,
            because=because,
        ),
    )
    return Check(
        number, key, record, field, verdict, value, who, via, now.isoformat(), settles, seq, because=because
    )  # fmt: skip


def note_told(connection: Connection, check: int, case: int, seq: int) -> None:
    """Remember which event of which case an answer caused."""
    connection.execute(checks.update().where(checks.c.check == check).values(case=case, told=seq))


def take_back(connection: Connection, now: dt.datetime, check: Check, who: str) -> None:
    """Journal that an answer holds no longer; its row stays."""
    append_event(connection, now, UNCHECKED, {"check": check.check, "key": check.key, "who": who})
    seq = chain_head(connection)[0]
    connection.execute(checks.update().where(checks.c.check == check.check).values(undone=seq))


def find_checks(connection: Connection, key: str) -> list[Check]:
    """The answers in force to one item, oldest first."""
    query = select(checks).where(checks.c.key == key, checks.c.undone.is_(None)).order_by(checks.c.check)
    return [_check(row) for row in connection.execute(query)]


def find_check(connection: Connection, number: int) -> Check | None:
    """One answer in force."""
    row = connection.execute(select(checks).where(checks.c.check == number, checks.c.undone.is_(None))).first()
    return None if row is None else _check(row)


def find_told(connection: Connection, seq: int) -> Check | None:
    """The answer in force that caused this event of a case, or was caused by it."""
    row = connection.execute(select(checks).where(checks.c.told == seq, checks.c.undone.is_(None))).first()
    return None if row is None else _check(row)


def last_check(connection: Connection, who: str | None = None) -> Check | None:
    """The newest answer in force, of anybody or of one person."""
    query = select(checks).where(checks.c.undone.is_(None)).order_by(checks.c.check.desc()).limit(1)
    if who is not None:
        query = query.where(checks.c.who == who)
    row = connection.execute(query).first()
    return None if row is None else _check(row)


def checks_by_key(connection: Connection, keys: Iterable[str]) -> dict[str, list[Check]]:
    """The answers in force to these items, oldest first, by the item's key."""
    found: dict[str, list[Check]] = {}
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), CHUNK):
        query = select(checks).where(checks.c.key.in_(wanted[start : start + CHUNK]), checks.c.undone.is_(None))
        for row in connection.execute(query.order_by(checks.c.check)):
            found.setdefault(row.key, []).append(_check(row))
    return found


def all_checks(connection: Connection) -> list[Check]:
    """Every answer in force, oldest first: for figures, not for every day."""
    query = select(checks).where(checks.c.undone.is_(None)).order_by(checks.c.check)
    return [_check(row) for row in connection.execute(query)]


def settled_fields(connection: Connection, records: Iterable[int] | None = None) -> dict[tuple[int, str], Check]:
    """The answer that counts for each field of these records (else of all), by record and field."""
    query = select(checks).where(checks.c.undone.is_(None), checks.c.settles, checks.c.field.is_not(None))
    wanted = None if records is None else set(records)
    found: dict[tuple[int, str], Check] = {}
    if wanted is not None and len(wanted) == 1:
        query = query.where(checks.c.record == next(iter(wanted)))
    for row in connection.execute(query.order_by(checks.c.check)):
        if wanted is None or row.record in wanted:
            found[row.record, row.field] = _check(row)
    return found


def state_after(verdict: Verdict, value: Value) -> State:
    """The state of a field that a person has looked at."""
    if verdict is Verdict.UNREADABLE:
        return State.UNREADABLE
    return State.BLANK if value in (None, "", [], False) else State.SURE


def with_check(field: Mapping[str, Any], check: Check | None) -> dict[str, Any]:
    """A field of a record as plain values, with what a person said in the reading's place and the reading beside it."""
    if check is None:
        return dict(field)
    original = {name: field[name] for name in ("value", "state", "probability", "read_by", "reason")}
    return {
        **field,
        "value": check.value,
        "state": str(state_after(check.verdict, check.value)),
        "probability": 1.0,
        "read_by": check.who,
        "reason": None,
        "needs_person": False,
        "checked": {
            "answer": check.check,
            "verdict": str(check.verdict),
            "who": check.who,
            "via": check.via,
            "at": check.at,
            **({} if check.because is None else {"because": check.because}),
        },
        "original": original,
    }


def unsettled_readings(connection: Connection, among: Sequence[int] | None = None) -> Sequence[Row[Any]]:
    """Readings that need a person and have no answer in force, oldest first; of all records, or `among` these."""
    answered = select(checks.c.check).where(
        checks.c.record == readings.c.record,
        checks.c.field == readings.c.field,
        checks.c.settles,
        checks.c.undone.is_(None),
    )
    query = select(readings).where(readings.c.needs_person.is_(True), ~answered.exists())
    if among is not None:
        query = query.where(readings.c.record.in_(among))
    return connection.execute(query.order_by(readings.c.record, readings.c.position)).all()


def _check(row: Row[Any]) -> Check:
    return Check(
        row.check,
        row.key,
        row.record,
        row.field,
        Verdict(row.verdict),
        None if row.value is None else json.loads(row.value),
        row.who,
        row.via,
        row.at,
        row.settles,
        row.seq,
        row.case,
        row.told,
        row.because,
    )
