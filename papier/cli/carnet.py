"""`papier carnet`"""

from __future__ import annotations

import json
from pathlib import Path

import click

from papier.booklet_run import Slips, print_booklets, school_year
from papier.cli import counts
from papier.cli.context import Context, pass_context
from papier.cli.output import progress_bar
from papier.cli.outputs import OutputFile
from papier.cli.people import parse_settings
from papier.cli.printer import deliver, find_destination, printer_options
from papier.cli.sources import find_path
from papier.errors import EXIT_CHECK_NEEDED, UsageError
from papier.forms.parsing import load_form
from papier.forms.roster import find_twins, load_roster, split_complete
from papier.forms.typesetting import lay_out
from papier.language import translate as _

_SLIPS = (
    ("absences", "carnet/billet-absence"),
    ("retards", "carnet/billet-retard"),
    ("sorties", "carnet/billet-sortie"),
)


@click.command(
    "carnet",
    help=_(
        "Print a class's carnets: A5 booklets on A4, with the calendar of the school year and numbered slips to tear "
        "off, each with its stub. Print on both sides (short edge), fold each booklet, staple it in the fold.\n\n"
        "\b\nExamples:\n"
        "  papier carnet --roster 6A.csv --year 2026 --output 6A.pdf\n"
        "  papier carnet --roster 6A.csv --year 2026 --zone A --absences 8 --set etablissement='Collège Exemple'"
    ),
)
@click.option("--roster", type=click.Path(path_type=Path), required=True, help=_("A CSV file, one pupil a line."))
@click.option("--year", type=click.IntRange(2016, 2100), required=True, help=_("The year of its first September."))
@click.option("--zone", help=_("A, B, C or an academy: marks the school holidays."))
@click.option("--absences", type=click.IntRange(0, 40), default=6, show_default=True, help=_("Absence slips."))
@click.option("--retards", type=click.IntRange(0, 40), default=4, show_default=True, help=_("Late slips."))
@click.option("--sorties", type=click.IntRange(0, 40), default=2, show_default=True, help=_("Leaving slips."))
@click.option("--output", type=OutputFile(), help=_("The PDF to write."))
@click.option("--set", "settings", multiple=True, metavar="COLUMN=VALUE", help=_("A value for every booklet."))
@printer_options
@click.option("--overwrite", is_flag=True, help=_("Replace the PDF of that name; its sheets stay expected back."))
@click.option("--dry-run", is_flag=True, help=_("Say what would be printed; number nothing."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
@pass_context
def command(
    context: Context,
    roster: Path,
    year: int,
    zone: str | None,
    absences: int,
    retards: int,
    sorties: int,
    output: Path | None,
    settings: tuple[str, ...],
    printer: str | None,
    no_wait: bool,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    numbers = {"absences": absences, "retards": retards, "sorties": sorties}
    slips = [
        Slips(load_form(find_path(form, context.form_folder)), numbers[name]) for name, form in _SLIPS if numbers[name]
    ]
    calendar = school_year(year, zone)
    common = parse_settings(settings, [lay_out(slip.form) for slip in slips])
    listed = load_roster(roster)
    complete, problems = split_complete(listed, ["nom", "prenom", "classe"])
    for problem in (*listed.problems, *problems, *find_twins(listed)):
        click.echo(str(problem), err=True)
    people = [common | dict(person.values) for person in complete]
    if not people:
        raise UsageError(_("No booklet to print: no line of the roster has nom, prenom and classe."))
    incomplete = EXIT_CHECK_NEEDED if problems or listed.problems else 0
    if dry_run:
        count = sum(slip.number for slip in slips)
        click.echo(
            _("{people} of {slips}; nothing was printed.").format(
                people=counts.booklets(len(people)), slips=counts.slips(count)
            )
        )
        return incomplete
    workspace = context.workspace
    to = find_destination(context, printer, output)
    if output is None:
        output = workspace.printed / f"carnets-{context.now().strftime('%Y-%m-%d-%H%M%S')}.pdf"
    if output.exists() and not overwrite:
        raise UsageError(_("{output} is there already. Choose another --output, or --overwrite.").format(output=output))
    with progress_bar(len(people), _("printing")) as advance:
        run = print_booklets(
            workspace,
            context.engine,
            people,
            slips,
            calendar,
            output,
            context.now(),
            progress=lambda _done: advance(),
            to=to,
        )
    if as_json:
        click.echo(json.dumps({"run": run.run, "output": str(run.output), "sheets": list(run.numbers)}))
    else:
        click.echo(
            _("{people}, {slips}: {output}. Print on both sides (short edge), fold, staple.").format(
                people=counts.booklets(len(people)), slips=counts.slips(len(run.numbers)), output=run.output
            )
        )
    return deliver(context, to, [run.run], wait=not no_wait) or incomplete
