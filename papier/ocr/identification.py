"""Which sheet a registered page is: the two printed sheet numbers, read by the shapes of their known glyphs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from papier.forms.frame import NUMBER_LENGTH, NUMBER_PITCH, page_frame
from papier.forms.sheet_number import ALPHABET, PAGE_GLYPHS, SheetNumbers
from papier.geometry import RectMm
from papier.ocr.glyphs import (
    ABOVE_BELOW_MM,
    BLURS_MM,
    BOX_HEIGHT,
    BOX_WIDTH,
    GLYPHS,
    PX_PER_MM,
    SLACK,
    FloatImages,
    likeness,
    templates,
)
from papier.ocr.scan import RegisteredPage

# How far the whole strip may lie from its place: what marks alone leave of a bent page.
SEARCH_MM = 1.6
# The places of the twelve characters among the sixteen glyphs: `4F7K-2M9Q-8XTR/1`.
CHARACTERS = (0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13)
PUNCTUATION = {4: "-", 9: "-", 14: "/"}
PAGE_PLACE = 15
# From correlations to logarithms of probabilities. On degraded strips the right glyph is 0.1 to 0.4 above the next;
# at 0.05 apart the two are confused about once in six, which a slope of 35 says.
SLOPE = 35.0
# A glyph unlike all templates says nothing: below this correlation its evidence fades out.
MIN_LIKENESS, FULL_LIKENESS = 0.35, 0.75
# A strip whose hyphens and solidus are not there is not a number's.
MIN_PUNCTUATION = 0.30


@dataclass(frozen=True)
class Identification:
    """What the printed numbers say. `number` is None when they say nothing that the workspace's key verifies.

    `page`, from 1, is read from its own glyph, None when unclear; the caller cross-checks it with the printed face.
    `corrections`: characters that had to be mended. `likeness`: mean correlation of each print's best glyphs.
    """

    number: str | None
    page: int | None
    probability: float
    page_probability: float
    corrections: int
    likeness: tuple[float, ...]


def identify(page: RegisteredPage, numbers: SheetNumbers) -> Identification:
    """Read the sheet number of a registered page, from one or both of its prints."""
    tables, pages, quality = [], [], []
    strips = _cut_strips(page)
    for strip in strips:
        patches = _find_glyphs(strip)
        if patches is None:
            quality.append(0.0)
            continue
        scores = likeness(patches)
        # One blur for the whole print: the one under which its glyphs look most like glyphs.
        best = scores[int(scores.max(axis=2).sum(axis=1).argmax())]
        quality.append(float(best.max(axis=1).mean()))
        # One of the three may be under a stain; all three low means that there is no number here.
        if max(best[place, GLYPHS.index(glyph)] for place, glyph in PUNCTUATION.items()) < MIN_PUNCTUATION:
            continue
        tables.append(_log_probabilities(best[list(CHARACTERS), : len(ALPHABET)]))
        places = [ALPHABET.index(glyph) for glyph in PAGE_GLYPHS]
        pages.append(_log_probabilities(best[[PAGE_PLACE]][:, places])[0])
    decoded = numbers.decode_soft(np.array(tables)) if tables else None
    if decoded is None:
        return Identification(None, None, 0.0, 0.0, 0, tuple(quality))
    together = np.sum(pages, axis=0)
    shares = np.exp(together - np.logaddexp.reduce(together))
    top = int(shares.argmax())
    return Identification(
        decoded.number,
        top + 1 if shares[top] > 0.5 else None,
        decoded.probability,
        float(shares[top]),
        decoded.corrections,
        tuple(quality),
    )


def _cut_strips(page: RegisteredPage) -> FloatImages:
    """Both prints with room to search: shape (2, height, width), 1 is ink."""
    boxes = [
        RectMm(
            box.x - SEARCH_MM,
            box.y - ABOVE_BELOW_MM - SEARCH_MM,
            box.width + 2 * SEARCH_MM,
            box.height + 2 * (ABOVE_BELOW_MM + SEARCH_MM),
        )
        for box in page_frame(*page.size_mm).numbers
    ]
    shape = (round(boxes[0].height * PX_PER_MM), round(boxes[0].width * PX_PER_MM))
    grey = page.cut(boxes, shape).astype(np.float32)
    paper = np.percentile(grey, 80, axis=(1, 2), keepdims=True)
    return np.asarray(np.clip(1 - grey / np.maximum(paper, 1), 0, 1), dtype=np.float32)


@lru_cache(maxsize=4)
def _strip_template(blur: int) -> FloatImages:
    """What a number looks like on average: its punctuation, and at every character the mean of all characters."""
    drawn = templates()[blur]
    mean = drawn[: len(ALPHABET)].mean(axis=0)
    strip = np.zeros((BOX_HEIGHT, round(NUMBER_LENGTH * NUMBER_PITCH * PX_PER_MM)), dtype=np.float32)
    for place in range(NUMBER_LENGTH):
        left = round(place * NUMBER_PITCH * PX_PER_MM)
        glyph = drawn[GLYPHS.index(PUNCTUATION[place])] if place in PUNCTUATION else mean
        width = min(BOX_WIDTH, strip.shape[1] - left)
        strip[:, left : left + width] = glyph[:, :width]
    return strip


def _find_glyphs(strip: FloatImages) -> FloatImages | None:
    """The sixteen glyph boxes of a strip with `SLACK` around; None when the strip has no ink at all."""
    if float(strip.std()) < 0.01:
        return None
    response = cv2.matchTemplate(strip, _strip_template(len(BLURS_MM) - 1), cv2.TM_CCOEFF_NORMED)
    _, _, _, (left, top) = cv2.minMaxLoc(response)
    padded = np.pad(strip, SLACK)
    patches = [
        padded[
            top : top + BOX_HEIGHT + 2 * SLACK,
            left + round(place * NUMBER_PITCH * PX_PER_MM) : left
            + round(place * NUMBER_PITCH * PX_PER_MM)
            + BOX_WIDTH
            + 2 * SLACK,
        ]
        for place in range(NUMBER_LENGTH)
    ]
    if any(patch.shape != (BOX_HEIGHT + 2 * SLACK, BOX_WIDTH + 2 * SLACK) for patch in patches):
        patches = [
            np.pad(
                patch,
                (
                    (0, BOX_HEIGHT + 2 * SLACK - patch.shape[0]),
                    (0, BOX_WIDTH + 2 * SLACK - patch.shape[1]),
                ),
            )
            for patch in patches
        ]
    return np.asarray(patches, dtype=np.float32)


def _log_probabilities(scores: FloatImages) -> FloatImages:
    """Correlations (n, k) as logarithms of probabilities; what is like nothing says nothing."""
    best = scores.max(axis=1, keepdims=True)
    trust = np.clip((best - MIN_LIKENESS) / (FULL_LIKENESS - MIN_LIKENESS), 0.02, 1.0)
    logits = (scores - best) * SLOPE * trust
    return np.asarray(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True), dtype=np.float32)
