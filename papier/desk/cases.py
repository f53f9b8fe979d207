"""Cases: the list, and one of them with its clocks, what it waits for, what happened."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from papier.case_run import Layouts, print_case_sheets, step_sheets
from papier.desk.office import Form, Office, read_number
from papier.desk.printing import find_destination, hand_over
from papier.errors import UsageError
from papier.language import translate as _
from papier.store.cases import Filter, count_cases, list_cases, load_case
from papier.store.sheets import find_faces
from papier.store.workspace import read_settings
from papier.workflows.case import Case, Stage
from papier.workflows.definition import Way, Workflow
from papier.workflows.dues import explain, running
from papier.workflows.event_words import event_words, sheets_told
from papier.workflows.row_words import question_words, short_name

SHOWN = 50


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case as the list shows it. `until`: when the first of its clocks ends, by the prudent count."""

    number: int
    name: str
    workflow: str
    where: str
    stage: str
    until: dt.date | None


@dataclass(frozen=True, slots=True)
class ClockLine:
    name: str
    prudent: dt.date
    theoretical: dt.date | None
    because: str
    ours: bool
    over: bool


@dataclass(frozen=True, slots=True)
class StepLine:
    name: str
    title: str
    entered: dt.date
    sent: str
    remark: str
    prints: bool


def show_list(office: Office, request: Request) -> Response:
    asked = request.query_params
    stage = asked.get("stage", "")
    if stage not in set(Stage):
        stage = ""
    name, due = asked.get("name", "").strip(), asked.get("due") == "1"
    after = read_number(asked.get("after")) or 0
    wanted = Filter(
        stage=stage or None,
        name=name or None,
        open_only=stage != Stage.CLOSED,
        woken_by=office.now().date() if due else None,
    )
    found = list_cases(office.engine, dataclasses.replace(wanted, after=after), office.now(), SHOWN + 1)
    return office.page(
        "cases.html",
        cases=[_line(case, workflow) for case, workflow in found[:SHOWN]],
        total=count_cases(office.engine, wanted),
        following=found[SHOWN - 1][0].number if len(found) > SHOWN else None,
        stages=list(Stage),
        stage=stage,
        name=name,
        due=due,
    )


def _line(case: Case, workflow: Workflow) -> CaseLine:
    return CaseLine(
        case.number,
        short_name(case),
        workflow.title.fr,
        workflow.title_of(case.end) if case.end else workflow.steps[case.step].title.fr,
        str(case.stage(workflow)),
        min((due.prudent for due in running(case, workflow)), default=None),
    )


def show(office: Office, request: Request) -> Response:
    case, workflow, events = load_case(office.engine, request.path_params["case"], office.now())
    today = office.now().date()
    steps = []
    for name in case.active():
        step, visit = workflow.steps[name], case.visits[name]
        sent = Way(visit.way).words if visit.way else ""
        steps.append(
            StepLine(
                name,
                step.title.fr,
                visit.entered,
                f"{sent}, n° {visit.number}" if visit.number else sent,
                step.remark.fr if step.remark is not None else "",
                bool(workflow.forms_of(name, case.form)),
            )
        )
    clocks = [
        ClockLine(
            due.clock.name,
            due.prudent,
            due.theoretical,
            explain(due, case, workflow),
            due.clock.ours,
            today > (due.prudent if due.clock.ours or due.theoretical is None else due.theoretical),
        )
        for due in running(case, workflow)
    ]
    faces = find_faces(office.engine, [*(asked.sheet for asked in case.questions), *sheets_told(events)])
    return office.page(
        "case.html",
        case=case,
        title=workflow.title.fr,
        name=short_name(case),
        stage=str(case.stage(workflow)),
        end=workflow.title_of(case.end) if case.end else case.reason or "",
        steps=steps,
        questions=[question_words(asked, workflow, faces) for asked in case.questions],
        clocks=clocks,
        sheets=case.sheets,
        returns=case.returns,
        events=[(event.on, event_words(event, workflow, faces)) for event in reversed(events)],
    )


def print_again(office: Office, request: Request, form: Form) -> Response:
    """Print the sheets of one step anew: each gets a number of its own, and the case knows it."""
    now = office.now()
    case, workflow, _events = load_case(office.engine, request.path_params["case"], now)
    step = workflow.steps.get(form.get("step", ""))
    sheets = [] if step is None else step_sheets(case, workflow, step, now.date(), read_settings(office.workspace))
    if not sheets:
        raise UsageError(_("This step prints nothing."))
    output = office.free_output(f"dossier-{case.number}")
    to = find_destination(office)
    done = print_case_sheets(office.workspace, office.engine, sheets, output, now, Layouts(office.folders), to=to)
    hand_over(office, to)
    if done.run is None:
        raise UsageError(" ".join(done.faults))
    return office.go(f"/printed/{done.run.run}")
