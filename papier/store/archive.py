"""Scan files as they came, kept under their content hash. A file that is there is whole.

In an encrypted workspace the file is encrypted, and its name is still the hash of what it says.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from papier.durable import PARTIAL, make_folder, open_private, sync_folder
from papier.errors import StoreError, os_words
from papier.language import translate as _
from papier.store.vault import Vault, is_sealed
from papier.store.workspace import Workspace

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


def hash_kept(path: Path, vault: Vault | None) -> str:
    """SHA-256 of what a file of the archive says, encrypted or not. Raises StoreError where it cannot be decrypted."""
    if vault is None or not is_sealed(path):
        return hash_file(path)
    digest = _Digest()
    with path.open("rb") as stream:
        vault.unseal(stream, digest)
    return digest.hexdigest()


class _Digest(io.BytesIO):
    """A file that keeps nothing of what is written to it but its hash."""

    def __init__(self) -> None:
        super().__init__()
        self._digest = hashlib.sha256()

    def write(self, data: Any, /) -> int:
        self._digest.update(data)
        return len(data)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def archive_path(archive: Path, sha256: str, suffix: str) -> Path:
    return archive / sha256[:2] / f"{sha256}{suffix}"


def keep_file(source: Path | bytes, workspace: Workspace, sha256: str, suffix: str) -> Path:
    """Copy `source` into the archive, sync it and read it back. Safe to repeat, safe to interrupt.

    What is encrypted already (a file of another archive under the same key) is copied as it stands.

    The order makes it last through a power cut: the bytes, then the name, then the folders that hold it.
    Raises StoreError when the copy is not what `sha256` says (the file changed while it was copied, the disk is full).
    """
    archive, vault = workspace.archive, workspace.vault
    target = archive_path(archive, sha256, suffix)
    name = source.name if isinstance(source, Path) else target.name
    partial = target.with_name(f"{target.name}.{os.getpid()}{PARTIAL}")
    try:
        if target.exists() and is_sealed(target) == (vault is not None) and _says(target, vault) == sha256:
            # Whoever put it there may have been stopped before the name was safe.
            sync_folder(target.parent)
            return target
        make_folder(target.parent)
        with open_private(partial) as writing:
            with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as reading:
                if vault is None or (isinstance(source, Path) and is_sealed(source)):
                    shutil.copyfileobj(reading, writing, PIECE)
                else:
                    vault.seal(reading, writing)
            writing.flush()
            os.fsync(writing.fileno())
        if _says(partial, vault) != sha256:
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


def _says(path: Path, vault: Vault | None) -> str | None:
    """What `hash_kept` gives; None for a file that cannot be decrypted."""
    try:
        return hash_kept(path, vault)
    except StoreError:
        return None


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
