"""Disputes worked out by hand from the articles; each comment says how."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from papier.workflows.deadlines import Event
from papier.workflows.disputes import Clock, Happening, State, find_clocks
from papier.workflows.rules import Party

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

DISPUTE = tuple[tuple[str, str], ...]


def look(dispute: DISPUTE, on: str, **options: str) -> dict[str, Clock]:
    """The clocks on a day, by "rule@start"."""
    events = [Event(Happening(kind), dt.date.fromisoformat(day)) for kind, day in dispute]
    clocks = find_clocks(events, dt.date.fromisoformat(on), options.get("region"), **_silence(options))
    found = {f"{clock.deadline.rule}@{clock.deadline.start}": clock for clock in clocks}
    assert len(found) == len(clocks)
    return found


def _silence(options: dict[str, str]) -> dict[str, str]:
    return {"silence": options["silence"]} if "silence" in options else {}


def show(clock: Clock) -> tuple[str, str, str]:
    return str(clock.state), clock.deadline.prudent.isoformat(), clock.deadline.theoretical.isoformat()


REQUEST: DISPUTE = (("request-sent", "2026-03-02"), ("request-received", "2026-03-04"))
ACKNOWLEDGED: DISPUTE = (*REQUEST, ("receipt-acknowledged", "2026-03-10"))


def test_a_request_waits_for_two_months() -> None:
    clocks = look(REQUEST, "2026-04-15")
    assert list(clocks) == ["silence-rejet@2026-03-04"]
    [clock] = clocks.values()
    assert show(clock) == ("running", "2026-05-04", "2026-05-04")
    assert clock.party is Party.THEM
    assert clock.is_proven
    assert [(event.kind, str(event.day)) for event in clock.deadline.events] == [
        ("request-sent", "2026-03-02"),
        ("request-received", "2026-03-04"),
    ]


def test_a_request_whose_receipt_is_not_proven_accuses_nobody() -> None:
    clocks = look((("request-sent", "2026-03-02"),), "2026-05-20")
    assert show(clocks["silence-rejet@2026-03-02"]) == ("expired", "2026-05-02", "2026-05-02")
    assert not clocks["silence-rejet@2026-03-02"].is_proven
    # What follows from it is no surer.
    assert not clocks["tribunal-administratif@2026-05-02"].is_proven
    assert "n'accusez personne de retard" in clocks["silence-rejet@2026-03-02"].note


def test_silence_opens_the_court_on_its_very_day() -> None:
    assert "tribunal-administratif@2026-05-04" not in look(ACKNOWLEDGED, "2026-05-03")
    clocks = look(ACKNOWLEDGED, "2026-05-04")
    # Two months from 4 May; franc: Sunday 5 July, so Monday 6 July.
    assert show(clocks["tribunal-administratif@2026-05-04"]) == ("running", "2026-07-04", "2026-07-06")
    assert show(clocks["recours-gracieux@2026-05-04"]) == ("running", "2026-07-04", "2026-07-06")
    assert [str(event.kind) for event in clocks["tribunal-administratif@2026-05-04"].deadline.events] == [
        *("request-sent", "request-received", "silence-rejet"),
    ]
    assert "delai-raisonnable@2026-05-04" not in clocks


def test_without_an_acknowledgement_the_two_months_are_not_enforceable_and_a_year_is_the_ceiling() -> None:
    clocks = look(REQUEST, "2026-05-10")
    assert show(clocks["delai-raisonnable@2026-05-04"]) == ("running", "2027-05-04", "2027-05-04")
    assert "L112-6" in clocks["tribunal-administratif@2026-05-04"].note
    assert "L112-6" in clocks["tribunal-administratif@2026-05-04"].note_en


def test_a_refusal_on_paper_stops_the_silence() -> None:
    clocks = look((*REQUEST, ("refusal-notified", "2026-04-10")), "2026-04-20")
    assert clocks["silence-rejet@2026-03-04"].state is State.STOPPED
    assert clocks["silence-rejet@2026-03-04"].stopped_by == Event(Happening.REFUSAL_NOTIFIED, dt.date(2026, 4, 10))
    # 10 June; franc: Thursday 11 June.
    assert show(clocks["tribunal-administratif@2026-04-10"]) == ("running", "2026-06-10", "2026-06-11")
    assert "delai-raisonnable@2026-04-10" not in clocks


def test_a_refusal_without_remedies_has_the_ceiling() -> None:
    clocks = look((*REQUEST, ("refusal-without-remedies", "2026-04-10")), "2026-04-20")
    assert show(clocks["delai-raisonnable@2026-04-10"]) == ("running", "2027-04-10", "2027-04-10")


def test_a_refusal_on_paper_within_the_period_of_the_silent_one_starts_it_again() -> None:
    # R421-2: silence on 4 May, paper on 20 June, before 4 July.
    clocks = look((*ACKNOWLEDGED, ("refusal-notified", "2026-06-20")), "2026-07-01")
    assert clocks["tribunal-administratif@2026-05-04"].state is State.STOPPED
    # 20 August; franc: Friday 21 August.
    assert show(clocks["tribunal-administratif@2026-06-20"]) == ("running", "2026-08-20", "2026-08-21")


def test_a_refusal_on_paper_after_the_period_confirms_and_opens_nothing() -> None:
    clocks = look((*ACKNOWLEDGED, ("refusal-notified", "2026-07-10")), "2026-07-20")
    assert clocks["tribunal-administratif@2026-05-04"].state is State.EXPIRED
    assert "tribunal-administratif@2026-07-10" not in clocks


def test_a_favourable_answer_stops_everything() -> None:
    clocks = look((*ACKNOWLEDGED, ("request-granted", "2026-06-01")), "2026-06-10")
    assert clocks["silence-rejet@2026-03-04"].state is State.EXPIRED
    assert {clock.state for key, clock in clocks.items() if not key.startswith("silence")} == {State.STOPPED}
    early = look((*ACKNOWLEDGED, ("request-granted", "2026-04-01")), "2026-04-10")
    assert list(early) == ["silence-rejet@2026-03-04"]
    assert early["silence-rejet@2026-03-04"].state is State.STOPPED


# The appeal to the author of the decision: refused on 12 November 2025, appeal on 5 January 2026.
APPEAL: DISPUTE = (
    ("refusal-notified", "2025-11-12"),
    ("appeal-sent", "2026-01-05"),
    ("appeal-received", "2026-01-07"),
)


def test_an_appeal_in_time_interrupts_the_period() -> None:
    before = look(APPEAL, "2025-12-01")
    # 12 January 2026; franc: Tuesday 13 January.
    assert show(before["tribunal-administratif@2025-11-12"]) == ("running", "2026-01-12", "2026-01-13")
    during = look(APPEAL, "2026-02-01")
    stopped = during["tribunal-administratif@2025-11-12"]
    assert stopped.state is State.STOPPED
    assert stopped.stopped_by == Event(Happening.APPEAL_SENT, dt.date(2026, 1, 5))
    assert show(during["recours-silence@2026-01-07"]) == ("running", "2026-03-07", "2026-03-07")
    assert not [clock for clock in during.values() if clock.state is State.RUNNING and clock.party is Party.US]


def test_silence_on_the_appeal_gives_the_period_anew_in_full() -> None:
    clocks = look(APPEAL, "2026-03-07")
    # Silence on Saturday 7 March, no rollover; 7 May; franc: Friday 8 May is a holiday, so Monday 11 May.
    assert show(clocks["tribunal-administratif@2026-03-07"]) == ("running", "2026-05-07", "2026-05-11")
    assert [str(event.kind) for event in clocks["tribunal-administratif@2026-03-07"].deadline.events] == [
        *("refusal-notified", "appeal-sent", "appeal-received", "recours-silence"),
    ]


def test_a_rejection_on_paper_gives_the_period_anew_from_its_day() -> None:
    clocks = look((*APPEAL, ("appeal-rejected", "2026-02-10")), "2026-02-20")
    # 10 April; franc: Saturday 11 April, so Monday 13 April.
    assert show(clocks["tribunal-administratif@2026-02-10"]) == ("running", "2026-04-10", "2026-04-13")


def test_an_appeal_after_the_period_interrupts_nothing() -> None:
    late: DISPUTE = (("refusal-notified", "2025-11-12"), ("appeal-sent", "2026-01-14"))
    clocks = look(late, "2026-02-01")
    assert clocks["tribunal-administratif@2025-11-12"].state is State.EXPIRED
    assert not [key for key in clocks if key.startswith("recours-silence")]


def test_an_appeal_on_the_franc_day_is_not_counted_on() -> None:
    # Sent on 13 January, after the prudent 12 January and on the theoretical last day.
    clocks = look((("refusal-notified", "2025-11-12"), ("appeal-sent", "2026-01-13")), "2026-01-13")
    court = clocks["tribunal-administratif@2025-11-12"]
    assert court.state is State.RUNNING
    assert "n'est pas sûr" in court.note


def test_both_appeals_must_be_rejected() -> None:
    # L411-2, second paragraph: gracieux on 20 November, rejected on 15 December; hiérarchique on 5 January, no answer.
    both: DISPUTE = (
        ("refusal-notified", "2025-11-12"),
        ("appeal-sent", "2025-11-20"),
        ("appeal-received", "2025-11-21"),
        ("appeal-rejected", "2025-12-15"),
        ("hierarchical-appeal-sent", "2026-01-05"),
        ("hierarchical-appeal-received", "2026-01-08"),
    )
    waiting = look(both, "2026-02-20")
    assert not [key for key in waiting if key.startswith("tribunal") and waiting[key].state is State.RUNNING]
    # Silence on Sunday 8 March; 8 May; franc: Saturday 9 May, so Monday 11 May.
    assert show(look(both, "2026-03-08")["tribunal-administratif@2026-03-08"]) == (
        "running",
        "2026-05-08",
        "2026-05-11",
    )
    # Before the second appeal the rejection of the first one had started the period again.
    alone = look(both, "2025-12-20")
    assert show(alone["tribunal-administratif@2025-12-15"]) == ("running", "2026-02-15", "2026-02-16")


def test_without_remedies_an_appeal_interrupts_the_year() -> None:
    # CE, avis, 12-7-2023, n° 474865: refused without remedies on 12 November 2025, appeal in June 2026.
    dispute: DISPUTE = (
        ("refusal-without-remedies", "2025-11-12"),
        ("appeal-sent", "2026-06-02"),
        ("appeal-received", "2026-06-03"),
    )
    clocks = look(dispute, "2026-08-10")
    assert clocks["delai-raisonnable@2025-11-12"].state is State.STOPPED
    assert show(clocks["delai-raisonnable@2026-08-03"]) == ("running", "2027-08-03", "2027-08-03")
    # 3 October; franc: Sunday 4 October, so Monday 5 October.
    assert show(clocks["tribunal-administratif@2026-08-03"]) == ("running", "2026-10-03", "2026-10-05")


REASONS: DISPUTE = (*ACKNOWLEDGED, ("reasons-asked", "2026-06-15"), ("reasons-request-received", "2026-06-17"))


def test_reasons_are_asked_for_within_the_period_and_due_within_a_month() -> None:
    clocks = look(REASONS, "2026-06-20")
    # Act from the day it was asked; accuse from the day the request arrived.
    assert show(clocks["motifs-reponse@2026-06-15"]) == ("running", "2026-07-15", "2026-07-17")
    assert clocks["motifs-reponse@2026-06-15"].is_proven
    # CE, avis, 2-10-2025, n° 504677: a year from the request, whatever comes.
    assert show(clocks["motifs-plafond@2026-06-15"]) == ("running", "2027-06-15", "2027-06-15")
    court = clocks["tribunal-administratif@2026-05-04"]
    assert show(court) == ("running", "2026-07-04", "2026-07-06")
    assert "si la décision devait être motivée" in court.note


def test_reasons_given_prolong_the_period() -> None:
    clocks = look((*REASONS, ("reasons-given", "2026-07-20")), "2026-07-25")
    # L232-4: two months after 20 July: Sunday 20 September.
    assert show(clocks["tribunal-apres-motifs@2026-07-20"]) == ("running", "2026-09-20", "2026-09-21")
    # Given after 17 July: too late for their own clock.
    assert clocks["motifs-reponse@2026-06-15"].state is State.EXPIRED


def test_a_request_for_reasons_whose_receipt_is_not_proven_accuses_nobody() -> None:
    clocks = look((*ACKNOWLEDGED, ("reasons-asked", "2026-06-15")), "2026-06-20")
    assert not clocks["motifs-reponse@2026-06-15"].is_proven
    # The ceiling is ours, and counts from our own sending.
    assert clocks["motifs-plafond@2026-06-15"].is_proven


def test_reasons_asked_for_after_the_period_prolong_nothing() -> None:
    clocks = look((*ACKNOWLEDGED, ("reasons-asked", "2026-07-05"), ("reasons-given", "2026-07-20")), "2026-07-25")
    assert "tribunal-apres-motifs@2026-07-20" not in clocks
    assert "motifs-plafond@2026-07-05" not in clocks
    assert "n'est pas sûr" in clocks["tribunal-administratif@2026-05-04"].note


def test_the_ceiling_of_an_older_request_for_reasons_runs_from_the_day_of_the_opinion() -> None:
    older: DISPUTE = (
        ("request-received", "2025-05-02"),
        ("receipt-acknowledged", "2025-05-05"),
        ("reasons-asked", "2025-07-10"),
    )
    clocks = look(older, "2025-11-01")
    assert show(clocks["motifs-plafond@2025-10-08"]) == ("running", "2026-10-08", "2026-10-08")


def test_an_appeal_after_the_reasons_interrupts_the_longer_period() -> None:
    dispute: DISPUTE = (
        *(*REASONS, ("reasons-given", "2026-07-10")),
        *(("appeal-sent", "2026-09-01"), ("appeal-received", "2026-09-02")),
    )
    clocks = look(dispute, "2026-09-10")
    assert clocks["tribunal-apres-motifs@2026-07-10"].state is State.STOPPED
    assert show(clocks["recours-silence@2026-09-02"]) == ("running", "2026-11-02", "2026-11-02")
    renewed = look(dispute, "2026-11-02")
    # 2 January 2027; franc: Sunday 3 January, so Monday 4 January.
    assert show(renewed["tribunal-administratif@2026-11-02"]) == ("running", "2027-01-02", "2027-01-04")


def test_seizing_the_court_ends_our_clocks() -> None:
    clocks = look((*ACKNOWLEDGED, ("court-seized", "2026-06-30")), "2026-07-10")
    assert clocks["tribunal-administratif@2026-05-04"].state is State.STOPPED
    assert clocks["recours-gracieux@2026-05-04"].state is State.STOPPED


def test_a_residence_permit_has_four_months() -> None:
    clocks = look(REQUEST, "2026-07-04", silence="titre-sejour-silence")
    assert show(clocks["titre-sejour-silence@2026-03-04"]) == ("running", "2026-07-04", "2026-07-04")
    assert "tribunal-administratif@2026-07-04" in clocks


DOCUMENTS: DISPUTE = (("documents-asked", "2026-09-01"), ("documents-request-received", "2026-09-02"))


def test_documents_go_by_way_of_the_cada() -> None:
    clocks = look(DOCUMENTS, "2026-10-02")
    assert show(clocks["cada-refus@2026-09-02"]) == ("running", "2026-10-02", "2026-10-02")
    assert show(clocks["cada-saisine@2026-10-02"]) == ("running", "2026-12-02", "2026-12-02")
    seized: DISPUTE = (*DOCUMENTS, ("cada-seized", "2026-10-20"), ("cada-registered", "2026-10-22"))
    clocks = look(seized, "2026-12-22")
    assert clocks["cada-saisine@2026-10-02"].state is State.STOPPED
    assert show(clocks["cada-silence@2026-10-22"]) == ("running", "2026-12-22", "2026-12-22")
    # 22 February; franc: Tuesday 23 February.
    assert show(clocks["tribunal-administratif@2026-12-22"]) == ("running", "2027-02-22", "2027-02-23")
    assert [str(event.kind) for event in clocks["tribunal-administratif@2026-12-22"].deadline.events] == [
        *("documents-asked", "documents-request-received", "cada-refus"),
        *("cada-seized", "cada-registered", "cada-silence"),
    ]


def test_documents_given_end_it() -> None:
    clocks = look((*DOCUMENTS, ("documents-given", "2026-09-20")), "2026-10-10")
    assert {key: clock.state for key, clock in clocks.items()} == {"cada-refus@2026-09-02": State.STOPPED}


def test_a_refusal_of_documents_on_paper() -> None:
    clocks = look((*DOCUMENTS, ("documents-refused", "2026-09-15")), "2026-09-20")
    # Sunday 15 November.
    assert show(clocks["cada-saisine@2026-09-15"]) == ("running", "2026-11-15", "2026-11-16")


GDPR: DISPUTE = (("gdpr-request-sent", "2026-09-28"), ("gdpr-request-received", "2026-10-01"))


def test_a_gdpr_request_and_its_extension() -> None:
    assert show(look(GDPR, "2026-10-10")["rgpd-reponse@2026-10-01"]) == ("running", "2026-11-01", "2026-11-02")
    extended = look((*GDPR, ("gdpr-extension-announced", "2026-10-20")), "2026-10-25")
    assert extended["rgpd-reponse@2026-10-01"].state is State.STOPPED
    # Two more months, from the end of the first one before any rollover: 1 January 2027 is a Friday.
    assert show(extended["rgpd-prolongation@2026-11-01"]) == ("running", "2027-01-01", "2027-01-04")
    answered = look((*GDPR, ("gdpr-answered", "2026-10-12"), ("gdpr-extension-announced", "2026-10-20")), "2026-10-25")
    assert list(answered) == ["rgpd-reponse@2026-10-01"]
    assert answered["rgpd-reponse@2026-10-01"].state is State.STOPPED


def test_an_extension_announced_too_late_does_not_count() -> None:
    clocks = look((*GDPR, ("gdpr-extension-announced", "2026-11-03")), "2026-11-05")
    assert list(clocks) == ["rgpd-reponse@2026-10-01"]
    assert "elle ne vaut pas" in clocks["rgpd-reponse@2026-10-01"].note


def test_a_holiday_of_the_region_moves_the_theoretical_date() -> None:
    dispute: DISPUTE = (("gdpr-request-received", "2025-11-26"),)
    [clock] = look(dispute, "2025-12-01", region="alsace-moselle").values()
    assert show(clock) == ("running", "2025-12-26", "2025-12-29")


DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31))
EVENTS = st.lists(st.builds(Event, st.sampled_from(list(Happening)), DAYS), max_size=8)


@UNTIMED
@given(EVENTS, DAYS)
def test_any_dispute_has_its_clocks_whatever_the_order_of_its_events(events: list[Event], on: dt.date) -> None:
    clocks = find_clocks(events, on)
    assert find_clocks(reversed(events), on) == clocks
    for clock in clocks:
        assert clock.deadline.start <= on
        assert clock.deadline.prudent <= clock.deadline.theoretical
        assert (clock.stopped_by is not None) == (clock.state is State.STOPPED)
        if clock.stopped_by:
            assert clock.stopped_by.day <= min(on, clock.deadline.theoretical)
        if clock.state is State.EXPIRED:
            assert clock.deadline.theoretical < on
        assert all(event.day <= on for event in clock.deadline.events)
    assert all(first.deadline.start <= then.deadline.start for first, then in itertools.pairwise(clocks))


@UNTIMED
@given(EVENTS, DAYS)
def test_what_is_yet_to_come_changes_nothing(events: list[Event], on: dt.date) -> None:
    assert find_clocks(events, on) == find_clocks([event for event in events if event.day <= on], on)


@pytest.mark.parametrize("happening", list(Happening))
def test_every_happening_alone_is_understood(happening: Happening) -> None:
    assert isinstance(find_clocks([Event(happening, dt.date(2026, 10, 1))], dt.date(2026, 12, 31)), tuple)
