"""Which typeface survives printer, copier and scanner best: the measurement behind `benchmarks/typeface.md`.

`python benchmarks/typeface.py FACE.ttf…` prints one line a face, the best first. Every face is drawn so large that a
character takes the same room (2.54 mm), so that a longer number is not bought with larger letters.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUVWXY"
PITCH_MM = 2.54
CELL_HEIGHT_MM = 4.6
FINE_DPI = 600
# Scale of a sheet printed "to fit the page".
SHRUNK = 0.94
REPEATS = 40
# Resolution, second photocopy, one bit.
CONDITIONS = {
    "150 grey": (150, False, False),
    "150 bit": (150, False, True),
    "150 copy bit": (150, True, True),
    "100 copy": (100, True, False),
}
# Scanned glyphs are compared at this resolution, whatever the scanner's.
MATCH_DPI = 200
# Shifts tried by the matcher, in pixels at MATCH_DPI.
REACH = 3

Image8 = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def draw_cells(path: Path) -> Image8:
    """Every character in its cell at FINE_DPI, shape (32, height, width), 0 black."""
    probe = ImageFont.truetype(str(path), 1000)
    pixels = PITCH_MM / 25.4 * FINE_DPI / (probe.getlength("0") / 1000)
    font = ImageFont.truetype(str(path), pixels)
    width, height = round(PITCH_MM / 25.4 * FINE_DPI), round(CELL_HEIGHT_MM / 25.4 * FINE_DPI)
    top, bottom = font.getbbox("H", anchor="ls")[1::2]
    baseline = (height - (bottom - top)) / 2 - top
    cells = []
    for character in ALPHABET:
        image = Image.new("L", (width, height), 255)
        ImageDraw.Draw(image).text((0, baseline), character, font=font, fill=0, anchor="ls")
        cells.append(np.array(image))
    return np.array(cells)


def copy_through(cell: Image8, dpi: int, copied: bool, one_bit: bool, rng: np.random.Generator) -> Image8:
    """One cell after printer, perhaps copier, and scanner, resampled to MATCH_DPI in the nominal cell's frame."""
    height, width = cell.shape
    scale = SHRUNK * rng.uniform(0.99, 1.01)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-1, 1), scale)
    matrix[:, 2] += rng.normal(0, 0.1 / 25.4 * FINE_DPI, 2)
    image = cv2.warpAffine(cell, matrix, (width, height), borderValue=255).astype(np.float32)
    image = _toner(image, rng)
    if copied:
        image = _toner(cv2.GaussianBlur(image, (0, 0), rng.uniform(2, 4)), rng)
    image = cv2.GaussianBlur(image, (0, 0), FINE_DPI / dpi * rng.uniform(0.35, 0.8))
    small = cv2.resize(image, None, fx=dpi / FINE_DPI, fy=dpi / FINE_DPI, interpolation=cv2.INTER_AREA)
    black, white = rng.uniform(20, 110), rng.uniform(215, 250)
    small = black + small / 255 * (white - black) + rng.normal(0, rng.uniform(4, 14), small.shape)
    if one_bit:
        small = np.where(small < black + (white - black) * rng.uniform(0.4, 0.75), 0, 255)
    factor = MATCH_DPI / dpi / SHRUNK
    grown = cv2.resize(small.clip(0, 255).astype(np.uint8), None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    wanted = (round(CELL_HEIGHT_MM / 25.4 * MATCH_DPI), round(PITCH_MM / 25.4 * MATCH_DPI))
    return _centred(grown, wanted)


def _toner(image: Floats, rng: np.random.Generator) -> Floats:
    """Black or white at an edge that wavers, lines thicker or thinner, with specks of missing toner."""
    rough = cv2.GaussianBlur(rng.normal(0, 1, image.shape).astype(np.float32), (0, 0), 2.0)
    soft = cv2.GaussianBlur(image, (0, 0), 2.5) + rough * 110
    printed = np.where(soft < rng.uniform(105, 190), 0, 255).astype(np.float32)
    specks = cv2.GaussianBlur(rng.normal(0, 1, image.shape).astype(np.float32), (0, 0), 1.5)
    printed[specks > rng.uniform(0.3, 0.7)] = 255
    return printed


def _centred(image: Image8, shape: tuple[int, int]) -> Image8:
    out = np.full(shape, 255, dtype=np.uint8)
    dy, dx = (shape[0] - image.shape[0]) // 2, (shape[1] - image.shape[1]) // 2
    part = image[max(0, -dy) : max(0, -dy) + shape[0], max(0, -dx) : max(0, -dx) + shape[1]]
    out[max(0, dy) : max(0, dy) + part.shape[0], max(0, dx) : max(0, dx) + part.shape[1]] = part
    return out


def templates(cells: Image8) -> Floats:
    """Ink of each character as an average scanner shows it at MATCH_DPI, with a margin of REACH, unit length."""
    drawn = []
    for cell in cells:
        soft = cv2.GaussianBlur(255 - cell, (0, 0), 3.0)
        small = cv2.resize(soft, (round(PITCH_MM / 25.4 * MATCH_DPI), round(CELL_HEIGHT_MM / 25.4 * MATCH_DPI)))
        drawn.append(_unit(small[REACH:-REACH, REACH:-REACH].astype(np.float32)))
    return np.array(drawn)


def _unit(values: Floats) -> Floats:
    centred = values - values.mean()
    return np.asarray(centred / (np.linalg.norm(centred) + 1e-6), dtype=np.float32)


def closest_pair(wanted: Floats) -> tuple[float, str]:
    """One less the greatest correlation of two different characters, over all shifts of REACH, and the two."""
    best, pair = -1.0, ""
    for index, one in enumerate(wanted):
        padded = np.pad(one, REACH)
        for other in range(len(wanted)):
            if other != index:
                score = float(cv2.matchTemplate(padded, wanted[other], cv2.TM_CCOEFF_NORMED).max())
                if score > best:
                    best, pair = score, ALPHABET[index] + ALPHABET[other]
    return 1 - best, pair


def measure(path: Path, seed: int) -> tuple[dict[str, float], float, str]:
    """Share of characters misread under each condition; distance and name of the closest pair."""
    rng = np.random.default_rng(seed)
    cells = draw_cells(path)
    wanted = templates(cells)
    rates = {}
    for name, (dpi, copied, one_bit) in CONDITIONS.items():
        wrong = 0
        for index, cell in enumerate(cells):
            for _ in range(REPEATS):
                ink = (255 - copy_through(cell, dpi, copied, one_bit, rng)).astype(np.float32)
                scores = [cv2.matchTemplate(ink, shape, cv2.TM_CCOEFF_NORMED).max() for shape in wanted]
                wrong += int(np.argmax(scores)) != index
        rates[name] = wrong / (len(cells) * REPEATS)
    distance, pair = closest_pair(wanted)
    return rates, distance, pair


def main() -> None:
    rows = []
    for name in sys.argv[1:]:
        rates, distance, pair = measure(Path(name), seed=7)
        rows.append((float(np.mean(list(rates.values()))), Path(name).stem, rates, distance, pair))
        print(".", end="", file=sys.stderr, flush=True)
    for mean, stem, rates, distance, pair in sorted(rows):
        cells = " | ".join(f"{rates[name]:.2%}" for name in CONDITIONS)
        print(f"| {stem} | {cells} | {mean:.2%} | {distance:.3f} {pair[0]}/{pair[1]} |")


if __name__ == "__main__":
    main()
