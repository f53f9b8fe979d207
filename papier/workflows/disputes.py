"""The clocks of a whole dispute: which run, which were stopped, and by what.

One clock starts the next: a request, then silence, then reasons or an appeal, then the court. `find_clocks` is given
what happened and the day it is looked at; it keeps nothing and decides nothing. Three matters are followed side by
side: a decision of an administration (CRPA, CJA), a document asked of it (CADA), and a request under the GDPR.

Code des relations entre le public et l'administration, art. L112-3 to L112-6, L231-4, L232-4, L411-2, L411-7, R311-13,
R343-1, R343-5; code de justice administrative, art. R421-1, R421-2, R421-5; GDPR, art. 12-3.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from papier.workflows.deadlines import Deadline, Event, compute
from papier.workflows.disputes_wording import (
    EXTENSION_TOO_LATE,
    MAYBE_LONGER,
    NOT_ENFORCEABLE,
    REASONS_TOO_LATE,
    TOO_LATE,
    UNPROVEN,
    Note,
)
from papier.workflows.rulebook import known_rules
from papier.workflows.rules import Party, Start


class Happening(StrEnum):
    """What can happen in a dispute, as its `Event.kind`. What the other side sends counts on the day it arrives."""

    REQUEST_SENT = "request-sent"
    REQUEST_RECEIVED = "request-received"
    # The administration acknowledged receipt and stated the remedies (L112-3, R112-5): its time limits count.
    RECEIPT_ACKNOWLEDGED = "receipt-acknowledged"
    # A refusal on paper, with the remedies stated or without them (R421-5).
    REFUSAL_NOTIFIED = "refusal-notified"
    REFUSAL_WITHOUT_REMEDIES = "refusal-without-remedies"
    REQUEST_GRANTED = "request-granted"
    REASONS_ASKED = "reasons-asked"
    REASONS_REQUEST_RECEIVED = "reasons-request-received"
    REASONS_GIVEN = "reasons-given"
    # To the author of the decision (gracieux), to their superior (hiérarchique).
    APPEAL_SENT = "appeal-sent"
    APPEAL_RECEIVED = "appeal-received"
    APPEAL_REJECTED = "appeal-rejected"
    HIERARCHICAL_APPEAL_SENT = "hierarchical-appeal-sent"
    HIERARCHICAL_APPEAL_RECEIVED = "hierarchical-appeal-received"
    HIERARCHICAL_APPEAL_REJECTED = "hierarchical-appeal-rejected"
    COURT_SEIZED = "court-seized"
    DOCUMENTS_ASKED = "documents-asked"
    DOCUMENTS_REQUEST_RECEIVED = "documents-request-received"
    DOCUMENTS_REFUSED = "documents-refused"
    DOCUMENTS_GIVEN = "documents-given"
    CADA_SEIZED = "cada-seized"
    CADA_REGISTERED = "cada-registered"
    GDPR_REQUEST_SENT = "gdpr-request-sent"
    GDPR_REQUEST_RECEIVED = "gdpr-request-received"
    GDPR_EXTENSION_ANNOUNCED = "gdpr-extension-announced"
    GDPR_ANSWERED = "gdpr-answered"
    WITHDRAWN = "withdrawn"


class State(StrEnum):
    """Of a clock, on the day it is looked at."""

    RUNNING = "running"
    # Its theoretical day is over, and nothing stopped it.
    EXPIRED = "expired"
    # Something happened that makes it pointless.
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock of a dispute. `party` must act before it ends; `stopped_by` is what ended it early.

    `is_proven` is False where its start is only known from a sending: nobody may be accused by it. `note` (French) and
    `note_en` say what a reader of this clock must know besides its deadline's own sentence.
    """

    deadline: Deadline
    party: Party
    state: State
    stopped_by: Event | None = None
    is_proven: bool = True
    note: str = ""
    note_en: str = ""


def find_clocks(
    events: Iterable[Event], on: dt.date, region: str | None = None, *, silence: str = "silence-rejet"
) -> tuple[Clock, ...]:
    """Every clock of a dispute on the day `on`, in the order of their starts; events after `on` are left out.

    `silence` is the rule by which silence on the request becomes a refusal ("titre-sejour-silence" for a residence
    permit). A decision that silence brings about counts from its day on.
    """
    happened = sorted((event for event in events if event.day <= on), key=lambda event: (event.day, event.kind))
    ledger = _Ledger(tuple(happened), on, region)
    _follow_decision(ledger, silence)
    _follow_documents(ledger)
    _follow_gdpr(ledger)
    return tuple(sorted(ledger.clocks, key=lambda clock: clock.deadline.start))


@dataclass
class _Ledger:
    """What happened until `on`, and the clocks found so far."""

    events: tuple[Event, ...]
    on: dt.date
    region: str | None
    clocks: list[Clock] = field(default_factory=list)
    # What a day of this ledger was itself computed from, oldest first.
    trails: dict[Event, tuple[Event, ...]] = field(default_factory=dict)
    unproven: set[Event] = field(default_factory=set)

    def first(self, *kinds: Happening, since: dt.date | None = None) -> Event | None:
        """The first event of one of these kinds, on `since` or after it."""
        for event in self.events:
            if event.kind in kinds and (since is None or event.day >= since):
                return event
        return None

    def add(
        self,
        rule: str,
        event: Event,
        stopped_by: Event | None = None,
        note: Note | None = None,
        received: Event | None = None,
        *,
        is_proven: bool = True,
    ) -> Deadline:
        """A clock from `event`, or from `received` at the latest. What came after its end stopped nothing."""
        trail = (*self.trails.get(event, ()), event, *([received] if received else []))
        latest = received.day if received else None
        deadline = compute(rule, event.day, self.region, latest=latest, events=trail)
        is_proven = is_proven and self.unproven.isdisjoint(trail)
        notes = [each for each in (note, None if is_proven else UNPROVEN) if each]
        self.clocks.append(
            Clock(
                *(deadline, known_rules()[rule][0].party),
                state=State.RUNNING if self.on <= deadline.theoretical else State.EXPIRED,
                is_proven=is_proven,
                note=" ".join(each.french for each in notes),
                note_en=" ".join(each.english for each in notes),
            )
        )
        if stopped_by:
            self.stop(deadline, stopped_by)
        return deadline

    def stop(self, deadline: Deadline, event: Event) -> None:
        """Stop the clock of this deadline, where it still ran and nothing stopped it earlier."""
        at = self._find(deadline)
        earlier = self.clocks[at].stopped_by
        if event.day <= deadline.theoretical and (earlier is None or event.day < earlier.day):
            self.clocks[at] = replace(self.clocks[at], state=State.STOPPED, stopped_by=event)

    def annotate(self, deadline: Deadline, note: Note) -> None:
        at = self._find(deadline)
        clock = self.clocks[at]
        french, english = f"{clock.note} {note.french}".strip(), f"{clock.note_en} {note.english}".strip()
        self.clocks[at] = replace(clock, note=french, note_en=english)

    def _find(self, deadline: Deadline) -> int:
        return next(at for at, clock in enumerate(self.clocks) if clock.deadline is deadline)

    def await_answer(self, rule: str, sent: Event | None, received: Event | None, answer: Event | None) -> Event | None:
        """Add the clock of an answer; give what ended it: the answer, silence that has become a decision, or None."""
        start = received or sent
        if start is None:
            return answer
        if received is None:
            self.unproven.add(start)
        elif sent:
            self.trails.setdefault(received, (*self.trails.get(sent, ()), sent))
        deadline = self.add(rule, start, answer)
        if answer and answer.day <= deadline.theoretical:
            return answer
        if self.on < deadline.theoretical:
            return None
        # Born on this day, by whichever reading; whoever counts on from it loses nothing.
        silence = Event(rule, deadline.theoretical)
        self.trails[silence] = deadline.events
        return silence


def _follow_decision(ledger: _Ledger, silence: str) -> None:
    end = ledger.first(Happening.COURT_SEIZED, Happening.REQUEST_GRANTED, Happening.WITHDRAWN)
    refusal = ledger.first(Happening.REFUSAL_NOTIFIED, Happening.REFUSAL_WITHOUT_REMEDIES)
    sent, received = ledger.first(Happening.REQUEST_SENT), ledger.first(Happening.REQUEST_RECEIVED)
    decision = ledger.await_answer(silence, sent, received, _earliest(refusal, end))
    if decision is None or decision is end:
        return
    if decision is refusal:
        courts = [_open_court(ledger, refusal, end, are_remedies_stated=refusal.kind == Happening.REFUSAL_NOTIFIED)]
    else:
        acknowledged = ledger.first(Happening.RECEIPT_ACKNOWLEDGED)
        courts = [_open_court(ledger, decision, end, are_remedies_stated=acknowledged is not None)]
        # A refusal on paper within the period of an implicit one starts the period again (R421-2).
        if refusal and decision.day < refusal.day <= courts[0].two_months.prudent:
            courts[0].stop(ledger, refusal)
            is_stated = refusal.kind == Happening.REFUSAL_NOTIFIED
            courts = [_open_court(ledger, refusal, end, are_remedies_stated=is_stated)]
        else:
            courts += _follow_reasons(ledger, courts[0], end)
    _follow_appeals(ledger, courts, end)


@dataclass(frozen=True, slots=True)
class _Court:
    """A period to seize the court: two months, and the ceiling of one year where the remedies were not stated."""

    start: Event
    two_months: Deadline
    ceiling: Deadline | None

    @property
    def prudent(self) -> dt.date:
        """Until when an appeal interrupts it for certain."""
        return self.ceiling.prudent if self.ceiling else self.two_months.prudent

    def stop(self, ledger: _Ledger, event: Event) -> None:
        for deadline in (self.two_months, self.ceiling):
            if deadline and event.day >= deadline.start:
                ledger.stop(deadline, event)


def _open_court(ledger: _Ledger, start: Event, end: Event | None, *, are_remedies_stated: bool) -> _Court:
    if are_remedies_stated:
        return _Court(start, ledger.add("tribunal-administratif", start, end), None)
    two_months = ledger.add("tribunal-administratif", start, end, NOT_ENFORCEABLE)
    return _Court(start, two_months, ledger.add("delai-raisonnable", start, end))


def _follow_reasons(ledger: _Ledger, court: _Court, end: Event | None) -> list[_Court]:
    """The request for the reasons of an implicit refusal; the further period for the court that it opens, if any."""
    asked = ledger.first(Happening.REASONS_ASKED, since=court.start.day)
    if asked is None:
        return []
    ledger.trails[asked] = (*ledger.trails.get(court.start, ()), court.start)
    given = ledger.first(Happening.REASONS_GIVEN, since=asked.day)
    # A month from the request: who counts it against the administration counts from its receipt.
    received = ledger.first(Happening.REASONS_REQUEST_RECEIVED, since=asked.day)
    answer = _earliest(given, end)
    ledger.add("motifs-reponse", asked, answer, received=received, is_proven=received is not None)
    if asked.day > court.prudent:
        ledger.annotate(court.two_months, REASONS_TOO_LATE)
        return []
    # The ceiling is known since 8 October 2025, and counts older requests for reasons from that day.
    since = known_rules()["motifs-plafond"][0].since
    ledger.add("motifs-plafond", asked if asked.day >= since else Event(asked.kind, since), end)
    if given is None:
        ledger.annotate(court.two_months, MAYBE_LONGER)
        return []
    court.stop(ledger, given)
    ledger.trails[given] = (*ledger.trails[asked], asked)
    return [_Court(given, ledger.add("tribunal-apres-motifs", given, end), None)]


_APPEALS = (
    (Happening.APPEAL_SENT, Happening.APPEAL_RECEIVED, Happening.APPEAL_REJECTED),
    (
        *(Happening.HIERARCHICAL_APPEAL_SENT, Happening.HIERARCHICAL_APPEAL_RECEIVED),
        Happening.HIERARCHICAL_APPEAL_REJECTED,
    ),
)


def _follow_appeals(ledger: _Ledger, courts: list[_Court], end: Event | None) -> None:
    """An appeal within the period interrupts it; it runs anew, in full, once every one of them is rejected (L411-2).

    The first appeal of each kind counts. It also interrupts the year that runs where the remedies were not stated (CE,
    opinion, 12-7-2023, no. 474865).
    """
    decision, last = courts[0].start, courts[-1]
    lodged = [(kinds, ledger.first(kinds[0], since=decision.day)) for kinds in _APPEALS]
    in_time = [(kinds, sent) for kinds, sent in lodged if sent and sent.day <= last.prudent]
    ledger.add("recours-gracieux", decision, _earliest(*(sent for _, sent in in_time), end))
    if any(sent and last.prudent < sent.day <= last.two_months.theoretical for _, sent in lodged):
        ledger.annotate(last.two_months, TOO_LATE)
    if not in_time:
        return
    rejections: list[Event | None] = []
    for (_, received_kind, rejected_kind), sent in in_time:
        for court in courts:
            court.stop(ledger, sent)
        ledger.trails.setdefault(sent, (*ledger.trails.get(decision, ()), decision))
        received, rejected = (ledger.first(kind, since=sent.day) for kind in (received_kind, rejected_kind))
        rejections.append(ledger.await_answer("recours-silence", sent, received, _earliest(rejected, end)))
    found = [rejection for rejection in rejections if rejection and rejection is not end]
    if len(found) < len(rejections):
        return
    renewed = max(found, key=lambda rejection: rejection.day)
    _open_court(ledger, renewed, end, are_remedies_stated=last.ceiling is None)


def _follow_documents(ledger: _Ledger) -> None:
    end = ledger.first(Happening.DOCUMENTS_GIVEN, Happening.WITHDRAWN)
    sent = ledger.first(Happening.DOCUMENTS_ASKED)
    received = ledger.first(Happening.DOCUMENTS_REQUEST_RECEIVED)
    refused = ledger.first(Happening.DOCUMENTS_REFUSED)
    refusal = ledger.await_answer("cada-refus", sent, received, _earliest(refused, end))
    if refusal is None or refusal is end:
        return
    seized = ledger.first(Happening.CADA_SEIZED, since=refusal.day)
    ledger.add("cada-saisine", refusal, _earliest(seized, end))
    registered = ledger.first(Happening.CADA_REGISTERED, since=refusal.day)
    if registered is None:
        return
    ledger.trails[registered] = (*ledger.trails.get(refusal, ()), refusal, *([seized] if seized else []))
    confirmed = ledger.await_answer("cada-silence", None, registered, end)
    if confirmed and confirmed is not end:
        ledger.add("tribunal-administratif", confirmed, _earliest(ledger.first(Happening.COURT_SEIZED), end))


def _follow_gdpr(ledger: _Ledger) -> None:
    answered = ledger.first(Happening.GDPR_ANSWERED, Happening.WITHDRAWN)
    sent = ledger.first(Happening.GDPR_REQUEST_SENT)
    start = ledger.first(Happening.GDPR_REQUEST_RECEIVED) or sent
    if start is None:
        return
    if start is sent:
        ledger.unproven.add(start)
    month = ledger.add("rgpd-reponse", start, answered)
    extended = ledger.first(Happening.GDPR_EXTENSION_ANNOUNCED, since=start.day)
    if extended is None or (answered and answered.day <= extended.day):
        return
    if extended.day > month.theoretical:
        ledger.annotate(month, EXTENSION_TOO_LATE)
        return
    ledger.stop(month, extended)
    end_of_month = Event(Start.END_OF_FIRST_MONTH, month.prudent)
    ledger.trails[end_of_month] = (start, extended)
    ledger.add("rgpd-prolongation", end_of_month, answered)


def _earliest(*events: Event | None) -> Event | None:
    return min((event for event in events if event), key=lambda event: event.day, default=None)
