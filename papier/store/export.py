"""Records as tables: CSV that LibreOffice and Excel open right, JSON that programs read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from papier.store.records import StoredRecord

# A cell that begins so would be run as a formula by a spreadsheet (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

COLUMNS = ("record", "sheet", "revision", "form", "version", "status", "flag", "created_at")


def to_csv(found: Sequence[StoredRecord]) -> str:
    """One row a record, a column a field, separated by semicolons, with the mark that Excel knows UTF-8 by.

    Where people corrected a field, a further column says who.

    Values that a spreadsheet would take for a formula get an apostrophe before them; so do digits whose leading zeros
    it would drop.
    """
    people = list(dict.fromkeys(name for record in found for name in record.person))
    fields = list(dict.fromkeys(name for record in found for name in record.fields))
    checked = {name for record in found for name, entry in record.fields.items() if "checked" in entry}
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    header = [*COLUMNS, *(f"roster.{name}" for name in people)]
    for name in fields:
        header += [name, f"{name}.state", *([f"{name}.by"] if name in checked else [])]
    writer.writerow([_cell(name) for name in header])
    for record in found:
        row: list[Any] = [getattr(record, name) for name in COLUMNS] + [record.person.get(name) for name in people]
        for name in fields:
            entry = record.fields.get(name)
            row += [None, None] if entry is None else [entry["value"], entry["state"]]
            if name in checked:
                row.append(None if entry is None else entry.get("checked", {}).get("who"))
        writer.writerow([_cell(value) for value in row])
    return "\ufeff" + stream.getvalue()


def to_json(found: Sequence[StoredRecord]) -> str:
    """A JSON array of records."""
    return json.dumps([record.to_json() for record in found], ensure_ascii=False, indent=1)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    text = ", ".join(value) if isinstance(value, list) else str(value)
    text = text.replace("\x00", "")
    leading_zero = len(text) > 1 and text[0] == "0" and text.isdigit()
    # More than 15 digits lose their end in a spreadsheet's floating-point numbers.
    long_number = text.isdigit() and len(text) >= 12
    if text.startswith(FORMULA_STARTS) or leading_zero or long_number:
        return "'" + text
    return text
