"""A slip that asks the family: it goes out, comes back, and answers what was asked."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from papier.checking.answers import Answer, answer, undo
from papier.checking.item import CheckItem
from papier.checking.queue import open_items
from papier.forms.question_slip import Asked, lay_out_question
from papier.records import FieldReading, State, Value
from papier.store.checks import Verdict
from papier.store.connection import reading
from papier.store.records import list_records
from papier.store.tables import row_sheets
from papier.store.workspace import Workspace
from tests.checking.queued import NOON, doubtful, file_page, print_sheets, sure
from tests.cli.sheets import text_of


@pytest.fixture
def item(workspace: Workspace, engine: Engine) -> CheckItem:
    (sheet,) = print_sheets(workspace, engine, 1)
    file_page(engine, "a", sheet, [doubtful("telephone", "0612345678", ("0672345678", 0.08))])
    (found,) = open_items(workspace)
    return found


def slip_number(engine: Engine) -> str:
    with reading(engine) as connection:
        return str(
            connection.execute(select(row_sheets.c.sheet).where(row_sheets.c.kind == "question")).scalars().all()[-1]
        )


def said(engine: Engine) -> tuple[Value, str]:
    field = list_records(engine, record=1)[0].fields["telephone"]
    return field["value"], field["read_by"]


def test_the_slip_asks_and_the_answer_settles(workspace: Workspace, engine: Engine, item: CheckItem) -> None:
    sent = answer(workspace, item.key, Answer(Verdict.ASK), who="Mme Roux", now=NOON)
    assert sent.output is not None
    (text,) = text_of(sent.output)
    assert "La question : Téléphone" in text
    assert str(item.sheet) in text
    assert slip_number(engine) in text
    assert open_items(workspace) == ()
    (waiting,) = open_items(workspace, with_waiting=True)
    assert waiting.waiting == "the family is asked"
    assert answer(workspace, item.key, Answer(Verdict.ASK), who="Mme Roux", now=NOON).again
    slip = slip_number(engine)
    file_page(engine, "b", slip, [sure("reponse", "0699345678")], form="bureau/precision")
    assert said(engine) == ("0699345678", f"famille, feuille {slip}")
    assert open_items(workspace, with_waiting=True) == ()
    undo(workspace, who=f"famille, feuille {slip}", now=NOON)
    assert [one.key for one in open_items(workspace)] == [item.key], "the slip is back: nothing is waited for"


def test_a_doubtful_answer_is_asked_of_a_person_and_then_settles(
    workspace: Workspace, engine: Engine, item: CheckItem
) -> None:
    answer(workspace, item.key, Answer(Verdict.ASK), who="Mme Roux", now=NOON)
    slip = slip_number(engine)
    file_page(engine, "b", slip, [doubtful("reponse", "0699345678")], form="bureau/precision")
    (asked,) = open_items(workspace)
    assert (asked.sheet, asked.field) == (slip, "reponse")
    assert Verdict.ASK not in asked.verdicts()
    answer(workspace, asked.key, Answer(Verdict.RIGHT), who="M. Martin", now=NOON)
    assert said(engine)[0] == "0699345678"
    assert open_items(workspace, with_waiting=True) == ()


def test_a_slip_that_comes_back_blank_leaves_the_question_open(
    workspace: Workspace, engine: Engine, item: CheckItem
) -> None:
    answer(workspace, item.key, Answer(Verdict.ASK), who="Mme Roux", now=NOON)
    blank = FieldReading("reponse", "comb", None, State.BLANK, 0.999)
    file_page(engine, "b", slip_number(engine), [blank], form="bureau/precision")
    assert [one.key for one in open_items(workspace)] == [item.key]


def test_asking_is_taken_back(workspace: Workspace, engine: Engine, item: CheckItem) -> None:
    answer(workspace, item.key, Answer(Verdict.ASK), who="Mme Roux", now=NOON)
    undo(workspace, who="Mme Roux", now=NOON)
    assert [one.key for one in open_items(workspace)] == [item.key]
    # The slip is out all the same: what it brings back counts.
    file_page(engine, "b", slip_number(engine), [sure("reponse", "0699345678")], form="bureau/precision")
    assert open_items(workspace) == ()


@pytest.mark.parametrize(
    "asked",
    [
        Asked("tick", options={"a": "Une réponse", "b": "Une autre"}),
        Asked("signature"),
        Asked("comb", "letters", 28),
        Asked("comb", "nir", 15),
        Asked("lines"),
    ],
)
def test_every_kind_of_question_has_its_slip(asked: Asked) -> None:
    layout, place = lay_out_question(asked, with_picture=True)
    assert len(layout.pages) == 1
    assert place is not None
    assert not any(place.overlaps(zone.rect) for zone in layout.zones())
    assert any(zone.field == "reponse" for zone in layout.zones())
