"""The smooth field of displacements that bent paper and a stretching feeder leave, from patches found on the scan.

It is a Gaussian process regression (Rasmussen & Williams 2006, ch. 2) on a reduced basis, made robust against patches
that a pen or a stain has changed by iterative reweighting.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from papier.geometry import FloatArray, Transform

# Prior standard deviations (mm) and lengths (mm) of the field: a linear and bilinear part for what the marks leave, a
# part that varies along the page only (feeder), and one that varies both ways (curl).
LINEAR_MM, FEEDER_MM, FEEDER_LENGTH, CURL_MM, CURL_LENGTH = 1.2, 0.5, 45.0, 0.35, 60.0
# A well textured patch is placed this exactly; below it, the field would follow noise.
PLACEMENT_MM = 0.05
BASIS = 30
# Points the functions are built on: closer than the shortest length above.
ANCHOR_MM = 30.0
# The field is tabulated at this pitch and interpolated: it bends by a hundredth of a millimetre over it at most.
GRID_MM = 7.0
# A patch further off than this shows something else, however loosely it is placed.
LARGEST_OFF_MM = 0.6


@dataclass(frozen=True, eq=False)
class FieldBasis:
    """Functions that the displacements of a page of `size_mm` are made of, those with the most say first."""

    size_mm: tuple[float, float]
    anchors: FloatArray  # (k, 2), spread over the page
    projection: FloatArray  # (k, m)

    def at(self, points: FloatArray) -> FloatArray:
        """The values of the functions at points (n, 2) in sheet millimetres, shape (n, m)."""
        return _covariance(points, self.anchors, self.size_mm) @ self.projection

    def table(self, coefficients: FloatArray) -> FloatArray:
        """The field with these coefficients (m, 2) at the nodes of a grid of GRID_MM, shape (rows, columns, 2)."""
        columns, rows = (int(np.ceil(length / GRID_MM)) + 1 for length in self.size_mm)
        return (self._at_nodes @ coefficients).reshape(rows, columns, 2)

    @cached_property
    def _at_nodes(self) -> FloatArray:
        columns, rows = (int(np.ceil(length / GRID_MM)) + 1 for length in self.size_mm)
        x, y = np.meshgrid(np.arange(columns) * GRID_MM, np.arange(rows) * GRID_MM)
        return self.at(np.column_stack([x.ravel(), y.ravel()]))


@lru_cache(maxsize=16)
def field_basis(size_mm: tuple[float, float]) -> FieldBasis:
    """The functions for a page of this size."""
    x, y = np.meshgrid(*(np.linspace(0, length, max(4, round(length / ANCHOR_MM))) for length in size_mm))
    anchors = np.column_stack([x.ravel(), y.ravel()])
    values, vectors = np.linalg.eigh(_covariance(anchors, anchors, size_mm))
    # What is dropped is far below the noise of a patch.
    kept = np.argsort(-values)[:BASIS]
    kept = kept[values[kept] > PLACEMENT_MM**2 / 50]
    return FieldBasis(size_mm, anchors, vectors[:, kept] / np.sqrt(values[kept]))


def _covariance(a: FloatArray, b: FloatArray, size_mm: tuple[float, float]) -> FloatArray:
    """How displacements at `a` (n, 2) and `b` (m, 2) go together, in mm², before anything was seen."""
    middle = np.array(size_mm) / 2
    u, v = (a - middle) / middle, (b - middle) / middle
    linear = 1.0 + u @ v.T + np.outer(u[:, 0] * u[:, 1], v[:, 0] * v[:, 1])
    dx, dy = a[:, None, 0] - b[None, :, 0], a[:, None, 1] - b[None, :, 1]
    feeder = np.exp(-(dy**2) / (2 * FEEDER_LENGTH**2))
    curl = np.exp(-(dx**2 + dy**2) / (2 * CURL_LENGTH**2))
    return np.asarray(LINEAR_MM**2 * linear + FEEDER_MM**2 * feeder + CURL_MM**2 * curl, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class FieldDisplacement:
    """A displacement tabulated on a grid of GRID_MM, in sheet millimetres, added before `to_page`.

    Called with points in sheet millimetres, (n, 2), it gives the displacement in scan pixels, (n, 2).
    """

    to_page: Transform
    table: FloatArray  # (rows, columns, 2)

    def __call__(self, points: FloatArray) -> FloatArray:
        return self.to_page.apply(points + self.millimetres(points)) - self.to_page.apply(points)

    def millimetres(self, points: FloatArray) -> FloatArray:
        """The displacement on the sheet; beyond the page as at its edge."""
        rows, columns = self.table.shape[:2]
        at = np.clip(points / GRID_MM, 0.0, [columns - 1.0, rows - 1.0])
        left = np.minimum(at.astype(np.int64), [columns - 2, rows - 2])
        u, v = (at - left).T[:, :, None]
        x, y = left.T
        table = self.table
        upper = table[y, x] * (1 - u) + table[y, x + 1] * u
        lower = table[y + 1, x] * (1 - u) + table[y + 1, x + 1] * u
        return np.asarray(upper * (1 - v) + lower * v, dtype=np.float64)


def fit_field(
    basis: FloatArray, found: FloatArray, noise: FloatArray, usable: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """Coefficients (m, 2) of the smooth field, what is left at each patch (n, 2) in mm, and which patches agree."""
    weight = usable.astype(np.float64)
    ridge = np.eye(basis.shape[1])
    coefficients = np.zeros((basis.shape[1], 2))
    off = found
    for _ in range(6):
        for axis in range(2):
            w = weight / noise[:, axis] ** 2
            coefficients[:, axis] = np.linalg.solve((basis.T * w) @ basis + ridge, (basis.T * w) @ found[:, axis])
        off = found - basis @ coefficients
        strange = np.max(np.abs(off) / noise, axis=1)
        spread = max(1.0, 1.5 * float(np.median(strange[usable]))) if usable.any() else 1.0
        # The weight of a Cauchy-like tail, squared: what is far off has next to no say.
        weight = usable / (1 + (strange / (2.5 * spread)) ** 2) ** 2
    near = np.hypot(*off.T) < LARGEST_OFF_MM
    agreeing = usable & (np.max(np.abs(off) / noise, axis=1) < 4.0 * spread) & near
    return coefficients, off, agreeing
