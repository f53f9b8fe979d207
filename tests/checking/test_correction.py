"""A sure value is corrected: with a reason, undoable, seen wherever the record is shown, gone with it."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
from sqlalchemy import Engine, select

from papier.checking.answers import Answer
from papier.checking.correction import Correction, correct, find_correctable, undo_correction
from papier.checking.paper import print_corrections
from papier.checking.queue import open_items
from papier.errors import UsageError
from papier.retention import purge
from papier.store.checks import Verdict
from papier.store.connection import connect, reading
from papier.store.person_records import find_person
from papier.store.records import StoredRecord, list_records
from papier.store.search import search
from papier.store.tables import checks, events
from papier.store.verification import find_damage
from papier.store.workspace import Workspace
from tests.checking.queued import NOON, doubtful, file_page, print_sheets, sure, unclear_boxes
from tests.checking.test_paper import come_back, signed, written

WHY = "lettre du 3 mai"


def say(engine: Engine, record: int, field: str, value: str, *, dry_run: bool = False) -> Correction:
    given = Answer(Verdict.TYPED, value)
    return correct(engine, record, field, given, because=WHY, who="Mme Roux", now=NOON, dry_run=dry_run)


@pytest.fixture
def record(workspace: Workspace, engine: Engine) -> int:
    (sheet,) = print_sheets(workspace, engine, 1)
    return file_page(engine, "a", sheet, [sure("nom", "LEFEBVRE"), sure("debut", "2026-11-21")])


def stored(engine: Engine, record: int) -> StoredRecord:
    return list_records(engine, record=record)[0]


def test_a_correction_stands_in_the_readings_place_with_who_when_and_why(engine: Engine, record: int) -> None:
    done = say(engine, record, "nom", "Lefèvre")
    assert (done.before, done.value) == ("LEFEBVRE", "LEFÈVRE")
    field = stored(engine, record).fields["nom"]
    assert (field["value"], field["state"], field["original"]["value"]) == ("LEFÈVRE", "sure", "LEFEBVRE")
    assert field["checked"]["who"] == "Mme Roux"
    assert field["checked"]["because"] == WHY
    assert field["checked"]["at"] == NOON.isoformat()
    assert [hit.reference for hit in search(engine, "lefevre").hits] == [record]
    assert search(engine, "lefebvre").total == 0
    with reading(engine) as connection:
        data = json.loads(connection.execute(select(events.c.data).where(events.c.kind == "checked")).scalar_one())
    assert (data["key"], data["who"]) == (f"correction:{record}:nom:1", "Mme Roux")


def test_who_a_record_is_about_follows_the_correction(workspace: Workspace, engine: Engine) -> None:
    print_sheets(workspace, engine, 1)
    record = file_page(engine, "a", None, [sure("nom", "LEFEBVRE")])
    say(engine, record, "nom", "Lefèvre")
    assert find_person(engine, "lefevre").records == (record,)
    assert find_person(engine, "lefebvre").records == ()


def test_it_is_taken_back_step_by_step(workspace: Workspace, engine: Engine, record: int) -> None:
    say(engine, record, "nom", "LEFÈVRE")
    say(engine, record, "nom", "LEFEUVRE")
    for expected in ("LEFÈVRE", "LEFEBVRE"):
        undo_correction(workspace, engine, record, "nom", who="Mme Roux", now=NOON)
        assert stored(engine, record).fields["nom"]["value"] == expected
    with pytest.raises(UsageError, match="was not corrected"):
        undo_correction(workspace, engine, record, "nom", who="Mme Roux", now=NOON)
    assert search(engine, "lefebvre").total == 1
    assert say(engine, record, "nom", "LEFÈVRE").check is not None
    assert not [problem for problem in find_damage(workspace, engine) if "The scan a.pdf is missing" not in problem]


def test_the_same_value_a_dry_run_and_what_cannot_be_record_nothing(engine: Engine, record: int) -> None:
    assert say(engine, record, "nom", "lefebvre").again
    assert say(engine, record, "nom", "LEFÈVRE", dry_run=True).check is None
    for field, value, words in (
        ("debut", "31/02/2026", "cannot stand here"),
        ("nm", "X", "has no field"),
        ("nom", " ", "Nothing is typed"),
    ):
        with pytest.raises(UsageError, match=words):
            say(engine, record, field, value)
    with pytest.raises(UsageError, match="--because"):
        correct(engine, record, "nom", Answer(Verdict.BLANK), because=" ", who="x", now=NOON)
    with reading(engine) as connection:
        assert connection.execute(select(checks)).all() == []


def test_a_doubtful_field_that_is_corrected_is_not_asked_any_more(workspace: Workspace, engine: Engine) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    record = file_page(engine, "a", sheet, [doubtful("telephone", "0612345678"), unclear_boxes("motif", maladie=0.8)])
    correct(engine, record, "telephone", Answer(Verdict.BLANK), because=WHY, who="x", now=NOON)
    assert [item.field for item in open_items(workspace)] == ["motif"]
    assert stored(engine, record).fields["telephone"]["state"] == "blank"


def test_a_purge_takes_the_value_and_the_reason(workspace: Workspace, engine: Engine, record: int) -> None:
    correct(engine, record, "nom", Answer(Verdict.TYPED, "VALLADOLID"), because="QUIBERON", who="x", now=NOON)
    purge(workspace, engine, [record], NOON, "art. 17")
    with closing(connect(workspace).raw_connection()) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for path in workspace.folder.rglob("*"):
        if path.is_file():
            assert not [word for word in (b"VALLADOLID", b"QUIBERON") if word in path.read_bytes()]
    assert find_damage(workspace, engine) == []


def test_a_sheet_with_a_pen_corrects_it(workspace: Workspace, engine: Engine, record: int) -> None:
    item = find_correctable(engine, str(record), "nom")
    (number,) = print_corrections(workspace, engine, NOON, workspace.printed / "c.pdf", items=(item,)).numbers
    come_back(engine, "b", number, [written("r01", "LEFÈVRE"), signed()])
    field = stored(engine, record).fields["nom"]
    assert (field["value"], field["checked"]["via"]) == ("LEFÈVRE", f"feuille {number}")
    # It can be corrected, and taken back, again.
    assert say(engine, record, "nom", "LEFEUVRE").before == "LEFÈVRE"
