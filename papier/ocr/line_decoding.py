"""From a line's columns to what it says: a beam of readings, weighed by how French goes on.

The network's classes are connectionist temporal classification (A. Graves et al., 2006): a blank or a character for
every column, repeats merged, blanks left out. The beam keeps prefixes (A. Hannun et al., 2014) and weighs each
character it adds by the letter model; nothing is forbidden, what was written clearly enough outweighs the model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from papier.ocr.letter_model import ORDER, START, LetterModel

LogProbabilities = npt.NDArray[np.float32]  # shape (columns, 1 + characters): natural logs, the blank first

# A class less likely than this in a column is not tried there, nor are more than the best few.
LEAST_LIKELY, MOST_TRIED = math.log(0.002), 8
# A column that is blank with this probability adds nothing.
SURELY_BLANK = math.log(0.9995)
# Prefixes of less than this share of the best one's probability have never come back.
BEAM_SHARE = math.exp(-12.0)
NEVER = -1e9
# A text that is expected in this place is so much likelier, in nats, than one like it that is not.
EXPECTED_WORTH = 6.0


@dataclass(frozen=True)
class Weighing:
    """How much the letter model says beside the columns, and what each character is worth; fitted on validation
    writers. `beam`: prefixes kept after each column.
    """

    language: float = 0.5
    character: float = 0.8
    beam: int = 12


@dataclass(frozen=True)
class Reading:
    """One reading of a line: `seen`, the log-probability of the columns for it; `score`, with the letter model."""

    text: str
    seen: float
    score: float


def decode(
    columns: LogProbabilities, alphabet: str, language: LetterModel | None, weighing: Weighing | None = None
) -> list[Reading]:
    """Readings of one line, the likeliest first, never empty."""
    weighing = weighing or Weighing()
    # Weighed probabilities are kept as such, and divided by the best one's in every column: sums cost no logarithm.
    beams = {"": _Prefix(1.0, 0.0, 0.0)}
    scale = 0.0
    for logs in columns:
        blank = float(logs[0])
        if blank > SURELY_BLANK:
            for prefix in beams.values():
                prefix.in_blank, prefix.in_character = prefix.in_blank + prefix.in_character, 0.0
            scale += blank
            continue
        beams, best = _step(beams, logs, alphabet, language, weighing)
        scale += math.log(best)
    readings = []
    for text, prefix in beams.items():
        score = math.log(prefix.in_blank + prefix.in_character) + scale
        readings.append(Reading(text, score - prefix.added, score))
    return sorted(readings, key=lambda reading: -reading.score)


class _Prefix:
    """A beginning of a reading: its weighed probability where a blank ends it, and where its last character does;
    `added`, what the weights have added to its logarithm.
    """

    __slots__ = ("added", "in_blank", "in_character")

    def __init__(self, in_blank: float, in_character: float, added: float) -> None:
        self.in_blank = in_blank
        self.in_character = in_character
        self.added = added


def _step(
    beams: dict[str, _Prefix],
    logs: npt.NDArray[np.float32],
    alphabet: str,
    language: LetterModel | None,
    weighing: Weighing,
) -> tuple[dict[str, _Prefix], float]:
    """The beams after one more column, divided by the best one's probability, and that probability."""
    tried = np.flatnonzero(logs[1:] > LEAST_LIKELY)
    if len(tried) > MOST_TRIED:
        tried = tried[np.argsort(-logs[1:][tried], kind="stable")[:MOST_TRIED]]
    column = np.exp(logs.astype(np.float64))
    blank = float(column[0])
    found = [(alphabet[index], float(column[1 + index])) for index in tried.tolist()]
    seen = dict(found)
    grown: dict[str, _Prefix] = {}
    for text, prefix in beams.items():
        in_blank, in_character, added = prefix.in_blank, prefix.in_character, prefix.added
        total = in_blank + in_character
        last = text[-1:]
        repeated = 0.0
        if last:
            again = seen.get(last)
            repeated = in_character * (float(column[1 + alphabet.index(last)]) if again is None else again)
        entry = grown.get(text)
        if entry is None:
            grown[text] = _Prefix(total * blank, repeated, added)
        else:
            entry.in_blank += total * blank
            entry.in_character += repeated
        before = (START + text)[1 - ORDER :]
        for character, chance in found:
            worth = weighing.character
            if language is not None:
                worth += weighing.language * language.log_probability(before, character)
            reached = (in_blank if character == last else total) * chance * math.exp(worth)
            longer = text + character
            entry = grown.get(longer)
            if entry is None:
                grown[longer] = _Prefix(0.0, reached, added + worth)
            else:
                entry.in_character += reached
    ranked = sorted(((e.in_blank + e.in_character, text) for text, e in grown.items()), reverse=True)
    best = ranked[0][0]
    floor = best * BEAM_SHARE
    kept: dict[str, _Prefix] = {}
    for probability, text in ranked[: weighing.beam]:
        if probability < floor:
            break
        entry = grown[text]
        entry.in_blank /= best
        entry.in_character /= best
        kept[text] = entry
    return kept, best


def with_expected(
    readings: Sequence[Reading],
    columns: LogProbabilities,
    texts: Sequence[str],
    alphabet: str,
    language: LetterModel | None,
    weighing: Weighing,
) -> list[Reading]:
    """`readings` and those of `texts` that the columns allow, the likeliest first; none of `readings` is dropped."""
    score = {reading.text: reading for reading in readings}
    for text in texts:
        if not text or any(character not in alphabet for character in text) or len(text) > len(columns):
            continue
        seen = log_probability_of(columns, [alphabet.index(character) + 1 for character in text])
        added = weighing.character * len(text) + EXPECTED_WORTH
        if language is not None:
            added += weighing.language * language.log_probability_of(text)
        score[text] = Reading(text, seen, seen + added)
    return sorted(score.values(), key=lambda reading: -reading.score)


def log_probability_of(columns: LogProbabilities, classes: Sequence[int]) -> float:
    """Log-probability that the columns say exactly `classes` (numbers from 1), over all alignments."""
    labels = np.zeros(2 * len(classes) + 1, np.int64)
    labels[1::2] = classes
    skips = np.zeros(len(labels), bool)
    skips[2:] = (labels[2:] != 0) & (labels[2:] != labels[:-2])
    state = np.full(len(labels), NEVER)
    state[0] = columns[0, 0]
    if len(labels) > 1:
        state[1] = columns[0, labels[1]]
    for column in columns[1:]:
        moved = np.concatenate(([NEVER], state[:-1]))
        jumped = np.where(skips, np.concatenate(([NEVER, NEVER], state[:-2]))[: len(state)], NEVER)
        state = np.logaddexp(np.logaddexp(state, moved), jumped) + column[labels]
    return float(np.logaddexp(state[-1], state[-2]) if len(state) > 1 else state[-1])
