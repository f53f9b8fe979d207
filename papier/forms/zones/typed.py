"""Setting typed frames: dashed, for a typewriter or a printed label."""

from __future__ import annotations

from papier.forms.definition import TypedField
from papier.forms.layout import Prefill, Rule, Zone
from papier.forms.pieces import Piece
from papier.forms.roster_values import roster_template
from papier.forms.styles import CELL_GREY, Style
from papier.forms.zones.labels import set_label, under_label
from papier.geometry import RectMm

STROKE = 0.25
DASH = (1.6, 1.2)


def set_typed(field: TypedField, style: Style, width: float) -> Piece:
    """A dashed frame over the whole width."""
    frame = RectMm(0.0, 0.0, width, field.height)
    rules = tuple(
        Rule(*ends, STROKE, CELL_GREY, DASH)
        for ends in (
            (0.0, 0.0, width, 0.0),
            (width, 0.0, width, field.height),
            (0.0, field.height, width, field.height),
            (0.0, 0.0, 0.0, field.height),
        )
    )
    zone = Zone(field.field, "typed", frame)
    prefills: tuple[Prefill, ...] = ()
    if field.demand.roster and field.demand.prefill:
        template = roster_template(field.demand.roster)
        prefills = (Prefill(template, 2.0, field.height / 2 + 1.2, width - 4.0, size=style.body, field=field.field),)
    label = set_label(field, style, width)
    return under_label(field, style, label, Piece(field.height, rules, (zone,), prefills))
