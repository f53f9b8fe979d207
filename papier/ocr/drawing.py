"""Pictures of what the reader saw: a page with its registration, zones and readings, and the least certain zones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from papier.forms.frame import MARK_SIZE, page_frame
from papier.forms.layout import LayoutPage
from papier.forms.typefaces import face_path
from papier.geometry import MM_PER_INCH, RectMm
from papier.ocr.scan import GreyImage, RegisteredPage
from papier.records import FieldReading, PageReading, State

# A page is drawn upright, as the sheet lies, at this resolution: fine enough to judge a tick.
PAGE_DPI = 150.0
# Displacements of a tenth of a millimetre are what one wants to see.
EXAGGERATION = 20.0
ARROW_STEP_MM = 30.0
# Zones of the gallery: as many as fill a screen or two, each with its surroundings.
GALLERY_COLUMNS, TILE, MARGIN_MM = 4, (400, 230), 3.0

# Colours that the colour-blind tell apart as well (Okabe & Ito 2008).
COLOURS = {
    State.SURE: (0, 114, 178),
    State.BLANK: (120, 120, 120),
    State.DOUBTFUL: (230, 120, 0),
    State.UNREADABLE: (204, 40, 90),
}
FOUND, MISSING = (0, 158, 115), (204, 40, 90)


@dataclass(frozen=True)
class Uncertain:
    """One field's zone as it lies on the scan, and what was read there."""

    page: PageReading
    reading: FieldReading
    crop: GreyImage


def draw_page(page: RegisteredPage, layout_page: LayoutPage, reading: PageReading) -> Image.Image:
    """The sheet upright, with corner marks, local displacements, zones, values and probabilities."""
    width, height = page.size_mm
    scale = PAGE_DPI / MM_PER_INCH
    shape = (round(height * scale), round(width * scale))
    # Strip by strip: the cut is bilinear, and a page bends.
    strips = 24
    rects = [RectMm(0.0, height * k / strips, width, height / strips) for k in range(strips)]
    sheet = np.concatenate(list(page.cut(rects, (math.ceil(shape[0] / strips), shape[1]))))[: shape[0]]
    image = Image.fromarray(np.asarray(sheet)).convert("RGB")
    pen = ImageDraw.Draw(image)
    _draw_marks(pen, page, scale)
    _draw_displacement(pen, page, scale)
    for zone in layout_page.zones:
        field = reading.fields.get(zone.field)
        if field is None:
            continue
        for rect in zone.cells or zone.lines or (zone.rect,):
            pen.rectangle([v * scale for v in (rect.x, rect.y, rect.right, rect.bottom)], outline=COLOURS[field.state])
        option = field.options.get(zone.option or "oui")
        if option is not None:
            at = (zone.rect.x * scale, zone.rect.bottom * scale)
            pen.text(at, f"{option.state} {_share(option.probability)}", COLOURS[field.state], _font(11))
    for field in reading.fields.values():
        if field.rect is not None and not field.options:
            at = (field.rect.x * scale, (field.rect.bottom + 0.3) * scale)
            pen.text(at, _caption(field), COLOURS[field.state], _font(13))
    _draw_title(pen, page, reading)
    return image


def draw_gallery(zones: Sequence[Uncertain]) -> Image.Image:
    """The zones as tiles, in the order given, each with its value, probability and place."""
    rows = max(1, math.ceil(len(zones) / GALLERY_COLUMNS))
    image = Image.new("RGB", (GALLERY_COLUMNS * TILE[0], rows * TILE[1]), (236, 236, 236))
    pen = ImageDraw.Draw(image)
    for index, zone in enumerate(zones):
        x, y = index % GALLERY_COLUMNS * TILE[0], index // GALLERY_COLUMNS * TILE[1]
        room = (TILE[0] - 12, TILE[1] - 62)
        factor = min(room[0] / zone.crop.shape[1], room[1] / zone.crop.shape[0], 3.0)
        size = (max(1, round(zone.crop.shape[1] * factor)), max(1, round(zone.crop.shape[0] * factor)))
        image.paste(Image.fromarray(np.asarray(cv2.resize(zone.crop, size))), (x + 6, y + 54))
        pen.text((x + 6, y + 4), _caption(zone.reading), COLOURS[zone.reading.state], _font(15))
        place = f"{zone.reading.field} · p. {zone.page.source_page} · {zone.page.sheet or zone.page.form}"
        pen.text((x + 6, y + 24), place, (60, 60, 60), _font(12))
        pen.text((x + 6, y + 38), zone.reading.reason or "", (60, 60, 60), _font(11))
    return image


def find_uncertain(page: RegisteredPage, reading: PageReading) -> list[Uncertain]:
    """Every field of a page that has a place, with its piece of the scan; in no order."""
    found = []
    for field in reading.fields.values():
        if field.rect is None or field.reason == "kept on paper only":
            continue
        rect = field.rect.grown(MARGIN_MM)
        scale = PAGE_DPI / MM_PER_INCH
        shape = (max(1, round(rect.height * scale)), max(1, round(rect.width * scale)))
        found.append(Uncertain(reading, field, page.cut([rect], shape)[0]))
    return found


def _draw_marks(pen: ImageDraw.ImageDraw, page: RegisteredPage, scale: float) -> None:
    for mark, seen in zip(page_frame(*page.size_mm).marks, page.marks_found, strict=True):
        x, y = (v * scale for v in mark.centre)
        reach = MARK_SIZE * scale
        colour = FOUND if seen else MISSING
        pen.ellipse([x - reach, y - reach, x + reach, y + reach], outline=colour, width=3)
        pen.line([x - reach, y, x + reach, y], colour)
        pen.line([x, y - reach, x, y + reach], colour)


def _draw_displacement(pen: ImageDraw.ImageDraw, page: RegisteredPage, scale: float) -> None:
    """Where the paper lies against what the corner marks say, many times enlarged."""
    if page.displacement is None:
        return
    width, height = page.size_mm
    x, y = np.meshgrid(*(np.arange(ARROW_STEP_MM / 2, length, ARROW_STEP_MM) for length in (width, height)))
    points = np.column_stack([x.ravel(), y.ravel()])
    moved = page.to_page.inverse().apply(page.to_scan(points))
    for start, shift in zip(points.tolist(), ((moved - points) * EXAGGERATION).tolist(), strict=True):
        a = (start[0] * scale, start[1] * scale)
        b = (a[0] + shift[0] * scale, a[1] + shift[1] * scale)
        pen.line([a, b], FOUND, 2)
        pen.ellipse([a[0] - 3, a[1] - 3, a[0] + 3, a[1] + 3], fill=FOUND)


def _draw_title(pen: ImageDraw.ImageDraw, page: RegisteredPage, reading: PageReading) -> None:
    residual = "–" if page.residual is None else f"{page.residual:.3f} mm"
    marks = f"{sum(page.marks_found)}/4"
    words = f"{reading.form}  {reading.sheet or '–'}  p. {reading.page}  {reading.status}  ◆ {marks}  ± {residual}"
    if reading.reason:
        words += f"  {reading.reason}"
    pen.rectangle([0, 0, page.size_mm[0] * PAGE_DPI / MM_PER_INCH, 22], fill=(255, 255, 230))
    pen.text((6, 2), words, (0, 0, 0), _font(14))


def _caption(field: FieldReading) -> str:
    value = field.value
    text = ", ".join(value) if isinstance(value, list) else {None: "–", True: "✓", False: "–"}.get(value, value)  # type: ignore[arg-type]
    return f"{text or '–'}  [{field.state} {_share(field.probability)}]"


def _share(probability: float) -> str:
    return f"{int(probability * 100_000) / 100_000:g}"


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(face_path("regular")), size)
