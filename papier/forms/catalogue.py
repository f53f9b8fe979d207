"""The table of all forms, family by family, made from what the definitions say of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from papier.forms.definition import FormDefinition
from papier.forms.families import families, find_family

HEADER = """\
# Les formulaires

<!-- Made by `papier forms table > forms/README.md`; a test holds it to the definitions. -->

One row a form: who fills it in, who receives it, what it rests on, the clock (`papier deadline`), the next step, and
where the basis was read. The articles named on the sheets are listed with their sources in `articles.yaml`; families
are named in `families.yaml`, shared questions in `parts.yaml`. Law was read in stored pages, in November 2026: check it
again before you rely on it.
"""
_COLUMNS = ("Formulaire", "Qui remplit", "Qui reçoit", "Base", "Délai", "Étape suivante", "Source")
NO_CLOCK = "aucun"
_BASES = {"request": "aucune base légale particulière : une demande", "rules": "règles de l'organisme ou usage"}


def forms_table(forms: Iterable[FormDefinition]) -> str:
    """The Markdown of `forms/README.md`, families in the order of `families.yaml`, forms by name."""
    order = {name: place for place, name in enumerate(families())}
    known = sorted(forms, key=lambda form: (order.get(family_of(form), len(order)), form.form))
    lines = [HEADER]
    for family, members in groupby(known, family_of):
        lines += [f"\n## {find_family(family).title.fr}\n", _row(_COLUMNS), _row(["---"] * len(_COLUMNS))]
        lines += [_row(_cells(form)) for form in members]
    return "\n".join(lines) + "\n"


def family_of(form: FormDefinition) -> str:
    return form.form.partition("/")[0]


def basis_words(form: FormDefinition) -> str:
    """What the form rests on, in French: its sure articles, or that there is none."""
    if form.about is not None and form.about.basis != "law":
        return _BASES[form.about.basis]
    return " ; ".join(law.source for law in form.law if law.sure) or _BASES["request"]


def _cells(form: FormDefinition) -> Iterator[str]:
    yield f"`{form.form}` {form.title.fr}"
    about = form.about
    if about is None:
        yield from ["", "", basis_words(form), "", "", ""]
        return
    yield about.filled_by.fr
    yield about.receiver.fr
    yield basis_words(form)
    yield f"`{about.clock}`" if about.clock else NO_CLOCK
    yield about.next.fr
    yield " ; ".join(about.sources) or "–"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"
