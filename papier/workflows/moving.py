"""How a case moves to a step, beside it, or to an end; and what a decision makes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from papier.workflows.case import Case, Doubt, Question, Return, Visit
from papier.workflows.case_changes import ask, change_visit, close_questions, put_return
from papier.workflows.definition import Step, Workflow
from papier.workflows.events import CaseEvent


def enter(case: Case, target: str, event: CaseEvent, workflow: Workflow) -> Case:
    """The case at a step (or beside it), or at an end."""
    if target in workflow.ends:
        return dataclasses.replace(case, closed=event.on, end=target, beside=())
    step = workflow.steps[target]
    visits = {**case.visits, target: Visit(event.on, event.seq)}
    if step.beside:
        beside = (*(name for name in case.beside if name != target), target)
        return dataclasses.replace(case, visits=visits, beside=beside)
    case = dataclasses.replace(case, visits=visits, step=target)
    decision = step.decision
    if decision is not None and decision.form not in workflow.forms_of(target, case.form):
        # The office block of a sheet that came back earlier may be ticked already.
        back = case.latest_return(decision.form)
        if back is not None and not back.decided:
            return decide_by_sheet(case, back, step, event, workflow)
    return case


def decide(case: Case, options: Sequence[str], step: Step, event: CaseEvent, workflow: Workflow) -> Case:
    """The case after a decision for these options of a step: beside, and then at what follows."""
    assert step.decision is not None  # noqa: S101 - the callers looked
    targets = {option: step.decision.options[option] for option in options if option in step.decision.options}
    case = dataclasses.replace(case, decisions={**case.decisions, step.name: ", ".join(targets)})
    for target in targets.values():
        if target in workflow.steps and workflow.steps[target].beside:
            case = enter(case, target, event, workflow)
    main = [target for target in targets.values() if target in workflow.ends or not workflow.steps[target].beside]
    if main:
        return enter(case, main[0], event, workflow)
    # Only something beside was chosen: the question stays, and is printed again where it has a sheet of its own.
    return change_visit(case, step.name, printed=False, way=None)


def decide_by_sheet(case: Case, entry: Return, step: Step, event: CaseEvent, workflow: Workflow) -> Case:
    """The decision that a sheet carries: ticked and signed, else a question or nothing at all."""
    decision = step.decision
    assert decision is not None  # noqa: S101 - the callers looked
    ticked = entry.values.get(decision.field)
    options = [option for option in ticked if option in decision.options] if isinstance(ticked, list) else []
    if not options:
        return case
    if not entry.values.get(decision.signed):
        question = Question(f"unsigned:{entry.sheet}", Doubt.UNSIGNED, entry.sheet, decision.signed, ", ".join(options))
        return ask(case, dataclasses.replace(question, seq=event.seq))
    case = close_questions(case, f"unsigned:{entry.sheet}")
    main = [
        o
        for o in options
        if decision.options[o] not in workflow.steps or not workflow.steps[decision.options[o]].beside
    ]
    if len(main) > 1:
        question = Question(
            f"several:{entry.sheet}", Doubt.SEVERAL, entry.sheet, decision.field, ", ".join(main), event.seq
        )
        return ask(case, question)
    case = put_return(case, dataclasses.replace(entry, decided=True, used=True))
    return decide(case, options, step, event, workflow)
