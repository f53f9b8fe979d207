"""Papers without a form: letters, decisions, receipts. Their text by Tesseract in French, any way up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytesseract

from papier.errors import MissingProgramError, ProgramFailedError
from papier.language import translate as _
from papier.ocr.scan import GreyImage
from papier.ocr.zones.typed import LANGUAGE, tesseract_probe

# A dense page takes seconds; a hung process must not hold up a batch.
TIMEOUT_SECONDS = 120
USUAL_DPI = 300
# Nothing that looks like a word is left out: a misread one does no harm, a missing reference does.
MIN_CONFIDENCE = 0.0
# Of a page that stands upright Tesseract is sure of most words; upside down it is sure of a few by chance.
SURE_CONFIDENCE = 75.0
ENOUGH_SURE_WORDS = 5
ENOUGH_SURE_SHARE = 0.6
# Shorter words look the same upside down: "nous" and "snou".
MIN_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its baseline on the page, in pixels from the top left: left end, right end, height of its box."""

    text: str
    start: tuple[float, float]
    end: tuple[float, float]
    height: float

    def to_json(self) -> list[Any]:
        return [self.text, *(round(value, 1) for value in (*self.start, *self.end, self.height))]

    @classmethod
    def from_json(cls, data: Sequence[Any]) -> Word:
        text, x0, y0, x1, y1, height = data
        return cls(text, (x0, y0), (x1, y1), height)


@dataclass(frozen=True, slots=True)
class TypedPage:
    """The lines of a page in reading order."""

    lines: tuple[tuple[Word, ...], ...]

    @property
    def text(self) -> str:
        return "\n".join(" ".join(word.text for word in line) for line in self.lines)


def read_typed_page(pixels: GreyImage, dpi: float | None) -> TypedPage:
    """All text of a page. A page that says little upright is read the other ways round as well.

    Raises MissingProgramError without Tesseract and its French, ProgramFailedError when it fails.
    """
    missing = tesseract_probe()
    if missing is not None:
        raise MissingProgramError(_("{missing}. Or file the paper without its text: --no-text").format(missing=missing))
    best: tuple[int, TypedPage] | None = None
    for turns in (0, 2, 1, 3):
        sure, page = _read(pixels, dpi, turns)
        if best is None or sure > best[0]:
            best = (sure, page)
        words = sum(len(line) for line in page.lines)
        if sure >= ENOUGH_SURE_WORDS and sure >= ENOUGH_SURE_SHARE * words:
            break
    assert best is not None  # noqa: S101 - four ways were tried
    return best[1]


def _read(pixels: GreyImage, dpi: float | None, turns: int) -> tuple[int, TypedPage]:
    """How many words are sure, and the page, turned by so many quarters against the clock before it is read."""
    turned = np.ascontiguousarray(np.rot90(pixels, turns))
    try:
        data = pytesseract.image_to_data(
            turned,
            lang=LANGUAGE,
            config=f"--psm 3 --dpi {round(dpi or USUAL_DPI)}",
            timeout=TIMEOUT_SECONDS,
            output_type=pytesseract.Output.DICT,
        )
    except (pytesseract.TesseractError, RuntimeError, OSError) as error:
        raise ProgramFailedError(
            _("Tesseract failed ({why}). Scan the page again at 300 dpi, or: --no-text").format(why=error)
        ) from error
    lines: dict[tuple[int, int, int], list[Word]] = {}
    sure = 0
    for i, text in enumerate(data["text"]):
        confidence = float(data["conf"][i])
        if not text.strip() or confidence < MIN_CONFIDENCE:
            continue
        sure += confidence >= SURE_CONFIDENCE and len(text.strip()) >= MIN_LETTERS
        x, y, width, height = (float(data[name][i]) for name in ("left", "top", "width", "height"))
        start = _turned_back((x, y + height), pixels.shape, turns)
        end = _turned_back((x + width, y + height), pixels.shape, turns)
        place = (data["block_num"][i], data["par_num"][i], data["line_num"][i])
        lines.setdefault(place, []).append(Word(text.strip(), start, end, height))
    return sure, TypedPage(tuple(tuple(line) for line in lines.values()))


def _turned_back(point: tuple[float, float], shape: tuple[int, ...], turns: int) -> tuple[float, float]:
    """Where a point of the turned page lies on the page as it was scanned."""
    x, y = point
    height, width = float(shape[0]), float(shape[1])
    match turns:
        case 1:
            return width - y, x
        case 2:
            return width - x, height - y
        case 3:
            return y, height - x
        case _:
            return x, y
