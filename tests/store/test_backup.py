"""Backup and restore: consistent while work goes on, proved before anything is replaced, nothing lost on the way."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine

from papier.errors import StoreError, UsageError
from papier.store.archive import keep_file
from papier.store.backup import MANIFEST, find_backup, make_backup, prove_backup
from papier.store.connection import connect, writing
from papier.store.events import append_event
from papier.store.migrations import migrate
from papier.store.records import ScanFile, file_scan, list_records
from papier.store.restore import plan_restore, restore
from papier.store.sheets import SERIALS_LEFT_OUT, SheetOrder, number_sheets
from papier.store.verification import find_damage
from papier.store.workspace import Workspace, open_workspace
from tests.store.conftest import NOON
from tests.store.test_store import LAYOUT, print_three, reading

LATER = NOON + dt.timedelta(hours=1)


def take(workspace: Workspace, engine: Engine, data: bytes, sheet: str) -> str:
    digest = hashlib.sha256(data).hexdigest()
    keep_file(data, workspace, digest, ".pdf")
    file_scan(engine, ScanFile(digest, f"{sheet}.pdf", ".pdf", len(data)), [reading(sheet)], NOON)
    return digest


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_backup_restored_elsewhere_is_the_same_workspace(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    take(workspace, engine, b"one", print_three(workspace, engine)[0])
    (workspace.forms / "mien").mkdir()
    (workspace.forms / "mien" / "note.yaml").write_text("form: mien/note\n")
    backup = make_backup(workspace, tmp_path / "usb", NOON)
    assert find_backup(tmp_path / "usb") == backup.folder
    target = tmp_path / "elsewhere"
    assert restore(plan_restore(backup.folder, target), target, LATER) is None
    restored = open_workspace(target)
    other = connect(restored)
    assert restored.key == workspace.key
    assert list_records(other) == list_records(engine)
    assert (restored.forms / "mien" / "note.yaml").read_text() == "form: mien/note\n"
    assert find_damage(restored, other) == []
    other.dispose()


def test_it_is_consistent_while_another_papier_writes(workspace: Workspace, engine: Engine, tmp_path: Path) -> None:
    numbers = print_three(workspace, engine)
    stop = threading.Event()

    def work() -> None:
        own = connect(workspace)
        at = 0
        while not stop.is_set():
            take(workspace, own, f"scan {at}".encode(), numbers[at % 3])
            at += 1
        own.dispose()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        backups = [make_backup(workspace, tmp_path / "usb", NOON + dt.timedelta(minutes=at)) for at in range(3)]
    finally:
        stop.set()
        worker.join()
    for backup in backups:
        assert prove_backup(backup.folder) == backup
    assert backups[0].records < backups[-1].records


def test_a_damaged_backup_replaces_nothing(workspace: Workspace, engine: Engine, tmp_path: Path) -> None:
    take(workspace, engine, b"one", print_three(workspace, engine)[0])
    backup = make_backup(workspace, tmp_path / "usb", NOON)
    engine.dispose()
    before = tree(workspace.folder)
    rng = random.Random(4)
    for path in [path for path in sorted(backup.folder.rglob("*")) if path.is_file()]:
        whole = path.read_bytes()
        path.write_bytes(bytes([whole[0] ^ 1 << rng.randrange(8)]) + whole[1:])
        with pytest.raises(StoreError, match="another backup"):
            plan_restore(backup.folder, workspace.folder)
        path.unlink()
        if path.name != MANIFEST:
            with pytest.raises(StoreError, match="missing"):
                plan_restore(backup.folder, workspace.folder)
        path.write_bytes(whole)
    (backup.folder / "archive" / "more").write_bytes(b"x")
    with pytest.raises(StoreError, match="does not name"):
        plan_restore(backup.folder, workspace.folder)
    assert tree(workspace.folder) == before


def test_a_dry_run_says_what_would_change_and_changes_nothing(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    numbers = print_three(workspace, engine)
    backup = make_backup(workspace, tmp_path / "usb", NOON)
    digest = take(workspace, engine, b"newer", numbers[1])
    engine.dispose()
    before, backed = tree(workspace.folder), tree(backup.folder)
    plan = plan_restore(backup.folder, workspace.folder)
    assert plan.newer_records == 1
    assert plan.newer_events == 2  # taken in, sealed
    assert [path.stem for path in plan.newer_scans] == [digest]
    assert not plan.other_history
    assert tree(workspace.folder) == before
    assert tree(backup.folder) == backed


def test_restoring_keeps_what_stood_there_and_newer_scans_and_never_gives_a_number_twice(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    numbers = print_three(workspace, engine)
    backup = make_backup(workspace, tmp_path / "usb", NOON)
    digest = take(workspace, engine, b"newer", numbers[1])
    numbers += print_three(workspace, engine)
    engine.dispose()
    aside = restore(plan_restore(backup.folder, workspace.folder), workspace.folder, LATER)
    assert aside is not None
    kept = connect(open_workspace(aside))
    assert len(list_records(kept)) == 1
    kept.dispose()
    assert [path.stem for path in workspace.inbox.iterdir()] == [digest]
    again = connect(workspace)
    assert list_records(again) == []
    numbers += print_three(workspace, again)
    assert len(set(numbers)) == len(numbers)
    assert find_damage(workspace, again) == []
    again.dispose()


def test_without_a_store_to_ask_numbers_are_left_out(workspace: Workspace, engine: Engine, tmp_path: Path) -> None:
    print_three(workspace, engine)
    backup = make_backup(workspace, tmp_path / "usb", NOON)
    lost = print_three(workspace, engine)
    engine.dispose()
    workspace.database.write_bytes(b"damaged" * 1000)
    for path in workspace.folder.glob("store.sqlite-*"):
        path.unlink()
    plan = plan_restore(backup.folder, workspace.folder)
    assert plan.newer_events is None
    assert plan.next_serial == 3 + SERIALS_LEFT_OUT
    restore(plan, workspace.folder, LATER)
    again = connect(workspace)
    _, (number,) = number_sheets(workspace, again, [SheetOrder(LAYOUT, b"x")], NOON, None)
    assert number not in lost
    again.dispose()


def test_a_backup_of_another_history_is_told(workspace: Workspace, engine: Engine, tmp_path: Path) -> None:
    print_three(workspace, engine)
    backup = make_backup(workspace, tmp_path / "usb", NOON)
    engine.dispose()
    workspace.database.unlink()
    other = connect(workspace)
    migrate(other, LATER)
    with writing(other) as connection:
        append_event(connection, LATER, "closed", {})
    other.dispose()
    assert plan_restore(backup.folder, workspace.folder).other_history


def test_later_backups_share_scans_that_are_whole(workspace: Workspace, engine: Engine, tmp_path: Path) -> None:
    numbers = print_three(workspace, engine)
    digest = take(workspace, engine, b"one", numbers[0])
    first = make_backup(workspace, tmp_path / "usb", NOON)
    second = make_backup(workspace, tmp_path / "usb", LATER)
    kept = [backup.folder / "archive" / digest[:2] / f"{digest}.pdf" for backup in (first, second)]
    assert kept[0].samefile(kept[1])
    kept[1].write_bytes(b"two")
    third = make_backup(workspace, tmp_path / "usb", LATER + dt.timedelta(hours=1))
    assert prove_backup(third.folder) == third
    with pytest.raises(StoreError):
        prove_backup(second.folder)


def test_a_workspace_that_is_not_whole_is_not_backed_up_as_if_it_were(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    digest = take(workspace, engine, b"one", print_three(workspace, engine)[0])
    (workspace.archive / digest[:2] / f"{digest}.pdf").write_bytes(b"two")
    with pytest.raises(StoreError, match=r"changed while"):
        make_backup(workspace, tmp_path / "usb", NOON)
    assert list((tmp_path / "usb").iterdir()) == []


def test_a_backup_into_the_workspace_is_refused(workspace: Workspace, engine: Engine) -> None:
    with pytest.raises(UsageError, match="another disk"):
        make_backup(workspace, workspace.folder / "archive", NOON)
    engine.dispose()
