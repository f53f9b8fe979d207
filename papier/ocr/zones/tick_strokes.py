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


def find_strokes(odd: Bytes) -> Masks:
    """Where the ink lies that is in or close around each box; `odd`: ink beyond print."""
    return (odd > INK * BLACK) & _within(CLOSE)


def follow_strokes(strokes: Masks, odd: Bytes, others: Bytes, chosen: npt.NDArray[np.bool_]) -> Masks:
    """The `strokes` (`find_strokes`) of the `chosen` boxes (n,) with all their ink that runs on from there.

    `others`: where other boxes lie. What runs into another box may be another's, and is not followed.
    """
    followed = strokes.copy()
    for i in np.flatnonzero(chosen & strokes.any(axis=(1, 2))).tolist():
        inked = odd[i] > INK * BLACK
        labels = _label(inked)
        own = _among(labels, labels[strokes[i]]) & ~_among(labels, labels[others[i] > 0])
        followed[i] |= inked & own[labels]
    return followed


def find_tails(odd: Bytes, others: Bytes, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Around which of the `chosen` boxes (n,) nearly all ink runs into other boxes; see `follow_strokes`."""
    tails = np.zeros(len(odd), dtype=bool)
    for i in np.flatnonzero(chosen).tolist():
        inked = odd[i] > INK * BLACK
        around = inked & _within(AROUND)
        labels = _label(inked)
        foreign = _among(labels, labels[others[i] > 0])
        tails[i] = np.count_nonzero(foreign[labels] & around) > TAIL * np.count_nonzero(around)
    return tails


def measure_spread(strokes: Masks) -> npt.NDArray[np.int_]:
    """How many pixels the strokes of each box span, the longer way, (n,)."""
    return np.asarray(np.maximum(*(last - first + 1 for first, last in _spans(strokes))), dtype=np.int_)


def measure_reach(strokes: Masks) -> npt.NDArray[np.int_]:
    """How many pixels beyond its box the strokes of each reach, (n,)."""
    beyond = [np.maximum(MARGIN - first, last - (MARGIN + BOX_PIXELS - 1)) for first, last in _spans(strokes)]
    return np.asarray(np.maximum(*beyond), dtype=np.int_)


def measure_darkness(odd: Bytes, strokes: Masks) -> Floats:
    """How dark the SEEN darkest pixels of the ink of each box are, (n,)."""
    near = slice(MARGIN - CLOSE, SIDE - MARGIN + CLOSE)
    dark = _mean_darkest(odd[:, near, near])
    longer = (strokes & ~_within(CLOSE)).any(axis=(1, 2))
    dark[longer] = _mean_darkest(np.where(strokes[longer] | _within(CLOSE), odd[longer], 0))
    return dark


def _mean_darkest(ink: Bytes) -> Floats:
    flat = ink.reshape(len(ink), ink.shape[1] * ink.shape[2])
    return np.asarray(np.partition(flat, -SEEN, axis=1)[:, -SEEN:].mean(axis=1), dtype=np.float64)


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
    """The first and last column of the strokes of each box, then the rows; SIDE and -1 where there are none."""
    spans = []
    for axis in (1, 2):
        along: npt.NDArray[np.bool_] = np.asarray(strokes.any(axis=axis))
        some = along.any(axis=1)
        first, last = along.argmax(axis=1), SIDE - 1 - along[:, ::-1].argmax(axis=1)
        spans.append((np.where(some, first, SIDE), np.where(some, last, -1)))
    return spans
