"""Finding corner marks: solid squares of 5 mm, one of them with a white window, on a page of unknown resolution.

Candidates are connected dark components of a reduced page; each is then measured on the full one, side by side, from
the median of many edge crossings, so that a pen stroke or a speck that touches a mark does not move it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from papier.forms.frame import MARK_SIZE, WINDOW_SIZE
from papier.geometry import FloatArray
from papier.ocr.scan import GreyImage, ScannedPage

BoolArray = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

# Longest side of the reduced page, in pixels, at least: from 60 dpi on for an A4 page, where a mark has 12 pixels, and
# still 8 when the glass is A3. Reduction is by halves, which all who look from further away share.
WORK_LENGTH = 700
# Sides of a mark on the reduced page: from an A6 coupon on an A3 glass to an A6 coupon that fills the page.
MIN_SIDE, MAX_SIDE = 7, 56
# A dark pixel lies below this part of the way from the local paper white to black. The first serves almost every page;
# the others catch faint copies and marks under a shadow, and are tried when the first leaves a sheet incomplete.
USUAL_LEVEL = 0.55
OTHER_LEVELS = (0.75, 0.35)
# A component's pixels over its bounding square: 0.58 for a windowed mark skewed by 12 degrees, 1.0 for a straight one.
MIN_FILLING = 0.45
# Text, rules and table frames are gone by then; measuring costs about 30 microseconds each.
MAX_CANDIDATES = 40
# The measured patch: PATCH × PATCH samples over PATCH_SPAN times the side of the mark.
PATCH = 72
PATCH_SPAN = 1.7
# A clean mark scores above 0.9, and so do 49 of 50 on bad copies; one crossed by a pen or eaten by a stain above 0.5.
# Letters and filled circles reach 0.5, single ones more: their places and sizes tell them from marks.
MIN_SCORE = 0.48
# Where the other marks say that one must be, one that melted into a border or a stain on one side counts.
MIN_SCORE_NEAR = 0.18
# Half way between a clear window (1.0) and solid black (0.0).
WINDOW_LEVEL = 0.5


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark seen: `centre` in scan pixels (corner-based frame), `side` in pixels, `angle` of its sides in degrees.

    `angle` lies in [-45, 45). `window`: how white its middle is, 0 as black as the mark, 1 as white as the paper.
    `score` in 0…1 says how much it looks like a mark.
    """

    centre: tuple[float, float]
    side: float
    angle: float
    window: float
    score: float

    @property
    def windowed(self) -> bool:
        return self.window > WINDOW_LEVEL


class MarkSearch:
    """The marks on a page: those of a first look, and those of a closer one, which goes on from the first."""

    def __init__(self, page: ScannedPage) -> None:
        self._page = page

    @cached_property
    def marks(self) -> list[Mark]:
        """The marks at the usual grey level, best first."""
        return _distinct(self._measured)

    @cached_property
    def all_marks(self) -> list[Mark]:
        """The same with those at other grey levels, and those that strokes touch, best first."""
        work, white, factor = self._reduced
        dark = _dark(work, white, USUAL_LEVEL)
        rough = [*self._rough, *_components(dark, opened=True)]
        for level in OTHER_LEVELS:
            dark = _dark(work, white, level)
            rough += _components(dark, opened=False)
            rough += _components(dark, opened=True)
        further = _distinct_rough(rough)[len(self._rough) :]
        return _distinct([*self._measured, *_measure(self._page.pixels, further, factor)])

    @cached_property
    def _reduced(self) -> tuple[GreyImage, GreyImage, int]:
        """The reduced page, the white of its paper, and by how much it was reduced."""
        reduced, factor = self._page, 1
        while max(reduced.pixels.shape) >= 2 * WORK_LENGTH and reduced.half is not reduced:
            reduced, factor = reduced.half, 2 * factor
        return reduced.pixels, _paper_white(reduced.pixels), factor

    @cached_property
    def _rough(self) -> list[_Rough]:
        work, white, _ = self._reduced
        return _distinct_rough(_components(_dark(work, white, USUAL_LEVEL), opened=False))

    @cached_property
    def _measured(self) -> list[Mark]:
        return _measure(self._page.pixels, self._rough, self._reduced[2])


def find_marks(page: ScannedPage, *, thorough: bool = False) -> list[Mark]:
    """The marks on a page, best first. `thorough` looks at several grey levels and cuts off strokes that touch."""
    search = MarkSearch(page)
    return search.all_marks if thorough else search.marks


def find_mark_near(pixels: GreyImage, centre: tuple[float, float], side: float, angle: float) -> Mark | None:
    """The mark of about this side (pixels) and angle (degrees) within half a side of `centre`, if there is one."""
    steps = (-0.35 * side, 0.0, 0.35 * side)
    rough = [(centre[0] + dx, centre[1] + dy, side, angle) for dy in steps for dx in steps]
    found = [m for m in _measure(pixels, rough, 1, MIN_SCORE_NEAR) if math.dist(m.centre, centre) < 0.6 * side]
    return max(found, key=lambda mark: mark.score, default=None)


def _paper_white(work: GreyImage) -> GreyImage:
    """The paper's white around each pixel: the brightest within more than a mark's size, smoothed."""
    height, width = work.shape
    # Up to three last rows and columns are left out: whole factors are averaged five times as fast.
    whole = work[: height - height % 4, : width - width % 4] if min(height, width) >= 4 else work
    small = cv2.resize(whole, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA)
    # 15 × 4 pixels: wider than the largest mark.
    brightest = cv2.blur(cv2.dilate(small, np.ones((15, 15), np.uint8)), (9, 9))
    return np.asarray(cv2.resize(brightest, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _dark(work: GreyImage, white: GreyImage, level: float) -> GreyImage:
    """255 where the page is dark against its surroundings, else 0."""
    return np.asarray(cv2.compare(work, cv2.convertScaleAbs(white, alpha=level), cv2.CMP_LT), dtype=np.uint8)


# centre x, centre y, side, angle in degrees; all on the reduced page
_Rough = tuple[float, float, float, float]


def _components(dark: GreyImage, *, opened: bool) -> list[_Rough]:
    """Dark components about as wide as high and well filled. `opened` first cuts off strokes that touch them."""
    if opened:
        # The ring of the windowed mark is 1.5 mm wide: closing fills the window, so that opening leaves the ring.
        closed = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
        dark = np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8)), dtype=np.uint8)
    labels, boxes, area = _boxes(dark, math.ceil(MIN_FILLING * MIN_SIDE**2))
    width, height = boxes[:, 2], boxes[:, 3]
    filling = area / np.maximum(1, width * height)
    fits = (
        (np.minimum(width, height) >= MIN_SIDE)
        & (np.maximum(width, height) <= MAX_SIDE * 1.2)
        & (np.maximum(width, height) <= 1.45 * np.minimum(width, height) + 1)
        & (filling >= MIN_FILLING)
    )
    chosen = np.flatnonzero(fits)
    if len(chosen) > MAX_CANDIDATES:
        chosen = chosen[np.argsort(-filling[chosen])[:MAX_CANDIDATES]]
    found: list[_Rough] = []
    for label in chosen:
        x, y, w, h = boxes[label].tolist()
        inside = np.asarray(labels[y : y + h, x : x + w] == label, dtype=np.uint8)
        (cx, cy), (a, b), turn = cv2.minAreaRect(cv2.findNonZero(inside))
        # The rectangle runs through pixel centres: half a pixel more on each side.
        found.append((x + cx + 0.5, y + cy + 0.5, (a + b) / 2 + 1, _quarter(turn)))
    return found


def _boxes(dark: GreyImage, least_area: int) -> tuple[npt.NDArray[np.int32], Ints, Ints]:
    """Each pixel's dark component, and of each component (n,) its left, top, width and height (n, 4) and its area.

    The background, and components of fewer pixels, have no extent. OpenCV's own statistics look at every pixel of the
    page: three times as long as this takes.
    """
    count, labels = cv2.connectedComponents(dark, connectivity=4, ltype=cv2.CV_32S)
    places = np.flatnonzero(dark > 0)
    of = labels.ravel()[places]
    area = np.bincount(of, minlength=count)
    large = area[of] >= least_area
    of, places = of[large], places[large]
    rows, columns = np.divmod(places, dark.shape[1])
    left, right = np.full(count, dark.shape[1]), np.full(count, -1)
    np.minimum.at(left, of, columns)
    np.maximum.at(right, of, columns)
    # Pixels come row by row, and of several values assigned to one place the last one stays.
    top, bottom = np.zeros(count, np.int64), np.full(count, -1)
    top[of[::-1]] = rows[::-1]
    bottom[of] = rows
    seen = right >= 0
    extent = np.column_stack([left, top, right - left + 1, bottom - top + 1])
    return np.asarray(labels, dtype=np.int32), np.where(seen[:, None], extent, 0), np.where(seen, area, 0)


def _quarter(degrees: float) -> float:
    """The angle of a square's sides, in [-45, 45)."""
    return (degrees + 45.0) % 90.0 - 45.0


def _distinct_rough(rough: list[_Rough]) -> list[_Rough]:
    """Without those found alike at two levels."""
    kept: list[_Rough] = []
    for x, y, side, angle in rough:
        if not any(math.hypot(x - k[0], y - k[1]) < 1.0 and abs(side - k[2]) < 1.0 for k in kept):
            kept.append((x, y, side, angle))
    return kept


def _measure(pixels: GreyImage, rough: list[_Rough], factor: int, least_score: float = MIN_SCORE) -> list[Mark]:
    """Measure each candidate on the full page and keep those that are squares."""
    if not rough:
        return []
    guess = np.array(rough, dtype=np.float64)
    guess[:, :3] *= factor
    # The first look corrects centre, size and angle; the second sees the mark straight.
    for least in (least_score / 2, least_score):
        kept, measured = _measure_patches(_patches(pixels, guess), least)
        if not kept.any():
            return []
        guess = guess[kept]
        turn = np.radians(guess[:, 3])
        dx, dy, size, slope = (measured[:, k] for k in range(4))
        guess = np.column_stack(
            [
                guess[:, 0] + guess[:, 2] * (dx * np.cos(turn) - dy * np.sin(turn)),
                guess[:, 1] + guess[:, 2] * (dx * np.sin(turn) + dy * np.cos(turn)),
                guess[:, 2] * size,
                guess[:, 3] + slope,
            ]
        )
    return [
        Mark((float(x), float(y)), float(side), _quarter(float(angle)), float(window), float(score))
        for (x, y, side, angle), (window, score) in zip(guess, measured[:, 4:], strict=True)
    ]


def _patches(pixels: GreyImage, guess: FloatArray) -> GreyImage:
    """Each candidate with its surroundings, turned upright; shape (n, PATCH, PATCH)."""
    turn = np.radians(guess[:, 3])[:, None, None]
    reach = guess[:, 2][:, None, None]
    u = _AXIS[None, None, :] * reach
    v = _AXIS[None, :, None] * reach
    x = guess[:, 0][:, None, None] + u * np.cos(turn) - v * np.sin(turn) - 0.5
    y = guess[:, 1][:, None, None] + u * np.sin(turn) + v * np.cos(turn) - 0.5
    flat = cv2.remap(
        pixels,
        x.reshape(-1, PATCH).astype(np.float32),
        y.reshape(-1, PATCH).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(flat.reshape(-1, PATCH, PATCH), dtype=np.uint8)


# Sample positions in sides of the mark, from its centre.
_AXIS: FloatArray = ((np.arange(PATCH) + 0.5) / PATCH - 0.5) * PATCH_SPAN
_REACH = np.maximum(np.abs(_AXIS)[:, None], np.abs(_AXIS)[None, :])
_HALF_WINDOW = WINDOW_SIZE / MARK_SIZE / 2
_CORE: BoolArray = _REACH < 0.55 * _HALF_WINDOW
_RING: BoolArray = (_REACH > _HALF_WINDOW + 0.07) & (_REACH < 0.40)
_AROUND: BoolArray = (_REACH > 0.62) & (_REACH < 0.80)
# Rows that cross a side well away from the corners, and the stretch across that side.
_ROWS = np.flatnonzero(np.abs(_AXIS) < 0.36)
_ACROSS = np.flatnonzero((_AXIS > 0.28) & (_AXIS < 0.74))
_STEP = PATCH_SPAN / PATCH
# An edge crossing further than this from the side's line, in sides, belongs to something else than that side.
STRAIGHT = 0.05
# The part of its rows in which an edge must be seen to count; and that of the others which then take its place.
LOST_EDGE, KEPT_EDGE = 0.35, 0.7
# tan(17°): the first guess of a small square's angle may be that wrong.
MAX_SLOPE = 0.3
# Logarithm of width over height: a skewed first guess still looks square to a tenth.
MAX_OBLONG = 0.16
# Darkness against the paper below which nothing printed is left.
MIN_CONTRAST = 0.2


def _measure_patches(patches: GreyImage, least: float) -> tuple[BoolArray, FloatArray]:
    """Which of n patches show marks, and of those: centre shift x and y and size in sides, slope in degrees, window,
    score; shape (k, 6). A mark is a dark square on light paper that scores `least` or more.
    """
    # Evens out dithering; symmetrical, so that no edge moves.
    smooth = np.stack([cv2.blur(patch, (5, 5), borderType=cv2.BORDER_REPLICATE) for patch in patches])
    ring, around = (np.sort(smooth[:, part], axis=1, kind="stable") for part in (_RING, _AROUND))
    black, white = _middle(ring), _middle(around)
    contrast = np.maximum(white - black, 1.0)
    middle_level = ((black + white) / 2)[:, None]
    filled, clear = (ring < middle_level).mean(axis=1), (around > middle_level).mean(axis=1)
    score = filled * clear**2 * np.minimum(1.0, contrast / (0.4 * white + 1.0))
    # Most of what is looked at is no solid square: its sides need no measuring.
    likely = (score >= least) & (white - black > MIN_CONTRAST * np.maximum(white, 40.0))
    shape, good = _measure_squares(smooth[likely], black[likely], contrast[likely])
    score = score[likely] * good
    marks = np.zeros(len(patches), dtype=np.bool_)
    marks[likely] = score >= least
    return marks, np.column_stack([shape, score])[score >= least]


def _middle(ordered: GreyImage) -> npt.NDArray[np.float32]:
    """The median of each row, the rows in order; shape (n,)."""
    half = ordered.shape[1] // 2
    return np.asarray(ordered[:, [half - 1 + ordered.shape[1] % 2, half]].mean(axis=1), dtype=np.float32)


def _measure_squares(
    smooth: GreyImage, black: npt.NDArray[np.float32], contrast: npt.NDArray[np.float32]
) -> tuple[FloatArray, FloatArray]:
    """Of smoothed patches: centre shift x and y and size in sides, slope in degrees, window, shape (n, 5); and how
    straight their sides are (n,), 0 where they make no square.
    """
    level = np.clip((smooth - black[:, None, None]) / contrast[:, None, None], 0.0, 1.0)
    upright = level.transpose(0, 2, 1)
    # Each side in turn is brought to the right, crossed outwards from the dark; rows run downwards or to the right.
    turned = (level, level[:, :, ::-1], upright, upright[:, :, ::-1])
    strips = (side[:, _ROWS[0] : _ROWS[-1] + 1, _ACROSS[0] : _ACROSS[-1] + 1] for side in turned)
    # The dark part of each row is as long as its darkness adds up to: sub-pixel without a threshold.
    darkness = np.stack([(1.0 - strip).sum(axis=2) for strip in strips])
    crossing = _AXIS[_ACROSS[0]] - _STEP / 2 + darkness * _STEP
    half = crossing.shape[2] // 2
    slopes = (np.median(crossing[..., half:], axis=2) - np.median(crossing[..., :half], axis=2)) / (half * _STEP)
    slopes = np.clip(slopes, -MAX_SLOPE, MAX_SLOPE)
    level_rows = crossing - slopes[:, :, None] * _AXIS[_ROWS]
    edges = np.median(level_rows, axis=2)
    off = np.abs(level_rows - edges[:, :, None])
    # What never turns light melts into something else: it has no edge there.
    straight = ((off < STRAIGHT) & (crossing < _AXIS[_ACROSS[-1]] - 2 * _STEP)).mean(axis=2)
    right, left, bottom, top = _mend_edges(edges, straight)
    # Turned clockwise, the right side leans to the left further down, the lower side further down to the right.
    slope = np.median(slopes * np.array([[-1], [1], [1], [-1]]), axis=0)
    across, down = np.maximum(right + left, 0.01), np.maximum(bottom + top, 0.01)
    square = (across > 0.7) & (across < 1.35) & (np.abs(np.log(across / down)) < MAX_OBLONG)
    ordered = np.sort(straight, axis=0)
    shape = np.column_stack(
        [
            (right - left) / 2,
            (bottom - top) / 2,
            (across + down) / 2,
            np.degrees(slope),
            level[:, _CORE].mean(axis=1),
        ]
    )
    # One bad side of four is a stain or a stroke; two are another thing.
    return shape, np.where(square, 0.4 * ordered[0] + 0.6 * ordered[1], 0.0)


def _mend_edges(edges: FloatArray, straight: FloatArray) -> list[FloatArray]:
    """The edges (right, left, bottom, top), a lost one put where the other three of the square want it."""
    mended = list(edges)
    for side, opposite, across in ((0, 1, (2, 3)), (1, 0, (2, 3)), (2, 3, (0, 1)), (3, 2, (0, 1))):
        others = np.minimum(straight[opposite], np.minimum(straight[across[0]], straight[across[1]]))
        lost = (straight[side] < LOST_EDGE) & (others > KEPT_EDGE)
        mended[side] = np.where(lost, edges[across[0]] + edges[across[1]] - edges[opposite], edges[side])
    return mended


def _distinct(marks: list[Mark]) -> list[Mark]:
    """Best first, without a second sight of the same mark."""
    kept: list[Mark] = []
    for mark in sorted(marks, key=lambda m: -m.score):
        if all(math.dist(mark.centre, other.centre) > 0.6 * max(mark.side, other.side) for other in kept):
            kept.append(mark)
    return kept
