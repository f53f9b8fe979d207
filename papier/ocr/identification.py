"""Which sheet a registered page is: the two printed sheet numbers, read by the shapes of their known glyphs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from papier.forms.frame import page_frame
from papier.forms.sheet_number import ALPHABET, LENGTH, MAX_SYMBOL_DOUBT, PAGE_GLYPHS, FloatArray, SheetNumbers
from papier.ocr.glyphs import classify, cut_glyphs, cut_strips, load_model
from papier.ocr.scan import RegisteredPage

# Before the page's glyph is looked at: forms of more than nine pages, whose glyph is a letter, are rare.
LETTER_PAGES = 0.05
# A page less sure than this is not named: its glyph and its rival are nearly equal.
MIN_PAGE_PROBABILITY = 0.5

_PAGE_PLACES = np.array([ALPHABET.index(glyph) for glyph in PAGE_GLYPHS])


@dataclass(frozen=True)
class Identification:
    """What the printed numbers say. `number` is None when they say nothing that the workspace's key verifies.

    `page`, from 1, is read from its own glyph, None when unclear; the caller cross-checks it with the printed face.
    `corrections`: characters that had to be mended. `likeness`: how surely the characters of each print were read, 0 to
    1 (the mean of their best probabilities).
    """

    number: str | None
    page: int | None
    probability: float
    page_probability: float
    corrections: int
    likeness: tuple[float, ...]


def identify(page: RegisteredPage, numbers: SheetNumbers) -> Identification:
    """Read the sheet number of a registered page, from one or both of its prints."""
    model = load_model()
    strips = cut_strips(page, page_frame(*page.size_mm).numbers)
    tables = classify(np.concatenate([cut_glyphs(strip, model) for strip in strips]), model)
    tables = tables.reshape(len(strips), LENGTH + 1, len(ALPHABET))
    likeness = tuple(float(np.exp(table[:LENGTH].max(axis=1)).mean()) for table in tables)
    decoded = numbers.decode_soft(tables[:, :LENGTH])
    if decoded is None:
        return Identification(None, None, 0.0, 0.0, 0, likeness)
    # Where a print contradicts the number found, it is not lying where it was looked for, or covered.
    symbols = [ALPHABET.index(character) for character in decoded.number.replace("-", "")]
    agreement = np.exp(tables[:, np.arange(LENGTH), symbols]).mean(axis=1)
    number, probability = _read_page(tables[:, LENGTH], agreement)
    return Identification(decoded.number, number, decoded.probability, probability, decoded.corrections, likeness)


def _read_page(log_probs: FloatArray, trust: FloatArray) -> tuple[int | None, float]:
    """The page, from 1, that the last glyph of every print says; None when they say nothing clear.

    `log_probs`: (prints, 32); `trust`: (prints,), the probability that a print shows what it seems to.
    """
    prior = np.array([(1 - LETTER_PAGES) / 9 if glyph.isdigit() else LETTER_PAGES / 22 for glyph in PAGE_GLYPHS])
    # A smear can look exactly like another glyph: no print is believed beyond this, as in `decode_soft`.
    trust = np.minimum(trust, 1 - MAX_SYMBOL_DOUBT)[:, None]
    shares = trust * np.exp(log_probs[:, _PAGE_PLACES]) + (1 - trust) / len(ALPHABET)
    together = prior * np.prod(shares, axis=0)
    together /= together.sum()
    best = int(together.argmax())
    probability = float(together[best])
    return (best + 1 if probability > MIN_PAGE_PROBABILITY else None), probability
