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
# On bent paper the printed frame is not quite taken away: what has less of itself than this further in than
# FRAME_MM may be the frame. On crumpled sheets such remains were up to 20 mm long.
MIN_SHARE_WITHIN, FRAME_MM = 0.2, 1.5
# Specks a square millimetre. Signed frames of 126 office scans had 0.011 at most, a dotted faint pen 0.064, shades
# turned to dots by a 1-bit scan 0.84 and more: there a frame that nobody signed showed a metre of strokes.
DOTTED, SCREENED = 0.03, 0.2
# Denser dots hang together; signatures covered 0.12 of their frame at most.
COVERED = 0.25
# Strokes under such a screen, or that may be print: ask.
MAX_UNCLEAR = 0.9


@dataclass(frozen=True, slots=True)
class Writing:
    """How much was written in a frame, in millimetres: the `length` of all strokes, the span of the `longest` one (what
    hangs together), `width` and `height` over all. `faint`: something shows that is too faint or too broken for
    strokes, or that may be the printed frame. `screened`: the frame is full of dots, strokes or none.
    """

    length: float
    longest: float
    width: float
    height: float
    strokes: int
    faint: bool = False
    screened: bool = False


def measure_writing(page: InkPage, rects: Sequence[RectMm]) -> list[Writing]:
    """The handwriting in each frame, dirt and foreign strokes left out."""
    measured = []
    for rect in rects:
        wide = rect.grown(MARGIN_MM)
        shape = (round(wide.height * PIXELS_PER_MM), round(wide.width * PIXELS_PER_MM))
        patch = page.cut([wide], shape)
        writing = measure_ink(patch.ink[0])
        measured.append(replace(writing, faint=writing.faint or bool(patch.faint[0] > FAINT)))
    return measured


def measure_ink(ink: npt.NDArray[np.uint8]) -> Writing:
    """The handwriting in one frame: `ink` of it and of MARGIN_MM around, PIXELS_PER_MM, 255 full ink."""
    inset = round(MARGIN_MM * PIXELS_PER_MM)
    # Stains and shadows are wide, strokes are narrow: what a 3 mm opening keeps is no stroke.
    broad = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((3 * PIXELS_PER_MM, 3 * PIXELS_PER_MM), np.uint8))
    strokes = np.asarray(cv2.subtract(ink, broad) > MIN_STROKE_INK, dtype=np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(strokes, connectivity=8)
    if count < 2:
        return Writing(0.0, 0.0, 0.0, 0.0, 0)
    inside = np.bincount(labels[inset:-inset, inset:-inset].ravel(), minlength=count)
    size = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) / PIXELS_PER_MM
    of_frame = inside >= MIN_SHARE_INSIDE * stats[:, cv2.CC_STAT_AREA]
    of_frame[0] = False
    area = (ink.shape[0] - 2 * inset) * (ink.shape[1] - 2 * inset) / PIXELS_PER_MM**2
    specks = float((of_frame & (size < SPECK_MM)).sum()) / max(area, 1.0)
    deep = inset + round(FRAME_MM * PIXELS_PER_MM)
    within = np.bincount(labels[deep:-deep, deep:-deep].ravel(), minlength=count)
    stroke = of_frame & (size >= SPECK_MM)
    kept = stroke & (within >= MIN_SHARE_WITHIN * stats[:, cv2.CC_STAT_AREA])
    faint = specks > DOTTED or bool((stroke & ~kept).any())
    screened = specks > SCREENED or float(strokes[inset:-inset, inset:-inset].mean()) > COVERED
    if not kept.any():
        return Writing(0.0, 0.0, 0.0, 0.0, 0, faint, screened)
    boxes = stats[kept]
    left, top = boxes[:, cv2.CC_STAT_LEFT].min(), boxes[:, cv2.CC_STAT_TOP].min()
    right = (boxes[:, cv2.CC_STAT_LEFT] + boxes[:, cv2.CC_STAT_WIDTH]).max()
    bottom = (boxes[:, cv2.CC_STAT_TOP] + boxes[:, cv2.CC_STAT_HEIGHT]).max()
    # The length of a stroke is about its ink over its width; half a millimetre stands for every pen.
    length = float(boxes[:, cv2.CC_STAT_AREA].sum()) / PIXELS_PER_MM**2 / 0.5
    longest = float(size[kept].max())
    width, height = (right - left) / PIXELS_PER_MM, (bottom - top) / PIXELS_PER_MM
    return Writing(length, longest, width, height, int(kept.sum()), faint, screened)


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
    least = FAINT_WRITING if writing.faint else 0.0002
    return float(np.clip(1 / (1 + np.exp(-evidence)), least, MAX_UNCLEAR if writing.screened else 0.9998))


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
