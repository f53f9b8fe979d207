"""What the reader said against what was written: right, asked of a person, or wrong and accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from papier.records import FieldReading, State, Value
from simulator.filling import Truth

RIGHT, ASKED, WRONG = "right", "asked", "wrong accepted"


def count_verdicts(truth: Truth, readings: Mapping[str, FieldReading]) -> Counter[str]:
    """How many of a sheet's fields were right, asked, wrong.

    Free lines kept as an image say only whether there is writing, and count by that.
    """
    counts: Counter[str] = Counter()
    for name, found in readings.items():
        if name not in truth.fields or found.reason == "kept on paper only":
            continue
        if found.kind == "lines" and found.value is None:
            counts[RIGHT if (found.state is State.BLANK) == (not truth.fields[name]) else WRONG] += 1
        else:
            counts[judge(found, truth)] += 1
    return counts


def judge(found: FieldReading, truth: Truth) -> str:
    """Accepted means `sure` or `blank`, as scripts see it."""
    if found.state in {State.DOUBTFUL, State.UNREADABLE}:
        return ASKED
    if found.field in truth.questions or not same(found.value, truth.fields[found.field]):
        return WRONG
    true_options = truth.options.get(found.field, {})
    # A cancelled box that is called empty decides nothing; a doubtful one within a sure field neither.
    wrongly_ticked = [
        option
        for option, reading in found.options.items()
        if (str(reading.state) == "ticked") != (true_options.get(option) == "ticked")
    ]
    return WRONG if wrongly_ticked else RIGHT


def same(value: Value, truth: Value) -> bool:
    """Equal, where None, no text and no ticks are all blank, and ticks have no order."""
    first, second = (sorted(v) if isinstance(v, list) else v for v in (value, truth))
    return (first or None) == (second or None)
