"""Intake under real accidents: signals, full and read-only disks, locks, a second intake, a scanner still at work."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from papier import intake
from papier.errors import EXIT_INTERRUPTED, ScanFileError, StoreError
from papier.intake import MIN_PAGES_FOR_POOL, take_in
from papier.store.archive import hash_file
from papier.store.connection import connect, writing
from papier.store.records import file_scan, list_records
from papier.store.verification import find_damage
from papier.store.workspace import Workspace
from simulator.interruptions import NOW, Batch, fresh_workspace, make_batch, survive_kills
from tests.accidents.plain_reader import PlainReader, inbox

KILLS = 25


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    return make_batch(
        tmp_path_factory.mktemp("batch"), 5, random.Random(5), forms=("carnet/mot-aux-parents",), longest=2
    )


@pytest.fixture
def workspace(batch: Batch, tmp_path: Path) -> Workspace:
    return fresh_workspace(batch, tmp_path / "workspace")


def test_killed_at_random_instants_it_ends_in_the_same_records(batch: Batch, tmp_path: Path) -> None:
    outcome = survive_kills(batch, tmp_path, KILLS, random.Random(11))
    assert outcome.faults == ()
    assert outcome.kills == KILLS


def run_in_namespace(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a shell script that may mount, unseen by the rest of the machine."""
    allowed = subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False)
    if allowed.returncode != 0:
        pytest.skip("this system lets nobody make a mount namespace")
    environment = os.environ | {"PAPIER_LANGUAGE": "en", "PYTHON": sys.executable}
    return subprocess.run(
        ["unshare", "-rm", "bash", "-eu", "-c", textwrap.dedent(script), "bash", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux's")
def test_a_full_disk_loses_nothing_and_intake_goes_on_once_there_is_room(workspace: Workspace) -> None:
    outcome = run_in_namespace(
        """
        papier() { "$PYTHON" -c 'import sys; from papier.cli.main import main; main()' --workspace /mnt/w "$@"; }
        mount -t tmpfs -o size=24m,mode=700 none /mnt
        cp -a "$1" /mnt/w
        head -c 100m /dev/zero > /mnt/filler 2>/dev/null || true
        truncate -s -300K /mnt/filler  # room to begin with, not to end
        set +e
        papier intake; full=$?
        set -e
        test -n "$(ls /mnt/w/inbox)"
        rm /mnt/filler
        papier intake >/dev/null || test $? -ge 20
        test -z "$(ls /mnt/w/inbox)"
        papier verify
        exit $full
        """,
        workspace.folder,
    )
    assert outcome.returncode == StoreError.exit_code, outcome.stderr
    assert "Make room" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert "whole" in outcome.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux's")
def test_an_inbox_that_cannot_be_written_is_told_and_taken_once(workspace: Workspace) -> None:
    outcome = run_in_namespace(
        """
        papier() { "$PYTHON" -c 'import sys; from papier.cli.main import main; main()' --workspace "$1" "${@:2}"; }
        mount --bind "$1/inbox" "$1/inbox"
        mount -o remount,ro,bind "$1/inbox"
        papier "$1" intake || test $? -ge 20
        papier "$1" intake
        """,
        workspace.folder,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "cannot be taken out of the inbox" in outcome.stderr
    assert outcome.stdout.count("taken in before") == len(inbox(workspace))
    assert "Traceback" not in outcome.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux's")
def test_a_read_only_workspace_is_told_in_one_sentence(workspace: Workspace) -> None:
    outcome = run_in_namespace(
        """
        mount --bind "$1" "$1"
        mount -o remount,ro,bind "$1"
        "$PYTHON" -c 'from papier.cli.main import main; main()' --workspace "$1" intake
        """,
        workspace.folder,
    )
    assert outcome.returncode == StoreError.exit_code
    assert "writable" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_locked_store_leaves_the_scan_in_the_inbox(workspace: Workspace) -> None:
    script = (
        "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", script, str(workspace.database)], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "locked\n"
    engine = connect(workspace, busy_seconds=0.2)
    scan = inbox(workspace)[0]
    try:
        with pytest.raises(StoreError, match="busy"):
            take_in(workspace, engine, scan, NOW, PlainReader(workspace))
        assert scan.exists()
    finally:
        other.send_signal(signal.SIGKILL)
        other.wait()
        other.stdout.close()
    assert take_in(workspace, engine, scan, NOW, PlainReader(workspace)).pages
    assert not scan.exists()
    assert find_damage(workspace, engine) == []
    engine.dispose()


def test_two_intakes_at_once_take_each_scan_once(workspace: Workspace) -> None:
    code = "from papier.cli.main import main; main()"
    names = [path.name for path in inbox(workspace)]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, "--workspace", str(workspace.folder), "intake"],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(2)
    ]
    for process in running:
        _, told = process.communicate(timeout=300)
        assert process.returncode in (0, 20, 21), told
    engine = connect(workspace)
    with writing(engine) as connection:
        taken = [row[0] for row in connection.exec_driver_sql("SELECT name FROM scans ORDER BY name")]
    assert taken == names
    assert all(record.revision == 1 for record in list_records(engine))
    assert inbox(workspace) == []
    assert find_damage(workspace, engine) == []
    engine.dispose()


@pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's")
def test_a_scan_still_being_written_is_left_alone_until_it_is_whole(workspace: Workspace) -> None:
    whole = inbox(workspace)[0]
    slow = workspace.inbox / "slow.pdf"
    script = (
        "import sys; d = open(sys.argv[1], 'rb').read(); f = open(sys.argv[2], 'wb'); f.write(d[:len(d) // 2]); "
        "f.flush(); print('half', flush=True); sys.stdin.readline(); f.write(d[len(d) // 2:]); f.close()"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", script, str(whole), str(slow)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdin is not None
    assert writer.stdout is not None
    assert writer.stdout.readline() == "half\n"
    engine = connect(workspace)
    with pytest.raises(ScanFileError, match="still being written"):
        take_in(workspace, engine, slow, NOW, PlainReader(workspace))
    writer.communicate("go on\n")
    assert take_in(workspace, engine, slow, NOW, PlainReader(workspace)).pages
    assert not slow.exists()
    engine.dispose()


def test_a_clock_set_back_changes_nothing(workspace: Workspace) -> None:
    engine = connect(workspace)
    first, second = inbox(workspace)[:2]
    take_in(workspace, engine, first, NOW, PlainReader(workspace))
    earlier = NOW - dt.timedelta(days=4000)
    os.utime(second, (4e9, 4e9))
    take_in(workspace, engine, second, earlier, PlainReader(workspace))
    made = [record.created_at for record in list_records(engine)]
    assert made == sorted(made, reverse=True)
    assert find_damage(workspace, engine) == []
    engine.dispose()


def test_what_a_stopped_intake_left_half_written_is_swept_out(workspace: Workspace) -> None:
    half = workspace.archive / "ab" / f"{'ab' * 32}.pdf.99999.partial"
    half.parent.mkdir()
    half.write_bytes(b"half")
    engine = connect(workspace)
    take_in(workspace, engine, inbox(workspace)[0], NOW, PlainReader(workspace))
    engine.dispose()
    assert not half.exists()


def test_the_inbox_copy_mends_a_damaged_archive_before_it_goes(workspace: Workspace) -> None:
    engine = connect(workspace)
    scan = inbox(workspace)[0]
    data = scan.read_bytes()
    taken = take_in(workspace, engine, scan, NOW, PlainReader(workspace))
    (kept,) = workspace.archive.glob(f"*/{taken.sha256}*")
    kept.write_bytes(b"damaged")
    scan.write_bytes(data)
    assert take_in(workspace, engine, scan, NOW, PlainReader(workspace)).pages is None
    assert hash_file(kept) == taken.sha256
    assert not scan.exists()
    engine.dispose()


def test_bytes_then_name_then_folder_then_commit_then_inbox(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order that makes a power cut harmless at any instant."""
    steps: list[str] = []
    fsync, replace_file, unlink = os.fsync, Path.replace, Path.unlink

    def note_fsync(handle: int) -> None:
        target = Path(f"/proc/self/fd/{handle}").readlink()
        steps.append(f"sync {'folder' if target.is_dir() else 'bytes'} {target.relative_to(workspace.folder).parts[0]}")
        fsync(handle)

    def note_replace(path: Path, target: Path) -> Path:
        steps.append("name")
        return replace_file(path, target)

    def note_unlink(path: Path, missing_ok: bool = False) -> None:
        if path.parent == workspace.inbox:
            steps.append("out of inbox")
        unlink(path, missing_ok=missing_ok)

    def note_filing(*arguments: object) -> object:
        filed = file_scan(*arguments)  # type: ignore[arg-type]
        steps.append("committed")
        return filed

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to tell which file is synced")
    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    monkeypatch.setattr(Path, "unlink", note_unlink)
    monkeypatch.setattr(intake, "file_scan", note_filing)
    engine = connect(workspace)
    take_in(workspace, engine, inbox(workspace)[0], NOW, PlainReader(workspace))
    with engine.connect() as connection:
        # With FULL, SQLite syncs its journal before a commit returns (sqlite.org/pragma.html#pragma_synchronous).
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    engine.dispose()
    assert steps == [
        "sync folder archive",  # the new folder's name
        "sync bytes archive",
        "name",
        "sync folder archive",
        "committed",
        "out of inbox",
        "sync folder inbox",
    ]


def test_store_and_archive_can_be_read_by_their_owner_alone(workspace: Workspace) -> None:
    engine = connect(workspace)
    take_in(workspace, engine, inbox(workspace)[0], NOW, PlainReader(workspace))
    ours = [workspace.database, *workspace.archive.rglob("*"), *workspace.folder.glob("store.sqlite-*")]
    assert [path for path in ours if path.stat().st_mode & 0o077] == []
    engine.dispose()


@pytest.mark.skipif(sys.platform != "linux", reason="processes are counted in /proc")
def test_ctrl_c_while_the_readers_start_ends_in_one_sentence(workspace: Workspace, tmp_path: Path) -> None:
    scan = tmp_path / "pile.tif"
    pages = [Image.new("L", (850, 1100), 250) for _ in range(MIN_PAGES_FOR_POOL)]
    pages[0].save(scan, save_all=True, append_images=pages[1:], dpi=(100, 100))
    # Whoever runs the tests in the background of a shell has them ignore Ctrl-C, and all that they start.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from papier.cli.main import main; main()"
    )
    command = [sys.executable, "-c", program, "--workspace", str(workspace.folder), "intake", str(scan)]
    environment = os.environ | {"PAPIER_LANGUAGE": "en"}
    # In a session of its own, as in a terminal: Ctrl-C reaches the readers as well.
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as intake:
        deadline = time.monotonic() + 60
        while not readers_of(intake.pid) and intake.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert readers_of(intake.pid)
        time.sleep(0.1)
        os.killpg(intake.pid, signal.SIGINT)
        _out, told = intake.communicate(timeout=60)
    assert intake.returncode == EXIT_INTERRUPTED
    assert " ".join(told.split()) == "Interrupted. What was finished is kept; run the same command again to go on."


def readers_of(pid: int) -> list[str]:
    """The processes that read pages for an intake."""
    lines = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        with suppress(OSError):
            lines.append(Path(f"/proc/{child}/cmdline").read_bytes().decode().replace("\0", " "))
    return [line for line in lines if "spawn_main" in line]
