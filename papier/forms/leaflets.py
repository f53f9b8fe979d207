"""Guides and posters: pages to read, made from what the forms say of themselves. Nobody fills them in.

Without corner marks and number, so that a scan of one is taken for what it is: no sheet.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from papier.errors import LayoutError
from papier.forms.definition import FormDefinition, Notice
from papier.forms.families import Family
from papier.forms.layout import Layout, LayoutPage, Rule
from papier.forms.pieces import Piece, beside, overlay, stack
from papier.forms.prose import set_notice, set_text
from papier.forms.styles import HAIR_GREY, HELP_GREY, OFFICE
from papier.forms.typography import french_typography
from papier.language import translate as _

A4 = (210.0, 297.0)
A3 = (297.0, 420.0)
MARGIN = 14.0
GUTTER = 4.0
# Points: a guide is read at arm's length on a counter; below 6.5 nobody reads it.
GUIDE_SIZES = (12.0, 11.0, 10.0, 9.5, 9.0, 8.5, 8.0, 7.5, 7.0, 6.5)
# The share of the width: the sheet, when, what to keep, what comes next.
GUIDE_COLUMNS = (0.22, 0.25, 0.21, 0.32)
# Millimetres per point of a poster's title on A4; the rest follows it.
POSTER_TITLES = (46.0, 42.0, 38.0, 34.0, 30.0, 26.0, 22.0)


def lay_out_guide(family: Family, forms: Sequence[FormDefinition]) -> Layout:
    """One A4 page for whoever hands a family's sheets out; raises LayoutError when even small print does not fit."""
    width, height = A4[0] - 2 * MARGIN, A4[1] - 2 * MARGIN
    for size in GUIDE_SIZES:
        pieces = _guide(family, forms, width, size)
        page = stack(pieces)
        if page.height <= height:
            return _page(f"guide/{family.name}", f"Guide : {family.title.fr}", A4, page)
    raise LayoutError(
        _(
            "The guide of {name} takes more than a page; shorten `about` of its {count} forms, or "
            "make two families of it."
        ).format(name=family.name, count=len(forms))
    )


def lay_out_poster(family: Family, forms: Sequence[FormDefinition], size_mm: tuple[float, float] = A4) -> Layout:
    """A page to hang up: what the family's poster says, and the sheets one may ask for. Raises LayoutError."""
    if family.poster is None:
        raise LayoutError(
            _("The family {name} has no poster; write `poster:` for it in families.yaml.").format(name=family.name)
        )
    scale = size_mm[0] / A4[0]
    margin = MARGIN * 1.4 * scale
    width, height = size_mm[0] - 2 * margin, size_mm[1] - 2 * margin
    for title in POSTER_TITLES:
        pieces = _poster(family, forms, width, title * scale)
        page = stack(pieces)
        if page.height <= height:
            # What room is left stands between the sheets, so that the poster fills its page.
            spread = min((height - page.height) / max(1, len(pieces) - 1), 9.0 * scale)
            page = stack([dataclasses.replace(piece, before=piece.before + spread) for piece in pieces])
            return _page(f"poster/{family.name}", family.poster.title.fr, size_mm, page, margin)
    raise LayoutError(
        _("The poster of {name} takes more than a page; name fewer forms in families.yaml.").format(name=family.name)
    )


def _page(name: str, title: str, size_mm: tuple[float, float], piece: Piece, margin: float = MARGIN) -> Layout:
    placed = piece.moved(margin, margin)
    page = LayoutPage(1, (), placed.items)
    return Layout(form=name, version=1, title=title, size_mm=size_mm, pages=(page,), marked=False)


def _guide(family: Family, forms: Sequence[FormDefinition], width: float, size: float) -> list[Piece]:
    style = dataclasses.replace(OFFICE, body=size + 0.5)
    head = _text(f"Guide : {family.title.fr}", width, "bold", 17.0)
    whom = _text(family.hands_out.fr, width, "regular", 10.5, HELP_GREY)
    intro = set_notice(Notice(text=family.intro), style, width)
    columns = ("La feuille", "Quand la donner", "Ce qu'on garde", "Et ensuite")
    pieces = [head, whom, dataclasses.replace(intro, before=3.0), _line(columns, width, size, "bold", 4.0)]
    pieces += [_form_line(form, width, size) for form in forms]
    foot = "Ce guide est fait à partir des formulaires (papier guide). Une demande qui n'a pas de base légale le dit."
    pieces.append(dataclasses.replace(_text(foot, width, "regular", 7.5, HELP_GREY), before=3.0))
    return pieces


def _form_line(form: FormDefinition, width: float, size: float) -> Piece:
    about = form.about
    words = ("", "", "") if about is None else (about.when.fr, about.keep.fr, about.next.fr)
    return _line((form.title.fr, *words), width, size, "regular", 0.0)


def _line(cells: Sequence[str], width: float, size: float, font: str, before: float) -> Piece:
    """One row of the guide over a hairline; its first cell is bold."""
    placed: list[tuple[float, Piece]] = []
    x = 0.0
    for index, (cell, share) in enumerate(zip(cells, GUIDE_COLUMNS, strict=True)):
        room = width * share - GUTTER
        placed.append((x, _text(cell, room, font if index else "bold", size)))
        x += width * share
    row = beside(placed).moved(0.0, 0.7)
    height = row.height + 1.6
    line = Piece(height, (Rule(0.0, height, width, height, 0.2, HAIR_GREY),))
    return dataclasses.replace(overlay(row, line), height=height, before=before)


def _poster(family: Family, forms: Sequence[FormDefinition], width: float, title: float) -> list[Piece]:
    poster = family.poster
    assert poster is not None  # noqa: S101 - the caller looked
    pieces = [
        _text(poster.title.fr, width, "bold", title),
        dataclasses.replace(_text(poster.text.fr, width, "regular", title * 0.5), before=title * 0.12),
    ]
    for form in forms:
        name = _text(form.title.fr, width - 8.0, "bold", title * 0.44)
        words = [name]
        if form.about is not None:
            words.append(_text(form.about.when.fr, width - 8.0, "regular", title * 0.36, HELP_GREY))
        body = stack(words)
        bar = Piece(body.height, (Rule(1.0, 0.5, 1.0, body.height, 1.2, 0.2),))
        pieces.append(dataclasses.replace(overlay(bar, body.moved(6.0, 0.0)), before=title * 0.13))
    pieces.append(dataclasses.replace(_text(poster.foot.fr, width, "bold", title * 0.42), before=title * 0.2))
    return pieces


def _text(text: str, width: float, font: str, size: float, grey: float = 0.0) -> Piece:
    return set_text(french_typography(text), width, font, size, grey=grey)
