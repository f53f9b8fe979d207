"""SQLite's driver: Python's own, or SQLCipher's where the workspace is encrypted. Nothing else knows which.

A store that is not encrypted (yet) is known by its first bytes.
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import Any

from papier.errors import MissingProgramError
from papier.language import translate as _
from papier.store.vault import Vault

PLAIN_HEADER = b"SQLite format 3\0"


def is_plain(database: Path) -> bool:
    """True where a store stands that anybody can read."""
    try:
        with database.open("rb") as stream:
            return stream.read(len(PLAIN_HEADER)) == PLAIN_HEADER
    except OSError:
        return False


def driver_for(database: Path, vault: Vault | None) -> Any:
    """The module (DB-API 2) that opens this store."""
    return sqlite3 if vault is None or is_plain(database) else cipher()


def cipher() -> Any:
    """SQLCipher's module. Raises MissingProgramError where it is not installed."""
    try:
        from sqlcipher3 import dbapi2  # noqa: PLC0415 - wanted by encrypted workspaces alone
    except ImportError as error:
        raise MissingProgramError(
            _("Encryption needs two more packages. Type: pip install 'papier[encryption]'")
        ) from error
    return dbapi2


def unlock(raw: sqlite3.Connection, database: Path, vault: Vault | None) -> None:
    """Give a fresh connection its key, before anything else is asked of it."""
    if vault is not None and not is_plain(database):
        # What is wrong is raised, and told once: SQLCipher would write it to the terminal as well.
        raw.execute("PRAGMA cipher_log_level = NONE")
        raw.execute(key_pragma(vault))


def key_pragma(vault: Vault) -> str:
    """SQLCipher's raw key: 32 bytes, so that no passphrase is stretched at each opening."""
    return f"PRAGMA key = \"x'{vault.database_key.hex()}'\""


def open_store(
    database: Path, vault: Vault | None, *, timeout: float = 30, unchanged: bool = False
) -> sqlite3.Connection:
    """A connection of one's own. `unchanged`: to a store that nobody writes to, without SQLite's side files: it may lie
    on a read-only disk.
    """
    module = driver_for(database, vault)
    if unchanged:
        name = database.resolve().as_posix().replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        raw = module.connect(f"file:{name}?mode=ro&immutable=1", uri=True)
    else:
        raw = module.connect(str(database), timeout=timeout)
    unlock(raw, database, vault)
    opened: sqlite3.Connection = raw
    return opened


def database_errors() -> tuple[type[Exception], ...]:
    """What either driver raises of a store that is damaged, busy or cannot be written."""
    found: list[type[Exception]] = [sqlite3.DatabaseError]
    other = sys.modules.get("sqlcipher3.dbapi2")
    if other is not None:
        found.append(other.DatabaseError)
    return tuple(found)


def operational_errors() -> tuple[type[Exception], ...]:
    """Of these, those of a store that is busy or cannot be written."""
    found: list[type[Exception]] = [sqlite3.OperationalError]
    other = sys.modules.get("sqlcipher3.dbapi2")
    if other is not None:
        found.append(other.OperationalError)
    return tuple(found)
