from __future__ import annotations

import datetime as dt
import itertools

import holidays
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vacances_scolaires_france import SchoolHolidayDates

from papier.errors import UsageError
from papier.workflows.deadlines import compute, list_rules
from papier.workflows.school_calendar import (
    LONGEST_TERM,
    Zone,
    find_school_day,
    find_school_holiday,
    is_school_day,
    parse_zone,
)

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


# Arrêté du 22 octobre 2025 (2026-2027), read from the package `holidays`, which computes them otherwise: first day,
# last day, zones.
HOLIDAYS_2026_2027 = [
    ("2026-10-17", "2026-11-01", "ABC"),
    ("2026-12-19", "2027-01-03", "ABC"),
    ("2027-02-13", "2027-02-28", "A"),
    ("2027-02-20", "2027-03-07", "B"),
    ("2027-02-06", "2027-02-21", "C"),
    ("2027-04-10", "2027-04-25", "A"),
    ("2027-04-17", "2027-05-02", "B"),
    ("2027-04-03", "2027-04-18", "C"),
    ("2027-07-03", "2027-08-31", "ABC"),
]


@pytest.mark.parametrize(("first", "last", "zones"), HOLIDAYS_2026_2027)
def test_holidays_begin_and_end(first: str, last: str, zones: str) -> None:
    for zone in zones:
        assert find_school_holiday(day(first) - dt.timedelta(1), Zone(zone)) is None
        assert find_school_holiday(day(first), Zone(zone))
        assert find_school_holiday(day(last), Zone(zone))
        assert find_school_holiday(day(last) + dt.timedelta(1), Zone(zone)) is None


# Two independent tables; week-ends apart, which are no school days anyway. Where they differ: the bridge of Ascension,
# whose Friday the package knows from 2027 on; a last day of classes in the middle of a week, which it already calls
# holidays; and Wednesday 1 September 2027, which only the other one calls holidays. Before 2022 the package lacks the
# spring of 2021, moved after the fact.
KNOWN_DIFFERENCES = {
    *("2023-05-18", "2023-05-19", "2024-05-09", "2024-05-10", "2025-05-29", "2025-05-30", "2026-05-14", "2026-05-15"),
    *("2028-05-25", "2022-07-07", "2028-07-04", "2027-09-01"),
}


@pytest.mark.parametrize("zone", list(Zone))
def test_holidays_against_another_source(zone: Zone) -> None:
    others = holidays.country_holidays("FR", subdiv=f"Zone {zone}", categories="school", years=range(2022, 2029))
    days = [dt.date(2022, 1, 1) + dt.timedelta(n) for n in range((dt.date(2028, 8, 31) - dt.date(2022, 1, 1)).days)]
    weekdays = [at for at in days if at.weekday() < 5]
    different = {str(at) for at in weekdays if (find_school_holiday(at, zone) is None) == (at in others)}
    assert different == KNOWN_DIFFERENCES


def test_the_package_answers_term_time_for_years_that_nobody_filled_in_and_papier_refuses() -> None:
    trusting = SchoolHolidayDates()
    last = max(trusting.data)
    beyond = dt.date(last.year, 12, 25)
    # What would be believed without the guard: no holiday on Christmas Day.
    assert beyond > last
    assert trusting.is_holiday_for_zone(beyond, "A") is False
    for zone in Zone:
        with pytest.raises(UsageError, match=f"known from 2016-01-01 to {last}, not for {beyond}"):
            find_school_holiday(beyond, zone)
        with pytest.raises(UsageError, match="vacances-scolaires-france"):
            find_school_holiday(last + dt.timedelta(1), zone)


def test_days_before_the_zones_were_drawn_are_refused() -> None:
    with pytest.raises(UsageError, match="not for 2015-12-31"):
        find_school_holiday(day("2015-12-31"), Zone.A)


def test_a_reminder_whose_end_of_holidays_is_not_known_is_refused() -> None:
    last = max(SchoolHolidayDates().data)
    with pytest.raises(UsageError, match="The school calendar of zone A is known"):
        compute("relance-interne", last - dt.timedelta(10), count=5, zone="A")


@pytest.mark.parametrize("zone", list(Zone))
def test_terms_are_shorter_than_what_tells_them_from_a_hole(zone: Zone) -> None:
    rows = SchoolHolidayDates().data
    days = sorted(at for at in rows if at.year >= 2016 and rows[at][f"vacances_zone_{zone.lower()}"])
    longest = max(after - before for before, after in itertools.pairwise(days))
    assert longest == {"A": dt.timedelta(76), "B": dt.timedelta(79), "C": dt.timedelta(82)}[zone]
    assert longest < LONGEST_TERM < dt.timedelta(120)


@pytest.mark.parametrize(
    ("text", "zone"),
    [("A", Zone.A), (" zone b", Zone.B), ("c", Zone.C), ("Paris", Zone.C), ("Orléans-Tours", Zone.B), ("LYON", Zone.A)],
)
def test_zones_and_academies(text: str, zone: Zone) -> None:
    assert parse_zone(text) is zone


@pytest.mark.parametrize("text", ["Corse", "La Réunion", "D", ""])
def test_other_calendars_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="Corsica and overseas have calendars of their own"):
        parse_zone(text)


def test_a_reminder_waits_for_a_day_of_school() -> None:
    # Monday 5 October 2026 and fifteen days: Tuesday 20 October, in the holidays of All Saints.
    reminder = compute("relance-interne", day("2026-10-05"), zone="C")
    assert reminder.prudent == reminder.theoretical == day("2026-11-02")
    assert "tombe pendant les vacances scolaires (Vacances de la Toussaint, zone C) : reporté au lundi 2 novembre" in (
        reminder.because
    )
    assert compute("relance-interne", day("2026-10-05")).theoretical == day("2026-10-20")
    assert compute("relance-interne", day("2026-10-05"), count=8, zone="Paris").theoretical == day("2026-10-13")


def test_a_reminder_waits_for_a_day_of_work() -> None:
    # Ten days after 1 November: Wednesday 11 November.
    reminder = compute("relance-interne", day("2026-11-01"), count=10)
    assert reminder.theoretical == day("2026-11-12")
    assert "le dernier jour est un mercredi férié : reporté au jeudi 12 novembre" in reminder.because
    assert compute("relance-interne", day("2026-11-05"), count=1).because.startswith("Un jour après la remise")


@pytest.mark.parametrize("count", [0, 367, -1])
def test_a_reminder_without_sense_is_refused(count: int) -> None:
    with pytest.raises(UsageError, match=f"after 1 to 366 days, not {count}"):
        compute("relance-interne", day("2026-11-05"), count=count)


@pytest.mark.parametrize("rule", [rule.name for rule in list_rules() if not rule.is_internal])
def test_trap_school_holidays_move_no_legal_clock(rule: str) -> None:
    with pytest.raises(UsageError, match="school holidays never move it"):
        compute(rule, day("2026-10-01"), zone="A")
    with pytest.raises(UsageError, match="its length stands in its text"):
        compute(rule, day("2026-10-01"), count=20)


@UNTIMED
@given(st.dates(dt.date(2016, 1, 4), dt.date(2028, 8, 1)), st.sampled_from(list(Zone)))
def test_the_next_school_day_is_one_and_no_nearer_one_is(at: dt.date, zone: Zone) -> None:
    following = find_school_day(at, zone) if at < dt.date(2028, 7, 1) else at
    between = [at + dt.timedelta(n) for n in range((following - at).days)]
    assert not any(is_school_day(skipped, zone) for skipped in between)
    assert at >= dt.date(2028, 7, 1) or is_school_day(following, zone)
