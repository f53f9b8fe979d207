"""Sheets that came back with nothing written on them, as items of the queue: one question a sheet, not one a field."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, func, select

from papier.checking.item import CheckItem, ItemKind
from papier.checking.known import find_frozen
from papier.language import translate as _
from papier.records import State
from papier.store.blank_sheets import CAME_BACK_BLANK, NOTHING_WRITTEN, blank_key, settle_blank
from papier.store.case_filing import file_with_cases
from papier.store.cases import CaseLedger
from papier.store.checks import Check, Verdict, note_told
from papier.store.records import PURGED, find_first_page
from papier.store.tables import events, records, sheets
from papier.workflows.definition import Workflow
from papier.workflows.events import Kind
from papier.workflows.place import Place


def list_blank(connection: Connection) -> Iterator[CheckItem]:
    """One item a blank sheet; of several scans of one sheet the latest, and none where another scan says something."""
    flagged = [NOTHING_WRITTEN, CAME_BACK_BLANK]
    other = records.alias()
    better = select(other.c.record).where(
        other.c.sheet == records.c.sheet,
        sheets.c.master.is_(False),
        other.c.status != PURGED,
        (other.c.record > records.c.record) | other.c.flag.is_(None) | ~other.c.flag.in_(flagged),
        other.c.record != records.c.record,
    )
    rows = connection.execute(
        select(records, sheets.c.person, sheets.c.layout)
        .join(sheets, sheets.c.number == records.c.sheet)
        .where(records.c.flag == NOTHING_WRITTEN, records.c.status != PURGED, ~better.exists())
        .order_by(records.c.record)
    ).all()
    for row in rows:
        layout = find_frozen(connection, row.layout, row.form, row.version)
        page = find_first_page(connection, row.record)
        yield CheckItem(
            key=blank_key(row.record),
            kind=ItemKind.BLANK,
            label=_("Did this sheet come back blank?"),
            reason=_("nothing was found on it but what was printed"),
            like=f"blank · {row.form}",
            record=row.record,
            sheet=row.sheet,
            form=row.form,
            version=row.version,
            title=layout.title if layout is not None else row.form,
            page=None if page is None else page[1],
            page_id=None if page is None else page[0],
            needs=_("blank: it is waited for as before; written on: its fields are asked"),
            state=State.BLANK,
            person=json.loads(row.person),
        )


def tell_blank(
    connection: Connection, item: CheckItem, check: Check, workflows: Sequence[Workflow], now: dt.datetime, place: Place
) -> int | None:
    """Tell the record and its case what a person says of a blank sheet; gives the case that was told.

    Blank: the case waits for the sheet as before. Written on: it is filed as any sheet is, and its fields are asked.
    """
    assert item.record is not None  # noqa: S101 - it is a record that came back blank
    settle_blank(connection, item.record, check.verdict)
    if check.verdict is Verdict.WRITTEN:
        moved = file_with_cases(connection, [item.record], workflows, now, place)
        case, kind = (moved[0] if moved else None), Kind.RETURNED
    else:
        ledger, kind = CaseLedger(connection, now), Kind.CHECKED
        case = ledger.find_by_sheet(item.sheet or "")
        question = f"blank:{item.sheet}"
        if case is None or question not in {asked.key for asked in ledger.load(case).questions}:
            return None
        ledger.record(case, kind, {"question": question, "by": check.who, "check": check.check})
    if case is not None:
        told = connection.execute(select(func.max(events.c.seq)).where(events.c.kind == f"case-{kind}")).scalar_one()
        note_told(connection, check.check, case, int(told))
    return case
