"""The encoding of a roster, which no CSV file states: told from its bytes.

Unicode is certain when it decodes. The older encodings differ in where they keep the accented letters, so that a wrong
one turns `é` into a sign, or into a capital inside a word: each is tried, and the text that looks most like names wins.
"""

from __future__ import annotations

import codecs

from papier.language import translate as _

# How much each speaks for itself before anything is read: Windows writes nearly all; DOS is rare by now.
_OLDER = {"cp1252": 3.0, "mac_roman": 1.0, "cp850": 0.0, "latin-1": 0.0}
# How much a letter speaks for a text in which it stands, by its frequency in French names (commonest highest), and
# then that of the neighbours' languages. Letters that are not here speak against.
_WEIGHTS = {
    **dict.fromkeys("é", 6.0),
    **dict.fromkeys("èç", 5.0),
    **dict.fromkeys("êàëï", 4.0),
    **dict.fromkeys("îôüö", 3.0),
    **dict.fromkeys("âûùäœñ", 2.0),
    **dict.fromkeys("áíóúßæÿãõåøý", 1.0),
}
_STRANGE = -6.0
# Below this lead another encoding reads the bytes nearly as well: about the weight of one common letter for a rare one.
_CERTAIN_LEAD = 2.5
# Signs that office text does hold beside letters: typographic quotes and dashes, ordinals, euro, spaces.
_ORDINARY = frozenset("«»“”‘’…–—•°ºª€§·²³×½\u00a0")
# A part of a UTF-16 text without a mark that is zero bytes on one side: Latin text has nearly one in two.
_ZERO_SHARE = 0.3


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
                return data.decode(encoding, errors="replace"), _ambiguous()
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
    scores: dict[str, float] = {}
    for encoding, prior in _OLDER.items():
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        scores[text] = max(scores.get(text, float("-inf")), prior + likeness(text))
    (best, score), *others = sorted(scores.items(), key=lambda entry: -entry[1])
    lead = score - others[0][1] if others else score
    return best, None if score > 0 and lead >= _CERTAIN_LEAD else _ambiguous()


def likeness(text: str) -> float:
    """How much the characters of `text` beyond ASCII look like those of French names and addresses.

    An accented letter in the case of its neighbours counts for it; a letter that French lacks, a capital inside a word,
    a sign between letters, a control character count against it.
    """
    score = 0.0
    for place, character in enumerate(text):
        if character.isascii():
            continue
        previous, following = text[place - 1 : place], text[place + 1 : place + 2]
        between_letters = previous.isalpha() and following.isalpha()
        weight = _WEIGHTS.get(character.lower())
        if weight is None:
            quote = character == "’" or (character in _ORDINARY and not between_letters)
            score += 0.5 if quote else _STRANGE
        elif character.isupper():
            score += weight if not previous.islower() else _STRANGE
        else:
            # `LEFèVRE` is seen where a program wrote capitals and left the accents alone.
            score += weight if not (previous.isupper() and following.isupper()) else 0.0
    return score


def _ambiguous() -> str:
    return _(
        "the encoding cannot be told for certain, so accents may be wrong. "
        "Save the roster again with the encoding UTF-8."
    )
