"""Pages of boxes, drawn, marked and scanned, with the class of every box: what the model of ticks is fitted on.

Everything is simulated but the shapes of half the marks, which are crosses, checks, strokes and rings written by the
training writers of UNIPEN. Frames, sizes, spacings, print, pens, paper and scanners vary far more than papier's own
sheets do, since forms of others are read as well, and so that no single look is learnt by heart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from papier.forms.layout import Zone
from papier.forms.typefaces import face_path
from papier.geometry import FloatArray, RectMm, Transform
from papier.ocr.ink import InkPage
from papier.ocr.scan import RegisteredPage, ScannedPage
from papier.ocr.zones.tick_model import Look
from papier.ocr.zones.tick_patches import BLACK, SIDE, take_pictures
from simulator.defects import dirt, noise_tile, photocopy, smooth_noise
from simulator.hands import Glyph
from simulator.marks import draw_mark, draw_solid
from simulator.pen import InkLayer, Pen, luminance
from training.characters.glyphs import TRAIN, part_of_writer

SCALE = 12.0  # pixels a millimetre of the drawn paper
SIZE_MM = (148.0, 105.0)
MOST_BOXES = 110
IGNORED = -1  # nobody could say what such a box is: not shown to the model

USUAL = {
    "cross": 0.36,
    "check": 0.22,
    "slash": 0.06,
    "plus": 0.03,
    "scribble": 0.09,
    "fill": 0.09,
    "dot": 0.04,
    "circle": 0.06,
    "bar": 0.03,
    "blob": 0.02,
}
LOOKS = {
    "scribble": Look.SCRIBBLED,
    "fill": Look.DENSE,
    "circle": Look.CIRCLED,
    "dot": Look.DOT,
    "blob": Look.DOT,
}
WRITTEN = {"cross": "xXxX*", "plus": "+", "check": "vVvVJ", "slash": "/\\", "bar": "|", "circle": "oO0"}
# Ink below the first share of full black is what an eraser leaves; above the second it is a pen's. Between, anything.
GHOST, FAINTEST = 0.20, 0.33


@dataclass(frozen=True, eq=False)
class DrawnFace:
    """A printed face as a raster, grey 0 black."""

    pixels: NDArray[np.uint8]

    def cut(self, rects: Sequence[RectMm], shape: tuple[int, int]) -> NDArray[np.uint8]:
        return RegisteredPage(ScannedPage("face", 1, self.pixels), SIZE_MM, Transform.scaling(SCALE)).cut(rects, shape)


@dataclass(frozen=True)
class Sheet:
    """A blank drawn page: where its boxes are and how they are printed."""

    zones: list[Zone]
    face: DrawnFace
    pitch: tuple[float, float]  # in boxes
    scale: float = SCALE  # of the ink, pixels a millimetre


@dataclass(frozen=True)
class Marker:
    """One person with one pen. `real`: marks come from the collection; `zoom`, `habit`: how large and where."""

    pen: Pen
    usual: str
    slop: float
    real: bool
    zoom: float
    habit: FloatArray


# Marks of real writers, by kind: (n, 48, 48), ink 255.
Marks = Mapping[str, NDArray[np.uint8]]


def load_marks(path: Path, part: int = TRAIN) -> Marks:
    """Crosses, checks, strokes and rings of one part of the UNIPEN writers (`training.characters.glyphs`)."""
    with np.load(path) as data:
        image, label, writer = data["image"], data["label"], data["writer"].astype(str)
    wanted = np.array([part_of_writer(name) == part for name in writer.tolist()])
    return {kind: image[np.isin(label, sorted(set(chars))) & wanted] for kind, chars in WRITTEN.items()}


def draw_sheet(random: np.random.Generator) -> Sheet:
    """Boxes in rows with words beside them: half of them as papier prints, half of any other make."""
    own = random.random() < 0.5
    size = float(random.choice([4.5, 4.5, 6.0])) if own else random.uniform(2.6, 6.0)
    pitch_x = float(random.choice([1.55, 2.2, 3.5, 6.0], p=[0.1, 0.3, 0.35, 0.25]))
    pitch_y = float(random.choice([1.35, 1.67, 2.2], p=[0.1, 0.6, 0.3]))
    bubble = not own and random.random() < 0.4
    grey = 0.1 if own else float(random.choice([0.0, 0.2, 0.45, 0.6]))
    stroke = 0.35 if own else random.uniform(0.12, 0.4)
    lettered = not own and random.random() < 0.3
    image = Image.new("L", (round(SIZE_MM[0] * SCALE), round(SIZE_MM[1] * SCALE)), 255)
    pen = ImageDraw.Draw(image)
    font = ImageFont.truetype(face_path("regular"), round(random.uniform(2.4, 4.0) * SCALE))
    zones: list[Zone] = []
    ruled = random.random() < 0.4
    for row, y in enumerate(np.arange(random.uniform(6, 9), SIZE_MM[1] - 12, pitch_y * size)):
        if ruled:
            pen.line([(0, (y - 0.3 * size) * SCALE), (SIZE_MM[0] * SCALE, (y - 0.3 * size) * SCALE)], 190, 2)
        for column, x in enumerate(np.arange(random.uniform(7, 9), SIZE_MM[0] - 14, pitch_x * size)):
            if len(zones) >= MOST_BOXES:
                break
            rect = RectMm(float(x), float(y), size, size * (1.0 if own else float(random.uniform(0.9, 1.1))))
            zones.append(Zone(f"q{row}", "tick", rect, option=str(column), shape="bubble" if bubble else "square"))
            _print_box(pen, rect, stroke, round(255 * grey), bubble=bubble)
            if lettered:
                letter = "ABCDEFGHIJ0123456789"[column % 20]
                pen.text(
                    (rect.centre[0] * SCALE, rect.centre[1] * SCALE), letter, round(255 * random.uniform(0, 0.7)),
                    ImageFont.truetype(face_path("regular"), round(0.75 * size * SCALE)), anchor="mm",
                )  # fmt: skip
            if pitch_x > 3 and random.random() < 0.9:
                word = str(random.choice(["oui", "non", "Par courrier", "Autre", "une semaine", "matin", "A", "Père"]))
                room = (pitch_x - 1.25) * size * SCALE
                while font.getlength(word) > room and len(word) > 1:
                    word = word[:-1]
                at = ((rect.right + random.uniform(0.2, 0.55) * size) * SCALE, rect.centre[1] * SCALE)
                pen.text(at, word, round(255 * random.uniform(0, 0.3)), font, anchor="lm")
    if random.random() < 0.8:
        pen.rectangle((12, 12, 72, 72), 0)
    return Sheet(zones, DrawnFace(np.array(image)), (pitch_x, pitch_y))


def _print_box(pen: ImageDraw.ImageDraw, rect: RectMm, stroke: float, grey: int, *, bubble: bool) -> None:
    outer = [
        (rect.x - stroke / 2) * SCALE,
        (rect.y - stroke / 2) * SCALE,
        (rect.right + stroke / 2) * SCALE,
        (rect.bottom + stroke / 2) * SCALE,
    ]
    draw = pen.ellipse if bubble else pen.rectangle
    draw([round(v) for v in outer], outline=grey, width=max(1, round(stroke * SCALE)))


def pick_marker(random: np.random.Generator) -> Marker:
    kind = str(random.choice(["ballpoint", "fine", "pencil", "felt", "marker"], p=[0.45, 0.13, 0.2, 0.12, 0.1]))
    width = {
        "ballpoint": random.uniform(0.28, 0.6),
        "fine": random.uniform(0.18, 0.3),
        "pencil": random.uniform(0.3, 0.8),
        "felt": random.uniform(0.5, 1.0),
        "marker": random.uniform(0.9, 1.8),
    }[kind]
    # Black and blue mostly; orange and light green look grey.
    level = int(random.choice([random.uniform(20, 75), random.uniform(60, 110), random.uniform(100, 160)],
                              p=[0.75, 0.17, 0.08]))  # fmt: skip
    least = FAINTEST / (1 - level / 255)
    darkness = float(random.uniform(0.45, 0.95) if kind == "pencil" else random.uniform(0.75, 1.0))
    if kind == "pencil" and random.random() < 0.3:
        darkness = float(random.uniform(0.3, 0.5))
    grain = {"ballpoint": random.uniform(0.05, 0.4), "fine": 0.2, "pencil": random.uniform(0.3, 0.65)}.get(kind, 0.05)
    pen = Pen(
        kind,
        (level,) * 3,
        float(width),
        float(np.clip(darkness, min(least, 1.0), 1.0)),
        float(grain),
        float(random.uniform(0.02, 0.12) if kind in {"felt", "marker"} else 0.02),
    )
    return Marker(
        pen=pen,
        usual=str(random.choice(list(USUAL), p=list(USUAL.values()))),
        slop=float(np.clip(random.gamma(4, 0.25), 0.3, 2.4)),
        real=bool(random.random() < 0.5),
        zoom=float(np.exp(random.normal(0.05, 0.25)).clip(0.45, 1.9)),
        habit=random.normal(0, 0.1, 2),
    )


def put_mark(
    kind: str, rect: RectMm, layer: InkLayer, marker: Marker, pen: Pen, random: np.random.Generator, writers: Marks
) -> None:
    """One mark of this kind, drawn or by a real writer, over the box or anywhere `rect` says."""
    size = min(rect.width, rect.height)
    zoom = marker.zoom * float(np.exp(random.normal(0, 0.12)))
    if marker.real and kind in WRITTEN and kind != "circle":
        _write_mark(kind, rect, layer, marker, pen, random, writers, zoom)
        return
    if kind == "circle" and marker.real:
        _write_mark(kind, rect, layer, marker, pen, random, writers, random.uniform(1.75, 2.3))
        return
    if kind in {"plus", "bar", "blob"}:
        middle = np.array(rect.centre) + (marker.habit + random.normal(0, 0.06 * marker.slop, 2)) * size
        reach = 0.45 * zoom * size
        lean = random.normal(0, 0.12, 4) * reach
        if kind == "blob":
            layer.draw(middle + random.normal(0, 0.03, (2, 2)) * size, pen, random,
                       width=max(pen.width, size * random.uniform(0.25, 0.6)))  # fmt: skip
            return
        layer.draw(middle + np.array([[lean[0], -reach], [lean[1], reach]]), pen, random)
        if kind == "plus":
            layer.draw(middle + np.array([[-reach, lean[2]], [reach, lean[3]]]), pen, random)
        return
    if kind in {"cross", "check", "slash"}:
        x, y = rect.centre
        rect = RectMm(x - rect.width * zoom / 2, y - rect.height * zoom / 2, rect.width * zoom, rect.height * zoom)
        rect = rect.moved(*(marker.habit * size).tolist())
    draw_mark(kind, rect, layer, pen, random, slop=marker.slop)


def _write_mark(
    kind: str,
    rect: RectMm,
    layer: InkLayer,
    marker: Marker,
    pen: Pen,
    random: np.random.Generator,
    writers: Marks,
    zoom: float,
) -> None:
    marks = writers[kind]
    mask = marks[int(random.integers(len(marks)))]
    rows, columns = np.flatnonzero(mask.max(axis=1) > 64), np.flatnonzero(mask.max(axis=0) > 64)
    if not len(rows):
        return
    tight = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    factor = 96 / max(tight.shape)
    large = cv2.resize(tight, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    padded = cv2.copyMakeBorder(large, 8, 8, 8, 8, cv2.BORDER_CONSTANT, value=0)
    glyph = Glyph(np.asarray(padded, dtype=np.uint8), 8, padded.shape[0] - 8)
    size = min(rect.width, rect.height)
    height, width = (n / 96 * size * zoom for n in large.shape)
    shift = (marker.habit + random.normal(0, 0.08 * marker.slop, 2)) * size
    x, y = rect.centre
    layer.write(
        glyph,
        (x + float(shift[0]), y + float(shift[1]) + height / 2),
        (width * padded.shape[1] / max(1, large.shape[1]), height),
        slant=float(random.normal(0, 0.1)),
        pen=pen,
        rng=random,
    )


def cover(marks: Sequence[object], rect: RectMm, scale: float) -> float:
    """The share of a box that these marks of a layer cover."""
    x1, y1, x2, y2 = (round(v * scale) for v in (rect.x, rect.y, rect.right, rect.bottom))
    seen = np.zeros((y2 - y1, x2 - x1), np.uint8)
    for mark in marks:
        height, width = mark.coverage.shape  # type: ignore[attr-defined]
        left, top = mark.x - x1, mark.y - y1  # type: ignore[attr-defined]
        a, b = max(0, left), max(0, top)
        c, d = min(seen.shape[1], left + width), min(seen.shape[0], top + height)
        if a < c and b < d:
            part = mark.coverage[b - top : d - top, a - left : c - left]  # type: ignore[attr-defined]
            seen[b:d, a:c] = np.maximum(seen[b:d, a:c], part)
    return float((seen > 90).mean())


@dataclass
class Filled:
    """The ink of a page before and after correcting fluid was laid on, the fluid's places, and each box's class."""

    first: InkLayer
    fluid: list[RectMm]
    second: InkLayer
    looks: list[int]


def fill_sheet(
    sheet: Sheet, random: np.random.Generator, writers: Marks, *, given: Pen | None = None, fluids: bool = True
) -> Filled:
    """Mark some of the boxes, correct some, strike some out, write and scrawl over some.

    `given` replaces the pen drawn; without `fluids` what is corrected is erased.
    """
    marker = pick_marker(random)
    if given is not None:
        marker = replace(marker, pen=given)
    pen = marker.pen
    first, second = InkLayer(sheet.scale), InkLayer(sheet.scale)
    fluid: list[RectMm] = []
    share = float(random.choice([0.1, 0.3, 0.5]))
    looks = [int(Look.EMPTY)] * len(sheet.zones)
    tight = sheet.pitch[0] < 2 or sheet.pitch[1] < 1.5
    corrector = random.random() < 0.25
    for i, zone in enumerate(sheet.zones):
        if random.random() >= share:
            continue
        kind = marker.usual if random.random() < 0.8 else str(random.choice(list(USUAL), p=list(USUAL.values())))
        if kind == "circle" and tight:
            kind = "cross"
        elif not tight and random.random() < 0.04:
            kind = "circle"
        rect, chance = zone.rect, random.random()
        if chance < 0.10:
            if random.random() < 0.75:
                put_mark("check" if kind == "circle" else kind, rect, first, marker, pen, random, writers)
            if random.random() < 0.25:
                # Hastily, over what was marked before.
                for _ in range(int(random.integers(1, 3))):
                    put_mark("scribble", rect, first, marker, pen, random, writers)
                looks[i] = Look.SCRIBBLED
                continue
            draw_solid(rect, first, pen, random, slop=marker.slop)
            looks[i] = Look.DENSE
        elif chance < 0.16 or (corrector and chance < 0.4):
            looks[i] = _correct(rect, kind, first, second, fluid if fluids else None, marker, random, writers)
        elif chance < 0.19 and sheet.pitch[0] > 3:
            side = float(random.choice([-1.0, 1.0])) * random.uniform(1.05, 1.35) * rect.width
            put_mark(str(random.choice(["cross", "check"])), rect.moved(side, 0.0), first, marker, pen, random, writers)
            looks[i] = Look.BESIDE
        else:
            put_mark(kind, rect, first, marker, pen, random, writers)
            looks[i] = LOOKS.get(kind, Look.OPEN)
            if kind == "circle" and random.random() < 0.25:
                put_mark(str(random.choice(["cross", "check"])), rect, first, marker, pen, random, writers)
                looks[i] = Look.OPEN
    if random.random() < 0.2:
        _strike_rows(sheet, first, pen, random, looks)
    if random.random() < 0.3:
        _scrawl(sheet, first, pen, random, looks)
    return Filled(first, fluid, second, looks)


def _correct(
    rect: RectMm,
    kind: str,
    first: InkLayer,
    second: InkLayer,
    fluid: list[RectMm] | None,
    marker: Marker,
    random: np.random.Generator,
    writers: Marks,
) -> int:
    """Take a mark away with an eraser or with fluid; sometimes make another upon it."""
    kind = "cross" if kind == "circle" else kind
    if fluid is None or random.random() < 0.5:
        black = 1 - marker.pen.colour[0] / 255
        ghost = replace(marker.pen, darkness=float(random.uniform(0.03, GHOST) / max(black, 0.3)), bleed=0.1)
        put_mark(kind, rect, first, marker, ghost, random, writers)
        again = random.random() < 0.25
    else:
        put_mark(kind, rect, first, marker, marker.pen, random, writers)
        fluid.append(rect.grown(random.uniform(0.0, 0.35) * rect.width).moved(*random.normal(0, 0.3, 2).tolist()))
        again = random.random() < 0.35
    if again:
        put_mark(kind, rect, second, marker, marker.pen, random, writers)
        return LOOKS.get(kind, Look.OPEN)
    return Look.ERASED


def _strike_rows(sheet: Sheet, layer: InkLayer, pen: Pen, random: np.random.Generator, looks: list[int]) -> None:
    """One or two strokes through all or some boxes of a row."""
    rows: dict[str, list[int]] = {}
    for i, zone in enumerate(sheet.zones):
        rows.setdefault(zone.field, []).append(i)
    for name in random.permutation(list(rows))[: int(random.integers(1, 4))].tolist():
        row = rows[name][: max(2, int(random.integers(2, 14)))]
        if len(row) < 2:
            continue
        start, stop = sheet.zones[row[0]].rect, sheet.zones[row[-1]].rect
        y = start.y + start.height * random.uniform(0.25, 0.75, 2)
        t = np.linspace(0, 1, 12)[:, None]
        ends = np.array([[start.x - random.uniform(0, 4), y[0]], [stop.right + random.uniform(0, 4), y[1]]])
        bend = 4 * t * (1 - t) * np.array([0.0, random.normal(0, 0.8)])
        before = len(layer.marks)
        layer.draw(ends[0] * (1 - t) + ends[1] * t + bend, pen, random)
        _relabel(sheet, layer.marks[before:], range(len(sheet.zones)), looks)


def _scrawl(sheet: Sheet, layer: InkLayer, pen: Pen, random: np.random.Generator, looks: list[int]) -> None:
    """A signature or a few words across the page, and whatever is in their way."""
    before = len(layer.marks)
    if random.random() < 0.3:
        pen = replace(pen, width=float(random.uniform(1.0, 2.0)))
    width, height = random.uniform(20, 70), random.uniform(5, 18)
    right = max(zone.rect.right for zone in sheet.zones)
    bottom = max(zone.rect.bottom for zone in sheet.zones)
    t = np.linspace(0, 1, 160)
    phase = 2 * np.pi * random.integers(3, 9) * t + random.uniform(0, 6.28)
    x = random.uniform(8, max(20, right - 40)) + width * t + 0.3 * height * np.cos(phase)
    y = random.uniform(12, max(20, bottom - 8)) + height / 2 * (0.3 + 0.7 * (1 - t)) * np.sin(phase) + 3 * np.sin(4 * t)
    layer.draw(np.column_stack([x, y]), pen, random)
    _relabel(sheet, layer.marks[before:], range(len(sheet.zones)), looks)


def _relabel(sheet: Sheet, marks: Sequence[object], which: Sequence[int], looks: list[int]) -> None:
    """Boxes that these strokes run through are struck; those they barely touch, nobody could say."""
    for i in which:
        share = cover(marks, sheet.zones[i].rect, sheet.scale)
        if share > 0.05:
            looks[i] = (
                Look.STRUCK if looks[i] in {Look.EMPTY, Look.OPEN, Look.DOT, Look.STRUCK, Look.BESIDE} else IGNORED
            )
        elif share > 0.01:
            looks[i] = IGNORED


def scan_sheet(sheet: Sheet, filled: Filled, random: np.random.Generator) -> RegisteredPage:
    """Print, ink and scan; the registration that comes along is a little wrong, as registrations are."""
    rough = bool(random.random() < 0.4)
    paper = _print(sheet.face.pixels, random)
    tint = random.uniform(0.7, 1.0) if random.random() < 0.4 else random.uniform(0.95, 1.0)
    paper = cv2.convertScaleAbs(paper, alpha=tint)
    filled.first.composite(paper)
    for place in filled.fluid:
        _paint(paper, place, random, 255 * min(1.0, tint * random.uniform(0.97, 1.04)))
    filled.second.composite(paper)
    if random.random() < 0.25:
        shining = 1 - random.uniform(0.02, 0.3 if rough else 0.1) * (1 - paper[:, ::-1] / 255.0)
        paper = (paper * cv2.GaussianBlur(shining.astype(np.float32), (0, 0), 3.0)).astype(np.uint8)
    dirt(paper, SCALE * 25.4, random, int(random.integers(0, 20 if rough else 6)))
    if random.random() < 0.12:
        for _ in range(int(random.integers(1, 3))):
            photocopy(paper, SCALE * 25.4, random)
    _punch(paper, sheet, filled.looks, random)
    dpi = float(random.choice([100, 150, 200, 240, 300, 400], p=[0.04, 0.2, 0.3, 0.16, 0.25, 0.05]))
    scan, registered = _project(paper, dpi, random, int(255 * tint))
    grey = scan.astype(np.float32)
    if random.random() < 0.4:
        grey *= 1 + random.uniform(0.01, 0.06) * smooth_noise(grey.shape, random.uniform(20, 90), random)
    if random.random() < 0.15:
        along = np.arange(grey.shape[0])[:, None] - random.uniform(0, grey.shape[0])
        grey *= 1 - random.uniform(0.05, 0.2) * np.exp(-((along / random.uniform(3, 12)) ** 2))
    low, high = random.uniform(0, 45), random.uniform(230, 268)
    grey = low + grey * (high - low) / 255
    noise = noise_tile(512, 0.5, int(random.integers(4)))
    tiles = [-(-n // 512) for n in grey.shape]
    grey += random.uniform(0.3, 7.0 if rough else 3.5) * np.tile(noise, tiles)[: grey.shape[0], : grey.shape[1]]
    final = np.clip(grey, 0, 255).astype(np.uint8)
    fate = random.random()
    faint = max((mark.pen.darkness * (1 - luminance(mark.pen.colour) / 255) for mark in filled.first.marks), default=1)
    if fate < 0.15 and faint > 0.55:
        level = float(np.median(final)) * random.uniform(0.66, 0.85)
        final = np.where(final > level, 255, 0).astype(np.uint8)
        if random.random() < 0.15:
            final = np.asarray(Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).convert("1").convert("L"))
    elif fate < 0.75:
        _, data = cv2.imencode(".jpg", final, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(35, 92))])
        final = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
    return replace(registered, scan=ScannedPage("drawn", 1, np.ascontiguousarray(final), dpi))


def _print(face: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Toner: softer, thicker or thinner than drawn, paler, light greys lost now and then, with specks."""
    paper = cv2.GaussianBlur(face, (0, 0), random.uniform(0.3, 1.2)).astype(np.float32) / 255
    paper = np.clip((paper - random.uniform(0.0, 0.25)) * random.uniform(1.0, 1.4), 0, 1)
    black = random.uniform(0.03, 0.2) if random.random() < 0.8 else random.uniform(0.2, 0.5)
    if random.random() < 0.15:
        paper = np.where(paper > random.uniform(0.35, 0.75), 1.0, paper)
    printed = 255 * (black + paper * (1 - black))
    if random.random() < 0.25:
        lost = noise_tile(512, 0.9, 7) > np.quantile(noise_tile(512, 0.9, 7), 1 - random.uniform(0.0005, 0.01))
        tiles = [-(-n // 512) for n in printed.shape]
        printed = np.where(np.tile(lost, tiles)[: printed.shape[0], : printed.shape[1]], 240, printed)
    return printed.astype(np.uint8)


def _paint(paper: NDArray[np.uint8], place: RectMm, random: np.random.Generator, level: float) -> None:
    """Correcting fluid: an uneven white blot that leaves a little through, with an edge that shows."""
    t = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    wave = 1 + 0.12 * np.sin(3 * t + random.uniform(0, 6)) + random.normal(0, 0.04, len(t))
    x = place.centre[0] + place.width / 2 * np.sign(np.cos(t)) * np.abs(np.cos(t)) ** 0.5 * wave
    y = place.centre[1] + place.height / 2 * np.sign(np.sin(t)) * np.abs(np.sin(t)) ** 0.5 * wave
    outline = np.round(np.column_stack([x, y]) * SCALE).astype(np.int32).reshape(-1, 1, 2)
    mask = np.zeros(paper.shape, np.uint8)
    cv2.fillPoly(mask, [outline], 255)
    x1, y1, w, h = cv2.boundingRect(outline)
    y1, x1 = max(0, y1 - 6), max(0, x1 - 6)
    part = (slice(y1, y1 + h + 12), slice(x1, x1 + w + 12))
    soft = cv2.GaussianBlur(mask[part], (0, 0), 1.5).astype(np.float32) / 255 * random.uniform(0.8, 1.0)
    paper[part] = (paper[part] * (1 - soft) + level * soft).astype(np.uint8)
    if random.random() < 0.5:
        edge = outline - np.array([x1, y1], np.int32)
        shade = np.zeros(paper[part].shape, np.uint8)
        cv2.polylines(shade, [edge], True, 255, 2, cv2.LINE_AA)
        paper[part] = (paper[part] * (1 - random.uniform(0.03, 0.15) * shade / 255.0)).astype(np.uint8)


def _punch(paper: NDArray[np.uint8], sheet: Sheet, looks: list[int], random: np.random.Generator) -> None:
    """Holes of a punch or torn places, black or white; what they take of a box nobody knows."""
    for _ in range(int(random.choice([0, 1, 3], p=[0.7, 0.2, 0.1]))):
        zone = sheet.zones[int(random.integers(len(sheet.zones)))].rect
        x, y = np.array(zone.centre) + random.normal(0, 4.0, 2)
        radius = random.uniform(1.5, 3.2)
        cv2.circle(paper, (round(x * SCALE), round(y * SCALE)), round(radius * SCALE),
                   int(random.choice([20, 235, 250])), -1, cv2.LINE_AA)  # fmt: skip
        for i, other in enumerate(sheet.zones):
            u = np.linspace(other.rect.x, other.rect.right, 12)[None, :]
            v = np.linspace(other.rect.y, other.rect.bottom, 12)[:, None]
            share = float(((u - x) ** 2 + (v - y) ** 2 < radius**2).mean())
            if share > 0.35:
                looks[i] = Look.STRUCK
            elif share > 0.12 or (share > 0 and looks[i] != Look.EMPTY):
                looks[i] = IGNORED


def _project(
    paper: NDArray[np.uint8], dpi: float, random: np.random.Generator, outside: int
) -> tuple[NDArray[np.uint8], RegisteredPage]:
    """The paper at the scan's resolution, and a registration that is off by a tenth of a millimetre as a rule."""
    scale = dpi / 25.4
    spread = 0.08 if random.random() < 0.85 else 0.2
    shift = random.normal(0, spread, 2).clip(-0.45, 0.45) * scale
    turn = np.deg2rad(random.normal(0, 1.5))
    rotation = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    given = np.eye(3)
    given[:2, :2] = rotation
    given[:2, 2] = 4 * scale
    true = given.copy()
    true[:2, :2] = rotation @ (np.eye(2) + random.normal(0, 0.0006, (2, 2)))
    true[:2, 2] += shift
    size = (int((SIZE_MM[0] + 8) * scale), int((SIZE_MM[1] + 8) * scale))
    soft = cv2.GaussianBlur(paper, (0, 0), max(0.3, 0.5 * SCALE / scale * random.uniform(0.6, 1.5)))
    to_scan = true @ np.diag([1 / SCALE, 1 / SCALE, 1.0])
    beyond = outside if random.random() < 0.7 else int(random.choice([10, 225, 250]))
    scan = cv2.warpAffine(soft, to_scan[:2], size, flags=cv2.INTER_LINEAR, borderValue=beyond)
    page = RegisteredPage(ScannedPage("drawn", 1, np.asarray(scan, np.uint8), dpi), SIZE_MM, Transform(given))
    return np.asarray(scan, np.uint8), page


def draw_page(random: np.random.Generator, writers: Marks) -> tuple[NDArray[np.uint8], NDArray[np.int_], list[Zone]]:
    """The pictures of one page's boxes as the product takes them, and their classes."""
    sheet = draw_sheet(random)
    filled = fill_sheet(sheet, random, writers)
    page = scan_sheet(sheet, filled, random)
    pictures = take_pictures(InkPage.of(page, sheet.face), sheet.zones)
    return pictures, np.array(filled.looks), sheet.zones


def interesting(pictures: NDArray[np.uint8], looks: NDArray[np.int_], random: np.random.Generator) -> NDArray[np.bool_]:
    """Boxes worth training on: all but the ignored, and of the plainly empty ones one in six."""
    middle = slice(SIDE // 6, -SIDE // 6)
    odd = np.clip(pictures[:, 0].astype(np.int16) - pictures[:, 1], 0, None)[:, middle, middle]
    plain = (looks == Look.EMPTY) & ((odd > BLACK // 4).mean(axis=(1, 2)) < 0.02)
    return (looks != IGNORED) & (~plain | (random.random(len(looks)) < 1 / 6))
