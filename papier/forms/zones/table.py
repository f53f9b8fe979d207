"""Setting tables: rows of people or things, columns of ticks, combs and words."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from papier.errors import LayoutError
from papier.forms.definition import TableColumn, TableField, Wording
from papier.forms.layout import Box, Item, Prefill, Rule
from papier.forms.pieces import Piece, overlay
from papier.forms.prose import drawn_text, line_metrics, natural_width, set_wording
from papier.forms.roster_values import roster_template
from papier.forms.styles import HAIR_GREY, HELP_GREY, TINT, Style
from papier.forms.typefaces import text_width
from papier.forms.zones.comb import GROUP_GAP, GROUPS, HOUR_GAP, place_cells
from papier.forms.zones.labels import set_label
from papier.forms.zones.tick import unlabelled_boxes
from papier.geometry import RectMm
from papier.language import translate as _

SINGLE_BOX: Mapping[str, Wording] = {"oui": Wording({"fr": "Oui"})}
# A text column narrower than this holds no name.
MIN_TEXT_WIDTH = 18.0
MAX_ROW_LABEL_SHARE = 0.45
ROW_LABEL_SHARE = 0.2


def table_rows(field: TableField) -> dict[str, Wording]:
    """Row keys with their wordings: the rows named, else `r01`, `r02` … without words."""
    if field.rows:
        return dict(field.rows)
    return {f"r{index:02d}": Wording({"fr": ""}) for index in range(1, field.row_count + 1)}


def column_options(column: TableColumn) -> Mapping[str, Wording]:
    """The boxes of a tick column."""
    return column.options or SINGLE_BOX


def set_table(field: TableField, style: Style, width: float) -> list[Piece]:
    """Header and rows; the header comes again at the top of every page the table goes over to."""
    columns = _columns_with_labels(field)
    widths = _column_widths(columns, field, style, width)
    edges = [sum(widths[:index]) for index in range(len(widths) + 1)]
    header = _header(columns, edges, style)
    label = set_label(field, style, width)
    pieces: list[Piece] = [
        dataclasses.replace(label, before=style.before_block, keep=True, name=field.field, line=field.line),
        dataclasses.replace(header, keep=True, name=field.field, line=field.line),
    ]
    for index, (row, wording) in enumerate(table_rows(field).items()):
        piece = _row(field, columns, edges, row, wording, index, style)
        pieces.append(dataclasses.replace(piece, header=header, name=field.field, line=field.line))
    pieces[-1] = dataclasses.replace(pieces[-1], keep=field.same_page)
    return pieces


def _columns_with_labels(field: TableField) -> list[TableColumn]:
    """The columns, with one in front for the row names when none of the others can hold them."""
    columns = list(field.columns)
    if field.rows and not any(column.kind == "text" and not column.roster for column in columns[:1]):
        columns.insert(0, TableColumn(column="", label=Wording({"fr": ""}), kind="text"))
    return columns


def _least_width(column: TableColumn, field: TableField, style: Style) -> float:
    pad = 2 * style.table_pad
    title = 0.0 if style.break_words else natural_width(column.label, style, "bold", style.help)
    if column.kind == "tick":
        box = style.tick + 2 * style.tick_clear
        words = [_longest_word(wording, style, "regular") + 1.2 for wording in column.options.values()]
        return max(max([box, *words]) * len(column_options(column)), min(title, 26.0) + pad * 0.6)
    if column.kind == "comb" and column.content is not None:
        groups = GROUPS.get(column.content, (column.cells,))
        gap = HOUR_GAP if column.content.value == "hour" else GROUP_GAP
        cells = style.cell_width * (sum(groups) + gap * (len(groups) - 1)) + pad + 0.4
        return max(cells, _longest_word(column.label, style, "bold") + pad)
    named = [natural_width(wording, style, "regular", style.body) for wording in field.rows.values()]
    return (
        max(MIN_TEXT_WIDTH, title + pad, *(name + pad for name in named)) if named else max(MIN_TEXT_WIDTH, title + pad)
    )


def _longest_word(wording: Wording, style: Style, font: str) -> float:
    if style.break_words:
        return 0.0
    texts = (drawn_text(wording, language) for language in style.languages)
    words = [word for text in texts for word in re.split(r" |(?<=-)", text)]
    return max((text_width(word, font, style.help) for word in words), default=0.0)


def _column_widths(columns: list[TableColumn], field: TableField, style: Style, width: float) -> list[float]:
    """The widths asked for, the rest shared among the columns that ask for none."""
    least = [_least_width(column, field, style) for column in columns]
    if field.rows and columns[0].kind == "text":
        least[0] = min(least[0], width * MAX_ROW_LABEL_SHARE)
    narrowest = [_longest_word(column.label, style, "bold") + 2 * style.table_pad * 0.6 + 0.1 for column in columns]
    taken = [
        max(column.width, least[index] if column.kind != "text" else narrowest[index]) if column.width else least[index]
        for index, column in enumerate(columns)
    ]
    spare = width - sum(taken)
    if spare < 0:
        # Word columns give way first: their texts wrap, and the combs shrink as far as they may.
        for index, column in enumerate(columns):
            if column.kind == "text":
                give = min(-spare, max(0.0, taken[index] - max(MIN_TEXT_WIDTH, narrowest[index])))
                taken[index] -= give
                spare += give
        for index, column in enumerate(columns):
            if column.kind == "comb":
                pad = 2 * style.table_pad + 0.4
                give = min(-spare, (taken[index] - pad) * (1 - style.min_cell_width / style.cell_width) - 0.1)
                taken[index] -= max(0.0, give)
                spare += max(0.0, give)
    if spare < -1e-6:
        raise LayoutError(
            _("the columns do not fit: {missing:.0f} mm too wide; leave out a column or use a landscape page.").format(
                missing=-spare
            )
        )
    free = [index for index, column in enumerate(columns) if column.width is None and column.kind == "text"]
    if field.rows and columns[0].kind == "text":
        # Row names take what they need; a table of narrow columns stays narrow, so that the eye keeps its line.
        free = [index for index in free if index]
        wanted = max(taken[0], min(width * ROW_LABEL_SHARE, taken[0] + max(0.0, spare)))
        spare -= wanted - taken[0]
        taken[0] = wanted
    for index in free:
        taken[index] += max(0.0, spare) / len(free)
    return taken


def _tick_centres(left: float, right: float, count: int) -> list[float]:
    pitch = (right - left) / count
    return [left + pitch * (index + 0.5) for index in range(count)]


def _header(columns: list[TableColumn], edges: list[float], style: Style) -> Piece:
    pad = style.table_pad
    parts: list[Piece] = []
    titles = [
        set_wording(
            column.label,
            style,
            edges[i + 1] - edges[i] - 2 * pad * 0.6,
            font="bold",
            size=style.help,
            align="centre" if column.kind == "tick" else "left",
        )
        for i, column in enumerate(columns)
    ]
    title_height = max(title.height for title in titles)
    parts += [title.moved(edges[i] + pad * 0.6, 0.8) for i, title in enumerate(titles)]
    height = title_height + 1.2
    subtitles: list[Piece] = []
    for index, column in enumerate(columns):
        if column.kind != "tick" or not column.options:
            continue
        pitch = (edges[index + 1] - edges[index]) / len(column.options)
        for option, wording in enumerate(column.options.values()):
            words = set_wording(wording, style, pitch - 0.6, size=style.help, grey=HELP_GREY, align="centre")
            subtitles.append(words.moved(edges[index] + option * pitch + 0.3, height))
    parts += subtitles
    height = max([height, *(height + words.height for words in subtitles)]) + 0.6
    ground: tuple[Item, ...] = (
        Box(RectMm(0.0, 0.0, edges[-1], height), stroke=0.0, fill=TINT),
        Rule(0.0, 0.0, edges[-1], 0.0, 0.25, HAIR_GREY - 0.3),
        Rule(0.0, height, edges[-1], height, 0.25, HAIR_GREY - 0.3),
    )
    return dataclasses.replace(overlay(Piece(height, ground), *parts), height=height)


def _row(
    field: TableField,
    columns: list[TableColumn],
    edges: list[float],
    row: str,
    wording: Wording,
    index: int,
    style: Style,
) -> Piece:
    pad = style.table_pad
    combs: dict[int, Piece] = {}
    words: Piece | None = None
    for place, column in enumerate(columns):
        if column.kind == "comb" and column.content is not None:
            name = f"{field.field}.{row}.{column.column}"
            combs[place] = place_cells(
                name,
                column.content,
                column.cells,
                style,
                edges[place + 1] - edges[place] - 2 * pad,
                column.roster,
                column.demand.prefill,
                index if field.roster_rows else None,
            )
    if field.rows:
        words = set_wording(wording, style, edges[1] - edges[0] - 2 * pad, size=style.body)
    pitch = line_metrics("regular", style.body)[0]
    height = max(
        style.tick + style.tick_clear + 0.5,
        pitch * max(column.lines for column in columns) + 1.6,
        *(comb.height + 1.6 for comb in combs.values()),
        words.height + 1.6 if words else 0.0,
        field.row_height,
    )
    parts = [comb.moved(edges[place] + pad, (height - comb.height) / 2) for place, comb in combs.items()]
    if words:
        parts.append(words.moved(pad, (height - words.height) / 2))
    prefills: list[Prefill] = []
    rules: list[Item] = [Rule(0.0, height, edges[-1], height, 0.2, HAIR_GREY)]
    rules += [Rule(edge, 0.0, edge, height, 0.2, HAIR_GREY) for edge in edges]
    for place, column in enumerate(columns):
        left, right = edges[place], edges[place + 1]
        if column.kind == "tick":
            options = column_options(column)
            name = f"{field.field}.{row}.{column.column}"
            centres = _tick_centres(left, right, len(options))
            parts.append(unlabelled_boxes(name, options, column.multiple, centres, height, style))
        elif column.kind == "text" and column.roster and column.demand.prefill:
            # The words stand in the middle of the row, however many lines they may take.
            baseline = height / 2 + 0.23 * style.body * 0.3528 - pitch * (column.lines - 1) / 2
            prefills.append(
                Prefill(
                    roster_template(column.roster),
                    left + pad,
                    baseline,
                    right - left - 2 * pad,
                    size=style.body,
                    row=index if field.roster_rows else None,
                    lines=column.lines,
                    pitch=pitch if column.lines > 1 else 0.0,
                )
            )
    whole = overlay(Piece(height, tuple(rules), prefills=tuple(prefills)), *parts)
    return dataclasses.replace(whole, zones=tuple(sorted(whole.zones, key=lambda zone: zone.rect.x)))
