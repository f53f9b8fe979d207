"""Is the paper still there? A zone on a corner that was cut off, or under another sheet, is not an empty zone.

What tells them apart is the zone's own print: frames and rules that show everywhere else on the page, and not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from papier.geometry import RectMm
from papier.ocr.ink import InkPage
from papier.ocr.print_patches import FAINTEST_PRINT, PrintedFace

# Half a millimetre a pixel shows a frame of 0.25 mm as a grey line, and a field in some hundred pixels.
SHAPE = (24, 96)
# Around the zone, its frame included.
MARGIN_MM = 0.8
# A scanner that drops grey print shows less than this of it everywhere: then nothing can be told.
MIN_SHOWN = 0.12
# Where the print shows with less than this share of what is usual on the page, the paper is not there. Chosen, not
# measured: well under the half that faded print still shows in the tests, well over the nothing of a missing corner.
MIN_SHARE = 0.25
# Fewer zones than this do not say what is usual.
MIN_ZONES = 4


def find_lost(page: InkPage, rects: Mapping[str, RectMm]) -> set[str]:
    """The names of the rectangles whose print does not show in the scan, though that of most others does."""
    if len(rects) < MIN_ZONES:
        return set()
    wide = tuple(rect.grown(MARGIN_MM) for rect in rects.values())
    printed = _weigh_print(page.face, wide)
    paper = page.tone.paper_at(wide)[:, None, None]
    # The darkest of the neighbourhood of each printed pixel: registration is not better than a pixel here.
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    darkest = cv2.erode(page.page.cut(wide, SHAPE).reshape(-1, SHAPE[1]), cross).reshape(-1, *SHAPE)
    seen = (paper - darkest) / np.maximum(paper - page.tone.black, 30.0)
    shown = np.einsum("nyx,nyx->n", np.clip(seen, 0, 1), printed)
    telling = printed.any(axis=(1, 2))
    if np.count_nonzero(telling) < MIN_ZONES:
        return set()
    usual = float(np.median(shown[telling]))
    if usual < MIN_SHOWN:
        return set()
    lost = telling & (shown < MIN_SHARE * usual)
    return {name for name, gone in zip(rects, lost.tolist(), strict=True) if gone}


@lru_cache(maxsize=48)
def _weigh_print(face: PrintedFace, rects: tuple[RectMm, ...]) -> npt.NDArray[np.float32]:
    """How much each pixel of the rectangles says, (n, *SHAPE): 1 in all where what is printed there shows in full."""
    printed = 255.0 - face.cut(rects, SHAPE).astype(np.float32)
    printed[printed <= FAINTEST_PRINT] = 0.0
    full = np.maximum((printed**2).sum(axis=(1, 2), keepdims=True) / 255, 1.0)
    return np.asarray(printed / full, dtype=np.float32)
