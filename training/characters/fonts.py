"""Glyphs of handwriting fonts: hands beyond the few that the collections name, Europeans' 1s and 7s among them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from papier.ocr.characters import CAPITALS, DIGITS, PUNCTUATION
from training.characters.glyphs import FONT, SIZE, TRAIN, Glyphs, measure_glyph

# Families whose capitals are joined-up writing, which nobody writes in a comb: their digits serve.
JOINED_UP = (
    "cedarville-cursive",
    "dawning-of-a-new-day",
    "homemade-apple",
    "la-belle-aurore",
    "licorice",
    "marck-script",
    "over-the-rainbow",
    "playwrite-fr-trad",
)
LARGEST = 40  # pixels of the glyph's square of 48


def load_font_glyphs(folder: Path) -> Glyphs:
    """All digits, capitals and signs of the regular Latin cuts under `folder`/node_modules/@fontsource.

    Raises FileNotFoundError where there is none.
    """
    files = sorted(folder.glob("node_modules/@fontsource/*/files/*-latin-400-normal.woff"))
    if not files:
        raise FileNotFoundError(f"no handwriting fonts in {folder}: install them as training/lines/README.md says")
    measured, labels, writers = [], [], []
    for file in files:
        family = file.name.removesuffix("-latin-400-normal.woff")
        font = ImageFont.truetype(file, 120)
        for character in DIGITS + PUNCTUATION + ("" if family in JOINED_UP else CAPITALS):
            image = _draw(font, character)
            if image is not None:
                measured.append(measure_glyph(image))
                labels.append(character)
                writers.append(family)
    return Glyphs(
        distance=np.stack([distance for distance, _, _ in measured]),
        label=np.array(labels),
        writer=np.array(writers),
        source=np.full(len(labels), FONT, np.int8),
        part=np.full(len(labels), TRAIN, np.int8),
        half_width=np.array([half_width for _, half_width, _ in measured], np.float32),
        box=np.stack([box for _, _, box in measured]),
        plausible=np.ones(len(labels), bool),
    )


def _draw(font: ImageFont.FreeTypeFont, character: str) -> NDArray[np.uint8] | None:
    """(48, 48) ink of the character, in the middle and as large as fits; None where the font has none."""
    left, top, right, bottom = font.getbbox(character)
    if right <= left or bottom <= top:
        return None
    page = Image.new("L", (int(right - left), int(bottom - top)), 0)
    ImageDraw.Draw(page).text((-left, -top), character, fill=255, font=font)
    scale = LARGEST / max(page.size)
    size = max(1, round(page.width * scale)), max(1, round(page.height * scale))
    square = Image.new("L", (SIZE, SIZE), 0)
    square.paste(page.resize(size, Image.Resampling.LANCZOS), ((SIZE - size[0]) // 2, (SIZE - size[1]) // 2))
    return np.array(square, np.uint8)
