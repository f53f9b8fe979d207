"""How each event changes a case. `fold` over all of them, or `apply` of the next one, give the same case."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from papier.workflows.case import Case, Doubt, Mark, Question
from papier.workflows.case_changes import ask, change_visit, close_questions, put_mark, put_return
from papier.workflows.coming_in import ask_doubts, know_person, note_returned
from papier.workflows.definition import Workflow
from papier.workflows.events import CaseEvent, Kind, in_force
from papier.workflows.going_out import note_answered, note_delivered, note_printed, note_sent
from papier.workflows.moving import decide, enter
from papier.workflows.using_returns import settle

FindWorkflow = Callable[[str], Workflow]
Change = Callable[[Case, CaseEvent, Workflow], Case]


def fold(number: int, events: Sequence[CaseEvent], find: FindWorkflow) -> Case:
    """The case that `events` leave; `find` gives the frozen definition of a digest. The first one in force opens it."""
    case: Case | None = None
    for event in in_force(events):
        case = open_case(number, event, find) if case is None else apply(case, event, find)
    if case is None:
        raise ValueError(f"case {number} has no event that opens it")
    # Amendments leave no trace of their own but this one.
    return dataclasses.replace(case, seq=events[-1].seq)


def open_case(number: int, event: CaseEvent, find: FindWorkflow) -> Case:
    """A case from its first event, at its workflow's first step."""
    data = event.data
    workflow = find(data["digest"])
    case = Case(
        number=number,
        workflow=data["workflow"],
        version=data["version"],
        digest=data["digest"],
        form=data["form"],
        opened=event.on,
        person=dict(data["person"]),
        region=data.get("region"),
        zone=data.get("zone"),
        marks={"opened": Mark(event.on, event.on, event.seq)},
        seq=event.seq,
    )
    return enter(case, workflow.first.name, event, workflow)


def apply(case: Case, event: CaseEvent, find: FindWorkflow) -> Case:
    """The case after one more event. An amendment changes the past: fold all events anew instead."""
    if event.kind is Kind.AMENDED:
        raise ValueError("an amendment changes the past: fold all events anew")
    if event.kind is Kind.MOVED:
        workflow = find(event.data["digest"])
        case = dataclasses.replace(case, digest=event.data["digest"], version=event.data["version"])
    else:
        workflow = find(case.digest)
    changed = _CHANGES[event.kind](case, event, workflow)
    return dataclasses.replace(settle(changed, event, workflow), seq=event.seq)


# ---- what people say


def _corrected(case: Case, event: CaseEvent, _workflow: Workflow) -> Case:
    sheet, name, value = event.data["sheet"], event.data["field"], event.data["value"]
    entry = case.find_return(sheet)
    if entry is None:
        return case
    doubtful = {key: kept for key, kept in entry.doubtful.items() if key != name}
    values = {key: kept for key, kept in entry.values.items() if key != name}
    if value not in (None, "", [], False):
        values[name] = value
    undecided = {f"unsigned:{sheet}", f"several:{sheet}"} & {asked.key for asked in case.questions}
    entry = dataclasses.replace(entry, values=values, doubtful=doubtful, used=entry.used and not undecided)
    case = know_person(put_return(case, entry), values)
    return close_questions(case, f"field:{sheet}:{name}", f"conflict:{sheet}:{name}", *undecided)


def _checked(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    key, keep = event.data["question"], event.data.get("keep")
    question = next((asked for asked in case.questions if asked.key == key), None)
    if question is None:
        return case
    if question.doubt is Doubt.FIELD and question.sheet is not None and question.field is not None:
        entry = case.find_return(question.sheet)
        value = entry.doubtful.get(question.field) if entry is not None else None
        data = {**event.data, "sheet": question.sheet, "field": question.field, "value": value}
        return _corrected(case, dataclasses.replace(event, data=data), workflow)
    if question.doubt is Doubt.BLANK:
        case = dataclasses.replace(
            case,
            returns=tuple(
                dataclasses.replace(entry, aside=True) if entry.sheet == question.sheet else entry
                for entry in case.returns
            ),
        )
    if question.doubt is Doubt.TWO_ANSWERS and keep is not None:
        form = next((entry.form for entry in case.returns if entry.sheet == keep), None)
        case = dataclasses.replace(
            case,
            returns=tuple(
                dataclasses.replace(entry, aside=entry.form == form and entry.sheet != keep) for entry in case.returns
            ),
        )
    return close_questions(case, key)


def _decided(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    step = workflow.steps.get(event.data["step"])
    if step is None or step.decision is None:
        return case
    # Whoever decides has both answers before them.
    settled = [
        asked.key for asked in case.questions if asked.doubt in {Doubt.TWO_ANSWERS, Doubt.UNSIGNED, Doubt.SEVERAL}
    ]
    used = tuple(dataclasses.replace(entry, used=True) for entry in case.returns)
    case = dataclasses.replace(close_questions(case, *settled), returns=used)
    return decide(case, event.data["options"], step, event, workflow)


# ---- time, orders, endings


def _passed(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    data = event.data
    step = workflow.steps.get(data["step"])
    clock = step.clock(data["clock"]) if step is not None else None
    if step is None or clock is None:
        return case
    prudent, theoretical = (dt.date.fromisoformat(data[name]) for name in ("prudent", "theoretical"))
    case = put_mark(case, f"{step.name}.{clock.name}", prudent, theoretical, event.seq)
    visit = case.visits.get(step.name)
    if visit is not None:
        case = change_visit(case, step.name, passed=(*visit.passed, clock.name))
    if clock.then is not None and step.name in case.active():
        return enter(case, clock.then, event, workflow)
    return case


def _followed(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    return enter(case, event.data["to"], event, workflow)


def _done(case: Case, event: CaseEvent, _workflow: Workflow) -> Case:
    key = event.data["key"]
    postponed = {name: until for name, until in case.postponed.items() if name != key}
    return dataclasses.replace(case, done=(*(name for name in case.done if name != key), key), postponed=postponed)


def _postponed(case: Case, event: CaseEvent, _workflow: Workflow) -> Case:
    return dataclasses.replace(case, postponed={**case.postponed, event.data["key"]: event.data["until"]})


def _flagged(case: Case, event: CaseEvent, _workflow: Workflow) -> Case:
    return ask(case, Question(f"flag:{event.seq}", Doubt.FLAGGED, None, None, event.data["text"], event.seq))


def _closed(case: Case, event: CaseEvent, _workflow: Workflow) -> Case:
    return dataclasses.replace(case, closed=event.on, end=None, reason=event.data["reason"], beside=())


def _withdrawn(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    return _closed(case, event, workflow)


def _reopened(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    case = dataclasses.replace(case, closed=None, end=None, reason=None)
    closing = tuple(asked.key for asked in case.questions if asked.doubt is Doubt.CLOSED)
    case = close_questions(case, *closing)
    for entry in case.returns:
        case = ask_doubts(case, entry, event.seq)
    step = event.data.get("step")
    if step is not None and step != case.step:
        return enter(case, step, event, workflow)
    return case


def _moved(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    step = event.data.get("step") or case.step
    beside = tuple(name for name in case.beside if name in workflow.steps and workflow.steps[name].beside)
    case = dataclasses.replace(case, beside=beside)
    if step != case.step:
        return enter(case, step, event, workflow)
    return case


_CHANGES: Mapping[Kind, Change] = {
    Kind.OPENED: lambda case, _event, _workflow: case,
    Kind.PRINTED: note_printed,
    Kind.SENT: note_sent,
    Kind.DELIVERED: note_delivered,
    Kind.RETURNED: note_returned,
    Kind.FILED: lambda case, _event, _workflow: case,
    Kind.ANSWERED: note_answered,
    Kind.CORRECTED: _corrected,
    Kind.CHECKED: _checked,
    Kind.DECIDED: _decided,
    Kind.PASSED: _passed,
    Kind.FOLLOWED: _followed,
    Kind.DONE: _done,
    Kind.POSTPONED: _postponed,
    Kind.FLAGGED: _flagged,
    Kind.CLOSED: _closed,
    Kind.WITHDRAWN: _withdrawn,
    Kind.REOPENED: _reopened,
    Kind.MOVED: _moved,
}
