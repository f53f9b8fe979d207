"""Ink on a sheet: what a scan shows beyond the paper and the printed face.

Ink is 0 where there is bare paper and 255 where there is as much black as the page has anywhere, whatever the tint of
the paper, the shade over it or the scanner's contrast. Under solid print nothing can be known; `known` says where.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from papier.geometry import RectMm
from papier.ocr.print_patches import PrintedFace, print_patches
from papier.ocr.scan import GreyImage, RegisteredPage

Ink = npt.NDArray[np.uint8]  # shape (n, height, width), 255 = full ink
Known = npt.NDArray[np.bool_]  # shape (n, height, width), False under solid print
Floats = npt.NDArray[np.float32]

# One sample a millimetre shows shadows and stains, and costs less than a millisecond for an A4 page.
TONE_STEP = 1.0
# The scan is halved until it is at most this much finer than that.
TONE_FINENESS = 4.0
# Paper within this many millimetres of any point is bare somewhere: no print or handwriting is that dense.
BARE_PAPER_REACH = 9
# A page has at least its corner marks, a six-hundredth of its area, in full black.
BLACK_SHARE = 0.0015
# Black is never taken to be lighter than this share of the paper, or a blank page would be all contrast.
MAX_BLACK = 0.45
# In a patch, more than 30 % is bare paper, except where a box is blackened wholly and the pen left its frame.
BARE_PERCENTILE = 75
# A patch darker than its surroundings by more than this is covered with ink; by less, it lies in a stain or a shadow.
MAX_LOCAL_SHADE = 0.78
# Scanners and JPEG make paper noisy: this many standard deviations are cut off, within the two limits.
NOISE_SIGMAS, MIN_NOISE_FLOOR, MAX_NOISE_FLOOR = 2.5, 0.03, 0.10
# The face is printed in a few greys; scanners drop light ones. Above the limit a grey counts as black print.
DARK_PRINT = 0.55
# Print that shows in the scan with less than this share of its darkness was dropped.
LOST_PRINT = 0.12
# Faint strokes are looked for where no print is, smoothed over half a millimetre and more, among the darkest pixels of
# a patch's middle: a stroke covers more than three in a hundred of them. Paper is never more even than the spread.
TRACE_OF_PRINT, SMOOTHING, FAINT_PERCENTILE, MIN_SPREAD = 0.02, 5, 96, 0.004
# Blank cells of ordinary scans lie about 0.5 and below 2; pencil that a photocopier all but lost lies at 4 and 5; so do
# some stains and what shows through from the back.
FAINT = 3.0
# Print that shows with less than this share of its darkness is not seen. In a patch of which less than PLACED is seen,
# the face and the scan are apart, and nothing there is certain: ordinary scans keep 0.76 and more, real ones too.
LEAST_OF_PRINT, PLACED = 0.4, 0.7
# Where print is expected to be this dark, ink and print cannot be told apart.
UNKNOWABLE = 0.55


@dataclass(frozen=True)
class PageTone:
    """The greys of one scanned page. `paper`: its level at every millimetre of the sheet; `black`: full ink."""

    paper: Floats
    black: float
    two_level: bool

    def paper_at(self, rects: Sequence[RectMm]) -> Floats:
        """Paper level around the centres of `rects`, shape (n,)."""
        rows, columns = self.paper.shape
        centres = np.array([rect.centre for rect in rects], dtype=np.float64).reshape(-1, 2) / TONE_STEP
        x = np.clip(centres[:, 0].astype(int), 0, columns - 1)
        y = np.clip(centres[:, 1].astype(int), 0, rows - 1)
        return np.asarray(self.paper[y, x], dtype=np.float32)


@dataclass(frozen=True)
class InkPatches:
    """Ink of a batch of rectangles, as in the module's docstring; `noise`: what was cut off as noise, 0 to 1.

    `faint` (n,): how far the middle of each patch stands out from even paper, smoothed, in standard deviations of this
    page's paper: noise reaches 2 to 3; ink that is too faint to be in `ink` exceeds FAINT. `placed` (n,): the share of
    the patch's print that is seen where it should be, 1 where there is none; little of it is seen where the paper is
    cut off, covered, or bent beyond what registration found.
    """

    ink: Ink
    known: Known
    noise: float
    faint: Floats
    placed: Floats


def measure_tone(page: RegisteredPage) -> PageTone:
    """Paper level and black of a page, from one sample a millimetre."""
    width, height = page.size_mm
    shape = (max(8, round(height / TONE_STEP)), max(8, round(width / TONE_STEP)))
    # Bends of a millimetre are nothing to shadows and stains.
    sample = page.lay_flat(shape, TONE_FINENESS)
    reach = np.ones((BARE_PAPER_REACH, BARE_PAPER_REACH), np.uint8)
    paper = cv2.dilate(cv2.medianBlur(sample, 3), reach)
    smooth = np.asarray(cv2.blur(paper, (BARE_PAPER_REACH, BARE_PAPER_REACH)), dtype=np.uint8)
    typical = _darkest(_count_greys(smooth), 0.5)
    # Of single pixels of the scan: averaged ones of thin print are never black.
    greys = _count_greys(page.lay_flat(shape, float("inf"), averaged=False))
    black = min(_darkest(greys, BLACK_SHARE), MAX_BLACK * typical)
    level = np.maximum(smooth.astype(np.float32), np.float32(0.35 * typical))
    return PageTone(level, black, two_level=bool(np.count_nonzero(greys) <= 2))


def _count_greys(pixels: GreyImage) -> npt.NDArray[np.int_]:
    """How many pixels have each grey, (256,)."""
    return np.bincount(pixels.ravel(), minlength=256)


def _darkest(greys: npt.NDArray[np.int_], share: float) -> float:
    """The grey that such a share of the pixels, the darkest ones, do not exceed."""
    return float(np.searchsorted(np.cumsum(greys), share * greys.sum()))


@dataclass(frozen=True)
class InkPage:
    """A registered page as ink: the scan, less its paper, less its printed face."""

    page: RegisteredPage
    face: PrintedFace
    tone: PageTone

    @classmethod
    def of(cls, page: RegisteredPage, face: PrintedFace) -> InkPage:
        return cls(page, face, measure_tone(page))

    def cut(self, rects: Sequence[RectMm], shape: tuple[int, int]) -> InkPatches:
        """The ink in each of `rects`, see `read_ink`."""
        return read_ink(self, rects, shape)


def read_ink(page: InkPage, rects: Sequence[RectMm], shape: tuple[int, int]) -> InkPatches:
    """The ink in each of `rects`, resampled to `shape` (height, width).

    All of one call share the noise level and the density of the print, so that one kind of zone goes in one call.
    """
    if not rects:
        return InkPatches(
            np.empty((0, *shape), np.uint8),
            np.empty((0, *shape), bool),
            0.0,
            np.empty(0, np.float32),
            np.empty(0, np.float32),
        )
    darkness, noise = _darkness(page.page.cut(rects, shape), page.tone, rects)
    printed = print_patches(page.face, tuple(rects), shape)
    if printed is None:
        everywhere = np.ones(len(rects), np.float32)
        return InkPatches(
            _finish(darkness, noise), np.ones(darkness.shape, bool), noise, _faintness(darkness), everywhere
        )
    core, cover = printed.shifted(printed.find_shifts(darkness))
    around = _darkest_around(darkness)
    response = _print_response(around, core, page.tone.two_level)
    expected = _looked_up(cover, response)
    known = expected < UNKNOWABLE
    faint = _faintness(np.where(expected < TRACE_OF_PRINT, darkness, 0))
    remaining = np.clip((darkness - expected) / np.maximum(1 - expected, 1 - UNKNOWABLE), 0, 1)
    remaining = np.where(known, remaining, 0)
    ink = _bridged(_finish(np.asarray(remaining, dtype=np.float32), noise), known)
    return InkPatches(ink, known, noise, faint, _placed(around, core, response))


def _looked_up(patches: npt.NDArray[np.uint8], table: Floats) -> Floats:
    """`table` (256,) at each pixel."""
    return np.asarray(cv2.LUT(patches.reshape(-1, patches.shape[2]), table), dtype=np.float32).reshape(patches.shape)


def _darkest_around(darkness: Floats) -> Floats:
    """The darkest of each pixel's neighbourhood: a thin line half a pixel off is as dark as one in its place."""
    tall = darkness.reshape(-1, darkness.shape[2])
    return np.asarray(cv2.dilate(tall, np.ones((3, 3), np.uint8)), dtype=np.float32).reshape(darkness.shape)


def _darkness(patches: GreyImage, tone: PageTone, rects: Sequence[RectMm]) -> tuple[Floats, float]:
    """Darkness against the paper around, 0 to 1 and a little noise below 0; and the noise floor."""
    around = tone.paper_at(rects)
    sample = patches[:, ::2, ::2].reshape(len(patches), -1)
    rank = sample.shape[1] * BARE_PERCENTILE // 100
    local = np.partition(sample, rank, axis=1)[:, rank].astype(np.float32)
    paper = np.maximum(local, MAX_LOCAL_SHADE * around)
    scale = 1 / np.maximum(paper - tone.black, 30)
    darkness = (paper[:, None, None] - patches.astype(np.float32)) * scale[:, None, None]
    bare = darkness[:, ::3, ::3]
    bare = bare[np.abs(bare) < 0.15]
    spread = 1.4826 * float(np.median(np.abs(bare - np.median(bare)))) if bare.size else 0.0
    return np.clip(darkness, -1, 1).astype(np.float32), float(
        np.clip(NOISE_SIGMAS * spread, MIN_NOISE_FLOOR, MAX_NOISE_FLOOR)
    )


def _placed(around: Floats, core: npt.NDArray[np.uint8], response: Floats) -> Floats:
    """See `InkPatches.placed`. `around`: as `_darkest_around` gives it."""
    telling = (np.arange(256) > DARK_PRINT * 255) & (response > LOST_PRINT)
    # Nothing is as dark as what is asked of a pixel without print.
    asked = _looked_up(core, np.where(telling, LEAST_OF_PRINT * response, 9.0).astype(np.float32))
    count = np.count_nonzero(asked < 9, axis=(1, 2))
    seen = np.count_nonzero(around > asked, axis=(1, 2))
    return np.where(count > 0, seen / np.maximum(count, 1), 1.0).astype(np.float32)


def _faintness(darkness: Floats) -> Floats:
    """See `InkPatches.faint`. `darkness` is 0 where print is."""
    height, width = darkness.shape[1:]
    smooth = cv2.blur(np.asarray(darkness, dtype=np.float32).reshape(-1, width), (SMOOTHING, SMOOTHING))
    middle = smooth.reshape(darkness.shape)[:, height // 5 : -height // 5, width // 5 : -width // 5]
    flat = middle[:, ::2, ::2].reshape(len(darkness), -1)
    half, most = flat.shape[1] // 2, flat.shape[1] * FAINT_PERCENTILE // 100
    ranked = np.partition(flat, (half, most), axis=1)
    deviations = np.abs(flat - ranked[:, half : half + 1])
    spread = max(MIN_SPREAD, 1.4826 * float(np.median(deviations)))
    return np.asarray((ranked[:, most] - ranked[:, half]) / spread, dtype=np.float32)


def _finish(remaining: Floats, noise: float) -> Ink:
    return np.asarray(np.clip((remaining - noise) * (255 / (1 - noise)), 0, 255), dtype=np.uint8)


def _print_response(around: Floats, core: npt.NDArray[np.uint8], two_level: bool) -> Floats:
    """What each darkness of the face (0 to 255) looks like on this scan, 0 to 1: a table of 256.

    Measured where print stands, from the darkness `around` each pixel; the lower half of what is seen there is print
    without a pen over it.
    """
    response = np.arange(256, dtype=np.float32) / 255
    sampled, seen = core[:, ::2, ::2].ravel(), around[:, ::2, ::2].ravel()
    dark = sampled > DARK_PRINT * 255
    light = (sampled > 20) & ~dark
    for chosen, levels in ((dark, response > DARK_PRINT), (light, response <= DARK_PRINT)):
        if np.count_nonzero(chosen) < 20:
            continue
        gain = float(np.percentile(seen[chosen] * 255 / sampled[chosen], 40))
        response[levels] *= np.clip(gain, 0, 1.25) if gain > LOST_PRINT else 0
    response = np.minimum(response, 1)
    if two_level:
        # A 1-bit scan shows grey print as black dots, here and there.
        response[response > LOST_PRINT] = 1
    response[:8] = 0
    return response.astype(np.float32)


def _bridged(ink: Ink, known: Known) -> Ink:
    """Ink under solid print, guessed from the pixels around it, so that strokes cross a frame without a gap."""
    if known.all():
        return ink
    width = ink.shape[2]
    tall = ink.reshape(-1, width)
    weight = cv2.blur(known.reshape(-1, width).astype(np.float32), (5, 5))
    total = cv2.blur(tall.astype(np.float32), (5, 5))
    filled = total / np.maximum(weight, 0.04)
    return np.where(known, ink, np.clip(filled, 0, 255).reshape(ink.shape)).astype(np.uint8)
