"""The clocks of a case: which run, when they end by both counts, and why, in French.

A clock counts from a mark of the case. Where no proof says when a letter arrived, the prudent end is counted from the
day it was sent, and there is no theoretical one: nobody can be accused of silence then.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass

from papier.errors import UsageError
from papier.workflows.calendar import add_months, add_working_days, parse_region
from papier.workflows.case import Case, Mark
from papier.workflows.deadlines import Deadline, compute, format_day
from papier.workflows.definition import SCHOOL_DAYS, Clock, Step, Wait, Way, Workflow
from papier.workflows.school_calendar import Zone, add_school_days

# Our own limits are shown a week before their prudent day: a letter is written, signed and posted in that time.
LEAD = dt.timedelta(7)

_WORDS = {
    "opened": "l'ouverture du dossier",
    "printed": "l'impression",
    "sent": "l'envoi",
    "delivered": "la réception",
    "back": "le retour de la feuille",
}


@dataclass(frozen=True, slots=True)
class Due:
    """One running clock. `since` names the mark it counts from; `because` is one French sentence."""

    step: str
    clock: Clock
    since: str
    mark: Mark
    prudent: dt.date
    theoretical: dt.date | None
    because: str
    sources: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"due:{self.step}.{self.clock.name}"

    @property
    def matters_from(self) -> dt.date:
        """The first day on which somebody should look at it."""
        if self.clock.ours:
            return self.prudent - LEAD
        return (self.theoretical or self.prudent) + dt.timedelta(1)

    def is_over(self, today: dt.date) -> bool:
        """True once the day after its end has come; a clock without proof is never over."""
        return self.theoretical is not None and today > self.theoretical


def running(case: Case, workflow: Workflow) -> list[Due]:
    """The clocks that run at the active steps, the soonest first."""
    found = [
        due
        for name in case.active()
        for clock in workflow.steps[name].clocks
        if (due := _due(case, workflow, workflow.steps[name], clock)) is not None
    ]
    return sorted(found, key=lambda due: (due.prudent, due.step, due.clock.name))


def _due(case: Case, workflow: Workflow, step: Step, clock: Clock) -> Due | None:
    visit = case.visits.get(step.name)
    if visit is None or clock.name in visit.passed:
        return None
    for word in clock.stops:
        stopped = case.find_mark(step.name, word)
        if stopped is not None and stopped[1].seq >= visit.seq:
            return None
    found = case.latest_mark(step.name, clock.start)
    if found is None:
        return None
    name, mark = found
    since = case.latest_mark(step.name, clock.unless)
    if since is not None and since[1].seq > mark.seq:
        return None
    if clock.wait is not None:
        prudent = wait_until(clock.wait, mark.prudent, case.region, case.zone)
        theoretical = None
        if mark.theoretical is not None:
            theoretical = wait_until(clock.wait, mark.theoretical, case.region, case.zone)
        basis = clock.basis or "usage du service"
        if clock.wait.unit == SCHOOL_DAYS:
            basis += f" ; {f'zone {case.zone}' if case.zone else 'sans zone, jours ouvrés'}"
        because = f"{str(clock.wait).capitalize()} après {_after(name, workflow)} ({basis})."
        return Due(step.name, clock, name, mark, prudent, theoretical, because, ())
    early = _compute(clock.rules, mark.prudent, case.region)
    if mark.theoretical is None:
        return Due(step.name, clock, name, mark, early.prudent, None, early.because, early.sources)
    late = early if mark.theoretical == mark.prudent else _compute(clock.rules, mark.theoretical, case.region)
    # The sentence is the later one's: whoever is accused of silence is told the day that counts for them.
    return Due(step.name, clock, name, mark, early.prudent, late.theoretical, late.because, late.sources)


def _compute(rules: tuple[str, ...], start: dt.date, region: str | None) -> Deadline:
    """Legal clocks one after the other; each but the last ends on its plain day, before any rollover."""
    for rule in rules[:-1]:
        start = compute(rule, start, region).prudent
    return compute(rules[-1], start, region)


def wait_until(wait: Wait, start: dt.date, region: str | None, zone: str | None = None) -> dt.date:
    """The last day of a time that the office sets itself.

    School days are working days where the `zone` is not said, or that year's holidays are not known yet: a reminder
    that comes early harms nobody.
    """
    if wait.unit == "mois":
        return add_months(start, wait.count)
    if wait.unit == SCHOOL_DAYS and zone is not None:
        with contextlib.suppress(UsageError):
            return add_school_days(start, wait.count, Zone(zone), parse_region(region))
    if wait.unit in {SCHOOL_DAYS, "jours ouvrés"}:
        return add_working_days(start, wait.count, parse_region(region))
    return start + dt.timedelta(wait.count * (7 if wait.unit == "semaines" else 1))


def explain(due: Due, case: Case, workflow: Workflow) -> str:
    """Why this clock ends when it ends: what it counts from, by which text, both days. One French sentence, or two."""
    step = workflow.steps[due.step]
    text = f"« {step.title.fr} », délai « {due.clock.name} » : {due.because.rstrip('.')}"
    start = _on(due.mark.theoretical or due.mark.prudent)
    text += f" ; compté depuis {_after(due.since, workflow)}, {start} (événement {due.mark.seq})"
    if due.theoretical is None:
        sent = case.visits[due.step].way
        how = f" ({Way(sent).words})" if sent is not None else ""
        text += (
            f" ; la date de réception n'est pas prouvée{how} : fin prudente {_on(due.prudent)}, "
            "aucune fin opposable tant que la preuve manque"
        )
    elif due.theoretical == due.prudent:
        text += f" ; fin {_on(due.prudent)}"
    else:
        text += f" ; fin prudente {_on(due.prudent)}, fin théorique {_on(due.theoretical)}"
    text += f" ; {'nous devons agir avant' if due.clock.ours else _theirs(due, workflow)}"
    if due.clock.silence:
        text += f" ; sans suite : {due.clock.silence}"
    return text + "."


def _theirs(due: Due, workflow: Workflow) -> str:
    """Who has to act: whom the letter went to that the clock counts from."""
    owner = due.since.rpartition(".")[0] or due.step
    to = workflow.steps[owner].to if owner in workflow.steps else None
    return f"à l’autre partie d’agir ({to})" if to else "à l’autre partie d’agir"


def _on(day: dt.date) -> str:
    return f"le {format_day(day)} {day.year}"


def _after(mark: str, workflow: Workflow) -> str:
    """A mark of a case as a French noun: "l'envoi (Demande au guichet)"."""
    owner, dot, word = mark.rpartition(".")
    if not dot:
        return start_words(word, workflow.first.name, workflow)
    title = workflow.steps[owner].title.fr if owner in workflow.steps else owner
    return f"{start_words(word, owner, workflow)} ({title})"


def start_words(word: str, step: str, workflow: Workflow) -> str:
    """What a clock counts from, as a French noun: "la réception", "« Refus écrit »"."""
    return _WORDS.get(word) or _titled(workflow, step, word)


def _titled(workflow: Workflow, step: str, word: str) -> str:
    answers = workflow.answers_at(step) if step in workflow.steps else workflow.answers
    if word in answers:
        return f"« {answers[word].title.fr} »"
    clock = workflow.steps[step].clock(word) if step in workflow.steps else None
    return f"la fin du délai « {clock.silence or word} »" if clock is not None else f"« {word} »"
