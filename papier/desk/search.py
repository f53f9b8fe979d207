"""Search: by the number of a sheet, a case or a record, or by a word that was written or printed."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from papier.desk.office import Office
from papier.store.overview import find_by_value, find_sheet, latest_records

SHOWN = 50
LONGEST = 200
# A sheet number as people type it: with or without hyphens, in small letters, with its page.
NUMBER = re.compile(r"([0-9A-Z]{4})[- ]?([0-9A-Z]{4})[- ]?([0-9A-Z]{4})(?:/\d+)?")


def show(office: Office, request: Request) -> Response:
    sought = request.query_params.get("q", "").strip()[:LONGEST]
    number = NUMBER.fullmatch(sought.upper())
    if number is not None:
        known = "-".join(number.groups())
        if find_sheet(office.engine, known) is not None:
            return office.go(f"/sheets/{known}")
    found = find_by_value(office.engine, sought, SHOWN) if sought else []
    return office.page(
        "search.html",
        sought=sought,
        records=latest_records(office.engine, limit=SHOWN, among=found) if found else [],
        number=int(sought) if sought.isdecimal() and len(sought) < 12 else None,
    )
