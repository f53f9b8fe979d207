"""The order sheet itself: the shipped form with what this office allows, and the report that comes back with it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, Engine

from papier.case_run import Layouts
from papier.errors import UsageError
from papier.forms.definition import Block, TableColumn, TableField, TickField
from papier.forms.layout import Item, Layout, Rule, Text
from papier.forms.pdf import write_items
from papier.forms.typesetting import lay_out
from papier.forms.typography import break_lines
from papier.language import translate as _
from papier.orders.settings import KNOWN, PRINT, OrderSettings
from papier.orders.understanding import ALSO
from papier.print_run import Addressee, Destination, PrintRun, Registered, print_batch
from papier.store.orders import FORM, keep_order_sheet
from papier.store.workspace import Workspace

A4 = (210.0, 297.0)
MARGIN = 20.0
LINE = 5.2
FOOT = 280.0


def print_order_sheets(
    workspace: Workspace,
    engine: Engine,
    settings: OrderSettings,
    layouts: Layouts,
    output: Path,
    now: dt.datetime,
    *,
    sheets: int = 1,
    to: Destination | None = None,
    also: Registered | None = None,
) -> PrintRun:
    """Number and print order sheets, and keep what their rows stand for. Raises UsageError where nothing is allowed."""
    layout = order_layout(layouts, settings)
    forms = settings.forms if settings.allows(PRINT) else ()
    rows = tuple({"titre": f"{layouts.definition(form).title.fr} ({form})"} for form in forms)

    def keep(connection: Connection, numbers: Sequence[str]) -> None:
        for number in numbers:
            keep_order_sheet(connection, number, forms)
        if also is not None:
            also(connection, numbers)

    batch = [(layout, Addressee({}, rows))] * sheets
    return print_batch(workspace, engine, batch, output, now, registered=keep, to=to)


def can_be_printed(settings: OrderSettings) -> bool:
    """True when the settings leave anything to order."""
    return any(settings.allows(what) for what in KNOWN)


def order_layout(layouts: Layouts, settings: OrderSettings) -> Layout:
    """The shipped form, with a row a form that may be ordered, the classes of the settings, the boxes allowed."""
    definition = layouts.definition(FORM)
    rows = len(settings.forms) if settings.allows(PRINT) else 0
    blocks: list[Block] = []
    for block in definition.blocks:
        if isinstance(block, TableField):
            if rows:
                blocks.append(_fitted(block, rows, settings))
        elif isinstance(block, TickField) and block.field == ALSO:
            options = {name: words for name, words in block.options.items() if settings.allows(name)}
            if options:
                blocks.append(dataclasses.replace(block, options=options))
        else:
            blocks.append(block)
    if not can_be_printed(settings):
        raise UsageError(_("The settings allow no order: papier.yaml, ordres. See README.md, Order sheets."))
    return lay_out(dataclasses.replace(definition, blocks=tuple(blocks)))


def _fitted(table: TableField, rows: int, settings: OrderSettings) -> TableField:
    def column(known: TableColumn) -> TableColumn:
        if known.column == "classe" and settings.rosters:
            return dataclasses.replace(known, demand=dataclasses.replace(known.demand, choices=tuple(settings.rosters)))
        return known

    return dataclasses.replace(table, row_count=rows, columns=tuple(column(known) for known in table.columns))


def write_report(output: Path, title: str, subtitle: str, entries: Sequence[tuple[str, str]]) -> int:
    """What became of an order sheet, for whoever gave it: a heading and its sentence each; gives how many A4 pages."""
    width = A4[0] - 2 * MARGIN
    pages: list[list[Item]] = []
    y = FOOT
    for heading, words in entries:
        lines = break_lines(words, width - 6.0, "regular", 11.0)
        heads = break_lines(heading, width, "bold", 11.0)
        if y + LINE * (len(lines) + len(heads)) + 4.0 > FOOT:
            pages.append(
                [
                    Text(MARGIN, 24.0, title, "bold", 16.0),
                    *(
                        Text(MARGIN, 32.0 + at * LINE, line, "regular", 10.0, 0.2)
                        for at, line in enumerate(break_lines(subtitle, width, "regular", 10.0))
                    ),
                    Rule(MARGIN, 44.0, A4[0] - MARGIN, 44.0, 0.4, 0.2),
                ]
            )
            y = 52.0
        for line in heads:
            pages[-1].append(Text(MARGIN, y, line, "bold", 11.0))
            y += LINE
        for line in lines:
            pages[-1].append(Text(MARGIN + 6.0, y, line, "regular", 11.0))
            y += LINE
        y += 4.0
    write_items(output, A4, title, pages)
    return len(pages)
