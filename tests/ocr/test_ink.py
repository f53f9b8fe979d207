"""What is left of a page without its paper and its print."""

import cv2
import numpy as np
import pytest

from papier.geometry import RectMm
from papier.ocr.ink import InkPage, measure_tone
from papier.ocr.scan import GreyImage
from tests.ocr.drawn_boxes import DrawnPage, boxes_in_row

SHAPE = (48, 48)


def ink_of(page: DrawnPage, rects: list[RectMm], **scan: object) -> np.ndarray:
    seen = page.scan(**scan)  # type: ignore[arg-type]
    grown = [rect.grown(rect.width / 2) for rect in rects]
    return InkPage.of(seen, page.face()).cut(grown, SHAPE).ink


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.2, -0.15), (-0.25, 0.25)])
def test_printed_frames_leave_no_ink(shift: tuple[float, float]) -> None:
    rects = boxes_in_row(6)
    assert ink_of(DrawnPage(rects), rects, shift_mm=shift).mean() < 1.5


@pytest.mark.parametrize("paper", [1.0, 0.85, 0.7])
def test_strokes_stay_on_paper_of_any_tint(paper: float) -> None:
    rects = boxes_in_row(6)
    page = DrawnPage(rects)
    page.cross(rects[2])
    ink = ink_of(page, rects, paper=paper)
    assert ink[2, 14:34, 14:34].mean() > 30
    assert ink[[0, 1, 3, 4, 5]].mean() < 1.5


def test_faint_pencil_is_still_ink() -> None:
    rects = boxes_in_row(6)
    page = DrawnPage(rects)
    page.cross(rects[2], darkness=0.2)
    ink = ink_of(page, rects)
    assert np.percentile(ink[2], 95) > 25
    assert np.percentile(ink[3], 99) < 15


def test_a_shadow_is_no_ink() -> None:
    rects = boxes_in_row(6)

    def shade(pixels: GreyImage) -> GreyImage:
        slope = np.linspace(1.0, 0.6, pixels.shape[1])[None, :]
        return (pixels * slope).astype(np.uint8)

    assert ink_of(DrawnPage(rects), rects, after=shade).mean() < 2


def test_ink_crosses_a_black_frame_without_a_gap() -> None:
    rects = boxes_in_row(2)
    page = DrawnPage(rects, frame_grey=0)
    page.stroke([[rects[0].x - 2, rects[0].y + 2.2], [rects[0].right + 2, rects[0].y + 2.2]], 0.6)
    ink = ink_of(page, rects)[0]
    assert ink[20:28].max(axis=0).min() > 60


def test_a_dropped_frame_costs_nothing() -> None:
    rects = boxes_in_row(6)
    page = DrawnPage(rects, frame_grey=200)
    page.cross(rects[1])

    def drop(pixels: GreyImage) -> GreyImage:
        return np.asarray(cv2.threshold(pixels, 150, 255, cv2.THRESH_BINARY)[1], dtype=np.uint8)

    seen = page.scan(after=drop)
    assert measure_tone(seen).two_level
    patches = InkPage.of(seen, page.face()).cut([rect.grown(2.25) for rect in rects], SHAPE)
    assert patches.known.all()
    assert patches.ink[0].max() == 0
    assert patches.ink[1].max() == 255


def test_nothing_to_cut() -> None:
    page = DrawnPage([])
    assert InkPage.of(page.scan(), page.face()).cut([], SHAPE).ink.shape == (0, *SHAPE)
