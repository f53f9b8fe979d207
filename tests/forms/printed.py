"""What the shipped forms print, for the tests of their words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from papier.forms.definition import FormDefinition, Wording
from papier.forms.layout import Layout, Text
from papier.forms.library import library_folders, list_forms
from papier.forms.translation import sheet_wordings
from papier.forms.typesetting import lay_out


@cache
def shipped() -> dict[str, FormDefinition]:
    """Every shipped form by name."""
    return {entry.form: entry.definition for entry in list_forms(library_folders()) if entry.definition is not None}


@cache
def layout(name: str, *, large: bool = False) -> Layout:
    return lay_out(shipped()[name], large=large)


def printed(name: str) -> str:
    """All words that stand on the sheet, in reading order, with plain spaces and apostrophes."""
    words = [item.text for page in layout(name).pages for item in page.items if isinstance(item, Text)]
    return plain(" ".join(words))


def plain(text: str) -> str:
    return re.sub(r"[\s\u00a0\u202f]+", " ", text).replace("’", "'")


def wordings(form: FormDefinition) -> Iterator[Wording]:
    """Every wording of a form: what is printed, and what it says of itself."""
    yield from sheet_wordings(form)
    yield from (law.text for law in form.law if law.sure)
    if form.retention is not None and form.retention.basis is not None:
        yield form.retention.basis
    if form.about is not None:
        yield from (form.about.when, form.about.filled_by, form.about.receiver, form.about.keep, form.about.next)


def running_text(form: FormDefinition) -> Iterator[str]:
    """The French sentences of a form: all that end in a full stop, and what it says of itself."""
    yield from (words.fr for words in sheet_wordings(form) if words.fr.rstrip().endswith((".", "!", "?")))
    if form.about is not None:
        yield from (form.about.when.fr, form.about.keep.fr, form.about.next.fr)


def sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?])\s+", plain(text)) if re.search(r"\w", part)]
