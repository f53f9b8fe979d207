"""Backups: a whole workspace in a folder of its own, proved when it is made."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, func, select

from papier.durable import make_folder, sync_folder, write_private
from papier.errors import StoreError, UsageError, os_words
from papier.language import translate as _
from papier.store.archive import archive_path, hash_file, hash_kept, keep_file
from papier.store.connection import connect, reading
from papier.store.driver import database_errors, open_store
from papier.store.events import CHAIN_START, chain_head
from papier.store.tables import records, scans
from papier.store.vault import (
    KEYS_FILE,
    VAULT_FILE,
    Ask,
    Vault,
    find_secret,
    is_sealed,
    open_vault,
    open_with_identity,
)
from papier.store.verification import find_damage
from papier.store.workspace import KEY_FILE, SETTINGS_FILE, Workspace, open_workspace

MANIFEST = "manifest.json"
PREFIX = "papier-"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Backup:
    """A proved backup: its folder, what is in it, the head of its chain."""

    folder: Path
    files: int
    size: int
    records: int
    seq: int
    head: str


def make_backup(workspace: Workspace, destination: Path, now: dt.datetime, progress: Progress | None = None) -> Backup:
    """Copy the workspace as it stands at one instant, while work goes on, into a new folder of `destination`.

    Every file is read back; the copy is verified like a workspace. Files that the last backup there holds are linked,
    where the disk can. Raises StoreError when the copy is not whole, UsageError where it would lie in the workspace.
    """
    if destination.resolve().is_relative_to(workspace.folder.resolve()):
        raise UsageError(
            _("{destination} lies in the workspace itself. Give a folder on another disk.").format(
                destination=destination
            )
        )
    name = f"{PREFIX}{now.strftime('%Y-%m-%d-%H%M%S')}"
    target, partial = destination / name, destination / f".{name}.partial"
    if target.exists():
        raise UsageError(_("{target} is there already. Wait a second, then back up again.").format(target=target))
    try:
        destination.mkdir(parents=True, exist_ok=True)
        earlier = sorted(path for path in destination.glob(f"{PREFIX}*") if (path / MANIFEST).exists())
        shutil.rmtree(partial, ignore_errors=True)
        make_folder(partial)
        for part in ("archive", "inbox", "printed", "forms"):
            make_folder(partial / part)
        # The scans a store knows were kept before it knew them: the store first, then its scans.
        _copy_store(workspace, partial / workspace.database.name)
        keys = [workspace.folder / name for name in (KEY_FILE, KEYS_FILE, VAULT_FILE)]
        for path in [*keys, workspace.folder / SETTINGS_FILE, *sorted(workspace.forms.rglob("*"))]:
            if path.is_file() and not path.is_symlink():
                copied = partial / path.relative_to(workspace.folder)
                make_folder(copied.parent)
                write_private(copied, path.read_bytes())
        copy = open_workspace(partial, vault=workspace.vault)
        engine = connect(copy)
        try:
            _copy_scans(workspace, copy, engine, earlier[-1] if earlier else None, progress)
            problems = find_damage(copy, engine)
        finally:
            engine.dispose()
        if problems:
            raise StoreError(
                _("The copy is not whole: {problem} Nothing was kept. Run: papier verify").format(problem=problems[0])
            )
        backup = _write_manifest(copy, now)
        partial.rename(target)
        sync_folder(destination)
    except OSError as error:
        raise StoreError(
            _("The backup cannot be written to {destination} ({why}). Make room, or choose another folder.").format(
                destination=destination, why=os_words(error)
            )
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Backup(target, backup.files, backup.size, backup.records, backup.seq, backup.head)


def find_backup(path: Path) -> Path:
    """The backup that a path names: its own folder, or the newest in a folder of backups. Raises UsageError."""
    if (path / MANIFEST).is_file():
        return path
    found = sorted(folder for folder in path.glob(f"{PREFIX}*") if (folder / MANIFEST).is_file())
    if not found:
        raise UsageError(_("There is no backup in {path}. Give the folder that papier backup wrote.").format(path=path))
    return found[-1]


def prove_backup(folder: Path, vault: Vault | None = None) -> Backup:
    """Read every byte of a backup: each file by its hash, the store by its chain. Writes nothing.

    `vault`: of a backup that is encrypted, as `open_backup` gives it.

    Raises StoreError where anything is missing, changed or added.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = dict(manifest["files"])
        made = Backup(folder, len(files), manifest["size"], manifest["records"], manifest["seq"], manifest["head"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            _("The list {path} cannot be read. Use another backup.").format(path=folder / MANIFEST)
        ) from error
    for name, sha256 in files.items():
        path = folder / name
        try:
            whole = path.resolve().is_relative_to(folder.resolve()) and hash_file(path) == sha256
        except OSError:
            whole = False
        if not whole:
            raise StoreError(_("{path} is missing or was changed. Use another backup.").format(path=path))
    if {path.relative_to(folder).as_posix() for path in backup_files(folder)} != set(files):
        raise StoreError(
            _("{folder} holds files that its list does not name. Use another backup.").format(folder=folder)
        )
    try:
        with closing(open_store(folder / "store.sqlite", vault, unchanged=True)) as raw:
            verdict = [row[0] for row in raw.execute("PRAGMA integrity_check")]
            newest = raw.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    except database_errors() as error:
        raise StoreError(
            _("The store in {folder} cannot be read ({why}). Use another backup.").format(folder=folder, why=error)
        ) from error
    if verdict != ["ok"] or tuple(newest or (0, CHAIN_START)) != (made.seq, made.head):
        raise StoreError(
            _("The store in {folder} is not the one its list names. Use another backup.").format(folder=folder)
        )
    return made


def open_backup(folder: Path, *, vault: Vault | None = None, ask: Ask | None = None) -> Vault | None:
    """What opens a backup that is encrypted, None where it is not: the present workspace's key where that fits, else
    the passphrase it had then. Raises UsageError for a wrong one.
    """
    if not (folder / KEYS_FILE).exists():
        return None
    with suppress(UsageError):
        if vault is not None:
            return open_with_identity(folder, vault.identity)[0]
    return open_vault(folder, find_secret(ask))[0]


def _copy_store(workspace: Workspace, target: Path) -> None:
    """The store as it stands at one instant, by SQLite's own backup: writers go on meanwhile."""
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with (
            closing(open_store(workspace.database, workspace.vault)) as old,
            closing(open_store(target, workspace.vault)) as new,
        ):
            old.backup(new)
            # One file, complete in itself.
            new.execute("PRAGMA journal_mode=DELETE")
    except database_errors() as error:
        raise StoreError(_("The store cannot be copied ({why}). Run: papier verify").format(why=error)) from error


def _copy_scans(
    workspace: Workspace, copy: Workspace, engine: Engine, earlier: Path | None, progress: Progress | None
) -> None:
    with reading(engine) as connection:
        known = connection.execute(
            select(scans.c.sha256, scans.c.suffix, scans.c.name).where(scans.c.purged_at.is_(None))
        ).all()
    for at, scan in enumerate(known, 1):
        target = archive_path(copy.archive, scan.sha256, scan.suffix)
        if earlier is None or not _link(
            archive_path(earlier / "archive", scan.sha256, scan.suffix), target, scan.sha256, workspace.vault
        ):
            source = archive_path(workspace.archive, scan.sha256, scan.suffix)
            if not source.exists():
                raise StoreError(
                    _("The scan {name} is missing from the archive. Run: papier verify").format(name=scan.name)
                )
            keep_file(source, copy, scan.sha256, scan.suffix)
        if progress is not None:
            progress(at, len(known))


def _link(source: Path, target: Path, sha256: str, vault: Vault | None) -> bool:
    """Let two backups share a file that is whole in the earlier one; False where that cannot be."""
    try:
        if not source.is_file() or is_sealed(source) != (vault is not None) or hash_kept(source, vault) != sha256:
            return False
        make_folder(target.parent)
        os.link(source, target)
    except (OSError, StoreError):
        return False
    return True


def _write_manifest(copy: Workspace, now: dt.datetime) -> Backup:
    engine = connect(copy)
    try:
        with reading(engine) as connection:
            seq, head = chain_head(connection)
            count = connection.execute(select(func.count()).select_from(records)).scalar_one()
    finally:
        engine.dispose()
    with closing(open_store(copy.database, copy.vault)) as raw:
        raw.execute("PRAGMA journal_mode=DELETE")
    files = {path.relative_to(copy.folder).as_posix(): hash_file(path) for path in backup_files(copy.folder)}
    size = sum(path.stat().st_size for path in backup_files(copy.folder))
    manifest = {
        "made_at": now.isoformat(),
        "records": count,
        "seq": seq,
        "head": head,
        "size": size,
        "files": files,
    }
    write_private(copy.folder / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True).encode())
    return Backup(copy.folder, len(files), size, count, seq, head)


def backup_files(folder: Path) -> list[Path]:
    """What a backup is made of: everything but its list and the locks of programs at work."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.name != MANIFEST and path.suffix not in (".lock", ".partial")
    )
