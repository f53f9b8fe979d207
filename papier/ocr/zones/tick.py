"""Tick boxes: a measured class for each box, decided per question and against the other boxes of the page.

People cross, check, stroke, dot, scribble and fill; they leave the box, and they correct themselves. papier's own
sheets say "a cross ticks, a blackened box is cancelled"; but some people tick by blackening whatever the sheet says,
and only the rest of their page tells. On forms that somebody else printed, and in bubbles, a blackened box is ticked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from papier.forms.definition import Demand
from papier.forms.layout import Zone
from papier.geometry import RectMm, bounding_rect
from papier.ocr.ink import FAINT, PLACED, InkPage, InkPatches
from papier.ocr.zones.tick_model import Evidence, class_probabilities
from papier.records import FieldReading, OptionReading, OptionState, State

# A box of 4.5 mm is sampled at 5.3 pixels a millimetre: a thin pen's stroke is still two pixels wide.
BOX_PIXELS = 24
# The near patch shows one box's width around the box; a stroke that runs out of it is looked at in the far patch.
NEAR_MARGIN, FAR_MARGIN = 1, 3
# The frame and half a pixel of its blur on each side are not interior.
FRAME_PIXELS = 2
# Ink counts from here on (share of full ink, 0 to 255): above show-through, below a faint pencil.
MIN_INK = 24
# With less of the interior free of print, the ink under the print is guessed.
MIN_READABLE = 0.3
# A stroke's edge is where the ink falls to this share of its darkest.
STROKE_EDGE = 0.4
# The ink that most empty boxes of a page show is residue of print or dirt of the glass; at most this much of it is
# taken off, for on a roll call nearly all boxes may be ticked.
MAX_RESIDUE = 22
MIN_BOXES_FOR_RESIDUE = 8
# A stroke is another box's when this box holds less than this share of what that one does: a cross that runs over
# leaves a fifth of itself next door, while the marks of two neighbours that touch are about as large.
FOREIGN_RATIO = 0.4
# A straight stroke through several boxes, no wider than this share of a box and held by all alike, may mean anything.
SHARED_RATIO, STRAIGHT = 0.6, 0.3
# What looks like another box's stroke is this box's mark all the same when it covers so much of the interior (a thin
# cross beside a blackened box that it touches); a single stroke's worth of it may be either.
OWN_COVERAGE, EITHER_COVERAGE = 0.2, 0.07
# A box below this is shown as doubtful even where the question is not.
CLEAR_OPTION = 0.97
# Two ticks where one is allowed: the value names both, and it is even whether the person meant that.
TWO_TICKED = 0.5
# Assumed, about as the simulator does, not counted: one person in ten blackens to tick in spite of the printed rule. Of
# those who cross, three in a hundred blacken a given box to cancel; of those who blacken, one mark in twenty is not
# dense.
FILLERS, CANCELLATIONS, LIGHT_FILLS = 0.1, 0.03, 0.05
# Two ticks in a single choice: assumed of four in a thousand.
DOUBLE_TICKS = 0.004
# Relative to one tick in a single choice, none and several are this frequent, beyond what the boxes alone say. Both are
# kept well above what people do, so that a plain mark is not argued away.
NONE_TICKED, SEVERAL_TICKED = 0.5, 0.02


@dataclass(frozen=True, slots=True)
class Box:
    """A box on the page with the probabilities that it bears no mark, an open mark, or is blackened."""

    zone: Zone
    empty: float
    marked: float
    dense: float


def read_ticks(
    page: InkPage,
    questions: Sequence[Sequence[Zone]],
    demands: Sequence[Demand],
    *,
    dense_cancels: bool,
) -> list[FieldReading]:
    """One reading a question, each given as the zones of its boxes on this page.

    `dense_cancels`: the sheet says that a blackened box is cancelled (papier's own sheets).
    """
    zones = [zone for question in questions for zone in question]
    boxes = measure_boxes(page, zones)
    split: list[list[Box]] = []
    for question in questions:
        split.append(boxes[: len(question)])
        boxes = boxes[len(question) :]
    habit = page_habit([box for question in split for box in question])
    return [
        decide_question(question, demand, habit, dense_cancels=dense_cancels)
        for question, demand in zip(split, demands, strict=True)
    ]


def measure_boxes(page: InkPage, zones: Sequence[Zone]) -> list[Box]:
    """Classes of all boxes of a page; the more of the page's boxes come together, the better dirt is told from ink."""
    probabilities = class_probabilities(measure_evidence(page, zones))
    return [Box(zone, *row) for zone, row in zip(zones, probabilities.tolist(), strict=True)]


def measure_evidence(page: InkPage, zones: Sequence[Zone]) -> list[Evidence]:
    """What the ink in and around each box looks like."""
    if not zones:
        return []
    rects = [zone.rect for zone in zones]
    near = _patches(page, rects, NEAR_MARGIN)
    residue = _residue(near)
    places = np.array([[rect.x, rect.y, rect.right, rect.bottom] for rect in rects])
    interiors = {shape: _interior(shape) for shape in ("square", "bubble")}
    evidence: list[Evidence | None] = []
    for i, zone in enumerate(zones):
        ink = near.ink[i] if residue is None else np.asarray(cv2.subtract(near.ink[i], residue), dtype=np.uint8)
        others = _others(places, i, NEAR_MARGIN)
        found = _weigh(ink, near.known[i], interiors[zone.shape], NEAR_MARGIN, others, final=False)
        if found is not None and near.faint[i] > FAINT:
            found = replace(found, faint=True)
        evidence.append(found)
    displaced = near.placed < PLACED
    unclear = [i for i, found in enumerate(evidence) if found is None]
    if unclear:
        far = _patches(page, [rects[i] for i in unclear], FAR_MARGIN)
        for patch, i in enumerate(unclear):
            others = _others(places, i, FAR_MARGIN)
            interior = interiors[zones[i].shape]
            evidence[i] = _weigh(far.ink[patch], far.known[patch], interior, FAR_MARGIN, others, final=True)
    return [
        replace(found, displaced=bool(lost))
        for found, lost in zip(evidence, displaced, strict=True)
        if found is not None
    ]


def page_habit(boxes: Sequence[Box]) -> float:
    """The odds that this page's writer crosses to tick, and so blackens only to cancel, given all the page's boxes.

    Bayes' rule over the two habits; blackened boxes speak against crossing, open marks for it.
    """
    dense = sum(box.dense > 0.5 and box.zone.shape == "square" for box in boxes)
    marked = sum(box.marked > 0.5 for box in boxes)
    log_odds = (
        np.log((1 - FILLERS) / FILLERS)
        + dense * np.log(CANCELLATIONS / (1 - LIGHT_FILLS))
        + marked * np.log((1 - CANCELLATIONS) / LIGHT_FILLS)
    )
    return float(np.exp(np.clip(log_odds, -30, 30)))


def decide_question(boxes: Sequence[Box], demand: Demand, habit: float, *, dense_cancels: bool) -> FieldReading:
    """The reading of one question from its boxes; `habit` as from `page_habit`."""
    first = boxes[0].zone
    single = not first.multiple and len(boxes) > 1
    options: dict[str, OptionReading] = {}
    ticked: dict[str, float] = {}
    for box in boxes:
        name = box.zone.option or "oui"
        states = _states(box, boxes, habit, single=single, dense_cancels=dense_cancels)
        likeliest = max(states, key=lambda one: states[one])
        chance = min(1.0, states[likeliest])
        options[name] = OptionReading(likeliest if chance >= CLEAR_OPTION else OptionState.DOUBTFUL, chance)
        ticked[name] = min(1.0, states[OptionState.TICKED])
    value = [name for name, chance in ticked.items() if chance > 0.5]
    probability = float(np.prod([max(chance, 1 - chance) for chance in ticked.values()]))
    reason = None
    if single and len(value) > 1:
        state, reason, probability = State.DOUBTFUL, "more than one box is ticked", probability * TWO_TICKED
    else:
        if single:
            probability = _single_probability(list(ticked.values()), len(value), probability)
        if probability < demand.accept:
            state, reason = State.DOUBTFUL, _doubt(options)
        else:
            state = State.SURE if value else State.BLANK
    needs = state is State.DOUBTFUL or (not value and demand.required) or (bool(value) and demand.two_readers)
    return FieldReading(
        first.field,
        first.kind,
        value,
        state,
        probability,
        options=options,
        rect=bounding_rect(box.zone.rect for box in boxes),
        reason=reason,
        needs_person=needs,
    )


def _single_probability(ticked: Sequence[float], count: int, chosen: float) -> float:
    """The probability of a choice of none or one (`count`), given that people seldom tick two of a single choice.

    `ticked`: the chance of each box alone; `chosen`: that of the chosen combination, the boxes taken apart.
    """
    none = float(np.prod([1 - chance for chance in ticked]))
    one = sum(
        chance * float(np.prod([1 - other for j, other in enumerate(ticked) if j != i]))
        for i, chance in enumerate(ticked)
    )
    more = max(0.0, 1 - none - one)
    weights = (NONE_TICKED, 1.0)
    return min(1.0, chosen * weights[count] / (none * NONE_TICKED + one + more * SEVERAL_TICKED))


def _doubt(options: Mapping[str, OptionReading]) -> str:
    doubtful = [option for option, reading in options.items() if reading.state is OptionState.DOUBTFUL]
    if not doubtful:
        return "some boxes are not quite clear"
    return f"unclear whether ticked: {', '.join(doubtful)}"


def _states(
    box: Box, question: Sequence[Box], habit: float, *, single: bool, dense_cancels: bool
) -> dict[OptionState, float]:
    """Probabilities of the three states of one box."""
    cancels = 0.0
    if dense_cancels and box.zone.shape == "square":
        odds = habit
        if single and any(other.marked > 0.9 for other in question if other is not box):
            # Else two boxes would be ticked where one is asked for.
            odds /= DOUBLE_TICKS
        cancels = odds / (1 + odds)
    return {
        OptionState.EMPTY: box.empty,
        OptionState.TICKED: box.marked + box.dense * (1 - cancels),
        OptionState.CANCELLED: box.dense * cancels,
    }


def _patches(page: InkPage, rects: Sequence[RectMm], margin: int) -> InkPatches:
    side = BOX_PIXELS * (1 + 2 * margin)
    grown = [
        RectMm(
            rect.x - margin * rect.width,
            rect.y - margin * rect.height,
            rect.width * (1 + 2 * margin),
            rect.height * (1 + 2 * margin),
        )
        for rect in rects
    ]
    return page.cut(grown, (side, side))


def _residue(near: InkPatches) -> npt.NDArray[np.uint8] | None:
    """Ink that the page's emptier boxes have in common; None when there are too few boxes."""
    if len(near.ink) < MIN_BOXES_FOR_RESIDUE:
        return None
    low, high = BOX_PIXELS * NEAR_MARGIN, BOX_PIXELS * (NEAR_MARGIN + 1)
    amount = near.ink[:, low:high, low:high].reshape(len(near.ink), -1).sum(axis=1, dtype=np.int64)
    emptier = near.ink[np.argsort(amount)[: min(15, len(near.ink) // 2)]]
    middle = np.partition(emptier, len(emptier) // 2, axis=0)[len(emptier) // 2]
    return np.asarray(np.minimum(middle, MAX_RESIDUE), dtype=np.uint8)


def _interior(shape: str) -> npt.NDArray[np.bool_]:
    """The inside of a box without its frame, (BOX_PIXELS, BOX_PIXELS)."""
    mask = np.zeros((BOX_PIXELS, BOX_PIXELS), dtype=bool)
    if shape == "square":
        mask[FRAME_PIXELS:-FRAME_PIXELS, FRAME_PIXELS:-FRAME_PIXELS] = True
        return mask
    at = np.arange(BOX_PIXELS) + 0.5 - BOX_PIXELS / 2
    radius = BOX_PIXELS / 2 - FRAME_PIXELS
    return np.asarray(at[:, None] ** 2 + at[None, :] ** 2 <= radius**2)


def _largest_gap(bare: npt.NDArray[np.bool_]) -> float:
    """Radius of the largest bare disc in a box's interior, in boxes; what print hides is not bare."""
    padded = np.pad(bare, 1).astype(np.uint8)
    return float(cv2.distanceTransform(padded, cv2.DIST_L2, 3).max()) / BOX_PIXELS


def _others(places: npt.NDArray[np.float64], index: int, margin: int) -> list[tuple[slice, slice]]:
    """Where other boxes lie in the patch of box `index`, as rows and columns.

    `places` (n, 4): left, top, right, bottom of every box, in millimetres.
    """
    left, top, right, bottom = places[index]
    side = BOX_PIXELS * (1 + 2 * margin)
    scale = np.array([BOX_PIXELS / (right - left), BOX_PIXELS / (bottom - top)] * 2)
    corner = np.array([left - margin * (right - left), top - margin * (bottom - top)] * 2)
    within = (places - corner) * scale
    near = (within[:, 2] > 0) & (within[:, 3] > 0) & (within[:, 0] < side) & (within[:, 1] < side)
    near[index] = False
    pixels = np.clip(np.round(within[near]), 0, side).astype(int)
    return [(slice(y1, y2), slice(x1, x2)) for x1, y1, x2, y2 in pixels.tolist()]


def _weigh(
    ink: npt.NDArray[np.uint8],
    known: npt.NDArray[np.bool_],
    interior: npt.NDArray[np.bool_],
    margin: int,
    others: Sequence[tuple[slice, slice]],
    *,
    final: bool,
) -> Evidence | None:
    """The evidence of one patch; None when a stroke leaves the patch and `final` is False.

    Strokes are connected components; one belongs to the box that holds most of it.
    """
    start, stop = BOX_PIXELS * margin, BOX_PIXELS * (margin + 1)
    box = (slice(start, stop), slice(start, stop))
    inner = interior & known[box]
    if np.count_nonzero(inner) < MIN_READABLE * np.count_nonzero(interior):
        # A letter printed in the box hides most of it: the ink that its surroundings suggest must do.
        inner = interior
    readable = int(np.count_nonzero(inner))
    values = ink[box][inner]
    rank = -min(len(values), max(1, readable // 33))
    peak = float(np.partition(values, rank)[rank])
    ring = ink[start - BOX_PIXELS : stop + BOX_PIXELS, start - BOX_PIXELS : stop + BOX_PIXELS]
    if peak < MIN_INK and int(ring.max()) < 3 * MIN_INK:
        return Evidence.nothing(peak / 255, float(values.sum()) / readable / 255)
    threshold = max(MIN_INK, STROKE_EDGE * peak)
    strokes = np.asarray(ink >= threshold, dtype=np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(strokes, connectivity=8)
    inside = np.bincount(labels[box].ravel(), minlength=count)
    elsewhere = np.zeros(count, dtype=np.int64)
    for rows, columns in others:
        elsewhere = np.maximum(elsewhere, np.bincount(labels[rows, columns].ravel(), minlength=count))
    inside[0] = elsewhere[0] = 0
    side = len(ink)
    right = stats[:, cv2.CC_STAT_LEFT] + stats[:, cv2.CC_STAT_WIDTH]
    bottom = stats[:, cv2.CC_STAT_TOP] + stats[:, cv2.CC_STAT_HEIGHT]
    leaves = (stats[:, cv2.CC_STAT_LEFT] == 0) | (stats[:, cv2.CC_STAT_TOP] == 0) | (right == side) | (bottom == side)
    touching = inside > 0
    if not final and bool(np.any(leaves & touching)):
        return None
    own = touching & (inside >= FOREIGN_RATIO * elsewhere)
    either = False
    for one in np.flatnonzero(touching & ~own).tolist():
        coverage = np.count_nonzero((labels[box] == one) & inner) / readable
        own[one] = coverage >= EITHER_COVERAGE
        either = either or bool(EITHER_COVERAGE <= coverage < OWN_COVERAGE)
    alike = own & (elsewhere >= SHARED_RATIO * inside) & (inside >= SHARED_RATIO * elsewhere)
    shared = either
    area = stats[:, cv2.CC_STAT_AREA]
    mine = own[labels[box]] & inner
    covered = int(np.count_nonzero(mine))
    size = BOX_PIXELS
    extent = 0.0
    if covered:
        largest = int(np.argmax(np.where(own, inside, 0)))
        y, x = np.nonzero(labels[box] == largest)
        spans = sorted((int(np.ptp(y)) / size, int(np.ptp(x)) / size))
        extent = spans[1]
        shared = shared or (bool(alike[largest]) and spans[0] < STRAIGHT)
    own_total = float(area[own].sum())
    near_ring = labels[start - size // 2 : stop + size // 2, start - size // 2 : stop + size // 2]
    around = int(np.count_nonzero(((inside == 0) & (elsewhere == 0))[near_ring] & (near_ring > 0)))
    # A ring drawn round the box: one stroke that passes on all four sides.
    margin_px = size // 8
    circled = (
        (stats[:, cv2.CC_STAT_LEFT] < start + margin_px)
        & (stats[:, cv2.CC_STAT_TOP] < start + margin_px)
        & (right > stop - margin_px)
        & (bottom > stop - margin_px)
    )
    circled[0] = False
    return Evidence(
        coverage=covered / readable,
        mean=float((values * mine[inner]).sum()) / readable / 255,
        peak=float(peak if covered else 0) / 255,
        extent=extent,
        share=float(inside[own].sum()) / own_total if own_total else 1.0,
        outside=min(2.0, (own_total - float(inside[own].sum())) / size**2) if own_total else 0.0,
        around=min(1.0, around / size**2),
        foreign=float(inside[touching & ~own].sum()) / size**2,
        gap=_largest_gap(inner & ~mine),
        shared=shared,
        circled=bool(np.any(circled & (inside < 0.25 * area))),
    )
