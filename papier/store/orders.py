"""Order sheets in the store: which were printed, which came in, and what each order came to. Each is done once.

The claim is a row: an order is the sheet's number and its place on the sheet, and no second row can have both.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from papier.store.connection import reading, writing
from papier.store.events import append_event
from papier.store.sheets import RESTORED
from papier.store.tables import events, order_reads, order_sheets, orders, print_runs, readings, records, sheets

FORM = "papier/ordres"
# States of a reading that nobody needs to look at.
SURE = ("sure", "blank")


class OrderState(StrEnum):
    BEGUN = "begun"  # to be done; a kill may lie between this and done
    DONE = "done"
    ASKED = "asked"  # doubtful: never done, its question is printed
    REFUSED = "refused"  # not allowed


@dataclass(frozen=True)
class Order:
    """One thing to do. `what`: a key of the settings (`imprimer`, `jour` …); the rest for `imprimer` alone."""

    place: str
    what: str
    form: str = ""
    class_: str = ""
    copies: int | None = None


@dataclass(frozen=True)
class KnownOrder:
    """An order with what became of it, in words."""

    order: Order
    state: OrderState
    told: str


@dataclass(frozen=True)
class OrderSheet:
    """An order sheet that came in and is not closed: its record, the forms of its rows, why it says nothing at all.

    `begun`: its orders were claimed; what is left of them goes on. `values`: by field, `value`, `sure`, `candidates`,
    `options`.
    """

    record: int
    sheet: str | None
    forms: tuple[str, ...]
    refusal: str | None
    begun: bool
    values: Mapping[str, Mapping[str, Any]]


def keep_order_sheet(connection: Connection, number: str, forms: Sequence[str]) -> None:
    """Remember what the rows of a printed order sheet stand for."""
    connection.execute(order_sheets.insert().values(sheet=number, rows=json.dumps(list(forms))))


def find_pending(engine: Engine) -> list[OrderSheet]:
    """The order sheets that came in and are not closed, oldest first."""
    with reading(engine) as connection:
        return _pending(connection)


def _pending(connection: Connection) -> list[OrderSheet]:
    rows = connection.execute(
        select(
            records,
            order_reads.c.state.label("read"),
            order_sheets.c.rows,
            sheets.c.state.label("sheet_state"),
            print_runs.c.printed_at,
        )
        .outerjoin(order_reads, order_reads.c.record == records.c.record)
        .outerjoin(order_sheets, order_sheets.c.sheet == records.c.sheet)
        .outerjoin(sheets, sheets.c.number == records.c.sheet)
        .outerjoin(print_runs, print_runs.c.run == sheets.c.run)
        .where(records.c.form == FORM)
        .order_by(records.c.record)
    ).all()
    restored = connection.execute(select(func.max(events.c.at)).where(events.c.kind == RESTORED)).scalar()
    found = []
    for row in rows:
        if row.read == "closed":
            continue
        refusal = None
        if row.sheet is None:
            refusal = "number"
        elif row.rows is None:
            refusal = "foreign"
        elif row.sheet_state == "voided":
            refusal = "voided"
        elif row.read is None and _used(connection, row.sheet):
            refusal = "used"
        elif restored is not None and row.printed_at <= restored:
            # It may have been done since the backup was made, and the store has forgotten it.
            refusal = "restored"
        forms = tuple(json.loads(row.rows)) if row.rows else ()
        values = {
            entry.field: {
                "value": json.loads(entry.value),
                "sure": not entry.needs_person and entry.state in SURE,
                "candidates": json.loads(entry.candidates),
                "options": json.loads(entry.options),
            }
            for entry in connection.execute(select(readings).where(readings.c.record == row.record))
        }
        found.append(OrderSheet(row.record, row.sheet, forms, refusal, row.read is not None, values))
    return found


def _used(connection: Connection, sheet: str) -> bool:
    query = select(order_reads.c.record).where(order_reads.c.sheet == sheet)
    return connection.execute(query.limit(1)).first() is not None


def claim(engine: Engine, came: OrderSheet, found: Sequence[KnownOrder], now: dt.datetime) -> bool:
    """Take on the orders of a sheet, all in one transaction; False where another papier has, or it was used."""
    with writing(engine) as connection:
        if connection.execute(select(order_reads).where(order_reads.c.record == came.record)).first():
            return False
        if came.sheet is not None and came.refusal is None and _used(connection, came.sheet):
            return False
        # A refused sheet claims no number: the true one may still come.
        sheet = came.sheet if came.refusal is None else None
        connection.execute(order_reads.insert().values(record=came.record, sheet=sheet, state="begun"))
        if sheet is not None:
            for known in found:
                connection.execute(
                    orders.insert().values(
                        sheet=sheet,
                        place=known.order.place,
                        record=came.record,
                        data=json.dumps(asdict(known.order), ensure_ascii=False),
                        state=str(known.state),
                        told=known.told,
                    )
                )
        data = {
            "record": came.record,
            "sheet": came.sheet,
            "refusal": came.refusal,
            "orders": [[known.order.place, str(known.state)] for known in found],
        }
        append_event(connection, now, "orders-read", data)
    return True


def list_orders(engine: Engine, record: int) -> list[KnownOrder]:
    """The orders of a sheet that came in, in the sheet's order."""
    with reading(engine) as connection:
        rows = connection.execute(select(orders).where(orders.c.record == record).order_by(orders.c.place)).all()
    found = [KnownOrder(Order(**json.loads(row.data)), OrderState(row.state), row.told or "") for row in rows]
    # The rows of forms stand first on the sheet: whoever they are printed for is then among those who are awaited.
    return sorted(found, key=lambda known: not known.order.form)


def finish_order(
    connection: Connection, sheet: str, order: Order, state: OrderState, told: str, now: dt.datetime
) -> None:
    """Write down that an order is done (or found not allowed after all), in the caller's transaction."""
    connection.execute(
        orders.update()
        .where(orders.c.sheet == sheet, orders.c.place == order.place)
        .values(state=str(state), told=told)
    )
    append_event(connection, now, f"order-{state}", {"sheet": sheet, "place": order.place, "told": told})


def close_sheet(connection: Connection, record: int, now: dt.datetime) -> None:
    """Write down that an order sheet's report is printed: it is never looked at again."""
    connection.execute(order_reads.update().where(order_reads.c.record == record).values(state="closed"))
    append_event(connection, now, "orders-closed", {"record": record})
