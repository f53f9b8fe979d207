"""Sheets of which only two corner marks are plainly seen: where they may lie, for the sheet number to decide.

Two marks give a place, an angle and a scale, yet not which corners they are; and on a page full of filled boxes there
are more squares than marks. A printed number that the workspace's key verifies tells, at one place in many.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from papier.geometry import Transform
from papier.ocr.marks import find_marks
from papier.ocr.registration import GOOD_MARK, PAIRS, affine, mark_centres, placed_by_two, sheet_sizes
from papier.ocr.scan import RegisteredPage, ScannedPage

# Squares that are as good as marks: the filled boxes of a page may be a dozen.
MAX_MARKS = 12
# A place is as good as its marks; after so many that bear no number, further ones would bear none either.
MAX_PLACES = 60


def place_by_two_marks(page: ScannedPage) -> Iterator[RegisteredPage]:
    """Ways in which a sheet may lie with two good marks on its corners; at most MAX_PLACES, the best marks first."""
    return itertools.islice(_places(page), MAX_PLACES)


def _places(page: ScannedPage) -> Iterator[RegisteredPage]:
    marks = [mark for mark in find_marks(page, thorough=True) if mark.score > GOOD_MARK][:MAX_MARKS]
    shapes = sorted({(min(size), max(size)) for size in sheet_sizes()}, reverse=True)
    for (first, second), (p, q), shape in itertools.product(itertools.combinations(marks, 2), PAIRS, shapes):
        placed = placed_by_two(first, second, mark_centres(shape), p, q)
        if placed is None:
            continue
        for turn in range(4):
            size = shape if turn % 2 == 0 else (shape[1], shape[0])
            if size not in sheet_sizes():
                continue
            order = [(turn + k) % 4 for k in range(4)]
            seen = [corner in (p, q) for corner in order]
            yield RegisteredPage(
                page,
                size,
                Transform(affine(mark_centres(size), placed[order])),
                marks_found=(seen[0], seen[1], seen[2], seen[3]),
            )
