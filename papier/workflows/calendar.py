"""French public holidays and working days, region by region.

Years before 1983 are refused: the list was another one. School holidays have no part in it: they move no legal clock.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from papier.errors import UsageError
from papier.language import translate as _

# 8 May became a holiday again in 1982, the days of the abolition of slavery were set in 1983.
FIRST_YEAR = 1983

# dates stop at the end of 9999, and a deadline lies after its start.
LAST_YEAR = 9990

SATURDAY = 5
SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Region:
    """Where the last day of a clock is looked at.

    `extra` are its own holidays of fixed date, (month, day) → name; `good_friday` says that this day is one too.
    `since` is the first year whose list is known.
    """

    name: str
    extra: Mapping[tuple[int, int], str]
    good_friday: bool = False
    since: int = FIRST_YEAR

    def __hash__(self) -> int:
        return hash(self.name)


FRANCE = Region("france", {})

# Ordonnance du 16 août 1892: 26 December everywhere; Good Friday only in communes with a Protestant or a mixed church,
# which a department does not tell: whoever knows the commune names the second region.
_SAINT_STEPHEN = {(12, 26): "Saint-Étienne"}
ALSACE_MOSELLE = Region("alsace-moselle", _SAINT_STEPHEN)
ALSACE_MOSELLE_GOOD_FRIDAY = Region("alsace-moselle-vendredi-saint", _SAINT_STEPHEN, good_friday=True)

_ABOLITION = "abolition de l'esclavage"

REGIONS = (
    FRANCE,
    ALSACE_MOSELLE,
    ALSACE_MOSELLE_GOOD_FRIDAY,
    # Code du travail, art. L3422-2. Saint-Martin is left out: its text says 27 May, the prefecture keeps 28 May. So are
    # New Caledonia, French Polynesia, Wallis-et-Futuna and Saint-Pierre-et-Miquelon, whose lists are their own. Good
    # Friday, mid-Lent and 21 July in the Antilles are customs, not in that text: a day is a holiday only where a law
    # says so (Cass. 2e civ. 16-7-1976 n° 75-12.260).
    Region("mayotte", {(4, 27): _ABOLITION}),
    Region("martinique", {(5, 22): _ABOLITION}),
    Region("guadeloupe", {(5, 27): _ABOLITION}),
    Region("guyane", {(6, 10): _ABOLITION}),
    # Décret 2012-553.
    Region("saint-barthelemy", {(10, 9): _ABOLITION}, since=2013),
    Region("la-reunion", {(12, 20): _ABOLITION}),
)

# What people write instead: departments by number or name.
ALIASES = {
    "metropole": "france",
    "alsace-moselle-temple": "alsace-moselle-vendredi-saint",
    "fr": "france",
    "57": "alsace-moselle",
    "67": "alsace-moselle",
    "68": "alsace-moselle",
    "alsace": "alsace-moselle",
    "moselle": "alsace-moselle",
    "bas-rhin": "alsace-moselle",
    "haut-rhin": "alsace-moselle",
    "971": "guadeloupe",
    "972": "martinique",
    "973": "guyane",
    "974": "la-reunion",
    "reunion": "la-reunion",
    "976": "mayotte",
    "977": "saint-barthelemy",
}

# Code du travail, art. L3133-1: those of fixed date.
FIXED_HOLIDAYS = {
    (1, 1): "jour de l'an",
    (5, 1): "fête du Travail",
    (5, 8): "victoire de 1945",
    (7, 14): "fête nationale",
    (8, 15): "Assomption",
    (11, 1): "Toussaint",
    (11, 11): "armistice de 1918",
    (12, 25): "Noël",
}

# The same article: those that follow Easter, in days after it.
MOVING_HOLIDAYS = {1: "lundi de Pâques", 39: "Ascension", 50: "lundi de Pentecôte"}

GOOD_FRIDAY_AFTER_EASTER = -2


def parse_region(text: str | None) -> Region:
    """The region a person names; None is metropolitan France without local law. Raises UsageError for any other."""
    if text is None:
        return FRANCE
    plain = unicodedata.normalize("NFD", text.strip().casefold())
    name = "".join(letter for letter in plain if not unicodedata.combining(letter)).replace(" ", "-").replace("_", "-")
    name = ALIASES.get(name, name)
    for region in REGIONS:
        if region.name == name:
            return region
    known = ", ".join(region.name for region in REGIONS)
    raise UsageError(
        _("No holidays are known for the region “{text}”. Choose one of: {known}.").format(text=text, known=known)
    )


def find_easter(year: int) -> dt.date:
    """Easter Sunday of the Gregorian calendar ("anonymous" algorithm; Meeus, Astronomical Algorithms, chapter 8)."""
    golden = year % 19
    century, in_century = divmod(year, 100)
    leap_centuries, rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - correction + 15) % 30
    leaps, odd = divmod(in_century, 4)
    to_sunday = (32 + 2 * rest + 2 * leaps - epact - odd) % 7
    late = (golden + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * late + 114, 31)
    return dt.date(year, month, day + 1)


@lru_cache(maxsize=256)
def find_holidays(year: int, region: Region = FRANCE) -> Mapping[dt.date, str]:
    """The public holidays of a year with their French names, in order. Raises UsageError for years not known."""
    if not region.since <= year <= LAST_YEAR:
        where = "" if region is FRANCE else f" of {region.name}"
        raise UsageError(
            _("Holidays{where} are known from {since} to {last_year}, not for {year}. Check the date.").format(
                where=where, since=region.since, last_year=LAST_YEAR, year=year
            )
        )
    easter = find_easter(year)
    holidays = {dt.date(year, *day): name for day, name in (FIXED_HOLIDAYS | dict(region.extra)).items()}
    holidays |= {easter + dt.timedelta(after): name for after, name in MOVING_HOLIDAYS.items()}
    if region.good_friday:
        holidays[easter + dt.timedelta(GOOD_FRIDAY_AFTER_EASTER)] = "vendredi saint"
    return dict(sorted(holidays.items()))


def find_holiday(day: dt.date, region: Region = FRANCE) -> str | None:
    """The name of the holiday that `day` is, None where it is none."""
    return find_holidays(day.year, region).get(day)


def is_working_day(day: dt.date, region: Region = FRANCE) -> bool:
    """False on Saturdays, Sundays and public holidays: the days on which no time limit expires (CPC, art. 642)."""
    return day.weekday() < SATURDAY and find_holiday(day, region) is None


def find_working_day(day: dt.date, region: Region = FRANCE) -> dt.date:
    """`day` itself where it is a working day, else the next one."""
    while not is_working_day(day, region):
        day += dt.timedelta(1)
    return day


def add_working_days(day: dt.date, count: int, region: Region = FRANCE) -> dt.date:
    """The last of `count` working days (*ouvrés*, Monday to Friday without holidays) after `day`."""
    for _day in range(count):
        day = find_working_day(day + dt.timedelta(1), region)
    return day


def add_business_days(day: dt.date, count: int, region: Region = FRANCE) -> dt.date:
    """The last of `count` *jours ouvrables* (Monday to Saturday without holidays) after `day`."""
    for _day in range(count):
        day += dt.timedelta(1)
        while day.weekday() == SUNDAY or find_holiday(day, region):
            day += dt.timedelta(1)
    return day


def add_months(day: dt.date, count: int) -> dt.date:
    """The same day-number `count` months later, or the last day of that month where it has none (CPC, art. 641)."""
    years, month = divmod(day.month - 1 + count, 12)
    year = day.year + years
    following = dt.date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (following - dt.timedelta(1)).day
    return dt.date(year, month + 1, min(day.day, last))
