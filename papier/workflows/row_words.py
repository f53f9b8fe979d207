"""The words of the day's sheet: each row says in plain French what is to be done, for whom, by when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from papier.forms.layout import Layout
from papier.forms.shapes import is_iso_date
from papier.records import Value
from papier.workflows.case import Case, Doubt, Question, Stage, said
from papier.workflows.definition import Workflow
from papier.workflows.tasks import Task, TaskKind

# Two lines of a cell; a longer text is cut, and `cases show` has it whole.
LONGEST = 108

# What is printed on the sheets that questions are about, by sheet number: without it, fields are called by their names.
Faces = Mapping[str, Layout]


def task_words(
    task: Task,
    case: Case,
    workflow: Workflow,
    count: int = 1,
    people: Sequence[str] = (),
    *,
    faces: Faces | None = None,
) -> dict[str, str]:
    """The cells of a row; `count` cases share it, those of `people` where it names them.

    Where several readings of one case share a row, it names their fields.
    """
    if count > 1 and task.kind is not TaskKind.CHECK:
        class_ = case.person.get("classe")
        who = f"{count} dossiers" + (f", {class_}" if class_ else "")
    else:
        who = f"n° {case.number} · {short_name(case)}"
    named = count > 1 and bool(people)
    what = _what(task, case, workflow, count, named=named, faces=faces)
    if named:
        what = f"{what} : {', '.join(people)}"
    return {"dossier": _cut(who, 48), "objet": _cut(what, LONGEST), "jour": day_words(task.day)}


def name_in_rows(task: Task, case: Case, workflow: Workflow, people: Sequence[str]) -> list[int]:
    """How many of `people`, in their order, each row can name whole. One person alone is named in its own cell."""
    sizes: list[int] = []
    room = LONGEST - len(_what(task, case, workflow, len(people), named=True))
    left = 0
    for person in people:
        needed = len(person) + 2
        if needed > left or not sizes:
            sizes.append(0)
            left = room - 1
        sizes[-1] += 1
        left -= needed
    return sizes


def _what(
    task: Task, case: Case, workflow: Workflow, count: int, *, named: bool = False, faces: Faces | None = None
) -> str:
    step = workflow.steps[task.step]
    title = step.title.fr
    if task.kind is TaskKind.CHECK:
        question = next(asked for asked in case.questions if asked.key == task.key)
        if count > 1:
            asked = [q for q in case.questions if q.doubt is Doubt.FIELD]
            fields = dict.fromkeys(_label(q, faces) for q in asked)
            return f"Vérifier {len(asked)} lectures (feuille de vérification ou écran) : {', '.join(fields)}"
        return f"Vérifier. {question_words(question, workflow, faces)}"
    if task.kind in {TaskKind.DUE, TaskKind.OVERDUE} and task.due is not None:
        clock = task.due.clock
        what = clock.silence or clock.name
        if task.due.theoretical is None and not clock.ours:
            return f"{title} : notez la date de réception, elle n'est pas prouvée"
        return f"{'Délai dépassé' if task.kind is TaskKind.OVERDUE else 'Échéance'}. {title} : {what}"
    if task.kind is TaskKind.DECIDE and step.decision is not None:
        return f"Décider ({step.decision.by}). {step.decision.question.fr}"
    if task.kind is TaskKind.DO:
        return f"Faire. {title}"
    printed = case.stage(workflow, task.step) is Stage.SEND
    to = f" ({step.to})" if step.to and not named and step.to.casefold() not in title.casefold() else ""
    if task.kind is TaskKind.SIGN:
        return f"{'Signer et poster' if printed else 'Imprimer, signer et poster'}. {title}{to}"
    what = "feuilles" if count > 1 else "feuille"
    return f"{'Remettre' if printed else 'Imprimer et remettre'} {count if count > 1 else 'la'} {what}. {title}{to}"


def question_words(question: Question, workflow: Workflow, faces: Faces | None = None) -> str:
    """A question in plain French, with what a person has to do about it; fields and boxes as they are printed."""
    field = _label(question, faces)
    match question.doubt:
        case Doubt.FIELD if question.text:
            return f"« {field} » se lit-il « {_printed(question, faces)} » ?"
        case Doubt.FIELD:
            return f"« {field} » est vide ou illisible : corriger d'après la feuille {question.sheet}"
        case Doubt.CONFLICT if question.key.startswith("field:"):
            return f"« {field} » ne peut pas être le {question.text} : corriger d'après la feuille {question.sheet}"
        case Doubt.CONFLICT:
            return f"« {field} » diffère d'une numérisation à l'autre : {_printed(question, faces)}"
        case Doubt.TWO_ANSWERS:
            said = two_sides(question.text, _face(question, faces))
            return f"Deux réponses différentes ({said}) : à une personne de trancher"
        case Doubt.UNSIGNED:
            return f"Coché ({_printed(question, faces)}) mais pas signé, feuille {question.sheet}"
        case Doubt.SEVERAL:
            return f"Plusieurs choix à la fois ({_printed(question, faces)}), feuille {question.sheet}"
        case Doubt.PAGES:
            return f"Il manque la page {question.text} de la feuille {question.sheet}"
        case Doubt.BLANK:
            return f"Feuille {question.sheet} revenue vide ? (fait : oui, on l'attend toujours)"
        case Doubt.LATE:
            return f"Feuille {question.sheet} arrivée trop tard pour « {workflow.title.fr} » : la classer"
        case Doubt.CLOSED:
            return f"Feuille {question.sheet} arrivée pour un dossier clos : le rouvrir ou la classer"
        case Doubt.ALIKE:
            return f"Ressemble à un dossier ouvert ({question.text}) : le même ?"
        case Doubt.VERSION:
            return f"Feuille d'une ancienne version, sans « {question.text} » : décider sur papier libre signé"
        case Doubt.FLAGGED:
            return f"Signalé sur la feuille du jour : {question.text}"


def _face(question: Question, faces: Faces | None) -> Layout | None:
    # A photocopied master's copies are told apart by their record.
    return (faces or {}).get((question.sheet or "").partition("#")[0])


def _label(question: Question, faces: Faces | None) -> str:
    face, field = _face(question, faces), question.field or ""
    return face.labels.get(field, field).rstrip(" :") if face is not None else field


def _printed(question: Question, faces: Faces | None) -> str:
    """The question's text with its boxes called as they are printed."""
    face = _face(question, faces)
    if face is None:
        return printed_value(question.text)
    boxes = face.option_labels.get(question.field or "") or {
        name: label for options in face.option_labels.values() for name, label in options.items()
    }
    if question.doubt is Doubt.CONFLICT:
        return " puis ".join(f"« {_boxes(side.strip('« »'), boxes)} »" for side in question.text.split(" puis "))
    return _boxes(question.text, boxes)


def _boxes(text: str, labels: Mapping[str, str]) -> str:
    return ", ".join(labels.get(name, printed_value(name)) for name in text.split(", "))


def written_fields(sheet: str, values: Mapping[str, Value], faces: Faces) -> list[str]:
    """What a sheet says, a piece a field: the label and the value, boxes as they are printed."""
    face = faces.get(sheet.partition("#")[0])
    labels = face.labels if face is not None else {}
    return [
        f"{labels.get(name, name).rstrip(' :')} : {option_words(value, name, face)}" for name, value in values.items()
    ]


def option_words(value: Value, field: str, face: Layout | None) -> str:
    """A value as a person writes it; boxes as they are printed, where `face` is known."""
    return _boxes(said(value), face.option_labels.get(field, {}) if face is not None else {})


def two_sides(text: str, face: Layout | None) -> str:
    """What two sheets say differently ("motif : maladie / autre ; …"), fields and boxes as they are printed."""
    if face is None:
        return text
    parts = []
    for part in text.split(" ; "):
        name, colon, values = part.partition(" : ")
        boxes = face.option_labels.get(name, {})
        sides = " / ".join(_boxes(side, boxes) for side in values.split(" / "))
        parts.append(f"{face.labels.get(name, name)}{colon}{sides}")
    return " ; ".join(parts)


def printed_value(text: str) -> str:
    """A value as a person writes it: a day by day, month and year."""
    return f"{dt.date.fromisoformat(text):%d/%m/%Y}" if is_iso_date(text) else text


def incoming_words(title: str, class_: str, count: int) -> dict[str, str]:
    """The cells of a row that tells what came in."""
    sheets = f"{count} feuille{'s' if count > 1 else ''} classée{'s' if count > 1 else ''}"
    return {
        "dossier": _cut(f"Arrivé{f', {class_}' if class_ else ''}", 48),
        "objet": _cut(f"{title} : {sheets}", LONGEST),
    }


def short_name(case: Case) -> str:
    class_ = case.person.get("classe")
    return (case.name or "sans nom") + (f", {class_}" if class_ else "")


def day_words(day: dt.date | None) -> str:
    return "" if day is None else f"{day:%d/%m/%y}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
