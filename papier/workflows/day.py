"""The day's sheet as data: its rows, and what each ticked box means for the cases behind them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from papier.workflows.calendar import add_working_days
from papier.workflows.case import Case, Doubt, Question
from papier.workflows.definition import Workflow
from papier.workflows.events import Kind
from papier.workflows.tasks import TaskKind

# The boxes of a row, and of a row of the dispatch list.
DONE, LATER, LOOK, POSTED = "fait", "reporte", "a_voir", "depose"


@dataclass(frozen=True, slots=True)
class Item:
    """One case behind a row: the task's key and the step it belongs to."""

    case: int
    key: str
    step: str

    def to_json(self) -> list[Any]:
        return [self.case, self.key, self.step]


@dataclass(frozen=True, slots=True)
class RowSheetRow:
    """One printed row. `kind` is a `TaskKind`, or "incoming" for what is only told."""

    kind: str
    items: tuple[Item, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "items": [item.to_json() for item in self.items]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RowSheetRow:
        return cls(data["kind"], tuple(Item(*item) for item in data["items"]))


def day_events(
    row: RowSheetRow, ticked: str, item: Item, case: Case, workflow: Workflow, on: dt.date, by: str
) -> Iterator[tuple[Kind, dict[str, Any]]]:
    """What a ticked box of the day's sheet records of one case.

    *Fait* never decides about a person and never gives a value that was not printed on the row; where a row needs that,
    nothing is recorded, and it stands on the next day's sheet again.
    """
    day = on.isoformat()
    if ticked == LATER:
        until = add_working_days(on, 1)
        yield Kind.POSTPONED, {"key": item.key, "until": until.isoformat(), "by": by, "on": day}
    elif ticked == LOOK:
        # One flag a row and case, however many readings of it share the row.
        if item == next(one for one in row.items if one.case == item.case):
            step = workflow.steps.get(item.step)
            what = step.title.fr if step is not None else item.step
            text = f"{what} : une lecture" if row.kind == TaskKind.CHECK else what
            yield Kind.FLAGGED, {"text": text, "by": by, "on": day}
    elif row.kind in {TaskKind.HAND_OUT, TaskKind.SIGN}:
        step = workflow.steps.get(item.step)
        visit = case.visits.get(item.step)
        if step is not None and step.ways and visit is not None and visit.way is None:
            yield Kind.SENT, {"step": step.name, "way": str(step.ways[0]), "number": None, "by": by, "on": day}
    elif row.kind == TaskKind.DO:
        step = workflow.steps.get(item.step)
        if step is not None and step.then is not None and case.step == step.name:
            yield Kind.FOLLOWED, {"to": step.then, "by": by, "on": day}
    elif row.kind == TaskKind.CHECK and len(row.items) == 1:
        # A row of several readings prints none of them: there is nothing that *fait* could confirm.
        question = next((asked for asked in case.questions if asked.key == item.key), None)
        if question is not None and can_confirm(question):
            yield Kind.CHECKED, {"question": question.key, "by": by, "on": day}
    elif row.kind in {TaskKind.DUE, TaskKind.OVERDUE}:
        yield Kind.DONE, {"key": item.key, "by": by, "on": day}


def can_confirm(question: Question) -> bool:
    """True when *fait* says enough: a value stands printed on the row, or looking was all that was asked."""
    if question.doubt is Doubt.FIELD:
        return bool(question.text)
    return not question.holds or question.doubt is Doubt.BLANK


def dispatch_events(
    item: Item, posted: bool, number: str | None, workflow: Workflow, on: dt.date, by: str
) -> Iterator[tuple[Kind, dict[str, Any]]]:
    """What a row of the dispatch list records: the letter was posted, under which number."""
    step = workflow.steps.get(item.step)
    if posted and step is not None and step.ways:
        way = next((way for way in step.ways if way.by_post), step.ways[0])
        yield Kind.SENT, {"step": step.name, "way": str(way), "number": number, "by": by, "on": on.isoformat()}


def in_groups(tasks: Sequence[tuple[str, Item]], smallest: int) -> list[tuple[str, list[Item]]]:
    """Things to do that are alike (same label), together where there are at least `smallest`; in their order."""
    by_label: dict[str, list[Item]] = {}
    for label, item in tasks:
        by_label.setdefault(label, []).append(item)
    found: list[tuple[str, list[Item]]] = []
    for label, items in by_label.items():
        if len(items) >= smallest:
            found.append((label, items))
        else:
            found += [(label, [item]) for item in items]
    return found
