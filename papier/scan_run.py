"""In from a scanner: page after page into the inbox and taken in, while the feeder runs.

A page is safe once it lies in the inbox; what a stopped run left finished is brought there by the next one.
"""

from __future__ import annotations

import datetime as dt
import os
import queue
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from papier.devices.delivery import bring_in
from papier.devices.scanning import ScannerStoppedError, ScanPlan, scan_batch
from papier.devices.wholeness import is_whole
from papier.durable import make_folder, sync_folder
from papier.errors import ScanFileError, StoreError
from papier.intake import IntakeQueue, TakenIn
from papier.language import translate as _
from papier.store.workspace import Workspace
from papier.workflows.definition import Workflow

if sys.platform != "win32":
    import fcntl

SPOOL = "scanning"
# Whether the next page has come, and whether the first one is read, is looked for this often.
LOOK_SECONDS = 0.02


class StoppedError(Exception):
    """Somebody asked to stop; what was on its way is as if it had never begun."""


@dataclass
class ScanRun:
    """What a scan has brought so far. `stopped`: why the scanner ended before the stack did."""

    pages: int = 0
    taken: list[TakenIn] = field(default_factory=list)
    failed: list[ScanFileError] = field(default_factory=list)
    stopped: ScannerStoppedError | None = None


@contextmanager
def open_spool(workspace: Workspace, now: dt.datetime) -> Iterator[Path]:
    """A folder of this run's own for the pages on their way; its name begins the names of its pages.

    Whole pages that are still there at the end go to the inbox.
    """
    base = workspace.folder / SPOOL
    make_folder(base)
    folder = _make_own(base, f"numerisation-{now.strftime('%Y%m%d-%H%M%S')}")
    handle = _lock(folder)
    try:
        yield folder
    finally:
        _empty(workspace, folder)
        if handle is not None:
            os.close(handle)


def rescue_pages(workspace: Workspace) -> int:
    """Bring the pages that a stopped scan had finished into the inbox; gives how many."""
    rescued = 0
    for folder in sorted((workspace.folder / SPOOL).glob("*/")):
        handle = _lock(folder)
        if handle is not None:
            rescued += _empty(workspace, folder)
            os.close(handle)
    return rescued


def belongs_to_scan(workspace: Workspace, path: Path) -> bool:
    """True for a page in the inbox that a scan which still runs will file itself."""
    return (workspace.folder / SPOOL / path.name.rpartition("-")[0]).is_dir() and path.name.count("-") > 1


def scan_in(
    workspace: Workspace,
    spool: Path,
    plan: ScanPlan,
    intake: IntakeQueue,
    clock: Callable[[], dt.datetime],
    *,
    run: ScanRun,
    workflows: Sequence[Workflow] = (),
    count: int | None = None,
    progress: Callable[[int, float, int], None] | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Scan one stack, or one sheet from the glass, and take its pages in; `run` tells how far it came.

    `progress` is told the page on its way, its share, and how many pages are filed. Raises StoppedError soon after
    `stopping` says so. Raises StoreError when a page
    cannot be kept; the scanner is stopped then, and what it had finished lies in the inbox.
    """
    arrived: queue.Queue[Path | BaseException | None] = queue.Queue()
    stop = threading.Event()
    first = run.pages + 1

    def scan() -> None:
        try:
            batch = scan_batch(
                plan,
                spool,
                count,
                lambda page, share: progress and progress(page, share, len(run.taken)),
                first=first,
            )
            for page in batch:
                arrived.put(bring_in(page, workspace.inbox, _inbox_name(spool, page)))
                if stop.is_set():
                    batch.close()
                    break
            arrived.put(None)
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits for the pages
            arrived.put(error)

    feeder = threading.Thread(target=scan, daemon=True)
    feeder.start()
    try:
        running = True
        while running or len(intake):
            if stopping():
                raise StoppedError
            if intake.is_ready or (not running and len(intake)):
                _finish(intake, run, clock(), workflows)
                continue
            try:
                page = arrived.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                continue
            if isinstance(page, Path):
                run.pages += 1
                _begin(intake, run, page)
            elif page is None or isinstance(page, ScannerStoppedError):
                run.stopped, running = page, False
            else:
                raise page
    finally:
        stop.set()
        feeder.join()


def _begin(intake: IntakeQueue, run: ScanRun, page: Path) -> None:
    try:
        intake.begin(page)
    except ScanFileError as error:
        # A watcher of this workspace may have taken it from the inbox.
        if page.exists():
            run.failed.append(error)


def _finish(intake: IntakeQueue, run: ScanRun, now: dt.datetime, workflows: Sequence[Workflow]) -> None:
    try:
        run.taken.append(intake.finish(now, workflows))
    except ScanFileError as error:
        run.failed.append(error)


def _inbox_name(spool: Path, page: Path) -> str:
    """The batch and the page's place in it, so that names in order are pages in order."""
    return f"{spool.name}-{page.stem[-5:]}{page.suffix}"


def _make_own(base: Path, name: str) -> Path:
    for again in range(1, 1000):
        folder = base / (name if again == 1 else f"{name}-{again}")
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        sync_folder(base)
        return folder
    raise StoreError(_("{base} is full of scans that were never finished. Empty it.").format(base=base))


def _lock(folder: Path) -> int | None:
    """Hold a spool for oneself; None where another scan holds it."""
    handle = os.open(folder, os.O_RDONLY)
    if sys.platform != "win32":
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
    return handle


def _empty(workspace: Workspace, folder: Path) -> int:
    """Bring whole pages into the inbox and take the spool away; half a page is worth nothing."""
    rescued = 0
    for page in sorted(folder.glob("page-*.jpg")):
        if is_whole(page):
            bring_in(page, workspace.inbox, _inbox_name(folder, page))
            rescued += 1
    shutil.rmtree(folder, ignore_errors=True)
    return rescued
