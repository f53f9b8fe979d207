"""The office's day: let the clocks pass, print the letters that are due, and one sheet of everything to do.

The day's sheet is a form like any other: numbered, ticked, signed, scanned. What its rows stand for is kept in the
store, so that the boxes move the cases.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from papier.case_run import CasePrint, Layouts, print_case_sheets, sheets_to_print
from papier.errors import WorkflowRefusedError
from papier.language import translate as _
from papier.print_run import Addressee, Destination, Registered, print_batch
from papier.store.case_filing import DAY, DISPATCH, keep_rows
from papier.store.cases import CaseLedger, Filter, list_cases
from papier.store.connection import reading, writing
from papier.store.sheets import find_faces
from papier.store.tables import case_events, events, row_sheets
from papier.store.tables import cases as cases_table
from papier.store.workspace import Workspace, read_settings
from papier.workflows.case import Case, Doubt, Stage
from papier.workflows.day import Item, RowSheetRow, in_groups
from papier.workflows.definition import Step, Way, Workflow
from papier.workflows.events import Kind
from papier.workflows.letter_values import letter_values, long_day
from papier.workflows.place import parse_place
from papier.workflows.row_words import Faces, incoming_words, name_in_rows, short_name, task_words
from papier.workflows.tasks import Task, TaskKind, find_passed, list_tasks

DAY_FORM, DISPATCH_FORM = "bureau/journee", "bureau/bordereau"
# From three alike on, cases share a row: a class's notes are handed out together.
GROUPED_FROM = 3
GROUPED = frozenset({TaskKind.HAND_OUT, TaskKind.SIGN})
# More of one class, and the row counts them: that is a class's notes, not a few pupils' letters.
NAMED_UP_TO = 12
# A clock may start the next one the same day; a chain longer than this is a workflow that runs in circles.
MAX_CHAIN = 20


@dataclass(frozen=True)
class DayRow:
    """One row: what is printed, and what it stands for."""

    words: Mapping[str, str]
    row: RowSheetRow


@dataclass(frozen=True)
class Day:
    """Everything of one day. `passed`: clocks that ran out; the paths are None where there was nothing to print."""

    today: dt.date
    rows: tuple[DayRow, ...]
    passed: tuple[tuple[int, str], ...]
    letters: CasePrint | None
    sheets: tuple[str, ...] = ()
    dispatch: tuple[str, ...] = ()
    day_path: Path | None = None
    letters_path: Path | None = None
    dispatch_path: Path | None = None


def pass_clocks(engine: Engine, now: dt.datetime) -> list[tuple[int, str]]:
    """Record every clock that has run out and leads somewhere; gives case and clock of each, in order."""
    today = now.date()
    passed: list[tuple[int, str]] = []
    waiting = [case.number for case, workflow in _woken(engine, now) if find_passed(case, workflow, today)]
    if not waiting:
        return passed
    with writing(engine) as connection:
        ledger = CaseLedger(connection, now)
        for number in waiting:
            for _link in range(MAX_CHAIN):
                case = ledger.load(number)
                due = next(iter(find_passed(case, ledger.workflow_of(case), today)), None)
                if due is None or due.theoretical is None:
                    break
                data = {
                    "step": due.step,
                    "clock": due.clock.name,
                    "prudent": due.prudent.isoformat(),
                    "theoretical": due.theoretical.isoformat(),
                }
                ledger.record(number, Kind.PASSED, data)
                passed.append((number, f"{due.step}.{due.clock.name}"))
    return passed


def _woken(engine: Engine, now: dt.datetime) -> list[tuple[Case, Workflow]]:
    return list_cases(engine, Filter(woken_by=now.date()), now)


def run_day(
    workspace: Workspace,
    engine: Engine,
    now: dt.datetime,
    output: Path,
    layouts: Layouts,
    *,
    letters: bool = True,
    dry_run: bool = False,
    to: Destination | None = None,
    also: Registered | None = None,
) -> Day:
    """Do the day: clocks, letters, dispatch list, the day's sheet. With `dry_run` nothing is recorded or printed.

    `also` is told the numbers of the day's sheet in the transaction that registers it, which is the last one.
    """
    today = now.date()
    settings = read_settings(workspace)
    parse_place(settings)  # a region or a zone that nobody knows is told here, every morning
    passed = [] if dry_run else pass_clocks(engine, now)
    woken = _woken(engine, now)
    printed: CasePrint | None = None
    letters_path = output.with_name(f"{output.stem}-lettres.pdf")
    if letters and not dry_run:
        sheets = sheets_to_print(woken, today, settings)
        if sheets:
            printed = print_case_sheets(workspace, engine, sheets, letters_path, now, layouts, to=to)
            woken = _woken(engine, now)
    rows = day_rows(engine, woken, now)
    if dry_run:
        return Day(today, tuple(rows), tuple(passed), None)
    posts = [
        (case, workflow, workflow.steps[name])
        for case, workflow in woken
        for name in case.active()
        if case.stage(workflow, name) is Stage.SEND and workflow.steps[name].ways[0].by_post
    ]
    dispatch_path = output.with_name(f"{output.stem}-bordereau.pdf")
    dispatch = _print_dispatch(workspace, engine, posts, now, dispatch_path, layouts, to) if posts else ()
    numbers = _print_rows(workspace, engine, layouts, DAY_FORM, DAY, rows, now, output, to, also)
    return Day(
        today,
        tuple(rows),
        tuple(passed),
        printed,
        numbers,
        dispatch,
        output,
        letters_path if printed is not None and printed.run is not None else None,
        dispatch_path if dispatch else None,
    )


def print_letters_due(
    workspace: Workspace,
    engine: Engine,
    now: dt.datetime,
    output: Path,
    layouts: Layouts,
    *,
    to: Destination | None = None,
    also: Registered | None = None,
) -> CasePrint | None:
    """Let the clocks pass, and print the letters and reminders due that were not printed yet; None without any."""
    pass_clocks(engine, now)
    sheets = sheets_to_print(_woken(engine, now), now.date(), read_settings(workspace))
    if not sheets:
        return None
    return print_case_sheets(workspace, engine, sheets, output, now, layouts, to=to, also=also)


def has_day_sheet(engine: Engine, day: dt.date) -> bool:
    """True when a day's sheet of this day was printed."""
    with reading(engine) as connection:
        query = select(row_sheets.c.sheet).where(row_sheets.c.kind == DAY, row_sheets.c.day == day.isoformat())
        return connection.execute(query.limit(1)).first() is not None


def day_rows(engine: Engine, woken: Sequence[tuple[Case, Workflow]], now: dt.datetime) -> list[DayRow]:
    """The rows of the day's sheet: what came in, then what is to be done."""
    incoming = [DayRow(words, RowSheetRow("incoming")) for words in _incoming(engine, now)]
    return incoming + task_rows(engine, woken, now.date())


def task_rows(engine: Engine, woken: Sequence[tuple[Case, Workflow]], today: dt.date) -> list[DayRow]:
    """What is to be done in these cases, in the order of `TaskKind`."""
    rows: list[DayRow] = []
    faces = find_faces(engine, [asked.sheet for case, _workflow in woken for asked in case.questions])
    by_number = {case.number: (case, workflow) for case, workflow in woken}
    tasks = [task for case, workflow in woken for task in list_tasks(case, workflow, today)]
    for kind in TaskKind:
        chosen = sorted(
            (task for task in tasks if task.kind is kind), key=lambda task: (task.day or dt.date.max, task.case)
        )
        labelled = []
        for task in chosen:
            case, workflow = by_number[task.case]
            labelled.append((_label(task, case, workflow), Item(task.case, task.key, task.step)))
        tasks_by_item = {(task.case, task.key): task for task in chosen}
        for _shared, items in in_groups(labelled, GROUPED_FROM if kind in GROUPED else 1):
            rows += _rows_of(kind, [(item, tasks_by_item[item.case, item.key]) for item in items], by_number, faces)
    return rows


def _rows_of(
    kind: TaskKind,
    alike: Sequence[tuple[Item, Task]],
    by_number: Mapping[int, tuple[Case, Workflow]],
    faces: Faces,
) -> Iterator[DayRow]:
    """The rows of things to do that are alike: one, or as many as it takes to name a few pupils.

    A whole class is handed out at once, and its row only counts.
    """
    people = [by_number[item.case][0].name for item, _task in alike] if kind in GROUPED else []
    sizes, named = [len(alike)], 1 < len(alike) <= NAMED_UP_TO and bool(people) and all(people)
    if named:
        sizes = name_in_rows(alike[0][1], *by_number[alike[0][0].case], people)
    start = 0
    for size in sizes:
        part = alike[start : start + size]
        case, workflow = by_number[part[0][0].case]
        shown = people[start : start + size] if named else ()
        words = task_words(part[0][1], case, workflow, size, shown, faces=faces)
        yield DayRow(words, RowSheetRow(str(kind), tuple(item for item, _task in part)))
        start += size


def _label(task: Task, case: Case, workflow: Workflow) -> str:
    """What share a row: a class's sheets to hand out, what was not read for sure in one case; all else stands alone."""
    if task.kind in GROUPED:
        return f"{workflow.name} {task.step} {case.person.get('classe', '')}"
    question = next((asked for asked in case.questions if asked.key == task.key), None)
    if question is not None and question.doubt is Doubt.FIELD:
        return f"{task.case} readings"
    return f"{task.case} {task.key}"


def _incoming(engine: Engine, now: dt.datetime) -> list[dict[str, str]]:
    """What came in since the last day's sheet was printed, a row a kind of case and class."""
    with reading(engine) as connection:
        since = connection.execute(select(func.max(row_sheets.c.seq)).where(row_sheets.c.kind == DAY)).scalar() or 0
        query = (
            select(cases_table.c.workflow, cases_table.c["class"], cases_table.c.digest, case_events.c.number)
            .join(case_events, case_events.c.number == cases_table.c.number)
            .join(events, events.c.seq == case_events.c.seq)
            .where(events.c.kind == f"case-{Kind.RETURNED}", events.c.seq > since)
        )
        ledger = CaseLedger(connection, now)
        counts: Counter[tuple[str, str]] = Counter()
        for row in connection.execute(query):
            counts[ledger.find_workflow(row.digest).title.fr, row[1]] += 1
    return [incoming_words(title, class_, count) for (title, class_), count in sorted(counts.items())]


def _print_rows(
    workspace: Workspace,
    engine: Engine,
    layouts: Layouts,
    form: str,
    kind: str,
    rows: Sequence[DayRow],
    now: dt.datetime,
    output: Path,
    to: Destination | None,
    also: Registered | None = None,
) -> tuple[str, ...]:
    """Print rows onto as many sheets as they need, and keep what they stand for; at least one sheet."""
    each = layouts.rows_of(form)
    parts = [rows[start : start + each] for start in range(0, len(rows), each)] or [[]]
    when = f"{long_day(now.date())}"
    batch = []
    for at, part in enumerate(parts, 1):
        values = {"quand": when, "feuille": f"Feuille {at} sur {len(parts)}"}
        batch.append((layouts.find_sized(form, len(part)), Addressee(values, tuple(row.words for row in part))))

    def keep(connection: Connection, numbers: Sequence[str]) -> None:
        for number, part in zip(numbers, parts, strict=True):
            keep_rows(connection, number, kind, now.date(), [row.row for row in part])
        if also is not None:
            also(connection, numbers)

    return print_batch(workspace, engine, batch, output, now, registered=keep, to=to).numbers


def _print_dispatch(
    workspace: Workspace,
    engine: Engine,
    posts: Sequence[tuple[Case, Workflow, Step]],
    now: dt.datetime,
    output: Path,
    layouts: Layouts,
    to: Destination | None,
) -> tuple[str, ...]:
    """The list of letters to take to the post office, with room for their numbers."""
    settings = read_settings(workspace)
    rows = []
    for case, workflow, step in posts:
        values = letter_values(case, workflow, step, now.date(), settings)
        lines = layouts.address_of(workflow.forms_of(step.name, case.form), values)
        whom = ", ".join(dict.fromkeys((lines[0], lines[-1]))) if lines else (step.to or "").capitalize()
        if not lines and case.name:
            whom = f"{whom} · {short_name(case)}"
        words = {
            "dossier": f"n° {case.number}",
            "destinataire": whom,
            "envoi": next((way for way in step.ways if way.by_post), Way.POST).words,
        }
        rows.append(DayRow(words, RowSheetRow(DISPATCH, (Item(case.number, f"send:{step.name}", step.name),))))
    return _print_rows(workspace, engine, layouts, DISPATCH_FORM, DISPATCH, rows, now, output, to)


def remind(engine: Engine, number: int, now: dt.datetime, by: str) -> Case:
    """Send a reminder before its clock says so: the case follows the first of its clocks that leads to a printed step.

    Raises WorkflowRefusedError when no clock of its step does.
    """
    with writing(engine) as connection:
        ledger = CaseLedger(connection, now)
        case = ledger.load(number)
        workflow = ledger.workflow_of(case)
        clocks = workflow.steps[case.step].clocks if case.stage(workflow) is Stage.WAIT else ()
        for clock in clocks:
            target = workflow.steps.get(clock.then or "")
            if target is not None and target.prints:
                return ledger.record(number, Kind.FOLLOWED, {"to": target.name, "by": by})
    raise WorkflowRefusedError(
        _("Case {number} waits for nothing that one could be reminded of: papier cases show {number}").format(
            number=number
        )
    )
