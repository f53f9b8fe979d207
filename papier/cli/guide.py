"""`papier guide`"""

from __future__ import annotations

from pathlib import Path

import click

from papier.cli.context import Context, pass_context
from papier.cli.outputs import OutputFile
from papier.cli.printer import deliver_leaflet, find_destination, printer_options
from papier.errors import UsageError
from papier.forms.catalogue import family_of
from papier.forms.definition import FormDefinition
from papier.forms.families import find_family
from papier.forms.layout import Layout
from papier.forms.leaflets import lay_out_guide
from papier.forms.library import library_folders, list_forms
from papier.forms.pdf import face_pdf
from papier.language import translate as _
from papier.yaml_source import suggest_or_list

OUTPUT = click.option("--output", type=OutputFile(), help=_("The PDF to write."))
OVERWRITE = click.option("--overwrite", is_flag=True, help=_("Replace the PDF of that name."))


@click.command(
    "guide",
    help=_(
        "Print the one-page guide of a family of forms, for whoever hands its sheets out: which sheet when, what to "
        "keep, what comes next.\n\n"
        "\b\nExample:\n  papier guide carnet --output guide.pdf"
    ),
)
@click.argument("family")
@OUTPUT
@OVERWRITE
@printer_options
@pass_context
def command(
    context: Context, family: str, output: Path | None, overwrite: bool, printer: str | None, no_wait: bool
) -> int:
    forms = forms_of_family(context, family)
    layout = lay_out_guide(find_family(family), [form for form in forms.values() if family_of(form) == family])
    # A leaflet needs no workspace; its printing does.
    to = find_destination(context, printer, output) if printer is not None else None
    path = output or Path(f"guide-{family}.pdf")
    write_leaflet(layout, path, overwrite=overwrite)
    return deliver_leaflet(context, to, path.resolve(), f"guide/{family}", wait=not no_wait)


def forms_of_family(context: Context, family: str) -> dict[str, FormDefinition]:
    """Every sound form by name; raises UsageError when none is of this family."""
    listed = list_forms(library_folders(context.form_folder))
    forms = {entry.form: entry.definition for entry in listed if entry.definition is not None}
    known = dict.fromkeys(family_of(form) for form in forms.values())
    if family not in known:
        raise UsageError(_("There is no family “{family}”.").format(family=family) + suggest_or_list(family, known))
    return forms


def write_leaflet(layout: Layout, output: Path, *, overwrite: bool) -> None:
    if output.exists() and not overwrite:
        raise UsageError(_("{output} is there already. Choose another --output, or --overwrite.").format(output=output))
    output.write_bytes(face_pdf(layout))
    click.echo(str(output))
