"""Rows and columns of a table, from YAML nodes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from papier.forms.definition import TableColumn, Wording
from papier.forms.grammar import FIELD_ID_KEY, MAX_ROWS, ROSTER_ROWS, TABLE_COLUMNS
from papier.forms.parsing_demands import demand_of, read_comb
from papier.forms.shapes import Labelled, read_keys
from papier.language import translate as _
from papier.yaml_source import Node, Proofreader, suggest_or_list


@dataclass(frozen=True)
class TableRows:
    """The rows of a table: named, numbered, or one a person."""

    rows: Mapping[str, Wording] = dataclasses.field(default_factory=dict)
    row_count: int = 0
    roster_rows: bool = False
    group_by: str | None = None


def read_rows(node: Node, proof: Proofreader) -> TableRows | None:
    """Rows written as a number, as `{roster: true, maximum: …, group: …}`, or as names with their wordings."""
    if node.text is not None:
        count = proof.integer(node, "rows", 1, MAX_ROWS)
        return None if count is None else TableRows(row_count=count)
    if "roster" in node.entries:
        values = read_keys(node.entries, ROSTER_ROWS, proof, node)
        if values.get("roster") is False:
            proof.report(node.entries["roster"], _("`roster: false` says nothing. Write `rows: 30`, or name the rows."))
            return None
        if "maximum" not in values:
            return None
        return TableRows(row_count=values["maximum"], roster_rows=True, group_by=values.get("group"))
    rows = Labelled().read(node, proof, "rows")
    if rows is None:
        return None
    if len(rows) > MAX_ROWS:
        proof.report(
            node,
            _("`rows` has {count} entries. Divide the table: {max_rows} rows at most.").format(
                count=len(rows), max_rows=MAX_ROWS
            ),
        )
    return TableRows(rows=rows, row_count=len(rows))


def read_columns(node: Node, proof: Proofreader) -> tuple[TableColumn, ...] | None:
    members = proof.members(node, "columns")
    if members is None:
        return None
    columns: list[TableColumn | None] = []
    lines: dict[str, int] = {}
    for member in members:
        column = _read_column(member, proof)
        columns.append(column)
        if column is None:
            continue
        if column.column in lines:
            proof.report(
                member,
                _("the column `{column}` stands twice (first on line {value}). Rename one.").format(
                    column=column.column, value=lines[column.column]
                ),
            )
        lines.setdefault(column.column, member.line)
    return tuple(column for column in columns if column is not None)


def _read_column(node: Node, table: Proofreader) -> TableColumn | None:
    kinds = [name for name in node.entries if name in TABLE_COLUMNS]
    if len(kinds) != 1:
        name = next(iter(node.entries), node.text or "")
        if kinds:
            both = " and ".join(f"`{kind}`" for kind in kinds)
            table.report(node, _("{both} stand in one column. Begin each with a dash of its own.").format(both=both))
        elif name:
            table.report(
                node,
                _("unknown kind of column `{name}`.{hint}").format(
                    name=name, hint=suggest_or_list(name, TABLE_COLUMNS)
                ),
            )
        else:
            table.report(node, _("a column is empty. Write it as `- {tick: absent, label: Absent}`."))
        return None
    kind = kinds[0]
    name = node.entries[kind].text or kind
    proof = table.within(f"{table.place}, column `{name}`")
    values = read_keys(node.entries, {kind: FIELD_ID_KEY, **TABLE_COLUMNS[kind]}, proof, node)
    comb = read_comb(node, values, proof) if kind == "comb" else None
    if kind not in values or "label" not in values or (kind == "comb" and comb is None):
        return None
    common = {"column": values[kind], "label": values["label"], "width": values.get("width")}
    if comb is not None:
        content, cells, demand = comb
        return TableColumn(
            kind="comb", content=content, cells=cells, roster=values.get("roster"), demand=demand, **common
        )
    if kind == "tick":
        return TableColumn(
            kind="tick",
            options=values.get("options", {}),
            multiple=values.get("multiple", False),
            demand=demand_of(values),
            **common,
        )
    return TableColumn(kind="text", roster=values.get("roster"), lines=values.get("lines", 1), **common)
