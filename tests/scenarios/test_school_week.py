"""A school week without a screen: nothing is typed after `papier watch`.

1 to 5 March 2027 at a collège. Forms are ordered on an order sheet, printed through CUPS, filled by the simulated pen,
brought back through the copier's share and the scanner's feeder, corrected on the printed checking sheets; reminders
print by themselves and are taken to the post. The records and cases below were worked out by hand, from the calendar
and the workflow, before the week was first run; nothing in them is computed.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from papier.records import Value
from papier.store.connection import connect, reading
from papier.store.records import list_records
from papier.store.tables import row_sheets
from papier.store.workspace import open_workspace
from tests.devices.print_shop import PrintShop, print_shop
from tests.devices.sane import Feeder, needs_sane
from tests.scenarios.corridor import Corridor, PrintedSheet
from tests.scenarios.office import Office
from tests.scenarios.test_school_month import PUPILS

SETTINGS = """\
etablissement: Collège de la Semaine
impression:
  imprimante: {printer}
ordres:
  permis: [imprimer, rappels, manquants]
  formulaires: [carnet/absence]
  listes: {{6A: 6A.csv}}
seance:
  corrections: oui
  jour: oui
  lettres: oui
"""
# What the parents wrote: Zoé and Jules were away on Monday, Inès on Monday and Tuesday. Hugo's slip never comes.
WRITTEN: Mapping[str, dict[str, Value]] = {
    "ZOE": {"debut": "2027-03-01", "fin": "2027-03-01", "motif": ["maladie"], "date": "2027-03-01"},
    "JULES": {"debut": "2027-03-01", "fin": "2027-03-01", "motif": ["reunion"], "date": "2027-03-02"},
    "INES": {"debut": "2027-03-01", "fin": "2027-03-02", "motif": ["maladie"], "date": "2027-03-02"},
}
# What the school office ticked on the slips that came back.
OUTCOME = {"ZOE": "justifiee", "JULES": "justifiee", "INES": "relance"}
# Case → its step, its end, the day its clock runs out. The slips left on Monday 1: three working days end on Thursday.
# Inès's reminder went on Thursday 4: five working days (5, 8 to 11) end on Thursday 11. Hugo's on Friday 5,
# after Thursday had passed: 8, 9, 10, 11, 12, Friday 12.
EXPECTED = {
    1: (None, "justifiee", None),
    2: (None, "justifiee", None),
    3: ("rappel", None, "2027-03-11"),
    4: ("rappel", None, "2027-03-12"),
}
ABSENCE, DAY, DISPATCH, ORDERS = "carnet/absence", "bureau/journee", "bureau/bordereau", "papier/ordres"


@pytest.fixture(scope="module")
def shop() -> Iterator[PrintShop]:
    with print_shop() as shop:
        yield shop


@pytest.fixture
def corridor(tmp_path: Path, shop: PrintShop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Corridor]:
    monkeypatch.setenv("PAPIER_LANGUAGE", "fr")
    monkeypatch.setenv("CUPS_SERVER", shop.environment["CUPS_SERVER"])
    (tmp_path / "sane").mkdir()
    feeder = Feeder.build(tmp_path / "sane")
    feeder.environment["FEEDER_CONSUME"] = "1"
    corridor = Corridor(Office.found(tmp_path, dt.date(2027, 3, 1), seed=20270301), shop, feeder)
    yield corridor
    corridor.kill()


@needs_sane
@pytest.mark.slow
def test_a_school_week_without_a_screen(corridor: Corridor, shop: PrintShop) -> None:
    office = corridor.office
    # ---- Before the week: the office's settings, its class, one order sheet. Then the watcher, and no word more.
    folder = corridor.workspace_folder
    (folder / "papier.yaml").write_text(SETTINGS.format(printer=shop.queue), encoding="utf-8")
    (folder / "6A.csv").write_text(PUPILS, encoding="utf-8")
    order_pdf = office.pdf("ordres")
    (printed,) = office.papier("orders", "--sheets", "1", "--output", order_pdf, "--json")
    order = PrintedSheet(order_pdf, printed["sheets"][0], ORDERS)
    corridor.open()

    # ---- Monday 1 March: absence slips for 6A are ordered. They lie in the tray with the day's sheet and a new order
    # sheet. They are handed out, and the day's sheet says so.
    tray, order = give_order(corridor, order, {"imprimer.r01.oui": ["oui"], "imprimer.r01.classe": "6A"}, 4)
    slips = {first_name(corridor, sheet): sheet for sheet in tray if sheet.form == ABSENCE}
    assert list(slips) == ["ZOE", "JULES", "INES", "HUGO"]
    (day,) = [sheet for sheet in tray if sheet.form == DAY]
    corridor.correct(tick(corridor, day, "hand-out", "fait"))

    # ---- Tuesday 2: two slips are back, ticked and signed by the school office; they go through the scanner's feeder.
    corridor.on(3, 2)
    corridor.feed(corridor.fill([(slips[name], slip(name)) for name in ("ZOE", "JULES")], profile="office", dpi=300))
    corridor.correct(corridor.tray())

    # ---- Wednesday 3: Inès's slip comes, copied. The office wants more: a reminder with a fresh slip prints by itself.
    corridor.on(3, 3)
    corridor.copy(corridor.fill([(slips["INES"], slip("INES"))], profile="office"))
    tray = corridor.correct(corridor.tray())
    assert [sheet.form for sheet in tray if sheet.form.startswith("carnet/")] == ["carnet/rappel-absence", ABSENCE]

    # ---- Thursday 4: somebody orders the list of who is missing; the day's sheet and the list for the post office come
    # with it. The letter is posted.
    corridor.on(3, 4)
    tray, order = give_order(corridor, order, {"faire": ["manquants"]}, 0)
    (dispatch,) = [sheet for sheet in tray if sheet.form == DISPATCH]
    corridor.correct(tick(corridor, dispatch, "send", "depose"))

    # ---- Friday 5: Thursday has passed without Hugo's slip. Whatever is scanned first brings his reminder and the list
    # for the post office.
    corridor.on(3, 5)
    tray, order = give_order(corridor, order, {"faire": ["manquants"]}, 0)
    assert [sheet.form for sheet in tray if sheet.form.startswith("carnet/")] == ["carnet/rappel-absence", ABSENCE]
    (dispatch,) = [sheet for sheet in tray if sheet.form == DISPATCH]
    corridor.correct(tick(corridor, dispatch, "send", "depose"))

    # ---- The week is over.
    log = corridor.close()
    assert "Traceback" not in log
    check_cases(office)
    check_records(corridor, slips)
    assert office.papier("verify", code=0) == []
    (said,) = office.papier("status", "--json", code=0)
    assert said["waiting"] == said["aside"] == said["to_check"] == 0


def give_order(
    corridor: Corridor, order: PrintedSheet, ticks: Mapping[str, Value], slips: int
) -> tuple[list[PrintedSheet], PrintedSheet]:
    """Tick an order sheet and copy it; gives what came out, and the next order sheet.

    What papier is not sure of it asks about: then the same is written on the sheet that came with the question.
    """
    tray: list[PrintedSheet] = []
    for _attempt in range(3):
        values = {**ticks, "date": corridor.office.today.isoformat(), "visa": True}
        corridor.copy(corridor.fill([(order, values)]))
        came = corridor.correct(corridor.tray())
        tray += came
        states, used = corridor.orders(order), order
        (order,) = [sheet for sheet in came if sheet.form == ORDERS]
        assert states, f"{used.number}: nothing was understood"
        if states == ["done"] * len(states):
            assert sum(sheet.form == ABSENCE for sheet in came) >= slips
            return tray, order
        assert set(states) <= {"done", "asked"}, states
    raise AssertionError("the order was asked about three times")


def slip(name: str) -> dict[str, Value]:
    """A slip as it comes back: the parents' words, the office's box."""
    return {**WRITTEN[name], "responsable": "PARENT", "signature": True, "suite": [OUTCOME[name]], "visa": True}


def first_name(corridor: Corridor, sheet: PrintedSheet) -> str:
    return corridor.known(sheet).prefilled["prenom"]


def tick(corridor: Corridor, sheet: PrintedSheet, kind: str, box: str) -> list[PrintedSheet]:
    """Tick every row of a kind on an office sheet, date and sign it, copy it; gives what came out."""
    values: dict[str, Value] = {"date": corridor.office.today.isoformat(), "visa": True}
    rows = rows_of(corridor, sheet)
    chosen = [at for at, row in enumerate(rows, 1) if kind in (row["kind"], row["items"][0][1].partition(":")[0])]
    assert chosen, rows
    values |= {f"lignes.r{at:02d}.suite": [box] for at in chosen}
    corridor.copy(corridor.fill([(sheet, values)]))
    return corridor.tray()


def rows_of(corridor: Corridor, sheet: PrintedSheet) -> list[dict[str, Any]]:
    """What the rows of an office sheet stand for: a person reads it from the paper."""
    engine = connect(open_workspace(corridor.workspace_folder))
    with reading(engine) as connection:
        rows = connection.execute(select(row_sheets.c.rows).where(row_sheets.c.sheet == sheet.number)).scalar_one()
    engine.dispose()
    found: list[dict[str, Any]] = json.loads(rows)
    return found


def check_cases(office: Office) -> None:
    for number, (step, end, clock) in EXPECTED.items():
        case = office.case(number)
        assert case["end"] == end, case
        assert case["questions"] == [], case
        if step is not None:
            assert (case["step"], case["stage"]) == (step, "waiting"), case
        assert {name: theoretical for name, (_prudent, theoretical) in office.clocks(number).items()} == (
            {} if clock is None else {"retour": clock}
        )
    assert [entry["case"] for entry in office.papier("cases", "--all", "--json")] == [1, 2, 3, 4]


def check_records(corridor: Corridor, slips: Mapping[str, PrintedSheet]) -> None:
    """One record for each slip that came back, saying what was written on it."""
    engine = connect(open_workspace(corridor.workspace_folder))
    records = {record.sheet: record for record in list_records(engine, form=ABSENCE)}
    engine.dispose()
    assert set(records) == {slips[name].number for name in WRITTEN}
    for name, written in WRITTEN.items():
        record = records[slips[name].number]
        assert record.revision == 1
        said = {field: record.fields[field]["value"] for field in written}
        assert said == written, name
        assert record.fields["suite"]["value"] == [OUTCOME[name]]
