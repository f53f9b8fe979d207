"""The printed carnet: A5 pages, its slips to tear off with their stubs, imposed on A4 to be stapled in the fold.

A slip is an ordinary numbered sheet of A6; its stub, round it, bears the same number and stays in the booklet. Lengths
in millimetres, origin at the page's top left.
"""

from __future__ import annotations

import calendar
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pikepdf

from papier.forms.definition import FormDefinition, PageFormat
from papier.forms.layout import Box, Item, Layout, LayoutPage, Prefill, Rule, Text
from papier.forms.pieces import Piece, stack
from papier.forms.prose import set_text
from papier.forms.styles import HAIR_GREY, HELP_GREY, LINE_GREY
from papier.forms.typefaces import text_width
from papier.forms.typography import french_typography
from papier.geometry import POINTS_PER_MM, RectMm

PAGE = PageFormat.A5.size_mm
SHEET = (297.0, 210.0)
# The slip lies at the outer lower corner of a right-hand page, so that it tears off and its stub stays in the fold.
SLIP = RectMm(PAGE[0] - PageFormat.A6.size_mm[0], PAGE[1] - PageFormat.A6.size_mm[1], *PageFormat.A6.size_mm)
MARGIN = 12.0
CUT = (1.6, 1.2)
MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août"),
    *("septembre", "octobre", "novembre", "décembre"),
)
DAYS = "LMMJVSD"
# Below 5.5 points the name of a holiday is a grey line.
_DAY_SIZE, _NAME_SIZE = 8.5, 6.5


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """The days of a school year that are marked in its calendar: public holidays and school holidays, by name."""

    first: int
    holidays: Mapping[dt.date, str]
    school_holidays: Mapping[dt.date, str]
    zone: str = ""

    @property
    def name(self) -> str:
        return f"{self.first}-{self.first + 1}"


def lay_out_cover(year: SchoolYear) -> Layout:
    """The cover, with the pupil's name; `{etablissement}`, `{prenom}`, `{nom}`, `{classe}` are filled."""
    width = PAGE[0] - 2 * MARGIN
    words = stack([_text("Carnet de correspondance", width, "bold", 26.0), _text(year.name, width, "regular", 18.0)])
    items = words.moved(MARGIN, 45.0).items
    lines = [("{etablissement}", 22.0, "bold", 12.0)]
    prefills = [_fill(template, y, font, size) for template, y, font, size in lines]
    prefills += [_fill("{prenom} {nom}", 118.0, "bold", 16.0), _fill("Classe : {classe}", 130.0, "regular", 13.0)]
    note = _text("Ce carnet est à avoir chaque jour. Ses billets portent un numéro.", width, "regular", 10.0, HELP_GREY)
    return _plain("carnet/couverture", (*items, *note.moved(MARGIN, 180.0).items), prefills)


def lay_out_instructions(forms: Sequence[FormDefinition]) -> Layout:
    """How to use the slips, from what their forms say of themselves."""
    width = PAGE[0] - 2 * MARGIN
    pieces = [_text("Les billets de ce carnet", width, "bold", 16.0)]
    for form in forms:
        pieces.append(_text(form.title.fr, width, "bold", 12.0, before=6.0))
        if form.about is not None:
            pieces += [
                _text(words.fr, width, "regular", 10.5, before=1.0) for words in (form.about.when, form.about.next)
            ]
    steps = (
        "Écrivez au stylo noir ou bleu, une lettre par case. Cochez d'une croix.",
        "Remplissez d'abord le talon : il reste dans le carnet, avec le même numéro.",
        "Détachez le billet en suivant le trait. Donnez-le à la vie scolaire.",
    )
    pieces.append(_text("Comment faire", width, "bold", 12.0, before=9.0))
    pieces += [
        _text(f"{place}. {step}", width, "regular", 10.5, before=1.5) for place, step in enumerate(steps, start=1)
    ]
    return _plain("carnet/mode-d-emploi", stack(pieces).moved(MARGIN, 14.0).items)


def lay_out_calendar(year: SchoolYear) -> tuple[Layout, Layout]:
    """Two facing pages: September to February, March to August."""
    months = [(year.first, month) for month in range(9, 13)] + [(year.first + 1, month) for month in range(1, 9)]
    return _half_year(year, months[:6], "carnet/calendrier-1"), _half_year(year, months[6:], "carnet/calendrier-2")


def lay_out_notes() -> Layout:
    """A ruled page for what is written to and fro."""
    title = _text("Correspondance", PAGE[0] - 2 * MARGIN, "bold", 13.0).moved(MARGIN, 12.0)
    rules = [Rule(MARGIN, y, PAGE[0] - MARGIN, y, 0.2, LINE_GREY) for y in _steps(32.0, PAGE[1] - 14.0, 9.0)]
    return _plain("carnet/correspondance", (*title.items, *rules))


def lay_out_stub(form: FormDefinition) -> Layout:
    """The page round a slip: what stays in the booklet, and the lines to tear along; `{numero}` is the slip's."""
    top, left, room = SLIP.y, SLIP.x, PAGE[0] - 2 * MARGIN
    title = _text(f"Talon : {form.title.fr.lower()}", room, "bold", 11.0).moved(MARGIN, 9.0)
    items: list[Item] = [
        *title.items,
        *_text("à remplir et à garder", room, "regular", 8.5, HELP_GREY).moved(MARGIN, 14.5).items,
    ]
    for place, label in enumerate(("Date", "Pourquoi", "Signature")):
        y = 34.0 + 10.0 * place
        items += [
            Text(MARGIN, y, label, "regular", 9.0),
            Rule(MARGIN + 20.0, y + 0.6, PAGE[0] - MARGIN, y + 0.6, 0.2, LINE_GREY),
        ]
    items += [
        Rule(left, top, PAGE[0], top, 0.25, 0.45, CUT),
        Rule(left, top, left, PAGE[1], 0.25, 0.45, CUT),
    ]
    aside = _text("Détachez le billet en suivant le trait.", left - MARGIN - 4.0, "regular", 8.0, HELP_GREY)
    items += aside.moved(MARGIN, top + 6.0).items
    prefills = (
        Prefill("n° {numero}", PAGE[0] - MARGIN, 13.0, 70.0, font="bold", size=11.0, align="right"),
        Prefill("{prenom} {nom}", MARGIN, 25.0, room, size=10.0),
    )
    return _plain("carnet/talon", tuple(items), prefills)


def lay_out_back() -> Layout:
    """The back of a slip's page: blank, so that nothing shows through."""
    return _plain("carnet/dos", ())


def impose(pages: bytes, booklets: Sequence[Sequence[int]], slips: bytes, slip_of: Mapping[int, int]) -> bytes:
    """A4 sheets, two A5 pages a side, to be printed on both sides (short edge), folded and stapled, booklet by booklet.

    `booklets`: page numbers in `pages`, from 0, in reading order, a multiple of four each; `slip_of`: which page of
    `slips` lies on which page of `pages`.
    """
    with pikepdf.open(io.BytesIO(pages)) as book, pikepdf.open(io.BytesIO(slips)) as loose:
        originals = len(book.pages)
        book.pages.extend(loose.pages)
        for page, slip in slip_of.items():
            book.pages[page].add_overlay(book.pages[originals + slip], _rectangle(SLIP, PAGE[1]))
        total = len(book.pages)
        for booklet in booklets:
            for left, right in imposed(len(booklet)):
                book.add_blank_page(page_size=(SHEET[0] * POINTS_PER_MM, SHEET[1] * POINTS_PER_MM))
                for at, place in ((0, left), (1, right)):
                    x = SHEET[0] / 2 - PAGE[0] if at == 0 else SHEET[0] / 2
                    book.pages[-1].add_overlay(book.pages[booklet[place]], _rectangle(RectMm(x, 0.0, *PAGE), SHEET[1]))
        del book.pages[:total]
        stream = io.BytesIO()
        book.save(stream, deterministic_id=True)
        return stream.getvalue()


def imposed(count: int) -> list[tuple[int, int]]:
    """The pages, from 0, that lie left and right on each side of the sheets of a booklet of `count` pages, in order."""
    if count % 4 or not count:
        raise ValueError(f"A folded booklet has a multiple of four pages, not {count}.")
    sides: list[tuple[int, int]] = []
    for first in range(0, count // 2, 2):
        sides += [(count - 1 - first, first), (first + 1, count - 2 - first)]
    return sides


def _half_year(year: SchoolYear, months: Sequence[tuple[int, int]], name: str) -> Layout:
    margin, top, row = 8.0, 20.0, 5.6
    width = (PAGE[0] - 2 * margin) / len(months)
    items: list[Item] = [Text(margin, 12.0, f"Année scolaire {year.name}", "bold", 12.0)]
    for column, (number, month) in enumerate(months):
        x = margin + column * width
        items.append(Text(x + 1.0, top - 1.6, f"{MONTHS[month - 1]} {number}", "bold", 8.0))
        for day in range(1, calendar.monthrange(number, month)[1] + 1):
            date = dt.date(number, month, day)
            items += _day(year, date, RectMm(x, top + (day - 1) * row, width, row))
    zone = f", zone {year.zone}" if year.zone else ""
    key = f"Gris : samedi, dimanche, jour férié. Trait à gauche : vacances scolaires{zone}."
    if not year.school_holidays:
        key = "Gris : samedi, dimanche, jour férié. Les vacances sont à noter à la main."
    items.append(Text(margin, top + 31 * row + 5.0, french_typography(key), "regular", 7.5, HELP_GREY))
    return _plain(name, tuple(items))


def _day(year: SchoolYear, date: dt.date, cell: RectMm) -> list[Item]:
    holiday = year.holidays.get(date)
    items: list[Item] = []
    if holiday is not None or date.weekday() >= calendar.SATURDAY:
        items.append(Box(cell, stroke=0.0, fill=0.88))
    if date in year.school_holidays:
        items.append(Rule(cell.x + 0.6, cell.y, cell.x + 0.6, cell.bottom, 0.9, 0.35))
    items.append(Box(cell, stroke=0.1, grey=HAIR_GREY))
    base = cell.y + cell.height * 0.68
    items.append(Text(cell.x + 1.8, base, f"{date.day} {DAYS[date.weekday()]}", "regular", _DAY_SIZE))
    if holiday is not None:
        items.append(Text(cell.x + 10.2, base, _short(holiday, cell.width - 10.5), "regular", _NAME_SIZE, 0.2))
    return items


def _short(name: str, width: float) -> str:
    """A holiday's name, or the one word of it that says which: “lundi de Pâques” → “Pâques”."""
    if text_width(name, "regular", _NAME_SIZE) <= width:
        return name
    words = name.split()
    return words[-1] if words[-1][:1].isupper() else words[0]


def _plain(name: str, items: Sequence[Item], prefills: Sequence[Prefill] = ()) -> Layout:
    page = LayoutPage(1, (), tuple(items), tuple(prefills))
    return Layout(form=name, version=1, title=name, size_mm=PAGE, pages=(page,), marked=False)


def _fill(template: str, y: float, font: str, size: float) -> Prefill:
    return Prefill(template, MARGIN, y, PAGE[0] - 2 * MARGIN, font=font, size=size)


def _text(text: str, width: float, font: str, size: float, grey: float = 0.0, *, before: float = 0.0) -> Piece:
    piece = set_text(french_typography(text), width, font, size, grey=grey)
    return Piece(piece.height, piece.items, before=before)


def _steps(first: float, last: float, pitch: float) -> list[float]:
    return [first + pitch * place for place in range(int((last - first) / pitch) + 1)]


def _rectangle(rect: RectMm, height: float) -> pikepdf.Rectangle:
    """Points from the bottom left, of a page `height` mm high."""
    return pikepdf.Rectangle(
        rect.x * POINTS_PER_MM,
        (height - rect.bottom) * POINTS_PER_MM,
        rect.right * POINTS_PER_MM,
        (height - rect.y) * POINTS_PER_MM,
    )
