"""Scans: dropping them in, watching them being read, and the pages of one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from papier.desk.office import Office, office_of
from papier.desk.rendering import refuse
from papier.desk.uploads import receive
from papier.errors import PapierError, UsageError
from papier.language import translate as _
from papier.language import using_language
from papier.store.orders import find_pending
from papier.store.overview import find_scan_line, latest_records, scan_pages

# How often a page without script asks how far the reading is.
REFRESH_SECONDS = 3
SHOWN = 200


def show(office: Office, request: Request) -> Response:  # noqa: ARG001
    arrivals = office.arrivals.list()
    waiting = sum(1 for path in office.workspace.inbox.iterdir() if path.is_file())
    return office.page(
        "scans.html",
        arrivals=arrivals,
        followed=office.arrivals.followed(),
        busy=any(not arrival.is_over for arrival in arrivals),
        waiting=waiting,
        orders=len(find_pending(office.engine)),
        refresh=REFRESH_SECONDS,
    )


async def drop(request: Request) -> Response:
    """Files sent by our form: into the inbox, and into the line of what is taken in."""
    office = office_of(request)
    with using_language(office.language):
        try:
            paths = await receive(request, office.workspace.inbox, office.doors.is_own_form)
        except PapierError as error:
            return office.tell(error, 400)
        if paths is None:
            return refuse(_("This form is not one of the desk's, or is older than it. Load the page again."))
        office.arrivals.put(paths)
        return office.go("/scans")


def show_one(office: Office, request: Request) -> Response:
    sha256 = request.path_params["sha256"]
    scan = find_scan_line(office.engine, sha256)
    if scan is None:
        raise UsageError(_("There is no such scan."))
    return office.page(
        "scan.html",
        scan=scan,
        pages=scan_pages(office.engine, sha256),
        records=latest_records(office.engine, limit=SHOWN, scan=sha256),
    )
