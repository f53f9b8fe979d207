"""A view of a cell for the second reader: the character straightened and scaled by its moments, not by its edges.

Moment normalisation with slant correction and aspect-adaptive size (Liu, Nakashima, Sako, Fujisawa, "Handwritten digit
recognition: investigation of normalization and feature extraction techniques", Pattern Recognition 37, 2004). What
misleads the first reader's window (a tail, a speck, a slant) hardly moves it, so that the two err on their own.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from papier.ocr.characters import INPUT_SIZE, clean_mask, fixed_window

# Standard deviations that the 28 pixels of a character span: a uniform bar is 3.46 of them long.
SPAN: Final = 4.0
SPANNED_PIXELS: Final = 28.0
# Slants beyond this, in pixels across a pixel down, are no slant but the shape.
STEEPEST: Final = 0.6
# Added to the variance down, in square pixels: a hyphen has no slant to be measured.
UNSURE: Final = 9.0
# Pixels of the window a pixel of the view, at least: smaller marks keep their smallness.
FINEST: Final = 0.5


def straighten(ink: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Ink images (n, 56, 44) → network input (n, 2, 32, 32): the character straightened, and the whole window."""
    count, height, width = ink.shape
    planes = np.empty((count, 2, INPUT_SIZE, INPUT_SIZE), np.uint8)
    planes[:, 1] = fixed_window(ink)
    weight = np.where(clean_mask(ink), ink, 0).astype(np.float64).reshape(count, height, width)
    x, y = np.arange(width) + 0.0, np.arange(height) + 0.0
    across, down = weight.sum(1), weight.sum(2)
    total = np.maximum(across.sum(1), 1e-9)
    mean_x, mean_y = across @ x / total, down @ y / total
    var_x = np.maximum(across @ x**2 / total - mean_x**2, 0)
    var_y = np.maximum(down @ y**2 / total - mean_y**2, 0)
    both = ((weight @ x) @ y) / total - mean_x * mean_y
    slant = np.clip(both / (var_y + UNSURE), -STEEPEST, STEEPEST)
    var_x = np.maximum(var_x - 2 * slant * both + slant**2 * var_y, 0)
    size = SPAN * np.sqrt(np.stack([var_x, var_y], 1)) + 1.0  # and the pen's own breadth
    longer = size.max(1, keepdims=True)
    # The shorter side is widened: a thin character shows what its strokes do (aspect-adaptive, the source's F8).
    shown = SPANNED_PIXELS * np.sqrt(np.sin(np.pi / 2 * size / longer))
    step = np.maximum(size / shown, FINEST)
    middle = (INPUT_SIZE - 1) / 2
    empty = across.sum(1) == 0
    mean_x[empty], mean_y[empty] = (width - 1) / 2, (height - 1) / 2
    step[empty] = height / INPUT_SIZE
    for index in range(count):
        a, b = float(step[index, 0]), float(slant[index] * step[index, 1])
        d = float(step[index, 1])
        matrix = np.array([[a, b, mean_x[index] - middle * (a + b)], [0.0, d, mean_y[index] - middle * d]], np.float64)
        planes[index, 0] = cv2.warpAffine(
            ink[index], matrix, (INPUT_SIZE, INPUT_SIZE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
    return planes
