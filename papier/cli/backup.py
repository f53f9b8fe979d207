"""`papier backup`"""

from __future__ import annotations

import json
from pathlib import Path

import click

from papier.cli import counts
from papier.cli.context import Context, pass_context
from papier.cli.output import progress_bar
from papier.language import translate as _
from papier.store.backup import make_backup


@click.command(
    "backup",
    help=_(
        "Copy the whole workspace, key included, into a new folder of DEST, and prove the copy.\n\n"
        "Work may go on meanwhile. What was purged is not in backups made after. Keep DEST on another disk, "
        "locked away: it holds everything.\n\n"
        "\b\nExample:\n  papier backup /media/usb/papier"
    ),
)
@click.argument("destination", metavar="DEST", type=click.Path(path_type=Path, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
@pass_context
def command(context: Context, destination: Path, as_json: bool) -> None:
    context.engine.dispose()
    workspace = context.workspace
    scans = sum(1 for _path in workspace.archive.glob("*/*"))
    with progress_bar(scans, _("copying")) as advance:
        backup = make_backup(workspace, destination, context.now(), lambda _done, _total: advance())
    if as_json:
        told = {"backup": str(backup.folder), "files": backup.files, "bytes": backup.size, "records": backup.records}
        click.echo(json.dumps(told | {"seq": backup.seq, "head": backup.head}, ensure_ascii=False))
        return
    click.echo(
        _("Backup made and proved: {folder} ({files}, {size} MB, {records}).").format(
            folder=backup.folder,
            files=counts.files(backup.files),
            size=f"{backup.size / 1e6:.1f}",
            records=counts.records(backup.records),
        )
    )
