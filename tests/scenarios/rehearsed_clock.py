"""papier on a clock that a rehearsal sets: `$PAPIER_REHEARSED_NOW` names a file that holds the day and hour.

Run as `python -m tests.scenarios.rehearsed_clock` in place of `python -m papier`. Nothing else is rehearsed.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from papier.cli.context import Context
from papier.cli.main import main

VARIABLE = "PAPIER_REHEARSED_NOW"


def _now(self: Context) -> dt.datetime:  # noqa: ARG001 - it takes a method's place
    return dt.datetime.fromisoformat(Path(os.environ[VARIABLE]).read_text(encoding="ascii"))


if __name__ == "__main__":
    Context.now = _now  # type: ignore[method-assign]
    main()
