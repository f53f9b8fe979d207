"""Two sheets of one step that contradict each other, as items of the queue: a person says which of them counts."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from papier.checking.item import Candidate, CheckItem, ItemKind
from papier.checking.known import find_frozen
from papier.language import translate as _
from papier.records import State
from papier.store.cases import CaseLedger
from papier.store.checks import Check, note_told
from papier.store.tables import cases, events, pages, sheets
from papier.workflows.case import Case, Doubt, Question, Stage
from papier.workflows.events import Kind
from papier.workflows.row_words import two_sides

PREFIX = "two-answers"


def list_two_answers(connection: Connection) -> Iterator[CheckItem]:
    """One item a pair of sheets, by the case that is held by them."""
    held = select(cases.c.state).where(
        cases.c.stage == str(Stage.CHECK), cases.c.state.contains(f'"{Doubt.TWO_ANSWERS}"')
    )
    for state in connection.execute(held.order_by(cases.c.number)).scalars():
        case = Case.from_json(json.loads(state))
        for question in case.questions:
            if question.doubt is Doubt.TWO_ANSWERS:
                yield _item(connection, case, question)


def _item(connection: Connection, case: Case, question: Question) -> CheckItem:
    _two, first, second = question.key.split(":")
    entry = case.find_return(second)
    page_id = None
    if entry is not None:
        page_id = connection.execute(
            select(pages.c.page_id).where(pages.c.record == entry.record).order_by(pages.c.page).limit(1)
        ).scalar()
    printed_on = select(sheets.c.layout).where(sheets.c.number == second.partition("#")[0])
    digest = connection.execute(printed_on).scalar()
    text = two_sides(question.text, None if digest is None else find_frozen(connection, digest, "", 0))
    return CheckItem(
        key=f"{PREFIX}:{case.number}:{question.key}",
        kind=ItemKind.TWO_ANSWERS,
        label=_("Which of the two sheets counts?"),
        reason=_("two sheets differ: {values}").format(values=text),
        like=f"{PREFIX} · {case.workflow}",
        record=None if entry is None else entry.record,
        sheet=second,
        form=None if entry is None else entry.form,
        version=case.version,
        title=case.name,
        page_id=page_id,
        state=State.DOUBTFUL,
        candidates=tuple(
            Candidate(sheet, f"{sheet} · {_side(text, at)}", 0.5) for at, sheet in enumerate((first, second))
        ),
        needs=_("one of the two sheets; both are kept"),
        case=case.number,
        person=case.person,
    )


def _side(text: str, at: int) -> str:
    """What one of the two sheets says, out of a question's "motif : maladie / reunion ; debut : … / …"."""
    said = []
    for part in text.split(" ; "):
        name, _colon, values = part.partition(" : ")
        sides = values.split(" / ")
        said.append(f"{name} : {sides[at]}" if len(sides) == 2 else part)
    return ", ".join(said)


def keep_sheet(connection: Connection, item: CheckItem, check: Check, now: dt.datetime) -> int | None:
    """Tell the case which sheet counts; gives its number."""
    if item.case is None:
        return None
    question = item.key.removeprefix(f"{PREFIX}:{item.case}:")
    data = {"question": question, "keep": check.value, "by": check.who, "check": check.check}
    CaseLedger(connection, now).record(item.case, Kind.CHECKED, data)
    told = connection.execute(
        select(func.max(events.c.seq)).where(events.c.kind == f"case-{Kind.CHECKED}")
    ).scalar_one()
    note_told(connection, check.check, item.case, int(told))
    return item.case
