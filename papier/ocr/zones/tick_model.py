"""From what a box looks like to the probabilities that it is empty, marked, or blackened.

A multinomial logistic model on a few features.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The ink of one box. Shares are of the box's interior unless said otherwise.

    `coverage`: share covered by strokes that belong to the box; `mean`: their ink, 0 to 1; `peak`: how dark the darkest
    thirtieth is, 0 to 1; `extent`: how far the largest stroke spans, in boxes; `share`: how much of the strokes lies
    in the box; `outside`: what they have outside, in box areas; `around`: strokes close by that touch no box, in box
    areas; `foreign`: ink in the box that belongs to another box's mark; `gap`: radius of the largest bare disc, in
    boxes (a cross leaves four, a blackened box none); `shared`: a stroke runs through this and
    another box alike; `circled`: a stroke goes round the box; `faint`: something shows that is too faint for
    a stroke; `displaced`: the printed frame is not where it should be.
    """

    coverage: float
    mean: float
    peak: float
    extent: float
    share: float
    outside: float
    around: float
    foreign: float
    gap: float
    shared: bool
    circled: bool
    faint: bool = False
    displaced: bool = False

    @classmethod
    def nothing(cls, peak: float, mean: float) -> Evidence:
        """A box without any stroke in or near it; `peak` and `mean` are those of the paper's noise."""
        return cls(0.0, mean, peak, 0.0, 1.0, 0.0, 0.0, 0.0, 0.5, shared=False, circled=False)

    def features(self) -> list[float]:
        return [
            1.0,
            self.coverage,
            self.coverage**2,
            self.coverage**0.5,
            self.extent,
            self.peak,
            self.mean**0.5,
            1 - self.share,
            self.outside,
            self.around,
            self.foreign,
            self.extent * self.peak,
            math.log(self.coverage + 0.01),
            math.log(self.mean + 0.003),
            math.log(self.peak + 0.03),
            self.extent**2,
            self.coverage**3,
            self.gap,
            self.gap**2,
        ]


# Rows: empty, marked, blackened; columns as in `Evidence.features`. Fitted on 70,000 simulated boxes by
# `python -m training.ticks --pages 700`.
COEFFICIENTS: Floats = np.array(
    [
        [
            0.00,
            0.00,
            0.00,
            0.00,
            0.00,
            0.00,
            0.00,
            0.00,
            0.00,
            0.00,
            0.00,
            0.00,
            0.00,
            0.00,
            0.00,
            0.00,
            0.00,
            0.00,
            0.00,
        ],
        [
            10.32,
            -3.01,
            -10.20,
            5.18,
            2.61,
            2.05,
            8.69,
            6.40,
            -4.94,
            4.17,
            -0.00,
            1.81,
            1.50,
            4.17,
            -1.28,
            -2.73,
            -8.59,
            7.28,
            -1.82,
        ],
        [
            0.95,
            3.95,
            1.34,
            3.59,
            0.40,
            2.03,
            -2.34,
            5.51,
            -5.20,
            1.92,
            0.00,
            3.22,
            8.41,
            -3.24,
            6.30,
            1.69,
            -3.15,
            -11.58,
            -1.99,
        ],
    ]
)
# The simulated pages are crowded with boxes: there one box in thirty with ink in it holds dirt. On a form with some
# thirty boxes on A4 it is about one in a hundred: an estimate from the area of the boxes, not a count.
DIRT_RATIO = 0.33
# A scribble that leaves little bare may be a tick or a hasty cancellation: where it covers so much, and leaves no
# larger
# disc than this, at least so much of the chance goes to a blackened box.
SCRIBBLE_COVERAGE, SCRIBBLE_GAP, SCRIBBLE_CHANCE = 0.45, 0.105, 0.05
# What the model was never shown. Of 20,500 boxes of real scans none that was not doubtful was wrong (forms of
# Auto-Multiple-Choice, open-mcr and SDAPS; by few hands, and seen while the rules were made).
UNFORESEEN = 5e-5
# A box without a stroke in or near it holds a mark that the scan lost, once in so many.
LOST_MARK = 1e-5
# Of the boxes in which something too faint for a stroke shows, this share is taken to be marked: enough to ask.
FAINT_MARK = 0.02
# Without its frame in place, a box may be somewhere else: so often that a person must look.
DISPLACED = 0.2
# A stroke through two boxes alike, or a ring round one, may mean either.
EVEN_CHANCE = 0.5


def class_probabilities(evidence: Sequence[Evidence]) -> Floats:
    """Probabilities of (empty, marked, blackened), shape (n, 3)."""
    if not evidence:
        return np.zeros((0, 3))
    scores = np.array([one.features() for one in evidence]) @ COEFFICIENTS.T
    scores -= scores.max(axis=1, keepdims=True)
    probabilities = np.exp(scores)
    probabilities[:, 0] *= DIRT_RATIO
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    probabilities = (1 - UNFORESEEN) * probabilities + UNFORESEEN / 3
    for i, one in enumerate(evidence):
        if one.extent == 0 and one.around == 0 and one.foreign == 0 and one.outside == 0 and not one.circled:
            lost = FAINT_MARK if one.faint else LOST_MARK
            probabilities[i] = [1 - lost, lost, 0]
        elif one.coverage >= SCRIBBLE_COVERAGE and one.gap <= SCRIBBLE_GAP:
            moved = max(0.0, min(SCRIBBLE_CHANCE - probabilities[i, 2], probabilities[i, 1]))
            probabilities[i] += [0, -moved, moved]
        elif one.shared or (one.circled and probabilities[i, 0] > EVEN_CHANCE):
            empty = min(probabilities[i, 0], EVEN_CHANCE)
            marked = 1 - EVEN_CHANCE if one.shared else 1 - empty
            probabilities[i] = [1 - marked, marked, 0]
    displaced = [one.displaced for one in evidence]
    probabilities[displaced] = (1 - DISPLACED) * probabilities[displaced] + DISPLACED * np.array([0.5, 0.5, 0.0])
    return np.asarray(probabilities)
