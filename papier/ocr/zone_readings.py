"""All zones of one registered page, kind by kind in batches, put together as readings of fields."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

from papier.forms.definition import Demand
from papier.forms.layout import Layout, LayoutPage, Zone
from papier.geometry import bounding_rect
from papier.ocr.ink import InkPage
from papier.ocr.lost_paper import find_lost
from papier.ocr.print_patches import PrintedFace
from papier.ocr.scan import RegisteredPage
from papier.ocr.zones.comb import CellReader, SecondCellReader, read_combs
from papier.ocr.zones.lines import LineReader, read_lines
from papier.ocr.zones.printed_lines import read_printed_lines
from papier.ocr.zones.signature import read_signatures
from papier.ocr.zones.tick import read_ticks
from papier.ocr.zones.typed import read_typed
from papier.records import FieldReading, OptionState, State

PAPER_ONLY = "kept on paper only"


def read_zones(
    page: RegisteredPage,
    layout: Layout,
    layout_page: LayoutPage,
    face: PrintedFace,
    reader: CellReader,
    prefilled: Mapping[str, str],
    *,
    known_values: Mapping[str, Sequence[str]] | None = None,
    people: Sequence[Sequence[Mapping[str, str]]] = (),
    printed_on: dt.date | None = None,
    line_reader: LineReader | None = None,
    second_reader: SecondCellReader | None = None,
) -> dict[str, FieldReading]:
    """The readings of every field that has a zone on this page, in the layout's order.

    `prefilled`: the printed value of a field, by field; `known_values`: what the roster knows of a field, and `people`
    the same by person (`KnownSheet`); `printed_on`: the day on which the sheet was printed. Fields that the form keeps
    on paper only are not looked at: their reading has no value and says why.
    """
    fields: dict[str, list[Zone]] = {}
    for zone in layout_page.zones:
        fields.setdefault(zone.field, []).append(zone)
    demands = {field: layout.demands.get(field, Demand()) for field in fields}
    readings: dict[str, FieldReading] = {}
    paper = InkPage.of(page, face)
    runs = {prefill.field: prefill for prefill in layout_page.prefills if prefill.field is not None}
    kinds: dict[str, list[str]] = {}
    for field, zones in fields.items():
        if demands[field].paper_only:
            readings[field] = _paper_only(field, zones)
        elif field in prefilled and zones[0].kind in ("lines", "typed"):
            readings[field] = read_printed_lines(paper, zones[0], runs[field], prefilled[field])
        else:
            kinds.setdefault(zones[0].kind, []).append(field)

    def zones_of(kind: str) -> list[Sequence[Zone]]:
        return [fields[field] for field in kinds.get(kind, ())]

    def firsts(kind: str) -> list[Zone]:
        return [zones[0] for zones in zones_of(kind)]

    def demanded(kind: str) -> list[Demand]:
        return [demands[field] for field in kinds.get(kind, ())]

    found = [
        *read_ticks(paper, zones_of("tick"), demanded("tick"), dense_cancels=layout.marked),
        *read_combs(
            paper,
            zones_of("comb"),
            demanded("comb"),
            reader,
            prefilled=prefilled,
            known_values=known_values or {},
            people=people,
            printed_on=printed_on,
            second=second_reader,
        ),
        *read_lines(paper, firsts("lines"), demanded("lines"), line_reader, known_values),
        *read_signatures(paper, firsts("signature"), demanded("signature")),
        *read_typed(paper, firsts("typed"), demanded("typed")),
    ]
    readings.update((reading.field, reading) for reading in found)
    # Only what looks empty can be mistaken for an answer; ink is proof of paper.
    empty = {name: reading.rect for name, reading in readings.items() if reading.reason != PAPER_ONLY and reading.rect}
    lost = find_lost(paper, empty)
    readings.update((name, _lost(readings[name])) for name in lost if not readings[name].value)
    return {field: readings[field] for field in fields}


def _paper_only(field: str, zones: Sequence[Zone]) -> FieldReading:
    rect = bounding_rect(zone.rect for zone in zones)
    return FieldReading(field, zones[0].kind, None, State.BLANK, 1.0, rect=rect, reason=PAPER_ONLY)


def _lost(reading: FieldReading) -> FieldReading:
    return dataclasses.replace(
        reading,
        value=None,
        state=State.UNREADABLE,
        probability=0.0,
        candidates=(),
        options={name: dataclasses.replace(o, state=OptionState.DOUBTFUL) for name, o in reading.options.items()},
        reason="the paper is cut off or covered here",
        needs_person=True,
    )
