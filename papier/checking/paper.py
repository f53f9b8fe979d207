"""The queue on paper: sheets of corrections, a row a doubtful field; signed and scanned they settle it.

`papier.store.settling` reads what comes back. Here the sheets are made, and it is known which item is out on one.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from papier.checking.crops import crop_pixels
from papier.checking.item import Candidate, CheckItem, ItemKind, has_best, is_nothing
from papier.checking.queue import open_items
from papier.errors import ScanFileError
from papier.forms.correction_sheet import (
    BLANK,
    FORM,
    LETTERS,
    RIGHT,
    UNREADABLE,
    CorrectionLayout,
    RowShape,
    fit_values,
    lay_out_corrections,
)
from papier.forms.definition import CombContent
from papier.forms.pdf import Picture
from papier.ocr.crops import to_png
from papier.print_run import Addressee, Destination, Registered, print_batch
from papier.records import Value
from papier.store.case_filing import CORRECTIONS, VISA, keep_rows, load_record
from papier.store.connection import reading
from papier.store.settling import CorrectionRow, Question, correction_rows
from papier.store.tables import records, row_sheets
from papier.store.workspace import Workspace

# A correction that was not read for sure is asked on paper once more, then only on the screen.
MOST_ROUNDS = 2
# Of a comb so many other candidates are offered; of boxes more, since nothing can be written there.
COMB_OTHERS, BOX_OTHERS = 2, len(LETTERS)
# Cells for a value of open length: longer ones are typed.
MOST_CELLS, FEWER_CELLS = 30, 15
PRINT_DPI = 200.0
# What is not shown on paper unless its form says so: numbers that stay with a person for life, hands, free words.
SENSITIVE_CONTENTS = frozenset({"nir"})
SENSITIVE_ZONES = frozenset({"signature", "lines"})


@dataclass(frozen=True)
class Printed:
    """What was printed. `for_screen`: items that paper cannot settle; `out`: those on a sheet that is out."""

    path: Path | None
    numbers: tuple[str, ...]
    items: tuple[CheckItem, ...]
    for_screen: tuple[CheckItem, ...]
    out: tuple[CheckItem, ...]


def may_show(item: CheckItem) -> bool:
    """True where the form allows the field's picture on paper that goes round the office."""
    if item.demand.crop is not None:
        return item.demand.crop
    return item.content not in SENSITIVE_CONTENTS and item.zone not in SENSITIVE_ZONES


def can_be_printed(item: CheckItem) -> bool:
    """True where a pen can settle the item: not a page without a number, and not what two sheets left in doubt."""
    return item.kind in {ItemKind.FIELD, ItemKind.CONFLICT} and item.paper_rounds < MOST_ROUNDS and item.form != FORM


def print_corrections(
    workspace: Workspace,
    engine: Engine,
    now: dt.datetime,
    output: Path,
    *,
    again: bool = False,
    form: str | None = None,
    most: int | None = None,
    dry_run: bool = False,
    to: Destination | None = None,
    also: Registered | None = None,
    items: Sequence[CheckItem] | None = None,
) -> Printed:
    """Print the queue onto numbered sheets. `again`: also what stands on a sheet that has not come back (it may be
    lost); `most`: at most so many items; `items`: these instead of the queue. With `dry_run` nothing is numbered or
    printed. `also` is told the numbers in the transaction that registers the sheets.
    """
    if items is None:
        items = open_items(workspace, engine=engine, form=form)
    for_screen = tuple(item for item in items if not can_be_printed(item))
    out = tuple(item for item in items if can_be_printed(item) and item.on_sheet is not None and not again)
    chosen = [item for item in items if can_be_printed(item) and (again or item.on_sheet is None)][:most]
    # Alike rows together; and the fewer orders of rows there are, the fewer layouts the store keeps.
    chosen.sort(key=_shape_order)
    if dry_run or not chosen:
        return Printed(None, (), tuple(chosen), for_screen, out)
    batch: list[tuple[CorrectionLayout, list[CheckItem]]] = []
    known: dict[tuple[RowShape, ...], CorrectionLayout] = {}
    left = chosen
    while left:
        sheet = lay_out_corrections([shape_of(item) for item in left])
        shapes = tuple(shape_of(item) for item in left[: len(sheet.pictures)])
        batch.append((known.setdefault(shapes, sheet), left[: len(shapes)]))
        left = left[len(shapes) :]

    def keep(connection: Connection, numbers: Sequence[str]) -> None:
        for number, (_sheet, members) in zip(numbers, batch, strict=True):
            keep_rows(connection, number, CORRECTIONS, now.date(), [_row(item) for item in members])
        if also is not None:
            also(connection, numbers)

    run = print_batch(
        workspace,
        engine,
        [(sheet.layout, _addressee(workspace, engine, sheet, members)) for sheet, members in batch],
        output,
        now,
        registered=keep,
        to=to,
    )
    return Printed(output, run.numbers, tuple(chosen), for_screen, out)


def shape_of(item: CheckItem) -> RowShape:
    """Boxes and cells for an item: few different shapes, so that sheets are alike."""
    others = len(_others(item))
    right = has_best(item)
    if item.zone == "comb":
        content = CombContent(item.content or "mixed")
        cells = content.fixed_length or (FEWER_CELLS if item.cells <= FEWER_CELLS else MOST_CELLS)
        return RowShape(others, content, cells, right)
    return RowShape(others, right=right)


def _others(item: CheckItem) -> list[Candidate]:
    """The candidates that get a box of their own: not the best, and not that nothing is written."""
    most = COMB_OTHERS if item.zone == "comb" else BOX_OTHERS
    return [one for one in item.candidates[1:] if one.storable and not is_nothing(one.value)][:most]


def _shape_order(item: CheckItem) -> tuple[int, str, int]:
    shape = shape_of(item)
    return shape.cells, str(shape.content or ""), shape.others


def _choices(item: CheckItem) -> list[tuple[str, str, Value]]:
    """Each box's name with what is printed beside it and the value that it stands for."""
    offered = [(RIGHT, item.candidates[0])] if has_best(item) else []
    offered += list(zip(LETTERS, _others(item), strict=False))
    return [(name, one.shown, one.value) for name, one in offered]


def _row(item: CheckItem) -> CorrectionRow:
    empty: Value = [] if item.zone == "tick" else False if item.zone == "signature" else None
    values = {name: value for name, _shown, value in _choices(item)} | {BLANK: empty, UNREADABLE: None}
    return CorrectionRow(Question(item.key, item.record, item.field, item.eyes), values)


def _addressee(
    workspace: Workspace, engine: Engine, sheet: CorrectionLayout, members: Sequence[CheckItem]
) -> Addressee:
    rows, pictures = [], []
    for at, item in enumerate(members, 1):
        words = {name: shown for name, shown, _value in _choices(item)}
        words |= {"titre": f"{item.label} – {item.title}", "feuille": _whose(item)}
        picture = printed_crop(workspace, engine, item)
        if picture is None:
            words["image"] = f"Image non imprimée : voir la feuille {item.sheet or '–'}, page {item.page or '–'}."
        else:
            pictures.append(Picture(sheet.pictures[at - 1], picture))
        rows.append(fit_values(sheet, at, words))
    return Addressee({}, tuple(rows), tuple(pictures))


def _whose(item: CheckItem) -> str:
    where = f"{item.sheet} p. {item.page}" if item.sheet else ""
    return ", ".join(filter(None, (item.name, item.person.get("classe", ""), where)))


def printed_crop(workspace: Workspace, engine: Engine, item: CheckItem) -> bytes | None:
    """The picture of an item for a sheet of paper, PNG; None where its form lets none be printed, or it is gone."""
    if not may_show(item):
        return None
    try:
        return to_png(crop_pixels(workspace, item, engine=engine, dpi=PRINT_DPI, written=True))
    except ScanFileError:
        return None


@dataclass(frozen=True, slots=True)
class CameBack:
    """A sheet of corrections that was scanned: how many rows are settled by it, and how many it left open."""

    sheet: str
    signed: bool
    settled: int
    open: int


def came_back(engine: Engine, numbers: Sequence[str]) -> list[CameBack]:
    """What the sheets of corrections among these sheets did; other sheets are left out."""
    found = []
    with reading(engine) as connection:
        for number in dict.fromkeys(numbers):
            row = connection.execute(
                select(row_sheets).where(row_sheets.c.sheet == number, row_sheets.c.kind == CORRECTIONS)
            ).first()
            if row is None:
                continue
            total, done = len(correction_rows(row.rows)), len(json.loads(row.done))
            latest = connection.execute(select(func.max(records.c.record)).where(records.c.sheet == number)).scalar()
            read = load_record(connection, latest) if latest is not None else None
            found.append(CameBack(number, read is not None and bool(read.values.get(VISA)), done, total - done))
    return found
