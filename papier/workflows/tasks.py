"""What a case asks of the office on a given day: the rows of the day's sheet, and the clocks that have run out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from papier.workflows.case import Case, Stage
from papier.workflows.definition import Step, Workflow
from papier.workflows.dues import Due, running


class TaskKind(StrEnum):
    """The parts of the day's sheet, in its order."""

    CHECK = "check"  # a question that only a person can answer
    OVERDUE = "overdue"
    DUE = "due"
    DECIDE = "decide"
    DO = "do"  # a thing to do, such as a telephone call
    SIGN = "sign"  # a letter to print, sign and post
    HAND_OUT = "hand-out"  # sheets to print or hand over


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do. `key` names it within its case, so that it can be done or postponed; `day`: by when."""

    kind: TaskKind
    key: str
    case: int
    step: str
    day: dt.date | None = None
    due: Due | None = None


def list_tasks(case: Case, workflow: Workflow, today: dt.date) -> list[Task]:
    """What is to be done today, postponed things left out."""
    return [
        task
        for task in all_tasks(case, workflow, today)
        if task.key not in case.done and not _is_postponed(case, task.key, today)
    ]


def all_tasks(case: Case, workflow: Workflow, today: dt.date) -> list[Task]:
    """As `list_tasks`, done and postponed things included."""
    tasks = [Task(TaskKind.CHECK, question.key, case.number, case.step) for question in case.questions]
    if not case.is_open:
        return tasks
    for name in case.active():
        task = _step_task(case, workflow, workflow.steps[name])
        if task is not None:
            tasks.append(task)
    for due in running(case, workflow):
        # While a person has to check what came in, nobody else is called late; our own limits run on.
        if due.matters_from <= today and (due.clock.ours or not case.is_held):
            day = due.prudent if due.clock.ours or due.theoretical is None else due.theoretical
            kind = TaskKind.OVERDUE if today > day else TaskKind.DUE
            tasks.append(Task(kind, due.key, case.number, due.step, day, due))
    return tasks


def _step_task(case: Case, workflow: Workflow, step: Step) -> Task | None:
    stage = case.stage(workflow, step.name)
    seq = case.visits[step.name].seq
    if stage is Stage.DECIDE and step.name == case.step:
        return Task(TaskKind.DECIDE, f"decide:{step.name}:{seq}", case.number, step.name)
    if stage is Stage.DO:
        return Task(TaskKind.DO, f"do:{step.name}:{seq}", case.number, step.name)
    if stage in {Stage.PRINT, Stage.SEND}:
        kind = TaskKind.SIGN if step.ways and step.ways[0].by_post else TaskKind.HAND_OUT
        return Task(kind, f"send:{step.name}:{seq}", case.number, step.name)
    return None


def _is_postponed(case: Case, key: str, today: dt.date) -> bool:
    until = case.postponed.get(key)
    return until is not None and today < dt.date.fromisoformat(until)


def find_passed(case: Case, workflow: Workflow, today: dt.date) -> list[Due]:
    """The clocks that have run out and lead somewhere, the first one first. A held case waits for its person."""
    if not case.is_open or case.is_held:
        return []
    return [due for due in running(case, workflow) if due.clock.then is not None and due.is_over(today)]


def wakes_on(case: Case, workflow: Workflow) -> dt.date | None:
    """The first day on which somebody, or the clock, has to look at the case; None where that is never.

    A day in the past means: now.
    """
    always = dt.date.min
    keys = [question.key for question in case.questions]
    days = []
    if case.is_open:
        tasks = [_step_task(case, workflow, workflow.steps[name]) for name in case.active()]
        keys += [task.key for task in tasks if task is not None]
        days = [
            _postponed_day(case, due.key, due.matters_from)
            for due in running(case, workflow)
            if due.key not in case.done or due.clock.then is not None
        ]
    days += [_postponed_day(case, key, always) for key in keys if key not in case.done]
    return min(days, default=None)


def _postponed_day(case: Case, key: str, day: dt.date) -> dt.date:
    until = case.postponed.get(key)
    return day if until is None else max(day, dt.date.fromisoformat(until))
