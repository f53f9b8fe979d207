"""Marks in tick boxes: the shapes people draw, in millimetres around a box."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from papier.geometry import FloatArray, RectMm
from simulator.pen import InkLayer, Pen

Shape = Callable[[np.random.Generator, float], list[FloatArray]]


def draw_mark(
    kind: str, box: RectMm, layer: InkLayer, pen: Pen, rng: np.random.Generator, *, slop: float = 1.0
) -> None:
    """Tick `box` in the way named `kind` (a key of `MARKS`). `slop` 1 is a usual hand, 2 a careless one."""
    size = min(box.width, box.height)
    shift = rng.normal(0, 0.07 * slop, 2).clip(-0.3, 0.3)
    for stroke in MARKS[kind](rng, slop):
        points = np.array(box.centre) + (stroke + shift) * size
        layer.draw(points, pen, rng, width=_dot_width(kind, size, pen, rng))


def draw_solid(box: RectMm, layer: InkLayer, pen: Pen, rng: np.random.Generator, *, slop: float = 1.0) -> None:
    """Blacken the whole box, as the sheet says to cancel a tick."""
    size = min(box.width, box.height)
    step = 0.75 * pen.width / size
    layer.draw(np.array(box.centre) + _zigzag(rng, 0.52 + 0.05 * slop, step) * size, pen, rng)
    if rng.random() < 0.6:
        turned = _zigzag(rng, 0.5, step * 1.6)[:, ::-1]
        layer.draw(np.array(box.centre) + turned * size, pen, rng)


def draw_strike(cells: Sequence[RectMm], layer: InkLayer, pen: Pen, rng: np.random.Generator) -> None:
    """Strike out what stands in `cells` with one or two long strokes, which stay within the row however long it is."""
    first, last = cells[0], cells[-1]
    bend = min(0.02, 0.12 * first.height / (last.right - first.x))
    for _ in range(int(rng.integers(1, 3))):
        y = first.y + first.height * rng.uniform(0.35, 0.65, 2)
        ends = np.array([[first.x + rng.uniform(-1, 1), y[0]], [last.right + rng.uniform(-1, 1.5), y[1]]])
        layer.draw(_curve(ends, rng, bend), pen, rng)


def _curve(ends: FloatArray, rng: np.random.Generator, bend: float) -> FloatArray:
    """A slightly bent stroke between two points, 10 points; `bend` as a share of its length."""
    t = np.linspace(0, 1, 10)[:, None]
    along = ends[1] - ends[0]
    across = np.array([-along[1], along[0]])
    return np.asarray(ends[0] + t * along + 4 * t * (1 - t) * rng.normal(0, bend) * across)


def _cross(rng: np.random.Generator, slop: float) -> list[FloatArray]:
    # One cross in eight is made with a large gesture, far beyond the box.
    large = rng.uniform(0.1, 0.45) if rng.random() < 0.12 * slop else 0.0
    reach = rng.uniform(0.34, 0.6) + 0.06 * slop * rng.random() + large
    ends = reach + rng.normal(0, 0.07 * slop, (4, 2))
    signs = np.array([[-1, -1], [1, 1], [1, -1], [-1, 1]])
    corners = ends * signs
    return [_curve(corners[:2], rng, 0.06), _curve(corners[2:], rng, 0.06)]


def _check(rng: np.random.Generator, slop: float) -> list[FloatArray]:
    jitter = rng.normal(0, 0.06 * slop, (3, 2))
    tail = rng.uniform(0.45, 0.75) + (rng.uniform(0.2, 0.9) if rng.random() < 0.15 * slop else 0.0)
    points = np.array([[-0.36, -0.02], [-0.1, 0.36], [tail, -tail]]) + jitter
    return [np.concatenate([_curve(points[:2], rng, 0.08), _curve(points[1:], rng, 0.08)[1:]])]


def _slash(rng: np.random.Generator, slop: float) -> list[FloatArray]:
    reach = rng.uniform(0.42, 0.65, (2, 2)) + 0.04 * slop
    return [_curve(reach * np.array([[-1, 1], [1, -1]]), rng, 0.06)]


def _zigzag(rng: np.random.Generator, reach: float, step: float) -> FloatArray:
    """A stroke to and fro over a square of half side `reach`, lines `step` apart (shares of the box)."""
    count = max(3, int(2 * reach / max(0.03, step)))
    y = np.linspace(-reach, reach, count) + rng.normal(0, 0.02, count)
    x = np.where(np.arange(count) % 2 == 0, -reach, reach) + rng.normal(0, 0.05, count)
    return np.column_stack([x, y])


def _scribble(rng: np.random.Generator, slop: float) -> list[FloatArray]:
    points = _zigzag(rng, rng.uniform(0.3, 0.45) + 0.05 * slop, rng.uniform(0.14, 0.22))
    angle = rng.uniform(-0.9, 0.1)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return [points @ turn.T]


def _fill(rng: np.random.Generator, slop: float) -> list[FloatArray]:
    return [_zigzag(rng, 0.4 + 0.05 * slop * rng.random(), rng.uniform(0.06, 0.1))]


def _dot(rng: np.random.Generator, slop: float) -> list[FloatArray]:
    start = rng.normal(0, 0.05 * slop, 2)
    return [np.array([start, start + rng.normal(0, 0.06, 2)])]


def _circle(rng: np.random.Generator, slop: float) -> list[FloatArray]:
    t = np.linspace(rng.uniform(0, 1), 6.28 + rng.uniform(0.4, 1.4), 40)
    radius = rng.uniform(0.8, 1.05) + 0.05 * slop * np.sin(2 * t + rng.uniform(0, 6))
    return [np.column_stack([radius * np.cos(t) * rng.uniform(0.95, 1.15), radius * np.sin(t)])]


def _beside(rng: np.random.Generator, slop: float) -> list[FloatArray]:
    return [stroke + np.array([-1.0 - 0.2 * rng.random(), 0.0]) for stroke in _cross(rng, slop)]


MARKS: dict[str, Shape] = {
    "cross": _cross,
    "check": _check,
    "slash": _slash,
    "scribble": _scribble,
    "fill": _fill,
    "dot": _dot,
    "circle": _circle,
    "beside": _beside,
}


def _dot_width(kind: str, size: float, pen: Pen, rng: np.random.Generator) -> float | None:
    """A dot meant as a tick is turned with the pen until it is seen: a third of the box or more."""
    return max(pen.width, size * float(rng.uniform(0.3, 0.5))) if kind == "dot" else None
