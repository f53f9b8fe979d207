"""The server: on loopback, on a port that the system chooses, until Ctrl-C."""

from __future__ import annotations

import contextlib
import socket
import webbrowser
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from papier.desk.doors import HOST
from papier.errors import ProgramFailedError, os_words
from papier.language import translate as _

# One person at a few windows; more is a stranger who knocks.
MAX_CONNECTIONS = 64
# Once stopped, a page that is being sent may finish.
GRACE_SECONDS = 3


def open_port() -> socket.socket:
    """A socket on loopback that listens on a free port. Raises ProgramFailedError where there is none."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.bind((HOST, 0))
        listener.listen()
    except OSError as error:
        listener.close()
        raise ProgramFailedError(
            _("No port can be opened on this machine ({why}). Close other programs, then try again.").format(
                why=os_words(error)
            )
        ) from error
    return listener


def make_server(application: ASGIApp, ready: Callable[[], None]) -> uvicorn.Server:
    """A server that is not running yet; `ready` is called once pages can be asked for."""
    config = uvicorn.Config(
        application,
        access_log=False,
        http="h11",
        lifespan="off",
        limit_concurrency=MAX_CONNECTIONS,
        log_level="error",
        loop="asyncio",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ws="none",
    )
    return _Server(config, ready)


def serve(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve until Ctrl-C or a signal to end."""
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def open_browser(address: str) -> bool:
    """Open the address in the user's browser; False where there is none that shows windows."""
    try:
        browser = webbrowser.get()
        # One that runs in the terminal would take it from papier.
        return not isinstance(browser, webbrowser.GenericBrowser) and browser.open(address)
    except webbrowser.Error:
        return False
