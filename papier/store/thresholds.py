"""How sure a reading must be in this office: learned from its own checkers' answers, when somebody asked for it.

The reading and its probability stay as they are; only whether a person is asked changes, and only where the form left
the usual threshold. What is in force stands in the last event of its kind: nothing else is kept.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, select

from papier.forms.definition import Demand
from papier.forms.layout import Layout
from papier.ocr.register import SheetRegister
from papier.records import FieldReading, PageReading, PageStatus, State
from papier.store.connection import reading, writing
from papier.store.events import append_event
from papier.store.tables import events

LEARNED, UNLEARNED = "learned", "unlearned"
USUAL = Demand().accept
# Doubt of these kinds is a matter of degree; any other has its own reason, which no threshold answers.
OF_DEGREE = frozenset({"not certain enough", "some boxes are not quite clear", "there may be something written"})
LETTERS = frozenset({"letters", "mixed", "class"})


@dataclass(frozen=True)
class Thresholds:
    """The probability that a reading needs to be taken without a person, by kind; the usual one where none is given."""

    accepts: Mapping[str, float] = field(default_factory=dict)
    since: str | None = None


def kind_of(zone: str, content: str | None, *, blank: bool) -> str | None:
    """What is learned together: boxes, dates, other digits, letters, and what seems blank apart; None: nothing is."""
    if zone not in {"tick", "comb"}:
        return None
    kind = zone if zone == "tick" else "date" if content == "date" else "letters" if content in LETTERS else "digits"
    return f"{kind}, blank" if blank else kind


def is_of_degree(reason: str | None) -> bool:
    return reason is None or reason in OF_DEGREE or reason.startswith("unclear whether ticked")


def load_thresholds(engine: Engine) -> Thresholds:
    """What is in force."""
    with reading(engine) as connection:
        return find_thresholds(connection)


def find_thresholds(connection: Connection) -> Thresholds:
    row = connection.execute(
        select(events).where(events.c.kind.in_([LEARNED, UNLEARNED])).order_by(events.c.seq.desc()).limit(1)
    ).first()
    if row is None or row.kind == UNLEARNED:
        return Thresholds()
    return Thresholds(json.loads(row.data)["accepts"], row.at)


def keep_thresholds(engine: Engine, accepts: Mapping[str, float], answers: int, who: str, now: dt.datetime) -> None:
    """Put thresholds in force from now on. `answers`: how many they were learned from."""
    with writing(engine) as connection:
        append_event(connection, now, LEARNED, {"accepts": dict(accepts), "answers": answers, "who": who})


def forget_thresholds(engine: Engine, who: str, now: dt.datetime) -> bool:
    """Put the usual thresholds in force again; False where they were."""
    with writing(engine) as connection:
        if not find_thresholds(connection).accepts:
            return False
        append_event(connection, now, UNLEARNED, {"who": who})
        return True


def apply_thresholds(
    thresholds: Thresholds, pages: Sequence[PageReading], register: SheetRegister
) -> list[PageReading]:
    """The readings, with a person asked as the office's thresholds say."""
    if not thresholds.accepts:
        return list(pages)
    return [_apply_to_page(thresholds, page, register) for page in pages]


def _apply_to_page(thresholds: Thresholds, page: PageReading, register: SheetRegister) -> PageReading:
    sheet = register.find_sheet(page.sheet) if page.sheet is not None else None
    if sheet is None or not page.fields:
        return page
    layout = sheet.form.layout
    fields = {name: _apply(thresholds, one, layout) for name, one in page.fields.items()}
    if page.status not in {PageStatus.READ, PageStatus.DOUBTFUL} or page.reason is not None:
        return dataclasses.replace(page, fields=fields)
    asks = any(one.needs_person for one in fields.values())
    return dataclasses.replace(page, fields=fields, status=PageStatus.DOUBTFUL if asks else PageStatus.READ)


def _apply(thresholds: Thresholds, one: FieldReading, layout: Layout) -> FieldReading:
    demand = layout.demands.get(one.field, Demand())
    content = next((zone.content for zone in layout.zones() if zone.field == one.field and zone.content), None)
    blank = one.value in (None, "", [])
    accept = thresholds.accepts.get(kind_of(one.kind, content, blank=blank) or "")
    if accept is None or one.read_by != "papier" or demand.accept != USUAL or not is_of_degree(one.reason):
        return one
    if one.state in {State.SURE, State.BLANK} and one.probability < accept:
        return dataclasses.replace(one, state=State.DOUBTFUL, reason="not certain enough", needs_person=True)
    if one.state is State.DOUBTFUL and one.probability >= accept:
        needs = (blank and demand.required) or (not blank and demand.two_readers)
        state = State.BLANK if blank else State.SURE
        return dataclasses.replace(one, state=state, reason=None, needs_person=needs)
    return one
