"""What a workflow *is*: the frozen image of one entry of a `workflow.yaml`.

A case stands at one step (and perhaps at some `beside` it). A step prints sheets for somebody, waits for a sheet, a
paper from outside or a person's ticked and signed decision, under clocks that say what silence means.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from papier.forms.definition import Wording


class Way(StrEnum):
    """How a sheet gets to its reader."""

    CARNET = "carnet"
    HAND = "main-propre"
    INTERNAL = "interne"
    POST = "courrier"
    REGISTERED = "recommande"
    REGISTERED_RECEIPT = "recommande-ar"

    @property
    def words(self) -> str:
        """As a French sentence says it."""
        return _WAYS[self]

    @property
    def delivers(self) -> bool:
        """The sheet is with its reader on the day it is sent: it is handed over."""
        return self in {Way.CARNET, Way.HAND, Way.INTERNAL}

    @property
    def by_post(self) -> bool:
        return not self.delivers


_WAYS = {
    Way.CARNET: "dans le carnet",
    Way.HAND: "en main propre contre récépissé",
    Way.INTERNAL: "par le courrier interne",
    Way.POST: "par courrier simple",
    Way.REGISTERED: "en recommandé",
    Way.REGISTERED_RECEIPT: "en recommandé avec accusé de réception",
}

# What a clock may count from or be stopped by, besides answers and other clocks.
WORDS = ("opened", "printed", "sent", "delivered", "back")

# Days of school in the zone of the office; working days where it says none.
SCHOOL_DAYS = "jours de classe"
WAIT_UNITS = ("jours", "jours ouvrés", SCHOOL_DAYS, "semaines", "mois")

# The fields of a follow-up sheet: what kind of zone each must be. The options of `envoi` are ways.
SLIP_FIELDS = {"envoye_le": "comb", "envoi": "tick", "numero": "comb", "distribue_le": "comb", "visa": "signature"}
# Its table of papers from outside: a row an answer, a box and a day in each.
SLIP_TABLE, SLIP_BOX, SLIP_DAY = "reponses", "recu", "le"


@dataclass(frozen=True, slots=True)
class Wait:
    """A time that the office sets itself, such as 3 `jours ouvrés`."""

    count: int
    unit: str

    def __str__(self) -> str:
        unit = self.unit
        if self.count == 1 and unit != "mois":
            unit = " ".join(word.removesuffix("s") for word in unit.split(" "))
        return f"{self.count} {unit}"


@dataclass(frozen=True, slots=True)
class Clock:
    """A time limit of one step. Exactly one of `rules` (legal clocks) and `wait` (the office's own) is given.

    Of several `rules` each counts from the end of the one before, prolongation after first month.

    `start`: what it counts from, `word` of the same step or `step.word`; of several, the last one that happened.
    `ours`: we must act before it ends, so that its prudent day counts; else the other side must, and it is over after
    its theoretical day. `stops`: words that end it; leaving the step always does. `unless`: words;
    it does not run where one of them happened after what it counts from. `then`: where silence leads, None
    where it is only shown. `silence`: what silence means, to be printed.
    """

    name: str
    start: tuple[str, ...]
    rules: tuple[str, ...] = ()
    wait: Wait | None = None
    ours: bool = False
    stops: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    then: str | None = None
    silence: str | None = None
    basis: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A paper from outside that a person recognises. Without `then` it is noted, and the case stays where it is."""

    name: str
    title: Wording
    then: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Back:
    """A papier sheet that is expected back, filled in.

    `compare`: the fields in which two people must agree. `every`: wait for all sheets of the step, else the first one
    moves the case. `received`: the field that holds the day of receipt, where the form has one. `when`: another way for
    a ticked box (`field.option` → target), the first that is ticked counts: what the sheet asks for, never a decision.
    """

    form: str
    then: str
    compare: tuple[str, ...] = ()
    every: bool = False
    received: str | None = None
    when: Mapping[str, str] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What only a person decides: ticked in `field` of `form`, signed in `signed`."""

    question: Wording
    by: str
    form: str
    field: str
    signed: str
    options: Mapping[str, str]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One station of a case. `prints`: its forms; the first step's may be empty: what opened the case.

    A step that prints nothing and only has a `then` is a thing to do.

    `sheets`: how many copies of each are printed, one a reader (two parents). `slip`: the follow-up sheet kept in the
    folder. `beside`: it runs beside the case's main step and ends when its sheet is sent.
    """

    name: str
    title: Wording
    prints: tuple[str, ...] = ()
    to: str | None = None
    ways: tuple[Way, ...] = ()
    sheets: int = 1
    slip: str | None = None
    back: Back | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)
    clocks: tuple[Clock, ...] = ()
    decision: Decision | None = None
    then: str | None = None
    beside: bool = False
    remark: Wording | None = None
    line: int = 0

    def clock(self, name: str) -> Clock | None:
        return next((clock for clock in self.clocks if clock.name == name), None)


@dataclass(frozen=True)
class Workflow:
    """One workflow. `name` is `<family>/<name>`; `steps` in the file's order, the first one begins a case.

    `answers` hold in every step that has none of that name.
    """

    name: str
    version: int
    title: Wording
    opens: tuple[str, ...]
    steps: Mapping[str, Step]
    ends: Mapping[str, Wording]
    answers: Mapping[str, Answer] = field(default_factory=dict)
    path: str = ""
    line: int = 0

    @property
    def first(self) -> Step:
        return next(iter(self.steps.values()))

    def answers_at(self, step: str) -> Mapping[str, Answer]:
        """The papers from outside that `step` knows."""
        return {**self.answers, **self.steps[step].answers}

    def forms_of(self, step: str, opening: str | None = None) -> tuple[str, ...]:
        """What `step` prints; `opening` is the form that opened the case."""
        found = self.steps[step].prints
        return found or ((opening,) if opening and step == self.first.name else ())

    def all_forms(self) -> Iterator[tuple[str, int]]:
        """Every form that the workflow names, with the line where it does."""
        for form in self.opens:
            yield form, self.line
        for step in self.steps.values():
            for form in (*step.prints, *((step.slip,) if step.slip else ())):
                yield form, step.line
            if step.back is not None:
                yield step.back.form, step.back.line
            if step.decision is not None:
                yield step.decision.form, step.decision.line

    def targets(self, step: str) -> Iterator[tuple[str, str, int]]:
        """Where `step` leads: what for (in a few words), the step or end, the line."""
        known = self.steps[step]
        if known.then is not None:
            yield "ensuite", known.then, known.line
        if known.back is not None:
            yield "retour", known.back.then, known.back.line
            for box, target in known.back.when.items():
                yield f"retour, {box} coché", target, known.back.line
        for answer in self.answers_at(step).values():
            # A refusal that comes where its consequence is being chosen already is only noted.
            common = answer.name in self.answers and answer.name not in known.answers
            if answer.then is not None and not known.beside and not (common and answer.then == step):
                yield answer.title.fr, answer.then, answer.line
        for clock in known.clocks:
            if clock.then is not None:
                yield clock.silence or f"délai {clock.name}", clock.then, clock.line
        if known.decision is not None:
            for option, target in known.decision.options.items():
                yield option, target, known.decision.line

    def title_of(self, target: str) -> str:
        """The French title of a step or an end."""
        return self.steps[target].title.fr if target in self.steps else self.ends[target].fr

    def to_frozen(self) -> str:
        """Everything that matters, as one line of JSON; lines and path are left out: moving text is no change."""
        return json.dumps(_encode(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def digest(self) -> str:
        """The name of this very definition: SHA-256 of its frozen form."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(self.to_frozen().encode()).hexdigest()

    @classmethod
    def from_frozen(cls, text: str) -> Workflow:
        """Rebuild a workflow from `to_frozen`; raises KeyError or ValueError on anything else."""
        data = json.loads(text)
        return cls(
            name=data["name"],
            version=data["version"],
            title=Wording(data["title"]),
            opens=tuple(data["opens"]),
            steps={step["name"]: _step(step) for step in data["steps"]},
            ends={name: Wording(texts) for name, texts in data["ends"]},
            answers={answer["name"]: _answer(answer) for answer in data["answers"]},
        )


def _encode(value: Any) -> Any:
    if isinstance(value, Wording):
        return dict(value.texts)
    if isinstance(value, Workflow):
        # Order says where a case begins and how a list is read: mappings become lists.
        return {
            "name": value.name,
            "version": value.version,
            "title": _encode(value.title),
            "opens": list(value.opens),
            "steps": [_encode(step) for step in value.steps.values()],
            "ends": [[name, _encode(title)] for name, title in value.ends.items()],
            "answers": [_encode(answer) for answer in value.answers.values()],
        }
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        encoded = {f.name: _encode(getattr(value, f.name)) for f in dataclasses.fields(value) if f.name != "line"}
        if isinstance(value, Clock) and not value.unless:
            # Left out where it says nothing, so that definitions frozen before it was known keep their name.
            del encoded["unless"]
        if isinstance(value, Step):
            encoded["answers"] = [_encode(answer) for answer in value.answers.values()]
        if isinstance(value, Decision):
            encoded["options"] = [list(pair) for pair in value.options.items()]
        if isinstance(value, Back):
            encoded["when"] = [list(pair) for pair in value.when.items()]
        return encoded
    if isinstance(value, (tuple, list)):
        return [_encode(entry) for entry in value]
    return value


def _answer(data: dict[str, Any]) -> Answer:
    return Answer(**(data | {"title": Wording(data["title"])}))


def _clock(data: dict[str, Any]) -> Clock:
    wait = data["wait"]
    return Clock(
        **(
            data
            | {
                "wait": None if wait is None else Wait(**wait),
                "start": tuple(data["start"]),
                "rules": tuple(data["rules"]),
                "stops": tuple(data["stops"]),
                "unless": tuple(data.get("unless", ())),
            }
        )
    )


def _step(data: dict[str, Any]) -> Step:
    back, decision = data["back"], data["decision"]
    return Step(
        **(
            data
            | {
                "title": Wording(data["title"]),
                "prints": tuple(data["prints"]),
                "ways": tuple(Way(way) for way in data["ways"]),
                "back": None
                if back is None
                else Back(**(back | {"compare": tuple(back["compare"]), "when": dict(back["when"])})),
                "answers": {answer["name"]: _answer(answer) for answer in data["answers"]},
                "clocks": tuple(_clock(clock) for clock in data["clocks"]),
                "decision": None
                if decision is None
                else Decision(
                    **(decision | {"question": Wording(decision["question"]), "options": dict(decision["options"])})
                ),
                "remark": None if data["remark"] is None else Wording(data["remark"]),
            }
        )
    )
