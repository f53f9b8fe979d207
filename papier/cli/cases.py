"""`papier cases`: what waits for what; one case in full; why its clocks end when they end."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console

from papier.cli.context import Context, pass_context
from papier.cli.numbers import Number
from papier.cli.output import listing, typeset
from papier.errors import UsageError
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.language import written_day
from papier.store.cases import Filter, count_cases, known_words, list_cases, load_case
from papier.store.papers import papers_of_case
from papier.store.sheets import find_faces
from papier.workflows.case import Case, Stage
from papier.workflows.definition import Way, Workflow
from papier.workflows.dues import Due, explain, running
from papier.workflows.event_words import event_words, sheets_told
from papier.workflows.library import find_workflow
from papier.workflows.row_words import question_words, short_name, written_fields

# A screen; `--all` shows the rest, `--json` everything.
SHOWN = 200


class CasesGroup(click.Group):
    """`papier cases` alone lists; its commands come from three modules, by what they do."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        _import_commands()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        _import_commands()
        return super().get_command(ctx, cmd_name)


def _import_commands() -> None:
    from papier.cli import case_events, case_prints  # noqa: F401, PLC0415 - they add their commands to the group


@click.group(
    "cases",
    cls=CasesGroup,
    invoke_without_command=True,
    help=_(
        "Cases: what left, what came back, what is waited for, and until when. Without a command, lists them.\n\n"
        "\b\nExamples:\n"
        "  papier cases --stage to-check\n"
        "  papier cases open carnet/absence --roster absents.csv --output absents.pdf\n"
        "  papier cases show 12\n"
        "  papier cases why 12\n"
        "  papier cases sent 12 --way recommande-ar --number 1A12345678901"
    ),
)
@click.option("--workflow", metavar="NAME", help=_("Only this workflow."))
@click.option("--stage", type=click.Choice([str(stage) for stage in Stage]), help=_("Only cases at this stage."))
@click.option("--class", "class_", metavar="CLASS", help=_("Only this class."))
@click.option("--name", metavar="TEXT", help=_("Only people whose name holds this."))
@click.option("--step", metavar="STEP", help=_("Only cases at this step."))
@click.option("--due", is_flag=True, help=_("Only what somebody has to look at today."))
@click.option("--all", "everything", is_flag=True, help=_("Closed cases too, and more than a screenful."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a line."))
@click.pass_context
def command(
    ctx: click.Context,
    workflow: str | None,
    stage: str | None,
    class_: str | None,
    name: str | None,
    step: str | None,
    due: bool,
    everything: bool,
    as_json: bool,
) -> None:
    if ctx.invoked_subcommand is not None:
        return
    context: Context = ctx.find_object(Context) or Context(None)
    check_filter(context, workflow, class_)
    wanted = Filter(
        workflow=workflow,
        stage=stage,
        class_=class_,
        name=name,
        step=step,
        open_only=not everything and stage != Stage.CLOSED,
        woken_by=context.now().date() if due else None,
    )
    show_cases(context, wanted, everything=everything or as_json, as_json=as_json)


def check_filter(context: Context, workflow: str | None, class_: str | None) -> None:
    """Raises UsageError for a class that no case is of, or a workflow that none follows and nobody defined."""
    classes, names = known_words(context.engine)
    if class_ is not None and class_ not in classes:
        raise UsageError(
            _("No case is of the class “{class_}”. Known are: {known}.").format(
                class_=class_, known=", ".join(classes) or "–"
            )
        )
    if workflow is not None and workflow not in names:
        find_workflow(workflow, context.folders)


def show_cases(context: Context, wanted: Filter, *, everything: bool, as_json: bool) -> None:
    """List cases: as JSON, or as a table of a screenful."""
    found = list_cases(context.engine, wanted, context.now(), None if everything else SHOWN)
    if as_json:
        for case, workflow in found:
            click.echo(json.dumps(case_json(case, workflow), ensure_ascii=False))
        return
    table = listing((_("case"), _("for"), _("workflow"), _("step"), _("stage"), _("until")))
    for case, workflow in found:
        until = min((due.prudent for due in running(case, workflow)), default=None)
        where = workflow.title_of(case.end) if case.end else workflow.steps[case.step].title.fr
        row = (
            str(case.number),
            short_name(case),
            case.workflow,
            where,
            _(str(case.stage(workflow))),
            written_day(until),
        )
        table.add_row(*row)
    Console().print(table)
    total = count_cases(context.engine, wanted)
    more = "" if total <= len(found) else _(" {count} are shown; --all shows the rest.").format(count=len(found))
    click.echo(_n("{count} case.", "{count} cases.", total).format(count=total) + more)


def case_json(case: Case, workflow: Workflow) -> dict[str, Any]:
    """One case for programs: where it stands, its clocks, its open questions."""
    return {
        "case": case.number,
        "workflow": case.workflow,
        "version": case.version,
        "stage": str(case.stage(workflow)),
        "step": case.step if case.is_open else None,
        "beside": list(case.beside),
        "end": case.end,
        "reason": case.reason,
        "opened": case.opened.isoformat(),
        "closed": None if case.closed is None else case.closed.isoformat(),
        "person": dict(case.person),
        "sheets": [sheet.sheet for sheet in case.sheets],
        "questions": [
            {
                "key": asked.key,
                "doubt": str(asked.doubt),
                "sheet": asked.sheet,
                "field": asked.field,
                "text": asked.text,
            }
            for asked in case.questions
        ],
        "clocks": [due_json(due, case, workflow) for due in running(case, workflow)],
    }


def due_json(due: Due, case: Case, workflow: Workflow) -> dict[str, Any]:
    return {
        "step": due.step,
        "clock": due.clock.name,
        "rules": list(due.clock.rules),
        "from": due.since,
        "start": due.mark.prudent.isoformat(),
        "event": due.mark.seq,
        "ours": due.clock.ours,
        "prudent": due.prudent.isoformat(),
        "theoretical": None if due.theoretical is None else due.theoretical.isoformat(),
        "then": due.clock.then,
        "because": explain(due, case, workflow),
        "sources": list(due.sources),
    }


@command.command("show", help=_("Show one case in full.\n\n\b\nExample:\n  papier cases show 12"))
@click.argument("number", type=Number())
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
@pass_context
def show_command(context: Context, number: int, as_json: bool) -> None:
    case, workflow, _events = load_case(context.engine, number, context.now())
    if as_json:
        click.echo(json.dumps(case_json(case, workflow), ensure_ascii=False))
        return
    click.echo(f"{_('case')} {case.number} · {workflow.title.fr} (v{case.version}) · {short_name(case)}")
    click.echo(f"{_('opened')} {written_day(case.opened)} · {_(str(case.stage(workflow)))}")
    if not case.is_open:
        why = workflow.title_of(case.end) if case.end else case.reason
        click.echo(typeset(f"{_('closed')} {written_day(case.closed)} : {why}"))
    for name in case.active():
        step, visit = workflow.steps[name], case.visits[name]
        sent = f" · {Way(visit.way).words}" if visit.way else ""
        number_of = f" · n° {visit.number}" if visit.number else ""
        click.echo(typeset(f"  {name} : {step.title.fr} ({written_day(visit.entered)}){sent}{number_of}"))
        if step.remark is not None:
            click.echo(typeset(f"    {step.remark.fr}"))
    faces = find_faces(
        context.engine, [asked.sheet for asked in case.questions] + [back.sheet for back in case.returns]
    )
    for asked in case.questions:
        click.echo(f"  ? {asked.key}" + typeset(f" : {question_words(asked, workflow, faces)}"))
    for entry in case.returns:
        values = ", ".join(written_fields(entry.sheet, entry.values, faces))
        click.echo(
            typeset(f"  {entry.sheet} {entry.form} ({_('record')} {entry.record}, {written_day(entry.on)}) : {values}")
        )
    for record, nature, day in papers_of_case(context.engine, number):
        click.echo(f"  {nature} ({_('record')} {record}, {written_day(day)})")
    for due in running(case, workflow):
        click.echo(typeset(f"  {due.clock.name} : {written_day(due.prudent)} / {written_day(due.theoretical) or '–'}"))


@command.command(
    "why",
    help=_(
        "Why a case's clocks end when they end: the article, the days, the events they were computed from.\n\n"
        "\b\nExample:\n  papier cases why 12"
    ),
)
@click.argument("number", type=Number())
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a clock."))
@pass_context
def why_command(context: Context, number: int, as_json: bool) -> None:
    case, workflow, _events = load_case(context.engine, number, context.now())
    dues = running(case, workflow)
    for due in dues:
        if as_json:
            click.echo(json.dumps({"case": number} | due_json(due, case, workflow), ensure_ascii=False))
        else:
            click.echo(typeset(explain(due, case, workflow)))
    if not dues and not as_json:
        click.echo(_("No clock runs for case {number}.").format(number=number))


@command.command(
    "history", help=_("Everything that happened to a case, in order.\n\n\b\nExample:\n  papier cases history 12")
)
@click.argument("number", type=Number())
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object an event."))
@pass_context
def history_command(context: Context, number: int, as_json: bool) -> None:
    _case, workflow, events = load_case(context.engine, number, context.now())
    faces = {} if as_json else find_faces(context.engine, sheets_told(events))
    for event in events:
        if as_json:
            data = {"event": event.seq, "at": event.at.isoformat(), "kind": str(event.kind), "data": dict(event.data)}
            click.echo(json.dumps(data, ensure_ascii=False))
        else:
            click.echo(typeset(f"{event.seq:>6}  {written_day(event.on)}  {event_words(event, workflow, faces)}"))
