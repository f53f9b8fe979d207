"""Roster values on their way to paper: what is printed where, and what cannot be printed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from papier.forms.layout import Layout, LayoutPage, Prefill, Zone
from papier.forms.prose import line_metrics
from papier.forms.typefaces import text_width
from papier.forms.typography import PLACEHOLDER, break_lines
from papier.language import translate as _

Values = Mapping[str, str]

# Under this size print is no longer read at arm's length.
MIN_VALUE_SIZE = 6.0
TOLERANCE = 1e-6

_PLAIN_COLUMN = re.compile(r"^[^{}]+$")
_DIGIT_CONTENTS = frozenset({"digits", "telephone", "postcode", "nir", "number"})


def fill_template(template: str, values: Values) -> str | None:
    """`template` with every `{column}` replaced; None when no column of it has a value."""
    names = PLACEHOLDER.findall(template)
    found = {name: (values.get(name) or "").strip() for name in names}
    if names and not any(found.values()):
        return None
    return re.sub(r" {2,}", " ", PLACEHOLDER.sub(lambda match: found[match[1]], template)).strip()


def fill_whole(template: str, values: Values) -> str | None:
    """`template` with every `{column}` replaced; None when a value lacks: half an address is none."""
    if not all((values.get(name) or "").strip() for name in PLACEHOLDER.findall(template)):
        return None
    return fill_template(template, values)


def printed_value(prefill: Prefill, zone: Zone | None, values: Values) -> str | None:
    """What stands in the place of a prefill before its shape is looked at; None leaves it to the hand."""
    if zone is None or zone.kind != "lines":
        return fill_template(prefill.template, values)
    value = fill_whole(prefill.template, values)
    return value.replace("\n", ", ") if value is not None and prefill.lines == 1 else value


def comb_characters(zone: Zone, value: str) -> str | None:
    """The characters printed into the cells of `zone`; None when the value is no such thing or too long."""
    content = zone.content or "mixed"
    if content == "date":
        day = parse_day(value)
        return None if day is None else f"{day:%d%m}{day.year:04d}"
    if content == "hour":
        found = re.fullmatch(r"\s*(\d{1,2})\s*[:hH]?\s*(\d{2})\s*", value)
        if not found or int(found[1]) > 23 or int(found[2]) > 59:
            return None
        return f"{int(found[1]):02d}{found[2]}"
    if content in _DIGIT_CONTENTS:
        text = re.sub(r"[\s.\-\u00a0\u202f/]", "", value).upper()
        if content == "telephone":
            text = re.sub(r"^(?:\+|00)33\(?0?\)?", "0", text)
        if content in ("telephone", "postcode", "nir") and len(text) != len(zone.cells):
            return None
    else:
        text = re.sub(r"[\s\u00a0\u202f]+", " ", value.strip()).upper()
    return text if text and len(text) <= len(zone.cells) else None


def parse_day(value: str) -> dt.date | None:
    """A day written 2026-10-01, 01/10/2026, 1.10.2026 or 01102026."""
    text = value.strip()
    found = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?", text)
    if found:
        year, month, day = (int(part) for part in found.groups())
    else:
        found = re.fullmatch(r"(\d{1,2})[/. \-](\d{1,2})[/. \-](\d{4})", text) or re.fullmatch(
            r"(\d{2})(\d{2})(\d{4})", text
        )
        if not found:
            return None
        day, month, year = (int(part) for part in found.groups())
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def prefilled_values(layout: Layout, values: Values, rows: Sequence[Values] = ()) -> dict[str, str]:
    """What the printer writes into the fields of one sheet, as a reading would give it (ISO dates, HH:MM).

    Fields without a value, or whose value cannot be printed whole, are left out and stay to be written by hand.
    """
    found: dict[str, str] = {}
    for page in layout.pages:
        for prefill, zone, value in field_prefills(page, values, rows):
            if value is None or prefill.field is None:
                continue
            printed = stored_value(zone, value)
            if printed is None:
                continue
            found[prefill.field] = printed
    return found


def stored_value(zone: Zone | None, value: str) -> str | None:
    """A roster's value as a reading of `zone` would give it (ISO dates, HH:MM); None where it cannot stand there."""
    if zone is None or zone.kind != "comb":
        return value
    characters = comb_characters(zone, value)
    if characters is None:
        return None
    if zone.content == "date":
        return f"{characters[4:]}-{characters[2:4]}-{characters[:2]}"
    return f"{characters[:2]}:{characters[2:]}" if zone.content == "hour" else characters


def known_values(layout: Layout, people: Sequence[Values], printed: Collection[str]) -> dict[str, tuple[str, ...]]:
    """What these people would write into the combs that take a column of the roster but were not `printed`."""
    known: dict[str, tuple[str, ...]] = {}
    for zone, template in _written_columns(layout, printed):
        found = dict.fromkeys(value for person in people if (value := _written_value(zone, template, person)))
        if found:
            known[zone.field] = tuple(found)
    return known


def known_people(
    layout: Layout, people: Sequence[Values], printed: Collection[str]
) -> tuple[tuple[dict[str, str], ...], ...]:
    """The same by person, for each place where several of a person's columns are written: rows of values by field.

    Such a place is a row of a table, or the fields outside of tables until a column comes again: that is somebody else.
    """
    places: list[dict[str, Zone]] = []
    row: str | None = None
    for zone, template in _written_columns(layout, printed):
        its_row = table_row(zone.field)
        if not places or its_row != row or template in places[-1]:
            places.append({})
        places[-1][template] = zone
        row = its_row
    found = []
    for place in places:
        if len(place) > 1:
            rows = (
                {zone.field: value for template, zone in place.items() if (value := _written_value(zone, template, p))}
                for p in people
            )
            found.append(tuple({tuple(row.items()): row for row in rows if row}.values()))
    return tuple(rows for rows in found if rows)


def table_row(field: str) -> str | None:
    """The row of a table that a field stands in (`eleves.r3.nom` → `eleves.r3`); None outside of tables."""
    found = re.fullmatch(r"(.+\.r\d+)\.[^.]+", field)
    return found[1] if found else None


def _written_columns(layout: Layout, printed: Collection[str]) -> Iterator[tuple[Zone, str]]:
    """The combs written by hand that take something of the roster, in order, each with its template."""
    seen: set[str] = set()
    for zone in layout.zones():
        column = layout.demands[zone.field].roster if zone.field in layout.demands else None
        if column is not None and zone.kind == "comb" and zone.field not in printed and zone.field not in seen:
            seen.add(zone.field)
            yield zone, roster_template(column)


def _written_value(zone: Zone, template: str, person: Values) -> str | None:
    value = fill_template(template, person)
    return stored_value(zone, value) if value else None


def roster_template(roster: str) -> str:
    """`nom` → `{nom}`; a template stays as it is."""
    return f"{{{roster}}}" if _PLAIN_COLUMN.match(roster) else roster


def columns_left_to_hand(layout: Layout) -> frozenset[str]:
    """The columns that stand on ruled lines alone: who lacks one writes there by hand."""
    ruled, elsewhere = set[str](), set[str]()
    for page in layout.pages:
        zones = _zones_by_field(page)
        for prefill in page.prefills:
            zone = zones.get(prefill.field or "")
            (ruled if zone is not None and zone.kind == "lines" else elsewhere).update(
                PLACEHOLDER.findall(prefill.template)
            )
    return frozenset(ruled - elsewhere)


def unprintable_values(layout: Layout, values: Values, rows: Sequence[Values] = ()) -> list[str]:
    """One sentence for each value that has no room or no sense in its place; empty when the sheet prints whole."""
    problems: list[str] = []
    for page in layout.pages:
        zones = _zones_by_field(page)
        for prefill in page.prefills:
            zone = zones.get(prefill.field or "")
            value = printed_value(prefill, zone, values_of(prefill, values, rows))
            if value is None:
                continue
            if zone is not None and zone.kind == "comb":
                if comb_characters(zone, value) is None:
                    problems.append(
                        _(
                            'the value "{value}" of `{field}` is no {content} of at most {count} characters; correct '
                            "it in the roster."
                        ).format(value=value, field=prefill.field, content=zone.content, count=len(zone.cells))
                    )
            elif fitted_size(prefill, value) is None:
                problems.append(
                    _('the text "{value}" is too long for its place; shorten it in the roster.').format(value=value)
                )
    most = max((p.row + 1 for page in layout.pages for p in page.prefills if p.row is not None), default=len(rows))
    if len(rows) > most:
        problems.append(
            _("{count} people do not fit the table's {most} rows; give the table more rows.").format(
                count=len(rows), most=most
            )
        )
    return problems


def fitted_size(prefill: Prefill, value: str) -> float | None:
    """The size in points at which `value` fits the run; None when that would be too small to read."""
    if prefill.lines > 1:
        size = prefill.size
        while size >= MIN_VALUE_SIZE:
            lines = break_lines(value, prefill.width, prefill.font, size)
            # What stands on a field's ruled lines takes one each.
            pitch = prefill.pitch if prefill.field is not None else line_metrics(prefill.font, size)[0]
            if len(lines) * pitch <= prefill.lines * prefill.pitch + TOLERANCE:
                return size
            size -= 0.25
        return None
    width = text_width(value, prefill.font, prefill.size)
    size = prefill.size if width <= prefill.width else prefill.size * prefill.width / width
    return size if size >= min(MIN_VALUE_SIZE, prefill.size) else None


def ruled_runs(prefill: Prefill, value: str) -> list[tuple[str, float, float]]:
    """The lines of a value on ruled lines: text, baseline in mm, size in points. Raises ValueError: no room."""
    size = fitted_size(prefill, value)
    if size is None:
        raise ValueError(value)
    lines = [value] if prefill.lines == 1 else break_lines(value, prefill.width, prefill.font, size)
    return [(line, prefill.y + place * prefill.pitch, size) for place, line in enumerate(lines)]


def values_of(prefill: Prefill, values: Values, rows: Sequence[Values]) -> Values:
    """The roster row that a prefill takes its columns from; empty for a table row nobody stands in."""
    if prefill.row is None:
        return values
    return rows[prefill.row] if prefill.row < len(rows) else {}


def field_prefills(
    page: LayoutPage, values: Values, rows: Sequence[Values]
) -> Iterator[tuple[Prefill, Zone | None, str | None]]:
    """The prefills of a page that belong to a field, with their zone and their value."""
    zones = _zones_by_field(page)
    for prefill in page.prefills:
        if prefill.field is not None:
            zone = zones.get(prefill.field)
            yield prefill, zone, printed_value(prefill, zone, values_of(prefill, values, rows))


def _zones_by_field(page: LayoutPage) -> dict[str, Zone]:
    return {zone.field: zone for zone in page.zones if zone.kind != "tick"}
