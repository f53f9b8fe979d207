from __future__ import annotations

import cv2
import numpy as np

from papier.ocr.correlation import Templates


def test_agrees_with_matching_one_by_one() -> None:
    rng = np.random.default_rng(5)
    windows = rng.integers(0, 256, (7, 30, 26)).astype(np.uint8)
    pictures = windows[:, 3:23, 2:20].copy()
    pictures[1::2] = rng.integers(0, 256, (3, 20, 18)).astype(np.uint8)
    found = Templates.of(pictures).correlate(windows)
    one_by_one = [
        cv2.matchTemplate(window, picture, cv2.TM_CCOEFF_NORMED)
        for window, picture in zip(windows, pictures, strict=True)
    ]
    assert np.abs(found - np.stack(one_by_one)).max() < 1e-4
    assert [np.unravel_index(surface.argmax(), surface.shape) for surface in found[::2]] == [(3, 2)] * 4


def test_even_pictures_and_even_windows_correlate_with_nothing() -> None:
    rng = np.random.default_rng(6)
    noise = rng.integers(0, 256, (2, 12, 12)).astype(np.uint8)
    even = np.full((2, 16, 16), 200, np.uint8)
    assert np.abs(Templates.of(noise).correlate(even)).max() < 1e-3
    assert not Templates.of(even[:, :12, :12]).correlate(rng.integers(0, 256, (2, 16, 16)).astype(np.uint8)).any()


def test_none_are_none() -> None:
    none = np.empty((0, 9, 9), np.uint8)
    assert Templates.of(none).correlate(np.empty((0, 12, 12), np.uint8)).shape == (0, 4, 4)
