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
from papier.ocr.zones.tick_bubbles import compare_bubbles, measure_excess
from papier.ocr.zones.tick_decision import (
    HABITS_BUBBLES,
    HABITS_FOREIGN,
    HABITS_OWN,
    Answer,
    BoxState,
    Question,
    decide_page,
    doubt_page,
)
from papier.ocr.zones.tick_model import Likelihoods, Look, judge_looks
from papier.ocr.zones.tick_patches import BLACK, BOX_PIXELS, MARGIN, SIDE, Pictures, take_pictures
from papier.ocr.zones.tick_places import find_lid, find_places
from papier.ocr.zones.tick_strokes import (
    Masks,
    find_strokes,
    find_tails,
    follow_strokes,
    measure_darkness,
    measure_reach,
    measure_spread,
)
from papier.ocr.zones.tick_traces import (
    AS_DARK,
    FADED_MARK,
    INNER,
    LOST_MARK,
    MARKS_WITHIN,
    NOT_ERASED,
    PALE,
    PALEST,
    find_fading,
    find_too_dark,
    weigh_strays,
    weigh_traces,
)
from papier.records import FieldReading, OptionReading, OptionState, State

# A box below this is shown as doubtful even where the question is not.
CLEAR_OPTION = 0.97
# Two ticks where one is allowed: the value names both, and it is even whether the person meant that.
TWO_TICKED = 0.5
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
# But a check mark may lie along the frame and leave the box. Where the network believes in a mark with ALONG_FRAME and
# more it is believed: of eleven such boxes of simulated pages, eight sets office and rough, eight were ticked and three
# lay askew. So it is with HANGING and more where a stroke of some length hangs on the frame and runs into no other box:
# of twelve such four were ticked; with less, one in fifty; and of 1,641 without such a stroke none.
ALONG_FRAME, HANGING = 0.2, 0.05
# Of a box with a letter in it (a bubble of others' forms), print hides most: there only the network can tell.
LIGHT_PRINT, FREE = 0.3, 0.6
# Of which more than this share is covered, a box does not look empty: of 8,028 empty ones of simulated office pages
# none was so, of 7,480 rough ones 58, most under remarks and borders; of ticked ones 99 and 95 of a hundred were.
INK, COVERED, COVERED_EMPTY = 0.15, 0.15, 0.03
# Ink that spans less than this, with the three pixels it was smoothed over, is a spot, whatever the network says.
SPOT, SPOT_OPEN = 7, 0.01
# But not what is so dark within the box that the network sees no dot there: of simulated pages, office and rough, 35
# such boxes held a check mark along the frame, which hides most of it, and none was empty.
PLAIN_INK, PLAIN_DOT = 0.3, 0.05
UNMARKED = (Look.EMPTY, Look.ERASED)
MARKED = [*MARKS_WITHIN, Look.CIRCLED]
# Ink beside a box, or what looks like ink that was wiped out, is a neighbour's where one is marked within so many box
# widths: the tail of a check mark, a ring that reaches over. Of 20,700 boxes of simulated pages, office and rough, of
# which the network believed so with 0.001 and more, and whose neighbour was marked, none was ticked.
NEIGHBOUR, NEIGHBOUR_MARKED, OWN = 4.0, 0.99, 0.02
# But not what is plainly beside the box: a check mark that slipped out of it stood so, with marked neighbours. Nor ink
# that reaches into the box, so dark: a check mark may lie along the frame's lower side.
PLAINLY_BESIDE, TOUCHED = 0.95, 0.1
# What runs through a box and on is a remark's, or a mark of its own that is struck through: of 121 boxes of simulated
# rough pages that looked marked, and struck with more than CROSSED_NEAR, with a plainly struck one within four box
# widths, 36 were empty; of 116 with more than CROSSED and none so close six. On office pages, where nobody
# wrote remarks, all of 34 were marked; so what reaches no further beyond its box than SHORT pixels is doubted on coarse
# scans only (70 marked and four empty on rough pages, nearly all of them such).
CROSSED, CROSSED_NEAR, CROSSED_EMPTY = 0.1, 0.01, 0.03
CROSSED_MARK, PLAINLY_STRUCK, SHORT = 0.3, 0.5, 12
# See `tick_places.STRAIGHT`.
BENT_EMPTY = 0.1
# Pixels a millimetre (175 dpi), and millimetres by which the printed face lies off after all: office scans have 200 dpi
# and more and 0.04 mm, one in a hundred; crumpled ones 0.11 to 0.28.
FINE_PX_PER_MM, BENT_MM = 6.9, 0.06
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
    coarse = is_coarse(page)
    looks = measure_looks(take_pictures(page, zones), centres, two_level=page.tone.two_level, coarse=coarse)
    ends = np.cumsum([len(question) for question in questions])[:-1]
    asked = [
        Question(part, single=not question[0].multiple and len(question) > 1)
        for question, part in zip(questions, np.split(looks, ends), strict=True)
    ]
    habits = _habits(zones, dense_cancels=dense_cancels)
    answers = doubt_page(decide_page(asked, habits, dense_cancels=dense_cancels), coarse=coarse)
    return [
        read_answer(zones, answer, demand) for zones, answer, demand in zip(questions, answers, demands, strict=True)
    ]


def is_coarse(page: InkPage) -> bool:
    """True of a scan that shows strokes badly: in black and white, with few pixels, or of paper that is much bent."""
    width, height = page.page.size_mm
    ends = page.page.to_scan([[0, height / 2], [width, height / 2]])
    fineness = float(np.hypot(*(ends[1] - ends[0]))) / width
    return page.tone.two_level or fineness < FINE_PX_PER_MM or (page.page.residual or 0.0) > BENT_MM


def measure_looks(
    pictures: Pictures, centres: FloatArray, *, two_level: bool = False, coarse: bool = False
) -> Likelihoods:
    """How likely each look makes each box, as `judge_looks`; all are possible where a box is not in its place.

    `centres` (n, 2): where the boxes lie, in box widths. `two_level`: the scan is in black and white, and has specks
    but no pale traces. `coarse`: it shows strokes badly (`is_coarse`).
    """
    printed = _spread_print(pictures)
    odd = find_odd_ink(pictures, printed)
    others, strokes = pictures[:, 2], find_strokes(odd)
    looks = np.full((len(pictures), len(Look)), LOST_MARK)
    looks[:, Look.EMPTY] = 1.0
    open_inside = find_free(printed) > FREE
    inked = (find_peaks(odd, round(0.6 * BOX_PIXELS)) >= BARE * BLACK) | ~open_inside
    looks[inked] = judge_looks(pictures[inked])
    inner = find_peaks(odd, -INNER)
    strokes = follow_strokes(strokes, odd, others, find_short(odd, strokes, looks))
    clean = inked & open_inside & (inner < CLEAN * BLACK)
    believed = looks[:, MARKS_WITHIN].sum(axis=1) / looks.sum(axis=1)
    hanging = clean & (believed > HANGING) & (measure_spread(strokes) >= SPOT)
    clean &= (believed < ALONG_FRAME) & ~(hanging & ~find_tails(odd, others, hanging))
    for look in MARKS_WITHIN:
        looks[clean, look] *= CLEAN_MARK
    # What is clean inside is no spot there either: a check mark along the frame would be counted out twice.
    spots = inked & open_inside & ~clean & (measure_spread(strokes) < SPOT)
    spots &= (inner < PLAIN_INK * BLACK) | (looks[:, Look.DOT] > PLAIN_DOT * looks.sum(axis=1))
    looks[spots, Look.DOT] = np.maximum(looks[spots, Look.DOT], looks[spots, Look.OPEN])
    looks[spots, Look.OPEN] *= SPOT_OPEN
    looks[inked & (find_cover(odd) > COVERED), Look.EMPTY] *= COVERED_EMPTY
    untouched = inner < TOUCHED * BLACK
    tails = find_tails(odd, others, untouched & (looks[:, Look.BESIDE] > PLAINLY_BESIDE * looks.sum(axis=1)))
    looks[untouched] = leave_to_neighbours(looks, centres, tails)[untouched]
    bubbles, excess = ~open_inside, measure_excess(pictures)
    dark, strays = np.where(bubbles, excess, measure_darkness(odd, strokes)), np.empty(len(pictures))
    for kind in (bubbles, open_inside):
        strays[kind] = weigh_strays(dark[kind], looks[kind])
    looks[bubbles] = compare_bubbles(looks[bubbles], excess[bubbles])
    looks[open_inside & find_too_dark(dark, looks), Look.ERASED] *= NOT_ERASED
    displaced, bent = find_places(pictures)
    crossed = find_crossed(looks, centres, reaching=coarse | (measure_reach(strokes) > SHORT))
    empty = np.maximum.reduce([strays, CROSSED_EMPTY * crossed, BENT_EMPTY * bent])
    looks[:, Look.EMPTY] = np.maximum(looks[:, Look.EMPTY], empty * looks.max(axis=1))
    if find_fading(looks[open_inside], find_cover(odd, PALE)[open_inside]):
        looks[:, Look.OPEN] = np.maximum(looks[:, Look.OPEN], FADED_MARK * looks[:, Look.EMPTY])
    if not two_level:
        pale = open_inside & (inner < PALEST * BLACK) & np.isin(looks.argmax(axis=1), UNMARKED)
        lost = LOST_MARK * weigh_traces(pictures, looks, inner, pale)
        looks[pale, Look.OPEN] = np.maximum(looks[pale, Look.OPEN], lost[pale] * looks[pale].max(axis=1))
    displaced |= find_lid(pictures)
    looks[displaced] = (1 - DISPLACED) * looks[displaced] + DISPLACED
    return looks


def find_short(odd: Pictures, strokes: Masks, looks: Likelihoods) -> npt.NDArray[np.bool_]:
    """Which boxes (n,) hold so little ink, or such pale one beside the page's, that it must be followed to be judged.

    So must what may be something larger that runs through.
    """
    share = looks / looks.sum(axis=1, keepdims=True)
    believed = share[:, MARKED].sum(axis=1)
    marked = believed > CROSSED_MARK
    dark = measure_darkness(odd, strokes)
    pale = dark < AS_DARK * np.median(dark[marked]) if marked.any() else marked
    short = measure_spread(strokes) < SPOT
    return np.asarray((marked & (pale | short | (share[:, Look.STRUCK] > CROSSED))) | (short & (believed > HANGING)))


def leave_to_neighbours(looks: Likelihoods, centres: FloatArray, tails: npt.NDArray[np.bool_]) -> Likelihoods:
    """The looks of boxes (n, len(Look)), without ink around them that a marked neighbour explains.

    `tails` (n,): the ink runs into another box, and so explains even what is plainly beside this one.
    """
    share = looks / looks.sum(axis=1, keepdims=True)
    marked = share[:, MARKED].sum(axis=1)
    beside = _find_close(centres, marked > NEIGHBOUR_MARKED) & (marked < 1 - NEIGHBOUR_MARKED)
    beside &= tails | (share[:, Look.BESIDE] < PLAINLY_BESIDE)
    explained = looks.copy()
    for look in (Look.BESIDE, Look.ERASED):
        taken = (1 - OWN) * looks[beside, look]
        explained[beside, look] -= taken
        explained[beside, Look.EMPTY] = np.maximum(explained[beside, Look.EMPTY], taken)
    return explained


def find_crossed(looks: Likelihoods, centres: FloatArray, reaching: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which boxes (n,) hold a stroke that may be part of something larger: a remark, a signature.

    Less of a doubt tells where a box close by is plainly struck: what crosses one crosses several. Where none is, only
    what is `reaching` (n,) beyond its box counts.
    """
    share = looks / looks.sum(axis=1, keepdims=True)
    struck = share[:, Look.STRUCK]
    near = _find_close(centres, struck > PLAINLY_STRUCK)
    doubted = (near & (struck > CROSSED_NEAR)) | (reaching & (struck > CROSSED))
    return np.asarray(doubted & (share[:, MARKED].sum(axis=1) > CROSSED_MARK))


def _find_close(centres: FloatArray, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which boxes (n,) have another one that is `chosen` (n,) within NEIGHBOUR box widths."""
    x, y = (axis[:, None] - axis[chosen] for axis in centres.T)
    apart = x * x + y * y
    return np.asarray(((apart > 0) & (apart < NEIGHBOUR * NEIGHBOUR)).any(axis=1))


def find_odd_ink(pictures: Pictures, printed: Pictures) -> Pictures:
    """What is darker than the print around it, smoothed over three pixels: (n, SIDE, SIDE) bytes, BLACK full ink.

    `printed` (n, SIDE, SIDE): that print, as wide as it may lie off.
    """
    scanned = np.ascontiguousarray(pictures[:, 0]).reshape(-1, SIDE)
    odd = cv2.subtract(scanned, printed.reshape(-1, SIDE))
    return np.asarray(cv2.blur(odd, (3, 3)), dtype=np.uint8).reshape(-1, SIDE, SIDE)


def find_free(printed: Pictures) -> npt.NDArray[np.float64]:
    """The share of the inside of each box in which no print, (n, SIDE, SIDE), hides ink: (n,)."""
    inside = slice(MARGIN + INNER, SIDE - MARGIN - INNER)
    return np.asarray((printed[:, inside, inside] < LIGHT_PRINT * BLACK).mean(axis=(1, 2)))


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
