"""A sheet in French with a translation facing it; the French stays the text that binds.

Translations stand in the form itself, or in `translations.yaml` beside the shipped forms, by their French.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from papier.errors import DefinitionError, UsageError
from papier.forms.definition import (
    Block,
    Field,
    FormDefinition,
    GridField,
    Heading,
    Language,
    Notice,
    Office,
    PageFormat,
    Paragraph,
    Row,
    TableColumn,
    TableField,
    TickField,
    Wording,
)
from papier.forms.shapes import LANGUAGES, PLACEHOLDER
from papier.forms.shipped import shipped_folder
from papier.language import translate as _
from papier.yaml_source import Node, Proofreader, load_yaml

FILE = "translations.yaml"

# Two languages need the room of a whole page.
_NARROW = frozenset({PageFormat.A5, PageFormat.A5_TWO_UP, PageFormat.A6})


def with_translation(form: FormDefinition, language: Language) -> FormDefinition:
    """The form to print in French and `language`; a coupon takes a whole page.

    Raises UsageError when a wording has no translation, naming the languages that are whole.
    """
    if language == "fr":
        return dataclasses.replace(form, languages=("fr",))
    form = _completed(form)
    missing = [words.fr for words in sheet_wordings(form) if language not in words.texts]
    if missing:
        whole = ", ".join(translations(form)) or _("none")
        raise UsageError(
            _(
                "{form} is not wholly translated into `{language}`: “{value}” is not. Languages that are "
                "whole: {whole}. Add `{language}: …` to its wordings, or print it without --language."
            ).format(form=form.form, language=language, value=missing[0], whole=whole)
        )
    paper = PageFormat.A4 if form.format in _NARROW else form.format
    return dataclasses.replace(form, languages=("fr", language), format=paper)


def translations(form: FormDefinition) -> list[Language]:
    """The languages beside French into which every wording of the sheet is translated."""
    common: set[Language] | None = None
    for words in sheet_wordings(_completed(form)):
        common = set(words.texts) if common is None else common & set(words.texts)
    return sorted((common or set()) - {"fr"})


@cache
def glossary() -> Mapping[str, Mapping[Language, str]]:
    """The shared translations: French → language → text; raises DefinitionError when the file is broken."""
    folder = shipped_folder()
    if folder is None:
        return {}
    node, problems = load_yaml(folder / FILE)
    proof = Proofreader(list(problems))
    shared: dict[str, dict[Language, str]] = {}
    for french, entry in (node.entries if node is not None else {}).items():
        texts = {}
        for language, text in entry.entries.items():
            if proof.one_of(Node(text.path, text.line, language), "language", LANGUAGES):
                texts[language] = proof.text(text, language) or ""
        shared[french] = texts
    if proof.problems:
        raise DefinitionError(folder / FILE, proof.problems)
    return shared


def _completed(value: Any) -> Any:
    """The same with every wording's shared translations beside its own."""
    if isinstance(value, Wording):
        return Wording({**glossary().get(value.fr, {}), **value.texts})
    if isinstance(value, tuple):
        return tuple(_completed(member) for member in value)
    if isinstance(value, Mapping):
        return {key: _completed(entry) for key, entry in value.items()}
    if isinstance(value, (Block, FormDefinition, TableColumn)):
        fields = {field.name: _completed(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    return value


def sheet_wordings(form: FormDefinition) -> Iterator[Wording]:
    """Title, summary and every wording of the blocks that has words beside its `{columns}`."""
    yield form.title
    if form.summary is not None:
        yield form.summary
    for block in _flat(form.blocks):
        yield from (words for words in _wordings(block) if _has_words(words.fr))


def _flat(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, (Row, Office)):
            yield from _flat(block.blocks)


def _wordings(block: Block) -> Iterator[Wording]:
    if isinstance(block, (Heading, Paragraph, Notice)):
        yield block.text
    elif isinstance(block, Office):
        yield block.title
    elif isinstance(block, Field):
        yield block.label
        if block.help is not None:
            yield block.help
        if isinstance(block, (TickField, GridField)):
            yield from block.options.values()
        if isinstance(block, (GridField, TableField)):
            yield from block.rows.values()
        if isinstance(block, TableField):
            for column in block.columns:
                yield column.label
                yield from column.options.values()


def _has_words(text: str) -> bool:
    """False for a number, or for a text that the roster fills alone."""
    return any(character.isalpha() for character in PLACEHOLDER.sub("", text))
