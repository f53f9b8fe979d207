"""Free handwriting on ruled lines: read line by line where there is a recogniser, and kept as an image in any case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from papier.forms.definition import Demand
from papier.forms.layout import Zone
from papier.geometry import RectMm
from papier.ocr.handwriting import LineReading
from papier.ocr.ink import InkPage
from papier.ocr.zones.signature import FAINT_WRITING, SURE_ENOUGH, Writing, measure_writing
from papier.records import FieldReading, State

# Recognisers of lines work with about this height of a strip of 8 to 10 mm.
PIXELS_PER_MM = 6
# Ascenders and descenders leave their strip by about a quarter of it.
STRIP_MARGIN = 0.25
# Of full ink: below it is noise, or what the subtraction of the ruled line left.
MIN_STROKE_INK = 45
# Strokes less high are dots, dashes, dirt, and the remains of a ruled line: no line consists of them alone.
MIN_LETTER_MM = 1.3
# A figure 1 has 4 mm of stroke half a millimetre wide; a strip with less holds a full stop or dirt.
MIN_STROKE_MM2 = 1.25
# A stroke that has less of itself on the line than in its margins belongs to the line above or below.
MIN_SHARE_ON_LINE = 0.4
# Broader than a felt pen's stroke.
BROAD_MM = 2.0
# Readings of a whole field that are offered to the person who decides.
MOST_CANDIDATES = 5


class LineReader(Protocol):
    """A recogniser of handwritten lines; `papier.ocr.handwriting.HandwritingReader` is one."""

    def read(
        self, strips: Sequence[npt.NDArray[np.uint8]], /, expected: Sequence[Sequence[str]] = ()
    ) -> Sequence[LineReading]:
        """One reading a strip (ink image, 255 full ink, any size); `expected`: what would be no surprise there."""


def read_lines(
    page: InkPage,
    zones: Sequence[Zone],
    demands: Sequence[Demand],
    reader: LineReader | None = None,
    known_values: Mapping[str, Sequence[str]] | None = None,
) -> list[FieldReading]:
    """One reading a zone. Without a reader, handwriting has no value: its image is the record. `known_values`: what the
    roster knows of a field.

    A free text decides nothing: it stays doubtful below what the form demands, and where something is struck out.
    """
    writings = measure_writing(page, [zone.rect for zone in zones])
    strips: list[npt.NDArray[np.uint8]] = []
    expected: list[Sequence[str]] = []
    readings: list[FieldReading] = []
    written_on: dict[int, range] = {}
    for index, (zone, demand, writing) in enumerate(zip(zones, demands, writings, strict=True)):
        written = written_probability(writing)
        if written < 0.5:
            sure = 1 - written >= min(demand.accept, SURE_ENOUGH)
            readings.append(
                FieldReading(
                    zone.field,
                    zone.kind,
                    None,
                    State.BLANK if sure else State.DOUBTFUL,
                    1 - written,
                    rect=zone.rect,
                    reason=None if sure else "there may be something written",
                    needs_person=demand.required or not sure,
                )
            )
            continue
        readings.append(_kept_as_image(zone, demand, asks=reader is not None))
        if reader is not None:
            cut = cut_strips(page, zone)
            written_on[index] = range(len(strips), len(strips) + len(cut))
            strips += cut
            expected += [(known_values or {}).get(zone.field, ())] * len(cut)
    if reader is not None and strips:
        found = reader.read(strips, expected=expected)
        for index, lines in written_on.items():
            readings[index] = _recognised(zones[index], demands[index], [found[line] for line in lines])
    return readings


def written_probability(writing: Writing) -> float:
    """The chance that there is handwriting: a word has 10 mm of stroke and more, "oui" or "X" 6 mm.

    A mistake towards "written" costs little, for the image is kept either way; one towards "blank" loses words.
    """
    if writing.strokes == 0:
        return FAINT_WRITING if writing.faint else 0.0002
    evidence = 3.0 * np.log(max(writing.length, 0.1) / 3.0)
    return float(np.clip(1 / (1 + np.exp(-evidence)), 0.0002, 0.9998))


def cut_strips(page: InkPage, zone: Zone) -> list[npt.NDArray[np.uint8]]:
    """The ink of each line that is written on, with room for ascenders and descenders, the neighbours' left out."""
    strips = []
    for line in zone.lines or (zone.rect,):
        margin = STRIP_MARGIN * line.height
        wide = RectMm(line.x, line.y - margin, line.width, line.height + 2 * margin)
        shape = (round(wide.height * PIXELS_PER_MM), round(wide.width * PIXELS_PER_MM))
        strip = _own_ink(_without_shade(page.cut([wide], shape).ink[0]), round(margin * PIXELS_PER_MM))
        if _has_letters(strip):
            strips.append(strip)
    return strips


def _has_letters(strip: npt.NDArray[np.uint8]) -> bool:
    _, _, stats, _ = cv2.connectedComponentsWithStats(np.asarray(strip > MIN_STROKE_INK, dtype=np.uint8))
    strokes = stats[1:]
    high = strokes[:, cv2.CC_STAT_HEIGHT] >= MIN_LETTER_MM * PIXELS_PER_MM
    return bool(strokes[high, cv2.CC_STAT_AREA].sum() >= MIN_STROKE_MM2 * PIXELS_PER_MM**2)


def _without_shade(ink: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Strokes without the stains, folds and shadows they lie in: those are broad, and no pen is."""
    side = round(BROAD_MM * PIXELS_PER_MM)
    broad = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    # Opening leaves blocks; a shadow has no edges.
    return np.asarray(cv2.subtract(ink, cv2.blur(cv2.dilate(broad, np.ones((5, 5), np.uint8)), (5, 5))))


def _own_ink(strip: npt.NDArray[np.uint8], margin: int) -> npt.NDArray[np.uint8]:
    """`strip` without strokes that enter from above or below and lie mostly in the margins."""
    strokes = np.asarray(strip > MIN_STROKE_INK, dtype=np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(strokes, connectivity=8)
    on_line = np.bincount(labels[margin : len(strip) - margin].ravel(), minlength=count)
    top = stats[:, cv2.CC_STAT_TOP]
    enters = (top == 0) | (top + stats[:, cv2.CC_STAT_HEIGHT] == len(strip))
    foreign = enters & (on_line < MIN_SHARE_ON_LINE * stats[:, cv2.CC_STAT_AREA])
    foreign[0] = False
    if not foreign.any():
        return strip
    return np.where(cv2.dilate(foreign[labels].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0, 0, strip)


def _recognised(zone: Zone, demand: Demand, lines: Sequence[LineReading]) -> FieldReading:
    """The field's text, and its next likely ones: each differs in one line from the first."""
    legible = [line.candidates for line in lines if line.candidates]
    if not legible:
        return _kept_as_image(zone, demand, asks=True)
    texts = [candidates[0].text for candidates in legible]
    probability = float(np.prod([candidates[0].probability for candidates in legible]))
    others = []
    for at, candidates in enumerate(legible):
        for other in candidates[1:]:
            share = other.probability / max(candidates[0].probability, 1e-6)
            others.append(("\n".join([*texts[:at], other.text, *texts[at + 1 :]]), probability * min(1.0, share)))
    others.sort(key=lambda candidate: -candidate[1])
    text = "\n".join(texts)
    struck = any(line.struck for line in lines)
    # A line with ink of which nothing could be made out is missing from the text.
    missing = len(legible) < len(lines)
    sure = probability >= demand.accept and not struck and not missing
    return FieldReading(
        zone.field,
        zone.kind,
        text,
        State.SURE if sure else State.DOUBTFUL,
        probability,
        candidates=((text, probability), *others[: MOST_CANDIDATES - 1]),
        rect=zone.rect,
        reason=None
        if sure
        else "something is struck out"
        if struck
        else "a line cannot be read"
        if missing
        else "handwriting, read by machine",
        # The image says it all: a person is asked only where the form wants a value.
        needs_person=demand.required and not sure,
    )


def _kept_as_image(zone: Zone, demand: Demand, *, asks: bool) -> FieldReading:
    return FieldReading(
        zone.field,
        zone.kind,
        None,
        State.UNREADABLE,
        0.0,
        rect=zone.rect,
        reason="handwriting kept as an image",
        needs_person=asks and demand.required,
    )
