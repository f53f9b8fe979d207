"""Two sheets of one case that contradict each other: a person says which counts, and may take it back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from papier.checking.item import ItemKind
from papier.checking.queue import find_item, open_items
from papier.records import FieldReading, State
from papier.store.connection import connect, reading
from papier.store.workspace import open_workspace
from tests.checking.queued import file_page
from tests.scenarios.office import Office
from tests.scenarios.test_school_month import PUPILS

NOON = dt.datetime(2027, 3, 2, 12, tzinfo=dt.UTC)


def test_which_of_two_sheets_counts(tmp_path: Path) -> None:
    office = Office.found(tmp_path, dt.date(2027, 3, 1), seed=1)
    (tmp_path / "6A.csv").write_text("\n".join(PUPILS.splitlines()[:2]), encoding="utf-8")
    (opened,) = office.papier(
        "cases", "open", "carnet/absence", "--roster", tmp_path / "6A.csv", "--output", office.pdf("a"), "--json"
    )
    office.on(3, 2)
    (copy,) = office.papier("cases", "print", "1", "--output", office.pdf("b"), "--json")
    mother, father = opened["sheets"][0], copy["sheets"][0]
    workspace = open_workspace(tmp_path / "bureau")
    engine = connect(workspace)
    for scan, sheet, motive in (("a", mother, "maladie"), ("b", father, "reunion")):
        ticked = FieldReading("motif", "tick", [motive], State.SURE, 0.9999)
        file_page(engine, scan, sheet, [ticked], now=NOON, form="carnet/absence")
    (item,) = open_items(workspace, engine=engine)
    assert (item.kind, item.case) == (ItemKind.TWO_ANSWERS, 1)
    with reading(engine) as connection:
        assert find_item(connection, item.key) == item
    assert [one.shown for one in item.candidates] == [
        f"{mother} · Motif de l'absence : Maladie de l'enfant",
        f"{father} · Motif de l'absence : Réunion solennelle de famille",
    ]
    office.papier("check", "--answer", item.key, "maladie", "--by", "Mme Roux, CPE", code=2)
    office.papier("check", "--answer", item.key, mother, "--by", "Mme Roux, CPE")
    assert open_items(workspace, engine=engine) == ()
    assert office.case(1)["stage"] == "to-decide"
    office.papier("check", "--undo", "--by", "Mme Roux, CPE")
    assert [one.key for one in open_items(workspace, engine=engine)] == [item.key]
    assert office.case(1)["stage"] == "to-check"
    engine.dispose()
