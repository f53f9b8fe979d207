"""A case: what stands once its events are folded, and nothing that is not in them.

The fold is pure: no clock is read, no store is asked. It never refuses an event either, since what was recorded did
happen; `papier.workflows.refusals` says beforehand what may not be recorded.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from papier.workflows.definition import Step, Workflow

Value = str | bool | list[str] | None
# The fields of a sheet that say whom a case is about: they bear the names of the roster's columns.
PERSON_FIELDS = ("nom", "prenom", "classe", "naissance", "dossier", "telephone", "responsable")


class Stage(StrEnum):
    """What a case waits for."""

    CHECK = "to-check"
    PRINT = "to-print"
    SEND = "to-send"
    DECIDE = "to-decide"
    DO = "to-do"
    WAIT = "waiting"
    CLOSED = "closed"


class Doubt(StrEnum):
    """Why a person is asked."""

    FIELD = "field"  # a field was not read for sure
    CONFLICT = "conflict"  # two scans of one sheet say different things
    TWO_ANSWERS = "two-answers"  # two sheets of one step say different things
    UNSIGNED = "unsigned"  # a decision is ticked and not signed
    SEVERAL = "several"  # a decision is ticked twice
    PAGES = "pages"  # a page of the sheet is missing
    LATE = "late"  # a sheet came back that nobody waits for any more
    CLOSED = "closed-case"  # a sheet came back for a closed case
    ALIKE = "alike"  # a sheet without a case looks like an open one's
    VERSION = "old-version"  # a sheet of an older form lacks what is decided
    BLANK = "blank-sheet"  # nothing is written on the sheet
    FLAGGED = "flagged"  # a person ticked "à voir"


# These stay until a person has looked, but the case goes on meanwhile.
NOT_HOLDING = frozenset({Doubt.LATE, Doubt.CLOSED, Doubt.FLAGGED, Doubt.ALIKE})


@dataclass(frozen=True, slots=True)
class Question:
    """Something only a person can answer. `key` names it for `cases check`."""

    key: str
    doubt: Doubt
    sheet: str | None = None
    field: str | None = None
    text: str = ""
    seq: int = 0

    @property
    def holds(self) -> bool:
        """The case moves no further until this is answered."""
        return self.doubt not in NOT_HOLDING


@dataclass(frozen=True, slots=True)
class Mark:
    """When something happened that clocks count from. `theoretical` is None where no proof says when."""

    prudent: dt.date
    theoretical: dt.date | None
    seq: int


@dataclass(frozen=True, slots=True)
class PrintedSheet:
    """A sheet that was printed for this case."""

    sheet: str
    form: str
    step: str
    seq: int


@dataclass(frozen=True, slots=True)
class Visit:
    """The case's latest stay at one step."""

    entered: dt.date
    seq: int
    printed: bool = False
    way: str | None = None
    number: str | None = None
    passed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Return:
    """What came back on one sheet, all its scans together. `doubtful` fields have no value until a person gives it.

    `used`: what the sheet says has moved the case; `decided`: its decision was taken from it; `aside`: a person set it
    aside in favour of another.
    """

    sheet: str
    form: str
    step: str
    record: int
    on: dt.date
    values: Mapping[str, Value]
    doubtful: Mapping[str, Value]
    seq: int
    scans: int = 1
    used: bool = False
    decided: bool = False
    aside: bool = False


@dataclass(frozen=True)
class Case:
    """One case as its events leave it. `marks` are in the order in which they happened."""

    number: int
    workflow: str
    version: int
    digest: str
    form: str
    opened: dt.date
    person: Mapping[str, str]
    region: str | None = None
    zone: str | None = None
    closed: dt.date | None = None
    end: str | None = None
    reason: str | None = None
    step: str = ""
    beside: tuple[str, ...] = ()
    visits: Mapping[str, Visit] = field(default_factory=dict)
    sheets: tuple[PrintedSheet, ...] = ()
    marks: Mapping[str, Mark] = field(default_factory=dict)
    returns: tuple[Return, ...] = ()
    questions: tuple[Question, ...] = ()
    decisions: Mapping[str, str] = field(default_factory=dict)
    done: tuple[str, ...] = ()
    postponed: Mapping[str, str] = field(default_factory=dict)
    seq: int = 0

    @property
    def is_open(self) -> bool:
        return self.closed is None

    @property
    def is_held(self) -> bool:
        return any(question.holds for question in self.questions)

    def asks(self, key: str) -> bool:
        """True while this question is open."""
        return any(question.key == key for question in self.questions)

    @property
    def name(self) -> str:
        """Whom the case is about, as a list shows it."""
        named = " ".join(filter(None, (self.person.get("nom"), self.person.get("prenom"))))
        return named or self.person.get("organisme", "")

    def active(self) -> tuple[str, ...]:
        """The steps at which something can happen, the main one first."""
        return (self.step, *self.beside) if self.is_open else ()

    def stage(self, workflow: Workflow, step: str | None = None) -> Stage:
        """What the case waits for, at its main step or another active one."""
        if not self.is_open:
            return Stage.CLOSED
        if self.is_held:
            return Stage.CHECK
        known = workflow.steps[step or self.step]
        visit = self.visits[known.name]
        if workflow.forms_of(known.name, self.form) and not visit.printed:
            return Stage.PRINT
        if known.ways and visit.way is None:
            return Stage.SEND
        if known.decision is not None:
            return Stage.DECIDE
        return Stage.DO if known.then is not None and visit.way is None else Stage.WAIT

    def find_return(self, sheet: str) -> Return | None:
        return next((entry for entry in self.returns if entry.sheet == sheet), None)

    def latest_return(self, form: str) -> Return | None:
        """The last sheet of a form that came back and was not set aside."""
        return next((entry for entry in reversed(self.returns) if entry.form == form and not entry.aside), None)

    def find_mark(self, step: str, word: str) -> tuple[str, Mark] | None:
        """The mark that a clock of `step` means by `word` (`sent`, `demande.sent`, `refus`), with its full name.

        What happened in an earlier stay at the same step is another story.
        """
        if "." in word:
            return (word, self.marks[word]) if word in self.marks else None
        own, visit = self.marks.get(f"{step}.{word}"), self.visits.get(step)
        if own is not None and (visit is None or own.seq >= visit.seq):
            return f"{step}.{word}", own
        return (word, self.marks[word]) if own is None and word in self.marks else None

    def latest_mark(self, step: str, words: tuple[str, ...]) -> tuple[str, Mark] | None:
        """The last of several that happened."""
        found = [mark for word in words if (mark := self.find_mark(step, word)) is not None]
        return max(found, key=lambda pair: pair[1].seq, default=None)

    def waits_for(self, form: str, workflow: Workflow) -> bool:
        """True when a sheet of `form` is expected at the main step."""
        step: Step = workflow.steps[self.step]
        return (step.back is not None and step.back.form == form) or (
            step.decision is not None and step.decision.form == form
        )

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain values; `from_json` gives an equal case back."""
        encoded: dict[str, Any] = _encode(self)
        if self.zone is None:
            # Left out where it says nothing, as before it was known: what is kept must be what a replay gives.
            del encoded["zone"]
        return encoded

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Case:
        return cls(
            **(
                dict(data)
                | {
                    "opened": dt.date.fromisoformat(data["opened"]),
                    "closed": _day(data["closed"]),
                    "beside": tuple(data["beside"]),
                    "visits": {name: _visit(visit) for name, visit in data["visits"].items()},
                    "sheets": tuple(PrintedSheet(**sheet) for sheet in data["sheets"]),
                    "marks": {name: _mark(mark) for name, mark in data["marks"].items()},
                    "returns": tuple(_return(entry) for entry in data["returns"]),
                    "questions": tuple(Question(**(q | {"doubt": Doubt(q["doubt"])})) for q in data["questions"]),
                    "done": tuple(data["done"]),
                }
            )
        )


def said(value: Value) -> str:
    """A value as a person writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    return ", ".join(value) if isinstance(value, list) else value


def _encode(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _encode(entry) for key, entry in value.items()}
    if isinstance(value, (tuple, list)):
        return [_encode(entry) for entry in value]
    if isinstance(value, StrEnum):
        return str(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def _day(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


def _mark(data: dict[str, Any]) -> Mark:
    return Mark(dt.date.fromisoformat(data["prudent"]), _day(data["theoretical"]), data["seq"])


def _visit(data: dict[str, Any]) -> Visit:
    return Visit(**(data | {"entered": dt.date.fromisoformat(data["entered"]), "passed": tuple(data["passed"])}))


def _return(data: dict[str, Any]) -> Return:
    return Return(**(data | {"on": dt.date.fromisoformat(data["on"])}))
