"""A piece of a scanned page as a person is shown it: one field with what stands around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from papier.geometry import MM_PER_INCH, RectMm, Transform
from papier.ocr.scan import GreyImage, RegisteredPage, ScannedPage

# Fine enough to tell a 1 from a 7, small enough for a page that holds many.
CROP_DPI = 200.0


@dataclass(frozen=True, slots=True)
class Context:
    """What is shown around a field, in millimetres: on each side, and of the sheet at least."""

    across: float
    down: float
    least_width: float
    least_height: float


# What stands around a field helps to read it; where there is little room, the strokes count more.
CONTEXT, CLOSE = Context(7.0, 4.0, 70.0, 16.0), Context(2.0, 2.5, 30.0, 10.0)
# The whole page, where there is no field to show, is drawn this wide.
PAGE_WIDTH = 900
WHITE = 255


def cut_field(
    page: ScannedPage,
    to_scan: Sequence[float],
    size_mm: tuple[float, float],
    rect: RectMm,
    secret: Sequence[RectMm] = (),
    dpi: float = CROP_DPI,
    context: Context = CONTEXT,
) -> tuple[GreyImage, RectMm]:
    """The field at `rect` with its surroundings, grey, and what part of the sheet it shows.

    `to_scan`: sheet millimetres → scan pixels, 3×3 row by row. `secret`: zones that are kept on paper only; they are
    white, whatever the page shows there.
    """
    shown = _surroundings(rect, size_mm, context)
    scale = dpi / MM_PER_INCH
    shape = (max(1, round(shown.height * scale)), max(1, round(shown.width * scale)))
    matrix = np.asarray(to_scan, dtype=np.float64).reshape(3, 3)
    registered = RegisteredPage(page, size_mm, Transform(matrix))
    pixels = registered.cut([shown], shape, halvings=_halvings(page, registered, shape, shown))[0].copy()
    for hidden in secret:
        left, right = ((x - shown.x) * scale for x in (hidden.x, hidden.right))
        top, bottom = ((y - shown.y) * scale for y in (hidden.y, hidden.bottom))
        if right > 0 and bottom > 0 and left < shape[1] and top < shape[0]:
            pixels[max(0, int(top)) : max(0, int(bottom + 1)), max(0, int(left)) : max(0, int(right + 1))] = WHITE
    return pixels, shown


def mark_rect(pixels: GreyImage, shown: RectMm, rect: RectMm) -> GreyImage:
    """The same piece with brackets at the corners of `rect`, outside of it: which of several fields is meant."""
    marked = pixels.copy()
    scale = pixels.shape[1] / shown.width
    around = rect.grown(0.9)
    left, top = (around.x - shown.x) * scale, (around.y - shown.y) * scale
    right, bottom = (around.right - shown.x) * scale, (around.bottom - shown.y) * scale
    arm = min(2.2 * scale, (right - left) / 3, (bottom - top) / 2)
    thick = max(1, round(0.3 * scale))
    for x, inward in ((left, 1), (right, -1)):
        for y, down in ((top, 1), (bottom, -1)):
            corner = (round(x), round(y))
            cv2.line(marked, corner, (round(x + inward * arm), corner[1]), 60, thick)
            cv2.line(marked, corner, (corner[0], round(y + down * arm)), 60, thick)
    return marked


def whole_page(page: ScannedPage, width: int = PAGE_WIDTH) -> GreyImage:
    """The page small enough to look at."""
    height, across = page.pixels.shape
    if across <= width:
        return page.pixels
    size = (width, max(1, round(height * width / across)))
    return np.asarray(cv2.resize(page.pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def to_png(pixels: GreyImage) -> bytes:
    """The image as a PNG file."""
    done, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 6])
    assert done  # noqa: S101 - grey pixels always fit a PNG
    return bytes(data)


def _surroundings(rect: RectMm, size_mm: tuple[float, float], context: Context) -> RectMm:
    """The rectangle with its context, moved into the sheet where it would leave it."""
    width = min(size_mm[0], max(context.least_width, rect.width + 2 * context.across))
    height = min(size_mm[1], max(context.least_height, rect.height + 2 * context.down))
    # A label stands to the left of what it asks, or above it.
    x = rect.x + rect.width / 2 - width / 2
    y = rect.y + rect.height / 2 - height * 0.55
    return RectMm(min(max(0.0, x), size_mm[0] - width), min(max(0.0, y), size_mm[1] - height), width, height)


def _halvings(page: ScannedPage, registered: RegisteredPage, shape: tuple[int, int], shown: RectMm) -> int:
    corners = registered.to_scan(shown.corners())
    ratio = float(np.hypot(*(corners[1] - corners[0]))) / shape[1]
    halvings = 0
    while ratio >= 2 and min(page.pixels.shape) >> (halvings + 1) > 1:
        ratio /= 2
        halvings += 1
    return halvings
