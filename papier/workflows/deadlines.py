"""Legal clocks: one rule, one start, two dates and the reason for both.

*Prudent* is the day to act by: nothing that a judge might see otherwise is counted on, neither rollover nor *franc*
days nor working days. *Theoretical* is the last day by the texts: whoever accuses the other side of being late uses
this one. Time zones have no part in it: a clock ends with the day, at midnight.

Code de procédure civile, art. 641 and 642; Regulation (EEC, Euratom) 1182/71, art. 3, for the GDPR; for a decision born
of silence no rollover, and the same day-number, at the beginning or the end of which commentators let it be born.
"""

from __future__ import annotations

import datetime as dt
import difflib
from dataclasses import dataclass
from typing import Any

from papier.errors import UsageError
from papier.workflows.calendar import (
    FIRST_YEAR,
    LAST_YEAR,
    Region,
    add_months,
    add_working_days,
    find_holiday,
    find_working_day,
    parse_region,
)
from papier.workflows.rules import RULES, Ending, Rule, Unit

WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
NUMBERS = {1: "un", 2: "deux", 4: "quatre", 6: "six", 8: "huit", 15: "quinze", 30: "trente", 45: "quarante-cinq"}


# One date serves both readings, since a clock ends with its day: whoever counts on from it takes the earlier one,
# whoever waits until it is over takes the later one.
_BOTH_READINGS = (
    "Les commentaires placent cet effet au début ou à la fin de ce jour : comptez les délais suivants depuis ce jour, "
    "n'invoquez le silence que le lendemain"
)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of one clock, by both counts, and why. `because` is French, to be printed as it stands."""

    rule: str
    start: dt.date
    prudent: dt.date
    theoretical: dt.date
    because: str
    sources: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The stable form of `papier deadline --json`."""
        return {
            "rule": self.rule,
            "from": self.start.isoformat(),
            "prudent": self.prudent.isoformat(),
            "theoretical": self.theoretical.isoformat(),
            "because": self.because,
            "sources": list(self.sources),
        }


def list_rules() -> tuple[Rule, ...]:
    """Every rule that `compute` knows."""
    return RULES


def compute(rule: str, start: dt.date, region: str | None = None) -> Deadline:
    """When the clock `rule` ends that starts from `start`.

    `region` names where local holidays count (calendar.REGIONS); None is metropolitan France without local law. Raises
    UsageError for a rule, a region or a year that is not known; TypeError for a moment instead of a day, which no
    holiday would equal.
    """
    if isinstance(start, dt.datetime):
        raise TypeError("A clock starts on a day, not at a moment: pass a date.")
    known = _find_rule(rule)
    place = parse_region(region)
    if not FIRST_YEAR <= start.year < LAST_YEAR:
        raise UsageError(f"Clocks run from {FIRST_YEAR} to {LAST_YEAR}, not from {start.year}. Check the date.")
    prudent = _count(known, start)
    last = add_working_days(start, known.count, place) if known.unit is Unit.WORKING_DAYS else prudent
    theoretical = last
    if known.ending is Ending.FRANC:
        last += dt.timedelta(1)
    if known.ending in {Ending.MOVES, Ending.FRANC}:
        theoretical = find_working_day(last, place)
    because = _explain(known, last, theoretical, place)
    return Deadline(known.name, start, prudent, theoretical, because, known.sources)


def _find_rule(name: str) -> Rule:
    for rule in RULES:
        if rule.name == name:
            return rule
    close = difflib.get_close_matches(name, [rule.name for rule in RULES], n=1)
    hint = f"Did you mean “{close[0]}”?" if close else "`papier deadline --list` shows them all."
    raise UsageError(f"There is no rule “{name}”. {hint}")


def _count(rule: Rule, start: dt.date) -> dt.date:
    """The last day by plain counting. Working days are counted as plain days: no count of them is shorter."""
    if rule.unit is Unit.MONTHS:
        return add_months(start, rule.count)
    return start + dt.timedelta(rule.count * (7 if rule.unit is Unit.WEEKS else 1))


def _explain(rule: Rule, last: dt.date, theoretical: dt.date, region: Region) -> str:
    length = f"{NUMBERS[rule.count].capitalize()} {rule.unit}"
    franc = rule.ending is Ending.FRANC
    text = f"{length}{' francs' if franc else ''} après {rule.after} ({rule.basis})"
    if rule.unit is Unit.WORKING_DAYS:
        text += ", comptés du lundi au vendredi sans les jours fériés"
    if franc:
        text += " : ni le premier ni le dernier jour ne comptent"
    if theoretical != last:
        day = "le lendemain" if franc else "le dernier jour"
        text += f" ; {day} est {_describe(last, region)} : reporté au {format_day(theoretical)}"
    if rule.ending is Ending.DECIDES:
        text += f" : {rule.outcome} ; aucun report, même un dimanche ou un jour férié. {_BOTH_READINGS}"
    elif rule.outcome:
        text += f" : {rule.outcome}"
    return f"{text}. {rule.caution}" if rule.caution else f"{text}."


def _describe(day: dt.date, region: Region) -> str:
    weekday = WEEKDAYS[day.weekday()]
    return f"un {weekday} férié" if find_holiday(day, region) else f"un {weekday}"


def format_day(day: dt.date) -> str:
    """A day as a French sentence names it, without its year: "lundi 2 novembre", "vendredi 1er mai"."""
    number = "1er" if day.day == 1 else str(day.day)
    return f"{WEEKDAYS[day.weekday()]} {number} {MONTHS[day.month - 1]}"
