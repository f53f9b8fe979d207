"""From columns to texts: against all alignments counted one by one, and with a letter model that pulls."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from papier.ocr.letter_model import LetterModel, pack
from papier.ocr.line_decoding import (
    LogProbabilities,
    Weighing,
    decode,
    log_probability_of,
    with_expected,
)

ALPHABET = "abc"
PLAIN = Weighing(language=0.0, character=0.0, beam=500)


def random_columns(seed: int, count: int = 5) -> LogProbabilities:
    chances = np.random.default_rng(seed).dirichlet(np.full(4, 0.7), count)
    return np.asarray(np.log(np.maximum(chances, 1e-2)), np.float32)


def columns_of(*chances: dict[str, float]) -> LogProbabilities:
    """One column for each dictionary; "" is the blank; the rest is shared out among the others."""
    rows = np.full((len(chances), 4), 1e-4)
    for row, given in zip(rows, chances, strict=True):
        for character, chance in given.items():
            row[ALPHABET.index(character) + 1 if character else 0] = chance
    return np.asarray(np.log(rows / rows.sum(axis=1, keepdims=True)), np.float32)


def by_counting(columns: LogProbabilities) -> dict[str, float]:
    """The probability of every text, over every way through the columns."""
    totals: dict[str, float] = {}
    for path in itertools.product(range(4), repeat=len(columns)):
        merged = [k for at, k in enumerate(path) if k and (at == 0 or path[at - 1] != k)]
        text = "".join(ALPHABET[k - 1] for k in merged)
        chance = math.exp(sum(float(columns[at, k]) for at, k in enumerate(path)))
        totals[text] = totals.get(text, 0.0) + chance
    return totals


def letters_after(pairs: dict[str, float]) -> LetterModel:
    """A letter model of pairs; whatever is not given has a hundredth."""
    entries = {pack([ALPHABET.index(c) + 1]): math.log(0.01) for c in ALPHABET}
    entries |= {pack([ALPHABET.index(c) + 1 for c in pair]): math.log(chance) for pair, chance in pairs.items()}
    keys = sorted(entries)
    costs = np.array([round(-16 * entries[key]) for key in keys], np.uint8)
    return LetterModel(ALPHABET, np.array(keys, np.uint64), costs, np.zeros(len(keys), np.uint8))


@pytest.mark.parametrize("seed", range(6))
def test_a_wide_beam_finds_what_counting_all_ways_finds(seed: int) -> None:
    columns = random_columns(seed)
    counted = by_counting(columns)
    readings = decode(columns, ALPHABET, None, PLAIN)
    assert readings[0].text == max(counted, key=lambda text: counted[text])
    for reading in readings[:20]:
        assert math.exp(reading.seen) == pytest.approx(counted[reading.text], rel=1e-3)


@pytest.mark.parametrize("text", ["", "a", "aa", "ab", "abc", "aab"])
def test_the_probability_of_a_text_is_that_of_all_its_alignments(text: str) -> None:
    columns = random_columns(3)
    classes = [ALPHABET.index(character) + 1 for character in text]
    assert math.exp(log_probability_of(columns, classes)) == pytest.approx(by_counting(columns)[text], rel=1e-4)


def test_repeats_are_one_letter_and_a_blank_between_makes_two() -> None:
    columns = columns_of({"a": 0.9}, {"a": 0.9}, {"": 0.9}, {"a": 0.9}, {"b": 0.9})
    assert decode(columns, ALPHABET, None, PLAIN)[0].text == "aab"


def test_the_letter_model_decides_between_look_alikes() -> None:
    columns = columns_of({"a": 0.99}, {"b": 0.45, "c": 0.5})
    assert decode(columns, ALPHABET, None, PLAIN)[0].text == "ac"
    pull = letters_after({"ab": 0.9, "ac": 0.02})
    readings = decode(columns, ALPHABET, pull, Weighing(language=0.5, character=0.0))
    assert [reading.text for reading in readings[:2]] == ["ab", "ac"]


def test_what_is_written_clearly_outweighs_the_letter_model() -> None:
    columns = columns_of({"a": 0.99}, {"b": 0.001, "c": 0.99})
    pull = letters_after({"ab": 0.9, "ac": 0.02})
    assert decode(columns, ALPHABET, pull, Weighing(language=0.5, character=0.0))[0].text == "ac"


def test_an_expected_text_is_raised_and_hides_nothing() -> None:
    columns = columns_of({"a": 0.6, "b": 0.35}, {"": 0.9}, {"c": 0.95})
    plain = decode(columns, ALPHABET, None, PLAIN)
    assert plain[0].text == "ac"
    raised = with_expected(plain, columns, ["bc", "é", ""], ALPHABET, None, PLAIN)
    assert [reading.text for reading in raised[:2]] == ["bc", "ac"]
    assert {reading.text for reading in plain} <= {reading.text for reading in raised}


def test_an_expected_text_that_is_not_there_stays_behind_what_is_written() -> None:
    columns = columns_of({"a": 0.999}, {"": 0.99}, {"c": 0.999})
    plain = decode(columns, ALPHABET, None, PLAIN)
    assert with_expected(plain, columns, ["bb"], ALPHABET, None, PLAIN)[0].text == "ac"
