"""The smallest changes of a case, of which all others are made: a mark, a visit, a question, a sheet that came back."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from papier.forms.shapes import is_iso_date
from papier.workflows.case import Case, Mark, Question, Return, Value


def put_mark(case: Case, name: str, prudent: dt.date, theoretical: dt.date | None, seq: int) -> Case:
    """A day that clocks count from, known anew; the last one told counts."""
    marks = {key: mark for key, mark in case.marks.items() if key != name}
    return dataclasses.replace(case, marks={**marks, name: Mark(prudent, theoretical, seq)})


def change_visit(case: Case, step: str, **changes: Any) -> Case:
    """What changes of the last stay at a step; nothing where the case never was there."""
    visit = case.visits.get(step)
    if visit is None:
        return case
    return dataclasses.replace(case, visits={**case.visits, step: dataclasses.replace(visit, **changes)})


def ask(case: Case, question: Question) -> Case:
    """One more question, or the same one as it is now."""
    others = tuple(asked for asked in case.questions if asked.key != question.key)
    return dataclasses.replace(case, questions=(*others, question))


def close_questions(case: Case, *keys: str) -> Case:
    """The case without the questions of these keys, if it has them."""
    return dataclasses.replace(case, questions=tuple(asked for asked in case.questions if asked.key not in keys))


def put_return(case: Case, entry: Return) -> Case:
    """A sheet that came back, in the place of what was known of it, or after the others."""
    known = [old.sheet for old in case.returns]
    if entry.sheet in known:
        return dataclasses.replace(
            case, returns=tuple(entry if old.sheet == entry.sheet else old for old in case.returns)
        )
    return dataclasses.replace(case, returns=(*case.returns, entry))


def written_day(values: Mapping[str, Value], name: str) -> str | None:
    """The day that a field gives, as papier stores it; None where it gives none."""
    value = values.get(name)
    return value if isinstance(value, str) and is_iso_date(value) else None
