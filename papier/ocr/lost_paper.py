"""Is the paper still there? A zone on a corner that was cut off, or under another sheet, is not an empty zone.

What tells them apart is the zone's own print: frames and rules that show everywhere else on the page, and not here. And
a punch hole, a sticker or a thumb over a quarter of a cell may make a P of an R.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from papier.geometry import RectMm
from papier.ocr.ink import InkPage
from papier.ocr.print_patches import FAINTEST_PRINT, PrintedFace
from papier.ocr.scan import GreyImage

Floats = npt.NDArray[np.floating]

# Half a millimetre a pixel shows a frame of 0.25 mm as a grey line, and a field in some hundred pixels.
SHAPE = (24, 96)
# Around the zone, its frame included.
MARGIN_MM = 0.8
# A scanner that drops grey print shows less than this of it everywhere: then nothing can be told.
MIN_SHOWN = 0.12
# Where the print shows with less than this share of what is usual on the page, the paper is not there. Chosen, not
# measured: well under the half that faded print still shows in the tests, well over the nothing of a missing corner.
MIN_SHARE = 0.25
# A cell and its frame: an even number of pixels each way, five a millimetre.
CELL_SHAPE = (48, 38)
# On office pages nine in ten quarters of cells show at least 0.75 of what is usual, all of them 0.6; beneath a punch
# hole it is 0.04. Less than this share of what nine in ten show is nothing.
MIN_QUARTER = 0.25
# Fewer zones than this do not say what is usual.
MIN_ZONES = 4


def find_lost(page: InkPage, rects: Mapping[str, RectMm]) -> set[str]:
    """The names of the rectangles whose print does not show in the scan, though that of most others does."""
    if len(rects) < MIN_ZONES:
        return set()
    wide = tuple(rect.grown(MARGIN_MM) for rect in rects.values())
    printed = _find_print(page.face, wide, SHAPE).astype(np.float32)
    shown = _share_shown(printed, _find_seen(page, wide, SHAPE))
    telling = printed.any(axis=(1, 2))
    if np.count_nonzero(telling) < MIN_ZONES:
        return set()
    usual = float(np.median(shown[telling]))
    if usual < MIN_SHOWN:
        return set()
    lost = telling & (shown < MIN_SHARE * usual)
    return {name for name, gone in zip(rects, lost.tolist(), strict=True) if gone}


def find_hidden(page: InkPage, combs: Mapping[int, Sequence[RectMm]]) -> set[int]:
    """Of these rows of cells, those where the frame of a whole quarter of a cell does not show, though most others do.

    A quarter is the smallest piece whose frame a pen cannot stand for, and so small that a hole over a character has
    one beneath it.
    """
    owners = np.array([name for name, cells in combs.items() for _ in cells])
    if len(owners) < MIN_ZONES:
        return set()
    wide = [tuple(cell.grown(MARGIN_MM) for cell in cells) for cells in combs.values()]
    printed = np.concatenate([_find_print(page.face, cells, CELL_SHAPE) for cells in wide]).astype(np.float32)
    seen = _find_seen(page, [cell for cells in wide for cell in cells], CELL_SHAPE)
    quarters = quarters_of(CELL_SHAPE)
    total = np.stack([printed[quarter].sum(axis=(1, 2)) for quarter in quarters])
    shown = np.stack([_share_shown(printed[quarter], seen[quarter]) for quarter in quarters])
    telling = total > np.median(total) / 2
    usual = float(np.median(shown[telling])) if telling.any() else 0.0
    if usual < MIN_SHOWN:
        return set()
    found = set()
    for name in combs:
        own, here = shown[:, owners == name], telling[:, owners == name]
        # Print fades by regions: what is usual in this comb tells a hole from them.
        typical = float(np.median(own[here])) if here.any() else usual
        if typical < MIN_SHARE * usual:
            found.add(name)
        shown[:, owners == name] /= max(min(typical, usual), 1e-6)
    # Where much of the page's print is broken, a hole must be emptier to be seen.
    least = MIN_QUARTER * float(np.quantile(shown[telling], 0.1))
    return found | set(owners[(telling & (shown < least)).any(axis=0)].tolist())


def quarters_of(shape: tuple[int, int]) -> list[tuple[slice, slice, slice]]:
    """The four quarters of pictures (n, *shape), as indices."""
    down, across = shape[0] // 2, shape[1] // 2
    return [
        (slice(None), rows, columns)
        for rows in (slice(down), slice(down, None))
        for columns in (slice(across), slice(across, None))
    ]


# As many as the combs of a few forms: what is kept also keeps the face that it was cut from.
@lru_cache(maxsize=48)
def _find_print(face: PrintedFace, rects: tuple[RectMm, ...], shape: tuple[int, int]) -> GreyImage:
    """What is printed in the rectangles, (n, *shape), 0 to 255."""
    printed = 255 - face.cut(rects, shape)
    printed[printed <= FAINTEST_PRINT] = 0
    return printed


def _find_seen(page: InkPage, rects: Sequence[RectMm], shape: tuple[int, int]) -> Floats:
    """How dark the scan is there, (n, *shape), from 0 for paper to 1."""
    paper = page.tone.paper_at(rects)[:, None, None]
    # The darkest of the neighbourhood of each printed pixel: registration is not better than a pixel here.
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    darkest = cv2.erode(page.page.cut(rects, shape).reshape(-1, shape[1]), cross).reshape(-1, *shape)
    return np.asarray(np.clip((paper - darkest) / np.maximum(paper - page.tone.black, 30.0), 0, 1))


def _share_shown(printed: Floats, seen: Floats) -> Floats:
    """What share of the print is seen, (n,)."""
    full = np.maximum(np.einsum("nyx,nyx->n", printed, printed) / 255, 1.0)
    return np.asarray(np.einsum("nyx,nyx->n", seen, printed) / full)
