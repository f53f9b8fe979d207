"""The language papier speaks to its user: French, or English where the locale says another language than French.

Messages stand in the code in English; `papier/locale/fr` holds the French. `_("…")` at the place of use, and
`_n("{count} sheet", "{count} sheets", count)` where a number decides.
"""

from __future__ import annotations

import datetime as dt
import gettext
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

LOCALE_FOLDER = Path(__file__).parent / "locale"
_asked: ContextVar[str | None] = ContextVar("language asked for", default=None)


@contextmanager
def using_language(language: str) -> Iterator[None]:
    """Speak "fr" or "en" within, whatever the locale says: the reader of a page may choose."""
    before = _asked.set(language)
    try:
        yield
    finally:
        _asked.reset(before)


def chosen_language() -> str:
    """Give "fr" or "en": as asked, else from PAPIER_LANGUAGE, else the locale; French where nothing is said."""
    asked = _asked.get()
    if asked is not None:
        return asked
    for name in ("PAPIER_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "").split(":")[0].split(".")[0].lower()
        if value in ("", "c", "posix"):
            continue
        return "fr" if value.startswith("fr") else "en"
    return "fr"


@lru_cache(maxsize=2)
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("papier", LOCALE_FOLDER, languages=[language], fallback=True)


def written_day(day: dt.date | str | None) -> str:
    """A day as the user writes it: 03/11/2026 in French, else ISO 8601; "" for None.

    `day`: a date, or the text that the store keeps of a day or a time; a text that is none stays as it is.
    """
    if not day:
        return ""
    if isinstance(day, str):
        try:
            day = dt.date.fromisoformat(day[:10])
        except ValueError:
            return str(day)
    return f"{day:%d/%m/%Y}" if chosen_language() == "fr" else f"{day:%Y-%m-%d}"


def translate(message: str) -> str:
    """The message in the user's language."""
    return _catalogue(chosen_language()).gettext(message)


def translate_count(one: str, many: str, count: int) -> str:
    """The message for `count` things in the user's language: `one` where its grammar says singular, else `many`."""
    return _catalogue(chosen_language()).ngettext(one, many, count)
