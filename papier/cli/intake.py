"""`papier intake`"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from papier.calibration_run import measure_new, words_of
from papier.checking.wording import reason_words
from papier.cli import counts
from papier.cli.check import tell_corrections
from papier.cli.context import Context, pass_context
from papier.cli.output import about_file, labelled, progress_bar
from papier.cli.read import exit_code, tell_missing_pages
from papier.devices.delivery import readable_name
from papier.devices.wholeness import find_kind
from papier.errors import EXIT_CHECK_NEEDED, PapierError, ScanFileError, UsageError
from papier.intake import MIN_PAGES_FOR_POOL, IntakeQueue, TakenIn, find_missing_pages, take_in
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.mail_intake import deliver_mail
from papier.ocr.pages import count_pages
from papier.ocr.reading import Reader
from papier.page_pool import using_pool
from papier.records import PageReading
from papier.store.records import PurgedScanError, find_filed_pages
from papier.store.sheets import StoreRegister
from papier.store.voiding import VOIDED
from papier.store.workspace import Workspace
from papier.workflows.definition import Workflow


@click.command(
    "intake",
    help=_(
        "Take scans in: read, keep, file as records. The same scan twice is taken once, so that whatever was "
        "interrupted is simply started again.\n\n"
        "Without FILE, everything in the workspace's inbox. A folder is taken in with -r, with all folders in it. "
        "With --maildir, the scans attached to the messages of a maildir; the messages stay as they are.\n\n"
        "\b\nExamples:\n"
        "  papier intake scan.pdf\n"
        "  papier intake -r old-scans/\n"
        "  papier intake --maildir ~/Maildir --from copier@school.example --mark-read"
    ),
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("-r", "--recursive", is_flag=True, help=_("Take in folders, and the folders in them."))
@click.option("--maildir", type=click.Path(path_type=Path, file_okay=False), help=_("A maildir the copier writes to."))
@click.option("--from", "sender", metavar=_("ADDRESS"), help=_("Only messages of this sender."))
@click.option("--mark-read", is_flag=True, help=_("File messages as read once their scans are taken in."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a page."))
@pass_context
def command(
    context: Context,
    files: tuple[Path, ...],
    recursive: bool,
    maildir: Path | None,
    sender: str | None,
    mark_read: bool,
    as_json: bool,
) -> int:
    workspace = context.workspace
    if maildir is None and (sender is not None or mark_read):
        raise UsageError(_("--from and --mark-read go with --maildir."))
    if maildir is not None and files:
        raise UsageError(_("--maildir takes scans out of messages: leave FILE out, or take them in separately."))
    if maildir is not None:
        mail = deliver_mail(workspace, maildir, sender=sender, mark_read=mark_read)
        click.echo(
            _n(
                "{count} message looked at, scans taken out: {scans}.",
                "{count} messages looked at, scans taken out: {scans}.",
                mail.messages,
            ).format(count=mail.messages, scans=mail.scans),
            err=as_json,
        )
    chosen = _find_files(workspace, files, recursive=recursive)
    workflows = context.workflows()
    readings: list[PageReading] = []
    known = 0
    voided = False
    failed: list[PapierError] = []
    for path, outcome in _take_in_each(context, chosen, workflows):
        if isinstance(outcome, PapierError):
            if not files and not path.exists():
                continue  # another intake has taken it meanwhile
            click.echo(about_file(path, str(outcome)), err=True)
            failed.append(outcome)
            continue
        known += outcome.pages is None
        if not (recursive and outcome.pages is None):
            show_pages([outcome], as_json=as_json)
        tell_leftover(workspace, outcome)
        # Of thousands of old scans the answers need not be held.
        readings += [replace(page.reading, fields={}) for page in outcome.pages or []]
        voided = voided or any(page.flag == VOIDED for page in outcome.pages or [])
    if not chosen and not files and maildir is None:
        click.echo(_("The inbox {folder} is empty.").format(folder=workspace.inbox), err=True)
    if recursive:
        click.echo(
            _("{files}: {new} taken in, {known} taken in before, {failed} refused.").format(
                files=counts.files(len(chosen)), new=len(chosen) - known - len(failed), known=known, failed=len(failed)
            ),
            err=as_json,
        )
    tell_corrections(context.engine, [reading.sheet for reading in readings if reading.sheet], err=as_json)
    for measured in measure_new(workspace, context.engine, context.now()):
        click.echo("\n".join(words_of(measured)), err=True)
    before = find_filed_pages(context.engine, {reading.sheet for reading in readings if reading.sheet})
    lacking = tell_missing_pages(find_missing_pages(readings, StoreRegister(workspace), before))
    code = failed[-1].exit_code if failed else 0
    return code or exit_code(readings) or (EXIT_CHECK_NEEDED if lacking or voided else 0)


def _find_files(workspace: Workspace, files: Sequence[Path], *, recursive: bool) -> list[Path]:
    """The files to take in, in order; with `recursive`, the scans in the folders named."""
    if not files:
        return sorted(path for path in workspace.inbox.iterdir() if path.is_file() and not path.name.startswith("."))
    found: list[Path] = []
    others = 0
    own = workspace.folder.resolve()
    for given in files:
        if not given.is_dir():
            found.append(given)
            continue
        if not recursive:
            raise UsageError(
                _("{folder} is a folder. To take in the scans in it: papier intake -r {folder}").format(folder=given)
            )
        for path in sorted(given.rglob("*")):
            if path.name.startswith(".") or not path.is_file() or own in path.resolve().parents:
                continue
            try:
                is_scan = find_kind(path) is not None
            except OSError:
                is_scan = True  # intake tells why it cannot be read
            if is_scan:
                found.append(path)
            else:
                others += 1
    if others:
        click.echo(
            _n(
                "{count} file is no scan and is left alone.", "{count} files are no scans and are left alone.", others
            ).format(count=others),
            err=True,
        )
    return found


def _take_in_each(
    context: Context, chosen: Sequence[Path], workflows: Sequence[Workflow]
) -> Iterator[tuple[Path, TakenIn | PapierError]]:
    """Take files in one after the other, those that follow read meanwhile when there are many."""
    workspace, engine = context.workspace, context.engine
    reader = Reader(StoreRegister(workspace))
    if len(chosen) < MIN_PAGES_FOR_POOL:
        for path in chosen:
            try:
                with progress_bar(_pages_of(path), readable_name(path.name)) as advance:
                    yield (
                        path,
                        take_in(workspace, engine, path, context.now(), reader, lambda _d, _t: advance(), workflows),
                    )
            except (ScanFileError, PurgedScanError) as error:
                yield path, error
        return
    with using_pool(reader) as pool, progress_bar(len(chosen), _("taking in")) as advance:
        queue = IntakeQueue(workspace, engine, pool)
        waiting = list(reversed(chosen))
        while waiting or len(queue):
            path = waiting[-1] if waiting and not queue.is_full else queue.first
            try:
                if waiting and not queue.is_full:
                    waiting.pop()
                    queue.begin(path)
                    continue
                yield path, queue.finish(context.now(), workflows)
            except (ScanFileError, PurgedScanError) as error:
                yield path, error
            advance()


def _pages_of(path: Path) -> int:
    with contextlib.suppress(ScanFileError):
        return count_pages(path)
    return 1


def tell_leftover(workspace: Workspace, taken: TakenIn) -> None:
    """Say where a file that should be gone still lies."""
    if taken.left is None:
        return
    if taken.masked:
        click.echo(
            _("{path} still shows what stays on paper; the archive does not keep that. Delete it: rm {path}").format(
                path=readable_name(str(taken.left))
            ),
            err=True,
        )
    elif taken.left.resolve().parent == workspace.inbox.resolve():
        click.echo(
            _("{path} is taken in, but cannot be taken out of the inbox. Make the folder writable.").format(
                path=readable_name(str(taken.left))
            ),
            err=True,
        )


def show_pages(files: Sequence[TakenIn], *, as_json: bool) -> None:
    """What became of each file, and which of its pages need a look."""
    for taken in files:
        _tell(taken, as_json=as_json)


def _tell(taken: TakenIn, *, as_json: bool) -> None:
    if as_json:
        for page in taken.pages or []:
            click.echo(
                json.dumps(page.reading.to_json() | {"record": page.record, "flag": page.flag}, ensure_ascii=False)
            )
        return
    if taken.pages is None:
        click.echo(_("{file}: taken in before; nothing to do.").format(file=readable_name(taken.path.name)))
        return
    records = {page.record for page in taken.pages if page.record is not None}
    states = Counter(
        "blank" if page.reading.reason == "blank page" else str(page.reading.status) for page in taken.pages
    )
    click.echo(
        _("{file}: {pages} ({what}), {records}").format(
            file=readable_name(taken.path.name),
            pages=counts.pages(len(taken.pages)),
            records=counts.records(len(records)),
            what=", ".join(counts.pages_of(status, count) for status, count in states.items()),
        )
    )
    for page in taken.pages:
        if page.flag or (page.reading.form is None and page.reading.reason != "blank page"):
            words = reason_words(page.flag or page.reading.reason)
            click.echo("  " + labelled(f"p. {page.reading.source_page}", words))
