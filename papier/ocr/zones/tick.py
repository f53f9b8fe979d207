"""Tick boxes: how each looks, and what was ticked, decided per question and against the other boxes of the page.

People cross, check, stroke, dot, scribble, fill and ring; they leave the box, and they correct themselves. papier's own
sheets say "a cross ticks, a blackened box is cancelled"; but some people tick by blackening whatever the sheet says,
and only the rest of their page tells. On forms that somebody else printed, and in bubbles, a blackened box is ticked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from papier.forms.definition import Demand
from papier.forms.layout import Zone
from papier.geometry import FloatArray, bounding_rect
from papier.ocr.ink import InkPage
from papier.ocr.lost_paper import quarters_of
from papier.ocr.zones.tick_bubbles import compare_bubbles, measure_excess
from papier.ocr.zones.tick_decision import (
    HABITS_BUBBLES,
    HABITS_FOREIGN,
    HABITS_OWN,
    Answer,
    BoxState,
    Question,
    decide_page,
)
from papier.ocr.zones.tick_model import Likelihoods, Look, judge_looks
from papier.ocr.zones.tick_patches import BLACK, BOX_PIXELS, MARGIN, SIDE, Pictures, take_pictures
from papier.ocr.zones.tick_traces import (
    CLOSE,
    FADED_MARK,
    INNER,
    LOST_MARK,
    MARKS_WITHIN,
    PALE,
    PALEST,
    find_fading,
    measure_darkness,
    weigh_strays,
    weigh_traces,
)
from papier.records import FieldReading, OptionReading, OptionState, State

# A box below this is shown as doubtful even where the question is not.
CLEAR_OPTION = 0.97
# Two ticks where one is allowed: the value names both, and it is even whether the person meant that.
TWO_TICKED = 0.5
# Print that shows with less than this share of black is not seen; of a box's frame and what stands around it, so much
# is seen at least where the box is where it should be: ordinary scans show nine tenths.
LEAST_OF_PRINT, PLACED = 0.3, 0.5
# Where most boxes of a page show less than that, either the scanner dropped the print, or the sheet lies elsewhere;
# then something as dark as the print, and this share of it at least, stands beside its place.
ELSEWHERE = 0.4
# Without its frame in place, a box may be somewhere else: so often that a person must look.
DISPLACED = 0.2
# Smoothed over three pixels, ink away from print is darker than this share of black, however faint the pencil: of 2,800
# simulated boxes that were ticked none was paler on office scans, one on rough ones; of the empty ones two thirds and
# two fifths were.
BARE = 0.04
# Three pixels within its frame, a box in which not even this share of black is seen holds no cross, scribble, fill or
# dot. Of 6,743 simulated boxes that were ticked 60 were so, all of them ringed, cut off, or lost by the scan; of 15,500
# empty ones nine in ten were. The network alone believes in a mark there so much too often.
CLEAN, CLEAN_MARK = 0.03, 0.01
# Of a box with a letter in it (a bubble of others' forms), print hides most: there only the network can tell.
LIGHT_PRINT, FREE = 0.3, 0.6
# Of which more than this share is covered, a box does not look empty: of 8,028 empty ones of simulated office pages
# none was so, of 7,480 rough ones 58, most under remarks and borders; of ticked ones 99 and 95 of a hundred were.
INK, COVERED, COVERED_EMPTY = 0.15, 0.15, 0.03
# Ink that spans less than this, with the three pixels it was smoothed over, is a spot, whatever the network says.
SPOT, SPOT_OPEN = 7, 0.01
UNMARKED = (Look.EMPTY, Look.ERASED)
MARKED = [*MARKS_WITHIN, Look.CIRCLED]
# Ink beside a box, or what looks like ink that was wiped out, is a neighbour's where one is marked within so many box
# widths: the tail of a check mark, a ring that reaches over. Of 20,700 boxes of simulated pages, office and rough, of
# which the network believed so with 0.001 and more, and whose neighbour was marked, none was ticked.
NEIGHBOUR, NEIGHBOUR_MARKED, OWN = 4.0, 0.99, 0.02
# But not what is plainly beside the box: a check mark that slipped out of it stood so, with marked neighbours. Nor ink
# that reaches into the box, so dark: a check mark may lie along the frame's lower side.
PLAINLY_BESIDE, TOUCHED = 0.95, 0.1
# Of 60 boxes of simulated pages that held a mark within, and that something ran through with more than this share, six
# were empty: under the remarks of rough pages.
CROSSED, CROSSED_EMPTY = 0.1, 0.03
# Where nine in ten quarters of boxes show so much of their print, one that shows less than GONE lies under a hole.
WHOLE, GONE = 0.8, 0.15
# Within so many pixels around a box no hand leaves this share dark: the scanner's lid does, where paper is cut off.
AROUND, HIDING, HIDDEN = 8, 0.4, 0.7
STATES = {
    BoxState.EMPTY: OptionState.EMPTY,
    BoxState.TICKED: OptionState.TICKED,
    BoxState.CANCELLED: OptionState.CANCELLED,
}


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
    if not zones:
        return []
    width = float(np.median([zone.rect.width for zone in zones]))
    centres = np.array([zone.rect.centre for zone in zones]) / width
    looks = measure_looks(take_pictures(page, zones), centres, two_level=page.tone.two_level)
    ends = np.cumsum([len(question) for question in questions])[:-1]
    asked = [
        Question(part, single=not question[0].multiple and len(question) > 1)
        for question, part in zip(questions, np.split(looks, ends), strict=True)
    ]
    habits = _habits(zones, dense_cancels=dense_cancels)
    answers = decide_page(asked, habits, dense_cancels=dense_cancels)
    return [
        read_answer(zones, answer, demand) for zones, answer, demand in zip(questions, answers, demands, strict=True)
    ]


def measure_looks(pictures: Pictures, centres: FloatArray, *, two_level: bool = False) -> Likelihoods:
    """How likely each look makes each box, as `judge_looks`; all are possible where a box is not in its place.

    `centres` (n, 2): where the boxes lie, in box widths. `two_level`: the scan is in black and white, and has specks
    but no pale traces.
    """
    odd = find_odd_ink(pictures)
    looks = np.full((len(pictures), len(Look)), LOST_MARK)
    looks[:, Look.EMPTY] = 1.0
    open_inside = find_free(pictures) > FREE
    inked = (find_peaks(odd, round(0.6 * BOX_PIXELS)) >= BARE * BLACK) | ~open_inside
    looks[inked] = judge_looks(pictures[inked])
    inner = find_peaks(odd, -INNER)
    clean = inked & open_inside & (inner < CLEAN * BLACK)
    for look in MARKS_WITHIN:
        looks[clean, look] *= CLEAN_MARK
    # What is clean inside is no spot there either: a check mark along the frame would be counted out twice.
    spots = inked & open_inside & ~clean & (find_spread(odd) < SPOT)
    looks[spots, Look.DOT] = np.maximum(looks[spots, Look.DOT], looks[spots, Look.OPEN])
    looks[spots, Look.OPEN] *= SPOT_OPEN
    looks[inked & (find_cover(odd) > COVERED), Look.EMPTY] *= COVERED_EMPTY
    untouched = inner < TOUCHED * BLACK
    looks[untouched] = leave_to_neighbours(looks, centres)[untouched]
    bubbles, excess = ~open_inside, measure_excess(pictures)
    dark, strays = np.where(bubbles, excess, measure_darkness(odd)), np.empty(len(pictures))
    for kind in (bubbles, open_inside):
        strays[kind] = weigh_strays(dark[kind], looks[kind])
    looks[bubbles] = compare_bubbles(looks[bubbles], excess[bubbles])
    empty = np.maximum(strays, CROSSED_EMPTY * find_crossed(looks))
    looks[:, Look.EMPTY] = np.maximum(looks[:, Look.EMPTY], empty * looks.max(axis=1))
    if find_fading(looks[open_inside], find_cover(odd, PALE)[open_inside]):
        looks[:, Look.OPEN] = np.maximum(looks[:, Look.OPEN], FADED_MARK * looks[:, Look.EMPTY])
    if not two_level:
        pale = open_inside & (inner < PALEST * BLACK) & np.isin(looks.argmax(axis=1), UNMARKED)
        lost = LOST_MARK * weigh_traces(pictures, looks, inner, pale)
        looks[pale, Look.OPEN] = np.maximum(looks[pale, Look.OPEN], lost[pale] * looks[pale].max(axis=1))
    displaced = find_displaced(pictures) | find_lid(pictures)
    looks[displaced] = (1 - DISPLACED) * looks[displaced] + DISPLACED
    return looks


def leave_to_neighbours(looks: Likelihoods, centres: FloatArray) -> Likelihoods:
    """The looks of boxes (n, len(Look)), without ink around them that a marked neighbour explains."""
    share = looks / looks.sum(axis=1, keepdims=True)
    marked = share[:, MARKED].sum(axis=1) > NEIGHBOUR_MARKED
    apart = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    beside = (apart[:, marked] < NEIGHBOUR).any(axis=1) & (share[:, MARKED].sum(axis=1) < 1 - NEIGHBOUR_MARKED)
    beside &= share[:, Look.BESIDE] < PLAINLY_BESIDE
    explained = looks.copy()
    for look in (Look.BESIDE, Look.ERASED):
        taken = (1 - OWN) * looks[beside, look]
        explained[beside, look] -= taken
        explained[beside, Look.EMPTY] = np.maximum(explained[beside, Look.EMPTY], taken)
    return explained


def find_crossed(looks: Likelihoods) -> npt.NDArray[np.bool_]:
    """Which boxes (n,) hold a stroke that may be part of something larger: a remark, a signature."""
    share = looks / looks.sum(axis=1, keepdims=True)
    return np.asarray((share[:, Look.OPEN] > 0.5) & (share[:, Look.STRUCK] > CROSSED))


def find_lid(pictures: Pictures) -> npt.NDArray[np.bool_]:
    """Which boxes (n,) lie under something dark that reaches far beyond them: the lid, where paper is cut off."""
    around = pictures[:, 0, MARGIN - AROUND : AROUND - MARGIN, MARGIN - AROUND : AROUND - MARGIN] > HIDING * BLACK
    inside = around[:, AROUND:-AROUND, AROUND:-AROUND]
    count = around.shape[1] ** 2 - inside.shape[1] ** 2
    return np.asarray((around.sum(axis=(1, 2)) - inside.sum(axis=(1, 2))) / count > HIDDEN)


def find_odd_ink(pictures: Pictures) -> Pictures:
    """What is darker than the print around it, smoothed over three pixels: (n, SIDE, SIDE) bytes, BLACK full ink."""
    scanned = np.ascontiguousarray(pictures[:, 0]).reshape(-1, SIDE)
    odd = cv2.subtract(scanned, _spread_print(pictures).reshape(-1, SIDE))
    return np.asarray(cv2.blur(odd, (3, 3)), dtype=np.uint8).reshape(-1, SIDE, SIDE)


def find_free(pictures: Pictures) -> npt.NDArray[np.float64]:
    """The share of the inside of each box in which no print hides ink, (n,)."""
    inside = slice(MARGIN + INNER, SIDE - MARGIN - INNER)
    return np.asarray((_spread_print(pictures)[:, inside, inside] < LIGHT_PRINT * BLACK).mean(axis=(1, 2)))


def _spread_print(pictures: Pictures) -> Pictures:
    """The print with two pixels around it, (n, SIDE, SIDE): it may lie half a millimetre off."""
    printed = np.ascontiguousarray(pictures[:, 1]).reshape(-1, SIDE)
    return np.asarray(cv2.dilate(printed, np.ones((5, 5), np.uint8)), dtype=np.uint8).reshape(-1, SIDE, SIDE)


def find_peaks(odd: Pictures, beyond: int) -> npt.NDArray[np.uint8]:
    """The darkest odd ink of each box, (n,), within so many pixels of its frame (negative: only so far inside it)."""
    near = slice(MARGIN - beyond, SIDE - MARGIN + beyond)
    return np.asarray(odd[:, near, near].max(axis=(1, 2)), dtype=np.uint8)


def find_cover(odd: Pictures, least: float = INK) -> npt.NDArray[np.float64]:
    """The share of the inside of each box, INNER pixels within its frame, that odd ink covers, (n,).

    Ink counts from this share of black.
    """
    inside = slice(MARGIN + INNER, SIDE - MARGIN - INNER)
    return np.asarray((odd[:, inside, inside] > least * BLACK).mean(axis=(1, 2)))


def find_spread(odd: Pictures) -> npt.NDArray[np.int_]:
    """How many pixels the odd ink in and close around each box spans, the longer way, (n,)."""
    near = slice(MARGIN - CLOSE, SIDE - MARGIN + CLOSE)
    inked = odd[:, near, near] > INK * BLACK
    place = np.arange(BOX_PIXELS + 2 * CLOSE)
    spans = []
    for axis in (1, 2):
        along = inked.any(axis=axis)
        spans.append((along * place).max(axis=1) - np.where(along, place, len(place)).min(axis=1) + 1)
    return np.asarray(np.maximum(*spans), dtype=np.int_)


def find_displaced(pictures: Pictures) -> npt.NDArray[np.bool_]:
    """Which boxes (n,) do not lie where they should: their print is not seen there."""
    middle = slice(MARGIN // 2, SIDE - MARGIN // 2)
    scanned = pictures[:, 0].reshape(-1, SIDE)
    kernel = np.ones((3, 3), np.uint8)
    around = cv2.dilate(scanned, kernel).reshape(-1, SIDE, SIDE)[:, middle, middle]
    printed = pictures[:, 1, middle, middle] > BLACK // 2
    count = np.maximum(np.count_nonzero(printed, axis=(1, 2)), 1)
    there = printed & (around > LEAST_OF_PRINT * BLACK)
    seen = np.count_nonzero(there, axis=(1, 2)) / count
    seen[~printed.any(axis=(1, 2))] = 1.0
    if np.median(seen) >= PLACED:
        return np.asarray(seen < PLACED) | _find_holed(printed, there)
    near = cv2.dilate(pictures[:, 1].reshape(-1, SIDE), np.ones((5, 5), np.uint8)).reshape(-1, SIDE, SIDE)
    strange = (pictures[:, 0, middle, middle] > LEAST_OF_PRINT * BLACK) & (near[:, middle, middle] < BLACK // 8)
    elsewhere = np.count_nonzero(strange, axis=(1, 2)) / count
    return np.full(len(pictures), bool(np.median(elsewhere) > ELSEWHERE))


def _find_holed(printed: npt.NDArray[np.bool_], there: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which boxes (n,) have a whole quarter of which next to nothing is seen, where the page shows the rest."""
    quarters = quarters_of((printed.shape[1], printed.shape[2]))
    full = np.stack([np.count_nonzero(printed[quarter], axis=(1, 2)) for quarter in quarters])
    seen = np.stack([np.count_nonzero(there[quarter], axis=(1, 2)) for quarter in quarters]) / np.maximum(full, 1)
    telling = full > np.median(full) / 2
    if not telling.any() or np.quantile(seen[telling], 0.1) < WHOLE:
        return np.zeros(len(printed), dtype=bool)
    return np.asarray((telling & (seen < GONE)).any(axis=0))


def read_answer(zones: Sequence[Zone], answer: Answer, demand: Demand) -> FieldReading:
    """The reading of one question from what was decided."""
    names = [zone.option or "oui" for zone in zones]
    options: dict[str, OptionReading] = {}
    for name, states in zip(names, answer.states.tolist(), strict=True):
        likeliest = max(BoxState, key=lambda state: states[state])
        chance = states[likeliest]
        options[name] = OptionReading(STATES[likeliest] if chance >= CLEAR_OPTION else OptionState.DOUBTFUL, chance)
    value = [names[i] for i in answer.ticked]
    probability = answer.probability
    reason = None
    if len(value) > 1 and not zones[0].multiple:
        state, reason, probability = State.DOUBTFUL, "more than one box is ticked", probability * TWO_TICKED
    elif probability < demand.accept:
        state, reason = State.DOUBTFUL, _doubt(options)
    else:
        state = State.SURE if value else State.BLANK
    needs = state is State.DOUBTFUL or (not value and demand.required) or (bool(value) and demand.two_readers)
    return FieldReading(
        zones[0].field,
        zones[0].kind,
        value,
        state,
        probability,
        options=options,
        rect=bounding_rect(zone.rect for zone in zones),
        reason=reason,
        needs_person=needs,
    )


def _habits(zones: Sequence[Zone], *, dense_cancels: bool) -> tuple[float, ...]:
    bubbles = sum(zone.shape == "bubble" for zone in zones)
    if 2 * bubbles > len(zones):
        return HABITS_BUBBLES
    return HABITS_OWN if dense_cancels else HABITS_FOREIGN


def _doubt(options: Mapping[str, OptionReading]) -> str:
    doubtful = [option for option, reading in options.items() if reading.state is OptionState.DOUBTFUL]
    if not doubtful:
        return "some boxes are not quite clear"
    return f"unclear whether ticked: {', '.join(doubtful)}"
