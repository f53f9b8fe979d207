"""`papier layout`"""

from __future__ import annotations

import json

import click

from papier.cli.context import Context, pass_context
from papier.cli.sources import find_layout
from papier.forms.shapes import LANGUAGES
from papier.language import translate as _


@click.command(
    "layout",
    help=_(
        "Show where a form's zones lie, in millimetres from the page's top left.\n\n"
        "\b\nExample:\n  papier layout carnet/absence --json"
    ),
)
@click.argument("form")
@click.option("--large", is_flag=True, help=_("The large-print variant."))
@click.option("--language", type=click.Choice(list(LANGUAGES)), help=_("With this translation beside the French."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
@pass_context
def command(context: Context, form: str, large: bool, language: str | None, as_json: bool) -> None:
    layout = find_layout(form, context.form_folder, large=large, language=language)
    if as_json:
        click.echo(json.dumps(layout.to_interface(), ensure_ascii=False))
        return
    width, height = layout.size_mm
    click.echo(f"{layout.form} v{layout.version} · {layout.title} · {width:g} × {height:g} mm")
    for page in layout.pages:
        click.echo(_("page {page}").format(page=page.page))
        for zone in page.zones:
            what = f"{zone.field}.{zone.option}" if zone.option else zone.field
            rect = zone.rect
            click.echo(
                f"  {zone.kind:<9} {what:<36} x {rect.x:6.1f}  y {rect.y:6.1f}  {rect.width:5.1f} × {rect.height:4.1f}"
            )
