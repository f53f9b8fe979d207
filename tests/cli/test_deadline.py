from __future__ import annotations

import pytest

from papier.workflows.deadlines import list_rules
from tests.cli.conftest import Papier, as_typed


def test_a_clock_in_english_and_in_french(papier: Papier, monkeypatch: pytest.MonkeyPatch) -> None:
    english = papier("deadline", "afd-majoree", "--from", "2026-10-01")
    assert english.code == 0
    assert english.out.splitlines()[:2] == ["prudent: 2026-10-31", "theoretical: 2026-11-02"]
    assert "Thirty days after the sending of the notice (CPP, art. 495-19); the last day is a Saturday: moved to" in (
        english.out
    )
    assert "  CPP art. 801" in english.out.splitlines()
    monkeypatch.setenv("PAPIER_LANGUAGE", "fr")
    french = papier("deadline", "afd-majoree", "--from", "2026-10-01")
    assert as_typed(french.out).splitlines()[:2] == ["prudent : 31/10/2026", "théorique : 02/11/2026"]
    assert "Trente jours après l’envoi de l’avis (CPP, art.\u00a0495-19)" in french.out


def test_the_sentence_of_json_is_french_whatever_the_language(papier: Papier) -> None:
    [shown] = papier("deadline", "rgpd-reponse", "--from", "2026-10-01", "--json").lines
    assert shown == {
        "rule": "rgpd-reponse",
        "from": "2026-10-01",
        "prudent": "2026-11-01",
        "theoretical": "2026-11-02",
        "because": "Un mois après réception (RGPD, art. 12-3) ; le dernier jour est un dimanche férié : "
        "reporté au lundi 2 novembre.",
        "sources": ["RGPD art. 12-3", "règlement 1182/71 art. 3"],
    }


@pytest.mark.parametrize(
    ("options", "prudent", "theoretical", "delivery"),
    [
        (("--claimed", "2026-10-09"), "2026-12-09", "2026-12-10", "Lettre reçue le jour de sa remise."),
        (("--unclaimed",), "2026-12-01", "2026-12-02", "Lettre non réclamée"),
        ((), "2026-12-01", "2026-12-17", "Lettre encore en instance"),
    ],
)
def test_a_registered_letter(
    papier: Papier, options: tuple[str, ...], prudent: str, theoretical: str, delivery: str
) -> None:
    [shown] = papier("deadline", "tribunal-administratif", "--presented", "2026-10-01", *options, "--json").lines
    assert (shown["prudent"], shown["theoretical"]) == (prudent, theoretical)
    assert shown["delivery"].startswith(delivery)
    assert shown["events"][0]["kind"] == "notification"
    told = papier("deadline", "tribunal-administratif", "--presented", "2026-10-01", *options).out
    assert "etter" in told.splitlines()[2]


def test_a_day_is_written_as_people_write_it(papier: Papier) -> None:
    iso = papier("deadline", "rgpd-reponse", "--from", "2026-10-01", "--json").lines
    for written in ("01/10/2026", "1.10.2026", "01102026"):
        assert papier("deadline", "rgpd-reponse", "--from", written, "--json").lines == iso
    rehearsed = papier("--today", "01/03/2027", "today", "--dry-run", "--json")
    assert rehearsed.lines[0]["day"] == "2027-03-01"
    assert papier("--today", "demain", "today", "--dry-run").code == 2


def test_a_region(papier: Papier) -> None:
    [shown] = papier("deadline", "rgpd-reponse", "--from", "2025-11-25", "--region", "57", "--json").lines
    assert shown["theoretical"] == "2025-12-29"


def test_an_internal_reminder(papier: Papier) -> None:
    arguments = ("deadline", "relance-interne", "--from", "2026-10-05")
    [shown] = papier(*arguments, "--zone", "Paris", "--json").lines
    assert shown["prudent"] == shown["theoretical"] == "2026-11-02"
    told = papier(*arguments, "--days", "12", "--zone", "Lyon").out
    assert "12 days after the handover" in told
    assert "falls within school holidays (Vacances de la Toussaint, zone A): moved to Monday 2 November" in told


def test_the_list_shows_every_rule_with_its_length_its_day_and_its_sources(
    papier: Papier, monkeypatch: pytest.MonkeyPatch
) -> None:
    english = papier("deadline", "--list").out
    monkeypatch.setenv("PAPIER_LANGUAGE", "fr")
    french = papier("deadline", "--list").out
    for rule in list_rules():
        assert f"{rule.name:<28} {rule.english.title}" in english
        assert f"{rule.name:<28} {rule.french.title}" in french
    assert "two clear months · since 2001-01-01 · CJA art. R421-1 et R421-2 ; CE 13-5-2024 n° 466541" in english
    assert "deux mois francs · depuis le 01/01/2001 · CJA art. R421-1 et R421-2" in french
    assert {line["rule"] for line in papier("deadline", "--list", "--json").lines} == {r.name for r in list_rules()}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rgpd-reponse",), "Say which rule and from which day"),
        (("rgpd-reponse", "--from", "hier"), "“hier” is no day"),
        (("rgpd-reponse", "--from", "2026-02-30"), "“2026-02-30” is no day"),
        (("rgpd-reponse", "--from", "2026-10-01", "--presented", "2026-10-01"), "Leave out one."),
        (("rgpd-reponse", "--from", "2026-10-01", "--claimed", "2026-10-02"), "when the registered letter was first"),
        (("rgpd-reponse", "--from", "2026-10-01", "--unclaimed"), "when the registered letter was first presented"),
        (("rgpd-reponse", "--from", "2018-05-24"), "is known for clocks that start from 2018-05-25 on"),
        (("rgpd-reponse", "--from", "2026-10-01", "--zone", "A"), "school holidays never move it"),
        (("rgpd-reponse", "--from", "2026-10-01", "--region", "Nouméa"), "No holidays are known for the region"),
        (("rgpd-respons", "--from", "2026-10-01"), "Did you mean `rgpd-reponse`?"),
        (("rgpd", "--from", "2026-10-01"), "Did you mean `rgpd-reponse` or `rgpd-prolongation`?"),
        (("rgpd",), "Did you mean `rgpd-reponse` or `rgpd-prolongation`?"),
        (("relance-interne", "--from", "2026-10-01", "--zone", "Corse"), "Corsica and overseas have calendars"),
        (("relance-interne", "--from", "2029-01-10", "--zone", "A"), "The school calendar of zone A is known from"),
        (("relance-interne", "--presented", "2026-10-01", "--days", "8"), "not from a letter's delivery"),
        # A fine counts from the day its notice was sent, whenever it arrives: a later start would lose it.
        (("afd-contestation", "--presented", "2026-10-01"), "does not start when a letter arrives"),
    ],
)
def test_wrong_orders_end_in_one_sentence(papier: Papier, arguments: tuple[str, ...], message: str) -> None:
    outcome = papier("deadline", *arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert message in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_help_teaches(papier: Papier) -> None:
    text = papier("deadline", "--help").out
    for word in ("--presented", "--claimed", "--unclaimed", "--zone", "Examples:", "prudent", "theoretical"):
        assert word in text
