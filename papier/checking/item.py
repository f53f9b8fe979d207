"""One thing that only a person can answer, as terminal, paper and browser show it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from papier.forms.definition import Demand
from papier.records import State, Value, rounded
from papier.store.checks import Check, Verdict


class ItemKind(StrEnum):
    """What an item is about."""

    FIELD = "field"  # a field of a record
    CONFLICT = "conflict"  # two scans of one sheet say different things
    TWO_ANSWERS = "two-answers"  # two sheets of one case say different things
    ORPHAN = "orphan"  # a record whose sheet number could not be read
    BLANK = "blank"  # a sheet that came back with nothing written on it
    PAGE = "page"  # a page set aside: unknown or damaged


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may stand there. `shown` is for people; `value` None is "nothing is written"; no value can be stored where
    `storable` is False (a date that does not exist).
    """

    value: Value
    shown: str
    probability: float
    storable: bool = True


def is_nothing(value: Value) -> bool:
    """True for the value of a field in which nothing is written, ticked or signed."""
    return value in (None, "", [], False)


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One item of the queue.

    `key` is stable for as long as the item exists. `zone` is the kind of the field's zone, None for pages and orphans.
    `candidates` come best first, the first one being the best reading. `needs` says in one sentence what the form
    demands. `eyes`: how many people must say the same; `seen`: who has answered so far. `like` names the group of
    items that are alike. `case` is the case that is held by it, `due` the day its first running clock ends.
    `waiting`: why it is put off, None where it can be answered now. `page_id` is the scanned page that shows it.
    `on_sheet`: the sheet of corrections that it is out on; `paper_rounds`: how many came back and left it open.
    """

    key: str
    kind: ItemKind
    label: str
    reason: str
    like: str
    record: int | None = None
    sheet: str | None = None
    form: str | None = None
    version: int | None = None
    title: str = ""
    page: int | None = None
    page_id: int | None = None
    field: str | None = None
    zone: str | None = None
    content: str | None = None
    cells: int = 0
    multiple: bool = False
    options: Mapping[str, str] = dataclasses.field(default_factory=dict)
    value: Value = None
    state: State = State.DOUBTFUL
    probability: float = 0.0
    candidates: tuple[Candidate, ...] = ()
    demand: Demand = dataclasses.field(default_factory=Demand)
    needs: str = ""
    eyes: int = 1
    seen: tuple[Check, ...] = ()
    case: int | None = None
    due: dt.date | None = None
    person: Mapping[str, str] = dataclasses.field(default_factory=dict)
    waiting: str | None = None
    on_sheet: str | None = None
    paper_rounds: int = 0

    @property
    def name(self) -> str:
        """Whom the sheet is about, as far as it was printed for somebody."""
        return " ".join(filter(None, (self.person.get("nom"), self.person.get("prenom"))))

    def verdicts(self) -> tuple[Verdict, ...]:
        """The answers that make sense here, in the order in which they are offered."""
        if self.kind is ItemKind.PAGE:
            return (Verdict.TYPED, Verdict.ASIDE, Verdict.PAPER)
        if self.kind is ItemKind.BLANK:
            return (Verdict.ASIDE, Verdict.WRITTEN, Verdict.PAPER)
        if self.kind is ItemKind.TWO_ANSWERS:
            return (Verdict.CANDIDATE, Verdict.PAPER)
        if self.kind is ItemKind.ORPHAN:
            return (Verdict.CANDIDATE, Verdict.TYPED, Verdict.ASIDE, Verdict.PAPER)
        offered = [Verdict.RIGHT] if self.candidates and self.candidates[0].storable else []
        offered += [Verdict.CANDIDATE] if len(self.candidates) > 1 else []
        offered += [Verdict.TYPED, Verdict.BLANK, Verdict.UNREADABLE]
        # The office asks itself nothing by slip.
        asks = self.sheet is not None and not (self.form or "").startswith("bureau/")
        return (*offered, *([Verdict.ASK] if asks else []), Verdict.PAPER)

    def to_json(self) -> dict[str, Any]:
        """The stable form of `papier check --list --json`."""
        return {
            "key": self.key,
            "kind": str(self.kind),
            "record": self.record,
            "sheet": self.sheet,
            "form": self.form,
            "title": self.title,
            "page": self.page,
            "field": self.field,
            "zone": self.zone,
            "content": self.content,
            "label": self.label,
            "value": self.value,
            "state": str(self.state),
            "probability": rounded(self.probability),
            "candidates": [[one.value, one.shown, rounded(one.probability)] for one in self.candidates],
            "options": dict(self.options),
            "reason": self.reason,
            "needs": self.needs,
            "answers": [str(verdict) for verdict in self.verdicts()],
            "eyes": self.eyes,
            "seen": [{"who": check.who, "verdict": str(check.verdict), "at": check.at} for check in self.seen],
            "like": self.like,
            "case": self.case,
            "due": None if self.due is None else self.due.isoformat(),
            "person": dict(self.person),
            "waiting": self.waiting,
            "on_sheet": self.on_sheet,
            "paper_rounds": self.paper_rounds,
        }


def has_best(item: CheckItem) -> bool:
    """True where "right" says something of its own: of a field that seems empty, "nothing is written" says the same."""
    return bool(item.candidates) and item.candidates[0].storable and not is_nothing(item.candidates[0].value)
