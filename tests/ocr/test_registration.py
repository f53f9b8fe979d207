"""Sheets are put together from their marks: size, place and way up."""

import cv2
import numpy as np
import pytest

from papier.forms.frame import page_frame
from papier.geometry import MM_PER_INCH, FloatArray
from papier.ocr.registration import find_sheets, turned
from papier.ocr.scan import GreyImage, RegisteredPage
from tests.ocr.drawn_pages import CANVAS_DPI, Distortion, cut_corner, draw_sheet, feeder_bend, office, rough, scanned

SIZES = [(210.0, 297.0), (297.0, 210.0), (148.0, 210.0), (105.0, 148.0)]
SHEETS = {size: draw_sheet(np.random.default_rng(3), size) for size in SIZES}


def error_mm(page: RegisteredPage, distortion: Distortion) -> FloatArray:
    width, height = page.size_mm
    x, y = np.meshgrid(np.linspace(12, width - 12, 8), np.linspace(12, height - 12, 8))
    points = np.column_stack([x.ravel(), y.ravel()])
    off = page.to_scan(points) - distortion.to_scan(points, page.size_mm)
    return np.asarray(np.hypot(*off.T) * MM_PER_INCH / distortion.dpi)


def filling(size: tuple[float, float], skew: float, dpi: float = 150.0, **more: object) -> Distortion:
    """The sheet alone on a glass of its own size with 6 mm around."""
    across = size if round(skew / 90) % 2 == 0 else size[::-1]
    glass = (across[0] + 12, across[1] + 12)
    return Distortion(dpi, skew=skew, glass_mm=glass, centre_mm=(glass[0] / 2, glass[1] / 2), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("skew", [0.0, 3.0, 88.0, 182.0, 268.0])
def test_every_size_any_way_up(size: tuple[float, float], skew: float) -> None:
    distortion = filling(size, skew)
    (sheet,) = find_sheets(scanned(office(np.random.default_rng(1), distortion.scan_of(SHEETS[size].filled, size))))
    assert sheet.best.size_mm == size
    assert sheet.sure_way_up
    assert sheet.best.marks_found == (True, True, True, True)
    assert error_mm(sheet.best, distortion).max() < 0.2


@pytest.mark.parametrize("dpi", [75.0, 100.0, 400.0, 600.0])
def test_resolution_need_not_be_known(dpi: float) -> None:
    size = (105.0, 148.0)
    distortion = filling(size, -4.0, dpi)
    (sheet,) = find_sheets(scanned(distortion.scan_of(SHEETS[size].filled, size)))
    assert sheet.best.size_mm == size
    assert error_mm(sheet.best, distortion).max() < 0.25


@pytest.mark.parametrize("corner", range(4))
@pytest.mark.parametrize("skew", [2.0, 181.0])
def test_three_marks_are_enough(corner: int, skew: float) -> None:
    size = (210.0, 297.0)
    face = SHEETS[size].face.copy()
    mark = page_frame(*size).marks[corner].grown(2.0)
    k = CANVAS_DPI / MM_PER_INCH
    cv2.rectangle(
        face, (round(mark.x * k), round(mark.y * k)), (round(mark.right * k), round(mark.bottom * k)), 255, -1
    )
    distortion = filling(size, skew)
    (sheet,) = find_sheets(scanned(distortion.scan_of(face, size)))
    assert sheet.best.marks_found == tuple(k != corner for k in range(4))
    assert error_mm(sheet.best, distortion).max() < 0.3


@pytest.mark.parametrize("seed", range(6))
def test_a_corner_cut_off_by_scissors(seed: int) -> None:
    size = (148.0, 210.0)
    rng = np.random.default_rng(seed)
    distortion = filling(size, float(rng.uniform(-4, 4)))
    (sheet,) = find_sheets(scanned(distortion.scan_of(cut_corner(rng, SHEETS[size].filled, 20), size)))
    assert sheet.best.marks_found.count(False) == 1
    assert error_mm(sheet.best, distortion).max() < 0.35


def test_a_clogged_window_leaves_the_right_way_up_among_the_alternatives() -> None:
    size = (210.0, 297.0)
    face = SHEETS[size].face.copy()
    k = CANVAS_DPI / MM_PER_INCH
    mark = page_frame(*size).marks[0]
    cv2.rectangle(face, (round(mark.x * k), round(mark.y * k)), (round(mark.right * k), round(mark.bottom * k)), 0, -1)
    distortion = filling(size, 91.0)
    (sheet,) = find_sheets(scanned(distortion.scan_of(face, size)))
    assert not sheet.sure_way_up
    errors = [error_mm(page, distortion).max() for page in sheet.alternatives if page.size_mm == size]
    assert len(errors) == 2
    assert min(errors) < 0.2


def test_two_coupons_of_a5_side_by_side_are_not_one_sheet_of_a4() -> None:
    size, glass = (148.0, 210.0), (297.0, 210.0)
    scan: GreyImage | None = None
    placed = [Distortion(150, skew=0.4, glass_mm=glass, centre_mm=(x, 105.0)) for x in (74.0, 222.5)]
    for distortion in placed:
        scan = distortion.scan_of(SHEETS[size].filled, size, onto=scan)
    assert scan is not None
    sheets = find_sheets(scanned(scan))
    assert [sheet.best.size_mm for sheet in sheets] == [size, size]
    for sheet, distortion in zip(sheets, placed, strict=True):
        assert error_mm(sheet.best, distortion).max() < 0.2


def test_coupons_lie_on_the_glass_as_they_fell() -> None:
    glass = (300.0, 425.0)
    placed = [
        ((105.0, 148.0), Distortion(150, skew=5.0, glass_mm=glass, centre_mm=(70.0, 90.0))),
        ((105.0, 148.0), Distortion(150, skew=184.0, glass_mm=glass, centre_mm=(200.0, 95.0))),
        ((148.0, 210.0), Distortion(150, skew=95.0, glass_mm=glass, centre_mm=(150.0, 300.0))),
    ]
    scan: GreyImage | None = None
    for size, distortion in placed:
        scan = distortion.scan_of(SHEETS[size].filled, size, onto=scan)
    assert scan is not None
    sheets = find_sheets(scanned(scan))
    assert [sheet.best.size_mm for sheet in sheets] == [size for size, _ in placed]
    for sheet, (_, distortion) in zip(sheets, placed, strict=True):
        assert error_mm(sheet.best, distortion).max() < 0.25


@pytest.mark.parametrize("seed", range(4))
def test_a_page_without_marks_has_no_sheet(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sheet = draw_sheet(rng, marked=False)
    scan = rough(rng, Distortion(150, skew=1.0).scan_of(sheet.filled, (210.0, 297.0)), 150)
    assert find_sheets(scanned(scan)) == []


def test_bad_copies_of_bent_sheets_are_found() -> None:
    size = (210.0, 297.0)
    lost = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        distortion = filling(size, float(rng.uniform(-3, 3)), scale=(0.96, 0.962), bend=feeder_bend(rng, 297.0))
        sheets = find_sheets(scanned(rough(rng, distortion.scan_of(SHEETS[size].filled, size), 150)))
        if not sheets:
            lost += 1
            continue
        assert sheets[0].best.size_mm == size
        assert error_mm(sheets[0].best, distortion).max() < 1.8
    assert lost == 0


def test_turned_twice_is_the_same_page() -> None:
    size = (105.0, 148.0)
    (sheet,) = find_sheets(scanned(filling(size, 2.0).scan_of(SHEETS[size].face, size)))
    there_and_back = turned(turned(sheet.best))
    points = [[0.0, 0.0], [50.0, 70.0], [105.0, 148.0]]
    assert np.allclose(there_and_back.to_scan(points), sheet.best.to_scan(points))
    assert np.allclose(turned(sheet.best).to_scan([[0.0, 0.0]]), sheet.best.to_scan([[105.0, 148.0]]))


def test_two_marks_and_one_that_melted_into_the_border() -> None:
    size = (148.0, 210.0)
    face = SHEETS[size].face.copy()
    k = CANVAS_DPI / MM_PER_INCH
    gone = page_frame(*size).marks[2].grown(2.0)
    cv2.rectangle(
        face, (round(gone.x * k), round(gone.y * k)), (round(gone.right * k), round(gone.bottom * k)), 255, -1
    )
    face[:, : round(8.2 * k)] = np.where(np.arange(len(face))[:, None] < len(face) // 2, 0, 255)
    distortion = filling(size, 1.0)
    (sheet,) = find_sheets(scanned(office(np.random.default_rng(1), distortion.scan_of(face, size))))
    assert sheet.best.marks_found == (True, True, False, True)
    assert error_mm(sheet.best, distortion).max() < 0.4
