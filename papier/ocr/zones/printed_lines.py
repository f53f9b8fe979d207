"""Ruled lines and frames that the printer has filled in: the printed value, unless a pen was over or beside it."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from papier.forms.layout import Prefill, Zone
from papier.forms.roster_values import ruled_runs
from papier.forms.typefaces import face_path, text_width
from papier.geometry import POINTS_PER_MM, RectMm
from papier.ocr.ink import InkPage
from papier.records import FieldReading, State

# As for handwriting on lines: a stroke of 0.3 mm is two pixels wide.
PIXELS_PER_MM = 6
MARGIN_MM = 1.0
# What registration may leave, and how far toner and a soft scan spread beyond the drawn letters.
SEARCH_MM, SPREAD_MM = 0.7, 0.45
# Of full ink: below it is noise, or what the subtraction of the ruled line left; from half on, letters hang together
# only where they are drawn so.
MIN_STROKE_INK, HALF_INK = 60, 128
# A full stop of a felt pen has 0.8 mm2; a dash of 3 mm has 1.2.
MIN_STROKE_MM2 = 1.0
# Print shows at least with this share of its ink.
MIN_SHOWN = 0.35
# Letters with this many times the ink that the others have, for what is printed, were written over; looked at through
# a window of two letters, where it is filled at least so much.
MAX_OVER, WINDOW_MM, ENOUGH_PRINT = 1.7, 3, 0.7
# A stroke through a word hangs its letters together: this much wider than the widest letter.
MAX_WIDER_MM = 4.0

Ink = npt.NDArray[np.uint8]
Word = tuple[Ink, tuple[slice, slice]]


def read_printed_lines(page: InkPage, zone: Zone, prefill: Prefill, value: str) -> FieldReading:
    """The printed `value` of a field of lines or a typed one; doubtful where the scan shows a pen, or not the print."""
    wide = zone.rect.grown(MARGIN_MM)
    shape = (round(wide.height * PIXELS_PER_MM), round(wide.width * PIXELS_PER_MM))
    ink = page.cut([wide], shape).ink[0]
    try:
        words = _drawn_words(prefill, value, wide, shape)
        reason = _written_over(ink, words)
    except ValueError:
        reason = "the printed value does not show in the scan"
    return FieldReading(
        zone.field,
        zone.kind,
        value,
        State.SURE if reason is None else State.DOUBTFUL,
        0.9999 if reason is None else 0.5,
        read_by="printed",
        rect=zone.rect,
        reason=reason,
        needs_person=reason is not None,
    )


def _drawn_words(prefill: Prefill, value: str, wide: RectMm, shape: tuple[int, int]) -> list[Word]:
    """Each printed word alone, 255 full ink, with its bounds. Raises ValueError where nothing is drawn."""
    words: list[Word] = []
    for line, baseline, size in ruled_runs(prefill, value):
        face = _face(prefill.font, round(size * PIXELS_PER_MM / POINTS_PER_MM, 2))
        y = (baseline - wide.y) * PIXELS_PER_MM
        for at, word in _words(line):
            x = (prefill.x - wide.x + text_width(line[:at], prefill.font, size)) * PIXELS_PER_MM
            picture = Image.new("L", (shape[1], shape[0]))
            ImageDraw.Draw(picture).text((x, y), word, 255, face, anchor="ls")
            drawn = np.asarray(picture, dtype=np.uint8)
            box = picture.getbbox()
            if box is not None:
                words.append((drawn, (slice(box[1], box[3]), slice(box[0], box[2]))))
    if not words:
        raise ValueError(value)
    return words


def _words(line: str) -> list[tuple[int, str]]:
    """The words of a line with where each begins."""
    words, at = [], 0
    for word in line.split(" "):
        if word:
            words.append((at, word))
        at += len(word) + 1
    return words


@lru_cache(maxsize=16)
def _face(font: str, pixels: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(face_path(font)), pixels, layout_engine=ImageFont.Layout.BASIC)


def _written_over(ink: Ink, words: list[Word]) -> str | None:
    """What speaks against the printed words standing alone on their lines, or None."""
    printed = np.asarray(np.max([drawn for drawn, _place in words], axis=0), dtype=np.uint8)
    ink = _aligned(ink, printed)
    spread = 2 * round(SPREAD_MM * PIXELS_PER_MM) + 1
    near = cv2.dilate(printed, np.ones((spread, spread), np.uint8)) > 0
    shown = float(ink[near].sum()) / float(printed.sum())
    if shown < MIN_SHOWN:
        return "the printed value does not show in the scan"
    beside = np.asarray((ink > MIN_STROKE_INK) & ~near, dtype=np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(beside)
    if len(stats) > 1 and stats[1:, cv2.CC_STAT_AREA].max() >= MIN_STROKE_MM2 * PIXELS_PER_MM**2:
        return "something is written beside the printed value"
    if _widest(ink) > _widest(printed) + MAX_WIDER_MM * PIXELS_PER_MM:
        return "a stroke runs through the printed value"
    shares = np.concatenate([_shares(ink, printed, place) for _drawn, place in words])
    if len(shares) and shares.max() > MAX_OVER * float(np.median(shares)):
        return "something is written over the printed value"
    return None


def _shares(ink: Ink, printed: Ink, word: tuple[slice, slice]) -> npt.NDArray[np.float64]:
    """How much ink there is for what is printed, in every window of a word that holds enough of it to say."""
    rows, columns = word
    window = np.ones(WINDOW_MM * PIXELS_PER_MM)
    sums = (part[rows].sum(axis=0, dtype=np.float64) for part in (printed, ink))
    print_mass, ink_mass = (np.convolve(part, window, "same")[columns] for part in sums)
    enough = print_mass > print_mass.max() * ENOUGH_PRINT
    return np.asarray(ink_mass[enough] / print_mass[enough], dtype=np.float64)


def _aligned(ink: Ink, printed: Ink) -> Ink:
    """`ink` moved by up to SEARCH_MM to where it covers the printed words best."""
    reach = round(SEARCH_MM * PIXELS_PER_MM)
    padded = cv2.copyMakeBorder(ink, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
    score = cv2.matchTemplate(padded.astype(np.float32), printed.astype(np.float32), cv2.TM_CCORR)
    _, _, _, (x, y) = cv2.minMaxLoc(score)
    return np.asarray(padded[y : y + ink.shape[0], x : x + ink.shape[1]])


def _widest(ink: Ink) -> int:
    """The width in pixels of the widest thing that hangs together."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(np.asarray(ink > HALF_INK, dtype=np.uint8))
    return int(stats[1:, cv2.CC_STAT_WIDTH].max()) if len(stats) > 1 else 0
