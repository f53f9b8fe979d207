"""What a case writes into the sheets it prints: who, to whom, and what happened when, in plain French."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from papier.language import translate as _
from papier.workflows.case import Case, Mark
from papier.workflows.deadlines import MONTHS
from papier.workflows.definition import Step, Way, Workflow
from papier.workflows.dues import running

# La Poste: six lines of 38 characters at most in the window.
ADDRESS_LINES, ADDRESS_WIDTH = 6, 38
# The columns that stand in the windows of letters.
ADDRESS_COLUMNS = ("organisme", "service", "adresse_organisme", "responsable", "adresse")


def letter_values(
    case: Case, workflow: Workflow, step: Step, today: dt.date, settings: Mapping[str, str]
) -> dict[str, str]:
    """The values of every placeholder that a sheet of `step` may hold. What nobody knows is left out: for the hand.

    `settings` are the office's own (its name, addresses it writes to); what the case knows comes before them.
    """
    values = {name: text for name, text in settings.items() if text}
    values |= {name: text for name, text in case.person.items() if text}
    first = workflow.first.name
    values |= {
        "cas": str(case.number),
        "titre": workflow.title.fr,
        "objet": step.title.fr,
        "date_lettre": f"Le {long_day(today)}",
        "envoi_lettre": step.ways[0].words.capitalize() if step.ways else "",
        "demandeur": case.name,
    }
    for name in workflow.steps:
        _tell_step(values, case, name, name)
    _tell_step(values, case, first, "demande")
    silences = [mark for key, mark in case.marks.items() if key.endswith(".silence")]
    refusals = [*silences, *(mark for key, mark in case.marks.items() if key.rpartition(".")[2] == "refus")]
    for name, marks in (("date_silence", silences), ("date_decision", refusals)):
        if marks:
            values[name] = long_day(max(marks, key=lambda mark: mark.seq).prudent)
    values["situation"] = situation(case, workflow)
    limits = [due.prudent for due in running(case, workflow) if due.clock.ours]
    if limits:
        values["avant"] = long_day(min(limits))
    return {name: text for name, text in values.items() if text}


def _tell_step(values: dict[str, str], case: Case, step: str, name: str) -> None:
    sent, delivered = case.marks.get(f"{step}.sent"), case.marks.get(f"{step}.delivered")
    visit = case.visits.get(step)
    if sent is not None:
        values[f"date_{name}"] = long_day(sent.prudent)
        values[f"jour_{name}"] = sent.prudent.isoformat()
    if delivered is not None and delivered.theoretical is not None:
        values[f"recu_{name}"] = long_day(delivered.theoretical)
    if visit is not None and visit.number:
        values[f"numero_{name}"] = visit.number
    if visit is not None and visit.way:
        values[f"envoi_{name}"] = Way(visit.way).words


def situation(case: Case, workflow: Workflow) -> str:
    """What happened last to the case from outside, in one French sentence; empty at the beginning."""
    found: tuple[str, Mark] | None = None
    for key, mark in case.marks.items():
        words = _words(key, workflow)
        if words and (found is None or mark.seq > found[1].seq):
            found = (words, mark)
    if found is None:
        return ""
    words, mark = found
    return f"{words[0].upper()}{words[1:]}, le {long_day(mark.prudent)}."


def _words(mark: str, workflow: Workflow) -> str | None:
    owner, _, word = mark.rpartition(".")
    if owner not in workflow.steps:
        return None
    answers = workflow.answers_at(owner)
    if word in answers:
        return answers[word].title.fr
    clock = workflow.steps[owner].clock(word)
    return clock.silence if clock is not None else None


def long_day(day: dt.date) -> str:
    """A day as a letter writes it: "1er mars 2027"."""
    number = "1er" if day.day == 1 else str(day.day)
    return f"{number} {MONTHS[day.month - 1]} {day.year}"


def address_faults(values: Mapping[str, str]) -> list[str]:
    """One sentence for each address line too long for the window of an envelope."""
    return [
        _(
            "the address line “{text}” has {count} characters, and an envelope's window takes {address_width}: "
            "shorten `{name}`."
        ).format(text=text, count=len(text), address_width=ADDRESS_WIDTH, name=name)
        for name in values
        if _is_address(name) and len(text := values[name]) > ADDRESS_WIDTH
    ]


def _is_address(column: str) -> bool:
    return column in ADDRESS_COLUMNS or column.startswith("adresse_")
