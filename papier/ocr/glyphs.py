"""The printed glyphs of the sheet number: what each looks like, and how alike a patch of a scan is to each.

Templates are drawn from the very face that prints the number; a patch is compared by normalised cross-correlation,
which neither the toner's darkness nor the paper's tint changes.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

import cv2
import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image, ImageDraw, ImageFont

from papier.forms.frame import NUMBER_CAP_EM, NUMBER_FONT_SIZE, NUMBER_PITCH
from papier.forms.sheet_number import ALPHABET
from papier.geometry import POINTS_PER_MM

FloatImages = npt.NDArray[np.float32]

# Eight pixels a millimetre is 203 dpi: finer tells a blurred scan nothing, coarser closes the counters of 8 and B.
PX_PER_MM = 8.0
# A glyph's box: its advance wide, the capitals' height and a little white above and below.
ABOVE_BELOW_MM = 0.45
BOX_WIDTH = round(NUMBER_PITCH * PX_PER_MM)
CAP_MM = NUMBER_FONT_SIZE * NUMBER_CAP_EM / POINTS_PER_MM
BOX_HEIGHT = round((CAP_MM + 2 * ABOVE_BELOW_MM) * PX_PER_MM)
# How far one glyph may lie from its place in the strip, in pixels: ±0.4 mm of feeder stretch within a strip.
SLACK = 3
# Drawn this much larger, then reduced: the print's own anti-aliasing.
OVERSAMPLING = 8
# Blur of printing and scanning in millimetres: a sharp scan at 300 dpi, and a second photocopy at 150 dpi.
BLURS_MM = (0.07, 0.17)

GLYPHS = ALPHABET + "-/"


@lru_cache(maxsize=1)
def templates() -> FloatImages:
    """Ink of every glyph (in the order of GLYPHS) at each blur: shape (blurs, glyphs, BOX_HEIGHT, BOX_WIDTH)."""
    size = NUMBER_FONT_SIZE / POINTS_PER_MM * PX_PER_MM * OVERSAMPLING
    with resources.as_file(resources.files("papier.forms") / "fonts" / "number.ttf") as path:
        font = ImageFont.truetype(str(path), size=round(size))
    height, width = BOX_HEIGHT * OVERSAMPLING, BOX_WIDTH * OVERSAMPLING
    baseline = (CAP_MM + ABOVE_BELOW_MM) * PX_PER_MM * OVERSAMPLING
    drawn = []
    for glyph in GLYPHS:
        image = Image.new("L", (width, height), 0)
        ImageDraw.Draw(image).text((0, baseline), glyph, fill=255, font=font, anchor="ls")
        drawn.append(np.asarray(image, dtype=np.float32) / 255)
    stack = []
    for blur in BLURS_MM:
        sigma = blur * PX_PER_MM * OVERSAMPLING
        stack.append(
            [
                cv2.resize(
                    cv2.GaussianBlur(image, (0, 0), sigma), (BOX_WIDTH, BOX_HEIGHT), interpolation=cv2.INTER_AREA
                )
                for image in drawn
            ]
        )
    return np.asarray(stack, dtype=np.float32)


@lru_cache(maxsize=1)
def _flat_templates() -> FloatImages:
    """Zero mean, unit length: shape (blurs, glyphs, pixels)."""
    flat = templates().reshape(len(BLURS_MM), len(GLYPHS), -1)
    flat = flat - flat.mean(axis=2, keepdims=True)
    return np.asarray(flat / np.linalg.norm(flat, axis=2, keepdims=True), dtype=np.float32)


def likeness(patches: FloatImages) -> FloatImages:
    """How alike each patch is to each glyph, the best over small shifts.

    `patches`: shape (n, BOX_HEIGHT + 2 SLACK, BOX_WIDTH + 2 SLACK), ink bright or dark alike to all. Gives
    correlations in [-1, 1], shape (blurs, n, glyphs). A patch without any contrast is like nothing: zeros.
    """
    windows = sliding_window_view(patches, (BOX_HEIGHT, BOX_WIDTH), axis=(1, 2))
    flat = windows.reshape(len(patches), -1, BOX_HEIGHT * BOX_WIDTH)
    flat = flat - flat.mean(axis=2, keepdims=True)
    norms = np.linalg.norm(flat, axis=2, keepdims=True)
    flat = flat / np.maximum(norms, 1e-3)
    scores = np.einsum("nsp,bgp->bnsg", flat, _flat_templates(), optimize=True)
    return np.asarray(scores.max(axis=2), dtype=np.float32)
