"""`papier verify`"""

from __future__ import annotations

import json

import click

from papier.cli.context import Context, pass_context
from papier.errors import StoreError
from papier.language import translate as _
from papier.store.verification import find_damage


@click.command(
    "verify",
    help=_("Prove that store and archive are whole.\n\n\b\nExample:\n  papier verify"),
)
@click.option("--json", "as_json", is_flag=True, help=_("Machine-readable lines on standard output."))
@pass_context
def command(context: Context, as_json: bool) -> int:
    problems = find_damage(context.workspace, context.engine)
    for problem in problems:
        if as_json:
            click.echo(json.dumps({"problem": problem}, ensure_ascii=False))
        else:
            click.echo(problem, err=True)
    if problems:
        return StoreError.exit_code
    if not as_json:
        click.echo(_("Store and archive are whole."))
    return 0
