"""The glyphs to train and measure with: real ones, as distances to the pen's path, split by writer."""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from papier.ocr.characters import CAPITALS, DIGITS, PUNCTUATION
from training.characters.sample import held_out

SIZE = 48
# Stored distances: byte = (distance + OFFSET) * STEPS, in pixels of the 48×48 glyph.
STEPS = 16.0
OFFSET = 4.0

LOWER = "abcdefghijkmnoprstuvwxyz"  # not l, a capital I or a 1 in a cell, and not q, a 9
SYMBOLS = "*#+=%&@?~"  # nobody writes them in a cell in earnest: noise

UNIPEN, EMNIST, FONT = 0, 1, 2
TRAIN, VALIDATE, TEST = 0, 1, 2


@dataclass(frozen=True)
class Glyphs:
    """n glyphs. `distance` (n, 48, 48): bytes as above, to the middle of the stroke; `half_width` (n,) of the stroke
    as it was; `box` (n, 4): left, top, right, bottom of the ink; `part`: TRAIN, VALIDATE or TEST, by writer.
    """

    distance: NDArray[np.uint8]
    label: NDArray[np.str_]
    writer: NDArray[np.str_]
    source: NDArray[np.int8]
    part: NDArray[np.int8]
    half_width: NDArray[np.float32]
    box: NDArray[np.float32]
    plausible: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.label)

    def images(self, chosen: NDArray[np.intp] | slice = slice(None)) -> NDArray[np.uint8]:
        """(n, 48, 48) ink, with the stroke as it was, of the chosen glyphs or all."""
        path = self.distance[chosen].astype(np.float32) / np.float32(STEPS) - np.float32(OFFSET)
        return np.asarray((self.half_width[chosen][:, None, None] - path + 0.5).clip(0, 1) * 255, np.uint8)

    def where(self, mask: NDArray[np.bool_]) -> "Glyphs":
        fields = {name: getattr(self, name)[mask] for name in self.__dataclass_fields__}
        return replace(self, **fields)


def part_of_writer(writer: str) -> int:
    """An eighth of the UNIPEN writers chooses the model and fits its calibration, an eighth is only reported."""
    remainder = int(writer, 16) % 8
    return {0: TEST, 1: VALIDATE}.get(remainder, TRAIN)


def european(glyphs: Glyphs) -> NDArray[np.bool_]:
    """Which glyphs are a 1 with an upstroke or a 7 with a bar, by shape."""
    found = np.zeros(len(glyphs), bool)
    for index in np.flatnonzero(np.isin(glyphs.label, ["1", "7"])):
        ink = (glyphs.distance[index] < (4.0 + glyphs.half_width[index]) * 16).astype(np.uint8)
        rows = np.flatnonzero(ink.any(1))
        ink = ink[rows[0] : rows[-1] + 1]
        height = len(ink)
        centres = [np.flatnonzero(row) for row in ink]
        if glyphs.label[index] == "7":
            # A bar: a long run of ink between 35 and 75 % of the height, where a bare stem is narrow.
            runs = [_longest_run(row) for row in ink[int(0.35 * height) : int(0.75 * height)]]
            found[index] = bool(runs) and max(runs) > max(9, 2.0 * float(np.median(runs)))
        else:
            # An upstroke: in the upper half the ink spreads far to the left of the straight stem.
            low = [(row, pixels.mean()) for row, pixels in enumerate(centres) if row > 0.5 * height and len(pixels)]
            if len(low) < 4:
                continue
            slope, start = np.polyfit(*np.array(low).T, 1)
            left = [
                start + slope * row - pixels.min()
                for row, pixels in enumerate(centres)
                if row < 0.6 * height and len(pixels)
            ]
            found[index] = max(left) > 6
    return found


def _longest_run(row: NDArray[np.uint8]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row, [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def european_hands(glyphs: Glyphs) -> NDArray[np.str_]:
    """Writers most of whose 1s have an upstroke and most of whose 7s a bar, as far as they wrote them."""
    shape = european(glyphs)
    hands = []
    for writer in np.unique(glyphs.writer):
        own = (glyphs.writer == writer) & np.isin(glyphs.label, ["1", "7"])
        if own.sum() >= 2 and shape[own].mean() >= 0.5:
            hands.append(writer)
    return np.array(hands)


def load_glyphs(data: Path, cache: Path) -> Glyphs:
    """UNIPEN and EMNIST from the folder `characters` of `data`; the distances are kept in `cache`."""
    store = cache / "glyphs.npz"
    if not store.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(store, **_measure(data).__dict__)
    with np.load(store) as saved:
        return Glyphs(**{name: saved[name] for name in saved.files})


def _measure(data: Path) -> Glyphs:
    wanted = [*DIGITS, *CAPITALS, *LOWER, *PUNCTUATION, *SYMBOLS, "^"]
    with np.load(data / "characters" / "unipen.npz") as unipen:
        chosen = np.isin(unipen["label"], wanted)
        images = unipen["image"][chosen]
        unipen_labels, writers, plausible = (unipen[name][chosen] for name in ("label", "writer", "plausible"))
    with np.load(data / "characters" / "emnist.npz") as emnist:
        chosen = np.isin(emnist["label"], wanted)
        emnist_labels = emnist["label"][chosen]
        small = emnist["image"][chosen]
        set_aside = held_out(emnist["label"])[chosen]
    counts = len(images), len(small)
    label = np.concatenate([unipen_labels, emnist_labels])
    distance = np.empty((sum(counts), SIZE, SIZE), np.uint8)
    half_width = np.empty(sum(counts), np.float32)
    box = np.empty((sum(counts), 4), np.float32)
    for index in range(sum(counts)):
        if index < counts[0]:
            image = images[index]
        else:
            image = cv2.resize(small[index - counts[0]], (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
        distance[index], half_width[index], box[index] = measure_glyph(image)
    return Glyphs(
        distance=distance,
        label=label,
        writer=np.concatenate([writers, np.full(counts[1], "emnist")]),
        source=np.repeat([UNIPEN, EMNIST], counts).astype(np.int8),
        part=np.concatenate([[part_of_writer(writer) for writer in writers], np.where(set_aside, TEST, TRAIN)]).astype(
            np.int8
        ),
        half_width=half_width,
        box=box,
        plausible=np.concatenate([plausible, np.ones(counts[1], bool)]),
    )


def measure_glyph(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float, NDArray[np.float32]]:
    """Distance, half width and box, as Glyphs has them, of one glyph's ink (48, 48)."""
    ink = (image > 127).astype(np.uint8)
    if not ink.any():
        ink[SIZE // 2, SIZE // 2] = 1
    outside = cv2.distanceTransform(1 - ink, cv2.DIST_L2, 5)
    inside = cv2.distanceTransform(ink, cv2.DIST_L2, 5)
    # The deepest ink is the middle of the stroke; its 90th percentile is not fooled by a blot.
    half_width = max(float(np.percentile(inside[ink > 0], 90)), 1.0)
    # Smoothed, or the pixels' staircase would show in large characters.
    signed = cv2.GaussianBlur(outside - inside, (0, 0), 0.7) + half_width
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)
    return np.clip((signed + OFFSET) * STEPS, 0, 255).astype(np.uint8), half_width, box
