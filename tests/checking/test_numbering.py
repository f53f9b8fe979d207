"""Pages that nobody could place: a person gives the sheet's number, or says that there is none; and takes it back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import Engine

from papier.checking.answers import Answer, AnswerRefusedError, answer, undo
from papier.checking.item import ItemKind
from papier.checking.queue import open_items
from papier.errors import UsageError
from papier.records import PageStatus
from papier.store import verification
from papier.store.checks import Verdict
from papier.store.connection import reading
from papier.store.records import PURGED, list_records
from papier.store.sheets import find_outstanding
from papier.store.workspace import Workspace
from tests.checking.conftest import OneCase
from tests.checking.queued import file_page, print_sheets, sure

NOON = dt.datetime(2027, 3, 2, 12, tzinfo=dt.UTC)


def say(workspace: Workspace, key: str, verdict: Verdict, value: Any = None) -> Any:
    return answer(workspace, key, Answer(verdict, value), who="Mme Roux", now=NOON)


def set_aside(engine: Engine, scan: str) -> int:
    nothing: dict[str, Any] = {"form": None, "version": None, "page": None, "status": PageStatus.UNKNOWN}
    return file_page(engine, scan, None, [], reason="no corner marks", **nothing)


def test_a_page_set_aside_is_given_its_number_and_asked(workspace: Workspace, engine: Engine) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    set_aside(engine, "a")
    (item,) = open_items(workspace)
    assert (item.kind, item.verdicts()[0]) == (ItemKind.PAGE, Verdict.TYPED)
    for wrong, why in (("AAAA-BBBB-CCCC", "no number"), (f"{sheet}/2", "no page 2"), (f"{sheet}/x", "no number")):
        with pytest.raises(UsageError, match=why):
            say(workspace, item.key, Verdict.TYPED, wrong)
    assert list_records(engine) == []
    say(workspace, item.key, Verdict.TYPED, f"{sheet.lower()}/1")
    (record,) = list_records(engine)
    assert (record.sheet, len(record.pages)) == (sheet, 1)
    asked = {one.field: one for one in open_items(workspace)}
    assert set(asked) == {"nom", "debut", "telephone", "motif", "code", "visa"}
    assert find_outstanding(engine) == []
    say(workspace, f"field:{record.record}:nom", Verdict.TYPED, "DUPONT")
    with pytest.raises(AnswerRefusedError, match="answered since"):
        undo(workspace, who="Mme Roux", now=NOON, check=1)
    undo(workspace, who="Mme Roux", now=NOON)
    undo(workspace, who="Mme Roux", now=NOON)
    # An answer that was taken back names the record still: it stays, empty.
    assert [(one.status, one.sheet, one.fields) for one in list_records(engine)] == [(PURGED, None, {})]
    assert [one.key for one in open_items(workspace)] == [item.key]
    assert [one.number for one in find_outstanding(engine)] == [sheet]
    with reading(engine) as connection:
        for whole in (verification._row_damage, verification._link_damage, verification._index_damage):
            assert list(whole(workspace, connection)) == []
    say(workspace, item.key, Verdict.TYPED, sheet)
    undo(workspace, who="Mme Roux", now=NOON)
    assert len(list_records(engine)) == 1
    say(workspace, item.key, Verdict.ASIDE)
    assert open_items(workspace) == ()


def test_the_number_of_an_unnumbered_sheet_is_taken_back(workspace: Workspace, engine: Engine) -> None:
    one, other = print_sheets(workspace, engine, 2)
    record = file_page(engine, "a", None, [sure("nom", "X")])
    (item,) = open_items(workspace)
    say(workspace, item.key, Verdict.CANDIDATE, other)
    assert list_records(engine, record=record)[0].sheet == other
    undo(workspace, who="Mme Roux", now=NOON)
    assert list_records(engine, record=record)[0].sheet is None
    assert [one.key for one in open_items(workspace)] == [item.key]
    say(workspace, item.key, Verdict.CANDIDATE, one)
    assert list_records(engine, record=record)[0].sheet == one


def test_the_case_of_a_page_is_told_and_told_again(one_case: OneCase) -> None:
    office, workspace, engine, sheet = one_case.office, one_case.workspace, one_case.engine, one_case.sheet
    set_aside(engine, "a")
    office.papier("check", "--answer", "page:1", sheet, "--by", "Mme Roux")
    assert office.case(1)["stage"] == "to-check"
    office.papier("check", "--undo", "--by", "Mme Roux")
    assert (office.case(1)["stage"], office.case(1)["questions"]) == ("waiting", [])
    office.papier("check", "--answer", "page:1", "aside", "--by", "Mme Roux")
    assert open_items(workspace, engine=engine) == ()
