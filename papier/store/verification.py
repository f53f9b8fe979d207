"""Proves that store and archive are whole: files by their hash, rows by their seal, events by their chain."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator

from sqlalchemy import Connection, Engine, select, text

from papier.durable import PARTIAL
from papier.errors import StoreError, os_words
from papier.forms.sheet_number import SheetNumbers
from papier.language import translate as _
from papier.store.archive import LOCK_FILE, archive_path, hash_kept
from papier.store.cases import find_stale
from papier.store.connection import reading
from papier.store.driver import is_plain
from papier.store.events import broken_links, raw_connection
from papier.store.seals import SCHEMA, SealFault, broken_digests, find_faults, schema_digest
from papier.store.search_index import find_index_fault
from papier.store.tables import pages, records, scans, sheets
from papier.store.vault import KEYS_FILE, VAULT_FILE, is_sealed
from papier.store.workspace import KEY_FILE, Workspace

# Thousands of lines tell a person no more than the first hundred and how many there are.
MAX_TOLD = 1000

Progress = Callable[[int, int], None]


def find_damage(workspace: Workspace, engine: Engine, progress: Progress | None = None) -> list[str]:
    """What is wrong, one sentence with the remedy each; empty when everything is whole. Changes nothing."""
    problems: list[str] = []
    known: dict[str, tuple[str, str]] | None = None
    purged: set[str] = set()
    for part in (_store_damage, _chain_damage, _row_damage, _link_damage, _key_damage, _index_damage):
        try:
            with reading(engine) as connection:
                problems += part(workspace, connection)
                if known is None:
                    known = {
                        row.sha256: (row.name, row.suffix)
                        for row in connection.execute(select(scans).where(scans.c.purged_at.is_(None)))
                    }
                    purged = {
                        row.sha256 for row in connection.execute(select(scans).where(scans.c.purged_at.is_not(None)))
                    }
        except Exception as error:  # noqa: BLE001 - out of a damaged store anything may come
            problems.append(_("The store is damaged: {why}. Put it back: papier restore BACKUP").format(why=error))
    problems += _file_damage(workspace, known, purged, progress)
    return problems + list(_left_plain(workspace)) + list(_open_doors(workspace))


def _store_damage(_workspace: Workspace, connection: Connection) -> Iterator[str]:
    verdict = connection.execute(text("PRAGMA integrity_check")).scalars().all()
    if verdict != ["ok"]:
        for line in verdict:
            yield _("The store is damaged: {why}. Put it back: papier restore BACKUP").format(why=line)
    raw = raw_connection(connection)
    told = raw.execute("SELECT data FROM events WHERE kind = ? ORDER BY seq DESC LIMIT 1", (SCHEMA,)).fetchone()
    if told is not None and json.loads(told[0])["digest"] != schema_digest(raw):
        yield _("The store is damaged: {why}. Put it back: papier restore BACKUP").format(
            why=_("its tables were changed outside papier")
        )
    for row in connection.execute(text("PRAGMA foreign_key_check")):
        yield _("Row {row} of {table} points at a row that is gone. Put the store back: papier restore BACKUP").format(
            row=row[1], table=row[0]
        )


def _chain_damage(_workspace: Workspace, connection: Connection) -> Iterator[str]:
    for link in broken_links(connection):
        yield _("The chain of events is broken: {link}. Put the store back: papier restore BACKUP").format(link=link)
    for seq in broken_digests(raw_connection(connection)):
        yield _("The seals under event {seq} were changed. Put the store back: papier restore BACKUP").format(seq=seq)


def _row_damage(_workspace: Workspace, connection: Connection) -> Iterator[str]:
    for fault in find_faults(raw_connection(connection)):
        yield _told(fault)


def _told(fault: SealFault) -> str:
    if fault.what == "changed":
        message = _("Row {key} of {table} was changed outside papier. Put the store back: papier restore BACKUP")
    elif fault.what == "missing":
        message = _("Row {key} of {table} was taken out outside papier. Put the store back: papier restore BACKUP")
    else:
        message = _("Row {key} of {table} was put in outside papier. Put the store back: papier restore BACKUP")
    return message.format(key=fault.key, table=fault.table)


def _link_damage(_workspace: Workspace, connection: Connection) -> Iterator[str]:
    for record in connection.execute(
        select(records.c.record).where(~select(pages.c.page_id).where(pages.c.record == records.c.record).exists())
    ):
        yield _("Record {record} has no scanned page. Scan its sheet again.").format(record=record.record)
    for number in find_stale(connection):
        yield _(
            "What is kept of case {number} is not what its events say. Put the store back: papier restore BACKUP"
        ).format(number=number)


def _key_damage(workspace: Workspace, connection: Connection) -> Iterator[str]:
    numbers = SheetNumbers(workspace.key)
    wrong = sum(
        1
        for row in connection.execute(select(sheets.c.serial, sheets.c.number))
        if row.serial < 0 or numbers.serial(row.number) != row.serial
    )
    if wrong:
        yield _("{count} sheet numbers do not fit the key {path}. Put the key back from its copy.").format(
            count=wrong, path=workspace.folder / "key"
        )


def _index_damage(_workspace: Workspace, connection: Connection) -> Iterator[str]:
    fault = find_index_fault(raw_connection(connection))
    if fault is not None:
        yield _("The index of words is wrong ({why}). Make it anew: papier search --rebuild").format(why=fault)


def _file_damage(
    workspace: Workspace, known: dict[str, tuple[str, str]] | None, purged: set[str], progress: Progress | None
) -> Iterator[str]:
    expected = set()
    for at, (sha256, (name, suffix)) in enumerate((known or {}).items(), 1):
        path = archive_path(workspace.archive, sha256, suffix)
        expected.add(path)
        try:
            whole = hash_kept(path, workspace.vault) == sha256
        except FileNotFoundError:
            yield _("The scan {name} is missing ({file}). Put it back: papier restore BACKUP, or scan again.").format(
                name=name, file=path.name
            )
        except StoreError:
            yield _("The scan {name} was changed ({file}). Put it back: papier restore BACKUP, or scan again.").format(
                name=name, file=path.name
            )
        except OSError as error:
            yield _("The scan {name} cannot be read ({file}: {why}). Look after the disk.").format(
                name=name, file=path.name, why=os_words(error)
            )
        else:
            if whole and workspace.vault is not None and not is_sealed(path):
                yield _("{path} is not encrypted. Finish it: papier encrypt").format(path=path)
            if not whole:
                yield _(
                    "The scan {name} was changed ({file}). Put it back: papier restore BACKUP, or scan again."
                ).format(name=name, file=path.name)
        if progress is not None:
            progress(at, len(known or {}))
    if known is None:
        return
    for path in sorted(workspace.archive.rglob("*")):
        if path in expected or path.name == LOCK_FILE or path.suffix == PARTIAL or path.is_dir():
            continue
        if path.stem in purged:
            yield _("The scan {file} was purged, but is still there. Finish it: papier purge --finish").format(
                file=path.name
            )
            continue
        yield _("The archive holds {file}, which no record knows. Take it in: papier intake {path}").format(
            file=path.name, path=path
        )


def _left_plain(workspace: Workspace) -> Iterator[str]:
    """What an interrupted encryption left readable; files of the archive are told where they are read."""
    if workspace.vault is None:
        return
    if is_plain(workspace.database):
        yield _("{path} is not encrypted. Finish it: papier encrypt").format(path=workspace.database)
    if (workspace.folder / KEY_FILE).exists():
        yield _("{path} is not encrypted. Finish it: papier encrypt").format(path=workspace.folder / KEY_FILE)


def _open_doors(workspace: Workspace) -> Iterator[str]:
    """Files and folders that others on this machine can read."""
    if os.name != "posix":
        return
    keys = [workspace.folder / name for name in (KEY_FILE, KEYS_FILE, VAULT_FILE)]
    looked_at = [workspace.folder, *keys, workspace.database, workspace.archive, workspace.inbox]
    for path in looked_at:
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield _("Others on this machine can read {path}. Close it: chmod go= {path}").format(path=path)


def shown(problems: list[str]) -> list[str]:
    """The problems for a person: the first of them, and how many more there are."""
    if len(problems) <= MAX_TOLD:
        return problems
    return [*problems[:MAX_TOLD], _("… and {count} more.").format(count=len(problems) - MAX_TOLD)]
