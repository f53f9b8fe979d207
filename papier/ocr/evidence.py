"""What cells say, once it is seen how far the character network can be believed.

The network is timid: of the characters in office fields, cut by the product and written by people who trained nothing,
it gives a fifth between 0.98 and 0.998, and next to none of them is wrong. And it takes a lone slash for a 1.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from papier.ocr.characters import BLANK, DIGITS, INDEX, NOISE, clean_mask

Floats = npt.NDArray[np.float64]

# Columns of digits, and of letters and signs.
KINDS: Final = (slice(0, len(DIGITS)), slice(len(DIGITS), INDEX[BLANK]))

# How much the first and the second reader are heard, among digits and among letters (`training.characters.pair`).
HEARD: Final = ((0.27, 0.53), (0.27, 0.69))
# Log odds of a character among digits, or among letters, beyond which they count twice: above 0.99 (4.6), 11 of 44,000
# validation digits and 1 of 20,000 others were wrong, slashes left out.
KNEE: Final = 4.0
STEEPER: Final = 2.0
# None is believed beyond these log odds on that account: 40,000 without a mistake show no more.
STEEPEST: Final = 10.0
# A lone stroke that leans by so many degrees to the right is as often what remains of something else as it is a 1: of
# 5,300 strokes read as 1, 1 % of the true ones lean by more than 30, and 31 of 34 that were no 1 do (each the slash of
# a zero whose ring was lost). The log odds rise by so much a degree.
SLASH_LEAN: Final = 36.0
SLASH_ODDS: Final = 0.6
# No more than this share of a 1 goes elsewhere, however far it leans: a zero would be certain else (17 was read 07).
SLASH_MOVES: Final = 0.8
# A lone stroke's breadth is less than this share of its length, as standard deviations.
LONE_STROKE: Final = 0.16
# Below this share of its cell, whether a 1 is a slash does not matter.
MIN_SHARE: Final = 0.02


def believe(log_probs: npt.NDArray[np.float32], ink: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """The reader's log-probabilities (n, len(CLASSES)) of these ink images (n, 56, 44), as far as they are worth.

    What a cell shows among digits or among letters changes, not the share of digits, of letters, of blank or of noise;
    but a slash is noise or a zero as likely as a 1.
    """
    return np.asarray(_doubt_slashes(_steepen(log_probs.astype(np.float64)), ink), np.float32)


def join(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Both readers' log-probabilities as one's: `first` (n, len(CLASSES)), `second` (n, characters) within its kind.

    What stands among digits and among letters is a weighted sum (a product of experts, Hinton 1999); the shares of
    digits, letters, blank and noise stay the first's.
    """
    joined = first.astype(np.float64)
    for kind, (one, other) in zip(KINDS, HEARD, strict=True):
        own = joined[:, kind]
        total = np.logaddexp.reduce(own, axis=1)
        both = one * (own - total[:, None]) + other * second[:, kind].astype(np.float64)
        joined[:, kind] = both + (total - np.logaddexp.reduce(both, axis=1))[:, None]
    return np.asarray(joined, np.float32)


def _steepen(log_probs: Floats) -> Floats:
    """What stands out among digits, or among letters and signs, stands out farther."""
    changed = log_probs.copy()
    for kind in KINDS:
        own = log_probs[:, kind]
        rows, best = np.arange(len(own)), own.argmax(1)
        others = own.copy()
        others[rows, best] = -np.inf
        odds = own[rows, best] - np.logaddexp.reduce(others, axis=1)
        wanted = np.minimum(KNEE + STEEPER * (odds - KNEE), STEEPEST)
        farther = own - np.where(odds > KNEE, np.maximum(wanted - odds, 0.0), 0.0)[:, None]
        farther[rows, best] = own[rows, best]
        change = np.logaddexp.reduce(own, axis=1) - np.logaddexp.reduce(farther, axis=1)
        changed[:, kind] = farther + change[:, None]
    return changed


def _doubt_slashes(log_probs: Floats, ink: npt.NDArray[np.uint8]) -> Floats:
    chosen = np.flatnonzero(log_probs[:, INDEX["1"]] > np.log(MIN_SHARE))
    if not len(chosen):
        return log_probs
    lean, breadth = _measure_strokes(ink[chosen])
    odds = np.exp(np.clip(SLASH_ODDS * (lean - SLASH_LEAN), -30.0, 30.0))
    share = np.where(breadth < LONE_STROKE, odds / (1 + odds), 0.0)
    probabilities = np.exp(log_probs[chosen])
    moved = probabilities[:, INDEX["1"]] * np.minimum(share, SLASH_MOVES)
    probabilities[:, INDEX["1"]] -= moved
    for other in ("0", NOISE):
        probabilities[:, INDEX[other]] += moved / 2
    changed = log_probs.copy()
    changed[chosen] = np.log(np.maximum(probabilities, 1e-30))
    return changed


def _measure_strokes(ink: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """How far the ink of each cell leans to the right of upright, in degrees (n,), and its breadth over its length."""
    weight = np.where(clean_mask(ink), ink, 0).astype(np.float64)
    x, y = np.arange(ink.shape[2]) + 0.0, np.arange(ink.shape[1]) + 0.0
    across, down = weight.sum(1), weight.sum(2)
    total = np.maximum(across.sum(1), 1e-9)
    mean_x, mean_y = across @ x / total, down @ y / total
    var_x, var_y = across @ x**2 / total - mean_x**2, down @ y**2 / total - mean_y**2
    both = ((weight @ x) @ y) / total - mean_x * mean_y
    lean = -0.5 * np.degrees(np.arctan2(2 * both, var_y - var_x))
    middle, spread = (var_x + var_y) / 2, np.hypot((var_x - var_y) / 2, both)
    return lean, np.sqrt(np.maximum(middle - spread, 0) / np.maximum(middle + spread, 1e-9))
