"""A page that was taken in without its number, read once more when a person has said what sheet it is."""

from __future__ import annotations

from sqlalchemy import Engine, select

from papier.errors import PapierError
from papier.ocr.pages import load_page
from papier.ocr.reading import Reader
from papier.records import PageReading
from papier.store.archive import archive_path
from papier.store.connection import reading
from papier.store.sheets import StoreRegister
from papier.store.tables import pages, scans
from papier.store.thresholds import apply_thresholds, load_thresholds
from papier.store.vault import readable
from papier.store.workspace import Workspace


def read_again(
    workspace: Workspace, engine: Engine, page_id: int, number: str, page: int | None = None
) -> PageReading | None:
    """What a page of the archive says as sheet `number`, its page `page` where that is known.

    None where its print does not look so, another sheet lies beside it, or there is no picture of it any more: its
    fields are asked then.
    """
    with reading(engine) as connection:
        row = connection.execute(
            select(pages.c.source_page, pages.c.scan, scans.c.suffix)
            .join(scans, scans.c.sha256 == pages.c.scan)
            .where(pages.c.page_id == page_id, scans.c.purged_at.is_(None))
        ).first()
        if row is None:
            return None
        beside = select(pages.c.page_id).where(pages.c.scan == row.scan, pages.c.source_page == row.source_page)
        if len(connection.execute(beside).all()) > 1:
            # Several sheets on one glass: which of them is meant, the picture does not say.
            return None
    register = StoreRegister(workspace)
    sheet = register.find_sheet(number)
    if sheet is None:
        return None
    try:
        with readable(archive_path(workspace.archive, row.scan, row.suffix), workspace.vault) as plain:
            found = Reader(register).read_as_sheet(load_page(plain, row.source_page), sheet, page)
    except PapierError:
        # The archive's copy is damaged, or a model is missing: `papier verify` and intake tell of it.
        return None
    return None if found is None else apply_thresholds(load_thresholds(engine), [found], register)[0]
