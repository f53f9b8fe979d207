"""`papier recipients`"""

from __future__ import annotations

import dataclasses
import json

import click
from rich.console import Console

from papier.cli.context import Context, pass_context
from papier.cli.output import listing
from papier.forms.library import library_folders
from papier.forms.recipients import list_recipients
from papier.language import translate as _
from papier.language import written_day


@click.command(
    "recipients",
    help=_(
        "List the recipients that `papier print FORM --to NAME` knows, with where and when their address was read.\n\n"
        "Your own stand in forms/recipients.yaml (or .csv) of your workspace.\n\n"
        "\b\nExamples:\n  papier recipients\n  papier print police/taj --to ministere-interieur"
    ),
)
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a recipient."))
@pass_context
def command(context: Context, as_json: bool) -> None:
    known = list_recipients(library_folders(context.form_folder))
    if as_json:
        for recipient in known.values():
            data = dataclasses.asdict(recipient) | {"checked": recipient.checked.isoformat()}
            click.echo(json.dumps(data, ensure_ascii=False))
        return
    table = listing((_("name"), _("address"), _("read at"), _("on")))
    for recipient in known.values():
        lines = (recipient.organisme, recipient.service, recipient.adresse)
        address = ", ".join(line for line in (*lines, f"{recipient.code_postal} {recipient.ville}") if line)
        source = _("example, not a real address") if recipient.example else recipient.source
        table.add_row(recipient.name, address, source, written_day(recipient.checked))
    Console().print(table)
