"""Where a point of the paper lands on the scan: skew, scale, shear, bent paper and the pull of feeders."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from papier.geometry import MM_PER_INCH, FloatArray, Transform
from simulator.conditions import Conditions
from simulator.defects import FloatField, smooth_noise

# The bend of paper is smooth: a grid of this step describes it.
GRID_MM = 4.0
# Fixed-point steps of the inverse map; displacements change by under 2 % a millimetre, so that each gains two digits.
INVERSE_STEPS = 5
# The scan-to-paper map is computed every so many pixels and interpolated.
MAP_STEP = 12


@dataclass(frozen=True)
class Bend:
    """Displacement of the paper, in millimetres, on a grid over it; zero change outside. Arrays (rows, columns)."""

    dx: FloatField
    dy: FloatField
    shade: FloatField  # how much light the bent paper throws back, about 1

    def displace(self, points: FloatArray) -> FloatArray:
        """Flat position (n, 2) in millimetres → position on the bent paper."""
        # A rectangle of points, not a column: cv2.remap takes at most 32,767 rows.
        count = len(points)
        grid = np.zeros((-(-count // 256) * 256, 2), np.float32)
        grid[:count] = points / GRID_MM
        columns, rows = grid[:, 0].reshape(-1, 256), grid[:, 1].reshape(-1, 256)
        moved = [
            cv2.remap(field, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).ravel()[:count]
            for field in (self.dx, self.dy)
        ]
        return np.asarray(points + np.column_stack(moved), dtype=np.float64)

    def flatten(self, points: FloatArray) -> FloatArray:
        """The inverse of `displace`."""
        flat = np.asarray(points, dtype=np.float64)
        for _ in range(INVERSE_STEPS):
            flat = flat - (self.displace(flat) - points)
        return flat


def draw_bend(size_mm: tuple[float, float], conditions: Conditions, rng: np.random.Generator) -> Bend:
    """How this sheet is bent and pulled: feeder stretch, curl, folds, crumpling."""
    width, height = size_mm
    columns, rows = int(width / GRID_MM) + 2, int(height / GRID_MM) + 2
    x = (np.arange(columns) * GRID_MM)[None, :] / width
    y = (np.arange(rows) * GRID_MM)[:, None] / height
    # Rollers pull unevenly: the local stretch varies along the page around a mean, within ± the given share.
    wave = 0.5 * rng.uniform(-1, 1) + 0.5 * np.sin(2 * np.pi * rng.uniform(0.5, 2.5) * y + rng.uniform(0, 6.28))
    dy = np.cumsum(conditions.stretch * wave * GRID_MM, axis=0) + np.zeros((rows, columns))
    dy -= dy.mean()
    dx = np.zeros((rows, columns)) + conditions.stretch * rng.uniform(-0.5, 0.5) * (x - 0.5) * width
    shade = np.ones((rows, columns))
    if conditions.curl:
        bow = conditions.curl * np.sin(np.pi * x) * np.cos(np.pi * (y - rng.uniform(0, 1)))
        dx += 0.5 * bow
        dy += conditions.curl * np.cos(np.pi * x + rng.uniform(0, 6.28)) * (y - 0.5)
        shade -= 0.02 * bow
    for _ in range(conditions.folds):
        _fold(dx, dy, shade, size_mm, rng)
    if "crumpled" in conditions.defects:
        dx += 0.45 * smooth_noise((rows, columns), 22 / GRID_MM, rng)
        dy += 0.45 * smooth_noise((rows, columns), 22 / GRID_MM, rng)
        height_map = smooth_noise((rows, columns), 14 / GRID_MM, rng)
        slope_y, slope_x = np.gradient(height_map)
        shade -= np.clip(0.16 * (slope_x + slope_y), -0.04, 0.3)
    return Bend(dx.astype(np.float32), dy.astype(np.float32), shade.astype(np.float32))


def _fold(
    dx: npt.NDArray[np.float64],
    dy: npt.NDArray[np.float64],
    shade: npt.NDArray[np.float64],
    size_mm: tuple[float, float],
    rng: np.random.Generator,
) -> None:
    """A fold across the page: the paper stands off the glass beside it, so that it looks a little shorter there."""
    rows, columns = dx.shape
    upright = rng.random() < 0.25
    place = float(rng.choice([1 / 3, 1 / 2, 2 / 3])) * size_mm[0 if upright else 1] + rng.normal(0, 4)
    along = np.arange(columns if upright else rows) * GRID_MM - place
    lift = rng.uniform(0.1, 0.45)
    kink = lift * np.tanh(along / 5) * np.exp(-np.abs(along) / 20)
    dark = rng.uniform(0.03, 0.12) * np.exp(-((along - rng.uniform(-2, 2)) ** 2) / 18)
    if upright:
        dx += kink[None, :]
        shade -= dark[None, :]
    else:
        dy += kink[:, None]
        shade -= dark[:, None]


@dataclass(frozen=True)
class Placement:
    """One sheet of paper on the glass: its centre in millimetres of the scan, and how it is turned and bent.

    `linear` is the 2×2 map from millimetres about the paper's centre to millimetres about `centre`.
    """

    size_mm: tuple[float, float]
    centre: tuple[float, float]
    linear: FloatArray
    bend: Bend
    dpi: float

    def to_scan(self, points: FloatArray) -> FloatArray:
        """Millimetres on the paper → pixels of the scan, (n, 2)."""
        middle = np.array(self.size_mm) / 2
        flat = self.bend.flatten(np.asarray(points, dtype=np.float64))
        return np.asarray(((flat - middle) @ self.linear.T + np.array(self.centre)) * self.dpi / MM_PER_INCH)

    def maps(self, shape: tuple[int, int], paper_dpi: float) -> tuple[FloatField, FloatField]:
        """For every pixel of a scan (h, w) the pixel of the paper it shows, as cv2.remap wants it."""
        rows, columns = shape
        grid_rows, grid_columns = -(-rows // MAP_STEP) + 2, -(-columns // MAP_STEP) + 2
        # Coarse samples stand in the middle of their blocks, one block beyond the edges.
        v = (np.arange(grid_rows) - 0.5) * MAP_STEP
        u = (np.arange(grid_columns) - 0.5) * MAP_STEP
        points = np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2)
        flat = (points * MM_PER_INCH / self.dpi - np.array(self.centre)) @ np.linalg.inv(self.linear).T
        paper = self.bend.displace(flat + np.array(self.size_mm) / 2) * paper_dpi / MM_PER_INCH - 0.5
        coarse = paper.reshape(grid_rows, grid_columns, 2).astype(np.float32)
        size = grid_columns * MAP_STEP, grid_rows * MAP_STEP
        fine = [cv2.resize(coarse[..., axis], size, interpolation=cv2.INTER_LINEAR) for axis in (0, 1)]
        cut = [np.asarray(f[MAP_STEP : MAP_STEP + rows, MAP_STEP : MAP_STEP + columns], np.float32) for f in fine]
        return cut[0], cut[1]

    def shade(self, shape: tuple[int, int]) -> FloatField:
        """The light thrown back over a scan of (h, w) pixels, about 1, at a sixteenth of its resolution."""
        rows, columns = shape[0] // 16 + 1, shape[1] // 16 + 1
        points = np.stack(np.meshgrid(np.arange(columns) * 16 + 8.0, np.arange(rows) * 16 + 8.0), axis=-1)
        flat = (points.reshape(-1, 2) * MM_PER_INCH / self.dpi - np.array(self.centre)) @ np.linalg.inv(self.linear).T
        grid = ((flat + np.array(self.size_mm) / 2) / GRID_MM).reshape(rows, columns, 2).astype(np.float32)
        shaded = cv2.remap(
            self.bend.shade, grid[..., 0], grid[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(shaded, dtype=np.float32)

    def homography(self) -> Transform:
        """The projective map from paper millimetres to scan pixels without the bend."""
        per_mm = self.dpi / MM_PER_INCH
        matrix = np.eye(3)
        matrix[:2, :2] = self.linear * per_mm
        matrix[:2, 2] = np.array(self.centre) * per_mm - self.linear @ np.array(self.size_mm) * per_mm / 2
        return Transform(matrix)


def place_on_glass(
    size_mm: tuple[float, float],
    centre: tuple[float, float],
    conditions: Conditions,
    rng: np.random.Generator,
    turn: float = 0.0,
) -> Placement:
    """Lay a sheet of paper on the glass; `turn` in degrees comes on top of the conditions' own."""
    angle = np.deg2rad(conditions.skew + turn + 90 * conditions.quarter_turns + 180 * conditions.upside_down)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = rotation @ np.array([[1.0, conditions.shear], [0.0, 1.0]])
    place = centre[0] + conditions.shift[0], centre[1] + conditions.shift[1]
    return Placement(size_mm, place, linear, draw_bend(size_mm, conditions, rng), conditions.dpi)
