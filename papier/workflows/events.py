"""What can happen to a case. Events are only ever added; a mistake is mended by a further one (`AMENDED`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """The kinds of events, with what their `data` holds. `on` is the day it happened, `by` who says so."""

    OPENED = "opened"  # workflow, version, digest, form, person, region, zone
    PRINTED = "printed"  # step, sheets: [[number, form], …]
    SENT = "sent"  # step, way, number: posted, or handed over where the way delivers
    DELIVERED = "delivered"  # step, proof
    FILED = "filed"  # record, nature, by: a paper without a form
    RETURNED = "returned"  # sheet, form, version, record, revision, values, doubtful, missing, opening
    ANSWERED = "answered"  # step, answer
    CORRECTED = "corrected"  # sheet, field, value, by
    CHECKED = "checked"  # question, by, keep
    DECIDED = "decided"  # step, options, by
    PASSED = "deadline-passed"  # step, clock, prudent, theoretical
    FOLLOWED = "followed"  # to, by: a person's order
    DONE = "done"  # key: a task of the day's sheet is done
    POSTPONED = "postponed"  # key, until
    FLAGGED = "flagged"  # text: a person must look
    CLOSED = "closed"  # reason, by
    REOPENED = "reopened"  # by, step
    WITHDRAWN = "withdrawn"  # reason, by
    MOVED = "moved"  # digest, version, step, by
    AMENDED = "amended"  # seq, data (None: that event never was), by


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One event of one case. `seq` is its place in the store's chain, `at` the day it was recorded."""

    seq: int
    at: dt.date
    kind: Kind
    data: Mapping[str, Any]

    @property
    def on(self) -> dt.date:
        """The day it happened; the day it was recorded where nothing else is said."""
        said = self.data.get("on")
        return self.at if said is None else dt.date.fromisoformat(said)


def in_force(events: Sequence[CaseEvent]) -> list[CaseEvent]:
    """The events as they stand after every amendment, in order; the amendments themselves say nothing more.

    Amendments are read from the last to the first, so that an amendment can itself be taken back.
    """
    changes: dict[int, Mapping[str, Any]] = {}
    dropped: set[int] = set()
    for event in reversed(events):
        if event.kind is not Kind.AMENDED or event.seq in dropped:
            continue
        if event.data["data"] is None:
            dropped.add(event.data["seq"])
        else:
            changes[event.data["seq"]] = {**event.data["data"], **changes.get(event.data["seq"], {})}
    return [
        CaseEvent(event.seq, event.at, event.kind, {**event.data, **changes.get(event.seq, {})})
        for event in events
        if event.kind is not Kind.AMENDED and event.seq not in dropped
    ]
