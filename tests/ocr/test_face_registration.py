"""A page without marks is found by its printed face, and another form's page is refused."""

import numpy as np
import pytest

from papier.geometry import MM_PER_INCH
from papier.ocr.face_registration import register_by_face
from tests.ocr.drawn_pages import Distortion, draw_sheet, feeder_bend, office, rough, scanned

A4 = (210.0, 297.0)
SHEET = draw_sheet(np.random.default_rng(7), marked=False)
OTHER = draw_sheet(np.random.default_rng(8), marked=False)


@pytest.mark.parametrize(
    ("seed", "skew", "scale", "dpi", "bad"),
    [
        (0, 0.0, 1.0, 100.0, False),
        (1, 8.0, 0.9, 200.0, False),
        (2, 91.0, 1.05, 150.0, False),
        (3, 178.0, 0.96, 150.0, True),
        (4, 275.0, 0.97, 200.0, True),
    ],
)
def test_any_way_up_and_any_scale(seed: int, skew: float, scale: float, dpi: float, bad: bool) -> None:
    rng = np.random.default_rng(seed)
    glass = (250.0, 340.0) if round(skew / 90) % 2 == 0 else (340.0, 250.0)
    centre = (glass[0] / 2 + 4, glass[1] / 2 - 3)
    distortion = Distortion(dpi, (scale, scale), skew, 0.0, glass, centre, feeder_bend(rng, 297.0))
    scan = distortion.scan_of(SHEET.filled, A4)
    scan = rough(rng, scan, dpi) if bad else office(rng, scan)
    page = register_by_face(scanned(scan), SHEET.printed_form(marked=False), 1)
    assert page is not None
    points = np.array([zone.centre for zone in SHEET.zones])
    off = np.hypot(*(page.to_scan(points) - distortion.to_scan(points, A4)).T) * MM_PER_INCH / dpi
    assert np.percentile(off, 95) < 0.4


def test_another_form_is_refused() -> None:
    scan = office(np.random.default_rng(1), Distortion(150, skew=1.0).scan_of(OTHER.filled, A4))
    assert register_by_face(scanned(scan), SHEET.printed_form(marked=False), 1) is None


def test_a_form_that_shares_only_the_head_is_refused() -> None:
    sibling = OTHER.face.copy()
    sibling[:900] = SHEET.face[:900]
    scan = office(np.random.default_rng(2), Distortion(150, skew=-1.0).scan_of(sibling, A4))
    assert register_by_face(scanned(scan), SHEET.printed_form(marked=False), 1) is None


@pytest.mark.parametrize("value", [0, 255])
def test_an_even_page_is_no_form(value: int) -> None:
    assert register_by_face(scanned(np.full((800, 600), value, np.uint8)), SHEET.printed_form(marked=False), 1) is None
