"""Readings against the truth, field by field: right, asked of a person, or wrong and accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from papier.records import FieldReading, State, Value
from simulator.filling import Truth

Verdict = Literal["right", "asked", "wrong"]


@dataclass(frozen=True)
class Compared:
    """One field: its kind (`tick`, `comb/date`, …), what was written, what was read, and what that is worth."""

    field: str
    kind: str
    truth: Value
    reading: FieldReading
    verdict: Verdict


def compare(truth: Truth, readings: Mapping[str, FieldReading]) -> Iterator[Compared]:
    """Compare the fields that were read with what was written.

    Free lines kept as an image say only whether there is writing. A field that nobody could decide from the paper is
    right when it is asked, wrong when it is accepted.
    """
    for name, reading in readings.items():
        if name not in truth.fields or reading.reason == "kept on paper only":
            continue
        yield Compared(name, truth.kinds[name], truth.fields[name], reading, _judge(truth, name, reading))


def _judge(truth: Truth, name: str, reading: FieldReading) -> Verdict:
    written = truth.fields[name]
    if reading.kind == "lines" and reading.value is None:
        return "right" if (reading.state is State.BLANK) == (not written) else "wrong"
    asked = reading.state in (State.DOUBTFUL, State.UNREADABLE)
    if name in truth.questions:
        return "asked" if asked else "wrong"
    if asked:
        return "asked"
    return "right" if same_value(reading.value, written) else "wrong"


def same_value(read: Value, written: Value) -> bool:
    """Equal, where an empty list, an empty text, False and nothing are all nothing."""
    if not read and not written:
        return True
    if isinstance(read, list) and isinstance(written, list):
        return sorted(read) == sorted(written)
    return read == written
