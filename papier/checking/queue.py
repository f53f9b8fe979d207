"""What waits for a person: derived from what the store holds each time it is asked for, never kept.

An item is open as long as something is doubtful and no answer in force settles it. Alike things come together, and
what holds a case whose clock runs comes first.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from papier.checking.candidates import candidates_of, confusion, shown
from papier.checking.item import Candidate, CheckItem, ItemKind
from papier.checking.wording import demand_words, reason_words
from papier.forms.definition import Demand
from papier.forms.layout import Layout, Zone
from papier.forms.question_slip import ANSWER
from papier.language import translate as _
from papier.records import PageStatus, State, Value
from papier.store.case_filing import CORRECTIONS, NEVER_DECIDING, QUESTION, VISA
from papier.store.cases import CaseLedger
from papier.store.checks import Verdict, checks_by_key, field_key, unsettled_readings
from papier.store.connection import connect, reading
from papier.store.orders import FORM as ORDERS
from papier.store.records import PURGED
from papier.store.tables import case_sheets, cases, checks, layouts, pages, readings, records, row_sheets, scans, sheets
from papier.store.workspace import Workspace
from papier.workflows.case import Case
from papier.workflows.dues import running

# A sheet of outstanding ones is offered for a page without a number only where there are few, or names agree.
MOST_SHEETS = 5
# SQLite takes so many values in one question without complaint.
CHUNK = 500


@dataclass(frozen=True)
class _Record:
    """One record with what its sheet is known for."""

    record: int
    sheet: str | None
    revision: int
    form: str
    version: int
    created_at: str
    person: Mapping[str, str]
    digest: str | None
    master: bool
    kind: str | None  # of a sheet with rows


@contextmanager
def opened(workspace: Workspace, engine: Engine | None) -> Iterator[Engine]:
    """The store's engine: the one that is given, else one for this call."""
    if engine is not None:
        yield engine
        return
    own = connect(workspace)
    try:
        yield own
    finally:
        own.dispose()


def open_items(
    workspace: Workspace, *, engine: Engine | None = None, with_waiting: bool = False, form: str | None = None
) -> tuple[CheckItem, ...]:
    """Everything that only a person can answer, in the order in which it is best answered.

    `with_waiting`: also what was put off (the family is asked); `form`: only this form's.
    """
    with opened(workspace, engine) as store, reading(store) as connection:
        return tuple(list_items(connection, with_waiting=with_waiting, form=form))


def find_item(connection: Connection, key: str) -> CheckItem | None:
    """The open item of this key, one that is put off included; None where it is settled or never was."""
    return next((item for item in list_items(connection, with_waiting=True) if item.key == key), None)


def list_items(connection: Connection, *, with_waiting: bool = False, form: str | None = None) -> list[CheckItem]:
    """As `open_items`, within a transaction."""
    found = [*_field_items(connection), *_conflicts(connection), *_orphans(connection), *_pages(connection)]
    # Of years of answers, those to what is doubtful still.
    answers = checks_by_key(connection, (item.key for item in found))
    answered_slips = _answered_slips(connection, found)
    items = []
    for item in found:
        given = answers.get(item.key, ())
        if any(check.settles for check in given) or (form is not None and item.form != form):
            continue
        if item.form == ORDERS:
            continue  # asked on paper with the next order sheet: `papier.orders`
        seen = tuple(check for check in given if check.verdict not in {Verdict.ASK, Verdict.PAPER})
        asked = any(check.verdict is Verdict.ASK and check.value not in answered_slips for check in given)
        put_off = _("the family is asked") if asked else None
        later = any(check.verdict is Verdict.PAPER for check in given)
        if put_off is None or with_waiting:
            items.append(replace(item, seen=seen, waiting=put_off, like=f"~{item.like}" if later else item.like))
    return _in_order(_with_cases(connection, _with_paper(connection, items)))


def _answered_slips(connection: Connection, found: Sequence[CheckItem]) -> set[str]:
    """Slips to families that came back, and of which nothing is in doubt: what they left open is asked here again."""
    back = set(
        connection.execute(
            select(records.c.sheet)
            .join(row_sheets, row_sheets.c.sheet == records.c.sheet)
            .where(row_sheets.c.kind == QUESTION)
        ).scalars()
    )
    return back - {item.sheet for item in found if item.field == ANSWER}


def _with_paper(connection: Connection, items: Sequence[CheckItem]) -> list[CheckItem]:
    """The items with the sheet of corrections that each is out on, and how many came back without settling it."""
    back = set(
        connection.execute(
            select(records.c.sheet).join(row_sheets, row_sheets.c.sheet == records.c.sheet).where(
                row_sheets.c.kind == CORRECTIONS
            )
        ).scalars()
    )  # fmt: skip
    out: dict[str, str] = {}
    rounds: Counter[str] = Counter()
    for row in connection.execute(select(row_sheets).where(row_sheets.c.kind == CORRECTIONS)):
        done = set(json.loads(row.done))
        for at, entry in enumerate(json.loads(row.rows), 1):
            if row.sheet not in back:
                out[entry["key"]] = row.sheet
            elif at not in done:
                rounds[entry["key"]] += 1
    return [replace(item, on_sheet=out.get(item.key), paper_rounds=rounds[item.key]) for item in items]


def _in_order(items: Iterable[CheckItem]) -> list[CheckItem]:
    """What holds a case with a clock first, then what holds one, then the rest; in each, alike things together.

    Of two groups the one whose clock ends sooner comes first, else the larger one. What waits for its paper is last.
    """

    def urgency(item: CheckItem) -> int:
        later = item.like.startswith("~") or item.waiting is not None
        return 3 if later else 0 if item.due is not None else 1 if item.case is not None else 2

    groups: dict[tuple[int, str], list[CheckItem]] = {}
    for item in items:
        groups.setdefault((urgency(item), item.like), []).append(item)

    def place(group: tuple[int, str]) -> tuple[int, dt.date, int, str]:
        members = groups[group]
        first = min((item.due for item in members if item.due is not None), default=dt.date.max)
        return group[0], first, -len(members), group[1]

    return [
        replace(item, like=item.like.removeprefix("~"))
        for group in sorted(groups, key=place)
        # One hand after the other: what one person wrote stands on one sheet.
        for item in sorted(groups[group], key=lambda one: (one.form or "", one.record or 0, one.key))
    ]


# ---- fields


def _field_items(connection: Connection) -> Iterator[CheckItem]:
    rows = unsettled_readings(connection)
    known = _load_records(connection, {row.record for row in rows})
    by_page = _pages_by_id(connection, {row.page_id for row in rows})
    newest = _newest(rows, known)
    said = _said_elsewhere(connection, known)
    # A frozen layout is as long as a chapter; a day's sheets are of a few.
    laid_out: dict[tuple[str | None, str, int], Layout | None] = {}
    for row in rows:
        record = known.get(row.record)
        # What is doubtful on a sheet of corrections stays open where it was asked; its signature is asked here.
        if record is None or (record.kind == CORRECTIONS and row.field != VISA):
            continue
        others = said.get((record.sheet or "", row.field), set())
        if others - {record.record} or newest.get((record.sheet or "", row.field), row.record) != row.record:
            # Another scan of the same sheet says it, or is asked in its stead.
            continue
        printed_on = (record.digest, record.form, record.version)
        if printed_on not in laid_out:
            laid_out[printed_on] = find_frozen(connection, *printed_on)
        yield _field_item(row, record, laid_out[printed_on], by_page.get(row.page_id))


def _field_item(row: Row[Any], record: _Record, layout: Layout | None, page: int | None) -> CheckItem:
    zones = [zone for zone in (layout.zones() if layout is not None else ()) if zone.field == row.field]
    stored = {
        "kind": row.kind,
        "value": json.loads(row.value),
        "probability": row.probability,
        "candidates": json.loads(row.candidates),
        "options": json.loads(row.options),
    }
    return describe_field(
        CheckItem(
            key=field_key(record.record, row.field),
            kind=ItemKind.FIELD,
            label="",
            reason=row.reason or "",
            like="",
            record=record.record,
            sheet=record.sheet,
            form=record.form,
            version=record.version,
            page=page,
            page_id=row.page_id,
            field=row.field,
            zone=row.kind,
            value=stored["value"],
            state=State(row.state),
            probability=row.probability,
            person=record.person,
        ),
        layout,
        zones,
        stored,
    )


def describe_field(
    item: CheckItem, layout: Layout | None, zones: Sequence[Zone], stored: Mapping[str, Any]
) -> CheckItem:
    """The item with all that its layout says of the field, its candidates and what it is like."""
    name = item.field or ""
    demand = layout.demands.get(name, Demand()) if layout is not None else Demand()
    options = dict(layout.option_labels.get(name, {})) if layout is not None else {}
    options = options or {zone.option: zone.option for zone in zones if zone.option}
    content = next((zone.content for zone in zones if zone.content), None)
    cells = sum(len(zone.cells) for zone in zones)
    multiple = any(zone.multiple for zone in zones)
    candidates = candidates_of(stored, content, multiple, demand, options)
    reason = reason_words(item.reason, options)
    if not reason:
        asked = demand.two_readers and item.state is State.SURE
        reason = _("two people must read the same") if asked else _("must be filled in, and nothing was read")
    return replace(
        item,
        label=(layout.labels.get(name) if layout is not None else None) or name,
        title=layout.title if layout is not None else item.form or "",
        reason=reason,
        content=content,
        cells=cells,
        multiple=multiple,
        options=options,
        candidates=candidates,
        demand=demand,
        needs=demand_words(item.zone, content, cells, multiple, demand, options),
        eyes=2 if demand.two_readers else 1,
        like=_likeness(item, content, candidates),
    )


def _likeness(item: CheckItem, content: str | None, candidates: Sequence[Candidate]) -> str:
    confused = confusion(candidates)
    if confused:
        return f"{confused} · {content or item.zone}"
    # Rows of one table are alike: it is the column that counts.
    column = (item.field or "").rpartition(".")[2]
    return f"{item.zone} · {item.form} · {column}"


def _newest(rows: Sequence[Row[Any]], known: Mapping[int, _Record]) -> dict[tuple[str, str], int]:
    """Of several scans of one sheet in which a field is doubtful, the latest."""
    found: dict[tuple[str, str], int] = {}
    for row in rows:
        record = known.get(row.record)
        if record is not None and record.sheet is not None and not record.master:
            found[record.sheet, row.field] = max(row.record, found.get((record.sheet, row.field), 0))
    return found


def _said_elsewhere(connection: Connection, known: Mapping[int, _Record]) -> dict[tuple[str, str], set[int]]:
    """Which records say for sure what a field of a sheet holds, for sheets that were scanned more than once."""
    several = {record.sheet for record in known.values() if record.sheet is not None and not record.master}
    found: dict[tuple[str, str], set[int]] = {}
    for sheet, values in _effective(connection, _scanned_again(connection, several)).items():
        for record, fields in values.items():
            for name, (_value, sure, _row) in fields.items():
                if sure:
                    found.setdefault((sheet, name), set()).add(record)
    return found


# ---- contradictions between scans


def _scanned_again(connection: Connection, among: Iterable[str] | None = None) -> set[str]:
    """Sheets of which there is more than one record; a photocopied master's are each their own."""
    query = (
        select(records.c.sheet)
        .join(sheets, sheets.c.number == records.c.sheet)
        .where(records.c.revision > 1, records.c.status != PURGED, sheets.c.master.is_(False))
    )
    found = set(connection.execute(query).scalars())
    return found if among is None else found & set(among)


Effective = dict[str, tuple[Value, bool, Row[Any]]]


def _effective(connection: Connection, numbers: Iterable[str]) -> dict[str, dict[int, Effective]]:
    """What each record of these sheets says: value, whether it is sure, its reading; by sheet, record and field."""
    found: dict[str, dict[int, Effective]] = {}
    for part in _chunks(sorted(numbers)):
        answered = {
            (row.record, row.field): json.loads(row.value)
            for row in connection.execute(
                select(checks.c.record, checks.c.field, checks.c.value)
                .join(records, records.c.record == checks.c.record)
                .where(records.c.sheet.in_(part), checks.c.settles, checks.c.undone.is_(None))
                .where(checks.c.field.is_not(None), checks.c.value.is_not(None))
                .order_by(checks.c.check)
            )
        }
        rows = connection.execute(
            select(readings, records.c.sheet)
            .join(records, records.c.record == readings.c.record)
            .where(records.c.sheet.in_(part), records.c.status != PURGED)
            .order_by(readings.c.record, readings.c.position)
        )
        for row in rows:
            key = (row.record, row.field)
            value = answered.get(key, json.loads(row.value))
            sure = key in answered or (not row.needs_person and value not in (None, "", [], False))
            found.setdefault(row.sheet, {}).setdefault(row.record, {})[row.field] = (value, sure, row)
    return found


def _conflicts(connection: Connection) -> Iterator[CheckItem]:
    """Fields that two scans of one sheet say differently, each for sure; what was added later is no conflict."""
    found = _effective(connection, _scanned_again(connection))
    known = _load_records(connection, {record for values in found.values() for record in values})
    numbers = {
        row.page_id for values in found.values() for fields in values.values() for _v, _s, row in fields.values()
    }
    by_page = _pages_by_id(connection, numbers)
    for values in found.values():
        ordered = sorted(values)
        for at, later in enumerate(ordered[1:], 1):
            record = known.get(later)
            if record is None or record.kind is not None:
                continue
            for name, (value, sure, row) in values[later].items():
                before = [values[earlier][name] for earlier in ordered[:at] if name in values[earlier]]
                told = [one[0] for one in before if one[1] and one[0] not in (None, "", [], False)]
                if row.kind in NEVER_DECIDING or not sure or not told or value in (None, "", [], False):
                    continue
                if all(_same(one, value) for one in told):
                    continue
                layout = find_frozen(connection, record.digest, record.form, record.version)
                yield _conflict(row, record, layout, by_page.get(row.page_id), [told[-1], value])


def _conflict(
    row: Row[Any], record: _Record, layout: Layout | None, page: int | None, said: Sequence[Value]
) -> CheckItem:
    item = _field_item(row, record, layout, page)
    candidates = tuple(Candidate(value, shown(value, item.options), 0.5) for value in said)
    return replace(
        item,
        key=f"conflict:{record.record}:{row.field}",
        kind=ItemKind.CONFLICT,
        reason=_("two scans of this sheet differ: {values}").format(
            values=_(", then ").join(f"« {one.shown} »" for one in candidates)
        ),
        like=f"conflict · {record.form}",
        value=said[0],
        candidates=candidates,
    )


def _same(one: Value, other: Value) -> bool:
    return sorted(one) == sorted(other) if isinstance(one, list) and isinstance(other, list) else one == other


# ---- sheets without a number, pages set aside


def _orphans(connection: Connection) -> Iterator[CheckItem]:
    rows = connection.execute(
        select(records).where(records.c.sheet.is_(None), records.c.status != PURGED).order_by(records.c.record)
    ).all()
    for row in rows:
        layout = find_frozen(connection, None, row.form, row.version)
        page = connection.execute(
            select(pages.c.page_id, pages.c.page).where(pages.c.record == row.record).order_by(pages.c.page_id)
        ).first()
        yield CheckItem(
            key=f"orphan:{row.record}",
            kind=ItemKind.ORPHAN,
            label=_("Which sheet is it?"),
            reason=reason_words("the sheet number cannot be read"),
            like=f"orphan · {row.form}",
            record=row.record,
            form=row.form,
            version=row.version,
            title=layout.title if layout is not None else row.form,
            page=None if page is None else page.page,
            page_id=None if page is None else page.page_id,
            candidates=_possible_sheets(connection, row.record, row.form),
            needs=_("the sheet's number, as another sheet's: 4F7K-2M9Q-8XTR"),
            state=State.UNREADABLE,
        )


def _possible_sheets(connection: Connection, record: int, form: str) -> tuple[Candidate, ...]:
    """Sheets of this form that have not come back, those first whose printed values are read on the page."""
    said = {
        row.field: json.loads(row.value)
        for row in connection.execute(
            select(readings.c.field, readings.c.value).where(readings.c.record == record, readings.c.kind == "comb")
        )
    }
    out = connection.execute(
        select(sheets.c.number, sheets.c.person, sheets.c.prefilled)
        .join(layouts, layouts.c.digest == sheets.c.layout)
        .where(layouts.c.form == form, sheets.c.state == "printed", sheets.c.master.is_(False))
        .where(~select(records.c.record).where(records.c.sheet == sheets.c.number).exists())
        .order_by(sheets.c.serial)
    ).all()
    ranked = []
    for row in out:
        printed = json.loads(row.prefilled)
        agree = sum(1 for name, value in printed.items() if value and said.get(name) == value)
        person = json.loads(row.person)
        name = " ".join(filter(None, (person.get("nom"), person.get("prenom"), person.get("classe"))))
        ranked.append((agree, Candidate(row.number, f"{row.number} {name}".strip(), 0.0)))
    best = max((agree for agree, _one in ranked), default=0)
    chosen = [one for agree, one in ranked if agree == best] if best else [one for _agree, one in ranked]
    return tuple(chosen[:MOST_SHEETS]) if len(chosen) <= MOST_SHEETS else ()


def _pages(connection: Connection) -> Iterator[CheckItem]:
    rows = connection.execute(
        select(pages, scans.c.name)
        .join(scans, scans.c.sha256 == pages.c.scan)
        .where(pages.c.status.in_([str(PageStatus.UNKNOWN), str(PageStatus.DAMAGED)]), scans.c.purged_at.is_(None))
        .where(pages.c.reason.is_(None) | pages.c.reason.not_like("blank page%"))
        .order_by(pages.c.page_id)
    )
    for row in rows:
        yield CheckItem(
            key=f"page:{row.page_id}",
            kind=ItemKind.PAGE,
            label=_("Page {page} of {scan}").format(page=row.source_page, scan=row.name),
            reason=reason_words(row.reason),
            like=f"page · {row.status}",
            record=row.record,
            sheet=row.sheet,
            form=row.form,
            version=row.version,
            title=_("a page set aside"),
            page=row.page,
            page_id=row.page_id,
            needs=_("set it aside, or scan the sheet again"),
            state=State.UNREADABLE,
        )


# ---- what the store knows beside


def _load_records(connection: Connection, numbers: Iterable[int]) -> dict[int, _Record]:
    found: dict[int, _Record] = {}
    for part in _chunks(sorted(numbers)):
        rows = connection.execute(
            select(records, sheets.c.person, sheets.c.layout, sheets.c.master, row_sheets.c.kind)
            .outerjoin(sheets, sheets.c.number == records.c.sheet)
            .outerjoin(row_sheets, row_sheets.c.sheet == records.c.sheet)
            .where(records.c.record.in_(part), records.c.status != PURGED)
        )
        for row in rows:
            found[row.record] = _Record(
                row.record,
                row.sheet,
                row.revision,
                row.form,
                row.version,
                row.created_at,
                json.loads(row.person) if row.person else {},
                row.layout,
                bool(row.master),
                row.kind,
            )
    return found


def _pages_by_id(connection: Connection, numbers: Iterable[int]) -> dict[int, int | None]:
    found: dict[int, int | None] = {}
    for part in _chunks(sorted(numbers)):
        for row in connection.execute(select(pages.c.page_id, pages.c.page).where(pages.c.page_id.in_(part))):
            found[row.page_id] = row.page
    return found


def _with_cases(connection: Connection, items: Sequence[CheckItem]) -> list[CheckItem]:
    """The items with the case that each holds, and the day its first running clock ends."""
    ledger = CaseLedger(connection, dt.datetime.min.replace(tzinfo=dt.UTC))
    names = {item.key: _case_sheet(item) for item in items}
    held: dict[str, tuple[Case, dt.date | None]] = {}
    for part in _chunks(sorted({name for both in names.values() for name in both})):
        query = (
            select(case_sheets.c.sheet, cases.c.state)
            .join(cases, cases.c.number == case_sheets.c.number)
            .where(case_sheets.c.sheet.in_(part), cases.c.stage != "closed")
        )
        for row in connection.execute(query):
            case = Case.from_json(json.loads(row.state))
            clocks = running(case, ledger.workflow_of(case))
            held[row.sheet] = case, min((due.prudent for due in clocks), default=None)
    found = []
    for item in items:
        known = next((held[name] for name in names[item.key] if name in held), None)
        holds = known is not None and any(
            question.sheet in names[item.key] and question.field in (None, item.field)
            for question in known[0].questions
            if question.holds
        )
        found.append(replace(item, case=known[0].number, due=known[1]) if known is not None and holds else item)
    return found


def _case_sheet(item: CheckItem) -> tuple[str, ...]:
    """How a case may call the sheet of an item: a photocopied master's copies are told apart by their record."""
    return () if item.sheet is None else (item.sheet, f"{item.sheet}#{item.record}")


def find_frozen(connection: Connection, digest: str | None, form: str, version: int) -> Layout | None:
    """The frozen layout of a sheet, else the latest of its form and version."""
    query = select(layouts.c.digest)
    if digest is None:
        query = query.where(layouts.c.form == form, layouts.c.version == version)
        digest = connection.execute(query.order_by(layouts.c.first_printed.desc()).limit(1)).scalar()
    if digest is None:
        return None
    frozen = connection.execute(select(layouts.c.frozen).where(layouts.c.digest == digest)).scalar()
    return None if frozen is None else thaw(frozen)


@lru_cache(maxsize=64)
def thaw(frozen: str) -> Layout:
    """A frozen layout, parsed once."""
    return Layout.from_frozen(frozen)


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
