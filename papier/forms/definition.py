"""What a form *is*, before it is laid out: the frozen image of one YAML file.

Nothing here has coordinates; `papier.forms.typesetting` gives them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Language = str  # ISO 639-1: "fr", "en", "ar", "tr", "uk"


@dataclass(frozen=True, slots=True)
class Wording:
    """One text in one or more languages; French is always there."""

    texts: Mapping[Language, str]

    def in_(self, language: Language) -> str:
        """The text in `language`, else in French."""
        return self.texts.get(language) or self.texts["fr"]

    @property
    def fr(self) -> str:
        return self.texts["fr"]


class PageFormat(StrEnum):
    A4 = "A4"
    A4_LANDSCAPE = "A4 paysage"
    A5 = "A5"
    A5_TWO_UP = "A5x2"  # two A5 sheets side by side on A4 landscape, with a cutting line
    A6 = "A6"

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height of one *sheet* (of one coupon, for two up)."""
        return _SIZES[self]


_SIZES: dict[str, tuple[float, float]] = {
    "A4": (210.0, 297.0),
    "A4 paysage": (297.0, 210.0),
    "A5": (148.0, 210.0),
    "A5x2": (148.0, 210.0),
    "A6": (105.0, 148.0),
}


class CombContent(StrEnum):
    LETTERS = "letters"
    DIGITS = "digits"
    MIXED = "mixed"
    DATE = "date"
    HOUR = "hour"
    TELEPHONE = "telephone"
    POSTCODE = "postcode"
    CLASS = "class"
    NIR = "nir"
    NUMBER = "number"

    @property
    def fixed_length(self) -> int | None:
        """The number of cells where the content decides it."""
        return {"date": 8, "hour": 4, "telephone": 10, "postcode": 5, "nir": 15}.get(self.value)


@dataclass(frozen=True, slots=True)
class Demand:
    """What a form asks of one field. Frozen with the layout, so that reading needs no YAML."""

    required: bool = False
    minimum: str | None = None  # a number, an ISO date or HH:MM, by content
    maximum: str | None = None
    choices: tuple[str, ...] = ()  # the only values allowed (a comb with a closed list)
    roster: str | None = None  # the roster column this field's value comes from
    prefill: bool = True  # print the roster's value (else it only helps the reading)
    pattern: str | None = None  # a regular expression the whole value matches
    check_key: str | None = None  # "nir", "luhn", "mod97", "mod11"
    paper_only: bool = False  # masked before anything is stored
    accept: float = 0.999  # the probability a value needs to be taken without a person
    two_readers: bool = False  # two people must agree
    crop: bool | None = None  # its picture may stand on a sheet of corrections; None: unless it is sensitive
    retention: str | None = None  # how long the field is kept, where it goes before the rest of its record


ZoneKind = Literal["tick", "comb", "lines", "signature", "typed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Anything that stands on the page. `line` is its line in the YAML file."""

    line: int = 0
    same_page: bool = False  # keep with the following block


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading(Block):
    text: Wording
    level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph(Block):
    """Running text. `{column}` is filled from the roster, a dotted line without one. `style`: normal, small, bold."""

    text: Wording
    style: str = "normal"
    align: str = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Block):
    """A framed remark set apart from the questions."""

    text: Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Address(Block):
    """The recipient's block at the place of the envelope window (110 mm from the left, 55 mm from the top, 85 × 33).

    `lines` may hold `{column}`; without a value a writing line is printed.
    """

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Space(Block):
    height: float  # millimetres


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBreak(Block):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(Block):
    """A question with one or more zones."""

    field: str
    label: Wording
    help: Wording | None = None
    demand: Demand = dataclasses.field(default_factory=Demand)


@dataclass(frozen=True, slots=True, kw_only=True)
class TickField(Field):
    """Boxes to tick. With `multiple` False at most one may be ticked."""

    options: Mapping[str, Wording]
    multiple: bool = False
    columns: int | None = None  # boxes side by side; None: as many as fit


@dataclass(frozen=True, slots=True, kw_only=True)
class CombField(Field):
    content: CombContent
    cells: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesField(Field):
    """Free handwriting on ruled lines."""

    count: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureField(Field):
    height: float = 20.0  # millimetres
    width: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedField(Field):
    """A frame to type in or to stick a printed label on."""

    height: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GridField(Field):
    """Questions (rows) that share their answers (columns). Each row is the field `<field>.<row>`."""

    rows: Mapping[str, Wording]
    options: Mapping[str, Wording]
    multiple: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumn:
    """One column. `kind`: "text" (printed from the roster, or left to write), "tick" or "comb".

    A cell of a tick or comb column is the field `<table>.<row>.<column>`; a tick column with no options of its own has
    one box, option "oui".
    """

    column: str
    label: Wording
    kind: Literal["text", "tick", "comb"]
    width: float | None = None  # millimetres
    options: Mapping[str, Wording] = dataclasses.field(default_factory=dict)
    multiple: bool = False
    content: CombContent | None = None
    cells: int = 0
    roster: str | None = None
    lines: int = 1  # of print, in a text column
    demand: Demand = dataclasses.field(default_factory=Demand)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableField(Field):
    """Rows × columns. Rows are named in `rows`, or `r01`, `r02` … up to `row_count`.

    With `roster_rows` each row is one person of the roster, and one sheet serves a whole group (`group_by` column).
    """

    columns: tuple[TableColumn, ...]
    rows: Mapping[str, Wording] = dataclasses.field(default_factory=dict)
    row_count: int = 0
    roster_rows: bool = False
    group_by: str | None = None
    row_height: float = 0.0  # millimetres at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Block):
    """Blocks side by side, sharing the width in proportion to `widths`."""

    blocks: tuple[Block, ...]
    widths: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Office(Block):
    """The block that the office fills in ("cadre réservé au service"); its fields are read like any other."""

    title: Wording
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class LegalLimit:
    """The shortest or longest time that an article allows. `source`: the article."""

    duration: str
    source: str


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the digital copy is kept: an ISO 8601 duration or "année scolaire", and why.

    `minimum`, `maximum`: what the law says, where it says anything; `duration` lies between the two.
    """

    duration: str
    basis: Wording | None = None
    minimum: LegalLimit | None = None
    maximum: LegalLimit | None = None


@dataclass(frozen=True, slots=True)
class Law:
    """An article the form rests on, printed only when `sure`."""

    text: Wording
    source: str
    sure: bool = True


Basis = Literal["law", "rules", "request"]


@dataclass(frozen=True, slots=True)
class About:
    """What the person who hands the sheet out must know of it; makes the table of forms and the guides.

    `basis`: "law" (the sure articles of the form), "rules" (the establishment's own), "request" (no particular legal
    basis). `clock` names a rule of `papier deadline --list`; None where nothing counts. `sources`: where the basis was
    read, addresses of stored pages.
    """

    when: Wording
    filled_by: Wording
    receiver: Wording
    keep: Wording
    next: Wording
    basis: Basis
    clock: str | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class FormDefinition:
    """One form. `form` is `<family>/<name>`; a changed form has a new `version`."""

    form: str
    version: int
    title: Wording
    format: PageFormat
    blocks: tuple[Block, ...]
    languages: tuple[Language, ...] = ("fr",)  # printed side by side; the first is binding
    recto_verso: bool = False
    paper: str | None = None  # a tint to load in the printer: "blanc", "jaune", "vert", "rose"
    instructions: bool = True  # print the two lines that say how to tick and write
    retention: Retention | None = None
    law: tuple[Law, ...] = ()
    summary: Wording | None = None
    about: About | None = None
    path: str = ""

    def fields(self) -> Iterator[Field]:
        """Every field in reading order, those of rows and of the office block included."""
        yield from _fields_of(self.blocks)


def _fields_of(blocks: tuple[Block, ...]) -> Iterator[Field]:
    for block in blocks:
        if isinstance(block, Field):
            yield block
        elif isinstance(block, (Row, Office)):
            yield from _fields_of(block.blocks)
