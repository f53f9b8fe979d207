"""Setting tick boxes: a box, its label to the right, and white all round so that a shaky cross meets nothing."""

from __future__ import annotations

from collections.abc import Mapping

from papier.errors import LayoutError
from papier.forms.definition import TickField, Wording
from papier.forms.layout import Box, Zone
from papier.forms.pieces import Piece, beside, stack
from papier.forms.prose import line_metrics, natural_width, set_wording
from papier.forms.styles import BOX_GREY, Style
from papier.forms.zones.labels import set_label, under_label
from papier.geometry import POINTS_PER_MM, RectMm
from papier.language import translate as _

STROKE = 0.35
# Beside its label a question may take this part of the width before the boxes move below it.
BESIDE_SHARE = 0.62
# Half the height of the capitals, in em.
CAP_MIDDLE = 0.33
# A label needs room for a short word; a column without it is an error of the form.
MIN_LABEL_WIDTH = 8.0
# More columns than this are hard to read down.
MAX_COLUMNS = 4


def tick_box(field: str, option: str, multiple: bool, x: float, y: float, size: float) -> Piece:
    """One box with its zone, its outline centred on the zone's edge."""
    rect = RectMm(x, y, size, size)
    zone = Zone(field, "tick", rect, option=option, multiple=multiple)
    return Piece(y + size, (Box(rect, STROKE, BOX_GREY),), (zone,))


def set_tick(field: TickField, style: Style, width: float) -> Piece:
    """The boxes beside their question when all stand on one line, else in columns below it."""
    if width < style.tick + style.tick_clear + MIN_LABEL_WIDTH:
        missing = style.tick + style.tick_clear + MIN_LABEL_WIDTH - width
        raise LayoutError(
            _("its boxes do not fit: {missing:.0f} mm too wide for the column; give it a wider column.").format(
                missing=missing
            )
        )
    widths = [_option_width(option, style) for option in field.options.values()]
    label_width = natural_width(field.label, style, "bold", style.label)
    spread = sum(widths) + style.tick_clear * 2 * len(widths)
    fits = field.help is None and label_width + 6.0 + spread <= width and label_width <= width * BESIDE_SHARE
    if fits and len(widths) <= 3 and field.columns is None:
        return _beside_label(field, style, width, widths, label_width)
    label = set_label(field, style, width)
    return under_label(field, style, label, _columns(field, style, width, max(widths, default=1.0)))


def _option_width(label: Wording, style: Style) -> float:
    return style.tick + style.tick_clear + natural_width(label, style, "regular", style.body)


def _beside_label(field: TickField, style: Style, width: float, widths: list[float], label_width: float) -> Piece:
    pitch = style.tick + 2 * style.tick_clear
    placed: list[tuple[float, Piece]] = []
    x = max(label_width + 6.0, min(width * 0.5, width - sum(widths) - 2 * style.tick_clear * len(widths)))
    for (option, wording), taken in zip(field.options.items(), widths, strict=True):
        placed.append((x, _option(field.field, option, wording, field.multiple, style, taken, pitch)))
        x += taken + 2 * style.tick_clear
    words = set_wording(field.label, style, label_width, font="bold", size=style.label)
    label = words.moved(0.0, max(0.0, (pitch - words.height) / 2))
    return under_label(field, style, beside([(0.0, label), *placed]))


def _columns(field: TickField, style: Style, width: float, widest: float) -> Piece:
    gap = 2 * style.tick_clear
    count = len(field.options)
    fitting = max(1, int((width + gap) / (widest + gap)))
    columns = min(field.columns or min(fitting, MAX_COLUMNS), count)
    # Labels may wrap, but a column must keep room for a few words.
    columns = max(1, min(columns, int((width + gap) / (style.tick + style.tick_clear + 14.0 + gap))))
    column_width = (width - gap * (columns - 1)) / columns
    if field.columns is None:
        column_width = min(column_width, max(widest, width / MAX_COLUMNS - gap))
    pitch = style.tick + style.tick_clear + 0.5
    options = list(field.options.items())
    rows = [options[start : start + columns] for start in range(0, count, columns)]
    lines = [
        beside(
            [
                (
                    index * (column_width + gap),
                    _option(field.field, option, wording, field.multiple, style, column_width, pitch),
                )
                for index, (option, wording) in enumerate(row)
            ]
        )
        for row in rows
    ]
    return stack(lines)


def _option(
    field: str, option: str, wording: Wording, multiple: bool, style: Style, width: float, pitch: float
) -> Piece:
    """Box and label, the first line of the label level with the box; `pitch` mm high at least."""
    top = (pitch - style.tick) / 2
    indent = style.tick + style.tick_clear
    words = set_wording(wording, style, width - indent, size=style.body)
    # The middle of the capitals, not of the line, stands level with the middle of the box.
    offset = top + style.tick / 2 - line_metrics("regular", style.body)[1] + CAP_MIDDLE * style.body / POINTS_PER_MM
    box = tick_box(field, option, multiple, 0.0, top, style.tick)
    height = pitch if offset + words.height <= pitch + 0.5 else offset + words.height + 0.5
    return Piece(height, box.items + words.moved(indent, offset).items, box.zones)


def unlabelled_boxes(
    field: str, options: Mapping[str, Wording], multiple: bool, centres: list[float], height: float, style: Style
) -> Piece:
    """Boxes centred at `centres` in a row `height` mm high: the cells of a grid or a table."""
    top = (height - style.tick) / 2
    boxes = [
        tick_box(field, option, multiple, centre - style.tick / 2, top, style.tick)
        for option, centre in zip(options, centres, strict=True)
    ]
    return Piece(
        height,
        tuple(item for box in boxes for item in box.items),
        tuple(zone for box in boxes for zone in box.zones),
    )
