"""A signed frame, an empty one, and what looks like the one and is the other. Drawn ink, 6 pixels a millimetre."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from papier.ocr.zones.signature import SURE_ENOUGH, measure_ink, presence_probability

Ink = npt.NDArray[np.uint8]
MARGIN = 24


def empty_frame() -> Ink:
    """Ink of a frame of 70 by 25 mm and 4 mm around it."""
    return np.zeros((25 * 6 + 2 * MARGIN, 70 * 6 + 2 * MARGIN), np.uint8)


def sign(ink: Ink, thickness: int = 3) -> Ink:
    x = np.linspace(80, 360, 200)
    points = np.column_stack([x, 95 + 35 * np.sin(x / 14)]).astype(np.int32)
    cv2.polylines(ink, [points], isClosed=False, color=255, thickness=thickness)
    return ink


def chance(ink: Ink) -> float:
    return presence_probability(measure_ink(ink))


def test_a_signature_is_seen() -> None:
    assert chance(sign(empty_frame())) >= SURE_ENOUGH


def test_an_empty_frame_is_empty() -> None:
    assert chance(empty_frame()) <= 1 - SURE_ENOUGH


def test_shade_that_a_scan_in_black_and_white_turned_to_dots_is_no_signature() -> None:
    rng = np.random.default_rng(1)
    for share in (0.1, 0.3, 0.5):
        ink = empty_frame()
        ink[rng.random(ink.shape) < share] = 255
        assert 1 - SURE_ENOUGH < chance(ink) < SURE_ENOUGH, share


def test_a_pen_that_left_only_dots_is_not_taken_for_nothing() -> None:
    signed = sign(empty_frame(), 2)
    rng = np.random.default_rng(2)
    # Pieces of it, half a millimetre each.
    kept = np.asarray(
        cv2.resize(
            (rng.random((signed.shape[0] // 3, signed.shape[1] // 3)) < 0.45).astype(np.uint8),
            signed.shape[::-1],
            interpolation=cv2.INTER_NEAREST,
        ),
        dtype=np.uint8,
    )
    assert 1 - SURE_ENOUGH < chance(signed * kept) < SURE_ENOUGH


def test_what_is_left_of_the_printed_frame_is_no_signature() -> None:
    ink = empty_frame()
    x = np.linspace(MARGIN + 10, 300, 100)
    bent = np.column_stack([x, MARGIN + 2 + 5 * np.sin(x / 90)]).astype(np.int32)
    cv2.polylines(ink, [bent], isClosed=False, color=255, thickness=3)
    assert 1 - SURE_ENOUGH < chance(ink) < SURE_ENOUGH
