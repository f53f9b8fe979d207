"""Encrypting a workspace that stands: piece by piece, each proved before the readable one goes.

What a piece is, its first bytes say, so that a workspace that was left half done works, and the same command goes on.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from papier.durable import PARTIAL, open_private, sync_folder, wipe_file
from papier.errors import StoreError, os_words
from papier.language import translate as _
from papier.store.archive import LOCK_FILE, hash_file, hash_kept
from papier.store.connection import connect, writing
from papier.store.driver import cipher, database_errors, is_plain, open_store
from papier.store.events import append_event
from papier.store.vault import KEYS_FILE, Vault, check_passphrase, is_sealed, write_vault
from papier.store.workspace import KEY_FILE, Workspace

if os.name == "posix":
    import fcntl

ENCRYPTED = "encrypted"
# The readable store, between the moment it was replaced and the moment it is overwritten.
REPLACED = ".plain"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class EncryptionPlan:
    """What is to be encrypted: files of the archive, the store, and the size of all. `inbox`, `printed`: how many files
    stay readable there until they are taken in, or deleted.
    """

    files: int
    size: int
    store: bool
    inbox: int
    printed: int

    @property
    def is_done(self) -> bool:
        return not (self.files or self.store)


def plan_encryption(workspace: Workspace) -> EncryptionPlan:
    """Look what is readable. Changes nothing."""
    paths = list(_readable_files(workspace))
    return EncryptionPlan(
        len(paths),
        sum(path.stat().st_size for path in paths) + workspace.database.stat().st_size,
        is_plain(workspace.database) or (workspace.folder / KEY_FILE).exists(),
        sum(1 for path in workspace.inbox.rglob("*") if path.is_file()),
        sum(1 for path in workspace.printed.rglob("*") if path.is_file()),
    )


def encrypt_workspace(
    workspace: Workspace, vault: Vault, passphrase: str | None, now: dt.datetime, progress: Progress | None = None
) -> Workspace:
    """Encrypt everything that the workspace keeps, and give it as it is then. Stopped, it goes on where it was.

    `passphrase`: of a workspace without a lock; else not looked at, and `vault` is what the lock gave. Raises
    StoreError where another papier works on it, or the disk is too small; UsageError for a passphrase that is too
    short. Nothing readable goes before the encrypted piece has been read back.
    """
    locked = (workspace.folder / KEYS_FILE).exists()
    if passphrase is not None and not locked:
        check_passphrase(passphrase)
    paths = list(_readable_files(workspace))
    largest = max([path.stat().st_size for path in paths] + [2 * workspace.database.stat().st_size])
    free = shutil.disk_usage(workspace.folder).free
    if free < largest + (1 << 22):
        raise StoreError(
            _("The disk has too little room to encrypt: {wanted} MB are needed. Make room, then run it again.").format(
                wanted=(largest >> 20) + 5
            )
        )
    with alone(workspace):
        if is_plain(workspace.database):
            # Before anything is written: a desk that stands open would go on with the readable store.
            with store_errors(), closing(_held(workspace.database)):
                pass
        if passphrase is not None and not locked:
            write_vault(workspace.folder, vault, workspace.key, passphrase)
        sealed = replace(workspace, vault=vault)
        finish_files(workspace.archive)
        finish_store(sealed)
        if is_plain(workspace.database):
            _encrypt_store(sealed, vault)
        for at, path in enumerate(paths, 1):
            _encrypt_file(path, vault)
            if progress is not None:
                progress(at, len(paths))
        with suppress(FileNotFoundError):
            wipe_file(workspace.folder / KEY_FILE)
    engine = connect(sealed)
    try:
        with writing(engine) as connection:
            append_event(connection, now, ENCRYPTED, {"files": len(paths)})
    finally:
        engine.dispose()
    return sealed


def _readable_files(workspace: Workspace) -> Iterator[Path]:
    for path in sorted(workspace.archive.glob("*/*")):
        if path.is_file() and path.suffix != PARTIAL and path.name != LOCK_FILE and not is_sealed(path):
            yield path


class alone:  # noqa: N801 - used as a statement
    """Nobody else may file while pieces are replaced: the archive's lock, which intake shares, is held alone."""

    def __init__(self, workspace: Workspace) -> None:
        self._path = workspace.archive / LOCK_FILE
        self._handle: int | None = None

    def __enter__(self) -> None:
        if os.name != "posix":
            return
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._handle)
            raise _busy() from error

    def __exit__(self, *unused: object) -> None:
        if self._handle is not None:
            os.close(self._handle)


def _busy() -> StoreError:
    return StoreError(
        _("Another papier works on this workspace (the desk, the watcher). Close it, then run this again.")
    )


# ---- the store


def _encrypt_store(workspace: Workspace, vault: Vault) -> None:
    """Write the store anew, encrypted; compare every row; only then let it take the readable one's place."""
    database = workspace.database
    partial = database.with_name(f"{database.name}{PARTIAL}")
    partial.unlink(missing_ok=True)
    try:
        with store_errors(), closing(_held(database)) as raw:
            os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            raw.execute("ATTACH ? AS sealed KEY \"x'" + vault.database_key.hex() + "'\"", (str(partial),))
            raw.execute("SELECT sqlcipher_export('sealed')")
            raw.execute("DETACH sealed")
            sync_file(partial)
            with closing(open_store(partial, vault)) as copy:
                verdict = [row[0] for row in copy.execute("PRAGMA integrity_check")]
                if verdict != ["ok"] or digest_of(copy) != digest_of(raw):
                    raise StoreError(_("The encrypted store is not what the store was; nothing was replaced."))
            os.link(database, database.with_name(f"{database.name}{REPLACED}"))
            partial.replace(database)
            sync_folder(database.parent)
            # Whoever still waits for the readable store must find nothing there to write to.
            finish_store(workspace)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def store_errors() -> Iterator[None]:
    try:
        yield
    except database_errors() as error:
        if "locked" in str(error) or "busy" in str(error):
            raise _busy() from error
        raise StoreError(_("The store is damaged ({why}). Run: papier verify").format(why=error)) from error


def _held(database: Path) -> sqlite3.Connection:
    """The readable store, for oneself alone until it is closed; its journal is put back into it."""
    raw: sqlite3.Connection = cipher().connect(str(database), timeout=5, isolation_level=None)
    try:
        hold_alone(raw)
    except BaseException:
        raw.close()
        raise
    return raw


def hold_alone(raw: sqlite3.Connection) -> None:
    """Let nobody else read or write the store until the connection is closed; its journal is put back into it."""
    raw.execute("PRAGMA locking_mode = EXCLUSIVE")
    # Where another connection stands open it raises, "locked".
    raw.execute("PRAGMA journal_mode = DELETE").fetchone()
    raw.execute("BEGIN EXCLUSIVE")
    raw.execute("COMMIT")


def finish_store(workspace: Workspace) -> None:
    """Overwrite the readable store that was replaced."""
    left = workspace.database.with_name(f"{workspace.database.name}{REPLACED}")
    if left.exists() and not is_plain(workspace.database):
        wipe_file(left)
    elif left.exists():
        # Stopped before the encrypted one took its place: a second name of the same file.
        left.unlink()


def digest_of(raw: sqlite3.Connection) -> str:
    """SHA-256 over every table's rows and every definition."""
    found = hashlib.sha256()
    schema = raw.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
    found.update(repr(schema).encode())
    for kind, name, sql in schema:
        if kind == "table" and not name.startswith("sqlite_") and not str(sql).startswith("CREATE VIRTUAL"):
            for row in raw.execute(f'SELECT * FROM "{name}"'):  # noqa: S608 - our own tables, in their own order
                found.update(repr(row).encode())
    return found.hexdigest()


def sync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ---- the archive


def finish_files(archive: Path) -> None:
    """Overwrite readable files that were replaced; what was not replaced yet loses its second name."""
    for left in archive.glob(f"*/*{REPLACED}{PARTIAL}"):
        path = left.with_name(left.name.removesuffix(f"{REPLACED}{PARTIAL}"))
        if path.exists() and is_sealed(path):
            wipe_file(left)
        else:
            left.unlink()


def write_turned(path: Path, partial: Path, turn: Callable[[BinaryIO, BinaryIO], None]) -> None:
    """What `turn` (sealing, unsealing) makes of a file, written to `partial` and on the disk when this returns."""
    with open_private(partial) as writing, path.open("rb") as reading:
        turn(reading, writing)
        writing.flush()
        os.fsync(writing.fileno())


def _encrypt_file(path: Path, vault: Vault) -> None:
    partial = path.with_name(f"{path.name}.sealing{PARTIAL}")
    plain = path.with_name(f"{path.name}{REPLACED}{PARTIAL}")
    try:
        write_turned(path, partial, vault.seal)
        if hash_kept(partial, vault) != hash_file(path):
            raise StoreError(_("{path} changed while it was encrypted. Run it again.").format(path=path))
        plain.unlink(missing_ok=True)
        os.link(path, plain)
        partial.replace(path)
        sync_folder(path.parent)
        wipe_file(plain)
    except OSError as error:
        raise StoreError(
            _("{path} cannot be encrypted ({why}). Make room and make the folder writable, then run it again.").format(
                path=path, why=os_words(error)
            )
        ) from error
    finally:
        partial.unlink(missing_ok=True)
