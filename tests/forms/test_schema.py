from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from papier.forms import grammar
from papier.forms.library import library_folders
from papier.forms.parsing import parse_form
from papier.forms.schema import json_schema
from papier.yaml_source import Node, load_yaml, parse_yaml
from tests.forms.test_parsing import COMPLETE, HEAD

SHIPPED = sorted(path for path in library_folders()[-1].glob("*/*.yaml") if path.name != "workflow.yaml")
BLANK = """\
form: voisin/enquete
version: 1
title: {fr: Enquête}
pages:
  - background: enquete-1.png
    dpi: 150
    zones:
      - {field: q1, kind: tick, option: a, multiple: true, rect: [20.1, 33.0, 3.2, 3.2]}
      - {field: q1, kind: tick, option: b, rect: [30.1, 33.0, 3.2, 3.2], shape: bubble}
      - {field: nom, kind: comb, content: letters, cells: [[20, 50, 6, 8], [26, 50, 6, 8]]}
"""


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def as_editor_sees(node: Node) -> Any:
    """The tree as editors resolve it: the core schema of YAML 1.2."""
    if node.members:
        return [as_editor_sees(member) for member in node.members]
    if node.entries:
        return {key: as_editor_sees(entry) for key, entry in node.entries.items()}
    text = node.text
    if text in {"true", "false"}:
        return text == "true"
    if text is not None and re.fullmatch(r"[-+]?[0-9]+", text):
        return int(text)
    if text is not None and re.fullmatch(r"[-+]?[0-9]*\.[0-9]+", text):
        return float(text)
    return node.content if node.content not in ((), {}) else []


def seen(source: str) -> Any:
    node, problems = parse_yaml(source)
    assert node is not None
    assert not problems
    return as_editor_sees(node)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_form_fits_the_schema(path: Path, validator: jsonschema.Draft202012Validator) -> None:
    node, _ = load_yaml(path)
    assert node is not None
    validator.validate(as_editor_sees(node))


@pytest.mark.parametrize("source", [COMPLETE, BLANK], ids=["complete", "blank"])
def test_all_that_the_syntax_allows_fits_the_schema(source: str, validator: jsonschema.Draft202012Validator) -> None:
    validator.validate(seen(source))


@pytest.mark.parametrize(
    "blocks",
    [
        "[{cmb: a, label: A}]",
        "[{comb: a, lable: A, content: date}]",
        "[{comb: a, content: date}]",
        "[{comb: a, label: A, content: dat}]",
        "[{comb: a, label: A}]",
        "[{comb: A, label: A, content: date}]",
        "[{comb: a, label: {en: A}, content: date}]",
        "[{comb: a, label: A, content: digits, cells: 0}]",
        "[{comb: a, label: A, content: digits, cells: trois}]",
        "[{comb: a, label: A, content: digits, cells: 3, required: peut-être}]",
        "[{comb: a, label: A, content: digits, cells: 3, check_key: luhm}]",
        "[{comb: a, label: A, content: digits, cells: 3, accept: 99}]",
        "[{tick: a, label: A}]",
        "[{tick: a, label: A, options: [b, c]}]",
        "[{grid: a, label: A, options: {b: B}}]",
        "[{table: a, label: A, rows: 3, columns: [{tik: b, label: B}]}]",
        "[{table: a, label: A, rows: {roster: true}, columns: [{tick: b, label: B}]}]",
        "[{text: {text: A, style: gras}}]",
        "[page_brake]",
        "[{office: {titel: A, blocks: [{space: 2}]}}]",
        "[{row: [{cmb: a}]}]",
        "[]",
    ],
)
def test_typical_mistakes_are_refused_by_both(blocks: str, validator: jsonschema.Draft202012Validator) -> None:
    source = f"{HEAD}blocks: {blocks}\n"
    assert parse_form(source)[1]
    assert not validator.is_valid(seen(source))


@pytest.mark.parametrize(
    ("sound", "mistaken"),
    [
        ("format: A5", "format: A7"),
        ("version: 1", "version: 0"),
        ("version: 1", "versoin: 1"),
        ("carnet/essai", "absence"),
        ("title: Essai", "title: {en: Test}"),
        ("format: A5", "format: A5\nretention: 3 mois"),
        ("format: A5", "format: A5\nretention: P"),
    ],
)
def test_mistakes_of_the_head_are_refused_by_both(
    sound: str, mistaken: str, validator: jsonschema.Draft202012Validator
) -> None:
    source = HEAD.replace(sound, mistaken) + "blocks: [{space: 2}]\n"
    assert parse_form(source)[1]
    assert not validator.is_valid(seen(source))


def test_mistakes_of_blank_forms_are_refused(validator: jsonschema.Draft202012Validator) -> None:
    for sound, mistaken in (("kind: tick", "kind: tik"), ("3.2, 3.2]", "3.2]"), ("cells", "cell")):
        assert not validator.is_valid(seen(BLANK.replace(sound, mistaken, 1)))


def test_every_key_is_explained() -> None:
    for table in (grammar.PRINTED, grammar.ASKED, grammar.HOLDING, grammar.TABLE_COLUMNS, grammar.ZONES):
        for keys in table.values():
            assert all(key.about for key in keys.values())
