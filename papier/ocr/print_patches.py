"""What a form prints in rectangles of its page, and where that print lies in a scan of them.

The same rectangles are looked at on every sheet of a form, so that what the face shows there is made once and kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from papier.geometry import FloatArray, RectMm
from papier.ocr.scan import GreyImage

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int_]

# What registration by the printed face may leave on bent paper.
SEARCH_MM = 0.3
# Toner spreads, a scanned edge is soft and may lie half a pixel off: print reaches this much further than it was drawn.
PRINT_SPREAD_MM = 0.2
# Boxes this close to each other are displaced alike, and are aligned together.
ALIGNED_TOGETHER_MM = 40.0
# Less darkness than this (0 to 255) is no print.
FAINTEST_PRINT = 16
# A shift must match this much better for each pixel that it is further: displacements are small.
NEARER = 0.01
# Rectangles of a form kept: half a megabyte for the cells of a page.
MAX_KEPT = 48


class PrintedFace(Protocol):
    """The raster of a form's printed face, the same one for all its pages; `papier.ocr.face.Face` is one."""

    def __hash__(self) -> int:
        """What is cut from a face is kept by it."""

    def cut(self, rects: Sequence[RectMm], shape: tuple[int, int]) -> GreyImage:
        """As `RegisteredPage.cut`: (n, height, width) grey, 0 black, 255 bare paper."""


@dataclass(frozen=True, eq=False)
class PrintPatches:
    """The print in n rectangles of `shape` pixels and `edge` pixels around each, 0 paper to 255 black.

    `drawn` and `thick` (n, height + 2 edge, width + 2 edge): as drawn, and as toner spreads. `margin`: how far it is
    looked for. `profiles`: for columns and for rows, the sums of the print at each shift, of zero mean and unit length,
    (n, 2 margin + 1, length). `groups` (n,): rectangles with the same number are displaced alike. `bare` (n,): no print
    within the rectangle.
    """

    shape: tuple[int, int]
    edge: int
    margin: int
    drawn: Bytes
    thick: Bytes
    profiles: tuple[FloatArray, FloatArray]
    groups: Ints
    bare: npt.NDArray[np.bool_]

    def find_shifts(self, darkness: Floats) -> Ints:
        """Whole-pixel displacement (x, y) of the print in a scan's `darkness` (n, height, width), (n, 2).

        Frames are straight, so rows and columns are matched apart, by the correlation of their sums (separable template
        matching); the boxes of a group vote together, which no single mark of a pen outvotes.
        """
        found = np.zeros((len(darkness), 2), dtype=int)
        for axis, profiles in enumerate(self.profiles):
            seen = darkness.mean(axis=1 + axis)
            scores = np.einsum("nl,nsl->ns", seen - seen.mean(axis=1, keepdims=True), profiles)
            pooled = np.zeros((int(self.groups.max()) + 1, scores.shape[1]))
            np.add.at(pooled, self.groups, scores)
            best = pooled.argmax(axis=1) - self.margin
            best[pooled.max(axis=1) <= 0] = 0
            found[:, axis] = best[self.groups]
        found[self.bare] = 0
        return found

    def shifted(self, shifts: Ints) -> tuple[Bytes, Bytes]:
        """The print as drawn and as toner spreads, each (n, height, width), displaced like this."""
        height, width = self.shape
        core = np.empty((len(shifts), height, width), np.uint8)
        cover = np.empty_like(core)
        # Groups move together: there are few different shifts.
        for dx, dy in set(map(tuple, shifts.tolist())):
            alike = np.flatnonzero((shifts == (dx, dy)).all(axis=1))
            rows = slice(self.edge + dy, self.edge + dy + height)
            columns = slice(self.edge + dx, self.edge + dx + width)
            core[alike], cover[alike] = self.drawn[alike, rows, columns], self.thick[alike, rows, columns]
        return core, cover


@lru_cache(maxsize=MAX_KEPT)
def print_patches(face: PrintedFace, rects: tuple[RectMm, ...], shape: tuple[int, int]) -> PrintPatches | None:
    """What the face prints in `rects` at `shape` (height, width) pixels; None where it prints nothing."""
    height, width = shape
    pixel = float(np.median([rect.width for rect in rects])) / width
    margin = int(np.clip(round(SEARCH_MM / pixel), 1, 6))
    spread = max(1, round(PRINT_SPREAD_MM / pixel))
    edge = margin + spread  # more, which the dilation below may read
    wider = [
        RectMm(
            rect.x - edge * rect.width / width,
            rect.y - edge * rect.height / height,
            rect.width * (1 + 2 * edge / width),
            rect.height * (1 + 2 * edge / height),
        )
        for rect in rects
    ]
    drawn = 255 - face.cut(wider, (height + 2 * edge, width + 2 * edge))
    if drawn.max() < FAINTEST_PRINT:
        return None
    tall = drawn.reshape(-1, width + 2 * edge)
    thick = np.asarray(cv2.dilate(tall, np.ones((2 * spread + 1, 2 * spread + 1), np.uint8)), dtype=np.uint8)
    inner = slice(edge, edge + height), slice(edge, edge + width)
    profiles = (
        _profiles(drawn[:, inner[0]].mean(axis=1), edge, margin),
        _profiles(drawn[:, :, inner[1]].mean(axis=2), edge, margin),
    )
    bare = drawn[:, inner[0], inner[1]].reshape(len(rects), -1).max(axis=1) < FAINTEST_PRINT
    return PrintPatches(shape, edge, margin, drawn, thick.reshape(drawn.shape), profiles, _groups(rects), bare)


def _profiles(sums: FloatArray, edge: int, margin: int) -> FloatArray:
    """The part of `sums` (n, length + 2 edge) under a patch at every shift, see `PrintPatches.profiles`."""
    length = sums.shape[1] - 2 * edge
    parts = []
    for shift in range(-margin, margin + 1):
        part = sums[:, edge + shift : edge + shift + length]
        part = part - part.mean(axis=1, keepdims=True)
        strength = np.sqrt((part**2).sum(axis=1, keepdims=True)) + 1e-3
        parts.append(part / strength * (1 - NEARER * abs(shift)))
    return np.stack(parts, axis=1)


def _groups(rects: Sequence[RectMm]) -> Ints:
    """A number for each rectangle; those that lie together share it."""
    tiles: dict[tuple[int, int], int] = {}
    numbers = []
    for rect in rects:
        x, y = rect.centre
        tile = (int(x // ALIGNED_TOGETHER_MM), int(y // ALIGNED_TOGETHER_MM))
        numbers.append(tiles.setdefault(tile, len(tiles)))
    return np.array(numbers)
