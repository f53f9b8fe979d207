"""`papier register`"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import click

from papier.cli.case_prints import free_output
from papier.cli.context import Context, pass_context
from papier.cli.outputs import OutputFile
from papier.cli.printer import deliver_leaflet, find_destination, printer_options
from papier.errors import StoreError, UsageError
from papier.language import translate as _
from papier.paper_trail import print_register, stands_in_chain


@click.command(
    "register",
    help=_(
        "Print the month's register: every record that came in, the hash of its scan, and the head of the chain of "
        "events. Signed and kept on paper, it vouches for the files: whoever changes them cannot change it.\n\n"
        "--check compares what a printed register says with the store.\n\n"
        "\b\nExamples:\n"
        "  papier register --month 2026-11 --output register.pdf\n"
        "  papier register --printer Copieur\n"
        "  papier register --check 412 9f2c04d1e7aa31b8"
    ),
)
@click.option("--month", metavar=_("YYYY-MM"), help=_("The month; else the last one that is over."))
@click.option("--output", type=OutputFile(), help=_("The PDF to write; else one in the workspace."))
@click.option("--overwrite", is_flag=True, help=_("Replace the PDF of that name."))
@printer_options
@click.option("--check", nargs=2, type=(int, str), metavar=_("EVENT HASH"), help=_("Is this head still in the chain?"))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
@pass_context
def command(
    context: Context,
    month: str | None,
    output: Path | None,
    overwrite: bool,
    printer: str | None,
    no_wait: bool,
    check: tuple[int, str] | None,
    as_json: bool,
) -> int:
    if check is not None:
        seq, beginning = check
        stands = stands_in_chain(context.engine, seq, beginning)
        if as_json:
            click.echo(json.dumps({"event": seq, "stands": stands}))
        elif stands:
            click.echo(
                _("Event {seq} is as it was printed. Prove what stands before it: papier verify").format(seq=seq)
            )
        else:
            message = _("Event {seq} is not what was printed. Put the store back: papier restore BACKUP")
            click.echo(message.format(seq=seq), err=True)
        return 0 if stands else StoreError.exit_code
    today = context.now().date()
    chosen = _parse_month(month) if month else today.replace(day=1) - dt.timedelta(1)
    to = find_destination(context, printer, output)
    path = free_output(context, output, f"registre-{chosen:%Y-%m}", overwrite=overwrite)
    made = print_register(context.workspace, context.engine, chosen, path, today)
    if as_json:
        told = {"month": f"{made.month:%Y-%m}", "records": made.records, "seq": made.seq, "head": made.head}
        click.echo(json.dumps(told))
    else:
        click.echo(
            _("Register of {month}: {path}, head of the chain: event {seq}, {head}").format(
                month=f"{made.month:%Y-%m}", path=path, seq=made.seq, head=made.head
            )
        )
    return deliver_leaflet(context, to, path.resolve(), "register", wait=not no_wait)


def _parse_month(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise UsageError(_("“{month}” is no month. Write 2026-11.").format(month=text)) from error
