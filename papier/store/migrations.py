"""How an older store becomes a current one. A migration and its record are one transaction.

Migrations are never edited once published: a change is a further one at the end of `MIGRATIONS`. The first makes the
tables as they are today, so a later one must do nothing where its work is done already. Columns are added empty and
then filled by UPDATE, which seals them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, Connection, Engine, inspect, select

from papier.errors import StoreError
from papier.language import translate as _
from papier.store import tables
from papier.store.connection import reading, writing
from papier.store.events import append_event, raw_connection
from papier.store.seals import SCHEMA, schema_digest, touch_all
from papier.store.search_index import rebuild_index


def _create_first_tables(connection: Connection) -> None:
    tables.metadata.create_all(connection)


def _add_seals(connection: Connection) -> None:
    """Seals over all that is there, and where a masked copy came from."""
    tables.metadata.create_all(connection, tables=[tables.head, tables.seals])
    add_column(connection, tables.scans.c.source_sha256)
    add_column(connection, tables.scans.c.purged_at)
    last = connection.execute(select(tables.events.c.seq, tables.events.c.hash).order_by(tables.events.c.seq.desc()))
    newest = last.first()
    if newest is not None and not connection.execute(select(tables.head)).first():
        connection.execute(tables.head.insert().values(only=1, seq=newest.seq, hash=newest.hash))
    touch_all(raw_connection(connection))


def add_column(connection: Connection, column: Column[Any]) -> None:
    """Add a column that may be empty, unless it is there. Rows keep their seals: an empty column is not in them."""
    if column.name not in {entry["name"] for entry in inspect(connection).get_columns(column.table.name)}:
        kind = column.type.compile(connection.dialect)
        connection.exec_driver_sql(f'ALTER TABLE "{column.table.name}" ADD COLUMN "{column.name}" {kind}')


def _create_case_tables(connection: Connection) -> None:
    made = (tables.workflows, tables.cases, tables.case_events, tables.case_sheets, tables.row_sheets)
    tables.metadata.create_all(connection, tables=made)


def _index_events(connection: Connection) -> None:
    tables.events_by_kind.create(connection, checkfirst=True)


def _create_checks(connection: Connection) -> None:
    tables.metadata.create_all(connection, tables=[tables.checks])
    for index in tables.readings.indexes:
        index.create(connection, checkfirst=True)


def _index_words(connection: Connection) -> None:
    tables.page_texts.create(connection, checkfirst=True)
    rebuild_index(raw_connection(connection))


def _index_newest(connection: Connection) -> None:
    for index in tables.BROWSING:
        index.create(connection, checkfirst=True)


def _create_print_jobs(connection: Connection) -> None:
    tables.metadata.create_all(connection, tables=[tables.print_jobs])
    add_column(connection, tables.print_runs.c.stacks)
    add_column(connection, tables.print_runs.c.sha256)


def _create_papers(connection: Connection) -> None:
    tables.case_papers.create(connection, checkfirst=True)


def _create_places(connection: Connection) -> None:
    tables.metadata.create_all(connection, tables=[tables.binders, tables.places])


def _create_orders(connection: Connection) -> None:
    made = (tables.order_sheets, tables.order_reads, tables.orders)
    tables.metadata.create_all(connection, tables=made)


def _index_answers(connection: Connection) -> None:
    for name in ("readings_to_check", "checks_by_record"):
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {name}")
    for index in (*tables.readings.indexes, *tables.checks.indexes):
        index.create(connection, checkfirst=True)


def _let_events_be_emptied(connection: Connection) -> None:
    for column in (tables.events.c.salt, tables.events.c.digest, tables.cases.c.erased_at):
        add_column(connection, column)


def _let_answers_say_why(connection: Connection) -> None:
    add_column(connection, tables.checks.c.because)


MIGRATIONS: tuple[tuple[int, str, Callable[[Connection], None]], ...] = (
    (1, "first tables", _create_first_tables),
    (2, "cases", _create_case_tables),
    (3, "find events by kind", _index_events),
    (4, "seals", _add_seals),
    (5, "answers of people", _create_checks),
    (6, "search", _index_words),
    (7, "find what is newest", _index_newest),
    (8, "print jobs", _create_print_jobs),
    (9, "papers without a form", _create_papers),
    (10, "where the paper is", _create_places),
    (11, "orders", _create_orders),
    (12, "tell what is answered", _index_answers),
    (13, "events that can be emptied", _let_events_be_emptied),
    (14, "why a value was corrected", _let_answers_say_why),
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
    with reading(engine) as connection:
        if applied(connection) == [number for number, _, _ in MIGRATIONS]:
            return done
    with writing(engine) as connection:
        had = applied(connection)
        known = [number for number, _, _ in MIGRATIONS]
        if had and had[-1] > known[-1]:
            raise StoreError(
                _(
                    "This store was written by a later papier (migration {last}, known here: {known}). Install the "
                    "current version of papier."
                ).format(last=had[-1], known=known[-1])
            )
        for number, name, run in MIGRATIONS:
            if number not in had:
                run(connection)
                connection.execute(
                    tables.migrations.insert().values(number=number, name=name, applied_at=now.isoformat())
                )
                done.append(name)
        append_event(connection, now, SCHEMA, {"digest": schema_digest(raw_connection(connection))})
    return done
