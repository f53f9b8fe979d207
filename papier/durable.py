"""Files and folders that last through a power cut, readable by their owner alone."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

# What a file is called while it is not whole yet ends so.
PARTIAL = ".partial"


def make_folder(folder: Path) -> None:
    """Make a private folder whose name lasts through a power cut. Its parent must be there, or be makable so too."""
    if folder.is_dir():
        return
    if not folder.parent.is_dir():
        make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def write_private(path: Path, data: bytes, partial: Path | None = None) -> None:
    """Write a file that only its owner can read, so that it is either whole or as it was before.

    `partial`: what it is called until it is whole, in the same folder.
    """
    partial = partial or path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with open_private(partial) as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
        sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def wipe_file(path: Path) -> None:
    """Overwrite a file with zeros, then delete it. On a flash disk the old blocks may outlive it (SECURITY.md)."""
    with path.open("rb+") as stream:
        left = path.stat().st_size
        while left > 0:
            left -= stream.write(b"\0" * min(left, 1 << 20))
        stream.flush()
        os.fsync(stream.fileno())
    path.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut. Windows has no such call, and needs none."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def open_private(path: Path) -> Iterator[io.BufferedWriter]:
    """A new file to write, in the place of what bore its name."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        yield stream
