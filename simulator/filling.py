"""Filling a sheet by hand: marks, characters, lines and signatures in the zones of a layout, and the truth of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from papier.forms.layout import Layout, Zone
from papier.forms.typefaces import face_path
from papier.geometry import FloatArray, RectMm
from papier.records import OptionState, Value
from simulator.hands import Hand, Mask, WrittenLines
from simulator.marks import draw_mark, draw_solid, draw_strike
from simulator.pen import InkLayer, Pen
from simulator.values import FieldZones, cells_of, fields_of

TYPED_INK = Pen("typed", (20, 20, 20), 0.2, darkness=0.97, grain=0.0)


@dataclass(frozen=True)
class Style:
    """How one person fills forms.

    `mark` is the usual tick (see `simulator.marks.MARKS`), another one is used for `other_mark` of the boxes; `slop`
    scales how far marks stray, `zoom` their size; `lettered`: crosses and checks are the hand's own X and V, real ones.
    Probabilities: per field, `cancel` of a box blackened and another ticked, `double` of
    two ticks in a single choice, `strike` of a comb struck out and not written again; `remark` of a note across a page.
    """

    mark: str = "cross"
    other_mark: float = 0.05
    slop: float = 1.0
    zoom: float = 1.0
    lettered: bool = False
    cancel: float = 0.02
    double: float = 0.0
    strike: float = 0.0
    remark: float = 0.0


def pick_style(rng: np.random.Generator, *, rough: bool = False) -> Style:
    """A person at random: half make crosses, most others check marks; a few do as they like."""
    marks = ["cross", "check", "slash", "scribble", "fill", "dot", "circle"]
    return Style(
        mark=str(rng.choice(marks, p=[0.52, 0.27, 0.05, 0.06, 0.05, 0.03, 0.02])),
        slop=float(np.clip(rng.gamma(4, 0.25), 0.3, 2.2)),
        cancel=0.02,
        double=0.004,
        strike=0.003,
        remark=0.15 if rough else 0.0,
    )


def pick_any_style(rng: np.random.Generator) -> Style:
    """A person at random, of whom anything may come: tiny and huge marks, real letters as marks, any usual mark."""
    marks = ["cross", "check", "slash", "scribble", "fill", "dot", "circle"]
    return Style(
        mark=str(rng.choice(marks, p=[0.42, 0.3, 0.07, 0.07, 0.06, 0.04, 0.04])),
        other_mark=0.1,
        slop=float(np.clip(rng.gamma(4, 0.3), 0.3, 2.4)),
        zoom=float(np.exp(rng.normal(0.05, 0.25)).clip(0.5, 1.7)),
        lettered=bool(rng.random() < 0.5),
        cancel=0.03,
        double=0.004,
    )


# Whose capitals stand for marks in boxes.
_LETTERS = {"cross": "X", "check": "V"}


@dataclass(frozen=True)
class Truth:
    """What was written, in the terms of `papier read --json`: values and, for ticks, the state of every box.

    `questions` names the fields that nobody could decide from the paper (two ticks in a single choice, a comb struck
    out): whatever is accepted for them is wrong.
    """

    fields: dict[str, Value] = dataclasses.field(default_factory=dict)
    options: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)
    questions: frozenset[str] = frozenset()
    kinds: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class FilledSheet:
    """The ink on each page (by page number) and the truth of the whole sheet."""

    ink: dict[int, InkLayer]
    truth: Truth


def fill(
    layout: Layout,
    values: Mapping[str, Value],
    rng: np.random.Generator,
    *,
    hand: Hand,
    pen: Pen,
    style: Style,
    scale: float,
    lines: WrittenLines | None = None,
) -> FilledSheet:
    """Write `values` on the sheet; a field that is not in `values` stays blank.

    `scale` is the ink's pixels per millimetre of the sheet. Characters that nobody wrote raise KeyError. Without
    `lines`, free handwriting is written in the hand's own capitals.
    """
    ink = {page.page: InkLayer(scale) for page in layout.pages}
    page_of = {id(zone): page.page for page in layout.pages for zone in page.zones}
    clerk = _Clerk(rng, hand, pen, style, lines)
    truth = Truth()
    questions: set[str] = set()
    for field in fields_of(layout):
        value = values.get(field.field)
        kind = field.zones[0].kind
        layers = [ink[page_of[id(zone)]] for zone in field.zones]
        truth.kinds[field.field] = kind if kind != "comb" else f"comb/{field.zones[0].content}"
        if kind == "tick":
            states = clerk.tick(field, value if isinstance(value, list) else [], layers)
            truth.options[field.field] = states
            ticked = [option for option, state in states.items() if state == OptionState.TICKED]
            truth.fields[field.field] = ticked
            if len(ticked) > 1 and not field.zones[0].multiple:
                questions.add(field.field)
        elif kind == "comb":
            truth.fields[field.field] = value or None
            if value and clerk.comb(field.zones, str(value), layers):
                questions.add(field.field)
        elif kind == "lines":
            truth.fields[field.field] = clerk.handwriting(field.zones[0], layers[0]) if value else None
        elif kind == "signature":
            truth.fields[field.field] = bool(value)
            if value:
                clerk.sign(field.zones[0].rect, layers[0])
        else:
            truth.fields[field.field] = value or None
            if value:
                type_text(str(value), field.zones[0].rect, layers[0], rng)
    for layer in ink.values():
        if rng.random() < style.remark:
            clerk.remark(layout.size_mm, layer)
    return FilledSheet(ink, dataclasses.replace(truth, questions=frozenset(questions)))


@dataclass(frozen=True)
class _Clerk:
    """One person filling one sheet."""

    rng: np.random.Generator
    hand: Hand
    pen: Pen
    style: Style
    lines: WrittenLines | None

    def tick(self, field: FieldZones, ticked: Sequence[str], layers: Sequence[InkLayer]) -> dict[str, str]:
        """Tick the boxes; now and then blacken a wrong one first, or tick two of a single choice."""
        rng, style = self.rng, self.style
        options = [zone.option or "oui" for zone in field.zones]
        chosen, cancelled = set(ticked), set[str]()
        others = [option for option in options if option not in chosen]
        # Whoever ticks by filling cannot cancel by filling: nobody could tell the two apart.
        if chosen and others and style.mark not in {"fill", "scribble"} and rng.random() < style.cancel:
            cancelled = {others[int(rng.integers(len(others)))]}
            others = [option for option in others if option not in cancelled]
        if len(chosen) == 1 and others and not field.zones[0].multiple and rng.random() < style.double:
            chosen.add(others[int(rng.integers(len(others)))])
        states = {}
        for zone, option, layer in zip(field.zones, options, layers, strict=True):
            states[option] = str(OptionState.EMPTY)
            if option in cancelled:
                self._mark(style.mark, zone.rect, layer)
                draw_solid(zone.rect, layer, self.pen, rng, slop=style.slop)
                states[option] = str(OptionState.CANCELLED)
            elif option in chosen:
                usual = rng.random() >= style.other_mark
                # The odd mark is never a fill: beside crosses that would be a cancellation.
                mark = (
                    style.mark if usual or style.mark in {"fill", "scribble"} else str(rng.choice(["cross", "check"]))
                )
                self._mark(mark, zone.rect, layer)
                states[option] = str(OptionState.TICKED)
        return states

    def _mark(self, kind: str, box: RectMm, layer: InkLayer) -> None:
        """One mark in a box: drawn, or the hand's own letter."""
        rng, zoom = self.rng, self.style.zoom
        if self.style.lettered and kind in _LETTERS:
            size = min(box.width, box.height) * zoom * float(rng.uniform(0.85, 1.15))
            glyph = self.hand.glyph(_LETTERS[kind], rng)
            width = min(1.3, glyph.mask.shape[1] / (glyph.baseline - glyph.top)) * size
            x, y = (np.array(box.centre) + rng.normal(0, 0.09 * self.style.slop, 2) * box.width).tolist()
            layer.write(glyph, (x, y + size / 2), (width, size), slant=self.hand.slant, pen=self.pen, rng=rng)
            return
        if zoom != 1.0 and kind in {"cross", "check", "slash"}:
            x, y = box.centre
            box = RectMm(x - box.width * zoom / 2, y - box.height * zoom / 2, box.width * zoom, box.height * zoom)
        draw_mark(kind, box, layer, self.pen, rng, slop=self.style.slop)

    def comb(self, zones: Sequence[Zone], value: str, layers: Sequence[InkLayer]) -> bool:
        """Write `value` from the first cell on; True when it was struck out afterwards."""
        cells = [(cell, layer) for zone, layer in zip(zones, layers, strict=True) for cell in zone.cells]
        text = cells_of(zones[0].content, value)[: len(cells)]
        size = self.hand.size * self.rng.uniform(0.93, 1.07)
        for character, (cell, layer) in zip(text, cells, strict=False):
            if character != " ":
                self._character(character, cell, size, layer)
        struck = bool(self.rng.random() < self.style.strike) and len(text) > 1
        if struck:
            draw_strike([cell for cell, _ in cells[: len(text)]], layers[0], self.pen, self.rng)
        return struck

    def _character(self, character: str, cell: RectMm, size: float, layer: InkLayer) -> None:
        rng, unsteady = self.rng, self.hand.unsteadiness
        glyph = self.hand.glyph(character, rng)
        rise = glyph.top / (glyph.baseline - glyph.top)
        accent = 1 / (1 + rise) if rise > 0.15 else 1.0
        cap = 0.74 * cell.height * size * accent * (1 + rng.normal(0, 0.06 * unsteady))
        # Cells much taller than wide are written less tall: people keep their letters' shape.
        cap = min(cap, 1.5 * cell.width)
        width = cap * glyph.mask.shape[1] / (glyph.baseline - glyph.top)
        # Wide letters are squeezed into their cell, most of the time.
        width = min(width, cell.width * rng.uniform(0.82, 1.0 + 0.1 * unsteady))
        middle = cell.x + cell.width / 2 + rng.normal(0, 0.05 * cell.width * unsteady)
        slack = cell.height - cap * (1 + rise if rise > 0.15 else 1)
        base = cell.bottom - slack * float(np.clip(rng.normal(0.42, 0.14 * unsteady), 0.0, 0.9))
        slant = self.hand.slant + rng.normal(0, 0.03 * unsteady)
        layer.write(glyph, (middle, base), (width, cap), slant=slant, pen=self.pen, rng=rng)

    def handwriting(self, zone: Zone, layer: InkLayer) -> str:
        """Write on the ruled lines, from the top; returns the text."""
        rng = self.rng
        strips = zone.lines or (zone.rect,)
        count = int(rng.integers(1, len(strips) + 1))
        if self.lines is None:
            text = "LU ET APPROUVE"
            for strip in strips[:1]:
                step = min(0.7 * strip.height, strip.width / (len(text) + 1))
                for index, character in enumerate(text):
                    cell = RectMm(strip.x + 2 + index * step, strip.y, step, strip.height)
                    if character != " ":
                        self._character(character, cell, self.hand.size, layer)
            return text
        written = []
        zoom = rng.uniform(0.75, 1.1)
        for strip, line in zip(strips, self.lines.pick(count, rng), strict=False):
            height = strip.height * zoom
            mask, text = _cropped(_tight(line.mask), line.text, (strip.width - 4) / height)
            left = strip.x + rng.uniform(0.5, 4)
            top = strip.y + (strip.height - height) * 0.6 + rng.normal(0, 0.03 * height)
            layer.paste(mask, (left, top), height, self.pen, rng)
            written.append(text)
        return "\n".join(written)

    def sign(self, rect: RectMm, layer: InkLayer) -> None:
        """A signature: a few loops that run out to the right, often a flourish; it may leave its frame."""
        rng = self.rng
        width = min(rect.width * rng.uniform(0.5, 1.1), rng.uniform(28, 60))
        height = min(rect.height * rng.uniform(0.45, 1.15), rng.uniform(9, 24))
        x = rect.x + (rect.width - width) * rng.uniform(0.1, 0.9)
        y = rect.y + rect.height * rng.normal(0.5, 0.08)
        points = _scrawl(rng, width, height) + np.array([x, y])
        layer.draw(points, self.pen, rng)
        if rng.random() < 0.6:
            ends = np.array(
                [[x - 2, y + height * 0.4], [x + width * rng.uniform(0.7, 1.1), y + height * rng.uniform(0.2, 0.6)]]
            )
            layer.draw(_bent(ends, rng, 2.5), self.pen, rng)

    def remark(self, size_mm: tuple[float, float], layer: InkLayer) -> None:
        """A signature or a note that runs across whatever zones are in its way."""
        rng = self.rng
        x, y = rng.uniform(0.1, 0.6) * size_mm[0], rng.uniform(0.15, 0.85) * size_mm[1]
        self.sign(RectMm(x, y, rng.uniform(40, 80), rng.uniform(15, 25)), layer)


def type_text(text: str, rect: RectMm, layer: InkLayer, rng: np.random.Generator) -> None:
    """Type one line into a frame, as a typewriter or a label printer would."""
    cap = min(3.2, rect.height * 0.4)
    pixels = max(8, round(cap * layer.scale * 1.4))
    font = ImageFont.truetype(face_path("regular"), pixels)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4), 0)
    ImageDraw.Draw(image).text((2 - left, 2 - top), text, fill=255, font=font)
    height = image.height / layer.scale
    width = image.width / layer.scale
    height *= min(1.0, (rect.width - 2) / width)
    x = rect.x + rng.uniform(1, max(1.1, min(8, rect.width - width - 1)))
    y = rect.y + (rect.height - height) * rng.uniform(0.3, 0.7)
    layer.paste(np.asarray(image, dtype=np.uint8), (x, y), height, TYPED_INK, rng)


def _tight(mask: Mask) -> Mask:
    """The columns and rows that hold ink, at least six tenths of the rows: low letters alone are not blown up."""
    inked = np.flatnonzero((mask > 100).sum(axis=1) > 2)
    columns = np.flatnonzero((mask > 100).any(axis=0))
    if not len(inked):
        return mask
    least = int(0.6 * mask.shape[0])
    top = min(int(inked[0]), mask.shape[0] - least)
    return mask[top : max(int(inked[-1]) + 1, top + least), columns[0] : columns[-1] + 1]


def _cropped(mask: Mask, text: str, aspect: float) -> tuple[Mask, str]:
    """The beginning of a line that is at most `aspect` times as wide as high, cut between two words."""
    limit = int(mask.shape[0] * aspect)
    if mask.shape[1] <= limit:
        return mask, text
    empty = mask[:, : limit + 1].max(axis=0) < 40
    runs = np.flatnonzero(np.convolve(empty, np.ones(14), "valid") == 14)
    # A first word wider than the strip is cut off within.
    cut = int(runs[-1]) + 7 if len(runs) and runs[-1] > 0.3 * limit else limit
    words = text.split()
    kept = max(1, round(len(words) * cut / mask.shape[1]))
    return mask[:, :cut], " ".join(words[:kept])


def _scrawl(rng: np.random.Generator, width: float, height: float) -> FloatArray:
    """A smooth line of loops, (n, 2), from (0, 0) to about (width, 0)."""
    loops = int(rng.integers(3, 8))
    t = np.linspace(0, 1, 24 * loops)
    amplitude = height / 2 * (0.35 + 0.65 * (1 - t)) * (1 + 0.4 * np.sin(rng.uniform(0, 6.28) + 9 * t))
    phase = 2 * np.pi * loops * t + rng.uniform(0, 6.28)
    drift = rng.normal(0, 0.08, 2) * height
    x = width * t + amplitude * rng.uniform(0.3, 0.9) * np.cos(phase * rng.uniform(0.9, 1.1))
    y = amplitude * np.sin(phase) + drift[0] * t + 0.15 * height * np.sin(5 * t + rng.uniform(0, 6.28))
    return np.column_stack([x, y])


def _bent(ends: FloatArray, rng: np.random.Generator, sag: float) -> FloatArray:
    """A slightly bent line between two points, 20 points; `sag` in millimetres."""
    t = np.linspace(0, 1, 20)[:, None]
    bend = 4 * t * (1 - t) * rng.normal(0, sag)
    return np.asarray(ends[0] * (1 - t) + ends[1] * t + bend * np.array([0.2, 1.0]))
