"""A zone whose paper is gone is asked for, never read as blank."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from papier.geometry import RectMm, Transform
from papier.ocr.ink import InkPage
from papier.ocr.lost_paper import find_hidden, find_lost
from papier.ocr.scan import GreyImage, RegisteredPage, ScannedPage

SCALE = 8  # pixels a millimetre: 203 dpi
RECTS = {f"z{row}{column}": RectMm(15 + 45 * column, 20 + 30 * row, 36, 8) for row in range(5) for column in range(3)}


def _pixels(grey: int = 140) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    pixels = np.full((210 * SCALE, 148 * SCALE), 255, np.uint8)
    for corner in ((8, 8), (135, 8), (135, 197), (8, 197)):
        pixels[corner[1] * SCALE : (corner[1] + 5) * SCALE, corner[0] * SCALE : (corner[0] + 5) * SCALE] = 0
    for rect in RECTS.values():
        x, y, right, bottom = (round(v * SCALE) for v in (rect.x, rect.y, rect.right, rect.bottom))
        pixels[y - 2 : y, x:right] = pixels[bottom : bottom + 2, x:right] = grey
        for cell in range(7):
            at = x + round(cell * 6 * SCALE)
            pixels[y:bottom, at - 1 : at + 1] = grey
    return pixels


class DrawnFace:
    def __init__(self) -> None:
        self.page = _page(_pixels())

    def cut(self, rects: Sequence[RectMm], shape: tuple[int, int]) -> GreyImage:
        return self.page.cut(rects, shape)


def _page(pixels: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> RegisteredPage:
    return RegisteredPage(ScannedPage("drawn", 1, pixels), (148.0, 210.0), Transform.scaling(SCALE))


def lost(pixels: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> set[str]:
    return find_lost(InkPage.of(_page(pixels), DrawnFace()), RECTS)


def test_a_whole_page_has_lost_nothing() -> None:
    assert lost(_pixels()) == set()


def test_zones_on_a_cut_off_corner_are_lost() -> None:
    pixels = _pixels()
    pixels[135 * SCALE :, 100 * SCALE :] = 245  # the scanner's lid
    assert lost(pixels) == {"z42"}


def test_where_the_scanner_drops_all_grey_print_nothing_can_be_told() -> None:
    pixels = _pixels(grey=255)
    pixels[135 * SCALE :, 100 * SCALE :] = 245
    assert lost(pixels) == set()


def test_half_faded_print_is_still_there() -> None:
    pixels = _pixels(grey=195)
    assert lost(pixels) == set()


CELLS = {
    place: [RectMm(rect.x + 6 * cell, rect.y, 6, 8) for cell in range(6)] for place, rect in enumerate(RECTS.values())
}


def hidden(pixels: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> set[int]:
    return find_hidden(InkPage.of(_page(pixels), DrawnFace()), CELLS)


@pytest.mark.parametrize("grey", [140, 195])
def test_frames_that_show_hide_nothing(grey: int) -> None:
    pixels = _pixels(grey)
    pixels[22 * SCALE : 26 * SCALE, 16 * SCALE : 19 * SCALE] = 30  # a pen in the first cell
    assert hidden(pixels) == set()


def test_a_punch_hole_over_a_part_of_a_cell_is_found() -> None:
    pixels = _pixels()
    cv2.circle(pixels, (round(15.5 * SCALE), round(57 * SCALE)), 3 * SCALE, 250, -1)  # ISO 838: 6 mm
    assert hidden(pixels) == {3}


def test_of_dropped_out_frames_nothing_can_be_told() -> None:
    pixels = _pixels(grey=255)
    cv2.circle(pixels, (round(15.5 * SCALE), round(57 * SCALE)), 3 * SCALE, 250, -1)
    assert hidden(pixels) == set()
