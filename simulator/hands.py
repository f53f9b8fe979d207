"""Hands that write: real characters of real writers, and real lines of handwriting.

A hand is one writer. Accents, hyphen and apostrophe are missing from the collections of characters; they are composed
from drawn strokes as wide as the writer's own.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import itertools
import os
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

Mask = npt.NDArray[np.uint8]  # shape (height, width), ink 255, paper 0

RESOURCES = Path(__file__).parent.parent / "tests" / "resources"
CHARACTERS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")

# Height to which every glyph is brought before it is written: a cell's 5 mm at 300 dpi and a little more.
CAP_HEIGHT = 64
# A writer with fewer distinct capitals or digits than this is not used as a hand: most of it would be borrowed.
MIN_DISTINCT = 26
# Every fifth writer is kept apart for measuring where no other split is given.
HELD_OUT_SHARE = 5


@dataclass(frozen=True)
class Glyph:
    """One character as a mask. Rows `top` to `baseline` hold the capital's body; an accent rises above `top`."""

    mask: Mask
    top: int
    baseline: int


@dataclass(frozen=True)
class Hand:
    """One writer: samples of each character, and the habits that make a field look like one hand.

    `slant` is an added shear (x per y, positive leans right); `size` the height of capitals as a share of what the
    cell leaves; `unsteadiness` scales all jitter of size and position.
    """

    name: str
    samples: dict[str, tuple[Mask, ...]] = dataclasses.field(repr=False)
    slant: float = 0.0
    size: float = 1.0
    unsteadiness: float = 1.0

    def glyph(self, character: str, rng: np.random.Generator) -> Glyph:
        """One sample of `character` (a capital with or without accent, a digit, hyphen, apostrophe, stop, solidus).

        Raises KeyError for a character that nobody wrote.
        """
        if character in _DRAWN:
            return _DRAWN[character](rng, self)
        base, accents = _decompose(character)
        found = self.samples.get(base)
        if not found:
            raise KeyError(f"no hand wrote {character!r}")
        glyph = _normalised(found[int(rng.integers(len(found)))])
        for accent in sorted(accents):
            glyph = _ACCENTS[accent](glyph, rng)
        return glyph

    def can_write(self, text: str) -> bool:
        """True when every character of `text` can be written (spaces are left blank)."""
        for character in text:
            base, accents = _decompose(character)
            if character != " " and character not in _DRAWN and not (base in self.samples and accents <= set(_ACCENTS)):
                return False
        return True

    @cached_property
    def stroke(self) -> float:
        """Typical stroke width in rows of a normalised glyph."""
        return float(np.median([stroke_width(_normalised(masks[0]).mask) for masks in self.samples.values()]))


@dataclass(frozen=True)
class Hands:
    """A collection of characters by many writers: `image` (n, h, w) uint8, ink 255; `label` and `writer` (n,)."""

    image: npt.NDArray[np.uint8]
    label: npt.NDArray[np.str_]
    writer: npt.NDArray[np.str_]

    @classmethod
    def load(cls, path: Path | str, keep: Callable[[str], bool] | None = None) -> Hands:
        """Read `path` (npz with image, label, and writer where known), keeping the writers for which `keep` is true.

        Samples marked as implausible by the collection are dropped; without writers each sample is its own.
        """
        with np.load(path) as data:
            image, label = data["image"], data["label"]
            wanted = np.isin(label, sorted(CHARACTERS))
            if "plausible" in data.files:
                wanted &= data["plausible"]
            writer = data["writer"].astype(str) if "writer" in data.files else np.full(len(label), "anyone")
        if keep is not None:
            wanted &= np.array([keep(name) for name in writer.tolist()], bool)
        return cls(image[wanted], label[wanted], writer[wanted])

    @classmethod
    def shipped(cls) -> Hands:
        """The small sample that comes with the project (EMNIST, see tests/resources/README.md)."""
        return cls.load(RESOURCES / "hands.npz")

    @cached_property
    def _samples(self) -> dict[str, dict[str, list[int]]]:
        gathered: dict[str, dict[str, list[int]]] = {}
        for index, (writer, label) in enumerate(zip(self.writer.tolist(), self.label.tolist(), strict=True)):
            gathered.setdefault(writer, {}).setdefault(label, []).append(index)
        return gathered

    @cached_property
    def writers(self) -> tuple[str, ...]:
        """The writers from whom enough distinct characters are known, sorted by name."""
        return tuple(sorted(name for name, samples in self._samples.items() if len(samples) >= MIN_DISTINCT))

    def pick(self, rng: np.random.Generator) -> Hand:
        """A hand at random. What this writer never wrote is lent by one other writer, the same for all of it."""
        writer = self.writers[int(rng.integers(len(self.writers)))]
        own = self._samples[writer]
        order = rng.permutation(len(self.writers))
        samples: dict[str, tuple[Mask, ...]] = {}
        for character in sorted(CHARACTERS):
            indices = own.get(character)
            if indices is None:
                lender = next((self.writers[i] for i in order if character in self._samples[self.writers[i]]), None)
                indices = self._samples[lender][character] if lender is not None else []
            # A person writes the same letter alike: three forms of each are enough, and steadier than thirty.
            chosen = indices if len(indices) <= 3 else rng.choice(indices, 3, replace=False).tolist()
            if chosen:
                samples[character] = tuple(self.image[i] for i in chosen)
        return Hand(
            writer,
            samples,
            slant=float(rng.normal(0, 0.05)),
            size=float(np.clip(rng.normal(0.95, 0.11), 0.68, 1.18)),
            unsteadiness=float(np.clip(rng.gamma(4, 0.25), 0.3, 2.0)),
        )


def held_out_writer(name: str) -> bool:
    """A stable fifth of all writers by a hash of their name, for measuring on hands never seen."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % HELD_OUT_SHARE == 0


@dataclass(frozen=True)
class WrittenLine:
    """One line of real handwriting: `mask` (h, w), ink 255; `text` what it says."""

    mask: Mask
    text: str


@dataclass(frozen=True)
class WrittenLines:
    """Lines of real handwriting in a zip of images with `labels.tsv` (image, writer, kind, split, text)."""

    path: Path
    by_writer: dict[str, tuple[tuple[str, str], ...]] = dataclasses.field(repr=False)

    @classmethod
    def load(cls, path: Path | str, splits: Iterable[str] = ("val", "test")) -> WrittenLines:
        """Read the labels of `path`, keeping whole lines without struck-out words of the named splits."""
        wanted, by_writer = set(splits), dict[str, list[tuple[str, str]]]()
        with zipfile.ZipFile(path) as archive:
            rows = archive.read("labels.tsv").decode().splitlines()[1:]
        for row in rows:
            image, writer, kind, split, text = row.split("\t")
            if kind == "line" and split in wanted and ">" not in text:
                by_writer.setdefault(writer, []).append((image, text))
        return cls(Path(path), {writer: tuple(lines) for writer, lines in sorted(by_writer.items())})

    @classmethod
    def shipped(cls) -> WrittenLines:
        """The small sample that comes with the project (Copiste d'un jour, see tests/resources/README-lines.md)."""
        return cls.load(RESOURCES / "lines.zip")

    def pick(self, count: int, rng: np.random.Generator) -> list[WrittenLine]:
        """`count` lines by one writer, following each other where the collection has enough."""
        writers = sorted(self.by_writer)
        lines = self.by_writer[writers[int(rng.integers(len(writers)))]]
        start = int(rng.integers(max(1, len(lines) - count + 1)))
        return [self._line(*lines[(start + i) % len(lines)]) for i in range(count)]

    def every(self) -> Iterator[WrittenLine]:
        """All lines, writer by writer."""
        for lines in self.by_writer.values():
            for image, text in lines:
                yield self._line(image, text)

    def _line(self, image: str, text: str) -> WrittenLine:
        return WrittenLine(_ink_of(_archive(self.path, os.getpid()).read(image)), text)


@lru_cache(maxsize=8)
def _archive(path: Path, _process: int) -> zipfile.ZipFile:
    """The archive, opened once a process: a forked one may not share its parent's place in the file."""
    return zipfile.ZipFile(path)


def stroke_width(mask: Mask) -> float:
    """Mean stroke width of a mask in pixels: a ribbon's mean depth is a quarter of its width."""
    inside = mask > 127
    if not inside.any():
        return 1.0
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    return max(1.0, 4 * float(depth[inside].mean()) - 1)


def _ink_of(encoded: bytes) -> Mask:
    grey = np.asarray(Image.open(io.BytesIO(encoded)).convert("L"))
    paper = max(1.0, float(np.percentile(grey, 90)))
    # The writer's own pen had some depth; the simulated pen brings its own, so this one is brought to full ink.
    ink = np.clip((paper - grey) / paper, 0, 1)
    deep = max(0.3, float(np.percentile(ink[ink > 0.15], 70)) if (ink > 0.15).any() else 1.0)
    return np.asarray(np.clip((ink - 0.06) / deep, 0, 1) * 255, dtype=np.uint8)


def _decompose(character: str) -> tuple[str, set[str]]:
    parts = unicodedata.normalize("NFD", character)
    return parts[0], set(parts[1:])


def _normalised(mask: Mask) -> Glyph:
    rows, columns = np.flatnonzero(mask.max(axis=1) > 64), np.flatnonzero(mask.max(axis=0) > 64)
    if not len(rows):
        return Glyph(np.zeros((CAP_HEIGHT, CAP_HEIGHT // 2), np.uint8), 0, CAP_HEIGHT)
    tight = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = tight.shape
    # No capital or digit is wider than 1.4 times its height: a flatter one was written smaller, not stretched.
    zoom = CAP_HEIGHT / max(height, width / 1.4)
    border = 3
    padded = cv2.copyMakeBorder(tight, border, border, border, border, cv2.BORDER_CONSTANT, value=0)
    size = (max(1, round((width + 2 * border) * zoom)), max(1, round((height + 2 * border) * zoom)))
    large = cv2.resize(padded, size, interpolation=cv2.INTER_CUBIC)
    smooth = np.asarray(cv2.GaussianBlur(large, (0, 0), 0.35 * zoom), dtype=np.uint8)
    edge = round(border * zoom)
    return Glyph(smooth, edge, smooth.shape[0] - edge)


def _canvas(width: int = 26) -> Mask:
    return np.zeros((CAP_HEIGHT, width), np.uint8)


def _line(mask: Mask, start: tuple[float, float], end: tuple[float, float], thickness: float) -> None:
    """Draw a straight stroke, points in pixels (x, y), sub-pixel."""
    ends = [(round(x * 16), round(y * 16)) for x, y in (start, end)]
    cv2.line(mask, ends[0], ends[1], 255, max(1, round(thickness)), cv2.LINE_AA, 4)


def _draw_hyphen(rng: np.random.Generator, hand: Hand) -> Glyph:
    mask = _canvas(44)
    y = CAP_HEIGHT * rng.uniform(0.45, 0.62)
    _line(mask, (8 + rng.uniform(-3, 3), y), (36 + rng.uniform(-4, 4), y + rng.normal(0, 2)), hand.stroke)
    return Glyph(mask, 0, CAP_HEIGHT)


def _draw_apostrophe(rng: np.random.Generator, hand: Hand) -> Glyph:
    mask = _canvas()
    x = 13 + rng.uniform(-3, 3)
    _line(mask, (x + rng.uniform(-1, 4), 5), (x - rng.uniform(0, 6), rng.uniform(17, 25)), hand.stroke)
    return Glyph(mask, 0, CAP_HEIGHT)


def _draw_stop(rng: np.random.Generator, hand: Hand) -> Glyph:
    mask = _canvas()
    centre = (13 + rng.uniform(-2, 2), CAP_HEIGHT - 6 + rng.uniform(-2, 2))
    _line(mask, centre, (centre[0] + 1, centre[1] + 1), 1.5 * hand.stroke)
    return Glyph(mask, 0, CAP_HEIGHT)


def _draw_solidus(rng: np.random.Generator, hand: Hand) -> Glyph:
    mask = _canvas(36)
    _line(mask, (29 + rng.uniform(-3, 3), 3), (7 + rng.uniform(-3, 3), CAP_HEIGHT - 3), hand.stroke)
    return Glyph(mask, 0, CAP_HEIGHT)


_DRAWN: dict[str, Callable[[np.random.Generator, Hand], Glyph]] = {
    "-": _draw_hyphen,
    "'": _draw_apostrophe,
    "’": _draw_apostrophe,
    ".": _draw_stop,
    "/": _draw_solidus,
}


def _above(strokes: Callable[[float, np.random.Generator], list[list[tuple[float, float]]]]) -> _Accent:
    """An accent made of polylines above the letter; x in pixels from the letter's centre, y from 0 (up) to 1 (down)."""

    def add(glyph: Glyph, rng: np.random.Generator) -> Glyph:
        room = round(CAP_HEIGHT * rng.uniform(0.26, 0.36))
        mask = np.pad(glyph.mask, ((room, 0), (8, 8)))
        thickness = stroke_width(glyph.mask)
        columns = np.flatnonzero(glyph.mask.max(axis=0) > 127)
        centre = (8 + float(columns.mean() if len(columns) else mask.shape[1] / 2)) + rng.normal(0, 3)
        top, bottom = 0.1 * room, glyph.top + 0.72 * room
        for polyline in strokes(CAP_HEIGHT / 64, rng):
            points = [(centre + x, top + y * (bottom - top)) for x, y in polyline]
            for start, end in itertools.pairwise(points):
                _line(mask, start, end, thickness)
        return Glyph(mask, glyph.top + room, glyph.baseline + room)

    return add


def _cedilla(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    room = round(CAP_HEIGHT * 0.3)
    mask = np.pad(glyph.mask, ((0, room), (0, 0)))
    thickness = stroke_width(glyph.mask)
    x, y = mask.shape[1] / 2 + rng.normal(0, 2), glyph.baseline - 1
    points = [(x, y), (x - 1, y + 5), (x + 6, y + 9), (x + 3, y + 15), (x - 5, y + 15)]
    for start, end in itertools.pairwise(points):
        _line(mask, start, end, thickness)
    return Glyph(mask, glyph.top, glyph.baseline)


_Accent = Callable[[Glyph, np.random.Generator], Glyph]
_ACCENTS: dict[str, _Accent] = {
    "\u0301": _above(lambda k, rng: [[(-6 * k, 1.0), (9 * k + rng.normal(0, 2), 0.0)]]),
    "\u0300": _above(lambda k, rng: [[(-9 * k + rng.normal(0, 2), 0.0), (6 * k, 1.0)]]),
    "\u0302": _above(lambda k, rng: [[(-10 * k, 1.0), (rng.normal(0, 2), 0.05), (10 * k, 0.9 + rng.normal(0, 0.1))]]),
    "\u0308": _above(lambda k, rng: [[(x, 0.5), (x + 1, 0.6 + rng.normal(0, 0.1))] for x in (-8 * k, 8 * k)]),
    "\u0303": _above(lambda k, _: [[(-11 * k, 0.8), (-4 * k, 0.3), (4 * k, 0.8), (11 * k, 0.3)]]),
    "\u0327": _cedilla,
}
