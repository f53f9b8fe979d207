"""New forms: drafts are sound whatever the labels, copies keep all but name, version and title."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from papier.errors import UsageError
from papier.forms.definition import PageFormat
from papier.forms.drafting import Kind, Question, check_name, copy_form, draft_form, likely_kind
from papier.forms.parsing import parse_form
from papier.forms.shipped import shipped_folder
from papier.forms.typesetting import lay_out

LABELS = st.text(st.characters(codec="latin-1", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=40).filter(
    lambda text: text.strip() != ""
)
QUESTIONS = st.builds(
    Question, LABELS, st.sampled_from(list(Kind)), st.lists(LABELS, min_size=1, max_size=5).map(tuple)
)


@example("0", [Question("NULL", Kind.WORD), Question("On", Kind.CHOICE, ("Oui", "Off"))], "eleve")
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LABELS, st.lists(QUESTIONS, max_size=6), st.sampled_from(["eleve", "usager", None]))
def test_every_draft_is_sound(title: str, questions: list[Question], who: str | None) -> None:
    form, problems = parse_form(draft_form("essai/neuf", title, PageFormat.A4, who=who, questions=questions))
    assert problems == []
    assert form is not None
    assert form.title.fr == " ".join(title.split())
    labels = [field.label.fr for field in form.fields()]
    assert all(" ".join(question.label.split()) in labels for question in questions)


@pytest.mark.parametrize(("paper", "who"), list(product(["A4", "A5", "A5x2"], ["eleve", None])))
def test_drafts_fit_their_page(paper: str, who: str | None) -> None:
    questions = [Question("Date de la sortie", Kind.DATE), Question("Moyen", Kind.CHOICE, ("Car", "Train"))]
    form, _ = parse_form(draft_form("essai/neuf", "Sortie", PageFormat(paper), who=who, questions=questions))
    assert form is not None
    assert len(lay_out(form).pages) == 1


def test_a_copy_keeps_all_but_name_version_and_title() -> None:
    source = ((shipped_folder() or "") / "carnet/rendez-vous.yaml").read_text("utf-8")  # type: ignore[operator]
    copied, problems = parse_form(copy_form(source, "essai/copie", "Une copie : la mienne"))
    original, _ = parse_form(source)
    assert not problems
    assert copied is not None
    assert original is not None
    assert (copied.form, copied.version, copied.title.fr) == ("essai/copie", 1, "Une copie : la mienne")
    assert [field.field for field in copied.fields()] == [field.field for field in original.fields()]
    assert copied.summary == original.summary


def test_a_label_says_what_it_most_likely_takes() -> None:
    for label, kind in (
        ("Date de la sortie", "date"),
        ("Téléphone", "téléphone"),
        ("Remarques", "lignes"),
        ("Nombre de tables", "nombre"),
    ):
        assert str(likely_kind(label)) == kind
    assert str(likely_kind("Sait nager")) == "mot"


def test_a_name_is_suggested_for_what_is_none() -> None:
    with pytest.raises(UsageError, match="as in carnet/sortie-a-la-piscine"):
        check_name("Sortie à la piscine")


def test_a_name_that_is_none_is_refused() -> None:
    for name in ("absence", "Carnet/absence", "../x"):
        with pytest.raises(UsageError, match="is no name of a form"):
            draft_form(name, "A", PageFormat.A5, who=None, questions=[])
