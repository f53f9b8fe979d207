"""Parts that many forms share, and what a form says of itself to the person who hands it out."""

from __future__ import annotations

import pytest

from papier.forms.parsing import parse_form
from papier.forms.parts import parts
from papier.forms.typesetting import lay_out

HEAD = "form: carnet/essai\nversion: 1\ntitle: Essai\nformat: A4\n"
ABOUT = (
    "about: {when: Toujours, filled_by: La famille, receiver: L'école, keep: Rien, next: Relancer, "
    "basis: request, clock: silence-rejet, source: [règlement]}\n"
)


def messages(text: str) -> list[str]:
    return [str(problem) for problem in parse_form(text, "f.yaml")[1]]


@pytest.mark.parametrize("name", sorted(parts()))
def test_every_part_is_sound_and_fits_a_page(name: str) -> None:
    page = "A5" if name.endswith("-a5") else "A4"
    form, problems = parse_form(f"{HEAD.replace('A4', page)}blocks: [{{part: {name}}}]\n")
    assert not problems
    assert form is not None
    assert len(lay_out(form).pages) == len(lay_out(form, large=True).pages) == 1


def test_a_part_stands_for_its_blocks_on_its_own_line() -> None:
    form, problems = parse_form(HEAD + "blocks:\n  - part: eleve\n  - {yesno: a, label: A}\n")
    assert not problems
    assert form is not None
    assert [field.field for field in form.fields()] == ["nom", "prenom", "classe", "a"]
    assert {block.line for block in form.blocks[:-1]} == {6}


def test_mistakes_with_parts_are_told_where_the_form_s_author_can_mend_them() -> None:
    assert messages(HEAD + "blocks: [{part: elevee}]\n") == [
        "f.yaml:5: unknown part `elevee`. Did you mean `eleve`?",
    ]
    (twice,) = messages(HEAD + "blocks:\n  - {comb: nom, label: Nom, content: letters, cells: 3}\n  - part: eleve\n")
    assert twice.startswith("f.yaml:7: field `nom`: the identifier is already taken on line 6.")
    assert messages(HEAD + "blocks: [{part: eleve, cells: 3}]\n")[0].startswith("f.yaml:5: unknown key `cells`.")
    assert messages(HEAD + "blocks: [{row: [{part: eleve}]}]\n")[0].endswith(
        "cannot stand inside a row. Put it outside."
    )
    assert "stand in one block" in messages(HEAD + "blocks: [{part: eleve, comb: a}]\n")[0]


def test_what_a_form_says_of_itself_is_read() -> None:
    form, problems = parse_form(HEAD + ABOUT + "blocks: [{yesno: a, label: A}]\n")
    assert not problems
    assert form is not None
    about = form.about
    assert about is not None
    wordings = (about.when, about.filled_by, about.receiver, about.keep, about.next)
    assert [wording.fr for wording in wordings] == ["Toujours", "La famille", "L'école", "Rien", "Relancer"]
    assert (about.basis, about.clock, about.sources) == ("request", "silence-rejet", ("règlement",))


def test_a_form_without_legal_basis_says_so() -> None:
    form, _ = parse_form(HEAD + ABOUT + "blocks: [{yesno: a, label: A}]\n")
    assert form is not None
    assert "Demande sans base légale particulière." in str(lay_out(form).pages[0].items)


@pytest.mark.parametrize(
    ("about", "law", "expected"),
    [
        (
            ABOUT.replace("basis: request", "basis: law"),
            "",
            "f.yaml:5: about: `basis: law`, but no sure article stands",
        ),
        (ABOUT, "law: [{text: A, source: B}]\n", "f.yaml:5: about: `basis: request`, but an article stands under"),
        (ABOUT.replace("keep: Rien, ", ""), "", "f.yaml:5: about: `keep` is missing. Add `keep: …` (what to keep)."),
        (ABOUT.replace("basis: request", "basis: loi"), "", "f.yaml:5: about: unknown basis `loi`."),
        ("about: Rien\n", "", "f.yaml:5: about: `about` is `Rien`. Write a mapping"),
    ],
)
def test_a_basis_that_does_not_hold_is_refused(about: str, law: str, expected: str) -> None:
    (problem,) = messages(HEAD + about + law + "blocks: [{yesno: a, label: A}]\n")
    assert problem.startswith(expected)
