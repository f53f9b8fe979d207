"""`papier watch` as a service runs it: a process of its own, a real folder, real signals."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from papier.cli.context import Context
from papier.cli.main import run
from papier.errors import ProgramFailedError
from papier.ocr.reading import Reader
from papier.page_pool import using_pool
from papier.store.sheets import StoreRegister
from papier.watch_batch import Batch
from papier.watch_run import AGAIN_SECONDS, Watcher
from papier.watch_state import begin_state
from tests.cli.conftest import Papier, papier
from tests.cli.sheets import render, save
from tests.devices.sane import FEEDER, JAM, Feeder, needs_sane
from tests.devices.test_mail import message

__all__ = ["papier"]
FORM = "carnet/feuille-appel"
PAPIER = [sys.executable, "-m", "papier"]


class Service:
    """A watcher in a process of its own."""

    def __init__(self, *arguments: str | Path) -> None:
        self.arguments = [str(argument) for argument in arguments]
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [*PAPIER, "watch", *self.arguments, "--quiet", "1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        assert "Watching" in self.process.stdout.readline()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        assert self.process is not None
        os.kill(self.process.pid, number)
        out, _ = self.process.communicate(timeout=60)
        return self.process.returncode, out


@pytest.fixture
def share(tmp_path: Path) -> Path:
    (tmp_path / "share").mkdir()
    return tmp_path / "share"


@pytest.fixture
def service(papier: Papier, share: Path) -> Iterator[Service]:  # noqa: ARG001 - the workspace
    service = Service(share)
    yield service
    if service.process is not None and service.process.poll() is None:
        os.killpg(service.process.pid, signal.SIGKILL)
        service.process.communicate()


def status(papier: Papier) -> dict[str, Any]:
    (said,) = papier("status", "--json").lines
    return said


def wait_for(happened: Callable[[], object], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.2)


def print_scans(papier: Papier, folder: Path, count: int) -> list[Path]:
    """Scans of `count` printed sheets, a file each, two pages in each."""
    papier("print", FORM, "--copies", str(count), "--output", folder / "printed.pdf")
    pages = render(folder / "printed.pdf", 120)
    each = len(pages) // count
    return [save(pages[at * each : (at + 1) * each], folder / f"sheet-{at}.pdf", 120) for at in range(count)]


def sheets(papier: Papier) -> list[str]:
    return sorted(line["sheet"] for line in papier("records", "list", "--json").lines)


def test_a_folder_under_load(papier: Papier, tmp_path: Path, share: Path, service: Service) -> None:
    """Many at once, one in parts, one twice, one under an odd name, one cut, one that is no scan."""
    scans = print_scans(papier, tmp_path, 6)
    expected = sorted(line["sheet"] for line in papier("records", "missing", "--json").lines)
    service.start()
    slow = scans[0].read_bytes()
    with (share / "slow.pdf").open("wb") as stream:
        for at, scan in enumerate(scans[1:]):
            stream.write(slow[at * 20_000 : (at + 1) * 20_000])
            stream.flush()
            shutil.copy(scan, share / f"{at} à l'école {chr(7)}.PDF")
        shutil.copy(scans[1], share / "the same again.pdf")
        (share / "broken.pdf").write_bytes(b"%PDF-1.4 nothing %%EOF")
        (share / "letter.odt").write_bytes(b"PK\3\4")
        wait_for(lambda: len(sheets(papier)) == 5 and status(papier)["aside"] == 2)
        assert status(papier)["waiting"] == 1
        stream.write(slow[5 * 20_000 :])
    wait_for(lambda: status(papier)["watcher"]["last_batch"])
    said = status(papier)
    assert sheets(papier) == expected
    assert said["watcher"]["state"] == "alive"
    assert said["watcher"]["last_batch"]["files"] == 7
    assert said["watcher"]["last_batch"]["records"] == 6
    assert said["watcher"]["last_batch"]["aside"] == 2
    assert said["waiting"] == 0
    assert [path.name for path in share.iterdir()] == ["mis-de-cote"]
    assert {path.name for path in (share / "mis-de-cote").iterdir()} == {
        *("broken.pdf", "broken.pdf.txt", "letter.odt", "letter.odt.txt")
    }
    # One watcher only.
    second = papier("watch", share)
    assert second.code == 8
    assert "runs already" in second.err
    code, out = service.stop()
    assert code == 0
    assert "Traceback" not in out
    assert status(papier)["watcher"]["state"] == "stopped"
    assert papier("verify").code == 0


def test_killed_in_mid_batch_it_goes_on_and_takes_each_sheet_once(
    papier: Papier, tmp_path: Path, share: Path, service: Service
) -> None:
    scans = print_scans(papier, tmp_path, 8)
    expected = sorted(line["sheet"] for line in papier("records", "missing", "--json").lines)
    dice = random.Random(7)
    service.start()
    for scan in scans:
        shutil.copy(scan, share / scan.name)
    for wanted in (2, 5):
        wait_for(lambda wanted=wanted: len(sheets(papier)) >= wanted)  # type: ignore[misc]
        time.sleep(dice.random() * 0.3)
        assert service.process is not None
        worker = service.process.pid
        service.stop(signal.SIGKILL)
        # Who read pages for it does not outlive it.
        wait_for(lambda worker=worker: not _group(worker), 20)  # type: ignore[misc]
        service.start()
    # Between the kill and the next look no batch is open either.
    wait_for(lambda: len(sheets(papier)) >= len(expected) and not status(papier)["watcher"]["batch_open"])
    assert sheets(papier) == expected
    assert all(line["revision"] == 1 for line in papier("records", "list", "--json").lines)
    assert papier("verify").code == 0
    assert service.stop()[0] == 0


def _group(leader: int) -> list[str]:
    """The processes of a process group that still live."""
    alive = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _parent, group = path.read_text().rpartition(")")[2].split()[:3]
            if int(group) == leader and state not in "ZX":
                alive.append(path.parent.name)
    return alive


def test_a_share_that_goes_away_is_told_and_taken_up_again(
    papier: Papier, tmp_path: Path, share: Path, service: Service
) -> None:
    (scan,) = print_scans(papier, tmp_path, 1)
    service.start()
    share.rmdir()
    wait_for(lambda: status(papier)["watcher"]["trouble"])
    assert "cannot be looked into" in status(papier)["watcher"]["trouble"][0]
    share.mkdir()
    shutil.copy(scan, share)
    wait_for(lambda: len(sheets(papier)) == 1)
    wait_for(lambda: not status(papier)["watcher"]["trouble"])


def test_once_takes_what_is_there_from_folder_and_mail(papier: Papier, tmp_path: Path, share: Path) -> None:
    import mailbox  # noqa: PLC0415 - for this test

    scans = print_scans(papier, tmp_path, 2)
    with pikepdf.open(scans[0]) as scan:
        del scan.pages[1]  # left in the pile
        scan.save(share / "half.pdf")
    box = mailbox.Maildir(tmp_path / "mail")
    box.add(message("copieur@ecole.example", (scans[1].read_bytes(), "application/pdf", "scan.pdf")))
    outcome = papier("watch", share, "--maildir", tmp_path / "mail", "--mark-read", "--once", "--quiet", "0")
    assert outcome.code == 0, outcome.err
    assert len(sheets(papier)) == 2
    assert list(share.iterdir()) == []
    assert list((tmp_path / "mail" / "new").iterdir()) == []


@needs_sane
def test_what_is_put_into_the_feeder_is_taken_in_without_a_word(
    papier: Papier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    (tmp_path / "sane").mkdir()
    feeder = Feeder.build(tmp_path / "sane")
    feeder.fail(JAM, 3)
    feeder.environment["FEEDER_CONSUME"] = "1"
    feeder.apply(monkeypatch)
    papier("print", FORM, "--copies", "2", "--output", tmp_path / "printed.pdf")
    pages = render(tmp_path / "printed.pdf", 120)
    service.arguments = ["--duplex", "--device", FEEDER]
    service.start()
    time.sleep(1)
    assert status(papier)["watcher"]["trouble"] == []  # an empty feeder is nobody's business
    # Three pages go through; the second sheet is put in again by whoever reads the message.
    feeder.load(pages)
    wait_for(lambda: len(sheets(papier)) == 2)
    wait_for(lambda: list(feeder.stack.iterdir()) == [])
    wait_for(lambda: status(papier)["watcher"]["batch_open"] is False)
    wait_for(lambda: status(papier)["watcher"]["last_batch"]["missing"] == [])
    code, out = service.stop()
    assert code == 0
    assert "3 pages are scanned and safe. Go on from sheet 2" in out
    assert papier("verify").code == 0


class Fails:
    """What follows a batch, failing until it is mended."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error
        self.called = 0

    def __call__(self, _batch: Batch) -> list[str]:
        self.called += 1
        if self.error is not None:
            raise self.error
        return ["printed"]


@pytest.mark.parametrize("error", [ProgramFailedError("The printer is off."), RuntimeError("a fault of papier's")])
def test_a_batch_whose_printing_fails_stays_open_and_scans_go_on_coming(
    papier: Papier, tmp_path: Path, error: Exception
) -> None:
    scans = print_scans(papier, tmp_path, 2)
    context = Context(tmp_path / "workspace")
    told: list[str] = []
    after = Fails(error)
    with using_pool(Reader(StoreRegister(context.workspace)), 1) as pool:
        watcher = Watcher(
            context.workspace, context.engine, pool, [], context.now, lambda: (), after, told.append, quiet=5.0
        )
        watcher.start(0.0)
        shutil.copy(scans[0], context.workspace.inbox)
        watcher.turn(0.0)
        assert after.called == 0
        watcher.turn(5.0)
        assert after.called == 1
        shutil.copy(scans[1], context.workspace.inbox)
        for at in (6.0, 20.0, 200.0):
            watcher.turn(at)
        assert after.called == 1
        assert watcher.state.trouble == [str(error)]
        assert len(sheets(papier)) == 2
        # The next watcher knows that something is to follow.
        assert begin_state(context.workspace).after_due
        after.error = None
        watcher.turn(5.0 + AGAIN_SECONDS)
    assert after.called == 2
    assert told[-1] == "printed"
    assert watcher.state.trouble == []
    assert watcher.state.last_batch is not None
    assert watcher.state.last_batch.files == 2
    context.engine.dispose()


def test_a_file_over_which_one_watcher_after_the_other_falls_is_set_aside(
    papier: Papier, tmp_path: Path, share: Path
) -> None:
    """As a decoder's crash would: the process is gone in the midst of a file, twice."""
    (scan,) = print_scans(papier, tmp_path, 1)
    shutil.copy(scan, share / "deadly.pdf")
    fall = "import os; from papier.cli import watch; watch.find_fault = lambda _path: os._exit(9); "
    fall += "from papier.cli.main import main; main()"
    command = [sys.executable, "-c", fall, "watch", str(share), "--once", "--quiet", "0"]
    for _again in range(2):
        assert subprocess.run(command, capture_output=True, check=False).returncode == 9
    assert papier("watch", share, "--once", "--quiet", "0").code == 0
    assert (share / "mis-de-cote" / "deadly.pdf").read_bytes() == scan.read_bytes()
    assert "ended twice" in (share / "mis-de-cote" / "deadly.pdf.txt").read_text(encoding="utf-8")
    # Dropped in again under another name, it is a file like any other.
    shutil.move(share / "mis-de-cote" / "deadly.pdf", share / "again.pdf")
    assert papier("watch", share, "--once", "--quiet", "0").code == 0
    assert len(sheets(papier)) == 1


def test_what_cannot_be_watched_is_told(papier: Papier, tmp_path: Path) -> None:
    assert "Which folder" in papier("watch").err
    assert papier("watch", tmp_path / "none").code == 2
    assert "in one another" in papier("watch", tmp_path).err
    assert "no maildir" in papier("watch", "--maildir", tmp_path).err
    assert status(papier)["watcher"]["state"] == "never"


def test_the_service_is_a_systemd_unit(
    papier: Papier, tmp_path: Path, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    # A systemctl that notes what it is told: this user's own systemd is left alone.
    tools = tmp_path / "bin"
    tools.mkdir()
    told = tmp_path / "told"
    (tools / "systemctl").write_text(f'#!/bin/sh\necho "$@" >> "{told}"\n')
    (tools / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=os.pathsep)
    odd = share / 'à "droite" 100 % $HOME'
    odd.mkdir()
    shown = papier("watch", odd, "--install", "--dry-run").out
    assert not (tmp_path / "config").exists()
    outcome = papier("watch", odd, "--install")
    assert outcome.code == 0, outcome.err
    unit = tmp_path / "config" / "systemd" / "user" / "papier-watch.service"
    assert unit.read_text(encoding="utf-8") == shown
    assert 'à \\"droite\\" 100 %% $$HOME"' in shown
    assert told.read_text().splitlines() == [
        "--user daemon-reload",
        "--user enable papier-watch.service",
        "--user restart papier-watch.service",
    ]
    if shutil.which("systemd-analyze"):
        runtime = tmp_path / "runtime"
        runtime.mkdir(mode=0o700)
        done = subprocess.run(
            ["systemd-analyze", "verify", "--user", str(unit)],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"XDG_RUNTIME_DIR": str(runtime)},
        )
        assert done.returncode == 0, done.stderr
    # Another workspace's is not overwritten.
    assert run(["--workspace", str(tmp_path / "other"), "init"]) == 0
    assert papier("--workspace", tmp_path / "other", "watch", share, "--install").code == 2
    assert papier("watch", "--uninstall").code == 0
    assert not unit.exists()


def test_where_systemd_is_out_of_reach_it_says_what_to_type(
    papier: Papier, tmp_path: Path, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PATH", "/nowhere")
    outcome = papier("watch", share, "--install")
    assert outcome.code == 7
    assert "systemctl --user enable papier-watch.service" in outcome.err


def test_status_without_json_names_everything(papier: Papier) -> None:
    outcome = papier("status")
    assert outcome.code == 0
    for words in ("No watcher", "Waiting files: 0", "Set aside: 0", "To check: 0", "Due today: 0"):
        assert words in outcome.out
    assert json.loads(papier("status", "--json").out)["aside"] == 0
