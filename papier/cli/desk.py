"""`papier desk`: the office in the browser."""

from __future__ import annotations

import getpass

import click

from papier.cli.context import Context, pass_context
from papier.language import translate as _
from papier.language import translate_count as _n


@click.command(
    "desk",
    help=_(
        "Open the office in the browser: check readings, drop scans in, look at records and cases, print again.\n\n"
        "The desk is for this machine and this browser only. Its address opens once; Ctrl-C closes the desk, and "
        "running the command again opens it anew.\n\n"
        "\b\nExamples:\n  papier desk\n  papier desk --no-browser"
    ),
)
@click.option("--browser/--no-browser", default=True, help=_("Open the browser, or only print the address."))
@click.option("--by", metavar=_("NAME"), help=_("Who answers; else your user name."))
@pass_context
def command(context: Context, browser: bool, by: str | None) -> None:
    open_in_browser(context, browser=browser, first="/", who=by or getpass.getuser())


def open_in_browser(context: Context, *, browser: bool, first: str, who: str, form: str | None = None) -> None:
    """Serve the desk until Ctrl-C, beginning with the page `first`."""
    from papier.desk.opening import open_desk  # noqa: PLC0415 - a server is imported only to serve
    from papier.desk.serving import open_browser  # noqa: PLC0415

    def ready(address: str) -> None:
        click.echo(address)
        if browser and not open_browser(address):
            click.echo(_("No browser could be opened: open this address yourself."), err=True)
        click.echo(_("It opens once, on this machine. Ctrl-C closes the desk."), err=True)

    left = open_desk(context.workspace, context.engine, context.folders, context.now, ready, first, who, form)
    if left:
        click.echo(
            _n(
                "{count} scan waits in the inbox. Type: papier intake",
                "{count} scans wait in the inbox. Type: papier intake",
                left,
            ).format(count=left),
            err=True,
        )
    click.echo(_("The desk is closed."), err=True)
