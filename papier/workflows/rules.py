"""What a legal clock is: how long, from what, under which text, and since when. The clocks stand in `rules.yaml`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Unit(StrEnum):
    """What is counted. The day of the start never counts."""

    DAYS = "jours"
    WEEKS = "semaines"
    MONTHS = "mois"
    YEARS = "ans"
    # Monday to Friday, without public holidays.
    WORKING_DAYS = "jours ouvrés"
    # Monday to Saturday, without public holidays. No rule counts them so far; never take one for the other.
    BUSINESS_DAYS = "jours ouvrables"


class Ending(StrEnum):
    """What the last day does."""

    # Saturday, Sunday or holiday: the clock runs to the next working day.
    MOVES = "moves"
    # The last day does not count either, and the day after it moves.
    FRANC = "franc"
    # Silence becomes a decision, on whatever day that is.
    DECIDES = "decides"
    # Something simply ends, on whatever day that is.
    STANDS = "stands"
    # An internal reminder: it waits for a day of school and of work, and has no effect in law.
    SCHOOL = "school"


class Start(StrEnum):
    """The event a clock starts from."""

    RECEIPT = "receipt"
    SENDING = "sending"
    NOTIFICATION = "notification"
    REQUEST = "request"
    REFUSAL = "refusal"
    DECISION = "decision"
    REGISTRATION = "registration"
    PRESENTATION = "presentation"
    RECORDING = "recording"
    DATE = "date"
    HANDOVER = "handover"
    END_OF_FIRST_MONTH = "end-of-first-month"


class Party(StrEnum):
    """Who must act before a clock ends: we, who keep it; they, whom it binds; nobody, where something happens."""

    US = "us"
    THEM = "them"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Wording:
    """What a rule says in one language.

    `after` completes "Un mois après …"; `basis` is the article as a sentence names it; `outcome` says what the end
    means; `caution` holds whole sentences that keep the reader from a likely mistake.
    """

    title: str
    after: str
    basis: str
    outcome: str = ""
    caution: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One state of the law of one clock.

    `version` (from 1) rises when another text makes the same clock another one, so that a case can say by which it was
    counted: it counts the clocks that start on `since` or later, until the next version's. `in_force` is the source of
    that day. `french` is what is printed.
    """

    name: str
    version: int
    since: dt.date
    in_force: str
    start: Start
    party: Party
    count: int
    unit: Unit
    ending: Ending
    french: Wording
    english: Wording
    sources: tuple[str, ...]

    @property
    def title(self) -> str:
        return self.french.title

    @property
    def after(self) -> str:
        return self.french.after

    @property
    def basis(self) -> str:
        return self.french.basis

    @property
    def outcome(self) -> str:
        return self.french.outcome

    @property
    def caution(self) -> str:
        return self.french.caution

    @property
    def is_internal(self) -> bool:
        """True for a reminder that no law knows."""
        return self.ending is Ending.SCHOOL

    def wording(self, language: str) -> Wording:
        """French for "fr", else English."""
        return self.french if language == "fr" else self.english

    def to_json(self) -> dict[str, Any]:
        """The stable form of `papier deadline --list --json`."""
        return {
            "rule": self.name,
            "version": self.version,
            "title": self.title,
            "count": self.count,
            "unit": str(self.unit),
            "ending": str(self.ending),
            "sources": list(self.sources),
            "caution": self.caution or None,
            "title_en": self.english.title,
            "caution_en": self.english.caution or None,
            "starts": str(self.start),
            "party": str(self.party),
            "from": self.since.isoformat(),
            "in_force": self.in_force,
        }
