"""The shapes a value of a form's YAML may have: each reads a node, and describes itself as JSON Schema.

A shape's `read` returns None after it has reported a mistake. `papier.forms.grammar` says which key has which shape.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from papier.forms.definition import Wording
from papier.language import translate as _
from papier.yaml_source import Node, Proofreader, find_nearest, suggest_or_list

if TYPE_CHECKING:
    from papier.geometry import RectMm

# The languages whose instructions, yes and no are translated and whose letters the shipped fonts hold.
LANGUAGES = {"fr": "français", "en": "English", "ar": "العربية", "tr": "Türkçe", "uk": "українська"}

FIELD_ID = re.compile(r"[a-z][a-z0-9_]*")
OPTION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
FORM_ID = re.compile(r"[a-z][a-z0-9_-]*/[a-z][a-z0-9_-]*")
# What `papier.forms.roster.column_name` makes of a header.
COLUMN = re.compile(r"[a-z0-9][a-z0-9_]*")
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
SCHOOL_YEAR = "année scolaire"
_DURATION = re.compile(r"P(?=.)(\d{1,3}Y)?(\d{1,4}M)?(\d{1,4}W)?(\d{1,5}D)?")
# Millimetres: farther than any sheet reaches.
_FARTHEST = 2000.0

Schema = dict[str, Any]


class Shape(Protocol):
    def read(self, node: Node, proof: Proofreader, what: str) -> Any | None:
        """The value of `node`, else None and at least one problem; `what` is the key it stands under."""

    def schema(self) -> Schema: ...


@dataclass(frozen=True)
class Key:
    """One key of a mapping: the shape of its value, what it is for, whether it must be there."""

    shape: Shape
    about: str
    needed: bool = False

    @property
    def words(self) -> str:
        """What it is for, in the user's language."""
        return _(self.about)


Keys = Mapping[str, Key]


@dataclass(frozen=True)
class TextShape:
    """Any text; numbers and dates need no quotes."""

    def read(self, node: Node, proof: Proofreader, what: str) -> str | None:
        return proof.text(node, what)

    def schema(self) -> Schema:
        return {"$ref": "#/$defs/text"}


@dataclass(frozen=True)
class WordingShape:
    """A text in French, or a mapping of languages with French among them. `fills`: `{column}` may stand in it."""

    fills: bool = False

    def read(self, node: Node, proof: Proofreader, what: str) -> Wording | None:
        if not isinstance(node.content, Mapping):
            text = proof.text(node, what)
            return Wording({"fr": text}) if text is not None and self._whole(node, text, proof) else None
        texts: dict[str, str] = {}
        sound = True
        for language, entry in node.entries.items():
            if language not in LANGUAGES:
                hint = _(" Put quotes around a text that contains a comma or a colon.") if entry.content is None else ""
                proof.report(
                    entry,
                    _("`{what}`: unknown language `{language}`.{hint}{hint2}").format(
                        what=what, language=language, hint=suggest_or_list(language, LANGUAGES), hint2=hint
                    ),
                )
                sound = False
                continue
            text = proof.text(entry, f"{what}: {language}")
            if text is None or not self._whole(entry, text, proof):
                sound = False
            else:
                texts[language] = text
        if "fr" not in node.entries:
            proof.report(node, _("`{what}` has no French text. Add `fr: …`.").format(what=what))
            sound = False
        return Wording(texts) if sound else None

    def schema(self) -> Schema:
        return {"$ref": "#/$defs/wording"}

    def _whole(self, node: Node, text: str, proof: Proofreader) -> bool:
        return not self.fills or check_placeholders(node, text, proof)


@dataclass(frozen=True)
class FlagShape:
    def read(self, node: Node, proof: Proofreader, what: str) -> bool | None:
        return proof.flag(node, what)

    def schema(self) -> Schema:
        return {"$ref": "#/$defs/flag"}


@dataclass(frozen=True)
class IntegerShape:
    minimum: int
    maximum: int

    def read(self, node: Node, proof: Proofreader, what: str) -> int | None:
        return proof.integer(node, what, self.minimum, self.maximum)

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}


@dataclass(frozen=True)
class NumberShape:
    minimum: float
    maximum: float

    def read(self, node: Node, proof: Proofreader, what: str) -> float | None:
        return proof.number(node, what, self.minimum, self.maximum)

    def schema(self) -> Schema:
        return {"type": "number", "minimum": self.minimum, "maximum": self.maximum}


@dataclass(frozen=True)
class RectShape:
    """`[x, y, width, height]` in millimetres, width and height above 0."""

    def read(self, node: Node, proof: Proofreader, what: str) -> RectMm | None:
        numbers = [proof.number(member, what, -_FARTHEST, _FARTHEST) for member in node.members]
        if any(number is None for number in numbers):
            return None
        sound = [number for number in numbers if number is not None]
        if len(sound) != 4 or sound[2] <= 0 or sound[3] <= 0:
            proof.report(
                node,
                _(
                    "`{what}` is no rectangle. Write `[x, y, width, height]` in millimetres, the last two above 0."
                ).format(what=what),
            )
            return None
        from papier.geometry import RectMm  # noqa: PLC0415 - numpy comes with it, and few files have rectangles

        return RectMm.from_list(sound)

    def schema(self) -> Schema:
        return {"type": "array", "minItems": 4, "maxItems": 4, "items": {"type": "number"}}


@dataclass(frozen=True)
class OneOf:
    """One word of a closed list."""

    words: tuple[str, ...]

    def read(self, node: Node, proof: Proofreader, what: str) -> str | None:
        return proof.one_of(node, what, self.words)

    def schema(self) -> Schema:
        return {"enum": list(self.words)}


@dataclass(frozen=True)
class Matching:
    """A text of one fixed pattern; `remedy` says which, with an example. `folds`: suggest the same in small letters."""

    pattern: re.Pattern[str]
    remedy: Callable[[], str]

    def read(self, node: Node, proof: Proofreader, what: str) -> str | None:
        text = proof.text(node, what)
        if text is not None and not self.pattern.fullmatch(text):
            proof.report(node, _("`{what}` is `{text}`. {remedy}").format(what=what, text=text, remedy=self.remedy()))
            return None
        return text

    def schema(self) -> Schema:
        return {"$ref": "#/$defs/text", "pattern": f"^(?:{self.pattern.pattern})$"}


@dataclass(frozen=True)
class ListOf:
    """A list of at least one value, all of one shape, at most `maximum` of them."""

    member: Shape
    maximum: int | None = None

    def read(self, node: Node, proof: Proofreader, what: str) -> tuple[Any, ...] | None:
        members = proof.members(node, what)
        if members is None:
            return None
        if self.maximum is not None and len(members) > self.maximum:
            proof.report(
                node,
                _("`{what}` has {count} entries. Keep {maximum} at most.").format(
                    what=what, count=len(members), maximum=self.maximum
                ),
            )
            return None
        values = tuple(self.member.read(member, proof, what) for member in members)
        return None if any(value is None for value in values) else values

    def schema(self) -> Schema:
        data: Schema = {"type": "array", "minItems": 1, "items": self.member.schema()}
        return data if self.maximum is None else data | {"maxItems": self.maximum}


@dataclass(frozen=True)
class Labelled:
    """Words by identifier (`maladie: Maladie`): the options of a question, the rows of a grid."""

    def read(self, node: Node, proof: Proofreader, what: str) -> dict[str, Wording] | None:
        if node.members:
            proof.report(node, _("`{what}` is a list. Give each an identifier: `maladie: Maladie`.").format(what=what))
            return None
        entries = proof.entries(node, what)
        if entries is None:
            return None
        read: dict[str, Wording] = {}
        for identifier, entry in entries.items():
            if not OPTION_ID.fullmatch(identifier):
                proof.report(
                    entry,
                    _(
                        "`{what}`: `{identifier}` is not an identifier. Use letters without accents, digits, `_` "
                        "and `-`."
                    ).format(what=what, identifier=identifier),
                )
                continue
            wording = WordingShape().read(entry, proof, identifier)
            if wording is not None:
                read[identifier] = wording
        return read if len(read) == len(entries) else None

    def schema(self) -> Schema:
        return {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": f"^(?:{OPTION_ID.pattern})$"},
            "additionalProperties": {"$ref": "#/$defs/wording"},
        }


@dataclass(frozen=True)
class FilledText:
    """A text in which `{column}` may stand. `bare`: a column's name alone means that column."""

    bare: bool = False

    def read(self, node: Node, proof: Proofreader, what: str) -> str | None:
        text = proof.text(node, what)
        if text is None or not check_placeholders(node, text, proof):
            return None
        return f"{{{text}}}" if self.bare and COLUMN.fullmatch(text) else text

    def schema(self) -> Schema:
        return {"$ref": "#/$defs/text"}


def about_days(duration: str) -> int:
    """A duration in days, to compare two: a month is 30 days here, a year or a school year 365."""
    if duration == SCHOOL_YEAR:
        return 365
    found = _DURATION.fullmatch(duration)
    counts = [int((count or "0").rstrip("YMWD")) for count in found.groups()] if found else [0, 0, 0, 0]
    years, months, weeks, days = counts
    return 365 * years + 30 * months + 7 * weeks + days


@dataclass(frozen=True)
class DurationShape:
    """An ISO 8601 duration of whole years, months, weeks or days, or the school year."""

    def read(self, node: Node, proof: Proofreader, what: str) -> str | None:
        text = proof.text(node, what)
        if text is None or text == SCHOOL_YEAR:
            return text
        if not _DURATION.fullmatch(text) or not any(digit in "123456789" for digit in text):
            proof.report(
                node,
                _(
                    "`{what}` is `{text}`. Write `{school_year}` or an ISO 8601 duration such as `P1M` or `P10Y`."
                ).format(what=what, text=text, school_year=SCHOOL_YEAR),
            )
            return None
        return text

    def schema(self) -> Schema:
        return {"anyOf": [{"const": SCHOOL_YEAR}, {"type": "string", "pattern": f"^{_DURATION.pattern}$"}]}


@dataclass(frozen=True)
class RegularExpression:
    def read(self, node: Node, proof: Proofreader, what: str) -> str | None:
        text = proof.text(node, what)
        if text is None:
            return None
        try:
            re.compile(text)
        except (re.error, OverflowError, RecursionError) as error:
            proof.report(
                node,
                _("`{what}` is not a regular expression ({error}). Write it as in `[0-9][A-Z]`.").format(
                    what=what, error=error
                ),
            )
            return None
        return text

    def schema(self) -> Schema:
        return {"type": "string", "format": "regex"}


@dataclass(frozen=True)
class Part:
    """A part of the form that its own parser reads; here it stays a node. `definition` is its JSON Schema."""

    definition: Mapping[str, Any]

    def read(self, node: Node, proof: Proofreader, what: str) -> Node | None:  # noqa: ARG002 (the shape's contract)
        return node

    def schema(self) -> Schema:
        return dict(self.definition)


def check_placeholders(node: Node, text: str, proof: Proofreader) -> bool:
    """True when every brace of `text` belongs to a `{column}`; else reports the first that does not."""
    for match in PLACEHOLDER.finditer(text):
        name = match[1]
        if not COLUMN.fullmatch(name):
            proof.report(
                node,
                _(
                    "`{{{name}}}` is not a roster column. Write the column's name in small letters without "
                    "accents, words joined by `_`, as in `{{date_de_naissance}}`."
                ).format(name=name),
            )
            return False
    if set(PLACEHOLDER.sub("", text)) & set("{}"):
        proof.report(node, _("a brace has no partner. Write a roster column as `{nom}`; braces mean nothing else."))
        return False
    return True


def read_keys(
    entries: Mapping[str, Node], keys: Keys, proof: Proofreader, owner: Node, *, also: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The values of `entries` that are sound, by key; unknown, missing and mistaken keys are reported.

    `owner` is where a missing key is reported, unless an unknown one is nearly it; `also` names keys that something
    else reads.
    """
    values: dict[str, Any] = {}
    misspelt: set[str | None] = set()
    for name, node in entries.items():
        if name in also:
            continue
        key = keys.get(name)
        if key is None:
            proof.report_unknown_key(node, name, (*keys, *also))
            misspelt.add(find_nearest(name, (*keys, *also)))
            continue
        value = key.shape.read(node, proof, name)
        if value is not None:
            values[name] = value
    for name, key in keys.items():
        if key.needed and name not in entries and name not in misspelt:
            message = _("`{name}` is missing. Add `{name}: …` ({about}).")
            proof.report(owner, message.format(name=name, about=key.words))
    return values


def is_iso_date(text: str) -> bool:
    """True for a date written YYYY-MM-DD that the calendar has."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_hour(text: str) -> bool:
    """True for HH:MM from 00:00 to 23:59."""
    return re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text) is not None
