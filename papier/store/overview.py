"""The newest of everything, a screenful at a time: what stays quick however much is kept.

A list goes on from the last number shown (`before`), never from a count of rows: SQLite would read them all.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, Select, case, func, select

from papier.forms.layout import Layout
from papier.store.blank_sheets import CAME_BACK_BLANK, NOTHING_WRITTEN
from papier.store.connection import reading
from papier.store.tables import cases, layouts, pages, print_runs, readings, records, scans, sheets


@dataclass(frozen=True, slots=True)
class RecordLine:
    """A record as a list shows it. `to_check`: fields that need a person."""

    record: int
    sheet: str | None
    form: str
    status: str
    flag: str | None
    created_at: str
    person: Mapping[str, str]
    to_check: int

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.person.get("nom"), self.person.get("prenom"))))


@dataclass(frozen=True, slots=True)
class ScanLine:
    """A scan as a list shows it: how many pages it has, how many records they went to, how many nobody knows."""

    sha256: str
    name: str
    taken_in_at: str
    pages: int
    records: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is."""

    records: int
    woken_cases: int


def latest_records(
    engine: Engine,
    *,
    limit: int,
    before: int | None = None,
    form: str | None = None,
    sheet: str | None = None,
    scan: str | None = None,
    among: Sequence[int] | None = None,
) -> list[RecordLine]:
    """The newest records, or those before record `before`: of all forms or one, of one sheet, of one scan
    file, `among` those numbered so.
    """
    unsettled = (
        select(func.count())
        .where(readings.c.record == records.c.record, readings.c.needs_person.is_(True))
        .scalar_subquery()
    )
    # One question is asked of a sheet that seems blank, none of one that a person has called so.
    to_check = case((records.c.flag == NOTHING_WRITTEN, 1), (records.c.flag == CAME_BACK_BLANK, 0), else_=unsettled)
    query = (
        select(records, sheets.c.person, to_check.label("to_check"))
        .outerjoin(sheets, sheets.c.number == records.c.sheet)
        .order_by(records.c.record.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(records.c.record < before)
    if form is not None:
        query = query.where(records.c.form == form)
    if sheet is not None:
        query = query.where(records.c.sheet == sheet)
    if scan is not None:
        query = query.where(records.c.record.in_(select(pages.c.record).where(pages.c.scan == scan)))
    if among is not None:
        query = query.where(records.c.record.in_(among))
    with reading(engine) as connection:
        return [
            RecordLine(
                row.record,
                row.sheet,
                row.form,
                row.status,
                row.flag,
                row.created_at,
                json.loads(row.person) if row.person else {},
                row.to_check,
            )
            for row in connection.execute(query)
        ]


def latest_scans(engine: Engine, since: dt.datetime, limit: int) -> list[ScanLine]:
    """The scans taken in since a moment, the newest first."""
    chosen = (
        select(scans.c.sha256, scans.c.name, scans.c.taken_in_at)
        .where(scans.c.taken_in_at >= since.isoformat())
        .order_by(scans.c.taken_in_at.desc())
        .limit(limit)
    )
    return _scan_lines(engine, chosen)


def find_scan_line(engine: Engine, sha256: str) -> ScanLine | None:
    """One scan; None where there is none."""
    chosen = select(scans.c.sha256, scans.c.name, scans.c.taken_in_at).where(scans.c.sha256 == sha256)
    return next(iter(_scan_lines(engine, chosen)), None)


def _scan_lines(engine: Engine, query: Select[tuple[str, str, str]]) -> list[ScanLine]:
    chosen = query.subquery()
    counted = (
        select(
            chosen,
            func.count(pages.c.page_id).label("pages"),
            func.count(pages.c.record.distinct()).label("records"),
            func.coalesce(func.sum(case((pages.c.record.is_(None), 1), else_=0)), 0).label("unknown"),
        )
        .outerjoin(pages, pages.c.scan == chosen.c.sha256)
        .group_by(chosen.c.sha256, chosen.c.name, chosen.c.taken_in_at)
        .order_by(chosen.c.taken_in_at.desc())
    )
    with reading(engine) as connection:
        return [ScanLine(*row) for row in connection.execute(counted)]


def count_all(engine: Engine, today: dt.date) -> Counts:
    """How many records there are, and how many cases somebody has to look at today."""
    with reading(engine) as connection:
        return Counts(
            connection.execute(select(func.count()).select_from(records)).scalar_one(),
            connection.execute(
                select(func.count()).select_from(cases).where(cases.c.wakes_on <= today.isoformat())
            ).scalar_one(),
        )


def known_forms(engine: Engine) -> list[str]:
    """The forms that records are of."""
    # Each form is looked up behind the one before it, in the index: as many look-ups as there are forms.
    found: list[str] = []
    with reading(engine) as connection:
        following = select(func.min(records.c.form))
        name = connection.execute(following).scalar()
        while name is not None:
            found.append(name)
            name = connection.execute(following.where(records.c.form > name)).scalar()
    return found


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A numbered sheet: for whom and when it was printed, and into which PDF with how many others."""

    number: str
    layout: Layout
    person: Mapping[str, str]
    master: bool
    state: str
    run: int
    run_sheets: int
    printed_at: str
    output: Path | None


def find_sheet(engine: Engine, number: str) -> SheetLine | None:
    """What the register knows of a number; None where it was never given."""
    query = (
        select(
            sheets, layouts.c.frozen, print_runs.c.printed_at, print_runs.c.output, print_runs.c.sheets.label("many")
        )
        .join(layouts, layouts.c.digest == sheets.c.layout)
        .join(print_runs, print_runs.c.run == sheets.c.run)
        .where(sheets.c.number == number)
    )
    with reading(engine) as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    return SheetLine(
        row.number,
        Layout.from_frozen(row.frozen),
        json.loads(row.person),
        row.master,
        row.state,
        row.run,
        row.many,
        row.printed_at,
        Path(row.output) if row.output else None,
    )


@dataclass(frozen=True, slots=True)
class PageLine:
    """A page of a scan, whatever became of it."""

    page_id: int
    source_page: int
    status: str
    reason: str | None
    form: str | None
    sheet: str | None
    page: int | None
    record: int | None


def scan_pages(engine: Engine, sha256: str) -> list[PageLine]:
    """The pages of one scan file, in its order."""
    query = select(pages).where(pages.c.scan == sha256).order_by(pages.c.source_page, pages.c.page_id)
    with reading(engine) as connection:
        return [
            PageLine(row.page_id, row.source_page, row.status, row.reason, row.form, row.sheet, row.page, row.record)
            for row in connection.execute(query)
        ]


def find_run(engine: Engine, run: int) -> tuple[str, list[str], Path | None] | None:
    """The form, the numbers and the PDF of a print run; None where there is none."""
    with reading(engine) as connection:
        row = connection.execute(select(print_runs).where(print_runs.c.run == run)).first()
        if row is None:
            return None
        numbers = connection.execute(select(sheets.c.number).where(sheets.c.run == run).order_by(sheets.c.serial))
        return row.form, list(numbers.scalars()), Path(row.output) if row.output else None
