"""What every command that prints shares: `--printer`, the office's own printer, and telling how the printing goes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from papier.calibration_run import printing_warnings
from papier.cli import counts
from papier.cli.context import Context
from papier.devices.ipp import Server
from papier.devices.print_settings import load_print_settings
from papier.devices.printing import Printer, find_printer
from papier.errors import EXIT_CHECK_NEEDED, ProgramFailedError
from papier.forms.stacks import stacks_of
from papier.language import translate as _
from papier.print_run import Destination
from papier.print_sending import Sending, follow, is_open, send_waiting
from papier.store.print_jobs import PrintJob, State, enqueue_alone, list_jobs
from papier.store.workspace import SETTINGS_FILE

_Command = TypeVar("_Command", bound=Callable[..., Any])


def printer_options(function: _Command) -> _Command:
    """`--printer` and `--no-wait`, for every command that puts something on paper."""
    printer = click.option(
        "--printer",
        metavar="NAME",
        help=_("Print it on this CUPS printer (or ipp:// address). Without --output, that of the settings."),
    )
    no_wait = click.option("--no-wait", is_flag=True, help=_("Hand it to the printer; don't wait until it is through."))
    decorated: _Command = printer(no_wait(function))
    return decorated


def find_destination(context: Context, printer: str | None, output: Path | None) -> Destination | None:
    """Where to print: the printer named, else the settings' where no --output is given; None: only the PDF.

    Asked before anything is numbered. Raises UsageError for an unknown printer, ProgramFailedError for one that takes
    no jobs, MissingProgramError without CUPS, DefinitionError where the settings are wrong.
    """
    if printer is None and output is not None:
        return None
    settings = load_print_settings(context.workspace.folder / SETTINGS_FILE)
    if printer is None and settings.printer is None and not any(own.printer for own in settings.forms.values()):
        return None
    if printer is not None or settings.printer is not None:
        check_accepting(find_printer(Server.find(), printer or settings.printer or ""))
    names = [name for name in (printer, settings.printer) if name is not None][:1]
    for words in printing_warnings(context.engine, names):
        click.echo(words, err=True)
    return Destination(settings, printer)


def check_accepting(printer: Printer) -> None:
    """Raises ProgramFailedError for a queue that takes no jobs."""
    if not printer.accepting:
        raise ProgramFailedError(
            _("The printer {name} takes no jobs ({why}). Let it: sudo cupsaccept {name}").format(
                name=printer.name, why=printer.message or "–"
            )
        )


def deliver(context: Context, to: Destination | None, runs: Sequence[int], *, wait: bool = True) -> int:
    """Hand over what these runs print and follow it; gives the exit code.

    EXIT_CHECK_NEEDED: it waits in the queue, or the tray must be looked at. Raises ProgramFailedError when the printer
    refused it, MissingProgramError where CUPS is gone.
    """
    if to is None:
        return 0
    engine = context.engine
    wanted = [
        job.job for run in dict.fromkeys(runs) for job in list_jobs(engine, (State.QUEUED, State.OFFERED), run=run)
    ]
    return deliver_jobs(context, to, wanted, wait=wait)


def deliver_files(context: Context, to: Destination | None, paths: Sequence[Path | None], *, wait: bool = True) -> int:
    """`deliver` for what was written into these PDFs; a path that is None is left out."""
    if to is None:
        return 0
    wanted = {path for path in paths if path is not None}
    jobs = [job for job in list_jobs(context.engine, (State.QUEUED, State.OFFERED)) if job.pdf in wanted]
    return deliver_jobs(context, to, [job.job for job in jobs], wait=wait)


def deliver_leaflet(
    context: Context, to: Destination | None, pdf: Path, form: str, *, both_sides: bool = False, wait: bool = True
) -> int:
    """Print a PDF that bears no numbers; `form` names it in the settings. Pages of one size go together."""
    if to is None:
        return 0
    jobs = to.jobs(
        "papier", pdf, hashlib.sha256(pdf.read_bytes()).hexdigest(), stacks_of(pdf, form, both_sides=both_sides)
    )
    numbers = enqueue_alone(context.engine, context.now(), None, jobs)
    return deliver_jobs(context, to, numbers, wait=wait)


def deliver_jobs(context: Context, to: Destination, numbers: Sequence[int], *, wait: bool = True) -> int:
    """`deliver` for jobs by their numbers."""
    engine = context.engine
    sending = Sending(Server.find(), context.now)
    if not numbers:
        return 0
    for job in list_jobs(engine, numbers=numbers):
        if job.options.must_be_loaded:
            click.echo(
                _("{title} goes on paper “{paper}”: put it in. Its tray can stand in papier.yaml.").format(
                    title=job.title, paper=job.options.paper
                ),
                err=True,
            )
    jobs = send_waiting(context.workspace, engine, sending, numbers)
    sent = [job.job for job in jobs if job.state is State.SENT]
    if sent:
        names = ", ".join(dict.fromkeys(job.printer for job in jobs))
        click.echo(
            _("Sent to {printer}: {pages}").format(printer=names, pages=counts.pages(sum(job.pages for job in jobs))),
            err=True,
        )
    if sent and wait:
        followed = follow(engine, sending, sent, to.settings.patience, lambda words: click.echo(words, err=True))
        jobs = [job for job in jobs if job.job not in sent] + followed
    return tell(jobs, wait=wait)


def tell(jobs: Sequence[PrintJob], *, wait: bool = True) -> int:
    """Say how the jobs ended and what to do now; gives the exit code. Raises ProgramFailedError for refused ones."""
    code = 0
    for job in jobs:
        again = f"papier sheets send {job.run}" if job.run is not None else _("the same command again")
        if job.state is State.UNKNOWN:
            code = EXIT_CHECK_NEEDED
            click.echo(
                _(
                    "{title}: not sure to be printed whole ({why}). Look in the tray. Whole: papier sheets confirm "
                    "{run}. Not whole: destroy what came out, then {again}"
                ).format(title=job.title, why=job.reason, run=job.run or "", again=again),
                err=True,
            )
        elif is_open(job) and wait:
            code = EXIT_CHECK_NEEDED
            click.echo(
                _("{title} waits in the queue {printer} and is printed as soon as it can. See: papier sheets").format(
                    title=job.title, printer=job.printer
                ),
                err=True,
            )
        elif job.state is State.PRINTED:
            click.echo(_("{title}: printed on {printer}").format(title=job.title, printer=job.printer), err=True)
    refused = [job for job in jobs if job.state is State.REFUSED]
    if refused:
        job = refused[0]
        raise ProgramFailedError(
            _("{why} Nothing was printed; the PDF {path} and its numbers stay. Then: papier sheets send {run}").format(
                why=job.reason, path=job.pdf, run=job.run or ""
            )
        )
    return code
