"""Lines written in handwriting fonts: what forms are filled with, and accents that real collections have few of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from papier.ocr.handwriting import STRUCK
from training.lines.french import Author

Ink = npt.NDArray[np.uint8]

SIZE = 54


@dataclass
class Writer:
    """Writes an author's phrases, each in one of `fonts`; `draw` is one line and its text."""

    fonts: list[ImageFont.FreeTypeFont]
    author: Author

    @classmethod
    def load(cls, folder: Path, sentences: list[str]) -> Writer:
        """`folder` holds node_modules/@fontsource/*, and node_modules/@etalab/decoupage-administratif."""
        files = sorted(folder.glob("node_modules/@fontsource/*/files/*-latin-400-normal.woff"))
        if not files:
            raise SystemExit(f"{folder} has no fonts: see training/lines/README.md.")
        fonts = [ImageFont.truetype(str(path), SIZE) for path in files]
        fonts = [font for font in fonts if font.getmask("é").getbbox() != font.getmask("\uffff").getbbox()]
        return cls(fonts, Author(towns_of(folder), sentences))

    def draw(self, rng: np.random.Generator) -> tuple[Ink, str]:
        font = self.fonts[int(rng.integers(len(self.fonts)))]
        words = self.author.phrase(rng).replace(STRUCK, "").split()
        image = np.zeros((2 * SIZE, 40 + 48 * sum(len(word) + 1 for word in words)), np.uint8)
        x, written = 20.0, []
        for word in words:
            if rng.random() < 0.03:
                wrong = words[int(rng.integers(len(words)))][:9]
                start, x = x, self._write(image, font, wrong, x, rng)
                _strike(image, start, x, rng)
                written.append(STRUCK)
                x += font.getlength(" ") * rng.uniform(0.8, 2.0)
            x = self._write(image, font, word, x, rng) + font.getlength(" ") * rng.uniform(0.8, 2.2)
            written.append(word)
        return image[:, : int(x) + 20], " ".join(written)

    def _write(self, image: Ink, font: ImageFont.FreeTypeFont, word: str, x: float, rng: np.random.Generator) -> float:
        canvas = Image.fromarray(image)
        ImageDraw.Draw(canvas).text((x, 1.3 * SIZE + rng.normal(0, 2)), word, font=font, fill=255, anchor="ls")
        image[:] = np.asarray(canvas)
        return float(x + font.getlength(word))


def towns_of(folder: Path) -> list[str]:
    """Communes of more than 1,500 people (INSEE, Licence Ouverte 2.0)."""
    communes = json.loads((folder / "node_modules/@etalab/decoupage-administratif/data/communes.json").read_text())
    return sorted({str(commune["nom"]) for commune in communes if commune.get("population", 0) > 1500})


def _strike(image: Ink, start: float, end: float, rng: np.random.Generator) -> None:
    """Cross out what stands from `start` to `end`: a bar, two, or a scribble."""
    middle, pen = 1.3 * SIZE - 0.22 * SIZE, int(rng.integers(2, 5))
    if rng.random() < 0.6:
        for _ in range(int(rng.integers(1, 3))):
            y0, y1 = (round(middle + rng.normal(0, 6)) for _ in range(2))
            cv2.line(image, (round(start - 4), y0), (round(end + 4), y1), 255, pen, cv2.LINE_AA)
    else:
        x = np.linspace(start - 2, end + 2, max(6, round((end - start) / 5)))
        y = middle + np.where(np.arange(len(x)) % 2, 1, -1) * rng.uniform(4, 16, len(x))
        points = np.stack([x + rng.normal(0, 3, len(x)), y], 1).round().astype(np.int32)
        cv2.polylines(image, [points], False, 255, pen, cv2.LINE_AA)
