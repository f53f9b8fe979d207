"""Setting signature frames: the label above, the inside free."""

from __future__ import annotations

from papier.forms.definition import SignatureField
from papier.forms.layout import Box, Zone
from papier.forms.pieces import Piece
from papier.forms.styles import FRAME_GREY, Style
from papier.forms.zones.labels import set_label, under_label
from papier.geometry import RectMm

STROKE = 0.25
# As wide as people sign; a wider frame invites writing beside the signature. A column little wider is filled whole.
DEFAULT_WIDTH = 85.0
FULL_WIDTH = 110.0


def set_signature(field: SignatureField, style: Style, width: float) -> Piece:
    """A thin frame at the right of its column, where signatures stand on letters."""
    taken = min(width, field.width or (DEFAULT_WIDTH if width > FULL_WIDTH else width))
    left = width - taken
    height = field.height * style.signature
    frame = RectMm(left, 0.0, taken, height)
    zone = Zone(field.field, "signature", frame)
    label = set_label(field, style, taken).moved(left, 0.0)
    return under_label(field, style, label, Piece(height, (Box(frame, STROKE, FRAME_GREY, radius=1.0),), (zone,)))
