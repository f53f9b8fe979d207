"""Scan files as they came, kept under their content hash. A file that is there is whole."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from papier.errors import StoreError

# Read in pieces: a scan may be larger than memory should hold.
PIECE = 1 << 20


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def archive_path(archive: Path, sha256: str, suffix: str) -> Path:
    return archive / sha256[:2] / f"{sha256}{suffix}"


def keep_file(source: Path, archive: Path, sha256: str, suffix: str) -> Path:
    """Copy `source` into the archive, sync it and read it back. Safe to repeat, safe to interrupt.

    Raises StoreError when the copy is not what `sha256` says (the file changed while it was copied, the disk is full).
    """
    target = archive_path(archive, sha256, suffix)
    if target.exists() and hash_file(target) == sha256:
        return target
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        with source.open("rb") as reading, partial.open("wb") as writing:
            shutil.copyfileobj(reading, writing, PIECE)
            writing.flush()
            os.fsync(writing.fileno())
        if hash_file(partial) != sha256:
            raise StoreError(f"{source} changed while it was taken in. Wait until it is whole, then take it in again.")
        partial.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise StoreError(f"The archive {archive} cannot take {source.name}: {error.strerror}. Make room.") from error
    finally:
        partial.unlink(missing_ok=True)
    return target


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut. Windows has no such call, and needs none."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
