"""Legal clocks: one rule, one start, two dates and the reason for both.

*Prudent* is the day to act by: nothing that a judge might see otherwise is counted on, neither rollover nor *franc*
days nor working days, and where the start is not certain its earliest day counts. *Theoretical* is the last day by the
texts, from the latest possible start: whoever accuses the other side of being late uses this one. Time zones have no
part in it: a clock ends with the day, at midnight.

Code de procédure civile, art. 641 and 642; Regulation (EEC, Euratom) 1182/71, art. 3, for the GDPR; for a decision born
of silence no rollover, and the same day-number, at the beginning or the end of which commentators let it be born.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from papier.errors import UsageError
from papier.language import translate as _
from papier.workflows.calendar import (
    Region,
    add_business_days,
    add_months,
    add_working_days,
    find_working_day,
    parse_region,
)
from papier.workflows.deadlines_wording import MONTHS, WEEKDAYS, Reckoning, explain, format_day
from papier.workflows.rulebook import Rules, find_rule, known_rules
from papier.workflows.rules import Ending, Rule, Unit
from papier.workflows.school_calendar import Zone, find_school_day, parse_zone

__all__ = ["MONTHS", "WEEKDAYS", "Deadline", "Event", "Period", "compute", "count_period", "format_day", "list_rules"]

MONTHS_IN_A_YEAR = 12
# An internal reminder: longer than a school year makes no sense.
MAX_REMINDER = 366


@dataclass(frozen=True, slots=True)
class Event:
    """Something dated that a clock is computed from: `kind` is a `rules.Start` or a `disputes.Happening`."""

    kind: str
    day: dt.date

    def to_json(self) -> dict[str, str]:
        return {"kind": str(self.kind), "day": self.day.isoformat()}


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of one clock, by both counts, and why.

    `because` is French, to be printed as it stands; `because_en` says the same. `start` is the earliest day the clock
    may have started on; `events` are what it was computed from. `version` is that of the rule.
    """

    rule: str
    start: dt.date
    prudent: dt.date
    theoretical: dt.date
    because: str
    sources: tuple[str, ...]
    because_en: str = ""
    version: int = 1
    events: tuple[Event, ...] = ()

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


@dataclass(frozen=True, slots=True)
class Period:
    """A period counted out.

    `plain` by days alone; `last` by its own unit, one day more where it is *franc*; `theoretical` after rollover.
    """

    plain: dt.date
    last: dt.date
    theoretical: dt.date


def list_rules(on: dt.date | None = None) -> tuple[Rule, ...]:
    """Every rule that `compute` knows, once: as it counts a clock that starts on `on`, else in its latest version."""
    listed = []
    for versions in known_rules().values():
        current = [rule for rule in versions if on is None or rule.since <= on]
        listed.append(current[-1] if current else versions[0])
    return tuple(listed)


def count_period(start: dt.date, count: int, unit: Unit, ending: Ending, region: Region) -> Period:
    """Count `count` units from `start`, which never counts itself.

    For Ending.SCHOOL the days are counted, and nothing is moved: see `school_calendar`.
    """
    if unit in {Unit.MONTHS, Unit.YEARS}:
        plain = add_months(start, count * (MONTHS_IN_A_YEAR if unit is Unit.YEARS else 1))
    else:
        plain = start + dt.timedelta(count * (7 if unit is Unit.WEEKS else 1))
    last = plain
    if unit is Unit.WORKING_DAYS:
        last = add_working_days(start, count, region)
    elif unit is Unit.BUSINESS_DAYS:
        last = add_business_days(start, count, region)
    if ending is Ending.FRANC:
        last += dt.timedelta(1)
    moves = ending in {Ending.MOVES, Ending.FRANC}
    return Period(plain, last, find_working_day(last, region) if moves else last)


def compute(
    rule: str,
    start: dt.date,
    region: str | None = None,
    *,
    latest: dt.date | None = None,
    count: int | None = None,
    zone: str | None = None,
    events: tuple[Event, ...] = (),
    rules: Rules | None = None,
) -> Deadline:
    """When the clock `rule` ends that starts from `start`.

    `region` names where local holidays count (calendar.REGIONS); None is metropolitan France without local law.
    `latest` is the last day the clock may have started on, where its start is not certain. `count` (days) and `zone` of
    school holidays are for internal reminders only: no law knows them. `events` are kept with the deadline.

    Raises UsageError for a rule, a region, a zone or a year that is not known; TypeError for a moment instead of a day,
    which no holiday would equal.
    """
    if isinstance(start, dt.datetime) or isinstance(latest, dt.datetime):
        raise TypeError("A clock starts on a day, not at a moment: pass a date.")
    known = find_rule(rule, start, rules)
    place = parse_region(region)
    if latest is not None and latest < start:
        raise UsageError(
            _("The clock cannot start on {latest} at the latest and on {start} at the earliest. Check both.").format(
                latest=latest, start=start
            )
        )
    if not known.is_internal and (count is not None or zone is not None):
        raise UsageError(
            _(
                "“{name}” is a legal clock: its length stands in its text, and school holidays never "
                "move it. Leave out the count and the zone."
            ).format(name=known.name)
        )
    if known.is_internal:
        return _remind(
            known, start, place, known.count if count is None else count, parse_zone(zone) if zone else None, events
        )
    period = count_period(start, known.count, known.unit, known.ending, place)
    later = period if latest is None else count_period(latest, known.count, known.unit, known.ending, place)
    span = (start, latest) if latest is not None and latest > start else None
    reckoning = Reckoning(known, known.count, later.last, later.theoretical, place, span=span)
    found = events or _starts(known, start, latest)
    return _deadline(known, start, period.plain, later.theoretical, reckoning, found)


def _remind(
    rule: Rule, start: dt.date, region: Region, count: int, zone: Zone | None, events: tuple[Event, ...]
) -> Deadline:
    """An internal reminder has one date: nobody loses a right by it."""
    if not 1 <= count <= MAX_REMINDER:
        raise UsageError(
            _("A reminder comes after 1 to {max_reminder} days, not {count}. Check the number.").format(
                max_reminder=MAX_REMINDER, count=count
            )
        )
    period = count_period(start, count, rule.unit, rule.ending, region)
    day = find_school_day(period.plain, zone, region) if zone else find_working_day(period.plain, region)
    reckoning = Reckoning(rule, count, period.plain, day, region, zone=zone)
    return _deadline(rule, start, day, day, reckoning, events or _starts(rule, start, None))


def _starts(rule: Rule, start: dt.date, latest: dt.date | None) -> tuple[Event, ...]:
    days = [start] if latest is None or latest == start else [start, latest]
    return tuple(Event(rule.start, day) for day in days)


def _deadline(
    rule: Rule,
    start: dt.date,
    prudent: dt.date,
    theoretical: dt.date,
    reckoning: Reckoning,
    events: tuple[Event, ...],
) -> Deadline:
    french, english = explain(reckoning, "fr"), explain(reckoning, "en")
    return Deadline(
        *(rule.name, start, prudent, theoretical, french, rule.sources),
        *(english, rule.version, events),
    )
