from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from papier.errors import UsageError
from papier.forms import sheet_number as module
from papier.forms.sheet_number import (
    ALPHABET,
    LENGTH,
    MAX_SERIAL,
    SheetNumbers,
    decode,
    normalise,
    page_glyph,
    parse_page,
    print_number,
)

NUMBERS = SheetNumbers(b"the key of a test")
OTHER = SheetNumbers(b"the key of another test")

serials = st.integers(0, MAX_SERIAL)
places = st.permutations(range(LENGTH))


def symbols_of(number: str) -> list[int]:
    return [ALPHABET.index(char) for char in number.replace("-", "")]


def certain(symbols: list[int], doubt: float = 0.001) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Logarithms of probabilities that all but assert `symbols`."""
    table = np.full((LENGTH, 32), doubt / 31)
    table[np.arange(LENGTH), symbols] = 1 - doubt
    return np.asarray(np.log(table))


def test_alphabet_has_no_lookalikes() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set("IOSZ") & set(ALPHABET)


@given(serials)
def test_number_gives_its_serial_back(serial: int) -> None:
    number = NUMBERS.make(serial)
    assert len(number) == 14
    assert NUMBERS.serial(number) == serial
    assert NUMBERS.parse(number) == serial


@given(serials, places, st.integers(0, 2), st.integers(0, 4), st.data())
def test_every_correctable_damage_is_mended(
    serial: int, order: list[int], errors: int, erasures: int, data: st.DataObject
) -> None:
    errors = min(errors, (4 - erasures) // 2)
    number = NUMBERS.make(serial)
    damaged = symbols_of(number)
    for place in order[:errors]:
        damaged[place] ^= data.draw(st.integers(1, 31))
    missing = order[errors : errors + erasures]
    for place in missing:
        damaged[place] = data.draw(st.integers(0, 31))
    assert decode(damaged, missing) == number


def test_every_pair_of_wrong_places_is_mended() -> None:
    number = NUMBERS.make(4711)
    rng = random.Random(1)
    for first in range(LENGTH):
        for second in range(LENGTH):
            damaged = symbols_of(number)
            damaged[first] ^= rng.randrange(1, 32)
            damaged[second] ^= rng.randrange(1, 32) if second != first else 0
            assert decode(damaged) == number


def test_five_missing_characters_are_refused() -> None:
    assert decode(symbols_of(NUMBERS.make(1)), range(5)) is None


def test_damage_never_gives_another_valid_number() -> None:
    """200,000 numbers with three to twelve wrong characters: none becomes another number of the workspace."""
    rng = random.Random(20)
    decoded = 0
    for trial in range(200_000):
        serial = trial % 500
        if trial < 500:
            NUMBERS_SYMBOLS[serial] = symbols_of(NUMBERS.make(serial))
        damaged = list(NUMBERS_SYMBOLS[serial])
        for place in rng.sample(range(LENGTH), rng.randint(3, LENGTH)):
            damaged[place] ^= rng.randrange(1, 32)
        number = decode(damaged)
        if number is not None:
            decoded += 1
            assert NUMBERS.serial(number) is None
    # Within two errors of a codeword by chance: 0.061 of all sequences (a little less so near to a codeword).
    assert 0.03 < decoded / 200_000 < 0.07


NUMBERS_SYMBOLS: dict[int, list[int]] = {}


def test_another_key_refuses() -> None:
    assert all(OTHER.parse(NUMBERS.make(serial)) is None for serial in range(2000))


def test_neighbouring_serials_look_unrelated() -> None:
    texts = [NUMBERS.make(serial).replace("-", "") for serial in range(400)]
    alike = [sum(a == b for a, b in zip(one, two, strict=True)) for one, two in itertools.pairwise(texts)]
    # By chance one character in 32 agrees: 0.375 a pair.
    assert sum(alike) / len(alike) < 0.6
    assert len(set(texts)) == 400


def test_serials_run_out() -> None:
    assert NUMBERS.serial(NUMBERS.make(MAX_SERIAL)) == MAX_SERIAL
    with pytest.raises(UsageError, match="Start a new workspace"):
        NUMBERS.make(MAX_SERIAL + 1)


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("4f7k-2m9q-8xtr", "4F7K-2M9Q-8XTR"),
        (" 4F7K 2M9Q 8XTR ", "4F7K-2M9Q-8XTR"),
        ("4F7K2M9Q8XTR", "4F7K-2M9Q-8XTR"),
        ("4F7K–2M9Q—8XTR/3", "4F7K-2M9Q-8XTR"),
        ("IOSZ-iosz-AAAA", "1052-1052-AAAA"),
        ("4F7K-2M?Q-8XTR", "4F7K-2M?Q-8XTR"),
        ("4F7K-2M9Q-8XT", None),
        ("4F7K-2M9Q-8XTR9", None),
        ("4F7K-2M9Q-8XTÉ", None),
        ("", None),
    ],
)
def test_typed_numbers(typed: str, canonical: str | None) -> None:
    assert normalise(typed) == canonical


def test_typing_faults_are_mended_and_nonsense_refused() -> None:
    number = NUMBERS.make(77)
    swapped = number[1] + number[0] + number[2:]
    assert NUMBERS.parse(swapped.lower()) == 77
    assert NUMBERS.parse("??" + number[2:-2] + "??") == 77
    assert NUMBERS.parse("?" * 5 + number[5:]) is None
    assert NUMBERS.parse("hello") is None
    assert NUMBERS.serial(swapped) is None


def test_pages() -> None:
    assert print_number("4F7K-2M9Q-8XTR", 1) == "4F7K-2M9Q-8XTR/1"
    for page in range(1, 32):
        assert parse_page(print_number("4F7K-2M9Q-8XTR", page)) == page
    assert parse_page("4F7K-2M9Q-8XTR") is None
    with pytest.raises(UsageError, match="at most 31 pages"):
        page_glyph(32)


@given(serials, places, st.integers(0, 2), st.data())
def test_soft_decoder_mends_what_the_hard_one_does(
    serial: int, order: list[int], errors: int, data: st.DataObject
) -> None:
    number = NUMBERS.make(serial)
    damaged = symbols_of(number)
    for place in order[:errors]:
        damaged[place] ^= data.draw(st.integers(1, 31))
    table = certain(damaged)
    table[order[errors : errors + 4 - 2 * errors]] = np.log(1 / 32)
    decoded = NUMBERS.decode_soft(table[None])
    assert decoded is not None
    assert decoded.number == number
    assert decoded.probability > 1 - 1e-5
    assert decoded.corrections >= errors


def test_two_prints_help_each_other() -> None:
    number = NUMBERS.make(12)
    one, two = certain(symbols_of(number)), certain(symbols_of(number))
    one[:6] = two[6:] = np.log(1 / 32)
    assert NUMBERS.decode_soft(one[None]) is None
    decoded = NUMBERS.decode_soft(np.stack([one, two]))
    assert decoded is not None
    assert decoded.serial == 12


def test_two_prints_that_contradict_each_other_are_refused() -> None:
    tables = [certain(symbols_of(NUMBERS.make(serial))) for serial in (12, 13)]
    assert NUMBERS.decode_soft(np.stack(tables)) is None


def test_soft_decoder_refuses_what_says_nothing() -> None:
    assert NUMBERS.decode_soft(np.full((2, LENGTH, 32), np.log(1 / 32))) is None
    assert NUMBERS.decode_soft(np.full((1, LENGTH, 32), np.nan)) is None
    assert NUMBERS.decode_soft(np.empty((0, LENGTH, 32))) is None


def test_soft_decoder_refuses_noise_and_other_keys() -> None:
    rng = np.random.default_rng(5)
    for trial in range(1500):
        noise = rng.normal(0, 1 + trial % 7, (2, LENGTH, 32))
        assert NUMBERS.decode_soft(noise) is None
    for serial in range(300):
        assert NUMBERS.decode_soft(certain(symbols_of(OTHER.make(serial)))[None]) is None


def test_any_eight_characters_give_the_other_four() -> None:
    symbols = tuple(symbols_of(NUMBERS.make(99)))
    assert module._refill(symbols, (0, 3, 7, 11)) == symbols
