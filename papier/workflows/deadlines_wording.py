"""The sentence that explains a clock, in French and in English."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from papier.workflows.calendar import Region, find_holiday
from papier.workflows.rules import Ending, Rule, Unit
from papier.workflows.school_calendar import Zone, find_school_holiday

WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
_ENGLISH_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ENGLISH_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

# Other numbers are written in digits.
_NUMBERS = {1: "un", 2: "deux", 3: "trois", 4: "quatre", 6: "six", 8: "huit", 15: "quinze", 30: "trente"}
_NUMBERS[45] = "quarante-cinq"
_ENGLISH_NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 6: "six", 8: "eight", 15: "fifteen", 30: "thirty"}
_ENGLISH_NUMBERS[45] = "forty-five"

# One of it, and several.
_UNITS: Mapping[Unit, tuple[str, str]] = {
    Unit.DAYS: ("jour", "jours"),
    Unit.WEEKS: ("semaine", "semaines"),
    Unit.MONTHS: ("mois", "mois"),
    Unit.YEARS: ("an", "ans"),
    Unit.WORKING_DAYS: ("jour ouvré", "jours ouvrés"),
    Unit.BUSINESS_DAYS: ("jour ouvrable", "jours ouvrables"),
}
_ENGLISH_UNITS: Mapping[Unit, tuple[str, str]] = {
    Unit.DAYS: ("day", "days"),
    Unit.WEEKS: ("week", "weeks"),
    Unit.MONTHS: ("month", "months"),
    Unit.YEARS: ("year", "years"),
    Unit.WORKING_DAYS: ("working day (ouvré)", "working days (ouvrés)"),
    Unit.BUSINESS_DAYS: ("business day (ouvrable)", "business days (ouvrables)"),
}

# One date serves both readings, since a clock ends with its day: whoever counts on from it takes the earlier one,
# whoever waits until it is over takes the later one.
_BOTH_READINGS = (
    "Les commentaires placent cet effet au début ou à la fin de ce jour : comptez les délais suivants depuis ce jour, "
    "n'invoquez le silence que le lendemain"
)
_BOTH_READINGS_ENGLISH = (
    "Commentators place this effect at the beginning or at the end of that day: count what follows from that day, rely "
    "on the silence only on the next"
)


@dataclass(frozen=True, slots=True)
class Reckoning:
    """How a date came about: `last` before and `moved` after any move, counted from the later end of `span`.

    `span` is the earliest and the latest possible start where it is not certain; `zone` that of the school holidays an
    internal reminder waits for.
    """

    rule: Rule
    count: int
    last: dt.date
    moved: dt.date
    region: Region
    span: tuple[dt.date, dt.date] | None = None
    zone: Zone | None = None


def format_day(day: dt.date) -> str:
    """A day as a French sentence names it, without its year: "lundi 2 novembre", "vendredi 1er mai"."""
    number = "1er" if day.day == 1 else str(day.day)
    return f"{WEEKDAYS[day.weekday()]} {number} {MONTHS[day.month - 1]}"


def format_english_day(day: dt.date) -> str:
    """A day as an English sentence names it, without its year: "Monday 2 November"."""
    return f"{_ENGLISH_WEEKDAYS[day.weekday()]} {day.day} {_ENGLISH_MONTHS[day.month - 1]}"


def format_length(rule: Rule, count: int, language: str) -> str:
    """How long a clock runs: "deux mois francs"; in French for "fr", else in English."""
    several = count > 1
    if language != "fr":
        clear = "clear " if rule.ending is Ending.FRANC else ""
        return f"{_ENGLISH_NUMBERS.get(count, count)} {clear}{_ENGLISH_UNITS[rule.unit][several]}"
    number = "une" if count == 1 and rule.unit is Unit.WEEKS else _NUMBERS.get(count, count)
    franc = (" francs" if several else " franc") if rule.ending is Ending.FRANC else ""
    return f"{number} {_UNITS[rule.unit][several]}{franc}"


def explain(reckoning: Reckoning, language: str) -> str:
    """One sentence, and the rule's cautions after it; in French for "fr", else in English."""
    return _explain_in_french(reckoning) if language == "fr" else _explain_in_english(reckoning)


def _explain_in_french(reckoning: Reckoning) -> str:
    rule, words = reckoning.rule, reckoning.rule.french
    franc = rule.ending is Ending.FRANC
    length = format_length(rule, reckoning.count, "fr")
    text = f"{length[0].upper()}{length[1:]} après {words.after} ({words.basis})"
    if rule.unit is Unit.WORKING_DAYS:
        text += ", comptés du lundi au vendredi sans les jours fériés"
    elif rule.unit is Unit.BUSINESS_DAYS:
        text += ", comptés du lundi au samedi sans les jours fériés"
    if franc:
        text += " : ni le premier ni le dernier jour ne comptent"
    if reckoning.moved != reckoning.last:
        day = "le lendemain" if franc else "le dernier jour"
        text += f" ; {day} {_describe(reckoning)} : reporté au {format_day(reckoning.moved)}"
    if rule.ending is Ending.DECIDES:
        text += f" : {words.outcome} ; aucun report, même un dimanche ou un jour férié. {_BOTH_READINGS}"
    elif words.outcome:
        text += f" : {words.outcome}"
    if reckoning.span:
        first, latest = reckoning.span
        text += (
            f". Le départ n'est pas certain : la date prudente est comptée du {format_day(first)}, la date théorique "
            f"du {format_day(latest)}"
        )
    return f"{text}. {words.caution}" if words.caution else f"{text}."


def _describe(reckoning: Reckoning) -> str:
    day = reckoning.last
    school = find_school_holiday(day, reckoning.zone) if reckoning.zone else None
    if school:
        return f"tombe pendant les vacances scolaires ({school}, zone {reckoning.zone})"
    weekday = WEEKDAYS[day.weekday()]
    return f"est un {weekday} férié" if find_holiday(day, reckoning.region) else f"est un {weekday}"


def _explain_in_english(reckoning: Reckoning) -> str:
    rule, words = reckoning.rule, reckoning.rule.english
    franc = rule.ending is Ending.FRANC
    length = format_length(rule, reckoning.count, "en")
    text = f"{length[0].upper()}{length[1:]} after {words.after} ({words.basis})"
    if rule.unit is Unit.WORKING_DAYS:
        text += ", counted from Monday to Friday without public holidays"
    elif rule.unit is Unit.BUSINESS_DAYS:
        text += ", counted from Monday to Saturday without public holidays"
    if franc:
        text += ": neither the first nor the last day counts"
    if reckoning.moved != reckoning.last:
        day = "the day after" if franc else "the last day"
        text += f"; {day} {_describe_in_english(reckoning)}: moved to {format_english_day(reckoning.moved)}"
    if rule.ending is Ending.DECIDES:
        text += f": {words.outcome}; nothing moves it, not even a Sunday or a holiday. {_BOTH_READINGS_ENGLISH}"
    elif words.outcome:
        text += f": {words.outcome}"
    if reckoning.span:
        first, latest = reckoning.span
        text += (
            f". The start is not certain: the prudent date is counted from {format_english_day(first)}, the "
            f"theoretical one from {format_english_day(latest)}"
        )
    return f"{text}. {words.caution}" if words.caution else f"{text}."


def _describe_in_english(reckoning: Reckoning) -> str:
    day = reckoning.last
    school = find_school_holiday(day, reckoning.zone) if reckoning.zone else None
    if school:
        return f"falls within school holidays ({school}, zone {reckoning.zone})"
    weekday = _ENGLISH_WEEKDAYS[day.weekday()]
    return f"is a {weekday} and a public holiday" if find_holiday(day, reckoning.region) else f"is a {weekday}"
