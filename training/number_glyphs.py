"""Train the classifier of the sheet number's glyphs on degraded prints of its face.

`python training/number_glyphs.py [STRIPS]` draws so many numbers, prints, copies, soils and scans each, cuts them as
the reader does, trains, and writes `papier/ocr/models/number_glyphs.npz`. Ten minutes on two cores for 12,000 strips.
The degradations are this module's own: `benchmarks/sheet_numbers.py` measures on the simulator's instead.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from papier.forms.frame import NUMBER_FONT_SIZE, NUMBER_LENGTH, NUMBER_PITCH
from papier.forms.sheet_number import ALPHABET, LENGTH, PAGE_GLYPHS, print_number
from papier.forms.typefaces import face_path
from papier.geometry import MM_PER_INCH, POINTS_PER_MM, RectMm, Transform
from papier.ocr.glyphs import (
    ABOVE_BELOW_MM,
    CAP_MM,
    CHARACTER_PLACES,
    HALF,
    PAGE_PLACE,
    SEARCH_PX_PER_MM,
    SIDE_MM,
    GlyphModel,
    classify,
    cut_glyphs,
    cut_strips,
    half_shape,
    patch_shape,
)
from papier.ocr.scan import RegisteredPage, ScannedPage

MODEL = Path(__file__).parent.parent / "papier" / "ocr" / "models" / "number_glyphs.npz"
Floats = npt.NDArray[np.float32]

FINE_DPI = 400
FINE = FINE_DPI / MM_PER_INCH
# The piece of paper drawn: the number with this much around it, in millimetres.
AROUND_X, AROUND_Y = 4.0, 4.5
BOX = RectMm(AROUND_X, AROUND_Y, NUMBER_LENGTH * NUMBER_PITCH, CAP_MM)
PIECE = (BOX.width + 2 * AROUND_X, BOX.height + 2 * AROUND_Y)
# Between the printer's blackness and this, an average scan: for the average number that strips are laid on.
AVERAGE_BLUR_MM = 0.12

HIDDEN = (160, 80)
EPOCHS = 24
BATCH = 256
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-4
# A share of the labels is spread over the alphabet: no patch should be believed without limit.
SMOOTHING = 0.03
# Confidence is flattened beyond what this module's own scans ask for: others will be worse in ways of their own.
TEMPERATURE = 1.25


def draw(text: str, per_mm: float) -> Floats:
    """Ink (0 to 1) of the piece of paper that bears the number; ` ` leaves a place empty."""
    font = ImageFont.truetype(str(face_path("number")), NUMBER_FONT_SIZE / POINTS_PER_MM * per_mm)
    image = Image.new("L", (round(PIECE[0] * per_mm), round(PIECE[1] * per_mm)), 0)
    for place, glyph in enumerate(text):
        x = (BOX.x + place * NUMBER_PITCH) * per_mm
        ImageDraw.Draw(image).text((x, BOX.bottom * per_mm), glyph, font=font, fill=255, anchor="ls")
    return np.asarray(image, dtype=np.float32) / 255


def average_halves() -> Floats:
    """Both halves of an average number, as the reader searches them: `GlyphModel.halves`."""
    fine = 16 * SEARCH_PX_PER_MM
    every = np.mean([draw("".join([c * 4, "-", c * 4, "-", c * 4, "/", c]), fine) for c in ALPHABET], axis=0)
    soft = cv2.GaussianBlur(every, (0, 0), AVERAGE_BLUR_MM * fine)
    height, width = half_shape()
    pieces = []
    for half in range(2):
        corner = (BOX.x - SIDE_MM + half * HALF * NUMBER_PITCH, BOX.y - ABOVE_BELOW_MM)
        left, top = (round(length * fine) for length in corner)
        piece = soft[top : top + height * 16, left : left + width * 16]
        pieces.append(cv2.resize(piece, (width, height), interpolation=cv2.INTER_AREA))
    return np.array(pieces, dtype=np.float32)


def degrade(ink: Floats, rng: np.random.Generator) -> RegisteredPage:
    """The piece of paper printed, used and scanned; registered with an error."""
    dpi = float(rng.choice([100, 120, 150, 150, 200, 200, 240, 300, 300, 400]))
    image = _toner(_bent(ink, rng), rng)
    if rng.random() < 0.25:
        image = _toner(cv2.GaussianBlur(image, (0, 0), rng.uniform(1.0, 2.5)), rng)
    image = image * rng.uniform(0.35, 1.0)
    if rng.random() < 0.4:
        image = _soiled(image, rng)
    dark = cv2.GaussianBlur(image, (0, 0), max(0.5, FINE_DPI / dpi * rng.uniform(0.25, 0.85)))
    size = (round(PIECE[0] / MM_PER_INCH * dpi), round(PIECE[1] / MM_PER_INCH * dpi))
    small = cv2.resize(dark, size, interpolation=cv2.INTER_AREA)
    small = cv2.warpAffine(small, np.array([[1, 0, rng.uniform(0, 1)], [0, 1, rng.uniform(0, 1)]]), size)
    paper = rng.uniform(170, 255)
    grey = paper * (1 - small) + rng.normal(0, rng.uniform(0.5, 9), small.shape)
    if rng.random() < 0.35:
        black = float(np.percentile(grey, 2))
        if rng.random() < 0.25:
            stretched = np.clip((grey - black * 0.6) / (paper - black * 0.6) * 255, 0, 255).astype(np.uint8)
            pixels = np.array(Image.fromarray(stretched).convert("1").convert("L"))
        else:
            pixels = np.where(grey > black + (paper - black) * rng.uniform(0.35, 0.8), 255, 0).astype(np.uint8)
    else:
        pixels = np.clip(grey, 0, 255).astype(np.uint8)
        if rng.random() < 0.7:
            coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 92))])[1]
            pixels = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
    scale = np.array([size[0] / PIECE[0], size[1] / PIECE[1]])
    offset = rng.normal(0, 0.35, 2).clip(-0.9, 0.9)
    to_page = np.array([[scale[0], 0, offset[0] * scale[0]], [0, scale[1], offset[1] * scale[1]], [0, 0, 1]])
    return RegisteredPage(ScannedPage("drawn", 1, np.asarray(pixels, np.uint8), dpi), PIECE, Transform(to_page))


def _bent(ink: Floats, rng: np.random.Generator) -> Floats:
    """Slightly turned, sheared, stretched and wavy: what registration leaves."""
    height, width = ink.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    u, v = (x - width / 2) / FINE, (y - height / 2) / FINE
    turn, shear = rng.normal(0, 0.01), rng.normal(0, 0.02)
    factor_x, factor_y = 1 + rng.normal(0, 0.01), 1 + rng.normal(0, 0.02)
    wave = rng.normal(0, 0.12, 2)
    phase, length = rng.uniform(0, 6.3, 2), rng.uniform(8, 40)
    map_x = u * factor_x + v * (shear + turn) + wave[0] * np.sin(u / length * 6.3 + phase[0])
    map_y = v * factor_y - u * turn + wave[1] * np.sin(u / length * 6.3 + phase[1])
    map_x, map_y = (map_x * FINE + width / 2).astype(np.float32), (map_y * FINE + height / 2).astype(np.float32)
    return np.asarray(cv2.remap(ink, map_x, map_y, cv2.INTER_LINEAR), dtype=np.float32)


def _smooth(shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> Floats:
    """Noise of unit deviation, smooth over `sigma` pixels."""
    step = max(1, int(sigma / 2))
    coarse = rng.normal(0, 1, (shape[0] // step + 2, shape[1] // step + 2)).astype(np.float32)
    coarse = cv2.GaussianBlur(coarse, (0, 0), sigma / step)
    fine = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine / (fine.std() + 1e-6), dtype=np.float32)


def _toner(ink: Floats, rng: np.random.Generator) -> Floats:
    """Toner or none at an edge that wavers, lines thicker or thinner, specks lost and specks too many."""
    soft = cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.7, 2.0))
    laid = soft + _smooth(ink.shape, 1.5, rng) * rng.uniform(0.02, 0.12) > rng.uniform(0.25, 0.62)
    printed = laid.astype(np.float32)
    if rng.random() < 0.4:
        printed[_smooth(ink.shape, rng.uniform(0.7, 2.5), rng) > rng.uniform(1.2, 2.6)] = 0
    if rng.random() < 0.2:
        printed[_smooth(ink.shape, rng.uniform(0.7, 2.5), rng) > rng.uniform(2.6, 3.4)] = 1
    if rng.random() < 0.2:
        printed *= np.clip(1 - rng.uniform(0, 0.7) * (_smooth(ink.shape, rng.uniform(15, 60), rng) + 0.5), 0.1, 1)
    return printed


def _soiled(ink: Floats, rng: np.random.Generator) -> Floats:
    """Pen strokes, folds, stains, holes and shadows over the print."""
    height, width = ink.shape
    out = ink.copy()
    for _ in range(int(rng.integers(0, 4))):
        start = np.array([rng.uniform(0, width), rng.uniform(0, height)])
        steps = rng.normal(0, (3.5 * FINE, 1.5 * FINE), (3, 2)).cumsum(axis=0)
        points = np.concatenate([start[None], start + steps]).round().astype(np.int32)
        stroke = np.zeros_like(out)
        cv2.polylines(stroke, [points], False, rng.uniform(0.3, 1.0), int(rng.uniform(3, 13)), cv2.LINE_AA)
        out = np.maximum(out, stroke)
    kind = rng.random()
    if kind < 0.25:
        at, slope = rng.uniform(0, width), rng.normal(0, 0.3)
        line = np.zeros_like(out)
        ends = (round(at), 0), (round(at + slope * height), height)
        cv2.line(line, *ends, 1.0, int(rng.uniform(2, 9)), cv2.LINE_AA)
        fold = rng.uniform(0, 0.5) * line
        out = out * (1 - line * rng.uniform(0, 1)) + fold * (1 - out)
    elif kind < 0.6:
        stain = np.clip(_smooth(out.shape, rng.uniform(10, 60), rng), 0, 1.5) * rng.uniform(0.05, 0.4)
        out = 1 - (1 - out) * (1 - np.clip(stain, 0, 0.8))
    elif kind < 0.75:
        centre = (round(rng.uniform(0, width)), round(rng.uniform(0, height)))
        cv2.circle(out, centre, round(rng.uniform(0.5, 3) * FINE), float(rng.choice([0.0, 0.1, 0.9])), -1, cv2.LINE_AA)
    return np.asarray(np.clip(out, 0, 1), dtype=np.float32)


def collect(count: int, halves: Floats, seed: int) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Patches as the reader cuts them, and their characters (-1: none there): (n, pixels), (n,)."""
    rng = np.random.default_rng(seed)
    model = GlyphModel(halves, (), 1.0)
    patches, labels = [], []
    for index in range(count):
        bare = "".join(rng.choice(list(ALPHABET), LENGTH))
        number = f"{bare[:4]}-{bare[4:8]}-{bare[8:]}"
        page = 1 + int(rng.integers(9 if rng.random() < 0.8 else len(PAGE_GLYPHS)))
        text = list(print_number(number, page))
        gone = set(rng.choice(NUMBER_LENGTH, 2)) if rng.random() < 0.1 else set()
        for place in gone:
            text[place] = " "
        strip = cut_strips(degrade(draw("".join(text), FINE), rng), [BOX])[0]
        cut = cut_glyphs(strip, model)
        patches.append(cut.astype(np.float16))
        labels += [ALPHABET.find(text[place]) for place in (*CHARACTER_PLACES, PAGE_PLACE)]
        if index % 1000 == 999:
            print(f"{index + 1} strips", flush=True)
    return np.concatenate(patches).astype(np.float32), np.array(labels)


def train(
    patches: Floats, labels: npt.NDArray[np.int64], rng: np.random.Generator
) -> tuple[tuple[Floats, Floats], ...]:
    """Adam (D. Kingma, J. Ba, 2015) on the cross-entropy; learning rate falling as a cosine."""
    classes = len(ALPHABET)
    targets = np.full((len(labels), classes), 1 / classes, dtype=np.float32)
    known = labels >= 0
    targets[known] = SMOOTHING / classes
    targets[known, labels[known]] += 1 - SMOOTHING
    sizes = (patches.shape[1], *HIDDEN, classes)
    parameters: list[Floats] = []
    for inputs, outputs in itertools.pairwise(sizes):
        parameters += [
            rng.normal(0, np.sqrt(2 / inputs), (inputs, outputs)).astype(np.float32),
            np.zeros(outputs, np.float32),
        ]
    means = [np.zeros_like(parameter) for parameter in parameters]
    squares = [np.zeros_like(parameter) for parameter in parameters]
    steps = EPOCHS * (len(labels) // BATCH)
    step = 0
    height, width = patch_shape()
    for epoch in range(EPOCHS):
        total = 0.0
        order = rng.permutation(len(labels))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            inputs = patches[chosen].reshape(-1, height, width)
            # Registration may be off by another pixel: shift the batch, and shake it.
            inputs = np.roll(inputs, tuple(rng.integers(-1, 2, 2)), axis=(1, 2)).reshape(BATCH, -1)
            inputs = inputs + rng.normal(0, rng.uniform(0, 0.3), inputs.shape).astype(np.float32)
            step += 1
            total += _descend(parameters, means, squares, inputs, targets[chosen], step, steps)
        print(f"epoch {epoch + 1}: {total / (len(labels) // BATCH):.4f}", flush=True)
    return tuple(zip(parameters[::2], parameters[1::2], strict=True))


def _descend(
    parameters: list[Floats], means: list[Floats], squares: list[Floats], inputs: Floats, targets: Floats, step: int,
    steps: int,
) -> float:  # fmt: skip
    """One step; gives the loss before it."""
    activations = [inputs]
    for index in range(0, len(parameters), 2):
        values = activations[-1] @ parameters[index] + parameters[index + 1]
        activations.append(np.maximum(values, 0) if index + 2 < len(parameters) else values)
    logits = activations.pop()
    logits = logits - logits.max(axis=1, keepdims=True)
    shares = np.exp(logits)
    shares /= shares.sum(axis=1, keepdims=True)
    loss = float(-(targets * np.log(shares + 1e-9)).sum(axis=1).mean())
    slope = (shares - targets) / len(inputs)
    rate = LEARNING_RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
    for index in range(len(parameters) - 2, -1, -2):
        gradients = (activations[index // 2].T @ slope, slope.sum(axis=0))
        if index:
            slope = (slope @ parameters[index].T) * (activations[index // 2] > 0)
        for place, gradient in zip((index, index + 1), gradients, strict=True):
            means[place] += 0.1 * (gradient - means[place])
            squares[place] += 0.001 * (gradient**2 - squares[place])
            moved = means[place] / (1 - 0.9**step) / (np.sqrt(squares[place] / (1 - 0.999**step)) + 1e-8)
            parameters[place] -= (rate * (moved + WEIGHT_DECAY * parameters[place])).astype(np.float32)
    return loss


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 12_000
    cv2.setNumThreads(1)
    halves = average_halves()
    patches, labels = collect(count, halves, seed=1)
    layers = train(patches, labels, np.random.default_rng(2))
    model = GlyphModel(halves, tuple((np.ascontiguousarray(w.T), b) for w, b in layers), TEMPERATURE)
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "halves": np.round(halves * 255).astype(np.uint8),
        "temperature": np.array(TEMPERATURE),
    }
    for index, (weights, biases) in enumerate(layers):
        arrays |= {f"weights{index}": weights.astype(np.float16), f"biases{index}": biases.astype(np.float32)}
    np.savez_compressed(MODEL, **arrays)  # type: ignore[arg-type]
    fresh, wanted = collect(max(200, count // 20), halves, seed=3)
    known = wanted >= 0
    logs = classify(fresh[known], model)
    wrong = logs.argmax(axis=1) != wanted[known]
    cost = -logs[np.arange(len(logs)), wanted[known]].mean()
    print(f"{wrong.mean():.3%} of unseen characters misread; cost {cost:.4f}")


if __name__ == "__main__":
    main()
