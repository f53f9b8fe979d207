"""What every page of the desk works with, and how a page and a form are answered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from papier.desk.arrivals import Arrivals
from papier.desk.doors import Doors
from papier.desk.open_items import OpenItems
from papier.desk.rendering import refuse, render
from papier.errors import PapierError
from papier.language import chosen_language, using_language
from papier.language import translate as _
from papier.store.workspace import Workspace

# A form of ours holds a value and two tokens; a long text is a few lines of handwriting.
MAX_FORM_BYTES = 64 * 1024
MAX_FORM_FIELDS = 40
MAX_DIGITS = 12

Form = Mapping[str, str]


@dataclass
class Office:
    """One workspace opened at the desk. `now` is the clock; `language` is what the reader chose last."""

    workspace: Workspace
    engine: Engine
    now: Callable[[], dt.datetime]
    folders: tuple[Path, ...]
    doors: Doors
    arrivals: Arrivals
    queue: OpenItems
    # Who answers at this desk.
    who: str
    language: str = field(default_factory=chosen_language)

    def url(self, path: str) -> str:
        """Where a page of the desk lies; `path` begins with a solidus."""
        return self.doors.path + path

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page with everything that all pages show."""
        return render(template, status, base=self.doors.path, form_token=self.doors.form_token, **values)

    def go(self, path: str) -> Response:
        """After a form: the page to show next, asked for anew, so that going back sends nothing twice."""
        return RedirectResponse(self.url(path), 303)

    def free_output(self, name: str) -> Path:
        """Where to write a PDF of this name and moment among the printed ones; nothing is there yet."""
        stamp = self.now().strftime("%Y-%m-%d-%H%M%S")
        at = 1
        while True:
            path = self.workspace.printed / (f"{name}-{stamp}.pdf" if at == 1 else f"{name}-{stamp}-{at}.pdf")
            if not path.exists():
                return path
            at += 1

    def tell(self, error: PapierError, status: int = 409) -> Response:
        """A page for what cannot be done, and the remedy."""
        return self.page("error.html", status, message=str(error))


Page = Callable[[Office, Request], Response]
Action = Callable[[Office, Request, Form], Response]


def office_of(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


def page(show: Page) -> Callable[[Request], Response]:
    """An endpoint that shows a page, in a thread of its own, in the reader's language."""

    def endpoint(request: Request) -> Response:
        office = office_of(request)
        with using_language(office.language):
            if _is_too_large(request):
                return office.page("error.html", 404, message=_("There is no such page."))
            try:
                return show(office, request)
            except PapierError as error:
                return office.tell(error)

    return endpoint


def action(act: Action) -> Callable[[Request], Any]:
    """An endpoint that does what one of our own forms asks; any other form is refused."""

    async def endpoint(request: Request) -> Response:
        office = office_of(request)
        form = await read_form(request)

        def answer() -> Response:
            with using_language(office.language):
                if form is None:
                    return refuse(_("This form is too large."), 413)
                if not office.doors.is_own_form(form.get("form_token")):
                    return refuse(_("This form is not one of the desk's, or is older than it. Load the page again."))
                if _is_too_large(request):
                    return office.page("error.html", 404, message=_("There is no such page."))
                try:
                    return act(office, request, form)
                except PapierError as error:
                    return office.tell(error)

        return await run_in_threadpool(answer)

    return endpoint


def read_number(text: str | None) -> int | None:
    """A number of a record, a case, an answer, as an address gives it; None for anything else."""
    if text is None or not (text.isascii() and text.isdecimal()) or len(text) > MAX_DIGITS:
        return None
    return int(text)


def _is_too_large(request: Request) -> bool:
    """True where the path names a number that no store has."""
    return any(isinstance(value, int) and value >= 10**MAX_DIGITS for value in request.path_params.values())


async def read_form(request: Request) -> Form | None:
    """The fields of a form; None where it is larger than ours are. Of a name sent twice, the last."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_FORM_BYTES:
            return None
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS, errors="strict")
    except ValueError:
        return None
    return dict(pairs)
