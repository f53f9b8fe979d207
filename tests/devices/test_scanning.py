"""`papier scan` through the real scanimage: what comes from the feeder, and every way it can stop."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from papier.devices import scanning
from tests.cli.conftest import Papier, papier
from tests.cli.sheets import Image8, render
from tests.devices.sane import COVER, FEEDER, INSTALL, IO_ERROR, JAM, Feeder, Sane, needs_sane, write_pgm

__all__ = ["papier"]
pytestmark = needs_sane
FORM = "carnet/mot-aux-parents"
DPI = 300


@pytest.fixture
def feeder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Feeder:
    (tmp_path / "sane").mkdir()
    feeder = Feeder.build(tmp_path / "sane")
    feeder.apply(monkeypatch)
    return feeder


@pytest.fixture
def pnm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Sane.set_up(tmp_path, "pnm", "test").apply(monkeypatch)


def sheets(papier: Papier, tmp_path: Path, count: int, form: str = FORM) -> list[Image8]:
    """Pages of printed sheets as A4 page images, one a sheet."""
    pdf = tmp_path / "printed.pdf"
    assert papier("print", form, "--copies", str(count), "--output", pdf).code == 0
    pages = render(pdf, DPI)
    if len(pages) < count:  # two A5 sheets on one page: cut it apart
        pages = [half for page in pages for half in _halves(page)][:count]
    return pages


def _halves(page: Image8) -> list[Image8]:
    height, width = page.shape
    upright = page if height > width else cv2.rotate(page, cv2.ROTATE_90_CLOCKWISE)
    middle = upright.shape[0] // 2
    return [upright[:middle].astype("uint8"), upright[middle:].astype("uint8")]


def numbers(papier: Papier) -> list[str]:
    return [line["sheet"] for line in papier("records", "list", "--json").lines]


def test_a_stack_is_scanned_and_filed_in_order(papier: Papier, tmp_path: Path, feeder: Feeder) -> None:
    feeder.load(sheets(papier, tmp_path, 4))
    expected = [line["sheet"] for line in papier("records", "missing", "--json").lines]
    outcome = papier("scan", "--device", FEEDER, "--json")
    assert outcome.code in (0, 20), outcome.err
    assert [line["sheet"] for line in outcome.lines] == expected
    assert numbers(papier) == expected
    names = [line["source"] for line in outcome.lines]
    assert names == sorted(names)
    assert list((tmp_path / "workspace" / "inbox").iterdir()) == []
    assert list((tmp_path / "workspace" / "scanning").iterdir()) == []


@pytest.mark.parametrize(
    ("status", "midpage", "said"),
    [
        (JAM, True, "jammed, or two sheets"),
        (COVER, False, "cover is open"),
        (IO_ERROR, True, "broke off"),
    ],
)
def test_a_feeder_that_stops_in_mid_batch_loses_nothing(
    papier: Papier,
    tmp_path: Path,
    feeder: Feeder,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    midpage: bool,
    said: str,
) -> None:
    stack = sheets(papier, tmp_path, 3)
    expected = [line["sheet"] for line in papier("records", "missing", "--json").lines]
    feeder.load(stack)
    feeder.fail(status, 2, midpage=midpage)
    feeder.apply(monkeypatch)
    outcome = papier("scan")
    assert outcome.code == 7
    assert said in outcome.err
    assert "2 pages are scanned and safe. Go on from sheet 3" in outcome.err
    assert "Traceback" not in outcome.err
    assert numbers(papier) == expected[:2]
    # As the message says: from sheet 3 on.
    feeder.load(stack[2:])
    feeder.fail(0, 0)
    feeder.apply(monkeypatch)
    assert papier("scan").code in (0, 20)
    assert numbers(papier) == expected
    assert papier("verify").code == 0


def test_both_sides_count_as_one_sheet(
    papier: Papier, tmp_path: Path, feeder: Feeder, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = sheets(papier, tmp_path, 2, "carnet/feuille-appel")
    assert len(stack) == 4
    feeder.load(stack)
    assert "3 sheets put in, 2 came" in papier("scan", "--duplex", "--sheets", "3").err
    assert len(numbers(papier)) == 2
    feeder.fail(JAM, 3)
    feeder.apply(monkeypatch)
    assert "Go on from sheet 2" in papier("scan", "--duplex").err


def test_an_empty_feeder_is_told(papier: Papier, tmp_path: Path, feeder: Feeder) -> None:
    feeder.load([])
    outcome = papier("scan")
    assert outcome.code == 7
    assert "feeder is empty" in outcome.err
    assert "--glass" in outcome.err
    assert not any((tmp_path / "workspace" / "scanning").iterdir())


def test_a_page_is_filed_while_the_next_one_is_fed(
    papier: Papier, tmp_path: Path, feeder: Feeder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The feeder holds the second page back until the first one is a record."""
    feeder.load(sheets(papier, tmp_path, 2))
    hold = tmp_path / "go-on"
    monkeypatch.setenv("FEEDER_HOLD", str(hold))
    scan = subprocess.Popen([sys.executable, "-m", "papier", "scan"], stdout=subprocess.PIPE, text=True)
    _wait_for(lambda: len(numbers(papier)) == 1)
    hold.touch()
    out, _ = scan.communicate(timeout=120)
    assert scan.returncode in (0, 20)
    assert "Scanned: 2 pages" in out
    assert len(numbers(papier)) == 2


def test_a_scanner_unplugged_in_mid_batch_is_told(
    papier: Papier, tmp_path: Path, feeder: Feeder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its driver dies: scanimage is killed while the second page is on its way."""
    feeder.load(sheets(papier, tmp_path, 2))
    monkeypatch.setenv("FEEDER_HOLD", str(tmp_path / "never"))
    scan = subprocess.Popen(
        [sys.executable, "-m", "papier", "scan"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    _wait_for(lambda: len(numbers(papier)) == 1)
    (driver,) = [pid for pid, name in _children(scan.pid).items() if name == "scanimage"]
    os.kill(driver, signal.SIGKILL)
    _out, err = scan.communicate(timeout=120)
    assert scan.returncode == 7
    assert "broke off" in err
    assert "1 page is scanned and safe. Go on from sheet 2" in err


def test_a_scanner_that_falls_silent_is_not_waited_for_for_ever(
    papier: Papier, tmp_path: Path, feeder: Feeder, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeder.load(sheets(papier, tmp_path, 2))
    monkeypatch.setenv("FEEDER_HOLD", str(tmp_path / "never"))
    monkeypatch.setattr(scanning, "SILENCE_SECONDS", 3)
    outcome = papier("scan")
    assert outcome.code == 7
    assert "has said nothing" in outcome.err
    assert "Go on from sheet 2" in outcome.err
    assert len(numbers(papier)) == 1


def test_killed_in_mid_batch_the_pages_are_there_next_time(
    papier: Papier, tmp_path: Path, feeder: Feeder, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeder.load(sheets(papier, tmp_path, 3))
    monkeypatch.setenv("FEEDER_HOLD", str(tmp_path / "never"))
    scan = subprocess.Popen(
        [sys.executable, "-m", "papier", "scan"],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    spool = tmp_path / "workspace" / "scanning"
    inbox = tmp_path / "workspace" / "inbox"
    _wait_for(lambda: any(inbox.iterdir()) or numbers(papier))
    os.killpg(scan.pid, signal.SIGKILL)
    scan.wait()
    assert list(spool.iterdir())
    monkeypatch.delenv("FEEDER_HOLD")
    assert papier("scan").code in (0, 20)
    papier("intake")
    assert len(set(numbers(papier))) == 3
    assert papier("verify").code == 0
    assert list(spool.iterdir()) == []


def _children(parent: int) -> dict[int, str]:
    """The processes that a process started, with their names."""
    found = {}
    for task in Path(f"/proc/{parent}/task").iterdir():
        for child in (task / "children").read_text().split():
            found[int(child)] = Path(f"/proc/{child}/comm").read_text().strip()
    return found


def _wait_for(happened: object, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


@pytest.mark.usefixtures("pnm")
def test_a_sheet_on_the_glass_of_the_pnm_backend(papier: Papier, tmp_path: Path) -> None:
    (sheet,) = sheets(papier, tmp_path, 1)
    write_pgm(sheet, tmp_path / "sheet.pgm")
    outcome = papier("scan", "--device", "pnm:0", "--option", f"filename={tmp_path / 'sheet.pgm'}")
    assert outcome.code in (0, 20), outcome.err
    assert len(numbers(papier)) == 1


@pytest.mark.usefixtures("pnm")
@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("jammed", "jammed"),
        ("nodocs", "feeder is empty"),
        ("coveropen", "cover is open"),
        ("ioerror", "broke off"),
        ("nomem", "no memory"),
        ("accessdenied", "adduser"),
        ("eof", "only a part of the page"),
    ],
)
def test_every_status_that_the_pnm_backend_simulates(papier: Papier, tmp_path: Path, status: str, said: str) -> None:
    write_pgm(np.full((50, 50), 255, np.uint8), tmp_path / "sheet.pgm")
    options = [f"filename={tmp_path / 'sheet.pgm'}", f"status-{status}=yes"]
    outcome = papier("scan", "--device", "pnm:0", *(part for option in options for part in ("--option", option)))
    assert outcome.code == 7
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    assert numbers(papier) == []


@pytest.mark.usefixtures("pnm")
def test_the_feeder_of_the_test_backend_ends_after_ten(papier: Papier) -> None:
    outcome = papier("scan", "--device", "test:0", "--option", "test-picture=Solid white", "--option", "resolution=75")
    assert outcome.err == ""
    assert "Scanned: 10 pages, 10 sheets, 0 records" in outcome.out


@pytest.mark.usefixtures("pnm")
def test_scanners_are_listed_and_chosen(papier: Papier, tmp_path: Path) -> None:
    listed = papier("scan", "--list", "--json").lines
    assert {line["name"] for line in listed} == {"pnm:0", "pnm:1", "test:0", "test:1"}
    several = papier("scan")
    assert several.code == 2
    assert "pnm:0" in several.err
    gone = papier("scan", "--device", "epson2:usb")
    assert gone.code == 7
    assert "does not answer" in gone.err
    missing = papier("scan", "--device", "pnm:0", "--duplex")
    assert missing.code == 7
    assert "has no “duplex”" in missing.err
    refused = papier("scan", "--device", "pnm:0", "--option", "filename=/nowhere", "--option", "colour=blue")
    assert refused.code == 7
    assert "--option" in refused.err
    settings = tmp_path / "workspace" / "papier.yaml"
    settings.write_text('scanner: "test:1"\n')
    assert "Scanned: 10 pages" in papier("scan", "--option", "resolution=30").out


def test_without_scanimage_it_says_what_to_install(papier: Papier, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shutil.which("scanimage"), INSTALL
    monkeypatch.setenv("PATH", "/nowhere")
    outcome = papier("scan")
    assert outcome.code == 6
    assert "apt install sane-utils" in outcome.err


def test_a_list_without_any_scanner_says_so_as_scanning_does(papier: Papier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("papier.cli.scan.list_scanners", list)
    for outcome in (papier("scan"), papier("scan", "--list")):
        assert (outcome.code, outcome.out) == (7, "")
        assert "SANE finds no scanner" in outcome.err
