"""The printed label of a field, above its zones."""

from __future__ import annotations

import dataclasses

from papier.forms.definition import Field
from papier.forms.pieces import Piece, stack
from papier.forms.prose import set_help, set_wording
from papier.forms.styles import Style


def set_label(field: Field, style: Style, width: float) -> Piece:
    """Label and help, with the white that keeps them off the zones below."""
    pieces = [set_wording(field.label, style, width, font="bold", size=style.label)]
    if field.help is not None:
        pieces.append(set_help(field.help, style, width))
    label = stack(pieces)
    return dataclasses.replace(label, height=label.height + style.after_label)


def under_label(field: Field, style: Style, label: Piece, *below: Piece) -> Piece:
    """Label and zones as one piece that bears the field's name."""
    return dataclasses.replace(
        stack([label, *below]), before=style.before_block, name=field.field, line=field.line, keep=field.same_page
    )
