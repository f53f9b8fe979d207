"""How French goes on: the probability of the next character after the ones before it, from a table of n-grams.

The table holds n-grams of up to ORDER characters with their log-probabilities, and for contexts the log-weight of
backing off to a shorter one (S. Katz, 1987; probabilities smoothed as by I. Witten and T. Bell, 1991). Both are in
steps of STEP, one byte each. `training/lines/language.py` makes it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

# Characters to look back at is one less.
ORDER = 6
# Natural log; 255 steps reach 1 in 10 million.
STEP = 1 / 16
# What stands before the first character of a line.
START = "\n"
# Bits of one character in a key: the alphabet and START are fewer than 256, and six of them fit 64 bits.
BITS = 8
# Answers kept at hand; a page of handwriting asks for some ten thousand.
MOST_KNOWN = 60_000


@dataclass(frozen=True)
class LetterModel:
    """`alphabet`: characters by their number less one (0 is START). `keys` (n,) sorted, packed n-grams; `costs` (n,)
    their negative log-probability; `backoffs` (n,) that of backing off after the n-gram, 0 where nothing follows it.
    """

    alphabet: str
    keys: npt.NDArray[np.uint64]
    costs: npt.NDArray[np.uint8]
    backoffs: npt.NDArray[np.uint8]
    _numbers: dict[str, int] = field(init=False, repr=False)
    _sorted: array[int] = field(init=False, repr=False)
    _known: dict[tuple[str, str], float] = field(init=False, repr=False, default_factory=dict)
    _contexts: dict[str, list[tuple[int, float]]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        numbers = {START: 0, **{character: number for number, character in enumerate(self.alphabet, 1)}}
        object.__setattr__(self, "_numbers", numbers)
        # Halving a plain array is quicker than a search of numpy's for one key, and takes a tenth of a dictionary.
        object.__setattr__(self, "_sorted", array("Q", self.keys.astype(np.uint64).tobytes()))

    @classmethod
    def load(cls, path: Path) -> LetterModel:
        with np.load(path) as data:
            return cls(
                str(data["alphabet"]), np.cumsum(data["steps"], dtype=np.uint64), data["costs"], data["backoffs"]
            )

    def save(self, path: Path) -> None:
        steps = np.diff(self.keys, prepend=np.uint64(0))
        np.savez_compressed(path, alphabet=self.alphabet, steps=steps, costs=self.costs, backoffs=self.backoffs)

    def log_probability(self, before: str, character: str) -> float:
        """Natural log of the probability that `character` follows `before` (START first); floors at -16."""
        context = before[1 - ORDER :]
        found = self._known.get((context, character))
        if found is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            found = self._known[context, character] = self._look_up(context, character)
        return found

    def log_probability_of(self, text: str) -> float:
        """Of all of `text`, from the start of a line."""
        line = START + text
        return sum(self.log_probability(line[:at], line[at]) for at in range(1, len(line)))

    def _look_up(self, context: str, character: str) -> float:
        last = self._numbers.get(character, -1)
        if last < 0:
            return -16.0
        for before, spent in self._ways_back(context):
            at = self._find(before << BITS | last)
            if at is not None:
                return max(-16.0, spent - STEP * int(self.costs[at]))
        return -16.0

    def _ways_back(self, context: str) -> list[tuple[int, float]]:
        """`context` packed, then ever shorter ends of it, each with the log-weight of backing off so far."""
        ways = self._contexts.get(context)
        if ways is None:
            if len(self._contexts) >= MOST_KNOWN:
                self._contexts.clear()
            ways = self._contexts[context] = []
            numbers = [self._numbers.get(c, -1) for c in context]
            spent = 0.0
            for start in range(len(numbers) + 1):
                before = numbers[start:]
                if -1 in before:
                    continue
                key = pack(before)
                ways.append((key, spent))
                at = self._find(key) if before else None
                if at is not None:
                    spent -= STEP * int(self.backoffs[at])
        return ways

    def _find(self, key: int) -> int | None:
        at = bisect_left(self._sorted, key)
        return at if at < len(self._sorted) and self._sorted[at] == key else None


def pack(numbers: list[int]) -> int:
    """An n-gram as one whole number: a leading 1, then BITS for each character."""
    key = 1
    for number in numbers:
        key = key << BITS | number
    return key
