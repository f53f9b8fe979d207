"""What waits for a person: derived from what the store holds each time it is asked for, never kept.

An item is open as long as something is doubtful and no answer in force settles it. Alike things come together, and
what holds a case whose clock runs comes first.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from sqlalchemy import Connection, Engine, or_, select

from papier.checking.blank_sheets import list_blank
from papier.checking.fields import list_conflicts, list_fields
from papier.checking.item import Candidate, CheckItem, ItemKind
from papier.checking.known import chunks, find_frozen, opened
from papier.checking.two_answers import list_two_answers
from papier.checking.wording import reason_words
from papier.forms.question_slip import ANSWER
from papier.language import chosen_language, using_language
from papier.language import translate as _
from papier.records import PageStatus, State
from papier.store.blank_sheets import answers
from papier.store.case_filing import CORRECTIONS
from papier.store.cases import CaseLedger
from papier.store.checks import Verdict, checks_by_key, unsettled_readings
from papier.store.connection import reading
from papier.store.orders import FORM as ORDERS
from papier.store.records import PURGED, find_first_page
from papier.store.sheets import HANDED_OUT
from papier.store.tables import case_sheets, cases, layouts, pages, readings, records, row_sheets, scans, sheets
from papier.store.workspace import Workspace
from papier.workflows.case import Case
from papier.workflows.dues import running

# A sheet of outstanding ones is offered for a page without a number only where there are few, or names agree.
MOST_SHEETS = 5
# A key that names a record by more digits than this was never given.
MOST_DIGITS = 18


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
    kind, _colon, rest = key.partition(":")
    record = rest.partition(":")[0]
    number = int(record) if record.isascii() and record.isdigit() and len(record) < MOST_DIGITS else -1
    sheet = connection.execute(select(records.c.sheet).where(records.c.record == number)).scalar()
    if kind == ItemKind.FIELD:
        # Other scans of the same sheet may say it.
        scans_of_it = select(records.c.record).where(records.c.sheet == sheet)
        found = list_fields(connection, [number, *connection.execute(scans_of_it).scalars()])
    elif kind == ItemKind.CONFLICT:
        found = list_conflicts(connection, [] if sheet is None else [sheet])
    else:
        sources = {ItemKind.ORPHAN: _orphans, ItemKind.TWO_ANSWERS: list_two_answers, ItemKind.BLANK: list_blank}
        found = sources.get(ItemKind(kind), _pages)(connection) if kind in set(ItemKind) else iter(())
    asked = [item for item in found if item.key == key]
    return next(iter(_with_answers(connection, asked, with_waiting=True)), None)


def list_items(connection: Connection, *, with_waiting: bool = False, form: str | None = None) -> list[CheckItem]:
    """As `open_items`, within a transaction."""
    sources = (list_fields, list_conflicts, list_two_answers, list_blank, _orphans, _pages)
    # The language is asked for once, not for every word of a thousand items.
    with using_language(chosen_language()):
        found = [item for source in sources for item in source(connection)]
        chosen = [item for item in found if form is None or item.form == form]
        return _in_order(_with_answers(connection, chosen, with_waiting=with_waiting))


def _with_answers(connection: Connection, found: Sequence[CheckItem], *, with_waiting: bool) -> list[CheckItem]:
    """Those that no answer in force settles, with who has answered, why they wait, their case and their sheets."""
    # Of years of answers, those to what is doubtful still.
    known = checks_by_key(connection, (item.key for item in found))
    sent = {str(check.value) for given in known.values() for check in given if check.verdict is Verdict.ASK}
    answered_slips = _answered_slips(connection, sent)
    items = []
    for item in found:
        given = known.get(item.key, ())
        if any(check.settles for check in given):
            continue
        if item.form == ORDERS:
            continue  # asked on paper with the next order sheet: `papier.orders`
        seen = tuple(check for check in given if check.verdict.answers)
        asked = any(check.verdict is Verdict.ASK and check.value not in answered_slips for check in given)
        put_off = _("the family is asked") if asked else None
        later = any(check.verdict is Verdict.PAPER for check in given)
        if put_off is None or with_waiting:
            changed = given and (seen or put_off or later)
            like = f"~{item.like}" if later else item.like
            items.append(replace(item, seen=seen, waiting=put_off, like=like) if changed else item)
    return _with_cases(connection, _with_paper(connection, items))


def _answered_slips(connection: Connection, sent: Collection[str]) -> set[str]:
    """Of these slips to families those that came back, and of which nothing is in doubt: what they left is open."""
    back: dict[str, int] = {}
    for part in chunks(sorted(sent)):
        query = select(records.c.sheet, records.c.record).where(records.c.sheet.in_(part)).order_by(records.c.record)
        back |= {row.sheet: row.record for row in connection.execute(query)}
    doubtful = {row.record for row in unsettled_readings(connection, list(back.values())) if row.field == ANSWER}
    return {sheet for sheet, record in back.items() if record not in doubtful}


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
    return [
        replace(item, on_sheet=out.get(item.key), paper_rounds=rounds[item.key])
        if item.key in out or item.key in rounds
        else item
        for item in items
    ]


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
        replace(item, like=item.like.removeprefix("~")) if item.like.startswith("~") else item
        for group in sorted(groups, key=place)
        # One hand after the other: what one person wrote stands on one sheet.
        for item in sorted(groups[group], key=lambda one: (one.form or "", one.record or 0, one.key))
    ]


# ---- sheets without a number, pages set aside


def _orphans(connection: Connection) -> Iterator[CheckItem]:
    """Records whose number could not be read, and those of a sheet that was voided: neither moved a case."""
    # Not by a join: the index of records by sheet finds the few there are.
    withdrawn = select(sheets.c.number).where(sheets.c.state == "voided")
    rows = connection.execute(
        select(records)
        .where(or_(records.c.sheet.is_(None), records.c.sheet.in_(withdrawn)), records.c.status != PURGED)
        .order_by(records.c.record)
    ).all()
    for row in rows:
        voided = row.sheet is not None
        layout = find_frozen(connection, None, row.form, row.version)
        page = find_first_page(connection, row.record)
        yield CheckItem(
            key=f"orphan:{row.record}",
            kind=ItemKind.ORPHAN,
            label=_("Sheet {sheet} was voided").format(sheet=row.sheet) if voided else _("Which sheet is it?"),
            reason=_(
                "this sheet was taken out of use and came back; if it counts: papier sheets void {sheet} --undo"
            ).format(sheet=row.sheet)
            if voided
            else reason_words("the sheet number cannot be read"),
            like=f"orphan · {row.form}",
            record=row.record,
            form=row.form,
            version=row.version,
            title=layout.title if layout is not None else row.form,
            page=None if page is None else page[1],
            page_id=None if page is None else page[0],
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
        .where(layouts.c.form == form, sheets.c.state.in_(HANDED_OUT), sheets.c.master.is_(False))
        .where(~select(records.c.record).where(records.c.sheet == sheets.c.number, answers()).exists())
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
            needs=_(
                "the number of its sheet (4F7K-2M9Q-8XTR, or 4F7K-2M9Q-8XTR/2 for its page 2), or that it has none"
            ),
            state=State.UNREADABLE,
        )


# ---- what the store knows beside


def _with_cases(connection: Connection, items: Sequence[CheckItem]) -> list[CheckItem]:
    """The items with the case that each holds, and the day its first running clock ends."""
    ledger = CaseLedger(connection, dt.datetime.min.replace(tzinfo=dt.UTC))
    names = {item.key: _case_sheet(item) for item in items}
    held: dict[str, tuple[Case, dt.date | None]] = {}
    for part in chunks(sorted({name for both in names.values() for name in both})):
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
