"""Restoring a backup: proved, compared with what stands there, verified again, and only then moved into place."""

from __future__ import annotations

import datetime as dt
import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from papier.durable import make_folder, sync_folder, write_private
from papier.errors import StoreError, os_words
from papier.language import translate as _
from papier.store.archive import hash_kept
from papier.store.backup import Backup, backup_files, prove_backup
from papier.store.connection import connect, writing
from papier.store.driver import database_errors, open_store
from papier.store.events import append_event
from papier.store.migrations import migrate
from papier.store.print_jobs import leave_to_person
from papier.store.sheets import RESTORED, SERIALS_LEFT_OUT
from papier.store.vault import Vault, readable
from papier.store.verification import find_damage
from papier.store.workspace import open_workspace


@dataclass(frozen=True)
class RestorePlan:
    """What a restore would do. `newer_events`: what the present store knows and the backup does not (None: no store).

    `newer_scans` are kept and taken in again. `purged`: records that were purged since, and would be there again.
    """

    backup: Backup
    newer_events: int | None
    newer_records: int
    newer_scans: tuple[Path, ...]
    other_history: bool
    next_serial: int
    purged: tuple[int, ...] = ()


def plan_restore(
    folder: Path, target: Path, vault: Vault | None = None, present_vault: Vault | None = None
) -> RestorePlan:
    """Prove a backup and say what restoring it to `target` would change. Changes nothing.

    `vault` opens the backup (`open_backup`), `present_vault` what stands at `target`, where they are encrypted.
    """
    backup = prove_backup(folder, vault)
    database = target / "store.sqlite"
    stored = folder / "store.sqlite"
    with closing(open_store(stored, vault, unchanged=True)) as raw:
        known = {row[0] for row in raw.execute("SELECT sha256 FROM scans")}
    newer_scans = tuple(
        path
        for path in sorted((target / "archive").glob("*/*"))
        if path.stem not in known and len(path.stem) == 64 and hash_kept(path, present_vault) == path.stem
    )
    with closing(open_store(stored, vault, unchanged=True)) as raw:
        serial = raw.execute(_NEXT_SERIAL).fetchone()[0]
    present: tuple[int, int, bool, int] | None = None
    if database.exists():
        try:
            present = _compare(database, present_vault, backup)
        except database_errors():
            present = None
    if present is None:
        return RestorePlan(backup, None, 0, newer_scans, False, serial + SERIALS_LEFT_OUT)
    newer_events, newer_records, other, present_serial = present
    purged = () if other else _purged_since((database, present_vault), (stored, vault))
    return RestorePlan(backup, newer_events, newer_records, newer_scans, other, max(serial, present_serial), purged)


def restore(
    plan: RestorePlan,
    target: Path,
    now: dt.datetime,
    vault: Vault | None = None,
    present_vault: Vault | None = None,
) -> Path | None:
    """Put a proved backup in the place of `target`; gives where what stood there lies now, or None.

    The copy is verified before it moves into place. Nothing is deleted. Scans that only the present workspace holds go
    into the inbox of the restored one. Raises StoreError when the copy is not whole.
    """
    building = target.with_name(f".{target.name}.restoring")
    aside = target.with_name(f"{target.name}.before-restore-{now.strftime('%Y-%m-%d-%H%M%S')}")
    try:
        shutil.rmtree(building, ignore_errors=True)
        make_folder(building)
        for path in backup_files(plan.backup.folder):
            copied = building / path.relative_to(plan.backup.folder)
            make_folder(copied.parent)
            write_private(copied, path.read_bytes())
        for part in ("archive", "inbox", "printed", "forms"):
            make_folder(building / part)
        waiting = [path for path in sorted((target / "inbox").glob("*")) if path.is_file()]
        for path in waiting:
            write_private(building / "inbox" / path.name, path.read_bytes())
        for path in plan.newer_scans:
            with readable(path, present_vault) as plain:
                write_private(building / "inbox" / path.name, plain.read_bytes())
        workspace = open_workspace(building, vault=vault)
        engine = connect(workspace)
        try:
            migrate(engine, now)
            with writing(engine) as connection:
                came_from = {"backup": plan.backup.folder.name, "head": plan.backup.head}
                append_event(connection, now, RESTORED, came_from | {"next_serial": plan.next_serial})
                # What waited for a printer then may have been printed since: nothing is sent a second time by itself.
                leave_to_person(connection, now)
            problems = find_damage(workspace, engine)
        finally:
            engine.dispose()
        if problems:
            raise StoreError(
                _("The backup is not whole: {problem} Nothing was replaced. Use another backup.").format(
                    problem=problems[0]
                )
            )
        stood = target.exists()
        if stood:
            target.rename(aside)
        building.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise StoreError(
            _("{target} cannot be restored ({why}). Make room and make its folder writable.").format(
                target=target, why=os_words(error)
            )
        ) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return aside if stood else None


def _purged_since(present: tuple[Path, Vault | None], backed_up: tuple[Path, Vault | None]) -> tuple[int, ...]:
    query = "SELECT record FROM records WHERE status = 'purged' ORDER BY record"
    with closing(open_store(*present, timeout=5)) as now, closing(open_store(*backed_up, unchanged=True)) as then:
        before = {row[0] for row in then.execute(query)}
        kept = {row[0] for row in then.execute("SELECT record FROM records")} - before
        return tuple(row[0] for row in now.execute(query) if row[0] in kept)


# The first serial never used: beyond every sheet, and beyond what an earlier restore left out.
_NEXT_SERIAL = """
    SELECT max((SELECT coalesce(max(serial), -1) + 1 FROM sheets),
               (SELECT coalesce(max(json_extract(data, '$.next_serial')), 0) FROM events WHERE kind = 'restored'))
"""


def _compare(database: Path, vault: Vault | None, backup: Backup) -> tuple[int, int, bool, int]:
    """What the present store has beyond the backup: events, records, another history; and its first unused serial."""
    with closing(open_store(database, vault, timeout=5)) as raw:
        newest = raw.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0]
        same = raw.execute("SELECT hash FROM events WHERE seq = ?", (backup.seq,)).fetchone()
        count = raw.execute("SELECT count(*) FROM records").fetchone()[0]
        serial = raw.execute(_NEXT_SERIAL).fetchone()[0]
        other = backup.seq > 0 and (same is None or same[0] != backup.head)
    return max(0, newest - backup.seq), max(0, count - backup.records), other, serial
