"""What the checkers' answers teach: how sure a reading of each kind must be in this office.

Nothing is loosened beyond what the answers carry: thresholds are tried downwards, step by step, and each step is taken
only if the answered readings between it and the one before show, with 95 % confidence, no more errors than the usual
threshold promises (Clopper & Pearson 1934; in a fixed order each step may be tested at the full level). Where more were
wrong than promised, more certainty is asked for. Both are held against answers that were not used. No picture is looked
at, and nothing leaves the machine.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from papier.checking.known import find_frozen
from papier.records import Value
from papier.store.checks import Check, Verdict, all_checks
from papier.store.tables import readings, records, sheets
from papier.store.thresholds import USUAL, is_of_degree, kind_of

# With 95 % confidence.
DOUBT = 0.05
# Fewer answers of a kind say nothing about it, and fewer errors nothing about how many there are.
MIN_ANSWERS, MIN_ERRORS = 100, 5
# More errors than promised by chance alone in fewer than one case of so many is no chance.
BY_CHANCE = 0.01
# Of three records one is kept back to look at what was learned from the other two.
FOLDS = 3
# The thresholds that are tried, in this order.
STEPS = (0.998, 0.997, 0.995, 0.99, 0.98, 0.95)
# A machine is never told to be more certain than its figures are kept.
MOST_CERTAIN = 0.99999


@dataclass(frozen=True, slots=True)
class Observation:
    """One answer: how sure the machine was, whether it was right. `held_out`: kept back to look at what was learned."""

    kind: str
    probability: float
    right: bool
    held_out: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """Answered readings under one threshold: how many would be asked, accepted, and accepted though wrong."""

    asked: int
    accepted: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learned of one kind. `accept`: the threshold, None where the usual one stays; `why` says why, as a name:
    few, kept, tightened, loosened. `promised` and `found`: errors among the answers used; `before` and `after`: on
    the answers kept back.
    """

    kind: str
    answers: int
    promised: float
    found: int
    accept: float | None
    why: str
    before: Figures
    after: Figures


def observe(connection: Connection) -> list[Observation]:
    """Every answer in force to a reading whose doubt was a matter of degree."""
    last: dict[tuple[int, str], Check] = {}
    for check in all_checks(connection):
        if check.settles and check.record is not None and check.field is not None and check.key.startswith("field:"):
            last[check.record, check.field] = check
    rows = connection.execute(
        select(readings, records.c.form, records.c.version, sheets.c.layout)
        .join(records, records.c.record == readings.c.record)
        .outerjoin(sheets, sheets.c.number == records.c.sheet)
        .where(readings.c.read_by == "papier", readings.c.kind.in_(["tick", "comb"]))
    )
    found = []
    for row in rows:
        given = last.get((row.record, row.field))
        if given is None or given.verdict is Verdict.ASIDE or not is_of_degree(row.reason):
            continue
        value = json.loads(row.value)
        layout = find_frozen(connection, row.layout, row.form, row.version)
        zones = layout.zones() if layout is not None else ()
        content = next((zone.content for zone in zones if zone.field == row.field and zone.content), None)
        kind = kind_of(row.kind, content, blank=value in (None, "", []))
        if kind is not None:
            right = given.verdict is not Verdict.UNREADABLE and _same(value, given.value)
            # One hand stands on one record: it is used or kept back as a whole.
            found.append(Observation(kind, row.probability, right, row.record % FOLDS == 0))
    return found


def _same(one: Value, other: Value) -> bool:
    if not one and not other:
        return True
    return sorted(one) == sorted(other) if isinstance(one, list) and isinstance(other, list) else one == other


def learn(observations: Sequence[Observation]) -> list[Lesson]:
    """What the answers teach of each kind, in the order of the kinds' names."""
    kinds = sorted({one.kind for one in observations})
    return [_learn_kind(kind, [one for one in observations if one.kind == kind]) for kind in kinds]


def accepts_of(lessons: Sequence[Lesson]) -> Mapping[str, float]:
    """The thresholds that the lessons change."""
    return {lesson.kind: lesson.accept for lesson in lessons if lesson.accept is not None}


def _learn_kind(kind: str, all_of_it: Sequence[Observation]) -> Lesson:
    used = [one for one in all_of_it if not one.held_out]
    kept_back = [one for one in all_of_it if one.held_out]
    promised = sum(1 - one.probability for one in used)
    found = sum(not one.right for one in used)
    accept, why = None, "few"
    if len(used) >= MIN_ANSWERS:
        accept, why = _tightened(promised, found), "tightened"
        if accept is None:
            accept, why = _loosened(used), "loosened"
    before = _figures(kept_back, USUAL)
    after = _figures(kept_back, accept or USUAL)
    if (
        why == "loosened"
        and accept is not None
        and _too_many(after.wrong - before.wrong, after.accepted - before.accepted)
    ):
        accept, after = None, before
    if accept is None and why != "few":
        why = "kept"
    return Lesson(kind, len(all_of_it), promised, found, accept, why, before, after)


def _tightened(promised: float, found: int) -> float | None:
    """A higher threshold where more was wrong than the probabilities promised; None where that may be chance."""
    if found < MIN_ERRORS or _poisson_tail(found, promised) > BY_CHANCE:
        return None
    factor = found / promised
    return min(MOST_CERTAIN, 1 - (1 - USUAL) / factor)


def _loosened(used: Sequence[Observation]) -> float | None:
    """The lowest step that the answers carry; None where they carry none."""
    lowest, above = None, USUAL
    for step in STEPS:
        between = [one for one in used if step <= one.probability < above]
        if not between or highest_rate(sum(not one.right for one in between), len(between)) > 1 - USUAL:
            break
        lowest, above = step, step
    return lowest


def _too_many(wrong: int, accepted: int) -> bool:
    """True where what was kept back shows more errors than the threshold promises, beyond chance."""
    return wrong > 0 and _poisson_tail(wrong, accepted * (1 - USUAL)) < DOUBT


def _figures(answers: Sequence[Observation], accept: float) -> Figures:
    accepted = [one for one in answers if one.probability >= accept]
    return Figures(len(answers) - len(accepted), len(accepted), sum(not one.right for one in accepted))


def highest_rate(wrong: int, count: int) -> float:
    """The highest rate of errors that `wrong` of `count` still fit, with 95 % confidence (Clopper & Pearson)."""
    if wrong >= count:
        return 1.0
    low, high = wrong / count, 1.0
    for _step in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _binomial_head(wrong, count, middle) > DOUBT else (low, middle)
    return high


def _binomial_head(wrong: int, count: int, rate: float) -> float:
    """The probability of at most `wrong` errors of `count`."""
    if rate <= 0:
        return 1.0
    if rate >= 1:
        return 0.0
    whole = math.lgamma(count + 1)
    return sum(
        math.exp(
            whole
            - math.lgamma(k + 1)
            - math.lgamma(count - k + 1)
            + k * math.log(rate)
            + (count - k) * math.log1p(-rate)
        )
        for k in range(wrong + 1)
    )


def _poisson_tail(found: int, expected: float) -> float:
    """The probability of `found` errors or more where `expected` were promised."""
    if expected <= 0:
        return 0.0 if found else 1.0
    head = sum(math.exp(k * math.log(expected) - expected - math.lgamma(k + 1)) for k in range(found))
    return max(0.0, 1 - head)
