"""Fields that go before the rest of their record: what is due, and that nothing of it stays behind.

As `papier.retention` for whole records, and in its order: one transaction, then the files, then the store is packed.
What a case rests on stays with the case, and is told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Engine

from papier.forms.layout import Layout
from papier.ocr.masking import field_zones, mask_page
from papier.ocr.pages import load_page
from papier.ocr.scan import GreyImage, ScannedPage
from papier.records import PageReading, PageStatus, Quad
from papier.retention import finish_purge, last_day, masked_scan
from papier.store.connection import reading, writing
from papier.store.field_purge import held_by_cases, take_out_fields
from papier.store.purge import KeptRecord, PageOfRecord, kept_records, pages_of
from papier.store.workspace import Workspace


@dataclass(frozen=True)
class DueField:
    """A field that has been kept as long as its form says. `until`: the last day; `held`: the case that rests on it."""

    record: KeptRecord
    field: str
    until: dt.date
    held: int | None = None


def find_due_fields(engine: Engine, today: dt.date, form: str | None = None) -> list[DueField]:
    """The fields whose time is over, of records whose own is not; oldest first."""
    due = []
    with reading(engine) as connection:
        for record in kept_records(engine, form):
            whole = last_day(record)
            if not record.fields or (whole is not None and whole < today):
                continue
            over = {
                name: until for name in record.fields if (until := last_day(record, name)) is not None and until < today
            }
            held = held_by_cases(connection, record.record, over) if over else {}
            due += [DueField(record, name, until, held.get(name)) for name, until in over.items()]
    return due


def purge_fields(workspace: Workspace, engine: Engine, due: Sequence[DueField], now: dt.datetime, basis: str) -> int:
    """Take these fields out for good, but those that a case rests on; gives how many went.

    Each scan that shows one is replaced by a copy in which its place is white. Raises StoreError where a scan cannot be
    read.
    """
    gone: dict[int, set[str]] = {}
    for entry in due:
        if entry.held is None:
            gone.setdefault(entry.record.record, set()).add(entry.field)
    if not gone:
        return 0
    replaced = {
        sha256: masked_scan(workspace, pages, _Masked(pages, gone)) for sha256, pages in pages_of(engine, gone).items()
    }
    with writing(engine) as connection:
        take_out_fields(connection, gone, replaced, now, basis)
    finish_purge(workspace, engine)
    return sum(map(len, gone.values()))


@dataclass(frozen=True)
class _Masked:
    """The pages of a scan without these fields."""

    pages: Sequence[PageOfRecord]
    gone: Mapping[int, set[str]]

    def __call__(self, path: Path, index: int) -> tuple[GreyImage, float | None]:
        page = load_page(path, index)
        if not isinstance(page, ScannedPage):
            return np.full((585, 413), 255, np.uint8), None
        height, width = page.pixels.shape
        whole: Quad = (0.0, 0.0, float(width), 0.0, float(width), float(height), 0.0, float(height))
        quads: list[Quad] = []
        for entry in self.pages:
            fields = self.gone.get(entry.record) if entry.record is not None else None
            if entry.source_page != index or fields is None or entry.frozen is None:
                continue
            if entry.to_scan is None or entry.page is None:
                # Nobody knows where on this page the field stands.
                quads.append(whole)
                continue
            rects = field_zones(Layout.from_frozen(entry.frozen), entry.page, fields)
            quads += [_on_scan(entry.to_scan, rect.corners()) for rect in rects]
        if not quads:
            return page.pixels, page.dpi
        shown = PageReading(str(path), index, PageStatus.READ, outline=whole, paper_only=tuple(quads))
        return mask_page(page.pixels, [shown]), page.dpi


def _on_scan(to_scan: Sequence[float], corners: np.ndarray) -> Quad:
    matrix = np.asarray(to_scan, dtype=np.float64).reshape(3, 3)
    placed = np.column_stack([corners, np.ones(len(corners))]) @ matrix.T
    return tuple(float(value) for value in (placed[:, :2] / placed[:, 2:]).ravel())
