"""What every sheet carries at the same place: corner marks, sheet number, and the area left to the form.

The reader finds these before it knows which form it looks at, so they depend on nothing but the size of the page.
All lengths in millimetres, origin at the sheet's top left.
"""

from __future__ import annotations

from dataclasses import dataclass

from papier.geometry import POINTS_PER_MM, RectMm

# A solid square this large keeps 12 pixels at 60 dpi and survives two photocopies.
MARK_SIZE = 5.0
# From the paper's edge to the mark's outer edge: office printers leave 4 to 5 mm white; "fit to page" adds room.
MARK_MARGIN = 8.0
# The top left mark has a white window, so that a page upside-down or sideways is told from one that stands upright.
WINDOW_SIZE = 2.0

# Points. A character takes 2.54 mm: 15 pixels at 150 dpi, 14 when printed at 94 %.
NUMBER_FONT_SIZE = 14.4
# A sheet number as printed: three groups of four characters, two hyphens, a solidus and the page.
NUMBER_LENGTH = 16
# The advance of every glyph of the monospaced face used, in em (see benchmarks/typeface.md).
NUMBER_ADVANCE_EM = 0.5
NUMBER_PITCH = NUMBER_FONT_SIZE * NUMBER_ADVANCE_EM / POINTS_PER_MM
NUMBER_WIDTH = NUMBER_LENGTH * NUMBER_PITCH
NUMBER_GAP = 4.0  # between a corner mark and the number beside it

# The form's own blocks keep clear of the two strips that hold marks and numbers.
LIVE_MARGIN_X = 12.0
LIVE_MARGIN_TOP = MARK_MARGIN + MARK_SIZE + 4.0
LIVE_MARGIN_BOTTOM = MARK_MARGIN + MARK_SIZE + 3.0

# The paper on which two A5 pages are printed side by side.
TWO_UP_SIZE = (297.0, 210.0)


@dataclass(frozen=True, slots=True)
class PageFrame:
    """The fixed furniture of one page.

    `marks`: the four corner marks clockwise from the top left (the one with the window).
    `numbers`: the boxes (NUMBER_WIDTH × cap height) of the two printed sheet numbers: top right, bottom left. The
    first glyph's advance box starts at the box's left edge; the baseline is the box's bottom edge.
    `live`: where the form's own blocks may stand.
    """

    marks: tuple[RectMm, RectMm, RectMm, RectMm]
    numbers: tuple[RectMm, RectMm]
    live: RectMm


# Height of the capitals and digits of the number's face, in em (see benchmarks/typeface.md).
NUMBER_CAP_EM = 0.623


def page_frame(width: float, height: float) -> PageFrame:
    """The furniture of a page of `width` × `height` millimetres."""
    near, far_x, far_y = MARK_MARGIN, width - MARK_MARGIN - MARK_SIZE, height - MARK_MARGIN - MARK_SIZE
    marks = (
        RectMm(near, near, MARK_SIZE, MARK_SIZE),
        RectMm(far_x, near, MARK_SIZE, MARK_SIZE),
        RectMm(far_x, far_y, MARK_SIZE, MARK_SIZE),
        RectMm(near, far_y, MARK_SIZE, MARK_SIZE),
    )
    cap = NUMBER_FONT_SIZE * NUMBER_CAP_EM / POINTS_PER_MM
    inset = (MARK_SIZE - cap) / 2
    numbers = (
        RectMm(far_x - NUMBER_GAP - NUMBER_WIDTH, near + inset, NUMBER_WIDTH, cap),
        RectMm(near + MARK_SIZE + NUMBER_GAP, far_y + inset, NUMBER_WIDTH, cap),
    )
    live = RectMm(
        LIVE_MARGIN_X,
        LIVE_MARGIN_TOP,
        width - 2 * LIVE_MARGIN_X,
        height - LIVE_MARGIN_TOP - LIVE_MARGIN_BOTTOM,
    )
    return PageFrame(marks, numbers, live)
