"""`papier calibration`: what the test pages told."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from papier.calibration_run import list_measured, measure_new, words_of
from papier.cli.context import Context, pass_context
from papier.errors import EXIT_CHECK_NEEDED
from papier.language import translate as _


@click.command(
    "calibration",
    help=_(
        "What the scanned test pages tell of printer and scanner: scale, skew, margins, contrast, and whether forms "
        "will read. What a printer's last test page says is heeded before it prints.\n\n"
        "\b\nExample:\n"
        "  papier print calibration --printer Copieur      print the test page, write nothing on it\n"
        "  papier intake scan.pdf                          scanned back: it is measured\n"
        "  papier calibration                              the results"
    ),
)
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a test page."))
@pass_context
def command(context: Context, as_json: bool) -> int:
    measure_new(context.workspace, context.engine, context.now())
    found = list_measured(context.engine)
    for known in found:
        if as_json:
            data = {"at": known.at, "sheet": known.sheet, "printer": known.printer, **asdict(known.calibration)}
            click.echo(json.dumps(data | {"faults": known.faults}, ensure_ascii=False))
        else:
            click.echo("\n".join(words_of(known)))
    if not found and not as_json:
        click.echo(_("No test page came in yet: papier print calibration"))
    return EXIT_CHECK_NEEDED if found and found[-1].faults else 0
