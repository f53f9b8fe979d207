"""Marks that a scan all but lost: pencil that a copier dropped, seen only from how the whole page looks.

Paper, dirt, folds and JPEG leave traces as pale as such marks. What tells them apart is the person's other marks: whose
pen is plainly seen in other boxes of the page left no mark that pale.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from papier.ocr.zones.tick_model import Likelihoods, Look
from papier.ocr.zones.tick_patches import BLACK, BOX_PIXELS, MARGIN, SIDE, Pictures

# A box is looked at from so many pixels within its frame: strokes along the frame hide under it.
INNER = 3
# A bare box holds a mark that the scan lost once in so many, as likelihood against empty.
LOST_MARK = 4e-5
# Looks of which the pen's ink is seen within the box.
MARKS_WITHIN: list[int] = [Look.OPEN, Look.SCRIBBLED, Look.DENSE, Look.DOT]
# Where of a page's marks a tenth cover less than FADED of their boxes' insides, at PALE of black, the scanner or a
# copier loses ink: other marks may be gone altogether. Of 129 simulated pages one was so, in one bit, and marks were
# gone from it indeed; the others stood above 0.145. With fewer marks than FEW_MARKS nobody can tell.
PALE, FADED, FEW_MARKS, FADED_MARK = 0.06, 0.13, 4, 0.01
# From so many marks on that are at least PLAIN_PEN of black, nine in ten of them, the page shows what this person's pen
# leaves. On 415 simulated pages of such pens, office and rough, 240 boxes had a plain trace, and none held a mark: all
# were folds, stains, dirt and what shows through from the back.
MARKS_OF_PEN, PLAIN_PEN = 6, 0.2
# A mark PALER times as dark as those of its page, in its darkest pixels, may be a hair or a shadow, and its box is
# empty with the likelihood STRAY; more for paler ones, up to MOST_STRAY, and less for darker ones, by a power of e in
# so much (STRAY_FALL). Of 19,500 ticked boxes of simulated pages 8 were below 0.5 and 33 below 0.6; of 30 empty ones
# that the network took for marked 21 and 25.
PALER, STRAY, STRAY_FALL, MOST_STRAY = 0.5, 0.05, 0.04, 0.2
# Beside dots and fills, a stroke of the same pen comes out so much paler.
SOLID_MARKS, THINNER = [int(Look.DENSE), int(Look.DOT)], 0.6
# Of two rough pages whose pencil a copier had all but lost, ticked boxes stood out by 8.5 and 3.5 and more, nine in ten
# of them; of the empty ones nine in ten stood below 2.2 and 4.7, and of other pages' as a rule below 3. By each unit it
# becomes likelier by so much, as a power of e, that a mark was lost: from about 3 on a person is asked where several
# boxes of the page show a plain trace, else from 6 on. What is darker than PALEST is no trace: the network judges it.
TRACE_ODDS, MOST_TRACE, QUIETEST, PALEST = 1.2, 6.0, 0.00125, 0.1
PLAIN_TRACE, FEW_TRACES, SHARE_TRACES, LONE_TRACE, COMMON_TRACE = 4.0, 3, 0.05, 2.0, 1.5
# What is AS_DARK as the page's marks, in the median, is seldom what an eraser left, pale as both may be: of 266 boxes
# of drawn pages that were erased one in forty was so, of 732 ticked ones of simulated rough pages, in pencil, that the
# network took for erased with more than 0.05, nine in ten.
AS_DARK, NOT_ERASED = 0.8, 0.02

Floats = npt.NDArray[np.float64]


def find_fading(looks: Likelihoods, cover: Floats) -> bool:
    """True where this page's own marks show that the scan loses them: of some, next to nothing is left.

    Of boxes with nothing printed in them, `cover` (n,): print hides what a mark covers.
    """
    marked = find_marked(looks)
    return int(np.count_nonzero(marked)) >= FEW_MARKS and float(np.quantile(cover[marked], 0.1)) < FADED


def weigh_traces(
    pictures: Pictures, looks: Likelihoods, peaks: npt.NDArray[np.uint8], pale: npt.NDArray[np.bool_]
) -> Floats:
    """How much likelier the trace in each box makes it that a mark was lost there, (n,), 1 where there is none.

    `peaks` (n,): the darkest ink within each box. Among the `pale` boxes a trace weighs less where the others show
    none, as of specks and folds, and more where they do; it weighs nothing where the page's marks are plain.
    """
    if shows_pen(looks, peaks):
        return np.ones(len(pictures))
    traces = find_traces(pictures)
    plain = int(np.count_nonzero(traces[pale] > PLAIN_TRACE))
    common = plain >= FEW_TRACES and plain >= SHARE_TRACES * np.count_nonzero(pale)
    weighed = traces + COMMON_TRACE if common else np.maximum(traces - LONE_TRACE, 0.0)
    return np.asarray(np.exp(TRACE_ODDS * weighed), dtype=np.float64)


def shows_pen(looks: Likelihoods, peaks: npt.NDArray[np.uint8]) -> bool:
    """True where the marks of this page are many and plain enough to say that its person makes no pale ones."""
    marked = find_marked(looks)
    if int(np.count_nonzero(marked)) < MARKS_OF_PEN:
        return False
    return float(np.quantile(peaks[marked], 0.1)) >= PLAIN_PEN * BLACK


def weigh_strays(dark: Floats, looks: Likelihoods) -> Floats:
    """How likely each box (n,) is empty, against marked: another than this page's pen may have made its mark.

    `dark` (n,): how dark it is. 0 where there is no mark, or too few on the page to compare.
    """
    marked = find_marked(looks)
    if int(np.count_nonzero(marked)) < MARKS_OF_PEN:
        return np.zeros(len(looks))
    solid = looks[:, SOLID_MARKS].sum(axis=1) > 0.5 * looks.sum(axis=1)
    usual = max(1.0, float(np.median(dark[marked])))
    thinner = np.where(~solid & (2 * np.count_nonzero(solid) > np.count_nonzero(marked)), THINNER, 1.0)
    paler = PALER - dark / (usual * thinner)
    return np.asarray(np.where(marked, np.minimum(STRAY * np.exp(paler / STRAY_FALL), MOST_STRAY), 0.0))


def find_too_dark(dark: Floats, looks: Likelihoods) -> npt.NDArray[np.bool_]:
    """Which boxes (n,) hold ink as dark as this page's marks, so that nothing was erased there.

    `dark` (n,): how dark it is. None where there are too few marks on the page to compare.
    """
    marked = find_marked(looks)
    if int(np.count_nonzero(marked)) < MARKS_OF_PEN:
        return np.zeros(len(looks), dtype=bool)
    return np.asarray(dark >= AS_DARK * np.median(dark[marked]))


def find_marked(looks: Likelihoods) -> npt.NDArray[np.bool_]:
    """Which boxes (n,) hold ink of the pen, more likely than not."""
    return np.asarray(looks[:, MARKS_WITHIN].sum(axis=1) > 0.5 * looks.sum(axis=1))


def find_traces(pictures: Pictures) -> Floats:
    """How far the darkest twentieth of each box's inside stands out from its shading, (n,), 0 to MOST_TRACE.

    In units of the quieter quarter of the page's boxes. Shading is what a parabola fitted to the inside takes away.
    """
    inside = slice(MARGIN + INNER, SIDE - MARGIN - INNER)
    side = BOX_PIXELS - 2 * INNER
    scanned = np.ascontiguousarray(pictures[:, 0]).reshape(-1, SIDE).astype(np.float32)
    smooth = cv2.blur(scanned, (3, 3)).reshape(-1, SIDE, SIDE)[:, inside, inside].reshape(len(pictures), -1)
    rest = smooth @ _without_shading(side)
    unrest = np.sqrt((rest**2).mean(axis=1))
    quiet = max(float(np.quantile(unrest, 0.25)), QUIETEST * BLACK)
    peak = np.partition(rest, round(0.96 * side * side), axis=1)[:, round(0.96 * side * side)]
    return np.asarray(np.clip(peak / quiet, 0.0, MOST_TRACE), dtype=np.float64)


@lru_cache(maxsize=1)
def _without_shading(side: int) -> npt.NDArray[np.float32]:
    """What takes a fitted parabola from `side` × `side` pixels in one row: (side², side²)."""
    y, x = (axis.ravel() for axis in np.mgrid[:side, :side] / side - 0.5)
    shades = np.column_stack([np.ones(side * side), x, y, x * x, y * y, x * y])
    return np.asarray(np.eye(side * side) - shades @ np.linalg.pinv(shades), dtype=np.float32)
