"""What a box and its surroundings look like: the pictures that the model of ticks judges.

A picture is SIDE × SIDE pixels, BOX_PIXELS of them the box's own width and height, in three layers: how dark the scan
is, how dark the blank form is there, and where other boxes lie. Print is not subtracted: what of it a shifted, faded or
stained scan still shows is better judged by whoever sees both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from papier.forms.layout import Zone
from papier.geometry import RectMm
from papier.ocr.correlation import Templates
from papier.ocr.ink import InkPage
from papier.ocr.print_patches import PrintedFace
from papier.ocr.scan import RegisteredPage

# A box of 4.5 mm is seen at 100 dpi, and more than a box's width around it: a mark may start there.
BOX_PIXELS: Final = 18
SIDE: Final = 64
MARGIN: Final = (SIDE - BOX_PIXELS) // 2
# Bytes of full black: ink may be darker than the print that the page's black was measured on.
BLACK: Final = 200

# Crumpled paper is up to this many pixels (a millimetre) off its registration. Boxes that lie within a few millimetres
# are off alike; those further away count half a box together, lest one heavy mark beside a lone box be taken for its
# frame. On simulated crumpled pages 99 % of the boxes were within 1.12 mm before and 0.37 mm after.
REACH: Final = 4
ALIKE_MM, AROUND_MM, AROUND = 4.0, 25.0, 0.5
# Frames and words within so much of a picture's rim are not compared; a pixel further must match this much better.
RIM = 12
NEARER = 0.02

Pictures = npt.NDArray[np.uint8]  # (n, 3, SIDE, SIDE); 0 paper or nothing, BLACK as dark as print, 255 the limit

# In a picture at least this share is bare paper, unless a box and all around it are blackened.
BARE_PERCENTILE = 75
# A picture darker than its surroundings by more than this is covered with ink; by less, it lies in a stain or shadow.
MAX_LOCAL_SHADE = 0.78


def take_pictures(page: InkPage, zones: Sequence[Zone]) -> Pictures:
    """The picture of every box, in order; bent paper is followed as far as the print shows its bend."""
    if not zones:
        return np.empty((0, 3, SIDE, SIDE), np.uint8)
    rects = [surroundings(zone.rect) for zone in zones]
    wide = [surroundings(zone.rect, REACH) for zone in zones]
    full = SIDE + 2 * REACH
    scanned = page.page.cut(wide, (full, full), halvings=_halvings(page.page, zones))
    around = page.tone.paper_at(rects)
    sample = scanned[:, REACH:-REACH:3, REACH:-REACH:3].reshape(len(zones), -1)
    rank = sample.shape[1] * BARE_PERCENTILE // 100
    paper = np.maximum(np.partition(sample, rank, axis=1)[:, rank], MAX_LOCAL_SHADE * around)
    scale = (BLACK / np.maximum(paper - page.tone.black, 30)).astype(np.float32)
    dark = (paper.astype(np.float32)[:, None, None] - scanned) * scale[:, None, None]
    dark = np.clip(dark, 0, 255).astype(np.uint8)
    pictures = np.empty((len(zones), 3, SIDE, SIDE), np.uint8)
    blank = _blank_form(page.face, tuple(zone.rect for zone in zones))
    pictures[:, 1], pictures[:, 2] = blank.printed, blank.others
    for i, (x, y) in enumerate(_find_shifts(dark, blank).tolist()):
        pictures[i, 0] = dark[i, REACH + y : REACH + y + SIDE, REACH + x : REACH + x + SIDE]
    return pictures


def _find_shifts(dark: npt.NDArray[np.uint8], blank: _BlankForm) -> npt.NDArray[np.int_]:
    """How far (x, y) the print of each picture lies from where it should, in pixels up to REACH, shape (n, 2).

    `dark` (n, SIDE + 2 REACH, …) is compared with the blank form; boxes that lie close together are displaced alike and
    vote together, which no single mark of a pen outvotes.
    """
    span = 2 * REACH + 1
    surfaces = blank.templates.correlate(np.ascontiguousarray(dark[:, RIM:-RIM, RIM:-RIM]))
    pooled = blank.votes @ surfaces.reshape(len(dark), -1)
    # The nearer of two equal matches: displacements are small.
    at = np.arange(span) - REACH
    pooled *= (1 - NEARER * np.hypot(at[:, None], at[None])).ravel()
    best = np.where(pooled.max(axis=1) > 0, pooled.argmax(axis=1), span * span // 2)
    return np.column_stack([best % span, best // span]) - REACH


def surroundings(rect: RectMm, more: int = 0) -> RectMm:
    """What the picture of a box shows, with so many pixels `more` on each side."""
    margin, side = (MARGIN + more) / BOX_PIXELS, (SIDE + 2 * more) / BOX_PIXELS
    return RectMm(
        rect.x - margin * rect.width,
        rect.y - margin * rect.height,
        rect.width * side,
        rect.height * side,
    )


def _halvings(page: RegisteredPage, zones: Sequence[Zone]) -> int:
    """How often the scan is halved so that the pictures' pixels are at most twice as large as its own."""
    size = float(np.median([zone.rect.width for zone in zones]))
    x, y = zones[0].rect.centre
    ends = page.to_scan([[x - size / 2, y], [x + size / 2, y]])
    ratio = float(np.hypot(*(ends[1] - ends[0]))) / BOX_PIXELS
    return int(np.clip(np.floor(np.log2(max(ratio, 1.0) * 1.1)), 0, 3))


@dataclass(frozen=True, eq=False)
class _BlankForm:
    """What the pictures of some boxes share on every page: the blank form and the other boxes, each (n, SIDE, SIDE).

    `templates`: what of the print is looked for; `votes` (n, n): what the match of each box weighs for each other.
    """

    printed: npt.NDArray[np.uint8]
    others: npt.NDArray[np.uint8]
    templates: Templates
    votes: npt.NDArray[np.float32]


@lru_cache(maxsize=48)
def _blank_form(face: PrintedFace, rects: tuple[RectMm, ...]) -> _BlankForm:
    # Cut twice as fine and averaged: hairlines must not fall between the samples.
    fine = face.cut([surroundings(rect) for rect in rects], (2 * SIDE, 2 * SIDE))
    light = fine.reshape(len(rects), SIDE, 2, SIDE, 2).mean(axis=(2, 4))
    printed = ((255 - light) * BLACK / 255).astype(np.uint8)
    centres = np.array([rect.centre for rect in rects])
    apart = ((centres[:, None] - centres[None]) ** 2).sum(axis=2)
    around = np.exp(-apart / (2 * AROUND_MM**2))
    votes = np.exp(-apart / (2 * ALIKE_MM**2)) + AROUND * around / around.sum(axis=1, keepdims=True)
    templates = Templates.of(printed[:, RIM:-RIM, RIM:-RIM])
    return _BlankForm(printed, _other_boxes(rects), templates, votes.astype(np.float32))


def _other_boxes(rects: Sequence[RectMm]) -> npt.NDArray[np.uint8]:
    """Where other boxes lie in the picture of each, (n, SIDE, SIDE)."""
    places = np.array([[rect.x, rect.y, rect.right, rect.bottom] for rect in rects])
    others = np.zeros((len(rects), SIDE, SIDE), np.uint8)
    for i, rect in enumerate(rects):
        size = np.array([rect.width, rect.height] * 2)
        within = (places - np.array([rect.x, rect.y] * 2)) / size * BOX_PIXELS + MARGIN
        near = (within[:, 2] > 0) & (within[:, 3] > 0) & (within[:, 0] < SIDE) & (within[:, 1] < SIDE)
        near[i] = False
        for x1, y1, x2, y2 in np.clip(np.round(within[near]), 0, SIDE).astype(int).tolist():
            others[i, y1:y2, x1:x2] = BLACK
    return others
