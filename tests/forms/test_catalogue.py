"""The shipped forms as a whole: every text of law has its source, the table tells the truth, the French is plain."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from papier.forms.catalogue import basis_words, family_of, forms_table
from papier.forms.definition import Address
from papier.forms.families import families
from papier.forms.layout import Text
from papier.forms.leaflets import lay_out_guide, lay_out_poster
from papier.forms.library import library_folders
from papier.forms.shipped import shipped_folder
from papier.forms.translation import sheet_wordings
from papier.forms.typography import french_typography
from papier.workflows.deadlines import list_rules
from papier.workflows.rulebook import known_rules
from papier.yaml_source import load_yaml
from tests.forms.printed import layout, plain, printed, running_text, sentences, shipped, wordings

FORMS = sorted(shipped())
FOLDER = shipped_folder() or Path()
ABBREVIATIONS = {
    "CRPA": "Code des relations entre le public et l'administration",
    "CSP": "Code de la santé publique",
    "CJA": "Code de justice administrative",
    "CPC": "Code de procédure civile",
    "CPP": "Code de procédure pénale",
    "CSS": "Code de la sécurité sociale",
    "CSI": "Code de la sécurité intérieure",
    "CESEDA": "Code de l'entrée et du séjour des étrangers et du droit d'asile",
}
# L131-8, R. 421-1, D111-4; and numbers without a letter, after the word.
LETTERED = re.compile(r"\b[LRD]\.?\s?\*?\s?(\d{3,4}(?:-\d+)+)\b")
NUMBERED = re.compile(r"\b(?:articles?|art\.)\s+((?:\d[\d-]*)(?:(?:, | et )\d[\d-]*)*)")


def verified() -> tuple[dict[str, set[str]], set[str]]:
    """The articles of `articles.yaml` by code, and the texts named whole; each with a place where it was read."""
    node, problems = load_yaml(FOLDER / "articles.yaml")
    assert node is not None
    assert not problems
    codes = node.entries["articles"].entries
    texts = node.entries["texts"].entries
    for entry in (*(article for code in codes.values() for article in code.entries.values()), *texts.values()):
        assert entry.text, f"articles.yaml:{entry.line} has no source"
    return {name: set(code.entries) for name, code in codes.items()}, set(texts)


ARTICLES, TEXTS = verified()
NUMBERS = {article.lstrip("LRD") for code in ARTICLES.values() for article in code}


def unverified_numbers(text: str) -> list[str]:
    """The article numbers of `text` that are in no verified list."""
    found = LETTERED.findall(text)
    for group in NUMBERED.findall(text):
        found += re.split(r", | et ", group)
    return [number for number in found if number not in NUMBERS]


def unverified_parts(source: str) -> list[str]:
    """The parts of a `law: source:` that are neither an article of a listed code nor a listed text."""
    wrong = []
    for part in re.split(r" ; ", plain(source)):
        code, separator, numbers = re.sub(r", articles? ", "\0", part, count=1).partition("\0")
        articles = set(re.split(r", | et ", numbers)) if separator else set()
        if part not in TEXTS and not (articles and articles <= ARTICLES.get(code, set())):
            wrong.append(part)
    return wrong


def test_the_comparison_itself_finds_what_is_not_listed() -> None:
    assert unverified_numbers("article L9999-1 ; R. 421-1 ; articles 202 et 203 ; art. 12-3") == ["9999-1", "203"]
    assert unverified_parts("Code du travail, article L2242-17") == ["Code du travail, article L2242-17"]
    assert unverified_parts("RGPD, articles 15 et 16 ; circulaire n° 2010-136") == ["RGPD, articles 15 et 16"]
    assert unverified_parts("Code de l'éducation, article R421-1")
    assert not unverified_parts("RGPD, article 15 ; circulaire n° 2010-136")


@pytest.mark.parametrize("name", FORMS)
def test_every_article_a_form_names_was_read_somewhere(name: str) -> None:
    form = shipped()[name]
    assert [part for law in form.law for part in unverified_parts(law.source)] == []
    assert unverified_numbers(printed(name)) == []
    for words in wordings(form):
        for text in words.texts.values():
            assert unverified_numbers(plain(text)) == []
            assert "UNVERIFIED" not in text.upper()


def test_every_article_of_a_clock_was_read_somewhere() -> None:
    for rule in (rule for versions in known_rules().values() for rule in versions):
        for source in rule.sources:
            code = ABBREVIATIONS.get(source.split(" ")[0])
            numbers = [*LETTERED.findall(source), *re.findall(r"\bart\. ([\d-]+)", source)]
            known = {article.lstrip("LRD") for article in ARTICLES[code]} if code else NUMBERS | {"3"}
            assert set(numbers) <= known, f"{rule.name}: {source}"


def test_workflows_and_letters_name_no_other_article() -> None:
    for path in sorted(FOLDER.glob("*/workflow.y*ml")):
        assert unverified_numbers(plain(path.read_text("utf-8"))) == [], path


@pytest.mark.parametrize("name", FORMS)
def test_every_form_says_what_it_is_for_and_what_it_rests_on(name: str) -> None:
    form = shipped()[name]
    assert form.about is not None, f"{name} has no `about`"
    assert form.retention is not None, f"{name} does not say how long its copy is kept"
    assert form.summary is not None
    assert family_of(form) in families()
    assert form.about.clock in {None, *(rule.name for rule in list_rules())}
    if form.about.basis == "request":
        assert "Demande sans base légale particulière" in printed(name)
    else:
        assert form.about.sources, f"{name} rests on `{basis_words(form)}`, which has no source"


def test_the_table_is_made_from_the_definitions() -> None:
    made = forms_table(shipped().values())
    assert (FOLDER / "README.md").read_text("utf-8") == made, "run: papier forms table > forms/README.md"
    assert all(f"`{name}`" in made for name in FORMS)
    assert {len(line.split(" | ")) for line in made.splitlines() if line.startswith("| ")} == {7}


@pytest.mark.parametrize("name", FORMS)
def test_the_french_is_plain(name: str) -> None:
    parts = [sentence for text in running_text(shipped()[name]) for sentence in sentences(text)]
    lengths = [len(re.findall(r"[\w'-]+", part)) for part in parts]
    assert sum(lengths) / len(lengths) <= 14
    assert max(lengths) <= 26, max(parts, key=len)


def set_badly(text: str) -> bool:
    """Does French typography set anything in a printed run otherwise, or might a line's end tear it apart?"""
    return french_typography(text) != text or bool(re.search(r"[\"']|\.\.\.| [:;!?»]|« ", text))


def test_the_check_of_typography_finds_what_is_set_badly() -> None:
    assert all(map(set_badly, ("l'eau", "Objet : oui", "n° 12", "10 h", "30 jours", "« oui »", '"oui"', "et...")))
    assert not any(
        map(set_badly, ("l’eau", "Objet\u00a0: oui", "n°\u00a012", "10\u00a0h\u00a030", "30\u00a0jours", "10:30"))
    )


@pytest.mark.parametrize("name", FORMS)
def test_what_is_printed_is_set_as_french_is(name: str) -> None:
    for large in (False, True):
        for page in layout(name, large=large).pages:
            texts = [item.text for item in page.items if isinstance(item, Text) and item.font != "number"]
            assert [text for text in texts if set_badly(text)] == []


@pytest.mark.parametrize("name", sorted(families()))
def test_guides_and_posters_are_set_as_french_is(name: str) -> None:
    family = families()[name]
    pages = [lay_out_guide(family, [form for form in shipped().values() if family_of(form) == name])]
    if family.poster is not None:
        pages.append(lay_out_poster(family, [shipped()[form] for form in family.poster.forms]))
    texts = [item.text for page in pages for item in page.pages[0].items if isinstance(item, Text)]
    assert [text for text in texts if set_badly(text)] == []


@pytest.mark.parametrize("name", FORMS)
def test_every_sheet_says_to_whom_it_goes(name: str) -> None:
    form = shipped()[name]
    assert form.about is not None
    # A letter bears an address, or the lines to write one.
    if not any(isinstance(block, Address) for block in form.blocks):
        assert f"Destinataire : {plain(form.about.receiver.fr)[1:]}" in printed(name).replace(
            f"Destinataire : {plain(form.about.receiver.fr)[0].lower()}", "Destinataire : "
        )


@pytest.mark.parametrize("name", FORMS)
def test_english_stands_beside_french(name: str) -> None:
    assert [words.fr for words in sheet_wordings(shipped()[name]) if "en" not in words.texts] == []


# The strip with the number at the top of a page, in millimetres.
STRIP = 16.0
# A signature with its label alone begins within 4 mm of the page's top; a line of print and a question take more.
ABOVE_SIGNATURE = 20.0
# Below this part of its page, the last one carries so little that the form should be one page shorter.
LEAST_USED = 0.2


@pytest.mark.parametrize("large", [False, True], ids=["normal", "large"])
@pytest.mark.parametrize("name", FORMS)
def test_no_page_is_wasted(name: str, large: bool) -> None:
    pages = layout(name, large=large).pages
    height = layout(name, large=large).size_mm[1]
    used = max((zone.rect.bottom for zone in pages[-1].zones), default=height)
    assert len(pages) == 1 or used / height >= LEAST_USED, f"{len(pages)} pages, {used / height:.0%} of the last"


@pytest.mark.parametrize("large", [False, True], ids=["normal", "large"])
@pytest.mark.parametrize("name", FORMS)
def test_nobody_signs_a_page_that_says_nothing(name: str, large: bool) -> None:
    for page in layout(name, large=large).pages:
        signatures = [zone.rect for zone in page.zones if zone.kind == "signature"]
        if signatures:
            top = min(rect.y for rect in signatures)
            printed = [item.y for item in page.items if isinstance(item, Text) and item.y > STRIP]
            assert min(printed, default=top) < top - ABOVE_SIGNATURE, f"page {page.page}"


def test_the_forms_that_another_makes_official_are_never_replaced() -> None:
    official = {"police/amende", "police/amende-envoi", "sante/feuille-soins", "temoignage/attestation"}
    for name in official:
        assert re.search(r"n'est pas une contestation|ne (la )?remplace pas", printed(name)), name


def test_the_library_folder_is_the_one_shipped() -> None:
    assert library_folders()[-1] == FOLDER
