"""The first page: what there is to check, what came in, what is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from papier.case_run import Layouts
from papier.day_run import DayRow, run_day, task_rows
from papier.desk.office import Form, Office
from papier.desk.printing import find_destination, hand_over
from papier.desk.rendering import refuse
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.store.cases import Filter, list_cases
from papier.store.overview import count_all, latest_scans
from papier.workflows.tasks import TaskKind

# A first page that is read at a glance; the lists show the rest.
SHOWN_CASES = 40
SHOWN_SCANS = 20


@dataclass(frozen=True, slots=True)
class DueRow:
    """One thing to do. `case` is None where several share the row."""

    who: str
    what: str
    day: str
    case: int | None


@dataclass(frozen=True, slots=True)
class DueGroup:
    title: str
    rows: tuple[DueRow, ...]


def show(office: Office, request: Request) -> Response:  # noqa: ARG001 - every page is given its request
    now = office.now()
    today = now.date()
    counts = count_all(office.engine, today)
    woken = list_cases(office.engine, Filter(woken_by=today), now, SHOWN_CASES, longest_first=True)
    rows = task_rows(office.engine, woken, today)
    groups = []
    for kind, title in _titles().items():
        of_kind = due_rows([row for row in rows if row.row.kind == kind], kind)
        if of_kind:
            groups.append(DueGroup(title, of_kind))
    yesterday = dt.datetime.combine(today - dt.timedelta(1), dt.time(), now.tzinfo)
    return office.page(
        "today.html",
        today=today,
        counts=counts,
        to_check=len(office.queue.items()),
        scans=latest_scans(office.engine, yesterday, SHOWN_SCANS),
        groups=groups,
        shown_cases=len(woken),
    )


def due_rows(rows: Sequence[DayRow], kind: TaskKind) -> tuple[DueRow, ...]:
    """The day's rows of one kind; readings to check are counted, one row a case: the queue asks them one by one."""
    if kind is not TaskKind.CHECK:
        return tuple(_due_row(row, row.words["objet"]) for row in rows)
    by_case: dict[int, list[DayRow]] = {}
    for row in rows:
        by_case.setdefault(row.row.items[0].case, []).append(row)
    due = []
    for of_case in by_case.values():
        count = sum(len(row.row.items) for row in of_case)
        what = _n("{count} reading to check", "{count} readings to check", count).format(count=count)
        due.append(replace(_due_row(of_case[0], what), case=of_case[0].row.items[0].case))
    return tuple(due)


def _due_row(row: DayRow, what: str) -> DueRow:
    case = row.row.items[0].case if len(row.row.items) == 1 else None
    return DueRow(row.words["dossier"], what, row.words.get("jour", ""), case)


def _titles() -> dict[TaskKind, str]:
    return {
        TaskKind.CHECK: _("To check"),
        TaskKind.OVERDUE: _("Overdue"),
        TaskKind.DUE: _("Due"),
        TaskKind.DECIDE: _("To decide"),
        TaskKind.DO: _("To do"),
        TaskKind.SIGN: _("To sign and post"),
        TaskKind.HAND_OUT: _("To hand out"),
    }


def choose_language(office: Office, request: Request, form: Form) -> Response:  # noqa: ARG001
    office.language = "en" if form.get("language") == "en" else "fr"
    return office.go("/")


def leave(office: Office, request: Request, form: Form) -> Response:  # noqa: ARG001
    office.doors.leave()
    return refuse(_("You have left the desk. To come back, run the command again: papier desk"), 200)


def print_day(office: Office, request: Request, form: Form) -> Response:  # noqa: ARG001
    """The day's sheet and the letters that are due, as `papier today` prints them, on the office's printer."""
    to = find_destination(office)
    day = run_day(
        office.workspace,
        office.engine,
        office.now(),
        office.free_output("feuille-du-jour"),
        Layouts(office.folders),
        to=to,
    )
    told = hand_over(office, to)
    faults = day.letters.faults if day.letters is not None else ()
    papers = [
        (title, path.name)
        for title, path in (
            (_("Day's sheet"), day.day_path),
            (_("Letters"), day.letters_path),
            (_("List for the post office"), day.dispatch_path),
        )
        if path is not None
    ]
    return office.page("day.html", today=day.today, papers=papers, faults=faults, passed=len(day.passed), told=told)
