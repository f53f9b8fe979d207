"""From what boxes look like to what was ticked: all boxes of a question together, and all questions of a page.

Bayes' rule, spelt out. A person has a habit (to cross, to fill, to ring) that shows in all boxes of the page; a box is
empty, ticked or cancelled; its state and the habit say how it may look; a question is answered once, not at all, or,
rarely, twice where one answer is asked for. The shares below are assumptions about people, with their reasons; looks
are measured (`tick_model`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from papier.ocr.zones.tick_model import Likelihoods

Floats = npt.NDArray[np.float64]


class Habit(IntEnum):
    """How a person ticks. Whoever crosses may blacken a box to cancel it; whoever fills cannot.

    `MARKER`: crosses and check marks with a pen so thick that they nearly fill a box, and run over into others.
    """

    CROSSES = 0
    FILLS = 1
    RINGS = 2
    DOTS = 3
    MARKER = 4


class BoxState(IntEnum):
    EMPTY = 0
    TICKED = 1
    CANCELLED = 2


# Of people on papier's own sheets, which ask for crosses; on forms of others; and in bubbles, which ask to be filled.
HABITS_OWN, HABITS_FOREIGN = (0.83, 0.10, 0.03, 0.03, 0.01), (0.55, 0.38, 0.03, 0.03, 0.01)
HABITS_BUBBLES = (0.08, 0.90, 0.01, 0.01, 1e-3)

# How a box in a given state looks, for each habit. Columns: empty, open, scribbled, dense, circled, beside, struck,
# erased, a dot. A stray mark that looks in all ways like a tick is taken to be one in 50,000 empty boxes, a tick that
# the scan lost one in 100,000: of 20,500 boxes of real scans none was either. Specks that look like a pen's dot are
# more, and only who dots elsewhere on the page is believed to have meant one. Whoever crosses and yet leaves a box
# wholly black has thought twice, and the printed rule says what that means: one tick in 100,000 looks so.
_EMPTY = (0.9938, 2e-5, 2e-5, 2e-5, 1e-4, 1.5e-3, 1e-3, 3e-3, 5e-4)
_LOOKS: dict[tuple[Habit, BoxState], tuple[float, ...]] = {
    (Habit.CROSSES, BoxState.TICKED): (1e-5, 0.9633, 0.030, 1e-5, 0.002, 0.002, 0.002, 2e-4, 5e-4),
    (Habit.FILLS, BoxState.TICKED): (1e-5, 0.08, 0.36, 0.544, 0.001, 0.002, 0.002, 2e-4, 0.01),
    (Habit.RINGS, BoxState.TICKED): (1e-5, 0.08, 0.004, 0.003, 0.903, 0.006, 0.002, 2e-4, 0.002),
    (Habit.DOTS, BoxState.TICKED): (1e-5, 0.08, 0.02, 0.05, 0.001, 0.03, 0.002, 2e-4, 0.816),
    (Habit.MARKER, BoxState.TICKED): (1e-5, 0.43, 0.05, 0.30, 0.01, 0.005, 0.20, 2e-4, 5e-4),
    # A mark is not cancelled with another of its kind: whoever fills to tick cannot cancel by filling, and fluid, an
    # eraser or a stroke through it must serve; and the sheet asks to blacken, not to cross again.
    (Habit.CROSSES, BoxState.CANCELLED): (1e-3, 2e-3, 4e-3, 0.88, 1e-3, 1e-3, 0.05, 0.06, 1e-3),
    (Habit.MARKER, BoxState.CANCELLED): (1e-3, 2e-3, 4e-3, 0.88, 1e-3, 1e-3, 0.05, 0.06, 1e-3),
    (Habit.FILLS, BoxState.CANCELLED): (1e-3, 2e-3, 2e-3, 3e-3, 1e-3, 1e-3, 0.32, 0.67, 1e-3),
    (Habit.RINGS, BoxState.CANCELLED): (1e-3, 2e-3, 0.1, 0.2, 2e-3, 1e-3, 0.25, 0.443, 1e-3),
    (Habit.DOTS, BoxState.CANCELLED): (1e-3, 1e-3, 0.2, 0.3, 1e-3, 1e-3, 0.2, 0.295, 1e-3),
}
# Where the sheet does not say that a blackened box is cancelled, blackening is a way to tick, and seldom one to cancel.
_FOREIGN_LOOKS: dict[tuple[Habit, BoxState], tuple[float, ...]] = {
    **_LOOKS,
    (Habit.CROSSES, BoxState.TICKED): (1e-5, 0.9473, 0.030, 0.016, 0.002, 0.002, 0.002, 2e-4, 5e-4),
    (Habit.CROSSES, BoxState.CANCELLED): (1e-3, 1e-3, 0.15, 0.10, 1e-3, 1e-3, 0.38, 0.365, 1e-3),
}
# Where any number may be ticked: a box of four is; of single choices one in seven is left blank, and one in two hundred
# and fifty has two ticks (as the simulator assumes; a published count of questionnaires has 2 to 10 in 1,000).
TICKED_ANY, NONE_TICKED, TWO_TICKED = 0.25, 0.15, 0.004
# A box is cancelled where another is ticked instead, and more seldom where none is (by whether the sheet says how to).
CANCELLED_INSTEAD, CANCELLED_ANY = 0.01, 0.01
CANCELLED_ALONE = {True: 0.006, False: 0.002}
# A blackened box is cancelled in favour of another. Where none is ticked it may as well be a tick of a heavy pen, and
# nothing is ever surer than this.
LONE_CANCELLED = 0.9
# Of two or more ticks in a single choice, each further box is in it so often against not.
SEVERAL_ODDS = 0.3
# What the model was never shown: so much of a box's likelihood is spread over all looks.
UNFORESEEN = 1e-5
# Bayes' rule with such cautious shares promises less than it holds on papier's own sheets. With its odds raised to this
# power, of 26,275 questions on simulated pages by validation writers, office and rough, none of 25,834 given 0.999 and
# more was wrong, 13 of 236 given 0.95 to 0.999. More of it, and what is given 0.9999 no longer holds on other hands.
# Other forms are too few to measure, and keep to the rule.
SHARPNESS = 1.5


# On a page of which more than LOST_PAGE of the questions are given less than LOST_SURE, the scan lost marks, and what
# looks blank is sure no more than UNSURE_BLANK. Of 710 simulated rough pages one was so, pencil that a copier had all
# but lost; two of its blank questions had been given more than 0.999, and had marks.
LOST_PAGE, LOST_SURE, UNSURE_BLANK, FEW_QUESTIONS = 0.5, 0.999, 0.99, 6
# Nothing is surer on a scan that shows strokes badly: of questions given 0.999 and more on rough pages of six seeds,
# with the shares above and before them, one in 3,000 to one in 10,000 was wrong. It must stay above what is asked of
# a field to be accepted.
MOST_ON_COARSE = 0.9998


@dataclass(frozen=True)
class Question:
    """The boxes of one question on the page: `looks` (n, len(Look)) as `judge_looks` gives them."""

    looks: Likelihoods
    single: bool


@dataclass(frozen=True)
class Answer:
    """What was ticked in one question: `ticked` by position, and the probability that it is just these.

    `states` (n, 3): the probabilities of each box, by BoxState.
    """

    ticked: tuple[int, ...]
    probability: float
    states: Floats


@dataclass(frozen=True)
class _Weighed:
    """What each habit makes of a question; the first axis of every array is the habit's.

    `evidence` (h,): logarithm of how likely the boxes look as they do; `ticked`, `cancelled` (h, n): probabilities of
    each box. Of a single choice also the probabilities of the answers: `none` (h,), `one` (h, n), `several` (h,).
    """

    evidence: Floats
    ticked: Floats
    cancelled: Floats
    none: Floats | None = None
    one: Floats | None = None
    several: Floats | None = None


def decide_page(questions: Sequence[Question], habits: Sequence[float], *, dense_cancels: bool) -> list[Answer]:
    """The answers of a page that one person filled; `habits`: how frequent each Habit is among such people.

    `dense_cancels`: the sheet says that a blackened box is cancelled.
    """
    if not questions:
        return []
    looks = np.concatenate([question.looks for question in questions])
    known = (1 - UNFORESEEN) * looks + UNFORESEEN * looks.sum(axis=1, keepdims=True)
    # (state, habit, box)
    likelihoods = np.moveaxis(known @ _TABLES[dense_cancels], 1, 2)
    ends = np.cumsum([len(question.looks) for question in questions])[:-1]
    weighed = [
        _weigh_single(part, CANCELLED_ALONE[dense_cancels]) if question.single else _weigh_any_number(part)
        for question, part in zip(questions, np.split(likelihoods, ends, axis=2), strict=True)
    ]
    total = np.log(np.asarray(habits)) + np.sum([one.evidence for one in weighed], axis=0)
    share = np.exp(total - total.max())
    share /= share.sum()
    sharpness = SHARPNESS if dense_cancels else 1.0
    return [_answer(one, share, sharpness) for one in weighed]


def doubt_page(answers: Sequence[Answer], *, coarse: bool) -> list[Answer]:
    """The answers, none surer than the page as a whole allows; `coarse`: the scan shows strokes badly."""
    unsure = sum(answer.probability < LOST_SURE for answer in answers)
    lost = len(answers) >= FEW_QUESTIONS and unsure > LOST_PAGE * len(answers)
    most = MOST_ON_COARSE if coarse else 1.0
    return [
        replace(answer, probability=min(answer.probability, UNSURE_BLANK if lost and not answer.ticked else most))
        for answer in answers
    ]


def _table(looks: Mapping[tuple[Habit, BoxState], tuple[float, ...]]) -> Floats:
    """(state, look, habit)"""
    written = [[looks[habit, state] for habit in Habit] for state in (BoxState.TICKED, BoxState.CANCELLED)]
    return np.array([[_EMPTY] * len(Habit), *written]).transpose(0, 2, 1)


_TABLES = {True: _table(_LOOKS), False: _table(_FOREIGN_LOOKS)}


def _weigh_any_number(likelihoods: Floats) -> _Weighed:
    shares = np.array([1 - TICKED_ANY - CANCELLED_ANY, TICKED_ANY, CANCELLED_ANY])
    parts = shares[:, None, None] * likelihoods
    whole = parts.sum(axis=0)
    return _Weighed(np.log(whole).sum(axis=1), parts[1] / whole, parts[2] / whole)


def _weigh_single(likelihoods: Floats, cancelled_alone: float) -> _Weighed:
    empty, ticked, cancelled = likelihoods
    count = empty.shape[1]
    alone = (1 - cancelled_alone) * empty + cancelled_alone * cancelled
    beside = (1 - CANCELLED_INSTEAD) * empty + CANCELLED_INSTEAD * cancelled
    # All is weighed against boxes of which none is ticked though some other is.
    base = np.log(beside).sum(axis=1)
    odds = ticked / beside
    none = NONE_TICKED * np.exp(np.log(alone).sum(axis=1) - base)
    one = (1 - NONE_TICKED - TWO_TICKED) / count * odds
    several = TWO_TICKED * _subsets(SEVERAL_ODDS * odds) / _subsets(np.full((1, count), SEVERAL_ODDS))
    whole = none + one.sum(axis=1) + several
    none, one, several = none / whole, one / whole[:, None], several / whole
    # Of several, a box is one as often as its odds say.
    among = SEVERAL_ODDS * odds / (1 + SEVERAL_ODDS * odds)
    chance = one + several[:, None] * among
    cancels = none[:, None] * cancelled_alone * cancelled / alone
    cancels += np.clip(1 - none[:, None] - chance, 0, 1) * CANCELLED_INSTEAD * cancelled / beside
    return _Weighed(base + np.log(whole), chance, cancels, none, one, several)


def _subsets(odds: Floats) -> Floats:
    """For each row, the sum over all sets of two boxes or more of the products of their odds."""
    return np.asarray(np.maximum(np.prod(1 + odds, axis=1) - 1 - odds.sum(axis=1), 1e-300))


def _answer(weighed: _Weighed, share: Floats, sharpness: float) -> Answer:
    """The likeliest answer, the habits taken together as they are likely."""
    ticked = np.clip(share @ weighed.ticked, 0.0, 1.0)
    cancelled = np.clip(share @ weighed.cancelled, 0.0, 1 - ticked)
    states = np.column_stack([1 - ticked - cancelled, ticked, cancelled])
    chosen = ticked > 0.5
    if weighed.none is None or weighed.one is None or weighed.several is None:
        matches = np.where(chosen, weighed.ticked, 1 - weighed.ticked).prod(axis=1)
        return _doubt_cancelled(tuple(np.flatnonzero(chosen).tolist()), float(share @ matches), states, sharpness)
    one = share @ weighed.one
    chances = [float(share @ weighed.none), float(one.max()), float(share @ weighed.several)]
    several = np.sort(np.argsort(-ticked)[: max(2, int(chosen.sum()))])
    answers = [(), (int(one.argmax()),), tuple(several.tolist())]
    best = int(np.argmax(chances))
    return _doubt_cancelled(answers[best], chances[best], states, sharpness)


def _doubt_cancelled(ticked: tuple[int, ...], probability: float, states: Floats, sharpness: float) -> Answer:
    """The answer with its probability sharpened, and doubted where a box was cancelled and none ticked."""
    sharp = _sharpen(probability, sharpness)
    lone = not ticked and bool((states[:, BoxState.CANCELLED] > LONE_CANCELLED).any())
    return Answer(ticked, min(sharp, LONE_CANCELLED) if lone else sharp, states)


def _sharpen(probability: float, sharpness: float) -> float:
    """The probability with its odds raised to a power."""
    right, wrong = min(probability, 1.0), max(1.0 - probability, 0.0)
    return float(right**sharpness / (right**sharpness + wrong**sharpness))
