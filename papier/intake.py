"""In: scan → readings → records → event, exactly once.

The order is what makes it safe to stop at any instant: the scan is copied into the archive and read back; then it is
read; then all its records are filed in one transaction; only then may the copy in the inbox go. Where something on it
stays on paper, it is read first, and what is copied into the archive is masked already.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

import numpy as np
from sqlalchemy import Engine

from papier.errors import PapierError, ScanFileError
from papier.ocr.masking import keeps_on_paper, mask_page
from papier.ocr.pages import count_pages, load_page
from papier.ocr.reading import Reader
from papier.ocr.register import SheetRegister
from papier.ocr.scan import GreyImage, RejectedPage, ScannedPage
from papier.records import PageReading, PageStatus
from papier.store.archive import hash_file, keep_file, sync_folder, using_archive
from papier.store.masked_copy import write_masked_copy
from papier.store.records import FiledPage, ScanFile, file_scan, find_scan
from papier.store.sheets import StoreRegister
from papier.store.workspace import Workspace
from papier.workflows.definition import Workflow

if sys.platform == "linux":
    import fcntl

# Starting a process costs as much as reading half a dozen pages.
MIN_PAGES_FOR_POOL = 8
# Pages handed to the pool ahead of the one that is waited for: enough to keep it busy, few enough to stay small.
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


class PageReader(Protocol):
    """What intake asks of a reader of pages."""

    @property
    def register(self) -> SheetRegister: ...

    def read_page(self, page: ScannedPage | RejectedPage) -> list[PageReading]: ...


def read_scan(
    path: Path, reader: PageReader, pool: Executor | None = None, progress: Progress | None = None
) -> Iterator[PageReading]:
    """The readings of a scan file in page order. Raises ScanFileError when the file cannot be read at all.

    With a pool, pages are read in its processes; at most `AHEAD` pages a worker are in flight, so memory stays flat.
    """
    total = count_pages(path)
    if pool is None:
        for index in range(1, total + 1):
            yield from read_one(path, index, reader)
            if progress is not None:
                progress(index, total)
        return
    waiting: list[Future[list[PageReading]]] = []
    flight = AHEAD * (os.cpu_count() or 1)
    submitted = 0
    for done in range(1, total + 1):
        while submitted < total and len(waiting) < flight:
            submitted += 1
            waiting.append(pool.submit(_read_in_process, path, submitted))
        yield from waiting.pop(0).result()
        if progress is not None:
            progress(done, total)


def read_one(path: Path, index: int, reader: PageReader) -> list[PageReading]:
    """The readings of one page; one that breaks the reader is a rejected page with its reason, never a lost batch."""
    try:
        return reader.read_page(load_page(path, index))
    except PapierError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a hostile page provokes, the batch goes on
        reason = f"the page could not be read ({type(error).__name__}: {error}); scan it again"
        return [PageReading(str(path), index, PageStatus.DAMAGED, reason=reason)]


_reader_of_process: Reader | None = None


def _start_process(reader: Reader) -> None:
    import cv2  # noqa: PLC0415 - in the worker only

    # One thread a process: the pool is what uses the cores.
    cv2.setNumThreads(1)
    global _reader_of_process  # noqa: PLW0603 - a worker's one reader
    _reader_of_process = reader


def _read_in_process(path: Path, index: int) -> list[PageReading]:
    assert _reader_of_process is not None  # noqa: S101 - `_start_process` has run
    return read_one(path, index, _reader_of_process)


def make_pool(reader: Reader, workers: int | None = None) -> ProcessPoolExecutor:
    """A pool of processes that read pages with `reader`, one a core unless told otherwise."""
    # "spawn" is the same on Linux, macOS and Windows, and never copies a locked library.
    return ProcessPoolExecutor(
        workers or os.cpu_count() or 1,
        mp_context=get_context("spawn"),
        initializer=_start_process,
        initargs=(reader,),
    )


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
    if not path.is_file():
        raise ScanFileError(f"{path} is not a file. Give the name of a scan (PDF, TIFF, JPEG or PNG).")
    if is_being_written(path):
        raise ScanFileError(f"{path} is still being written. Take it in again when the scanner has finished.")
    sha256 = _hash_source(path)
    with using_archive(workspace.archive):
        taken = find_scan(engine, sha256)
        if taken is not None:
            if taken.sha256 == sha256:
                # The inbox copy may be the last whole one: it goes only after the archive's has been read.
                keep_file(path, workspace.archive, sha256, taken.suffix)
            left = _leave_inbox(workspace, path)
            return TakenIn(path, sha256, None, masked=taken.sha256 != sha256, left=left)
        total = count_pages(path)
        reader = reader or Reader(StoreRegister(workspace))
        careful = any(keeps_on_paper(form.layout) for form in reader.register.forms())
        scan = None if careful else _keep_as_is(workspace, path, sha256)
        readings = _read_all(path if scan is None else scan.path(workspace), total, reader, progress)
        masked = scan is None and any(_must_be_masked(reading) for reading in readings)
        if masked:
            scan, readings = _keep_masked(workspace, path, sha256, total, readings, reader)
        elif scan is None:
            scan = _keep_as_is(workspace, path, sha256)
        if careful and _hash_source(path) != sha256:
            raise ScanFileError(f"{path} changed while it was taken in. Wait until it is whole, then take it in again.")
        readings = [replace(reading, source=path.name) for reading in readings]
        filed = file_scan(engine, scan, readings, now, workflows)
        left = _leave_inbox(workspace, path)
        return TakenIn(path, sha256, filed, masked=masked, left=left)


def is_being_written(path: Path) -> bool:
    """True while some program has the file open for writing, where the system can tell (Linux, on a local disk).

    A lease to read is granted only on a file that nobody has open for writing (fcntl(2), "Leases").
    """
    if sys.platform != "linux":
        return False
    try:
        with path.open("rb") as stream:
            # Whoever opens it meanwhile breaks the lease by a signal; this one is ignored by default.
            fcntl.fcntl(stream, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(stream, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(stream, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        # Another's file, or a file system without leases: its change is noticed by its hash.
        return False
    return False


def _hash_source(path: Path) -> str:
    try:
        return hash_file(path)
    except OSError as error:
        raise ScanFileError(f"{path} cannot be read ({error.strerror}). Check its permissions.") from error


def _read_all(path: Path, total: int, reader: PageReader, progress: Progress | None) -> list[PageReading]:
    if isinstance(reader, Reader) and total >= MIN_PAGES_FOR_POOL and (os.cpu_count() or 1) > 1:
        with make_pool(reader) as pool:
            return list(read_scan(path, reader, pool, progress))
    return list(read_scan(path, reader, None, progress))


def _keep_as_is(workspace: Workspace, path: Path, sha256: str) -> ScanFile:
    suffix = path.suffix.lower()[:10]
    kept = keep_file(path, workspace.archive, sha256, suffix)
    return ScanFile(sha256, path.name, suffix, kept.stat().st_size)


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
    kept = keep_file(data, workspace.archive, masked_sha256, ".pdf")
    readings: list[PageReading] = []
    for index in range(1, total + 1):
        known = [reading for reading in by_page.get(index, []) if reading.outline is not None]
        unknown = [reading for reading in by_page.get(index, []) if reading.outline is None]
        if known:
            again = [reading for reading in read_one(kept, index, reader) if reading.outline is not None]
            readings += again if len(again) == len(known) else known
        readings += [replace(reading, reason=f"{reading.reason}{NOT_KEPT}") for reading in unknown]
    return ScanFile(masked_sha256, path.name, ".pdf", len(data), sha256), readings


def _masked_page(path: Path, index: int, readings: list[PageReading]) -> tuple[GreyImage, float | None]:
    page = load_page(path, index)
    if isinstance(page, RejectedPage):
        return np.full(UNREADABLE_SHAPE, 255, np.uint8), None
    return mask_page(page.pixels, readings), page.dpi


def _leave_inbox(workspace: Workspace, path: Path) -> Path | None:
    """Take a scan out of the workspace's own inbox, once the archive's copy has been verified.

    Gives the path where the file is still there: it lies elsewhere, or the folder cannot be written.
    """
    if path.resolve().parent != workspace.inbox.resolve():
        return path
    try:
        path.unlink(missing_ok=True)
        sync_folder(workspace.inbox)
    except OSError:
        return path
    return None
