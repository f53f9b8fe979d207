"""Every pen, size, slope and ruled line comes to the same kind of strip."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from papier.ocr.line_strips import COLUMN, HEIGHT, MAX_WIDTH, Strip, normalise_line


def word(scale: float = 1.0, slope: float = 0.0, ink: int = 255, pad: int = 20) -> Strip:
    """Something written: uprights, rings and a descender, on a strip with paper around."""
    width, height = round(420 * scale) + 2 * pad, round(70 * scale) + 2 * pad
    strip = np.zeros((height, width), np.uint8)
    for index in range(14):
        x = pad + scale * (15 + 28 * index)
        y = pad + scale * 40 + slope * (x - width / 2)
        pen = max(1, round(3 * scale))
        if index % 3 == 0:
            cv2.line(strip, (round(x), round(y - 28 * scale)), (round(x), round(y + 10 * scale)), ink, pen)
        else:
            cv2.circle(strip, (round(x), round(y)), round(10 * scale), ink, pen)
        if index % 5 == 4:
            cv2.line(strip, (round(x + 10 * scale), round(y)), (round(x + 8 * scale), round(y + 26 * scale)), ink, pen)
    return strip


def likeness(first: Strip, second: Strip) -> float:
    """Correlation of two strips brought to one width."""
    size = (first.shape[1], HEIGHT)
    a = cv2.blur(first, (5, 5)).astype(float).ravel()
    b = cv2.blur(cv2.resize(second, size), (5, 5)).astype(float).ravel()
    return float(np.corrcoef(a, b)[0, 1])


def test_the_frame_is_fixed() -> None:
    strip = normalise_line(word())
    assert strip.dtype == np.uint8
    assert (strip.shape[0], strip.shape[1] % COLUMN) == (HEIGHT, 0)
    assert strip.max() == 255


@pytest.mark.parametrize("scale", [0.6, 2.0])
def test_size_does_not_matter(scale: float) -> None:
    strip, other = normalise_line(word()), normalise_line(word(scale))
    assert other.shape[1] == pytest.approx(strip.shape[1], abs=3 * COLUMN)
    assert likeness(strip, other) > 0.8


def test_a_pale_pen_is_as_dark_as_any() -> None:
    strip, pale = normalise_line(word()), normalise_line(word(ink=70))
    assert likeness(strip, pale) > 0.97
    assert pale.max() == 255


@pytest.mark.parametrize("slope", [-0.05, 0.05])
def test_a_line_that_climbs_is_levelled(slope: float) -> None:
    level = normalise_line(word())
    assert likeness(level, normalise_line(word(slope=slope))) > 0.8


def test_what_is_left_of_a_ruled_line_moves_nothing() -> None:
    clean = word()
    ruled = clean.copy()
    ruled[66:68, :] = np.maximum(ruled[66:68, :], 130)
    assert likeness(normalise_line(clean), normalise_line(ruled)) > 0.75


@pytest.mark.parametrize(
    "strip", [np.zeros((60, 400), np.uint8), np.zeros((60, 0), np.uint8), np.full((60, 9), 20, np.uint8)]
)
def test_paper_has_no_columns(strip: Strip) -> None:
    assert normalise_line(strip).shape == (HEIGHT, 0)


def test_a_ruled_line_alone_has_no_columns() -> None:
    strip = np.zeros((60, 400), np.uint8)
    strip[44:46] = 200
    assert normalise_line(strip).shape == (HEIGHT, 0)


def test_a_line_without_end_is_cut_down_to_the_widest() -> None:
    assert normalise_line(np.tile(word(), (1, 12))).shape[1] == MAX_WIDTH
