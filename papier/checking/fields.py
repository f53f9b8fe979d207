"""Doubtful fields as items of the queue, and fields that two scans of one sheet say differently."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, select

from papier.checking.candidates import candidates_of, confusion, shown
from papier.checking.item import Candidate, CheckItem, ItemKind
from papier.checking.known import KnownRecord, chunks, find_frozen, load_records, pages_by_id
from papier.checking.wording import demand_words, reason_words
from papier.forms.definition import Demand
from papier.forms.layout import Layout, Zone
from papier.language import translate as _
from papier.records import State, Value
from papier.store.blank_sheets import CAME_BACK_BLANK, NOTHING_WRITTEN
from papier.store.case_filing import CORRECTIONS, NEVER_DECIDING, VISA
from papier.store.checks import field_key, unsettled_readings
from papier.store.records import PURGED
from papier.store.tables import checks, readings, records, sheets


def list_fields(connection: Connection, among: Sequence[int] | None = None) -> Iterator[CheckItem]:
    """Readings that need a person, each sheet's latest scan only; of all records, or only `among` these."""
    rows = unsettled_readings(connection, among)
    known = load_records(connection, {row.record for row in rows})
    by_page = pages_by_id(connection, {row.page_id for row in rows})
    newest = _newest(rows, known)
    said = _said_elsewhere(connection, known)
    # A frozen layout is as long as a chapter; a day's sheets are of a few.
    laid_out: dict[tuple[str | None, str, int], Layout | None] = {}
    for row in rows:
        record = known.get(row.record)
        # What is doubtful on a sheet of corrections stays open where it was asked; its signature is asked here.
        if record is None or (record.kind == CORRECTIONS and row.field != VISA):
            continue
        if record.flag in {NOTHING_WRITTEN, CAME_BACK_BLANK}:
            # The whole sheet is asked about: `papier.checking.blank_sheets`.
            continue
        others = said.get((record.sheet or "", row.field), set())
        if others - {record.record} or newest.get((record.sheet or "", row.field), row.record) != row.record:
            # Another scan of the same sheet says it, or is asked in its stead.
            continue
        printed_on = (record.digest, record.form, record.version)
        if printed_on not in laid_out:
            laid_out[printed_on] = find_frozen(connection, *printed_on)
        yield field_item(row, record, laid_out[printed_on], by_page.get(row.page_id))


def field_item(row: Row[Any], record: KnownRecord, layout: Layout | None, page: int | None) -> CheckItem:
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


def _newest(rows: Sequence[Row[Any]], known: Mapping[int, KnownRecord]) -> dict[tuple[str, str], int]:
    """Of several scans of one sheet in which a field is doubtful, the latest in which something was read, if any: a
    blank copy of the sheet answers no question.
    """
    found: dict[tuple[str, str], tuple[bool, int]] = {}
    for row in rows:
        record = known.get(row.record)
        if record is not None and record.sheet is not None and not record.master:
            written = json.loads(row.value) not in (None, "", [], False)
            at = record.sheet, row.field
            found[at] = max((written, row.record), found.get(at, (False, 0)))
    return {at: number for at, (_written, number) in found.items()}


def _said_elsewhere(connection: Connection, known: Mapping[int, KnownRecord]) -> dict[tuple[str, str], set[int]]:
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
    for part in chunks(sorted(numbers)):
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


def list_conflicts(connection: Connection, among: Iterable[str] | None = None) -> Iterator[CheckItem]:
    """Fields that two scans of one sheet say differently, each for sure; what was added later is no conflict."""
    found = _effective(connection, _scanned_again(connection, among))
    known = load_records(connection, {record for values in found.values() for record in values})
    numbers = {
        row.page_id for values in found.values() for fields in values.values() for _v, _s, row in fields.values()
    }
    by_page = pages_by_id(connection, numbers)
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
    row: Row[Any], record: KnownRecord, layout: Layout | None, page: int | None, said: Sequence[Value]
) -> CheckItem:
    item = field_item(row, record, layout, page)
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
