"""`papier verify`"""

from __future__ import annotations

import json

import click
from sqlalchemy import Engine

from papier.cli.context import Context, pass_context
from papier.cli.output import progress_bar
from papier.errors import StoreError
from papier.language import translate as _
from papier.store.connection import connect
from papier.store.verification import find_damage, shown


@click.command(
    "verify",
    help=_(
        "Prove that store and archive are whole. Changes nothing.\n\n"
        "Every scan's hash, every row's seal, every record's page, the chain of events, scans that no record knows, "
        "and who else can read the files. What is wrong is told with what can be done.\n\n"
        "\b\nExample:\n  papier verify"
    ),
)
@click.option("--json", "as_json", is_flag=True, help=_("Machine-readable lines on standard output."))
@pass_context
def command(context: Context, as_json: bool) -> int:
    workspace = context.workspace
    if not workspace.database.exists():
        raise StoreError(
            _("The store {path} is missing. Put it back: papier restore BACKUP").format(path=workspace.database)
        )
    scans = sum(1 for _path in workspace.archive.glob("*/*"))
    with progress_bar(scans, _("verifying")) as advance:
        problems = find_damage(workspace, _engine(context), lambda _done, _total: advance())
    for problem in problems if as_json else shown(problems):
        if as_json:
            click.echo(json.dumps({"problem": problem}, ensure_ascii=False))
        else:
            click.echo(problem, err=True)
    if problems:
        return StoreError.exit_code
    if not as_json:
        click.echo(_("Store and archive are whole."))
    return 0


def _engine(context: Context) -> Engine:
    try:
        return context.engine
    except StoreError:
        # Too damaged to be brought up to date: what is wrong with it is what we are here to find.
        return connect(context.workspace)
