"""Pieces: what a block becomes once it is measured for a width, before it has a place on a page."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from papier.forms.layout import Item, Prefill, Rule, Text, Zone


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that stays together on one page. All positions count from its own top left, in millimetres.

    `before` is the white above it, dropped at the top of a page. `keep` holds it to the piece that follows. `header` is
    printed again above it when it starts a page. `name` and `line` say which block it comes from.
    """

    height: float
    items: tuple[Item, ...] = ()
    zones: tuple[Zone, ...] = ()
    prefills: tuple[Prefill, ...] = ()
    before: float = 0.0
    keep: bool = False
    header: Piece | None = None
    new_page: bool = False
    name: str = ""
    line: int = 0

    def moved(self, dx: float, dy: float) -> Piece:
        """The same piece with everything in it shifted."""
        return dataclasses.replace(
            self,
            items=tuple(move_item(item, dx, dy) for item in self.items),
            zones=tuple(move_zone(zone, dx, dy) for zone in self.zones),
            prefills=tuple(dataclasses.replace(p, x=p.x + dx, y=p.y + dy) for p in self.prefills),
        )


def move_item(item: Item, dx: float, dy: float) -> Item:
    if isinstance(item, Text):
        return dataclasses.replace(item, x=item.x + dx, y=item.y + dy)
    if isinstance(item, Rule):
        return dataclasses.replace(item, x1=item.x1 + dx, y1=item.y1 + dy, x2=item.x2 + dx, y2=item.y2 + dy)
    return dataclasses.replace(item, rect=item.rect.moved(dx, dy))


def move_zone(zone: Zone, dx: float, dy: float) -> Zone:
    return dataclasses.replace(
        zone,
        rect=zone.rect.moved(dx, dy),
        cells=tuple(cell.moved(dx, dy) for cell in zone.cells),
        lines=tuple(strip.moved(dx, dy) for strip in zone.lines),
    )


def stack(pieces: Iterable[Piece]) -> Piece:
    """The pieces one below the other, as one piece; the first one's `before` becomes the whole's."""
    listed = list(pieces)
    y = 0.0
    placed: list[Piece] = []
    for index, piece in enumerate(listed):
        y += piece.before if index else 0.0
        placed.append(piece.moved(0.0, y))
        y += piece.height
    return dataclasses.replace(_merge(placed, y), before=listed[0].before if listed else 0.0)


def beside(placed: Sequence[tuple[float, Piece]]) -> Piece:
    """Pieces side by side, each with its left edge, tops level."""
    height = max((piece.height for _, piece in placed), default=0.0)
    before = max((piece.before for _, piece in placed), default=0.0)
    merged = _merge([piece.moved(x, 0.0) for x, piece in placed], height)
    return dataclasses.replace(merged, before=before)


def overlay(*pieces: Piece) -> Piece:
    """Pieces on the same origin; as high as the highest."""
    return beside([(0.0, piece) for piece in pieces])


def _merge(placed: Sequence[Piece], height: float) -> Piece:
    return Piece(
        height,
        items=tuple(item for piece in placed for item in piece.items),
        zones=tuple(zone for piece in placed for zone in piece.zones),
        prefills=tuple(prefill for piece in placed for prefill in piece.prefills),
    )
