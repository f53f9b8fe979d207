"""A sheet that lost its marks is found by comparing the whole page from far away."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from papier.geometry import FloatArray, RectMm
from papier.ocr.face import Face
from papier.ocr.face_registration import fit_by_face, fits_by_face
from papier.ocr.print_search import LEAST_LIKENESS, ScanSpectra, find_places
from papier.ocr.scan import ScannedPage

SIZE = (210.0, 297.0)
DPI = 200.0
SCALE = DPI / 25.4


def draw_table(title: str, rows: int, columns: int, pitch: float) -> Face:
    """Rows of equal boxes under a title: nothing that stands out but the title."""
    pixels = np.full((round(SIZE[1] * SCALE), round(SIZE[0] * SCALE)), 255, np.uint8)
    cv2.putText(pixels, title, (150, 200), cv2.FONT_HERSHEY_DUPLEX, 1.6, 0, 3, cv2.LINE_AA)
    for row in range(rows):
        for column in range(columns):
            x, y = round((25 + 12 * column) * SCALE), round((45 + pitch * row) * SCALE)
            cv2.rectangle(pixels, (x, y), (x + 35, y + 35), 40, 3)
    return Face(SIZE, pixels, DPI)


TABLE, OTHER = draw_table("Tableau de cases", 27, 10, 8.0), draw_table("Inscription au voyage", 16, 5, 13.0)


def scanned(face: Face, skew: float, scale: float = 1.0, dpi: float | None = 150.0) -> tuple[ScannedPage, FloatArray]:
    """The sheet turned about its middle on a glass of its own size, printed smaller; and sheet mm → scan pixels."""
    per_mm = 150 / 25.4
    turn = np.radians(skew)
    spin = scale * per_mm * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = np.array(SIZE) / 2
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = spin, middle * per_mm - spin @ middle
    size = (round(SIZE[0] * per_mm), round(SIZE[1] * per_mm))
    pixels = cv2.warpAffine(
        face.pixels, (matrix @ np.diag([1 / SCALE, 1 / SCALE, 1.0]))[:2], size, flags=cv2.INTER_AREA, borderValue=20
    )
    return ScannedPage("drawn", 1, np.asarray(pixels, dtype=np.uint8), dpi), matrix


def off_mm(page_matrix: FloatArray, true: FloatArray) -> float:
    corners = np.column_stack([RectMm(20, 20, 170, 257).corners(), np.ones(4)])
    found, wanted = corners @ page_matrix.T, corners @ true.T
    apart = found[:, :2] / found[:, 2:] - wanted[:, :2] / wanted[:, 2:]
    return float(np.hypot(*apart.T).max()) / (150 / 25.4)


@pytest.mark.parametrize(("skew", "scale", "dpi"), [(9.7, 1.0, 150.0), (-6.3, 0.95, 150.0), (177.0, 0.97, None)])
def test_a_skewed_table_without_marks_is_laid_on_its_face(skew: float, scale: float, dpi: float | None) -> None:
    page, true = scanned(TABLE, skew, scale, dpi)
    fit = fit_by_face(page, TABLE)
    assert fit is not None
    assert off_mm(fit.page.to_page.matrix, true) < 2.5
    corners = RectMm(20, 20, 170, 200).corners()
    laid = fit.page.to_scan(corners) - np.column_stack([corners, np.ones(4)]) @ true[:2].T
    assert np.hypot(*laid.T).max() / (150 / 25.4) < 0.3


def test_another_form_is_nowhere() -> None:
    page, _ = scanned(OTHER, 4.0)
    assert find_places(ScanSpectra.of(page, SIZE), TABLE) == []
    assert fit_by_face(page, TABLE) is None


def test_the_right_form_is_plainly_liker() -> None:
    page, _ = scanned(TABLE, -3.0)
    (best, *_) = find_places(ScanSpectra.of(page, SIZE), TABLE)
    assert best.likeness > 2 * LEAST_LIKENESS


def test_upside_down_rows_of_boxes_are_told_as_a_second_place() -> None:
    """Only the title tells which way up: the caller must know that it is close."""
    page, _ = scanned(TABLE, 2.0)
    best, second = fits_by_face(page, TABLE)[:2]
    assert best.match > second.match > 0.9
