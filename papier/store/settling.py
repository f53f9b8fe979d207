"""How an answer settles what was asked: once, by as many people as the form wants, told to the case that waits for it.

In the browser, in the terminal and on a sheet of corrections alike; the caller has held the value against the form.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from papier.forms.correction_sheet import BLANK, NAME, RIGHT, UNREADABLE, VISA, row_field
from papier.forms.definition import Demand
from papier.forms.layout import Layout
from papier.forms.question_slip import ANSWER
from papier.ocr.content_rules import cells_text, rule_for
from papier.records import Value
from papier.store.case_filing import ABOUT_FIELDS, QUESTION, FiledRecord, load_record, tell_answer
from papier.store.checks import Check, Verdict, find_checks, note_told, write_check
from papier.store.tables import layouts, readings, records, row_sheets, sheets

CONFLICT_PREFIX = "conflict:"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, as the store needs it: the item's key, the field, how many people must say the same."""

    key: str
    record: int | None = None
    field: str | None = None
    eyes: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an answer. `refused`: it was settled before (by `check`), or the same person read it before."""

    check: Check
    settled: bool
    again: bool = False
    refused: bool = False
    case: int | None = None


def settle(
    connection: Connection,
    now: dt.datetime,
    question: Question,
    verdict: Verdict,
    value: Value,
    *,
    who: str,
    via: str,
    because: str | None = None,
) -> Outcome:
    """Record an answer within a writing transaction, and tell the case once the question is settled by it."""
    given = [check for check in find_checks(connection, question.key) if check.verdict.answers]
    done = [check for check in given if check.settles]
    if done:
        same = done[-1].who.casefold() == who.casefold() and done[-1].value == value
        return Outcome(done[-1], settled=True, again=same, refused=not same, case=done[-1].case)
    own = [check for check in given if check.who.casefold() == who.casefold()]
    if own and question.eyes > 1:
        same = own[-1].value == value
        return Outcome(own[-1], settled=False, again=same, refused=not same)
    settles = question.eyes == 1 or any(check.value == value for check in given)
    check = write_check(
        connection, now, question.key, verdict, value,
        who=who, via=via, settles=settles, record=question.record, field=question.field, because=because,
    )  # fmt: skip
    if not settles or question.record is None or question.field is None:
        return Outcome(check, settles)
    for other in _other_scans(connection, question):
        # One sheet says one thing, however often it was scanned.
        write_check(
            connection, now, question.key, verdict, value,
            who=who, via=via, settles=True, record=other, field=question.field,
        )  # fmt: skip
    if _kind_of_rows(connection, question.record) in ABOUT_FIELDS:
        apply_corrections(connection, [question.record], now)
        return Outcome(check, settles)
    told = tell_answer(connection, question.record, question.field, value, check.check, who, now)
    if told is None:
        return Outcome(check, settles)
    note_told(connection, check.check, *told)
    return Outcome(check, settles, case=told[0])


def _kind_of_rows(connection: Connection, record: int) -> str | None:
    query = (
        select(row_sheets.c.kind).join(records, records.c.sheet == row_sheets.c.sheet).where(records.c.record == record)
    )
    return connection.execute(query).scalar()


def _other_scans(connection: Connection, question: Question) -> Sequence[int]:
    if not question.key.startswith(CONFLICT_PREFIX):
        return []
    sheet = connection.execute(select(records.c.sheet).where(records.c.record == question.record)).scalar()
    return (
        connection.execute(
            select(records.c.record).where(records.c.sheet == sheet, records.c.record != question.record)
        )
        .scalars()
        .all()
    )


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """What a row of a sheet of corrections stands for. `values`: what each of its boxes says, by the box's name."""

    question: Question
    values: Mapping[str, Value]

    def to_json(self) -> dict[str, Any]:
        asked = self.question
        return {
            "key": asked.key,
            "record": asked.record,
            "field": asked.field,
            "eyes": asked.eyes,
            "values": dict(self.values),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CorrectionRow:
        return cls(Question(data["key"], data["record"], data["field"], data["eyes"]), data["values"])


def correction_rows(text: str) -> list[CorrectionRow]:
    """The rows of a sheet of corrections, as the store keeps them."""
    return [CorrectionRow.from_json(entry) for entry in json.loads(text)]


def apply_corrections(connection: Connection, touched: Sequence[int], now: dt.datetime) -> list[int]:
    """Settle what the sheets of corrections among these records say, each row once; gives the cases that were told.

    An unsigned one says nothing. A row that was not read for sure, or says two things, stays open; so does a value that
    the field's form does not allow, and a row for two pairs of eyes where the name of its reader was not read.
    A slip on which a family was asked answers its one question.
    """
    told: list[int] = []
    for number in sorted(set(touched)):
        kind = _kind_of_rows(connection, number)
        record = load_record(connection, number) if kind in ABOUT_FIELDS else None
        if record is not None and kind == QUESTION:
            told += _apply_slip(connection, record, now)
        elif record is not None and record.values.get(VISA):
            told += _apply_sheet(connection, record, now)
    return told


def _apply_slip(connection: Connection, record: FiledRecord, now: dt.datetime) -> list[int]:
    """What a family wrote on the slip that asked them; nothing where it is blank or in doubt."""
    kept = connection.execute(select(row_sheets).where(row_sheets.c.sheet == record.sheet)).one()
    value = record.values.get(ANSWER)
    (row,) = correction_rows(kept.rows)
    typed = isinstance(value, str)
    if (
        kept.done != "[]"
        or value is None
        or not _is_kept(connection, row.question)
        or (typed and not _allowed(connection, row.question, str(value)))
    ):
        return []
    via = f"feuille {record.sheet}"
    who = f"famille, {via}"
    outcome = settle(connection, now, row.question, Verdict.TYPED, value, who=who, via=via)
    connection.execute(row_sheets.update().where(row_sheets.c.sheet == record.sheet).values(done="[1]"))
    return [] if outcome.case is None or outcome.refused or outcome.again else [outcome.case]


def _apply_sheet(connection: Connection, record: FiledRecord, now: dt.datetime) -> list[int]:
    kept = connection.execute(select(row_sheets).where(row_sheets.c.sheet == record.sheet)).one()
    done = set(json.loads(kept.done))
    name = record.values.get(NAME)
    told = []
    for at, row in enumerate(correction_rows(kept.rows), 1):
        said = _row_answer(record, at, row) or _corroborated(connection, record, at, row.question)
        if at in done or said is None or not _is_kept(connection, row.question):
            continue
        verdict, value = said
        if row.question.eyes > 1 and not name:
            continue
        if verdict is Verdict.TYPED and not _allowed(connection, row.question, str(value)):
            continue
        who = str(name) if name else f"visa, feuille {record.sheet}"
        outcome = settle(connection, now, row.question, verdict, value, who=who, via=f"feuille {record.sheet}")
        # What was settled elsewhere meanwhile is done as well.
        done.add(at)
        if outcome.case is not None and not outcome.refused and not outcome.again:
            told.append(outcome.case)
    connection.execute(
        row_sheets.update().where(row_sheets.c.sheet == record.sheet).values(done=json.dumps(sorted(done)))
    )
    return told


def _is_kept(connection: Connection, question: Question) -> bool:
    """False where the record was purged meanwhile: nothing is said of it any more."""
    kept = select(readings.c.field).where(readings.c.record == question.record, readings.c.field == question.field)
    return connection.execute(kept).first() is not None


def _row_answer(record: FiledRecord, at: int, row: CorrectionRow) -> tuple[Verdict, Value] | None:
    """What a row says for sure; None where it says nothing, is in doubt, or says two things."""
    boxes, cells = row_field(at, "suite"), row_field(at, "valeur")
    if boxes in record.doubtful or cells in record.doubtful:
        return None
    ticked, written = record.values.get(boxes) or [], record.values.get(cells)
    if not ticked:
        return (Verdict.TYPED, written) if written else None
    if len(ticked) > 1 or ticked[0] not in row.values:
        return None
    value = row.values[ticked[0]]
    if written and written != value:
        return None
    verdicts = {RIGHT: Verdict.RIGHT, BLANK: Verdict.BLANK, UNREADABLE: Verdict.UNREADABLE}
    return verdicts.get(ticked[0], Verdict.CANDIDATE), value


def _corroborated(
    connection: Connection, record: FiledRecord, at: int, question: Question
) -> tuple[Verdict, Value] | None:
    """The best reading, where the checker wrote the same in the cells: two pens, each in some doubt, agree.

    Bayes' rule for two independent witnesses, all doubt of both taken to fall on one and the same other value.
    """
    boxes, cells = row_field(at, "suite"), row_field(at, "valeur")
    if cells not in record.doubtful or boxes in record.doubtful or record.values.get(boxes):
        return None
    found = {
        row.record: row
        for row in connection.execute(
            select(readings).where(
                ((readings.c.record == record.record) & (readings.c.field == cells))
                | ((readings.c.record == question.record) & (readings.c.field == question.field))
            )
        )
    }
    here, there = found.get(record.record), found.get(question.record or 0)
    if here is None or there is None or here.value != there.value or json.loads(here.value) is None:
        return None
    both = here.probability * there.probability
    neither = (1 - here.probability) * (1 - there.probability)
    value = json.loads(here.value)
    accept = _demand(connection, question)[0].accept
    sure = both / (both + neither) >= accept and _allowed(connection, question, str(value))
    return (Verdict.TYPED, value) if sure else None


def _allowed(connection: Connection, question: Question, value: str) -> bool:
    """True when the form that asks allows this value; nobody is there to insist."""
    demand, content = _demand(connection, question)
    judged = rule_for(content, demand)(cells_text(value, content))
    return judged.problem is None and judged.value == value and (not demand.choices or value in demand.choices)


def _demand(connection: Connection, question: Question) -> tuple[Demand, str]:
    """What the form that asks demands of the field, and what its cells hold."""
    frozen = connection.execute(
        select(layouts.c.frozen)
        .join(sheets, sheets.c.layout == layouts.c.digest)
        .join(records, records.c.sheet == sheets.c.number)
        .where(records.c.record == question.record)
    ).scalar()
    if frozen is None:
        return Demand(), "mixed"
    layout = Layout.from_frozen(frozen)
    content = next((zone.content for zone in layout.zones() if zone.field == question.field and zone.content), "mixed")
    return layout.demands.get(question.field or "", Demand()), content
