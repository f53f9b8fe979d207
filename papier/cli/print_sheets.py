"""`papier print`"""

from __future__ import annotations

import json
from pathlib import Path

import click

from papier.calibration_run import is_test_page
from papier.case_run import begin_cases
from papier.cli import counts
from papier.cli.context import Context, pass_context
from papier.cli.output import progress_bar
from papier.cli.outputs import OutputFile
from papier.cli.people import find_people, parse_settings, recipient_columns, to_option
from papier.cli.printer import deliver, find_destination, printer_options
from papier.cli.sources import find_path
from papier.errors import EXIT_CHECK_NEEDED, UsageError
from papier.forms.calibration_page import FORM as TEST_PAGE
from papier.forms.calibration_page import with_targets
from papier.forms.parsing import load_form
from papier.forms.shapes import LANGUAGES
from papier.forms.translation import with_translation
from papier.forms.typesetting import lay_out
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.print_run import print_sheets
from papier.store.workspace import read_settings
from papier.workflows.library import find_opened


@click.command(
    "print",
    help=_(
        "Number and print sheets of a form: one a person of the roster, or blank copies.\n\n"
        "\b\nExamples:\n"
        "  papier print carnet/absence --copies 30 --output absences.pdf\n"
        "  papier print carnet/mot-aux-parents --roster 6A.csv --output 6A.pdf\n"
        "  papier print carnet/absence --master --output modele.pdf      (to photocopy)\n"
        "  papier print carnet/absence --language uk --copies 3\n"
        "  papier print police/taj --to ministere-interieur\n"
        "  papier print carnet/absence --copies 30 --printer Copieur       (see: papier printers)\n"
        "  papier print carnet/absence --roster 6A.csv --dry-run"
    ),
)
@click.argument("form")
@click.option("--roster", type=click.Path(path_type=Path), help=_("A CSV file, one person a line."))
@click.option("--copies", type=click.IntRange(1, 100_000), help=_("How many blank sheets (else one)."))
@click.option("--output", type=OutputFile(), help=_("The PDF to write."))
@printer_options
@click.option("--large", is_flag=True, help=_("The large-print variant: 16 pt at least."))
@click.option(
    "--language", type=click.Choice(list(LANGUAGES)), help=_("With this translation beside the French, which binds.")
)
@click.option("--master", is_flag=True, help=_("One sheet to photocopy; all its copies share its number."))
@to_option
@click.option("--set", "settings", multiple=True, metavar="COLUMN=VALUE", help=_("A value for every sheet."))
@click.option("--overwrite", is_flag=True, help=_("Replace the PDF of that name; its sheets stay expected back."))
@click.option("--dry-run", is_flag=True, help=_("Say what would be printed; number nothing."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
@pass_context
def command(
    context: Context,
    form: str,
    roster: Path | None,
    copies: int | None,
    output: Path | None,
    printer: str | None,
    no_wait: bool,
    large: bool,
    language: str | None,
    master: bool,
    recipient: str | None,
    settings: tuple[str, ...],
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    if roster is not None and (copies is not None or master):
        raise UsageError(_("--roster prints one sheet a person: leave --copies and --master out."))
    if master and copies is not None:
        raise UsageError(_("--master prints one sheet to photocopy: leave --copies out."))
    workspace = context.workspace
    testing = is_test_page(form)
    definition = load_form(find_path(TEST_PAGE if testing else form, context.form_folder))
    if language is not None:
        definition = with_translation(definition, language)
    layout = lay_out(definition, large=large)
    if testing:
        layout = with_targets(layout)
    # What the office says of itself, and the address of the institution that a letter goes to.
    known = read_settings(workspace)
    common = {column: known[column] for column in layout.roster_columns() if column in known}
    common |= recipient_columns(recipient, context, layout) | parse_settings(settings, [layout])
    # A sheet that is for somebody and begins a case is expected back; blank ones begin theirs when they come in.
    workflow = None if roster is None else find_opened(definition.form, context.workflows())
    addressees, incomplete = find_people(
        definition, layout, roster, common, copies or 1, begins_cases=workflow is not None
    )
    if dry_run:
        click.echo(
            _("{sheets} of {form}, {pages} each; nothing was printed.").format(
                sheets=counts.sheets(len(addressees)),
                form=definition.form,
                pages=counts.pages(len(layout.pages)),
            )
        )
        return EXIT_CHECK_NEEDED if incomplete else 0
    given = output
    if output is None:
        stamp = context.now().strftime("%Y-%m-%d-%H%M%S")
        output = workspace.printed / f"{definition.form.replace('/', '-')}-{stamp}.pdf"
    if output.exists() and not overwrite:
        raise UsageError(_("{output} is there already. Choose another --output, or --overwrite.").format(output=output))
    to = find_destination(context, printer, given)
    beginning = (
        None if workflow is None else begin_cases(workspace, workflow, definition.form, addressees, context.now())
    )
    with progress_bar(len(addressees), _("printing")) as advance:
        run = print_sheets(
            workspace,
            context.engine,
            layout,
            addressees,
            output,
            context.now(),
            master=master,
            progress=lambda _done: advance(),
            registered=beginning,
            to=to,
        )
    if as_json:
        click.echo(
            json.dumps(
                {"run": run.run, "form": definition.form, "output": str(run.output), "sheets": list(run.numbers)},
                ensure_ascii=False,
            )
        )
    else:
        click.echo(
            _n(
                "{count} sheet of {form}: {output} (print run {run})",
                "{count} sheets of {form}: {output} (print run {run})",
                len(run.numbers),
            ).format(count=len(run.numbers), form=definition.form, output=run.output, run=run.run)
        )
    return deliver(context, to, [run.run], wait=not no_wait) or (EXIT_CHECK_NEEDED if incomplete else 0)
