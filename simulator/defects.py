"""What happens to paper between the pen and the scanner: tint, stains, folds, holes, staples, scissors, photocopies.

Functions that change pixels work in place on the paper (at its own dpi) or on the scan, grey (h, w) or RGB (h, w, 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from papier.geometry import MM_PER_INCH, FloatArray

Pixels = npt.NDArray[np.uint8]
FloatField = npt.NDArray[np.float32]

TINTS = {
    "white": (252, 252, 250),
    "recycled": (238, 234, 222),
    "yellow": (255, 244, 160),
    "green": (196, 236, 190),
    "pink": (255, 206, 214),
}
# Stains are smooth: computing them at this resolution is enough.
STAIN_DPI = 40.0
# An ISO 838 hole is 6 mm wide, 12 mm from the edge, 80 mm from the next.
HOLE_RADIUS, HOLE_INSET, HOLE_SPACING = 3.0, 12.0, 80.0


def multiply(pixels: Pixels, factor: FloatField, corner: tuple[int, int] = (0, 0)) -> None:
    """Darken in place: `factor` (h, w) or (h, w, 3) in [0, 1], its top left at `corner` (x, y) of `pixels`."""
    x, y = corner
    rows, columns = pixels.shape[:2]
    left, top = max(0, -x), max(0, -y)
    right, bottom = min(factor.shape[1], columns - x), min(factor.shape[0], rows - y)
    if left >= right or top >= bottom:
        return
    patch = pixels[y + top : y + bottom, x + left : x + right]
    part = factor[top:bottom, left:right]
    if patch.ndim == 3 and part.ndim == 2:
        part = np.repeat(part[..., None], 3, axis=2)
    elif patch.ndim == 2 and part.ndim == 3:
        part = part @ np.array([0.299, 0.587, 0.114], np.float32)
    patch[:] = cv2.multiply(patch, np.ascontiguousarray(part, dtype=np.float32), dtype=cv2.CV_8U)


def coffee(pixels: Pixels, dpi: float, rng: np.random.Generator) -> None:
    """A cup's ring somewhere on the paper, sometimes with a spill inside."""
    radius = rng.uniform(33, 44)
    side = int(2.6 * radius * STAIN_DPI / MM_PER_INCH)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    angle = np.arctan2(y - side / 2, x - side / 2)
    distance = np.hypot(x - side / 2, y - side / 2) * MM_PER_INCH / STAIN_DPI
    wobble = radius + 0.8 * np.sin(3 * angle + rng.uniform(0, 6)) + 0.4 * np.sin(7 * angle + rng.uniform(0, 6))
    gaps = 0.5 + 0.5 * np.sin(angle + rng.uniform(0, 6.28)) * rng.uniform(0.4, 1)
    ring = np.exp(-(((distance - wobble) / rng.uniform(0.8, 2.0)) ** 2)) * gaps
    noise = smooth_noise((side, side), 6, rng)
    depth = ring * rng.uniform(0.3, 0.55)
    if rng.random() < 0.5:
        spill = np.clip(1.2 - distance / wobble + 0.25 * noise, 0, 1) ** 0.4
        depth = np.maximum(depth, spill * rng.uniform(0.1, 0.28))
    depth = depth * (1 + 0.25 * noise)
    taken = np.array([0.55, 0.8, 1.0], np.float32)
    factor = np.clip(1 - depth[..., None] * taken, 0, 1).astype(np.float32)
    zoom = dpi / STAIN_DPI
    factor = cv2.resize(factor, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR)
    rows, columns = pixels.shape[:2]
    corner = rng.uniform(-0.2, 0.9) * columns - factor.shape[1] / 4, rng.uniform(-0.1, 0.9) * rows - factor.shape[0] / 4
    multiply(pixels, np.asarray(factor, dtype=np.float32), (int(corner[0]), int(corner[1])))


def dirt(pixels: Pixels, dpi: float, rng: np.random.Generator, amount: int) -> None:
    """`amount` specks, fluff and faint smudges on the glass or the paper."""
    rows, columns = pixels.shape[:2]
    per_mm = dpi / MM_PER_INCH
    for _ in range(amount):
        x, y = int(rng.integers(columns)), int(rng.integers(rows))
        level = int(rng.integers(40, 190))
        colour = (level, level, level) if pixels.ndim == 3 else level
        if rng.random() < 0.8:
            radius = max(1, round(rng.exponential(0.12) * per_mm))
            cv2.ellipse(
                pixels,
                (x, y),
                (radius, max(1, round(radius * rng.uniform(0.4, 1)))),
                rng.uniform(0, 180),
                0,
                360,
                colour,
                -1,
                cv2.LINE_AA,
            )
        else:
            t = np.linspace(0, 1, 12)[:, None]
            ends = rng.normal(0, 2.0 * per_mm, (3, 2))
            curve = (1 - t) ** 2 * ends[0] + 2 * t * (1 - t) * ends[1] + t**2 * ends[2] + np.array([x, y])
            cv2.polylines(pixels, [np.round(curve).astype(np.int32).reshape(-1, 1, 2)], False, colour, 1, cv2.LINE_AA)


def show_through(pixels: Pixels, back: Pixels, strength: float) -> None:
    """Let the print and ink of the back shine through, mirrored and blurred. `back` is grey, of any size."""
    rows, columns = pixels.shape[:2]
    small = cv2.resize(back, (columns // 2, rows // 2), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(cv2.flip(small, 1), (0, 0), 1.2)
    lifted = cv2.convertScaleAbs(blurred, alpha=strength, beta=255 * (1 - strength))
    grown = cv2.resize(lifted, (columns, rows), interpolation=cv2.INTER_LINEAR)
    grown = cv2.cvtColor(grown, cv2.COLOR_GRAY2RGB) if pixels.ndim == 3 else grown
    cv2.multiply(pixels, grown, dst=pixels, scale=1 / 255)


def photocopy(pixels: Pixels, dpi: float, rng: np.random.Generator) -> None:
    """One pass through a copier, in place: grey, harder contrast, softened, with specks."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
    soft = cv2.GaussianBlur(grey, (0, 0), 0.045 * dpi / MM_PER_INCH * rng.uniform(0.8, 1.5))
    levels = np.arange(256, dtype=np.float32)
    middle, slope = rng.uniform(135, 175), rng.uniform(20, 38)
    table = 255 / (1 + np.exp(-(levels - middle) / slope))
    table = 18 + (table - table[0]) / (table[255] - table[0]) * (252 - 18)
    copied = np.asarray(cv2.LUT(soft, table.astype(np.uint8)), dtype=np.uint8)
    dirt(copied, dpi, rng, int(rng.integers(10, 60)))
    pixels[:] = cv2.cvtColor(copied, cv2.COLOR_GRAY2RGB) if pixels.ndim == 3 else copied


def holes(size_mm: tuple[float, float], rng: np.random.Generator) -> FloatArray:
    """Where a punch left its holes: centres (n, 2) in millimetres on the paper, along the left edge."""
    count = int(rng.choice([2, 2, 4]))
    middle = size_mm[1] / 2 + rng.normal(0, 3)
    offsets = (np.arange(count) - (count - 1) / 2) * HOLE_SPACING
    inside = offsets[np.abs(offsets) < size_mm[1] / 2 - 8]
    return np.column_stack([np.full(len(inside), HOLE_INSET + rng.normal(0, 1.2)), middle + inside])


def staple(pixels: Pixels, corner: Sequence[float], dpi: float, rng: np.random.Generator) -> None:
    """A staple with its shadow near `corner` (x, y in pixels of the scan)."""
    per_mm = dpi / MM_PER_INCH
    angle = rng.uniform(0.4, 1.2)
    half = np.array([np.cos(angle), np.sin(angle)]) * 6 * per_mm
    centre = np.asarray(corner, dtype=np.float64)
    for offset, level, width in ((0.5, 110, 1.1), (0.0, 60, 0.6), (-0.1, 235, 0.2)):
        ends = np.array([centre - half, centre + half]) + offset * per_mm
        colour = (level,) * 3 if pixels.ndim == 3 else level
        start, end = np.round(ends).astype(int).tolist()
        cv2.line(pixels, start, end, colour, max(1, round(width * per_mm)), cv2.LINE_AA)
    # The paper stands off the glass around a staple: a soft shadow.
    side = int(34 * per_mm)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    distance = np.hypot(x - side / 2, y - side / 2) / (side / 2)
    factor = 1 - rng.uniform(0.15, 0.4) * np.clip(1 - distance, 0, 1) ** 1.5
    multiply(pixels, factor.astype(np.float32), (int(centre[0] - side / 2), int(centre[1] - side / 2)))


def cut_corner(size_mm: tuple[float, float], rng: np.random.Generator, share: float) -> FloatArray:
    """The outline of the paper with one corner cut off, at most `share` of its area: (5, 2) millimetres, clockwise."""
    width, height = size_mm
    area = 2 * width * height * rng.uniform(0.15, 1.0) * share
    a = float(np.clip(np.sqrt(area) * np.exp(rng.normal(0, 0.35)), area / (0.75 * height), 0.75 * width))
    b = area / a
    corner = int(rng.integers(4))
    outline = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]
    signs = [((0, b), (a, 0)), ((-a, 0), (0, b)), ((0, -b), (-a, 0)), ((a, 0), (0, -b))][corner]
    x, y = outline[corner]
    jag = [(x + dx, y + dy) for dx, dy in signs]
    return np.array(outline[:corner] + jag + outline[corner + 1 :])


@lru_cache(maxsize=16)
def noise_tile(side: int, sigma: float, seed: int) -> FloatField:
    """A square of noise of unit spread, smooth over `sigma` pixels, that can be repeated without seams."""
    noise = np.random.default_rng(seed).standard_normal((side, side)).astype(np.float32)
    margin = int(4 * sigma) + 1
    blurred = cv2.GaussianBlur(np.pad(noise, margin, mode="wrap"), (0, 0), sigma)[margin:-margin, margin:-margin]
    return np.asarray(blurred / blurred.std(), dtype=np.float32)


def smooth_noise(shape: tuple[int, int], correlation: float, rng: np.random.Generator) -> FloatField:
    """Noise of about unit spread and mean 0, (h, w), smooth over `correlation` pixels."""
    rows, columns = (max(2, int(np.ceil(n / correlation)) + 1) for n in shape)
    coarse = rng.standard_normal((rows, columns)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), dtype=np.float32)
