"""Sheets with a translation facing the French: whole, marked as such, with the same boxes and cells."""

from __future__ import annotations

import pytest

from papier.errors import UsageError
from papier.forms.layout import Text
from papier.forms.parsing import parse_form
from papier.forms.translation import glossary, translations, with_translation
from papier.forms.typefaces import covers
from papier.forms.typesetting import lay_out
from tests.forms.printed import layout, plain, shipped

# The sheets that a school hands out most.
SIX = (
    "carnet/absence",
    "carnet/fiche-urgence",
    "carnet/mot-aux-parents",
    "carnet/rendez-vous",
    "carnet/retard",
    "carnet/sortie-exceptionnelle",
)


@pytest.mark.parametrize("name", SIX)
def test_the_sheets_of_a_school_stand_in_four_languages(name: str) -> None:
    assert translations(shipped()[name]) == ["ar", "en", "tr", "uk"]
    asked = [(zone.field, zone.option, len(zone.cells)) for zone in layout(name).zones()]
    for language in ("ar", "tr", "uk"):
        sheet = lay_out(with_translation(shipped()[name], language))
        assert [(zone.field, zone.option, len(zone.cells)) for zone in sheet.zones()] == asked
        words = plain(" ".join(item.text for page in sheet.pages for item in page.items if isinstance(item, Text)))
        assert "Traduction sans valeur juridique, à relire : seul le texte français fait foi." in words
        lay_out(with_translation(shipped()[name], language), large=True)


@pytest.mark.parametrize("name", SIX)
def test_arabic_stands_by_its_own_box(name: str) -> None:
    """Who reads from right to left must not take the next column's box for that of the words before it."""
    for page in lay_out(with_translation(shipped()[name], "ar")).pages:
        boxes = [zone.rect for zone in page.zones if zone.kind == "tick"]
        for item in page.items:
            if isinstance(item, Text) and item.rtl:
                # Words under a box's line belong to the box at their left; those on it may ask what the box answers.
                level = [box for box in boxes if box.bottom < item.y < box.bottom + 6.0]
                assert all(not 0.0 < box.x - item.x < 10.0 for box in level), (item.text, item.x)


def test_the_faces_hold_every_letter_of_the_translations() -> None:
    for french, texts in glossary().items():
        for language, text in texts.items():
            faces = ("arabic", "arabic-bold") if language == "ar" else ("regular", "italic", "bold")
            assert all(covers(face, text) for face in faces), (french, language)


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_form_prints_in_french_and_english(name: str) -> None:
    sheet = lay_out(with_translation(shipped()[name], "en"))
    assert {zone.field for zone in sheet.zones()} == {zone.field for zone in layout(name).zones()}


def test_a_form_that_is_not_wholly_translated_is_refused() -> None:
    form, _ = parse_form(
        "form: a/b\nversion: 1\ntitle: {fr: Essai, en: Trial}\nformat: A5\n"
        "blocks: [{yesno: a, label: {fr: Une question, en: A question}}, {comb: b, label: Deux mots, content: date}]\n"
    )
    assert form is not None
    with pytest.raises(UsageError, match=r"a/b is not wholly translated into `en`: “Deux mots” is not"):
        with_translation(form, "en")
    assert with_translation(form, "fr").languages == ("fr",)
