"""Is the paper still there? A zone on a corner that was cut off, or under another sheet, is not an empty zone.

What tells them apart is the zone's own print: frames and rules that show everywhere else on the page, and not here.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from papier.geometry import RectMm
from papier.ocr.ink import InkPage

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
    wide = [rect.grown(MARGIN_MM) for rect in rects.values()]
    printed = 255.0 - page.face.cut(wide, SHAPE).astype(np.float32)
    paper = page.tone.paper_at(wide)[:, None, None]
    seen = (paper - page.page.cut(wide, SHAPE)) / np.maximum(paper - page.tone.black, 30.0)
    # The darkest of the neighbourhood of each printed pixel: registration is not better than a pixel here.
    around = np.maximum.reduce([np.roll(seen, shift, axis) for axis in (1, 2) for shift in (-1, 0, 1)])
    weight = np.where(printed > 16, printed, 0.0)
    total = weight.sum(axis=(1, 2))
    shown = (np.clip(around, 0, 1) * weight).sum(axis=(1, 2)) / np.maximum((weight**2).sum(axis=(1, 2)) / 255, 1.0)
    telling = total > 0
    if np.count_nonzero(telling) < MIN_ZONES:
        return set()
    usual = float(np.median(shown[telling]))
    if usual < MIN_SHOWN:
        return set()
    lost = telling & (shown < MIN_SHARE * usual)
    return {name for name, gone in zip(rects, lost.tolist(), strict=True) if gone}
