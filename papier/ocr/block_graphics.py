"""A picture in characters: each Braille pattern is two dots wide and four high (Unicode, block 2800)."""

from __future__ import annotations

import cv2
import numpy as np

from papier.ocr.scan import GreyImage

DOTS_ACROSS, DOTS_DOWN = 2, 4
# The bit of each dot, row by row (Unicode Standard, "Braille Patterns").
BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
FIRST = 0x2800
# A dot is set where the ink is this share of the way from paper to the darkest stroke; frames are printed paler.
INK = 0.38


def draw_blocks(pixels: GreyImage, columns: int, rows: int) -> list[str]:
    """The picture in at most `columns` × `rows` characters, dark on light, its proportions kept. Empty for no room."""
    height, width = pixels.shape
    if columns < 1 or rows < 1 or not height or not width:
        return []
    scale = min(columns * DOTS_ACROSS / width, rows * DOTS_DOWN / height)
    size = (max(DOTS_ACROSS, round(width * scale)), max(DOTS_DOWN, round(height * scale)))
    # Strokes must outlive the shrinking: the darkest of what a dot covers counts as much as their mean.
    reach = max(1, round(0.5 / scale))
    darkest = cv2.erode(pixels, np.ones((reach, reach), np.uint8)) if reach > 1 else pixels
    small = cv2.resize(darkest, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    paper, ink = float(np.percentile(small, 70)), float(np.percentile(small, 1))
    dots = small < paper - INK * max(40.0, paper - ink)
    across, down = -(-size[0] // DOTS_ACROSS), -(-size[1] // DOTS_DOWN)
    padded = np.zeros((down * DOTS_DOWN, across * DOTS_ACROSS), dtype=bool)
    padded[: size[1], : size[0]] = dots
    cells = padded.reshape(down, DOTS_DOWN, across, DOTS_ACROSS).transpose(0, 2, 1, 3)
    codes = FIRST + (cells * BITS).sum(axis=(2, 3))
    return ["".join(map(chr, row)).rstrip(chr(FIRST)) for row in codes.tolist()]
