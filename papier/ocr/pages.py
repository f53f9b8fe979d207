"""From a scan file to its pages, one at a time.

What cannot be read at all raises ScanFileError; a page that cannot be decoded is a RejectedPage, and the next one
follows. What a file is, its content says: names lie.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from papier.errors import ScanFileError, os_words
from papier.language import translate as _
from papier.ocr.image_pages import ImagePages
from papier.ocr.pdf_pages import PdfPages
from papier.ocr.scan import RejectedPage, ScannedPage

# PDF readers accept its header anywhere in the first kilobyte (ISO 32000-1, annex H, note 13).
PDF_HEADER = b"%PDF-"
PDF_HEADER_WITHIN = 1024


class ScanFileKind(StrEnum):
    PDF = "pdf"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class ScanFile:
    """A file that holds scanned pages. `page_count` is how many it states; each gives a page or its rejection."""

    path: Path
    kind: ScanFileKind
    page_count: int

    def pages(self) -> Iterator[ScannedPage | RejectedPage]:
        """All pages in order. One is in memory at a time, where the caller keeps none."""
        with _open(self.path, self.kind) as pages:
            for index in range(1, self.page_count + 1):
                yield pages.load(index)

    def page(self, index: int) -> ScannedPage | RejectedPage:
        """Page `index`, from 1; raises IndexError beyond the last. The file is opened for this page alone."""
        return _load(self.path, self.kind, index)


def open_scan(path: Path) -> ScanFile:
    """Look at a file and count its pages; decodes none.

    Raises ScanFileError where it is missing, empty, locked, damaged as a whole, or no scan.
    """
    kind = find_kind(path)
    with _open(path, kind) as pages:
        return ScanFile(path, kind, len(pages))


def count_pages(path: Path) -> int:
    """How many pages the file has; raises ScanFileError like `open_scan`."""
    return open_scan(path).page_count


def iterate_pages(path: Path) -> Iterator[ScannedPage | RejectedPage]:
    """All pages of a file, lazily; raises ScanFileError at once, before the first page is asked for."""
    return open_scan(path).pages()


def open_pages(path: Path) -> PdfPages | ImagePages:
    """The pages of a file, to be loaded by their numbers from 1 and closed; raises ScanFileError like `open_scan`."""
    return _open(path, find_kind(path))


def load_page(path: Path, index: int) -> ScannedPage | RejectedPage:
    """Page `index` of a file, from 1; the file is opened for this page alone.

    Raises ScanFileError like `open_scan`, IndexError beyond the last page.
    """
    return _load(path, find_kind(path), index)


def find_kind(path: Path) -> ScanFileKind:
    """What the file's first bytes say it is. Raises ScanFileError where there is nothing to read."""
    try:
        if not path.exists():
            raise ScanFileError(_("{path}: there is no such file. Check its name.").format(path=path))
        # Pipes and devices would never end.
        if not path.is_file():
            raise ScanFileError(_("{path}: this is not a file. Name the scan files themselves.").format(path=path))
        with path.open("rb") as file:
            head = file.read(PDF_HEADER_WITHIN + len(PDF_HEADER))
    except OSError as error:
        raise ScanFileError(
            _("{path}: the file cannot be read: {why}. Check its permissions.").format(path=path, why=os_words(error))
        ) from error
    if not head:
        raise ScanFileError(_("{path}: the file is empty. Scan the sheets again.").format(path=path))
    if not any(head):
        raise ScanFileError(
            _("{path}: the file begins with nothing but zeros. Copy it again, or scan the sheets again.").format(
                path=path
            )
        )
    return ScanFileKind.PDF if PDF_HEADER in head else ScanFileKind.IMAGE


def _load(path: Path, kind: ScanFileKind, index: int) -> ScannedPage | RejectedPage:
    with _open(path, kind) as pages:
        if not 1 <= index <= len(pages):
            raise IndexError(f"{path} has {len(pages)} pages, no page {index}")
        return pages.load(index)


def _open(path: Path, kind: ScanFileKind) -> PdfPages | ImagePages:
    return PdfPages(path, str(path)) if kind is ScanFileKind.PDF else ImagePages(path, str(path))
