"""What every decoded page goes through: limits, square pixels, a resolution one can believe."""

from __future__ import annotations

import cv2
import numpy as np

from papier.geometry import MM_PER_INCH
from papier.ocr.scan import GreyImage

# A0 at 300 dpi is 140 megapixels. More is no sheet of paper, and one page must fit in memory several times over.
MAX_PIXELS = 150_000_000

TOO_MANY_PIXELS = "more than any sheet needs. Scan the page again at 200 to 300 dpi."

# 600 pupils with two double-sided sheets are 2,400 pages; a batch beyond this is a mistake or an attack.
MAX_PAGES = 10_000

# The long side of what an office scanner takes in: from a ticket to an A3 glass with room to spare. A stated
# resolution that implies another size is a default nobody set (1, 72, 96 dpi).
MIN_LONG_SIDE_MM = 50.0
MAX_LONG_SIDE_MM = 600.0

# No office scanner works outside of these; 204 × 98 is the coarsest fax.
MIN_DPI = 60.0
MAX_DPI = 2500.0

# Fax resolutions (204 × 98, 204 × 196) are well above; rounding in files (300 × 299.6) well below.
MAX_ANISOTROPY = 1.02


def too_large(width: int, height: int) -> str | None:
    """Why an image of this size is not decoded, or None where it may be."""
    if width < 1 or height < 1:
        return "The image states that it has no pixels. Scan the page again."
    if width * height > MAX_PIXELS:
        return f"The image states {width} × {height} pixels, {TOO_MANY_PIXELS}"
    return None


def find_plausible_dpi(dpi: float | None, width: int, height: int) -> float | None:
    """`dpi` where it is one that an image of this many pixels can have; None where nobody can have set it."""
    if dpi is None or not MIN_DPI <= dpi <= MAX_DPI:
        return None
    long_side = max(width, height) / dpi * MM_PER_INCH
    return round(dpi, 2) if MIN_LONG_SIDE_MM <= long_side <= MAX_LONG_SIDE_MM else None


def to_square_pixels(pixels: GreyImage, dpi: tuple[float, float]) -> tuple[GreyImage, float]:
    """Stretch the coarser direction so that both have the same resolution, (horizontal, vertical) → one.

    Nothing is thrown away: the finer resolution is kept. The image is returned as it is where the two hardly differ,
    and where they differ beyond any fax (then one of them is wrong).
    """
    across, down = dpi
    finest = max(across, down)
    # The widest real ratio is 2.08 (204 × 98); 4 leaves room for half-resolution scans of those.
    if finest <= min(across, down) * MAX_ANISOTROPY or finest > min(across, down) * 4:
        return pixels, across
    height, width = pixels.shape
    size = (max(1, round(width * finest / across)), max(1, round(height * finest / down)))
    if size[0] * size[1] > MAX_PIXELS:
        return pixels, across
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8), finest
