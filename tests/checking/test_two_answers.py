"""Two sheets of one case that contradict each other: a person says which counts, and may take it back."""

from __future__ import annotations

import datetime as dt

from papier.checking.item import ItemKind
from papier.checking.queue import find_item, open_items
from papier.records import FieldReading, State
from papier.store.connection import reading
from tests.checking.conftest import OneCase
from tests.checking.queued import file_page

NOON = dt.datetime(2027, 3, 2, 12, tzinfo=dt.UTC)


def test_which_of_two_sheets_counts(one_case: OneCase) -> None:
    office, workspace, engine, mother = one_case.office, one_case.workspace, one_case.engine, one_case.sheet
    (copy,) = office.papier("cases", "print", "1", "--output", office.pdf("b"), "--json")
    father = copy["sheets"][0]
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
