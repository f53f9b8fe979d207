"""Drawing laid-out sheets as PDF: what never changes once per page, each sheet's own words as real text.

The same sheets always give the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas as pdf_canvas

from papier.errors import LayoutError
from papier.forms.frame import (
    MARK_MARGIN,
    MARK_SIZE,
    NUMBER_FONT_SIZE,
    NUMBER_GAP,
    TWO_UP_SIZE,
    WINDOW_SIZE,
    page_frame,
)
from papier.forms.layout import Box, Item, Layout, LayoutPage, Prefill, Rule, Text, Zone
from papier.forms.prose import line_metrics
from papier.forms.roster_values import (
    comb_characters,
    fill_template,
    fitted_size,
    printed_value,
    ruled_runs,
    values_of,
)
from papier.forms.shaped_text import draw_shaped, register_faces
from papier.forms.sheet_number import print_number
from papier.forms.typefaces import RTL_FACES, text_width
from papier.forms.typography import PLACEHOLDER, break_lines
from papier.geometry import POINTS_PER_MM, RectMm
from papier.language import translate as _

MASTER_NOTE = "Modèle à photocopier : chaque copie porte le même numéro"

# Two coupons side by side: A4 landscape is one millimetre wider than two A5 pages.
TWO_UP_OFFSETS = (0.0, 149.0)
CUT_DASH = (1.5, 1.5)
CUT_GREY = 0.6
# Dots for a value that the roster has not: as long as a hand needs for a word.
DOTS_WIDTH = 34.0
VALUE_GREY = 0.0
# Words in the bottom strip stay clear of the live area above and of the paper's edge below.
MAX_STRIP_HEIGHT = 10.0


@dataclass(frozen=True, slots=True)
class Picture:
    """An image printed on one sheet alone, as large as fits `rect`, from its top left. `png`: the file's bytes."""

    rect: RectMm
    png: bytes
    page: int = 1


@dataclass(frozen=True)
class SheetToPrint:
    """One sheet: its layout, its number (without the page) and what is printed on it alone.

    `rows` are the people of a group, one a table row. `note` and `establishment` stand in the bottom strip.
    """

    layout: Layout
    number: str
    values: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[Mapping[str, str], ...] = ()
    master: bool = False
    note: str = ""
    establishment: str = ""
    pictures: tuple[Picture, ...] = ()


def face_pdf(layout: Layout) -> bytes:
    """The printed face alone, with corner marks, without numbers or values: one PDF page a layout page, in its size."""
    stream = io.BytesIO()
    canvas = _open_canvas(stream, layout.size_mm, layout.title)
    pen = _Pen(canvas, layout.size_mm[1])
    for page in layout.pages:
        pen.draw_face(layout, page)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def write_sheets(
    target: Path | str | IO[bytes],
    sheets: Iterable[SheetToPrint],
    progress: Callable[[int], None] | None = None,
    *,
    both_sides: bool = False,
) -> int:
    """Write the sheets in order as one PDF; returns how many. `progress` is told the number done after each.

    Recto-verso sheets of an odd number of pages get a blank back, and every sheet does where the whole PDF is to be
    printed on `both_sides`; two-up coupons share an A4 page, two by two. Raises LayoutError when a value has no room in
    its place.
    """
    book: _Book | None = None
    count = 0
    for count, sheet in enumerate(sheets, start=1):
        if book is None:
            book = _Book(target, sheet.layout, both_sides=both_sides)
        book.add(sheet)
        if progress is not None:
            progress(count)
    if book is None:
        raise LayoutError(_("There is no sheet to print; give at least one person or one copy."))
    book.save()
    return count


def write_items(
    target: Path | str | IO[bytes], size_mm: tuple[float, float], title: str, pages: Sequence[Sequence[Item]]
) -> None:
    """Write pages of printed things alone, without marks or numbers: a list, a calendar, a drawing for the wall."""
    canvas = _open_canvas(target, size_mm, title)
    for items in pages:
        _Pen(canvas, size_mm[1]).items(items)
        canvas.showPage()
    canvas.save()


class _Book:
    """One PDF being written."""

    def __init__(self, target: Path | str | IO[bytes], layout: Layout, *, both_sides: bool) -> None:
        self.both_sides = both_sides
        self.canvas = _open_canvas(target, layout.size_mm, layout.title)
        self.forms: dict[tuple[int, int], str] = {}
        # Layouts are kept alive so that their identities stay theirs.
        self.layouts: dict[int, Layout] = {}
        self.waiting = False  # the left half of a two-up page is drawn, the right half is not
        self.sizes: tuple[float, float] | None = None

    def add(self, sheet: SheetToPrint) -> None:
        layout = sheet.layout
        if self.waiting and not layout.two_up:
            self._end_two_up()
        for page in layout.pages:
            if layout.two_up:
                self._add_coupon(sheet, page)
                continue
            self._set_size(layout.size_mm)
            self._draw(sheet, page, 0.0)
            self.canvas.showPage()
        if (layout.recto_verso or self.both_sides) and len(layout.pages) % 2 and not layout.two_up:
            self._set_size(layout.size_mm)
            self.canvas.showPage()

    def save(self) -> None:
        if self.waiting:
            self._end_two_up()
        self.canvas.save()

    def _add_coupon(self, sheet: SheetToPrint, page: LayoutPage) -> None:
        if not self.waiting:
            self._set_size(TWO_UP_SIZE)
            self._draw_cut()
        self._draw(sheet, page, TWO_UP_OFFSETS[1 if self.waiting else 0])
        if self.waiting:
            self._end_two_up()
        else:
            self.waiting = True

    def _end_two_up(self) -> None:
        self.canvas.showPage()
        self.waiting = False

    def _set_size(self, size_mm: tuple[float, float]) -> None:
        self.canvas.setPageSize((size_mm[0] * POINTS_PER_MM, size_mm[1] * POINTS_PER_MM))

    def _draw(self, sheet: SheetToPrint, page: LayoutPage, dx: float) -> None:
        name = self._face(sheet.layout, page)
        self.canvas.saveState()
        if dx:
            self.canvas.translate(dx * POINTS_PER_MM, 0)
        self.canvas.doForm(name)
        _Pen(self.canvas, sheet.layout.size_mm[1]).draw_own(sheet, page)
        self.canvas.restoreState()

    def _face(self, layout: Layout, page: LayoutPage) -> str:
        """The Form XObject with everything that never changes on this page."""
        key = (id(layout), page.page)
        if key not in self.forms:
            self.layouts[id(layout)] = layout
            name = f"face{len(self.forms)}"
            width, height = layout.size_mm
            self.canvas.beginForm(name, 0, 0, width * POINTS_PER_MM, height * POINTS_PER_MM)
            _Pen(self.canvas, height).draw_face(layout, page)
            self.canvas.endForm()
            self.forms[key] = name
        return self.forms[key]

    def _draw_cut(self) -> None:
        """A dashed line between the coupons, with a pair of scissors drawn on it."""
        pen = _Pen(self.canvas, TWO_UP_SIZE[1])
        x = TWO_UP_SIZE[0] / 2
        pen.rule(Rule(x, 14.0, x, TWO_UP_SIZE[1] - 4.0, 0.2, CUT_GREY, CUT_DASH))
        pen.scissors(x, 9.0)


class _Pen:
    """Draws layout items on a canvas: millimetres from the top left in, points from the bottom left out."""

    def __init__(self, canvas: Any, height: float) -> None:
        self.canvas = canvas
        self.height = height

    def draw_face(self, layout: Layout, page: LayoutPage) -> None:
        self.items(page.items)
        if layout.marked:
            self.marks(layout.size_mm)

    def items(self, items: Iterable[Item]) -> None:
        for item in items:
            if isinstance(item, Text):
                self.text(item)
            elif isinstance(item, Rule):
                self.rule(item)
            else:
                self.box(item)

    def draw_own(self, sheet: SheetToPrint, page: LayoutPage) -> None:
        """Number, roster values and notes of one sheet."""
        layout = sheet.layout
        if layout.marked:
            frame = page_frame(*layout.size_mm)
            printed = print_number(sheet.number, page.page)
            self.canvas.setFillGray(0)
            self.canvas.setFont("number", NUMBER_FONT_SIZE)
            for rect in frame.numbers:
                self.canvas.drawString(rect.x * POINTS_PER_MM, self._y(rect.bottom), printed)
            self._bottom_strip(sheet, frame.numbers[1], layout.size_mm[0])
        for picture in sheet.pictures:
            if picture.page == page.page:
                self.picture(picture)
        zones = {zone.field: zone for zone in page.zones if zone.kind != "tick"}
        for prefill in page.prefills:
            self._prefill(sheet, prefill, zones.get(prefill.field or ""))

    def marks(self, size_mm: tuple[float, float]) -> None:
        """The four corner marks; the first has its window."""
        for index, mark in enumerate(page_frame(*size_mm).marks):
            self.box(Box(mark, stroke=0.0, fill=0.0))
            if index == 0:
                x, y = mark.centre
                half = WINDOW_SIZE / 2
                # White is drawn, not left out: on tinted paper it stays the paper's colour all the same.
                self.box(Box(RectMm(x - half, y - half, WINDOW_SIZE, WINDOW_SIZE), stroke=0.0, fill=1.0))

    def text(self, item: Text) -> None:
        canvas = self.canvas
        canvas.setFillGray(item.grey)
        canvas.setFont(item.font, item.size)
        x, y = item.x * POINTS_PER_MM, self._y(item.y)
        if item.align != "left":
            width = text_width(item.text, item.font, item.size) * POINTS_PER_MM
            x -= width / 2 if item.align == "centre" else width
        if item.font in RTL_FACES:
            draw_shaped(canvas, x, y, item.text, item.font, item.size)
        else:
            canvas.drawString(x, y, item.text)

    def rule(self, item: Rule) -> None:
        canvas = self.canvas
        canvas.setStrokeGray(item.grey)
        canvas.setLineWidth(item.stroke * POINTS_PER_MM)
        canvas.setDash([length * POINTS_PER_MM for length in item.dash])
        canvas.line(item.x1 * POINTS_PER_MM, self._y(item.y1), item.x2 * POINTS_PER_MM, self._y(item.y2))
        if item.dash:
            canvas.setDash([])

    def box(self, item: Box) -> None:
        canvas, rect = self.canvas, item.rect
        if item.fill is not None:
            canvas.setFillGray(item.fill)
        if item.stroke:
            canvas.setStrokeGray(item.grey)
            canvas.setLineWidth(item.stroke * POINTS_PER_MM)
        place = (rect.x * POINTS_PER_MM, self._y(rect.bottom), rect.width * POINTS_PER_MM, rect.height * POINTS_PER_MM)
        stroke, fill = int(item.stroke > 0), int(item.fill is not None)
        if item.radius:
            canvas.roundRect(*place, item.radius * POINTS_PER_MM, stroke=stroke, fill=fill)
        else:
            canvas.rect(*place, stroke=stroke, fill=fill)

    def picture(self, picture: Picture) -> None:
        image = ImageReader(io.BytesIO(picture.png))
        across, down = image.getSize()
        scale = min(picture.rect.width / across, picture.rect.height / down)
        width, height = across * scale, down * scale
        place = (picture.rect.x * POINTS_PER_MM, self._y(picture.rect.y + height))
        self.canvas.drawImage(image, *place, width * POINTS_PER_MM, height * POINTS_PER_MM)

    def scissors(self, x: float, y: float) -> None:
        """Two rings and two blades, pointing down the line."""
        canvas = self.canvas
        canvas.setStrokeGray(CUT_GREY - 0.2)
        canvas.setLineWidth(0.25 * POINTS_PER_MM)
        ring = 0.75 * POINTS_PER_MM
        for side in (-1.0, 1.0):
            canvas.circle((x + side * 1.1) * POINTS_PER_MM, self._y(y - 1.6), ring, stroke=1, fill=0)
            canvas.line(
                (x + side * 0.75) * POINTS_PER_MM, self._y(y - 0.9), (x - side * 0.9) * POINTS_PER_MM, self._y(y + 3.2)
            )

    def _bottom_strip(self, sheet: SheetToPrint, number: RectMm, page_width: float) -> None:
        """What a master says of itself, then the establishment, right of the lower number."""
        text = " · ".join(
            part for part in (MASTER_NOTE if sheet.master else "", sheet.note, sheet.establishment) if part
        )
        if not text:
            return
        left = number.right + NUMBER_GAP
        right = page_width - MARK_MARGIN - MARK_SIZE - NUMBER_GAP
        font = "bold" if sheet.master else "regular"
        size, least = (16.0, 11.0) if sheet.layout.large else (7.5, 5.0)
        lines = break_lines(text, right - left, font, size)
        while size > least and len(lines) * line_metrics(font, size)[0] > MAX_STRIP_HEIGHT:
            size -= 0.5
            lines = break_lines(text, right - left, font, size)
        pitch = line_metrics("regular", size)[0]
        middle = number.y + number.height / 2
        for index, line in enumerate(lines):
            y = middle - pitch * len(lines) / 2 + pitch * (index + 0.74)
            self.text(Text(right, y, line, font, size, 0.15, "right"))

    def _prefill(self, sheet: SheetToPrint, prefill: Prefill, zone: Zone | None) -> None:
        values = values_of(prefill, sheet.values, sheet.rows)
        if zone is not None and zone.kind == "comb":
            value = fill_template(prefill.template, values)
            characters = comb_characters(zone, value) if value else None
            if characters:
                self._cells(prefill, zone, characters)
            return
        if prefill.field is None and prefill.row is None:
            self._running(sheet, prefill, values)
            return
        value = printed_value(prefill, zone, values)
        if value and zone is not None and zone.kind == "lines":
            if fitted_size(prefill, value) is None:
                raise _too_long(sheet, value)
            for line, y, size in ruled_runs(prefill, value):
                self.text(Text(prefill.x, y, line, prefill.font, size, VALUE_GREY))
        elif value and prefill.lines > 1:
            self._open_text(sheet, prefill, value)
        elif value:
            self._fitted(sheet, prefill, value)

    def _cells(self, prefill: Prefill, zone: Zone, characters: str) -> None:
        """One character centred in each cell."""
        text = self.canvas.beginText()
        text.setFont(prefill.font, prefill.size)
        text.setFillGray(VALUE_GREY)
        y = self._y(prefill.y)
        for cell, character in zip(zone.cells, characters, strict=False):
            if character == " ":
                continue
            width = text_width(character, prefill.font, prefill.size)
            text.setTextOrigin((cell.centre[0] - width / 2) * POINTS_PER_MM, y)
            text.textOut(character)
        self.canvas.drawText(text)

    def _running(self, sheet: SheetToPrint, prefill: Prefill, values: Mapping[str, str]) -> None:
        """A line of prose with its values; a dotted line stands where a value is missing."""
        if prefill.lines > 1:
            self._open_text(sheet, prefill, fill_template(prefill.template, values))
            return
        names = PLACEHOLDER.findall(prefill.template)
        missing = [name for name in names if not (values.get(name) or "").strip()]
        if not missing:
            self._fitted(sheet, prefill, fill_template(prefill.template, values) or "")
            return
        rest = PLACEHOLDER.sub(lambda match: (values.get(match[1]) or "").strip(), prefill.template)
        alone = prefill.template.strip() == f"{{{names[0]}}}" or not rest.strip()
        room = prefill.width - text_width(rest, prefill.font, prefill.size)
        length = room if alone or (len(missing) == 1 and prefill.template.endswith("}")) else DOTS_WIDTH
        length = max(8.0, min(length, room / len(missing)))
        count = max(4, int(length / text_width(".\u2009", prefill.font, prefill.size)))
        dots = ".\u2009" * count
        line = PLACEHOLDER.sub(lambda match: (values.get(match[1]) or "").strip() or dots, prefill.template)
        self._fitted(sheet, prefill, line)

    def _open_text(self, sheet: SheetToPrint, prefill: Prefill, value: str | None) -> None:
        """A text of any length over its lines; without one, dotted lines for the hand."""
        if value is None:
            for place in range(prefill.lines):
                y = prefill.y + place * prefill.pitch + 0.6
                self.rule(Rule(prefill.x, y, prefill.x + prefill.width, y, 0.25, CUT_GREY, (0.3, 0.9)))
            return
        size = fitted_size(prefill, value)
        if size is None:
            raise _too_long(sheet, value)
        pitch, baseline = line_metrics(prefill.font, size)
        top = prefill.y - line_metrics(prefill.font, prefill.size)[1]
        lines = break_lines(value, prefill.width, prefill.font, size)
        if prefill.row is not None:
            # In a table's row fewer lines stand in the middle.
            top += (prefill.lines * prefill.pitch - len(lines) * pitch) / 2
        for place, line in enumerate(lines):
            self.text(Text(prefill.x, top + baseline + place * pitch, line, prefill.font, size, VALUE_GREY))

    def _fitted(self, sheet: SheetToPrint, prefill: Prefill, value: str) -> None:
        size = fitted_size(prefill, value)
        if size is None:
            raise _too_long(sheet, value)
        rtl = prefill.font in RTL_FACES
        self.text(Text(prefill.x, prefill.y, value, prefill.font, size, VALUE_GREY, prefill.align, rtl))

    def _y(self, y: float) -> float:
        return (self.height - y) * POINTS_PER_MM


def _too_long(sheet: SheetToPrint, value: str) -> LayoutError:
    return LayoutError(
        _("The text “{value}” is too long for its place on {form} (sheet {number}); shorten it in the roster.").format(
            value=value, form=sheet.layout.form, number=sheet.number
        )
    )


def _open_canvas(target: Path | str | IO[bytes], size_mm: tuple[float, float], title: str) -> Any:
    register_faces()
    size = (size_mm[0] * POINTS_PER_MM, size_mm[1] * POINTS_PER_MM)
    stream = str(target) if isinstance(target, Path) else target
    canvas = pdf_canvas.Canvas(
        stream, pagesize=size, invariant=1, pageCompression=1, lang="fr-FR", initialFontName="regular"
    )
    canvas.setTitle(title)
    canvas.setSubject("papier")
    canvas.setAuthor("papier")
    canvas.setCreator("papier")
    canvas.setProducer("papier")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    # Printed at 100 %: a viewer that would shrink the page is asked not to.
    canvas.setViewerPreference("PrintScaling", "None")
    return canvas
