"""Reading pages in processes of their own, one a core.

A page that kills its process (memory, a broken decoder) costs itself and no other: it is tried once more alone, then
rejected with its reason.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Protocol

from papier.errors import PapierError
from papier.ocr.image_pages import ImagePages
from papier.ocr.pages import open_pages
from papier.ocr.pdf_pages import PdfPages
from papier.ocr.reading import Reader
from papier.ocr.register import SheetRegister
from papier.ocr.scan import RejectedPage, ScannedPage
from papier.records import PageReading, PageStatus

# Of malloc.h: what is left free at the end of the heap, and from which size on memory is borrowed apart.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
# An A4 page at 300 dpi in colour, or A3 in grey; and the most that glibc takes.
KEPT_BYTES = 32 * 1024 * 1024
# Opening a PDF of 1,000 pages takes as long as decoding one of them: so many pages of it, at most, are read in a run,
# and fewer of a small file, of which each process gets so many runs.
LONGEST_RUN, RUNS_A_WORKER = 8, 4


class PageReader(Protocol):
    """What intake asks of a reader of pages."""

    @property
    def register(self) -> SheetRegister: ...

    def read_page(self, page: ScannedPage | RejectedPage) -> list[PageReading]: ...


def read_one(path: Path, index: int, reader: PageReader) -> list[PageReading]:
    """The readings of one page; one that breaks the reader is a rejected page with its reason, never a lost batch."""
    return read_run(path, range(index, index + 1), reader)[0]


def read_run(path: Path, run: range, reader: PageReader) -> list[list[PageReading]]:
    """`read_one` for each page of a run, counted from 1: the file is opened once."""
    try:
        with open_pages(path) as pages:
            return [_read_page(pages, path, index, reader) for index in run]
    except PapierError:
        raise
    except Exception as error:  # noqa: BLE001 - as below, of a file that does not open
        return [[rejected_page(path, index, f"{type(error).__name__}: {error}")] for index in run]


def _read_page(pages: PdfPages | ImagePages, path: Path, index: int, reader: PageReader) -> list[PageReading]:
    try:
        return reader.read_page(pages.load(index))
    except PapierError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a hostile page provokes, the batch goes on
        return [rejected_page(path, index, f"{type(error).__name__}: {error}")]


def rejected_page(path: Path, index: int, why: str) -> PageReading:
    reason = f"the page could not be read ({why}); scan it again"
    return PageReading(str(path), index, PageStatus.DAMAGED, reason=reason)


@dataclass(frozen=True, slots=True)
class RunOnItsWay:
    """Pages of a file, counted from 1, that were handed to a pool."""

    path: Path
    pages: range
    future: Future[list[list[PageReading]]]
    executor: ProcessPoolExecutor

    @property
    def is_read(self) -> bool:
        return self.future.done()


class PagePool:
    """Processes that read pages with one reader; started when first needed, started anew when one is killed."""

    def __init__(self, reader: Reader, workers: int | None = None) -> None:
        self.reader = reader
        self.workers = workers or os.cpu_count() or 1
        self._executor: ProcessPoolExecutor | None = None

    def submit(self, path: Path, pages: range) -> RunOnItsWay:
        """Have these pages of a file read, by one process."""
        try:
            return self._submit(path, pages)
        except BrokenProcessPool:
            self.close()
        return self._submit(path, pages)

    def result(self, run: RunOnItsWay) -> list[list[PageReading]]:
        """The readings of each page, once all are read. Raises ScanFileError like `read_one`."""
        try:
            return run.future.result()
        except BrokenProcessPool:
            # Whose fault it was nobody can say: each page that was on the way is read once more, alone.
            if run.executor is self._executor:
                self.close()
        return [self._read_alone(run.path, index) for index in run.pages]

    def runs(self, total: int) -> Iterator[range]:
        """The pages of a file, 1 to `total`, in runs that keep all processes busy to the end."""
        length = min(max(1, total // (RUNS_A_WORKER * self.workers)), LONGEST_RUN)
        return (range(first, min(first + length, total + 1)) for first in range(1, total + 1, length))

    def close(self) -> None:
        """Let the processes go; what was submitted and not begun is dropped."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    def _read_alone(self, path: Path, index: int) -> list[PageReading]:
        try:
            return self._submit(path, range(index, index + 1)).future.result()[0]
        except BrokenProcessPool:
            self.close()
            return [rejected_page(path, index, "it broke the program that reads it")]

    def _submit(self, path: Path, pages: range) -> RunOnItsWay:
        executor = self._started()
        with _interrupts_held_back():
            return RunOnItsWay(path, pages, executor.submit(_read_in_process, path, pages), executor)

    def _started(self) -> ProcessPoolExecutor:
        if self._executor is None:
            # "spawn" is the same on Linux, macOS and Windows, and never copies a locked library.
            self._executor = ProcessPoolExecutor(
                self.workers,
                mp_context=get_context("spawn"),
                initializer=_start_process,
                initargs=(self.reader,),
            )
        return self._executor


@contextmanager
def using_pool(reader: Reader, workers: int | None = None) -> Iterator[PagePool]:
    """A pool that is gone afterwards."""
    pool = PagePool(reader, workers)
    try:
        yield pool
    finally:
        pool.close()


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Processes started within never see Ctrl-C, not even while they import; here it comes once they are started."""
    if os.name != "posix":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_reader_of_process: Reader | None = None


def _start_process(reader: Reader) -> None:
    import cv2  # noqa: PLC0415 - in the worker only

    # One thread a process: the pool is what uses the cores.
    cv2.setNumThreads(1)
    keep_memory()
    # Ctrl-C is the parent's to answer; and a parent that was killed must not leave its workers waiting for ever.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    global _reader_of_process  # noqa: PLW0603 - a worker's one reader
    _reader_of_process = reader


def keep_memory() -> None:
    """Have this process keep the memory that a page took for the next one, as far as the system's library can.

    glibc gives memory back when a page's pixels are dropped, and the system clears it anew for the next page: on a
    virtual machine that took nearly as long as decoding.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)
        mallopt(M_TRIM_THRESHOLD, 2 * KEPT_BYTES)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _read_in_process(path: Path, pages: range) -> list[list[PageReading]]:
    assert _reader_of_process is not None  # noqa: S101 - `_start_process` has run
    return read_run(path, pages, _reader_of_process)
