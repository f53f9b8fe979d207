"""Setting grids: questions down, shared answers across."""

from __future__ import annotations

import dataclasses

from papier.errors import LayoutError
from papier.forms.definition import GridField
from papier.forms.layout import Item, Rule
from papier.forms.pieces import Piece, overlay
from papier.forms.prose import natural_width, set_wording
from papier.forms.styles import HAIR_GREY, HELP_GREY, Style
from papier.forms.zones.labels import set_label
from papier.forms.zones.tick import unlabelled_boxes
from papier.language import translate as _

# The questions keep at least this part of the width.
QUESTION_SHARE = 0.36
# So few questions are not torn apart by the end of a page.
TOGETHER = 6


def set_grid(field: GridField, style: Style, width: float) -> list[Piece]:
    """Header and rows; the header comes again where the grid goes over to another page."""
    count = max(1, len(field.options))
    least = style.tick + 2 * style.tick_clear
    # Room between two boxes of one question for a cross that overshoots.
    widest = max((natural_width(w, style, "regular", style.help) for w in field.options.values()), default=least)
    column = min(max(widest + 4.0, least, 18.0), width * (1 - QUESTION_SHARE) / count)
    if column < least:
        missing = (least - column) * count
        raise LayoutError(
            _("its columns do not fit: {missing:.0f} mm too wide; give it fewer answers or more width.").format(
                missing=missing
            )
        )
    question = width * 0.5
    questions = max((natural_width(w, style, "regular", style.body) for w in field.rows.values()), default=0.0)
    question = min(width - column * count, max(question * 0.6, questions + 4.0))
    centres = [question + column * (index + 0.5) for index in range(count)]
    edge = question + column * count
    label = set_label(field, style, width)
    header = overlay(
        *(
            set_wording(wording, style, column - 1.0, size=style.help, grey=HELP_GREY, align="centre").moved(
                centre - column / 2 + 0.5, 0.0
            )
            for wording, centre in zip(field.options.values(), centres, strict=True)
        )
    )
    rule: tuple[Item, ...] = (Rule(0.0, header.height + 0.6, edge, header.height + 0.6, 0.25, HAIR_GREY - 0.3),)
    header = overlay(header, Piece(header.height + 0.6, rule))
    pieces: list[Piece] = [
        dataclasses.replace(label, before=style.before_block, keep=True, name=field.field, line=field.line),
        dataclasses.replace(header, keep=True, name=field.field, line=field.line),
    ]
    together = len(field.rows) <= TOGETHER
    for row, wording in field.rows.items():
        words = set_wording(wording, style, question - 2.0, size=style.body)
        height = max(style.tick + 2 * style.tick_clear - 1.0, words.height + 2.0)
        boxes = unlabelled_boxes(f"{field.field}.{row}", field.options, field.multiple, centres, height, style)
        line = Piece(height, (Rule(0.0, height, edge, height, 0.2, HAIR_GREY),))
        piece = overlay(words.moved(0.0, (height - words.height) / 2), boxes, line)
        pieces.append(dataclasses.replace(piece, header=header, name=field.field, line=field.line, keep=together))
    pieces[-1] = dataclasses.replace(pieces[-1], keep=field.same_page)
    return pieces
