"""Where boxes lie on the scan: in their place, askew on bent paper, or where the paper is cut off or covered."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from papier.ocr.lost_paper import quarters_of
from papier.ocr.zones.tick_patches import BLACK, MARGIN, SIDE, Pictures

# Print that shows with less than this share of black is not seen; of a box's frame and what stands around it, so much
# is seen at least where the box is where it should be: ordinary scans show nine tenths.
LEAST_OF_PRINT, PLACED = 0.3, 0.5
# Where most boxes of a page show less than that, either the scanner dropped the print, or the sheet lies elsewhere;
# then something as dark as the print, and this share of it at least, stands beside its place.
ELSEWHERE = 0.4
# On crumpled paper a frame lies half off its place, and looks like ink: of 51 boxes of simulated rough pages that
# looked marked and a little struck, and that showed less than this share of the print that the page's others show, 39
# were empty. Of office pages' boxes 999 in 1,000 show all of it, of rough ones 98 in 100 show 0.93 and more.
STRAIGHT = 0.75
# Where nine in ten quarters of boxes show so much of their print, one that shows less than GONE lies under a hole.
WHOLE, GONE = 0.8, 0.15
# Within so many pixels around a box no hand leaves this share dark: the scanner's lid does, where paper is cut off.
AROUND, HIDING, HIDDEN = 8, 0.4, 0.7


def find_places(pictures: Pictures) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which boxes (n,) do not lie where they should, as their print is not seen there; and which lie askew.

    Of the print of what lies askew less is seen than of the page's other boxes.
    """
    printed, there = _see_print(pictures)
    seen = _share_seen(printed, there)
    askew = seen < STRAIGHT * np.median(seen)
    if np.median(seen) >= PLACED:
        return (seen < PLACED) | _find_holed(printed, there), askew
    middle = slice(MARGIN // 2, SIDE - MARGIN // 2)
    near = cv2.dilate(pictures[:, 1].reshape(-1, SIDE), np.ones((5, 5), np.uint8)).reshape(-1, SIDE, SIDE)
    strange = (pictures[:, 0, middle, middle] > LEAST_OF_PRINT * BLACK) & (near[:, middle, middle] < BLACK // 8)
    elsewhere = np.count_nonzero(strange, axis=(1, 2)) / np.maximum(np.count_nonzero(printed, axis=(1, 2)), 1)
    return np.full(len(pictures), bool(np.median(elsewhere) > ELSEWHERE)), askew


def _see_print(pictures: Pictures) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Where the middle of each picture has print, and where of it print is seen, both (n, height, width)."""
    middle = slice(MARGIN // 2, SIDE - MARGIN // 2)
    scanned = pictures[:, 0].reshape(-1, SIDE)
    around = cv2.dilate(scanned, np.ones((3, 3), np.uint8)).reshape(-1, SIDE, SIDE)[:, middle, middle]
    printed = pictures[:, 1, middle, middle] > BLACK // 2
    return printed, printed & (around > LEAST_OF_PRINT * BLACK)


def _share_seen(printed: npt.NDArray[np.bool_], there: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """The share of each box's print that is seen where it should be, (n,), 1 where there is none."""
    count = np.count_nonzero(printed, axis=(1, 2))
    seen = np.count_nonzero(there, axis=(1, 2)) / np.maximum(count, 1)
    return np.where(count > 0, seen, 1.0)


def _find_holed(printed: npt.NDArray[np.bool_], there: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which boxes (n,) have a whole quarter of which next to nothing is seen, where the page shows the rest."""
    quarters = quarters_of((printed.shape[1], printed.shape[2]))
    full = np.stack([np.count_nonzero(printed[quarter], axis=(1, 2)) for quarter in quarters])
    seen = np.stack([np.count_nonzero(there[quarter], axis=(1, 2)) for quarter in quarters]) / np.maximum(full, 1)
    telling = full > np.median(full) / 2
    if not telling.any() or np.quantile(seen[telling], 0.1) < WHOLE:
        return np.zeros(len(printed), dtype=bool)
    return np.asarray((telling & (seen < GONE)).any(axis=0))


def find_lid(pictures: Pictures) -> npt.NDArray[np.bool_]:
    """Which boxes (n,) lie under something dark that reaches far beyond them: the lid, where paper is cut off."""
    around = pictures[:, 0, MARGIN - AROUND : AROUND - MARGIN, MARGIN - AROUND : AROUND - MARGIN] > HIDING * BLACK
    inside = around[:, AROUND:-AROUND, AROUND:-AROUND]
    count = around.shape[1] ** 2 - inside.shape[1] ** 2
    return np.asarray((around.sum(axis=(1, 2)) - inside.sum(axis=(1, 2))) / count > HIDDEN)
