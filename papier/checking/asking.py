"""Asking the family: a numbered slip with the question, which comes back round the loop like any sheet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, Engine

from papier.checking.item import CheckItem
from papier.checking.paper import printed_crop
from papier.forms.pdf import Picture
from papier.forms.question_slip import Asked, lay_out_question
from papier.print_run import Addressee, PrintRun, print_sheets
from papier.store.case_filing import QUESTION, keep_rows
from papier.store.checks import Check, Verdict, write_check
from papier.store.settling import CorrectionRow, Question
from papier.store.workspace import Workspace


def print_question(
    workspace: Workspace, engine: Engine, item: CheckItem, now: dt.datetime, *, who: str, via: str
) -> tuple[PrintRun, Check]:
    """Print the slip into the workspace and put the item off until it comes back; gives the run and the answer kept."""
    picture = printed_crop(workspace, engine, item)
    asked = Asked(item.zone or "lines", item.content, item.cells, item.options, item.multiple)
    layout, place = lay_out_question(asked, with_picture=picture is not None)
    pictures = (Picture(place, picture),) if picture is not None and place is not None else ()
    values = {
        "qui": item.person.get("responsable") or item.name or "la personne qui a rempli la feuille",
        "feuille": f"{item.title}, n° {item.sheet}" + (f", pour {item.name}" if item.name else ""),
        "question": item.label,
    }
    kept: list[Check] = []

    def keep(connection: Connection, numbers: Sequence[str]) -> None:
        (number,) = numbers
        row = CorrectionRow(Question(item.key, item.record, item.field, item.eyes), {})
        keep_rows(connection, number, QUESTION, now.date(), [row])
        kept.append(
            write_check(
                connection,
                now,
                item.key,
                Verdict.ASK,
                number,
                who=who,
                via=via,
                settles=False,
                record=item.record,
                field=item.field,
            )
        )

    output = (
        workspace.printed / f"question-{item.sheet}-{now.strftime('%Y-%m-%d-%H%M%S')}-{item.record}-{item.field}.pdf"
    )
    run = print_sheets(workspace, engine, layout, [Addressee(values, pictures=pictures)], output, now, registered=keep)
    return run, kept[0]
