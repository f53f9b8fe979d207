"""The store's engine: SQLite in the workspace, or any database that SQLAlchemy speaks to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Insert, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from papier.errors import StoreError
from papier.store.workspace import Workspace

# Another papier may be filing a batch; its transactions take milliseconds, a slow disk's sync seconds.
BUSY_SECONDS = 30


def connect(workspace: Workspace, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """An engine on the workspace's store. Writers take turns; readers see the last finished transaction."""
    engine = create_engine(f"sqlite:///{workspace.database}", connect_args={"timeout": busy_seconds})

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: Any) -> None:
        # Transactions are begun by `_begin`, not by the driver, so that a writer can hold its turn from the start.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

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
    """One transaction that writes: all of it happens, or nothing. Raises StoreError when damaged or busy."""
    with _errors(), engine.connect().execution_options(writing=True) as connection, connection.begin():
        yield connection


def insert_row(connection: Connection, statement: Insert) -> int:
    """Run an insert into a table that numbers its rows; gives the new row's number."""
    key = connection.execute(statement).inserted_primary_key
    assert key is not None  # noqa: S101 - one row into a table with a numbered key
    return int(key[0])


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise StoreError(
            f"The store is busy or cannot be reached ({error.orig}). Close the other papier, then try again."
        ) from error
    except DatabaseError as error:
        raise StoreError(f"The store is damaged ({error.orig}). Run: papier verify") from error
