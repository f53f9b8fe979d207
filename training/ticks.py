"""Fit the coefficients of `papier.ocr.zones.tick_model` on drawn marks.

    python -m training.ticks [--pages 400] [--seed 1]

Prints the matrix to put into the model and the confusion on pages that were not fitted. The marks are those of the
simulator, the pages bare grids of boxes: boxes of many sizes and spacings, frames of several greys, all pens, paper
tints, blur, noise, JPEG, 1-bit, dirt, and a registration that is off by up to a quarter of a millimetre.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from papier.forms.layout import Zone
from papier.geometry import RectMm, Transform
from papier.ocr.ink import InkPage
from papier.ocr.scan import RegisteredPage, ScannedPage
from papier.ocr.zones.tick import measure_evidence
from papier.ocr.zones.tick_model import Evidence
from simulator.defects import dirt, smooth_noise
from simulator.marks import draw_mark, draw_solid
from simulator.pen import InkLayer, pick_pen

FACE_SCALE = 12.0  # pixels a millimetre of the face's raster
SIZE_MM = (148.0, 105.0)
CLASSES = ("empty", "marked", "blackened")
MARKS = ("cross", "check", "slash", "scribble", "dot", "beside")
MARK_SHARES = (0.5, 0.28, 0.07, 0.08, 0.05, 0.02)


@dataclass(frozen=True)
class DrawnFace:
    """A printed face as a raster, grey 0 black."""

    pixels: NDArray[np.uint8]

    def cut(self, rects: Sequence[RectMm], shape: tuple[int, int]) -> NDArray[np.uint8]:
        scan = ScannedPage("face", 1, self.pixels)
        page = RegisteredPage(scan, SIZE_MM, Transform.scaling(FACE_SCALE))
        return page.cut(rects, shape)


def draw_grid(random: np.random.Generator) -> tuple[list[Zone], DrawnFace]:
    """Boxes in rows with labels beside them."""
    size = random.uniform(3.0, 5.5)
    pitch_x = size * random.choice([1.6, 2.2, 3.0, 5.0], p=[0.1, 0.3, 0.3, 0.3])
    pitch_y = size * random.choice([1.35, 1.7, 2.2], p=[0.1, 0.4, 0.5])
    bubble = random.random() < 0.2
    grey = float(random.choice([0.0, 0.2, 0.45, 0.6]))
    pixels = np.full((round(SIZE_MM[1] * FACE_SCALE), round(SIZE_MM[0] * FACE_SCALE)), 255, np.uint8)
    zones: list[Zone] = []
    for row, y in enumerate(np.arange(8, SIZE_MM[1] - 12, pitch_y)):
        for column, x in enumerate(np.arange(8, SIZE_MM[0] - 14, pitch_x)):
            if len(zones) >= 120:
                break
            rect = RectMm(float(x), float(y), size, size)
            zones.append(Zone(f"q{row}", "tick", rect, option=str(column), shape="bubble" if bubble else "square"))
            stroke = max(1, round(random.uniform(0.15, 0.3) * FACE_SCALE))
            start = (round(x * FACE_SCALE), round(y * FACE_SCALE))
            stop = (round((x + size) * FACE_SCALE), round((y + size) * FACE_SCALE))
            if bubble:
                middle = ((start[0] + stop[0]) // 2, (start[1] + stop[1]) // 2)
                cv2.circle(pixels, middle, (stop[0] - start[0]) // 2, int(255 * grey), stroke, cv2.LINE_AA)
            else:
                cv2.rectangle(pixels, start, stop, int(255 * grey), stroke)
            if pitch_x > 4 * size:
                cv2.putText(
                    pixels, "abe"[column % 3] + "no", (stop[0] + 14, stop[1] - 8), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 0, 2
                )
    cv2.rectangle(pixels, (12, 12), (60, 60), 0, -1)
    return zones, DrawnFace(pixels)


def fill_grid(zones: list[Zone], random: np.random.Generator, layer: InkLayer, *, rough: bool) -> list[int]:
    """Mark about a fifth of the boxes with one pen; the class of each box."""
    pen = pick_pen(random, rough=rough)
    usual = str(random.choice(MARKS, p=MARK_SHARES))
    slop = float(np.clip(random.gamma(4, 0.25), 0.3, 2.2))
    share = random.choice([0.05, 0.2, 0.4])
    classes = []
    for zone in zones:
        chance = random.random()
        mark = usual if random.random() < 0.8 else str(random.choice(MARKS, p=MARK_SHARES))
        if chance < 0.25 * share:
            if random.random() < 0.7:
                draw_mark("cross", zone.rect, layer, pen, random, slop=slop)
            draw_solid(zone.rect, layer, pen, random, slop=slop)
            classes.append(2)
        elif chance < share and mark != "beside":
            draw_mark(mark, zone.rect, layer, pen, random, slop=slop)
            classes.append(1)
        else:
            classes.append(0)
    return classes


def scan_grid(face: DrawnFace, layer: InkLayer, random: np.random.Generator, *, rough: bool) -> RegisteredPage:
    """Print, ink and scan: grey levels, blur, noise, dirt, resolution, and a registration slightly off."""
    paper = face.pixels.copy()
    paper = np.asarray(cv2.GaussianBlur(paper, (0, 0), random.uniform(0.3, 0.9)), dtype=np.uint8)
    tint = random.uniform(0.75, 1.0) if random.random() < 0.4 else random.uniform(0.95, 1.0)
    fade = random.uniform(0.5, 1.0) if random.random() < 0.2 else 1.0
    paper = (255 * tint * (1 - fade * (1 - paper / 255.0) * random.uniform(0.85, 0.97))).astype(np.uint8)
    layer.composite(paper)
    dirt(paper, FACE_SCALE * 25.4, random, int(random.integers(0, 20 if rough else 6)))
    dpi = float(random.choice([150, 200, 300, 400]))
    scale = dpi / 25.4
    shift = random.normal(0, 0.07, 2).clip(-0.25, 0.25) * scale
    stretch = random.normal(0, 0.0006, (2, 2))
    matrix = np.array([[scale, 0, 0], [0, scale, 0], [0, 0, 1.0]])
    true = matrix.copy()
    true[:2, :2] = true[:2, :2] @ (np.eye(2) + stretch)
    true[:2, 2] = shift + 6
    matrix[:2, 2] = 6
    size = (int(SIZE_MM[0] * scale) + 12, int(SIZE_MM[1] * scale) + 12)
    soft = cv2.GaussianBlur(paper, (0, 0), max(0.3, 0.5 * FACE_SCALE / scale * random.uniform(0.6, 1.4)))
    warp = true @ np.diag([1 / FACE_SCALE, 1 / FACE_SCALE, 1.0])
    scan = cv2.warpAffine(soft, warp[:2], size, flags=cv2.INTER_LINEAR, borderValue=int(255 * tint))
    grey = np.asarray(scan, dtype=np.float64)
    if random.random() < 0.3:
        grey *= 1 + 0.03 * smooth_noise(grey.shape, 60, random)
    low, high = random.uniform(0, 30), random.uniform(235, 265)
    grey = low + grey * (high - low) / 255
    grey += random.normal(0, random.uniform(0.5, 7.0 if rough else 4.0), grey.shape)
    final = np.clip(grey, 0, 255).astype(np.uint8)
    fate = random.random()
    if fate < 0.15:
        level = float(np.median(final)) * random.uniform(0.68, 0.85)
        final = np.where(final > level, 255, 0).astype(np.uint8)
    elif fate < 0.6:
        _, data = cv2.imencode(".jpg", final, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(35, 92))])
        final = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
    return RegisteredPage(ScannedPage("drawn", 1, final, dpi), SIZE_MM, Transform(matrix))


def draw_page(random: np.random.Generator) -> tuple[list[Zone], DrawnFace, RegisteredPage, list[int]]:
    rough = bool(random.random() < 0.4)
    zones, face = draw_grid(random)
    layer = InkLayer(FACE_SCALE)
    classes = fill_grid(zones, random, layer, rough=rough)
    return zones, face, scan_grid(face, layer, random, rough=rough), classes


def collect(pages: int, seed: int) -> tuple[list[Evidence], NDArray[np.int_]]:
    random = np.random.default_rng(seed)
    evidence: list[Evidence] = []
    classes: list[int] = []
    for _ in range(pages):
        zones, face, page, truth = draw_page(random)
        evidence += measure_evidence(InkPage.of(page, face), zones)
        classes += truth
    return evidence, np.array(classes)


def fit(features: NDArray[np.float64], classes: NDArray[np.int_], decay: float = 3e-6) -> NDArray[np.float64]:
    """Multinomial logistic regression by Newton's method with a small ridge; the first class has zero coefficients."""
    n, width = features.shape
    weights = np.zeros((2, width))
    target = np.stack([classes == 1, classes == 2], axis=1).astype(float)
    for _ in range(40):
        scores = np.column_stack([np.zeros(n), features @ weights.T])
        scores -= scores.max(axis=1, keepdims=True)
        chance = np.exp(scores)
        chance /= chance.sum(axis=1, keepdims=True)
        gradient = (chance[:, 1:] - target).T @ features / n + decay * weights
        hessian = np.zeros((2 * width, 2 * width))
        for a in range(2):
            for b in range(2):
                weight = chance[:, a + 1] * ((a == b) - chance[:, b + 1])
                hessian[a * width : (a + 1) * width, b * width : (b + 1) * width] = (
                    (features * weight[:, None]).T @ features / n
                )
        hessian += decay * np.eye(2 * width)
        step = np.linalg.solve(hessian, gradient.ravel()).reshape(2, width)
        weights -= step * min(1.0, 5.0 / np.abs(step).max())
        if np.abs(step).max() < 1e-6:
            break
    return np.vstack([np.zeros(width), weights])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    evidence, classes = collect(arguments.pages, arguments.seed)
    features = np.array([one.features() for one in evidence])
    with_ink = features[:, 1] > 0
    print(
        f"{len(classes)} boxes, {with_ink.sum()} with ink; without ink: {np.bincount(classes[~with_ink], minlength=3)}"
    )
    coefficients = fit(features[with_ink], classes[with_ink])
    print(np.array2string(coefficients, precision=3, separator=", ", suppress_small=True, max_line_width=120))
    tested, truth = collect(arguments.pages // 4, arguments.seed + 1)
    scores = np.array([one.features() for one in tested]) @ coefficients.T
    chance = np.exp(scores - scores.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    inked = np.array([one.coverage > 0 for one in tested])
    best = np.where(inked, chance.argmax(axis=1), 0)
    sure = np.where(inked, chance.max(axis=1), 1.0)
    table = np.zeros((3, 3), int)
    np.add.at(table, (truth, best), 1)
    print("rows: truth, columns: read", CLASSES, table.tolist())
    for limit in (0.5, 0.9, 0.99, 0.999):
        kept = sure >= limit
        wrong = int(np.sum(best[kept] != truth[kept]))
        print(f"at {limit}: {np.mean(~kept[inked]):.4f} of the inked doubtful, {wrong} wrong")


if __name__ == "__main__":
    main()
