"""The printed glyphs of the sheet number: where they lie in a strip cut from a scan, and which character each shows.

A strip is first laid on the average look of a number (its hyphens, its solidus, the white between characters), in
pieces, so that shrunken, stretched and curled prints are followed. The characters are then classified by a perceptron
with two hidden layers, trained on degraded prints of the same face: `training/number_glyphs.py` makes its weights,
`benchmarks/sheet_numbers.md` says what it reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import BytesIO

import cv2
import numpy as np
import numpy.typing as npt

from papier.forms.frame import NUMBER_CAP_EM, NUMBER_FONT_SIZE, NUMBER_LENGTH, NUMBER_PITCH
from papier.geometry import POINTS_PER_MM, FloatArray, RectMm
from papier.ocr.scan import RegisteredPage

FloatImages = npt.NDArray[np.float32]

# Eight pixels a millimetre is 203 dpi: finer tells a blurred scan nothing, coarser closes the counters of 8 and B.
PX_PER_MM = 8
# How far a whole strip may lie from its place: what marks alone leave of a bent page. Sideways less than half a pitch,
# or the number would be found one character beside itself.
REACH_X, REACH_Y = 1.25, 1.75
# How much the two halves of a strip may differ in their shift: 3.7 % of stretch, and a slope of two degrees.
HALVES_APART = 0.75
# How far a quarter of the strip may lie off the line through its halves: paper that curls.
QUARTERS_OFF = 0.6
# What a millimetre off that line costs a quarter, in correlation: less than stains gain by chance (0.1 to 0.2).
QUARTER_PULL = 0.25
# The curve through the quarters is held to the line through the halves as by one more quarter of this correlation.
CURVE_STIFFNESS = 0.1
# The whole and the halves are searched at this share of PX_PER_MM; a quarter of a millimetre is enough to lay a peak
# between pixels.
SEARCH_PX_PER_MM = 4
CAP_MM = NUMBER_FONT_SIZE * NUMBER_CAP_EM / POINTS_PER_MM
# A patch shows a character with this much of its surroundings, in millimetres.
SIDE_MM, ABOVE_BELOW_MM = 0.3, 0.55
# Below this standard deviation of ink (0 to 1) a patch is blank paper with a scanner's noise.
BLANK_DEVIATION = 0.02

# The places of the twelve characters among the sixteen glyphs of `4F7K-2M9Q-8XTR/1`, of the signs, and of the page.
CHARACTER_PLACES = (0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13)
SIGN_PLACES = {4: "-", 9: "-", 14: "/"}
PAGE_PLACE = 15
# One half of the strip is the first eight glyphs, the other the last eight: a hyphen and seven; a hyphen, a solidus…
HALF = NUMBER_LENGTH // 2


@dataclass(frozen=True)
class GlyphModel:
    """What `training/number_glyphs.py` learned.

    `halves`: ink of both halves of an average number, shape (2, height, width) at SEARCH_PX_PER_MM. `layers`: weights
    (outputs, inputs) and biases (outputs,) of each layer; the last gives 32 logits in the order of the alphabet.
    `temperature` divides the logits: set on scans that were not trained on.
    """

    halves: FloatImages
    layers: tuple[tuple[FloatImages, FloatImages], ...]
    temperature: float


@cache
def load_model() -> GlyphModel:
    """The model shipped with the package."""
    data = (resources.files("papier.ocr") / "models" / "number_glyphs.npz").read_bytes()
    with np.load(BytesIO(data)) as arrays:
        count = sum(name.startswith("weights") for name in arrays)
        layers = tuple(
            (
                np.ascontiguousarray(arrays[f"weights{index}"].T, dtype=np.float32),
                arrays[f"biases{index}"].astype(np.float32),
            )
            for index in range(count)
        )
        return GlyphModel(arrays["halves"].astype(np.float32) / 255, layers, float(arrays["temperature"]))


def cut_strips(page: RegisteredPage, boxes: Sequence[RectMm]) -> FloatImages:
    """The surroundings of printed numbers as ink, 0 to 1: shape (n, height, width) at PX_PER_MM.

    `boxes`: of `PageFrame.numbers`, all of one size. Strips reach REACH_X and REACH_Y beyond what a patch shows.
    """
    height, width = strip_shape()
    around = [
        RectMm(box.x - SIDE_MM - REACH_X, box.y - ABOVE_BELOW_MM - REACH_Y, width / PX_PER_MM, height / PX_PER_MM)
        for box in boxes
    ]
    # Fine scans are cut finely and averaged: picking single pixels of a 1-bit scan would throw most of it away.
    left, right = page.to_scan([[boxes[0].x, boxes[0].y], [boxes[0].right, boxes[0].y]])
    fine = min(4, max(1, round(float(np.hypot(*(right - left))) / boxes[0].width / PX_PER_MM)))
    grey = page.cut(around, (height * fine, width * fine)).astype(np.float32)
    grey = grey.reshape(len(boxes), height, fine, width, fine).mean(axis=(2, 4))
    # Most of a strip is paper, even where a pen has been.
    paper = np.percentile(grey, 80, axis=(1, 2), keepdims=True)
    return np.asarray(np.clip(1 - grey / np.maximum(paper, 1), 0, 1), dtype=np.float32)


def cut_glyphs(strip: FloatImages, model: GlyphModel) -> FloatImages:
    """Patches of the twelve characters and of the page's, each of zero mean and unit deviation; (13, pixels).

    The strip is one of `cut_strips`. A blank patch is all zeros.
    """
    places = np.array([*CHARACTER_PLACES, PAGE_PLACE])
    shift_x, shift_y = _find_shifts(strip, model, places).T
    height, width = patch_shape()
    x = (REACH_X + NUMBER_PITCH * places + shift_x) * PX_PER_MM
    y = (REACH_Y + shift_y) * PX_PER_MM
    map_x = (x[:, None, None] + np.arange(width)[None, None, :] + np.zeros((1, height, 1))).astype(np.float32)
    map_y = (y[:, None, None] + np.arange(height)[None, :, None] + np.zeros((1, 1, width))).astype(np.float32)
    cut = cv2.remap(
        strip, map_x.reshape(-1, width), map_y.reshape(-1, width), cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    ).reshape(len(places), -1)
    cut = cut - cut.mean(axis=1, keepdims=True)
    deviation = cut.std(axis=1, keepdims=True)
    return np.asarray(np.where(deviation < BLANK_DEVIATION, 0, cut / np.maximum(deviation, 1e-6)), dtype=np.float32)


def classify(patches: FloatImages, model: GlyphModel) -> FloatArray:
    """Logarithms of the probabilities of the 32 characters: (n, pixels) → (n, 32). Blank patches say nothing."""
    values = patches
    for index, (weights, biases) in enumerate(model.layers):
        shown = np.maximum(values, 0) if index else values
        # One by one: for a product of them all a linear algebra library starts threads, which cost more than it.
        values = (shown[:, None, :] @ weights.T)[:, 0] + biases
    logits = values.astype(np.float64) / model.temperature
    logits[~patches.any(axis=1)] = 0
    return np.asarray(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True), dtype=np.float64)


def patch_shape() -> tuple[int, int]:
    """Height and width in pixels of one patch."""
    return round((CAP_MM + 2 * ABOVE_BELOW_MM) * PX_PER_MM), round((NUMBER_PITCH + 2 * SIDE_MM) * PX_PER_MM)


def half_shape() -> tuple[int, int]:
    """Height and width in search pixels of the average half of a number."""
    height, width = CAP_MM + 2 * ABOVE_BELOW_MM, HALF * NUMBER_PITCH + 2 * SIDE_MM
    return round(height * SEARCH_PX_PER_MM), round(width * SEARCH_PX_PER_MM)


def strip_shape() -> tuple[int, int]:
    """Height and width in pixels of a strip: room for both halves wherever they are searched."""
    height, width = half_shape()
    ratio = PX_PER_MM // SEARCH_PX_PER_MM
    right = _right_half() + width + 2 * round(REACH_X * SEARCH_PX_PER_MM)
    return ratio * (height + 2 * round(REACH_Y * SEARCH_PX_PER_MM)), ratio * right


def _right_half() -> int:
    """Where the right half's search begins, in search pixels: the nearest whole one."""
    return round(HALF * NUMBER_PITCH * SEARCH_PX_PER_MM)


def _find_shifts(strip: FloatImages, model: GlyphModel, places: npt.NDArray[np.int64]) -> FloatArray:
    """How far (x, y) in millimetres the glyphs at `places` lie from their nominal places, shape (n, 2).

    The two halves give a line, the four quarters a parabola upon it.
    """
    ratio = PX_PER_MM // SEARCH_PX_PER_MM
    size = (strip.shape[1] // ratio, strip.shape[0] // ratio)
    small: FloatImages = np.asarray(cv2.resize(strip, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    halves = _find_halves(small, model)

    def on_line(along: FloatArray) -> FloatArray:
        """The line at places counted from the strip's middle in halves of a strip."""
        return np.asarray(halves.mean(axis=0) + along[:, None] * (halves[1] - halves[0]))

    middles = (np.arange(4) - 1.5) / 2
    expected = on_line(middles)
    found = [_find_quarter(small, model, quarter, expected[quarter]) for quarter in range(4)]
    weights = np.sqrt([max(0.0, likeness) for _, likeness in found])
    off = np.array([shift for shift, _ in found]) - expected
    powers = np.vander(middles, 3) * weights[:, None]
    normal = powers.T @ powers + CURVE_STIFFNESS * np.diag([middles[0] ** 4, middles[0] ** 2, 1.0])
    curve = np.linalg.solve(normal, powers.T @ (off * weights[:, None]))
    along = (places + 0.5 - HALF) / HALF
    return np.asarray(on_line(along) + np.vander(along, 3) @ curve)


def _find_halves(small: FloatImages, model: GlyphModel) -> FloatArray:
    """The shifts (x, y) in millimetres of the left and of the right half, shape (2, 2). `small` is in search pixels."""
    responses = [_response(small, model.halves[half], half * _right_half()) for half in range(2)]
    reach = round(HALVES_APART * SEARCH_PX_PER_MM)
    # The left half where it and the best neighbouring place of the right one look most like a number together.
    together = responses[0] + cv2.dilate(responses[1], np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    top, left = _peak(np.asarray(together, dtype=np.float32))
    up, back = max(0, top - reach), max(0, left - reach)
    y, x = _peak(responses[1][up : top + reach + 1, back : left + reach + 1])
    return np.array([_shift(responses[0], top, left, 0), _shift(responses[1], up + y, back + x, 1)])


def _find_quarter(
    small: FloatImages, model: GlyphModel, quarter: int, expected: FloatArray
) -> tuple[FloatArray, float]:
    """The shift (x, y) in millimetres of a quarter of the strip, near the `expected` one, and its correlation there."""
    half, second = divmod(quarter, 2)
    step = round(HALF / 2 * NUMBER_PITCH * SEARCH_PX_PER_MM)
    template = model.halves[half][:, second * step : model.halves.shape[2] - (1 - second) * step]
    response = _response(small, template, half * _right_half() + second * step)
    rows, columns = response.shape
    y = np.arange(rows)[:, None] / SEARCH_PX_PER_MM - REACH_Y - expected[1]
    x = np.arange(columns)[None, :] / SEARCH_PX_PER_MM - REACH_X - expected[0]
    held = np.where(np.maximum(abs(x), abs(y)) <= QUARTERS_OFF, response - QUARTER_PULL * np.hypot(x, y), -9.0)
    top, left = _peak(np.asarray(held, dtype=np.float32))
    return _shift(response, top, left, half), float(response[top, left])


def _response(small: FloatImages, template: FloatImages, start: int) -> FloatImages:
    """Correlations of a template at every shift; `start`: its nominal column, less the reach, in search pixels."""
    width = template.shape[1] + 2 * round(REACH_X * SEARCH_PX_PER_MM)
    window = small[:, start : start + width]
    response = cv2.matchTemplate(window, np.ascontiguousarray(template), cv2.TM_CCOEFF_NORMED)
    # Paper without any ink has no correlation.
    return np.nan_to_num(np.asarray(response, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)


def _shift(response: FloatImages, top: int, left: int, half: int) -> FloatArray:
    """A peak of `_response` as a shift (x, y) in millimetres."""
    x, y = _between_pixels(response, top, left)
    # The right half's windows start at a whole pixel, its nominal place mostly does not.
    x += half * (_right_half() - HALF * NUMBER_PITCH * SEARCH_PX_PER_MM)
    return np.array([x / SEARCH_PX_PER_MM - REACH_X, y / SEARCH_PX_PER_MM - REACH_Y])


def _peak(response: FloatImages) -> tuple[int, int]:
    """Row and column of the greatest value."""
    row, column = divmod(int(response.argmax()), int(response.shape[1]))
    return row, column


def _between_pixels(response: FloatImages, top: int, left: int) -> tuple[float, float]:
    """(x, y) of a peak, refined by a parabola through its neighbours."""

    def vertex(before: float, middle: float, after: float) -> float:
        bend = before - 2 * middle + after
        return 0.0 if bend >= 0 else float(np.clip((before - after) / (2 * bend), -0.5, 0.5))

    x, y = float(left), float(top)
    if 0 < left < response.shape[1] - 1:
        x += vertex(*(float(value) for value in response[top, left - 1 : left + 2]))
    if 0 < top < response.shape[0] - 1:
        y += vertex(*(float(value) for value in response[top - 1 : top + 2, left]))
    return x, y
