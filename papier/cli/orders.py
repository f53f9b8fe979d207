"""`papier orders`: print an order sheet; act on those that came in."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

import click

from papier.after_batch import open_office, send_all
from papier.cli.case_prints import free_output
from papier.cli.context import Context, pass_context
from papier.cli.output import in_words, labelled
from papier.cli.outputs import OutputFile
from papier.cli.printer import deliver, find_destination, printer_options
from papier.devices.ipp import Server
from papier.errors import EXIT_CHECK_NEEDED
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.orders.running import order_words, pending_orders, refusal_words, run_orders
from papier.orders.sheet import print_order_sheets
from papier.print_sending import Sending
from papier.store.orders import OrderState


@click.command(
    "orders",
    help=_(
        "Print order sheets: what is ticked on one, signed and scanned, papier does. `papier watch` acts on them by "
        "itself; --run does it by hand.\n\n"
        "A sheet serves once: a photocopy, a second scan or an invented number does nothing, and the report says so. "
        "What was not read for sure is not done; its question is printed, with the next order sheet.\n\n"
        "What may be ordered stands in papier.yaml:\n\n"
        "\b\n"
        "  ordres:\n"
        "    permis: [imprimer, jour, rappels, manquants, verification, sauvegarde]\n"
        "    formulaires: [carnet/absence, carnet/retard]\n"
        "    listes: {6A: 6A.csv}\n"
        "    copies: 40\n"
        "    sauvegarde: /media/cle-usb\n\n"
        "\b\nExamples:\n  papier orders --sheets 2 --output ordres.pdf\n"
        "  papier orders --run --dry-run\n  papier orders --run"
    )
    .replace("{{", "{")
    .replace("}}", "}"),
)
@click.option("--sheets", type=click.IntRange(1, 50), default=1, show_default=True, help=_("How many order sheets."))
@click.option("--output", type=OutputFile(), help=_("The PDF to write."))
@click.option("--overwrite", is_flag=True, help=_("Replace the PDF of that name."))
@printer_options
@click.option("--run", "running", is_flag=True, help=_("Act on the order sheets that came in."))
@click.option("--dry-run", is_flag=True, help=_("With --run: say what would be done; do nothing."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
@pass_context
def command(
    context: Context,
    sheets: int,
    output: Path | None,
    overwrite: bool,
    printer: str | None,
    no_wait: bool,
    running: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    if running or dry_run:
        return _run(context, dry_run=dry_run, as_json=as_json)
    office = open_office(context.workspace, context.engine, context.now(), context.folders, ())
    to = find_destination(context, printer, output)
    path = free_output(context, output, "ordres", overwrite=overwrite)
    run = print_order_sheets(
        context.workspace, context.engine, office.settings, office.layouts, path, context.now(), sheets=sheets, to=to
    )
    if as_json:
        click.echo(json.dumps({"run": run.run, "sheets": list(run.numbers), "output": str(path)}, ensure_ascii=False))
    else:
        click.echo(
            _n("{count} order sheet: {output}", "{count} order sheets: {output}", len(run.numbers)).format(
                count=len(run.numbers), output=path
            )
        )
    return deliver(context, to, [run.run], wait=not no_wait)


def _run(context: Context, *, dry_run: bool, as_json: bool) -> int:
    office = open_office(context.workspace, context.engine, context.now(), context.folders, context.workflows())
    titles: dict[str, str] = {}
    asked = False
    for came, found in pending_orders(office):
        asked = asked or came.refusal is not None or any(known.state is OrderState.ASKED for known in found)
        if as_json:
            line = {
                "sheet": came.sheet,
                "refusal": came.refusal,
                "orders": [
                    {
                        "order": known.order.what,
                        "form": known.order.form or None,
                        "class": known.order.class_ or None,
                        "copies": known.order.copies,
                        "state": str(known.state),
                        "why": known.told or None,
                    }
                    for known in found
                ],
            }
            click.echo(json.dumps(line, ensure_ascii=False))
        elif dry_run:
            sheet = came.sheet or "–"
            click.echo(labelled(sheet, refusal_words(came.refusal)) if came.refusal else sheet)
            for known in found:
                words = (
                    _("would be done")
                    if known.state is OrderState.BEGUN
                    else labelled(in_words(known.state), known.told)
                )
                click.echo(f"  {labelled(order_words(known.order, titles), words)}")
    if dry_run:
        return EXIT_CHECK_NEEDED if asked else 0
    told = 0
    sending = Sending(Server.find(), context.now)
    for words in chain(run_orders(office), send_all(context.workspace, context.engine, sending)):
        told += 1
        if not as_json:
            click.echo(words)
    if not as_json and not told:
        click.echo(_("No order sheet waits."))
    return EXIT_CHECK_NEEDED if asked else 0
