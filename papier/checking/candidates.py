"""What may stand in a field, best first: from a reading as it is stored."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from papier.checking.item import Candidate
from papier.forms.definition import Demand
from papier.language import translate as _
from papier.ocr.content_rules import cells_text, rule_for
from papier.records import Value

# More of them than fit under the keys 1 to 5 nobody reads.
MOST = 5
# Of boxes every choice is offered that a key can name.
MOST_CHOICES = 9
# Boxes of which so many are doubtful have too many combinations to list: the likeliest are told apart.
MOST_BOXES = 4


def shown(value: Value, options: Mapping[str, str] | None = None) -> str:
    """A value as a person reads it; nothing written is a dash."""
    if value is None or value in ("", []):
        return "–"
    if isinstance(value, bool):
        return _("signed") if value else "–"
    if isinstance(value, list):
        return ", ".join((options or {}).get(option, option) for option in value)
    if len(value) == 10 and value[4] == value[7] == "-" and value.replace("-", "").isdigit():
        return f"{value[8:]}/{value[5:7]}/{value[:4]}"
    return value


def candidates_of(reading: Mapping[str, Any], content: str | None, multiple: bool, demand: Demand,
                  labels: Mapping[str, str]) -> tuple[Candidate, ...]:  # fmt: skip
    """The candidates of a field as `papier.store.records` keeps it, the best reading first."""
    kind, value, probability = reading["kind"], reading["value"], reading["probability"]
    if kind == "tick":
        return _of_boxes(reading["options"], value or [], multiple, labels)
    if kind == "signature":
        return tuple(
            Candidate(one, _("signed") if one else _("not signed"), chance)
            for one, chance in ((bool(value), probability), (not value, 1 - probability))
        )
    if kind == "comb":
        return _of_comb(reading["candidates"], value, probability, content or "mixed", demand)
    found = [Candidate(text, text, chance) for text, chance in reading["candidates"][:MOST]]
    if not found and value:
        found = [Candidate(value, shown(value), probability)]
    return tuple(found)


def _of_comb(
    listed: Sequence[Sequence[Any]], value: Value, probability: float, content: str, demand: Demand
) -> tuple[Candidate, ...]:
    rule = rule_for(content, demand)
    found: list[Candidate] = []
    for text, chance in listed[:MOST]:
        # What is listed is a value as it is stored, or the text of the cells where that makes none.
        stored = rule(cells_text(str(text), content)).value
        found.append(Candidate(stored, shown(str(text)), chance, storable=stored is not None))
    if value is not None and all(one.value != value for one in found):
        found.insert(0, Candidate(value, shown(value), probability))
    if value is None and not found:
        found = [Candidate(None, shown(None), probability)]
    return tuple(found)


def _of_boxes(
    options: Mapping[str, Mapping[str, Any]], value: Sequence[str], multiple: bool, labels: Mapping[str, str]
) -> tuple[Candidate, ...]:
    ticked = {name: one["probability"] if name in value else 1 - one["probability"] for name, one in options.items()}
    if not multiple and len(ticked) > 1:
        choices: list[tuple[str, ...]] = [(), *((name,) for name in ticked)]
        if len(value) > 1:
            choices.append(tuple(value))
    else:
        unclear = sorted(ticked, key=lambda name: abs(ticked[name] - 0.5))[:MOST_BOXES]
        choices = [
            tuple(name for name in ticked if (name in chosen if name in unclear else name in value))
            for count in range(len(unclear) + 1)
            for chosen in itertools.combinations(unclear, count)
        ]
    weighed = {choice: _chance(choice, ticked) for choice in choices}
    total = sum(weighed.values()) or 1.0
    first = tuple(value)
    ranked = sorted(weighed, key=lambda choice: (choice != first, -weighed[choice]))[:MOST_CHOICES]
    return tuple(Candidate(list(choice), shown(list(choice), labels), weighed[choice] / total) for choice in ranked)


def _chance(choice: Sequence[str], ticked: Mapping[str, float]) -> float:
    chance = 1.0
    for name, one in ticked.items():
        chance *= max(1e-6, one if name in choice else 1 - one)
    return chance


def confusion(candidates: Sequence[Candidate]) -> str:
    """The characters that the two best texts differ in ("1/7"), in alphabetical order; empty where they differ in more
    than two, or are no texts.
    """
    texts = [one.shown for one in candidates[:2] if isinstance(one.shown, str) and one.shown != "–"]
    if len(texts) < 2 or len(texts[0]) != len(texts[1]) or isinstance(candidates[0].value, (list, bool)):
        return ""
    pairs = [tuple(sorted(pair)) for pair in zip(*texts, strict=True) if pair[0] != pair[1]]
    return " ".join(f"{one}/{other}" for one, other in pairs) if len(pairs) <= 2 else ""
