"""When a registered letter counts as received.

Handed over or fetched from the post office: that day. Never fetched within the fifteen days it is kept: the day it was
first presented (CE 24-4-2012 n° 341146; CAA Versailles 26-3-2009 n° 07VE01532). Until that is known, it is one day or
the other: the earliest counts for acting, the latest for accusing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from papier.errors import UsageError
from papier.workflows.rulebook import find_rule

KEPT = "recommande-non-reclame"


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
        raise UsageError("The letter was either claimed or not. Leave out one of the two.")
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
        raise UsageError(f"The letter cannot be handed over on {claimed}, before it was presented on {presented}.")
    if claimed > kept_until:
        return Delivery(
            *(presented, claimed),
            "Lettre remise après les quinze jours d'instance : la première présentation peut lui être opposée.",
            "Letter handed over after the fifteen days it is kept: the first presentation may be held against it.",
        )
    return Delivery(
        claimed, claimed, "Lettre reçue le jour de sa remise.", "Letter received on the day it was handed over."
    )
