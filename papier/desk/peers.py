"""Whose program is at the other end of a connection on this machine, where the system tells."""

from __future__ import annotations

import os
from pathlib import Path

# Linux: one line a socket; see proc_net(5) and Documentation/networking/proc_net_tcp.rst of the kernel.
SOCKETS = Path("/proc/net/tcp")
LOOPBACK = "0100007F"


def find_account(client_port: int, server_port: int, sockets: Path = SOCKETS) -> int | None:
    """The account (uid) of the program that connected from `client_port` of 127.0.0.1; None where nobody can say."""
    ends = [f"{LOOPBACK}:{client_port:04X}", f"{LOOPBACK}:{server_port:04X}"]
    try:
        with sockets.open(encoding="ascii") as lines:
            for line in lines:
                parts = line.split()
                if parts[1:3] == ends:
                    return int(parts[7])
    except (OSError, ValueError, IndexError):
        return None
    return None


def is_another_account(client_port: int, server_port: int) -> bool:
    """True where the connection is known to come from somebody else's program."""
    account = find_account(client_port, server_port)
    return account is not None and account != os.getuid()
