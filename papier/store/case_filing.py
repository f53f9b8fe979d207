"""What a sheet that came back makes of its case, inside the transaction that files its record: exactly once."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy import Row as SqlRow

from papier.errors import UsageError, WorkflowRefusedError
from papier.forms.layout import Layout
from papier.forms.shapes import is_iso_date
from papier.language import translate as _
from papier.store.blank_sheets import CAME_BACK_BLANK, NOTHING_WRITTEN
from papier.store.cases import CaseLedger, alike_cases
from papier.store.checks import settled_fields
from papier.store.connection import writing
from papier.store.tables import events, layouts, pages, readings, records, row_sheets, sheets
from papier.workflows.case import PERSON_FIELDS, Case
from papier.workflows.day import DONE, LATER, LOOK, POSTED, RowSheetRow, day_events, dispatch_events
from papier.workflows.definition import Workflow
from papier.workflows.events import Kind
from papier.workflows.place import Place

# Handwriting and typed labels are kept as pictures; nothing is ever decided by them.
NEVER_DECIDING = frozenset({"lines", "typed"})
DAY, DISPATCH, CORRECTIONS, QUESTION = "day", "dispatch", "check", "question"
# `papier.store.settling` reads these: their rows stand for doubtful fields.
ABOUT_FIELDS = frozenset({CORRECTIONS, QUESTION})
# The signature without which a sheet of rows says nothing.
VISA = "visa"


@dataclass(frozen=True, slots=True)
class FiledRecord:
    """One record with what its sheet is known for."""

    record: int
    revision: int
    sheet: str
    form: str
    version: int
    values: Mapping[str, Any]
    doubtful: Mapping[str, Any]
    missing: tuple[int, ...]
    person: Mapping[str, str]
    fields: frozenset[str]
    master: bool
    # Nothing is written on it, as far as nobody has said otherwise.
    blank: bool = False


def file_with_cases(
    connection: Connection,
    touched: Sequence[int],
    workflows: Sequence[Workflow],
    now: dt.datetime,
    place: Place = Place(),  # noqa: B008 - frozen
) -> list[int]:
    """Tell the cases of these records; gives the numbers of the cases, in order. `workflows`: those in use today.
    `place`: where the office is, for the cases that begin.

    A record without a sheet number waits for a person to give it one.
    """
    ledger = CaseLedger(connection, now)
    numbers = set[int]()
    for number in sorted(set(touched)):
        record = load_record(connection, number)
        if record is None:
            continue
        rows = connection.execute(select(row_sheets).where(row_sheets.c.sheet == record.sheet)).first()
        if rows is not None and rows.kind in ABOUT_FIELDS:
            continue
        if rows is not None:
            numbers.update(_apply_rows(ledger, record, rows, now))
        else:
            case = _file(ledger, record, workflows, now, place)
            if case is not None:
                numbers.add(case.number)
    return sorted(numbers)


def load_record(connection: Connection, number: int) -> FiledRecord | None:
    """A record with a sheet of the register: what it says for sure or by a person's word, and what is in doubt."""
    row = connection.execute(
        select(records, sheets.c.person, sheets.c.master, sheets.c.state, layouts.c.frozen)
        .join(sheets, sheets.c.number == records.c.sheet)
        .join(layouts, layouts.c.digest == sheets.c.layout)
        .where(records.c.record == number)
    ).first()
    if row is None or row.state == "voided":
        return None
    layout = Layout.from_frozen(row.frozen)
    seen = connection.execute(select(pages.c.page).where(pages.c.record == number)).scalars().all()
    values: dict[str, Any] = {}
    doubtful: dict[str, Any] = {}
    answered = settled_fields(connection, [number])
    for entry in connection.execute(select(readings).where(readings.c.record == number).order_by(readings.c.position)):
        check = answered.get((number, entry.field))
        value = json.loads(entry.value) if check is None else check.value
        if entry.kind in NEVER_DECIDING:
            continue
        if entry.needs_person and check is None:
            doubtful[entry.field] = value
        elif value not in (None, "", [], False):
            values[entry.field] = value
    return FiledRecord(
        row.record,
        row.revision,
        row.sheet,
        row.form,
        row.version,
        values,
        doubtful,
        tuple(page.page for page in layout.pages if page.page not in seen),
        json.loads(row.person),
        frozenset(zone.field for zone in layout.zones()),
        row.master,
        row.flag in {NOTHING_WRITTEN, CAME_BACK_BLANK},
    )


def _file(
    ledger: CaseLedger, record: FiledRecord, workflows: Sequence[Workflow], now: dt.datetime, place: Place
) -> Case | None:
    """The case of a record, begun where its form begins one; None where no workflow knows the sheet."""
    number = None if record.master else ledger.find_by_sheet(record.sheet)
    known = _case_of_record(ledger, record) if record.master else None
    extra: dict[str, Any] = {}
    if known is not None:
        number = known
    if number is not None and ledger.is_erased(number):
        # Its time is over: the record stands alone.
        return None
    if number is None and record.blank:
        # A blank copy of a master begins nothing.
        return None
    if number is None:
        workflow = next((workflow for workflow in workflows if record.form in workflow.opens), None)
        if workflow is None:
            return None
        told = {name: record.values[name] for name in PERSON_FIELDS if isinstance(record.values.get(name), str)}
        case = ledger.open(workflow, record.form, {**record.person, **told}, place=place)
        number = case.number
        sheet = f"{record.sheet}#{record.record}" if record.master else record.sheet
        printed = {"step": case.step, "sheets": [[sheet, record.form]], "on": now.date().isoformat()}
        ledger.record(number, Kind.PRINTED, printed)
        alike = list(alike_cases(ledger.connection, workflow.name, case.name, number)) if case.name else []
        if alike and not record.person:
            extra["alike"] = alike
    else:
        workflow = ledger.workflow_of(ledger.load(number))
    lacks = [
        step.decision.field
        for step in workflow.steps.values()
        if step.decision is not None
        and step.decision.form == record.form
        and not {step.decision.field, step.decision.signed} <= record.fields
    ]
    if lacks:
        extra["lacks"] = sorted(set(lacks))
    if record.blank:
        extra = {"blank": True}
    data = {
        "sheet": f"{record.sheet}#{record.record}" if record.master else record.sheet,
        "form": record.form,
        "version": record.version,
        "record": record.record,
        "revision": record.revision,
        "values": {} if record.blank else dict(record.values),
        "doubtful": {} if record.blank else dict(record.doubtful),
        "missing": list(record.missing),
        "on": now.date().isoformat(),
        **extra,
    }
    return ledger.record(number, Kind.RETURNED, data)


def _case_of_record(ledger: CaseLedger, record: FiledRecord) -> int | None:
    """A master's copies share their number; each record of one is told apart by its own."""
    return ledger.find_by_sheet(f"{record.sheet}#{record.record}")


def _apply_rows(ledger: CaseLedger, record: FiledRecord, rows: SqlRow[Any], now: dt.datetime) -> list[int]:
    """Record what a day's sheet or a dispatch list says, each row once. An unsigned one says nothing.

    A row that was not read for sure stays open: it stands on the next day's sheet again, or a person ticks it.
    """
    if not record.values.get(VISA):
        return []
    written = record.values.get("date")
    # A day sheet is filled in within days of being printed; another day on it is a slip of the pen.
    day = dt.date.fromisoformat(written) if isinstance(written, str) and is_iso_date(written) else now.date()
    on = day if rows.day <= day.isoformat() <= now.date().isoformat() else now.date()
    moved = []
    for at in range(1, len(json.loads(rows.rows)) + 1):
        name = f"lignes.r{at:02d}"
        ticked = record.values.get(f"{name}.suite")
        if not isinstance(ticked, list) or len(ticked) != 1 or f"{name}.numero" in record.doubtful:
            continue
        number = record.values.get(f"{name}.numero")
        moved += _apply_row(ledger, rows.sheet, at, ticked[0], number, on, f"feuille {rows.sheet}")
    return moved


def _apply_row(
    ledger: CaseLedger, sheet: str, at: int, ticked: str, number: str | None, on: dt.date, by: str
) -> list[int]:
    """Record one row, unless it was recorded before; gives the cases it moved."""
    rows = ledger.connection.execute(select(row_sheets).where(row_sheets.c.sheet == sheet)).one()
    done = set(json.loads(rows.done))
    if at in done:
        return []
    row = RowSheetRow.from_json(json.loads(rows.rows)[at - 1])
    moved = []
    for item in row.items:
        case = ledger.load(item.case)
        workflow = ledger.workflow_of(case)
        if rows.kind == DISPATCH:
            found = list(dispatch_events(item, ticked == POSTED, number, workflow, on, by))
        else:
            found = list(day_events(row, ticked, item, case, workflow, on, by))
        for kind, event in found:
            try:
                ledger.record(item.case, kind, event)
                moved.append(item.case)
            except WorkflowRefusedError:
                # The case has moved on since the sheet was printed: what it says is overtaken.
                continue
    ledger.connection.execute(
        row_sheets.update().where(row_sheets.c.sheet == sheet).values(done=json.dumps(sorted({*done, at})))
    )
    return moved


def tell_answer(
    connection: Connection, record: int, field: str, value: Any, check: int, who: str, now: dt.datetime
) -> tuple[int, int] | None:
    """Tell the case of a record what a person says of a field; gives the case and the event, None where nobody asks.

    A sheet of rows (the day's sheet) is applied anew instead: its signature, or a box, may have been in doubt.
    """
    sheet = connection.execute(select(records.c.sheet).where(records.c.record == record)).scalar()
    if sheet is None:
        return None
    ledger = CaseLedger(connection, now)
    rows = connection.execute(select(row_sheets).where(row_sheets.c.sheet == sheet)).first()
    if rows is not None:
        loaded = load_record(connection, record)
        if loaded is not None:
            _apply_rows(ledger, loaded, rows, now)
        return None
    kind = connection.execute(
        select(readings.c.kind).where(readings.c.record == record, readings.c.field == field)
    ).scalar()
    for name in (sheet, f"{sheet}#{record}"):
        number = ledger.find_by_sheet(name)
        if number is None or kind in NEVER_DECIDING or ledger.load(number).find_return(name) is None:
            continue
        data = {"sheet": name, "field": field, "value": value, "check": check, "by": who}
        try:
            ledger.record(number, Kind.CORRECTED, data)
        except WorkflowRefusedError:
            # The case has gone where this sheet counts no more; the record says it all the same.
            return None
        told = connection.execute(
            select(func.max(events.c.seq)).where(events.c.kind == f"case-{Kind.CORRECTED}")
        ).scalar_one()
        return number, int(told)
    return None


def assign_sheet(
    connection: Connection, record: int, sheet: str, workflows: Sequence[Workflow], now: dt.datetime, place: Place
) -> list[int]:
    """Give a record whose number could not be read its sheet, and tell the case; gives the cases that it moved.

    Raises UsageError for a sheet that is not in the register, or is of another form.
    """
    row = connection.execute(select(records).where(records.c.record == record)).one()
    known = connection.execute(
        select(layouts.c.form, layouts.c.version, sheets.c.master, sheets.c.state)
        .join(sheets, sheets.c.layout == layouts.c.digest)
        .where(sheets.c.number == sheet)
    ).first()
    if known is None:
        raise UsageError(
            _("The sheet {sheet} is not in this workspace's register. Check the number.").format(sheet=sheet)
        )
    if known.form != row.form:
        raise UsageError(
            _("The sheet {sheet} is of the form {form}, this page of {form2}. Check the number.").format(
                sheet=sheet, form=known.form, form2=row.form
            )
        )
    if known.state == "voided":
        raise UsageError(
            _("The sheet {sheet} was voided. If it counts after all: papier sheets void {sheet} --undo").format(
                sheet=sheet
            )
        )
    before = connection.execute(select(func.max(records.c.revision)).where(records.c.sheet == sheet)).scalar() or 0
    flag = "this sheet was scanned before: compare the two" if before and not known.master else None
    connection.execute(
        records.update().where(records.c.record == record).values(sheet=sheet, revision=before + 1, flag=flag)
    )
    connection.execute(pages.update().where(pages.c.record == record).values(sheet=sheet))
    return file_with_cases(connection, [record], workflows, now, place)


def tick_row(
    engine: Engine, sheet: str, at: int, box: str, number: str | None, on: dt.date, by: str, now: dt.datetime
) -> list[int]:
    """What a person reads in a row of a day's sheet or a dispatch list; gives the cases it moved.

    Raises UsageError for a sheet, row or box that is not there, WorkflowRefusedError when the row was recorded before.
    """
    with writing(engine) as connection:
        rows = connection.execute(select(row_sheets).where(row_sheets.c.sheet == sheet)).first()
        if rows is None:
            raise UsageError(
                _("{sheet} is no day's sheet and no dispatch list of this workspace. Check the number.").format(
                    sheet=sheet
                )
            )
        total = len(json.loads(rows.rows))
        if not 1 <= at <= total:
            raise UsageError(
                _("The sheet {sheet} has rows 1 to {total}, not {at}.").format(sheet=sheet, total=total, at=at)
            )
        boxes = (POSTED,) if rows.kind == DISPATCH else (DONE, LATER, LOOK)
        if box not in boxes:
            raise UsageError(
                _("`{box}` is no box of this sheet. Choose one of: {listed}.").format(box=box, listed=", ".join(boxes))
            )
        if at in json.loads(rows.done):
            raise WorkflowRefusedError(
                _("Row {at} of {sheet} was recorded before. Mend it with: papier cases amend").format(
                    at=at, sheet=sheet
                )
            )
        return _apply_row(CaseLedger(connection, now), sheet, at, box, number, on, by)


class Row(Protocol):
    """A printed row as the store remembers it."""

    def to_json(self) -> dict[str, Any]: ...


def keep_rows(connection: Connection, sheet: str, kind: str, day: dt.date, rows: Sequence[Row]) -> None:
    """Remember what the rows of a printed sheet stand for."""
    connection.execute(
        row_sheets.insert().values(
            sheet=sheet,
            kind=kind,
            day=day.isoformat(),
            rows=json.dumps([row.to_json() for row in rows], ensure_ascii=False),
            done="[]",
            seq=connection.execute(select(func.max(events.c.seq))).scalar() or 0,
        )
    )
