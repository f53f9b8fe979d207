"""Bubbles with a letter or number in them, on forms of others: print hides most of the ink.

A network that looks at one such bubble takes the letter, which another printer made paler and a scan put half a pixel
off, for something erased or struck. The page tells better: nearly all its bubbles are empty, and show how much darker
than their print an empty one comes out there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from papier.ocr.zones.tick_model import Likelihoods, Look
from papier.ocr.zones.tick_patches import MARGIN, SIDE, Pictures
from papier.ocr.zones.tick_traces import INNER, MARKS_OF_PEN, MARKS_WITHIN, find_marked

Floats = npt.NDArray[np.float64]

# So many bubbles that look unmarked tell how empty ones come out, as their median and spread (1.48 times the median
# distance from it, a standard deviation where they are normal).
FEW_BUBBLES = 20
# A page shows its pen where there are MARKS_OF_PEN marks and nine in ten stand out by so many spreads: on 11 real pages
# in pencil by 13 to 19; with their marks faded to a half, by 5.8 and more, to a third by 3.5 to 5.4.
PLAIN = 6.0
# There, what stands out by less than this is as empty as the others: whatever else it looks like is so much less
# likely. Of 427 marks on those pages the palest stood out by 10, of 11,684 empty bubbles the darkest by 3.2.
CALM, CALM_MARK = 2.5, 0.01
HIDDEN_BY_PRINT = [*MARKS_WITHIN, Look.STRUCK, Look.ERASED]
# Where the page shows no such pen, a bubble that does stand out may hold a faint mark.
FAINT_MARK = 0.05


def measure_excess(pictures: Pictures) -> Floats:
    """How much darker the inside of each box is than its print, on average: (n,), -255 to 255."""
    inside = slice(MARGIN + INNER, SIDE - MARGIN - INNER)
    means = pictures[:, :2, inside, inside].mean(axis=(2, 3), dtype=np.float64)
    return np.asarray(means[:, 0] - means[:, 1])


def compare_bubbles(looks: Likelihoods, excess: Floats) -> Likelihoods:
    """The looks of a page's bubbles (n, len(Look)), seen beside one another; `excess` (n,) is their darkness."""
    marked = find_marked(looks)
    if np.count_nonzero(~marked) < FEW_BUBBLES:
        return looks
    middle = float(np.median(excess[~marked]))
    spread = max(1.48 * float(np.median(np.abs(excess[~marked] - middle))), 1.0)
    out = (excess - middle) / spread
    compared = looks.copy()
    if np.count_nonzero(marked) >= MARKS_OF_PEN and np.quantile(out[marked], 0.1) > PLAIN:
        calm = out < CALM
        for look in HIDDEN_BY_PRINT:
            compared[calm, look] *= CALM_MARK
    else:
        faint = out > CALM
        compared[faint, Look.OPEN] = np.maximum(compared[faint, Look.OPEN], FAINT_MARK * compared[faint, Look.EMPTY])
    return compared
