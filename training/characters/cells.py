"""Simulated ink of comb cells: real glyphs written again with another pen, scanned, their frame half subtracted.

Everything is drawn as distances to the middle of strokes, in pixels of the ink image (six a millimetre), so that one
pen of any width draws glyph, accent, scribble and the neighbours' strokes alike.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from papier.ocr.characters import (
    ACCENTED,
    BLANK,
    CAPITALS,
    DIGITS,
    INDEX,
    INK_HEIGHT,
    INK_WIDTH,
    NOISE,
    PUNCTUATION,
)
from training.characters.glyphs import EMNIST, FONT, LOWER, OFFSET, SIZE, STEPS, SYMBOLS, UNIPEN, Glyphs

HEIGHT, WIDTH = INK_HEIGHT, INK_WIDTH
MARGIN = 4.0  # where the printed frame runs: cell 36×48 pixels inside the window of 44×56
FAR = 99.0  # pixels: no ink
FAINTEST = 30  # of 255: below this, paper's grain

BASE = dict(zip(ACCENTED, "AACEEEEIIOUUU", strict=True))
ACCENT = dict(zip(ACCENTED, "`^,'`^:^:^`^:", strict=True))  # grave, circumflex, cedilla, acute, diaeresis

# How often each group is drawn. Digits and capitals matter most; the model's prior follows from these.
SHARES = {"digits": 0.27, "capitals": 0.45, "accented": 0.09, "punctuation": 0.03, BLANK: 0.12, NOISE: 0.10}
# Share of a capital's samples that are written as lower case, as people do in spite of the form.
LOWER_SHARE = 0.06
# Share of a capital's or digit's samples that come from EMNIST (American hands) rather than UNIPEN; and from fonts,
# where the glyphs hold any. A font writes a character in one way only: it is bent farther.
EMNIST_SHARE, FONT_SHARE = 0.3, 0.2
FONT_BEND = 1.7


@dataclass(frozen=True)
class Cells:
    ink: NDArray[np.uint8]  # (n, 56, 44)
    label: NDArray[np.int64]  # (n,) index in CLASSES


class CellSimulator:
    """Draws cells from a set of glyphs; the same seed draws the same cells."""

    def __init__(self, glyphs: Glyphs, seed: int) -> None:
        self.glyphs = glyphs
        self.random = np.random.default_rng(seed)
        self._by_source: dict[tuple[str, int], tuple[NDArray[np.intp], NDArray[np.float64]]] = {}
        for label in np.unique(glyphs.label):
            for source in (UNIPEN, EMNIST, FONT):
                members = np.flatnonzero((glyphs.label == label) & (glyphs.source == source))
                if len(members):
                    # One writer in UNIPEN wrote a thousand digits, another six: weigh by the square root.
                    _, inverse, counts = np.unique(glyphs.writer[members], return_inverse=True, return_counts=True)
                    weight = counts[inverse] ** -0.5
                    self._by_source[str(label), source] = members, np.cumsum(weight / weight.sum())
        self._letters = np.flatnonzero(np.isin(glyphs.label, list(DIGITS + CAPITALS)))

    # Choosing what to write.

    def draw(self, count: int) -> Cells:
        """Cells of all classes in the shares above."""
        # A hundred at a time stay in the processor's cache.
        parts = [self._draw(min(128, count - start)) for start in range(0, count, 128)]
        return Cells(np.concatenate([part.ink for part in parts]), np.concatenate([part.label for part in parts]))

    def _draw(self, count: int) -> Cells:
        random = self.random
        groups = random.choice(list(SHARES), count, p=np.array(list(SHARES.values())) / sum(SHARES.values()))
        characters: list[str] = []
        glyph = np.full(count, -1)
        for position, group in enumerate(groups):
            if group == "digits":
                character = DIGITS[random.integers(10)]
            elif group == "capitals":
                character = CAPITALS[random.integers(26)]
            elif group == "accented":
                character = ACCENTED[random.integers(len(ACCENTED))]
            elif group == "punctuation":
                character = PUNCTUATION[random.integers(2)]
            else:
                character = str(group)
            characters.append(character)
            if character in BASE:
                glyph[position] = self._pick(BASE[character], lower=LOWER_SHARE)
            elif len(character) == 1:
                glyph[position] = self._pick(character, lower=LOWER_SHARE)
            elif character == NOISE and random.random() < 0.75:
                if random.random() < 0.08:
                    glyph[position] = self._pick(SYMBOLS[random.integers(len(SYMBOLS))], lower=0)
                else:
                    glyph[position] = random.choice(self._letters)
        return self.write(np.array(characters), glyph)

    def _pick(self, character: str, lower: float) -> int:
        random = self.random
        small = character.lower()
        if character in CAPITALS and small in LOWER and random.random() < lower:
            character = small
        source = EMNIST if random.random() < EMNIST_SHARE else UNIPEN
        if (character, FONT) in self._by_source and random.random() < FONT_SHARE:
            source = FONT
        found = self._by_source.get((character, source)) or self._by_source.get(
            (character, EMNIST if source == UNIPEN else UNIPEN)
        )
        if found is None:
            raise LookupError(f"no glyph of {character}")
        members, cumulated = found
        return int(members[min(np.searchsorted(cumulated, random.random()), len(members) - 1)])

    # Writing it.

    def write(self, characters: NDArray[np.str_], glyph: NDArray[np.intp]) -> Cells:
        """One cell for each class name in `characters`, written with the glyph of that index; -1 for none."""
        count = len(characters)
        random = self.random
        noise, blank = characters == NOISE, characters == BLANK
        accented = np.isin(characters, list(ACCENTED))
        labels = np.where(glyph >= 0, self.glyphs.label[glyph], "")
        side, centre = self._place(labels, accented)
        distance = torch.full((count, HEIGHT, WIDTH), FAR)
        box = np.zeros((count, 4), np.float32)
        written = np.flatnonzero(glyph >= 0)
        if len(written):
            drawn, boxes = self._warp(glyph[written], side[written], centre[written])
            distance[written] = drawn
            box[written] = boxes
        self._add_neighbours(distance)
        pen = np.exp(random.normal(np.log(1.3), 0.42, count)).clip(0.55, 3.8).astype(np.float32)  # half width, pixels
        self._add_strokes(distance, accented, self._accents(characters, box, np.flatnonzero(accented), pen))
        noisy = np.flatnonzero(noise)
        symbol = np.isin(labels[noisy], list(SYMBOLS))
        noisy = noisy[~symbol]
        mask = np.zeros(count, bool)
        mask[noisy] = True
        self._add_strokes(distance, mask, self._scrawl(noisy, box, glyph[noisy] >= 0))
        ink = self._ink(distance, pen, blank)
        label = np.array([INDEX[str(character)] for character in characters], np.int64)
        # What the scan lost altogether nobody can read: such a cell is blank.
        label[ink[:, 7:-7, 7:-7].max((1, 2)) < FAINTEST] = INDEX[BLANK]
        return Cells(ink, label)

    def _place(self, labels: NDArray[np.str_], accented: NDArray[np.bool_]) -> tuple[NDArray[np.float32], ...]:
        """Side in pixels (n, 2: across, down) that a 40-pixel glyph gets, and its centre in the window (n, 2)."""
        random, count = self.random, len(labels)
        side = random.normal(31, 6, count).clip(13, 46)
        small = np.isin(labels, list("acemnorsuvwxz"))
        side[small] *= random.uniform(0.55, 1.0, small.sum())
        side[accented] = random.normal(25, 4, accented.sum()).clip(13, 36)
        hyphen, apostrophe = labels == "-", labels == "'"
        side[hyphen] = random.normal(17, 5, hyphen.sum()).clip(7, 30)
        side[apostrophe] = random.normal(10, 3, apostrophe.sum()).clip(4, 18)
        aspect = np.exp(random.normal(0, 0.15, count))
        sides = np.stack([np.minimum(side * aspect, random.uniform(28, 42, count)), side / aspect], 1)
        centre = np.stack([WIDTH / 2 + random.normal(0, 2.6, count), HEIGHT / 2 + random.normal(0, 3.0, count)], 1)
        # Small characters wander more: some stand on the cell's floor.
        room = np.maximum(48 - sides[:, 1], 0)
        centre[:, 1] += room * np.where(small, random.uniform(-0.1, 0.45, count), random.uniform(-0.25, 0.25, count))
        centre[accented, 1] += random.uniform(3, 9, accented.sum())
        centre[hyphen, 1] = HEIGHT / 2 + random.normal(1, 4, hyphen.sum())
        centre[apostrophe, 1] = random.normal(15, 4, apostrophe.sum()).clip(6, 26)
        return sides.astype(np.float32), centre.astype(np.float32)

    def _warp(
        self, glyph: NDArray[np.intp], side: NDArray[np.float32], centre: NDArray[np.float32]
    ) -> tuple[Tensor, NDArray[np.float32]]:
        """Distances (n, 56, 44) of the glyphs scaled, slanted, turned and bent; and about where their boxes lie."""
        random, count = self.random, len(glyph)
        box = self.glyphs.box[glyph]
        middle = (box[:, :2] + box[:, 2:]) / 2
        # EMNIST glyphs fill 20 of 28 pixels, UNIPEN ones 40 of 48: scale by the ink.
        longest = np.maximum((box[:, 2:] - box[:, :2]).max(1), 8)
        scale = side / longest[:, None]
        shear = random.normal(0, 0.13, count)
        turn = random.normal(0, 0.07, count)
        # Window to glyph: undo the place, the turn, the slant, the scale.
        cos, sin = np.cos(turn), np.sin(turn)
        inverse = np.empty((count, 2, 3), np.float32)
        inverse[:, 0, 0] = (cos + shear * sin) / scale[:, 0]
        inverse[:, 0, 1] = (sin - shear * cos) * -1 / scale[:, 0]
        inverse[:, 1, 0] = -sin / scale[:, 1]
        inverse[:, 1, 1] = cos / scale[:, 1]
        for axis in range(2):
            inverse[:, axis, 2] = (
                middle[:, axis] - inverse[:, axis, 0] * centre[:, 0] - inverse[:, axis, 1] * centre[:, 1]
            )
        matrix = torch.from_numpy(inverse)
        grid = _PIXELS @ matrix[:, :, :2].transpose(1, 2) + matrix[:, None, :, 2]
        grid = grid.view(count, HEIGHT, WIDTH, 2)
        # A hand never draws the same shape twice: bend it by about a twentieth of its size.
        bend = torch.from_numpy(random.normal(0, 1.0, (count, 2, 4, 4)).astype(np.float32))
        bend *= torch.from_numpy(random.uniform(0, 1.5, (count, 1, 1, 1)).astype(np.float32))
        bend *= torch.from_numpy(np.where(self.glyphs.source[glyph] == FONT, FONT_BEND, 1.0).astype(np.float32)).view(
            -1, 1, 1, 1
        )
        bend = _enlarge(bend)
        grid = grid + bend.permute(0, 2, 3, 1)
        sources = torch.from_numpy(self.glyphs.distance[glyph]).float()[:, None]
        # Outside its square a glyph is as far away as its edge, and farther.
        beyond = (grid - grid.clamp(0, SIZE)).norm(dim=3)
        drawn = functional.grid_sample(
            sources, grid * (2 / SIZE) - 1, mode="bilinear", padding_mode="border", align_corners=False
        )[:, 0]
        mean_scale = torch.from_numpy(np.sqrt(scale[:, 0] * scale[:, 1]))
        # A thick stroke cannot be thinned below half its width, or it would break.
        thickness = torch.from_numpy(self.glyphs.half_width[glyph])
        thick = (torch.from_numpy(self.glyphs.source[glyph]) != UNIPEN).float() * thickness * 0.45
        drawn = (drawn / STEPS - OFFSET - thick[:, None, None] + beyond) * mean_scale[:, None, None]
        half = (box[:, 2:] - box[:, :2]) * scale / 2
        return drawn, np.concatenate([centre - half, centre + half], 1).astype(np.float32)

    def _add_neighbours(self, distance: Tensor) -> None:
        random, count = self.random, len(distance)
        for direction in (-1, 1):
            chosen = np.flatnonzero(random.random(count) < 0.45)
            if not len(chosen):
                continue
            number = len(chosen)
            glyph = random.choice(self._letters, number)
            side = random.normal(31, 6, number).clip(13, 46)
            sides = np.stack([np.minimum(side, 42), side], 1).astype(np.float32)
            nearer = np.where(random.random(number) < 0.3, random.uniform(0, 7, number), 0)
            centre = np.stack(
                [
                    WIDTH / 2 + direction * (36 - nearer + random.normal(0, 2, number)),
                    HEIGHT / 2 + random.normal(0, 4, number),
                ],
                1,
            ).astype(np.float32)
            drawn, _ = self._warp(glyph, sides, centre)
            distance[chosen] = torch.minimum(distance[chosen], drawn)

    def _accents(
        self, characters: NDArray[np.str_], box: NDArray[np.float32], chosen: NDArray[np.intp], pen: NDArray[np.float32]
    ) -> Tensor:
        """Segments (n, 4, 4: x0, y0, x1, y1) of the accents of the chosen cells; unused ones lie far away."""
        random = self.random
        segments = np.full((len(chosen), 4, 4), 1e4, np.float32)
        for row, index in enumerate(chosen):
            left, top, right, bottom = box[index]
            middle = (left + right) / 2 + random.normal(0, 2.2)
            height = random.uniform(3, 9)
            width = random.uniform(3, 10)
            # Between the accent and its letter; now and then they touch.
            foot = max(top - random.uniform(-0.5, 5) - pen[index], 3.0)
            head = max(foot - height, -2.0)
            kind = ACCENT[str(characters[index])]
            if kind in "'`":
                lean = max(width, 0.35 * height) * (1 if kind == "'" else -1) / 2
                segments[row, 0] = middle - lean, foot, middle + lean, head
            elif kind == "^":
                peak = middle + random.normal(0, 0.8)
                width = max(width, 5.0) * random.uniform(0.9, 1.3)
                tilt = random.normal(0, 1.0)
                segments[row, 0] = middle - width / 2, foot + tilt, peak, head
                segments[row, 1] = peak, head, middle + width / 2, foot - tilt
            elif kind == ":":
                half = random.uniform(3, 8)
                length = random.uniform(0, 4) if random.random() < 0.6 else 0.0
                lean = random.normal(0, 0.3) * length
                rise = random.normal(0, 0.8)
                segments[row, 0] = middle - half, foot, middle - half + lean, foot - length
                segments[row, 1] = middle + half, foot + rise, middle + half + lean, foot + rise - length
            else:
                start = min(bottom - random.uniform(0, 1.5), HEIGHT - 6.0)
                drop = random.uniform(2, 5)
                if random.random() < 0.4:
                    segments[row, 0] = middle, start + 1, middle - random.uniform(0, 3), start + 1 + drop
                else:
                    hook = random.uniform(1, 4)
                    segments[row, 0] = middle, start, middle - random.uniform(-1, 1), start + drop / 2
                    segments[row, 1] = segments[row, 0, 2], segments[row, 0, 3], middle + hook, start + drop / 2 + 1
                    segments[row, 2] = middle + hook, start + drop / 2 + 1, middle + hook / 2, start + drop + 1
                    segments[row, 3] = middle + hook / 2, start + drop + 1, middle - hook, start + drop + 1.5
        return torch.from_numpy(segments)

    def _scrawl(self, chosen: NDArray[np.intp], box: NDArray[np.float32], on_glyph: NDArray[np.bool_]) -> Tensor:
        """Segments (n, 24, 4) that strike out, scribble over, or pass through."""
        random = self.random
        segments = np.full((len(chosen), 24, 4), 1e4, np.float32)
        for row, index in enumerate(chosen):
            left, top, right, bottom = box[index] if on_glyph[row] else (
                random.uniform(6, 14), random.uniform(8, 20), random.uniform(30, 40), random.uniform(34, 52)
            )  # fmt: skip
            middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
            half_x, half_y = max((right - left) / 2, 8.0), max((bottom - top) / 2, 8.0)
            kind = random.choice(["scribble", "lines", "cross", "pass"], p=[0.45, 0.27, 0.1, 0.18])
            if kind == "scribble":
                points = self._scribble(middle_x, middle_y, half_x, half_y)
                segments[row, : len(points) - 1] = np.concatenate([points[:-1], points[1:]], 1)
            elif kind == "pass":
                points = self._passing_stroke()
                segments[row, : len(points) - 1] = np.concatenate([points[:-1], points[1:]], 1)
            else:
                angle = (
                    random.normal(0, 0.25)
                    if random.random() < 0.5
                    else random.choice([-1, 1]) * random.uniform(0.4, 1.1)
                )
                number = 2 if kind == "cross" else random.integers(1, 4) if on_glyph[row] else random.integers(2, 5)
                for line in range(number):
                    if kind == "cross":
                        angle = (random.uniform(0.5, 1.1)) * (1 if line else -1)
                    reach = random.uniform(1.35, 1.8) * min(
                        half_x / max(abs(np.cos(angle)), 0.2), half_y * 1.2 / max(abs(np.sin(angle)), 0.2)
                    )
                    shift = (
                        random.normal(0, 1.5)
                        if kind == "cross" or number == 1
                        else (line - (number - 1) / 2) * random.uniform(3, 7)
                    )
                    x, y = middle_x - np.sin(angle) * shift, middle_y + np.cos(angle) * shift
                    wobble = random.normal(0, 1, 2)
                    delta_x, delta_y = np.cos(angle) * reach, np.sin(angle) * reach
                    segments[row, 2 * line] = x - delta_x, y - delta_y, x + wobble[0], y + wobble[1]
                    segments[row, 2 * line + 1] = x + wobble[0], y + wobble[1], x + delta_x, y + delta_y
        return torch.from_numpy(segments)

    def _scribble(self, x: float, y: float, half_x: float, half_y: float) -> NDArray[np.float64]:
        """Points (k, 2) of a zigzag or of loops that cover the box."""
        random = self.random
        number = int(random.integers(8, 22))
        along = np.linspace(-1, 1, number) * random.uniform(0.9, 1.3)
        if random.random() < 0.6:
            across = np.where(np.arange(number) % 2, 1, -1) * random.uniform(0.6, 1.2, number)
        else:
            phase = np.arange(number) * random.uniform(1.2, 2.2)
            along, across = along + 0.5 * np.cos(phase), np.sin(phase) * random.uniform(0.8, 1.2)
        angle = random.uniform(0, np.pi)
        along, across = along + random.normal(0, 0.1, number), across + random.normal(0, 0.1, number)
        return np.stack(
            [
                x + half_x * (np.cos(angle) * along - np.sin(angle) * across),
                y + half_y * (np.sin(angle) * along + np.cos(angle) * across),
            ],
            1,
        )

    def _passing_stroke(self) -> NDArray[np.float64]:
        """Points (k, 2) of a curve that enters the window at one side and leaves at another: a signature, a dash."""
        random = self.random
        if random.random() < 0.7:
            start, end = (-3.0, random.uniform(8, 48)), (WIDTH + 3.0, random.uniform(8, 48))
        else:
            start, end = (random.uniform(6, 38), -3.0), (random.uniform(6, 38) + random.normal(0, 6), HEIGHT + 3.0)
            if abs(start[0] - end[0]) < 12:  # too like a 1: lean it
                end = (start[0] + random.choice([-1, 1]) * random.uniform(14, 26), end[1])
        steps = np.linspace(0, 1, 9)[:, None]
        line = np.array(start) * (1 - steps) + np.array(end) * steps
        normal = np.array([-(end[1] - start[1]), end[0] - start[0]]) / 50
        bow = random.normal(0, 6) * np.sin(np.pi * steps) + random.normal(0, 4) * np.sin(2 * np.pi * steps)
        return np.asarray(line + bow * normal)

    @staticmethod
    def _add_strokes(distance: Tensor, mask: NDArray[np.bool_], segments: Tensor) -> None:
        rows = np.flatnonzero(mask)
        if len(rows):
            drawn = torch.full((len(rows), HEIGHT * WIDTH), FAR)
            for number in range(segments.shape[1]):
                segment = segments[:, number]
                near = torch.from_numpy(np.flatnonzero(segment[:, 0].numpy() < 1e3))
                if not len(near):
                    continue
                start, end = segment[near, None, :2], segment[near, None, 2:]
                along = end - start
                offset = _PIXELS[None] - start
                share = (offset * along).sum(2) / (along**2).sum(2).clamp(min=1e-3)
                gap = offset - share.clamp(0, 1)[:, :, None] * along
                drawn[near] = torch.minimum(drawn[near], (gap**2).sum(2).sqrt())
            distance[rows] = torch.minimum(distance[rows], drawn.view(-1, HEIGHT, WIDTH))

    # Ink, paper, scanner.

    def _field(self, count: int, rows: int, columns: int) -> Tensor:
        """Smooth noise (n, 56, 44) of deviation about one."""
        return _enlarge(torch.from_numpy(self.random.standard_normal((count, rows, columns), dtype=np.float32)))

    def _column(self, values: NDArray[np.float64]) -> Tensor:
        return torch.from_numpy(values.astype(np.float32))[:, None, None]

    def _ink(self, distance: Tensor, pen: NDArray[np.float32], blank: NDArray[np.bool_]) -> NDArray[np.uint8]:
        random, count = self.random, len(distance)
        pencil = random.random(count) < 0.25
        width = torch.from_numpy(pen)[:, None, None] * (1 + 0.12 * self._field(count, 6, 5))
        width = torch.maximum(width, torch.tensor(0.5))
        ink = ((width - distance) / self._column(random.uniform(0.8, 2.4, count)) + 0.5).clamp(0, 1)
        tone = np.where(pencil, random.uniform(0.3, 0.8, count), random.uniform(0.6, 1.05, count))
        # Rubbed-out pencil is an empty cell.
        tone = np.where(blank & (random.random(count) < 0.15), random.uniform(0.0, 0.1, count), tone)
        grain = np.where(pencil, random.uniform(0, 0.5, count), np.where(random.random(count) < 0.3, 0.12, 0.03))
        ink *= (self._column(tone) * (1 + 0.1 * self._field(count, 7, 6))).clamp(0.0, 1.0)
        texture = torch.from_numpy(random.standard_normal((count, HEIGHT, WIDTH), dtype=np.float32))
        ink *= (1 + self._column(grain) * texture).clamp(0, 1.3)
        ink = self._add_frame(ink)
        ink = self._add_dirt(ink, blank)
        ink = self._scan(ink)
        return (ink.clamp(0, 1) * 255 + 0.5).to(torch.uint8).numpy()

    def _add_frame(self, ink: Tensor) -> Tensor:
        """What the subtraction of the printed frame leaves: faint broken lines, and gaps where it crosses strokes."""
        random, count = self.random, len(ink)
        # Nothing left (35 %), faint remains (40 %), or a frame that the subtraction missed, up to black (25 %).
        kind = random.random(count)
        level = np.where(
            kind < 0.35, 0, np.where(kind < 0.75, random.uniform(0, 0.3, count), random.uniform(0.3, 1.0, count))
        )
        lines = torch.zeros_like(ink)
        shift = random.normal(0, 1.3, (count, 2))
        horizontal = torch.arange(WIDTH, dtype=torch.float32)[None, None] + 0.5
        vertical = torch.arange(HEIGHT, dtype=torch.float32)[None, :, None] + 0.5
        for axis, position in (
            (horizontal, MARGIN),
            (horizontal, WIDTH - MARGIN),
            (vertical, MARGIN),
            (vertical, HEIGHT - MARGIN),
        ):
            place = self._column(position + shift[:, 0 if axis is horizontal else 1] + random.normal(0, 0.3, count))
            line = ((self._column(random.uniform(0.4, 1.3, count)) - (axis - place).abs()) + 0.5).clamp(0, 1)
            present = self._column((random.random(count) < 0.75) * random.uniform(0.4, 1.0, count))
            lines = torch.maximum(lines, (line * present).expand_as(ink))
        broken = (0.6 + self._column(random.uniform(0, 1.2, count)) * self._field(count, 12, 10)).clamp(0, 1)
        erased = self._column(np.where(random.random(count) < 0.35, random.uniform(0.0, 0.8, count), 0))
        ink = ink * (1 - erased * (lines * 1.5).clamp(0, 1))
        return torch.maximum(ink, lines * broken * self._column(level))

    def _add_dirt(self, ink: Tensor, blank: NDArray[np.bool_]) -> Tensor:
        random, count = self.random, len(ink)
        # Show-through: a faint, mirrored, blurred neighbour of this batch.
        through = np.flatnonzero(random.random(count) < np.where(blank, 0.25, 0.06))
        if len(through):
            other = torch.from_numpy(random.integers(0, count, len(through)))
            faint = functional.avg_pool2d(ink[other].flip(2)[:, None], 3, 1, 1)[:, 0]
            faint = torch.roll(faint, (int(random.integers(-20, 20)), int(random.integers(-20, 20))), (1, 2))
            faint = faint * self._column(random.uniform(0.03, 0.2, len(through)))
            ink[through] = torch.maximum(ink[through], faint)
        for chance in (0.3, 0.12):
            specked = np.flatnonzero(random.random(count) < np.where(blank, 2 * chance, chance))
            if len(specked):
                number = len(specked)
                place = np.stack([random.uniform(0, WIDTH, number), random.uniform(0, HEIGHT, number)], 1)
                radius = self._column(random.gamma(2, 0.45, number).clip(0.3, 2.2))
                gap = (_PIXELS[None] - torch.from_numpy(place.astype(np.float32))[:, None]).norm(dim=2)
                speck = (radius - gap.view(number, HEIGHT, WIDTH) + 0.5).clamp(0, 1)
                ink[specked] = torch.maximum(ink[specked], speck * self._column(random.uniform(0.15, 1.0, number)))
        return ink

    def _scan(self, ink: Tensor) -> Tensor:
        random, count = self.random, len(ink)
        order = np.argsort(random.random(count))
        # Blur in eight groups of one strength each, some of them through a coarse scan.
        for group in np.array_split(order, 8):
            if not len(group):
                continue
            part = ink[group][:, None]
            if random.random() < 0.25:
                factor = random.uniform(0.45, 0.8)
                small = functional.interpolate(part, scale_factor=factor, mode="bilinear", antialias=True)
                part = functional.interpolate(small, (HEIGHT, WIDTH), mode="bilinear")
            sigma = float(random.uniform(0.25, 1.3))
            ink[group] = _blur(part, sigma)[:, 0]
        level = self._column(random.gamma(1.5, 0.012, count).clip(0, 0.08))
        noise = torch.from_numpy(random.standard_normal((count, HEIGHT, WIDTH), dtype=np.float32))
        ink = ink + noise * level
        one_bit = np.flatnonzero(random.random(count) < 0.12)
        if len(one_bit):
            # Scanners choose the threshold by the page's ink: faint pencil is thinned, not lost.
            darkest = ink[one_bit].amax((1, 2)).clamp(min=0.15)[:, None, None]
            cut = self._column(random.uniform(0.25, 0.6, len(one_bit))) * darkest
            ink[one_bit] = _blur(((ink[one_bit] - cut) * 12 + 0.5).clamp(0, 1)[:, None], 0.45)[:, 0]
        for index in np.flatnonzero(random.random(count) < 0.1):
            ink[index] = torch.from_numpy(_compress(ink[index].numpy(), int(random.integers(15, 70))))
        return ink * self._column(random.uniform(0.85, 1.1, count)) - self._column(random.uniform(0, 0.03, count))


def _enlarge(coarse: Tensor) -> Tensor:
    """Linear interpolation of (…, rows, columns) to the window, as two small matrix products."""
    down, across = (_weights(length, size) for length, size in zip((HEIGHT, WIDTH), coarse.shape[-2:], strict=True))
    return down @ coarse @ across.T


@cache
def _weights(length: int, size: int) -> Tensor:
    place = torch.linspace(0, size - 1, length)[:, None]
    return (1 - (place - torch.arange(size)[None]).abs()).clamp(min=0)


def _blur(images: Tensor, sigma: float) -> Tensor:
    taps = torch.arange(-3, 4, dtype=torch.float32)
    kernel = torch.exp(-(taps**2) / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    images = functional.conv2d(images, kernel.view(1, 1, 1, 7), padding=(0, 3))
    return functional.conv2d(images, kernel.view(1, 1, 7, 1), padding=(3, 0))


def _compress(ink: NDArray[np.float32], quality: int) -> NDArray[np.float32]:
    """Ink after a JPEG at twice the size, about what a scan at 300 dpi has."""
    grey = 255 - np.clip(ink * 255, 0, 255).astype(np.uint8)
    doubled = cv2.resize(grey, (2 * WIDTH, 2 * HEIGHT), interpolation=cv2.INTER_LINEAR)
    _, coded = cv2.imencode(".jpg", doubled, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.resize(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return (255 - decoded.astype(np.float32)) / 255


_PIXELS = torch.stack(torch.meshgrid(torch.arange(WIDTH) + 0.5, torch.arange(HEIGHT) + 0.5, indexing="xy"), 2).view(
    -1, 2
)
