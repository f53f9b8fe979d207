"""Typed text and stuck-on labels, read by Tesseract where it is installed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
import pytesseract

from papier.forms.definition import Demand
from papier.forms.layout import Zone
from papier.language import translate as _
from papier.ocr.ink import InkPage
from papier.ocr.zones.lines import written_probability
from papier.ocr.zones.signature import SURE_ENOUGH, measure_writing
from papier.records import FieldReading, State

LANGUAGE = "fra"
# Tesseract is at its best with capitals of 30 pixels: 3 mm type at 300 dpi (Tesseract manual, "Improving the quality").
PIXELS_PER_MM = 300 / 25.4
# One block of text, lines of one size.
PAGE_SEGMENTATION = "--psm 6"
# Tesseract's confidence of a word is no probability: even at 96 of 100 one word in a hundred is wrong.
MAX_WORD_PROBABILITY = 0.99
# A hung process must not hold up a batch.
TIMEOUT_SECONDS = 30
# One thread a process: the pool of pages is what uses the cores, and Tesseract's threads wait for one another where
# those are taken. A person's own setting stands.
os.environ.setdefault("OMP_THREAD_LIMIT", "1")


@lru_cache(maxsize=1)
def tesseract_probe() -> str | None:
    """None when Tesseract and its French are there; else a sentence that says what to install."""
    try:
        languages = pytesseract.get_languages(config="")
    except (pytesseract.TesseractNotFoundError, pytesseract.TesseractError, OSError):
        return _("Tesseract is not installed: install the packages tesseract-ocr and tesseract-ocr-fra")
    if LANGUAGE not in languages:
        return _("Tesseract has no French: install the package tesseract-ocr-fra")
    return None


def read_typed(
    page: InkPage,
    zones: Sequence[Zone],
    demands: Sequence[Demand],
) -> list[FieldReading]:
    """One reading a zone. Without Tesseract, a zone with ink is unreadable and its reason names the remedy."""
    readings = []
    writings = measure_writing(page, [zone.rect for zone in zones])
    for zone, demand, writing in zip(zones, demands, writings, strict=True):
        written = written_probability(writing)
        if written < 0.5:
            sure = 1 - written >= min(demand.accept, SURE_ENOUGH)
            state = State.BLANK if sure else State.DOUBTFUL
            readings.append(
                FieldReading(
                    zone.field, zone.kind, None, state, 1 - written, rect=zone.rect,
                    reason=None if sure else "there may be something written",
                    needs_person=demand.required or not sure,
                )
            )  # fmt: skip
        else:
            readings.append(_read_text(page, zone, demand))
    return readings


def _read_text(page: InkPage, zone: Zone, demand: Demand) -> FieldReading:
    missing = tesseract_probe()
    if missing is not None:
        return _unreadable(zone, demand, missing)
    shape = (round(zone.rect.height * PIXELS_PER_MM), round(zone.rect.width * PIXELS_PER_MM))
    ink = page.cut([zone.rect], shape).ink[0]
    image = cv2.copyMakeBorder(255 - ink, 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=255)
    try:
        data = pytesseract.image_to_data(
            np.asarray(image),
            lang=LANGUAGE,
            config=PAGE_SEGMENTATION,
            timeout=TIMEOUT_SECONDS,
            output_type=pytesseract.Output.DICT,
        )
    except (pytesseract.TesseractError, RuntimeError, OSError) as error:
        return _unreadable(zone, demand, f"Tesseract failed: {error}")
    lines: dict[tuple[int, int, int], list[str]] = {}
    probability = 1.0
    for i, word in enumerate(data["text"]):
        if word.strip():
            place = (data["block_num"][i], data["par_num"][i], data["line_num"][i])
            lines.setdefault(place, []).append(word.strip())
            probability *= min(MAX_WORD_PROBABILITY, max(0.0, float(data["conf"][i]) / 100))
    text = "\n".join(" ".join(words) for words in lines.values())
    if not text:
        return _unreadable(zone, demand, "no text is found in the ink")
    sure = probability >= demand.accept
    return FieldReading(
        zone.field,
        zone.kind,
        text,
        State.SURE if sure else State.DOUBTFUL,
        probability,
        candidates=((text, probability),),
        read_by="tesseract",
        rect=zone.rect,
        reason=None if sure else "not certain enough",
        needs_person=not sure or demand.two_readers,
    )


def _unreadable(zone: Zone, demand: Demand, reason: str) -> FieldReading:
    del demand
    return FieldReading(
        zone.field, zone.kind, None, State.UNREADABLE, 0.0, rect=zone.rect, reason=reason, needs_person=True
    )
