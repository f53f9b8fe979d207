"""Opening the desk: a port, its doors, the pages; until Ctrl-C."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Engine

from papier.desk.application import make_application
from papier.desk.arrivals import Arrivals
from papier.desk.doors import Doors
from papier.desk.office import Office
from papier.desk.open_items import OpenItems
from papier.desk.serving import make_server, open_port, serve
from papier.desk.uploads import sweep_arriving
from papier.store.workspace import Workspace

# Half received files this old belong to a desk that was killed.
STALE_SECONDS = 24 * 3600
# A scan that is being read when the desk closes may take this long; then it waits in the inbox.
LAST_SCAN_SECONDS = 20


def open_desk(
    workspace: Workspace,
    engine: Engine,
    folders: Sequence[Path],
    now: Callable[[], dt.datetime],
    ready: Callable[[str], None],
    first: str,
    who: str,
    form: str | None = None,
) -> int:
    """Serve the desk until Ctrl-C; `ready` is told the address to open, once, and `first` is the page shown then.
    `who` answers, until somebody else says their name; `form`: only this form's items are asked.

    Gives how many scans lie in the inbox still, dropped and not taken in. Raises ProgramFailedError without a port.
    """
    sweep_arriving(workspace.inbox, time.time() - STALE_SECONDS)
    with open_port() as listener:
        doors = Doors(listener.getsockname()[1], first=first)
        arrivals = Arrivals(workspace, now)
        office = Office(
            workspace, engine, now, tuple(folders), doors, arrivals, OpenItems(workspace, engine, form), who
        )
        serve(make_server(make_application(office), lambda: ready(doors.address)), listener)
        return arrivals.stop(LAST_SCAN_SECONDS)
