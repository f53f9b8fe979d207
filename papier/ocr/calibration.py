"""What a scanned test page tells of the printer and the scanner together.

Everything is measured through the sheet's registration, so that a page which lies askew is no worse than another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from papier.forms.calibration_page import (
    BARS,
    DISTANCES,
    GREYS,
    PAPER,
    bar_patch,
    edge_line,
    grey_patch,
)
from papier.geometry import RectMm, Transform
from papier.ocr.scan import GreyImage

MM_PER_INCH = 25.4
# The middle of a patch: its borders are blurred by any scanner.
INSIDE = 0.6
# A line counts as printed where it takes at least this share of the contrast between paper and black.
SEEN = 0.3
# Bars count as told apart where black and white differ by this share of the contrast (the Rayleigh criterion: 0.26).
TOLD_APART = 0.26
# Finer than any scan that is read: bars are looked at without losing what the scan shows.
BAR_PIXELS_A_MM = 40


@dataclass(frozen=True)
class Calibration:
    """Lengths in millimetres, angles in degrees, grey from 0 (black) to 255.

    `scale_x`, `scale_y`: how large the sheet came out, 1.0 as it should be; None where the file says no resolution.
    `offset`: where the sheet's corner lies in the scan. `margins`: left, top, right, bottom, how far from the edge the
    first line shows that is printed and scanned. `finest`: the narrowest bars told apart, None for none.
    """

    dpi: float
    scale_x: float | None
    scale_y: float | None
    skew: float
    offset: tuple[float, float]
    margins: tuple[float, float, float, float]
    paper: float
    greys: tuple[float, ...]
    finest: float | None

    @property
    def contrast(self) -> float:
        """How much darker black is than paper, of what there could be."""
        return (self.paper - self.greys[0]) / 255.0


def measure(pixels: GreyImage, dpi: float | None, to_scan: Transform, size_mm: tuple[float, float]) -> Calibration:
    """Measure a test page whose sheet lies in the scan by `to_scan` (mm → pixels)."""
    width, height = size_mm
    middle = np.array([[width / 2, height / 2], [width / 2 + 1, height / 2], [width / 2, height / 2 + 1], [0.0, 0.0]])
    centre, right, down, corner = to_scan.apply(middle)
    a_mm_x, a_mm_y = float(np.hypot(*(right - centre))), float(np.hypot(*(down - centre)))
    paper = _mean(pixels, to_scan, PAPER)
    greys = tuple(_mean(pixels, to_scan, _inside(grey_patch(at))) for at in range(len(GREYS)))
    contrast = max(paper - greys[0], 1.0)
    pixels_a_mm = dpi / MM_PER_INCH if dpi else (a_mm_x + a_mm_y) / 2
    turned = math.degrees(math.atan2(float((right - centre)[1]), float((right - centre)[0])))
    # A sheet fed sideways or upside-down is not askew.
    skew = (turned + 45.0) % 90.0 - 45.0
    return Calibration(
        dpi or pixels_a_mm * MM_PER_INCH,
        a_mm_x / pixels_a_mm if dpi else None,
        a_mm_y / pixels_a_mm if dpi else None,
        skew,
        (float(corner[0]) / pixels_a_mm, float(corner[1]) / pixels_a_mm),
        (
            _margin(pixels, to_scan, "left", size_mm, paper, contrast),
            _margin(pixels, to_scan, "top", size_mm, paper, contrast),
            _margin(pixels, to_scan, "right", size_mm, paper, contrast),
            _margin(pixels, to_scan, "bottom", size_mm, paper, contrast),
        ),
        paper,
        greys,
        _finest(pixels, to_scan, contrast),
    )


def _margin(
    pixels: GreyImage, to_scan: Transform, edge: str, size_mm: tuple[float, float], paper: float, contrast: float
) -> float:
    """The distance of the nearest line from which on all lines show; one more than the last where none does."""
    margin = float(DISTANCES[-1] + 1)
    for distance in reversed(DISTANCES):
        x1, y1, x2, y2 = edge_line(edge, distance, size_mm)
        # A little room beside the line: the registration is good to a tenth of a millimetre or two.
        along = RectMm(min(x1, x2), min(y1, y2), max(x2 - x1, 0.0), max(y2 - y1, 0.0)).grown(0.4)
        cut = _cut(pixels, to_scan, along, 20)
        if edge in ("left", "right"):
            cut = np.ascontiguousarray(cut.T)
        # The darkest of the rows that run along the line, in its middle.
        rows = cut[:, 20:-20].mean(axis=1) if cut.shape[1] > 60 else cut.mean(axis=1)
        if paper - float(rows.min()) < SEEN * contrast:
            break
        margin = float(distance)
    return margin


def _finest(pixels: GreyImage, to_scan: Transform, contrast: float) -> float | None:
    """The narrowest bars of which all wider ones are told apart too, upright and lying."""
    finest = None
    for at in reversed(range(len(BARS))):
        for upright in (True, False):
            cut = _cut(pixels, to_scan, _inside(bar_patch(at, upright=upright)), BAR_PIXELS_A_MM)
            profile = cut.mean(axis=0 if upright else 1)
            low, high = np.percentile(profile, [10, 90])
            if float(high - low) < TOLD_APART * contrast or not _periodic(profile, BARS[at]):
                return finest
        finest = BARS[at]
    return finest


def _periodic(profile: np.ndarray, width: float) -> bool:
    """True where a profile goes up and down as often as bars of this width do: fewer is moiré."""
    level = float((profile.min() + profile.max()) / 2)
    crossings = int(np.count_nonzero(np.diff(profile > level)))
    expected = len(profile) / (BAR_PIXELS_A_MM * width)
    return abs(crossings - expected) <= 0.2 * expected


def _inside(rect: RectMm) -> RectMm:
    return rect.grown(-(1 - INSIDE) / 2 * min(rect.width, rect.height))


def _mean(pixels: GreyImage, to_scan: Transform, rect: RectMm) -> float:
    return float(np.mean(_cut(pixels, to_scan, rect, 8)))


def _cut(pixels: GreyImage, to_scan: Transform, rect: RectMm, pixels_a_mm: int) -> np.ndarray:
    """A part of the sheet, upright, outside of the scan counted as paper."""
    size = (max(1, round(rect.width * pixels_a_mm)), max(1, round(rect.height * pixels_a_mm)))
    scale = np.array([[1 / pixels_a_mm, 0, rect.x], [0, 1 / pixels_a_mm, rect.y], [0, 0, 1]])
    matrix = to_scan.matrix @ scale
    return cv2.warpPerspective(
        pixels, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderValue=255
    ).astype(np.float64)
