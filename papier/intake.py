"""In: scan → readings → records → event, exactly once.

The order is what makes it safe to stop at any instant: the scan is copied into the archive and read back; then it is
read; then all its records are filed in one transaction; only then may the copy in the inbox go. Where something on it
stays on paper, it is read first, and what is copied into the archive is masked already.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from sqlalchemy import Engine

from papier.devices.delivery import readable_name
from papier.devices.wholeness import is_being_written
from papier.durable import sync_folder, wipe_file
from papier.errors import DefinitionError, ScanFileError, os_words
from papier.language import translate as _
from papier.ocr.masking import keeps_on_paper, mask_page
from papier.ocr.pages import count_pages, load_page
from papier.ocr.reading import Reader
from papier.ocr.register import SheetRegister
from papier.ocr.scan import GreyImage, RejectedPage
from papier.page_pool import PagePool, PageReader, RunOnItsWay, read_one, using_pool
from papier.records import PageReading, PageStatus
from papier.store.archive import hash_file, keep_file, using_archive
from papier.store.masked_copy import write_masked_copy
from papier.store.records import FiledPage, ScanFile, file_scan, find_scan
from papier.store.sheets import StoreRegister
from papier.store.thresholds import apply_thresholds, load_thresholds
from papier.store.vault import readable
from papier.store.workspace import Workspace, read_settings
from papier.workflows.definition import Workflow
from papier.workflows.place import Place, known_place

# Starting a process costs as much as reading half a dozen pages.
MIN_PAGES_FOR_POOL = 8
# Runs of pages handed to the pool for each process, ahead of the one that is waited for: enough to keep it busy, few
# enough to stay small.
AHEAD = 4
# What stands in a masked copy for a page that could not be decoded: a blank A4 page at 50 dpi.
UNREADABLE_SHAPE = (585, 413)
# Told of a page which a masked copy leaves out.
NOT_KEPT = "; its picture is not kept, since a form here keeps answers on paper only"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class TakenIn:
    """What became of one scan file. `pages` is None when it had been taken in before.

    `masked`: only a masked copy is kept. `left`: where the file itself still lies, if it does.
    """

    path: Path
    sha256: str
    pages: list[FiledPage] | None
    masked: bool = False
    left: Path | None = None


def read_scan(
    path: Path, reader: PageReader, pool: PagePool | None = None, progress: Progress | None = None
) -> Iterator[PageReading]:
    """The readings of a scan file in page order. Raises ScanFileError when the file cannot be read at all.

    With a pool, pages are read in its processes; at most `AHEAD` runs a worker are in flight, so memory stays flat.
    """
    total = count_pages(path)
    if pool is None:
        for index in range(1, total + 1):
            yield from read_one(path, index, reader)
            if progress is not None:
                progress(index, total)
        return
    waiting: deque[RunOnItsWay] = deque()
    coming = pool.runs(total)
    done = 0
    while done < total:
        for run in islice(coming, AHEAD * pool.workers - len(waiting)):
            waiting.append(pool.submit(path, run))
        for readings in pool.result(waiting.popleft()):
            yield from readings
            done += 1
            if progress is not None:
                progress(done, total)


def mark_copies(readings: Iterator[PageReading], masters: Callable[[str], bool]) -> Iterator[PageReading]:
    """Say "copy" of a page whose sheet number and page were seen before in this run, masters apart."""
    seen: set[tuple[str, int]] = set()
    for reading in readings:
        if reading.sheet is None or reading.page is None or masters(reading.sheet):
            yield reading
            continue
        key = (reading.sheet, reading.page)
        if key in seen:
            yield replace(reading, status=PageStatus.COPY, reason="this sheet and page were seen before in this run")
        else:
            seen.add(key)
            yield reading


def find_missing_pages(
    readings: Iterable[PageReading], register: SheetRegister, seen_before: Mapping[str, AbstractSet[int]] | None = None
) -> dict[str, list[int]]:
    """The pages that lack of every sheet of which some page was read: fed two at a time, or left in the pile.

    `seen_before`: pages of these sheets that came in earlier scans, by sheet number.
    """
    seen: dict[str, set[int]] = {}
    for reading in readings:
        if reading.sheet is not None and reading.page is not None:
            seen.setdefault(reading.sheet, set()).add(reading.page)
    missing: dict[str, list[int]] = {}
    for number, pages in seen.items():
        sheet = register.find_sheet(number)
        if sheet is None:
            continue
        known = pages | (seen_before or {}).get(number, set())
        lacking = [page.page for page in sheet.form.layout.pages if page.page not in known]
        if lacking:
            missing[number] = lacking
    return missing


def take_in(
    workspace: Workspace,
    engine: Engine,
    path: Path,
    now: dt.datetime,
    reader: PageReader | None = None,
    progress: Progress | None = None,
    workflows: Sequence[Workflow] = (),
) -> TakenIn:
    """Take one scan file in. The same file twice is taken once; running again after any interruption is safe.

    Where a form keeps a field on paper only, the file is read where it lies, and only a masked copy is kept.
    `workflows`: those in use today; a sheet whose form begins one begins a case.
    Raises ScanFileError when the file cannot be read or is still being written, StoreError when it cannot be kept.
    """
    reader = reader or Reader(StoreRegister(workspace))
    with using_archive(workspace.archive):
        begun = _begin(workspace, engine, path, reader)
        if isinstance(begun, TakenIn):
            return begun
        readings = _read_all(begun.source, begun.total, reader, progress)
        return _finish(workspace, engine, begun, readings, reader, now, workflows)


class IntakeQueue:
    """Files taken in one after the other, those that follow read meanwhile: first begun, first filed.

    Whatever is interrupted between `begin` and `finish` is as if it had never begun.
    """

    def __init__(self, workspace: Workspace, engine: Engine, pool: PagePool) -> None:
        self.workspace = workspace
        self.engine = engine
        self.pool = pool
        self._waiting: deque[tuple[Path, _Begun | TakenIn, list[RunOnItsWay]]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """True when the pool has all that it needs to be kept busy."""
        return sum(len(runs) for _path, _begun, runs in self._waiting) >= AHEAD * self.pool.workers

    @property
    def is_ready(self) -> bool:
        """True when `finish` will not have to wait."""
        return bool(self._waiting) and all(run.is_read for run in self._waiting[0][2])

    def begin(self, path: Path) -> None:
        """Have a file read. Raises like `take_in`; the file is then not in the queue."""
        with using_archive(self.workspace.archive):
            begun = _begin(self.workspace, self.engine, path, self.pool.reader)
        runs = (
            []
            if isinstance(begun, TakenIn)
            else [self.pool.submit(begun.source, run) for run in self.pool.runs(begun.total)]
        )
        self._waiting.append((path, begun, runs))

    def finish(self, now: dt.datetime, workflows: Sequence[Workflow] = (), progress: Progress | None = None) -> TakenIn:
        """File the first of the queue, once it is read. Raises like `take_in`; it has then left the queue."""
        _path, begun, runs = self._waiting.popleft()
        if isinstance(begun, TakenIn):
            return begun
        readings: list[PageReading] = []
        for run in runs:
            for index, found in zip(run.pages, self.pool.result(run), strict=True):
                readings += found
                if progress is not None:
                    progress(index, begun.total)
        with using_archive(self.workspace.archive):
            return _finish(self.workspace, self.engine, begun, readings, self.pool.reader, now, workflows)

    @property
    def first(self) -> Path:
        """The file that `finish` files next."""
        return self._waiting[0][0]


@dataclass(frozen=True)
class _Begun:
    """A file about to be read: its hash, its pages, and its copy in the archive unless it may have to be masked."""

    path: Path
    sha256: str
    total: int
    kept: ScanFile | None
    source: Path


def _begin(workspace: Workspace, engine: Engine, path: Path, reader: PageReader) -> _Begun | TakenIn:
    """Keep the file, or see that it was taken in before."""
    if not path.is_file():
        raise ScanFileError(
            _("{path} is not a file. Give the name of a scan (PDF, TIFF, JPEG or PNG).").format(path=path)
        )
    if is_being_written(path):
        raise ScanFileError(
            _("{path} is still being written. Take it in again when the scanner has finished.").format(path=path)
        )
    sha256 = _hash_source(path)
    taken = find_scan(engine, sha256)
    if taken is not None:
        if taken.sha256 == sha256:
            # The inbox copy may be the last whole one: it goes only after the archive's has been read.
            keep_file(path, workspace, sha256, taken.suffix)
        left = leave_inbox(workspace, path)
        return TakenIn(path, sha256, None, masked=taken.sha256 != sha256, left=left)
    total = count_pages(path)
    careful = any(keeps_on_paper(form.layout) for form in reader.register.forms())
    kept = None if careful else _keep_as_is(workspace, path, sha256)
    # What is encrypted is read where it came from, and compared once more in the end.
    source = path if kept is None or workspace.vault is not None else kept.path(workspace)
    return _Begun(path, sha256, total, kept, source)


def _finish(
    workspace: Workspace,
    engine: Engine,
    begun: _Begun,
    readings: list[PageReading],
    reader: PageReader,
    now: dt.datetime,
    workflows: Sequence[Workflow],
) -> TakenIn:
    """File what was read, and take the file out of the inbox."""
    path, scan = begun.path, begun.kept
    masked = scan is None and any(_must_be_masked(reading) for reading in readings)
    if masked:
        scan, readings = _keep_masked(workspace, path, begun.sha256, begun.total, readings, reader)
    elif scan is None:
        scan = _keep_as_is(workspace, path, begun.sha256)
    if begun.source == path and _hash_source(path) != begun.sha256:
        raise ScanFileError(
            _("{path} changed while it was taken in. Wait until it is whole, then take it in again.").format(path=path)
        )
    readings = apply_thresholds(load_thresholds(engine), readings, reader.register)
    readings = [replace(reading, source=readable_name(path.name)) for reading in readings]
    filed = file_scan(engine, scan, readings, now, workflows, _place(workspace))
    left = leave_inbox(workspace, path)
    return TakenIn(path, begun.sha256, filed, masked=masked, left=left)


def _place(workspace: Workspace) -> Place:
    """Where the office is, as far as its settings can be read: no mistake in them keeps a scan from being filed."""
    try:
        return known_place(read_settings(workspace))
    except DefinitionError:
        return Place()


def find_fault(path: Path) -> str | None:
    """What is wrong with a scan file as a whole, None when it can be read."""
    try:
        count_pages(path)
    except ScanFileError as error:
        return str(error).removeprefix(str(path)).lstrip(" :")
    return None


def _hash_source(path: Path) -> str:
    try:
        return hash_file(path)
    except OSError as error:
        raise ScanFileError(
            _("{path} cannot be read ({why}). Check its permissions.").format(path=path, why=os_words(error))
        ) from error


def _read_all(path: Path, total: int, reader: PageReader, progress: Progress | None) -> list[PageReading]:
    if isinstance(reader, Reader) and total >= MIN_PAGES_FOR_POOL and (os.cpu_count() or 1) > 1:
        with using_pool(reader) as pool:
            return list(read_scan(path, reader, pool, progress))
    return list(read_scan(path, reader, None, progress))


def _keep_as_is(workspace: Workspace, path: Path, sha256: str) -> ScanFile:
    suffix = readable_name(path.suffix.lower()[:10])
    keep_file(path, workspace, sha256, suffix)
    return ScanFile(sha256, readable_name(path.name), suffix, path.stat().st_size)


def _must_be_masked(reading: PageReading) -> bool:
    """True where the page shows what stays on paper, or may show it: nobody knows what an unknown page holds."""
    return bool(reading.paper_only) or reading.outline is None


def _keep_masked(
    workspace: Workspace, path: Path, sha256: str, total: int, first: list[PageReading], reader: PageReader
) -> tuple[ScanFile, list[PageReading]]:
    """Keep the masked copy, and read it in the file's stead: what is filed is what the copy shows."""
    by_page: dict[int, list[PageReading]] = {}
    for reading in first:
        by_page.setdefault(reading.source_page, []).append(reading)
    data = write_masked_copy(_masked_page(path, index, by_page.get(index, [])) for index in range(1, total + 1))
    masked_sha256 = hashlib.sha256(data).hexdigest()
    kept = keep_file(data, workspace, masked_sha256, ".pdf")
    readings: list[PageReading] = []
    with readable(kept, workspace.vault) as copy:
        for index in range(1, total + 1):
            known = [reading for reading in by_page.get(index, []) if reading.outline is not None]
            unknown = [reading for reading in by_page.get(index, []) if reading.outline is None]
            if known:
                again = [reading for reading in read_one(copy, index, reader) if reading.outline is not None]
                readings += again if len(again) == len(known) else known
            readings += [replace(reading, reason=f"{reading.reason}{NOT_KEPT}") for reading in unknown]
    return ScanFile(masked_sha256, readable_name(path.name), ".pdf", len(data), sha256), readings


def _masked_page(path: Path, index: int, readings: list[PageReading]) -> tuple[GreyImage, float | None]:
    page = load_page(path, index)
    if isinstance(page, RejectedPage):
        return np.full(UNREADABLE_SHAPE, 255, np.uint8), None
    return mask_page(page.pixels, readings), page.dpi


def leave_inbox(workspace: Workspace, path: Path) -> Path | None:
    """Take a scan out of the workspace's own inbox, once the archive's copy has been verified.

    Gives the path where the file is still there: it lies elsewhere, or the folder cannot be written.
    """
    if path.resolve().parent != workspace.inbox.resolve():
        return path
    try:
        if workspace.vault is not None and path.exists():
            # It lay there as it came: nothing of it stays readable on the disk.
            wipe_file(path)
        path.unlink(missing_ok=True)
        sync_folder(workspace.inbox)
    except OSError:
        return path
    return None
