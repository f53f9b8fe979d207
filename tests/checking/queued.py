"""Records with doubt, filed as intake files them: no pen and no scanner, so that each doubt is known."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine

from papier.forms.definition import Demand
from papier.forms.layout import Layout, LayoutPage, Zone
from papier.geometry import RectMm
from papier.records import FieldReading, OptionReading, OptionState, PageReading, PageStatus, State
from papier.store.records import ScanFile, file_scan
from papier.store.sheets import SheetOrder, mark_printed, number_sheets
from papier.store.workspace import Workspace

NOON = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


def comb(field: str, content: str, cells: int, y: float) -> Zone:
    boxes = tuple(RectMm(20 + 6 * at, y, 6, 8) for at in range(cells))
    return Zone(field, "comb", RectMm(20, y, 6 * cells, 8), content=content, cells=boxes)


def box(field: str, option: str, x: float, y: float) -> Zone:
    return Zone(field, "tick", RectMm(x, y, 4.5, 4.5), option=option)


LAYOUT = Layout(
    form="carnet/essai",
    version=1,
    title="Essai",
    size_mm=(148.0, 210.0),
    pages=(
        LayoutPage(
            1,
            (
                comb("nom", "letters", 12, 20),
                comb("debut", "date", 8, 40),
                comb("telephone", "telephone", 10, 60),
                box("motif", "maladie", 20, 80),
                box("motif", "autre", 40, 80),
                comb("code", "digits", 4, 100),
                Zone("visa", "signature", RectMm(20, 120, 60, 20)),
            ),
        ),
    ),
    demands={
        "nom": Demand(required=True),
        "debut": Demand(minimum="2026-01-01", maximum="2027-12-31"),
        "code": Demand(two_readers=True),
        "motif": Demand(required=True),
    },
    labels={"nom": "Nom", "debut": "Du", "motif": "Motif", "code": "Code", "telephone": "Téléphone", "visa": "Visa"},
    option_labels={"motif": {"maladie": "Maladie", "autre": "Autre motif"}},
)


def print_sheets(workspace: Workspace, engine: Engine, count: int, layout: Layout = LAYOUT) -> list[str]:
    orders = [SheetOrder(layout, b"%PDF face", {}, {"nom": f"ÉLÈVE {at}"}) for at in range(count)]
    run, numbers = number_sheets(workspace, engine, orders, NOON, "x.pdf")
    mark_printed(engine, run, NOON, "x.pdf")
    return numbers


def doubtful(
    field: str, value: str | None, *others: tuple[str, float], probability: float = 0.9, reason: str = ""
) -> FieldReading:
    listed = ((value, probability), *others) if value is not None else others
    return FieldReading(
        field,
        "comb",
        value,
        State.DOUBTFUL,
        probability,
        candidates=tuple((text, chance) for text, chance in listed if text is not None),
        rect=RectMm(20, 20, 60, 8),
        reason=reason or "not certain enough",
        needs_person=True,
    )


def sure(field: str, value: str) -> FieldReading:
    return FieldReading(field, "comb", value, State.SURE, 0.9999, rect=RectMm(20, 20, 60, 8))


def unclear_boxes(field: str, **ticked: float) -> FieldReading:
    """Boxes with the probability that each is ticked."""
    options = {name: OptionReading(OptionState.DOUBTFUL, max(chance, 1 - chance)) for name, chance in ticked.items()}
    return FieldReading(
        field,
        "tick",
        [name for name, chance in ticked.items() if chance > 0.5],
        State.DOUBTFUL,
        0.8,
        options=options,
        rect=RectMm(20, 80, 30, 5),
        reason="some boxes are not quite clear",
        needs_person=True,
    )


def file_page(
    engine: Engine,
    scan: str,
    sheet: str | None,
    fields: Sequence[FieldReading],
    *,
    now: dt.datetime = NOON,
    **more: Any,
) -> int:
    """File one scan of one page; gives its record."""
    named: Mapping[str, FieldReading] = {entry.field: entry for entry in fields}
    asked = any(entry.needs_person for entry in fields)
    status = PageStatus.DOUBTFUL if asked else PageStatus.READ
    reading = PageReading(f"{scan}.pdf", 1, status, "carnet/essai", 1, sheet, 1, fields=named)
    reading = dataclasses.replace(reading, **more)
    filed = file_scan(engine, ScanFile(scan.ljust(64, "0"), f"{scan}.pdf", ".pdf", 12), [reading], now)
    assert filed is not None
    return filed[0].record or 0
