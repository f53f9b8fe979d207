"""How often the two printed numbers of a sheet are read, refused or misread: the measurement of `sheet_numbers.md`.

    PYTHONPATH=. python -m benchmarks.sheet_numbers [--sheets 1000] [--seed 21] [--profiles office rough …]

Prints sheets no larger than their marks and numbers, lets the simulator scan them, and reads them as the product does.
Each number lies as far off its place as it would on an A4 sheet bent and pulled under the same conditions, laid by its
four corner marks with an error of 0.25 mm. A profile is the simulator's, `office` or `rough`, or one with its
resolution and mode fixed: `rough:150:bilevel`. Every scan has a random source of its own, so that `--only N` shows it
again. Every fourth is also read under the key of another office, which must refuse it.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from benchmarks.scoring import at_most
from papier.forms.frame import NUMBER_ADVANCE_EM, NUMBER_FONT_SIZE, page_frame
from papier.forms.sheet_number import MAX_SERIAL, SheetNumbers, print_number
from papier.forms.typefaces import face_path
from papier.geometry import MM_PER_INCH, POINTS_PER_MM, FloatArray, RectMm, Transform
from papier.ocr.identification import identify
from papier.ocr.scan import RegisteredPage, ScannedPage
from simulator.bending import place_on_glass
from simulator.conditions import Conditions, Mode, draw_conditions
from simulator.printer import Paper, lay_toner
from simulator.scanner import decoded_grey, scan

# Room for both numbers with their marks, and what is searched around them.
SIZE_MM = (76.0, 32.0)
A4_MM = (210.0, 297.0)
# What corner marks alone leave: standard deviation in millimetres, each of x and y, the same all over the sheet.
REGISTRATION_ERROR = 0.25
NUMBERS = SheetNumbers(b"the key of a measurement")
FOREIGN = SheetNumbers(b"the key of the office next door")
FOREIGN_EVERY = 4
# Drawn so much finer than printed.
FINE = 4
# What befalls the numbers, and how often.
DAMAGES = {
    "none": 0.4,
    "pen strokes across both": 0.25,
    "one cut off or blacked out": 0.1,
    "one gone, strokes across the other": 0.1,
    "a part of both cut off or blacked out": 0.05,
    "both scribbled over": 0.05,
    "the two numbers of two sheets": 0.05,
}
PROGRESS_EVERY = 5000
Pixels = npt.NDArray[np.uint8]
Place = Callable[[float, float], tuple[int, int]]  # millimetres of the form to pixels of the paper


@dataclass(frozen=True)
class Case:
    """A registered page, the sheet numbers and the page printed on it, and what befell it."""

    page: RegisteredPage
    numbers: tuple[str, ...]
    page_number: int
    damage: str


def draw_case(profile: str, rng: np.random.Generator) -> Case:
    """Print, damage, scan and register one sheet under conditions drawn from `profile`."""
    name, *fixed = profile.split(":")
    conditions = draw_conditions(name, rng)
    # A punch does not reach the numbers; colour, which papier turns to grey, costs most of the time.
    mode: Mode = "bilevel" if conditions.mode == "bilevel" else "grey"
    conditions = dataclasses.replace(conditions, holes=False, mode=mode)
    if fixed:
        conditions = dataclasses.replace(conditions, dpi=int(fixed[0]), mode=cast(Mode, fixed[1]))
    damage = str(rng.choice(list(DAMAGES), p=list(DAMAGES.values())))
    serials = rng.choice(MAX_SERIAL, 2 if "two sheets" in damage else 1, replace=False).tolist()
    numbers, page_number = tuple(map(NUMBERS.make, serials)), int(rng.integers(1, 5))
    dpi, factor = conditions.paper_dpi, conditions.print_factor
    origin = ((1 - factor) / 2 * SIZE_MM[0], (1 - factor) / 2 * SIZE_MM[1])
    clean = draw_sheet([print_number(number, page_number) for number in (numbers[0], numbers[-1])], dpi, origin, factor)
    pixels = lay_toner(clean, dpi, conditions.toner, rng)
    _damage(pixels, dpi, origin, factor, damage, rng)
    image = scan([Paper(pixels, dpi, origin, factor, tint=conditions.toner.tint)], conditions, rng)
    # The two ends of each number.
    true = _ends(SIZE_MM)
    believed = true + _misplaced(conditions, rng) + rng.normal(0, REGISTRATION_ERROR, 2)
    matrix = cv2.getPerspectiveTransform(believed.astype(np.float32), image.to_scan(true).astype(np.float32))
    scanned = ScannedPage("simulated", 1, decoded_grey(image), float(conditions.dpi))
    return Case(RegisteredPage(scanned, SIZE_MM, Transform(matrix.astype(np.float64))), numbers, page_number, damage)


def draw_sheet(texts: Sequence[str], dpi: float, origin: tuple[float, float], factor: float) -> Pixels:
    """A sheet of SIZE_MM with its marks and two numbers, printed from `origin` at `factor`; 0 black."""
    per_mm = dpi / MM_PER_INCH
    image = np.full((round(SIZE_MM[1] * per_mm), round(SIZE_MM[0] * per_mm)), 255, np.uint8)
    frame = page_frame(*SIZE_MM)
    pitch = NUMBER_FONT_SIZE * NUMBER_ADVANCE_EM / POINTS_PER_MM * per_mm * factor * FINE
    size = round(NUMBER_FONT_SIZE / POINTS_PER_MM * per_mm * factor * FINE)
    for mark in frame.marks:
        x, y = (round((o + factor * v) * per_mm) for o, v in zip(origin, (mark.x, mark.y), strict=True))
        side = round(mark.width * factor * per_mm)
        image[y : y + side, x : x + side] = 0
    for box, text in zip(frame.numbers, texts, strict=True):
        left, top = ((o + factor * (v - 2)) * per_mm for o, v in zip(origin, (box.x, box.y), strict=True))
        column, row = int(left), int(top)
        width, height = int((box.width + 4) * per_mm), int((box.height + 4) * per_mm)
        canvas = np.full((height * FINE, width * FINE), 255, np.uint8)
        # Where the first glyph's advance box begins, and the baseline.
        x, y = (2 * factor * per_mm + left - column) * FINE, ((2 + box.height) * factor * per_mm + top - row) * FINE
        for place, character in enumerate(text):
            glyph, (dx, dy) = _glyph(size, character)
            at_x, at_y = round(x + place * pitch) + dx, round(y) + dy
            part = canvas[at_y : at_y + glyph.shape[0], at_x : at_x + glyph.shape[1]]
            np.minimum(part, glyph, out=part)
        image[row : row + height, column : column + width] = cv2.resize(
            canvas, (width, height), interpolation=cv2.INTER_AREA
        )
    return image


@lru_cache(maxsize=2048)
def _glyph(pixels: int, character: str) -> tuple[Pixels, tuple[int, int]]:
    """One glyph, 0 black, and where its top left lies from the start of the baseline."""
    font = _font(pixels)
    left, top, right, bottom = (int(edge) for edge in font.getbbox(character, anchor="ls"))
    canvas = Image.new("L", (right - left + 2, bottom - top + 2), 255)
    ImageDraw.Draw(canvas).text((1 - left, 1 - top), character, font=font, fill=0, anchor="ls")
    return np.array(canvas), (left - 1, top - 1)


@lru_cache(maxsize=128)
def _font(pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(face_path("number")), pixels)


def _ends(size_mm: tuple[float, float]) -> FloatArray:
    """The ends of the middle lines of both numbers of a sheet, (4, 2) millimetres, clockwise from the top left."""
    first, last = page_frame(*size_mm).numbers
    middles = [(box.y + box.bottom) / 2 for box in (first, last)]
    return np.array([[first.x, middles[0]], [first.right, middles[0]], [last.right, middles[1]], [last.x, middles[1]]])


def _misplaced(conditions: Conditions, rng: np.random.Generator) -> FloatArray:
    """How far the ends of the numbers lie off on an A4 sheet that was registered by its marks, (4, 2) millimetres."""
    width, height = A4_MM
    placed = place_on_glass(A4_MM, (width / 2, height / 2), conditions, rng)
    corners = np.array([[10.5, 10.5], [width - 10.5, 10.5], [width - 10.5, height - 10.5], [10.5, height - 10.5]])
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), placed.to_scan(corners).astype(np.float32))
    ends = _ends(A4_MM)
    believed = Transform(np.linalg.inv(matrix.astype(np.float64))).apply(placed.to_scan(ends))
    return np.asarray(believed - ends)


def _damage(
    pixels: Pixels, dpi: float, origin: tuple[float, float], factor: float, damage: str, rng: np.random.Generator
) -> None:
    boxes = page_frame(*SIZE_MM).numbers
    per_mm = dpi / MM_PER_INCH

    def place(x: float, y: float) -> tuple[int, int]:
        return round((origin[0] + factor * x) * per_mm), round((origin[1] + factor * y) * per_mm)

    if "cut off" in damage or "gone" in damage:
        both = "both" in damage
        for box in boxes if both else [boxes[int(rng.integers(2))]]:
            # From either end, or what is left at either end would always be the same characters.
            hidden = box.grown(1.5)
            width = rng.uniform(0.2, 0.7) if both else rng.uniform(0.3, 1.0)
            left = hidden.x if rng.random() < 0.5 else hidden.right - width * hidden.width
            colour = 255 if rng.random() < 0.7 else int(rng.integers(0, 80))
            ends = place(left, hidden.y), place(left + width * hidden.width, hidden.bottom)
            cv2.rectangle(pixels, *ends, colour, -1)
    if "strokes" in damage or "scribbled" in damage:
        least, most = (8, 30) if "scribbled" in damage else (1, 5)
        for box in boxes:
            for _ in range(int(rng.integers(least, most + 1))):
                _stroke(pixels, box, place, per_mm, rng)


def _stroke(pixels: Pixels, box: RectMm, place: Place, per_mm: float, rng: np.random.Generator) -> None:
    start = box.x + rng.uniform(0, box.width)
    ends = (
        place(start, box.y - rng.uniform(0, 2)),
        place(start + rng.normal(0, 4), box.bottom + rng.uniform(0, 2)),
    )
    thickness = max(1, round(rng.uniform(0.3, 0.8) * per_mm))
    cv2.line(pixels, *ends, int(rng.integers(0, 120)), thickness, cv2.LINE_AA)


def source_of(profile: str, seed: int, index: int) -> np.random.Generator:
    """The random source of one scan."""
    return np.random.default_rng([seed, index, *profile.encode()])


def measure(profile: str, sheets: int, seed: int) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    pages: Counter[str] = Counter()
    corrections, began = 0, time.process_time()
    for index in range(sheets):
        case = draw_case(profile, source_of(profile, seed, index))
        found = identify(case.page, NUMBERS)
        right = found.number in case.numbers
        verdict = "refused" if found.number is None else "read" if right else "WRONG"
        counts[case.damage, verdict] += 1
        if verdict == "WRONG":
            print(f"WRONG: {profile} --seed {seed} --only {index}: {case.numbers} read {found.number}", flush=True)
        if right:
            corrections += found.corrections
            pages["unclear" if found.page is None else "right" if found.page == case.page_number else "wrong"] += 1
        if index % FOREIGN_EVERY == 0:
            refused = identify(case.page, FOREIGN).number is None
            counts["under another office's key", "refused" if refused else "WRONG"] += 1
        if index % PROGRESS_EVERY == PROGRESS_EVERY - 1:
            wrong = sum(count for (_, verdict), count in counts.items() if verdict == "WRONG")
            seconds = time.process_time() - began
            print(f"  {profile}: {index + 1} scans, {wrong} wrong, {seconds:.0f} s of processor time", flush=True)
    for damage in (*DAMAGES, "under another office's key"):
        of_kind = {verdict: counts[damage, verdict] for verdict in ("read", "refused", "WRONG")}
        total = sum(of_kind.values())
        share = of_kind["refused"] / max(1, total)
        print(
            f"| {profile} | {damage} | {total:,} | {of_kind['refused']:,} ({share:.2%}) | {of_kind['WRONG']} |",
            flush=True,
        )
    own = sum(count for (damage, _), count in counts.items() if damage in DAMAGES)
    wrong = sum(count for (damage, verdict), count in counts.items() if damage in DAMAGES and verdict == "WRONG")
    print(
        f"  {profile}: {own:,} scans, {wrong} attributed to a wrong number (95 %: at most "
        f"{1e5 * at_most(wrong, own):.1f} in 100,000); pages {dict(pages)}, "
        f"{corrections / max(1, sum(pages.values())):.2f} characters mended a sheet",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sheets", type=int, default=1000, help="scans a profile")
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--profiles", nargs="+", default=["office", "rough"])
    parser.add_argument(
        "--only", type=int, help="write this scan of the first profile to number.png and say what is read"
    )
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    if arguments.only is not None:
        profile = arguments.profiles[0]
        case = draw_case(profile, source_of(profile, arguments.seed, arguments.only))
        cv2.imwrite(str(Path("number.png")), case.page.scan.pixels)
        print(case.numbers, case.page_number, case.damage, identify(case.page, NUMBERS))
        return
    for profile in arguments.profiles:
        measure(profile, arguments.sheets, arguments.seed)


if __name__ == "__main__":
    main()
