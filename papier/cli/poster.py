"""`papier poster`"""

from __future__ import annotations

from pathlib import Path

import click

from papier.cli.context import Context, pass_context
from papier.cli.guide import OUTPUT, OVERWRITE, forms_of_family, write_leaflet
from papier.cli.printer import deliver_leaflet, find_destination, printer_options
from papier.errors import UsageError
from papier.forms.families import families, find_family
from papier.forms.leaflets import A3, A4, lay_out_poster
from papier.language import translate as _


@click.command(
    "poster",
    help=_(
        "Print the poster of a family, to hang up in a waiting room or at school: the sheets one may ask for.\n\n"
        "\b\nExamples:\n  papier poster sante --output affiche.pdf\n  papier poster carnet --a3"
    ),
)
@click.argument("family")
@click.option("--a3", is_flag=True, help=_("In A3; else in A4."))
@OUTPUT
@OVERWRITE
@printer_options
@pass_context
def command(
    context: Context, family: str, a3: bool, output: Path | None, overwrite: bool, printer: str | None, no_wait: bool
) -> int:
    forms = forms_of_family(context, family)
    poster = find_family(family).poster
    if poster is None:
        ready = ", ".join(name for name, known in families().items() if known.poster is not None)
        raise UsageError(_("{family} has no poster. There is one for: {ready}.").format(family=family, ready=ready))
    absent = [name for name in poster.forms if name not in forms]
    if absent:
        raise UsageError(_("The poster names forms that are not there: {names}.").format(names=", ".join(absent)))
    layout = lay_out_poster(find_family(family), [forms[name] for name in poster.forms], A3 if a3 else A4)
    to = find_destination(context, printer, output) if printer is not None else None
    path = output or Path(f"poster-{family}.pdf")
    write_leaflet(layout, path, overwrite=overwrite)
    return deliver_leaflet(context, to, path.resolve(), f"poster/{family}", wait=not no_wait)
