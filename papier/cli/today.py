"""`papier today`: the office's day on paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from papier.case_run import Layouts
from papier.checking.queue import open_items
from papier.cli.case_prints import free_output
from papier.cli.context import Context, pass_context
from papier.cli.output import typeset
from papier.cli.outputs import OutputFile
from papier.cli.printer import deliver_files, find_destination, printer_options
from papier.day_run import Day, run_day
from papier.errors import EXIT_CHECK_NEEDED
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.language import written_day


@click.command(
    "today",
    help=_(
        "Print the day's sheet: what came in, what to check, decide, sign and hand out; and the letters that are due, "
        "with the list for the post office. Tick the sheet, sign it, scan it: it moves the cases.\n\n"
        "Clocks that have run out are recorded first. --dry-run shows the rows and does nothing.\n\n"
        "\b\nExamples:\n  papier today --output mardi.pdf\n  papier today --dry-run"
    ),
)
@click.option("--output", type=OutputFile(), help=_("The PDF to write; letters beside it."))
@click.option("--overwrite", is_flag=True, help=_("Replace the PDFs of that name."))
@printer_options
@click.option("--no-letters", is_flag=True, help=_("Print the day's sheet only, no letters and reminders."))
@click.option("--dry-run", is_flag=True, help=_("Show the rows; record and print nothing."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
@pass_context
def command(
    context: Context,
    output: Path | None,
    overwrite: bool,
    printer: str | None,
    no_wait: bool,
    no_letters: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    to = None if dry_run else find_destination(context, printer, output)
    path = free_output(context, output, "feuille-du-jour", overwrite=overwrite)
    day = run_day(
        context.workspace,
        context.engine,
        context.now(),
        path,
        Layouts(context.folders),
        letters=not no_letters,
        dry_run=dry_run,
        to=to,
    )
    to_check = len(open_items(context.workspace, engine=context.engine))
    faults = day.letters.faults if day.letters is not None else ()
    for fault in faults:
        click.echo(fault, err=True)
    if as_json:
        click.echo(json.dumps(_json(day) | {"to_check": to_check}, ensure_ascii=False))
    else:
        _show(day)
        if to_check:
            click.echo(
                _n(
                    "{count} reading to check: papier check", "{count} readings to check: papier check", to_check
                ).format(count=to_check)
            )
    paths = [day.letters_path, day.dispatch_path, day.day_path]
    return deliver_files(context, to, paths, wait=not no_wait) or (EXIT_CHECK_NEEDED if faults else 0)


def _json(day: Day) -> dict[str, Any]:
    letters = day.letters.run if day.letters is not None else None
    return {
        "day": day.today.isoformat(),
        "rows": [
            {"kind": row.row.kind, "cases": [item.case for item in row.row.items]} | dict(row.words) for row in day.rows
        ],
        "passed": [{"case": case, "clock": clock} for case, clock in day.passed],
        "sheets": list(day.sheets),
        "letters": [] if letters is None else list(letters.numbers),
        "dispatch": list(day.dispatch),
        "output": None if day.day_path is None else str(day.day_path),
        "letters_output": None if day.letters_path is None else str(day.letters_path),
        "dispatch_output": None if day.dispatch_path is None else str(day.dispatch_path),
    }


def _show(day: Day) -> None:
    for row in day.rows:
        due = row.words.get("jour")
        click.echo(typeset(f"{row.words['dossier']} : {row.words['objet']}") + (f" ({due})" if due else ""))
    click.echo(
        _n("{count} row for {day}.", "{count} rows for {day}.", len(day.rows)).format(
            count=len(day.rows), day=written_day(day.today)
        )
    )
    if day.passed:
        click.echo(
            _n(
                "{count} clock ran out and was recorded.", "{count} clocks ran out and were recorded.", len(day.passed)
            ).format(count=len(day.passed))
        )
    for what, path in (
        (_("Day's sheet: {output}"), day.day_path),
        (_("Letters: {output}"), day.letters_path),
        (_("List for the post office: {output}"), day.dispatch_path),
    ):
        if path is not None:
            click.echo(what.format(output=path))
