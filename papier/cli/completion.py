"""`papier completion`"""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from papier.language import translate as _


@click.command(
    "completion",
    help=_(
        "Print the completion script of a shell.\n\n"
        "\b\nExample:\n  papier completion bash > ~/.local/share/bash-completion/completions/papier"
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click knows the three shells
    click.echo(kind(ctx.find_root().command, {}, "papier", "_PAPIER_COMPLETE").source())
