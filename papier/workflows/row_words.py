"""The words of the day's sheet: each row says in plain French what is to be done, for whom, by when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from papier.forms.shapes import is_iso_date
from papier.workflows.case import Case, Doubt, Question, Stage
from papier.workflows.definition import Workflow
from papier.workflows.tasks import Task, TaskKind

# Two lines of a cell; a longer text is cut, and `cases show` has it whole.
LONGEST = 108


def task_words(
    task: Task, case: Case, workflow: Workflow, count: int = 1, people: Sequence[str] = ()
) -> dict[str, str]:
    """The cells of a row; `count` cases share it, those of `people` where it names them."""
    if count > 1 and task.kind is not TaskKind.CHECK:
        class_ = case.person.get("classe")
        who = f"{count} dossiers" + (f", {class_}" if class_ else "")
    else:
        who = f"n° {case.number} · {short_name(case)}"
    named = count > 1 and bool(people)
    what = _what(task, case, workflow, count, named=named)
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


def _what(task: Task, case: Case, workflow: Workflow, count: int, *, named: bool = False) -> str:
    step = workflow.steps[task.step]
    title = step.title.fr
    if task.kind is TaskKind.CHECK:
        question = next(asked for asked in case.questions if asked.key == task.key)
        if question.doubt is Doubt.FIELD and not question.text:
            unread = [
                q.field or ""
                for q in case.questions
                if q.sheet == question.sheet and q.doubt is Doubt.FIELD and not q.text
            ]
            return f"Vérifier. Vide ou illisible sur la feuille {question.sheet} : {', '.join(unread)}"
        return f"Vérifier. {question_words(question, workflow)}"
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


def question_words(question: Question, workflow: Workflow) -> str:
    """A question in plain French, with what a person has to do about it."""
    field = question.field or ""
    match question.doubt:
        case Doubt.FIELD if question.text:
            return f"« {field} » se lit-il « {printed_value(question.text)} » ?"
        case Doubt.FIELD:
            return f"« {field} » est vide ou illisible : corriger d'après la feuille {question.sheet}"
        case Doubt.CONFLICT if question.key.startswith("field:"):
            return f"« {field} » ne peut pas être le {question.text} : corriger d'après la feuille {question.sheet}"
        case Doubt.CONFLICT:
            return f"« {field} » diffère d'une numérisation à l'autre : {question.text}"
        case Doubt.TWO_ANSWERS:
            return f"Deux réponses différentes ({question.text}) : à une personne de trancher"
        case Doubt.UNSIGNED:
            return f"Coché ({question.text}) mais pas signé, feuille {question.sheet}"
        case Doubt.SEVERAL:
            return f"Plusieurs choix à la fois ({question.text}), feuille {question.sheet}"
        case Doubt.PAGES:
            return f"Il manque la page {question.text} de la feuille {question.sheet}"
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
