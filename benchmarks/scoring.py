"""What the reader said against what was written: right, asked of a person, or wrong and accepted."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from papier.forms.layout import LayoutPage
from papier.records import PageReading, State, Value
from simulator.comparison import ASKED, RIGHT, WRONG, judge, same
from simulator.filling import Truth

CALIBRATION = (0.5, 0.9, 0.99, 0.999, 0.9999)
# Fields that nobody could decide from the paper (two ticks in a single choice): they are among those asked.
UNDECIDABLE = "undecidable"


def at_most(wrong: int, total: int, confidence: float = 0.95) -> float:
    """The share that is wrong at most, with this confidence, when `wrong` of `total` were (Clopper & Pearson 1934).

    One-sided: the share for which `wrong` or fewer would be seen with a chance of 1 - `confidence`.
    """
    if wrong >= total:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        term = total * math.log1p(-middle)
        chance = 0.0
        for k in range(wrong + 1):
            chance += math.exp(term)
            term += math.log((total - k) / (k + 1)) + math.log(middle) - math.log1p(-middle)
        low, high = (middle, high) if chance > 1 - confidence else (low, middle)
    return high


@dataclass(frozen=True)
class Mistake:
    """One field that was accepted with a wrong value."""

    form: str
    sheet: str
    page: int
    field: str
    kind: str
    truth: Value
    value: Value
    state: str
    probability: float
    note: str = ""


@dataclass
class Tally:
    """Counts that add up over sheets and processes."""

    fields: Counter[tuple[str, str]] = field(default_factory=Counter)  # (kind, verdict)
    boxes: Counter[tuple[str, str]] = field(default_factory=Counter)  # (true state, read state)
    calibration: Counter[tuple[str, float, bool]] = field(default_factory=Counter)  # (kind, at least, right)
    pages: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    mistakes: list[Mistake] = field(default_factory=list)
    lost: list[dict[str, Any]] = field(default_factory=list)
    # (kind, probability, right) of every field that was not unreadable: what calibration is fitted on.
    probabilities: list[tuple[str, float, bool]] = field(default_factory=list)
    seconds: float = 0.0
    simulated_seconds: float = 0.0

    def add(self, other: Tally) -> None:
        for name in ("fields", "boxes", "calibration", "pages", "reasons"):
            getattr(self, name).update(getattr(other, name))
        self.mistakes += other.mistakes
        self.probabilities += other.probabilities
        self.lost += other.lost
        self.seconds += other.seconds
        self.simulated_seconds += other.simulated_seconds

    def to_json(self) -> dict[str, Any]:
        kinds = sorted({kind for kind, _ in self.fields})
        return {
            "fields": {kind: {v: self.fields[kind, v] for v in (RIGHT, ASKED, WRONG)} for kind in kinds},
            "boxes": {f"{true} read {read}": n for (true, read), n in sorted(self.boxes.items())},
            "calibration": {
                kind: {str(p): [self.calibration[kind, p, True], self.calibration[kind, p, False]] for p in CALIBRATION}
                for kind in kinds
            },
            "pages": dict(self.pages),
            "reasons": dict(self.reasons.most_common()),
            "seconds_a_page": self.seconds / max(1, self.pages["scanned"]),
            "simulated_seconds_a_page": self.simulated_seconds / max(1, self.pages["scanned"]),
            "mistakes": [dataclasses.asdict(mistake) for mistake in self.mistakes],
            "lost": self.lost,
            "probabilities": self.probabilities,
        }


def score_page(
    tally: Tally, reading: PageReading, layout_page: LayoutPage, truth: Truth, note: str
) -> tuple[list[Mistake], list[Mistake]]:
    """Count every field of one page that was read as its own sheet; returns what was accepted wrongly, and asked."""
    made: list[Mistake] = []
    questions: list[Mistake] = []
    for name in dict.fromkeys(zone.field for zone in layout_page.zones):
        found = reading.fields.get(name)
        if found is None or found.reason == "kept on paper only":
            continue
        kind, verdict = truth.kinds[name], judge(found, truth)
        tally.fields[kind, verdict] += 1
        tally.fields[kind, UNDECIDABLE] += name in truth.questions
        right = same(found.value, truth.fields[name]) and name not in truth.questions
        if found.state is not State.UNREADABLE:
            tally.probabilities.append((kind, round(found.probability, 6), right))
        for bound in CALIBRATION:
            if found.probability >= bound and found.state is not State.UNREADABLE:
                tally.calibration[kind, bound, right] += 1
        for option, state in truth.options.get(name, {}).items():
            read = found.options.get(option)
            tally.boxes[state, str(read.state) if read else "missing"] += 1
        if verdict != RIGHT:
            mistake = Mistake(
                reading.form or "",
                reading.sheet or "",
                reading.page or 0,
                name,
                kind,
                truth.fields[name],
                found.value,
                str(found.state),
                found.probability,
                note,
            )
            (made if verdict == WRONG else questions).append(mistake)
    tally.mistakes += made
    return made, questions
