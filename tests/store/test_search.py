"""Search: what is said is found, whoever wrote it, and what is gone is not."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from papier.errors import StoreError, UsageError
from papier.retention import purge
from papier.store.checks import Verdict, field_key, take_back, write_check
from papier.store.connection import writing
from papier.store.records import file_scan
from papier.store.search import match_query, remake_index, search
from papier.store.search_index import Kind, all_entries, find_index_fault
from papier.store.tables import readings, records, sheets
from papier.store.verification import find_damage
from papier.store.workspace import Workspace
from tests.store.conftest import NOON
from tests.store.test_store import print_three, reading, scan_file


def file_one(engine: Engine, sheet: str | None, value: str, name: str = "a") -> int:
    filed = file_scan(engine, scan_file(name), [reading(sheet, value=value)], NOON)
    assert filed is not None
    assert filed[0].record is not None
    return filed[0].record


def numbers(engine: Engine, words: str) -> list[int]:
    return [hit.reference for hit in search(engine, words).hits]


@pytest.mark.parametrize(
    "words",
    ["lefevre", "LEFÈVRE", "Lefévre", "lefe", '"mme lefevre"', "coeur", "cœur", "COEUR", "lefevre coeur", "l'hopital"],
)
def test_what_a_record_says_is_found_however_it_is_spelt(workspace: Workspace, engine: Engine, words: str) -> None:
    sheet = print_three(workspace, engine)[0]
    record = file_one(engine, sheet, "Mme Lefèvre, maladie de cœur, à l’hôpital")
    assert numbers(engine, words) == [record]


@pytest.mark.parametrize("words", ["dupont", '"lefevre mme"', "fevre", "lefevre dupont", "ma"])
def test_what_it_does_not_say_is_not(workspace: Workspace, engine: Engine, words: str) -> None:
    file_one(engine, print_three(workspace, engine)[0], "Mme Lefèvre, maladie de cœur")
    assert numbers(engine, words) == []


def test_a_record_is_found_by_its_number_and_by_whom_it_was_printed_for(workspace: Workspace, engine: Engine) -> None:
    sheet = print_three(workspace, engine)[2]
    record = file_one(engine, sheet, "x")
    assert numbers(engine, sheet) == numbers(engine, "chloe") == [record]
    hit = search(engine, "chloe").hits[0]
    assert (hit.kind, hit.day, hit.title) == (Kind.RECORD, "2026-11-23", "Essai · Chloé")
    assert ("Chloé", True) in hit.excerpt


def test_the_index_follows_every_writer_in_the_same_transaction(workspace: Workspace, engine: Engine) -> None:
    sheet = print_three(workspace, engine)[0]
    record = file_one(engine, sheet, "avant")
    with writing(engine) as connection:
        connection.execute(
            readings.update().where(readings.c.record == record, readings.c.field == "champ1").values(value='"après"')
        )
    assert (numbers(engine, "apres"), numbers(engine, "avant")) == ([record], [])
    with writing(engine) as connection:
        connection.execute(sheets.update().where(sheets.c.number == sheet).values(person='{"nom": "Zoé"}'))
    assert (numbers(engine, "zoe"), numbers(engine, "anne")) == ([record], [])
    with pytest.raises(StoreError), writing(engine) as connection:  # noqa: PT012 - the second statement is refused
        connection.execute(readings.update().values(value='"jamais"'))
        connection.execute(records.insert().values(record=record))
    assert (numbers(engine, "jamais"), numbers(engine, "apres")) == ([], [record])


def test_a_purge_leaves_no_word_in_the_index(workspace: Workspace, engine: Engine) -> None:
    sheet = print_three(workspace, engine)[0]
    record = file_one(engine, sheet, "Zéphyrin")
    file_one(engine, None, "Wandrille", "b")
    with writing(engine) as connection:
        connection.execute(records.update().where(records.c.record == record).values(flag=None))
    scan = workspace.archive / scan_file("a").sha256[:2] / f"{scan_file('a').sha256}.pdf"
    scan.parent.mkdir(parents=True)
    scan.write_bytes(b"x")
    purge(workspace, engine, [record], NOON, "test")
    assert numbers(engine, "zephyrin") == []
    assert len(numbers(engine, "wandrille")) == 1
    engine.dispose()
    with closing(sqlite3.connect(workspace.database)) as raw:
        raw.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, search, row)")
        words = {row[0] for row in raw.execute("SELECT term FROM words")}
    assert "wandrille" in words
    assert not {"zephyrin", "anne"} & words


def test_verify_finds_an_index_that_was_tampered_with_and_it_is_made_anew(workspace: Workspace, engine: Engine) -> None:
    file_one(engine, print_three(workspace, engine)[0], "Zéphyrin")
    whole = [problem for problem in find_damage(workspace, engine) if "index" in problem]
    for damage in (
        "UPDATE search_content SET c2 = 'autre'",
        "UPDATE search_data SET block = x'0011' WHERE id > 10",
        "DELETE FROM search_content",
    ):
        with closing(sqlite3.connect(workspace.database)) as raw, raw:
            raw.execute(damage)
        assert any("papier search --rebuild" in problem for problem in find_damage(workspace, engine)), damage
        assert remake_index(engine) == 1
        assert whole == [problem for problem in find_damage(workspace, engine) if "index" in problem] == []
    assert len(numbers(engine, "zephyrin")) == 1


def test_the_best_comes_first_and_pages_go_on(workspace: Workspace, engine: Engine) -> None:
    sheet = print_three(workspace, engine)[0]
    named = file_one(engine, sheet, "bonjour", "a")
    told = [file_one(engine, None, f"vu Anne hier {at}", f"b{at}") for at in range(4)]
    found = search(engine, "anne", limit=3)
    assert found.total == 5
    assert found.hits[0].reference == named
    rest = search(engine, "anne", limit=3, offset=3)
    assert {hit.reference for hit in (*found.hits, *rest.hits)} == {named, *told}
    assert search(engine, "anne", kinds=[Kind.CASE]).total == 0


def test_nothing_to_look_for_is_told() -> None:
    for words in ("", "  ", "--", '""', "*"):
        with pytest.raises(UsageError, match="no word"):
            match_query(words)


@given(st.text(min_size=1))
def test_no_words_break_the_query(words: str) -> None:
    with closing(sqlite3.connect(":memory:")) as raw:
        raw.execute("CREATE VIRTUAL TABLE search USING fts5(body)")
        try:
            query = match_query(words)
        except UsageError:
            return
        raw.execute("SELECT * FROM search WHERE search MATCH ?", (query,)).fetchall()


def test_the_index_is_what_the_store_says(workspace: Workspace, engine: Engine) -> None:
    for at, sheet in enumerate(print_three(workspace, engine)):
        file_scan(engine, scan_file(f"s{at}"), [reading(sheet, 1), reading(sheet, 2, source_page=2)], NOON)
    with closing(sqlite3.connect(workspace.database)) as raw:
        held = raw.execute("SELECT rowid, day, title, body FROM search ORDER BY rowid").fetchall()
        assert held == [entry.row() for entry in all_entries(raw)]
        assert len(held) == 3


def test_what_a_person_said_in_a_readings_stead_is_found(workspace: Workspace, engine: Engine) -> None:
    record = file_one(engine, print_three(workspace, engine)[0], "Lefebvre")
    with writing(engine) as connection:
        key = field_key(record, "champ1")
        check = write_check(
            connection, NOON, key, Verdict.TYPED, "Lefèvre", who="Léa", via="x", settles=True, record=record,
            field="champ1",
        )  # fmt: skip
    assert (numbers(engine, "lefevre"), numbers(engine, "lefebvre")) == ([record], [])
    with writing(engine) as connection:
        take_back(connection, NOON, check, "Léa")
    assert (numbers(engine, "lefevre"), numbers(engine, "lefebvre")) == ([], [record])


def test_verify_beside_a_writer_finds_no_fault_in_the_index(workspace: Workspace, engine: Engine) -> None:
    sheets_ = print_three(workspace, engine)
    file_one(engine, sheets_[0], "avant")
    with closing(sqlite3.connect(workspace.database, isolation_level=None)) as raw:
        raw.execute("BEGIN")
        raw.execute("SELECT count(*) FROM search").fetchone()
        # Another papier files meanwhile: this view of the store is no longer the newest, and cannot be written to.
        file_one(engine, sheets_[1], "après", "b")
        assert find_index_fault(raw) is None


def test_of_common_words_the_newest_come_first_page_by_page(
    workspace: Workspace, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [
        file_one(engine, sheet, "commun", name)
        for sheet, name in zip(print_three(workspace, engine), "abc", strict=True)
    ]
    best = [hit.reference for hit in search(engine, "commun").hits]
    assert sorted(best) == made
    monkeypatch.setattr("papier.store.search.MOST_RANKED", 2)
    found = search(engine, "commun")
    assert ([hit.reference for hit in found.hits], found.total, found.ranked) == (made[::-1], 3, False)
    assert all(("commun", True) in hit.excerpt for hit in found.hits)
    pages = [search(engine, "commun", limit=1, offset=at).hits for at in range(4)]
    assert [hit.reference for page in pages for hit in page] == made[::-1]
    assert [hit.reference for hit in search(engine, "commun", [Kind.RECORD]).hits] == made[::-1]
    assert search(engine, "commun", [Kind.CASE]).total == 0
