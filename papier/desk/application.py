"""The desk as one application: its pages and actions by their paths, behind its guard."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from papier.desk import cases, queue, records, scans, search, sheets, today
from papier.desk.doors import Guard
from papier.desk.office import Office, action, office_of, page
from papier.language import translate as _
from papier.language import using_language

STATIC = Path(__file__).parent / "static"
ROUTES = (
    Route("/", page(today.show)),
    Route("/check", page(queue.show)),
    Route("/check/crop", page(queue.picture)),
    Route("/check/answer", action(queue.give), methods=["POST"]),
    Route("/check/undo", action(queue.take_back), methods=["POST"]),
    Route("/check/name", action(queue.choose_name), methods=["POST"]),
    Route("/today", action(today.print_day), methods=["POST"]),
    Route("/language", action(today.choose_language), methods=["POST"]),
    Route("/leave", action(today.leave), methods=["POST"]),
    Route("/scans", page(scans.show)),
    Route("/scans", scans.drop, methods=["POST"]),
    Route("/scans/{sha256:str}", page(scans.show_one)),
    Route("/records", page(records.show_list)),
    Route("/records/{record:int}", page(records.show)),
    Route("/records/{record:int}/archive.pdf", page(records.archive_file)),
    Route("/records/{record:int}/pages/{at:int}", page(records.picture)),
    Route("/cases", page(cases.show_list)),
    Route("/cases/{case:int}", page(cases.show)),
    Route("/cases/{case:int}/print", action(cases.print_again), methods=["POST"]),
    Route("/sheets/{number:str}", page(sheets.show)),
    Route("/sheets/{number:str}/new", action(sheets.print_new), methods=["POST"]),
    Route("/sheets/{number:str}/same", action(sheets.print_same), methods=["POST"]),
    Route("/printed/{run:int}", page(sheets.show_run)),
    Route("/printed/{run:int}/pdf", page(sheets.run_pdf)),
    Route("/pdf/{name:str}", page(sheets.printed_file)),
    Route("/search", page(search.show)),
    Mount("/static", StaticFiles(directory=STATIC)),
)


def make_application(office: Office) -> ASGIApp:
    """Everything of the desk; what is served is under the path that only its own pages know."""
    pages = Starlette(
        routes=[Mount(office.doors.path, routes=list(ROUTES))],
        exception_handlers={404: _not_found, 405: _not_found, 500: _broken},
    )
    pages.state.office = office
    return Guard(pages, office.doors)


def _not_found(request: Request, _error: Exception) -> Response:
    office = office_of(request)
    with using_language(office.language):
        return office.page("error.html", 404, message=_("There is no such page."))


def _broken(request: Request, error: Exception) -> Response:
    """Whatever happens, a page that says so; the desk goes on."""
    office = office_of(request)
    with using_language(office.language):
        message = _("This page could not be made ({why}). What was finished is kept. Go back, and try again.")
        return office.page("error.html", 500, message=message.format(why=type(error).__name__))
