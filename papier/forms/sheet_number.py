"""The sheet number: plain characters that a person can read out and a scanner can hardly misread.

`4F7K-2M9Q-8XTR` is twelve characters of an alphabet of 32 (no I, O, S, Z: they look like 1, 0, 5, 2). On paper a
solidus and the page follow: `4F7K-2M9Q-8XTR/1`.

*Code.* The twelve characters are a Reed–Solomon codeword over GF(32) in its original form (I. S. Reed, G. Solomon,
"Polynomial codes over certain finite fields", 1960): the values, at twelve different points, of a polynomial of degree
below 8. Any eight characters give the other four, two numbers differ in at least five places, and e wrong with s
missing characters are mended whenever 2e + s ≤ 4.

*Key.* The eight free characters are 40 bits: a serial (20 bits) beside its authentication code (20 bits, keyed
BLAKE2b), the whole put through a keyed Feistel network, so that neighbouring serials look unrelated and a number can
be neither guessed nor made without the key of the workspace.

*Probability of accepting what is not ours.* Twelve characters at random lie within two errors of a codeword with
probability (1 + 12·31 + 66·31²) / 2²⁰ = 0.061, and that codeword verifies under our key with probability 2⁻²⁰: a number
typed at random is accepted with probability 5.8·10⁻⁸. With four characters missing there is always one codeword, so
the bound is 2⁻²⁰ < 10⁻⁶. One of our numbers damaged beyond repair falls to another of ours with no greater
probability. `decode_soft` accepts a codeword only when the product P of its characters' probabilities is above
`MIN_SOFT_PROBABILITY`: the probabilities of all sequences sum to 1 and one sequence in 2⁴⁰ is a valid number, so a
rival holds 2⁻⁴⁰ on average, and the probability that the accepted number is wrong is 2⁻⁴⁰ / (P + 2⁻⁴⁰), at most
1.4·10⁻⁶ and mostly far below.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from papier.errors import UsageError
from papier.language import translate as _

# 22 letters and 10 digits; the four letters left out are read as the digits they look like.
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUVWXY"
LOOKALIKES = str.maketrans("IOSZ", "1052")
# A character that the person who types cannot read.
UNREADABLE = "?"

LENGTH = 12
DATA_LENGTH = 8
PARITY_LENGTH = LENGTH - DATA_LENGTH
GROUP_LENGTH = 4
SYMBOL_BITS = 5

SERIAL_BITS = 20
# How many sheets one workspace can number.
SERIALS = 1 << SERIAL_BITS
MAX_SERIAL = SERIALS - 1
# Luby and Rackoff (1988): four rounds make a Feistel network a strong pseudorandom permutation.
FEISTEL_ROUNDS = 4
# Two groups of bits as wide as the serial: what BLAKE2b gives is cut to this.
DIGEST_BYTES = 4

# Page 1 to 9 by its digit, then letters: one glyph on the paper.
PAGE_GLYPHS = "123456789" + ALPHABET[10:]

# Four characters wholly unknown leave 32⁻⁴ = 2⁻²⁰, two certain characters contradicted about as much; half a bit more
# allows for the small doubt that remains in the other eight.
MIN_SOFT_PROBABILITY = 2.0**-20.5
# Share of the valid numbers among all sequences of twelve characters.
VALID_SHARE = 2.0**-40
# The characters that the soft decoder may replace: of each of the eight it relies on, this many next-best readings,
# in at most this many places at once. More finds nothing that passes MIN_SOFT_PROBABILITY.
RUNNERS_UP = 3
PLACES_REPLACED = 2
# No character is ever believed beyond this: a smear can look exactly like another character.
MAX_SYMBOL_DOUBT = 0.03

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DecodedNumber:
    """A number read from paper. `corrections` counts the characters that differ from the best reading of each."""

    number: str
    serial: int
    probability: float
    corrections: int


class SheetNumbers:
    """Makes and verifies the sheet numbers of one workspace."""

    def __init__(self, key: bytes) -> None:
        """`key`: the secret of the workspace; raises ValueError when it is empty."""
        if not key:
            raise ValueError("The key of the sheet numbers is empty")
        self._secret = hashlib.blake2b(key, digest_size=32, person=b"papier sheet").digest()

    def make(self, serial: int) -> str:
        """The number of sheet `serial`, from 0; raises UsageError beyond `MAX_SERIAL`."""
        if not 0 <= serial <= MAX_SERIAL:
            raise UsageError(
                _("Sheet {serial} cannot be numbered: a workspace has {count} numbers. Start a new workspace.").format(
                    serial=serial, count=SERIALS
                )
            )
        left, right = serial, self._digest("code", serial)
        for turn in range(FEISTEL_ROUNDS):
            left, right = right, left ^ self._digest(f"round {turn}", right)
        whole = left << SERIAL_BITS | right
        data = [whole >> SYMBOL_BITS * (DATA_LENGTH - 1 - place) & 31 for place in range(DATA_LENGTH)]
        return _write(_refill((*data, *[0] * PARITY_LENGTH), tuple(range(DATA_LENGTH, LENGTH))))

    def serial(self, number: str) -> int | None:
        """The serial of a number without any fault, canonically written; None when it is not one of ours."""
        symbols = _symbols(number)
        if symbols is None or None in symbols:
            return None
        exact = tuple(symbol for symbol in symbols if symbol is not None)
        return self._verify(exact) if decode(exact) == number else None

    def correct(self, text: str) -> str | None:
        """The number meant by what a person typed: `normalise`, then up to two faults mended (`?` counts half).

        None when nothing of ours is near enough.
        """
        symbols = _symbols(normalise(text) or "")
        if symbols is None:
            return None
        missing = [place for place, symbol in enumerate(symbols) if symbol is None]
        number = decode([symbol or 0 for symbol in symbols], missing)
        return number if number is not None and self.serial(number) is not None else None

    def parse(self, text: str) -> int | None:
        """The serial of the number meant by what a person typed; None when it is not one of ours. See `correct`."""
        number = self.correct(text)
        return None if number is None else self.serial(number)

    def decode_soft(self, log_probs: npt.ArrayLike) -> DecodedNumber | None:
        """The number that one or several prints of it say.

        `log_probs`: shape (prints, 12, 32), natural logarithms of each character's probabilities in the order of
        `ALPHABET`. Every print is decoded by itself and all together. None when nothing verifies with enough
        probability, and also when two different numbers do.

        Method: generalised minimum distance (G. D. Forney, 1966), which erases the least sure characters one by one,
        and ordered statistics (M. Fossorier, S. Lin, 1995), where the eight surest characters, with their next-best
        readings in a few places, each give a codeword. The probable codewords are verified under the key.
        """
        prints = _tempered(np.asarray(log_probs, dtype=np.float64).reshape(-1, LENGTH, len(ALPHABET)))
        if not len(prints):
            return None
        views = list(prints)
        if len(prints) > 1:
            together = prints.sum(axis=0)
            views.append(together - np.logaddexp.reduce(together, axis=1, keepdims=True))
        found = [decoded for view in views for decoded in self._decode_view(view)]
        if len({decoded.number for decoded in found}) != 1:
            return None
        return max(found, key=lambda decoded: decoded.probability)

    def _decode_view(self, log_probs: FloatArray) -> Iterator[DecodedNumber]:
        """Every valid number that one table (12, 32) of logarithms makes probable enough."""
        best = log_probs.argmax(axis=1)
        for symbols, total in _probable_codewords(log_probs):
            serial = self._verify(symbols)
            if serial is not None:
                # P against the average share of a rival, as the head of this module explains.
                sure = 1.0 / (1.0 + VALID_SHARE / float(np.exp(total)))
                corrections = int(np.count_nonzero(best != np.array(symbols)))
                yield DecodedNumber(_write(symbols), serial, sure, corrections)

    def _verify(self, symbols: Sequence[int]) -> int | None:
        """The serial in a codeword when its authentication code is right."""
        whole = 0
        for symbol in symbols[:DATA_LENGTH]:
            whole = whole << SYMBOL_BITS | symbol
        left, right = whole >> SERIAL_BITS, whole & MAX_SERIAL
        for turn in reversed(range(FEISTEL_ROUNDS)):
            left, right = right ^ self._digest(f"round {turn}", left), left
        return left if right == self._digest("code", left) else None

    def _digest(self, purpose: str, value: int) -> int:
        data = value.to_bytes(DIGEST_BYTES, "big")
        digest = hashlib.blake2b(data, digest_size=DIGEST_BYTES, key=self._secret, person=purpose.encode()).digest()
        return int.from_bytes(digest, "big") & MAX_SERIAL


def normalise(text: str) -> str | None:
    """What a person typed, in canonical writing `XXXX-XXXX-XXXX`; a page after a solidus is left out.

    Lower case, spaces, hyphens of any kind or none, and I, O, S, Z for 1, 0, 5, 2 are accepted; `?` stands for a
    character that cannot be read. None when there are not twelve characters of the alphabet. Verifies nothing.
    """
    bare = re.sub(r"[\s\-_.\u2010-\u2015\u2212]", "", text.partition("/")[0]).upper().translate(LOOKALIKES)
    if len(bare) != LENGTH or not set(bare) <= {*ALPHABET, UNREADABLE}:
        return None
    return _grouped(bare)


def print_number(number: str, page: int) -> str:
    """The text on the paper: `4F7K-2M9Q-8XTR/1`."""
    return f"{number}/{page_glyph(page)}"


def page_glyph(page: int) -> str:
    """The one character that stands for `page`, from 1; raises UsageError when there is none."""
    if not 1 <= page <= len(PAGE_GLYPHS):
        raise UsageError(
            _("A form has at most {count} pages, not {page}: divide it into several forms.").format(
                count=len(PAGE_GLYPHS), page=page
            )
        )
    return PAGE_GLYPHS[page - 1]


def parse_page(text: str) -> int | None:
    """The page after the solidus in what a person typed; None when there is none."""
    glyph = text.partition("/")[2].strip().upper().translate(LOOKALIKES)
    return PAGE_GLYPHS.index(glyph) + 1 if len(glyph) == 1 and glyph in PAGE_GLYPHS else None


def decode(symbols: Sequence[int], erasures: Collection[int] = ()) -> str | None:
    """The codeword within reach of twelve symbols (0 to 31), canonically written; None when there is none.

    `erasures`: the places whose symbol means nothing. Within reach: e wrong symbols elsewhere with 2e + s ≤ 4. Knows no
    key: a codeword need not be a number of ours.
    """
    codeword = _mend(symbols, frozenset(erasures))
    return None if codeword is None else _write(codeword)


# --- GF(32), modulo x⁵ + x² + 1, which is primitive --------------------------------------------------------------


def _powers() -> list[int]:
    powers, value = [], 1
    for _round in range(31):
        powers.append(value)
        value <<= 1
        if value & 32:
            value ^= 0b100101
    return powers


_EXP = _powers()
_LOG = {value: exponent for exponent, value in enumerate(_EXP)}


def _multiply(a: int, b: int) -> int:
    return _EXP[(_LOG[a] + _LOG[b]) % 31] if a and b else 0


def _divide(a: int, b: int) -> int:
    return _EXP[(_LOG[a] - _LOG[b]) % 31] if a else 0


# --- The code ----------------------------------------------------------------------------------------------------

# The twelve points at which the polynomial is taken.
_POINTS = tuple(_EXP[:LENGTH])
_MULTIPLY = np.array([[_multiply(a, b) for b in range(32)] for a in range(32)], dtype=np.int64)


@cache
def _weights(block: tuple[int, ...]) -> IntArray:
    """Lagrange's weights, shape (4, 8): the symbols at `block` out of the eight others, both in ascending order."""
    known = [place for place in range(LENGTH) if place not in block]
    rows = []
    for wanted in block:
        row = []
        for place in known:
            above = below = 1
            for other in known:
                if other != place:
                    above = _multiply(above, _POINTS[wanted] ^ _POINTS[other])
                    below = _multiply(below, _POINTS[place] ^ _POINTS[other])
            row.append(_divide(above, below))
        rows.append(row)
    return np.array(rows, dtype=np.int64)


@cache
def _tables(block: tuple[int, ...]) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """For each place outside of `block` its contribution, symbol by symbol, to the four symbols packed in 20 bits."""
    known = [place for place in range(LENGTH) if place not in block]
    shifts = SYMBOL_BITS * np.arange(PARITY_LENGTH)[:, None]
    products = _MULTIPLY[_weights(block)]  # (4, 8, 32)
    packed = (products << shifts[:, :, None]).sum(axis=0)
    return tuple((place, tuple(int(value) for value in row)) for place, row in zip(known, packed, strict=True))


def _refill(symbols: Sequence[int], block: tuple[int, ...]) -> tuple[int, ...]:
    """The one codeword that agrees with `symbols` outside of `block`, four places in ascending order."""
    packed = 0
    for place, table in _tables(block):
        packed ^= table[symbols[place]]
    codeword = list(symbols)
    for index, place in enumerate(block):
        codeword[place] = packed >> SYMBOL_BITS * index & 31
    return tuple(codeword)


def _mend(symbols: Sequence[int], missing: frozenset[int]) -> tuple[int, ...] | None:
    """The codeword within reach, see `decode`."""
    if len(missing) > PARITY_LENGTH:
        return None
    reach = (PARITY_LENGTH - len(missing)) // 2
    for block in _blocks(missing):
        codeword = _refill(symbols, block)
        changed = sum(codeword[place] != symbols[place] for place in block if place not in missing)
        if changed <= reach:
            return codeword
    return None


@cache
def _blocks(missing: frozenset[int]) -> tuple[tuple[int, ...], ...]:
    """Sets of four places which all hold `missing` and of which one holds any correctable set of wrong places too."""
    others = [place for place in range(LENGTH) if place not in missing]
    if not missing:
        pairs = [(place, place + 1) for place in range(0, LENGTH, 2)]
        return tuple((*first, *second) for first, second in itertools.combinations(pairs, 2))
    room = PARITY_LENGTH - len(missing)
    if room < 2:
        return (tuple(sorted([*missing, *others[:room]])),)
    starts = [min(start, len(others) - room) for start in range(0, len(others), room)]
    return tuple(tuple(sorted([*missing, *others[start : start + room]])) for start in starts)


def _tempered(log_probs: FloatArray) -> FloatArray:
    """Normalised logarithms, with `MAX_SYMBOL_DOUBT` spread evenly over the alphabet. Not-a-numbers mean unknown."""
    table = np.nan_to_num(log_probs, nan=0.0, posinf=0.0, neginf=-700.0)
    table = table - np.logaddexp.reduce(table, axis=2, keepdims=True)
    mixed = (1 - MAX_SYMBOL_DOUBT) * np.exp(table) + MAX_SYMBOL_DOUBT / len(ALPHABET)
    return np.asarray(np.log(mixed), dtype=np.float64)


@lru_cache(maxsize=1)
def _replacements() -> IntArray:
    """Which reading to take at each of the eight places relied on, shape (n, 8): 0 the best, 1 the second…"""
    rows = [[0] * DATA_LENGTH]
    for count in range(1, PLACES_REPLACED + 1):
        for places in itertools.combinations(range(DATA_LENGTH), count):
            for ranks in itertools.product(range(1, RUNNERS_UP + 1), repeat=count):
                row = [0] * DATA_LENGTH
                for place, rank in zip(places, ranks, strict=True):
                    row[place] = rank
                rows.append(row)
    return np.array(rows, dtype=np.int64)


def _probable_codewords(log_probs: FloatArray) -> list[tuple[tuple[int, ...], float]]:
    """Codewords with the logarithm of their probability, those above `MIN_SOFT_PROBABILITY`, the likeliest first.

    `log_probs`: shape (12, 32), normalised.
    """
    best = [int(symbol) for symbol in log_probs.argmax(axis=1)]
    order = [int(place) for place in np.argsort(-log_probs.max(axis=1), kind="stable")]
    mended = [_mend(best, frozenset(order[LENGTH - missing :])) for missing in range(PARITY_LENGTH + 1)]
    block = tuple(sorted(order[DATA_LENGTH:]))
    known = np.array(sorted(order[:DATA_LENGTH]))
    ranked = np.argsort(-log_probs[known], axis=1, kind="stable")  # (8, 32)
    chosen = ranked[np.arange(DATA_LENGTH), _replacements()]  # (n, 8)
    codewords = np.empty((len(chosen), LENGTH), dtype=np.int64)
    codewords[:, known] = chosen
    products = _MULTIPLY[_weights(block)[None], chosen[:, None, :]]  # (n, 4, 8)
    codewords[:, list(block)] = np.bitwise_xor.reduce(products, axis=2)
    totals = log_probs[np.arange(LENGTH), codewords].sum(axis=1)
    likely = codewords[totals >= np.log(MIN_SOFT_PROBABILITY)]
    found = {tuple(int(symbol) for symbol in codeword) for codeword in likely} | {
        codeword for codeword in mended if codeword is not None
    }
    scored = [(codeword, float(log_probs[np.arange(LENGTH), codeword].sum())) for codeword in found]
    return sorted(
        [(codeword, total) for codeword, total in scored if total >= np.log(MIN_SOFT_PROBABILITY)],
        key=lambda pair: (-pair[1], pair[0]),
    )


def _write(symbols: Sequence[int]) -> str:
    return _grouped("".join(ALPHABET[symbol] for symbol in symbols))


def _grouped(bare: str) -> str:
    return "-".join(bare[start : start + GROUP_LENGTH] for start in range(0, LENGTH, GROUP_LENGTH))


def _symbols(number: str) -> list[int | None] | None:
    """The symbols of a number in canonical writing, None for `?`; None when it is not so written."""
    bare = number.replace("-", "")
    if len(bare) != LENGTH or number != _grouped(bare) or not set(bare) <= {*ALPHABET, UNREADABLE}:
        return None
    return [None if char == UNREADABLE else ALPHABET.index(char) for char in bare]
