"""The embedded faces in ReportLab's hands, and right-to-left text drawn with them."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import uharfbuzz
from reportlab.pdfbase import pdfmetrics, ttfonts

from papier.forms.typefaces import FACES, RTL_FACES, face_path, harfbuzz_font
from papier.forms.typography import visual_runs


@cache
def register_faces() -> None:
    """Make the embedded faces known to ReportLab under their own names."""
    for font in FACES:
        path = face_path(font)
        pdfmetrics.registerFont(ttfonts.TTFont(font, str(path), shapable=font in RTL_FACES))


def draw_shaped(canvas: Any, x: float, y: float, text: str, font: str, size: float) -> None:
    """Draw right-to-left text: reordered by the Unicode bidirectional algorithm, each run shaped by HarfBuzz."""
    text_object = canvas.beginText(x, y)
    text_object.setFont(font, size)
    text_object.textOut(_shape(text, font))
    # Glyphs have no reading order: the words go along for search and for screen readers (PDF 32000-1, 14.9.4).
    spoken = ("\ufeff" + text).encode("utf-16-be").hex().upper()
    canvas._code.append(f"/Span <</ActualText <{spoken}>>> BDC")  # noqa: SLF001 - ReportLab has no public way
    canvas.drawText(text_object)
    canvas._code.append("EMC")  # noqa: SLF001


@lru_cache(maxsize=1024)
def _shape(text: str, font: str) -> Any:
    """The glyphs of `text` from left to right as they stand on paper, as ReportLab's shaped string.

    Glyphs without a character of their own (joined forms) get one of the private use area in the embedded face.
    """
    face = pdfmetrics.getFont(font)
    face.hbFont()  # makes `hbAddPrivate` ready
    shaper = harfbuzz_font(font)
    characters: list[str] = []
    data: list[Any] = []
    for run, rtl in visual_runs(text):
        buffer = uharfbuzz.Buffer()
        buffer.add_str(run)
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if rtl else "ltr"
        uharfbuzz.shape(shaper, buffer, {})
        for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            codes = face.face.glyphToChar.get(info.codepoint)
            code = (
                codes[0]
                if codes
                else face.hbAddPrivate(shaper.glyph_to_string(info.codepoint), info.codepoint, position.x_advance)
            )
            characters.append(chr(code))
            scaled = [
                face.pdfScale(length)
                for length in (position.x_advance, position.y_advance, position.x_offset, position.y_offset)
            ]
            data.append(ttfonts.ShapeData(len(data), *scaled, face.face.charWidths[code]))
    return ttfonts.ShapedStr("".join(characters), shapeData=data)
