"""What may stand in the cells of a comb, cell after cell: the prior chance of each text, by content.

A text model walks over the cells and says how likely each symbol is after what came before. Names have one that knows
their spelling (`papier.ocr.name_prior`); all others only know their alphabet, and that what follows a blank cell is
blank as a rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from papier.ocr.name_prior import ACCENTS, BASES, END, first_context, load_name_prior, next_context, plain

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DIGITS = "0123456789"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Letters that are drawn like digits, and digits like letters: in a field of digits a ring is 0, in one of letters O.
LIKE_DIGITS = frozenset("OQDIJLZYSGTB")
LIKE_LETTERS = frozenset("01245678")
# A letter in a field of digits, or the reverse, is a slip of the pen: once in a thousand cells (assumed).
OUTSIDE_ALPHABET = 0.001
# Empty fields: one in five where a form leaves it open; a first guess everywhere.
EMPTY = 0.15
# After a character a blank cell: where the content fills its cells, and where its length is free.
GAP, OPEN_END = 0.01, 0.15
# After a blank cell within or before a text something follows this often; after two in a row, next to never.
AFTER_ONE, AFTER_TWO = 0.1, 0.0005
FIXED = frozenset({"date", "hour", "telephone", "postcode", "nir"})
# Where both may stand, how often a digit comes first, after a digit, after another character, after one blank cell and
# after two: digits and letters keep to themselves in references, addresses (12 RUE DES LILAS) and classes (6A, 2NDE 4).
DIGIT_AFTER = {"mixed": (0.5, 0.75, 0.15, 0.25, 0.3), "class": (0.7, 0.1, 0.2, 0.5, 0.5)}
DIGIT, OTHER, BLANK = 0, 1, 2
AFTER_BLANK = BLANK + 1
# An accented letter or a sign there, against a plain letter.
RARE = 0.05
# The social security number's cell that may hold the A or B of a Corsican department: one in two hundred people.
CORSICAN_CELL, CORSICAN = 6, 0.005


@dataclass(frozen=True)
class TextModel:
    """`symbol_of` (classes,) maps the reader's classes to symbols, -1 for what cannot stand there; `own` (classes,) is
    the log chance of the class among those of its symbol; `table` (contexts, symbols) the log chance of a symbol in a
    context. `names`: contexts are letters, and whole names are known.
    """

    symbol_of: Ints
    own: Floats
    table: Floats
    names: bool

    def start(self) -> int:
        return first_context() if self.names else 0

    def after(self, contexts: Ints, symbols: Ints) -> Ints:
        """The contexts after these symbols."""
        if self.names:
            return next_context(contexts, symbols)
        return np.where(symbols == BLANK, np.where(contexts >= AFTER_BLANK, AFTER_BLANK + 1, AFTER_BLANK), symbols + 1)

    def log_chance(self, classes: Ints) -> float:
        """Log prior of one text, given as the class of every cell; minus infinity where it cannot stand there."""
        context, total = np.array([self.start()]), 0.0
        for column in classes.tolist():
            symbol = self.symbol_of[column]
            if symbol < 0:
                return -np.inf
            total += float(self.table[context[0], symbol] + self.own[column])
            context = self.after(context, np.array([symbol]))
        return total


@lru_cache(maxsize=64)
def text_model(content: str, classes: tuple[str, ...], blank: str) -> TextModel:
    """The model of a content, for a reader with these classes."""
    if content == "letters":
        return _name_model(classes, blank)
    return _plain_model(content, classes, blank)


def _name_model(classes: tuple[str, ...], blank: str) -> TextModel:
    symbol_of = np.full(len(classes), -1)
    own = np.zeros(len(classes))
    for column, name in enumerate(classes):
        if name == blank:
            symbol_of[column] = END
        elif name in DIGITS:
            # A digit drawn like no letter, in a name, is a slip: it stands for any letter as badly.
            if name not in LIKE_LETTERS:
                symbol_of[column] = BASES.index("X")
                own[column] = np.log(OUTSIDE_ALPHABET)
        elif len(name) == 1:
            base = plain(name)
            symbol_of[column] = BASES.index(base)
            variants = ACCENTS.get(base, {})
            own[column] = np.log(variants[name] if name in variants else 1.0 - sum(variants.values()))
    return TextModel(symbol_of, own, load_name_prior().table, names=True)


def _plain_model(content: str, classes: tuple[str, ...], blank: str) -> TextModel:
    """Symbols: digit, any other character, blank. Contexts: the first cell, after each of them, after two blanks."""
    shares = {name: _share(content, name) for name in classes if len(name) == 1}
    symbol_of = np.full(len(classes), -1)
    own = np.zeros(len(classes))
    for symbol, kind in ((DIGIT, True), (OTHER, False)):
        members = [name for name in shares if (name in DIGITS) == kind and shares[name] > 0]
        total = sum(shares[name] for name in members)
        for name in members:
            symbol_of[classes.index(name)] = symbol
            own[classes.index(name)] = np.log(shares[name] / total)
    symbol_of[classes.index(blank)] = BLANK
    gap = GAP if content in FIXED else OPEN_END
    blanks = np.array([EMPTY, gap, gap, 1 - AFTER_ONE, 1 - AFTER_TWO])
    digits = np.array(DIGIT_AFTER.get(content, (1 - OUTSIDE_ALPHABET,) * 5))
    table = np.stack([(1 - blanks) * digits, (1 - blanks) * (1 - digits), blanks], axis=1)
    return TextModel(symbol_of, own, np.log(table), names=False)


def _share(content: str, name: str) -> float:
    """How often a character stands in a comb of this content, among digits or among all others, up to a factor."""
    if name in DIGITS or name in CAPITALS:
        return 0.0 if content not in DIGIT_AFTER and name in LIKE_DIGITS else 1.0
    return RARE


@lru_cache(maxsize=4)
def corsican_model(classes: tuple[str, ...], blank: str) -> TextModel:
    """As for digits, but A and B may stand there."""
    model = text_model("nir", classes, blank)
    symbol_of, own = model.symbol_of.copy(), model.own.copy()
    for name in "AB":
        symbol_of[classes.index(name)] = DIGIT
        own[classes.index(name)] = np.log(CORSICAN / 2)
    return TextModel(symbol_of, own, model.table, names=False)
