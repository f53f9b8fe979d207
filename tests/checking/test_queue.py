"""The queue: what is asked, in which order, and what an answer leaves behind."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import Engine, select

from papier.checking.answers import Answer, AnswerRefusedError, Settled, answer, undo
from papier.checking.item import CheckItem, ItemKind
from papier.checking.queue import find_item, open_items
from papier.errors import UsageError
from papier.records import PageReading, PageStatus, Value
from papier.store.checks import Verdict, field_key
from papier.store.connection import reading, writing
from papier.store.export import to_csv
from papier.store.purge import take_out
from papier.store.records import ScanFile, file_scan, find_first_page, list_records
from papier.store.tables import checks, events
from papier.store.verification import find_damage
from papier.store.workspace import Workspace
from tests.checking.queued import NOON, doubtful, file_page, print_sheets, sure, unclear_boxes


def keys(workspace: Workspace) -> list[str]:
    return [item.key for item in open_items(workspace)]


def only(workspace: Workspace) -> CheckItem:
    (item,) = open_items(workspace)
    return item


def say(
    workspace: Workspace,
    key: str,
    verdict: Verdict,
    value: Value = None,
    who: str = "Mme Roux",
    *,
    insist: bool = False,
) -> Settled:
    return answer(workspace, key, Answer(verdict, value, insist), who=who, now=NOON)


def value_of(engine: Engine, record: int, field: str) -> Value:
    (found,) = list_records(engine, record=record)
    value: Value = found.fields[field]["value"]
    return value


def test_only_what_is_doubtful_is_asked(workspace: Workspace, engine: Engine) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    file_page(engine, "a", sheet, [sure("nom", "LEFEVRE"), doubtful("telephone", "0612345678", ("0672345678", 0.08))])
    item = only(workspace)
    assert (item.kind, item.field, item.label) == (ItemKind.FIELD, "telephone", "Téléphone")
    assert [one.value for one in item.candidates] == ["0612345678", "0672345678"]
    assert item.like.startswith("1/7")
    assert "ten digits" in item.needs
    assert item.reason == "not certain enough"


def test_alike_things_come_together(workspace: Workspace, engine: Engine) -> None:
    sheets = print_sheets(workspace, engine, 4)
    for at, sheet in enumerate(sheets):
        file_page(
            engine,
            f"s{at}",
            sheet,
            [
                doubtful("telephone", "0612345678", ("0672345678", 0.08)),
                unclear_boxes("motif", maladie=0.8, autre=0.1),
                doubtful("nom", "DUPOND", ("DUPONT", 0.2)) if at % 2 else sure("nom", "DUPOND"),
            ],
        )
    likes = [item.like for item in open_items(workspace)]
    assert len(likes) == 10
    # Each group stands in one piece.
    assert len([at for at in range(1, 10) if likes[at] != likes[at - 1]]) == len(set(likes)) - 1


@pytest.mark.parametrize(
    ("verdict", "given", "kept", "state"),
    [
        (Verdict.RIGHT, None, "0612345678", "sure"),
        (Verdict.CANDIDATE, "0672345678", "0672345678", "sure"),
        (Verdict.TYPED, "06 99 34 56 78", "0699345678", "sure"),
        (Verdict.BLANK, None, None, "blank"),
        (Verdict.UNREADABLE, None, None, "unreadable"),
    ],
)
def test_an_answer_stands_in_the_readings_place_and_the_reading_beside_it(
    workspace: Workspace, engine: Engine, verdict: Verdict, given: Value, kept: Value, state: str
) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    record = file_page(engine, "a", sheet, [doubtful("telephone", "0612345678", ("0672345678", 0.08))])
    settled = say(workspace, only(workspace).key, verdict, given)
    assert not settled.open_still
    assert open_items(workspace) == ()
    (found,) = list_records(engine, record=record)
    field = found.fields["telephone"]
    assert (field["value"], field["state"], field["read_by"], field["needs_person"]) == (kept, state, "Mme Roux", False)
    assert field["original"] == {
        "value": "0612345678",
        "state": "doubtful",
        "probability": 0.9,
        "read_by": "papier",
        "reason": "not certain enough",
    }
    assert f"{kept or ''}" in to_csv([found])
    assert find_damage(workspace, engine) == find_damage_but_files(workspace, engine)


def find_damage_but_files(workspace: Workspace, engine: Engine) -> list[str]:
    """The scans of these tests are names only: nothing but their absence may be wrong."""
    found = find_damage(workspace, engine)
    assert all("is missing" in problem for problem in found), found
    return found


@pytest.mark.parametrize(
    ("field", "typed", "why"),
    [
        ("debut", "31/02/2026", "does not exist"),
        ("debut", "bientôt", "does not fit"),
        ("debut", "01/01/1999", "out of the range"),
        ("telephone", "06123", "does not fit"),
        ("telephone", "0012345678", "no French telephone number"),
        ("motif", "grippe", "no box"),
        ("motif", "maladie, autre", "One box at most"),
        ("nom", "  ", "Nothing is typed"),
    ],
)
def test_what_the_field_cannot_hold_is_refused_and_nothing_is_recorded(
    workspace: Workspace, engine: Engine, field: str, typed: str, why: str
) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    one = unclear_boxes("motif", maladie=0.8, autre=0.1) if field == "motif" else doubtful(field, None)
    file_page(engine, "a", sheet, [one])
    key = only(workspace).key
    with pytest.raises(UsageError, match=why):
        say(workspace, key, Verdict.TYPED, typed)
    assert keys(workspace) == [key]
    with reading(engine) as connection:
        assert connection.execute(select(checks)).all() == []


def test_what_stands_so_on_the_paper_is_kept_when_a_person_insists(workspace: Workspace, engine: Engine) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    record = file_page(engine, "a", sheet, [doubtful("debut", None)])
    say(workspace, only(workspace).key, Verdict.TYPED, "01/01/1999", insist=True)
    assert value_of(engine, record, "debut") == "1999-01-01"


def test_the_same_answer_twice_is_one_and_another_one_comes_too_late(workspace: Workspace, engine: Engine) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    file_page(engine, "a", sheet, [doubtful("telephone", "0612345678")])
    key = only(workspace).key
    first = say(workspace, key, Verdict.TYPED, "06 12 34 56 79")
    again = say(workspace, key, Verdict.TYPED, "06 12 34 56 79")
    assert (again.again, again.check) == (True, first.check)
    with pytest.raises(AnswerRefusedError, match="settled meanwhile by Mme Roux"):
        say(workspace, key, Verdict.RIGHT, who="M. Martin")
    with reading(engine) as connection:
        assert len(connection.execute(select(checks)).all()) == 1
        assert len(connection.execute(select(events).where(events.c.kind == "checked")).all()) == 1


def test_an_answer_is_taken_back(workspace: Workspace, engine: Engine) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    record = file_page(engine, "a", sheet, [doubtful("telephone", "0612345678")])
    key = only(workspace).key
    say(workspace, key, Verdict.BLANK)
    assert value_of(engine, record, "telephone") is None
    undo(workspace, who="Mme Roux", now=NOON)
    assert keys(workspace) == [key]
    assert value_of(engine, record, "telephone") == "0612345678"
    with pytest.raises(UsageError, match="no answer to take back"):
        undo(workspace, who="Mme Roux", now=NOON)
    say(workspace, key, Verdict.RIGHT)
    assert keys(workspace) == []
    find_damage_but_files(workspace, engine)


def test_two_pairs_of_eyes(workspace: Workspace, engine: Engine) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    record = file_page(engine, "a", sheet, [doubtful("code", "1234", ("1284", 0.3))])
    item = only(workspace)
    assert item.eyes == 2
    assert say(workspace, item.key, Verdict.RIGHT).open_still
    with pytest.raises(AnswerRefusedError, match="another person"):
        say(workspace, item.key, Verdict.CANDIDATE, "1284", who="mme roux")
    assert say(workspace, item.key, Verdict.CANDIDATE, "1284", who="M. Martin").open_still
    assert [check.who for check in only(workspace).seen] == ["Mme Roux", "M. Martin"]
    assert not say(workspace, item.key, Verdict.CANDIDATE, "1284", who="Mme Petit").open_still
    assert value_of(engine, record, "code") == "1284"


def test_a_field_that_another_scan_says_is_not_asked(workspace: Workspace, engine: Engine) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    file_page(engine, "a", sheet, [doubtful("telephone", "0612345678"), doubtful("nom", "DUPOND")])
    file_page(engine, "b", sheet, [sure("telephone", "0612345678"), doubtful("nom", "DUPONT")])
    item = only(workspace)
    assert (item.field, item.record) == ("nom", 2)


def test_a_blank_copy_of_a_sheet_does_not_hide_what_is_doubtful_on_it(workspace: Workspace, engine: Engine) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    file_page(engine, "a", sheet, [doubtful("telephone", "0612345678", ("0672345678", 0.08))])
    file_page(engine, "b", sheet, [doubtful("telephone", None)])
    item = only(workspace)
    assert (item.record, item.value) == (1, "0612345678")
    say(workspace, item.key, Verdict.RIGHT)
    assert open_items(workspace) == ()


def test_two_scans_that_contradict_each_other_are_asked_once(workspace: Workspace, engine: Engine) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    file_page(engine, "a", sheet, [sure("telephone", "0612345678")])
    file_page(engine, "b", sheet, [sure("telephone", "0612345679"), sure("nom", "AJOUT")])
    item = only(workspace)
    assert (item.kind, item.field) == (ItemKind.CONFLICT, "telephone")
    assert [one.value for one in item.candidates] == ["0612345678", "0612345679"]
    say(workspace, item.key, Verdict.CANDIDATE, "0612345679")
    assert open_items(workspace) == ()
    assert [value_of(engine, record, "telephone") for record in (1, 2)] == ["0612345679", "0612345679"]
    undo(workspace, who="Mme Roux", now=NOON)
    assert only(workspace).key == item.key


def test_a_page_set_aside_and_a_blank_back(workspace: Workspace, engine: Engine) -> None:
    file_page(engine, "a", None, [], form=None, version=None, page=None, status=PageStatus.UNKNOWN, reason="blank page")
    file_page(engine, "b", None, [], form=None, version=None, page=None, status=PageStatus.DAMAGED, reason="torn")
    item = only(workspace)
    assert item.kind is ItemKind.PAGE
    say(workspace, item.key, Verdict.ASIDE)
    assert open_items(workspace) == ()


def test_a_sheet_without_a_number_gets_it(workspace: Workspace, engine: Engine) -> None:
    one, other = print_sheets(workspace, engine, 2)
    record = file_page(engine, "a", None, [sure("nom", "X")])
    item = only(workspace)
    assert item.kind is ItemKind.ORPHAN
    assert [candidate.value for candidate in item.candidates] == [one, other]
    with pytest.raises(UsageError, match="no number"):
        say(workspace, item.key, Verdict.TYPED, "AAAA-BBBB-CCCC")
    say(workspace, item.key, Verdict.TYPED, other.lower().replace("-", " "))
    assert list_records(engine, record=record)[0].sheet == other
    assert open_items(workspace) == ()


def test_what_waits_for_its_paper_goes_to_the_end(workspace: Workspace, engine: Engine) -> None:
    sheets = print_sheets(workspace, engine, 2)
    for at, sheet in enumerate(sheets):
        file_page(engine, f"s{at}", sheet, [doubtful("telephone", "0612345678")])
    first, second = open_items(workspace)
    settled = say(workspace, first.key, Verdict.PAPER)
    assert settled.place is not None
    assert first.sheet is not None
    assert f"s{sheets.index(first.sheet)}.pdf" in settled.place
    assert keys(workspace) == [second.key, first.key]
    say(workspace, first.key, Verdict.RIGHT)
    assert keys(workspace) == [second.key]


def test_a_purge_takes_out_what_people_said(workspace: Workspace, engine: Engine) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    record = file_page(engine, "a", sheet, [doubtful("telephone", None)])
    say(workspace, only(workspace).key, Verdict.TYPED, "06 99 34 56 78")
    with writing(engine) as connection:
        take_out(connection, [record], {}, NOON + dt.timedelta(1), "essai")
    with reading(engine) as connection:
        kept = [row.value for row in connection.execute(select(checks))]
        told = " ".join(row.data for row in connection.execute(select(events)))
    assert kept == [None]
    assert "0699345678" not in told
    assert open_items(workspace) == ()
    find_damage_but_files(workspace, engine)


def test_an_item_looked_up_is_the_item_listed(workspace: Workspace, engine: Engine) -> None:
    one, other, third = print_sheets(workspace, engine, 3)
    file_page(engine, "a", one, [doubtful("telephone", "0612345678"), doubtful("nom", "DUPOND")])
    file_page(engine, "b", one, [sure("telephone", "0612345679"), doubtful("nom", "DUPONT")])
    file_page(engine, "c", other, [sure("telephone", "0612345678"), doubtful("code", "1234")])
    file_page(engine, "d", other, [sure("telephone", "0612345679")])
    file_page(engine, "e", None, [doubtful("nom", "X")])
    file_page(engine, "f", None, [], form=None, version=None, page=None, status=PageStatus.DAMAGED, reason="torn")
    say(workspace, field_key(3, "code"), Verdict.RIGHT)
    listed = open_items(workspace)
    assert {item.kind for item in listed} == set(ItemKind) - {ItemKind.TWO_ANSWERS, ItemKind.BLANK}
    with reading(engine) as connection:
        assert [find_item(connection, item.key) for item in listed] == list(listed)
        assert find_item(connection, "field:1:nom") is None
        assert find_item(connection, f"field:{'9' * 40}:nom") is None
    assert third not in {item.sheet for item in listed}


def test_a_record_is_shown_by_its_first_page_whichever_was_scanned_first(workspace: Workspace, engine: Engine) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    pages_read = [
        PageReading("a.pdf", at, PageStatus.READ, "carnet/essai", 1, sheet, page) for at, page in enumerate((2, 1), 1)
    ]
    filed = file_scan(engine, ScanFile("a".ljust(64, "0"), "a.pdf", ".pdf", 12), pages_read, NOON)
    assert filed is not None
    (record,) = {page.record for page in filed}
    assert record is not None
    with reading(engine) as connection:
        found = find_first_page(connection, record)
        assert found is not None
        assert found[1] == 1
        assert find_first_page(connection, record + 1) is None
