"""Act on the order sheets that came in: each order once, its report and the next order sheet on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from papier.forms.library import list_forms
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.language import written_day
from papier.orders.doing import Office, do_order, enqueue_leaflet, leaflet_jobs
from papier.orders.settings import BACKUP, CHECKING, DAY, MISSING, PRINT, REGISTER, REMINDERS
from papier.orders.sheet import can_be_printed, print_order_sheets, write_report
from papier.orders.understanding import understand
from papier.store.orders import (
    KnownOrder,
    Order,
    OrderSheet,
    OrderState,
    claim,
    close_sheet,
    find_pending,
    list_orders,
)
from papier.store.print_jobs import enqueue

REPORT = "papier/compte-rendu"


def pending_orders(office: Office) -> list[tuple[OrderSheet, list[KnownOrder]]]:
    """The order sheets that came in, and what would become of each order; nothing is done or written down."""
    titles = _titles(office)
    return [
        (came, list_orders(office.engine, came.record) if came.begun else _understood(office, came, titles))
        for came in find_pending(office.engine)
    ]


def run_orders(office: Office) -> list[str]:
    """Do what the order sheets that came in say; gives a line an order, and one a sheet that did nothing.

    Safe to call again after a kill at any instant: what was done is not done again, what was begun goes on.
    """
    told: list[str] = []
    titles = _titles(office)
    for came in find_pending(office.engine):
        if not came.begun and not claim(office.engine, came, _understood(office, came, titles), office.now):
            continue  # another papier does it, or another page with its number came first: the next call says so
        for known in list_orders(office.engine, came.record):
            if known.state is OrderState.BEGUN and came.sheet is not None:
                do_order(office, came.sheet, known.order)
        told += _close(office, came, titles)
    return told


def report_entries(came: OrderSheet, found: Sequence[KnownOrder], titles: Mapping[str, str]) -> list[tuple[str, str]]:
    """What the report says: the order in words, and what became of it."""
    if came.refusal is not None:
        return [(_("Nothing was done"), refusal_words(came.refusal))]
    if not found:
        return [(_("Nothing was done"), _("No box is ticked."))]
    return [(order_words(known.order, titles), _outcome(known)) for known in found]


def refusal_words(refusal: str) -> str:
    """Why a whole sheet says nothing."""
    return {
        "number": _(
            "The sheet's number could not be read, or it is none of this workspace. Use the order sheet itself."
        ),
        "foreign": _("This sheet was not printed as an order sheet of this office. Print one: papier orders"),
        "voided": _("This sheet was voided. Use another one."),
        "used": _(
            "This number was used already. An order sheet serves once: a photocopy or a second scan does nothing."
        ),
        "restored": _("This order sheet is older than the backup that was put back. Print a new one: papier orders"),
    }[refusal]


def order_words(order: Order, titles: Mapping[str, str]) -> str:
    """An order in words."""
    if order.what != PRINT:
        return {
            DAY: _("The day's sheet"),
            REMINDERS: _("Letters and reminders due"),
            MISSING: _("Who has not answered"),
            CHECKING: _("What is to be checked"),
            REGISTER: _("The month's register"),
            BACKUP: _("Backup"),
        }[order.what]
    parts = [titles.get(order.form, order.form), order.class_]
    if order.copies is not None:
        parts.append(_n("{count} sheet", "{count} sheets", order.copies).format(count=order.copies))
    return ", ".join(part for part in parts if part)


def _outcome(known: KnownOrder) -> str:
    if known.state is OrderState.ASKED:
        return _("Question: {why}. Nothing was done. Write it again on the new order sheet.").format(why=known.told)
    if known.state is OrderState.REFUSED:
        return _("Not done: {why}").format(why=known.told)
    return known.told


def _understood(office: Office, came: OrderSheet, titles: Mapping[str, str]) -> list[KnownOrder]:
    return [] if came.refusal else understand(came, office.settings, titles)


def _titles(office: Office) -> dict[str, str]:
    wanted = set(office.settings.forms)
    known = list_forms(office.layouts.folders)
    return {entry.form: entry.definition.title.fr for entry in known if entry.definition and entry.form in wanted}


def _close(office: Office, came: OrderSheet, titles: Mapping[str, str]) -> list[str]:
    """Print the report, and the next order sheet where this one was good; the sheet is closed with them."""
    entries = report_entries(came, list_orders(office.engine, came.record), titles)
    number = came.sheet or "–"
    report = office.path("compte-rendu")
    subtitle = _("Order sheet {number}, read on {day}").format(number=number, day=written_day(office.now))
    pages = write_report(report, _("What papier did"), subtitle, entries)
    jobs = leaflet_jobs(office, report, pages, REPORT)

    def close(connection: Connection, _numbers: Sequence[str]) -> None:
        enqueue(connection, office.now, None, jobs, unattended=office.to.unattended)
        close_sheet(connection, came.record, office.now)

    if came.refusal is None and can_be_printed(office.settings):
        path = office.path("ordres")
        print_order_sheets(
            office.workspace,
            office.engine,
            office.settings,
            office.layouts,
            path,
            office.now,
            to=office.to,
            also=close,
        )
    else:
        enqueue_leaflet(
            office, report, pages, REPORT, lambda connection: close_sheet(connection, came.record, office.now)
        )
    return [f"{number} · {heading} · {words}" for heading, words in entries]
