"""School holidays of metropolitan France, zones A, B and C. They move internal reminders, and never a legal clock.

The dates come from the package `vacances-scolaires-france`, which answers "no holiday" for years that nobody has filled
in yet. Here a day is known only where it lies between two holidays of its zone that a school term can part; any other
day is refused.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from vacances_scolaires_france import SchoolHolidayDates

from papier.errors import UsageError
from papier.language import translate as _
from papier.language import written_day
from papier.workflows.calendar import FRANCE, Region, is_working_day

# The zones as they are have been drawn since January 2016.
FIRST_DAY = dt.date(2016, 1, 1)
# The longest time without holidays since then: 82 days, zone C, spring to summer 2017. Half a year that nobody has
# filled in yet is longer.
LONGEST_TERM = dt.timedelta(100)


class Zone(StrEnum):
    A = "A"
    B = "B"
    C = "C"


ACADEMIES: Mapping[str, Zone] = {
    **dict.fromkeys(
        ("besancon", "bordeaux", "clermont-ferrand", "dijon", "grenoble", "limoges", "lyon", "poitiers"), Zone.A
    ),
    **dict.fromkeys(("aix-marseille", "amiens", "caen", "lille", "nancy-metz", "nantes", "nice", "normandie"), Zone.B),
    **dict.fromkeys(("orleans-tours", "reims", "rennes", "rouen", "strasbourg"), Zone.B),
    **dict.fromkeys(("creteil", "montpellier", "paris", "toulouse", "versailles"), Zone.C),
}


def parse_zone(text: str) -> Zone:
    """The zone that a letter or an academy names. Raises UsageError for any other, Corsica and overseas among them."""
    plain = unicodedata.normalize("NFD", text.strip().casefold())
    name = "".join(letter for letter in plain if not unicodedata.combining(letter)).replace(" ", "-")
    name = name.removeprefix("zone-")
    if name.upper() in Zone.__members__:
        return Zone(name.upper())
    if name in ACADEMIES:
        return ACADEMIES[name]
    raise UsageError(
        _(
            "No school holidays are known for “{text}”. Say A, B, C or an academy of metropolitan "
            "France (Corsica and overseas have calendars of their own); without a zone, a reminder "
            "waits for a working day only."
        ).format(text=text)
    )


def find_school_holiday(day: dt.date, zone: Zone) -> str | None:
    """The French name of the school holidays that `day` lies in, None in term time.

    Raises UsageError for a day that is not known: it is never taken for term time.
    """
    names = _load(zone)
    if day in names:
        return names[day]
    days = _days(zone)
    before, after = bisect_right(days, day) - 1, bisect_left(days, day)
    if day < FIRST_DAY or before < 0 or after == len(days) or days[after] - days[before] > LONGEST_TERM:
        raise UsageError(
            _(
                "The school calendar of zone {zone} is known from {first_day} to {value}, not for {day}. "
                "Install a later version of vacances-scolaires-france, or leave the zone out."
            ).format(zone=zone, first_day=written_day(FIRST_DAY), value=written_day(days[-1]), day=written_day(day))
        )
    return None


def is_school_day(day: dt.date, zone: Zone, region: Region = FRANCE) -> bool:
    """True in term time, from Monday to Friday, without public holidays."""
    return is_working_day(day, region) and find_school_holiday(day, zone) is None


def find_school_day(day: dt.date, zone: Zone, region: Region = FRANCE) -> dt.date:
    """`day` itself where it is a school day, else the next one. Raises UsageError where that is not known."""
    while not is_school_day(day, zone, region):
        day += dt.timedelta(1)
    return day


def add_school_days(day: dt.date, count: int, zone: Zone, region: Region = FRANCE) -> dt.date:
    """The last of `count` school days after `day`. Raises UsageError where they are not known."""
    for _day in range(count):
        day = find_school_day(day + dt.timedelta(1), zone, region)
    return day


@lru_cache(maxsize=3)
def _load(zone: Zone) -> Mapping[dt.date, str]:
    """Every day of holidays since FIRST_DAY, with its name."""
    calendar = _read()
    found: dict[dt.date, str] = {}
    for year in range(FIRST_DAY.year, calendar.max_year + 1):
        rows = calendar.holidays_for_year_and_zone(year, zone.value)
        found |= {day: str(row["nom_vacances"]) for day, row in rows.items()}
    return dict(sorted(found.items()))


@lru_cache(maxsize=3)
def _days(zone: Zone) -> tuple[dt.date, ...]:
    return tuple(_load(zone))


@lru_cache(maxsize=1)
def _read() -> SchoolHolidayDates:
    return SchoolHolidayDates()
