"""What a layout says of its fields in words: their demands, their labels, the labels of their boxes."""

from __future__ import annotations

from collections.abc import Iterable

from papier.forms.definition import Demand, FormDefinition, GridField, TableField, TickField, Wording
from papier.forms.zones.table import column_options, table_rows


def describe_fields(
    form: FormDefinition,
) -> tuple[dict[str, Demand], dict[str, str], dict[str, dict[str, str]]]:
    """Demand, French label and French option labels by field; one entry a row of a grid, a cell of a table."""
    demands: dict[str, Demand] = {}
    labels: dict[str, str] = {}
    options: dict[str, dict[str, str]] = {}

    def add(name: str, demand: Demand, label: str, choices: Iterable[tuple[str, Wording]] = ()) -> None:
        demands[name], labels[name] = demand, label
        listed = {option: wording.fr for option, wording in choices}
        if listed:
            options[name] = listed

    for field in form.fields():
        if isinstance(field, GridField):
            for row, wording in field.rows.items():
                add(f"{field.field}.{row}", field.demand, f"{field.label.fr} – {wording.fr}", field.options.items())
        elif isinstance(field, TableField):
            for row, wording in table_rows(field).items():
                for column in field.columns:
                    if column.kind == "text":
                        continue
                    label = f"{wording.fr or row} – {column.label.fr}"
                    choices = column_options(column).items() if column.kind == "tick" else ()
                    add(f"{field.field}.{row}.{column.column}", column.demand, label, choices)
        else:
            choices = field.options.items() if isinstance(field, TickField) else ()
            add(field.field, field.demand, field.label.fr, choices)
    return demands, labels, options
