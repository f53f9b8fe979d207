"""In: scan → readings → records → event, exactly once.

The order is what makes it safe to stop at any instant: the scan is copied into the archive and read back; then it is
read; then all its records are filed in one transaction; only then may the copy in the inbox go.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from sqlalchemy import Engine

from papier.errors import PapierError, ScanFileError
from papier.ocr.pages import count_pages, load_page
from papier.ocr.reading import Reader
from papier.ocr.register import SheetRegister
from papier.records import PageReading, PageStatus
from papier.store.archive import hash_file, keep_file
from papier.store.records import FiledPage, ScanFile, file_scan, is_taken_in
from papier.store.sheets import StoreRegister
from papier.store.workspace import Workspace
from papier.workflows.definition import Workflow

# Starting a process costs as much as reading half a dozen pages.
MIN_PAGES_FOR_POOL = 8
# Pages handed to the pool ahead of the one that is waited for: enough to keep it busy, few enough to stay small.
AHEAD = 4

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class TakenIn:
    """What became of one scan file. `pages` is None when it had been taken in before."""

    path: Path
    sha256: str
    pages: list[FiledPage] | None


def read_scan(
    path: Path, reader: Reader, pool: Executor | None = None, progress: Progress | None = None
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


def read_one(path: Path, index: int, reader: Reader) -> list[PageReading]:
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
    reader: Reader | None = None,
    progress: Progress | None = None,
    workflows: Sequence[Workflow] = (),
) -> TakenIn:
    """Take one scan file in. The same file twice is taken once; running again after any interruption is safe.

    `workflows`: those in use today; a sheet whose form begins one begins a case.
    Raises ScanFileError when the file cannot be read, StoreError when it cannot be kept.
    """
    if not path.is_file():
        raise ScanFileError(f"{path} is not a file. Give the name of a scan (PDF, TIFF, JPEG or PNG).")
    try:
        sha256 = hash_file(path)
    except OSError as error:
        raise ScanFileError(f"{path} cannot be read ({error.strerror}). Check its permissions.") from error
    if is_taken_in(engine, sha256):
        _leave_inbox(workspace, path)
        return TakenIn(path, sha256, None)
    total = count_pages(path)
    suffix = path.suffix.lower()[:10]
    kept = keep_file(path, workspace.archive, sha256, suffix)
    reader = reader or Reader(StoreRegister(workspace))
    if total >= MIN_PAGES_FOR_POOL and (os.cpu_count() or 1) > 1:
        with make_pool(reader) as pool:
            readings = list(read_scan(kept, reader, pool, progress))
    else:
        readings = list(read_scan(kept, reader, None, progress))
    readings = [replace(reading, source=path.name) for reading in readings]
    filed = file_scan(engine, ScanFile(sha256, path.name, suffix, kept.stat().st_size), readings, now, workflows)
    _leave_inbox(workspace, path)
    return TakenIn(path, sha256, filed)


def _leave_inbox(workspace: Workspace, path: Path) -> None:
    """Take a scan out of the workspace's own inbox, once the archive's copy has been verified."""
    if path.resolve().parent == workspace.inbox.resolve():
        path.unlink(missing_ok=True)
