"""Who is let in: one browser of this machine, by a token that opens once, and only from the desk's own pages.

Other programs and other pages on the same machine are strangers: they can reach the port, they can guess nothing, and
what a browser sends on their behalf says where it comes from (Fetch Metadata, W3C; Origin, RFC 6454; SameSite cookies,
RFC 6265bis). All pages lie under a path that nobody can guess, so that the cookie, which a browser gives to every port
of a host, is not given to a stranger's.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from http.cookies import SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from papier.desk.peers import is_another_account
from papier.desk.rendering import refuse
from papier.language import translate as _

HOST = "127.0.0.1"
COOKIE = "papier_desk"
# Bytes of randomness in everything that must not be guessed.
SECRET_BYTES = 24
SAFE_METHODS = frozenset({"GET", "HEAD"})
# Where a request comes from, for a browser that says so; "none": typed, or opened from outside the browser.
OWN_SITES = frozenset({"same-origin", "none"})

# Nothing but what this server sends, no script or style within a page, nobody's frame, nothing kept.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # The desk's own forms must say their origin; nobody else learns the address.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def _secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


@dataclass
class Doors:
    """The one way in to a desk on `port`. The entrance opens once; whoever comes in has the session until the end."""

    port: int
    # The page that is shown to whoever comes in.
    first: str = "/"
    path: str = field(default_factory=lambda: f"/{_secret()}")
    _entrance: str | None = field(default_factory=_secret)
    _session: str | None = None
    # What a form must bring back, so that it is one of ours.
    form_token: str = field(default_factory=_secret)

    @property
    def host(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    @property
    def address(self) -> str:
        """What is opened in the browser, once."""
        return f"{self.origin}{self.path}/enter?token={self._entrance}"

    def enter(self, token: str) -> str | None:
        """The session for whoever has the token, the first time; None for everybody else."""
        if self._entrance is None or not secrets.compare_digest(token.encode(), self._entrance.encode()):
            return None
        self._entrance = None
        self._session = _secret()
        return self._session

    def leave(self) -> None:
        """End the session; nobody comes in any more."""
        self._session = None

    def knows(self, headers: Headers) -> bool:
        """True when the browser has the session's cookie."""
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        return (
            self._session is not None
            and cookie is not None
            and secrets.compare_digest(cookie.value.encode(), self._session.encode())
        )

    def is_own_form(self, token: object) -> bool:
        """True when a form brought the token that only our pages have."""
        return isinstance(token, str) and secrets.compare_digest(token.encode(), self.form_token.encode())

    def find_refusal(self, method: str, headers: Headers) -> str | None:
        """Why a request is not one of the desk's own pages', whoever sends it; None when it may be."""
        if headers.get("host") != self.host:
            return _("This address is not the desk's. Open the one that papier printed.")
        site = headers.get("sec-fetch-site")
        origin = headers.get("origin")
        if (site is not None and site not in OWN_SITES) or (origin is not None and origin != self.origin):
            return _("Another page asked for this; the desk answers its own pages only.")
        if method not in SAFE_METHODS and (site != "same-origin" if origin is None else False):
            return _("This browser does not say which page it comes from. Use a current Firefox, Chrome or Edge.")
        return None


class Guard:
    """Turns strangers away before any page is asked, and puts the same locks on every answer."""

    def __init__(self, pages: ASGIApp, doors: Doors) -> None:
        self.pages = pages
        self.doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def send_locked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        await self._answer(scope)(scope, receive, send_locked)

    def _answer(self, scope: Scope) -> ASGIApp:
        headers = Headers(scope=scope)
        refusal = self.doors.find_refusal(scope["method"], headers)
        if refusal is not None:
            return refuse(refusal)
        if scope["path"] == f"{self.doors.path}/enter" and scope["method"] == "GET":
            return self._enter(scope)
        if not self.doors.knows(headers):
            return refuse(_closed())
        return self.pages

    def _enter(self, scope: Scope) -> Response:
        if is_another_account(scope["client"][1], self.doors.port):
            # Whoever lists processes may have seen the address that a browser was started with.
            return refuse(_("This address is another account's. Log in as the one that runs papier."))
        token = scope["query_string"].decode("latin-1").removeprefix("token=")
        session = self.doors.enter(token)
        if session is None:
            if self.doors.knows(Headers(scope=scope)):
                return RedirectResponse(f"{self.doors.path}{self.doors.first}", 303)
            return refuse(_closed())
        answer = RedirectResponse(f"{self.doors.path}{self.doors.first}", 303)
        answer.set_cookie(COOKIE, session, path=self.doors.path, httponly=True, samesite="strict")
        return answer


def _closed() -> str:
    return _("This address opens once, and was used, or papier was started anew. Run the command again: papier desk")
