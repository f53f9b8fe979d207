"""Whose stroke is it? The ink of a comb's cells, each freed of what its neighbours wrote into it.

Characters leave their cells. The ink of cells that touch is laid side by side, and every connected stroke is given to
the cell that holds most of it: it is taken out of the other cells' windows, and its own window follows it where it
would be cut off. What truly spans cells (letters that touch, a line through a word) stays as it is in all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from papier.ocr.characters import INK_HEIGHT, INK_WIDTH, MARGIN_MM

Ink = npt.NDArray[np.uint8]

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
    # The cell of each column; beyond the ends the first and last.
    cell_of = np.clip((np.arange(strip.shape[1]) - MAX_SHIFT - MARGIN) // PITCH, 0, count - 1).astype(int)
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
    for cell, shift in enumerate(_shifts(owner, left, width, area, offsets)):
        window = slice(int(offsets[cell]) + shift, int(offsets[cell]) + shift + INK_WIDTH)
        if shift:
            ink[cell] = strip[:, window]
        # Whose strokes may reach this window: those of its neighbours.
        near = np.flatnonzero((owner != cell) & (owner != count) & (left < window.stop) & (left + width > window.start))
        if len(near):
            part = labels[:, window]
            foreign = (owner != cell) & (owner != count)
            wide = cv2.dilate(foreign[part].view(np.uint8), _FRINGE)
            ink[cell][(wide > 0) & (foreign[part] | (part == 0))] = 0


def _shifts(
    owner: npt.NDArray[np.int_],
    left: npt.NDArray[np.int_],
    width: npt.NDArray[np.int_],
    area: npt.NDArray[np.int_],
    offsets: npt.NDArray[np.int_],
) -> list[int]:
    """How far each cell's window follows its own strokes, cut off at one side, where the other has room."""
    shifts = []
    for cell, offset in enumerate(offsets.tolist()):
        own = (owner == cell) & (area >= SMALLEST_MOVING)
        if not own.any():
            shifts.append(0)
            continue
        before = int(left[own].min()) - offset
        after = int((left + width)[own].max()) - offset - INK_WIDTH
        if before < 0 and after < 0:
            shifts.append(-min(-before, -after, MAX_SHIFT))
        elif before > 0 and after > 0:
            shifts.append(min(before, after, MAX_SHIFT))
        else:
            shifts.append(0)
    return shifts


def _lay_out(ink: Ink, offsets: npt.NDArray[np.int_]) -> Ink:
    """The windows side by side, each column from the cell it belongs to; MAX_SHIFT of paper at both ends."""
    strip = np.zeros((INK_HEIGHT, int(offsets[-1]) + INK_WIDTH + MAX_SHIFT), np.uint8)
    edge = round(MARGIN)
    for index, offset in enumerate(offsets.tolist()):
        low = 0 if index == 0 else edge
        high = INK_WIDTH if index == len(ink) - 1 else INK_WIDTH - edge
        strip[:, offset + low : offset + high] = ink[index][:, low:high]
    return strip
