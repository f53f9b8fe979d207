"""A case whose time is over says nothing more of anybody, while the chain of events still proves that it existed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome, Papier
from tests.cli.conftest import papier as papier  # noqa: PLC0414 - the fixture is used here too
from tests.cli.sheets import cross, render, save, zones

# Words that stand nowhere in papier's own forms and messages.
ROSTER = "nom;prenom;classe;naissance\nZÉPHYRIN;Wandrille;6Q;2015-02-03\nYSOLDE;Quasimodo;6Q;2015-04-05\n"
FIRST = ("ZÉPHYRIN", "Wandrille", "2015-02-03")


@pytest.fixture
def office(papier: Papier, tmp_path: Path) -> Papier:
    """Two cases of which the first came back and is closed, and a day's sheet that names both."""
    (tmp_path / "6Q.csv").write_text(ROSTER, encoding="utf-8")
    papier("print", "carnet/absence", "--roster", tmp_path / "6Q.csv", "--output", tmp_path / "6Q.pdf")
    image = render(tmp_path / "6Q.pdf")[0]
    layout = papier("layout", "carnet/absence", "--json").lines[0]
    cross(image, zones(layout, 1, field="motif")[0]["rect"])
    papier("intake", save([image], tmp_path / "scan.png"))
    papier("today", "--output", tmp_path / "jour.pdf")
    closed = papier("cases", "close", "1", "Wandrille a déménagé", "--by", "Mme Roux")
    assert closed.code in (0, 20), closed.err
    return papier


def holding(folder: Path, words: tuple[str, ...]) -> set[str]:
    """Which of these words any file of the folder holds, in UTF-8 or escaped as JSON does."""
    found: set[str] = set()
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            found |= {word for word in words if word.encode() in data or json.dumps(word)[1:-1].encode() in data}
    return found


def purge_first(office: Papier) -> Outcome:
    return office("purge", "--record", "1", "--because", "RGPD art. 17, lettre du 3 mai")


def test_nothing_of_a_closed_case_stays_in_any_byte(office: Papier, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    assert holding(workspace, FIRST) == set(FIRST)
    purged = purge_first(office)
    assert purged.code == 0, purged.err
    assert holding(workspace, FIRST) == set()
    assert holding(workspace, ("YSOLDE", "Quasimodo")) == {"YSOLDE", "Quasimodo"}
    assert office("verify").code == 0
    assert office("search", "zephyrin", "--json").lines == []
    # That it existed stays, and can be shown.
    assert office("cases", "show", "1").code == 0
    history = office("cases", "history", "1")
    assert history.code == 0
    assert "Dossier ouvert" in history.out
    # A late copy of its sheet is a record of its own, and breaks nothing.
    assert office("cases", "reopen", "1", "--by", "x").code == 9
    assert office("backup", tmp_path / "usb").code == 0
    assert holding(tmp_path / "usb", FIRST) == set()


def test_an_open_case_goes_on(office: Papier, tmp_path: Path) -> None:
    assert office("cases", "reopen", "1", "--by", "Mme Roux").code == 20
    assert purge_first(office).code == 0
    assert holding(tmp_path / "workspace", ("ZÉPHYRIN",)) == {"ZÉPHYRIN"}
    assert "ZÉPHYRIN" in office("cases", "show", "1").out
    assert office("verify").code == 0
    # Once it is closed, the next purge empties it.
    office("cases", "close", "1", "fini", "--by", "Mme Roux")
    assert "Dossiers clos" in office("purge", "--dry-run").out
    assert office("purge", "--no-visa").code == 0
    assert holding(tmp_path / "workspace", FIRST) == set()
    assert office("verify").code == 0


def test_a_case_without_a_record_goes_when_its_time_is_over(office: Papier, tmp_path: Path) -> None:
    office("cases", "close", "2", "fini", "--by", "Mme Roux")
    assert "Dossiers clos" not in office("purge", "--dry-run").out
    later = ("--today", "2029-01-01", "purge")
    slip = office(*later, "--slip", tmp_path / "slip.pdf")
    assert slip.code == 0, slip.err
    number = slip.out.split("Slip ")[1].split(":")[0]
    assert office(*later, "--number", number, "--visa", "AD 31").code == 0
    assert holding(tmp_path / "workspace", (*FIRST, "YSOLDE", "Quasimodo")) == set()
    assert office("verify").code == 0


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE events SET data = '{}' WHERE salt IS NULL AND kind = 'case-opened'",
        "UPDATE events SET data = '{}', salt = NULL WHERE kind = 'numbered'",
        "UPDATE events SET salt = '00' WHERE kind = 'numbered'",
        "UPDATE events SET digest = NULL WHERE kind = 'numbered'",
        "UPDATE events SET salt = '00' WHERE salt IS NULL",
        "UPDATE events SET data = replace(data, '{', '{ ') WHERE kind = 'emptied'",
    ],
)
def test_emptying_an_event_behind_papiers_back_is_found(office: Papier, tmp_path: Path, damage: str) -> None:
    purge_first(office)
    assert office("verify").code == 0
    with closing(sqlite3.connect(tmp_path / "workspace" / "store.sqlite")) as raw, raw:
        assert raw.execute(damage).rowcount > 0
    assert office("verify").code == 8


def test_a_backup_that_brings_back_what_was_purged_says_so(office: Papier, tmp_path: Path) -> None:
    assert office("backup", tmp_path / "usb").code == 0
    purge_first(office)
    told = office("restore", tmp_path / "usb", "--dry-run")
    assert "--record 1" in told.err
    restored = office("restore", tmp_path / "usb")
    assert restored.code == 0, restored.err
    assert "papier purge --record 1" in restored.err
    assert purge_first(office).code == 0
    assert holding(tmp_path / "workspace", FIRST) == set()
