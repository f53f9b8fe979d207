"""Free handwriting on ruled lines: kept as an image; read only where a recogniser is plugged in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from papier.forms.definition import Demand
from papier.forms.layout import Zone
from papier.geometry import RectMm
from papier.ocr.ink import InkPage
from papier.ocr.zones.signature import FAINT_WRITING, SURE_ENOUGH, Writing, measure_writing
from papier.records import FieldReading, State

# Recognisers of lines work with about this height of a strip of 8 to 10 mm.
PIXELS_PER_MM = 6
# Ascenders and descenders leave their strip by about a quarter of it.
STRIP_MARGIN = 0.25


class LineReader(Protocol):
    """A recogniser of handwritten lines."""

    def read(self, strips: Sequence[npt.NDArray[np.uint8]], /) -> Sequence[tuple[str, float]]:
        """The text of each strip (ink image, 255 full ink, any size) and the probability that it is right."""


def read_lines(
    page: InkPage,
    zones: Sequence[Zone],
    demands: Sequence[Demand],
    reader: LineReader | None = None,
) -> list[FieldReading]:
    """One reading a zone. Without a reader, handwriting has no value: its image is the record."""
    writings = measure_writing(page, [zone.rect for zone in zones])
    readings = []
    for zone, demand, writing in zip(zones, demands, writings, strict=True):
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
        elif reader is None:
            readings.append(
                FieldReading(
                    zone.field,
                    zone.kind,
                    None,
                    State.UNREADABLE,
                    0.0,
                    rect=zone.rect,
                    reason="handwriting kept as an image",
                )
            )
        else:
            readings.append(_recognised(zone, demand, reader.read(cut_strips(page, zone))))
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
    """The ink of each written line with room for ascenders and descenders."""
    strips = []
    for line in zone.lines or (zone.rect,):
        margin = STRIP_MARGIN * line.height
        wide = RectMm(line.x, line.y - margin, line.width, line.height + 2 * margin)
        shape = (round(wide.height * PIXELS_PER_MM), round(wide.width * PIXELS_PER_MM))
        strips.append(page.cut([wide], shape).ink[0])
    return strips


def _recognised(zone: Zone, demand: Demand, texts: Sequence[tuple[str, float]]) -> FieldReading:
    text = "\n".join(line for line, _ in texts if line.strip())
    probability = float(np.prod([chance for line, chance in texts if line.strip()])) if text else 0.0
    sure = bool(text) and probability >= demand.accept
    return FieldReading(
        zone.field,
        zone.kind,
        text or None,
        State.SURE if sure else State.DOUBTFUL if text else State.UNREADABLE,
        probability,
        candidates=((text, probability),) if text else (),
        rect=zone.rect,
        reason=None if sure else "handwriting, read by machine" if text else "handwriting kept as an image",
        # The image says it all: a person is asked only where the form wants a value.
        needs_person=demand.required and not sure,
    )
