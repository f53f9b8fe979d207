"""The JSON Schema (draft 2020-12) of form definitions, for editors that complete and check while typing.

Made from `papier.forms.grammar`, the tables that the parser reads by. The parser checks more: identifiers that stand
twice, ranges, patterns, dates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from papier.forms import grammar
from papier.forms.shapes import LANGUAGES, Key, Keys, Schema

_REF = "#/$defs/"


def json_schema() -> dict[str, Any]:
    """One schema for forms of ours (`blocks`) and for blank forms that somebody else printed (`pages`)."""
    definitions: dict[str, Schema] = {
        "text": {"type": ["string", "number", "boolean"]},
        "flag": {"enum": [True, False, "oui", "non", "yes", "no", "on", "off"]},
        "wording": {
            "anyOf": [
                {"$ref": f"{_REF}text"},
                {
                    "type": "object",
                    "properties": {
                        language: {"$ref": f"{_REF}text", "description": name} for language, name in LANGUAGES.items()
                    },
                    "required": ["fr"],
                    "additionalProperties": False,
                },
            ]
        },
        "blocks": {"type": "array", "minItems": 1, "items": {"$ref": f"{_REF}block"}},
        "office": _mapping(grammar.OFFICE),
        "rows": {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": grammar.MAX_ROWS},
                _mapping(grammar.ROSTER_ROWS),
                _named_rows(),
            ]
        },
        "columns": _list(_first_of(grammar.TABLE_COLUMNS, field_ids=True)),
        "retention": {
            "anyOf": [grammar.RETENTION["duration"].shape.schema(), _mapping(grammar.RETENTION)],
        },
        "limit": _mapping(grammar.LIMIT),
        "law": _list([_mapping(grammar.LAW)]),
        "about": _mapping(grammar.ABOUT),
        "page": _mapping(grammar.BLANK_PAGE),
        "zone": {
            "anyOf": [
                _mapping(keys | {"kind": grammar.ZONE_KIND}, kind={"const": kind})
                for kind, keys in ((kind, dict(keys)) for kind, keys in grammar.ZONES.items())
            ]
        },
        "block": {
            "anyOf": [
                {"const": "page_break"},
                _mapping(grammar.PART),
                *_first_of(grammar.PRINTED),
                *_first_of(grammar.ASKED, field_ids=True),
                *_first_of(grammar.HOLDING),
            ]
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "papier: a form",
        "type": "object",
        "if": {"required": ["pages"]},
        "then": _mapping(grammar.BLANK_FORM),
        "else": _mapping(grammar.FORM),
        "$defs": definitions,
    }


def _mapping(keys: Keys, **replaced: Schema) -> Schema:
    """An object with these keys and no others; `replaced` gives the schema of some keys."""
    return {
        "type": "object",
        "properties": {name: replaced.get(name) or _described(key) for name, key in keys.items()},
        "required": [name for name, key in keys.items() if key.needed],
        "additionalProperties": False,
    }


def _described(key: Key) -> Schema:
    return key.shape.schema() | {"description": key.words}


def _first_of(kinds: Mapping[str, Keys], *, field_ids: bool = False) -> list[Schema]:
    """One object a kind, known by the key of its name; `field_ids`: that key holds an identifier."""
    schemas = []
    for kind, keys in kinds.items():
        every = {kind: grammar.FIELD_ID_KEY, **keys} if field_ids else keys
        if kind in grammar.LONG_FORMS and not field_ids:
            inner = {("text" if name == kind else name): key for name, key in keys.items()}
            schemas.append(_mapping(every, **{kind: {"anyOf": [_described(keys[kind]), _mapping(inner)]}}))
        else:
            schemas.append(_mapping(every))
    return schemas


def _list(members: list[Schema]) -> Schema:
    return {"type": "array", "minItems": 1, "items": members[0] if len(members) == 1 else {"anyOf": members}}


def _named_rows() -> Schema:
    """Rows by identifier; `roster` is the word that makes rows of the roster's people."""
    rows = grammar.ASKED["grid"]["rows"].shape.schema()
    return rows | {"not": {"required": ["roster"]}}
