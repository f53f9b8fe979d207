"""Strips of handwriting brought to one size, slope and darkness: what the recogniser of lines sees, in training too."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Strip = npt.NDArray[np.uint8]  # shape (height, width), 255 full ink, 0 paper
Darkness = npt.NDArray[np.float32]

HEIGHT = 48
# Lines of two hundred small letters are about this wide; longer ones are narrowed to it.
MAX_WIDTH = 1600
# The network halves columns three times.
COLUMN = 8
# Ink fainter than this share of the pen's own darkness is paper, dirt or what shows through.
FAINT_SHARE = 0.25
# Handwriting climbs or falls by less than this; more is a wrong guess from a flourish.
MAX_SLOPE = 0.12
# Rows are counted from the middle of the ink in units of its middle 70 %, about the height of small letters.
# Ascenders, capitals and their accents reach 1.9 of them up, descenders 1.6 down; beyond is a neighbour's.
REACH_UP, REACH_DOWN = 2.1, 1.8
# Strokes on one level for longer than this share of the strip's height are rules; bars of a t are shorter.
RULE_RUN = 0.8
# The network was trained at 0.9, give or take 6 % (`training.lines.batches`); narrower letters take less time in
# proportion. Of the third part's writers 0.10 % more characters are wrong at 0.86, and 0.26 % more at 0.82.
STRETCH = 0.86


def normalise_line(ink: Strip, stretch: float = STRETCH) -> Strip:
    """`ink` cut tightly, levelled, scaled to HEIGHT rows and to a width that COLUMN divides; without ink it is 0."""
    strong = float(np.percentile(ink, 99.5)) if ink.size else 0.0
    if strong < 24:
        strong = float(ink.max(initial=0))
        if strong < 24:
            return np.zeros((HEIGHT, 0), np.uint8)
    scaled = np.minimum(ink.astype(np.float32) * (255 / strong), 255)
    weight = _without_rules(np.where(scaled > FAINT_SHARE * 255, scaled, 0).astype(np.float32))
    columns = np.flatnonzero(weight.max(axis=0))
    if not len(columns):
        return np.zeros((HEIGHT, 0), np.uint8)
    left, right = int(columns[0]), int(columns[-1]) + 1
    scaled, weight = scaled[:, left:right], weight[:, left:right]
    slope = _slope(weight)
    height, width = weight.shape
    if abs(slope) > 0.004:
        # Rows move, columns stay: letters keep their uprights. Room for what the slope lifts off the strip.
        room = int(np.ceil(abs(slope) * width / 2))
        shear = np.array([[1, 0, 0], [-slope, 1, slope * width / 2 + room]], np.float32)
        size = (width, height + 2 * room)
        scaled, weight = _moved(scaled, shear, size), _moved(weight, shear, size)
    top, bottom = _rows(weight)
    zoom = HEIGHT / (bottom - top)
    margin = 0.12 * (bottom - top)
    columns_out = round((width + 2 * margin) * zoom * stretch)
    columns_out = int(np.clip(-(-columns_out // COLUMN) * COLUMN, 2 * COLUMN, MAX_WIDTH))
    across = columns_out / (width + 2 * margin)
    place = np.array([[across, 0, margin * across], [0, zoom, -top * zoom]], np.float32)
    if zoom < 0.7:
        blur = 0.4 / zoom
        scaled = np.asarray(cv2.GaussianBlur(scaled, (0, 0), blur), dtype=np.float32)
    return np.asarray(np.clip(_moved(scaled, place, (columns_out, HEIGHT)), 0, 255), dtype=np.uint8)


def _moved(image: Darkness, to: Darkness, size: tuple[int, int]) -> Darkness:
    return np.asarray(cv2.warpAffine(image, to, size), dtype=np.float32)


def _without_rules(weight: Darkness) -> Darkness:
    """`weight` less what runs on level for longer than letters do: what is left of ruled lines, and underlining."""
    run = max(8, round(RULE_RUN * weight.shape[0]))
    # A ruled line a little out of level, or grey, is still one run.
    thick = cv2.dilate(weight, np.ones((3, 1), np.uint8))
    rules = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
    return np.asarray(np.maximum(weight - cv2.dilate(rules, np.ones((1, 3), np.uint8)), 0), dtype=np.float32)


def _slope(weight: Darkness) -> float:
    """Rows a column by which the line falls, from the middles of its columns; 0 for a short one."""
    height, width = weight.shape
    per_column = weight.sum(axis=0)
    if width < 3 * height:
        return 0.0
    rows = np.arange(height, dtype=np.float32)
    middle = (weight * rows[:, None]).sum(axis=0) / np.maximum(per_column, 1)
    x = np.arange(width, dtype=np.float32)
    # A long stroke (a bar, a flourish) does not outweigh letters.
    trust = np.minimum(per_column, np.percentile(per_column[per_column > 0], 60))
    for _ in range(2):
        centre_x, centre_y = np.average(x, weights=trust), np.average(middle, weights=trust)
        slope = float((trust * (x - centre_x) * (middle - centre_y)).sum() / (trust * (x - centre_x) ** 2).sum())
        off = np.abs(middle - centre_y - slope * (x - centre_x))
        trust = trust * (off < 2.5 * max(1.0, float(np.average(off, weights=trust))))
        if trust.sum() <= 0:
            return 0.0
    return slope if abs(slope) < MAX_SLOPE else 0.0


def _rows(weight: Darkness) -> tuple[float, float]:
    """Top and bottom of the writing, from where its ink lies, in rows of `weight`."""
    profile = np.minimum(weight, 255).sum(axis=1)
    total = np.cumsum(profile) / profile.sum()
    low, middle, high = (float(np.searchsorted(total, share)) for share in (0.15, 0.5, 0.85))
    unit = max(2.0, high - low)
    first, last = (float(np.searchsorted(total, share)) for share in (0.002, 0.998))
    top = max(first - 0.1 * unit, middle - REACH_UP * unit)
    bottom = min(last + 1 + 0.1 * unit, middle + REACH_DOWN * unit)
    # A line of small letters alone is not blown up to the height of capitals.
    least = 1.9 * unit
    if bottom - top < least:
        spare = (least - (bottom - top)) / 2
        top, bottom = top - spare, bottom + spare
    return top, bottom
