"""The store: numbers, records, events and the archive, on a real SQLite file."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from papier.errors import StoreError, UsageError
from papier.forms.definition import Demand
from papier.forms.layout import Layout, LayoutPage, Zone
from papier.geometry import RectMm
from papier.records import FieldReading, OptionReading, OptionState, PageReading, PageStatus, State
from papier.store.archive import hash_file, keep_file
from papier.store.connection import connect, writing
from papier.store.events import append_event
from papier.store.export import to_csv, to_json
from papier.store.migrations import MIGRATIONS, migrate
from papier.store.records import ScanFile, count_pages, file_scan, list_records
from papier.store.sheets import SheetOrder, StoreRegister, find_outstanding, mark_printed, number_sheets, void_run
from papier.store.verification import find_damage
from papier.store.workspace import Workspace, create_workspace, open_workspace
from tests.store.conftest import NOON

LAYOUT = Layout(
    form="carnet/essai",
    version=1,
    title="Essai",
    size_mm=(148.0, 210.0),
    pages=tuple(
        LayoutPage(page, (Zone("nom", "comb", RectMm(20, 20, 6, 8), content="letters", cells=(RectMm(20, 20, 6, 8),)),))
        for page in (1, 2)
    ),
    demands={"nom": Demand(required=True, choices=("É",))},
)


def print_three(workspace: Workspace, engine: Engine) -> list[str]:
    orders = [SheetOrder(LAYOUT, b"%PDF face", {"nom": "LEFÈVRE"}, {"nom": name}) for name in ("Anne", "Béa", "Chloé")]
    run, numbers = number_sheets(workspace, engine, orders, NOON, "x.pdf")
    mark_printed(engine, run, NOON, "x.pdf")
    return numbers


def reading(sheet: str | None, page: int = 1, value: str = "0612345678", source_page: int = 1) -> PageReading:
    fields = {
        f"champ{page}": FieldReading(f"champ{page}", "comb", value, State.SURE, 0.9999, rect=RectMm(1, 2, 3, 4)),
        f"choix{page}": FieldReading(
            f"choix{page}",
            "tick",
            ["oui"],
            State.DOUBTFUL,
            0.7,
            options={"oui": OptionReading(OptionState.TICKED, 0.7)},
            needs_person=True,
        ),
    }
    return PageReading("scan.pdf", source_page, PageStatus.READ, "carnet/essai", 1, sheet, page, fields=fields)


def scan_file(name: str) -> ScanFile:
    return ScanFile(name.ljust(64, "0"), f"{name}.pdf", ".pdf", 12)


def test_workspace_is_private_and_opened_again_with_the_same_key(workspace: Workspace) -> None:
    assert open_workspace(workspace.folder).key == workspace.key
    assert create_workspace(workspace.folder).key == workspace.key
    if os.name == "posix":
        assert stat.S_IMODE(workspace.folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((workspace.folder / "key").stat().st_mode) == 0o600


def test_missing_workspace_and_damaged_key_are_told(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="init"):
        open_workspace(tmp_path / "nowhere")
    (workspace.folder / "key").write_text("00ff\n")
    with pytest.raises(StoreError, match="damaged"):
        open_workspace(workspace.folder)


def test_numbers_are_never_given_twice(workspace: Workspace, engine: Engine) -> None:
    first, second = print_three(workspace, engine), print_three(workspace, engine)
    assert len(set(first + second)) == 6


def test_a_sheet_is_found_with_its_frozen_layout(workspace: Workspace, engine: Engine) -> None:
    numbers = print_three(workspace, engine)
    sheet = StoreRegister(workspace).find_sheet(numbers[1])
    assert sheet is not None
    assert sheet.form.layout == LAYOUT
    assert sheet.form.face == b"%PDF face"
    assert sheet.prefilled == {"nom": "LEFÈVRE"}
    assert StoreRegister(workspace).find_sheet("0000-0000-0000") is None


def order_for(name: str | None, prefilled: bool = False) -> SheetOrder:
    layout = replace(LAYOUT, demands={"nom": Demand(roster="nom")})
    layout = replace(
        layout,
        pages=tuple(
            replace(page, zones=tuple(replace(zone, cells=zone.cells * 12) for zone in page.zones))
            for page in layout.pages
        ),
    )
    return SheetOrder(layout, b"%PDF face", {"nom": name} if name and prefilled else {}, {"nom": name} if name else {})


def test_the_reader_is_told_whom_a_sheet_was_printed_for(workspace: Workspace, engine: Engine) -> None:
    orders = [order_for("Lefèvre"), order_for("Martin"), order_for(None), order_for("Petit", prefilled=True)]
    _, numbers = number_sheets(workspace, engine, orders, NOON, "x.pdf")
    register = StoreRegister(workspace)
    known = [sheet.known_values for sheet in map(register.find_sheet, numbers) if sheet is not None]
    assert known[0] == {"nom": ("LEFÈVRE",)}
    assert known[1] == {"nom": ("MARTIN",)}
    assert {name: set(values) for name, values in known[2].items()} == {"nom": {"LEFÈVRE", "MARTIN", "PETIT"}}
    assert known[3] == {}


def test_the_reader_is_told_which_values_belong_to_one_person(workspace: Workspace, engine: Engine) -> None:
    order = order_for(None)
    page = order.layout.pages[0]
    zone = next(zone for zone in page.zones if zone.field == "nom")
    places = ("nom", "prenom", "t.r1.nom", "t.r1.prenom", "t.r2.nom")
    zones = tuple(replace(zone, field=name, content="letters") for name in places)
    demands = {name: Demand(roster=name.rpartition(".")[2]) for name in places}
    layout = replace(order.layout, pages=(replace(page, zones=zones),), demands=demands)
    people: list[dict[str, str]] = [{"nom": "Lefèvre", "prenom": "Anne"}, {"nom": "Petit", "prenom": "Zoé"}, {}]
    orders = [replace(order, layout=layout, person=person) for person in people]
    _, numbers = number_sheets(workspace, engine, orders, NOON, "x.pdf")
    register = StoreRegister(workspace)
    one, _, blank = (register.find_sheet(number) for number in numbers)
    assert one is not None
    assert blank is not None
    assert one.people[0] == ({"nom": "LEFÈVRE", "prenom": "ANNE"},)
    outside, first_row = blank.people  # the second row has one column only
    assert {tuple(row.values()) for row in outside} == {("LEFÈVRE", "ANNE"), ("PETIT", "ZOÉ")}
    assert {"t.r1.nom", "t.r1.prenom"} == set(first_row[0])


def test_the_people_of_a_voided_run_are_not_expected(workspace: Workspace, engine: Engine) -> None:
    run, _ = number_sheets(workspace, engine, [order_for("Martin")], NOON, "x.pdf")
    void_run(engine, run, NOON, "spoiled")
    _, numbers = number_sheets(workspace, engine, [order_for(None)], NOON, "y.pdf")
    sheet = StoreRegister(workspace).find_sheet(numbers[0])
    assert sheet is not None
    assert sheet.known_values == {}


def test_outstanding_sheets_are_those_without_a_record(workspace: Workspace, engine: Engine) -> None:
    numbers = print_three(workspace, engine)
    file_scan(engine, scan_file("a"), [reading(numbers[1])], NOON)
    assert [sheet.person["nom"] for sheet in find_outstanding(engine)] == ["Anne", "Chloé"]
    assert find_outstanding(engine, form="carnet/autre") == []


@pytest.mark.parametrize(
    ("form", "inside"),
    [
        ("bureau/verification", True), ("bureau/journee", True), ("papier/ordres", True),
        ("bureau/precision", False), ("carnet/absence", False), ("papier/ecriture", False),
    ],
)  # fmt: skip
def test_sheets_that_the_office_holds_itself_are_told_apart(
    workspace: Workspace, engine: Engine, form: str, inside: bool
) -> None:
    run, _ = number_sheets(workspace, engine, [SheetOrder(replace(LAYOUT, form=form), b"x")], NOON, None)
    mark_printed(engine, run, NOON, None)
    assert [sheet.stays_inside for sheet in find_outstanding(engine)] == [inside]


def test_a_voided_run_is_not_expected_back(workspace: Workspace, engine: Engine) -> None:
    print_three(workspace, engine)
    void_run(engine, 1, NOON, "paper jam")
    assert find_outstanding(engine) == []


def test_the_same_scan_is_filed_once(workspace: Workspace, engine: Engine) -> None:
    numbers = print_three(workspace, engine)
    assert file_scan(engine, scan_file("a"), [reading(numbers[0])], NOON) is not None
    assert file_scan(engine, scan_file("a"), [reading(numbers[0])], NOON) is None
    assert len(list_records(engine)) == 1


def test_two_pages_of_a_sheet_in_two_scans_are_one_record(workspace: Workspace, engine: Engine) -> None:
    numbers = print_three(workspace, engine)
    file_scan(engine, scan_file("a"), [reading(numbers[0], page=2)], NOON)
    file_scan(engine, scan_file("b"), [reading(numbers[0], page=1)], NOON)
    (record,) = list_records(engine)
    assert list(record.fields) == ["champ2", "choix2", "champ1", "choix1"]
    assert len(record.pages) == 2


def test_a_second_different_scan_stands_beside_the_first_flagged(workspace: Workspace, engine: Engine) -> None:
    numbers = print_three(workspace, engine)
    file_scan(engine, scan_file("a"), [reading(numbers[0], value="UN")], NOON)
    file_scan(engine, scan_file("b"), [reading(numbers[0], value="DEUX")], NOON)
    first, second = list_records(engine)
    assert (first.revision, second.revision) == (1, 2)
    assert first.flag is None
    assert second.flag is not None
    assert first.fields["champ1"]["value"] == "UN"


def test_each_copy_of_a_master_is_its_own_record(workspace: Workspace, engine: Engine) -> None:
    run, (number,) = number_sheets(workspace, engine, [SheetOrder(LAYOUT, b"x", master=True)], NOON, None)
    mark_printed(engine, run, NOON, None)
    readings = [reading(number, 1, source_page=1), reading(number, 2, source_page=2), reading(number, 1, source_page=3)]
    file_scan(engine, scan_file("a"), readings, NOON)
    found = list_records(engine)
    assert [len(record.pages) for record in found] == [2, 1]
    assert all(record.flag is None for record in found)
    assert find_outstanding(engine) == []


def test_every_page_is_counted(workspace: Workspace, engine: Engine) -> None:
    numbers = print_three(workspace, engine)
    pages = [
        reading(numbers[0]),
        PageReading("scan.pdf", 2, PageStatus.UNKNOWN, reason="blank page"),
        PageReading("scan.pdf", 3, PageStatus.DAMAGED, reason="truncated"),
    ]
    file_scan(engine, scan_file("a"), pages, NOON)
    assert count_pages(engine) == {"read": 1, "unknown": 1, "damaged": 1}


def test_a_failing_scan_leaves_nothing_behind(workspace: Workspace, engine: Engine) -> None:
    numbers = print_three(workspace, engine)
    twice = [reading(numbers[0]), reading(numbers[0])]  # the same page of the same scan: refused by the store
    with pytest.raises(StoreError):
        file_scan(engine, scan_file("a"), twice, NOON)
    assert list_records(engine) == []
    assert count_pages(engine) == {}


def test_csv_opens_with_accents_and_leading_zeros_and_no_formula(workspace: Workspace, engine: Engine) -> None:
    numbers = print_three(workspace, engine)
    file_scan(engine, scan_file("a"), [reading(numbers[0], value="0612345678")], NOON)
    file_scan(engine, scan_file("b"), [reading(numbers[1], value='=HYPERLINK("http://x")')], NOON)
    file_scan(engine, scan_file("c"), [reading(numbers[2], value="É;\nÈ")], NOON)
    text = to_csv(list_records(engine))
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text[1:]), delimiter=";"))
    assert [row["champ1"] for row in rows] == ["'0612345678", '\'=HYPERLINK("http://x")', "É;\nÈ"]
    assert rows[1]["roster.nom"] == "Béa"
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert json.loads(to_json(list_records(engine)))[0]["fields"]["champ1"]["value"] == "0612345678"


def test_two_writers_take_turns(workspace: Workspace, engine: Engine) -> None:
    other = connect(workspace, busy_seconds=0.2)
    with writing(engine), pytest.raises(StoreError, match="busy"), writing(other):
        pass
    other.dispose()


def test_a_store_of_a_later_papier_is_refused(workspace: Workspace, engine: Engine) -> None:
    engine.dispose()
    with sqlite3.connect(workspace.database) as connection:
        connection.execute("INSERT INTO migrations VALUES (99, 'later', '2030')")
    connection.close()
    with pytest.raises(StoreError, match="later papier"):
        migrate(engine, NOON)


def test_archive_keeps_a_file_whole_and_refuses_one_that_changes(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "scan.pdf"
    source.write_bytes(b"paper")
    digest = hash_file(source)
    kept = keep_file(source, workspace, digest, ".pdf")
    assert kept.read_bytes() == b"paper"
    source.write_bytes(b"other")
    assert keep_file(source, workspace, digest, ".pdf") == kept  # there already: the source is not needed
    kept.unlink()
    with pytest.raises(StoreError, match="changed"):
        keep_file(source, workspace, digest, ".pdf")
    assert list(workspace.archive.glob("*/*")) == []


def _whole(workspace: Workspace, engine: Engine, tmp_path: Path) -> Path:
    numbers = print_three(workspace, engine)
    source = tmp_path / "scan.pdf"
    source.write_bytes(b"paper")
    digest = hash_file(source)
    kept = keep_file(source, workspace, digest, ".pdf")
    file_scan(engine, ScanFile(digest, "scan.pdf", ".pdf", 5), [reading(numbers[0])], NOON)
    return kept


def test_verify_finds_a_flipped_bit_a_missing_file_and_an_orphan(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    kept = _whole(workspace, engine, tmp_path)
    assert find_damage(workspace, engine) == []
    kept.write_bytes(b"pbper")
    assert any("changed" in problem for problem in find_damage(workspace, engine))
    kept.unlink()
    assert any("missing" in problem for problem in find_damage(workspace, engine))
    orphan = kept.with_name("f" * 64 + ".pdf")
    orphan.write_bytes(b"?")
    assert any("no record knows" in problem for problem in find_damage(workspace, engine))


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE events SET data = replace(data, '3', '4') WHERE seq = 1",
        "UPDATE events SET at = '2020-01-01' WHERE seq = 2",
        "DELETE FROM events WHERE seq = 2",
    ],
)
def test_verify_finds_an_edited_event(workspace: Workspace, engine: Engine, tmp_path: Path, damage: str) -> None:
    _whole(workspace, engine, tmp_path)
    with writing(engine) as connection:
        append_event(connection, NOON, "closed", {})
    engine.dispose()
    with sqlite3.connect(workspace.database) as raw:
        assert raw.execute(damage).rowcount == 1
    raw.close()
    assert any("chain" in problem for problem in find_damage(workspace, engine))


def test_migrations_are_numbered_one_after_the_other() -> None:
    assert [number for number, _, _ in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
