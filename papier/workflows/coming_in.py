"""What a sheet that comes back adds to its case: its values, its doubts, and what contradicts an earlier scan of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

from papier.workflows.case import PERSON_FIELDS, Case, Doubt, Question, Return, Value, said
from papier.workflows.case_changes import ask, close_questions, put_return, written_day
from papier.workflows.definition import Back, Workflow
from papier.workflows.events import CaseEvent


def note_returned(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    """A sheet was scanned: it is filed with what was read of it; `settle` uses it."""
    data = event.data
    sheet, form = data["sheet"], data["form"]
    printed = next((entry for entry in case.sheets if entry.sheet == sheet), None)
    step = printed.step if printed is not None else _step_for(case, form, workflow)
    values: dict[str, Value] = dict(data["values"])
    doubtful: dict[str, Value] = dict(data["doubtful"])
    earlier = case.find_return(sheet)
    case = close_questions(case, f"pages:{sheet}")
    if data.get("blank"):
        return _blank(case, event, step, earlier)
    blank = f"blank:{sheet}"
    if earlier is not None and not earlier.values and (earlier.aside or case.asks(blank)):
        # What came back blank was no answer: this is the first.
        case, earlier = close_questions(case, blank), None
    if earlier is None:
        entry = Return(
            sheet,
            form,
            step,
            data["record"],
            _received(event, values, step, workflow, case.opened),
            values,
            doubtful,
            event.seq,
        )
    else:
        entry, conflicts = _merge(earlier, data["record"], values, doubtful)
        for name in conflicts:
            text = f"« {said(earlier.values[name])} » puis « {said(values[name])} »"
            case = ask(case, Question(f"conflict:{sheet}:{name}", Doubt.CONFLICT, sheet, name, text, event.seq))
    if not entry.used:
        # The sheet says more than before: what was asked of it is asked anew, if it must be.
        case = close_questions(case, f"unsigned:{sheet}", f"several:{sheet}")
    case = put_return(case, entry)
    case = know_person(case, entry.values)
    if case.is_open:
        # Of a closed case nothing more is asked than whether to open it again.
        case = ask_doubts(case, entry, event.seq)
    if data.get("missing"):
        pages = ", ".join(str(page) for page in data["missing"])
        case = ask(case, Question(f"pages:{sheet}", Doubt.PAGES, sheet, None, pages, event.seq))
    if not case.is_open:
        if earlier is None or not entry.used:
            case = ask(case, Question(f"closed:{sheet}", Doubt.CLOSED, sheet, None, form, event.seq))
        return case
    if data.get("alike"):
        text = ", ".join(f"n° {number}" for number in data["alike"])
        case = ask(case, Question(f"alike:{sheet}", Doubt.ALIKE, sheet, None, text, event.seq))
    missing = data.get("lacks")
    if missing:
        case = ask(case, Question(f"version:{sheet}", Doubt.VERSION, sheet, None, ", ".join(missing), event.seq))
    return case


def _blank(case: Case, event: CaseEvent, step: str, earlier: Return | None) -> Case:
    """A sheet on which nothing is written: a person says so. A blank copy of one that says more asks nothing."""
    data = event.data
    sheet = data["sheet"]
    if earlier is not None and (earlier.values or earlier.doubtful):
        return put_return(case, dataclasses.replace(earlier, scans=earlier.scans + 1))
    scans = 1 if earlier is None else earlier.scans + 1
    entry = Return(sheet, data["form"], step, data["record"], event.on, {}, {}, event.seq, scans)
    case = put_return(case, entry)
    return ask(case, Question(f"blank:{sheet}", Doubt.BLANK, sheet, None, "", event.seq)) if case.is_open else case


def know_person(case: Case, values: Mapping[str, Value]) -> Case:
    """Who the case is about, as far as a sheet says so and nobody has said it yet."""
    told = {name: value for name in PERSON_FIELDS if isinstance(value := values.get(name), str) and value}
    return dataclasses.replace(case, person={**told, **{name: text for name, text in case.person.items() if text}})


def _step_for(case: Case, form: str, workflow: Workflow) -> str:
    """The step that a sheet without a printing event belongs to: the current one if it waits for it, else any."""
    if case.is_open and case.waits_for(form, workflow):
        return case.step
    for step in workflow.steps.values():
        if step.back is not None and step.back.form == form:
            return step.name
    return case.step


def _received(event: CaseEvent, values: Mapping[str, Value], step: str, workflow: Workflow, opened: dt.date) -> dt.date:
    """The day written on the sheet's receipt field, where it can be right, else the day it was taken in."""
    back: Back | None = workflow.steps[step].back if step in workflow.steps else None
    written = written_day(values, back.received) if back is not None and back.received is not None else None
    day = dt.date.fromisoformat(written) if written else event.on
    return day if opened <= day <= event.on else event.on


def _merge(
    earlier: Return, record: int, values: Mapping[str, Value], doubtful: Mapping[str, Value]
) -> tuple[Return, list[str]]:
    """Both scans of one sheet together: what was added since is taken, what changed is a conflict."""
    merged, doubts = dict(earlier.values), dict(earlier.doubtful)
    conflicts, added = [], False
    for name, value in values.items():
        if name in merged and differ(merged[name], value):
            conflicts.append(name)
        elif name not in merged:
            merged[name] = value
            doubts.pop(name, None)
            added = True
    for name, value in doubtful.items():
        if name not in merged and name not in doubts:
            doubts[name] = value
            added = True
    entry = dataclasses.replace(
        earlier,
        record=record if added or conflicts else earlier.record,
        values=merged,
        doubtful=doubts,
        scans=earlier.scans + 1,
        used=earlier.used and not added,
    )
    return entry, conflicts


def differ(one: Value, other: Value) -> bool:
    """Boxes are compared whatever their order."""
    if isinstance(one, list) and isinstance(other, list):
        return sorted(one) != sorted(other)
    return one != other


def ask_doubts(case: Case, entry: Return, seq: int) -> Case:
    """One question a doubtful field; those of fields that are known now are answered."""
    prefix = f"field:{entry.sheet}:"
    kept = tuple(
        asked
        for asked in case.questions
        if not asked.key.startswith(prefix) or asked.key.removeprefix(prefix) in entry.doubtful
    )
    case = dataclasses.replace(case, questions=kept)
    asked = {question.key for question in kept}
    for name, value in entry.doubtful.items():
        if f"{prefix}{name}" not in asked:
            # An empty field, or one without a signature, says nothing that could be confirmed.
            text = said(value) if value else ""
            case = ask(case, Question(f"{prefix}{name}", Doubt.FIELD, entry.sheet, name, text, seq))
    return case
