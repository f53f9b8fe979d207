"""A command as a service of this user: a systemd user unit, written, started, and taken away again."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from papier.errors import ProgramFailedError, UsageError, os_words
from papier.language import translate as _

UNIT = "papier-watch.service"
STOP_SECONDS = 60


def unit_path() -> Path:
    """Where systemd looks for this user's units (systemd.unit(5))."""
    config = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(config) / "systemd" / "user" / UNIT


def unit_text(command: Sequence[str], environment: Mapping[str, str], what: str) -> str:
    """The unit's text: started with the session, started again when it breaks, stopped by SIGTERM to it alone."""
    variables = "".join(f"Environment={_quoted(f'{name}={value}')}\n" for name, value in environment.items())
    return f"""\
[Unit]
Description=papier: {what.replace("%", "%%")}
Documentation=man:systemd.service(5)

[Service]
Type=exec
ExecStart={" ".join(_quoted(word, command=True) for word in command)}
{variables}Restart=on-failure
RestartSec=10
# Only the watcher is told to stop; it ends the processes that read for it.
KillMode=mixed
TimeoutStopSec={STOP_SECONDS}
# Somebody works on this machine too.
Nice=10

[Install]
WantedBy=default.target
"""


def install(text: str, marker: str) -> tuple[Path, list[str]]:
    """Write the unit and start it; gives its path and what is still to be typed, where systemd cannot be reached.

    `marker` must stand in a unit that is there already, else it belongs to another workspace. Raises UsageError then.
    """
    path = unit_path()
    if path.exists() and marker not in path.read_text(encoding="utf-8"):
        raise UsageError(
            _("{path} is the watcher of another workspace. Take it away first: papier watch --uninstall").format(
                path=path
            )
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ProgramFailedError(
            _("{path} cannot be written ({why}). Make the folder writable.").format(path=path, why=os_words(error))
        ) from error
    # A service that runs already goes on with its old command until it is started anew.
    orders = [["daemon-reload"], ["enable", UNIT], ["restart", UNIT]]
    return path, _carry_out(orders)


def uninstall() -> tuple[Path, bool, list[str]]:
    """Stop the service and take its unit away; gives its path, whether there was one, and what is still to be typed."""
    path = unit_path()
    there = path.exists()
    left = _carry_out([["disable", "--now", UNIT]]) if there else []
    path.unlink(missing_ok=True)
    if there:
        left += _carry_out([["daemon-reload"]])
    return path, there, left


def _carry_out(orders: Sequence[Sequence[str]]) -> list[str]:
    """Give orders to systemd; gives those that it did not carry out, as a person would type them."""
    program = shutil.which("systemctl")
    left: list[str] = []
    for order in orders:
        done = None
        if program is not None and not left:
            done = subprocess.run([program, "--user", *order], capture_output=True, check=False)
        if done is None or done.returncode != 0:
            left.append(f"systemctl --user {' '.join(order)}")
    return left


def _quoted(word: str, *, command: bool = False) -> str:
    """One word as systemd reads it (systemd.service(5), "Command lines"; systemd.syntax(7), "Quoting")."""
    safe = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{safe.replace("$", "$$") if command else safe}"'
