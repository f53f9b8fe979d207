"""Strokes given to the cell that wrote them, on drawn windows."""

import cv2
import numpy as np
import pytest

from papier.ocr.characters import INK_HEIGHT, INK_WIDTH
from papier.ocr.zones.strokes import MARGIN, MAX_SHIFT, PITCH, free_cells

CELLS = 4


def draw(*strokes: tuple[float, float, float, float]) -> np.ndarray:
    """Windows of a comb on which strokes were drawn, in pixels from the first cell's left edge."""
    strip = np.zeros((INK_HEIGHT, round(CELLS * PITCH + 40)), np.uint8)
    for x0, y0, x1, y1 in strokes:
        ends = [(round(x + 20), round(y)) for x, y in ((x0, y0), (x1, y1))]
        cv2.line(strip, ends[0], ends[1], 255, 3, cv2.LINE_AA)
    starts = [round(20 + i * PITCH - MARGIN) for i in range(CELLS)]
    return np.stack([strip[:, start : start + INK_WIDTH] for start in starts])


def ink_of(cells: np.ndarray) -> list[int]:
    return [int(np.count_nonzero(cell > 100)) for cell in cells]


JOINED = (False, True, True, True)
UPRIGHT = (PITCH + 12, 10, PITCH + 12, 46)


def test_a_stroke_that_leaves_its_cell_is_taken_out_of_the_neighbours() -> None:
    cells = draw(UPRIGHT, (PITCH + 12, 28, 2 * PITCH + 3, 28))  # a T lying on its side, its stem over the separator
    assert ink_of(cells)[2] > 0
    freed = free_cells(cells, JOINED)
    assert ink_of(freed)[2] == 0
    assert ink_of(freed)[1] >= ink_of(cells)[1]


def test_the_window_follows_a_character_that_would_be_cut_off() -> None:
    wide = (PITCH + 14, 28, 2 * PITCH + 10, 28)
    cells = draw((PITCH + 14, 10, PITCH + 14, 46), wide)
    freed = free_cells(cells, JOINED)
    columns = np.flatnonzero(freed[1].max(axis=0) > 100)
    assert np.ptp(columns) > np.ptp(np.flatnonzero(cells[1].max(axis=0) > 100))
    assert wide[2] - wide[0] - 3 <= np.ptp(columns) <= wide[2] - wide[0] + 5


def test_a_line_through_the_word_stays_in_every_cell() -> None:
    cells = draw((2, 28, 3 * PITCH, 30))
    assert ink_of(free_cells(cells, JOINED)) == ink_of(cells)


def test_characters_that_touch_stay_as_they_are() -> None:
    cells = draw((10, 10, 10, 46), (10, 28, PITCH + 20, 28), (PITCH + 20, 10, PITCH + 20, 46))
    assert ink_of(free_cells(cells, JOINED)) == ink_of(cells)


def test_cells_that_do_not_touch_keep_their_ink() -> None:
    cells = draw(UPRIGHT, (PITCH + 12, 28, 2 * PITCH + 3, 28))
    assert ink_of(free_cells(cells, (False, True, False, True))) == ink_of(cells)


@pytest.mark.parametrize("count", [0, 1])
def test_few_cells_are_no_trouble(count: int) -> None:
    assert free_cells(draw(UPRIGHT)[:count], JOINED[:count]).shape == (count, INK_HEIGHT, INK_WIDTH)


def test_no_window_moves_farther_than_it_may() -> None:
    cells = draw((3 * PITCH + 20, 28, 4 * PITCH + 19, 28), (3 * PITCH + 20, 10, 3 * PITCH + 20, 46))
    freed = free_cells(cells, JOINED)
    moved = np.flatnonzero(freed[3].max(axis=0) > 100)[0] - np.flatnonzero(cells[3].max(axis=0) > 100)[0]
    assert -MAX_SHIFT <= moved <= 0
