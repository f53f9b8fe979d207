"""What is taken for the blank back of a sheet, and what only looks like it."""

from __future__ import annotations

import numpy as np
import pytest

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
