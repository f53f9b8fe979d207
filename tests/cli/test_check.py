"""`papier check`: in the terminal, from a script, taken back; what it says and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from papier.cli.check_terminal import Screen, Session
from papier.store.connection import connect
from papier.store.workspace import Workspace, open_workspace
from tests.checking.queued import NOON, doubtful, file_page, print_sheets, unclear_boxes
from tests.cli.conftest import Papier


@pytest.fixture
def office(papier: Papier, tmp_path: Path) -> Iterator[tuple[Workspace, Engine]]:
    del papier
    workspace = open_workspace(tmp_path / "workspace")
    engine = connect(workspace)
    yield workspace, engine
    engine.dispose()


def two_doubts(engine: Engine, workspace: Workspace) -> None:
    one, other = print_sheets(workspace, engine, 2)
    file_page(engine, "a", one, [doubtful("telephone", "0612345678", ("0672345678", 0.08))])
    file_page(engine, "b", other, [unclear_boxes("motif", maladie=0.8, autre=0.1)])


def press(workspace: Workspace, engine: Engine, keys: str, *lines: str, who: str = "Mme Roux") -> tuple[int, str]:
    """Sit at the queue and press these keys; gives how many items are left and everything that was shown."""
    pressed, typed, said = iter(keys), iter(lines), list[str]()
    screen = Screen(lambda: next(pressed), lambda _prompt: next(typed), said.append, lambda: None)
    left = Session(workspace, engine, who, lambda: NOON, screen).run()
    return left, "\n".join(said)


def test_one_key_an_answer(papier: Papier, office: tuple[Workspace, Engine]) -> None:
    workspace, engine = office
    two_doubts(engine, workspace)
    left, said = press(workspace, engine, "\r1")
    assert left == 0
    assert "2 to check" in said
    assert "[Enter] right: 0612345678" in said
    assert "[1] 0672345678" in said
    assert max(len(line) for line in said.splitlines()) <= 80
    (first, second) = papier("records", "list", "--json").lines
    assert first["fields"]["telephone"]["value"] == "0612345678"
    assert second["fields"]["motif"]["value"] == []


def test_wrong_keys_wrong_values_and_second_thoughts(papier: Papier, office: tuple[Workspace, Engine]) -> None:
    workspace, engine = office
    two_doubts(engine, workspace)
    # A key that means nothing, a value that cannot be, a right one, taken back, then left.
    left, said = press(workspace, engine, "zttuq", "0612", "06 99 34 56 78")
    assert "This key does nothing here." in said
    assert "does not fit here" in said
    assert left == 2
    assert papier("check", "--list").code == 20


def test_the_person_who_read_it_first_is_not_asked_twice(papier: Papier, office: tuple[Workspace, Engine]) -> None:
    workspace, engine = office
    (sheet,) = print_sheets(workspace, engine, 1)
    file_page(engine, "a", sheet, [doubtful("code", "1234")])
    assert press(workspace, engine, "\r")[0] == 1
    assert press(workspace, engine, "", who="mme roux")[0] == 1
    assert papier("check", "--list").code == 20
    assert press(workspace, engine, "\r", who="M. Martin")[0] == 0
    assert papier("check", "--list").code == 0


def test_scripts_list_answer_and_take_back(papier: Papier, office: tuple[Workspace, Engine]) -> None:
    workspace, engine = office
    two_doubts(engine, workspace)
    listed = papier("check", "--list", "--json")
    assert listed.code == 20
    first, second = listed.lines
    assert first["candidates"][0] == ["0612345678", "0612345678", 0.9]
    assert first["answers"] == ["right", "candidate", "typed", "blank", "unreadable", "ask", "paper"]
    done = papier("check", "--answer", first["key"], "0699345678", "--answer", second["key"], "juste", "--by", "Mme R")
    assert (done.code, done.err) == (0, "")
    assert papier("check", "--answer", first["key"], "0699345678", "--by", "Mme R").code == 0
    refused = papier("check", "--answer", first["key"], "vide", "--by", "M. X")
    assert (refused.code, refused.out) == (9, "")
    assert "settled meanwhile by Mme R" in refused.err
    assert papier("check", "--undo", "--by", "Mme R").code == 20
    assert [json.loads(line)["key"] for line in papier("check", "--list", "--json").out.splitlines()] == [second["key"]]


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("field:99:nom", "x", "There is no item"),
        ("field:1:telephone", "bonjour", "does not fit here: a telephone number of ten digits"),
        ("field:1:telephone", "aside", "is no answer to this"),
    ],
)
def test_a_wrong_answer_says_what_is_wanted(
    papier: Papier, office: tuple[Workspace, Engine], key: str, value: str, why: str
) -> None:
    workspace, engine = office
    two_doubts(engine, workspace)
    refused = papier("check", "--answer", key, value)
    assert (refused.code, refused.out) == (2, "")
    assert why in refused.err


def test_nothing_to_check(papier: Papier) -> None:
    done = papier("check")
    assert (done.code, done.out) == (0, "Nothing waits for a person.\n")


def test_figures_tell_what_was_right_and_how_people_agree(papier: Papier, office: tuple[Workspace, Engine]) -> None:
    workspace, engine = office
    two_doubts(engine, workspace)
    (sheet,) = print_sheets(workspace, engine, 1)
    file_page(engine, "c", sheet, [doubtful("code", "1234", ("1284", 0.3))])
    for key, value, who in (
        ("field:1:telephone", "juste", "A"),
        ("field:2:motif", "autre", "A"),
        ("field:3:code", "juste", "A"),
        ("field:3:code", "1284", "B"),
        ("field:3:code", "1284", "C"),
    ):
        papier("check", "--answer", key, value, "--by", who)
    (told,) = papier("check", "--figures", "--json").lines
    everything = told["kinds"][0]
    assert (everything["answered"], everything["right"], everything["typed"]) == (3, 1, 2)
    assert told["agreement"] == {"pairs": 3, "alike": 1}
    assert dict(told["people"]) == {"A": 3, "B": 1, "C": 1}
    assert "Two people agree in 1 of 3 readings." in papier("check", "--figures").out


def test_learning_without_answers_changes_nothing(papier: Papier) -> None:
    done = papier("learn")
    assert (done.code, done.out) == (0, "There are no answers to learn from yet: papier check\n")
    assert papier("learn", "--undo").out == "Nothing was learned: nothing to undo.\n"
    assert papier("learn", "--dry-run", "--json").lines[0]["lessons"] == []
