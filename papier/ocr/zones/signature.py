"""Is a frame signed? Presence only: whose hand it is, is for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from papier.forms.definition import Demand
from papier.forms.layout import Zone
from papier.geometry import RectMm
from papier.ocr.ink import FAINT, InkPage
from papier.records import FieldReading, State

# A pen's stroke of 0.3 mm is still two pixels wide.
PIXELS_PER_MM = 6
# Around the frame, so that a stroke that only enters it is seen to come from outside.
MARGIN_MM = 4.0
# Of full ink: above show-through and stains, below a faint pencil.
MIN_STROKE_INK = 45
# Dust, staple holes and broken letters are smaller.
SPECK_MM = 1.6
# Where something shows that is too faint for strokes, this is the chance that it is writing: enough to ask.
FAINT_WRITING = 0.05
# A stroke that has less of itself in the frame belongs to something else.
MIN_SHARE_INSIDE = 0.35


@dataclass(frozen=True, slots=True)
class Writing:
    """How much was written in a frame, in millimetres: the `length` of all strokes, the span of the `longest` one (what
    hangs together), `width` and `height` over all. `faint`: something shows that is too faint for strokes.
    """

    length: float
    longest: float
    width: float
    height: float
    strokes: int
    faint: bool = False


def measure_writing(page: InkPage, rects: Sequence[RectMm]) -> list[Writing]:
    """The handwriting in each frame, dirt and foreign strokes left out."""
    measured = []
    for rect in rects:
        wide = rect.grown(MARGIN_MM)
        shape = (round(wide.height * PIXELS_PER_MM), round(wide.width * PIXELS_PER_MM))
        patch = page.cut([wide], shape)
        writing = _measure(patch.ink[0])
        measured.append(replace(writing, faint=bool(patch.faint[0] > FAINT)))
    return measured


def _measure(ink: npt.NDArray[np.uint8]) -> Writing:
    inset = round(MARGIN_MM * PIXELS_PER_MM)
    # Stains and shadows are wide, strokes are narrow: what a 3 mm opening keeps is no stroke.
    broad = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((3 * PIXELS_PER_MM, 3 * PIXELS_PER_MM), np.uint8))
    strokes = np.asarray(cv2.subtract(ink, broad) > MIN_STROKE_INK, dtype=np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(strokes, connectivity=8)
    if count < 2:
        return Writing(0.0, 0.0, 0.0, 0.0, 0)
    inside = np.bincount(labels[inset:-inset, inset:-inset].ravel(), minlength=count)
    size = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) / PIXELS_PER_MM
    kept = (size >= SPECK_MM) & (inside >= MIN_SHARE_INSIDE * stats[:, cv2.CC_STAT_AREA])
    kept[0] = False
    if not kept.any():
        return Writing(0.0, 0.0, 0.0, 0.0, 0)
    boxes = stats[kept]
    left, top = boxes[:, cv2.CC_STAT_LEFT].min(), boxes[:, cv2.CC_STAT_TOP].min()
    right = (boxes[:, cv2.CC_STAT_LEFT] + boxes[:, cv2.CC_STAT_WIDTH]).max()
    bottom = (boxes[:, cv2.CC_STAT_TOP] + boxes[:, cv2.CC_STAT_HEIGHT]).max()
    # The length of a stroke is about its ink over its width; half a millimetre stands for every pen.
    length = float(boxes[:, cv2.CC_STAT_AREA].sum()) / PIXELS_PER_MM**2 / 0.5
    longest = float(size[kept].max())
    return Writing(length, longest, (right - left) / PIXELS_PER_MM, (bottom - top) / PIXELS_PER_MM, int(kept.sum()))


def presence_probability(writing: Writing) -> float:
    """The chance that somebody wrote in the frame.

    Signatures and initials have more than 15 mm of stroke, of which 5 mm hang together; dirt that passed the filters
    seldom has 4 and 2. Between the two a logistic curve.
    """
    if writing.strokes == 0:
        return FAINT_WRITING if writing.faint else 0.0002
    evidence = 2.2 * np.log(max(writing.length, 0.1) / 8) + 3.0 * np.log(max(writing.longest, 0.1) / 3.2)
    # A straight line across the frame is a crossing out or a fold, seldom a signature.
    if min(writing.width, writing.height) < 1.5:
        evidence = min(evidence, 1.0)
    return float(np.clip(1 / (1 + np.exp(-evidence)), 0.0002, 0.9998))


def read_signatures(
    page: InkPage,
    zones: Sequence[Zone],
    demands: Sequence[Demand],
) -> list[FieldReading]:
    """One reading a zone: value True where somebody signed, False where nobody did."""
    readings = []
    writings = measure_writing(page, [zone.rect for zone in zones])
    for zone, demand, writing in zip(zones, demands, writings, strict=True):
        present = presence_probability(writing)
        value = present >= 0.5
        probability = max(present, 1 - present)
        reason: str | None = None
        if probability < min(demand.accept, SURE_ENOUGH):
            state, reason = State.DOUBTFUL, "little ink for a signature, much for dirt"
        else:
            state = State.SURE if value else State.BLANK
        needs = state is State.DOUBTFUL or (state is State.BLANK and demand.required)
        readings.append(
            FieldReading(
                zone.field,
                zone.kind,
                value,
                state,
                probability,
                rect=zone.rect,
                reason=reason,
                needs_person=needs or (demand.two_readers and value),
            )
        )
    return readings


# Presence is a coarser question than a value: beyond this nobody's second look changes the answer.
SURE_ENOUGH = 0.98
