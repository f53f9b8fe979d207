"""`papier encrypt`"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from papier.checking.typed import YES
from papier.cli.context import Context, pass_context
from papier.cli.output import progress_bar
from papier.cli.outputs import OutputFile
from papier.errors import UsageError
from papier.forms.key_sheet import write_key_sheet
from papier.language import translate as _
from papier.store.decryption import decrypt_workspace, plan_decryption
from papier.store.encryption import EncryptionPlan, encrypt_workspace, plan_encryption
from papier.store.vault import (
    PASSPHRASE_FILE,
    change_passphrase,
    check_passphrase,
    find_secret,
    make_vault,
    recovery_groups,
)
from papier.store.workspace import Workspace, read_settings


@click.command(
    "encrypt",
    help=_(
        "Encrypt the workspace on the disk with a passphrase: store, scans, index, journal, and the backups made from "
        "then on (SQLCipher for the store, age for the files). It is asked for at each command; a service reads it "
        "from the file that PAPIER_PASSPHRASE_FILE names.\n\n"
        "WHOEVER LOSES BOTH THE PASSPHRASE AND THE KEY SHEET LOSES EVERYTHING: nobody can open the workspace then, "
        "papier's authors included. Print the key sheet (--sheet) and put it in a safe; its recovery key is typed in "
        "the place of a passphrase. The paper stays the original: scanned again, it gives the records back.\n\n"
        "Every piece is read back before the readable one goes; stopped, the same command goes on. Close the desk and "
        "the watcher first. Readable stay: papier.yaml, your forms, scans that wait in the inbox, PDFs in `printed`, "
        "backups made before.\n\n"
        "\b\nExamples:\n"
        "  papier encrypt --dry-run\n"
        "  papier encrypt --sheet key.pdf       (encrypts, writes the key sheet: print it, then delete it)\n"
        "  papier encrypt --change              (another passphrase)\n"
        "  papier encrypt --undo                (readable again; --dry-run says what would be)"
    ),
)
@click.option("--dry-run", is_flag=True, help=_("Say what would be encrypted; change nothing."))
@click.option(
    "--sheet", type=OutputFile(), help=_("Write the key sheet, a PDF to print; everything can be read with it.")
)
@click.option("--change", is_flag=True, help=_("Take another passphrase. The recovery key stays the same."))
@click.option("--undo", is_flag=True, help=_("Decrypt the workspace: everybody who has the disk can read it then."))
@click.option("--yes", is_flag=True, help=_("Do not ask whether the warning was read."))
@pass_context
def command(context: Context, dry_run: bool, sheet: Path | None, change: bool, undo: bool, yes: bool) -> None:
    workspace = context.workspace
    if undo:
        if sheet is not None or change:
            raise UsageError(_("--undo decrypts: leave out --sheet and --change."))
        _decrypt(context, workspace, dry_run=dry_run, yes=yes)
        return
    if change:
        _change(workspace, dry_run=dry_run)
        return
    plan = plan_encryption(workspace)
    if workspace.vault is not None and plan.is_done:
        click.echo(_("The workspace is encrypted already."), err=sheet is not None)
    elif dry_run:
        _tell(plan)
        click.echo(_("Nothing was changed."))
        return
    else:
        _tell(plan)
        workspace = _encrypt(context, workspace, plan, yes=yes)
    if sheet is not None and not dry_run:
        _write_sheet(context, workspace, sheet)
    elif workspace.vault is not None:
        click.echo(_("Print the key sheet and put it in a safe: papier encrypt --sheet key.pdf"))


def _decrypt(context: Context, workspace: Workspace, *, dry_run: bool, yes: bool) -> None:
    if workspace.vault is None:
        raise UsageError(_("The workspace is not encrypted: there is nothing to undo."))
    plan = plan_decryption(workspace)
    click.echo(
        _("To decrypt: {files} files of the archive{store}, {size} MB.").format(
            files=plan.files, store=_(" and the store") if plan.store else "", size=-(-plan.size // 1_000_000)
        )
    )
    if dry_run:
        click.echo(_("Nothing was changed."))
        return
    click.echo(_("Whoever has the disk can read the workspace then, without a passphrase."), err=True)
    _confirm(yes=yes)
    with progress_bar(plan.files, _("decrypting")) as advance:
        decrypt_workspace(workspace, workspace.vault, context.now(), lambda _done, _total: advance())
    click.echo(
        _(
            "The workspace is readable. Backups made before still open with the passphrase or the key sheet: keep one "
            "of them as long as they are kept."
        )
    )


def _confirm(*, yes: bool) -> None:
    """Raises UsageError where nobody can be asked, Abort for a no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(_("Say that the warning was read: --yes."))
    if str(click.prompt(_("Go on? (yes or no)"), err=True)).strip().casefold() not in YES:
        raise click.Abort


def _encrypt(context: Context, workspace: Workspace, plan: EncryptionPlan, *, yes: bool) -> Workspace:
    passphrase, vault = None, workspace.vault
    if vault is None:
        click.echo(
            _(
                "Whoever loses both the passphrase and the key sheet loses everything: nobody can open the workspace "
                "then, papier's authors included."
            ),
            err=True,
        )
        _confirm(yes=yes)
        passphrase, vault = _new_passphrase(), make_vault()
        check_passphrase(passphrase)
    with progress_bar(plan.files, _("encrypting")) as advance:
        sealed = encrypt_workspace(workspace, vault, passphrase, context.now(), lambda _done, _total: advance())
    click.echo(_("The workspace is encrypted. Backups made before are not: make a new one, then delete them."))
    return sealed


def _new_passphrase() -> str:
    if not sys.stdin.isatty():
        return find_secret(None)
    return find_secret(
        lambda: str(
            click.prompt(
                _("New passphrase, four words or more"),
                hide_input=True,
                confirmation_prompt=_("The same once more"),
                err=True,
            )
        )
    )


def _change(workspace: Workspace, *, dry_run: bool) -> None:
    if workspace.vault is None:
        raise UsageError(_("The workspace is not encrypted. Encrypt it: papier encrypt"))
    if not sys.stdin.isatty():
        raise UsageError(_("A new passphrase is typed in a terminal."))
    if dry_run:
        click.echo(_("Nothing was changed."))
        return
    prompt = _("New passphrase, four words or more")
    passphrase = str(click.prompt(prompt, hide_input=True, confirmation_prompt=_("The same once more"), err=True))
    change_passphrase(workspace.folder, workspace.vault, passphrase)
    click.echo(
        _("The passphrase is changed. Backups made before still open with the old one. Write the new one into {name}.")
        .format(name=PASSPHRASE_FILE)
    )  # fmt: skip


def _write_sheet(context: Context, workspace: Workspace, sheet: Path) -> None:
    establishment = read_settings(workspace).get("etablissement", "")
    groups = recovery_groups(workspace.vault) if workspace.vault is not None else []
    write_key_sheet(sheet, workspace.key, groups, establishment, str(workspace.folder), context.now().date())
    click.echo(
        _("{path}: print it, put it in a safe, then delete the file. Whoever has it can read everything.").format(
            path=sheet
        )
    )


def _tell(plan: EncryptionPlan) -> None:
    click.echo(
        _("To encrypt: {files} files of the archive{store}, {size} MB.").format(
            files=plan.files, store=_(" and the store") if plan.store else "", size=-(-plan.size // 1_000_000)
        )
    )
    if plan.inbox or plan.printed:
        click.echo(
            _(
                "Readable stay {inbox} files in the inbox until they are taken in, and {printed} PDFs in `printed`: "
                "delete those that are on paper."
            ).format(inbox=plan.inbox, printed=plan.printed)
        )
