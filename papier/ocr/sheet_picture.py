"""A scanned page as a person wants to look at it: the sheet upright and straight, its edges where paper ends."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from papier.geometry import MM_PER_INCH, FloatArray
from papier.ocr.scan import GreyImage

# Handwriting is read with ease at this; a page is about a hundred kilobytes.
SHOWN_DPI = 110.0
# A page without a known sheet is shown as it lies, this many pixels on its longer side.
SHOWN_LENGTH = 1300
# Scans are grey JPEG as a rule; this adds no visible trace of its own.
QUALITY = 80


def draw_sheet(
    pixels: GreyImage, to_scan: Sequence[float], size_mm: tuple[float, float], dpi: float = SHOWN_DPI
) -> GreyImage:
    """The sheet cut out of its scan: `size_mm` at `dpi`, so that a length in millimetres is one in the picture.

    `to_scan`: sheet millimetres → scan pixels, 3x3, row by row.
    """
    scale = dpi / MM_PER_INCH
    to_sheet: FloatArray = np.diag([1 / scale, 1 / scale, 1.0])
    from_picture = np.asarray(to_scan, dtype=np.float64).reshape(3, 3) @ to_sheet
    size = (round(size_mm[0] * scale), round(size_mm[1] * scale))
    shrunk, factor = _shrunk(pixels, from_picture)
    matrix = np.diag([factor, factor, 1.0]) @ from_picture
    drawn = cv2.warpPerspective(shrunk, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderValue=(255,))
    return np.asarray(drawn, dtype=np.uint8)


def draw_page(pixels: GreyImage) -> GreyImage:
    """A whole page as it lies, small enough to look at."""
    factor = SHOWN_LENGTH / max(pixels.shape)
    if factor >= 1:
        return pixels
    size = (max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def to_jpeg(picture: GreyImage) -> bytes:
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1])
    return encoded.tobytes()


def _shrunk(pixels: GreyImage, from_picture: FloatArray) -> tuple[GreyImage, float]:
    """The scan at about the picture's resolution: sampling a finer one would drop thin strokes."""
    step = float(np.sqrt(abs(np.linalg.det(from_picture[:2, :2]))))
    if step <= 1:
        return pixels, 1.0
    size = (max(1, round(pixels.shape[1] / step)), max(1, round(pixels.shape[0] / step)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8), size[0] / pixels.shape[1]
