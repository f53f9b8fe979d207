"""From the candidates of each cell to the text of a comb, with the probability that it is right.

Bayes' rule over whole texts: the cells' probabilities times a prior that knows the field (its alphabet, dates that
exist, check keys, closed lists). What was not enumerated, and what fits no text, stays in the sum as doubt.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from papier.forms.definition import Demand
from papier.ocr.content_rules import Judgement, cells_text, rule_for, shown_text

Floats = npt.NDArray[np.float64]

DIGITS = "0123456789"
# Letters that are drawn like digits, and digits like letters: in a field of digits a ring is 0, in one of letters O.
LIKE_DIGITS = frozenset("OQDIJLZYSGTB")
LIKE_LETTERS = frozenset("01245678")
# The network was trained with a tenth of its cells crossed out or crossed by strokes; on sheets it is one in some
# hundreds (assumed).
NOISE_PRIOR = 0.05
# The cell of a social security number that may hold the A or B of a Corsican department.
CORSICAN_CELL = 6
# A letter in a field of digits, or the reverse, is a slip of the pen: once in a thousand cells.
OUTSIDE_ALPHABET = 0.001
# A cell's candidates below this are part of the doubt, not of the texts.
MIN_CANDIDATE = 2e-6
MAX_CANDIDATES = 8
# Texts followed from cell to cell; together they hold all but a millionth part, or the field is illegible anyway.
BEAM = 160
SHOWN = 5
# Shown candidates are at least this likely.
MIN_SHOWN = 0.002

# Closed lists, assumed: how often the truth is on the list; and, where it is not, how often it is a value of the list
# with one or two characters changed (a misspelling, a new form of a name) rather than something altogether different.
ON_LIST, NEAR_LIST, OFF_LIST = 0.97, 0.015, 0.015
# Of the near misses, how many differ in one character rather than two.
ONE_CHANGE = 0.7
# The characters that might stand in a cell, for the prior of one: 26 capitals, the commoner accents and signs; ten
# digits.
LETTER_COUNT, DIGIT_COUNT = 32.0, 10.0
# People leave accents off capitals about this often (assumed).
WITHOUT_ACCENTS = 0.3


@dataclass(frozen=True)
class Alphabet:
    """What the columns of the reader's log-probabilities mean."""

    classes: tuple[str, ...]
    blank: str = "blank"
    noise: str = "noise"

    def index(self, character: str) -> int | None:
        """The column of `character`; a space is the blank cell; None for what the reader does not know."""
        wanted = self.blank if character == " " else character
        return self.classes.index(wanted) if wanted in self.classes else None


@dataclass(frozen=True, slots=True)
class Decoding:
    """The most probable value of a comb.

    `value`: as stored, None where what is written makes none; `text`: as it stands in the cells; `probability` that
    the value is right; `candidates`: values, or texts that make none, best first; `problem`: what is wrong with the
    best one; `blank`: the probability that nothing is written; `noise`: that of the cell most likely crossed out.
    """

    value: str | None
    text: str
    probability: float
    candidates: tuple[tuple[str, float], ...]
    problem: str | None
    blank: float
    noise: float


@dataclass
class _Belief:
    """Unnormalised weights of (value, shown text), what is wrong with each, and the weight of everything else."""

    weights: dict[tuple[str | None, str], float]
    problems: dict[tuple[str | None, str], str | None]
    rest: float

    def add(self, key: tuple[str | None, str], weight: float, problem: str | None) -> None:
        self.weights[key] = self.weights.get(key, 0.0) + weight
        self.problems.setdefault(key, problem)


def decode(
    log_probs: npt.NDArray[np.floating],
    alphabet: Alphabet,
    content: str,
    demand: Demand,
    known_values: Sequence[str] = (),
) -> Decoding:
    """Decode one comb. `log_probs` (cells, classes), each row a distribution.

    `known_values`: the values that the roster knows for this field, as papier stores them; the demand's own choices
    come before them.
    """
    given = np.exp(np.asarray(log_probs, dtype=np.float64))
    given /= given.sum(axis=1, keepdims=True)
    cells = _with_prior(given, alphabet, content)
    blank_column = alphabet.classes.index(alphabet.blank)
    blank = float(np.prod(cells[:, blank_column]))
    noise = float(cells[:, alphabet.classes.index(alphabet.noise)].max(initial=0.0))
    rule = rule_for(content, demand)
    texts, rest = _best_texts(cells, alphabet)
    belief = _Belief({}, {}, rest)
    for text, probability in texts:
        judgement = rule(text) if text else Judgement("")
        shown = judgement.value if judgement.value is not None else shown_text(text, content)
        belief.add((judgement.value, shown), probability * judgement.prior, judgement.problem)
    listed = demand.choices or tuple(known_values)
    if listed:
        belief = _listed(cells, alphabet, content, listed, belief, closed=bool(demand.choices))
    total = sum(belief.weights.values()) + belief.rest
    ranked = sorted(belief.weights.items(), key=lambda entry: -entry[1])
    candidates = tuple(
        (shown, weight / total) for (_, shown), weight in ranked[:SHOWN] if weight / total >= MIN_SHOWN and shown
    )
    if not ranked or total <= 0:
        return Decoding(None, "", 0.0, (), "nothing can be read", blank, noise)
    (value, shown), weight = ranked[0]
    return Decoding(value, shown, weight / total, candidates, belief.problems[value, shown], blank, noise)


def _with_prior(given: Floats, alphabet: Alphabet, content: str) -> Floats:
    """The cells' probabilities under the content's alphabet, rows summing to 1."""
    cells = given * _character_priors(alphabet, content)
    if content == "nir" and len(cells) > CORSICAN_CELL:
        cells[CORSICAN_CELL] = given[CORSICAN_CELL] * _character_priors(alphabet, "corsican")
    return np.asarray(cells / np.maximum(cells.sum(axis=1, keepdims=True), 1e-300))


@lru_cache(maxsize=32)
def _character_priors(alphabet: Alphabet, content: str) -> Floats:
    """Prior of each class in a cell, relative to an ordinary character of the content."""
    priors = []
    for name in alphabet.classes:
        if name == alphabet.noise:
            priors.append(NOISE_PRIOR)
        elif name == alphabet.blank or content == "mixed":
            priors.append(1.0)
        elif content == "letters":
            priors.append(1.0 if name not in DIGITS else 0.0 if name in LIKE_LETTERS else OUTSIDE_ALPHABET)
        elif content == "class":
            priors.append(1.0 if len(unicodedata.normalize("NFD", name)) == 1 else OUTSIDE_ALPHABET)
        elif name in DIGITS or (content == "corsican" and name in "AB"):
            priors.append(1.0)
        else:
            priors.append(0.0 if name in LIKE_DIGITS else OUTSIDE_ALPHABET)
    return np.array(priors)


def _best_texts(cells: Floats, alphabet: Alphabet) -> tuple[list[tuple[str, float]], float]:
    """The most probable texts, trailing blanks cut, and the probability of everything else.

    Classes outside the content's alphabet are part of everything else.
    """
    noise = alphabet.classes.index(alphabet.noise)
    beam: list[tuple[str, float]] = [("", 1.0)]
    for row in cells:
        columns = np.argsort(row)[::-1][:MAX_CANDIDATES]
        choices = [
            (" " if alphabet.classes[c] == alphabet.blank else alphabet.classes[c], float(row[c]))
            for c in columns.tolist()
            if c != noise and row[c] >= MIN_CANDIDATE
        ]
        beam = [(text + character, chance * p) for text, chance in beam for character, p in choices]
        if len(beam) > BEAM:
            beam = sorted(beam, key=lambda entry: -entry[1])[:BEAM]
    merged: dict[str, float] = {}
    for text, chance in beam:
        cut = text.rstrip(" ")
        merged[cut] = merged.get(cut, 0.0) + chance
    return list(merged.items()), max(0.0, 1.0 - sum(merged.values()))


def _listed(
    cells: Floats, alphabet: Alphabet, content: str, listed: Sequence[str], belief: _Belief, *, closed: bool
) -> _Belief:
    """Weigh the listed values against the open reading.

    The prior of an open text of n characters is one in the size of the alphabet to the n, so that a listed value's
    likelihood against it is its cells' probabilities times as much, over the length of the list. Beside the altogether
    open reading stand the values with one or two characters changed: a listed name is not forced on its neighbour.
    """
    scaled = np.maximum(cells, 1e-12)
    size = LETTER_COUNT if content in {"letters", "mixed", "class"} else DIGIT_COUNT
    found: dict[str, float] = {}
    near = 0.0
    for value in listed:
        for text, share in _spellings(cells_text(value, content), len(cells)):
            columns = [alphabet.index(character) for character in text]
            if any(column is None for column in columns):
                continue
            p = scaled[np.arange(len(cells)), [column or 0 for column in columns]]
            # Blank cells after the end are no choice of the writer's: they are certain once the text is.
            length = max(1, len(text.rstrip(" ")))
            weight = share / len(listed) * float(np.exp(np.log(p).sum() + length * np.log(size)))
            ratio = (1 - p) / (size * p) / len(cells)
            one = float(ratio.sum())
            two = max(0.0, one**2 - float((ratio**2).sum()))
            found[value] = found.get(value, 0.0) + ON_LIST * weight
            near += NEAR_LIST * weight * (ONE_CHANGE * one + (1 - ONE_CHANGE) * two)
    opened = sum(belief.weights.values()) + belief.rest
    scale = near / opened + OFF_LIST if opened > 0 else 0.0
    reason = "the value is not one of those allowed" if closed else "the value is not on the roster"
    spelled = {cells_text(value, content) for value in listed}
    combined = _Belief({}, {}, belief.rest * scale)
    for key, weight in belief.weights.items():
        value_read, shown = key
        if shown in spelled or value_read in found:
            continue
        # Nothing written is no claim about the list.
        combined.add(key, weight * (scale if shown else ON_LIST), belief.problems[key] or (reason if shown else None))
    for value, weight in found.items():
        combined.add((value, value), weight, None)
    return combined


def _spellings(text: str, cells: int) -> list[tuple[str, float]]:
    """How a listed value may stand in the cells, padded with blanks, with the share of people who write it so."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    forms = {text: 1.0 - WITHOUT_ACCENTS, plain: WITHOUT_ACCENTS} if plain != text else {text: 1.0}
    for form, share in list(forms.items()):
        for other in {form.replace("-", " "), form.replace("-", ""), form.replace("'", " "), form.replace(" ", "-")}:
            forms.setdefault(other, 0.05 * share)
    return [(form[:cells].ljust(cells), share) for form, share in forms.items() if form]
