"""The first draft of a form: from a few answers, or from another form. What comes out is YAML to edit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from papier.errors import UsageError
from papier.forms.definition import PageFormat
from papier.forms.roster import column_name
from papier.forms.shapes import FORM_ID
from papier.language import translate as _

_QUOTED = re.compile(r"[:#{}\[\],&*?|<>=!%@`\"']|^\s|\s$|^-")
# Words that YAML takes for a truth value or for nothing, and "oui" and "non", which papier takes so too.
_YAML_WORDS = frozenset({"oui", "non", "yes", "no", "on", "off", "true", "false", "null", "~"})
_LONGEST_ID = 30


class Kind(StrEnum):
    """What a question of a draft takes."""

    WORD = "mot"
    DATE = "date"
    HOUR = "heure"
    TELEPHONE = "téléphone"
    YES_NO = "oui-non"
    CHOICE = "choix"
    NUMBER = "nombre"
    LINES = "lignes"


# The first word of a label often says what it takes.
_LIKELY = {
    "date": Kind.DATE,
    "jour": Kind.DATE,
    "heure": Kind.HOUR,
    "telephone": Kind.TELEPHONE,
    "nombre": Kind.NUMBER,
    "combien": Kind.NUMBER,
    "ce": Kind.LINES,
    "pourquoi": Kind.LINES,
    "raison": Kind.LINES,
    "raisons": Kind.LINES,
    "remarque": Kind.LINES,
    "remarques": Kind.LINES,
    "precisions": Kind.LINES,
    "observations": Kind.LINES,
}


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its label, what it takes, and the answers offered for a choice."""

    label: str
    kind: Kind
    options: tuple[str, ...] = ()


def draft_form(name: str, title: str, paper: PageFormat, *, who: str | None, questions: Sequence[Question]) -> str:
    """The YAML of a new form, with a date and a signature at its end.

    `who`: "eleve" or "usager", the part that asks who fills it in; None for nobody. Raises UsageError for a name that
    is none.
    """
    check_name(name)
    narrow = paper in {PageFormat.A5, PageFormat.A5_TWO_UP, PageFormat.A6}
    ending = "-a5" if narrow else ""
    lines = [f"form: {name}", "version: 1", f"title: {_quoted(title)}", f"format: {paper}"]
    lines += ["retention: {duration: P1Y}", "blocks:"]
    if who is not None:
        lines.append(f"  - part: {who}{ending if who == 'eleve' else ''}")
    taken = {"date", "signature", "nom", "prenom", "classe", "naissance", "telephone", "adresse"} if who else {"date"}
    for question in questions:
        lines += _question(question, _identifier(question.label, taken), narrow=narrow)
    lines.append(f"  - part: date-signature{ending}")
    return "\n".join(lines) + "\n"


def copy_form(source: str, name: str, title: str | None) -> str:
    """The YAML `source` of a form as the first version of another; comments and order stay."""
    check_name(name)
    text = re.sub(r"(?m)^form:.*$", f"form: {name}", source, count=1)
    text = re.sub(r"(?m)^version:.*$", "version: 1", text, count=1)
    if title is not None:
        # A title may stand on one line or on several.
        text = re.sub(r"(?m)^title:.*\n(?:[ \t]+.*\n)*", f"title: {_quoted(title)}\n", text, count=1)
    return text


def check_name(name: str) -> None:
    """Raises UsageError, with a name that would do, for what is no name of a form."""
    if not FORM_ID.fullmatch(name):
        parts = [column_name(part).replace("_", "-") for part in name.split("/") if column_name(part)]
        family, slug = parts[0] if len(parts) > 1 else "carnet", parts[-1] if parts else "absence"
        raise UsageError(
            _(
                "“{name}” is no name of a form. Write family/name in small letters without accents, as in "
                "{family}/{slug}."
            ).format(name=name, family=family, slug=slug)
        )


def likely_kind(label: str) -> Kind:
    """What a question with this label most likely takes."""
    first = column_name(label).split("_")[0]
    return _LIKELY.get(first, Kind.WORD)


def _question(question: Question, identifier: str, *, narrow: bool) -> list[str]:
    label = f"    label: {_quoted(question.label)}"
    match question.kind:
        case Kind.WORD:
            cells = 20 if narrow else 28
            return [f"  - comb: {identifier}", label, "    content: letters", f"    cells: {cells}"]
        case Kind.DATE | Kind.HOUR | Kind.TELEPHONE:
            content = {"date": "date", "heure": "hour", "téléphone": "telephone"}[question.kind]
            return [f"  - comb: {identifier}", label, f"    content: {content}"]
        case Kind.NUMBER:
            return [f"  - comb: {identifier}", label, "    content: number", "    cells: 3"]
        case Kind.YES_NO:
            return [f"  - yesno: {identifier}", label]
        case Kind.LINES:
            return [f"  - lines: {identifier}", label, "    count: 3"]
        case Kind.CHOICE:
            taken: set[str] = set()
            options = [f"      {_identifier(option, taken)}: {_quoted(option)}" for option in question.options]
            return [f"  - tick: {identifier}", label, "    options:", *options]


def _identifier(label: str, taken: set[str]) -> str:
    """A field's identifier from its label, no other's; `taken` grows by it."""
    base = column_name(label)[:_LONGEST_ID].strip("_") or "champ"
    if not base[0].isalpha() or base in _YAML_WORDS:
        base = f"n_{base}"
    identifier, count = base, 2
    while identifier in taken:
        identifier, count = f"{base}_{count}", count + 1
    taken.add(identifier)
    return identifier


def _quoted(text: str) -> str:
    text = " ".join(text.split())
    if _QUOTED.search(text) or text.lower() in _YAML_WORDS:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text
