from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from papier.errors import UsageError
from papier.workflows.deadlines import compute
from papier.workflows.deliveries import find_delivery

PRESENTED = dt.date(2026, 10, 1)

# A busy machine is no failure.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("claimed", "unclaimed", "earliest", "latest"),
    [
        # At the door, and at the post office on the last day it is kept.
        ("2026-10-01", False, "2026-10-01", "2026-10-01"),
        ("2026-10-16", False, "2026-10-16", "2026-10-16"),
        # A day too late: the first presentation may be held against whoever fetched it.
        ("2026-10-17", False, "2026-10-01", "2026-10-17"),
        (None, True, "2026-10-01", "2026-10-01"),
        (None, False, "2026-10-01", "2026-10-16"),
    ],
)
def test_when_a_registered_letter_was_received(
    claimed: str | None, unclaimed: bool, earliest: str, latest: str
) -> None:
    at = dt.date.fromisoformat(claimed) if claimed else None
    delivery = find_delivery(PRESENTED, at, unclaimed=unclaimed)
    assert (delivery.earliest.isoformat(), delivery.latest.isoformat()) == (earliest, latest)
    assert delivery.is_certain == (earliest == latest)


def test_an_uncertain_start_counts_early_for_acting_and_late_for_accusing() -> None:
    delivery = find_delivery(PRESENTED)
    deadline = compute("rgpd-reponse", delivery.earliest, latest=delivery.latest)
    assert (deadline.prudent, deadline.theoretical) == (dt.date(2026, 11, 1), dt.date(2026, 11, 16))
    assert "la date prudente est comptée du jeudi 1er octobre, la date théorique du vendredi 16 octobre" in (
        deadline.because
    )
    assert [event.day for event in deadline.events] == [PRESENTED, dt.date(2026, 10, 16)]


def test_what_cannot_be() -> None:
    with pytest.raises(UsageError, match="before it was presented"):
        find_delivery(PRESENTED, dt.date(2026, 9, 30))
    with pytest.raises(UsageError, match="either claimed or not"):
        find_delivery(PRESENTED, PRESENTED, unclaimed=True)
    with pytest.raises(UsageError, match="at the latest"):
        compute("rgpd-reponse", PRESENTED, latest=dt.date(2026, 9, 30))


@UNTIMED
@given(st.dates(dt.date(2010, 1, 1), dt.date(2100, 1, 1)), st.none() | st.integers(0, 60), st.booleans())
def test_nothing_is_received_before_it_is_presented(presented: dt.date, after: int | None, unclaimed: bool) -> None:
    claimed = None if after is None or unclaimed else presented + dt.timedelta(after)
    delivery = find_delivery(presented, claimed, unclaimed=unclaimed)
    assert presented <= delivery.earliest <= delivery.latest
    assert delivery.latest <= presented + dt.timedelta(max(15, after or 0))
