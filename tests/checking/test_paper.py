"""Sheets of corrections: from the queue to paper, through pen and scanner, and back into the records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from papier.checking.answers import Answer, answer
from papier.checking.paper import came_back, may_show, print_corrections, shape_of
from papier.checking.queue import open_items
from papier.cli.check_terminal import describe
from papier.forms.correction_sheet import RowShape, lay_out_corrections
from papier.forms.definition import CombContent
from papier.geometry import bounding_rect
from papier.records import FieldReading, State, Value
from papier.store.checks import Verdict
from papier.store.connection import connect, reading, writing
from papier.store.purge import take_out
from papier.store.records import list_records
from papier.store.settling import correction_rows
from papier.store.tables import checks, row_sheets
from papier.store.workspace import Workspace, open_workspace
from simulator.scanner import ScannedImage
from tests.checking.queued import NOON, doubtful, file_page, print_sheets, sure, unclear_boxes
from tests.scenarios.office import Office
from tests.scenarios.test_school_month import PUPILS, absence

TRUTH: Mapping[str, Value] = {"debut": "2027-03-01", "fin": "2027-03-02", "date": "2027-03-02", "motif": ["maladie"]}


def rows_of(engine: Engine, sheet: str) -> list[Any]:
    with reading(engine) as connection:
        return correction_rows(
            connection.execute(select(row_sheets.c.rows).where(row_sheets.c.sheet == sheet)).scalar_one()
        )


def boxes(**ticked: str) -> list[FieldReading]:
    """Rows of a sheet of corrections as intake reads them: a box for sure, or in doubt where it ends in "?"."""
    return [
        FieldReading(
            f"{row}.suite",
            "tick",
            [box.removesuffix("?")],
            State.DOUBTFUL if box.endswith("?") else State.SURE,
            0.7 if box.endswith("?") else 0.9999,
            needs_person=box.endswith("?"),
        )
        for row, box in ticked.items()
    ]


def signed(value: bool | None = True) -> FieldReading:
    state = State.DOUBTFUL if value is None else State.SURE if value else State.BLANK
    return FieldReading(
        "visa", "signature", bool(value), state, 0.7 if value is None else 0.999, needs_person=not value
    )


def written(row: str, value: str) -> FieldReading:
    return FieldReading(f"{row}.valeur", "comb", value, State.SURE, 0.9999)


def come_back(engine: Engine, scan: str, sheet: str, fields: Sequence[FieldReading]) -> None:
    file_page(engine, scan, sheet, fields, form="bureau/verification")


@pytest.fixture
def one_sheet(workspace: Workspace, engine: Engine) -> str:
    """Three doubts on one sheet of corrections: a telephone number, boxes, a date."""
    (sheet,) = print_sheets(workspace, engine, 1)
    doubts = [
        doubtful("telephone", "0612345678", ("0672345678", 0.08)),
        unclear_boxes("motif", maladie=0.8, autre=0.1),
        doubtful("debut", "2026-11-21", ("2026-11-27", 0.1)),
    ]
    file_page(engine, "a", sheet, doubts)
    printed = print_corrections(workspace, engine, NOON, workspace.printed / "v.pdf")
    assert len(printed.items) == 3
    (number,) = printed.numbers
    assert [row.question.field for row in rows_of(engine, number)] == ["motif", "debut", "telephone"]
    return number


def values(engine: Engine) -> dict[str, Value]:
    return {name: field["value"] for name, field in list_records(engine, record=1)[0].fields.items()}


def open_fields(workspace: Workspace) -> list[str]:
    return sorted(item.field or "" for item in open_items(workspace) if item.form == "carnet/essai")


def test_rows_stand_apart_and_on_the_page() -> None:
    shapes = [RowShape(2, CombContent.DATE, 8), RowShape(4), RowShape(0, CombContent.LETTERS, 30), RowShape(1)] * 3
    sheet = lay_out_corrections(shapes)
    page = sheet.layout.pages[0]
    assert 3 <= len(sheet.pictures) < len(shapes)
    for at, picture in enumerate(sheet.pictures, 1):
        own = [zone.rect for zone in page.zones if zone.field.startswith(f"r{at:02d}.")]
        assert not any(picture.overlaps(zone.rect) for zone in page.zones)
        assert all(not bounding_rect([picture, *own]).overlaps(other) for other in sheet.pictures[at:])
    rects = [zone.rect for zone in page.zones]
    assert not any(one.overlaps(other) for i, one in enumerate(rects) for other in rects[i + 1 :])
    assert all(rect.right <= 200 and rect.bottom <= 284 for rect in rects)


def test_what_is_ticked_and_signed_is_settled_once(workspace: Workspace, engine: Engine, one_sheet: str) -> None:
    fields = [*boxes(r01="juste", r02="a"), written("r03", "0699345678"), signed()]
    come_back(engine, "b", one_sheet, fields)
    assert values(engine) == {"telephone": "0699345678", "motif": ["maladie"], "debut": "2026-11-27"}
    assert open_items(workspace) == ()
    # A photocopy that says something else, scanned later, changes nothing.
    come_back(engine, "c", one_sheet, [*boxes(r01="vide", r02="juste"), signed()])
    assert values(engine)["motif"] == ["maladie"]
    with reading(engine) as connection:
        kept = connection.execute(select(checks.c.who, checks.c.via)).all()
    assert [tuple(row) for row in kept] == [(f"visa, feuille {one_sheet}", f"feuille {one_sheet}")] * 3


def test_an_unsigned_sheet_says_nothing_until_a_person_sees_the_signature(
    workspace: Workspace, engine: Engine, one_sheet: str
) -> None:
    come_back(engine, "b", one_sheet, [*boxes(r01="juste"), signed(False)])
    assert open_fields(workspace) == ["debut", "motif", "telephone"]
    (told,) = came_back(engine, [one_sheet])
    assert (told.signed, told.settled, told.open) == (False, 0, 3)
    visa = next(item for item in open_items(workspace) if item.field == "visa")
    answer(workspace, visa.key, Answer(Verdict.TYPED, "oui"), who="Mme Roux", now=NOON)
    assert values(engine)["motif"] == ["maladie"]
    assert open_fields(workspace) == ["debut", "telephone"]


def test_doubt_contradiction_and_what_the_form_forbids_stay_open(
    workspace: Workspace, engine: Engine, one_sheet: str
) -> None:
    fields = [*boxes(r01="juste?", r03="juste"), written("r03", "0699345678"), written("r02", "1999-01-01"), signed()]
    come_back(engine, "b", one_sheet, fields)
    assert open_fields(workspace) == ["debut", "motif", "telephone"]
    assert all(item.paper_rounds == 1 for item in open_items(workspace))


@pytest.mark.parametrize(
    ("value", "probability", "settled"),
    [("2026-11-21", 0.995, True), ("2026-11-21", 0.95, False), ("2026-11-27", 0.995, False)],
)
def test_what_the_checker_writes_in_doubt_counts_where_it_is_what_was_read(
    workspace: Workspace, engine: Engine, one_sheet: str, value: str, probability: float, settled: bool
) -> None:
    doubt = FieldReading("r02.valeur", "comb", value, State.DOUBTFUL, probability, needs_person=True)
    come_back(engine, "b", one_sheet, [doubt, signed()])
    assert ("debut" in open_fields(workspace)) is not settled


def test_it_goes_round_once_more_and_then_to_the_screen(workspace: Workspace, engine: Engine, one_sheet: str) -> None:
    path = workspace.printed / "v2.pdf"
    waiting = print_corrections(workspace, engine, NOON, path)
    assert (waiting.numbers, len(waiting.out)) == ((), 3)
    come_back(engine, "b", one_sheet, [*boxes(r01="juste", r02="juste?"), signed()])
    second = print_corrections(workspace, engine, NOON, path)
    assert [item.field for item in second.items] == ["debut", "telephone"]
    come_back(engine, "c", second.numbers[0], [*boxes(r01="juste?", r02="juste"), signed()])
    third = print_corrections(workspace, engine, NOON, workspace.printed / "v3.pdf")
    assert third.numbers == ()
    assert [item.field for item in third.for_screen] == ["debut"]
    assert open_fields(workspace) == ["debut"]


def test_a_lost_sheet_is_printed_again_and_may_turn_up(workspace: Workspace, engine: Engine, one_sheet: str) -> None:
    again = print_corrections(workspace, engine, NOON, workspace.printed / "v2.pdf", again=True)
    come_back(engine, "b", again.numbers[0], [*boxes(r01="juste", r02="juste", r03="juste"), signed()])
    assert open_items(workspace) == ()
    come_back(engine, "c", one_sheet, [*boxes(r01="vide", r02="vide", r03="vide"), signed()])
    assert values(engine) == {"telephone": "0612345678", "motif": ["maladie"], "debut": "2026-11-21"}


def test_two_pairs_of_eyes_on_paper_need_their_names(workspace: Workspace, engine: Engine) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    file_page(engine, "a", sheet, [doubtful("code", "1234")])
    for at, name in enumerate([None, "ROUX", "ROUX", "MARTIN"]):
        (number,) = print_corrections(workspace, engine, NOON, workspace.printed / f"{at}.pdf", again=True).numbers
        named = [sure("nom", name)] if name else []
        come_back(engine, f"s{at}", number, [*boxes(r01="juste"), signed(), *named])
        if at == 0:
            # It was no reading at all: of its two rounds on paper one is left, which would be too few for two people.
            assert open_fields(workspace) == ["code"]
    assert open_items(workspace) == ()


def test_a_purge_forgets_what_the_rows_offered(workspace: Workspace, engine: Engine, one_sheet: str) -> None:
    with writing(engine) as connection:
        take_out(connection, [1], {}, NOON, "essai")
    assert [row.values for row in rows_of(engine, one_sheet)] == [{}, {}, {}]
    # A sheet that turns up afterwards has nothing left to settle.
    come_back(engine, "b", one_sheet, [*boxes(r01="juste", r02="a"), written("r03", "0699345678"), signed()])
    assert open_items(workspace) == ()
    with reading(engine) as connection:
        assert connection.execute(select(checks)).all() == []


def test_what_is_sensitive_is_not_shown_unless_the_form_says_so(workspace: Workspace, engine: Engine) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    file_page(engine, "a", sheet, [doubtful("telephone", "0612345678"), signed(None)])
    assert {item.field: may_show(item) for item in open_items(workspace)} == {"telephone": True, "visa": False}
    assert {item.field: shape_of(item).cells for item in open_items(workspace)} == {"telephone": 10, "visa": 0}


def absences(tmp_path: Path) -> tuple[Office, Workspace, Engine, list[ScannedImage]]:
    office = Office.found(tmp_path, dt.date(2027, 3, 1), seed=11)
    (tmp_path / "6A.csv").write_text(PUPILS, encoding="utf-8")
    slips = office.pdf("bulletins")
    (opened,) = office.papier(
        "cases", "open", "carnet/absence", "--roster", tmp_path / "6A.csv", "--output", slips, "--json"
    )
    office.on(3, 2)
    filled = {number: absence(1, 2, "maladie") for number in opened["sheets"]}
    workspace = open_workspace(tmp_path / "bureau")
    return office, workspace, connect(workspace), office.fill(slips, filled, "office")


def test_the_whole_loop_by_pen_and_scanner(tmp_path: Path) -> None:
    office, workspace, engine, images = absences(tmp_path)
    office.take_in(images)
    items = open_items(workspace)
    assert len(items) >= 3, "the seed gives doubt; choose another if the reader has learned"
    held = {item.case for item in items if item.case is not None}
    assert held
    (printed,) = office.papier("check", "--paper", "--output", office.pdf("verification"), "--json")
    filled: dict[str, dict[str, Value]] = {}
    for number in printed["sheets"]:
        filled[number] = {"visa": True, "nom": "ROUX"}
        for at, row in enumerate(rows_of(engine, number), 1):
            truth = TRUTH.get(row.question.field, office.written[_sheet_of(engine, row)].get(row.question.field))
            ticked = next((box for box, value in row.values.items() if value == (truth or [])), None)
            filled[number][f"r{at:02d}.{'suite' if ticked else 'valeur'}"] = [ticked] if ticked else truth
    scans = office.fill(office.pdf("verification"), filled)
    office.take_in(scans)
    left = open_items(workspace)
    # A second, worse look at the same sheets changes nothing that is settled.
    before = {
        (record.record, name): field["value"]
        for record in list_records(engine)
        for name, field in record.fields.items()
    }
    office.take_in(scans[::-1])
    assert (
        before.items()
        <= {
            (record.record, name): field["value"]
            for record in list_records(engine)
            for name, field in record.fields.items()
        }.items()
    )
    assert len(left) <= len(items) // 3
    assert all(item.paper_rounds == 1 for item in left if item.form == "carnet/absence")
    for record in list_records(engine, form="carnet/absence"):
        for name, field in record.fields.items():
            if "checked" in field and name in TRUTH:
                assert field["value"] == TRUTH[name]
                assert field["read_by"] == "ROUX" or field["read_by"].startswith("visa")
    moved = [number for number in held if office.case(number or 0)["stage"] == "to-decide"]
    assert len(moved) >= len(held) - len({item.case for item in left})
    office.papier("verify")
    engine.dispose()


def _sheet_of(engine: Engine, row: Any) -> str:
    return str(list_records(engine, record=row.question.record)[0].sheet)


def test_nothing_written_has_one_box_on_paper_and_one_key_on_the_screen(workspace: Workspace, engine: Engine) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    empty = FieldReading(
        "nom", "comb", None, State.BLANK, 0.9, needs_person=True, reason="there may be something written"
    )
    file_page(engine, "a", sheet, [empty, doubtful("telephone", "0612345678")])
    items = {item.field: item for item in open_items(workspace)}
    assert shape_of(items["nom"]).boxes == ("vide", "illisible")
    assert shape_of(items["telephone"]).boxes[0] == "juste"
    lines = describe(items["nom"])
    assert sum("nothing written" in line for line in lines) == 1
    assert "[v]" in "".join(describe(items["telephone"]))
