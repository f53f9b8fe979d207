"""Lines as other pens, papers, neighbours and scanners would have left them."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Ink = npt.NDArray[np.uint8]


def disturb(ink: Ink, rng: np.random.Generator, neighbour: Ink | None = None) -> Ink:
    """`ink` (height, width, 255 full ink) by another pen, and scanned anew; `neighbour`: a line that intrudes."""
    image = _bend(ink, rng)
    if rng.random() < 0.5:
        image = _pen(image, rng)
    if neighbour is not None and rng.random() < 0.25:
        image = _intrude(image, neighbour, rng)
    if rng.random() < 0.35:
        image = _rule(image, rng)
    if rng.random() < 0.7:
        image = _scan(image, rng)
    return image


def _bend(ink: Ink, rng: np.random.Generator) -> Ink:
    """Slant, slope, size, and letters here wider and there narrower, here higher and there lower."""
    height, width = ink.shape
    # A resolution as a scan has it: what is small stays cheap.
    zoom = rng.uniform(0.5, 0.9) * 80 / height
    slant = rng.normal(0, 0.18)
    slope = rng.normal(0, 0.012)
    aspect = np.exp(rng.normal(0, 0.13))
    new_height, new_width = max(16, round(height * zoom)), max(16, round(width * zoom * aspect))
    pad = round(abs(slant) * new_height / 2) + 4
    knots = max(3, new_width // 60 + 2)
    position = np.linspace(0, knots - 1, new_width + 2 * pad)
    drift = np.interp(position, np.arange(knots), rng.normal(0, 0.045 * new_height, knots))
    stretch = np.interp(position, np.arange(knots), rng.normal(0, 4.0, knots))
    x = np.arange(new_width + 2 * pad, dtype=np.float32)[None] - pad
    y = np.arange(new_height, dtype=np.float32)[:, None]
    source_x = x + slant * (y - new_height / 2) + stretch[None]
    source_y = y + (drift + slope * (x[0] - new_width / 2))[None]
    if rng.random() < 0.3:
        wobble = cv2.resize(rng.normal(0, 1, (3, knots * 3)).astype(np.float32), (x.shape[1], new_height))
        source_y = source_y + 1.2 * wobble
    return np.asarray(
        cv2.remap(
            cv2.resize(ink, (new_width, new_height), interpolation=cv2.INTER_AREA),
            source_x.astype(np.float32),
            np.broadcast_to(source_y, source_x.shape).astype(np.float32),
            cv2.INTER_LINEAR,
            borderValue=0,
        ),
        dtype=np.uint8,
    )


def _pen(ink: Ink, rng: np.random.Generator) -> Ink:
    """A finer or broader pen, by grey morphology blended in."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    broader = rng.random() < 0.6
    changed = cv2.dilate(ink, kernel) if broader else cv2.erode(ink, kernel)
    share = rng.uniform(0.2, 0.9 if broader else 0.6)
    mixed = cv2.addWeighted(changed, share, ink, 1 - share, 0)
    gamma = np.exp(rng.normal(0, 0.35))
    table = (255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    return np.asarray(cv2.LUT(mixed, table), dtype=np.uint8)


def _intrude(ink: Ink, neighbour: Ink, rng: np.random.Generator) -> Ink:
    """Descenders of the line above, or ascenders of the line below, at the strip's edge."""
    height, width = ink.shape
    other = cv2.resize(neighbour, (width, height), interpolation=cv2.INTER_AREA)
    reach = round(height * rng.uniform(0.05, 0.2))
    image = ink.copy()
    if rng.random() < 0.5:
        image[:reach] = np.maximum(image[:reach], other[height - reach :])
    else:
        image[height - reach :] = np.maximum(image[height - reach :], other[:reach])
    return image


def _rule(ink: Ink, rng: np.random.Generator) -> Ink:
    """What is left of a ruled line: faint, broken, dotted, or the whole of it."""
    height, width = ink.shape
    row = round(height * rng.uniform(0.68, 0.97))
    thickness = int(rng.integers(1, 3))
    depth = np.full(width, rng.uniform(30, 200))
    if rng.random() < 0.5:
        holes = cv2.resize(rng.random((1, max(2, width // int(rng.integers(6, 60))))).astype(np.float32), (width, 1))[0]
        depth = depth * np.clip((holes - 0.4) * 4, 0, 1)
    image = ink.copy()
    slope = rng.normal(0, 0.002)
    for column_row in range(thickness):
        rows = np.clip(row + column_row + np.round(slope * np.arange(width)).astype(int), 0, height - 1)
        columns = np.arange(width)
        image[rows, columns] = np.maximum(image[rows, columns], depth.astype(np.uint8))
    if rng.random() < 0.3:  # the subtraction of a rule bites into the strokes that cross it
        gap = np.clip(row + np.arange(thickness), 0, height - 1)
        image[gap] = (image[gap] * rng.uniform(0, 0.6)).astype(np.uint8)
    return image


def _scan(ink: Ink, rng: np.random.Generator) -> Ink:
    image = ink.astype(np.float32)
    if rng.random() < 0.5:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.1))
    if rng.random() < 0.5:
        image = image + rng.normal(0, rng.uniform(2, 18), image.shape)
    image = np.clip(image, 0, 255).astype(np.float32)
    choice = rng.random()
    if choice < 0.2:
        strong = max(40.0, float(np.percentile(image, 99)))
        image = np.where(image > strong * rng.uniform(0.3, 0.55), 255, 0)
    elif choice < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))]
        _, encoded = cv2.imencode(".jpg", 255 - image.astype(np.uint8), quality)
        image = 255 - cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE).astype(np.float32)
    elif choice < 0.65:
        image = image * rng.uniform(0.3, 0.8)
    image = np.ascontiguousarray(image, dtype=np.float32)
    specks = rng.random() < 0.15
    if specks:
        for _ in range(int(rng.integers(1, 8))):
            y, x = int(rng.integers(image.shape[0])), int(rng.integers(image.shape[1]))
            cv2.circle(image, (x, y), int(rng.integers(1, 3)), float(rng.uniform(80, 255)), -1)
    return np.asarray(np.clip(image, 0, 255), dtype=np.uint8)
