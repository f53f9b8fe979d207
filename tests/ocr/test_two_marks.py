"""A sheet with two corner marks left lies at one of the places that the two allow."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from papier.forms.frame import page_frame
from papier.geometry import MM_PER_INCH
from papier.ocr.registration import find_sheets
from papier.ocr.scan import ScannedPage
from papier.ocr.two_marks import MAX_PLACES, place_by_two_marks
from tests.ocr.drawn_pages import CANVAS_DPI, Distortion, draw_sheet, scanned

SIZE = (210.0, 297.0)
SHEET = draw_sheet(np.random.default_rng(5), SIZE)
DISTORTION = Distortion(150.0, scale=(0.97, 0.97), skew=3.0)


def without_marks(*gone: int) -> ScannedPage:
    face = SHEET.filled.copy()
    k = CANVAS_DPI / MM_PER_INCH
    for corner in gone:
        mark = page_frame(*SIZE).marks[corner].grown(1.0)
        a, b = (round(mark.x * k), round(mark.y * k)), (round(mark.right * k), round(mark.bottom * k))
        cv2.rectangle(face, a, b, 255, -1)
    return scanned(DISTORTION.scan_of(face, SIZE))


@pytest.mark.parametrize("gone", [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)])
def test_any_two_marks_place_the_sheet(gone: tuple[int, int]) -> None:
    page = without_marks(*gone)
    assert not find_sheets(page)
    corners = [[15.0, 15.0], [195.0, 15.0], [195.0, 282.0], [15.0, 282.0]]
    true = DISTORTION.to_scan(corners, SIZE)
    places = list(place_by_two_marks(page))
    assert 0 < len(places) <= MAX_PLACES
    off = [np.abs(place.to_scan(corners) - true).max() * MM_PER_INCH / DISTORTION.dpi for place in places]
    best = places[int(np.argmin(off))]
    assert min(off) < 1.0
    assert [k for k in range(4) if not best.marks_found[k]] == sorted(gone)


def test_one_mark_is_not_enough() -> None:
    assert not list(place_by_two_marks(without_marks(0, 1, 2)))
