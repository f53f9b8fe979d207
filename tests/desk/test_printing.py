"""What the desk prints goes to the printer that the settings name, and what follows a batch is done there too."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from papier.desk import arrivals as module
from papier.desk import printing
from papier.desk.arrivals import Arrivals, Progress
from papier.errors import ProgramFailedError
from papier.store.print_jobs import State, list_jobs
from papier.store.workspace import create_workspace
from tests.desk.small_office import NOW, RunningDesk


def test_the_day_goes_to_the_printer_of_the_settings(desk: RunningDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(*_: Any) -> Iterator[str]:
        yield "Journée : sent to Copieur"
        raise ProgramFailedError("The printer Copieur takes no jobs.")

    monkeypatch.setattr(printing, "send_all", send)
    desk.enter()
    assert "Copieur" not in desk.post("/today").text
    assert list_jobs(desk.office.engine) == []
    (desk.office.workspace.folder / "papier.yaml").write_text("impression: {imprimante: Copieur}\n", encoding="utf-8")
    page = desk.post("/today")
    for line in ("Journée : sent to Copieur", "The printer Copieur takes no jobs."):
        assert line in page.text
    assert {(job.printer, job.state) for job in list_jobs(desk.office.engine)} == {("Copieur", State.QUEUED)}
    made = desk.post(f"/sheets/{desk.numbers[0]}/new")
    run = made.headers["location"].rpartition("/printed/")[2]
    assert "waits for Copieur" in desk.get(f"/printed/{run}").text


def filed(_folder: Path, _what: Path, _now: dt.datetime, told: Connection) -> None:
    told.send({"progress": Progress.DONE, "pages": 1, "records": (1,)})
    told.close()


def followed(_folder: Path, _what: str, _now: dt.datetime, told: Connection) -> None:
    told.send("Day's sheet: jour.pdf")
    told.close()


def test_what_follows_a_batch_is_done_once_all_of_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = create_workspace(tmp_path / "workspace")
    line = Arrivals(workspace, lambda: NOW)
    monkeypatch.setattr(module, "_take_in_apart", filed)
    monkeypatch.setattr(module, "_follow_apart", followed)
    line.put([tmp_path / "1.pdf", tmp_path / "2.pdf"])
    for _ in range(1200):
        if line.followed():
            break
        time.sleep(0.05)
    assert line.followed() == ("Day's sheet: jour.pdf",)
    assert line.stop(5) == 0
