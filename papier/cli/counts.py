"""How many of something, in the user's language, where a sentence counts several kinds of things."""

from __future__ import annotations

from papier.language import translate_count as _n


def pages(count: int) -> str:
    return _n("{count} page", "{count} pages", count).format(count=count)


def sheets(count: int) -> str:
    return _n("{count} sheet", "{count} sheets", count).format(count=count)


def records(count: int) -> str:
    return _n("{count} record", "{count} records", count).format(count=count)


def cases(count: int) -> str:
    return _n("{count} case", "{count} cases", count).format(count=count)


def files(count: int) -> str:
    return _n("{count} file", "{count} files", count).format(count=count)


def events(count: int) -> str:
    return _n("{count} event", "{count} events", count).format(count=count)


def booklets(count: int) -> str:
    return _n("{count} booklet", "{count} booklets", count).format(count=count)


def slips(count: int) -> str:
    return _n("{count} slip", "{count} slips", count).format(count=count)


def pages_of(status: str, count: int) -> str:
    """How many pages became what: the status agrees with their number."""
    words = {
        "read": lambda: _n("{count} read", "{count} read", count),
        "doubtful": lambda: _n("{count} in doubt", "{count} in doubt", count),
        "damaged": lambda: _n("{count} damaged", "{count} damaged", count),
        "unknown": lambda: _n("{count} unknown", "{count} unknown", count),
        "copy": lambda: _n("{count} seen before", "{count} seen before", count),
        "blank": lambda: _n("{count} blank", "{count} blank", count),
    }
    return words[status]().format(count=count) if status in words else f"{count} {status}"
