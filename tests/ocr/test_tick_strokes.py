"""Strokes followed beyond their box, told from those of other boxes."""

from __future__ import annotations

import numpy as np

from papier.ocr.zones.tick_patches import BLACK, BOX_PIXELS, MARGIN, SIDE
from papier.ocr.zones.tick_strokes import (
    Bytes,
    find_strokes,
    find_tails,
    follow_strokes,
    measure_darkness,
    measure_reach,
    measure_spread,
)

CHOSEN = np.ones(1, dtype=bool)
NOWHERE = np.zeros((1, SIDE, SIDE), np.uint8)
FAR = SIDE - MARGIN  # the first column to the right of the box


def tail(*, first: int = FAR - 6, last: int = FAR + 15, gap: int = 5, darkness: int = BLACK) -> Bytes:
    """A stroke to the right, hidden where it crosses the frame; three pixels wide."""
    odd = np.zeros((1, SIDE, SIDE), np.uint8)
    odd[0, 30:33, first : last + 1] = darkness
    odd[0, :, FAR - 2 : FAR - 2 + gap] = 0
    return odd


def neighbour() -> Bytes:
    """Another box to the right."""
    others = NOWHERE.copy()
    others[0, MARGIN : MARGIN + BOX_PIXELS, FAR + 10 :] = BLACK
    return others


def test_a_stroke_is_followed_across_the_frame_that_hides_it() -> None:
    odd = tail()
    strokes = find_strokes(odd)
    assert measure_spread(strokes).tolist() == [10]
    followed = follow_strokes(strokes, odd, NOWHERE, CHOSEN)
    assert measure_spread(followed).tolist() == [22]
    assert measure_reach(followed).tolist() == [16]


def test_what_is_not_chosen_is_not_followed() -> None:
    odd = tail()
    strokes = find_strokes(odd)
    assert (follow_strokes(strokes, odd, NOWHERE, ~CHOSEN) == strokes).all()


def test_ink_across_a_wide_gap_is_another_stroke() -> None:
    odd = tail(gap=12)
    followed = follow_strokes(find_strokes(odd), odd, NOWHERE, CHOSEN)
    assert measure_spread(followed).tolist() == [4]


def test_a_stroke_that_runs_into_another_box_is_not_followed() -> None:
    odd = tail()
    strokes = find_strokes(odd)
    assert (follow_strokes(strokes, odd, neighbour(), CHOSEN) == strokes).all()


def test_a_stroke_is_as_dark_as_its_part_outside_of_the_box() -> None:
    odd = tail(darkness=60)
    odd[0, 30:33, FAR + 5 :] = np.where(odd[0, 30:33, FAR + 5 :] > 0, BLACK, 0)
    strokes = find_strokes(odd)
    assert measure_darkness(odd, strokes)[0] < BLACK / 2
    assert measure_darkness(odd, follow_strokes(strokes, odd, NOWHERE, CHOSEN)).tolist() == [BLACK]


def test_no_ink_has_neither_span_nor_darkness() -> None:
    strokes = find_strokes(NOWHERE)
    assert measure_spread(strokes)[0] <= 0
    assert measure_reach(strokes)[0] <= 0
    assert measure_darkness(NOWHERE, strokes).tolist() == [0.0]


def test_ink_around_a_box_is_a_tail_where_it_runs_into_another() -> None:
    odd = tail(first=FAR + 3)
    assert find_tails(odd, neighbour(), CHOSEN).tolist() == [True]
    assert find_tails(odd, NOWHERE, CHOSEN).tolist() == [False]
    assert find_tails(odd, neighbour(), ~CHOSEN).tolist() == [False]


def test_a_mark_beside_a_box_is_no_tail_of_the_neighbour_that_has_its_own() -> None:
    odd = tail(first=FAR + 12, last=SIDE - 1)
    odd[0, 36:46, 8:20] = BLACK  # left of the box
    assert find_tails(odd, neighbour(), CHOSEN).tolist() == [False]
