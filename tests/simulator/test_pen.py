from __future__ import annotations

import numpy as np
import pytest

from papier.geometry import RectMm
from simulator.hands import Hands, stroke_width
from simulator.marks import MARKS, draw_mark, draw_solid
from simulator.pen import InkLayer, Pen, pick_pen

SCALE = 10.0
BLACK = Pen("ballpoint", (0, 0, 0), 0.5, darkness=1.0, grain=0.0, bleed=0.0)


def paper(layer: InkLayer, size: float = 30.0) -> np.ndarray:
    pixels = np.full((int(size * SCALE), int(size * SCALE)), 255, np.uint8)
    layer.composite(pixels)
    return pixels


def test_a_stroke_is_as_wide_as_the_pen_and_lies_where_it_was_drawn() -> None:
    layer = InkLayer(SCALE)
    layer.draw(np.array([[5.0, 10.0], [25.0, 10.0]]), BLACK, np.random.default_rng(1))
    column = 255 - paper(layer)[:, 150].astype(float)
    assert column.sum() / 255 / SCALE == pytest.approx(0.5, abs=0.08)
    assert (column * (np.arange(300) + 0.5)).sum() / column.sum() / SCALE == pytest.approx(10.0, abs=0.06)


@pytest.mark.parametrize("width", [0.35, 0.6])
def test_characters_take_the_width_of_the_pen(hands: Hands, width: float) -> None:
    rng = np.random.default_rng(2)
    hand, pen = hands.pick(rng), Pen("ballpoint", (0, 0, 0), width, 1.0, 0.0, 0.0)
    layer = InkLayer(SCALE)
    layer.write(hand.glyph("L", rng), (15, 20), (4, 5.5), slant=0.0, pen=pen, rng=rng)
    ink = 255 - paper(layer)
    assert stroke_width(ink) / SCALE == pytest.approx(width, abs=0.2)
    rows = np.flatnonzero((ink > 127).any(axis=1))
    assert rows[-1] / SCALE == pytest.approx(20, abs=0.6)
    assert (rows[-1] - rows[0]) / SCALE == pytest.approx(5.5, abs=1.0)


def test_ink_multiplies_and_keeps_its_colour() -> None:
    blue = Pen("ballpoint", (40, 60, 150), 1.0, darkness=1.0, grain=0.0)
    layer = InkLayer(SCALE)
    layer.draw(np.array([[0.0, 10.0], [30.0, 10.0]]), blue, np.random.default_rng(3))
    page = np.full((200, 300, 3), 255, np.uint8)
    page[:, 150:] = 128
    layer.composite(page)
    assert np.abs(page[100, 50].astype(int) - blue.colour).max() <= 2
    assert np.abs(page[100, 250].astype(int) - np.array(blue.colour) // 2).max() <= 2


def test_ink_beyond_the_paper_is_cut_off() -> None:
    layer = InkLayer(SCALE)
    layer.draw(np.array([[-5.0, -5.0], [40.0, 40.0]]), BLACK, np.random.default_rng(4))
    assert paper(layer).min() == 0


@pytest.mark.parametrize("kind", sorted(MARKS))
def test_every_mark_leaves_ink_near_its_box(kind: str) -> None:
    box = RectMm(12, 12, 4.5, 4.5)
    for seed in range(8):
        layer = InkLayer(SCALE)
        draw_mark(kind, box, layer, BLACK, np.random.default_rng(seed))
        rows, columns = np.nonzero(paper(layer) < 128)
        assert len(rows) > 20
        assert columns.min() / SCALE > 3
        assert rows.max() / SCALE < 27


def test_a_cancelled_box_is_nearly_solid() -> None:
    box = RectMm(12, 12, 4.5, 4.5)
    shares = []
    for seed in range(20):
        layer = InkLayer(SCALE)
        draw_solid(box, layer, BLACK, np.random.default_rng(seed))
        shares.append((paper(layer)[121:164, 121:164] < 128).mean())
    assert min(shares) > 0.75


def test_one_office_pen_in_ten_is_a_pencil() -> None:
    rng = np.random.default_rng(5)
    kinds = [pick_pen(rng).kind for _ in range(1000)]
    assert 60 < kinds.count("pencil") < 140
    assert "marker" not in kinds
