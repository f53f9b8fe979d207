"""The encoding of a roster, which no CSV file states: told from its bytes.

Unicode is certain when it decodes. The older encodings differ in where they keep the accented letters, so that a wrong
one turns `é` into a sign, or into a capital inside a word: each is tried, and the text that looks most like names wins.
"""

from __future__ import annotations

import codecs

# From the likeliest in a French office to the least; the first wins a tie.
_OLDER = ("cp1252", "mac_roman", "cp850", "latin-1")
_ACCENTED = frozenset("éèêëàâäçîïôöùûüÿœæñáíóúß")
_CAPITALS = frozenset(letter.upper() for letter in _ACCENTED if len(letter.upper()) == 1)
# Signs that office text does hold beside letters: typographic quotes and dashes, ordinals, euro, spaces.
_ORDINARY = frozenset("«»“”‘’…–—•°ºª€§·²³×½\u00a0")
# A part of a UTF-16 text without a mark that is zero bytes on one side: Latin text has nearly one in two.
_ZERO_SHARE = 0.3

AMBIGUOUS = (
    "the encoding cannot be told for certain, so accents may be wrong. Save the roster again with the encoding UTF-8."
)


def decode_text(data: bytes) -> tuple[str, str | None]:
    """The text of `data`, and a warning when its accents may be wrong."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            try:
                return data.decode(encoding), None
            except UnicodeDecodeError:
                return data.decode(encoding, errors="replace"), AMBIGUOUS
    wide = _wide_encoding(data)
    if wide:
        try:
            return data.decode(wide), None
        except UnicodeDecodeError:
            pass
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError:
        return _decode_older(data)


def _wide_encoding(data: bytes) -> str | None:
    """UTF-16 without its mark shows as a zero in every second byte."""
    sample = data[:4000]
    if len(sample) < 4 or sample.count(0) < _ZERO_SHARE * len(sample):
        return None
    return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"


def _decode_older(data: bytes) -> tuple[str, str | None]:
    best, best_score = "", float("-inf")
    for encoding in _OLDER:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        score = likeness(text)
        if score > best_score:
            best, best_score = text, score
    return best, None if best_score > 0 else AMBIGUOUS


def likeness(text: str) -> float:
    """How much the non-ASCII characters of `text` look like those of French names and addresses; negative: not at all.

    An accented letter counts for, in the case of its neighbours; a sign inside a word, a control character, or a letter
    that French has not, counts against.
    """
    score = 0.0
    previous = following = ""
    for place, character in enumerate(text):
        if character.isascii():
            continue
        previous = text[place - 1] if place else ""
        following = text[place + 1] if place + 1 < len(text) else ""
        if character in _ACCENTED:
            score += 1.0 if not previous.isupper() or following.islower() else -1.0
        elif character in _CAPITALS:
            score += 1.0 if not previous.islower() else -2.0
        elif character in _ORDINARY:
            score += 0.2 if not (previous.isalpha() and following.isalpha()) or character == "’" else -1.5
        else:
            score -= 2.0
    return score
