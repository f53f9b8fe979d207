"""When a registered letter counts as received.

Handed over or fetched from the post office: that day. Never fetched within the fifteen days it is kept: the day it was
first presented (CE 24-4-2012 n° 341146; CAA Versailles 26-3-2009 n° 07VE01532). Until that is known, it is one day or
the other: the earliest counts for acting, the latest for accusing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from papier.errors import UsageError
from papier.language import translate as _
from papier.language import written_day
from papier.workflows.deadlines import Deadline, compute
from papier.workflows.rulebook import find_rule
from papier.workflows.rules import Start

KEPT = "recommande-non-reclame"

# Clocks that a letter starts by arriving. All others start on another day: a fine's, when its notice was sent.
STARTED_BY_ARRIVAL = frozenset({Start.RECEIPT, Start.NOTIFICATION, Start.REFUSAL, Start.DECISION, Start.REQUEST})


@dataclass(frozen=True, slots=True)
class Delivery:
    """The day a letter counts as received; `earliest` and `latest` differ where that is not known."""

    earliest: dt.date
    latest: dt.date
    because: str
    because_en: str

    @property
    def is_certain(self) -> bool:
        return self.earliest == self.latest


def find_delivery(presented: dt.date, claimed: dt.date | None = None, *, unclaimed: bool = False) -> Delivery:
    """When a registered letter first presented on `presented` was received.

    `claimed` is the day it was handed over, at the door or at the post office; `unclaimed` says that it came back.
    Raises UsageError where both are said, or where it was handed over before it was presented.
    """
    if claimed is not None and unclaimed:
        raise UsageError(_("The letter was either claimed or not. Leave out one of the two."))
    kept_until = presented + dt.timedelta(find_rule(KEPT, presented).count)
    if unclaimed:
        return Delivery(
            *(presented, presented),
            "Lettre non réclamée : reçue le jour de sa première présentation.",
            "Unclaimed letter: received on the day it was first presented.",
        )
    if claimed is None:
        return Delivery(
            *(presented, kept_until),
            "Lettre encore en instance : reçue au plus tôt le jour de sa première présentation, au plus tard le "
            "quinzième jour suivant.",
            "Letter still at the post office: received at the earliest on the day it was first presented, at the "
            "latest on the fifteenth day after it.",
        )
    if claimed < presented:
        raise UsageError(
            _("The letter cannot be handed over on {claimed}, before it was presented on {presented}.").format(
                claimed=written_day(claimed), presented=written_day(presented)
            )
        )
    if claimed > kept_until:
        return Delivery(
            *(presented, claimed),
            "Lettre remise après les quinze jours d'instance : la première présentation peut lui être opposée.",
            "Letter handed over after the fifteen days it is kept: the first presentation may be held against it.",
        )
    return Delivery(
        claimed, claimed, "Lettre reçue le jour de sa remise.", "Letter received on the day it was handed over."
    )


def compute_from(rule: str, delivery: Delivery, region: str | None = None) -> Deadline:
    """When the clock `rule` ends that a letter started by arriving.

    Raises UsageError as `deadlines.compute` does, and for a clock that does not start with an arrival.
    """
    known = find_rule(rule, delivery.earliest)
    if known.start not in STARTED_BY_ARRIVAL:
        raise UsageError(
            _(
                "“{rule}” does not start when a letter arrives: it counts from {after} ({after2}). Give "
                "that day with --from."
            ).format(rule=rule, after=known.english.after, after2=known.after)
        )
    return compute(rule, delivery.earliest, region, latest=delivery.latest)
