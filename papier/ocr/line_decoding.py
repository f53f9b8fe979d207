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
# Prefixes this much less likely than the best have never come back.
BEAM_REACH = 12.0
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
    beams: dict[str, tuple[float, float, float]] = {"": (0.0, NEVER, 0.0)}  # ends in blank, in a character; language
    for column in columns:
        blank = float(column[0])
        if blank > SURELY_BLANK:
            beams = {
                prefix: (_either(in_blank, in_character) + blank, NEVER, added)
                for prefix, (in_blank, in_character, added) in beams.items()
            }
            continue
        beams = _step(beams, column, alphabet, language, weighing)
    readings = [
        Reading(prefix, _either(in_blank, in_character), _either(in_blank, in_character) + added)
        for prefix, (in_blank, in_character, added) in beams.items()
    ]
    return sorted(readings, key=lambda reading: -reading.score)


def _step(
    beams: dict[str, tuple[float, float, float]],
    column: npt.NDArray[np.float32],
    alphabet: str,
    language: LetterModel | None,
    weighing: Weighing,
) -> dict[str, tuple[float, float, float]]:
    blank = float(column[0])
    tried = np.flatnonzero(column[1:] > LEAST_LIKELY)
    if len(tried) > MOST_TRIED:
        tried = tried[np.argsort(-column[1:][tried], kind="stable")[:MOST_TRIED]]
    found = [(alphabet[index], float(column[1 + index])) for index in tried.tolist()]
    seen = dict(found)
    grown: dict[str, list[float]] = {}
    for prefix, (in_blank, in_character, added) in beams.items():
        total = _either(in_blank, in_character)
        last = prefix[-1:]
        entry = grown.get(prefix)
        repeated = in_character + seen.get(last, float(column[1 + alphabet.index(last)])) if last else NEVER
        if entry is None:
            grown[prefix] = [total + blank, repeated, added]
        else:
            entry[0], entry[1] = _either(entry[0], total + blank), _either(entry[1], repeated)
        before = (START + prefix)[1 - ORDER :]
        for character, chance in found:
            longer = prefix + character
            reached = (in_blank if character == last else total) + chance
            entry = grown.get(longer)
            if entry is None:
                more = added + weighing.character
                if language is not None:
                    more += weighing.language * language.log_probability(before, character)
                grown[longer] = [NEVER, reached, more]
            else:
                entry[1] = _either(entry[1], reached)
    ranked = sorted(((_either(e[0], e[1]) + e[2], prefix) for prefix, e in grown.items()), reverse=True)
    floor = ranked[0][0] - BEAM_REACH
    return {
        prefix: (grown[prefix][0], grown[prefix][1], grown[prefix][2])
        for score, prefix in ranked[: weighing.beam]
        if score >= floor
    }


def _either(first: float, second: float) -> float:
    """Log of the sum of two probabilities given as logs."""
    if first < second:
        first, second = second, first
    return first if second <= NEVER or first - second > 30 else first + math.log1p(math.exp(second - first))


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
