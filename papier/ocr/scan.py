"""A page as the scanner gave it, and the same page once its sheet has been found on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from papier.geometry import FloatArray, RectMm, Transform, corners_of

# cv2.remap takes images of at most 32,767 rows.
MAX_REMAP_ROWS = 32_000
# A quadrangle this close to a parallelogram, in pixels, is cut as one: no reading depends on so little.
STRAIGHT_PX = 0.25

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

    @cached_property
    def half(self) -> ScannedPage:
        """The page at half its resolution, each pixel the mean of four; made once, for all who look from further away.

        An odd last row or column is cut off, so that coordinates halve exactly.
        """
        height, width = self.pixels.shape
        if min(height, width) < 2:
            return self
        size = (width // 2, height // 2)
        whole = self.pixels[: size[1] * 2, : size[0] * 2]
        small = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return replace(self, pixels=small, dpi=None if self.dpi is None else self.dpi / 2)


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

    def lay_flat(self, shape: tuple[int, int], fineness: float, *, averaged: bool = True) -> GreyImage:
        """The whole sheet at `shape` (height, width) pixels by its global map alone; white outside of the scan.

        `fineness` as for `halvings`. Each pixel is interpolated, or, not `averaged`, a single one of the scan.
        """
        width, height = self.size_mm
        scan, factor = self.scan, 1
        for _ in range(self.halvings(shape[1] / width, fineness)):
            scan, factor = scan.half, 2 * factor
        # Both frames count from pixel corners, warpPerspective from centres.
        to_corner = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
        to_mm = np.diag([width / shape[1], height / shape[0], 1.0])
        reduce = np.diag([1 / factor, 1 / factor, 1.0])
        matrix = np.linalg.inv(to_corner) @ reduce @ self.to_page.matrix @ to_mm @ to_corner
        flags = (cv2.INTER_LINEAR if averaged else cv2.INTER_NEAREST) | cv2.WARP_INVERSE_MAP
        flat = cv2.warpPerspective(
            scan.pixels, matrix, shape[::-1], flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=255
        )
        return np.asarray(flat, dtype=np.uint8)

    def halvings(self, px_per_mm: float, fineness: float) -> int:
        """How often the scan is halved to be resampled at so many pixels per millimetre.

        A scan at least `fineness` times as fine as that is halved, and again while it is far finer.
        """
        width, height = self.size_mm
        ends = self.to_page.apply([[0, height / 2], [width, height / 2]])
        ratio = float(np.hypot(*(ends[1] - ends[0]))) / width / px_per_mm
        scan, times = self.scan, 0
        while ratio / 2**times >= fineness * (1.3 if times else 1.0) and scan.half is not scan:
            scan, times = scan.half, times + 1
        return times

    def cut(self, rects: Sequence[RectMm], shape: tuple[int, int], *, halvings: int = 0) -> GreyImage:
        """Cut rectangles of the sheet straight out of the scan.

        Each is resampled to `shape` (height, width) pixels; the result is uint8, (n, height, width). What lies outside
        of the scan is white. `halvings`: from the scan at half its resolution (1), a quarter (2), …, so that shrinking
        averages pixels instead of skipping them.
        """
        height, width = shape
        pieces = np.empty((len(rects), height, width), dtype=np.uint8)
        if not rects:
            return pieces
        corners = self.to_scan(corners_of(rects)).reshape(-1, 4, 2)
        scan = self.scan
        for _ in range(halvings):
            scan = scan.half
        corners /= 2**halvings
        # Off by how much a parallelogram through three corners would miss the fourth.
        skewed = np.abs(corners[:, 0] - corners[:, 1] + corners[:, 2] - corners[:, 3]).max(axis=1) > STRAIGHT_PX
        if skewed.any():
            pieces[skewed] = _cut_bent(scan.pixels, corners[skewed], shape)
        # remap counts from pixel centres, the scan frame from pixel corners.
        across, down = (corners[:, 1] - corners[:, 0]) / width, (corners[:, 3] - corners[:, 0]) / height
        first = corners[:, 0] + (across + down) / 2 - 0.5
        maps = np.stack([across, down, first], axis=2)
        for i in np.flatnonzero(~skewed).tolist():
            cv2.warpAffine(
                scan.pixels,
                maps[i],
                (width, height),
                dst=pieces[i],
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=255,
            )
        return pieces


def _cut_bent(pixels: GreyImage, corners: FloatArray, shape: tuple[int, int]) -> GreyImage:
    """Quadrangles (n, 4, 2) of an image as rectangles; bilinear between the corners: over one zone the paper's bend is
    nothing else.
    """
    height, width = shape
    around = corners[:, :, None, None, :]
    u = ((np.arange(width) + 0.5) / width)[None, None, :, None]
    v = ((np.arange(height) + 0.5) / height)[None, :, None, None]
    points = (
        around[:, 0] * (1 - u) * (1 - v)
        + around[:, 1] * u * (1 - v)
        + around[:, 2] * u * v
        + around[:, 3] * (1 - u) * v
    )
    where = (points - 0.5).astype(np.float32).reshape(len(corners) * height, width, 2)
    pieces = [
        cv2.remap(
            pixels,
            block[..., 0],
            block[..., 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=255,
        )
        for block in np.array_split(where, -(-len(where) // MAX_REMAP_ROWS))
    ]
    return np.asarray(np.concatenate(pieces).reshape(len(corners), height, width), dtype=np.uint8)
