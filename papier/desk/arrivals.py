"""Scans that wait to be taken in, one after the other, and what became of each.

Each is taken in by a process of its own: a scan that breaks a decoder breaks that process and not the desk, and pdfium,
which allows no threads, is asked by one.
"""

from __future__ import annotations

import datetime as dt
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from papier.after_batch import after_batch
from papier.errors import PapierError
from papier.forms.library import library_folders
from papier.intake import TakenIn, find_missing_pages, take_in
from papier.language import chosen_language, using_language
from papier.records import PageStatus
from papier.store.connection import connect
from papier.store.records import find_filed_pages
from papier.store.sheets import StoreRegister
from papier.store.workspace import Workspace
from papier.workflows.library import list_workflows

# What a page shows; older ones are in the lists of records and pages.
REMEMBERED = 50
BROKEN = (
    "The program that reads scans stopped at this one. It lies in the inbox; scan the sheets again, or: papier read"
)
LEFT = "Taken in, but it lies in the inbox still: make the folder writable, and delete it."
KNOWN = "Taken in before; nothing to do."


class Progress(StrEnum):
    """How far a scan is."""

    WAITING = "waiting"
    READING = "reading"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One dropped scan. `to_look_at`: its pages that were not read for sure; `missing`: pages that lack, by sheet;
    `message`: what went wrong and the remedy, or what a person should do.
    """

    name: str
    progress: Progress = Progress.WAITING
    pages_read: int = 0
    pages: int = 0
    records: tuple[int, ...] = ()
    to_look_at: int = 0
    missing: tuple[tuple[str, tuple[int, ...]], ...] = ()
    message: str | None = None

    @property
    def is_over(self) -> bool:
        return self.progress in {Progress.DONE, Progress.FAILED}


class Arrivals:
    """The line of scans before the reader. One thread watches over it; pages ask how far it is."""

    def __init__(self, workspace: Workspace, now: Callable[[], dt.datetime]) -> None:
        self._workspace = workspace
        self._now = now
        self._line: queue.Queue[tuple[int, Path] | None] = queue.Queue()
        self._arrivals: dict[int, Arrival] = {}
        self._count = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process: SpawnProcess | None = None
        self._stopping = False
        self._followed: tuple[str, ...] = ()

    def put(self, paths: Sequence[Path]) -> None:
        """Let scans that lie in the inbox be taken in."""
        with self._lock:
            for path in paths:
                self._count += 1
                self._arrivals[self._count] = Arrival(path.name)
                self._line.put((self._count, path))
            for key in list(self._arrivals)[:-REMEMBERED]:
                if self._arrivals[key].is_over:
                    del self._arrivals[key]
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
                self._thread.start()

    def list(self) -> tuple[Arrival, ...]:
        """The latest first."""
        with self._lock:
            return tuple(reversed(self._arrivals.values()))

    def followed(self) -> tuple[str, ...]:
        """What was done after the last batch: orders, and what the settings let print."""
        with self._lock:
            return self._followed

    def stop(self, seconds: float) -> int:
        """Begin no further scan, wait for the one that is read, and stop it when it takes longer. Gives how many scans
        lie in the inbox still: each is whole there, and taken in by `papier intake`.
        """
        if self._thread is None:
            return 0
        while not self._line.empty():
            self._line.get_nowait()
        self._line.put(None)
        self._thread.join(seconds)
        if self._thread.is_alive() and self._process is not None:
            self._stopping = True
            self._process.terminate()
            self._thread.join()
        return sum(not arrival.is_over for arrival in self.list())

    def _run(self) -> None:
        while (waiting := self._line.get()) is not None:
            self._take_in(*waiting)
            if self._line.empty() and not self._stopping and any(arrival.records for arrival in self.list()):
                self._follow()

    def _update(self, key: int, **change: Any) -> None:
        with self._lock:
            if key in self._arrivals:
                self._arrivals[key] = replace(self._arrivals[key], **change)

    def _take_in(self, key: int, path: Path) -> None:
        self._update(key, progress=Progress.READING)
        told = False
        for change in self._apart(_take_in_apart, path):
            told = told or "progress" in change
            self._update(key, **change)
        if not told and not self._stopping:
            self._update(key, progress=Progress.FAILED, message=BROKEN)

    def _follow(self) -> None:
        """What follows a batch, as the watcher does it."""
        lines = tuple(str(line) for line in self._apart(_follow_apart, chosen_language()))
        with self._lock:
            self._followed = lines

    def _apart(self, work: Callable[..., None], what: Path | str) -> Iterator[Any]:
        """Run `work(folder, what, now, connection)` in a process of its own; gives what it tells."""
        # "spawn" is the same on every system, and copies none of the desk's threads.
        context = get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=work, args=(self._workspace, what, self._now(), theirs))
        self._process.start()
        theirs.close()
        with ours, suppress(EOFError):
            while True:
                yield ours.recv()
        self._process.join()


def _take_in_apart(workspace: Workspace, path: Path, now: dt.datetime, told: Connection) -> None:
    """Take one scan in, and tell how it goes: each message is what changes of its `Arrival`."""
    # Ctrl-C is the desk's to act on: it lets this scan finish.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        engine = connect(workspace)
        taken = take_in(
            workspace,
            engine,
            path,
            now,
            progress=lambda done, total: told.send({"pages_read": done, "pages": total}),
            workflows=list_workflows(library_folders(workspace.forms)),
        )
        told.send(_what_became(taken, workspace, engine))
    except PapierError as error:
        told.send({"progress": Progress.FAILED, "message": str(error)})
    finally:
        told.close()


def _follow_apart(workspace: Workspace, language: str, now: dt.datetime, told: Connection) -> None:
    """Do what follows a batch, and tell it line by line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with using_language(language):
        try:
            folders = library_folders(workspace.forms)
            engine = connect(workspace)
            for line in after_batch(workspace, engine, lambda: now, folders, list_workflows(folders)):
                told.send(line)
        except PapierError as error:
            told.send(str(error))
        finally:
            told.close()


def _what_became(taken: TakenIn, workspace: Workspace, engine: Engine) -> dict[str, Any]:
    if taken.pages is None:
        return {"progress": Progress.DONE, "message": KNOWN}
    readings = [page.reading for page in taken.pages]
    before = find_filed_pages(engine, {reading.sheet for reading in readings if reading.sheet})
    missing = find_missing_pages(readings, StoreRegister(workspace), before)
    return {
        "progress": Progress.DONE,
        "pages_read": len(readings),
        "pages": len(readings),
        "records": tuple(sorted({page.record for page in taken.pages if page.record is not None})),
        # A blank back is what it is.
        "to_look_at": sum(
            reading.status is not PageStatus.READ and reading.reason != "blank page" for reading in readings
        ),
        "missing": tuple((sheet, tuple(pages)) for sheet, pages in missing.items()),
        "message": None if taken.left is None else LEFT,
    }
