"""`papier printers`"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click

from papier.cli.context import Context, pass_context
from papier.cli.output import labelled
from papier.devices.ipp import Server
from papier.devices.print_settings import PrintSettings, load_print_settings
from papier.devices.printer_words import in_words, troubles, warnings
from papier.devices.printing import Printer, default_printer, find_trays, list_printers
from papier.errors import EXIT_CHECK_NEEDED, ProgramFailedError
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.store.workspace import SETTINGS_FILE


@click.command(
    "printers",
    help=_(
        "The printers that CUPS knows: how each is doing, its trays, and which one papier prints on. "
        "Changes nothing.\n\n"
        "The office's own printer stands in papier.yaml:\n\n"
        "\b\n  impression:\n    imprimante: Copieur\n    papiers:\n      jaune: {bac: tray-2}\n\n"
        "\b\nExamples:\n  papier printers\n  papier print carnet/absence --copies 30 --printer Copieur"
    ),
)
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a printer."))
@pass_context
def command(context: Context, as_json: bool) -> int:
    server = Server.find()
    settings = load_print_settings(context.workspace.folder / SETTINGS_FILE) if context.exists else PrintSettings()
    printers = list_printers(server)
    usual = default_printer(server)
    for found in printers:
        printer = dataclasses.replace(found, trays=find_trays(server, found))
        chosen = printer.name == settings.printer
        if as_json:
            click.echo(json.dumps(_json(printer, chosen=chosen, usual=usual), ensure_ascii=False))
        else:
            _show(printer, chosen=chosen)
    names = [printer.name for printer in printers]
    if not as_json:
        _advise(settings, names, usual)
    if not names:
        return ProgramFailedError.exit_code
    return EXIT_CHECK_NEEDED if settings.printer and settings.printer not in names else 0


def _json(printer: Printer, *, chosen: bool, usual: str | None) -> dict[str, Any]:
    return {
        "printer": printer.name,
        "info": printer.info,
        "location": printer.location,
        "device": printer.device,
        "chosen": chosen,
        "cups_default": printer.name == usual,
        "stopped": printer.stopped,
        "accepting": printer.accepting,
        "waiting": printer.waiting,
        "troubles": [in_words(word) for word in troubles(printer.reasons)],
        "both_sides": any("two-sided" in side for side in printer.sides),
        "trays": list(printer.trays),
    }


def _show(printer: Printer, *, chosen: bool) -> None:
    state = _("stopped") if printer.stopped else _("ready")
    if not printer.accepting:
        state = _("takes no jobs")
    mark = "→" if chosen else " "
    click.echo(f"{mark} {labelled(printer.name, state)}" + (f" · {printer.info}" if printer.info else ""))
    for word in (*troubles(printer.reasons), *warnings(printer.reasons)):
        if word != "paused":
            click.echo(f"    {in_words(word)}")
    if printer.stopped:
        click.echo("    " + _("Let it go on: sudo cupsenable {name}").format(name=printer.name))
    if not printer.accepting:
        click.echo("    " + _("Let it take jobs: sudo cupsaccept {name}").format(name=printer.name))
    if printer.waiting:
        click.echo(
            "    "
            + _n("{count} job waits in its queue.", "{count} jobs wait in its queue.", printer.waiting).format(
                count=printer.waiting
            )
        )
    sides = _("both sides") if any("two-sided" in side for side in printer.sides) else _("one side")
    click.echo(f"    {sides} · " + _("trays: {trays}").format(trays=", ".join(printer.trays) or "–"))


def _advise(settings: PrintSettings, names: list[str], usual: str | None) -> None:
    if not names:
        click.echo(
            _(
                "CUPS has no printer. One in the network: "
                "sudo lpadmin -p Copieur -E -v ipp://ADDRESS/ipp/print -m everywhere"
            ),
            err=True,
        )
    elif settings.printer is None:
        click.echo(
            _("papier prints on none by itself. Name one in papier.yaml: impression: {{imprimante: {name}}}").format(
                name=usual or names[0]
            ),
            err=True,
        )
    elif settings.printer not in names and "://" not in settings.printer:
        click.echo(
            _("papier.yaml names the printer “{name}”, which CUPS does not know.").format(name=settings.printer),
            err=True,
        )
