"""Cases: their events in the chain, and beside them what those events leave, so that a list needs no replay."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, func, select

from papier.errors import UsageError, WorkflowRefusedError
from papier.language import translate as _
from papier.store.blank_sheets import blank_key, settle_blank
from papier.store.checks import Verdict, field_key, find_told, note_told, take_back, write_check
from papier.store.connection import reading, writing
from papier.store.events import append_event
from papier.store.tables import case_events, case_sheets, cases, events, readings, records, workflows
from papier.workflows.case import Case, Doubt, Value
from papier.workflows.definition import Workflow
from papier.workflows.events import CaseEvent, Kind, in_force
from papier.workflows.folding import apply, fold, open_case
from papier.workflows.place import Place
from papier.workflows.refusals import find_refusal, unknown_step
from papier.workflows.tasks import wakes_on

# How an event of a case is called in the chain.
PREFIX = "case-"


class CaseLedger:
    """The cases of a store within one transaction. Only `open` and `record` write, and need a writing connection."""

    def __init__(self, connection: Connection, now: dt.datetime) -> None:
        self.connection = connection
        self.now = now
        self._workflows: dict[str, Workflow] = {}
        self._frozen: set[str] = set()

    def find_workflow(self, digest: str) -> Workflow:
        """A definition that a case follows, as it was frozen."""
        if digest not in self._workflows:
            frozen = self.connection.execute(
                select(workflows.c.frozen).where(workflows.c.digest == digest)
            ).scalar_one()
            self._workflows[digest] = _thaw(frozen)
        return self._workflows[digest]

    def workflow_of(self, case: Case) -> Workflow:
        return self.find_workflow(case.digest)

    def load(self, number: int) -> Case:
        """Raises UsageError when there is no such case."""
        found = self.connection.execute(select(cases.c.state).where(cases.c.number == number)).scalar()
        if found is None:
            raise UsageError(_("There is no case {number}. `papier cases` lists them all.").format(number=number))
        return Case.from_json(json.loads(found))

    def is_erased(self, number: int) -> bool:
        """True when what the case said was purged."""
        return self.connection.execute(select(cases.c.erased_at).where(cases.c.number == number)).scalar() is not None

    def replay(self, number: int) -> Case:
        """The case folded anew from all its events."""
        return fold(number, self.history(number), self.find_workflow)

    def history(self, number: int) -> list[CaseEvent]:
        """Every event of a case, in order, amendments included."""
        rows = self.connection.execute(
            select(events)
            .join(case_events, case_events.c.seq == events.c.seq)
            .where(case_events.c.number == number)
            .order_by(events.c.seq)
        )
        return [_event(row) for row in rows]

    def _find_amendment_refusal(self, number: int, seq: int, changes: Mapping[str, Any]) -> str | None:
        """Why an event may not be amended so: what it says then must have been allowed when it was recorded."""
        told = in_force(self.history(number))
        amended = next((event for event in told if event.seq == seq), None)
        if amended is None or amended.kind in {Kind.OPENED, Kind.MOVED}:
            return None
        case = fold(number, [event for event in told if event.seq < seq], self.find_workflow)
        workflow = self.workflow_of(case)
        step = changes.get("step")
        if step is not None and step not in workflow.steps:
            return unknown_step(case, workflow, step)
        return find_refusal(case, workflow, amended.kind, {**amended.data, **changes}, self.now.date())

    def find_by_sheet(self, sheet: str) -> int | None:
        """The case that a sheet belongs to."""
        return self.connection.execute(select(case_sheets.c.number).where(case_sheets.c.sheet == sheet)).scalar()

    def freeze(self, workflow: Workflow) -> str:
        """Keep a definition for as long as a case follows it; gives its digest."""
        digest = workflow.digest()
        if digest in self._frozen:
            return digest
        if not self.connection.execute(select(workflows.c.digest).where(workflows.c.digest == digest)).first():
            self.connection.execute(
                workflows.insert().values(
                    digest=digest,
                    workflow=workflow.name,
                    version=workflow.version,
                    frozen=workflow.to_frozen(),
                    first_used=self.now.isoformat(),
                )
            )
        self._frozen.add(digest)
        return digest

    def next_number(self) -> int:
        """The number that the next case gets."""
        return (self.connection.execute(select(func.max(cases.c.number))).scalar() or 0) + 1

    def open(
        self,
        workflow: Workflow,
        form: str,
        person: Mapping[str, str],
        on: dt.date | None = None,
        place: Place = Place(),  # noqa: B008 - frozen
    ) -> Case:
        """Begin a case."""
        number = self.next_number()
        data = {
            "workflow": workflow.name,
            "version": workflow.version,
            "digest": self.freeze(workflow),
            "form": form,
            "person": {name: text for name, text in person.items() if text},
            "region": place.region,
            **({} if place.zone is None else {"zone": place.zone}),
            "on": (on or self.now.date()).isoformat(),
        }
        event = self._append(number, Kind.OPENED, data)
        case = open_case(number, event, self.find_workflow)
        self.connection.execute(cases.insert().values(**self.row_of(case)))
        self._index(number, event.seq)
        return case

    def record(self, number: int, kind: Kind, data: Mapping[str, Any]) -> Case:
        """Record an event of a case. Raises WorkflowRefusedError when the workflow does not allow it."""
        case = self.load(number)
        if self.is_erased(number):
            raise WorkflowRefusedError(
                _("Case {number} was purged: its time is over. Open another: papier cases open").format(number=number)
            )
        workflow = self.find_workflow(data["digest"]) if kind is Kind.MOVED else self.workflow_of(case)
        refused = find_refusal(case, workflow, kind, data, self.now.date())
        if kind is Kind.AMENDED and data["data"] is not None:
            refused = refused or self._find_amendment_refusal(number, data["seq"], data["data"])
        if refused is not None:
            raise WorkflowRefusedError(refused)
        event = self._append(number, kind, data)
        self._index(number, event.seq)
        self._keep_answer(case, event)
        case = self.replay(number) if kind is Kind.AMENDED else apply(case, event, self.find_workflow)
        row = self.row_of(case)
        self.connection.execute(cases.update().where(cases.c.number == number).values(**row))
        if kind in {Kind.PRINTED, Kind.RETURNED}:
            self._keep_sheets(case, data)
        return case

    def _keep_answer(self, case: Case, event: CaseEvent) -> None:
        """What a person says of a field is said of its record too: a field has one truth, whoever is told it first.

        An event that an answer of the queue caused names that answer, and is left alone here.
        """
        data = event.data
        if kind_of_field(case, event) and "check" not in data:
            sheet, field, value, verdict = _answer_in(case, event)
            record = self._record_with(sheet, field)
            if record is not None:
                check = write_check(
                    self.connection, self.now, field_key(record, field), verdict, value,
                    who=str(data.get("by") or ""), via=f"case {case.number}", settles=True, record=record, field=field,
                )  # fmt: skip
                note_told(self.connection, check.check, case.number, event.seq)
        elif event.kind is Kind.CHECKED and "check" not in data:
            self._keep_blank(case, event)
        elif event.kind is Kind.AMENDED:
            check_told = find_told(self.connection, data["seq"])
            if check_told is None:
                return
            take_back(self.connection, self.now, check_told, str(data.get("by") or ""))
            if check_told.record is not None and check_told.key == blank_key(check_told.record):
                settle_blank(self.connection, check_told.record, None)
            if data["data"] is not None and "value" in data["data"]:
                again = write_check(
                    self.connection, self.now, check_told.key, Verdict.TYPED, data["data"]["value"],
                    who=str(data.get("by") or ""), via=f"case {case.number}", settles=True,
                    record=check_told.record, field=check_told.field,
                )  # fmt: skip
                note_told(self.connection, again.check, case.number, data["seq"])

    def _keep_blank(self, case: Case, event: CaseEvent) -> None:
        """A sheet of which the case is told that it came back blank is blank for the queue as well."""
        asked = next((asked for asked in case.questions if asked.key == event.data["question"]), None)
        entry = case.find_return(str(asked.sheet)) if asked is not None and asked.doubt is Doubt.BLANK else None
        if entry is None:
            return
        check = write_check(
            self.connection, self.now, blank_key(entry.record), Verdict.ASIDE, None,
            who=str(event.data.get("by") or ""), via=f"case {case.number}", settles=True, record=entry.record,
        )  # fmt: skip
        note_told(self.connection, check.check, case.number, event.seq)
        settle_blank(self.connection, entry.record, Verdict.ASIDE)

    def _record_with(self, sheet: str, field: str) -> int | None:
        """The latest record of a sheet, as a case calls it, that has a reading of this field."""
        number, _hash, record = sheet.partition("#")
        query = (
            select(readings.c.record)
            .join(records, records.c.record == readings.c.record)
            .where(records.c.sheet == number, readings.c.field == field)
            .order_by(readings.c.needs_person.desc(), readings.c.record.desc())
            .limit(1)
        )
        if record:
            query = query.where(readings.c.record == int(record))
        return self.connection.execute(query).scalar()

    def _append(self, number: int, kind: Kind, data: Mapping[str, Any]) -> CaseEvent:
        append_event(self.connection, self.now, PREFIX + kind, {"case": number, **data})
        row = self.connection.execute(select(events).order_by(events.c.seq.desc()).limit(1)).one()
        # As it was written: what is kept must be what a replay gives.
        return _event(row)

    def _index(self, number: int, seq: int) -> None:
        self.connection.execute(case_events.insert().values(number=number, seq=seq))

    def _keep_sheets(self, case: Case, data: Mapping[str, Any]) -> None:
        numbers = [number for number, _ in data.get("sheets", ())]
        if data.get("sheet") and not data.get("copy"):
            numbers.append(data["sheet"])
        for number in numbers:
            if self.find_by_sheet(number) is None:
                self.connection.execute(case_sheets.insert().values(sheet=number, number=case.number))

    def row_of(self, case: Case) -> dict[str, Any]:
        """What is kept of a case beside its events."""
        workflow = self.workflow_of(case)
        wakes = wakes_on(case, workflow)
        return {
            "number": case.number,
            "workflow": case.workflow,
            "version": case.version,
            "digest": case.digest,
            "name": case.name,
            "class": case.person.get("classe", ""),
            "step": case.step,
            "stage": str(case.stage(workflow)),
            "opened": case.opened.isoformat(),
            "wakes_on": None if wakes is None else wakes.isoformat(),
            "state": json.dumps(case.to_json(), ensure_ascii=False, separators=(",", ":")),
            "seq": case.seq,
        }


def kind_of_field(case: Case, event: CaseEvent) -> bool:
    """True for an event by which a person says what a field holds."""
    if event.kind is Kind.CORRECTED:
        return True
    if event.kind is not Kind.CHECKED:
        return False
    asked = next((asked for asked in case.questions if asked.key == event.data["question"]), None)
    return asked is not None and asked.doubt is Doubt.FIELD and None not in (asked.sheet, asked.field)


def _answer_in(case: Case, event: CaseEvent) -> tuple[str, str, Value, Verdict]:
    """The sheet, the field and what a person says of it. `case` is as it stood before the event."""
    data = event.data
    if event.kind is Kind.CORRECTED:
        return data["sheet"], data["field"], data["value"], Verdict.TYPED
    asked = next(asked for asked in case.questions if asked.key == data["question"])
    entry = case.find_return(str(asked.sheet))
    value = entry.doubtful.get(str(asked.field)) if entry is not None else None
    return str(asked.sheet), str(asked.field), value, Verdict.RIGHT


@lru_cache(maxsize=256)
def _thaw(frozen: str) -> Workflow:
    return Workflow.from_frozen(frozen)


def _event(row: Row[Any]) -> CaseEvent:
    data = json.loads(row.data)
    data.pop("case")
    return CaseEvent(row.seq, dt.date.fromisoformat(row.at[:10]), Kind(row.kind.removeprefix(PREFIX)), data)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which cases: each condition that is given must hold. `after`: only higher numbers, to go on with a list."""

    workflow: str | None = None
    stage: str | None = None
    class_: str | None = None
    name: str | None = None
    step: str | None = None
    open_only: bool = False
    woken_by: dt.date | None = None
    after: int = 0

    def narrow(self, query: Select[Any]) -> Select[Any]:
        for column, wanted in (
            (cases.c.workflow, self.workflow),
            (cases.c.stage, self.stage),
            (cases.c["class"], self.class_),
            (cases.c.step, self.step),
        ):
            if wanted is not None:
                query = query.where(column == wanted)
        if self.name is not None:
            query = query.where(cases.c.name.contains(self.name.upper()) | cases.c.name.contains(self.name))
        if self.open_only:
            query = query.where(cases.c.stage != "closed")
        if self.woken_by is not None:
            query = query.where(cases.c.wakes_on <= self.woken_by.isoformat())
        if self.after:
            query = query.where(cases.c.number > self.after)
        return query


def list_cases(
    engine: Engine, wanted: Filter, now: dt.datetime, limit: int | None = None, *, longest_first: bool = False
) -> list[tuple[Case, Workflow]]:
    """The cases that a filter lets through, with the definition that each follows, in the order of their numbers; or
    those first that somebody has had to look at for longest.
    """
    with reading(engine) as connection:
        return list(iterate_cases(connection, wanted, now, limit, longest_first=longest_first))


def iterate_cases(
    connection: Connection,
    wanted: Filter,
    now: dt.datetime,
    limit: int | None = None,
    *,
    longest_first: bool = False,
) -> Iterator[tuple[Case, Workflow]]:
    ledger = CaseLedger(connection, now)
    order = (cases.c.wakes_on, cases.c.number) if longest_first else (cases.c.number,)
    query = wanted.narrow(select(cases.c.state)).order_by(*order)
    if limit is not None:
        query = query.limit(limit)
    for text in connection.execute(query).scalars():
        case = Case.from_json(json.loads(text))
        yield case, ledger.workflow_of(case)


def count_cases(engine: Engine, wanted: Filter) -> int:
    with reading(engine) as connection:
        return int(connection.execute(wanted.narrow(select(func.count()).select_from(cases))).scalar_one())


def known_words(engine: Engine) -> tuple[list[str], list[str]]:
    """The classes and the workflows of all cases, open or closed, in order."""
    with reading(engine) as connection:
        columns = (cases.c["class"], cases.c.workflow)
        found = [connection.execute(select(column).distinct().order_by(column)).scalars() for column in columns]
        classes, names = ([str(word) for word in words if word] for words in found)
        return classes, names


def load_case(engine: Engine, number: int, now: dt.datetime) -> tuple[Case, Workflow, list[CaseEvent]]:
    """A case with its definition and all its events. Raises UsageError when there is none."""
    with reading(engine) as connection:
        ledger = CaseLedger(connection, now)
        case = ledger.load(number)
        return case, ledger.workflow_of(case), ledger.history(number)


def find_case_of_sheet(engine: Engine, sheet: str) -> int | None:
    """The case that a sheet belongs to, None where it belongs to none."""
    with reading(engine) as connection:
        return connection.execute(select(case_sheets.c.number).where(case_sheets.c.sheet == sheet)).scalar()


def record_event(engine: Engine, number: int, kind: Kind, data: Mapping[str, Any], now: dt.datetime) -> Case:
    """Record one event in a transaction of its own. Raises UsageError, WorkflowRefusedError."""
    with writing(engine) as connection:
        return CaseLedger(connection, now).record(number, kind, data)


def move_case(engine: Engine, number: int, workflow: Workflow, step: str | None, by: str, now: dt.datetime) -> Case:
    """Put a case on another version of its workflow. Raises WorkflowRefusedError when that cannot be."""
    with writing(engine) as connection:
        ledger = CaseLedger(connection, now)
        refused = find_refusal(ledger.load(number), workflow, Kind.MOVED, {"step": step}, now.date())
        if refused is not None:
            raise WorkflowRefusedError(refused)
        data = {"digest": ledger.freeze(workflow), "version": workflow.version, "step": step, "by": by}
        return ledger.record(number, Kind.MOVED, data)


def find_stale(connection: Connection) -> list[int]:
    """The cases whose kept state is not what their events leave: it was damaged."""
    # Replaying reads no clock; the ledger's moment only stands on what it would write.
    ledger = CaseLedger(connection, dt.datetime.min.replace(tzinfo=dt.UTC))
    query = select(cases.c.number, cases.c.state).where(cases.c.erased_at.is_(None)).order_by(cases.c.number)
    rows = connection.execute(query).all()
    return [row.number for row in rows if ledger.replay(row.number).to_json() != json.loads(row.state)]


def alike_cases(connection: Connection, workflow: str, name: str, except_for: int) -> Sequence[int]:
    """Open cases of a workflow about somebody of the same name."""
    return (
        connection.execute(
            select(cases.c.number)
            .where(cases.c.workflow == workflow, cases.c.name == name, cases.c.stage != "closed")
            .where(cases.c.number != except_for)
            .order_by(cases.c.number)
            .limit(10)
        )
        .scalars()
        .all()
    )


def refile_sheet(engine: Engine, number: int, sheet: str, by: str, now: dt.datetime) -> Case:
    """Take a sheet that came back out of the case it was filed with, and file it with another; gives that one.

    Raises UsageError when no case has the sheet, WorkflowRefusedError when it is where it should be.
    """
    with writing(engine) as connection:
        ledger = CaseLedger(connection, now)
        ledger.load(number)
        owner = ledger.find_by_sheet(sheet)
        if owner is None:
            raise UsageError(
                _("No case has the sheet {sheet}. Take its scan in first: papier intake SCAN").format(sheet=sheet)
            )
        if owner == number:
            raise WorkflowRefusedError(
                _("The sheet {sheet} is filed with case {number} already.").format(sheet=sheet, number=number)
            )
        moved = [
            event for event in ledger.history(owner) if event.kind is Kind.RETURNED and event.data["sheet"] == sheet
        ]
        if not moved:
            raise WorkflowRefusedError(
                _("The sheet {sheet} belongs to case {owner} and has not come back.").format(sheet=sheet, owner=owner)
            )
        for event in moved:
            ledger.record(owner, Kind.AMENDED, {"seq": event.seq, "data": None, "by": by})
        connection.execute(case_sheets.update().where(case_sheets.c.sheet == sheet).values(number=number))
        case = ledger.load(number)
        for event in moved:
            case = ledger.record(number, Kind.RETURNED, {**event.data, "by": by})
    return case
