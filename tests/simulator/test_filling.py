from __future__ import annotations

import numpy as np

from papier.forms.layout import Layout
from papier.geometry import RectMm
from papier.records import Value
from simulator.filling import FilledSheet, Style, fill
from simulator.hands import Hands, WrittenLines
from simulator.pen import Pen

SCALE = 8.0
PEN = Pen("ballpoint", (20, 20, 60), 0.45, grain=0.0)
VALUES: dict[str, Value] = {
    "motif": ["famille"],
    "jours": ["lundi", "jeudi"],
    "nom": "LEFÈVRE",
    "debut": "2026-11-24",
    "remarques": "…",
    "signature": True,
}


def filled(layout: Layout, hands: Hands, values: dict[str, Value], style: Style, seed: int = 1) -> FilledSheet:
    rng = np.random.default_rng(seed)
    return fill(
        layout, values, rng, hand=hands.pick(rng), pen=PEN, style=style, scale=SCALE, lines=WrittenLines.shipped()
    )


def darkness(sheet: FilledSheet, rect: RectMm) -> float:
    page = np.full((int(297 * SCALE), int(210 * SCALE)), 255, np.uint8)
    sheet.ink[1].composite(page)
    x, y, w, h = (int(v * SCALE) for v in (rect.x, rect.y, rect.width, rect.height))
    return float((page[y : y + h, x : x + w] < 128).mean())


def test_the_truth_says_what_the_ink_shows(layout: Layout, hands: Hands) -> None:
    sheet = filled(layout, hands, VALUES, Style(cancel=0))
    assert sheet.truth.fields["motif"] == ["famille"]
    assert sheet.truth.fields["nom"] == "LEFÈVRE"
    assert sheet.truth.fields["remarques"]
    assert not sheet.truth.questions
    for zone in layout.zones():
        if zone.kind == "tick":
            ticked = zone.option in sheet.truth.fields[zone.field]  # type: ignore[operator]
            assert (darkness(sheet, zone.rect) > 0.04) == ticked
        if zone.field == "nom":
            written = [darkness(sheet, cell) > 0.02 for cell in zone.cells]
            assert written == [True] * 7 + [False] * 9


def test_nothing_is_written_without_values(layout: Layout, hands: Hands) -> None:
    sheet = filled(layout, hands, {}, Style())
    assert not sheet.ink[1].marks
    assert sheet.truth.fields == {
        "motif": [], "jours": [], "nom": None, "debut": None, "remarques": None, "signature": False
    }  # fmt: skip


def test_a_cancelled_box_is_dark_and_another_is_ticked(layout: Layout, hands: Hands) -> None:
    sheet = filled(layout, hands, VALUES, Style(cancel=1.0))
    states = sheet.truth.options["motif"]
    assert sorted(states.values()) == ["cancelled", "empty", "ticked"]
    cancelled = next(z for z in layout.zones() if z.field == "motif" and states[z.option or ""] == "cancelled")
    assert darkness(sheet, cancelled.rect) > 0.6
    assert sheet.truth.fields["motif"] == ["famille"]


def test_two_ticks_in_a_single_choice_are_a_question(layout: Layout, hands: Hands) -> None:
    sheet = filled(layout, hands, VALUES, Style(cancel=0, double=1.0))
    assert sheet.truth.questions == {"motif"}
    assert len(sheet.truth.fields["motif"]) == 2  # type: ignore[arg-type]


def test_a_comb_struck_out_is_a_question(layout: Layout, hands: Hands) -> None:
    sheet = filled(layout, hands, VALUES, Style(cancel=0, strike=1.0))
    assert {"nom", "debut"} <= sheet.truth.questions


def test_who_fills_boxes_never_cancels_by_filling(layout: Layout, hands: Hands) -> None:
    for seed in range(10):
        sheet = filled(layout, hands, VALUES, Style(mark="fill", cancel=1.0), seed)
        assert "cancelled" not in sheet.truth.options["motif"].values()


def test_a_written_line_always_leaves_ink(layout: Layout, hands: Hands) -> None:
    zone = next(zone for zone in layout.zones() if zone.kind == "lines")
    for seed in range(40):
        sheet = filled(layout, hands, {"remarques": "…"}, Style(), seed)
        assert darkness(sheet, zone.rect) > 0.003, sheet.truth.fields["remarques"]
