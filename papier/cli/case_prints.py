"""`papier cases open/print/remind/missing/calendar`: what cases put on paper."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path

import click

from papier.case_run import CasePrint, CaseSheet, Layouts, open_cases, print_case_sheets, sheets_to_print, step_sheets
from papier.cli import counts
from papier.cli.case_events import _by, by_option, json_option, number_argument
from papier.cli.cases import check_filter, command
from papier.cli.context import Context, pass_context
from papier.cli.numbers import Number
from papier.cli.output import labelled, progress_bar
from papier.cli.outputs import OutputFile
from papier.cli.people import find_people, parse_settings, recipient_columns, to_option
from papier.cli.printer import deliver, deliver_files, deliver_leaflet, find_destination, printer_options
from papier.day_run import remind
from papier.errors import EXIT_CHECK_NEEDED, UsageError
from papier.forms.pdf import write_items
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.print_run import Destination
from papier.store.cases import Filter, list_cases, load_case
from papier.store.workspace import read_settings
from papier.workflows.calendar import parse_region
from papier.workflows.case import Stage
from papier.workflows.definition import Workflow
from papier.workflows.dues import running
from papier.workflows.library import find_workflow
from papier.workflows.row_words import day_words, short_name
from papier.workflows.wall_pages import A4, A4_LANDSCAPE, WallDue, missing_pages, month_page

output_option = click.option("--output", type=OutputFile(), help=_("The PDF to write."))
overwrite_option = click.option("--overwrite", is_flag=True, help=_("Replace the PDF of that name."))


def free_output(context: Context, output: Path | None, name: str, *, overwrite: bool) -> Path:
    """Where to write: the file named, else one of the day in the workspace. UsageError: it is there already."""
    if output is None:
        output = context.workspace.printed / f"{name}-{context.now().strftime('%Y-%m-%d-%H%M%S')}.pdf"
        at = 2
        while output.exists():
            output = output.with_name(f"{name}-{context.now().strftime('%Y-%m-%d-%H%M%S')}-{at}.pdf")
            at += 1
    if output.exists() and not overwrite:
        raise UsageError(_("{output} is there already. Choose another --output, or --overwrite.").format(output=output))
    return output


@command.command(
    "open",
    help=_(
        "Begin cases and print their first sheets: one a person of the roster, or one with the values given.\n\n"
        "\b\nExamples:\n"
        "  papier cases open carnet/mot-aux-parents --roster 6A.csv --set message='Sortie le 12 mai' --output 6A.pdf\n"
        "  papier cases open guichet/demande --set nom=MARTIN --set prenom=Zoé --set organisme='CAF du Rhône'\n"
        "  papier cases open police/taj --roster personnes.csv --to ministere-interieur"
    ),
)
@click.argument("workflow")
@click.option("--form", help=_("Which of the workflow's forms; else its first."))
@click.option("--roster", type=click.Path(path_type=Path), help=_("A CSV file, one person a line."))
@to_option
@click.option("--set", "settings", multiple=True, metavar="COLUMN=VALUE", help=_("A value for every sheet."))
@click.option("--dry-run", is_flag=True, help=_("Say what would be opened; open nothing."))
@output_option
@overwrite_option
@printer_options
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
@pass_context
def open_command(
    context: Context,
    workflow: str,
    form: str | None,
    roster: Path | None,
    recipient: str | None,
    settings: tuple[str, ...],
    dry_run: bool,
    output: Path | None,
    overwrite: bool,
    printer: str | None,
    no_wait: bool,
    as_json: bool,
) -> int:
    known = find_workflow(workflow, context.folders)
    chosen = form or known.opens[0]
    if chosen not in known.opens:
        raise UsageError(
            _("{form} does not begin {workflow}. Choose one of: {forms}.").format(
                form=chosen, workflow=known.name, forms=", ".join(known.opens)
            )
        )
    layouts = Layouts(context.folders)
    definition, layout = layouts.definition(chosen), layouts.find(chosen)
    # What is given now is printed on later letters too.
    named = [layouts.find(name) for name in dict.fromkeys(form for form, _line in known.all_forms())]
    common = recipient_columns(recipient, context, layout) | parse_settings(settings, named)
    addressees, incomplete = find_people(definition, layout, roster, common, begins_cases=True)
    if dry_run:
        click.echo(
            _n(
                "{count} case of {workflow}; nothing was opened.",
                "{count} cases of {workflow}; nothing was opened.",
                len(addressees),
            ).format(count=len(addressees), workflow=known.name)
        )
        return EXIT_CHECK_NEEDED if incomplete else 0
    to = find_destination(context, printer, output)
    path = free_output(context, output, known.name.replace("/", "-"), overwrite=overwrite)
    with progress_bar(len(addressees), _("printing")) as advance:
        run, numbers = open_cases(
            context.workspace,
            context.engine,
            known,
            chosen,
            [addressee.values for addressee in addressees],
            path,
            context.now(),
            layouts,
            rows=[addressee.rows for addressee in addressees],
            progress=lambda _done: advance(),
            to=to,
        )
    if as_json:
        data = {
            "workflow": known.name,
            "cases": numbers,
            "run": run.run,
            "sheets": list(run.numbers),
            "output": str(path),
        }
        click.echo(json.dumps(data, ensure_ascii=False))
    else:
        click.echo(
            _n(
                "{count} case of {workflow} opened: {output}",
                "{count} cases of {workflow} opened: {output}",
                len(numbers),
            ).format(count=len(numbers), workflow=known.name, output=path)
        )
    return deliver(context, to, [run.run], wait=not no_wait) or (EXIT_CHECK_NEEDED if incomplete else 0)


@command.command(
    "print",
    help=_(
        "Print the sheets of one case's step again (another copy, with a number of its own).\n\n"
        "\b\nExample:\n  papier cases print 12 --output lettre.pdf"
    ),
)
@number_argument
@click.option("--step", help=_("Another step than the current one."))
@output_option
@overwrite_option
@printer_options
@json_option
@pass_context
def print_command(
    context: Context,
    number: int,
    step: str | None,
    output: Path | None,
    overwrite: bool,
    as_json: bool,
    printer: str | None,
    no_wait: bool,
) -> int:
    case, workflow, _events = load_case(context.engine, number, context.now())
    name = step or case.step
    if name not in workflow.steps:
        raise UsageError(
            _("There is no step “{step}”. Choose one of: {known}.").format(step=name, known=", ".join(workflow.steps))
        )
    settings = read_settings(context.workspace)
    sheets = step_sheets(case, workflow, workflow.steps[name], context.now().date(), settings)
    if not sheets:
        raise UsageError(_("The step “{step}” prints nothing.").format(step=name))
    to = find_destination(context, printer, output)
    path = free_output(context, output, f"dossier-{number}", overwrite=overwrite)
    return _print(context, sheets, path, to, wait=not no_wait, as_json=as_json)


def _print(
    context: Context, sheets: Sequence[CaseSheet], path: Path, to: Destination | None, *, wait: bool, as_json: bool
) -> int:
    """Print sheets of cases, say what was printed, and hand it to the printer; gives the exit code."""
    layouts = Layouts(context.folders)
    done = print_case_sheets(context.workspace, context.engine, sheets, path, context.now(), layouts, to=to)
    code = _tell(done, path, as_json=as_json)
    return deliver_files(context, to, [path], wait=wait) or code


def _tell(done: CasePrint, path: Path, *, as_json: bool) -> int:
    for fault in done.faults:
        click.echo(fault, err=True)
    sheets = [] if done.run is None else list(done.run.numbers)
    if as_json:
        data = {"cases": list(done.cases), "sheets": sheets, "output": str(path) if sheets else None}
        click.echo(json.dumps(data, ensure_ascii=False))
    elif done.run is not None:
        click.echo(
            _("{sheets} for {cases}: {output}").format(
                sheets=counts.sheets(len(sheets)), cases=counts.cases(len(done.cases)), output=path
            )
        )
    return EXIT_CHECK_NEEDED if done.faults else 0


@command.command(
    "remind",
    help=_(
        "Remind before the clock does: puts waiting cases on their reminder and prints it, for window envelopes.\n\n"
        "\b\nExamples:\n"
        "  papier cases remind 12 --output rappel.pdf\n"
        "  papier cases remind --class 6A --workflow carnet/absence --output rappels-6A.pdf"
    ),
)
@click.argument("numbers", nargs=-1, type=Number())
@click.option("--workflow", metavar="NAME", help=_("Only this workflow."))
@click.option("--class", "class_", metavar="CLASS", help=_("Only this class."))
@click.option("--dry-run", is_flag=True, help=_("Say whom; remind nobody."))
@output_option
@overwrite_option
@printer_options
@by_option
@json_option
@pass_context
def remind_command(
    context: Context,
    numbers: tuple[int, ...],
    workflow: str | None,
    class_: str | None,
    dry_run: bool,
    output: Path | None,
    overwrite: bool,
    printer: str | None,
    no_wait: bool,
    by: str | None,
    as_json: bool,
) -> int:
    now = context.now()
    if not numbers:
        if workflow is None and class_ is None:
            raise UsageError(_("Say whom to remind: case numbers, --workflow or --class."))
        check_filter(context, workflow, class_)
        wanted = Filter(workflow=workflow, class_=class_, stage=str(Stage.WAIT))
        found = list_cases(context.engine, wanted, now)
        numbers = tuple(case.number for case, known in found if _can_be_reminded(case.step, known))
    if dry_run:
        click.echo(
            _n(
                "{count} case would be reminded: {numbers}", "{count} cases would be reminded: {numbers}", len(numbers)
            ).format(count=len(numbers), numbers=", ".join(map(str, numbers)))
        )
        return 0
    to = find_destination(context, printer, output)
    path = free_output(context, output, "rappels", overwrite=overwrite)
    reminded = [remind(context.engine, number, now, _by(by)) for number in numbers]
    pairs = [load_case(context.engine, case.number, now)[:2] for case in reminded]
    sheets = sheets_to_print(pairs, now.date(), read_settings(context.workspace))
    return _print(context, sheets, path, to, wait=not no_wait, as_json=as_json)


def _can_be_reminded(step: str, workflow: Workflow) -> bool:
    targets = [workflow.steps.get(clock.then or "") for clock in workflow.steps[step].clocks]
    return any(target is not None and target.prints for target in targets)


@command.command(
    "missing",
    help=_(
        "Who has not answered, class by class; with --output as pages for the staff room.\n\n"
        "\b\nExample:\n  papier cases missing --class 6A --output manquants-6A.pdf"
    ),
)
@click.option("--workflow", metavar="NAME", help=_("Only this workflow."))
@click.option("--class", "class_", metavar="CLASS", help=_("Only this class."))
@output_option
@overwrite_option
@printer_options
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a line."))
@pass_context
def missing_command(
    context: Context,
    workflow: str | None,
    class_: str | None,
    output: Path | None,
    overwrite: bool,
    as_json: bool,
    printer: str | None,
    no_wait: bool,
) -> int:
    check_filter(context, workflow, class_)
    found = list_cases(context.engine, Filter(workflow=workflow, class_=class_, open_only=True), context.now())
    groups: dict[str, list[tuple[str, str, str, str]]] = {}
    for case, known in sorted(found, key=lambda pair: (pair[0].person.get("classe", ""), pair[0].name)):
        step = known.steps[case.step]
        if step.back is None or case.stage(known) is not Stage.WAIT:
            continue
        sent = case.marks.get(f"{case.step}.sent")
        since = sent.prudent if sent is not None else case.opened
        sheet = next((entry.sheet for entry in reversed(case.sheets) if entry.form == step.back.form), "")
        group = case.person.get("classe", "")
        groups.setdefault(group, []).append((case.name, step.title.fr, day_words(since), sheet))
        if as_json:
            data = {
                "case": case.number,
                "class": group,
                "name": case.name,
                "step": step.name,
                "since": since.isoformat(),
                "sheet": sheet,
            }
            click.echo(json.dumps(data, ensure_ascii=False))
    total = sum(len(rows) for rows in groups.values())
    path = None
    # A list on the screen is no order to print: only a printer that is named gets it.
    to = find_destination(context, printer, output) if printer is not None else None
    if output is not None or to is not None:
        path = free_output(context, output, "manquants", overwrite=overwrite)
        day = f"le {day_words(context.now().date())}"
        write_items(path, A4, "Qui n'a pas répondu", missing_pages("Qui n'a pas répondu", day, groups or {"": []}))
    if not as_json:
        for group, rows in groups.items():
            click.echo(labelled(group or "–", str(len(rows))))
            for row in rows:
                click.echo(f"  {'  '.join(row)}")
        click.echo(
            _n("{count} case waits for an answer.", "{count} cases wait for an answer.", total).format(count=total)
        )
    return 0 if path is None else deliver_leaflet(context, to, path, "cases/missing", wait=not no_wait)


@command.command(
    "calendar",
    help=_(
        "A month's deadlines, to pin on the wall.\n\n"
        "\b\nExample:\n  papier cases calendar --month 2027-03 --output mars.pdf"
    ),
)
@click.option("--month", type=click.DateTime(["%Y-%m"]), metavar="YYYY-MM", help=_("Which month; else this one."))
@output_option
@overwrite_option
@printer_options
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a deadline."))
@pass_context
def calendar_command(
    context: Context,
    month: dt.datetime | None,
    output: Path | None,
    overwrite: bool,
    as_json: bool,
    printer: str | None,
    no_wait: bool,
) -> int:
    first = (month.date() if month is not None else context.now().date()).replace(day=1)
    dues: list[WallDue] = []
    for case, workflow in list_cases(context.engine, Filter(open_only=True), context.now()):
        for due in running(case, workflow):
            day = due.prudent if due.clock.ours or due.theoretical is None else due.theoretical
            if (day.year, day.month) != (first.year, first.month):
                continue
            words = f"n° {case.number} {short_name(case)} : {due.clock.name}"
            dues.append(WallDue(day, words, due.clock.ours))
            if as_json:
                data = {
                    "day": day.isoformat(),
                    "case": case.number,
                    "step": due.step,
                    "clock": due.clock.name,
                    "ours": due.clock.ours,
                }
                click.echo(json.dumps(data, ensure_ascii=False))
    if as_json and output is None and printer is None:
        return 0
    to = find_destination(context, printer, output)
    path = free_output(context, output, f"echeances-{first:%Y-%m}", overwrite=overwrite)
    region = parse_region(read_settings(context.workspace).get("region") or None)
    dues.sort(key=lambda due: (due.day, not due.ours))
    write_items(path, A4_LANDSCAPE, f"Échéances {first:%Y-%m}", [month_page(first.year, first.month, dues, region)])
    if not as_json:
        click.echo(
            _n("{count} deadline: {output}", "{count} deadlines: {output}", len(dues)).format(
                count=len(dues), output=path
            )
        )
    return deliver_leaflet(context, to, path, "cases/calendar", wait=not no_wait)
