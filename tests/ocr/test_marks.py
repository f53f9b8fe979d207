"""Corner marks are found whatever the page has been through, and measured to a fraction of a pixel."""

import cv2
import numpy as np
import pytest

from papier.forms.frame import MARK_SIZE, page_frame
from papier.geometry import MM_PER_INCH, FloatArray
from papier.ocr.marks import Mark, find_mark_near, find_marks
from papier.ocr.scan import GreyImage, ScannedPage
from tests.ocr.drawn_pages import Distortion, draw_sheet, office, rough

A4 = (210.0, 297.0)
ROOM = (370.0, 370.0)
SHEET = draw_sheet(np.random.default_rng(1))


def as_page(pixels: GreyImage) -> ScannedPage:
    return ScannedPage("drawn", 1, pixels)


def true_centres(distortion: Distortion) -> FloatArray:
    return distortion.to_scan([mark.centre for mark in page_frame(*A4).marks], A4)


def nearest(marks: list[Mark], centre: FloatArray) -> Mark:
    return min(marks, key=lambda mark: float(np.hypot(*(centre - mark.centre))))


def on_large_glass(skew: float, dpi: float) -> Distortion:
    return Distortion(dpi, skew=skew, glass_mm=ROOM, centre_mm=(185.0, 185.0))


@pytest.mark.parametrize("skew", [-12.0, -3.0, 0.0, 7.5, 12.0, 45.0, 92.0, 176.0, 271.0])
def test_centre_side_and_angle_are_measured_at_any_angle(skew: float) -> None:
    distortion = on_large_glass(skew, 200)
    marks = find_marks(as_page(distortion.scan_of(SHEET.face, A4)))
    for centre in true_centres(distortion):
        mark = nearest(marks, centre)
        # Drawing at 200 dpi puts an edge up to half a pixel from its true place.
        assert np.hypot(*(centre - mark.centre)) < 0.6
        assert mark.side == pytest.approx(MARK_SIZE * 200 / MM_PER_INCH, rel=0.03)
        assert abs((mark.angle - skew + 45) % 90 - 45) < 0.5
        assert mark.score > 0.9


@pytest.mark.parametrize("dpi", [60.0, 100.0, 150.0, 300.0, 400.0])
def test_any_resolution(dpi: float) -> None:
    distortion = Distortion(dpi, skew=1.0)
    marks = find_marks(as_page(office(np.random.default_rng(2), distortion.scan_of(SHEET.face, A4))))
    for centre in true_centres(distortion):
        assert np.hypot(*(centre - nearest(marks, centre).centre)) * MM_PER_INCH / dpi < 0.15


def test_only_the_top_left_mark_is_windowed() -> None:
    distortion = Distortion(200, skew=2.0)
    marks = find_marks(as_page(distortion.scan_of(SHEET.face, A4)))
    assert [nearest(marks, centre).windowed for centre in true_centres(distortion)] == [True, False, False, False]


@pytest.mark.parametrize("seed", range(8))
def test_bad_copies_keep_at_least_three_marks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    distortion = Distortion(200, skew=float(rng.uniform(-3, 3)), glass_mm=(222, 309), centre_mm=(111, 154.5))
    marks = find_marks(as_page(rough(rng, distortion.scan_of(SHEET.filled, A4), 200)), thorough=True)
    off = [np.hypot(*(centre - nearest(marks, centre).centre)) for centre in true_centres(distortion)]
    assert sorted(off)[2] < 2.5


def test_a_stroke_through_a_mark_hardly_moves_it() -> None:
    distortion = Distortion(200)
    scan = distortion.scan_of(SHEET.face, A4)
    centre = true_centres(distortion)[2]
    x, y = (round(float(value)) for value in centre)
    cv2.line(scan, (x - 120, y + 20), (x + 60, y - 30), 40, 5)
    found = find_mark_near(scan, (x + 8.0, y - 8.0), 39.0, 0.0)
    assert found is not None
    # A sixth of a millimetre; the middle of its ink moves five times as far.
    assert np.hypot(*(centre - found.centre)) < 1.3


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_even_page_has_no_marks(value: int) -> None:
    page: GreyImage = np.full((1169, 827), value, np.uint8)
    assert find_marks(as_page(page)) == []
    assert find_marks(as_page(page), thorough=True) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 2), (30, 30)])
def test_tiny_and_narrow_pages_are_no_trouble(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    find_marks(as_page(rng.integers(0, 255, shape).astype(np.uint8)), thorough=True)
