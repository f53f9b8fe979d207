"""The embedded typefaces: where they lie, and how wide a text is in them.

Faces are known by the names that `papier.forms.layout.Text.font` uses. Text is measured without kerning, exactly as it
is drawn; Arabic is measured after shaping.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from papier.forms.frame import NUMBER_ADVANCE_EM
from papier.geometry import POINTS_PER_MM

if TYPE_CHECKING:
    import uharfbuzz

FONTS_FOLDER = Path(__file__).parent / "fonts"

FACES: dict[str, str] = {
    "regular": "PapierSans-Regular.ttf",
    "bold": "PapierSans-SemiBold.ttf",
    "italic": "PapierSans-Italic.ttf",
    "arabic": "NotoNaskhArabic-Regular.ttf",
    "arabic-bold": "NotoNaskhArabic-SemiBold.ttf",
    "number": "number.ttf",
}

RTL_FACES = frozenset({"arabic", "arabic-bold"})

# Languages written from right to left that the Arabic face covers.
RTL_LANGUAGES = frozenset({"ar", "fa", "ur", "ckb", "ps"})


def face_path(font: str) -> Path:
    """The file of a face; raises KeyError for a name that is not in `FACES`."""
    return FONTS_FOLDER / FACES[font]


def text_width(text: str, font: str, size: float) -> float:
    """The advance width of `text` in millimetres; `size` in points."""
    if font == "number":
        em = len(text) * NUMBER_ADVANCE_EM
    elif font in RTL_FACES:
        em = _shaped_width(text, font)
    else:
        advances = _advances(font)
        em = sum(advances.get(ord(character), advances[0]) for character in text)
    return em * size / POINTS_PER_MM


@cache
def covers(font: str, text: str) -> bool:
    """True when the face has a glyph for every character of `text`."""
    advances = _advances(font)
    return all(ord(character) in advances for character in text)


@cache
def _advances(font: str) -> dict[int, float]:
    """Advance in em by code point; the missing glyph's under 0."""
    # Imported where a text is measured: processes that read pages seldom do, and spare the memory.
    from fontTools.ttLib import TTFont  # noqa: PLC0415

    with TTFont(face_path(font), lazy=True) as face:
        units = face["head"].unitsPerEm
        widths = face["hmtx"].metrics
        advances = {code: widths[glyph][0] / units for code, glyph in face.getBestCmap().items()}
        advances[0] = widths[".notdef"][0] / units
    return advances


@cache
def harfbuzz_font(font: str) -> uharfbuzz.Font:
    """The face as HarfBuzz knows it, in font units."""
    import uharfbuzz  # noqa: PLC0415 - as above

    return uharfbuzz.Font(uharfbuzz.Face(face_path(font).read_bytes()))


@lru_cache(maxsize=4096)
def _shaped_width(text: str, font: str) -> float:
    """Width in em. Advances don't depend on the order of the runs, so one shaping of the whole text is enough."""
    import uharfbuzz  # noqa: PLC0415 - as above

    shaper = harfbuzz_font(font)
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(shaper, buffer, {})
    return float(sum(position.x_advance for position in buffer.glyph_positions)) / float(shaper.face.upem)
