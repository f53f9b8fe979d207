"""A page as the scanner gave it, and the same page once its sheet has been found on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from papier.geometry import FloatArray, RectMm, Transform

# cv2.remap takes images of at most 32,767 rows.
MAX_REMAP_ROWS = 32_000

GreyImage = npt.NDArray[np.uint8]  # shape (height, width), 0 black, 255 white


@dataclass(frozen=True)
class ScannedPage:
    """One page image. `index` counts pages of the file from 1; `dpi` is None where the file does not say.

    `pixels` is grey, at the scan's own resolution, as the file shows it (rotation of a PDF page applied).
    `image_index` counts images on a PDF page that holds several, from 1.
    """

    source: str
    index: int
    pixels: GreyImage
    dpi: float | None = None
    image_index: int = 1


@dataclass(frozen=True)
class RejectedPage:
    """A page of a file that could not be decoded, and why (one sentence with the remedy)."""

    source: str
    index: int
    reason: str


@dataclass(frozen=True)
class RegisteredPage:
    """A sheet found on a scanned page.

    `to_page` is the global projective map from sheet millimetres to scan pixels; `displacement`, when given, adds the
    local correction in pixels for points given in sheet millimetres (shape (n, 2) → (n, 2)): paper is bent and feeders
    stretch. `residual` is the typical remaining error in millimetres, as measured on the printed face, None if unknown.
    `marks_found` says which of the four corner marks were seen (clockwise from top left).
    """

    scan: ScannedPage
    size_mm: tuple[float, float]
    to_page: Transform
    displacement: Callable[[FloatArray], FloatArray] | None = None
    residual: float | None = None
    marks_found: tuple[bool, bool, bool, bool] = (False, False, False, False)

    def to_scan(self, points: npt.ArrayLike) -> FloatArray:
        """Sheet millimetres → scan pixels, shape (n, 2) → (n, 2), local correction included."""
        given = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        mapped = self.to_page.apply(given)
        return mapped if self.displacement is None else mapped + self.displacement(given)

    def cut(self, rects: Sequence[RectMm], shape: tuple[int, int]) -> GreyImage:
        """Cut rectangles of the sheet straight out of the scan.

        Each is resampled to `shape` (height, width) pixels; the result is uint8, (n, height, width). What lies outside
        of the scan is white.
        """
        if not rects:
            return np.empty((0, *shape), dtype=np.uint8)
        height, width = shape
        corners = self.to_scan(np.concatenate([rect.corners() for rect in rects])).reshape(-1, 4, 1, 1, 2)
        u = ((np.arange(width) + 0.5) / width)[None, None, :, None]
        v = ((np.arange(height) + 0.5) / height)[None, :, None, None]
        # Bilinear between the four mapped corners: over one zone the paper's bend is nothing else.
        points = (
            corners[:, 0] * (1 - u) * (1 - v)
            + corners[:, 1] * u * (1 - v)
            + corners[:, 2] * u * v
            + corners[:, 3] * (1 - u) * v
        )
        # remap counts from pixel centres, the scan frame from pixel corners.
        where = (points - 0.5).astype(np.float32).reshape(len(rects) * height, width, 2)
        pieces = [
            cv2.remap(
                self.scan.pixels,
                block[..., 0],
                block[..., 1],
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=255,
            )
            for block in np.array_split(where, -(-len(where) // MAX_REMAP_ROWS))
        ]
        return np.asarray(np.concatenate(pieces).reshape(len(rects), height, width), dtype=np.uint8)
