"""Pages for the wall and the staff room: a month's deadlines, and who has not answered, class by class.

All lengths in millimetres, origin at the page's top left.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from papier.forms.layout import Box, Item, Rule, Text
from papier.forms.styles import FRAME_GREY, HAIR_GREY, HELP_GREY, TINT
from papier.forms.typefaces import text_width
from papier.forms.typography import break_lines, french_typography
from papier.geometry import RectMm
from papier.workflows.calendar import FRANCE, Region, find_holiday
from papier.workflows.deadlines import MONTHS, WEEKDAYS

A4, A4_LANDSCAPE = (210.0, 297.0), (297.0, 210.0)
MARGIN = 12.0
ROW = 7.0
SIGN = 1.8
# Letters of a deadline, in points, and the distance of their lines in millimetres: as large as the day leaves room.
SIZES = ((10.5, 4.5), (9.0, 4.0), (7.5, 3.6))


@dataclass(frozen=True, slots=True)
class WallDue:
    """One deadline on the wall. `ours`: we must act by then; else the day after which the other side is late."""

    day: dt.date
    words: str
    ours: bool


def month_page(year: int, month: int, dues: Sequence[WallDue], region: Region = FRANCE) -> list[Item]:
    """A month, Monday to Sunday, with its deadlines and public holidays; A4 on its side."""
    width, height = A4_LANDSCAPE
    weeks = calendar.Calendar().monthdatescalendar(year, month)
    left, top = MARGIN, 34.0
    cell_width = (width - 2 * MARGIN) / 7
    cell_height = (height - top - MARGIN) / len(weeks)
    items: list[Item] = [
        Text(left, 19.0, f"Échéances de {MONTHS[month - 1]} {year}", "bold", 17.0),
        *_legend(width - left, 19.0),
    ]
    items += [
        Text(left + cell_width * (at + 0.5), 31.0, weekday.capitalize(), "bold", 10.0, 0.0, "centre")
        for at, weekday in enumerate(WEEKDAYS)
    ]
    by_day: dict[dt.date, list[WallDue]] = {}
    for due in dues:
        by_day.setdefault(due.day, []).append(due)
    for week, days in enumerate(weeks):
        for at, day in enumerate(days):
            rect = RectMm(left + cell_width * at, top + cell_height * week, cell_width, cell_height)
            items += _day_cell(day, rect, by_day.get(day, []), day.month == month, region)
    return items


def _day_cell(day: dt.date, rect: RectMm, dues: Sequence[WallDue], own: bool, region: Region) -> list[Item]:
    holiday = find_holiday(day, region)
    closed = day.weekday() > 4 or holiday is not None
    items: list[Item] = [Box(rect, 0.25, FRAME_GREY, TINT if closed else None)]
    if not own:
        return [*items, Text(rect.x + 1.6, rect.y + 4.6, str(day.day), "regular", 9.0, 0.7)]
    items.append(Text(rect.x + 1.6, rect.y + 5.0, str(day.day), "bold", 11.0))
    if holiday is not None:
        items.append(
            Text(
                rect.right - 1.2,
                rect.y + 4.6,
                _fitted(holiday, rect.width - 10, 8.5),
                "italic",
                8.5,
                HELP_GREY,
                "right",
            )
        )
    return [*items, *_due_items(rect, dues)]


def _due_items(rect: RectMm, dues: Sequence[WallDue]) -> list[Item]:
    """The deadlines of a day, in the largest letters in which all of them have room; in the smallest, lines are cut."""
    width = rect.width - 5.4
    for size, pitch in SIZES:
        room = int((rect.height - 7.5) / pitch)
        broken = [break_lines(french_typography(due.words), width, "regular", size) for due in dues]
        if sum(len(lines) for lines in broken) <= room:
            break
    else:
        broken = [[_fitted(due.words, width, size)] for due in dues]
    shown = broken if sum(len(lines) for lines in broken) <= room else broken[: room - 1]
    items: list[Item] = []
    y = rect.y + 5.8 + pitch
    for due, lines in zip(dues, shown, strict=False):
        items.append(_sign(rect.x + 1.6, y, ours=due.ours))
        for line in lines:
            items.append(Text(rect.x + 4.4, y, line, "regular", size))
            y += pitch
    if len(shown) < len(dues):
        items.append(Text(rect.x + 1.4, y, f"… et {len(dues) - len(shown)} autres", "italic", size, HELP_GREY))
    return items


def _sign(x: float, y: float, *, ours: bool) -> Item:
    """A small square before a deadline on baseline `y`: full where we must act, empty where we wait."""
    return Box(RectMm(x, y - SIGN, SIGN, SIGN), 0.3, 0.0, 0.0 if ours else None)


def _legend(right: float, y: float) -> list[Item]:
    words = ("à nous d’agir avant ce jour", "l’autre partie a jusqu’à ce jour")
    x = right - sum(text_width(text, "regular", 9.0) for text in words) - 14.0
    items: list[Item] = []
    for text, ours in zip(words, (True, False), strict=True):
        items += [_sign(x, y, ours=ours), Text(x + 3.2, y, text, "regular", 9.0, 0.2)]
        x += text_width(text, "regular", 9.0) + 10.0
    return items


def missing_pages(title: str, day: str, groups: Mapping[str, Sequence[tuple[str, str, str, str]]]) -> list[list[Item]]:
    """Who has not answered, a page or more a class: name, what is awaited, since when, sheet number; A4 upright."""
    pages: list[list[Item]] = []
    width, height = A4
    each = int((height - 44.0 - MARGIN) / ROW)
    columns = (MARGIN, MARGIN + 62.0, MARGIN + 118.0, MARGIN + 144.0)
    room = (60.0, 54.0, 24.0, width - MARGIN - columns[3])
    for group, rows in groups.items():
        parts = [rows[start : start + each] for start in range(0, len(rows), each)] or [()]
        for at, part in enumerate(parts, 1):
            items: list[Item] = [
                Text(MARGIN, 19.0, french_typography(title), "bold", 16.0),
                Text(MARGIN, 27.0, f"{group or 'Sans classe'} · {len(rows)} · {day}", "regular", 11.0, 0.2),
                Text(width - MARGIN, 27.0, f"page {at}/{len(parts)}", "regular", 9.0, HELP_GREY, "right"),
            ]
            heads = ("Pour", "Attendu", "Depuis le", "Feuille")
            items += [Text(x, 37.0, head, "bold", 10.0) for x, head in zip(columns, heads, strict=True)]
            items.append(Rule(MARGIN, 39.0, width - MARGIN, 39.0, 0.4, 0.2))
            for place, row in enumerate(part):
                y = 44.0 + ROW * place
                items += [
                    Text(x, y, _fitted(text, most, 10.0), "regular", 10.0)
                    for x, most, text in zip(columns, room, row, strict=True)
                ]
                items.append(Rule(MARGIN, y + 2.0, width - MARGIN, y + 2.0, 0.2, HAIR_GREY))
            pages.append(items)
    return pages


def _fitted(text: str, room: float, size: float) -> str:
    """The text, cut with an ellipsis where it is wider than `room`."""
    text = french_typography(text)
    if text_width(text, "regular", size) <= room:
        return text
    while text and text_width(text + "…", "regular", size) > room:
        text = text[:-1]
    return text.rstrip() + "…"
