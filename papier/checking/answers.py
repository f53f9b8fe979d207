"""What a person answers, recorded once: the answer, its event, the case that it moves, in one transaction."""

from __future__ import annotations

import datetime as dt
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from papier.checking.asking import print_question
from papier.checking.blank_sheets import tell_blank
from papier.checking.item import CheckItem, ItemKind
from papier.checking.known import opened
from papier.checking.queue import find_item
from papier.checking.two_answers import keep_sheet
from papier.checking.typed import typed_value
from papier.errors import UsageError, WorkflowRefusedError
from papier.forms.library import library_folders
from papier.forms.sheet_number import SheetNumbers
from papier.language import translate as _
from papier.language import written_day
from papier.records import PageReading, Value
from papier.rereading import read_again
from papier.store.blank_sheets import settle_blank
from papier.store.case_filing import assign_sheet, file_with_cases
from papier.store.cases import CaseLedger
from papier.store.checks import Check, Verdict, find_check, find_checks, last_check, note_told, take_back, write_check
from papier.store.connection import reading, writing
from papier.store.given_numbers import (
    answered_since,
    began_with,
    last_return,
    place_page,
    take_number_back,
    take_page_out,
)
from papier.store.settling import Question, settle
from papier.store.tables import pages, records, row_sheets, scans
from papier.store.workspace import Workspace, read_settings
from papier.workflows.events import Kind
from papier.workflows.library import list_workflows
from papier.workflows.place import parse_place


class AnswerRefusedError(WorkflowRefusedError):
    """The item was settled meanwhile, or this person may not answer it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says. `value`: of `CANDIDATE` one of the candidates' values, of `TYPED` what was typed: a text, a
    list of boxes, a bool for a signature, a sheet's number for a page without one. `insist`: what is typed stands so on
    the paper, though the form does not allow it.
    """

    verdict: Verdict
    value: Value = None
    insist: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of an answer. `open_still`: another person must answer too, or the item waits. `again`: it had been
    given before, and nothing was recorded. `case`: the case that was told. `place`: where the paper lies, where that
    was asked. `output`: the sheet that was printed for the family.
    """

    key: str
    check: int
    open_still: bool
    again: bool = False
    case: int | None = None
    place: str | None = None
    output: Path | None = None


def answer(
    workspace: Workspace,
    item_key: str,
    given: Answer,
    *,
    who: str,
    now: dt.datetime,
    via: str = "terminal",
    engine: Engine | None = None,
) -> Settled:
    """Record an answer; the same one again does nothing.

    Raises UsageError for a value that the field cannot hold (nothing is recorded), AnswerRefusedError when the item was
    settled meanwhile by another answer, or needs another person's eyes.
    """
    who = name_of(who)
    with opened(workspace, engine) as store:
        if given.verdict is Verdict.ASK:
            return _ask(workspace, store, item_key, given, who=who, now=now, via=via)
        found = _read_numbered(workspace, store, item_key, given)
        with writing(store) as connection:
            return _record(workspace, connection, item_key, given, who=who, now=now, via=via, found=found)


def _read_numbered(workspace: Workspace, engine: Engine, item_key: str, given: Answer) -> PageReading | None:
    """What the page of an item says as the sheet whose number was typed; read before the store is held."""
    if not item_key.startswith(f"{ItemKind.PAGE}:") or given.verdict not in {Verdict.CANDIDATE, Verdict.TYPED}:
        return None
    with reading(engine) as connection:
        item = find_item(connection, item_key)
    if item is None or item.page_id is None:
        return None
    number, page = _sheet_number(workspace, str(value_of(item, given)))
    return read_again(workspace, engine, item.page_id, number, page)


def _ask(
    workspace: Workspace, engine: Engine, item_key: str, given: Answer, *, who: str, now: dt.datetime, via: str
) -> Settled:
    """Print a slip for the family, unless one is on its way."""
    with reading(engine) as connection:
        item = find_item(connection, item_key)
        if item is None:
            return _settled_before(connection, item_key, given, who)
        value_of(item, given)
        sent = [check for check in find_checks(connection, item_key) if check.verdict is Verdict.ASK]
    if item.waiting is not None and sent:
        return Settled(item.key, sent[-1].check, open_still=True, again=True)
    run, check = print_question(workspace, engine, item, now, who=who, via=via)
    return Settled(item.key, check.check, open_still=True, output=run.output)


def _record(
    workspace: Workspace,
    connection: Connection,
    item_key: str,
    given: Answer,
    *,
    who: str,
    now: dt.datetime,
    via: str,
    found: PageReading | None,
) -> Settled:
    """As `answer`, within its writing transaction. `found`: a page that is given its number, read as that sheet."""
    item = find_item(connection, item_key)
    if item is None:
        return _settled_before(connection, item_key, given, who)
    given = _chosen(item, given)
    value = value_of(item, given)
    if not given.verdict.answers:
        return _put_off(connection, item, given.verdict, who=who, now=now, via=via)
    field = item.field if item.kind in {ItemKind.FIELD, ItemKind.CONFLICT} else None
    numbered = item.kind in {ItemKind.ORPHAN, ItemKind.PAGE} and given.verdict is not Verdict.ASIDE
    page: int | None = None
    if numbered:
        value, page = _sheet_number(workspace, str(value))
    question = Question(item.key, item.record, field, item.eyes)
    outcome = settle(connection, now, question, given.verdict, value, who=who, via=via)
    if outcome.refused:
        raise AnswerRefusedError(
            _(
                "{who} has read this already; another person must read it too. (Was it wrong? Take it back first.)"
            ).format(who=who)
        )
    case = outcome.case
    if item.kind is ItemKind.TWO_ANSWERS and outcome.settled and not outcome.again:
        case = keep_sheet(connection, item, outcome.check, now)
    if item.kind is ItemKind.BLANK and outcome.settled and not outcome.again:
        workflows, place = list_workflows(library_folders(workspace.forms)), parse_place(read_settings(workspace))
        case = tell_blank(connection, item, outcome.check, workflows, now, place)
    if numbered and not outcome.again:
        workflows, place = list_workflows(library_folders(workspace.forms)), parse_place(read_settings(workspace))
        if item.kind is ItemKind.PAGE:
            record = place_page(connection, item.page_id or 0, str(value), page, now, found)
            moved = file_with_cases(connection, [record], workflows, now, place)
        else:
            moved = assign_sheet(connection, item.record or 0, str(value), workflows, now, place)
        case = moved[0] if moved else None
        if case is not None:
            note_told(connection, outcome.check.check, case, last_return(connection))
    return Settled(item.key, outcome.check.check, open_still=not outcome.settled, again=outcome.again, case=case)


def _chosen(item: CheckItem, given: Answer) -> Answer:
    """What was typed where there is only a choice: the candidate of that name."""
    if given.verdict is not Verdict.TYPED or Verdict.TYPED in item.verdicts():
        return given
    named = [one.value for one in item.candidates if _folded(one.value) == _folded(given.value)]
    return Answer(Verdict.CANDIDATE, named[0]) if named else given


def value_of(item: CheckItem, given: Answer) -> Value:
    """What the field holds by this answer. Raises UsageError where the answer makes no sense for the item."""
    verdict = given.verdict
    if verdict not in item.verdicts():
        raise UsageError(
            _("“{answer}” is no answer to this. Choose among: {known}.").format(
                answer=verdict, known=", ".join(item.verdicts())
            )
        )
    if item.kind in {ItemKind.ORPHAN, ItemKind.PAGE} and verdict in {Verdict.CANDIDATE, Verdict.TYPED}:
        return str(given.value or "").strip().upper()
    match verdict:
        case Verdict.RIGHT:
            return item.candidates[0].value
        case Verdict.CANDIDATE:
            found = next((one for one in item.candidates if one.storable and one.value == given.value), None)
            if found is None:
                raise UsageError(_("“{value}” is none of the candidates. Type it instead.").format(value=given.value))
            return found.value
        case Verdict.TYPED:
            return typed_value(item, given.value, insist=given.insist)
        case Verdict.BLANK:
            return [] if item.zone == "tick" else False if item.zone == "signature" else None
        case _:
            return None


def _settled_before(connection: Connection, key: str, given: Answer, who: str) -> Settled:
    """The item is not open: the same answer sent twice, or one that comes too late."""
    had = [check for check in find_checks(connection, key) if check.settles]
    if not had:
        raise UsageError(_("There is no item “{key}” in the queue. See: papier check --list").format(key=key))
    last = had[-1]
    same = given.verdict is last.verdict and (
        given.verdict in {Verdict.RIGHT, Verdict.BLANK, Verdict.UNREADABLE, Verdict.ASIDE, Verdict.WRITTEN}
        or given.value == last.value
        or _folded(given.value) == _folded(last.value)
    )
    if same and last.who.casefold() == who.casefold():
        return Settled(key, last.check, open_still=False, again=True, case=last.case)
    raise AnswerRefusedError(
        _(
            "This was settled meanwhile by {who} ({at}). Take that answer back first: papier check --undo {check}"
        ).format(who=last.who, at=f"{written_day(last.at)} {last.at[11:16]}", check=last.check)
    )


def _folded(value: Value) -> str:
    return "".join(str(value or "").casefold().split())


def _put_off(
    connection: Connection, item: CheckItem, verdict: Verdict, *, who: str, now: dt.datetime, via: str
) -> Settled:
    last = next((check for check in reversed(find_checks(connection, item.key)) if check.verdict is verdict), None)
    place = find_place(connection, item) if verdict is Verdict.PAPER else None
    if last is not None:
        return Settled(item.key, last.check, open_still=True, again=True, place=place)
    check = write_check(
        connection, now, item.key, verdict, None, who=who, via=via, settles=False, record=item.record,
        field=item.field if item.kind is ItemKind.FIELD else None,
    )  # fmt: skip
    return Settled(item.key, check.check, open_still=True, place=place)


def find_place(connection: Connection, item: CheckItem) -> str:
    """Where the paper lies, as far as the store knows: its pile, its place in it, its case's folder."""
    row = connection.execute(
        select(pages.c.source_page, pages.c.sheet, scans.c.name, scans.c.taken_in_at)
        .join(scans, scans.c.sha256 == pages.c.scan)
        .where(pages.c.page_id == item.page_id)
    ).first()
    if row is None:
        return _("Nobody knows where this paper lies.")
    text = _("Sheet {sheet}: page {page} of the pile “{scan}”, taken in on {day}").format(
        sheet=row.sheet or "–", page=row.source_page, scan=row.name, day=written_day(row.taken_in_at)
    )
    return text + (_("; folder of case {case}").format(case=item.case) if item.case is not None else "") + "."


def _sheet_number(workspace: Workspace, typed: str) -> tuple[str, int | None]:
    """The canonical number that was typed, and the page where it was said (`…/2`).

    Raises UsageError where it cannot be one of this workspace's.
    """
    number, _solidus, page = typed.partition("/")
    found = SheetNumbers(workspace.key).correct(number.strip())
    if found is None:
        raise UsageError(
            _("“{value}” is no number of a sheet of this office. Check it on the paper.").format(value=typed)
        )
    if page and not (page.strip().isascii() and page.strip().isdigit() and len(page.strip()) < 3):
        raise UsageError(
            _("“{value}” is no number of a sheet of this office. Check it on the paper.").format(value=typed)
        )
    return found, int(page) if page else None


def undo(
    workspace: Workspace, *, who: str, now: dt.datetime, check: int | None = None, engine: Engine | None = None
) -> Check:
    """Take an answer back (the last one of this person unless another is named): the item is open again.

    The case is told. Raises UsageError where there is none, AnswerRefusedError where it cannot be taken back.
    """
    who = name_of(who)
    with opened(workspace, engine) as store, writing(store) as connection:
        found = last_check(connection, who) if check is None else find_check(connection, check)
        if found is None:
            raise UsageError(_("There is no answer to take back."))
        sheet = connection.execute(select(records.c.sheet).where(records.c.record == found.record)).scalar()
        numbered = found.key.startswith(("orphan:", "page:")) and found.verdict is not Verdict.ASIDE
        given_to = _numbered_record(connection, found) if numbered else None
        if found.verdict is Verdict.WRITTEN or numbered:
            _refuse_if_answered(connection, found, given_to if numbered else found.record)
        if sheet is not None and found.settles and _has_rows(connection, sheet):
            raise AnswerRefusedError(
                _("The sheet {sheet} has moved cases by this answer. Mend each: papier cases amend").format(sheet=sheet)
            )
        for one in find_checks(connection, found.key):
            if one.check == found.check or (one.at == found.at and one.who == found.who):
                take_back(connection, now, one, who)
        if found.key.startswith("blank:") and found.record is not None:
            settle_blank(connection, found.record, None)
        if given_to is not None and found.key.startswith("page:"):
            take_page_out(connection, int(found.key.partition(":")[2]), found)
        elif given_to is not None:
            take_number_back(connection, given_to)
        if found.case is not None and found.told is not None:
            CaseLedger(connection, now).record(found.case, Kind.AMENDED, {"seq": found.told, "data": None, "by": who})
        return found


def _numbered_record(connection: Connection, given: Check) -> int | None:
    """The record that an answer gave its sheet's number."""
    if given.key.startswith("orphan:"):
        return given.record
    page_id = int(given.key.partition(":")[2])
    return connection.execute(select(pages.c.record).where(pages.c.page_id == page_id)).scalar()


def _refuse_if_answered(connection: Connection, given: Check, record: int | None) -> None:
    """Raise AnswerRefusedError where a person has read a field of the sheet since, or a case began with it."""
    if record is not None and answered_since(connection, record, given):
        raise AnswerRefusedError(
            _(
                "Fields of this sheet have been answered since. Take those answers back first: "
                "papier check --undo NUMBER"
            )
        )
    if began_with(connection, given):
        raise AnswerRefusedError(
            _("Case {number} began with this sheet. If it is none: papier cases withdraw {number}").format(
                number=given.case
            )
        )


def _has_rows(connection: Connection, sheet: str) -> bool:
    row = connection.execute(select(row_sheets.c.done).where(row_sheets.c.sheet == sheet)).first()
    return row is not None and row.done != "[]"


def name_of(who: str) -> str:
    """Who answers, as it is kept: one line, not empty. Raises UsageError."""
    name = " ".join(unicodedata.normalize("NFC", who).split())
    if not name or any(not character.isprintable() for character in name):
        raise UsageError(_("Say who answers: --by NAME"))
    return name[:120]
