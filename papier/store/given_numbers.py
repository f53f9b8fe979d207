"""A page that nobody could place, given its sheet's number by a person; and a number that was given, taken back.

Nothing of such a page was read at first. It is read anew as the sheet that it is said to be; where it does not look so,
each of its fields is asked, over the picture of the page. Taken back, the page is as it was when it was set aside.
"""

from __future__ import annotations

import datetime as dt
import json

from sqlalchemy import Connection, func, select

from papier.errors import UsageError
from papier.forms.definition import Demand
from papier.forms.layout import Layout
from papier.language import translate as _
from papier.records import FieldReading, PageReading, PageStatus, State
from papier.store.checks import Check
from papier.store.records import PURGED, record_for, store_readings
from papier.store.tables import case_events, checks, events, layouts, pages, readings, records, scans, sheets
from papier.workflows.events import Kind

REASON = "the page could not be read"
PREFIX = "page:"


def place_page(
    connection: Connection,
    page_id: int,
    sheet: str,
    number: int | None,
    now: dt.datetime,
    found: PageReading | None = None,
) -> int:
    """File a page that was set aside as page `number` of a sheet (else the first that lacks); gives its record.

    `found`: what it says as this sheet, where it could be read so.

    Raises UsageError for a sheet that is not in the register or was voided, a page that it does not have, and a page
    that is filed under another sheet.
    """
    row = connection.execute(
        select(pages, scans.c.name, scans.c.suffix, scans.c.bytes)
        .join(scans, scans.c.sha256 == pages.c.scan)
        .where(pages.c.page_id == page_id)
    ).one()
    known = connection.execute(
        select(layouts.c.frozen, sheets.c.prefilled, sheets.c.state)
        .join(sheets, sheets.c.layout == layouts.c.digest)
        .where(sheets.c.number == sheet)
    ).first()
    if known is None:
        raise UsageError(
            _("The sheet {sheet} is not in this workspace's register. Check the number.").format(sheet=sheet)
        )
    if known.state == "voided":
        raise UsageError(
            _("The sheet {sheet} was voided. If it counts after all: papier sheets void {sheet} --undo").format(
                sheet=sheet
            )
        )
    before = connection.execute(select(records.c.status).where(records.c.record == row.record)).scalar()
    if before not in {None, PURGED} and row.sheet != sheet:
        raise UsageError(
            _("This page is filed under {sheet} already. Set it aside, and scan the paper again.").format(
                sheet=row.sheet or row.form
            )
        )
    layout = Layout.from_frozen(known.frozen)
    at = found.page if found is not None and found.page else _choose_page(connection, layout, sheet, number)
    reading = found or PageReading(
        row.name,
        row.source_page,
        PageStatus.DOUBTFUL,
        layout.form,
        layout.version,
        sheet,
        at,
        fields={entry.field: entry for entry in _unread(layout, at, set(json.loads(known.prefilled)))},
    )
    if before == PURGED:
        _revive(connection, row.record, reading, now)
    record = row.record if row.record is not None else record_for(connection, row.scan, reading, now)[0]
    connection.execute(
        pages.update()
        .where(pages.c.page_id == page_id)
        .values(
            record=record,
            form=layout.form,
            version=layout.version,
            sheet=sheet,
            page=at,
            to_scan=None if reading.to_scan is None else json.dumps(reading.to_scan),
        )
    )
    had = set(connection.execute(select(readings.c.field).where(readings.c.record == record)).scalars())
    store_readings(connection, record, page_id, [entry for entry in reading.fields.values() if entry.field not in had])
    return int(record)


def _revive(connection: Connection, record: int, page: PageReading, now: dt.datetime) -> None:
    """The record that this page was once, and that answers name still, is one again."""
    latest = select(func.max(records.c.revision)).where(records.c.sheet == page.sheet)
    values = {
        "sheet": page.sheet,
        "form": page.form,
        "version": page.version,
        "status": str(page.status),
        "revision": (connection.execute(latest).scalar() or 0) + 1,
        "created_at": now.isoformat(),
    }
    connection.execute(records.update().where(records.c.record == record).values(**values))


def _choose_page(connection: Connection, layout: Layout, sheet: str, number: int | None) -> int:
    known = [page.page for page in layout.pages]
    if number is not None:
        if number not in known:
            raise UsageError(
                _("The sheet {sheet} has no page {page}; it has {count}.").format(
                    sheet=sheet, page=number, count=len(known)
                )
            )
        return number
    seen = set(
        connection.execute(select(pages.c.page).where(pages.c.sheet == sheet, pages.c.record.is_not(None))).scalars()
    )
    return next((page for page in known if page not in seen), known[0])


def _unread(layout: Layout, at: int, printed: set[str]) -> list[FieldReading]:
    """The fields of a page as nobody read them; what was printed beforehand, and what stays on paper, is not asked."""
    zones = {zone.field: zone for zone in layout.page(at).zones if zone.field not in printed}
    return [
        FieldReading(
            name,
            zone.kind,
            None,
            State.UNREADABLE,
            0.0,
            reason=REASON,
            # Free words are kept as a picture, and nothing is decided by them.
            needs_person=zone.kind not in {"lines", "typed"} or layout.demands.get(name, Demand()).required,
            rect=zone.rect,
        )
        for name, zone in zones.items()
        if not layout.demands.get(name, Demand()).paper_only
    ]


def answered_since(connection: Connection, record: int, check: Check) -> bool:
    """True where a person has read a field of the record since it was given its number."""
    later = select(checks.c.check).where(
        checks.c.record == record, checks.c.undone.is_(None), checks.c.check > check.check
    )
    return connection.execute(later).first() is not None


def began_with(connection: Connection, check: Check) -> bool:
    """True where the answer's case began with it: there is nothing of the case to take back."""
    if check.case is None:
        return False
    first = select(func.min(case_events.c.seq)).where(case_events.c.number == check.case)
    return bool(connection.execute(first).scalar_one() > check.seq)


def last_return(connection: Connection) -> int:
    """The event by which a sheet came back that was recorded last."""
    query = select(func.max(events.c.seq)).where(events.c.kind == f"case-{Kind.RETURNED}")
    return int(connection.execute(query).scalar_one())


def take_page_out(connection: Connection, page_id: int, check: Check) -> None:
    """Take a page out of the record that a person put it in; a record that began with it goes too."""
    row = connection.execute(select(pages).where(pages.c.page_id == page_id)).one()
    kept = connection.execute(select(records).where(records.c.record == row.record)).first()
    if kept is None:
        return
    connection.execute(readings.delete().where(readings.c.record == row.record, readings.c.page_id == page_id))
    if kept.created_at != check.at:
        others = select(pages.c.page_id).where(pages.c.record == row.record, pages.c.page_id != page_id)
        if row.status == str(PageStatus.DAMAGED) and connection.execute(others).first() is None:
            # It was filed under this sheet before anybody said so, without a reading.
            return
    empty = {"record": None, "form": None, "version": None, "sheet": None, "page": None, "to_scan": None}
    if kept.created_at != check.at:
        connection.execute(pages.update().where(pages.c.page_id == page_id).values(**empty))
    elif connection.execute(select(checks.c.check).where(checks.c.record == row.record)).first() is None:
        connection.execute(pages.update().where(pages.c.page_id == page_id).values(**empty))
        connection.execute(records.delete().where(records.c.record == row.record))
    else:
        # What was answered and taken back names it still: it stays, as a record does whose content is gone.
        connection.execute(pages.update().where(pages.c.page_id == page_id).values(empty | {"record": row.record}))
        values = {"sheet": None, "status": PURGED, "flag": None}
        connection.execute(records.update().where(records.c.record == row.record).values(**values))


def take_number_back(connection: Connection, record: int) -> None:
    """A record whose number a person gave has none again."""
    connection.execute(
        records.update().where(records.c.record == record).values(sheet=None, revision=1, flag="sheet number not read")
    )
    connection.execute(pages.update().where(pages.c.record == record).values(sheet=None))
