"""Whose stroke is it? The ink of a comb's cells, each freed of what its neighbours wrote into it.

Characters leave their cells. The ink of cells that touch is laid side by side, and every connected stroke is given to
the cell that holds most of it: it is taken out of the other cells' windows, and its own window follows it where it
would be cut off. What truly spans cells (letters that touch, a line through a word) stays as it is in all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from papier.ocr.characters import INK_HEIGHT, INK_WIDTH, MARGIN_MM

Ink = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

# A cell's width in a window's pixels, and its margin: windows overlap by two margins.
USUAL_WIDTH_MM: Final = 6.0
PITCH: Final = INK_WIDTH * USUAL_WIDTH_MM / (USUAL_WIDTH_MM + 2 * MARGIN_MM)
MARGIN: Final = (INK_WIDTH - PITCH) / 2
# Darker than this is a stroke: blur and JPEG leave a fringe of a third of full ink around one.
STROKE: Final = 70
# A stroke with this share of its pixels within one cell is that cell's.
OWNED: Final = 0.66
# Smaller than this, in pixels, is dirt or a remain of the frame: it moves no window. A hyphen has forty.
SMALLEST_MOVING: Final = 40
# How far a window follows its character beyond the margin.
MAX_SHIFT: Final = 9
# The fringe of a stroke, taken out with it.
_FRINGE: Final = np.ones((5, 5), np.uint8)


def free_cells(ink: Ink, joined: Sequence[bool]) -> Ink:
    """Ink windows (n, INK_HEIGHT, INK_WIDTH) of one comb → the same, neighbours' strokes taken out.

    `joined` (n,): the cell touches the one before it.
    """
    freed = ink.copy()
    start = 0
    for end in range(1, len(ink) + 1):
        if end == len(ink) or not joined[end]:
            if end - start > 1:
                _free_run(freed[start:end])
            start = end
    return freed


def _free_run(ink: Ink) -> None:
    """`free_cells` in place, for cells that all touch."""
    count = len(ink)
    offsets = np.round(np.arange(count) * PITCH).astype(int) + MAX_SHIFT
    strip = _lay_out(ink, offsets)
    _, mask = cv2.threshold(strip, STROKE, 1, cv2.THRESH_BINARY)
    found, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_16U)
    if found == 1:
        return
    measures = np.asarray(stats, np.int64).T
    left, width, area = measures[cv2.CC_STAT_LEFT], measures[cv2.CC_STAT_WIDTH], measures[cv2.CC_STAT_AREA]
    cell_of = _cell_of_columns(count, strip.shape[1])
    low, high = cell_of[left], cell_of[left + width - 1]
    # Most strokes lie within one cell. `count` is no cell's own: paper, and what spans cells.
    owner = np.where(low == high, low, count)
    owner[0] = count
    for stroke in np.flatnonzero(low != high).tolist():
        if stroke == 0:
            continue
        start, end = int(left[stroke]), int(left[stroke] + width[stroke])
        columns = np.count_nonzero(labels[:, start:end] == stroke, axis=0)
        shares = np.bincount(cell_of[start:end], weights=columns)
        if shares.max() >= OWNED * area[stroke]:
            owner[stroke] = shares.argmax()
    shifts = _shifts(owner, left, width, area, offsets)
    for cell in np.flatnonzero(shifts).tolist():
        ink[cell] = strip[:, offsets[cell] + shifts[cell] : offsets[cell] + shifts[cell] + INK_WIDTH]
    starts = offsets + shifts
    # The windows that each stroke may show in; beside its owner's, they are freed of it.
    first = np.searchsorted(starts + INK_WIDTH, left, side="right")
    last = np.searchsorted(starts, left + width, side="left") - 1
    intruding = np.flatnonzero((owner != count) & ((first < owner) | (last > owner)))
    disturbed: dict[int, list[int]] = {}
    for stroke in intruding.tolist():
        for cell in range(first[stroke], last[stroke] + 1):
            if cell != owner[stroke]:
                disturbed.setdefault(cell, []).append(stroke)
    for cell, strokes in disturbed.items():
        part = labels[:, starts[cell] : starts[cell] + INK_WIDTH]
        foreign = np.zeros(found, np.uint8)
        foreign[strokes] = 1
        seen = foreign[part]
        wide = cv2.dilate(seen, _FRINGE)
        ink[cell][(wide > 0) & ((seen > 0) | (part == 0))] = 0


@lru_cache(maxsize=64)
def _cell_of_columns(count: int, width: int) -> Ints:
    """The cell of each column of the strip (width,); beyond the ends the first and last."""
    cells: Ints = np.clip((np.arange(width) - MAX_SHIFT - MARGIN) // PITCH, 0, count - 1).astype(np.int64)
    cells.flags.writeable = False
    return cells


def _shifts(owner: Ints, left: Ints, width: Ints, area: Ints, offsets: Ints) -> Ints:
    """How far each cell's window follows its own strokes, cut off at one side, where the other has room."""
    large = area >= SMALLEST_MOVING
    low = np.full(len(offsets) + 1, np.iinfo(np.int64).max)
    high = np.full(len(offsets) + 1, -1)
    np.minimum.at(low, owner[large], left[large])
    np.maximum.at(high, owner[large], (left + width)[large])
    written = high[:-1] >= 0
    before = np.where(written, low[:-1] - offsets, 0)
    after = np.where(written, high[:-1] - offsets - INK_WIDTH, 0)
    left_out, right_out = (before < 0) & (after < 0), (before > 0) & (after > 0)
    shifts = np.where(left_out, np.maximum(before, after), np.where(right_out, np.minimum(before, after), 0))
    return np.asarray(np.clip(shifts, -MAX_SHIFT, MAX_SHIFT))


def _lay_out(ink: Ink, offsets: Ints) -> Ink:
    """The windows side by side, each column from the cell it belongs to; MAX_SHIFT of paper at both ends."""
    strip = np.zeros((INK_HEIGHT, int(offsets[-1]) + INK_WIDTH + MAX_SHIFT), np.uint8)
    edge = round(MARGIN)
    for index, offset in enumerate(offsets.tolist()):
        low = 0 if index == 0 else edge
        high = INK_WIDTH if index == len(ink) - 1 else INK_WIDTH - edge
        strip[:, offset + low : offset + high] = ink[index][:, low:high]
    return strip
