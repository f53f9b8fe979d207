"""The sheet on which a person corrects with a pen: for each doubtful field its picture, boxes, cells for another value.

What is printed of a person (pictures, readings) is no part of the frozen layout: the layout says only where it stands.
Lengths in millimetres.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from papier.forms.definition import CombContent, Demand, FormDefinition, PageFormat, SignatureField, Wording
from papier.forms.definition import CombField as Comb
from papier.forms.frame import page_frame
from papier.forms.furniture import set_instructions, set_title, strip_items
from papier.forms.layout import Item, Layout, LayoutPage, Prefill, Rule, Text, Zone
from papier.forms.pieces import Piece, beside
from papier.forms.prose import line_metrics, set_text
from papier.forms.roster_values import fitted_size
from papier.forms.styles import HAIR_GREY, HELP_GREY, Style, style_for
from papier.forms.zones.comb import place_cells, set_comb
from papier.forms.zones.signature import set_signature
from papier.forms.zones.tick import tick_box
from papier.geometry import RectMm

FORM, VERSION = "bureau/verification", 1
# How long the digital copy of such a sheet is kept: it shows pieces of others, and has done its work at once.
RETENTION = "P1M"
RIGHT, BLANK, UNREADABLE = "juste", "vide", "illisible"
LETTERS = ("a", "b", "c", "d", "e", "f", "g", "h")
NAME, VISA = "nom", "visa"
BOX_WORDS = {RIGHT: "juste", BLANK: "rien d’écrit", UNREADABLE: "illisible", **{name: name.upper() for name in LETTERS}}

TITLE = Wording({"fr": "Feuille de vérification", "en": "Checking sheet"})
RULES = (
    "Une croix par ligne, ou la bonne valeur dans les cases. Une ligne laissée vide attend encore. "
    "Signez en bas : sans signature, la feuille ne dit rien. Puis numérisez-la comme les autres."
)
# The picture stands at the left, the boxes at the right of it.
PICTURE_WIDTH, PICTURE_HEIGHT = 98.0, 17.0
BOXES_X = 104.0
BOX_PITCH = 6.9
HEADER_HEIGHT = 5.6
GAP = 1.6
# What is printed beside a box keeps as far from it as the reader of boxes looks.
LABEL_X, VALUE_X, VALUE_CLEAR = 7.0, 19.0, 7.0
# A comb this long fits under the picture.
SHORT_CELLS = 15
CELL = (5.8, 7.5)
SIGNATURE_HEIGHT = 20.0


@dataclass(frozen=True, slots=True)
class RowShape:
    """What a row offers: how many other candidates, and cells for a value of some content (none for boxes).

    `right`: whether the best reading has a box; that nothing is written has one of its own.
    """

    others: int
    content: CombContent | None = None
    cells: int = 0
    right: bool = True

    @property
    def boxes(self) -> tuple[str, ...]:
        return (*((RIGHT,) if self.right else ()), *LETTERS[: self.others], BLANK, UNREADABLE)


@dataclass(frozen=True, slots=True)
class CorrectionLayout:
    """A sheet laid out, with the place of each row's picture."""

    layout: Layout
    pictures: tuple[RectMm, ...]


def row_field(at: int, column: str) -> str:
    """The field of a row, counted from 1: `suite` for its boxes, `valeur` for its cells."""
    return f"r{at:02d}.{column}"


def lay_out_corrections(shapes: Sequence[RowShape]) -> CorrectionLayout:
    """One page for as many of the rows as fit, the first ones first; at least one."""
    form = _definition()
    style = style_for(form, large=False)
    frame = page_frame(*PageFormat.A4.size_mm)
    live = frame.live
    head = [
        set_title(form, style, live.width),
        set_instructions(style, live.width),
        set_text(RULES, live.width, "regular", style.help, grey=HELP_GREY),
    ]
    foot = _signature(style, live.width)
    page = _Column(live)
    for piece in head:
        page.put(piece, piece.before if page.zones or page.items else 0.0)
    pictures: list[RectMm] = []
    room = live.bottom - foot.height - 3.0
    for at, shape in enumerate(shapes, 1):
        row = _row(at, shape, style, live.width)
        if page.y + row.height > room and pictures:
            break
        top = page.y + GAP
        pictures.append(RectMm(live.x, top + HEADER_HEIGHT, PICTURE_WIDTH, PICTURE_HEIGHT))
        page.put(row, GAP)
    page.y = live.bottom - foot.height
    page.put(foot, 0.0)
    fields = [row_field(at, "suite") for at in range(1, len(pictures) + 1)]
    layout = Layout(
        form=FORM,
        version=VERSION,
        title=TITLE.fr,
        size_mm=PageFormat.A4.size_mm,
        pages=(
            LayoutPage(
                1,
                tuple(page.zones),
                (*strip_items(form, frame, 1, 1, style), *page.items),
                tuple(page.prefills),
            ),
        ),
        demands={zone.field: Demand(required=zone.field == VISA) for zone in page.zones},
        labels={zone.field: _label(zone.field) for zone in page.zones},
        option_labels={
            field: {option: BOX_WORDS[option] for option in shape.boxes}
            for field, shape in zip(fields, shapes, strict=False)
        },
        retention=RETENTION,
    )
    return CorrectionLayout(layout, tuple(pictures))


def _definition() -> FormDefinition:
    return FormDefinition(form=FORM, version=VERSION, title=TITLE, format=PageFormat.A4, blocks=())


def _label(field: str) -> str:
    row, _dot, column = field.partition(".")
    if not column:
        return {NAME: "Nom", VISA: "Visa"}[row]
    return f"Ligne {int(row[1:])} – {'réponse' if column == 'suite' else 'valeur'}"


@dataclass
class _Column:
    """What stands on the page so far, and where the next thing goes."""

    live: RectMm
    y: float = 0.0
    items: list[Item] = dataclasses.field(default_factory=list)
    zones: list[Zone] = dataclasses.field(default_factory=list)
    prefills: list[Prefill] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self.y = self.live.y

    def put(self, piece: Piece, before: float) -> None:
        placed = piece.moved(self.live.x, self.y + before)
        self.items += placed.items
        self.zones += placed.zones
        self.prefills += placed.prefills
        self.y += before + piece.height


def _row(at: int, shape: RowShape, style: Style, width: float) -> Piece:
    """A row: its header, its picture's place, its boxes, its cells."""
    baseline = line_metrics("bold", style.label)[1]
    header = Prefill("{titre}", 7.0, baseline, 104.0, font="bold", size=style.label, row=at - 1)
    whose = Prefill("{feuille}", width, baseline, width - 113.0, size=style.hint + 0.5, row=at - 1, align="right")
    instead = Prefill("{image}", 2.0, HEADER_HEIGHT + 7.0, PICTURE_WIDTH - 4.0, size=style.help, row=at - 1)
    items: list[Item] = [
        Rule(0.0, -GAP / 2, width, -GAP / 2, 0.2, HAIR_GREY),
        Text(0.0, baseline, f"{at}", "bold", style.label, 0.45),
    ]
    boxes, bottom = _boxes(at, shape, style, width)
    pieces = [Piece(HEADER_HEIGHT, tuple(items), prefills=(header, whose, instead)), boxes]
    left_bottom = HEADER_HEIGHT + PICTURE_HEIGHT
    cells = _cells(at, shape, style, width)
    if cells is not None:
        top = left_bottom + 1.2 if shape.cells <= SHORT_CELLS else max(left_bottom, bottom) + 1.2
        pieces.append(cells.moved(0.0, top))
        left_bottom = top + cells.height
    height = max(left_bottom, bottom) + 1.0
    return dataclasses.replace(beside([(0.0, piece) for piece in pieces]), height=height)


def _boxes(at: int, shape: RowShape, style: Style, width: float) -> tuple[Piece, float]:
    """Boxes one below the other, each with its word, and the place of what it stands for; the last two side by side."""
    field = row_field(at, "suite")
    items: list[Item] = []
    zones: list[Zone] = []
    prefills: list[Prefill] = []

    def put(option: str, x: float, y: float) -> None:
        box = tick_box(field, option, False, x, y, style.tick)
        baseline = y + style.tick / 2 + 0.33 * style.label / 2.8346
        items.extend(box.items)
        items.append(Text(x + LABEL_X, baseline, BOX_WORDS[option], "regular", style.label))
        zones.extend(box.zones)
        if option in (RIGHT, *LETTERS):
            value_x = x + (VALUE_X if option == RIGHT else LABEL_X + VALUE_CLEAR)
            font = "bold" if option == RIGHT else "regular"
            prefills.append(
                Prefill(f"{{{option}}}", value_x, baseline, width - value_x, font=font, size=style.label, row=at - 1)
            )

    y = HEADER_HEIGHT - 1.2
    for option in shape.boxes[:-2]:
        put(option, BOXES_X, y)
        y += BOX_PITCH
    put(BLANK, BOXES_X, y)
    put(UNREADABLE, BOXES_X + 42.0, y)
    bottom = y + style.tick
    return Piece(bottom, tuple(items), tuple(zones), tuple(prefills)), bottom


def _cells(at: int, shape: RowShape, style: Style, width: float) -> Piece | None:
    if shape.content is None or not shape.cells:
        return None
    caption = "sinon"
    indent = 11.0
    smaller = dataclasses.replace(style, cell_width=CELL[0], cell_height=CELL[1])
    room = (PICTURE_WIDTH if shape.cells <= SHORT_CELLS else width) - indent
    cells = place_cells(row_field(at, "valeur"), shape.content, shape.cells, smaller, room)
    words = Piece(4.0, (Text(0.0, CELL[1] / 2 + 1.2, caption, "regular", style.help, HELP_GREY),))
    return beside([(0.0, words), (indent, cells)])


def _signature(style: Style, width: float) -> Piece:
    """Who checked: a name in cells, and a signature without which the sheet says nothing."""
    name = Comb(
        field=NAME, label=Wording({"fr": "Nom de la personne qui a vérifié"}), content=CombContent.LETTERS, cells=16
    )
    visa = SignatureField(field=VISA, label=Wording({"fr": "Visa"}), height=SIGNATURE_HEIGHT)
    half = width * 0.56
    return beside([(0.0, set_comb(name, style, half)), (half + 6.0, set_signature(visa, style, width - half - 6.0))])


def fitting(text: str, width: float, font: str, size: float) -> str:
    """The text, cut with an ellipsis where it does not fit its place even in small print."""
    prefill = Prefill("", 0.0, 0.0, width, font=font, size=size)
    shorter = text
    while shorter and fitted_size(prefill, shorter if shorter == text else shorter.rstrip() + "…") is None:
        shorter = shorter[:-1]
    return text if shorter == text else shorter.rstrip() + "…"


def fit_values(sheet: CorrectionLayout, at: int, values: dict[str, str]) -> dict[str, str]:
    """The words of a row (from 1), each as short as its place asks."""
    places = {prefill.template[1:-1]: prefill for prefill in sheet.layout.pages[0].prefills if prefill.row == at - 1}
    return {
        name: fitting(text, places[name].width, places[name].font, places[name].size)
        for name, text in values.items()
        if name in places
    }
