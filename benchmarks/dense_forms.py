"""Forms with as many tick boxes as a page holds: shipped forms alone would take ten pages for a hundred questions."""

from __future__ import annotations

from papier.forms.layout import Layout
from papier.forms.parsing import parse_form
from papier.forms.typesetting import lay_out

TABLE = """\
form: mesure/tableau
version: 1
title: Tableau de cases
format: A4
blocks:
  - table: t
    label: Cochez
    rows: 27
    columns:
      - tick: a
        label: A
        options: {oui: Oui, non: Non}
      - tick: b
        label: B
        options: {oui: Oui, non: Non}
      - tick: c
        label: C
        options: {un: Un, deux: Deux, trois: Trois}
      - tick: d
        label: D
        multiple: true
        options: {un: Un, deux: Deux, trois: Trois}
      - tick: e
        label: E
        options: {vu: Vu}
"""
GRID = """\
form: mesure/grille
version: 1
title: Grilles de cases
format: A4
blocks:
  - grid: une
    label: Une seule réponse par ligne
    rows: {ROWS}
    options: {a: Jamais, b: Rarement, c: Parfois, d: Souvent, e: Toujours}
  - grid: plusieurs
    label: Plusieurs réponses possibles
    multiple: true
    rows: {ROWS}
    options: {a: Lundi, b: Mardi, c: Jeudi, d: Vendredi}
"""
QUESTIONS = """\
form: mesure/questions
version: 1
title: Questions
format: A4
blocks:
"""


def dense_layouts() -> list[Layout]:
    """The layouts, by the names mesure/tableau, mesure/grille and mesure/questions."""
    rows = ", ".join(f"r{n:02d}: Ligne {n}" for n in range(1, 14))
    questions = "".join(
        f"  - row:\n"
        f"      - {{yesno: o{n}, label: Question {n}}}\n"
        f"      - {{tick: s{n}, label: Choix {n}, options: {{un: Un, deux: Deux, trois: Trois}}}}\n"
        f"      - {{tick: m{n}, label: Liste {n}, multiple: true, options: {{x: Pain, y: Lait}}}}\n"
        for n in range(1, 11)
    )
    return [
        _laid_out(TABLE),
        _laid_out(GRID.replace("ROWS", rows)),
        _laid_out(QUESTIONS + questions),
    ]


def _laid_out(text: str) -> Layout:
    definition, problems = parse_form(text)
    if definition is None:
        raise ValueError("; ".join(str(problem) for problem in problems))
    return lay_out(definition)
