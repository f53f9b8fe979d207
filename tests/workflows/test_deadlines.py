from __future__ import annotations

import datetime as dt
import itertools
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from papier.errors import UsageError
from papier.workflows.calendar import REGIONS, is_working_day
from papier.workflows.deadlines import Deadline, compute, format_day, list_rules
from papier.workflows.rules import Ending, Rule, Unit

# Every name that scripts rely on.
STABLE_NAMES = {
    "rgpd-reponse",
    "rgpd-prolongation",
    "silence-rejet",
    "motifs-reponse",
    "recours-gracieux",
    "tribunal-administratif",
    "cada-refus",
    "cada-saisine",
    "dossier-medical",
    "dossier-medical-ancien",
    "mon-espace-sante-opposition",
    "titre-sejour-silence",
    "afd-contestation",
    "afd-majoree",
    "recommande-non-reclame",
    "feuille-de-soins",
    # Beyond interfaces.md, and no less stable.
    "taj-acces",
    "video-images",
    "cada-silence",
    "recours-silence",
    "tribunal-apres-motifs",
    "motifs-plafond",
    "delai-raisonnable",
    "relance-interne",
}

# A busy machine is no failure.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Every rule has a version that counts from there.
STARTS = st.dates(dt.date(2025, 10, 8), dt.date(2200, 12, 31))


def at(rule: str, start: str, region: str | None = None) -> Deadline:
    return compute(rule, dt.date.fromisoformat(start), region)


def ends(rule: str, start: str, region: str | None = None) -> tuple[str, str]:
    deadline = at(rule, start, region)
    return deadline.prudent.isoformat(), deadline.theoretical.isoformat()


def test_the_published_example() -> None:
    assert at("rgpd-reponse", "2026-10-01").to_json() == {
        "rule": "rgpd-reponse",
        "from": "2026-10-01",
        "prudent": "2026-11-01",
        "theoretical": "2026-11-02",
        "because": "Un mois après réception (RGPD, art. 12-3) ; le dernier jour est un dimanche férié : "
        "reporté au lundi 2 novembre.",
        "sources": ["RGPD art. 12-3", "règlement 1182/71 art. 3"],
    }


def test_names_are_there_once() -> None:
    names = [rule.name for rule in list_rules()]
    assert set(names) >= STABLE_NAMES
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("rule", "start", "prudent", "theoretical"),
    [
        # Nothing in the way.
        ("rgpd-reponse", "2026-09-14", "2026-10-14", "2026-10-14"),
        ("rgpd-prolongation", "2026-10-14", "2026-12-14", "2026-12-14"),
        ("motifs-reponse", "2026-09-14", "2026-10-14", "2026-10-14"),
        ("recours-gracieux", "2026-09-14", "2026-11-14", "2026-11-16"),
        # The optional appeal is franc, as the court is (CE 19-9-2014 n° 362568).
        ("recours-gracieux", "2026-10-01", "2026-12-01", "2026-12-02"),
        ("cada-saisine", "2026-09-15", "2026-11-15", "2026-11-16"),
        ("dossier-medical", "2026-10-01", "2026-10-09", "2026-10-09"),
        ("dossier-medical", "2026-10-02", "2026-10-10", "2026-10-12"),
        ("dossier-medical-ancien", "2026-10-01", "2026-12-01", "2026-12-01"),
        ("mon-espace-sante-opposition", "2026-09-30", "2026-11-11", "2026-11-12"),
        ("afd-contestation", "2026-10-01", "2026-11-15", "2026-11-16"),
        ("afd-majoree", "2026-10-01", "2026-10-31", "2026-11-02"),
        ("recommande-non-reclame", "2026-10-03", "2026-10-18", "2026-10-18"),
        # Eight worked days are more than eight days; the prudent date counts on none of it.
        ("feuille-de-soins", "2026-10-01", "2026-10-09", "2026-10-13"),
        ("feuille-de-soins", "2026-10-29", "2026-11-06", "2026-11-10"),
        ("feuille-de-soins", "2026-10-30", "2026-11-07", "2026-11-12"),
        # Leap days and ends of months.
        ("rgpd-reponse", "2026-01-31", "2026-02-28", "2026-03-02"),
        ("rgpd-reponse", "2028-01-31", "2028-02-29", "2028-02-29"),
        ("rgpd-reponse", "2028-02-29", "2028-03-29", "2028-03-29"),
        ("silence-rejet", "2027-12-31", "2028-02-29", "2028-02-29"),
        ("titre-sejour-silence", "2026-10-31", "2027-02-28", "2027-02-28"),
        # Ends of years: 1 January 2027 is a Friday.
        ("rgpd-reponse", "2026-12-01", "2027-01-01", "2027-01-04"),
        ("afd-majoree", "2026-12-02", "2027-01-01", "2027-01-04"),
        ("rgpd-reponse", "2026-11-25", "2026-12-25", "2026-12-28"),
        # Around Easter 2026: Good Friday is no holiday, Easter Monday is one.
        ("rgpd-reponse", "2026-03-03", "2026-04-03", "2026-04-03"),
        ("rgpd-reponse", "2026-03-04", "2026-04-04", "2026-04-07"),
        ("rgpd-reponse", "2026-03-06", "2026-04-06", "2026-04-07"),
        # A holiday and a week-end in a row: 14 July 2028 is a Friday.
        ("rgpd-reponse", "2028-06-14", "2028-07-14", "2028-07-17"),
    ],
)
def test_dates(rule: str, start: str, prudent: str, theoretical: str) -> None:
    assert ends(rule, start) == (prudent, theoretical)


@pytest.mark.parametrize(
    ("start", "prudent", "theoretical"),
    [
        ("2026-10-01", "2026-12-01", "2026-12-02"),
        # The day after the last is Saturday 12 December.
        ("2026-10-11", "2026-12-11", "2026-12-14"),
        ("2026-10-12", "2026-12-12", "2026-12-14"),
        # The last day by day-number is a holiday, the day after it is none.
        ("2026-09-11", "2026-11-11", "2026-11-12"),
        # Friday 1 January would be the franc day.
        ("2026-10-31", "2026-12-31", "2027-01-04"),
        ("2026-12-31", "2027-02-28", "2027-03-01"),
    ],
)
def test_the_tribunal_counts_franc(start: str, prudent: str, theoretical: str) -> None:
    assert ends("tribunal-administratif", start) == (prudent, theoretical)


@pytest.mark.parametrize("rule", ["silence-rejet", "cada-refus", "cada-silence", "titre-sejour-silence", "taj-acces"])
def test_silence_decides_on_a_sunday(rule: str) -> None:
    months = next(known.count for known in list_rules() if known.name == rule)
    # 1 November 2026 is a Sunday and a holiday.
    start = dt.date(2026, 11 - months, 1)
    deadline = compute(rule, start)
    assert deadline.prudent == deadline.theoretical == dt.date(2026, 11, 1)
    assert "aucun report" in deadline.because
    assert "n'invoquez le silence que le lendemain" in deadline.because


def test_local_holidays_move_the_theoretical_date_only() -> None:
    # Saturday 26 December would do it alone; 2025 has it on a Friday.
    assert ends("rgpd-reponse", "2025-11-26") == ("2025-12-26", "2025-12-26")
    assert ends("rgpd-reponse", "2025-11-26", "alsace-moselle") == ("2025-12-26", "2025-12-29")
    assert ends("rgpd-reponse", "2026-03-03", "alsace-moselle-vendredi-saint") == ("2026-04-03", "2026-04-07")
    assert ends("rgpd-reponse", "2026-04-22", "martinique") == ("2026-05-22", "2026-05-26")
    deadline = at("rgpd-reponse", "2025-11-26", "alsace-moselle")
    assert "le dernier jour est un vendredi férié : reporté au lundi 29 décembre" in deadline.because


def test_reasons_of_a_move() -> None:
    assert "le dernier jour est un samedi : reporté au lundi 2 novembre" in at("afd-majoree", "2026-10-01").because
    assert "le dernier jour est un mercredi férié : reporté au jeudi 12 novembre" in (
        at("mon-espace-sante-opposition", "2026-09-30").because
    )
    assert "reporté" not in at("rgpd-reponse", "2026-09-14").because
    franc = at("tribunal-administratif", "2026-10-11").because
    assert franc.startswith(
        "Deux mois francs après notification (CJA, art. R421-1) : ni le premier ni le dernier jour ne comptent ; "
        "le lendemain est un samedi : reporté au lundi 14 décembre."
    )


@pytest.mark.parametrize(
    ("day", "text"),
    [
        ("2026-06-01", "lundi 1er juin"),
        ("2026-08-21", "vendredi 21 août"),
        ("2026-02-11", "mercredi 11 février"),
    ],
)
def test_days_in_words(day: str, text: str) -> None:
    assert format_day(dt.date.fromisoformat(day)) == text


@UNTIMED
@given(st.sampled_from(list_rules()), STARTS, st.sampled_from(REGIONS))
def test_prudent_never_comes_after_theoretical(rule: Rule, start: dt.date, region: object) -> None:
    place = next(known for known in REGIONS if known is region)
    deadline = compute(rule.name, start, place.name)
    assert start < deadline.prudent <= deadline.theoretical
    assert deadline.because_en.endswith(".")
    if not rule.is_internal:
        assert deadline.prudent == compute(rule.name, start).prudent
    if rule.ending in {Ending.MOVES, Ending.FRANC, Ending.SCHOOL}:
        assert is_working_day(deadline.theoretical, place)
    if rule.ending not in {Ending.MOVES, Ending.FRANC}:
        assert deadline.prudent == deadline.theoretical
    if rule.unit is not Unit.WORKING_DAYS:
        assert (deadline.theoretical - deadline.prudent).days <= 6
    assert deadline.because.endswith(".")
    assert "  " not in deadline.because


@UNTIMED
@given(st.sampled_from(list_rules()), STARTS)
def test_a_later_start_never_ends_earlier(rule: Rule, start: dt.date) -> None:
    first, second = (compute(rule.name, start + dt.timedelta(n)) for n in (0, 1))
    assert first.prudent <= second.prudent
    assert first.theoretical <= second.theoretical


@UNTIMED
@given(st.sampled_from([rule for rule in list_rules() if not rule.is_internal]), STARTS, st.integers(0, 60))
def test_an_uncertain_start_never_brings_a_date_forward(rule: Rule, start: dt.date, days: int) -> None:
    sure, unsure = compute(rule.name, start), compute(rule.name, start, latest=start + dt.timedelta(days))
    assert unsure.prudent == sure.prudent
    assert unsure.theoretical >= sure.theoretical
    assert ("Le départ n'est pas certain" in unsure.because) == (days > 0)


@UNTIMED
@given(st.integers(2026, 2200), st.sampled_from(["rgpd-reponse", "tribunal-administratif", "titre-sejour-silence"]))
def test_the_last_day_of_the_year_ends_on_a_last_day_or_its_day_number(year: int, rule: str) -> None:
    months = next(known.count for known in list_rules() if known.name == rule)
    prudent = compute(rule, dt.date(year, 12, 31)).prudent
    assert prudent.year == year + 1
    assert prudent.month == months
    assert (prudent + dt.timedelta(1)).day == 1


@UNTIMED
@given(st.integers(2028, 2200))
def test_a_year_from_a_leap_day_ends_on_the_28th(year: int) -> None:
    start = dt.date(year - year % 4, 2, 28) + dt.timedelta(1)
    end = compute("delai-raisonnable", start).prudent
    leap = start.month == 2
    assert (end.month, end.day) == ((2, 28) if leap else (3, 1))


@UNTIMED
@given(STARTS)
def test_the_court_has_a_day_more_than_a_plain_period(start: dt.date) -> None:
    franc, plain = compute("tribunal-administratif", start), compute("cada-saisine", start)
    assert franc.prudent == plain.prudent
    assert franc.theoretical >= max(plain.theoretical, plain.prudent + dt.timedelta(1))
    assert compute("recours-gracieux", start).theoretical == franc.theoretical


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/Martinique", "Pacific/Auckland", "UTC"])
@pytest.mark.parametrize("start", ["2026-03-27", "2026-03-29", "2026-10-24", "2026-10-25"])
def test_changes_of_the_clock_and_time_zones_have_no_part_in_it(
    monkeypatch: pytest.MonkeyPatch, zone: str, start: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        day = dt.date.fromisoformat(start)
        assert (compute("dossier-medical", day).prudent - day).days == 8
        assert (compute("afd-contestation", day).prudent - day).days == 45
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


def test_wrong_orders() -> None:
    with pytest.raises(UsageError, match=r"“rgpd-response”\. Did you mean `rgpd-reponse`\?"):
        at("rgpd-response", "2026-10-01")
    with pytest.raises(UsageError, match="--list"):
        at("x", "2026-10-01")
    with pytest.raises(UsageError, match="run from 1983 to 9990, not from 1970"):
        at("rgpd-reponse", "1970-01-01")
    with pytest.raises(UsageError, match=r"from 2018-05-25 on \(RGPD art\. 99\), not on 2018-05-24"):
        at("rgpd-reponse", "2018-05-24")
    with pytest.raises(UsageError, match="not from 9999"):
        at("rgpd-reponse", "9999-12-31")
    with pytest.raises(UsageError, match="Choose one of"):
        at("rgpd-reponse", "2026-10-01", "ailleurs")


def test_a_moment_is_no_day() -> None:
    with pytest.raises(TypeError, match="pass a date"):
        compute("rgpd-reponse", dt.datetime(2026, 10, 1, tzinfo=dt.UTC))


def test_penal_clocks_move_by_their_own_code() -> None:
    for rule in ("afd-contestation", "afd-majoree"):
        assert "CPP art. 801" in at(rule, "2026-10-01").sources


@pytest.mark.parametrize("rule", list_rules(dt.date(2026, 10, 1)), ids=lambda rule: rule.name)
def test_every_rule_says_where_it_comes_from(rule: Rule) -> None:
    deadline = compute(rule.name, dt.date(2026, 10, 1))
    assert rule.sources
    assert rule.basis in deadline.because
    assert list(deadline.to_json()) == ["rule", "from", "prudent", "theoretical", "because", "sources"]
    assert rule.to_json()["sources"] == list(rule.sources)


# The traps: each is a rule that most people would get wrong, and what keeps a reader from it.


def because(rule: str) -> str:
    return at(rule, "2026-10-01").because


def test_trap_police_file_asks_the_ministry_first() -> None:
    assert "Le ministère d'abord, jamais la CNIL directement" in because("taj-acces")


def test_trap_video_is_gone_within_the_month() -> None:
    text = because("video-images")
    assert "bien avant" in text
    assert "RGPD, art. 15" in text
    assert "L253-5" not in "".join(itertools.chain(text, at("video-images", "2026-10-01").sources))


def test_trap_family_benefits_do_not_go_to_the_administrative_court_first() -> None:
    assert "Contre la CAF, saisir d'abord la commission de recours amiable" in because("tribunal-administratif")


def test_trap_residence_permit_silence_needs_a_complete_file() -> None:
    assert ends("titre-sejour-silence", "2026-10-01") == ("2027-02-01", "2027-02-01")
    assert "aucune décision attaquable" in because("titre-sejour-silence")


def test_trap_fines_are_contested_with_the_form_of_the_notice() -> None:
    for rule in ("afd-contestation", "afd-majoree"):
        assert "avec le formulaire joint à l'avis" in because(rule)
        assert "consignation" in because(rule)


def test_trap_silence_is_a_refusal() -> None:
    assert "le silence vaut rejet" in because("silence-rejet")
    assert "L231-4" in because("silence-rejet")
    assert not any("accept" in rule.name for rule in list_rules())


def test_trap_the_ombudsman_stops_no_clock() -> None:
    for rule in ("recours-gracieux", "tribunal-administratif"):
        assert "n'arrêtent pas ce délai" in because(rule)
        assert "médiation préalable est obligatoire" in because(rule)


def test_trap_what_no_text_gives_has_no_clock() -> None:
    # Withdrawal from danger, the class diary on paper, Linky, the declaration of an objector: no delay in law.
    told = " ".join(f"{rule.name} {rule.title} {' '.join(rule.sources)}" for rule in list_rules()).casefold()
    for word in ("retrait", "cahier", "linky", "objecteur", "doctolib", "puçage"):
        assert word not in told


def test_trap_a_decision_born_of_silence_takes_the_earlier_of_two_readings() -> None:
    # At the beginning of the day-number or at its end: what follows is counted from it, and the silence is relied on
    # only on the next day.
    deadline = at("silence-rejet", "2022-04-23")
    assert deadline.prudent == dt.date(2022, 6, 23)
    assert "comptez les délais suivants depuis ce jour, n'invoquez le silence que le lendemain" in deadline.because


def test_trap_without_remedies_a_year_is_a_ceiling_and_no_right() -> None:
    text = because("delai-raisonnable")
    assert "un an est le plafond" in text
    assert "tenez-vous aux deux mois" in text
