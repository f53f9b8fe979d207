"""A sheet that came back with nothing written on it: one question, and it is waited for as before."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import Engine

from papier.checking.answers import Answer, AnswerRefusedError, answer, undo
from papier.checking.item import CheckItem, ItemKind
from papier.checking.queue import find_item, open_items
from papier.records import FieldReading, State
from papier.store.cases import CaseLedger
from papier.store.checks import Verdict
from papier.store.connection import reading
from papier.store.sheets import find_outstanding
from papier.store.workspace import Workspace
from tests.checking.conftest import OneCase
from tests.checking.queued import doubtful, file_page, print_sheets, sure

NOON = dt.datetime(2027, 3, 2, 12, tzinfo=dt.UTC)


def blank(field: str, *, asked: bool = False, by: str = "papier") -> FieldReading:
    return FieldReading(field, "comb", None, State.BLANK, 1.0, needs_person=asked, read_by=by)


def nothing() -> list[FieldReading]:
    printed = FieldReading("telephone", "comb", "0612345678", State.SURE, 0.9999, read_by="printed")
    return [blank("nom", asked=True), blank("motif", asked=True), blank("debut"), printed]


def say(workspace: Workspace, key: str, verdict: Verdict, who: str = "Mme Roux") -> Any:
    return answer(workspace, key, Answer(verdict), who=who, now=NOON)


def only(workspace: Workspace) -> CheckItem:
    (item,) = open_items(workspace)
    return item


def test_a_blank_sheet_is_one_question_and_stays_waited_for(workspace: Workspace, engine: Engine) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    file_page(engine, "a", sheet, nothing())
    item = only(workspace)
    assert (item.key, item.kind, item.field) == ("blank:1", ItemKind.BLANK, None)
    with reading(engine) as connection:
        assert find_item(connection, item.key) == item
    say(workspace, item.key, Verdict.ASIDE)
    assert open_items(workspace) == ()
    assert [one.number for one in find_outstanding(engine)] == [sheet]
    undo(workspace, who="Mme Roux", now=NOON)
    assert only(workspace).key == item.key
    assert find_outstanding(engine) == []


def test_a_sheet_that_is_not_blank_after_all_is_asked_field_by_field(workspace: Workspace, engine: Engine) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    file_page(engine, "a", sheet, nothing())
    done = say(workspace, "blank:1", Verdict.WRITTEN)
    assert {item.key for item in open_items(workspace)} == {"field:1:nom", "field:1:motif"}
    answer(workspace, "field:1:nom", Answer(Verdict.TYPED, "DUPONT"), who="Mme Roux", now=NOON)
    with pytest.raises(AnswerRefusedError, match="answered since"):
        undo(workspace, who="Mme Roux", now=NOON, check=done.check)
    undo(workspace, who="Mme Roux", now=NOON)
    undo(workspace, who="Mme Roux", now=NOON)
    assert only(workspace).key == "blank:1"


def test_one_mark_is_no_blank_sheet(workspace: Workspace, engine: Engine) -> None:
    one, other, third = print_sheets(workspace, engine, 3)
    file_page(engine, "a", one, [*nothing()[:2], doubtful("debut", None)])
    file_page(engine, "b", other, [*nothing()[:2], sure("debut", "2026-05-01")])
    file_page(engine, "c", third, [*nothing()[:2], blank("debut", by="printed")])
    assert {item.kind for item in open_items(workspace) if item.sheet != third} == {ItemKind.FIELD}
    assert [item.kind for item in open_items(workspace) if item.sheet == third] == [ItemKind.BLANK]


def test_of_a_filled_sheet_its_blank_copy_asks_nothing(workspace: Workspace, engine: Engine) -> None:
    before, after = print_sheets(workspace, engine, 2)
    filled = [sure("nom", "DUPONT"), blank("motif", asked=True)]
    file_page(engine, "a", before, nothing())
    file_page(engine, "b", before, filled)
    file_page(engine, "c", after, filled)
    file_page(engine, "d", after, nothing())
    assert {(item.kind, item.field) for item in open_items(workspace)} == {(ItemKind.FIELD, "motif")}


def test_the_case_waits_for_a_blank_sheet_as_before(one_case: OneCase) -> None:
    office, workspace, engine, sheet = one_case.office, one_case.workspace, one_case.engine, one_case.sheet
    fields = [blank("debut", asked=True), blank("motif", asked=True)]
    file_page(engine, "a", sheet, fields, form="carnet/absence", now=NOON)
    assert [asked["doubt"] for asked in office.case(1)["questions"]] == ["blank-sheet"]
    assert office.case(1)["stage"] == "to-check"
    # The case may be told first: the queue knows.
    office.papier("cases", "check", "1", "--by", "Mme Roux")
    assert open_items(workspace, engine=engine) == ()
    assert office.case(1)["stage"] == "waiting"
    assert office.case(1)["clocks"]
    office.papier("check", "--undo", "--by", "Mme Roux")
    assert office.case(1)["stage"] == "to-check"
    # Or the queue: the case goes on as if it had never come.
    office.papier("check", "--answer", "blank:1", "aside", "--by", "Mme Roux")
    assert office.case(1)["stage"] == "waiting"
    office.papier("check", "--undo", "--by", "Mme Roux")
    office.papier("check", "--answer", "blank:1", "written", "--by", "Mme Roux")
    assert [asked["field"] for asked in office.case(1)["questions"]] == ["debut", "motif"]
    office.papier("check", "--undo", "--by", "Mme Roux")
    assert [asked["doubt"] for asked in office.case(1)["questions"]] == ["blank-sheet"]
    office.papier("check", "--answer", "blank:1", "aside", "--by", "Mme Roux")
    ticked = FieldReading("motif", "tick", ["maladie"], State.SURE, 0.9999)
    file_page(engine, "b", sheet, [ticked], form="carnet/absence", now=NOON)
    assert (office.case(1)["step"], office.case(1)["questions"]) == ("decision", [])
    with reading(engine) as connection:
        ledger = CaseLedger(connection, NOON)
        assert ledger.replay(1) == ledger.load(1)
