"""A reader for tests that are about files, not about reading."""

from __future__ import annotations

from pathlib import Path

from papier.ocr.scan import RejectedPage, ScannedPage
from papier.records import FieldReading, PageReading, PageStatus, State
from papier.store.sheets import StoreRegister
from papier.store.workspace import Workspace
from simulator.interruptions import RecordedReader, page_digest


class PlainReader(RecordedReader):
    """Says of every page that it is sheet X, page 1, of its own file."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(StoreRegister(workspace), {})

    def read_page(self, page: ScannedPage | RejectedPage) -> list[PageReading]:
        field = FieldReading("nom", "comb", page_digest(page)[:8], State.SURE, 0.9999)
        return [PageReading(page.source, page.index, PageStatus.READ, "carnet/essai", 1, None, 1, None, {"nom": field})]


def inbox(workspace: Workspace) -> list[Path]:
    return sorted(workspace.inbox.iterdir())
