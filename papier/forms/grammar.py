"""The words of a form's YAML: which keys each part takes, what they hold, which must be there.

The parser reads by these tables and the JSON Schema is made from them, so that the two cannot drift apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from papier.forms.definition import CombContent, PageFormat
from papier.forms.parts import PartName
from papier.forms.shapes import (
    COLUMN,
    FIELD_ID,
    FORM_ID,
    LANGUAGES,
    DurationShape,
    FilledText,
    FlagShape,
    IntegerShape,
    Key,
    Keys,
    Labelled,
    ListOf,
    Matching,
    NumberShape,
    OneOf,
    Part,
    RectShape,
    RegularExpression,
    TextShape,
    WordingShape,
)
from papier.language import translate as _

CHECK_KEYS = ("nir", "luhn", "mod97", "mod11")
# Tints that school and office suppliers stock in 80 g/m² and on which black print keeps its contrast.
PAPERS = ("blanc", "jaune", "vert", "rose", "bleu", "orange")

# The longest comb seen on public forms is an address line of 38; two of them bound any row that fits a page.
MAX_CELLS = 80
# Two A4 pages of a class register; a longer table is two tables.
MAX_ROWS = 100
# Millimetres: nothing is taller or wider than an A4 page laid sideways.
MAX_LENGTH = 297.0

_TEXT = TextShape()
_WORDING = WordingShape()
_FILLED = WordingShape(fills=True)
_FLAG = FlagShape()
_FIELD_ID = Matching(
    FIELD_ID, lambda: _("Use small letters without accents, digits and `_`, a letter first, as in `date_debut`.")
)
_COLUMN = Matching(
    COLUMN,
    lambda: _(
        "Write the roster column in small letters without accents, words joined by `_`, as in `date_de_naissance`."
    ),
)
_CONTENT = OneOf(tuple(content.value for content in CombContent))
_SAME_PAGE = {"same_page": Key(_FLAG, "keep on the same page as the block that follows")}

_ASKED: Keys = {
    "label": Key(_WORDING, "the question, as printed", needed=True),
    "help": Key(_WORDING, "a short remark printed in small type"),
}
_DEMAND: Keys = {
    "required": Key(_FLAG, "must be filled in"),
    "paper_only": Key(_FLAG, "masked before anything is stored"),
    "accept": Key(NumberShape(0.5, 1.0), "the probability that a value needs to be taken without a person"),
    "two_readers": Key(_FLAG, "two people must read the same, whatever papier reads"),
    "crop": Key(
        _FLAG,
        "its picture may be printed on checking sheets; without it yes, but for social security numbers, signatures "
        "and free handwriting",
    ),
    "retention": Key(DurationShape(), "how long this field is kept, where it goes before the rest of the record"),
}
_PREFILL: Keys = {
    "roster": Key(_COLUMN, "the roster column that this value comes from"),
    "prefill": Key(_FLAG, "`false`: the roster only helps the reading"),
}
_COMB: Keys = {
    "content": Key(_CONTENT, "what the cells hold", needed=True),
    "cells": Key(IntegerShape(1, MAX_CELLS), "how many cells; not for contents of fixed length"),
    **_PREFILL,
    "min": Key(_TEXT, "the smallest value: a number, a date YYYY-MM-DD, an hour HH:MM"),
    "max": Key(_TEXT, "the largest value"),
    "choices": Key(ListOf(_TEXT), "the only values allowed"),
    "pattern": Key(RegularExpression(), "a regular expression that the whole value matches"),
    "check_key": Key(OneOf(CHECK_KEYS), "the check key that the value carries"),
}
_OPTIONS: Keys = {
    "options": Key(Labelled(), "the boxes, by identifier", needed=True),
    "multiple": Key(_FLAG, "several boxes may be ticked"),
}
_FIELD: Keys = {**_ASKED, **_DEMAND, **_SAME_PAGE}

# Blocks without a question. The key of the block's name holds the first value; the others stand beside it.
PRINTED: Mapping[str, Keys] = {
    "heading": {
        "heading": Key(_WORDING, "a title above the blocks that follow", needed=True),
        "level": Key(IntegerShape(1, 3), "1 the largest, 3 the smallest"),
        **_SAME_PAGE,
    },
    "text": {
        "text": Key(_FILLED, "running text; `{column}` is filled from the roster", needed=True),
        "style": Key(OneOf(("normal", "small", "bold")), "the type"),
        "align": Key(OneOf(("left", "center", "right")), "where the lines stand"),
        **_SAME_PAGE,
    },
    "notice": {"notice": Key(_FILLED, "a framed remark", needed=True), **_SAME_PAGE},
    "address": {
        "address": Key(ListOf(FilledText(), 8), "the recipient, line by line, in the envelope's window", needed=True),
        **_SAME_PAGE,
    },
    "space": {"space": Key(NumberShape(0.1, MAX_LENGTH), "white space, in millimetres", needed=True)},
    "page_break": {"page_break": Key(Part({"type": "null"}), "begin a new page", needed=True)},
}

# These may be written long: `heading: {text: …, level: 2}`.
LONG_FORMS = ("heading", "text", "notice")

# Questions. The key of the block's name holds the field's identifier.
ASKED: Mapping[str, Keys] = {
    "comb": {**_FIELD, **_COMB},
    "tick": {
        **_FIELD,
        **_OPTIONS,
        "columns": Key(IntegerShape(1, 12), "boxes side by side"),
    },
    "yesno": {**_FIELD, "columns": Key(IntegerShape(1, 2), "boxes side by side")},
    "grid": {**_FIELD, **_OPTIONS, "rows": Key(Labelled(), "the questions, by identifier", needed=True)},
    "lines": {
        **_FIELD,
        "count": Key(IntegerShape(1, 40), "how many lines to write on"),
        "roster": Key(FilledText(bare=True), "what is printed there, where all its columns are known: `{adresse}`"),
    },
    "signature": {
        **_FIELD,
        "height": Key(NumberShape(8, 100), "millimetres"),
        "width": Key(NumberShape(20, MAX_LENGTH), "millimetres"),
    },
    "typed": {**_FIELD, **_PREFILL, "height": Key(NumberShape(5, 250), "millimetres")},
    "table": {
        **_FIELD,
        "rows": Key(Part({"$ref": "#/$defs/rows"}), "named rows, a number, or the roster's people", needed=True),
        "columns": Key(Part({"$ref": "#/$defs/columns"}), "what is asked of each row", needed=True),
        "row_height": Key(NumberShape(6, 100), "millimetres at least, where people write in the rows"),
    },
}

# Blocks that hold blocks.
HOLDING: Mapping[str, Keys] = {
    "row": {
        "row": Key(Part({"$ref": "#/$defs/blocks"}), "blocks side by side", needed=True),
        "widths": Key(ListOf(NumberShape(0.01, 1000)), "the share of the width that each takes"),
        **_SAME_PAGE,
    },
    "office": {
        "office": Key(Part({"$ref": "#/$defs/office"}), "what the office fills in", needed=True),
        **_SAME_PAGE,
    },
}

# A block that stands for those of `forms/parts.yaml` under its name.
PART: Keys = {"part": Key(PartName(), "a group of questions that many forms share", needed=True)}

FIELD_ID_KEY = Key(_FIELD_ID, "the field's identifier", needed=True)

OFFICE: Keys = {
    "title": Key(_WORDING, "the frame's title; without one, « Cadre réservé au service »"),
    "blocks": Key(Part({"$ref": "#/$defs/blocks"}), "the frame's blocks", needed=True),
}

ROSTER_ROWS: Keys = {
    "roster": Key(_FLAG, "one row a person of the roster", needed=True),
    "maximum": Key(IntegerShape(1, MAX_ROWS), "how many rows are printed", needed=True),
    "group": Key(_COLUMN, "the roster column that makes one sheet of each group"),
}

_CELL: Keys = {
    "label": Key(_WORDING, "the column's title", needed=True),
    "width": Key(NumberShape(3, MAX_LENGTH), "millimetres"),
}
TABLE_COLUMNS: Mapping[str, Keys] = {
    "text": {
        **_CELL,
        "roster": Key(FilledText(bare=True), "what is printed, as in `{nom} {prenom}`"),
        "lines": Key(IntegerShape(1, 4), "how many lines of print the cell holds"),
    },
    "tick": {
        **_CELL,
        **_DEMAND,
        "options": Key(Labelled(), "the boxes, by identifier; without them one box, `oui`"),
        "multiple": Key(_FLAG, "several boxes may be ticked"),
    },
    "comb": {**_CELL, **_DEMAND, **_COMB},
}

LAW: Keys = {
    "text": Key(_WORDING, "what the article says, as printed", needed=True),
    "source": Key(_TEXT, "the article", needed=True),
    "sure": Key(_FLAG, "`false`: not printed"),
}

BASES = ("law", "rules", "request")
ABOUT: Keys = {
    "when": Key(_WORDING, "when this sheet is handed out", needed=True),
    "filled_by": Key(_WORDING, "who fills it in", needed=True),
    "receiver": Key(_WORDING, "who receives it", needed=True),
    "keep": Key(_WORDING, "what to keep", needed=True),
    "next": Key(_WORDING, "the next step, and what silence means", needed=True),
    "basis": Key(
        OneOf(BASES),
        "`law`: the articles of `law`; `rules`: the school's or office's own; `request`: none",
        needed=True,
    ),
    "clock": Key(_TEXT, "the legal clock: a rule of `papier deadline --list`"),
    "source": Key(ListOf(_TEXT), "where the basis was read"),
}

LIMIT: Keys = {
    "duration": Key(DurationShape(), "`année scolaire` or an ISO 8601 duration such as `P10Y`", needed=True),
    "source": Key(_TEXT, "the article that says so", needed=True),
}

RETENTION: Keys = {
    "duration": Key(DurationShape(), "`année scolaire` or an ISO 8601 duration such as `P1M`", needed=True),
    "basis": Key(_WORDING, "why: the article or the rule"),
    "minimum": Key(Part({"$ref": "#/$defs/limit"}), "the shortest time that the law allows, with its article"),
    "maximum": Key(Part({"$ref": "#/$defs/limit"}), "the longest time that the law allows, with its article"),
}

FORM: Keys = {
    "form": Key(
        Matching(FORM_ID, lambda: _("Write `family/name` in small letters without accents, as in `carnet/absence`.")),
        "the form's identifier, `family/name`",
        needed=True,
    ),
    "version": Key(IntegerShape(1, 9999), "a whole number; a changed form has a new one", needed=True),
    "title": Key(_WORDING, "the title printed at the top", needed=True),
    "summary": Key(_WORDING, "one sentence under the title and in the list of forms"),
    "format": Key(OneOf(tuple(page.value for page in PageFormat)), "the size of the sheet", needed=True),
    "languages": Key(ListOf(OneOf(tuple(LANGUAGES)), 2), "one or two, printed side by side; the first is binding"),
    "paper": Key(OneOf(PAPERS), "the tint to load in the printer"),
    "recto_verso": Key(_FLAG, "printed on both sides"),
    "instructions": Key(_FLAG, "print the lines that say how to tick and to write"),
    "retention": Key(Part({"$ref": "#/$defs/retention"}), "how long the digital copy is kept"),
    "law": Key(Part({"$ref": "#/$defs/law"}), "the articles that the form rests on"),
    "about": Key(Part({"$ref": "#/$defs/about"}), "for whoever hands the sheet out: the table of forms, the guides"),
    "blocks": Key(Part({"$ref": "#/$defs/blocks"}), "what stands on the sheet, from top to bottom", needed=True),
}

# A blank form that somebody else printed: its zones are given where they stand.

BLANK_FORM: Keys = {
    **{name: FORM[name] for name in ("form", "version", "title", "summary", "retention")},
    "pages": Key(Part({"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/page"}}), "its pages", needed=True),
}

# Below 36 dpi print is a blur; no scanner or export goes above 2400.
_DPI = NumberShape(36, 2400)
BLANK_PAGE: Keys = {
    "background": Key(_TEXT, "the blank page: an image, or a page of a PDF (`enquete.pdf#1`)", needed=True),
    "dpi": Key(_DPI, "the resolution of an image"),
    "zones": Key(Part({"type": "array", "items": {"$ref": "#/$defs/zone"}}), "where people write"),
}

# Names come with the other program's data: any word without white space.
_FOREIGN_ID = Matching(re.compile(r"\S{1,80}"), lambda: _("Use one word without spaces, as in `q1`."))
_ZONE: Keys = {
    "field": Key(_FOREIGN_ID, "the field's identifier", needed=True),
    "label": Key(_WORDING, "the question in words"),
    **_DEMAND,
}
_RECT = Key(RectShape(), "x, y, width, height in millimetres from the page's top left", needed=True)
ZONES: Mapping[str, Keys] = {
    "tick": {
        **_ZONE,
        "option": Key(_TEXT, "what a mark in this box means", needed=True),
        "multiple": Key(_FLAG, "several boxes of the field may be ticked"),
        "rect": _RECT,
        "shape": Key(OneOf(("square", "bubble")), "the box's outline"),
    },
    "comb": {
        **_ZONE,
        **{name: key for name, key in _COMB.items() if name != "prefill"},
        "cells": Key(ListOf(RectShape(), MAX_CELLS), "one rectangle a character", needed=True),
    },
    "lines": {**_ZONE, "rect": _RECT, "lines": Key(ListOf(RectShape()), "one rectangle a line of writing")},
    "signature": {**_ZONE, "rect": _RECT},
    "typed": {**_ZONE, "rect": _RECT},
}
ZONE_KIND = Key(OneOf(tuple(ZONES)), "what people write there", needed=True)
