"""The sizes of everything that is set on a sheet: one table for office pages, small coupons and large print."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from papier.forms.definition import FormDefinition, Language, PageFormat
from papier.forms.frame import page_frame

# An ink grey that a copier keeps but that a pen stroke stands out from.
CELL_GREY = 0.55
LINE_GREY = 0.7
FRAME_GREY = 0.35
HAIR_GREY = 0.75
BOX_GREY = 0.1
HELP_GREY = 0.3
HINT_GREY = 0.5
# Light enough to stay white after a 1-bit scan.
TINT = 0.95

# Ruled lines of large print are never nearer than those of ordinary print.
LEAST_LARGE_PITCH = 9.0


@dataclass(frozen=True, slots=True)
class Style:
    """Type sizes in points, lengths in millimetres."""

    title: float
    heading: float
    body: float
    label: float
    help: float
    small: float
    hint: float
    strip: float
    # A person's hand needs about 4 mm; a box that a shaky cross overshoots by 1 mm stays apart from its neighbour.
    tick: float
    tick_clear: float
    # 6 × 8 is what a capital in ball pen takes; 5 × 7 is the least the catalogue of public forms knows.
    cell_width: float
    cell_height: float
    min_cell_width: float
    min_cell_height: float
    line_pitch: float
    before_heading: float
    before_block: float
    after_label: float
    column_gap: float
    table_pad: float
    # The height of a signature's frame, as a multiple of what the form says.
    signature: float = 1.0
    # The height of a page's live area: nothing is set higher.
    room: float = 264.0
    languages: tuple[Language, ...] = ("fr",)
    # The languages printed; positions are those of all `languages`.
    shown: tuple[Language, ...] = ("fr",)
    large: bool = False
    # The last resort of a wide table in large print: the words of its header may break anywhere.
    break_words: bool = False

    def tightened(self, factor: float) -> Style:
        """The same with the white between blocks multiplied by `factor`; in large print ruled lines come nearer too,
        and signatures take no more room than in ordinary print.
        """
        pitch = max(LEAST_LARGE_PITCH, self.line_pitch * factor) if self.large else self.line_pitch
        return dataclasses.replace(
            self,
            before_heading=self.before_heading * factor,
            before_block=self.before_block * factor,
            line_pitch=pitch,
            signature=max(1.0, self.signature * factor),
        )


OFFICE = Style(
    title=17.0,
    heading=12.0,
    body=10.5,
    label=10.0,
    help=8.5,
    small=8.0,
    hint=6.5,
    strip=7.5,
    tick=4.5,
    tick_clear=2.5,
    cell_width=6.0,
    cell_height=8.0,
    min_cell_width=5.0,
    min_cell_height=7.0,
    line_pitch=9.0,
    before_heading=6.0,
    before_block=4.0,
    after_label=0.9,
    column_gap=5.0,
    table_pad=1.6,
)
# A5 and A6 are held closer than an A4 page on a desk.
COUPON = dataclasses.replace(
    OFFICE,
    title=14.0,
    heading=10.5,
    body=9.5,
    label=9.0,
    help=8.0,
    small=7.0,
    hint=6.0,
    strip=7.0,
    cell_height=7.5,
    before_heading=4.5,
    before_block=3.2,
    after_label=0.7,
    column_gap=4.0,
)
CARD = dataclasses.replace(
    COUPON,
    title=12.0,
    heading=9.5,
    body=8.5,
    label=8.5,
    help=7.0,
    small=6.5,
    strip=6.5,
    before_heading=3.5,
    before_block=2.8,
)
# Large print begins at 16 points (Royal National Institute of Blind People, clear print guidelines).
LARGE = dataclasses.replace(
    OFFICE,
    title=24.0,
    heading=19.0,
    body=16.0,
    label=16.0,
    help=16.0,
    small=16.0,
    hint=16.0,
    strip=16.0,
    tick=6.0,
    tick_clear=3.0,
    cell_width=8.0,
    cell_height=10.0,
    line_pitch=12.0,
    before_heading=8.0,
    before_block=6.0,
    after_label=1.2,
    column_gap=6.0,
    table_pad=2.0,
    signature=1.15,
)

_ORDINARY = {PageFormat.A5: COUPON, PageFormat.A5_TWO_UP: COUPON, PageFormat.A6: CARD}


def style_for(form: FormDefinition, large: bool, shown: tuple[Language, ...] | None = None) -> Style:
    """The style of a form; `shown` limits which of its languages are printed."""
    base = LARGE if large else _ORDINARY.get(form.format, OFFICE)
    room = page_frame(*page_format(form, large).size_mm).live.height
    return dataclasses.replace(
        base, room=room, languages=form.languages, shown=form.languages if shown is None else shown, large=large
    )


def page_format(form: FormDefinition, large: bool) -> PageFormat:
    """The paper of a form: large print of a coupon takes a whole A4 page."""
    return PageFormat.A4 if large and form.format in _ORDINARY else form.format
