"""From corner marks to sheets: which marks belong together, how large the sheet is, and which way up it lies.

The size of the sheet follows from the distances of the marks over their side: the resolution need not be known.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from papier.forms.definition import PageFormat
from papier.forms.frame import MARK_SIZE, page_frame
from papier.geometry import FloatArray, RectMm, Transform
from papier.ocr.marks import Mark, MarkSearch, find_mark_near, find_marks
from papier.ocr.scan import RegisteredPage, ScannedPage

# Where the fourth mark may lie off the place that two opposite ones predict, in diagonals: feeder stretch, shear and a
# bent corner, with room.
FOURTH_TOLERANCE = 0.022
# A sheet's two scales may differ by this much, and its angle from a right one, in degrees.
MAX_ANISOTROPY = 0.035
MAX_SHEAR = 1.5
# Sides of marks as measured against those the distances imply: blur and toner spread widen a mark by 0.3 mm at most,
# and the next page size differs by a factor of 1.41.
SIDE_RANGE = (0.80, 1.22)
# The sides of a mark against those of its sheet, in degrees: at 60 dpi a square's angle is known to 3 degrees.
MAX_MARK_TURN = 5.0
# Three clean marks give 0.55, three that a bad copy ate at 0.35; letters that happen to stand right stay below 0.25.
# Pages full of pencil discs reach 0.4 now and then: such a "sheet" has no number and no face.
MIN_QUAD_SCORE = 0.34
# Three marks and a gap are less sure than four marks, yet two such sheets are more likely than one sheet with four
# marks that cuts through both.
THREE_MARKS = 0.62
# A missing corner weighs as a window that is half clogged: a plain mark in its place would have been seen.
MISSING_WINDOW = 0.4
# A mark that good outside of the sheets found calls for a closer look: there is another sheet.
GOOD_MARK = 0.8
# Marks of sheets on one glass differ in size by the print's scaling, 94 to 100 %, and a little blur.
SAME_SIDE = 0.15
# Pairs of more marks than this would take longer than the sheet is worth.
MAX_GOOD_MARKS = 6
# Two clean marks and one that melted into a border on one side give 0.24 to 0.3.
MIN_PROBED_SCORE = 0.2
# More sheets than this do not fit on one glass; more candidates are clutter.
MAX_QUADS = 14


@dataclass(frozen=True)
class SheetCandidate:
    """One sheet on the scan. `alternatives`: the ways up in which it may lie, most likely first; never empty.

    `score` in 0…1 says how well the marks fit together; `sure_way_up` that the window left no doubt.
    """

    alternatives: tuple[RegisteredPage, ...]
    score: float
    sure_way_up: bool

    @property
    def best(self) -> RegisteredPage:
        return self.alternatives[0]


# Marks by index, clockwise; None where none is.
_Corners = tuple[int | None, int | None, int | None, int | None]


@dataclass(frozen=True)
class _Quad:
    """Marks (indices, None for a missing one) clockwise from some corner; `size` of the sheet in that order."""

    marks: _Corners
    size: tuple[float, float]
    score: float

    @property
    def found(self) -> frozenset[int]:
        return frozenset(mark for mark in self.marks if mark is not None)


@lru_cache(maxsize=1)
def sheet_sizes() -> tuple[tuple[float, float], ...]:
    """The sizes of sheets that papier prints."""
    return tuple(dict.fromkeys(page_format.size_mm for page_format in PageFormat))


@lru_cache(maxsize=16)
def mark_centres(size: tuple[float, float]) -> FloatArray:
    """The mark centres of a sheet, clockwise from the top left, shape (4, 2)."""
    return np.array([mark.centre for mark in page_frame(*size).marks], dtype=np.float64)


def find_sheets(page: ScannedPage) -> list[SheetCandidate]:
    """The sheets with at least three corner marks on a page, in reading order of the scan."""
    search = MarkSearch(page)
    marks = search.marks
    sheets = _choose(_quads(marks))
    taken = frozenset[int]().union(*(quad.found for quad in sheets))
    left_over = [mark for index, mark in enumerate(marks) if index not in taken and mark.score > GOOD_MARK]
    if not sheets or len(left_over) >= 2:
        marks = search.all_marks
        sheets = _choose(_quads(marks))
    if not sheets:
        sheets = _from_two_marks(page, marks)
    sheets = [_look_again(page, marks, quad) for quad in sheets]
    candidates = [_candidate(page, marks, quad) for quad in sheets]
    return sorted(candidates, key=_reading_order)


def count_strays(page: ScannedPage, candidates: Sequence[SheetCandidate]) -> int:
    """Good corner marks outside all sheets found: a further sheet lies there, of which too little is seen.

    A mark counts when it is as large as those of the sheets found.
    """
    outlines = [np.asarray(candidate.best.to_scan(_outline(candidate.best)), np.float32) for candidate in candidates]
    sides = [MARK_SIZE * _scale(candidate.best) for candidate in candidates]
    strays = 0
    for mark in find_marks(page):
        alike = any(abs(mark.side - side) < SAME_SIDE * side for side in sides)
        outside = all(cv2.pointPolygonTest(outline, mark.centre, measureDist=False) < 0 for outline in outlines)
        strays += mark.score > GOOD_MARK and alike and outside
    return strays


def _outline(page: RegisteredPage) -> FloatArray:
    return RectMm(0, 0, *page.size_mm).corners()


def _scale(page: RegisteredPage) -> float:
    """Scan pixels per millimetre."""
    points = page.to_page.apply(_outline(page))
    return float(np.hypot(*(points[2] - points[0])) / np.hypot(*page.size_mm))


# Ways in which two marks may be corners of a sheet; the others differ by a half turn only.
PAIRS = ((0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (1, 3))


def _from_two_marks(page: ScannedPage, marks: list[Mark]) -> list[_Quad]:
    """The sheet of two good marks and a third that melted into a stain or the scanner's border; none or one.

    A mark found is added to `marks`.
    """
    good = [index for index, mark in enumerate(marks) if mark.score > GOOD_MARK][:MAX_GOOD_MARKS]
    shapes = {(min(size), max(size)) for size in sheet_sizes()}
    best: tuple[_Quad, Mark] | None = None
    for (a, b), (p, q), shape in itertools.product(itertools.combinations(good, 2), PAIRS, shapes):
        placed = placed_by_two(marks[a], marks[b], mark_centres(shape), p, q)
        if placed is None:
            continue
        for other in {0, 1, 2, 3} - {p, q}:
            side = (marks[a].side + marks[b].side) / 2
            third = find_mark_near(
                page.pixels, (float(placed[other, 0]), float(placed[other, 1])), side, marks[a].angle
            )
            if third is None:
                continue
            known = {p: a, q: b, other: len(marks)}
            corners = (known.get(0), known.get(1), known.get(2), known.get(3))
            score = _quad_score([*marks, third], corners, mark_centres(shape))
            if score >= MIN_PROBED_SCORE and (best is None or score > best[0].score):
                best = _Quad(corners, shape, score), third
    if best is None:
        return []
    marks.append(best[1])
    return [best[0]]


def placed_by_two(first: Mark, second: Mark, model: FloatArray, p: int, q: int) -> FloatArray | None:
    """Where the corners of `model` lie when two marks are its corners `p` and `q`; None when their look denies it."""
    points = model[:, 0] + 1j * model[:, 1]
    a, b = complex(*first.centre), complex(*second.centre)
    factor = (b - a) / (points[q] - points[p])
    turn = math.degrees(math.atan2(factor.imag, factor.real))
    for mark in (first, second):
        ratio = mark.side / (MARK_SIZE * abs(factor))
        if not SIDE_RANGE[0] < ratio < SIDE_RANGE[1] or abs((mark.angle - turn + 45) % 90 - 45) > MAX_MARK_TURN:
            return None
    placed = a + factor * (points - points[p])
    return np.column_stack([placed.real, placed.imag])


def _look_again(page: ScannedPage, marks: list[Mark], quad: _Quad) -> _Quad:
    """The sheet with its fourth mark, when that is there after all: crossed by a stroke, or half stained.

    A mark found is added to `marks`.
    """
    if None not in quad.marks:
        return quad
    missing = quad.marks.index(None)
    model = mark_centres(quad.size)
    which = [k for k in range(4) if k != missing]
    to_page = affine(model[which], np.array([marks[c].centre for c in quad.marks if c is not None]))
    x, y = to_page[:2, :2] @ model[missing] + to_page[:2, 2]
    known = [marks[c] for c in quad.marks if c is not None]
    side = sum(mark.side for mark in known) / len(known)
    mark = find_mark_near(page.pixels, (float(x), float(y)), side, known[0].angle)
    if mark is None:
        return quad
    corners = list(quad.marks)
    corners[missing] = len(marks)
    completed = (corners[0], corners[1], corners[2], corners[3])
    score = _quad_score([*marks, mark], completed, model)
    if score < quad.score:
        return quad
    marks.append(mark)
    return _Quad(completed, quad.size, score)


def _reading_order(candidate: SheetCandidate) -> tuple[float, float]:
    width, height = candidate.best.size_mm
    x, y = candidate.best.to_page.apply([[width / 2, height / 2]])[0]
    # Sheets whose centres are within a fifth of the page's height lie side by side.
    return round(float(y) / max(1.0, candidate.best.scan.pixels.shape[0] * 0.2)), float(x)


def _quads(marks: list[Mark]) -> list[_Quad]:
    """Every set of three or four marks that has the proportions of a sheet."""
    if len(marks) < 3:
        return []
    centres = np.array([mark.centre for mark in marks])
    sides = np.array([mark.side for mark in marks])
    found: dict[tuple[frozenset[int], tuple[float, float]], _Quad] = {}
    shapes = {(min(size), max(size)) for size in sheet_sizes()}
    first, second = np.triu_indices(len(marks), 1)
    apart = np.hypot(*(centres[first] - centres[second]).T)
    alike = np.abs(np.log(sides[first] / sides[second])) < math.log(1.3)
    expected = (sides[first] + sides[second]) / 2
    for shape in shapes:
        model = mark_centres(shape)
        diagonal = float(np.hypot(*(model[2] - model[0])))
        implied = MARK_SIZE * apart / diagonal  # the side of a mark, if this pair were a diagonal
        ratio = expected / implied
        fits = np.flatnonzero(alike & (ratio > SIDE_RANGE[0]) & (ratio < SIDE_RANGE[1]))
        for pair, corner in itertools.product(fits, (0, 1)):
            quad = _complete(marks, centres, shape, corner, (int(first[pair]), int(second[pair])))
            if quad is None:
                continue
            key = (quad.found, shape)
            if key not in found or found[key].score < quad.score:
                found[key] = quad
    return sorted(found.values(), key=lambda quad: -quad.score)[:MAX_QUADS]


def _complete(
    marks: list[Mark], centres: FloatArray, shape: tuple[float, float], corner: int, pair: tuple[int, int]
) -> _Quad | None:
    """The sheet of which `pair` are the corners `corner` and `corner + 2`, if a third mark is where it must be."""
    model = mark_centres(shape)
    # As complex numbers a similarity is one factor and one shift.
    points = model[:, 0] + 1j * model[:, 1]
    seen = centres[:, 0] + 1j * centres[:, 1]
    a, b = pair
    factor = (seen[b] - seen[a]) / (points[corner + 2] - points[corner])
    placed = seen[a] + factor * (points - points[corner])
    tolerance = FOURTH_TOLERANCE * abs(seen[b] - seen[a])
    corners: list[int | None] = [None, None, None, None]
    corners[corner], corners[corner + 2] = a, b
    for other in (corner + 1, (corner + 3) % 4):
        away = np.abs(seen - placed[other])
        away[[a, b]] = np.inf
        nearest = int(np.argmin(away - 0.5 * tolerance * np.array([mark.score for mark in marks])))
        if away[nearest] < tolerance:
            corners[other] = nearest
    seen_corners = [c for c in corners if c is not None]
    if len(seen_corners) < 3 or len(set(seen_corners)) < len(seen_corners):
        return None
    full = (corners[0], corners[1], corners[2], corners[3])
    best = _Quad(full, shape, _quad_score(marks, full, model))
    if len(seen_corners) == 4 and best.score < THREE_MARKS:
        # A stained mark in the wrong place must not cost the three good ones.
        for other in (corner + 1, (corner + 3) % 4):
            lacking = [None if k == other else full[k] for k in range(4)]
            three = (lacking[0], lacking[1], lacking[2], lacking[3])
            best = max(best, _Quad(three, shape, _quad_score(marks, three, model)), key=lambda quad: quad.score)
    return None if best.score < MIN_QUAD_SCORE else best


def _quad_score(marks: list[Mark], corners: _Corners, model: FloatArray) -> float:
    """How well these marks make one sheet, 0…1."""
    which = [k for k in range(4) if corners[k] is not None]
    used = [marks[c] for c in corners if c is not None]
    to_page = affine(model[which], np.array([mark.centre for mark in used]))
    linear = to_page[:2, :2]
    along, down = linear[:, 0], linear[:, 1]
    scale_x, scale_y = float(np.hypot(*along)), float(np.hypot(*down))
    shear = math.degrees(math.asin(np.clip(float(along @ down) / (scale_x * scale_y), -1.0, 1.0)))
    anisotropy = abs(math.log(scale_x / scale_y))
    if anisotropy > MAX_ANISOTROPY or abs(shear) > MAX_SHEAR or np.linalg.det(linear) <= 0:
        return 0.0
    placed = model[which] @ linear.T + to_page[:2, 2]
    misfit = float(np.abs(placed - np.array([mark.centre for mark in used])).max())
    scale = math.sqrt(scale_x * scale_y)
    if misfit > 0.01 * scale * float(np.hypot(*(model[2] - model[0]))):
        return 0.0
    sides = np.array([mark.side for mark in used]) / (MARK_SIZE * scale)
    if sides.min() < SIDE_RANGE[0] or sides.max() > SIDE_RANGE[1]:
        return 0.0
    turn = math.degrees(math.atan2(along[1], along[0]))
    turned = sorted(abs((mark.angle - turn + 45) % 90 - 45) for mark in used)
    # A stain across one mark may turn it; two turned marks are another thing.
    if turned[-2] > MAX_MARK_TURN or turned[-1] > 2 * MAX_MARK_TURN:
        return 0.0
    score = min(mark.score for mark in used) * 0.5 + sum(mark.score for mark in used) / len(used) * 0.5
    score *= 1 - 0.3 * anisotropy / MAX_ANISOTROPY - 0.2 * abs(shear) / MAX_SHEAR - 0.2 * turned[-1] / MAX_MARK_TURN
    score *= 1 - min(0.3, float(sides.max() - sides.min()))
    windows = sorted((mark.window for mark in used), reverse=True)
    # Two windows in one sheet: marks of two sheets, or filled boxes.
    score *= 1 - 0.5 * windows[1]
    return score if len(used) == 4 else score * THREE_MARKS


def affine(model: FloatArray, seen: FloatArray) -> FloatArray:
    """The affine map, as a 3 × 3 matrix, that brings `model` nearest to `seen` (both (n, 2), n ≥ 3)."""
    solved, *_ = np.linalg.lstsq(np.column_stack([model, np.ones(len(model))]), seen, rcond=None)
    matrix = np.eye(3)
    matrix[:2] = solved.T
    return matrix


def _choose(quads: list[_Quad]) -> list[_Quad]:
    """The sheets that together explain the marks best; each mark belongs to one sheet."""

    def best_from(start: int, taken: frozenset[int]) -> tuple[float, list[_Quad]]:
        best: tuple[float, list[_Quad]] = (0.0, [])
        for index in range(start, len(quads)):
            quad = quads[index]
            if quad.found & taken:
                continue
            value, rest = best_from(index + 1, taken | quad.found)
            if value + quad.score > best[0]:
                best = (value + quad.score, [quad, *rest])
        return best

    return best_from(0, frozenset())[1]


def _candidate(page: ScannedPage, marks: list[Mark], quad: _Quad) -> SheetCandidate:
    """The ways up of one sheet, ordered by where its window is."""
    windows = [MISSING_WINDOW if c is None else marks[c].window for c in quad.marks]
    evidence = [window - max(windows[:k] + windows[k + 1 :]) for k, window in enumerate(windows)]
    turns = sorted(range(4), key=lambda k: -evidence[k])
    alternatives = []
    for turn in turns:
        size = quad.size if turn % 2 == 0 else (quad.size[1], quad.size[0])
        if size not in sheet_sizes():
            continue
        corners = tuple(quad.marks[(turn + k) % 4] for k in range(4))
        alternatives.append(_registered(page, marks, corners, size))
    return SheetCandidate(tuple(alternatives), quad.score, sure_way_up=evidence[turns[0]] > 0.3)


def _registered(
    page: ScannedPage, marks: list[Mark], corners: tuple[int | None, ...], size: tuple[float, float]
) -> RegisteredPage:
    model = mark_centres(size)
    which = [k for k in range(4) if corners[k] is not None]
    seen = np.array([marks[c].centre for c in corners if c is not None])
    matrix = _projective(model, seen) if len(which) == 4 else affine(model[which], seen)
    found = (corners[0] is not None, corners[1] is not None, corners[2] is not None, corners[3] is not None)
    return RegisteredPage(page, size, Transform(matrix), marks_found=found)


def _projective(model: FloatArray, seen: FloatArray) -> FloatArray:
    """The projective map through four point pairs."""
    rows = []
    for (x, y), (u, v) in zip(model, seen, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    solved = np.linalg.solve(np.array(rows, dtype=np.float64), seen.reshape(-1))
    return np.append(solved, 1.0).reshape(3, 3)


def turned(page: RegisteredPage) -> RegisteredPage:
    """The same sheet taken upside-down."""
    width, height = page.size_mm
    half_turn = np.array([[-1.0, 0.0, width], [0.0, -1.0, height], [0.0, 0.0, 1.0]])
    seen = page.marks_found
    return replace(
        page,
        to_page=Transform(page.to_page.matrix @ half_turn),
        displacement=None,
        residual=None,
        marks_found=(seen[2], seen[3], seen[0], seen[1]),
    )
