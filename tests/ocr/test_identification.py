from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFont

from papier.forms.frame import NUMBER_ADVANCE_EM, NUMBER_CAP_EM, NUMBER_FONT_SIZE, NUMBER_PITCH, page_frame
from papier.forms.sheet_number import ALPHABET, SheetNumbers, print_number
from papier.forms.typefaces import face_path
from papier.geometry import MM_PER_INCH, POINTS_PER_MM, FloatArray, Transform
from papier.ocr import glyphs
from papier.ocr.identification import identify
from papier.ocr.scan import RegisteredPage, ScannedPage

Pixels = npt.NDArray[np.uint8]

NUMBERS = SheetNumbers(b"the key of a test")
SIZE_MM = (148.0, 105.0)
FRAME = page_frame(*SIZE_MM)
# The test draws its sheets at this resolution, much finer than it scans them.
PRINT_DPI = 600
PRINT = PRINT_DPI / MM_PER_INCH


@lru_cache(maxsize=64)
def printed(top: str, bottom: str) -> Pixels:
    """A sheet that bears nothing but its two numbers, 0 black."""
    image = Image.new("L", (round(SIZE_MM[0] * PRINT), round(SIZE_MM[1] * PRINT)), 255)
    font = ImageFont.truetype(str(face_path("number")), NUMBER_FONT_SIZE / POINTS_PER_MM * PRINT)
    for text, box in zip((top, bottom), FRAME.numbers, strict=True):
        for place, glyph in enumerate(text):
            ImageDraw.Draw(image).text(
                ((box.x + place * NUMBER_PITCH) * PRINT, box.bottom * PRINT), glyph, font=font, fill=0, anchor="ls"
            )
    return np.array(image)


def sheet(serial: int, page: int = 1) -> Pixels:
    text = print_number(NUMBERS.make(serial), page)
    return printed(text, text).copy()


def scanned(
    paper: Pixels,
    dpi: int,
    seed: int,
    *,
    one_bit: bool = False,
    shift: tuple[float, float] = (0.0, 0.0),
    turn: float = 1.5,
    factor: float = 0.94,
    blackness: float = 0.9,
    stretch: float = 1.0,
) -> RegisteredPage:
    """Scan a sheet, turned by `turn` degrees and printed at `factor`; registered exactly but for `shift` (mm)."""
    rng = np.random.default_rng(seed)
    per_mm = dpi / MM_PER_INCH
    height, width = round((SIZE_MM[1] + 12) * per_mm), round((SIZE_MM[0] + 12) * per_mm)
    to_scan = cv2.getRotationMatrix2D((0, 0), turn, per_mm * factor)
    middle = np.array([SIZE_MM[0] / 2, SIZE_MM[1] / 2])
    to_scan[:, 2] = np.array([width, height]) / 2 - to_scan[:, :2] @ middle
    to_page = np.vstack([to_scan, [0, 0, 1]])
    soft = cv2.GaussianBlur(paper, (0, 0), PRINT_DPI / dpi * 0.5)
    from_paper = to_page @ np.diag([stretch / PRINT, 1 / PRINT, 1.0])
    image = cv2.warpAffine(soft, from_paper[:2], (width, height), flags=cv2.INTER_AREA, borderValue=255)
    grey = 250 - (255 - image.astype(np.float64)) * blackness + rng.normal(0, 5, image.shape)
    pixels = np.where(grey < 140, 0, 255) if one_bit else grey.clip(0, 255)
    moved = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]])
    page = ScannedPage("a test", 1, pixels.astype(np.uint8), float(dpi))
    return RegisteredPage(page, SIZE_MM, Transform(to_page @ moved))


def pen(paper: Pixels, first: int, last: int) -> None:
    """Strike a pen through glyphs `first` to `last` of both numbers."""
    for box in FRAME.numbers:
        start = (round((box.x + (first + 0.1) * NUMBER_PITCH) * PRINT), round((box.bottom + 0.5) * PRINT))
        end = (round((box.x + (last + 0.9) * NUMBER_PITCH) * PRINT), round((box.y - 0.5) * PRINT))
        cv2.line(paper, start, end, 40, round(0.6 * PRINT), cv2.LINE_AA)


def test_the_face_has_the_measures_the_frame_says() -> None:
    font = ImageFont.truetype(str(face_path("number")), 1000)
    assert {font.getlength(glyph) for glyph in ALPHABET + "-/IOSZ"} == {NUMBER_ADVANCE_EM * 1000}
    assert -font.getbbox("H", anchor="ls")[1] == pytest.approx(NUMBER_CAP_EM * 1000, abs=2)


@pytest.mark.parametrize("one_bit", [False, True])
@pytest.mark.parametrize("dpi", [150, 200, 300])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (1.0, -1.0), (-1.0, 1.0)])
def test_number_and_page_are_read(dpi: int, one_bit: bool, shift: tuple[float, float]) -> None:
    for serial in range(3):
        found = identify(scanned(sheet(serial, serial + 1), dpi, serial, one_bit=one_bit, shift=shift), NUMBERS)
        assert found.number == NUMBERS.make(serial)
        assert found.page == serial + 1
        assert found.probability > 1 - 1e-6
        assert found.page_probability > 0.99


@pytest.mark.parametrize("page", [9, 10, 20, 31])
def test_pages_beyond_nine_are_letters(page: int) -> None:
    assert identify(scanned(sheet(5, page), 200, 1), NUMBERS).page == page


@pytest.mark.parametrize("stretch", [0.99, 1.01])
def test_stretched_print(stretch: float) -> None:
    # The registration does not know of the stretch: it grows to a millimetre and more along the sheet.
    found = identify(scanned(sheet(6), 200, 2, stretch=stretch, shift=(0.6 if stretch > 1 else -0.6, 0)), NUMBERS)
    assert found.number == NUMBERS.make(6)


@pytest.mark.parametrize("rise", [-1.0, 1.0])
def test_curled_paper(rise: float) -> None:
    """The middle of each strip lies a millimetre above or below its ends, and nothing has told the registration."""

    def displacement(points: FloatArray) -> FloatArray:
        along = np.min([abs(points[:, 0] - box.centre[0]) / (box.width / 2) for box in FRAME.numbers], axis=0)
        return np.column_stack([np.zeros(len(points)), rise * (1 - along**2) * 200 / MM_PER_INCH])

    page = scanned(sheet(17, 2), 200, 11, turn=0)
    height, width = page.scan.pixels.shape
    # Bend the scan itself, column by column; over one box `cut` knows only corners.
    columns = page.to_page.inverse().apply(np.column_stack([np.arange(width) + 0.5, np.full(width, height / 2)]))
    lifted = displacement(columns)[:, 1]
    map_x, map_y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    pixels = cv2.remap(
        page.scan.pixels, map_x, map_y - lifted.astype(np.float32)[None, :], cv2.INTER_LINEAR, borderValue=255
    )
    bent = ScannedPage("a test", 1, np.asarray(pixels, dtype=np.uint8), 200.0)
    found = identify(RegisteredPage(bent, SIZE_MM, page.to_page), NUMBERS)
    assert (found.number, found.page) == (NUMBERS.make(17), 2)


def test_low_toner() -> None:
    found = identify(scanned(sheet(7), 150, 3, blackness=0.2), NUMBERS)
    assert found.number == NUMBERS.make(7)


@pytest.mark.parametrize("first", [0, 4, 6, 11])
def test_pen_through_three_glyphs_of_both_prints(first: int) -> None:
    paper = sheet(8)
    pen(paper, first, first + 2)
    found = identify(scanned(paper, 200, first), NUMBERS)
    assert found.number == NUMBERS.make(8)


@pytest.mark.parametrize("kept", [0, 1])
@pytest.mark.parametrize("colour", [255, 0])
def test_one_print_is_enough(kept: int, colour: int) -> None:
    paper = sheet(9, 3)
    box = FRAME.numbers[1 - kept].grown(3)
    left, top, right, bottom = (round(v * PRINT) for v in (box.x, box.y, box.right, box.bottom))
    paper[top:bottom, left:right] = colour
    found = identify(scanned(paper, 150, 4), NUMBERS)
    assert found.number == NUMBERS.make(9)
    assert found.page == 3
    assert found.likeness[kept] > found.likeness[1 - kept]


def test_prints_of_two_sheets_are_refused() -> None:
    paper = printed(*(print_number(NUMBERS.make(serial), 1) for serial in (10, 11)))
    assert identify(scanned(paper, 200, 5), NUMBERS).number is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda paper: np.full_like(paper, 255),
        lambda paper: np.full_like(paper, 0),
        lambda paper: np.random.default_rng(6).integers(0, 256, paper.shape, dtype=np.uint8),
        lambda paper: np.ascontiguousarray(paper[::-1, ::-1]),
        lambda paper: np.ascontiguousarray(paper[:, ::-1]),
    ],
    ids=["blank", "black", "noise", "upside-down", "mirrored"],
)
def test_no_number_is_read_where_there_is_none(damage: Callable[[Pixels], Pixels]) -> None:
    for serial in range(12, 16):
        found = identify(scanned(damage(sheet(serial)), 150, 7), NUMBERS)
        assert found.number is None
        assert found.page is None
        assert found.probability == 0.0


def test_numbers_of_another_workspace_are_refused() -> None:
    other = SheetNumbers(b"the key of another test")
    assert all(identify(scanned(sheet(serial), 200, 8), other).number is None for serial in range(4))


def test_heavy_damage_is_read_right_or_refused() -> None:
    rng = np.random.default_rng(9)
    read = 0
    for serial in range(40):
        paper = sheet(serial, 2)
        for box in FRAME.numbers:
            for _ in range(int(rng.integers(5, 40))):
                x, y = rng.uniform(box.x, box.right), rng.uniform(box.y, box.bottom)
                centre = (round(x * PRINT), round(y * PRINT))
                cv2.circle(paper, centre, round(rng.uniform(0.4, 1.6) * PRINT), int(rng.choice([0, 90, 255])), -1)
        found = identify(scanned(paper, 150, serial, one_bit=serial % 2 == 0), NUMBERS)
        assert found.number in (NUMBERS.make(serial), None)
        read += found.number is not None
    assert 10 <= read < 40


def test_sheets_cut_off_by_the_scan_are_no_crash() -> None:
    page = scanned(sheet(20), 150, 10)
    half = ScannedPage("a test", 1, np.ascontiguousarray(page.scan.pixels[: page.scan.pixels.shape[0] // 2]), 150.0)
    found = identify(RegisteredPage(half, SIZE_MM, page.to_page), NUMBERS)
    assert found.number == NUMBERS.make(20)


def test_patches_of_blank_paper_say_nothing() -> None:
    model = glyphs.load_model()
    height, width = glyphs.patch_shape()
    logs = glyphs.classify(np.zeros((2, height * width), np.float32), model)
    assert np.allclose(logs, -np.log(32))
