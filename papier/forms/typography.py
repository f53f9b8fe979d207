"""How wordings become lines of print: French typography, and the breaking of lines."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import groupby

from bidi import algorithm

from papier.forms.typefaces import text_width

NO_BREAK = "\u00a0"
# The narrow space that the Imprimerie nationale sets before ; ! ?; the wide one before the colon and inside guillemets.
NARROW_NO_BREAK = "\u202f"

# A double mark after a space (or nothing), but not the colon of a time (10:30), a scale, or a URL (https://).
_SPACE_BEFORE_COLON = re.compile(r"[ \u00a0\u202f]+:(?=\s|$)|(?<=[^\W\d]):(?=\s|$)")
_SPACE_BEFORE_HIGH = re.compile(r"[ \u00a0\u202f]+([;!?])|(?<=[\w»)])([;!?])(?=[\s!?»)]|$)")
_OPENING = re.compile(r"«[ \u00a0\u202f]*")
_CLOSING = re.compile(r"[ \u00a0\u202f]*»")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=\w|«|\s|$)")
# "n° 12", "10 h 30", "25 €", "100 %", "30 jours", "art. 12": the figure stays with its word.
_NUMBER_SIGN = re.compile(r"\b([nN]°|art\.|p\.) (?=\d)")
_UNIT = re.compile(r"(?<=\d) (?=(?:h|€|%|mm|cm|m|kg|min|ans?|mois|semaines?|jours?|heures?)\b|[€%])")
_HOUR_MINUTES = re.compile(r"(?<=\d\u00a0h) (?=\d\d\b)")

PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


def french_typography(text: str) -> str:
    """`text` with French spaces and apostrophes. Applying it twice changes nothing more.

    Non-breaking spaces stand before : ; ! ? » and after «; times such as 10:30, addresses such as https://… and
    `{placeholders}` stay as they are.
    """
    text = _APOSTROPHE.sub("’", text)
    text = text.replace("...", "…")
    text = _SPACE_BEFORE_COLON.sub(f"{NO_BREAK}:", text)
    text = _SPACE_BEFORE_HIGH.sub(lambda match: NARROW_NO_BREAK + (match[1] or match[2]), text)
    text = _OPENING.sub(f"«{NO_BREAK}", text)
    text = _CLOSING.sub(f"{NO_BREAK}»", text)
    text = _NUMBER_SIGN.sub(rf"\1{NO_BREAK}", text)
    text = _UNIT.sub(NO_BREAK, text)
    return _HOUR_MINUTES.sub(NO_BREAK, text)


def break_lines(text: str, width: float, font: str, size: float, blank: float = 0.0) -> list[str]:
    """`text` cut into lines no wider than `width` mm, at spaces that allow it, else inside a word.

    A `{placeholder}` counts as `blank` mm and is never cut.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in _words(paragraph, width, font, size, blank):
            longer = f"{line} {word}" if line else word
            if line and measured_width(longer, font, size, blank) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines


def measured_width(text: str, font: str, size: float, blank: float) -> float:
    """The width of `text` in mm, each `{placeholder}` counted as `blank` mm."""
    if not blank:
        return text_width(text, font, size)
    plain, count = PLACEHOLDER.subn("", text)
    return text_width(plain, font, size) + count * blank


def _words(paragraph: str, width: float, font: str, size: float, blank: float) -> list[str]:
    words: list[str] = []
    # Only the plain space breaks; a placeholder may hold one.
    for word in re.findall(r"(?:\{[^{}]+\}|[^ ])+", paragraph):
        rest = word
        while measured_width(rest, font, size, blank) > width and not PLACEHOLDER.search(rest) and len(rest) > 1:
            cut = len(rest) - 1
            while cut > 1 and text_width(rest[:cut], font, size) > width:
                cut -= 1
            cut = rest.rfind("-", 0, cut) + 1 or cut
            words.append(rest[:cut])
            rest = rest[cut:]
        words.append(rest)
    return words


@lru_cache(maxsize=1024)
def visual_runs(text: str) -> tuple[tuple[str, bool], ...]:
    """Runs of a right-to-left line from left to right on paper, each in reading order with "is right-to-left".

    Source: Unicode Standard Annex #9, rules P to L2; the base direction is right to left.
    """
    storage = algorithm.get_empty_storage()
    storage["base_level"], storage["base_dir"] = 1, "R"
    algorithm.get_embedding_levels(text, storage)
    algorithm.explicit_embed_and_overrides(storage)
    algorithm.resolve_weak_types(storage)
    algorithm.resolve_neutral_types(storage, False)
    algorithm.resolve_implicit_levels(storage, False)
    runs = [
        ("".join(character["ch"] for character in characters), level)
        for level, characters in groupby(storage["chars"], key=lambda character: character["level"])
    ]
    # Rule L2: from the highest level down to the lowest odd one, turn every stretch at that level or above round.
    for level in range(max((level for _, level in runs), default=1), 0, -1):
        start = 0
        while start < len(runs):
            end = start
            while end < len(runs) and runs[end][1] >= level:
                end += 1
            runs[start:end] = runs[start:end][::-1]
            start = max(end, start + 1)
    return tuple((run, level % 2 == 1) for run, level in runs)
