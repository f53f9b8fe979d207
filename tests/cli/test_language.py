"""The French catalogue: compiled from its source, and complete."""

from __future__ import annotations

import datetime as dt
import gettext
import importlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import papier
from papier.forms.shapes import Key
from papier.language import LOCALE_FOLDER, chosen_language, translate, translate_count, using_language, written_day

PACKAGE = Path(papier.__file__).parent
MESSAGES_IN = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
FRENCH = LOCALE_FOLDER / "fr" / "LC_MESSAGES"


def test_compiled_catalogue_is_that_of_its_source() -> None:
    with (FRENCH / "papier.po").open("rb") as stream:
        messages = [message for message in read_po(stream) if message.id]
    compiled = gettext.translation("papier", LOCALE_FOLDER, languages=["fr"])
    assert messages
    for message in messages:
        if message.pluralizable:
            one, many = (str(text) for text in message.id)
            assert [compiled.ngettext(one, many, count) for count in (1, 2)] == list(message.string or ())
        else:
            assert compiled.gettext(str(message.id)) == message.string


def test_every_message_of_the_program_has_its_french_with_the_same_placeholders() -> None:
    compiled = gettext.translation("papier", LOCALE_FOLDER, languages=["fr"])
    found = [entry[2] for entry in extract_from_dir(str(PACKAGE), MESSAGES_IN, keywords={"_": None, "_n": (1, 2)})]
    messages = {message for message in found if isinstance(message, str)}
    assert len(messages) > 50
    untold = {message for message in messages if compiled.gettext(message) == message and len(message) > 12}
    assert untold == set()
    for message in messages:
        assert set(re.findall(r"{\w+}", compiled.gettext(message))) == set(re.findall(r"{\w+}", message)), message
    counted = {(str(one), str(many)) for one, many in (entry for entry in found if not isinstance(entry, str))}
    assert len(counted) > 15
    for one, many in counted:
        for count, english in ((1, one), (2, many)):
            french = compiled.ngettext(one, many, count)
            assert french != english or english in {"{count} page", "{count} pages"}, english
            assert set(re.findall(r"{\w+}", french)) == set(re.findall(r"{\w+}", english)), english


@pytest.mark.parametrize("module", ["forms.grammar", "forms.families", "forms.recipients", "workflows.grammar"])
def test_what_every_key_of_a_definition_is_for_is_said_in_french(module: str) -> None:
    known = list(keys_in(vars(importlib.import_module(f"papier.{module}"))))
    assert len(known) >= 3
    with using_language("fr"):
        assert [key.about for key in known if key.words == key.about] == []


def keys_in(values: Mapping[str, Any]) -> Iterator[Key]:
    """The keys of a module's tables, and of tables of tables."""
    for value in values.values():
        if isinstance(value, Key):
            yield value
        elif isinstance(value, dict) and value is not values.get("__builtins__"):
            yield from keys_in(value)


def test_the_french_is_typeset_as_french() -> None:
    # What is typed or stands in a file is none: code, examples, options, the keys of YAML.
    code = re.compile(r"`[^`]*`|\{[^{}]*\}|^  .*$|--\S+|'[^' ][^']*'(?=[ .]|$)|\"[^\"]*\"|\b[a-z_]+:", re.MULTILINE)
    wrong = re.compile(r"[^\W\d_]'\w| [;:?!»](?!\S)|«(?!\u00a0)|(?<![\u00a0\u202f ])[;!?»]")
    with (FRENCH / "papier.po").open("rb") as stream:
        messages = [message for message in read_po(stream) if message.id]
    told = [text for m in messages for text in ([m.string] if isinstance(m.string, str) else m.string or ())]
    assert len(told) > 1000
    assert [text for text in told if wrong.search(code.sub("x", text))] == []
    assert wrong.search("l'élève")
    assert wrong.search("Quand ?")
    assert not wrong.search("l’élève\u202f; quand\u202f? «\u00a0là\u00a0»\u00a0: 10:30")


@pytest.mark.parametrize(("count", "french"), [(0, "0 dossier."), (1, "1 dossier."), (2, "2 dossiers.")])
def test_one_is_not_several(monkeypatch: pytest.MonkeyPatch, count: int, french: str) -> None:
    monkeypatch.setenv("PAPIER_LANGUAGE", "fr")
    assert translate_count("{count} case.", "{count} cases.", count).format(count=count) == french


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "fr"),
        ({"LANG": "C.UTF-8"}, "fr"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "fr_CA.UTF-8"}, "fr"),
    ],
)
def test_the_locale_decides(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str) -> None:
    for name in ("PAPIER_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert chosen_language() == language
    assert translate("handed out") == {"fr": "remise le", "en": "handed out"}[language]


@pytest.mark.parametrize(
    ("day", "french", "english"),
    [
        (dt.date(2026, 11, 3), "03/11/2026", "2026-11-03"),
        ("2026-11-03T08:15:00+00:00", "03/11/2026", "2026-11-03"),
        (dt.datetime(2026, 11, 3, 8, tzinfo=dt.UTC), "03/11/2026", "2026-11-03"),
        ("vers 1950", "vers 1950", "vers 1950"),
        (None, "", ""),
    ],
)
def test_a_day_is_written_as_its_reader_does(day: dt.date | str | None, french: str, english: str) -> None:
    with using_language("fr"):
        assert written_day(day) == french
    with using_language("en"):
        assert written_day(day) == english
