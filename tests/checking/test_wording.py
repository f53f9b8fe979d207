"""What the reader says of a page, told in the user's language; stored and exported words stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from papier.checking.wording import NOT_KEPT, REASONS, reason_words
from papier.intake import NOT_KEPT as STORED_NOT_KEPT
from papier.language import using_language
from papier.ocr.image_pages import CUT_OFF
from papier.ocr.pdf_structure import LOST, TOO_COMPLEX
from papier.ocr.pixels import TOO_MANY_PIXELS, too_large
from papier.ocr.zone_readings import PAPER_ONLY
from papier.page_pool import rejected_page
from papier.store.voiding import VOIDED

NOWHERE = Path("scan.pdf")
SAID = [
    *REASONS,
    CUT_OFF,
    LOST,
    TOO_COMPLEX,
    PAPER_ONLY,
    VOIDED,
    too_large(0, 10),
    too_large(20_000, 20_000),
    f"The image states {TOO_MANY_PIXELS}",
    rejected_page(NOWHERE, 1, "ValueError: two\nlines").reason,
    "the page does not look like carnet/absence",
    "sheet 4F7K-2M9Q-8XTR is not in this workspace's register",
    "sheet 4F7K-2M9Q-8XTR is known, but the page does not look like carnet/absence",
    "the date 31/02/2027 does not exist",
    "The PDF page measures 2.0 × 3.0 m. Give pages of at most A0 (0.8 × 1.2 m).",
    f"the sheet number cannot be read{STORED_NOT_KEPT}",
]


@pytest.mark.parametrize("reason", SAID)
def test_a_reason_is_told_in_french_and_stays_itself_in_english(reason: str) -> None:
    with using_language("en"):
        assert reason_words(reason) == reason
    with using_language("fr"):
        assert reason_words(reason) != reason
        assert "{" not in reason_words(reason)


def test_the_words_that_are_stored_are_those_that_are_known() -> None:
    assert NOT_KEPT == STORED_NOT_KEPT
