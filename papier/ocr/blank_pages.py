"""The blank backs of sheets: paper without strokes of a pen or print, whatever shines through and stains it."""

from __future__ import annotations

import cv2
import numpy as np

from papier.ocr.scan import GreyImage, ScannedPage

# A page with less ink than this share of its area, away from its edges, is the blank back of a sheet.
BLANK_INK_SHARE = 0.0008
# Paper of any colour scans lighter than this; a page that is mostly darker is covered by something, not blank.
DARKEST_PAPER = 90
# So much darker than the paper around it is ink. What shines through from the front, folds and coffee are softer.
# On 36 simulated rough backs at most 0.0005 of the page was that dark, on pages that had lost their marks 0.024.
INK = 50
# The longer side of the picture looked at, in pixels at least; the paper around a stroke is the mean of so many.
LOOKED_AT, AROUND = 800, 13
# What is dark over more than this is no stroke: the scanner's lid beside the paper, or beyond a corner cut off.
DARK, BESIDE = 15, 9
# Scissors take an eighth of a page at most; where more is dark, something covers it.
MOST_LID = 0.125


def is_blank(page: ScannedPage) -> bool:
    """True for paper with next to no ink away from its edges, where scanners leave black borders and holes show."""
    height, width = page.pixels.shape
    inner = page.pixels[height // 12 : -height // 12, width // 12 : -width // 12]
    if inner.size == 0:
        return True
    # Single pixels of the scan: averaged ones of thin print would be pale.
    step = max(1, min(inner.shape) // LOOKED_AT)
    sample = np.ascontiguousarray(inner[::step, ::step])
    if float(np.median(sample)) < DARKEST_PAPER:
        return False
    lid = _find_lid(sample)
    if float(np.mean(lid)) > MOST_LID:
        return False
    beside = cv2.dilate(lid, np.ones((2 * BESIDE + 1, 2 * BESIDE + 1), np.uint8))
    around = cv2.blur(sample, (AROUND, AROUND))
    strokes = (cv2.subtract(around, sample) > INK) & (beside == 0)
    return float(np.mean(strokes)) < BLANK_INK_SHARE


def _find_lid(sample: GreyImage) -> GreyImage:
    """1 where something large and dark reaches in from the edge."""
    dark = np.asarray(sample < DARKEST_PAPER, dtype=np.uint8)
    large = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((DARK, DARK), np.uint8))
    _, labels = cv2.connectedComponents(large)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return np.asarray(np.isin(labels, rim[rim > 0]), dtype=np.uint8)
