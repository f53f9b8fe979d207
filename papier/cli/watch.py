"""`papier watch`"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import click

from papier.after_batch import after_batch, send_all
from papier.cli.context import Context, pass_context
from papier.cli.scan import find_scanner
from papier.devices.delivery import readable_name
from papier.devices.ipp import Server
from papier.devices.maildir import open_maildir
from papier.devices.sane_options import Side
from papier.devices.service import install, uninstall, unit_text
from papier.devices.watching import SETTLE_SECONDS, Waker, WatchedFolder, is_remote
from papier.errors import ProgramFailedError, UsageError
from papier.intake import find_fault
from papier.language import chosen_language
from papier.language import translate as _
from papier.ocr.reading import Reader
from papier.page_pool import using_pool
from papier.print_sending import Sending
from papier.scan_run import StoppedError
from papier.store.sheets import StoreRegister
from papier.store.vault import PASSPHRASE_FILE
from papier.store.workspace import read_settings
from papier.watch_run import QUIET_SECONDS, FeederRule, MailRule, Watcher
from papier.watch_state import begin_state, only_watcher

# The setting that names the folder to watch.
SETTING = "copieur"
# How often the folders are looked into, whether the system tells of changes or not.
LOOK_SECONDS = 1.0
# Over a network nobody can tell whether a file is still open: it must lie still for longer.
REMOTE_SETTLE_SECONDS = 10.0


@click.command(
    "watch",
    help=_(
        "Take in whatever a copier drops in DIR, until it is stopped.\n\n"
        "A file that is whole leaves DIR and is taken in; one that cannot be read is moved to the folder "
        "“mis-de-cote” in DIR, with the reason in a text file beside it. Files that come close together are a batch; "
        "after each, what the settings say is printed. DIR can be set once in papier.yaml: “copieur: /srv/scans”.\n\n"
        "\b\n"
        "Examples:\n"
        "  papier watch /srv/scans                    until Ctrl-C\n"
        "  papier watch /srv/scans --install          as a service, now and at every start\n"
        "  papier watch --maildir ~/Maildir           the copier sends mail\n"
        "  papier watch --feeder                      a scanner on a cable: put the stack in\n"
        "  papier watch /srv/scans --once             what is there now, then stop\n"
        "  papier status                              is it alive, and what waits?"
    ),
)
@click.argument("folders", nargs=-1, metavar="[DIR]...", type=click.Path(path_type=Path, file_okay=False))
@click.option("--maildir", type=click.Path(path_type=Path, file_okay=False), help=_("A maildir the copier writes to."))
@click.option("--from", "sender", metavar=_("ADDRESS"), help=_("Only messages of this sender."))
@click.option("--mark-read", is_flag=True, help=_("File messages as read once their scans are taken in."))
@click.option("--feeder", "side", flag_value="feeder", help=_("Scan too what is put into the scanner's feeder."))
@click.option("--duplex", "side", flag_value="duplex", help=_("The same, both sides."))
@click.option("--device", metavar="NAME", help=_("The scanner; else the setting “scanner”, else the only one."))
@click.option("--poll", is_flag=True, help=_("Only look now and then: for network shares, which tell nothing."))
@click.option(
    "--quiet",
    type=click.FloatRange(0, 3600),
    default=QUIET_SECONDS,
    show_default=True,
    help=_("Seconds without a new file that end a batch."),
)
@click.option("--once", is_flag=True, help=_("Take in what is there, finish the batch, and stop."))
@click.option("--install", "installs", is_flag=True, help=_("Run as a service of this user (systemd)."))
@click.option("--uninstall", "uninstalls", is_flag=True, help=_("Stop the service and take it away."))
@click.option("--dry-run", is_flag=True, help=_("With --install: show the unit, write nothing."))
@pass_context
def command(
    context: Context,
    folders: tuple[Path, ...],
    maildir: Path | None,
    sender: str | None,
    mark_read: bool,
    side: str | None,
    device: str | None,
    poll: bool,
    quiet: float,
    once: bool,
    installs: bool,
    uninstalls: bool,
    dry_run: bool,
) -> int:
    if uninstalls:
        return _uninstall()
    if maildir is None and (sender is not None or mark_read):
        raise UsageError(_("--from and --mark-read go with --maildir."))
    feeder = None if side is None else FeederRule(device or find_scanner(context), Side(side))
    chosen = _find_folders(context, folders, optional=maildir is not None or feeder is not None)
    mail = []
    if maildir is not None:
        open_maildir(maildir)
        mail.append(MailRule(maildir.resolve(), sender, mark_read))
    if installs:
        return _install(context, chosen, mail, feeder, poll=poll, quiet=quiet, dry_run=dry_run)
    return _watch(context, chosen, mail, feeder, poll=poll, quiet=quiet, once=once)


def _find_folders(context: Context, given: tuple[Path, ...], *, optional: bool) -> list[Path]:
    """The folders to watch, those named or that of the settings. Raises UsageError where there is none."""
    workspace = context.workspace
    named = read_settings(workspace).get(SETTING)
    chosen = list(given) or ([Path(named)] if named and not optional else [])
    if not chosen and not optional:
        raise UsageError(_("Which folder? Name it (papier watch /srv/scans), or set it in papier.yaml: copieur: DIR"))
    for folder in chosen:
        if not folder.is_dir():
            raise UsageError(_("{folder} is no folder. Make it, or connect the share.").format(folder=folder))
        inside = [workspace.folder.resolve(), *workspace.folder.resolve().parents]
        if folder.resolve() in inside or workspace.folder.resolve() in folder.resolve().parents:
            raise UsageError(
                _("{folder} and the workspace lie in one another. Watch a folder outside the workspace.").format(
                    folder=folder
                )
            )
    return [folder.resolve() for folder in chosen]


def _watch(
    context: Context,
    folders: list[Path],
    mail: list[MailRule],
    feeder: FeederRule | None,
    *,
    poll: bool,
    quiet: float,
    once: bool,
) -> int:
    workspace, engine = context.workspace, context.engine
    stopped = threading.Event()
    waker = Waker()

    def stop(_number: int, _frame: object) -> None:
        stopped.set()
        waker.wake()

    watched = [
        WatchedFolder(path, find_fault, REMOTE_SETTLE_SECONDS if poll or is_remote(path) else SETTLE_SECONDS)
        for path in folders
    ]
    with only_watcher(workspace), using_pool(Reader(StoreRegister(workspace))) as pool:
        before = [(number, signal.signal(number, stop)) for number in (signal.SIGTERM, signal.SIGINT)]
        state = begin_state(workspace)
        watcher = Watcher(
            workspace,
            engine,
            pool,
            watched,
            context.now,
            context.workflows,
            lambda _batch: after_batch(workspace, engine, context.now, context.folders, context.workflows()),
            _tell,
            mail,
            feeder,
            quiet,
            state,
            stopped.is_set,
            lambda: send_all(workspace, engine, Sending(Server.find(), context.now)),
        )
        try:
            if not poll:
                for path in [*folders, *(rule.folder / "new" for rule in mail), workspace.inbox]:
                    waker.follow(path)
            watcher.start(time.monotonic())
            _tell(_("Watching {folders}. Ctrl-C stops.").format(folders=", ".join(state.folders)))
            while not stopped.is_set():
                watcher.turn(time.monotonic())
                if once and (watcher.idle or state.trouble):
                    break
                waker.wait(LOOK_SECONDS)
        except StoppedError:
            pass
        finally:
            watcher.stop()
            waker.close()
            for number, handler in before:
                signal.signal(number, handler)
    if once and state.trouble:
        raise ProgramFailedError("\n".join(state.trouble))
    _tell(_("Stopped; whatever came is kept."))
    return 0


def _install(
    context: Context,
    folders: list[Path],
    mail: list[MailRule],
    feeder: FeederRule | None,
    *,
    poll: bool,
    quiet: float,
    dry_run: bool,
) -> int:
    workspace = context.workspace.folder.resolve()
    command = [sys.executable, "-m", "papier", "--workspace", str(workspace), "watch", *map(str, folders)]
    for rule in mail:
        command += ["--maildir", str(rule.folder)]
        command += ["--from", rule.sender] if rule.sender else []
        command += ["--mark-read"] if rule.mark_read else []
    command += [f"--{feeder.side}", "--device", feeder.scanner] if feeder is not None else []
    command += ["--poll"] if poll else []
    command += ["--quiet", f"{quiet:g}"] if quiet != QUIET_SECONDS else []
    what = ", ".join(map(str, [*folders, *(rule.folder for rule in mail), *([feeder.scanner] if feeder else [])]))
    environment = {"PAPIER_LANGUAGE": chosen_language(), "PYTHONUNBUFFERED": "1"}
    if context.workspace.vault is not None:
        environment[PASSPHRASE_FILE] = _passphrase_file()
    text = unit_text(command, environment, what)
    if dry_run:
        click.echo(text, nl=False)
        return 0
    path, left = install(text, f'"{workspace}"')
    click.echo(_("The service is written: {path}").format(path=path))
    if left:
        click.echo(_("systemd could not be reached from here. Type:"), err=True)
        for order in left:
            click.echo(f"    {order}", err=True)
        return ProgramFailedError.exit_code
    click.echo(_("It runs, and will at every start. See: papier status"))
    click.echo(_("To run it also while nobody is logged in, type once: sudo loginctl enable-linger $USER"))
    return 0


def _passphrase_file() -> str:
    """The file that the service reads the passphrase from. Raises UsageError where none is named."""
    named = os.environ.get(PASSPHRASE_FILE)
    if not named:
        raise UsageError(
            _(
                "This workspace is encrypted, and nobody types for a service. Write the passphrase into a file that "
                "only you can read, then: {name}=FILE papier watch … --install"
            ).format(name=PASSPHRASE_FILE)
        )
    return str(Path(named).resolve())


def _uninstall() -> int:
    path, there, left = uninstall()
    if not there:
        click.echo(_("There is no service: {path}").format(path=path))
        return 0
    click.echo(_("The service is gone: {path}").format(path=path))
    for order in left:
        click.echo(_("Type too: {order}").format(order=order), err=True)
    return 0


def _tell(line: str) -> None:
    click.echo(readable_name(line))
    sys.stdout.flush()
