"""How names are spelled in France: what a comb of letters is likely to say, before anybody looks at it.

Four letters in a row, learnt from the commonest surnames and first names (`training/names.py`), and those names
themselves. A prior raises what is likely; every character keeps a share everywhere, so that no name is impossible.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Final, overload

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# The letters without accents, hyphen, apostrophe; and the blank cell after a word, before or between words.
BASES: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-'"
END: Final = len(BASES)
SYMBOLS: Final = END + 1
START: Final = SYMBOLS  # before the first cell
STEP: Final = 16.0  # stored chances: byte = -log × STEP

# Of the names on forms this share is taken to be on the list (it holds nine tenths of the population's surnames).
LISTED: Final = 0.6
_UNLISTED: Final = math.log(1 - LISTED)
# Words shorter than this are like too many others.
SHORTEST_NEAR: Final = 5
# How people write a letter that may bear an accent; in capitals most leave it off, the rest as first names have them.
ACCENTS: Final[dict[str, dict[str, float]]] = {
    "A": {"À": 0.001, "Â": 0.002},
    "C": {"Ç": 0.01},
    "E": {"É": 0.09, "È": 0.03, "Ê": 0.004, "Ë": 0.012},
    "I": {"Î": 0.003, "Ï": 0.012},
    "O": {"Ô": 0.005},
    "U": {"Ù": 0.0005, "Û": 0.001, "Ü": 0.001},
}


@dataclass(frozen=True)
class NamePrior:
    """`table` (contexts, SYMBOLS): log chance of a symbol after three; `words`: log share of each listed word."""

    table: Floats
    words: dict[str, float]
    _gains: dict[str, float] = field(default_factory=dict, repr=False, compare=False)

    def raised(self, text: str) -> float:
        """By how much, in logs, the listed words of `text` make it likelier than its spelling does."""
        return sum(self._gain(word) for word in word_parts(plain(text)))

    def near(self, text: str) -> list[str]:
        """Each text that comes of `text` when a word that is not listed becomes a listed one by changing one letter.

        Likeliest first; empty where every word is listed, or is like none.
        """
        found: dict[str, float] = {}
        letters = plain(text)
        at = 0
        for word in word_parts(letters):
            at = letters.index(word, at)
            if word not in self.words and len(word) >= SHORTEST_NEAR:
                for place in range(len(word)):
                    for letter in BASES[:26]:
                        share = self.words.get(word[:place] + letter + word[place + 1 :])
                        if share is not None:
                            found[text[: at + place] + letter + text[at + place + 1 :]] = share
            at += len(word)
        return sorted(found, key=lambda other: -found[other])

    def _gain(self, word: str) -> float:
        share = self.words.get(word)
        if share is None:
            return _UNLISTED
        known = self._gains.get(word)
        if known is None:
            known = self._gains[word] = float(np.logaddexp(_UNLISTED, math.log(LISTED) + share - self._spelled(word)))
        return known

    def _spelled(self, word: str) -> float:
        total, context = 0.0, first_context()
        for symbol in (*(BASES.index(character) for character in word), END):
            total += float(self.table[context, symbol])
            context = next_context(context, symbol)
        return total


def plain(text: str) -> str:
    """`text` without accents."""
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def word_parts(text: str) -> list[str]:
    """The words of a name: `JEAN-PIERRE DE L'ORME` has five."""
    return text.replace("-", " ").replace("'", " ").split()


def first_context() -> int:
    return (START * (START + 1) + START) * (START + 1) + START


@overload
def next_context(context: int, symbol: int) -> int: ...
@overload
def next_context(context: Ints, symbol: Ints) -> Ints: ...
def next_context(context: int | Ints, symbol: int | Ints) -> int | Ints:
    """The context after a symbol."""
    size = START + 1
    return context % (size * size) * size + symbol


@cache
def load_name_prior() -> NamePrior:
    """The prior shipped with the package."""
    data = (resources.files("papier.ocr") / "models" / "names.npz").read_bytes()
    with np.load(BytesIO(data)) as arrays:
        table = arrays["table"].reshape(-1, SYMBOLS).astype(np.float64) / -STEP
        words = str(arrays["words"]).split(" ")
        shares = arrays["shares"].astype(np.float64) / -STEP
    return NamePrior(table, dict(zip(words, shares.tolist(), strict=True)))
