"""The strokes in a box followed beyond it: print hides what runs along the frame, and the rest is seen outside."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from papier.ocr.zones.tick_patches import BLACK, BOX_PIXELS, MARGIN, SIDE

# Ink on both sides of print that hides it is one stroke where the gap is at most this wide, in pixels: a frame with the
# pixels around it that it may have moved to.
BRIDGED = 7
# Strokes are looked for from so many pixels around a box, tails of others' from so many; ink counts from this share of
# black.
CLOSE, AROUND, INK = 4, 11, 0.15
# So many pixels of a stroke, its darkest, tell how dark it is.
SEEN = 10
# What lies around a box is a tail where more than this share of it runs into another box: of 41 boxes of simulated
# pages beside which the network saw a mark with more than 0.95, and that were so, none was ticked.
TAIL = 0.8

Masks = npt.NDArray[np.bool_]  # (n, SIDE, SIDE)
Bytes = npt.NDArray[np.uint8]  # (n, SIDE, SIDE)
Floats = npt.NDArray[np.float64]


def follow_strokes(odd: Bytes, others: Bytes) -> Masks:
    """Where the ink lies that is in or close around each box, or runs on from there.

    `odd`: ink beyond print; `others`: where other boxes lie. What runs into another box may be another's, and counts
    only close around its own.
    """
    inked = odd > INK * BLACK
    strokes = inked & _within(CLOSE)
    for i in np.flatnonzero(strokes.any(axis=(1, 2))).tolist():
        labels = _label(inked[i])
        own = _among(labels, labels[strokes[i]]) & ~_among(labels, labels[others[i] > 0])
        strokes[i] |= inked[i] & own[labels]
    return strokes


def find_tails(odd: Bytes, others: Bytes) -> npt.NDArray[np.bool_]:
    """Around which boxes (n,) nearly all ink runs into other boxes; arguments as of `follow_strokes`."""
    inked = odd > INK * BLACK
    around = inked & _within(AROUND)
    tails = np.zeros(len(odd), dtype=bool)
    for i in np.flatnonzero(around.any(axis=(1, 2)) & (others > 0).any(axis=(1, 2))).tolist():
        labels = _label(inked[i])
        foreign = _among(labels, labels[others[i] > 0])
        tails[i] = np.count_nonzero(foreign[labels] & around[i]) > TAIL * np.count_nonzero(around[i])
    return tails


def measure_spread(strokes: Masks) -> npt.NDArray[np.int_]:
    """How many pixels the strokes of each box span, the longer way, (n,)."""
    return np.asarray(np.maximum(*(last - first + 1 for first, last in _spans(strokes))), dtype=np.int_)


def measure_reach(strokes: Masks) -> npt.NDArray[np.int_]:
    """How many pixels beyond its box the strokes of each reach, (n,)."""
    beyond = [np.maximum(MARGIN - first, last - (MARGIN + BOX_PIXELS - 1)) for first, last in _spans(strokes)]
    return np.asarray(np.maximum(*beyond), dtype=np.int_)


def measure_darkness(odd: Bytes, strokes: Masks) -> Floats:
    """How dark the SEEN darkest pixels of the ink of each box are, (n,); arguments as `follow_strokes` has them."""
    ink = np.where(strokes | _within(CLOSE), odd, 0).reshape(len(odd), -1)
    return np.asarray(np.partition(ink, -SEEN, axis=1)[:, -SEEN:].mean(axis=1), dtype=np.float64)


def _within(more: int) -> npt.NDArray[np.bool_]:
    """The box with so many pixels around it, (SIDE, SIDE)."""
    near = np.zeros((SIDE, SIDE), dtype=bool)
    near[MARGIN - more : SIDE - MARGIN + more, MARGIN - more : SIDE - MARGIN + more] = True
    return near


def _label(inked: npt.NDArray[np.bool_]) -> npt.NDArray[np.int_]:
    """To which stroke each pixel belongs, 0 to none; gaps are bridged."""
    bridged = cv2.morphologyEx(inked.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((BRIDGED, BRIDGED), np.uint8))
    return np.asarray(cv2.connectedComponents(bridged, connectivity=8)[1], dtype=np.int_)


def _among(labels: npt.NDArray[np.int_], chosen: npt.NDArray[np.int_]) -> npt.NDArray[np.bool_]:
    """Which labels, by number, are `chosen`; 0 never is."""
    count = np.bincount(chosen.ravel(), minlength=int(labels.max()) + 1)
    count[0] = 0
    return np.asarray(count > 0)


def _spans(strokes: Masks) -> list[tuple[npt.NDArray[np.int_], npt.NDArray[np.int_]]]:
    """The first and last column of the strokes of each box, then the rows; where there are none the last is -1."""
    place = np.arange(SIDE)
    spans = []
    for axis in (1, 2):
        along = strokes.any(axis=axis)
        spans.append((np.where(along, place, SIDE).min(axis=1), np.where(along, place, -1).max(axis=1)))
    return spans
