"""Correcting what a record says although nobody doubted it (GDPR, article 16): an answer with its reason, undoable.

The reading stays beside it, as with every answer; the case that heard of the value is told.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine, func, select

from papier.checking.answers import Answer, name_of, undo, value_of
from papier.checking.candidates import shown
from papier.checking.fields import field_item
from papier.checking.item import Candidate, CheckItem
from papier.checking.known import find_frozen, load_records, pages_by_id
from papier.errors import UsageError
from papier.language import translate as _
from papier.records import State, Value
from papier.store.checks import Check, Verdict, settled_fields
from papier.store.connection import reading, writing
from papier.store.settling import Question, settle
from papier.store.tables import checks, readings, records
from papier.store.workspace import Workspace
from papier.yaml_source import suggest_or_list

PREFIX = "correction"
CORRECTING = frozenset({Verdict.TYPED, Verdict.BLANK, Verdict.UNREADABLE})


@dataclass(frozen=True, slots=True)
class Correction:
    """What was, or with a dry run would be, corrected. `check` is None where nothing was recorded.

    `again`: the record says so already. `case`: the case that was told.
    """

    item: CheckItem
    before: Value
    value: Value
    check: Check | None = None
    again: bool = False
    case: int | None = None


def find_correctable(engine: Engine, which: str, field: str) -> CheckItem:
    """The field as an item, its key a fresh one; `which` is a record's number or a sheet's.

    Its value and state are what the record says now. Raises UsageError where there is no such record or field, or where
    a sheet has several records.
    """
    with reading(engine) as connection:
        return _item(connection, _record(connection, which), field)


def correct(
    engine: Engine,
    record: int,
    field: str,
    given: Answer,
    *,
    because: str,
    who: str,
    now: dt.datetime,
    via: str = "terminal",
    dry_run: bool = False,
) -> Correction:
    """Record that the field says something else; the same as it says now does nothing.

    `given`: a value, that nothing is written there, or that nobody can read it. Raises UsageError for a value that the
    field cannot hold, and where no reason is given.
    """
    who, why = name_of(who), " ".join(because.split())
    if not why:
        raise UsageError(_("Say why it is corrected: --because."))
    if given.verdict not in CORRECTING:
        raise UsageError(_("Give the right value, or say that nothing is written there: --blank."))
    with writing(engine) as connection:
        item = _item(connection, record, field)
        value = value_of(item, given)
        if value == item.value and (given.verdict is not Verdict.UNREADABLE or item.state is State.UNREADABLE):
            return Correction(item, item.value, value, again=True)
        if dry_run:
            return Correction(item, item.value, value)
        question = Question(item.key, record, field)
        outcome = settle(connection, now, question, given.verdict, value, who=who, via=via, because=why)
        return Correction(item, item.value, value, outcome.check, case=outcome.case)


def undo_correction(
    workspace: Workspace, engine: Engine, record: int, field: str, *, who: str, now: dt.datetime
) -> Check:
    """Take the last correction of a field back: what stood before it holds again. Raises UsageError where none is."""
    with reading(engine) as connection:
        number = connection.execute(
            select(func.max(checks.c.check)).where(
                checks.c.record == record, checks.c.field == field, checks.c.undone.is_(None),
                checks.c.key.startswith(f"{PREFIX}:"),
            )
        ).scalar()  # fmt: skip
    if number is None:
        raise UsageError(
            _("The field “{field}” of record {record} was not corrected.").format(field=field, record=record)
        )
    return undo(workspace, who=who, now=now, check=number, engine=engine)


def _record(connection: Connection, which: str) -> int:
    query = select(records.c.record).order_by(records.c.record)
    if which.isascii() and which.isdigit() and len(which) < 12:
        query = query.where(records.c.record == int(which))
    else:
        query = query.where(records.c.sheet == which.upper())
    found = connection.execute(query).scalars().all()
    if not found:
        raise UsageError(_("No record “{which}”. See: papier records list").format(which=which))
    if len(found) > 1:
        raise UsageError(
            _("The sheet {sheet} has several records ({numbers}). Give the number of one.").format(
                sheet=which, numbers=", ".join(map(str, found))
            )
        )
    return int(found[0])


def _item(connection: Connection, record: int, field: str) -> CheckItem:
    known = load_records(connection, [record]).get(record)
    if known is None:
        raise UsageError(_("No record “{which}”. See: papier records list").format(which=record))
    query = select(readings).where(readings.c.record == record)
    row = connection.execute(query.where(readings.c.field == field)).first()
    if row is None:
        names = [entry.field for entry in connection.execute(query.order_by(readings.c.position))]
        raise UsageError(
            _("Record {record} has no field “{field}”.{hint}").format(
                record=record, field=field, hint=suggest_or_list(field, names)
            )
        )
    layout = find_frozen(connection, known.digest, known.form, known.version)
    page = pages_by_id(connection, [row.page_id]).get(row.page_id)
    item = field_item(row, known, layout, page)
    if item.demand.paper_only:
        raise UsageError(
            _("The field “{field}” stays on paper: correct it there, and date and sign it.").format(field=item.label)
        )
    held = settled_fields(connection, [record]).get((record, field))
    if held is not None:
        # What the record says now comes first, as a reading would.
        said = Candidate(held.value, shown(held.value, item.options), 1.0)
        others = tuple(one for one in item.candidates if one.value != held.value)
        state = State.UNREADABLE if held.verdict is Verdict.UNREADABLE else State.SURE
        item = replace(item, value=held.value, state=state, candidates=(said, *others))
    times = connection.execute(
        select(func.count()).where(checks.c.record == record, checks.c.field == field)
    ).scalar_one()
    return replace(
        item, key=f"{PREFIX}:{record}:{field}:{times + 1}", eyes=1, reason=_("a correction was asked for"),
        like=f"{PREFIX} · {item.form}",
    )  # fmt: skip
