"""Scans in the line: what is told of each, whatever becomes of the process that reads it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from papier.desk import arrivals as module
from papier.desk.arrivals import Arrival, Arrivals, Progress
from papier.store.workspace import create_workspace
from tests.desk.small_office import NOW


def die(*_: object) -> None:
    """Stands for a decoder that a hostile file broke."""
    os._exit(139)


def sleep(*_: object) -> None:
    time.sleep(60)


def wait(line: Arrivals) -> tuple[Arrival, ...]:
    for _ in range(600):
        if all(arrival.is_over for arrival in line.list()):
            break
        time.sleep(0.05)
    return line.list()


def test_a_scan_that_breaks_its_reader_is_told_and_the_next_one_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = create_workspace(tmp_path / "workspace")
    line = Arrivals(workspace, lambda: NOW)
    monkeypatch.setattr(module, "_take_in_apart", die)
    line.put([tmp_path / "hostile.pdf"])
    (broken,) = wait(line)
    assert broken.progress is Progress.FAILED
    assert "stopped at this one" in (broken.message or "")
    monkeypatch.undo()
    line.put([tmp_path / "gone.pdf"])
    after, _before = wait(line)
    assert after.progress is Progress.FAILED
    assert "gone.pdf" in (after.message or "")
    assert line.stop(5) == 0


def test_a_desk_that_closes_says_how_many_scans_it_did_not_come_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = create_workspace(tmp_path / "workspace")
    line = Arrivals(workspace, lambda: NOW)
    monkeypatch.setattr(module, "_take_in_apart", sleep)
    line.put([tmp_path / "1.pdf", tmp_path / "2.pdf", tmp_path / "3.pdf"])
    while line.list()[-1].progress is not Progress.READING:
        time.sleep(0.01)
    assert line.stop(0.5) == 3
    assert [str(arrival.progress) for arrival in line.list()] == ["waiting", "waiting", "reading"]
