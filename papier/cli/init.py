"""`papier init`"""

from __future__ import annotations

import click

from papier.cli.context import Context, pass_context
from papier.language import translate as _
from papier.store.workspace import create_workspace


@click.command(
    "init",
    help=_(
        "Make a workspace: settings, key, store, inbox, archive. An existing one is left as it is.\n\n"
        "\b\nExample:\n  papier --workspace ~/papier init"
    ),
)
@pass_context
def command(context: Context) -> None:
    existed = context.exists
    workspace = context.workspace if existed else create_workspace(context.folder)
    context.make_store()
    if existed:
        click.echo(_("The workspace {folder} is there already.").format(folder=workspace.folder))
    else:
        click.echo(_("Workspace made in {folder}.").format(folder=workspace.folder))
        click.echo(
            _("Keep a copy of its key ({key}) in a safe: it proves the sheets are yours.").format(
                key=workspace.folder / "key"
            )
        )
