"""What a sheet that goes out changes in its case: printed, sent, delivered, and answered by a paper from outside."""

from __future__ import annotations

import dataclasses

from papier.workflows.case import Case, PrintedSheet
from papier.workflows.case_changes import change_visit, put_mark
from papier.workflows.definition import Step, Way, Workflow
from papier.workflows.events import CaseEvent
from papier.workflows.moving import enter


def note_printed(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    """Sheets were printed for a step; one that is not sent leads on."""
    step = workflow.steps.get(event.data["step"])
    if step is None:
        return case
    known = {sheet.sheet for sheet in case.sheets}
    sheets = tuple(
        PrintedSheet(number, form, step.name, event.seq) for number, form in event.data["sheets"] if number not in known
    )
    case = dataclasses.replace(case, sheets=(*case.sheets, *sheets))
    case = change_visit(case, step.name, printed=True)
    case = put_mark(case, f"{step.name}.printed", event.on, event.on, event.seq)
    return case if step.ways else _go_on(case, step, event, workflow)


def note_sent(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    """A step's sheet left; what is handed over is delivered as well."""
    data = event.data
    step = workflow.steps.get(data["step"])
    if step is None:
        return case
    way = Way(data["way"])
    before = case.visits.get(step.name)
    number = data.get("number") or (before.number if before is not None else None)
    case = change_visit(case, step.name, printed=True, way=str(way), number=number)
    case = put_mark(case, f"{step.name}.sent", event.on, event.on, event.seq)
    known = case.marks.get(f"{step.name}.delivered")
    if way.delivers:
        case = put_mark(case, f"{step.name}.delivered", event.on, event.on, event.seq)
    elif known is None or known.theoretical is None or known.prudent < event.on:
        # On its way: it may have arrived the same day, and nothing proves it.
        case = put_mark(case, f"{step.name}.delivered", event.on, None, event.seq)
    return _go_on(case, step, event, workflow)


def _go_on(case: Case, step: Step, event: CaseEvent, workflow: Workflow) -> Case:
    """What follows once a sheet has left: a step beside is over, a step that waits for nothing leads on."""
    if step.beside:
        return dataclasses.replace(case, beside=tuple(name for name in case.beside if name != step.name))
    waits = step.back is not None or step.decision is not None
    if step.then is not None and not waits and case.step == step.name and case.is_open:
        return enter(case, step.then, event, workflow)
    return case


def note_delivered(case: Case, event: CaseEvent, _workflow: Workflow) -> Case:
    """A receipt proves when a step's sheet arrived."""
    return put_mark(case, f"{event.data['step']}.delivered", event.on, event.on, event.seq)


def note_answered(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    """A paper came from outside, of a kind that the workflow or its step names."""
    step, name = event.data["step"], event.data["answer"]
    case = put_mark(case, f"{step}.{name}", event.on, event.on, event.seq)
    known = workflow.answers_at(step).get(name) if step in workflow.steps else None
    if name in workflow.answers and (step not in workflow.steps or name not in workflow.steps[step].answers):
        # What may come at any step is known to every clock; what one step asks for is known as `step.answer`.
        case = put_mark(case, name, event.on, event.on, event.seq)
    if known is not None and known.then not in (None, step) and step == case.step and case.is_open:
        return enter(case, str(known.then), event, workflow)
    return case
