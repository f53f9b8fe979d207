"""A batch: files that came close together, and what there is to say of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from papier.devices.watching import Refused
from papier.intake import TakenIn, find_missing_pages
from papier.language import translate as _
from papier.ocr.register import SheetRegister
from papier.records import PageReading, PageStatus
from papier.store.records import find_filed_pages
from papier.watch_state import BatchSummary

ASKING = (PageStatus.DOUBTFUL, PageStatus.COPY, PageStatus.DAMAGED, PageStatus.UNKNOWN)


@dataclass(frozen=True)
class Batch:
    """Files that came close together, and what became of them."""

    taken: tuple[TakenIn, ...]
    aside: tuple[Refused, ...]


def summarise(batch: Batch, now: dt.datetime, engine: Engine, register: SheetRegister) -> BatchSummary:
    """The batch in numbers, with the pages that lack of its sheets."""
    pages = [page for taken in batch.taken for page in taken.pages or ()]
    return BatchSummary(
        now.isoformat(),
        len(batch.taken),
        len(pages),
        len({page.record for page in pages if page.record is not None}),
        sum(page.reading.status in ASKING and page.reading.reason != "blank page" for page in pages),
        len(batch.aside),
        _missing([page.reading for page in pages], engine, register),
    )


def _missing(readings: Sequence[PageReading], engine: Engine, register: SheetRegister) -> list[str]:
    """A line for each sheet of the batch of which a page did not come."""
    before = find_filed_pages(engine, {reading.sheet for reading in readings if reading.sheet})
    return [
        _("Sheet {number}: page {pages} did not come with the others. Was it fed with another? Scan it too.").format(
            number=number, pages=", ".join(map(str, pages))
        )
        for number, pages in find_missing_pages(readings, register, before).items()
    ]
