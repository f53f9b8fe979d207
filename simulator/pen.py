"""Pens and their ink: strokes on a sheet, laid multiplicatively over the print.

An `InkLayer` has its origin at the sheet's top left; `scale` is its pixels per millimetre of the sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from papier.geometry import FloatArray
from simulator.defects import noise_tile
from simulator.hands import Glyph, Mask, stroke_width

# Strokes are drawn this many times larger and averaged: OpenCV draws whole pixels of thickness only.
SUPERSAMPLING = 3
# A glyph's stroke is never thinned or thickened beyond these ratios: its counters would break or fill.
MIN_STROKE_RATIO, MAX_STROKE_RATIO = 0.5, 1.8
# Side of the repeated tiles of grain.
GRAIN_TILE = 512


@dataclass(frozen=True)
class Pen:
    """A writing tool. `colour` is that of full ink on white paper (RGB); `width` in millimetres.

    `darkness` scales how much of the light the ink takes; `grain` is how much of the paper's grain shows in the stroke
    (pencil); `bleed` softens the stroke's edge, in millimetres; `soak` is how much shows on the back of the sheet.
    """

    kind: str
    colour: tuple[int, int, int]
    width: float
    darkness: float = 0.95
    grain: float = 0.1
    bleed: float = 0.02
    soak: float = 0.0


_BALLPOINTS = {"blue": (38, 56, 150), "black": (35, 35, 40), "red": (190, 40, 48), "green": (24, 120, 70)}
_FELTS = {"blue": (30, 50, 165), "black": (22, 22, 26), "green": (20, 125, 80)}


def pick_pen(rng: np.random.Generator, *, rough: bool = False) -> Pen:
    """A pen at random: mostly ballpoints, a pencil in ten; the rough set adds faint pencils and soaking markers."""
    kind = rng.choice(
        ["ballpoint", "pencil", "felt", "faint pencil", "marker"],
        p=[0.68, 0.1, 0.1, 0.07, 0.05] if rough else [0.82, 0.1, 0.08, 0.0, 0.0],
    )
    jitter = rng.normal(0, 9, 3)
    if kind == "ballpoint":
        base = _BALLPOINTS[str(rng.choice(["blue", "black", "red", "green"], p=[0.5, 0.36, 0.08, 0.06]))]
        pen = Pen("ballpoint", base, rng.uniform(0.3, 0.55), rng.uniform(0.78, 1.0), rng.uniform(0.08, 0.3))
    elif kind == "pencil":
        pen = Pen("pencil", (70, 70, 74), rng.uniform(0.4, 0.75), rng.uniform(0.68, 0.92), rng.uniform(0.35, 0.6))
    elif kind == "faint pencil":
        pen = Pen("pencil", (95, 95, 100), rng.uniform(0.4, 0.6), rng.uniform(0.42, 0.62), rng.uniform(0.4, 0.6))
    elif kind == "felt":
        base = _FELTS[str(rng.choice(["blue", "black", "green"], p=[0.45, 0.45, 0.1]))]
        pen = Pen("felt", base, rng.uniform(0.5, 0.9), rng.uniform(0.88, 1.0), 0.05, rng.uniform(0.03, 0.09))
    else:
        base = _FELTS[str(rng.choice(["blue", "black", "green"]))]
        pen = Pen("marker", base, rng.uniform(1.2, 2.0), rng.uniform(0.9, 1.0), 0.03, 0.12, soak=rng.uniform(0.25, 0.5))
    red, green, blue = (int(np.clip(c + j, 0, 255)) for c, j in zip(pen.colour, jitter, strict=True))
    return replace(pen, colour=(red, green, blue), width=float(pen.width), darkness=float(pen.darkness))


def pick_any_pen(rng: np.random.Generator) -> Pen:
    """A pen at random from far more than an office has: from 0.2 mm to 1.5 mm, pale colours, soft and hard pencils."""
    kind = str(rng.choice(["ballpoint", "fine", "pencil", "felt", "marker"], p=[0.4, 0.15, 0.2, 0.15, 0.1]))
    colours = {**_BALLPOINTS, "violet": (105, 50, 140), "turquoise": (20, 130, 150), "orange": (225, 120, 40)}
    base = list(colours.values())[int(rng.integers(len(colours)))]
    if kind == "pencil":
        return Pen("pencil", (72, 72, 76), float(rng.uniform(0.3, 0.9)), float(rng.uniform(0.55, 0.95)), 0.5)
    low, high = {"ballpoint": (0.28, 0.6), "fine": (0.2, 0.3), "felt": (0.5, 0.9), "marker": (0.9, 1.5)}[kind]
    bleed = 0.02 if kind in {"ballpoint", "fine"} else float(rng.uniform(0.03, 0.1))
    return Pen(kind, base, float(rng.uniform(low, high)), float(rng.uniform(0.8, 1.0)), 0.15, bleed)


@dataclass(frozen=True)
class Mark:
    """Ink on a patch of the layer: `coverage` (h, w) uint8 with its top left pixel at (x, y)."""

    x: int
    y: int
    coverage: Mask
    pen: Pen


@dataclass
class InkLayer:
    """All the ink on one page of a sheet, in the order it was laid. `scale` is pixels per millimetre of the sheet."""

    scale: float
    marks: list[Mark] = field(default_factory=list)

    def draw(self, points: FloatArray, pen: Pen, rng: np.random.Generator, width: float | None = None) -> None:
        """One stroke through `points` (n, 2), millimetres on the sheet; `width` in millimetres replaces the pen's.

        The stroke swells and thins by a tenth as the hand presses.
        """
        # An anti-aliased line comes out most of a pixel wider than it was asked for.
        thick = (width or pen.width) * self.scale * SUPERSAMPLING - 0.9
        pixels = np.asarray(points, dtype=np.float64) * self.scale
        margin = thick / SUPERSAMPLING + pen.bleed * self.scale * 3 + 2
        low = np.floor(pixels.min(axis=0) - margin).astype(int)
        high = np.ceil(pixels.max(axis=0) + margin).astype(int)
        columns, rows = (high - low).tolist()
        large = np.zeros((rows * SUPERSAMPLING, columns * SUPERSAMPLING), np.uint8)
        path = np.round((pixels - low) * SUPERSAMPLING * 16).astype(np.int32)
        pressure = 1 + 0.1 * np.sin(rng.uniform(0, 6.28) + np.linspace(0, rng.uniform(2, 9), len(path)))
        if len(path) < 4:
            cv2.polylines(large, [path.reshape(-1, 1, 2)], False, 255, max(1, round(thick)), cv2.LINE_AA, 4)
        else:
            for i in range(len(path) - 1):
                weight = max(1, round(thick * float(pressure[i])))
                cv2.line(large, path[i].tolist(), path[i + 1].tolist(), 255, weight, cv2.LINE_AA, 4)
        small = cv2.resize(large, (columns, rows), interpolation=cv2.INTER_AREA)
        self._add(low, np.asarray(small, dtype=np.uint8), pen, rng)

    def write(
        self,
        glyph: Glyph,
        place: tuple[float, float],
        size: tuple[float, float],
        *,
        slant: float,
        pen: Pen,
        rng: np.random.Generator,
    ) -> None:
        """Write a glyph: `place` is the middle of its baseline and `size` (width, cap height), in millimetres.

        The glyph's strokes are brought to the pen's width, as far as its shape allows.
        """
        zoom_x = size[0] * self.scale / glyph.mask.shape[1]
        zoom_y = size[1] * self.scale / max(1, glyph.baseline - glyph.top)
        height, width = glyph.mask.shape
        lean = abs(slant) * height * zoom_y
        margin = int(pen.width * self.scale) + 3
        columns, rows = int(width * zoom_x + lean) + 2 * margin, int(height * zoom_y) + 2 * margin
        shift_x = columns / 2 - zoom_x * width / 2 + slant * zoom_y * (glyph.top + glyph.baseline) / 2
        matrix = np.array([[zoom_x, -slant * zoom_y, shift_x], [0, zoom_y, margin]])
        warped = cv2.warpAffine(glyph.mask, matrix, (columns, rows), flags=cv2.INTER_AREA)
        coverage = _restroked(np.asarray(warped, dtype=np.uint8), pen.width * self.scale)
        left = place[0] * self.scale - columns / 2
        top = place[1] * self.scale - (margin + glyph.baseline * zoom_y)
        self._add(np.round(np.array([left, top])).astype(int), coverage, pen, rng)

    def paste(self, mask: Mask, place: tuple[float, float], height: float, pen: Pen, rng: np.random.Generator) -> float:
        """Lay real handwriting (ink 255) with its top left at `place`, `height` millimetres high.

        Returns its width in millimetres.
        """
        zoom = height * self.scale / mask.shape[0]
        size = (max(1, round(mask.shape[1] * zoom)), max(1, round(mask.shape[0] * zoom)))
        scaled = cv2.resize(mask, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC)
        corner = np.round(np.array(place) * self.scale).astype(int)
        traced = (
            _restroked(np.asarray(scaled, dtype=np.uint8), pen.width * self.scale) if pen.kind != "typed" else scaled
        )
        self._add(corner, np.asarray(traced, dtype=np.uint8), pen, rng)
        return float(size[0] / self.scale)

    def composite(self, paper: npt.NDArray[np.uint8], origin: tuple[float, float] = (0.0, 0.0)) -> None:
        """Lay the ink on `paper` in place, grey (h, w) or RGB (h, w, 3); `origin` is the sheet's corner in pixels."""
        rows, columns = paper.shape[:2]
        for mark in self.marks:
            x, y = mark.x + round(origin[0]), mark.y + round(origin[1])
            height, width = mark.coverage.shape
            left, top, right, bottom = max(0, -x), max(0, -y), min(width, columns - x), min(height, rows - y)
            if left >= right or top >= bottom:
                continue
            patch = paper[y + top : y + bottom, x + left : x + right]
            covered = mark.coverage[top:bottom, left:right].astype(np.float32) * (mark.pen.darkness / 255)
            if paper.ndim == 2:
                patch[:] = (patch * (1 - covered * (1 - luminance(mark.pen.colour) / 255))).astype(np.uint8)
            else:
                taken = 1 - np.array(mark.pen.colour, np.float32) / 255
                patch[:] = (patch * (1 - covered[..., None] * taken)).astype(np.uint8)

    def _add(self, corner: npt.NDArray[np.int_], coverage: Mask, pen: Pen, rng: np.random.Generator) -> None:
        if pen.bleed * self.scale > 0.2:
            coverage = np.asarray(cv2.GaussianBlur(coverage, (0, 0), pen.bleed * self.scale), dtype=np.uint8)
        if pen.grain > 0:
            tile = _grain(pen.kind)
            height, width = coverage.shape
            y, x = (int(start) for start in rng.integers(0, GRAIN_TILE, 2))
            rows, columns = (y + np.arange(height)) % GRAIN_TILE, (x + np.arange(width)) % GRAIN_TILE
            coverage = (coverage * (1 - pen.grain * tile[np.ix_(rows, columns)])).astype(np.uint8)
        self.marks.append(Mark(int(corner[0]), int(corner[1]), coverage, pen))


def luminance(colour: Sequence[float]) -> float:
    """Rec. 601 luma: what a grey scanner sees of a colour, 0 to 255."""
    return float(0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2])


def _restroked(mask: Mask, wanted: float) -> Mask:
    """Thicken or thin the strokes of `mask` to `wanted` pixels, edges anti-aliased, by moving the shape's outline."""
    inside = (mask > 127).astype(np.uint8)
    if not inside.any():
        return mask
    current = stroke_width(mask)
    growth = (min(max(wanted, current * MIN_STROKE_RATIO), current * MAX_STROKE_RATIO) - current) / 2
    inner = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    outer = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    # Half a pixel on each side of the outline is known better from the grey values than from the distances.
    signed = np.where(inside > 0, inner - 0.5, 0.5 - outer)
    smooth = cv2.GaussianBlur(signed.astype(np.float32), (0, 0), 0.7)
    return np.asarray(np.clip((smooth + growth + 0.5) * 255, 0, 255), dtype=np.uint8)


@lru_cache(maxsize=8)
def _grain(kind: str) -> npt.NDArray[np.float32]:
    """A tile of grain in [0, 1]: fine and hard for pencil on paper, long and soft for ink."""
    level = noise_tile(GRAIN_TILE, 0.8 if kind == "pencil" else 4.0, len(kind))
    return np.asarray(np.clip(0.5 + 0.5 * level, 0, 1), dtype=np.float32)
