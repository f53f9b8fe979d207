"""What the sheets that came back make of their case: the way it goes on, a decision, a follow-up sheet's days."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from papier.workflows.case import Case, Doubt, Question, Return, said
from papier.workflows.case_changes import ask, close_questions, put_mark, put_return, written_day
from papier.workflows.coming_in import differ
from papier.workflows.definition import SLIP_BOX, SLIP_DAY, SLIP_TABLE, Back, Step, Workflow
from papier.workflows.events import CaseEvent
from papier.workflows.going_out import note_answered, note_delivered, note_sent
from papier.workflows.moving import decide_by_sheet, enter

# A dispute may be taken over from somebody else; one that began longer ago than this is a misread year.
OLDEST = dt.timedelta(5 * 365)


def settle(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    """Use what came back and was not used yet, oldest first, as long as no question holds the case."""
    while case.is_open and not case.is_held:
        entry = next((entry for entry in case.returns if not entry.used and not entry.aside), None)
        if entry is None:
            return case
        case = put_return(case, dataclasses.replace(entry, used=True))
        case = _use(case, dataclasses.replace(entry, used=True), event, workflow)
    return case


def _use(case: Case, entry: Return, event: CaseEvent, workflow: Workflow) -> Case:
    own = workflow.steps.get(entry.step)
    if own is not None and own.slip == entry.form:
        return _use_slip(case, entry, own, event, workflow)
    others = [
        other
        for other in case.returns
        if other.form == entry.form and other.sheet != entry.sheet and other.used and not other.aside
    ]
    case, contradicted = _compare(case, entry, others, event, workflow)
    if contradicted:
        # It is used once a person has said which of the two counts.
        return put_return(case, dataclasses.replace(entry, used=False))
    step = workflow.steps[case.step]
    if step.back is not None and step.back.form == entry.form:
        if step.back.every and _still_out(case, step, entry.form):
            return case
        case = put_mark(case, f"{step.name}.back", entry.on, entry.on, event.seq)
        return enter(case, _follows(step.back, entry), event, workflow)
    if step.decision is not None and step.decision.form == entry.form and _asked_now(case, step, entry, workflow):
        return case if entry.decided else decide_by_sheet(case, entry, step, event, workflow)
    if others or entry.step in case.active() or (f"{entry.step}.back" in case.marks and entry.scans > 1):
        # A second answer that agrees, the copy kept of a sheet that is being sent, a further scan of one that has done
        # its part.
        return case
    return ask(case, Question(f"late:{entry.sheet}", Doubt.LATE, entry.sheet, None, entry.form, event.seq))


def _compare(
    case: Case, entry: Return, others: Sequence[Return], event: CaseEvent, workflow: Workflow
) -> tuple[Case, bool]:
    """Two sheets of one form must agree in the fields that count; else both are kept, and a person decides."""
    compared = {
        name
        for step in workflow.steps.values()
        if step.back is not None and step.back.form == entry.form
        for name in step.back.compare
    }
    for other in others:
        names = [
            name
            for name in sorted(compared)
            if name in entry.values and name in other.values and differ(entry.values[name], other.values[name])
        ]
        if names:
            text = " ; ".join(f"{name} : {said(other.values[name])} / {said(entry.values[name])}" for name in names)
            key = f"two:{other.sheet}:{entry.sheet}"
            return ask(case, Question(key, Doubt.TWO_ANSWERS, entry.sheet, None, text, event.seq)), True
    return case, False


def _follows(back: Back, entry: Return) -> str:
    """What follows a sheet that came back: the way of the first box of `when` that is ticked, else `then`."""
    for box, target in back.when.items():
        name, _, option = box.rpartition(".")
        ticked = entry.values.get(name)
        if isinstance(ticked, list) and option in ticked:
            return target
    return back.then


def _asked_now(case: Case, step: Step, entry: Return, workflow: Workflow) -> bool:
    """False for a decision sheet of an earlier stay at this step: another one is asked now."""
    assert step.decision is not None  # noqa: S101 - the caller looked
    if step.decision.form not in workflow.forms_of(step.name, case.form):
        return True
    seq = case.visits[step.name].seq
    return any(sheet.sheet == entry.sheet and sheet.seq >= seq for sheet in case.sheets)


def _still_out(case: Case, step: Step, form: str) -> bool:
    """True when not every sheet printed at this stay is back."""
    seq = case.visits[step.name].seq
    printed = {
        sheet.sheet for sheet in case.sheets if sheet.step == step.name and sheet.form == form and sheet.seq >= seq
    }
    return bool(printed - {entry.sheet for entry in case.returns if entry.used})


def _use_slip(case: Case, entry: Return, step: Step, event: CaseEvent, workflow: Workflow) -> Case:
    """A follow-up sheet: sent, delivered, answered, each as far as it is filled in and not known yet."""
    values = entry.values
    days = (
        "envoye_le",
        "distribue_le",
        *(f"{SLIP_TABLE}.{name}.{SLIP_DAY}" for name in workflow.answers_at(step.name)),
    )
    for name in days:
        day = written_day(values, name)
        if day and not case.opened - OLDEST <= dt.date.fromisoformat(day) <= event.on:
            # Nothing happens after it is scanned, or long before: somebody wrote, or papier read, another day.
            case = put_return(case, dataclasses.replace(entry, used=False))
            return ask(case, Question(f"field:{entry.sheet}:{name}", Doubt.CONFLICT, entry.sheet, name, day, event.seq))
    visit = case.visits.get(step.name)
    ways = values.get("envoi")
    sent = written_day(values, "envoye_le")
    if sent and isinstance(ways, list) and ways and visit is not None and visit.way is None:
        data = {"step": step.name, "way": ways[0], "number": values.get("numero"), "on": sent}
        case = note_sent(case, dataclasses.replace(event, data=data), workflow)
    delivered = written_day(values, "distribue_le")
    known = case.marks.get(f"{step.name}.delivered")
    if delivered and (known is None or known.theoretical is None):
        case = note_delivered(case, dataclasses.replace(event, data={"step": step.name, "on": delivered}), workflow)
    answers = {
        name: on
        for name in workflow.answers_at(step.name)
        if values.get(f"{SLIP_TABLE}.{name}.{SLIP_BOX}")
        and (on := written_day(values, f"{SLIP_TABLE}.{name}.{SLIP_DAY}"))
        and f"{step.name}.{name}" not in case.marks
    }
    if not answers:
        return case
    if not values.get("visa"):
        key = f"unsigned:{entry.sheet}"
        return ask(case, Question(key, Doubt.UNSIGNED, entry.sheet, "visa", ", ".join(answers), event.seq))
    case = close_questions(case, f"unsigned:{entry.sheet}")
    for answer, on in sorted(answers.items(), key=lambda pair: pair[1]):
        data = {"step": step.name, "answer": answer, "on": on}
        case = note_answered(case, dataclasses.replace(event, data=data), workflow)
    return case
