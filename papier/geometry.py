"""Millimetres, pixels, and the way from one to the other.

Two frames are used in the whole program, both with their origin at the top left, x to the right, y down:

- *sheet*: millimetres on the printed sheet (`RectMm`);
- *scan*: pixels of one scanned page (`RectPx`), pixel (0, 0) covering [0, 1) x [0, 1), its centre at (0.5, 0.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

MM_PER_INCH = 25.4
POINTS_PER_MM = 72 / MM_PER_INCH


@dataclass(frozen=True, slots=True)
class RectMm:
    """A rectangle on the sheet: top left corner and size, in millimetres."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def from_list(cls, values: Sequence[float]) -> RectMm:
        """Read `[x, y, width, height]`; raises ValueError when there are not four numbers."""
        x, y, width, height = (float(value) for value in values)
        return cls(x, y, width, height)

    def to_list(self) -> list[float]:
        """`[x, y, width, height]`, rounded to a thousandth of a millimetre."""
        return [round(value, 3) for value in (self.x, self.y, self.width, self.height)]

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def corners(self) -> FloatArray:
        """The corners clockwise from the top left, shape (4, 2)."""
        return np.array(
            [[self.x, self.y], [self.right, self.y], [self.right, self.bottom], [self.x, self.bottom]], dtype=np.float64
        )

    def grown(self, margin: float) -> RectMm:
        """The same rectangle with `margin` millimetres more on each side (less, when negative)."""
        return RectMm(self.x - margin, self.y - margin, self.width + 2 * margin, self.height + 2 * margin)

    def moved(self, dx: float, dy: float) -> RectMm:
        return RectMm(self.x + dx, self.y + dy, self.width, self.height)

    def contains(self, other: RectMm, tolerance: float = 1e-6) -> bool:
        return (
            other.x >= self.x - tolerance
            and other.y >= self.y - tolerance
            and other.right <= self.right + tolerance
            and other.bottom <= self.bottom + tolerance
        )

    def overlaps(self, other: RectMm, tolerance: float = 1e-6) -> bool:
        """True when the two share more than an edge."""
        return (
            self.x < other.right - tolerance
            and other.x < self.right - tolerance
            and self.y < other.bottom - tolerance
            and other.y < self.bottom - tolerance
        )


def corners_of(rects: Sequence[RectMm]) -> FloatArray:
    """The corners of each rectangle clockwise from the top left, shape (n, 4, 2)."""
    sides = np.array([(rect.x, rect.y, rect.x + rect.width, rect.y + rect.height) for rect in rects], dtype=np.float64)
    return sides.reshape(-1, 4)[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]


def bounding_rect(rects: Iterable[RectMm]) -> RectMm:
    """The smallest rectangle around all of `rects`; raises ValueError when there are none."""
    listed = list(rects)
    x, y = min(r.x for r in listed), min(r.y for r in listed)
    return RectMm(x, y, max(r.right for r in listed) - x, max(r.bottom for r in listed) - y)


@dataclass(frozen=True)
class Transform:
    """A plane projective map, as a 3x3 matrix acting on column vectors (x, y, 1)."""

    matrix: FloatArray

    def apply(self, points: npt.ArrayLike) -> FloatArray:
        """Map points, shape (n, 2) → (n, 2)."""
        given = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        mapped = np.column_stack([given, np.ones(len(given))]) @ self.matrix.T
        return np.asarray(mapped[:, :2] / mapped[:, 2:3], dtype=np.float64)

    def inverse(self) -> Transform:
        return Transform(np.asarray(np.linalg.inv(self.matrix), dtype=np.float64))

    def then(self, following: Transform) -> Transform:
        """First this map, then `following`."""
        return Transform(following.matrix @ self.matrix)

    @classmethod
    def scaling(cls, factor: float) -> Transform:
        return cls(np.array([[factor, 0, 0], [0, factor, 0], [0, 0, 1]], dtype=np.float64))
