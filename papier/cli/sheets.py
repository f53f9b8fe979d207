"""`papier sheets`: where the printed sheets stand; sending them again, confirming them, voiding them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from papier.cli.context import Context, pass_context
from papier.cli.numbers import Number
from papier.cli.output import labelled
from papier.cli.printer import check_accepting, deliver_jobs
from papier.devices.ipp import Server
from papier.devices.print_settings import load_print_settings
from papier.devices.printing import cancel_job, find_printer
from papier.errors import EXIT_CHECK_NEEDED, MissingProgramError, UsageError
from papier.forms.sheet_number import normalise
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.language import written_day
from papier.print_run import Destination
from papier.print_sending import Sending, refresh
from papier.store.print_jobs import OPEN, State, count_states, enqueue_alone, list_jobs, mark_job
from papier.store.sheets import find_run_output, find_serials, list_runs
from papier.store.voiding import RANGE, KnownNumber, change_state, find_numbers, find_run, put_back
from papier.store.workspace import SETTINGS_FILE, read_settings
from papier.workflows.place import parse_place


@click.group(
    "sheets",
    invoke_without_command=True,
    help=_(
        "Where the printed sheets stand: numbered, sent, printed, unknown, voided.\n\n"
        "Printing again never gives a number twice: `send` sends the same PDF with the same numbers.\n\n"
        "\b\nExamples:\n"
        "  papier sheets                                the last print runs, and what waits in a queue\n"
        "  papier sheets send 12                        the printer is well again: run 12, same numbers\n"
        "  papier sheets confirm 12                     the tray holds all of it\n"
        "  papier sheets void 4F7K-2M9Q-8XTR..7H2P-9LKA-3WXC --reason 'café renversé'"
    ),
)
@click.option("--all", "everything", is_flag=True, help=_("All print runs, not only the last twenty."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a print run."))
@click.pass_context
def command(ctx: click.Context, everything: bool, as_json: bool) -> int:
    if ctx.invoked_subcommand is not None:
        return 0
    context: Context = ctx.obj
    try:
        refresh(context.engine, Sending(Server.find(), context.now))
    except MissingProgramError as error:
        if list_jobs(context.engine, (State.SENT,)):
            click.echo(str(error), err=True)
    runs = list_runs(context.engine)
    code = 0
    for number, form, when, total, output in runs if everything else runs[-20:]:
        states = count_states(context.engine, number)
        jobs = list_jobs(context.engine, run=number)
        if "unknown" in states:
            code = EXIT_CHECK_NEEDED
        if as_json:
            told = [{"job": j.job, "printer": j.printer, "state": str(j.state), "reason": j.reason} for j in jobs]
            line = {"run": number, "form": form, "printed_at": when, "sheets": total, "states": dict(states)}
            click.echo(json.dumps(line | {"output": str(output) if output else None, "jobs": told}, ensure_ascii=False))
            continue
        words = ", ".join(_sheet_words(state, count) for state, count in sorted(states.items()))
        click.echo(f"{number:4}  {written_day(when)}  {labelled(form, words)}")
        for job in jobs:
            if job.state is not State.PRINTED:
                click.echo(
                    f"      {labelled(job.printer, _job_words(job.state))}" + (f" · {job.reason}" if job.reason else "")
                )
    return code


def _sheet_words(state: str, count: int) -> str:
    words = {
        "numbered": lambda: _n("{count} numbered, not printed", "{count} numbered, not printed", count),
        "sent": lambda: _n("{count} in the printer's queue", "{count} in the printer's queue", count),
        "printed": lambda: _n("{count} printed", "{count} printed", count),
        "unknown": lambda: _n(
            "{count} perhaps printed: look in the tray", "{count} perhaps printed: look in the tray", count
        ),
        "voided": lambda: _n("{count} voided", "{count} voided", count),
    }
    return words[state]().format(count=count) if state in words else f"{count} {state}"


def _job_words(state: State) -> str:
    return {
        State.QUEUED: _("not handed over yet"),
        State.OFFERED: _("not handed over yet"),
        State.SENT: _("in the printer's queue"),
        State.PRINTED: _("printed"),
        State.UNKNOWN: _("perhaps printed: look in the tray"),
        State.REFUSED: _("refused by the printer"),
        State.DROPPED: _("taken back"),
    }[state]


@command.command(
    "send",
    help=_(
        "Send a print run to a printer: the same PDF with the same numbers. For a run that was never printed, or was "
        "spoiled and destroyed.\n\n\b\nExamples:\n  papier sheets send 12\n  papier sheets send 12 --printer Bureau"
    ),
)
@click.argument("run", type=Number())
@click.option("--printer", metavar="NAME", help=_("Another printer than the run's, or the settings'."))
@click.option("--again", is_flag=True, help=_("Also when it was printed: the first stack is destroyed."))
@click.option("--no-wait", is_flag=True, help=_("Hand it to the printer; don't wait until it is through."))
@click.option("--dry-run", is_flag=True, help=_("Say what would be sent; send nothing."))
@pass_context
def send_command(context: Context, run: int, printer: str | None, again: bool, no_wait: bool, dry_run: bool) -> int:
    output, sha256, stacks = find_run_output(context.engine, run)
    states = count_states(context.engine, run)
    jobs = list_jobs(context.engine, run=run)
    waiting = [job for job in jobs if job.state in OPEN]
    if any(job.state is State.SENT for job in waiting):
        raise UsageError(
            _("Run {run} is in the printer's queue already. Take it back first: papier sheets drop {run}").format(
                run=run
            )
        )
    if "voided" in states:
        raise UsageError(_("Sheets of run {run} are voided. Print new ones.").format(run=run))
    # A PDF without a job may have been printed by hand: its first printing by papier is no second one.
    if any(job.state is State.PRINTED for job in jobs) and not again:
        raise UsageError(
            _(
                "Run {run} was printed. If that stack is destroyed, send it again: --again. "
                "Two sheets must never bear one number."
            ).format(run=run)
        )
    if output is None or sha256 is None or not stacks:
        raise UsageError(_("The PDF of run {run} is not known. Void its sheets, then print new ones.").format(run=run))
    settings = load_print_settings(context.workspace.folder / SETTINGS_FILE)
    to = Destination(settings, printer or (jobs[-1].printer if jobs else None))
    new = to.jobs(f"papier {run}", output, sha256, stacks, find_serials(context.engine, run)[0])
    if not new:
        raise UsageError(_("Say which printer: --printer NAME. See: papier printers"))
    if dry_run:
        pages = sum(job.last_page - job.first_page + 1 for job in new)
        click.echo(
            _n(
                "{count} page would go to {printer}; nothing was sent.",
                "{count} pages would go to {printer}; nothing was sent.",
                pages,
            ).format(count=pages, printer=new[0].printer)
        )
        return 0
    for name in dict.fromkeys(job.printer for job in new):
        check_accepting(find_printer(Server.find(), name))
    _drop(context, [job.job for job in waiting])
    numbers = enqueue_alone(context.engine, context.now(), run, new)
    return deliver_jobs(context, to, numbers, wait=not no_wait)


@command.command(
    "drop",
    help=_(
        "Take a print run back that waits in a queue. Its sheets stay numbered.\n\n"
        "\b\nExample:\n  papier sheets drop 12"
    ),
)
@click.argument("run", type=Number())
@pass_context
def drop_command(context: Context, run: int) -> None:
    waiting = [job.job for job in list_jobs(context.engine, OPEN, run=run)]
    if not waiting:
        raise UsageError(_("Run {run} waits in no queue. See: papier sheets").format(run=run))
    _drop(context, waiting)
    click.echo(_("Run {run} is taken back.").format(run=run))


def _drop(context: Context, numbers: Sequence[int]) -> None:
    sending = Sending(Server.find(), context.now)
    for job in list_jobs(context.engine, OPEN, numbers=numbers) if numbers else []:
        if job.state is State.QUEUED or job.queue_job is None:
            mark_job(context.engine, job.job, State.DROPPED, context.now())
            continue
        cancel_job(sending.server, job.printer, job.queue_job)
        refresh(context.engine, sending, [job.job])
        if job.state is State.OFFERED:
            mark_job(context.engine, job.job, State.DROPPED, context.now())


@command.command(
    "confirm",
    help=_(
        "Say that a run of which papier is not sure was printed whole: you have looked in the tray.\n\n"
        "\b\nExample:\n  papier sheets confirm 12"
    ),
)
@click.argument("run", type=Number())
@click.option("--dry-run", is_flag=True, help=_("Say which sheets; change nothing."))
@pass_context
def confirm_command(context: Context, run: int, dry_run: bool) -> None:
    chosen = [sheet for sheet in find_run(context.engine, run) if sheet.state in ("unknown", "numbered", "sent")]
    if not chosen:
        raise UsageError(_("No sheet of run {run} is in doubt. See: papier sheets").format(run=run))
    if not dry_run:
        for job in list_jobs(context.engine, OPEN, run=run):
            raise UsageError(
                _("Run {run} still waits on {printer}. Take it back first: papier sheets drop {run}").format(
                    run=run, printer=job.printer
                )
            )
        change_state(context.engine, chosen, "printed", context.now(), "seen")
    click.echo(
        _n("{count} sheet: {first}", "{count} sheets: {first} to {last}", len(chosen)).format(
            count=len(chosen), first=chosen[0].number, last=chosen[-1].number
        )
    )


@command.command(
    "void",
    help=_(
        "Take spoiled sheets out of use, by their numbers: they are expected back no more, and one that comes back is "
        "a question. The numbers are never given again; --undo takes it back.\n\n"
        "\b\nExamples:\n"
        "  papier sheets void 4F7K-2M9Q-8XTR 7H2P-9LKA-3WXC\n"
        "  papier sheets void 4F7K-2M9Q-8XTR..7H2P-9LKA-3WXC --reason 'bourrage' --dry-run\n"
        "  papier sheets void --run 12"
    ),
)
@click.argument("numbers", nargs=-1, metavar="NUMBER|FROM..TO…")
@click.option("--run", type=Number(), help=_("All sheets of a print run."))
@click.option("--reason", default="", help=_("Why, for the log."))
@click.option("--undo", is_flag=True, help=_("The sheets are good after all: put them back into use."))
@click.option("--dry-run", is_flag=True, help=_("Say which sheets; change nothing."))
@pass_context
def void_command(
    context: Context, numbers: tuple[str, ...], run: int | None, reason: str, undo: bool, dry_run: bool
) -> int:
    if not numbers and run is None:
        raise UsageError(_("Say which sheets: numbers, FROM..TO, or --run."))
    chosen: dict[int, KnownNumber] = {}
    for words in numbers:
        for sheet in _find(context, words):
            chosen[sheet.serial] = sheet
    if run is not None:
        of_run = find_run(context.engine, run)
        if not of_run:
            raise UsageError(_("There is no print run {run}. See: papier sheets").format(run=run))
        chosen |= {sheet.serial: sheet for sheet in of_run}
    back = [sheet for sheet in chosen.values() if sheet.came_back and not undo]
    for sheet in back:
        click.echo(
            _("{number} came back already and is left: correct its record instead.").format(number=sheet.number),
            err=True,
        )
    meant = [s for s in chosen.values() if not (s.came_back and not undo) and (s.state == "voided") is undo]
    if meant and not dry_run and undo:
        place = parse_place(read_settings(context.workspace))
        put_back(context.engine, meant, context.workflows(), context.now(), place)
    elif meant and not dry_run:
        change_state(context.engine, meant, "voided", context.now(), reason)
    for sheet in meant:
        click.echo(f"{sheet.number}  {sheet.form}")
    count = len(meant)
    if dry_run:
        words = _n(
            "{count} sheet would change; nothing was done.", "{count} sheets would change; nothing was done.", count
        )
    elif undo:
        words = _n("{count} sheet is back in use.", "{count} sheets are back in use.", count)
    else:
        words = _n("{count} sheet is voided.", "{count} sheets are voided.", count)
    click.echo(words.format(count=count))
    return EXIT_CHECK_NEEDED if back else 0


def _find(context: Context, words: str) -> list[KnownNumber]:
    first, ranged, last = words.partition(RANGE)
    ends = [normalise(first), normalise(last) if ranged else normalise(first)]
    found = find_numbers(context.engine, ends[0], ends[1]) if ends[0] and ends[1] else []
    if not found:
        raise UsageError(_("“{words}” is no sheet of this workspace. Check the number.").format(words=words))
    return found
