"""Records: the list, one of them with its sheet and what was read where, and the pictures."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from papier.checking.wording import reason_words
from papier.desk.office import Office, read_number
from papier.errors import UsageError
from papier.forms.layout import Layout, Zone
from papier.geometry import RectMm
from papier.language import translate as _
from papier.ocr.pages import load_page
from papier.ocr.scan import RejectedPage
from papier.ocr.sheet_picture import draw_page, draw_sheet, to_jpeg
from papier.store.archive_file import ArchivedPage, pages_of_record, write_archive_file
from papier.store.cases import find_case_of_sheet
from papier.store.overview import known_forms, latest_records
from papier.store.papers import page_words
from papier.store.records import PURGED, StoredRecord, list_records
from papier.store.sheets import find_layout
from papier.workflows.row_words import printed_value

SHOWN = 50
# pdfium allows no threads, and a decoded page is megabytes: one picture at a time.
DRAWING = threading.Lock()


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A field as the page of its record shows it. `rects`: where it stands on its page of the sheet; of a question with
    boxes, those that are ticked. In millimetres.
    """

    field: str
    label: str
    value: str
    state: str
    probability: float
    read_by: str
    reason: str
    needs_person: bool
    page: int | None
    rects: tuple[RectMm, ...]
    has_boxes: bool


@dataclass(frozen=True, slots=True)
class SheetPage:
    """A page of a record: where its picture is, its size in millimetres, what was read on it."""

    page: int
    at: int
    scan_name: str
    source_page: int
    size_mm: tuple[float, float] | None
    fields: tuple[FieldLine, ...]


def show_list(office: Office, request: Request) -> Response:
    form = request.query_params.get("form") or None
    records = latest_records(
        office.engine, limit=SHOWN + 1, before=read_number(request.query_params.get("before")), form=form
    )
    return office.page(
        "records.html",
        records=records[:SHOWN],
        following=records[SHOWN - 1].record if len(records) > SHOWN else None,
        forms=known_forms(office.engine),
        form=form,
    )


def show(office: Office, request: Request) -> Response:
    record = find_record(office, request.path_params["record"])
    layout = find_layout(office.engine, record.form, record.version, record.sheet)
    fields = [_line(name, entry, layout) for name, entry in record.fields.items()]
    pages = [
        SheetPage(
            page["page"] or 1,
            at,
            page["scan_name"],
            page["source_page"],
            layout.size_mm if layout is not None and page["to_scan"] is not None else None,
            tuple(line for line in fields if line.rects and line.page in {page["page"], None}),
        )
        for at, page in enumerate(record.pages)
    ]
    return office.page(
        "record.html",
        record=record,
        title=record.form if layout is None else layout.title,
        name=" ".join(filter(None, (record.person.get("nom"), record.person.get("prenom")))),
        fields=fields,
        pages=[] if record.status == PURGED else pages,
        others=[
            other
            for other in (latest_records(office.engine, limit=20, sheet=record.sheet) if record.sheet else ())
            if other.record != record.record
        ],
        case=None if record.sheet is None else find_case_of_sheet(office.engine, record.sheet),
        purged=record.status == PURGED,
    )


def picture(office: Office, request: Request) -> Response:
    """The picture of one page of a record, as JPEG."""
    record = find_record(office, request.path_params["record"])
    at = request.path_params["at"]
    if record.status == PURGED or at >= len(record.pages):
        raise UsageError(_("There is no such picture."))
    layout = find_layout(office.engine, record.form, record.version, record.sheet)
    kept = record.pages[at]
    page = next(page for page in pages_of_record(office.workspace, record) if _is_of(page, kept))
    return Response(draw(page, None if layout is None else layout.size_mm), media_type="image/jpeg")


def archive_file(office: Office, request: Request) -> Response:
    """The record as an archive file: PDF/A, to look at, to print, to keep."""
    record = find_record(office, request.path_params["record"])
    if record.status == PURGED:
        raise UsageError(_("The picture is gone for good: its time was over."))
    layout = find_layout(office.engine, record.form, record.version, record.sheet)
    with DRAWING:
        data = write_archive_file(
            record, layout, pages_of_record(office.workspace, record, page_words(office.engine, record.record))
        )
    return pdf(data, f"{record.form.replace('/', '-')}-{record.sheet or record.record}.pdf")


def pdf(data: bytes | Path, name: str) -> Response:
    """A PDF that the browser shows and prints."""
    content = data if isinstance(data, bytes) else data.read_bytes()
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-" for letter in name)
    return Response(
        content, media_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{plain}"'}
    )


def draw(page: ArchivedPage, size_mm: tuple[float, float] | None) -> bytes:
    """A page as JPEG: its sheet upright where one is known on it."""
    with DRAWING, page.opened() as readable:
        loaded = load_page(readable.path, readable.source_page)
        if isinstance(loaded, RejectedPage):
            raise UsageError(reason_words(loaded.reason))
        if page.to_scan is None or size_mm is None:
            return to_jpeg(draw_page(loaded.pixels))
        return to_jpeg(draw_sheet(loaded.pixels, page.to_scan, size_mm))


def find_record(office: Office, number: int) -> StoredRecord:
    """Raises UsageError where there is no such record."""
    found = list_records(office.engine, record=number)
    if not found:
        raise UsageError(_("There is no record {number}.").format(number=number))
    return found[0]


def _is_of(page: ArchivedPage, kept: Mapping[str, Any]) -> bool:
    return page.path.name.startswith(kept["scan"]) and page.source_page == kept["source_page"]


def _line(name: str, entry: Mapping[str, Any], layout: Layout | None) -> FieldLine:
    value = entry["value"]
    labels = {} if layout is None else layout.option_labels.get(name, {})
    page, zones = _zones_of(name, layout)
    rects: tuple[RectMm, ...] = () if entry["rect"] is None else (RectMm.from_list(entry["rect"]),)
    if isinstance(value, list):
        text = ", ".join(labels.get(option, option) for option in value)
        rects = tuple(zone.rect for zone in zones if zone.option in value)
    elif isinstance(value, bool):
        text = _("yes") if value else _("no")
    else:
        text = "" if value is None else printed_value(str(value))
    return FieldLine(
        name,
        name if layout is None else layout.labels.get(name) or name,
        text,
        entry["state"],
        entry["probability"],
        entry["read_by"],
        reason_words(entry["reason"], labels),
        entry["needs_person"],
        page,
        rects,
        isinstance(value, list),
    )


def _zones_of(name: str, layout: Layout | None) -> tuple[int | None, tuple[Zone, ...]]:
    """On which page of its sheet a field stands, and its zones there."""
    for page in () if layout is None else layout.pages:
        zones = tuple(zone for zone in page.zones if zone.field == name)
        if zones:
            return page.page, zones
    return None, ()
