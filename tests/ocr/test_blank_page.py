"""What is taken for the blank back of a sheet, and what only looks like it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from papier.ocr.blank_pages import is_blank
from papier.ocr.reading import Reader
from papier.ocr.register import KnownSheet, PrintedForm
from papier.ocr.scan import ScannedPage
from papier.records import PageStatus

SHAPE = (1754, 1240)  # A4 at 150 dpi


class EmptyRegister:
    key = b"a key that numbered nothing"

    def find_sheet(self, number: str) -> KnownSheet | None:
        del number
        return None

    def forms(self) -> tuple[PrintedForm, ...]:
        return ()


def reason(page: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> str | None:
    (reading,) = Reader(EmptyRegister()).read_page(ScannedPage("drawn", 1, page, 150.0))
    assert reading.status is PageStatus.UNKNOWN
    return reading.reason


@pytest.mark.parametrize("grey", [255, 235, 150])
def test_bare_paper_is_a_blank_page(grey: int) -> None:
    assert reason(np.full(SHAPE, grey, np.uint8)) == "blank page"


@pytest.mark.parametrize("share", [0.2, 0.6, 1.0])
def test_a_page_that_something_dark_covers_is_not(share: float) -> None:
    page = np.full(SHAPE, 250, np.uint8)
    page[: round(share * SHAPE[0])] = 5
    assert reason(page) != "blank page"


def rough_back() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A crumpled back at 150 dpi, skewed before a black lid, a corner cut off, a coffee ring on it."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    page = 225 + 25 * np.sin(x / 70) * np.sin(y / 90 + x / 200)
    page -= 70 * np.exp(-(((np.hypot(x - 800, y - 900) - 230) / 9) ** 2))
    page[(x - 0.1 * y < 0) | (x + y > 2550)] = 18
    return np.asarray(page, dtype=np.uint8)


def test_a_stained_back_with_a_corner_cut_off_is_a_blank_page() -> None:
    assert reason(rough_back()) == "blank page"


def test_a_line_of_writing_on_it_is_seen() -> None:
    page = rough_back()
    cv2.putText(page, "rappeler la mere jeudi a midi", (250, 500), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 90, 3, cv2.LINE_AA)
    assert not is_blank(ScannedPage("drawn", 1, page, 150.0))
