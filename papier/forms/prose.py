"""Setting words: runs of text, bilingual wordings, headings, paragraphs, notices, and the window address."""

from __future__ import annotations

import dataclasses

from papier.forms.definition import Address, Heading, Language, Notice, Paragraph, Wording
from papier.forms.layout import Box, Item, Prefill, Rule, Text
from papier.forms.pieces import Piece, overlay, stack
from papier.forms.styles import HAIR_GREY, HELP_GREY, LINE_GREY, TINT, Style
from papier.forms.typefaces import RTL_LANGUAGES
from papier.forms.typography import PLACEHOLDER, break_lines, french_typography, measured_width
from papier.geometry import POINTS_PER_MM, RectMm

# Line height and first baseline in em. Naskh has deep descenders and marks above.
LATIN_LINE, LATIN_BASELINE = 1.27, 0.92
ARABIC_LINE, ARABIC_BASELINE = 1.75, 1.2
# A second language is set a little smaller; Naskh looks smaller than Latin at one size, so it is not.
SECOND_SIZE = 0.92
SECOND_GREY = 0.35
# Between a wording and its translation on the same line.
INLINE_GAP = 2.0
# What a hand needs for one word on a dotted line.
BLANK_WIDTH = 38.0
# A text that the roster gives whole: four lines as a hand writes them, six or seven as they are printed.
OPEN_LINES = 4
OPEN_PITCH = 0.85
MIN_OPEN_WIDTH = 95.0
LARGEST_SMALL_PRINT = 16.0

# Office envelopes show a window of 85 × 33 mm, 110 mm from the left and 55 mm from the top of a folded A4 sheet.
WINDOW = RectMm(110.0, 55.0, 85.0, 33.0)
WINDOW_LINES = 6


def set_text(
    text: str,
    width: float,
    font: str,
    size: float,
    *,
    grey: float = 0.0,
    align: str = "left",
    blank: float = 0.0,
) -> Piece:
    """`text` broken to `width` mm. Lines that hold a `{placeholder}` become prefills when `blank` is given."""
    rtl = font.startswith("arabic")
    line_height, baseline = line_metrics(font, size)
    x, anchor = _anchor(width, "right" if rtl else align)
    items: list[Item] = []
    prefills: list[Prefill] = []
    lines = break_lines(text, width, font, size, blank)
    for index, line in enumerate(lines):
        y = index * line_height + baseline
        if blank and PLACEHOLDER.search(line):
            prefills.append(Prefill(line, x, y, width, font=font, size=size, align=anchor))  # type: ignore[arg-type]
        elif line:
            items.append(Text(x, y, line, font, size, grey, anchor, rtl))  # type: ignore[arg-type]
    return Piece(len(lines) * line_height, tuple(items), prefills=tuple(prefills))


def line_metrics(font: str, size: float) -> tuple[float, float]:
    """Line height and first baseline in mm of a face at `size` points."""
    line, baseline = (ARABIC_LINE, ARABIC_BASELINE) if font.startswith("arabic") else (LATIN_LINE, LATIN_BASELINE)
    return line * size / POINTS_PER_MM, baseline * size / POINTS_PER_MM


def drawn_text(wording: Wording, language: Language) -> str:
    """The wording in one language as it is drawn; empty when there is no translation."""
    text = wording.texts.get(language, "")
    return french_typography(text) if language == "fr" else text


def set_wording(
    wording: Wording,
    style: Style,
    width: float,
    *,
    font: str = "regular",
    size: float | None = None,
    grey: float = 0.0,
    align: str = "left",
    blank: float = 0.0,
) -> Piece:
    """A wording in all its languages, the first above or before the others, as high as all of them together."""
    size = style.body if size is None else size
    first, *others = style.languages
    pieces: list[Piece] = []
    main_text = drawn_text(wording, first) or drawn_text(wording, "fr")
    main = _shown(
        set_text(main_text, width, _face(first, font), size, grey=grey, align=align, blank=blank), first, style
    )
    used = measured_width(main_text, _face(first, font), size, blank)
    pieces.append(main)
    for language in others:
        text = drawn_text(wording, language)
        if not text or text == main_text:
            continue
        face, small = _second_face(language, font), _second_size(language, size, style)
        taken = measured_width(text, face, small, blank)
        one_line = len(pieces) == 1 and align == "left" and not blank and "\n" not in main_text + text
        if one_line and used + INLINE_GAP + taken <= width:
            other = set_text(text, taken + 0.01, face, small, grey=SECOND_GREY).moved(used + INLINE_GAP, 0.0)
            pieces[0] = _level(main, _face(first, font), size, _shown(other, language, style), face, small)
        else:
            # One line from right to left begins where the first language does: else it would stand by the next box.
            close = language in RTL_LANGUAGES and align == "left" and taken <= width and "\n" not in text
            room = taken + 0.01 if close else width
            other = set_text(text, room, face, small, grey=SECOND_GREY, align=align, blank=blank)
            pieces.append(_shown(other, language, style))
    return stack(pieces)


def natural_width(wording: Wording, style: Style, font: str, size: float) -> float:
    """The width in mm that a wording takes on one line in all its languages, translations beside the first."""
    first, *others = style.languages
    total = measured_width(drawn_text(wording, first) or drawn_text(wording, "fr"), _face(first, font), size, 0.0)
    for language in others:
        text = drawn_text(wording, language)
        if text:
            taken = measured_width(text, _second_face(language, font), _second_size(language, size, style), 0.0)
            total += INLINE_GAP + taken
    return total + 0.01


def set_heading(block: Heading, style: Style, width: float, number: int | None) -> Piece:
    """A numbered section heading above a thin rule, or a plain bold line at level 2 and below."""
    if block.level > 1:
        words = set_wording(block.text, style, width, font="bold", size=style.body)
        return dataclasses.replace(words, before=style.before_block, keep=True, name="heading", line=block.line)
    indent = 0.0
    items: list[Item] = []
    if number is not None:
        indent = measured_width(f"{number}", "bold", style.heading, 0.0) + 2.2
        items.append(Text(0.0, line_metrics("bold", style.heading)[1], f"{number}", "bold", style.heading, 0.45))
    words = set_wording(block.text, style, width - indent, font="bold", size=style.heading).moved(indent, 0.0)
    items.append(Rule(0.0, words.height + 0.5, width, words.height + 0.5, 0.25, HAIR_GREY - 0.25))
    piece = overlay(words, Piece(words.height + 0.9, tuple(items)))
    return dataclasses.replace(piece, before=style.before_heading, keep=True, name="heading", line=block.line)


def set_paragraph(block: Paragraph, style: Style, width: float) -> list[Piece]:
    """Running text; `{column}` is left to the roster. Long texts may go over to the next page between two lines.

    A paragraph that is one placeholder alone, across the page, is a text of any length: it gets several lines.
    """
    font = "bold" if block.style == "bold" else "regular"
    size = style.small if block.style == "small" else style.body
    before = style.before_block * 0.75
    if PLACEHOLDER.fullmatch(block.text.fr.strip()) and width >= MIN_OPEN_WIDTH:
        pitch = style.line_pitch * OPEN_PITCH
        template = block.text.fr.strip()
        run = Prefill(template, 0.0, pitch - 1.8, width, font=font, size=size, lines=OPEN_LINES, pitch=pitch)
        return [Piece(OPEN_LINES * pitch, prefills=(run,), before=before, name="text", line=block.line)]
    blank = min(BLANK_WIDTH, width * 0.6)
    pieces: list[Piece] = []
    for index, language in enumerate(style.languages):
        text = drawn_text(block.text, language) or ("" if index else drawn_text(block.text, "fr"))
        if not text:
            continue
        face = _second_face(language, font) if index else _face(language, font)
        points = _second_size(language, size, style) if index else size
        grey = SECOND_GREY if index else 0.0
        words = set_text(text, width, face, points, grey=grey, align=block.align, blank=blank)
        lines = _split_lines(words, line_metrics(face, points)[0])
        lines[0] = dataclasses.replace(lines[0], before=0.0 if index else before)
        # No first or last line of a paragraph stands alone on a page.
        kept = {0, len(lines) - 2} if len(lines) > 1 else set()
        pieces += [
            dataclasses.replace(
                line if language in style.shown else Piece(line.height, before=line.before),
                keep=place in kept,
                name="text",
                line=block.line,
            )
            for place, line in enumerate(lines)
        ]
    pieces[-1] = dataclasses.replace(pieces[-1], keep=block.same_page)
    return pieces


def _split_lines(words: Piece, line_height: float) -> list[Piece]:
    """The lines of a text, each as its own piece."""
    count = max(1, round(words.height / line_height))
    lines: list[Piece] = []
    for index in range(count):
        top, bottom = index * line_height, (index + 1) * line_height
        part = Piece(
            line_height,
            tuple(item for item in words.items if isinstance(item, Text) and top < item.y <= bottom),
            prefills=tuple(prefill for prefill in words.prefills if top < prefill.y <= bottom),
        )
        lines.append(part.moved(0.0, -top))
    return lines


def set_notice(block: Notice, style: Style, width: float) -> Piece:
    """A remark on a light ground with a bar at its left."""
    pad, bar = style.table_pad + 0.6, 1.0
    blank = min(BLANK_WIDTH, width * 0.5)
    words = set_wording(
        block.text, style, width - 2 * pad - bar, size=style.body - (0 if style.large else 0.5), blank=blank
    )
    height = words.height + 2 * pad - 1.0
    ground: tuple[Item, ...] = (
        Box(RectMm(0.0, 0.0, width, height), stroke=0.0, fill=TINT),
        Box(RectMm(0.0, 0.0, bar, height), stroke=0.0, fill=0.45),
    )
    piece = overlay(Piece(height, ground), words.moved(pad + bar, pad - 0.6))
    return dataclasses.replace(piece, height=height, before=style.before_block, name="notice", line=block.line)


def set_address(block: Address, style: Style) -> Piece:
    """The recipient's lines inside the window, from the window's own top left."""
    size = min(style.body, LARGEST_SMALL_PRINT)
    pitch = min(5.2 if not style.large else 6.6, (WINDOW.height - 3.0) / max(len(block.lines), 1))
    arm = 3.5
    items: list[Item] = []
    for x, towards in ((0.0, arm), (WINDOW.width, -arm)):
        for y, down in ((0.0, arm), (WINDOW.height, -arm)):
            items += [Rule(x, y, x + towards, y, 0.25, LINE_GREY), Rule(x, y, x, y + down, 0.25, LINE_GREY)]
    inset = 4.0
    top = (WINDOW.height - pitch * len(block.lines)) / 2
    prefills: list[Prefill] = []
    for index, line in enumerate(block.lines):
        y = top + (index + 1) * pitch - pitch * 0.28
        if PLACEHOLDER.search(line):
            prefills.append(Prefill(line, inset, y, WINDOW.width - 2 * inset, size=size))
        else:
            items.append(Text(inset, y, french_typography(line), "regular", size))
    return Piece(WINDOW.height, tuple(items), prefills=tuple(prefills), name="address", line=block.line)


def set_help(help_text: Wording, style: Style, width: float) -> Piece:
    """The small line that explains a question."""
    return set_wording(help_text, style, width, size=style.help, grey=HELP_GREY)


def _face(language: Language, font: str) -> str:
    if language in RTL_LANGUAGES:
        return "arabic-bold" if font == "bold" else "arabic"
    return font


def _second_face(language: Language, font: str) -> str:
    if language in RTL_LANGUAGES:
        return "arabic-bold" if font == "bold" else "arabic"
    return "italic"


def _second_size(language: Language, size: float, style: Style) -> float:
    if style.large or language in RTL_LANGUAGES:
        return size
    return size * SECOND_SIZE


def _anchor(width: float, align: str) -> tuple[float, str]:
    return {"left": (0.0, "left"), "centre": (width / 2, "centre"), "center": (width / 2, "centre")}.get(
        align, (width, "right")
    )


def _shown(piece: Piece, language: Language, style: Style) -> Piece:
    """The piece, or the same white when its language is not printed."""
    return piece if language in style.shown else Piece(piece.height)


def _level(main: Piece, font: str, size: float, other: Piece, other_font: str, other_size: float) -> Piece:
    """Both on the first one's baseline and as high as it: one line of Naskh fits the white round a line of Latin."""
    shift = line_metrics(font, size)[1] - line_metrics(other_font, other_size)[1]
    return dataclasses.replace(overlay(main, other.moved(0.0, shift)), height=main.height)
