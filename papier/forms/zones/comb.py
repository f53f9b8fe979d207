"""Setting combs: a row of cells, one character each, grouped as people say them."""

from __future__ import annotations

from papier.errors import LayoutError
from papier.forms.definition import CombContent, CombField
from papier.forms.layout import Box, Item, Prefill, Rule, Text, Zone
from papier.forms.pieces import Piece
from papier.forms.prose import line_metrics
from papier.forms.roster_values import roster_template
from papier.forms.styles import CELL_GREY, HINT_GREY, Style
from papier.forms.zones.labels import set_label, under_label
from papier.geometry import POINTS_PER_MM, RectMm, bounding_rect
from papier.language import translate as _

# How many cells stand together, by content; what is not here stands in one group.
GROUPS: dict[CombContent, tuple[int, ...]] = {
    CombContent.DATE: (2, 2, 4),
    CombContent.HOUR: (2, 2),
    CombContent.TELEPHONE: (2, 2, 2, 2, 2),
    CombContent.NIR: (1, 2, 2, 2, 3, 3, 2),
}
HINTS: dict[CombContent, str] = {CombContent.DATE: "JJMMAAAA"}
# White between two groups, as a part of a cell's width; the hour has its "h" there.
GROUP_GAP = 0.34
HOUR_GAP = 0.62
STROKE = 0.25
# The printed value's capitals take half the cell's height.
VALUE_POINTS_PER_MM = 1.85


def set_comb(field: CombField, style: Style, width: float) -> Piece:
    """The label above its cells; raises LayoutError when the cells do not fit `width` even at their smallest."""
    label = set_label(field, style, width)
    cells = place_cells(
        field.field, field.content, field.cells, style, width, field.demand.roster, field.demand.prefill
    )
    return under_label(field, style, label, cells)


def place_cells(
    name: str,
    content: CombContent,
    count: int,
    style: Style,
    width: float,
    roster: str | None = None,
    prefill: bool = True,
    row: int | None = None,
) -> Piece:
    """The cells of one comb from (0, 0); shrunk as far as the style allows, else LayoutError."""
    groups = GROUPS.get(content, (count,)) if content.fixed_length == count or content in GROUPS else (count,)
    gap = HOUR_GAP if content is CombContent.HOUR else GROUP_GAP
    units = sum(groups) + gap * (len(groups) - 1)
    cell_width = min(style.cell_width, int(width / units * 1000) / 1000)
    if cell_width < style.min_cell_width:
        missing = units * style.min_cell_width - width
        raise LayoutError(
            _(
                "{count} cells do not fit: {missing:.0f} mm too wide for its column; give it fewer cells (at most "
                "{most}) or a wider column."
            ).format(count=count, missing=missing, most=int(width / style.min_cell_width))
        )
    shrunk = cell_width / style.cell_width
    cell_height = max(style.min_cell_height, round(style.cell_height * min(1.0, shrunk + 0.1), 2))
    cells: list[RectMm] = []
    items: list[Item] = []
    x = 0.0
    for index, group in enumerate(groups):
        frame = RectMm(x, 0.0, group * cell_width, cell_height)
        items.append(Box(frame, STROKE, CELL_GREY))
        for place in range(group):
            left = x + place * cell_width
            cells.append(RectMm(left, 0.0, cell_width, cell_height))
            if place:
                items.append(Rule(left, 0.0, left, cell_height, STROKE, CELL_GREY))
        x = frame.right
        if index < len(groups) - 1:
            if content is CombContent.HOUR:
                middle = x + gap * cell_width / 2
                items.append(Text(middle, cell_height * 0.62, "h", "regular", style.body, HINT_GREY - 0.1, "centre"))
            x += gap * cell_width
    height = cell_height
    hints = HINTS.get(content, "")
    if hints:
        line, baseline = line_metrics("regular", style.hint)
        items += [
            Text(cell.centre[0], cell_height + 0.3 + baseline * 0.9, hint, "regular", style.hint, HINT_GREY, "centre")
            for cell, hint in zip(cells, hints, strict=True)
        ]
        height += 0.3 + line * 0.95
    zone = Zone(name, "comb", bounding_rect(cells), content=str(content.value), cells=tuple(cells))
    prefills: tuple[Prefill, ...] = ()
    if roster and prefill:
        size = round(cell_height * VALUE_POINTS_PER_MM, 2)
        baseline = cell_height / 2 + 0.33 * size / POINTS_PER_MM
        prefills = (Prefill(roster_template(roster), 0.0, baseline, x, size=size, field=name, row=row),)
    return Piece(height, tuple(items), (zone,), prefills)
