"""What of a scanned page may be kept: the known sheets on it, less what their forms keep on paper only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import cv2
import numpy as np

from papier.forms.definition import Demand
from papier.forms.layout import Layout
from papier.geometry import RectMm
from papier.ocr.scan import GreyImage, RegisteredPage
from papier.records import PageReading, Quad

# Handwriting runs over its frame; a neighbour's zone ends the margin sooner.
MASK_MARGIN_MM = 3.0
# The corner marks lie inside the sheet; bent paper reaches a little beyond its straight outline.
OUTLINE_MARGIN_MM = 3.0
WHITE = 255


def keeps_on_paper(layout: Layout) -> bool:
    """True when some field of the form is paper-only."""
    return any(demand.paper_only for demand in layout.demands.values())


def find_outline(page: RegisteredPage) -> Quad:
    """The sheet's edge on the scan."""
    return _quad(page, RectMm(0.0, 0.0, *page.size_mm).grown(OUTLINE_MARGIN_MM))


def find_paper_only(page: RegisteredPage, layout: Layout, number: int) -> tuple[Quad, ...]:
    """Where page `number` of this form holds what stays on paper, bent paper allowed for, with a margin."""
    zones = layout.page(number).zones
    secret = [zone.rect for zone in zones if layout.demands.get(zone.field, Demand()).paper_only]
    others = [zone.rect for zone in zones if not layout.demands.get(zone.field, Demand()).paper_only]
    return tuple(_quad(page, _with_margin(rect, others)) for rect in secret)


def field_zones(layout: Layout, number: int, fields: Collection[str]) -> list[RectMm]:
    """Where these fields stand on page `number`, on the sheet, with a margin that leaves their neighbours alone."""
    zones = layout.page(number).zones
    others = [zone.rect for zone in zones if zone.field not in fields]
    return [_with_margin(zone.rect, others) for zone in zones if zone.field in fields]


def mask_page(pixels: GreyImage, readings: Sequence[PageReading]) -> GreyImage:
    """The page as it may be kept: white wherever no known sheet lies, and wherever one keeps a field on paper only."""
    height, width = pixels.shape
    kept = np.zeros((height, width), dtype=np.uint8)
    _fill(kept, (reading.outline for reading in readings), 1)
    _fill(kept, (quad for reading in readings for quad in reading.paper_only), 0)
    return np.where(kept == 1, pixels, np.uint8(WHITE)).astype(np.uint8)


def _with_margin(rect: RectMm, others: Sequence[RectMm]) -> RectMm:
    left = top = right = bottom = MASK_MARGIN_MM
    for other in others:
        beside = other.y < rect.bottom + bottom and other.bottom > rect.y - top
        above = other.x < rect.right + right and other.right > rect.x - left
        if beside and other.right <= rect.x:
            left = min(left, rect.x - other.right)
        elif beside and other.x >= rect.right:
            right = min(right, other.x - rect.right)
        elif above and other.bottom <= rect.y:
            top = min(top, rect.y - other.bottom)
        elif above and other.y >= rect.bottom:
            bottom = min(bottom, other.y - rect.bottom)
    return RectMm(rect.x - left, rect.y - top, rect.width + left + right, rect.height + top + bottom)


def _quad(page: RegisteredPage, rect: RectMm) -> Quad:
    return tuple(float(value) for value in page.to_scan(rect.corners()).ravel())


def _fill(mask: GreyImage, quads: Iterable[Quad | None], value: int) -> None:
    for quad in quads:
        if quad is not None:
            corners = np.round(np.asarray(quad).reshape(4, 2)).astype(np.int32)
            cv2.fillConvexPoly(mask, corners, value)
