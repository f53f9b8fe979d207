"""`papier demo`: a first look at papier, without a scanner."""

from __future__ import annotations

from pathlib import Path

import click

from papier.cli.main import run
from papier.cli.sources import find_path
from papier.language import translate as _

FORM = "carnet/absence"


@click.command(
    "demo",
    help=_(
        "Make a practice folder: a workspace, and three numbered absence slips to print, fill with a pen and scan.\n\n"
        "\b\nExample:\n  papier demo essai"
    ),
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("papier-demo"))
def command(folder: Path) -> int:
    find_path(FORM, None)
    workspace, printed = folder / "workspace", folder / "absence.pdf"
    base = ["--workspace", str(workspace)]
    code = run([*base, "init"]) or run([*base, "print", FORM, "--copies", "3", "--output", str(printed)])
    if code == 0:
        click.echo(_("1. Print {file} and fill the three slips with a pen.").format(file=printed))
        click.echo(_("2. Scan them, then type: papier --workspace {folder} intake SCAN.pdf").format(folder=workspace))
        click.echo(_("3. See what was read: papier --workspace {folder} records list").format(folder=workspace))
    return code
