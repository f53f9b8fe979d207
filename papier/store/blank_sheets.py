"""Sheets that came back with nothing written on them: flagged when they are filed, told by a person, never an answer.

A flag says that only what was printed is on the sheet. While it stands, one question is asked of the whole sheet; a
person says that it came back blank, and it is waited for as before, or that something is written on it after all.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, select

from papier.forms.layout import Layout
from papier.records import State
from papier.store.checks import Verdict, find_checks
from papier.store.tables import layouts, pages, readings, records, row_sheets, sheets

# What a record is flagged with: nobody has looked at it yet; a person has.
NOTHING_WRITTEN = "nothing is written on this sheet"
CAME_BACK_BLANK = "the sheet came back blank"
# Who "reads" what was printed beforehand.
PRINTED = "printed"


def blank_key(record: int) -> str:
    """How the question about a blank sheet is called in the queue."""
    return f"blank:{record}"


def mark_blank(connection: Connection, touched: Sequence[int]) -> set[int]:
    """Flag those of these records on which nothing is written, and take the flag off those to which a page came;
    gives those that are flagged.

    A sheet of which a page lacks is left alone, and so are the office's own sheets of rows: unsigned they say nothing.
    """
    flagged = set[int]()
    for number in sorted(set(touched)):
        row = connection.execute(select(records).where(records.c.record == number)).one()
        if find_checks(connection, blank_key(number)):
            continue
        blank = _is_blank(connection, number, row.sheet)
        if blank and (row.flag is None or not _said_before(connection, row.sheet, number)):
            connection.execute(records.update().where(records.c.record == number).values(flag=NOTHING_WRITTEN))
            flagged.add(number)
        elif not blank and row.flag == NOTHING_WRITTEN:
            connection.execute(records.update().where(records.c.record == number).values(flag=None))
    return flagged


def _is_blank(connection: Connection, record: int, sheet: str | None) -> bool:
    frozen = connection.execute(
        select(layouts.c.frozen)
        .join(sheets, sheets.c.layout == layouts.c.digest)
        .where(sheets.c.number == sheet, ~select(row_sheets.c.sheet).where(row_sheets.c.sheet == sheet).exists())
    ).scalar()
    if frozen is None:
        return False
    own = select(func.count()).where(readings.c.record == record, readings.c.read_by != PRINTED)
    if not connection.execute(own).scalar_one():
        return False
    if connection.execute(own.where(readings.c.state != str(State.BLANK))).scalar_one():
        return False
    seen = set(connection.execute(select(pages.c.page).where(pages.c.record == record)).scalars())
    return all(page.page in seen for page in Layout.from_frozen(frozen).pages)


def _said_before(connection: Connection, sheet: str | None, record: int) -> bool:
    """True where another scan of the sheet says something: a blank copy of it asks nothing."""
    flagged = records.c.flag.in_([NOTHING_WRITTEN, CAME_BACK_BLANK])
    others = select(records.c.record).where(
        records.c.sheet == sheet, records.c.record != record, records.c.flag.is_(None) | ~flagged
    )
    master = select(sheets.c.master).where(sheets.c.number == sheet)
    return not connection.execute(master).scalar() and connection.execute(others).first() is not None


def answers() -> ColumnElement[bool]:
    """The condition under which a record answers its sheet: no person has said that it came back blank."""
    return records.c.flag.is_(None) | (records.c.flag != CAME_BACK_BLANK)


def settle_blank(connection: Connection, record: int, verdict: Verdict | None) -> None:
    """Flag a record as a person says: blank, written on, or (None) as before anybody was asked."""
    flag = CAME_BACK_BLANK if verdict is Verdict.ASIDE else None if verdict is Verdict.WRITTEN else NOTHING_WRITTEN
    connection.execute(records.update().where(records.c.record == record).values(flag=flag))
