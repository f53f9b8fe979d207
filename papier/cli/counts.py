"""How many of something, in the user's language, where a sentence counts several kinds of things."""

from __future__ import annotations

from papier.forms.definition import Retention
from papier.forms.furniture import retention_parts
from papier.forms.shapes import SCHOOL_YEAR
from papier.language import translate as _
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


def duration(retention: str) -> str:
    """How long something is kept: `P1Y6M` → "1 year and 6 months"; what is not ISO 8601 stands as it is."""
    if retention == SCHOOL_YEAR:
        return _("to the end of the school year")
    words = {
        "Y": lambda count: _n("{count} year", "{count} years", count),
        "M": lambda count: _n("{count} month", "{count} months", count),
        "W": lambda count: _n("{count} week", "{count} weeks", count),
        "D": lambda count: _n("{count} day", "{count} days", count),
    }
    parts = retention_parts(Retention(retention))
    if parts is None:
        return retention
    return _(" and ").join(words[unit](count).format(count=count) for count, unit in parts)
