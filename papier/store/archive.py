"""Scan files as they came, kept under their content hash. A file that is there is whole."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from papier.durable import PARTIAL, make_folder, open_private, sync_folder
from papier.errors import StoreError, os_words
from papier.language import translate as _

if os.name == "posix":
    import fcntl

# Read in pieces: a scan may be larger than memory should hold.
PIECE = 1 << 20
LOCK_FILE = "archive.lock"


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def archive_path(archive: Path, sha256: str, suffix: str) -> Path:
    return archive / sha256[:2] / f"{sha256}{suffix}"


def is_kept(archive: Path, sha256: str, suffix: str) -> bool:
    """True when the archive holds this file, whole."""
    path = archive_path(archive, sha256, suffix)
    return path.is_file() and hash_file(path) == sha256


def keep_file(source: Path | bytes, archive: Path, sha256: str, suffix: str) -> Path:
    """Copy `source` into the archive, sync it and read it back. Safe to repeat, safe to interrupt.

    The order makes it last through a power cut: the bytes, then the name, then the folders that hold it.
    Raises StoreError when the copy is not what `sha256` says (the file changed while it was copied, the disk is full).
    """
    target = archive_path(archive, sha256, suffix)
    name = source.name if isinstance(source, Path) else target.name
    partial = target.with_name(f"{target.name}.{os.getpid()}{PARTIAL}")
    try:
        if target.exists() and hash_file(target) == sha256:
            # Whoever put it there may have been stopped before the name was safe.
            sync_folder(target.parent)
            return target
        make_folder(target.parent)
        with open_private(partial) as writing:
            if isinstance(source, bytes):
                writing.write(source)
            else:
                with source.open("rb") as reading:
                    shutil.copyfileobj(reading, writing, PIECE)
            writing.flush()
            os.fsync(writing.fileno())
        if hash_file(partial) != sha256:
            raise StoreError(
                _("{name} changed while it was taken in. Wait until it is whole, then take it in again.").format(
                    name=name
                )
            )
        partial.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise StoreError(
            _(
                "The archive {archive} cannot take {name} ({why}). Make room and make the folder writable, then take "
                "it in again."
            ).format(archive=archive, name=name, why=os_words(error))
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return target


@contextlib.contextmanager
def using_archive(archive: Path) -> Iterator[None]:
    """Work on the archive beside other papiers; the first to come sweeps out what an interrupted one left behind."""
    if os.name != "posix":
        yield
        return
    try:
        handle = os.open(archive / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(
            _("The archive {archive} cannot be written ({why}). Make the folder writable.").format(
                archive=archive, why=os_words(error)
            )
        ) from error
    try:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Nobody else is at work: what is half written belongs to somebody who was stopped.
            for path in archive.glob(f"*/*{PARTIAL}"):
                path.unlink(missing_ok=True)
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)
