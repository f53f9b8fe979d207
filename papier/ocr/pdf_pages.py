"""PDF files as pages of grey pixels.

A page that shows one image (a scan) gives the pixels of that image at its own resolution, turned as the page shows it;
text laid invisibly under or over it by a copier's own recogniser changes nothing. Any other page is drawn: several
images, strips, the layers of a "compact PDF", text, filled form fields.
"""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from papier.errors import ScanFileError, os_words
from papier.language import translate as _
from papier.ocr.pdf_content import PageContent, PlacedImage, find_content, find_fill, has_annotations, is_stencil
from papier.ocr.pdf_structure import (
    LOST,
    TOO_COMPLEX,
    PageFacts,
    PdfStructure,
    find_encoded_size,
    is_whole_deflate,
    is_whole_jbig2,
    is_whole_jpeg,
)
from papier.ocr.pixels import MAX_PAGES, MAX_PIXELS, find_plausible_dpi, to_square_pixels, too_large
from papier.ocr.scan import GreyImage, RejectedPage, ScannedPage

POINTS_PER_INCH = 72.0

# What text and drawings are rendered at: what the readers are made for.
DRAWN_DPI = 300.0

# Finer than any pen stroke; layers of compact PDFs may state more.
MAX_DRAWN_DPI = 600.0

# Below this no sheet number can be read, and only a page larger than A0 comes here.
MIN_DRAWN_DPI = 100.0

# A3 at 600 dpi is 70 megapixels; a drawing buffer beyond serves nobody.
MAX_DRAWN_PIXELS = 80_000_000

# Anything smaller is no writing that a reading depends on.
MIN_CHECKED_COVER = 0.001

# Images that make up this much of the page tell the resolution at which to draw it; a logo does not.
MAIN_COVER = 0.5

# An image that reaches further beyond the page than this is cut, as it is on screen; below it is rounding.
MAX_OVERHANG = 0.01

# A page turned by a deskewing program: its image is taken as it lies, and registered like any crooked scan.
MAX_SKEW = math.tan(math.radians(5))

# A blank A4 page at 600 dpi takes under 1 kB in JBIG2; a page that took more and shows nothing was not decoded.
MAX_BLANK_JBIG2_BYTES = 4096

# pdfium keeps every stream it has read until the file is closed; reopening takes milliseconds.
MAX_KEPT_BYTES = 64 * 1024 * 1024
MAX_KEPT_PAGES = 200

# pikepdf reports repaired files through logging, which would end up on the user's terminal.
logging.getLogger("pikepdf").addHandler(logging.NullHandler())


class _UnreadablePageError(Exception):
    """Why one page gives no pixels; never leaves this module."""


class PdfPages:
    """The pages of one PDF file.

    Raises ScanFileError where it cannot be opened. Not for use by several threads at once: pdfium allows no threads.
    """

    def __init__(self, path: Path, source: str) -> None:
        self._path = path
        self._source = source
        self._kept_bytes = 0
        self._kept_pages = 0
        self._structure: PdfStructure | None = None
        self._pdf = _open(path)
        self._count = len(self._pdf)
        if not 0 < self._count <= MAX_PAGES:
            self._pdf.close()
            if self._count:
                raise ScanFileError(
                    _("{path}: the PDF has {count} pages, more than {most}. Split it into smaller files.").format(
                        path=path, count=self._count, most=MAX_PAGES
                    )
                )
            raise ScanFileError(_("{path}: the PDF has no pages. Scan the sheets again.").format(path=path))
        self._whole_table = bool(pdfium_c.FPDF_DocumentHasValidCrossReferenceTable(self._pdf))
        try:
            self._structure = PdfStructure(path)
        except (pikepdf.PdfError, OSError, ValueError, RuntimeError):
            # Too damaged for the stricter of the two programs: pages are drawn, and blank ones are not believed.
            self._whole_table = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def __len__(self) -> int:
        return self._count

    def close(self) -> None:
        if self._structure is not None:
            self._structure.close()
        self._pdf.close()

    def load(self, index: int) -> ScannedPage | RejectedPage:
        """Decode or draw page `index`, counted from 1."""
        if self._kept_bytes > MAX_KEPT_BYTES or self._kept_pages >= MAX_KEPT_PAGES:
            self._pdf.close()
            self._pdf = _open(self._path)
            self._kept_bytes = self._kept_pages = 0
        self._kept_pages += 1
        try:
            facts = self._structure.find_facts(index) if self._structure else None
            if facts and facts.reason:
                return RejectedPage(self._source, index, facts.reason)
            page = self._pdf[index - 1]
        except Exception:  # noqa: BLE001 - parsers meet hostile bytes here; one page must never stop the batch
            return RejectedPage(self._source, index, LOST)
        try:
            pixels, dpi = self._load(page, facts)
        except _UnreadablePageError as error:
            return RejectedPage(self._source, index, str(error))
        except MemoryError:
            return RejectedPage(self._source, index, "The page image does not fit in memory. Scan the page again.")
        except Exception:  # noqa: BLE001 - as above
            return RejectedPage(self._source, index, LOST)
        finally:
            page.close()
        return ScannedPage(self._source, index, pixels, find_plausible_dpi(dpi, pixels.shape[1], pixels.shape[0]))

    def _load(self, page: Any, facts: PageFacts | None) -> tuple[GreyImage, float]:
        size = page.get_size()
        if min(size) <= 0:
            raise _UnreadablePageError(LOST)
        content = find_content(page, size, facts)
        if content is None:
            raise _UnreadablePageError(TOO_COMPLEX)
        if not content.images and not content.other and (not self._whole_table or (facts and facts.has_images)):
            # White because empty, or because what stood there is lost, or no longer drawn: nobody knows.
            raise _UnreadablePageError(LOST)
        # Sizes are read from headers, before anything is unpacked.
        for placed in content.images:
            self._kept_bytes += _check_image(placed.image, facts)
        if sum(math.prod(placed.image.get_px_size()) for placed in content.images) > 2 * MAX_PIXELS:
            raise _UnreadablePageError(TOO_COMPLEX)
        if len(content.images) == 1 and not content.other and not has_annotations(page):
            placed = content.images[0]
            if facts and placed.image.get_px_size() not in facts.masked and _is_upright(placed):
                return _take_image(placed, size, plain=placed.image.get_px_size() in facts.plain_jpegs)
        for placed in content.images:
            # The renderer leaves out what it cannot decode.
            if placed.cover(size) >= MIN_CHECKED_COVER:
                _decode(placed.image)
        return _draw_page(page, size, content)


def _open(path: Path) -> Any:
    try:
        # pypdfium2 follows links to a file's name; what stands in memory alone (memfd) has none.
        pdf = pdfium.PdfDocument(path if path.resolve().exists() else path.read_bytes())
    except pdfium.PdfiumError as error:
        if error.err_code == pdfium_c.FPDF_ERR_PASSWORD:
            raise ScanFileError(
                _(
                    "{path}: the PDF is locked with a password. Open it, print it to a new PDF, and give that one."
                ).format(path=path)
            ) from error
        raise ScanFileError(
            _("{path}: the PDF is damaged or cut off. Scan the sheets again.").format(path=path)
        ) from error
    except OSError as error:
        raise ScanFileError(
            _("{path}: the file cannot be read: {why}. Check its permissions.").format(path=path, why=os_words(error))
        ) from error
    if pdf.get_formtype() != pdfium_c.FORMTYPE_NONE:
        # Fields that were filled on a screen are drawn only then.
        pdf.init_forms()
    return pdf


def _check_image(image: Any, facts: PageFacts | None) -> int:
    """Refuse an image that is too large or not whole, from its encoded bytes; returns how many these are.

    What a decoder does with missing data is fill it, in black, grey or white, without a word.
    """
    width, height = image.get_px_size()
    filters = image.get_filters()
    encoded = bytes(image.get_data(decode_simple=len(filters) > 1))
    needed = facts.unpacked_bytes.get((width, height), 0) if facts else 0
    kind = filters[-1] if filters else ""
    if kind in {"DCTDecode", "DCT", "JPXDecode"}:
        width, height = find_encoded_size(encoded) or (width, height)
    reason = too_large(width, height)
    if reason:
        raise _UnreadablePageError(reason)
    whole = True
    if kind in {"DCTDecode", "DCT"}:
        whole = is_whole_jpeg(encoded)
    elif filters in (["FlateDecode"], ["Fl"]):
        # Four channels of 16 bits, and the predictor's byte a row.
        whole = is_whole_deflate(encoded, needed, width * height * 8 + height)
    elif kind == "JBIG2Decode":
        whole = is_whole_jbig2(encoded)
    elif not filters:
        whole = len(encoded) >= needed
    if not whole:
        raise _UnreadablePageError(LOST)
    return len(encoded)


def _is_upright(placed: PlacedImage) -> bool:
    """True where the image lies along the page's sides, or nearly, in any of the eight orientations."""
    along, across = (0, 1) if abs(placed.right[0]) >= abs(placed.right[1]) else (1, 0)
    return abs(placed.right[across]) <= MAX_SKEW * abs(placed.right[along]) and abs(
        placed.down[along]
    ) <= MAX_SKEW * abs(placed.down[across])


def _take_image(placed: PlacedImage, size: tuple[float, float], *, plain: bool) -> tuple[GreyImage, float]:
    """The image's own pixels as the page shows them: turned, square, cut to the page. `plain`: see `PageFacts`."""
    pixels = _decode_jpeg(placed.image) if plain else None
    if pixels is None:
        pixels = _decode(placed.image)
    right, down = placed.right, placed.down
    if abs(right[1]) > abs(right[0]):
        pixels, right, down = pixels.T, down, right
    if right[0] < 0:
        pixels = pixels[:, ::-1]
    if down[1] < 0:
        pixels = pixels[::-1]
    height, width = pixels.shape
    left, top, right_edge, bottom = placed.box
    dpi = width / (right_edge - left) * POINTS_PER_INCH, height / (bottom - top) * POINTS_PER_INCH
    columns = _find_shown(left, right_edge, size[0], width)
    rows = _find_shown(top, bottom, size[1], height)
    return to_square_pixels(np.ascontiguousarray(pixels[rows, columns]), dpi)


def _find_shown(start: float, end: float, page: float, count: int) -> slice:
    """Which of `count` pixels that lie from `start` to `end` are on a page from 0 to `page`."""
    each = (end - start) / count
    first = round(-start / each) if -start > MAX_OVERHANG * page else 0
    last = count - round((end - page) / each) if end - page > MAX_OVERHANG * page else count
    return slice(first, max(first + 1, last))


def _decode_jpeg(image: Any) -> GreyImage | None:
    """The grey of a plain JPEG straight from its luminance, without colours in between; None where that fails."""
    encoded = np.frombuffer(bytes(image.get_data()), np.uint8)
    pixels = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None or pixels.shape != tuple(image.get_px_size()[::-1]):
        return None
    return np.asarray(pixels, dtype=np.uint8)


def _decode(image: Any) -> GreyImage:
    """The pixels of one image, upright as stored."""
    values = image.get_bitmap().to_numpy()
    if values.ndim == 3:
        code = cv2.COLOR_BGR2GRAY if values.shape[2] == 3 else cv2.COLOR_BGRA2GRAY
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(values), code), dtype=np.uint8)
    pixels = np.array(values, dtype=np.uint8)
    _check_bilevel_end(image, pixels)
    if is_stencil(image):
        # 255 where the fill colour is painted on white paper.
        painted = np.linspace(255, find_fill(image), 256).round().astype(np.uint8)
        return np.asarray(cv2.LUT(pixels, painted), dtype=np.uint8)
    return pixels


def _check_bilevel_end(image: Any, pixels: GreyImage) -> None:
    """Refuse a fax or JBIG2 image that was not decoded to its end: the decoder leaves the rest in one colour."""
    kind = image.get_filters()[-1:]
    if kind == ["CCITTFaxDecode"]:
        # Zeros are what is left, shown as ink: black, or painted by a stencil.
        if np.any(pixels[-1] != (255 if is_stencil(image) else 0)):
            return
        # Two end-of-line codes end a whole image (ITU-T T.6); they need not stand on a byte boundary.
        tail = "".join(f"{byte:08b}" for byte in bytes(image.get_data())[-8:])
        if "000000000001" not in tail:
            raise _UnreadablePageError(LOST)
    elif kind == ["JBIG2Decode"] and pixels.min() == pixels.max() and len(image.get_data()) > MAX_BLANK_JBIG2_BYTES:
        raise _UnreadablePageError(LOST)


def _draw_page(page: Any, size: tuple[float, float], content: PageContent) -> tuple[GreyImage, float]:
    """Render the page at the resolution of its images where they make it up, else at DRAWN_DPI."""
    dpi = DRAWN_DPI
    covered = min(1.0, sum(placed.cover(size) for placed in content.images))
    if covered >= MAIN_COVER:
        finest = [
            math.sqrt(math.prod(placed.image.get_px_size()) / placed.area) * POINTS_PER_INCH
            for placed in content.images
            if placed.area > 0
        ]
        dpi = min(max(finest, default=DRAWN_DPI), MAX_DRAWN_DPI)
        # Text beside a coarse image needs its own resolution, unless the page is an image without any (72 dpi).
        if content.other and dpi < DRAWN_DPI and max(size) / POINTS_PER_INCH < 24:
            dpi = DRAWN_DPI
    largest = math.sqrt(MAX_DRAWN_PIXELS / (size[0] * size[1])) * POINTS_PER_INCH
    if largest < min(dpi, MIN_DRAWN_DPI):
        metres = " × ".join(f"{side / POINTS_PER_INCH * 0.0254:.1f}" for side in size)
        raise _UnreadablePageError(f"The PDF page measures {metres} m. Give pages of at most A0 (0.8 × 1.2 m).")
    dpi = min(dpi, largest)
    width, height = (max(1, round(side * dpi / POINTS_PER_INCH)) for side in size)
    bitmap = pdfium.PdfBitmap.new_native(width, height, format=pdfium_c.FPDFBitmap_Gray)
    try:
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
        flags = pdfium_c.FPDF_GRAYSCALE | pdfium_c.FPDF_ANNOT | pdfium_c.FPDF_RENDER_LIMITEDIMAGECACHE
        pdfium_c.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, flags)
        if page.formenv:
            pdfium_c.FPDF_FFLDraw(page.formenv, bitmap, page, 0, 0, width, height, 0, flags)
        return np.array(bitmap.to_numpy(), dtype=np.uint8), dpi
    finally:
        bitmap.close()
