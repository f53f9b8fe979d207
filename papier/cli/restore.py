"""`papier restore`"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from papier.cli import counts
from papier.cli.context import Context, asking, pass_context
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.store.backup import find_backup, open_backup
from papier.store.restore import RestorePlan, plan_restore, restore


@click.command(
    "restore",
    help=_(
        "Put a backup in the workspace's place, once every byte of it is proved.\n\n"
        "What stands there is moved aside, never deleted. Scans that the backup does not know go back into the inbox. "
        "Sheets printed since the backup are no longer known: print them again; their numbers are not given twice.\n\n"
        "\b\nExamples:\n"
        "  papier restore /media/usb/papier --dry-run      (proves it, says what would change)\n"
        "  papier restore /media/usb/papier"
    ),
)
@click.argument("backup", metavar="BACKUP", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--dry-run", is_flag=True, help=_("Prove the backup and say what would change; change nothing."))
@pass_context
def command(context: Context, backup: Path, dry_run: bool) -> None:
    target = context.folder.resolve()
    folder = find_backup(backup)
    present = context.workspace.vault if context.exists else None
    vault = open_backup(folder, vault=present, ask=asking())
    plan = plan_restore(folder, target, vault, present)
    _tell(plan)
    if present is not None and vault is None:
        click.echo(_("This backup is not encrypted: what it gives back is not either. Then: papier encrypt"), err=True)
    if dry_run:
        click.echo(_("Nothing was changed."))
        return
    aside = restore(plan, target, context.now(), vault, present)
    click.echo(_("Restored: {folder}.").format(folder=target))
    if aside is not None:
        click.echo(_("What stood there is in {folder}. Delete it when you miss nothing.").format(folder=aside))
    if plan.purged:
        click.echo(_back_again(plan.purged), err=True)
    if plan.newer_scans or any((target / "inbox").iterdir()):
        click.echo(_("Scans wait in the inbox. Take them in: papier intake"))


def _back_again(purged: Sequence[int]) -> str:
    options = " ".join(f"--record {record}" for record in purged)
    return _n(
        "This backup brings back {count} record that was purged since. Purge it again: "
        'papier purge {options} --because "purged before the restore"',
        "This backup brings back {count} records that were purged since. Purge them again: "
        'papier purge {options} --because "purged before the restore"',
        len(purged),
    ).format(count=len(purged), options=options)


def _tell(plan: RestorePlan) -> None:
    backup = plan.backup
    click.echo(
        _("The backup {folder} is whole: {records}, event {seq}, head {head}…").format(
            folder=backup.folder, records=counts.records(backup.records), seq=backup.seq, head=backup.head[:16]
        )
    )
    if plan.newer_events is None:
        click.echo(_("There is no store that can be compared. Numbers are left out, so that none is given twice."))
    elif plan.other_history:
        click.echo(_("The present store is of another history: it is not the one that was backed up."))
    elif plan.newer_events:
        click.echo(
            _("The present store knows {events} and {records} more; they would be set aside.").format(
                events=counts.events(plan.newer_events), records=counts.records(plan.newer_records)
            )
        )
    if plan.purged:
        click.echo(_back_again(plan.purged), err=True)
    if plan.newer_scans:
        click.echo(
            _n(
                "{count} scan is newer than the backup: kept, into the inbox.",
                "{count} scans are newer than the backup: kept, into the inbox.",
                len(plan.newer_scans),
            ).format(count=len(plan.newer_scans))
        )
