"""Proves that store and archive are whole: every file's hash, every record's scan, the chain of events."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, select, text

from papier.store.archive import archive_path, hash_file
from papier.store.cases import find_stale
from papier.store.connection import reading
from papier.store.events import broken_links
from papier.store.tables import pages, records, scans
from papier.store.workspace import Workspace


def find_damage(workspace: Workspace, engine: Engine, progress: Callable[[int, int], None] | None = None) -> list[str]:
    """What is wrong, one sentence with the remedy each; empty when everything is whole."""
    problems: list[str] = []
    with reading(engine) as connection:
        verdict = connection.execute(text("PRAGMA integrity_check")).scalars().all()
        if verdict != ["ok"]:
            problems += [f"The store is damaged: {line}. Put it back from a backup." for line in verdict]
        problems += [
            f"The chain of events is broken: {link}. Compare with a backup." for link in broken_links(connection)
        ]
        problems += [
            f"What is kept of case {number} is not what its events say. Put the store back from a backup."
            for number in find_stale(connection)
        ]
        kept = connection.execute(select(scans)).all()
        for record in connection.execute(
            select(records.c.record).where(~select(pages.c.page_id).where(pages.c.record == records.c.record).exists())
        ):
            problems.append(f"Record {record.record} has no scanned page. Scan its sheet again.")
    expected = set()
    for at, scan in enumerate(kept, 1):
        path = archive_path(workspace.archive, scan.sha256, scan.suffix)
        expected.add(path)
        if not path.exists():
            problems.append(f"The scan {scan.name} is missing ({path.name}). Put it back from a backup or scan again.")
        elif hash_file(path) != scan.sha256:
            problems.append(f"The scan {scan.name} was changed ({path.name}). Put it back from a backup or scan again.")
        if progress is not None:
            progress(at, len(kept))
    for path in sorted(workspace.archive.glob("*/*")):
        if path not in expected and path.suffix != ".partial":
            problems.append(f"The archive holds {path.name}, which no record knows. Take it in: papier intake {path}")
    return problems
