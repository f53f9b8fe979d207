"""What the watcher says of itself, for `papier status`: one file, and a lock that only a living watcher holds."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from papier.durable import write_private
from papier.errors import StoreError, os_words
from papier.language import translate as _
from papier.store.workspace import Workspace

if sys.platform != "win32":
    import fcntl

STATE_FILE = "watch.json"
LOCK_FILE = "watch.lock"


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """The last batch: when it was done, what it brought, and a line for each sheet of which a page lacks."""

    ended: str
    files: int
    pages: int
    records: int
    to_check: int
    aside: int
    missing: list[str] = field(default_factory=list)


@dataclass
class WatchState:
    """How the watcher stands. `after_due`: a batch was taken in, and what follows it is still to do.

    `batches`: how many were done since the watcher began. `at_work`: the file that is worked on; `suspect`: the one
    that a watcher worked on when it fell, `falls` times.
    """

    pid: int = field(default_factory=os.getpid)
    beat: str = ""
    doing: str = ""
    folders: list[str] = field(default_factory=list)
    waiting: int = 0
    after_due: bool = False
    last_batch: BatchSummary | None = None
    batches: int = 0
    at_work: str = ""
    suspect: str = ""
    falls: int = 0
    trouble: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)


def begin_state(workspace: Workspace) -> WatchState:
    """The state that a new watcher begins with: what the one before left to do, and the file that it fell over."""
    state, known = WatchState(), read_state(workspace)
    if known is not None:
        state.after_due, state.last_batch = known.after_due, known.last_batch
        state.suspect, state.falls = known.suspect, known.falls
        if known.at_work:
            state.falls = known.falls + 1 if known.at_work == known.suspect else 1
            state.suspect = known.at_work
    return state


def read_state(workspace: Workspace) -> WatchState | None:
    """The state as last written; None when there never was a watcher, or its file is no longer readable."""
    try:
        said: dict[str, Any] = json.loads((workspace.folder / STATE_FILE).read_bytes())
        batch = said.get("last_batch")
        return WatchState(
            int(said["pid"]),
            str(said["beat"]),
            str(said["doing"]),
            [str(folder) for folder in said["folders"]],
            int(said["waiting"]),
            bool(said["after_due"]),
            None if batch is None else BatchSummary(**batch),
            int(said.get("batches", 0)),
            str(said.get("at_work", "")),
            str(said.get("suspect", "")),
            int(said.get("falls", 0)),
            [str(words) for words in said["trouble"]],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_state(workspace: Workspace, state: WatchState) -> None:
    """Write the state, whole or not at all. Raises OSError."""
    said = asdict(state)
    del said["told"]
    write_private(workspace.folder / STATE_FILE, json.dumps(said, ensure_ascii=False).encode(errors="replace"))


def is_watched(workspace: Workspace) -> bool:
    """True while a watcher of this workspace lives."""
    if sys.platform == "win32" or not (workspace.folder / LOCK_FILE).exists():
        return False
    handle = os.open(workspace.folder / LOCK_FILE, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


@contextmanager
def only_watcher(workspace: Workspace) -> Iterator[None]:
    """Hold the lock of this workspace's watcher; it falls with the process. Raises StoreError where one lives."""
    if sys.platform == "win32":
        yield
        return
    path = Path(workspace.folder / LOCK_FILE)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(
            _("The workspace {folder} cannot be written ({why}). Make the folder writable.").format(
                folder=workspace.folder, why=os_words(error)
            )
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            state = read_state(workspace)
            raise StoreError(
                _("A watcher of this workspace runs already (process {pid}). See: papier status").format(
                    pid="?" if state is None else state.pid
                )
            ) from error
        yield
    finally:
        os.close(handle)
