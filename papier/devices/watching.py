"""A folder where a copier drops files: which of them are whole, which still grow, which never will be.

What lies there is listed each time; the system's notices (inotify) only say when to look. So a lost notice, a network
share that sends none, or a folder that was away for a while costs nothing but a moment.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from papier.devices.wholeness import find_kind, is_being_written, is_whole
from papier.errors import os_words
from papier.language import translate as _

# Where files are set aside, within the watched folder.
ASIDE = "mis-de-cote"
# On this machine the system tells whether a file is still open; this is for what it does not tell.
SETTLE_SECONDS = 1.0
# A file that is not whole after so long without a change will not become so: the transfer was cut.
PATIENCE_SECONDS = 120.0
# A scan says what it is with its first bytes; what does not need not be waited for so long.
STRANGE_TIMES = 3
# What programs leave in folders; nobody scanned it.
LITTER = frozenset({"thumbs.db", "desktop.ini"})
REMOTE = frozenset({"cifs", "smb3", "smbfs", "9p", "afs", "ncpfs", "davfs", "fuse.davfs2"})
UNFINISHED = (".part", ".partial", ".tmp", ".filepart", ".crdownload", ".lock")


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that cannot be taken in, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Look:
    """What a look into the folder showed. `waiting`: files that may still be growing."""

    ready: tuple[Path, ...] = ()
    refused: tuple[Refused, ...] = ()
    waiting: int = 0
    away: str | None = None


@dataclass
class WatchedFolder:
    """Looks at one folder again and again. `examine` says what is wrong with a whole file, None when nothing is."""

    path: Path
    examine: Callable[[Path], str | None]
    settle: float = SETTLE_SECONDS
    patience: float = PATIENCE_SECONDS
    # Size and time of each file as last seen, and since when it has been so.
    _seen: dict[Path, tuple[tuple[int, int], float]] = field(default_factory=dict)
    # Files that could not be moved away, as they were: they are not looked at again unless they change.
    _stuck: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def look(self, at: float) -> Look:
        """What is there at `at`, seconds of a clock that never goes back. The oldest file comes first."""
        try:
            found = {path: _stamp(path) for path in _files(self.path)}
        except OSError as error:
            return Look(away=os_words(error))
        self._stuck = {path: stamp for path, stamp in self._stuck.items() if path in found}
        self._seen = {path: seen for path, seen in self._seen.items() if path in found}
        ready: list[Path] = []
        refused: list[Refused] = []
        waiting = 0
        for path, stamp in sorted(found.items(), key=lambda entry: (entry[1] or (0, 0))[::-1]):
            if stamp is None or self._stuck.get(path) == stamp:
                continue
            known = self._seen.get(path)
            if known is None or known[0] != stamp:
                self._seen[path] = known = (stamp, at)
            quiet = at - known[1]
            verdict = self._judge(path, quiet)
            if verdict is None:
                waiting += 1
            elif verdict:
                refused.append(Refused(path, verdict))
            else:
                ready.append(path)
        return Look(tuple(ready), tuple(refused), waiting)

    def forget(self, path: Path) -> None:
        """Never mind a file that cannot be moved away."""
        stamp = _stamp(path)
        if stamp is not None:
            self._stuck[path] = stamp

    def _judge(self, path: Path, quiet: float) -> str | None:
        """Give "" for a file to take, None for one to wait for, else why it cannot be taken."""
        if quiet < self.settle or is_being_written(path):
            return None
        try:
            kind = find_kind(path)
            if kind is not None and is_whole(path):
                return self.examine(path) or ""
        except OSError as error:
            # Another program may hold it; in the end it is told.
            return None if quiet < self.patience else os_words(error)
        if kind is None and quiet >= STRANGE_TIMES * self.settle and not _is_blank(path):
            return _("This is no scan: papier takes PDF, TIFF, JPEG and PNG.")
        if quiet < self.patience:
            return None
        if path.stat().st_size == 0:
            return _("The file is empty. Scan the sheets again.")
        return _("The file breaks off before its end: the copier did not finish it. Scan the sheets again.")


class Waker:
    """Says when something happened in one of the folders; where the system tells nothing, only the time passes."""

    def __init__(self) -> None:
        self._happened = threading.Event()
        self._observer = Observer()
        self._started = False

    def follow(self, folder: Path) -> None:
        """Listen to a folder too; does nothing where that cannot be done (a share, no more watches)."""
        with contextlib.suppress(OSError):
            self._observer.schedule(_Handler(self._happened), str(folder))
            if not self._started:
                self._observer.start()
                self._started = True

    def wake(self) -> None:
        self._happened.set()

    def wait(self, seconds: float) -> bool:
        """Wait until something happens, `seconds` at most; True when something did."""
        happened = self._happened.wait(seconds)
        self._happened.clear()
        return happened

    def close(self) -> None:
        if self._started:
            self._observer.stop()
            self._observer.join()


class _Handler(FileSystemEventHandler):
    def __init__(self, happened: threading.Event) -> None:
        self._happened = happened

    def on_any_event(self, event: FileSystemEvent) -> None:
        # Looking opens files, and so would wake itself for ever.
        if event.event_type not in {"opened", "closed_no_write"}:
            self._happened.set()


def _stamp(path: Path) -> tuple[int, int] | None:
    """Size and time of the last change; None when the file is gone meanwhile."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def modified_at(path: Path) -> float:
    """When a file was changed last, in seconds; 0 when it is gone meanwhile."""
    stamp = _stamp(path)
    return 0.0 if stamp is None else stamp[1] / 1e9


def _is_blank(path: Path) -> bool:
    """True for a file that is empty, or only reserved yet."""
    with path.open("rb") as stream:
        return not any(stream.read(1024))


def list_files(folder: Path) -> list[Path]:
    """The files in a watched folder that may be scans, whole or not; none where the folder is away."""
    try:
        return _files(folder)
    except OSError:
        return []


def is_remote(folder: Path) -> bool:
    """True where the folder is on a network share, as far as the system tells (Linux: /proc/self/mounts)."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        return False
    place = str(folder.resolve())
    best = max(
        ((_plain(mount[1]), mount[2]) for mount in mounts if _lies_in(place, _plain(mount[1]))),
        key=lambda mount: len(mount[0]),
        default=("", ""),
    )
    return best[1] in REMOTE or best[1].startswith(("nfs", "fuse.sshfs", "fuse.rclone", "fuse.gvfs"))


def _plain(mount_point: str) -> str:
    # Blanks are written as octal numbers there.
    return mount_point.replace("\\040", " ")


def _lies_in(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip("/") + "/")


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if _may_be_scan(path)]


def _may_be_scan(path: Path) -> bool:
    name = path.name.lower()
    hidden = name.startswith((".", "~"))
    # A link would lead out of the folder.
    return not (hidden or name in LITTER or name.endswith(UNFINISHED) or path.is_symlink()) and path.is_file()
