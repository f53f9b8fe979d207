"""What a sheet says of itself in words beside its number: form and version. For sheets that no register knows."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

import cv2
import numpy as np
import pytesseract

from papier.forms.frame import MARK_MARGIN, MARK_SIZE, page_frame
from papier.geometry import RectMm
from papier.ocr.scan import RegisteredPage
from papier.ocr.zones.typed import LANGUAGE, TIMEOUT_SECONDS, tesseract_probe

# The strip's small print is 7 pt: capitals of 1.8 mm, which this makes 30 pixels high.
PIXELS_PER_MM = 17.0
STRIP_TOP, STRIP_BOTTOM = MARK_MARGIN - 2.0, MARK_MARGIN + MARK_SIZE + 2.0
GAP = 2.5
VERSION = re.compile(r"vers[il1]on\s*(\d+)")
# A form's name read with a slip or two is still nearer to itself than to any other name.
MIN_NAME_LIKENESS = 0.8


@dataclass(frozen=True)
class PrintedIdentity:
    """The form, its version, and whether the sheet is a master; None where the print cannot be read."""

    form: str | None
    version: int | None
    master: bool


def read_identity(page: RegisteredPage, names: Collection[str], master_note: str) -> PrintedIdentity:
    """Read the top and bottom strips of a registered page. `names`: the forms that may stand there;
    `master_note`: what a master says of itself at its foot.

    Without Tesseract nothing is read: see `tesseract_probe`.
    """
    if tesseract_probe() is not None:
        return PrintedIdentity(None, None, master=False)
    width, height = page.size_mm
    left = MARK_MARGIN + MARK_SIZE + GAP
    number = page_frame(width, height).numbers
    top = _read_text(page, RectMm(left, STRIP_TOP, number[0].x - GAP - left, STRIP_BOTTOM - STRIP_TOP))
    found = VERSION.search(top.lower())
    below = RectMm(number[1].right + GAP, height - STRIP_BOTTOM, width - left - number[1].right - GAP, 9.0)
    return PrintedIdentity(
        _nearest(top, names), int(found[1]) if found else None, master=_says(_read_text(page, below), master_note)
    )


def _read_text(page: RegisteredPage, rect: RectMm) -> str:
    shape = (round(rect.height * PIXELS_PER_MM), round(rect.width * PIXELS_PER_MM))
    image = cv2.copyMakeBorder(page.cut([rect], shape)[0], 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=255)
    try:
        return str(
            pytesseract.image_to_string(np.asarray(image), lang=LANGUAGE, config="--psm 6", timeout=TIMEOUT_SECONDS)
        )
    except (pytesseract.TesseractError, RuntimeError, OSError):
        return ""


def _nearest(text: str, names: Collection[str]) -> str | None:
    """The one form name that stands in the text, slips of a letter or two allowed."""
    words = [word for word in re.split(r"[\s·]+", text.lower()) if "/" in word and len(word) > 4]
    scored = sorted(
        ((difflib.SequenceMatcher(None, word, name).ratio(), name) for word in words for name in names), reverse=True
    )
    if not scored or scored[0][0] < MIN_NAME_LIKENESS:
        return None
    rivals = [score for score, name in scored if name != scored[0][1]]
    # Sister forms differ by a word; one letter misread must not choose between them.
    return scored[0][1] if scored[0][0] == 1.0 or not rivals or scored[0][0] - rivals[0] > 0.1 else None


def _says(text: str, words: str) -> bool:
    return difflib.SequenceMatcher(None, _bare(words), _bare(text)[: len(words) + 10]).ratio() > MIN_NAME_LIKENESS


def _bare(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.lower())
    return "".join(character for character in decomposed if character.isalnum())
