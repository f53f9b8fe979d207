"""The store's engine: SQLite in the workspace, or any database that SQLAlchemy speaks to."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Insert, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from papier.durable import sync_folder
from papier.errors import StoreError
from papier.language import translate as _
from papier.store.driver import database_errors, driver_for, operational_errors, unlock
from papier.store.events import raw_connection, seal_touched
from papier.store.seals import is_touched, watch
from papier.store.search_index import index_touched
from papier.store.workspace import Workspace

# Another papier may be filing a batch; its transactions take milliseconds, a slow disk's sync seconds.
BUSY_SECONDS = 30
# SQLite's words (sqlite.org/rescode.html) and what a person can do.
REMEDIES: Mapping[str, Callable[[], str]] = {
    "disk is full": lambda: _("Make room on the disk, then run the same command again: what was finished is kept."),
    "readonly database": lambda: _("Make the workspace's folder writable, or choose another with --workspace."),
    "unable to open": lambda: _("Make the workspace's folder writable, or choose another with --workspace."),
    "disk I/O error": lambda: _(
        "Make room on the disk; if there is room, look after the disk. Then run: papier verify"
    ),
}


def connect(workspace: Workspace, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """An engine on the workspace's store. Writers take turns; readers see the last finished transaction."""
    _make_private(workspace.database)
    database, vault = workspace.database, workspace.vault
    engine = create_engine(
        f"sqlite:///{database}", connect_args={"timeout": busy_seconds}, module=driver_for(database, vault)
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: Any) -> None:
        # Transactions are begun by `_begin`, not by the driver, so that a writer can hold its turn from the start.
        connection.isolation_level = None
        unlock(connection, database, vault)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        # What is deleted is overwritten with zeros, not left in free pages.
        connection.execute("PRAGMA secure_delete=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that only reads. Raises StoreError when the store is damaged or busy."""
    with _errors(), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes: all or nothing; its rows are sealed, and found by their words.

    Raises StoreError like `reading`.
    """
    with _errors(), engine.connect().execution_options(writing=True) as connection:
        watch(raw_connection(connection))
        with connection.begin():
            yield connection
            if is_touched(raw_connection(connection)):
                index_touched(raw_connection(connection))
                seal_touched(connection)


def insert_row(connection: Connection, statement: Insert) -> int:
    """Run an insert into a table that numbers its rows; gives the new row's number."""
    key = connection.execute(statement).inserted_primary_key
    assert key is not None  # noqa: S101 - one row into a table with a numbered key
    return int(key[0])


def _make_private(database: Path) -> None:
    """Let nobody else read the store: SQLite gives its side files the rights of the database."""
    with suppress(OSError):
        if not database.exists():
            os.close(os.open(database, os.O_RDWR | os.O_CREAT, 0o600))
            sync_folder(database.parent)
        elif database.stat().st_mode & 0o077:
            # A store that an earlier papier made.
            database.chmod(0o600)


@contextmanager
def _errors() -> Iterator[None]:
    # The driver is loaded by now: its errors are known.
    unwritable: tuple[type[Exception], ...] = (OperationalError, *operational_errors())
    damaged: tuple[type[Exception], ...] = (DatabaseError, *database_errors())
    try:
        yield
    except unwritable as error:
        why = getattr(error, "orig", error)
        for what, remedy in REMEDIES.items():
            if what in str(why):
                raise StoreError(
                    _("The store cannot be written ({why}). {remedy}").format(why=why, remedy=remedy())
                ) from error
        raise StoreError(
            _("The store is busy or cannot be reached ({why}). Close the other papier, then try again.").format(why=why)
        ) from error
    except UnicodeDecodeError as error:
        raise StoreError(
            _("The store is damaged (text that is none: {why}). Run: papier verify").format(why=error.reason)
        ) from error
    except damaged as error:
        why = getattr(error, "orig", error)
        raise StoreError(_("The store is damaged ({why}). Run: papier verify").format(why=why)) from error
