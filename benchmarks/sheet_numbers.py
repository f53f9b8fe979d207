"""How often the two printed numbers of a sheet are read, refused or misread: the measurement of `sheet_numbers.md`.

`PYTHONPATH=. python benchmarks/sheet_numbers.py [CASES] [PROFILE…]` prints small sheets that bear nothing but their
numbers, lets the simulator scan them, lays the page by the true places of its four corners (bends and stretch remain,
as after registration by corner marks) with an error of 0.25 mm, and reads. About every third sheet has been written
over, every tenth has one number cut off or blacked out. A profile is the simulator's, `office` or `rough`, or one with
its resolution and mode fixed: `rough:150:bilevel`.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from papier.forms.frame import NUMBER_ADVANCE_EM, NUMBER_FONT_SIZE, page_frame
from papier.forms.sheet_number import MAX_SERIAL, SheetNumbers, print_number
from papier.forms.typefaces import face_path
from papier.geometry import MM_PER_INCH, POINTS_PER_MM, Transform
from papier.ocr.identification import identify
from papier.ocr.scan import RegisteredPage, ScannedPage
from simulator.conditions import Mode, draw_conditions
from simulator.printer import Paper, lay_toner
from simulator.scanner import decoded_grey, scan

SIZE_MM = (148.0, 105.0)
# What corner marks alone leave: standard deviation in millimetres, each of x and y, the same all over the sheet.
REGISTRATION_ERROR = 0.25
NUMBERS = SheetNumbers(b"the key of a measurement")
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Case:
    """A registered page, what is printed on it, and what befell it."""

    page: RegisteredPage
    number: str
    page_number: int
    damage: str


@lru_cache(maxsize=8)
def _font(pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(face_path("number")), pixels)


def draw_numbers(text: str, dpi: float) -> Pixels:
    """A sheet of SIZE_MM with the two numbers at their places, 0 black."""
    fine = 4
    per_mm = dpi / MM_PER_INCH
    image = np.full((round(SIZE_MM[1] * per_mm), round(SIZE_MM[0] * per_mm)), 255, np.uint8)
    pitch = NUMBER_FONT_SIZE * NUMBER_ADVANCE_EM / POINTS_PER_MM * per_mm * fine
    font = _font(round(NUMBER_FONT_SIZE / POINTS_PER_MM * per_mm * fine))
    for box in page_frame(*SIZE_MM).numbers:
        left, top = int((box.x - 2) * per_mm), int((box.y - 2) * per_mm)
        width, height = int((box.width + 4) * per_mm), int((box.height + 4) * per_mm)
        canvas = Image.new("L", (width * fine, height * fine), 255)
        x, y = (box.x * per_mm - left) * fine, (box.bottom * per_mm - top) * fine
        for place, glyph in enumerate(text):
            ImageDraw.Draw(canvas).text((x + place * pitch, y), glyph, font=font, fill=0, anchor="ls")
        image[top : top + height, left : left + width] = np.array(canvas.resize((width, height), Image.Resampling.BOX))
    return image


def draw_case(serial: int, profile: str, rng: np.random.Generator) -> Case:
    """Print, damage, scan and register one sheet under conditions drawn from `profile`."""
    name, *fixed = profile.split(":")
    conditions = draw_conditions(name, rng)
    if fixed:
        conditions = dataclasses.replace(conditions, dpi=int(fixed[0]), mode=cast(Mode, fixed[1]))
    number, page_number = NUMBERS.make(serial), int(rng.integers(1, 5))
    dpi = conditions.paper_dpi
    clean = draw_numbers(print_number(number, page_number), dpi)
    factor = conditions.print_factor
    inside = cv2.resize(clean, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    pixels = np.full_like(clean, 255)
    top, left = (np.array(clean.shape) - inside.shape) // 2
    pixels[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    origin = (left * MM_PER_INCH / dpi, top * MM_PER_INCH / dpi)
    pixels = lay_toner(pixels, dpi, conditions.toner, rng)
    damage = _damage(pixels, dpi, origin, factor, serial, rng)
    image = scan([Paper(pixels, dpi, origin, factor, tint=conditions.toner.tint)], conditions, rng)
    width, height = SIZE_MM
    corners = np.array([[10.5, 10.5], [width - 10.5, 10.5], [width - 10.5, height - 10.5], [10.5, height - 10.5]])
    wrong = corners + rng.normal(0, REGISTRATION_ERROR, 2)
    matrix = cv2.getPerspectiveTransform(wrong.astype(np.float32), image.to_scan(corners).astype(np.float32))
    scanned = ScannedPage("simulated", 1, decoded_grey(image), float(conditions.dpi))
    return Case(RegisteredPage(scanned, SIZE_MM, Transform(matrix.astype(np.float64))), number, page_number, damage)


def _damage(
    pixels: Pixels, dpi: float, origin: tuple[float, float], factor: float, serial: int, rng: np.random.Generator
) -> str:
    boxes = page_frame(*SIZE_MM).numbers
    per_mm = dpi / MM_PER_INCH

    def place(x: float, y: float) -> tuple[int, int]:
        return round((origin[0] + factor * x) * per_mm), round((origin[1] + factor * y) * per_mm)

    if serial % 10 == 0:
        box = boxes[int(rng.integers(2))].grown(1.5)
        share = rng.uniform(0.3, 1.0)
        colour = 255 if rng.random() < 0.7 else int(rng.integers(0, 80))
        cv2.rectangle(pixels, place(box.x, box.y), place(box.x + share * box.width, box.bottom), colour, -1)
        return "one number gone"
    if serial % 3 == 0:
        for box in boxes:
            for _ in range(int(rng.integers(1, 4))):
                start = box.x + rng.uniform(0, box.width)
                ends = (
                    place(start, box.y - rng.uniform(0, 2)),
                    place(start + rng.normal(0, 4), box.bottom + rng.uniform(0, 2)),
                )
                thickness = max(1, round(rng.uniform(0.3, 0.8) * per_mm))
                cv2.line(pixels, *ends, int(rng.integers(0, 120)), thickness, cv2.LINE_AA)
        return "written over"
    return "none"


def measure(cases: int, profile: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts: Counter[tuple[str, str]] = Counter()
    pages_wrong = pages_none = corrections = 0
    milliseconds = []
    for _ in range(cases):
        case = draw_case(int(rng.integers(MAX_SERIAL)), profile, rng)
        began = time.process_time()
        found = identify(case.page, NUMBERS)
        milliseconds.append(1000 * (time.process_time() - began))
        verdict = "read" if found.number == case.number else "refused" if found.number is None else "WRONG"
        counts[case.damage, verdict] += 1
        if verdict == "read":
            corrections += found.corrections
            pages_none += found.page is None
            pages_wrong += found.page not in (None, case.page_number)
    for damage in ("none", "written over", "one number gone"):
        of_kind = {verdict: counts[damage, verdict] for verdict in ("read", "refused", "WRONG")}
        total = max(1, sum(of_kind.values()))
        share = of_kind["refused"] / total
        print(
            f"| {profile} | {damage} | {total} | {of_kind['refused']} ({share:.2%}) | {of_kind['WRONG']} |", flush=True
        )
    print(
        f"  {profile}: page unclear {pages_none}, page wrong {pages_wrong}, mended {corrections / max(1, cases):.2f} "
        f"characters a sheet, {np.median(milliseconds):.1f} ms a sheet",
        flush=True,
    )


def main() -> None:
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    for profile in sys.argv[2:] or ["office", "rough"]:
        measure(cases, profile, seed=11)


if __name__ == "__main__":
    main()
