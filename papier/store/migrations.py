"""How an older store becomes a current one. A migration and its record are one transaction.

Migrations are never edited once published: a change is a further one at the end of `MIGRATIONS`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from sqlalchemy import Connection, Engine, inspect, select

from papier.errors import StoreError
from papier.store import tables


def _create_first_tables(connection: Connection) -> None:
    tables.metadata.create_all(connection)


def _create_case_tables(connection: Connection) -> None:
    made = (tables.workflows, tables.cases, tables.case_events, tables.case_sheets, tables.row_sheets)
    tables.metadata.create_all(connection, tables=made)


def _index_events(connection: Connection) -> None:
    tables.events_by_kind.create(connection, checkfirst=True)


MIGRATIONS: tuple[tuple[int, str, Callable[[Connection], None]], ...] = (
    (1, "first tables", _create_first_tables),
    (2, "cases", _create_case_tables),
    (3, "find events by kind", _index_events),
)


def applied(connection: Connection) -> list[int]:
    """The numbers of the migrations this store has had, in order."""
    if not inspect(connection).has_table("migrations"):
        return []
    return list(connection.execute(select(tables.migrations.c.number).order_by(tables.migrations.c.number)).scalars())


def migrate(engine: Engine, now: dt.datetime) -> list[str]:
    """Bring the store up to date; gives the names of the migrations it ran.

    Raises StoreError for a store written by a later papier.
    """
    done: list[str] = []
    with engine.begin() as connection:
        had = applied(connection)
        known = [number for number, _, _ in MIGRATIONS]
        if had and had[-1] > known[-1]:
            raise StoreError(
                f"This store was written by a later papier (migration {had[-1]}, known here: {known[-1]}). "
                "Install the current version of papier."
            )
        for number, name, run in MIGRATIONS:
            if number not in had:
                run(connection)
                connection.execute(
                    tables.migrations.insert().values(number=number, name=name, applied_at=now.isoformat())
                )
                done.append(name)
    return done
