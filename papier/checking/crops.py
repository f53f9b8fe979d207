"""The picture that belongs to an item of the queue, cut out of the archived scan."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from papier.checking.item import CheckItem
from papier.checking.known import find_frozen, opened
from papier.checking.wording import reason_words
from papier.errors import ScanFileError
from papier.forms.definition import Demand
from papier.forms.layout import Layout
from papier.geometry import RectMm
from papier.language import translate as _
from papier.ocr.crops import CLOSE, CONTEXT, CROP_DPI, cut_field, mark_rect, to_png, whole_page
from papier.ocr.pages import load_page
from papier.ocr.scan import GreyImage, RejectedPage, ScannedPage
from papier.store.archive import archive_path
from papier.store.connection import reading
from papier.store.tables import pages, readings, records, scans, sheets
from papier.store.vault import readable
from papier.store.workspace import Workspace

# Items come page by page: whoever checks one field of a page looks at its next.
PAGES_KEPT = 2
# What stands at the right of a box: about as much as a short answer takes.
LABELS_MM, MIN_CHOICES = 38.0, 2
# Of a long row of cells: enough after the last character to see that nothing more is written.
LEAST_CELLS, MORE_CELLS = 10, 4


def crop(workspace: Workspace, item: CheckItem, *, engine: Engine | None = None) -> bytes:
    """The picture of an item as PNG: its field with what stands around it, else its whole page.

    What a form keeps on paper only is white. Raises ScanFileError where there is no picture to show.
    """
    return to_png(crop_pixels(workspace, item, engine=engine))


def crop_pixels(
    workspace: Workspace,
    item: CheckItem,
    *,
    engine: Engine | None = None,
    dpi: float = CROP_DPI,
    close: bool = False,
    written: bool = False,
) -> GreyImage:
    """As `crop`, as grey pixels; `close`: the field fills the picture, for where there is little room.

    `written`: of a long row of cells only those that anything was read in, and some more.
    """
    with opened(workspace, engine) as store, reading(store) as connection:
        row = connection.execute(
            select(pages, scans.c.suffix, scans.c.name, scans.c.purged_at, sheets.c.layout)
            .join(scans, scans.c.sha256 == pages.c.scan)
            .outerjoin(sheets, sheets.c.number == pages.c.sheet)
            .where(pages.c.page_id == item.page_id)
        ).first()
        if row is None or row.purged_at is not None:
            raise ScanFileError(
                _("There is no picture of {label} any more. Look at the paper.").format(label=item.label)
            )
        layout = None if row.form is None else find_frozen(connection, row.layout, row.form, row.version or 0)
        rect = _rect_of(connection, item)
    if rect is not None and (written or close):
        rect = _written_part(rect, item)
    page = _load(workspace, archive_path(workspace.archive, row.scan, row.suffix), row.source_page)
    if isinstance(page, RejectedPage):
        raise ScanFileError(
            _("The picture of {label} cannot be shown: {why}").format(label=item.label, why=reason_words(page.reason))
        )
    if rect is None or row.to_scan is None or layout is None:
        return whole_page(page)
    secret = _secret(layout, row.page or 1)
    context = CLOSE if close else CONTEXT
    around = _with_labels(rect, item, layout)
    pixels, shown = cut_field(page, json.loads(row.to_scan), layout.size_mm, around, secret, dpi, context)
    return pixels if close else mark_rect(pixels, shown, rect)


def _rect_of(connection: Connection, item: CheckItem) -> RectMm | None:
    """Where the field stands on its sheet."""
    if item.field is None or item.record is None:
        return None
    found = connection.execute(
        select(readings.c.rect)
        .join(records, records.c.record == readings.c.record)
        .where(readings.c.record == item.record, readings.c.field == item.field)
    ).scalar()
    return None if found is None else RectMm.from_list(json.loads(found))


def _with_labels(rect: RectMm, item: CheckItem, layout: Layout) -> RectMm:
    """Boxes with the words at the right of the last of them; in a table the words stand above."""
    if item.zone != "tick" or "." in (item.field or "") or len(item.options) < MIN_CHOICES:
        return rect
    return RectMm(rect.x, rect.y, min(rect.width + LABELS_MM, layout.size_mm[0] - rect.x), rect.height)


def _written_part(rect: RectMm, item: CheckItem) -> RectMm:
    """The cells up to the end of the longest candidate, and MORE_CELLS more; all where nothing could be read."""
    longest = max((len(one.shown) for one in item.candidates if one.shown != "–"), default=0)
    shown = max(LEAST_CELLS, longest + MORE_CELLS)
    if item.zone != "comb" or not longest or shown >= item.cells:
        return rect
    return RectMm(rect.x, rect.y, rect.width * shown / item.cells, rect.height)


def _secret(layout: Layout, number: int) -> list[RectMm]:
    return [zone.rect for zone in layout.page(number).zones if layout.demands.get(zone.field, Demand()).paper_only]


@lru_cache(maxsize=PAGES_KEPT)
def _load(workspace: Workspace, path: Path, index: int) -> ScannedPage | RejectedPage:
    with readable(path, workspace.vault) as plain:
        return load_page(plain, index)
