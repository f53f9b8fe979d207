"""Search: by the number of a sheet, or by words that were written, printed or told of a case."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from papier.desk.office import Office, read_number
from papier.errors import UsageError
from papier.language import translate as _
from papier.store.overview import find_sheet
from papier.store.search import Found, Hit, search
from papier.store.search_index import Kind

SHOWN = 50
LONGEST = 200
# Nobody turns so many pages; a further word narrows the search.
LAST_PAGE = 100
# A sheet number as people type it: with or without hyphens, in small letters, with its page.
NUMBER = re.compile(r"([0-9A-Z]{4})[- ]?([0-9A-Z]{4})[- ]?([0-9A-Z]{4})(?:/\d+)?")


@dataclass(frozen=True, slots=True)
class HitLine:
    """Something that was found, and where its page lies."""

    path: str
    name: str
    hit: Hit


def show(office: Office, request: Request) -> Response:
    sought = request.query_params.get("q", "").strip()[:LONGEST]
    number = NUMBER.fullmatch(sought.upper())
    if number is not None:
        known = "-".join(number.groups())
        if find_sheet(office.engine, known) is not None:
            return office.go(f"/sheets/{known}")
    page = min(LAST_PAGE, read_number(request.query_params.get("page")) or 1)
    try:
        found = search(office.engine, sought, limit=SHOWN, offset=(page - 1) * SHOWN)
    except UsageError:
        # Nothing that is a word: nothing is found.
        found = Found((), 0)
    return office.page(
        "search.html",
        sought=sought,
        lines=[_line(hit) for hit in found.hits],
        total=found.total,
        following=page + 1 if found.total > page * SHOWN and page < LAST_PAGE else None,
        number=read_number(sought),
    )


def _line(hit: Hit) -> HitLine:
    if hit.kind is Kind.RECORD:
        return HitLine(f"/records/{hit.reference}", _("Record {number}").format(number=hit.reference), hit)
    return HitLine(f"/cases/{hit.reference}", _("Case {number}").format(number=hit.reference), hit)
