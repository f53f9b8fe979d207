"""Taking the encryption of a workspace back: piece by piece, each proved before the encrypted one goes.

The lock goes last: until then the passphrase opens a workspace whose pieces are half readable, and the same command
goes on.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from papier.durable import PARTIAL, sync_folder, wipe_file, write_private
from papier.errors import StoreError, os_words
from papier.language import translate as _
from papier.store.archive import LOCK_FILE, hash_file, hash_kept
from papier.store.connection import connect, writing
from papier.store.driver import cipher, is_plain, open_store
from papier.store.encryption import (
    Progress,
    alone,
    digest_of,
    finish_files,
    finish_store,
    hold_alone,
    store_errors,
    sync_file,
    write_turned,
)
from papier.store.events import append_event
from papier.store.vault import KEYS_FILE, VAULT_FILE, Vault, is_sealed
from papier.store.workspace import KEY_FILE, Workspace

DECRYPTED = "decrypted"
# The encrypted store, between the moment it was replaced and the moment it goes.
REPLACED = ".sealed"


@dataclass(frozen=True, slots=True)
class DecryptionPlan:
    """What is to be decrypted: files of the archive, the store, and the size of all in bytes."""

    files: int
    size: int
    store: bool


def plan_decryption(workspace: Workspace) -> DecryptionPlan:
    """Look what is encrypted. Changes nothing."""
    paths = list(_sealed_files(workspace))
    return DecryptionPlan(
        len(paths),
        sum(path.stat().st_size for path in paths) + workspace.database.stat().st_size,
        not is_plain(workspace.database),
    )


def decrypt_workspace(
    workspace: Workspace, vault: Vault, now: dt.datetime, progress: Progress | None = None
) -> Workspace:
    """Decrypt everything that the workspace keeps, and give it as it is then. Stopped, it goes on where it was.

    Raises StoreError where another papier works on it, the disk is too small, or a piece was changed. Nothing
    encrypted goes before the readable piece has been read back; the lock goes when everything is readable.
    """
    paths = list(_sealed_files(workspace))
    largest = max([path.stat().st_size for path in paths] + [2 * workspace.database.stat().st_size])
    if shutil.disk_usage(workspace.folder).free < largest + (1 << 22):
        raise StoreError(
            _("The disk has too little room to decrypt: {wanted} MB are needed. Make room, then run it again.").format(
                wanted=(largest >> 20) + 5
            )
        )
    with alone(workspace):
        # What an encryption, or this, left behind when it was stopped.
        finish_files(workspace.archive)
        finish_store(workspace)
        workspace.database.with_name(f"{workspace.database.name}{REPLACED}").unlink(missing_ok=True)
        if not is_plain(workspace.database):
            _decrypt_store(workspace.database, vault)
        for at, path in enumerate(paths, 1):
            _decrypt_file(path, vault)
            if progress is not None:
                progress(at, len(paths))
        # Under one name, so that a run that was killed leaves nothing that the next one does not take.
        partial = workspace.folder / f"{KEY_FILE}{PARTIAL}"
        partial.unlink(missing_ok=True)
        write_private(workspace.folder / KEY_FILE, f"{workspace.key.hex()}\n".encode("ascii"), partial)
    # The lock is still there: what this event cannot be written for, the next run writes.
    plain = replace(workspace, vault=None)
    engine = connect(plain)
    try:
        with writing(engine) as connection:
            append_event(connection, now, DECRYPTED, {"files": len(paths)})
    finally:
        engine.dispose()
    # Without the second file nothing asks for the first.
    for name in (KEYS_FILE, VAULT_FILE):
        (workspace.folder / name).unlink(missing_ok=True)
        sync_folder(workspace.folder)
    return plain


def _sealed_files(workspace: Workspace) -> Iterator[Path]:
    for path in sorted(workspace.archive.glob("*/*")):
        if path.is_file() and path.suffix != PARTIAL and path.name != LOCK_FILE and is_sealed(path):
            yield path


def _decrypt_store(database: Path, vault: Vault) -> None:
    """Write the store anew, readable; compare every row; only then let it take the encrypted one's place."""
    partial = database.with_name(f"{database.name}{PARTIAL}")
    replaced = database.with_name(f"{database.name}{REPLACED}")
    partial.unlink(missing_ok=True)
    try:
        with store_errors(), closing(_held(database, vault)) as raw:
            os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            raw.execute("ATTACH ? AS readable KEY ''", (str(partial),))
            raw.execute("SELECT sqlcipher_export('readable')")
            raw.execute("DETACH readable")
            sync_file(partial)
            with closing(cipher().connect(str(partial))) as copy:
                verdict = [row[0] for row in copy.execute("PRAGMA integrity_check")]
                if verdict != ["ok"] or digest_of(copy) != digest_of(raw):
                    raise StoreError(_("The decrypted store is not what the store was; nothing was replaced."))
            os.link(database, replaced)
            partial.replace(database)
            sync_folder(database.parent)
            # Whoever still waits for the encrypted store must find nothing there to write to.
            wipe_file(replaced)
    finally:
        with suppress(FileNotFoundError):
            wipe_file(partial)


def _held(database: Path, vault: Vault) -> sqlite3.Connection:
    raw = open_store(database, vault, timeout=5)
    try:
        raw.isolation_level = None
        hold_alone(raw)
    except BaseException:
        raw.close()
        raise
    return raw


def _decrypt_file(path: Path, vault: Vault) -> None:
    partial = path.with_name(f"{path.name}.opening{PARTIAL}")
    try:
        write_turned(path, partial, vault.unseal)
        if hash_file(partial) != hash_kept(path, vault):
            raise StoreError(_("{path} changed while it was decrypted. Run it again.").format(path=path))
        partial.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError(
            _("{path} cannot be decrypted ({why}). Make room and make the folder writable, then run it again.").format(
                path=path, why=os_words(error)
            )
        ) from error
    finally:
        partial.unlink(missing_ok=True)
