"""What the answers say about the machine and about its checkers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from papier.records import Value
from papier.store.checks import Check, Verdict, all_checks
from papier.store.tables import readings


@dataclass(frozen=True, slots=True)
class KindFigures:
    """One kind of field, or all. `right`: the best reading was; `chosen`: another candidate was, one key; `typed`."""

    kind: str
    answered: int
    right: int
    chosen: int
    typed: int
    blank: int
    unreadable: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Fields that two or more people read: pairs of answers, and how many pairs say the same."""

    pairs: int
    alike: int


@dataclass(frozen=True, slots=True)
class CheckFigures:
    """Everything that is told of the answers in force."""

    kinds: tuple[KindFigures, ...]
    agreement: Agreement
    people: tuple[tuple[str, int], ...]
    asked: int  # families
    on_paper: int


def count_answers(connection: Connection) -> CheckFigures:
    """The figures of all answers in force."""
    given = all_checks(connection)
    settled = [check for check in given if check.settles and check.field is not None]
    zones = {
        (row.record, row.field): row.kind
        for row in connection.execute(
            select(readings.c.record, readings.c.field, readings.c.kind).where(readings.c.needs_person.is_(True))
        )
    }
    by_kind: dict[str, list[Check]] = {}
    for check in settled:
        kind = zones.get((check.record or 0, check.field or ""))
        if kind is not None:
            by_kind.setdefault(kind, []).append(check)
    kinds = [_of_kind(kind, by_kind[kind]) for kind in sorted(by_kind)]
    everything = _of_kind("", [check for checks in by_kind.values() for check in checks])
    people = Counter(check.who for check in given if check.verdict.answers)
    return CheckFigures(
        (everything, *kinds),
        _agreement(given),
        tuple(people.most_common()),
        sum(check.verdict is Verdict.ASK for check in given),
        sum(check.via.startswith("feuille ") for check in settled),
    )


def _of_kind(kind: str, given: Sequence[Check]) -> KindFigures:
    def count(verdicts: Iterable[Verdict]) -> int:
        return sum(check.verdict in set(verdicts) for check in given)

    return KindFigures(
        kind,
        len(given),
        count([Verdict.RIGHT]),
        count([Verdict.CANDIDATE]),
        count([Verdict.TYPED]),
        count([Verdict.BLANK]),
        count([Verdict.UNREADABLE]),
    )


def _agreement(given: Sequence[Check]) -> Agreement:
    by_key: dict[str, dict[str, Value]] = {}
    for check in given:
        if check.verdict.answers and check.field is not None:
            by_key.setdefault(check.key, {})[check.who.casefold()] = check.value
    pairs = alike = 0
    for answers in by_key.values():
        values = list(answers.values())
        for at, one in enumerate(values):
            pairs += len(values) - at - 1
            alike += sum(one == other for other in values[at + 1 :])
    return Agreement(pairs, alike)
