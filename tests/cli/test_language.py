"""The French catalogue: compiled from its source, and complete."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import papier
from papier.language import LOCALE_FOLDER, chosen_language, translate

PACKAGE = Path(papier.__file__).parent
MESSAGES_IN = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
FRENCH = LOCALE_FOLDER / "fr" / "LC_MESSAGES"


def test_compiled_catalogue_is_that_of_its_source() -> None:
    with (FRENCH / "papier.po").open("rb") as stream:
        source = {str(message.id): str(message.string) for message in read_po(stream) if message.id}
    compiled = gettext.translation("papier", LOCALE_FOLDER, languages=["fr"])
    assert source
    assert all(compiled.gettext(message) == french for message, french in source.items())


def test_every_message_of_the_program_has_its_french_with_the_same_placeholders() -> None:
    compiled = gettext.translation("papier", LOCALE_FOLDER, languages=["fr"])
    messages = {str(found[2]) for found in extract_from_dir(str(PACKAGE), MESSAGES_IN, keywords={"_": None})}
    assert len(messages) > 50
    untold = {message for message in messages if compiled.gettext(message) == message and len(message) > 12}
    assert untold == set()
    for message in messages:
        assert set(re.findall(r"{\w+}", compiled.gettext(message))) == set(re.findall(r"{\w+}", message)), message


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
