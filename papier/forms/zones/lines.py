"""Setting ruled lines for free handwriting."""

from __future__ import annotations

import dataclasses

from papier.forms.definition import LinesField
from papier.forms.layout import Prefill, Rule, Zone
from papier.forms.pieces import Piece
from papier.forms.roster_values import roster_template
from papier.forms.styles import LEAST_LARGE_PITCH, LINE_GREY, Style
from papier.forms.zones.labels import set_label, under_label
from papier.geometry import RectMm

STROKE = 0.2


def set_lines(field: LinesField, style: Style, width: float) -> Piece:
    """`field.count` strips, each with its rule at the bottom; what the roster knows is printed on them."""
    label = set_label(field, style, width)
    count, pitch = max(1, field.count), style.line_pitch
    if style.large:
        # What fits a page in ordinary print fits one in large print, with the lines nearer.
        pitch = max(LEAST_LARGE_PITCH, min(pitch, (style.room - label.height - 1.0) / count))
    strips = tuple(RectMm(0.0, index * pitch, width, pitch) for index in range(count))
    rules = tuple(Rule(0.0, strip.bottom, width, strip.bottom, STROKE, LINE_GREY) for strip in strips)
    zone = Zone(field.field, "lines", RectMm(0.0, 0.0, width, count * pitch), lines=strips)
    prefills: tuple[Prefill, ...] = ()
    if field.demand.roster and field.demand.prefill:
        template = roster_template(field.demand.roster)
        run = Prefill(template, 1.0, pitch - 2.0, width - 2.0, size=style.body, field=field.field)
        prefills = (dataclasses.replace(run, lines=count, pitch=pitch) if count > 1 else run,)
    return under_label(field, style, label, Piece(count * pitch + 0.5, rules, (zone,), prefills))
