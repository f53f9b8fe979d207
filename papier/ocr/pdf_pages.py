"""PDF files as pages of grey pixels.

A page that shows one image (a scan) gives the pixels of that image at its own resolution, turned as the page shows it;
text laid invisibly under or over it by a copier's own recogniser changes nothing. Any other page is drawn: several
images, strips, the layers of a "compact PDF", text, filled form fields.
"""

from __future__ import annotations

import ctypes
import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from papier.errors import ScanFileError
from papier.ocr.pdf_structure import (
    LOST,
    TOO_COMPLEX,
    PageFacts,
    PdfStructure,
    find_encoded_size,
    is_whole_deflate,
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

# An image that leaves this little of the page free has the whole page under it.
FULL_COVER = 0.99

# Images that make up this much of the page tell the resolution at which to draw it; a logo does not.
MAIN_COVER = 0.5

# An image that reaches further beyond the page than this is cut, as it is on screen; below it is rounding.
MAX_OVERHANG = 0.01

# A page turned by a deskewing program: its image is taken as it lies, and registered like any crooked scan.
MAX_SKEW = math.tan(math.radians(5))

# pdfium keeps every stream it has read until the file is closed; reopening takes milliseconds.
MAX_KEPT_BYTES = 64 * 1024 * 1024
MAX_KEPT_PAGES = 200

# More drawn objects than any page of text has letters.
MAX_PAGE_OBJECTS = 100_000

MAX_FORM_DEPTH = 12

# Annotations that put nothing on the paper.
UNPRINTED_ANNOTATIONS = frozenset({pdfium_c.FPDF_ANNOT_LINK, pdfium_c.FPDF_ANNOT_POPUP})
HIDDEN_ANNOTATION_FLAGS = pdfium_c.FPDF_ANNOT_FLAG_HIDDEN | pdfium_c.FPDF_ANNOT_FLAG_NOVIEW

# pikepdf reports repaired files through logging, which would end up on the user's terminal.
logging.getLogger("pikepdf").addHandler(logging.NullHandler())


class _UnreadablePageError(Exception):
    """Why one page gives no pixels; never leaves this module."""


@dataclass(frozen=True, slots=True)
class _PlacedImage:
    """An image and where the page shows it: its top left corner and its edges (right, down), in points from the top left
    of the page as displayed."""

    image: Any
    corner: tuple[float, float]
    right: tuple[float, float]
    down: tuple[float, float]

    @property
    def area(self) -> float:
        return abs(self.right[0] * self.down[1] - self.right[1] * self.down[0])

    @property
    def box(self) -> tuple[float, float, float, float]:
        """left, top, right, bottom"""
        xs = [self.corner[0] + i * self.right[0] + j * self.down[0] for i in (0, 1) for j in (0, 1)]
        ys = [self.corner[1] + i * self.right[1] + j * self.down[1] for i in (0, 1) for j in (0, 1)]
        return min(xs), min(ys), max(xs), max(ys)

    def cover(self, size: tuple[float, float]) -> float:
        """The share of a page of this size that lies under the image's bounding box."""
        left, top, right, bottom = self.box
        width = max(0.0, min(right, size[0]) - max(left, 0.0))
        height = max(0.0, min(bottom, size[1]) - max(top, 0.0))
        return width * height / (size[0] * size[1])


@dataclass(frozen=True, slots=True)
class _PageContent:
    """What is drawn on a page: its images in order, and whether anything else is visible."""

    images: tuple[_PlacedImage, ...]
    other: bool


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
                    f"{path}: the PDF has {self._count} pages, more than {MAX_PAGES}. Split it into smaller files."
                )
            raise ScanFileError(f"{path}: the PDF has no pages. Scan the sheets again.")
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
        content = _find_content(page, size, facts)
        if not content.images and not content.other and not self._whole_table:
            # White because empty, or because what stood there is lost: nobody knows.
            raise _UnreadablePageError(LOST)
        # Sizes are read from headers, before anything is unpacked.
        if sum(math.prod(placed.image.get_px_size()) for placed in content.images) > 2 * MAX_PIXELS:
            raise _UnreadablePageError(TOO_COMPLEX)
        for placed in content.images:
            self._kept_bytes += _check_image(placed.image)
        if len(content.images) == 1 and not content.other and not _has_annotations(page):
            placed = content.images[0]
            if facts and placed.image.get_px_size() not in facts.masked and _is_upright(placed):
                return _take_image(placed, size)
        for placed in content.images:
            # The renderer leaves out what it cannot decode.
            placed.image.get_bitmap().close()
        return _draw_page(page, size, content)


def _open(path: Path) -> Any:
    try:
        pdf = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if error.err_code == pdfium_c.FPDF_ERR_PASSWORD:
            raise ScanFileError(
                f"{path}: the PDF is locked with a password. Open it, print it to a new PDF, and give that one."
            ) from error
        raise ScanFileError(f"{path}: the PDF is damaged or cut off. Scan the sheets again.") from error
    except OSError as error:
        raise ScanFileError(f"{path}: the file cannot be read: {error.strerror}. Check its permissions.") from error
    if pdf.get_formtype() != pdfium_c.FORMTYPE_NONE:
        # Fields that were filled on a screen are drawn only then.
        pdf.init_forms()
    return pdf


def _find_content(page: Any, size: tuple[float, float], facts: PageFacts | None) -> _PageContent:
    """What a reader of the page sees, in drawing order; what a full-page image hides is left out."""
    images: list[_PlacedImage] = []
    other = False
    for count, found in enumerate(page.get_objects(max_depth=MAX_FORM_DEPTH)):
        if count > MAX_PAGE_OBJECTS:
            raise _UnreadablePageError(TOO_COMPLEX)
        if found.type == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            placed = _place(found, page, size)
            cover = placed.cover(size)
            if cover <= 0:
                continue
            if cover >= FULL_COVER and _is_opaque(found, facts):
                images, other = [], False
            images.append(placed)
        elif found.type != pdfium_c.FPDF_PAGEOBJ_FORM and not other:
            other = _is_visible(found, on_white=not images)
    return _PageContent(tuple(images), other)


def _place(image: Any, page: Any, size: tuple[float, float]) -> _PlacedImage:
    """Where the page shows an image: forms it lies in, the page's box and its rotation applied."""
    matrix = image.get_matrix()
    container = image.container
    while container is not None:
        matrix = matrix.multiply(container.get_matrix())
        container = container.container
    left, bottom, right, top = page.get_bbox()
    rotation = page.get_rotation()

    def to_display(u: float, v: float) -> tuple[float, float]:
        x, y = matrix.on_point(u, v)
        return {
            0: (x - left, top - y),
            90: (y - bottom, x - left),
            180: (right - x, y - bottom),
            270: (top - y, right - x),
        }[rotation]

    # PDF images fill the unit square, their first row at its top.
    corner, across, below = to_display(0, 1), to_display(1, 1), to_display(0, 0)
    return _PlacedImage(
        image,
        corner,
        (across[0] - corner[0], across[1] - corner[1]),
        (below[0] - corner[0], below[1] - corner[1]),
    )


def _is_stencil(image: Any) -> bool:
    """True for an /ImageMask: one bit a pixel that says where to paint, without any colour of its own."""
    metadata = image.get_metadata()
    return bool(metadata.bits_per_pixel == 1 and metadata.colorspace == pdfium_c.FPDF_COLORSPACE_UNKNOWN)


def _is_opaque(image: Any, facts: PageFacts | None) -> bool:
    return (
        facts is not None
        and image.get_px_size() not in facts.masked
        and not pdfium_c.FPDFPageObj_HasTransparency(image)
        and not _is_stencil(image)
    )


def _is_visible(found: Any, *, on_white: bool) -> bool:
    """Whether text, a path or a shading puts anything on the page. White on white does not."""
    if found.type == pdfium_c.FPDF_PAGEOBJ_TEXT:
        return bool(pdfium_c.FPDFTextObj_GetTextRenderMode(found) != pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE)
    if found.type != pdfium_c.FPDF_PAGEOBJ_PATH:
        return True
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    if not pdfium_c.FPDFPath_GetDrawMode(found, fill, stroke):
        return True
    if not fill.value and not stroke.value:
        return False
    return bool(stroke.value) or not on_white or _find_fill(found) < 255


def _find_fill(found: Any) -> int:
    """The grey (BT.601) of an object's fill colour; 0 where it is not known."""
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not pdfium_c.FPDFPageObj_GetFillColor(found, red, green, blue, alpha):
        return 0
    return round(0.299 * red.value + 0.587 * green.value + 0.114 * blue.value)


def _has_annotations(page: Any) -> bool:
    """Whether stamps, notes or form fields lie over the page."""
    for number in range(pdfium_c.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, number)
        if not annotation:
            continue
        kind = pdfium_c.FPDFAnnot_GetSubtype(annotation)
        flags = pdfium_c.FPDFAnnot_GetFlags(annotation)
        pdfium_c.FPDFPage_CloseAnnot(annotation)
        if kind not in UNPRINTED_ANNOTATIONS and not flags & HIDDEN_ANNOTATION_FLAGS:
            return True
    return False


def _check_image(image: Any) -> int:
    """Refuse an image that is too large or not whole, from its encoded bytes; returns how many these are.

    What a decoder does with missing data is fill it, in black, grey or white, without a word.
    """
    width, height = image.get_px_size()
    filters = image.get_filters()
    encoded = bytes(image.get_data(decode_simple=len(filters) > 1)) if filters else b""
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
        whole = is_whole_deflate(encoded, width * height * 8 + height)
    if not whole:
        raise _UnreadablePageError(LOST)
    return len(encoded)


def _is_upright(placed: _PlacedImage) -> bool:
    """True where the image lies along the page's sides, or nearly, in any of the eight orientations."""
    along, across = (0, 1) if abs(placed.right[0]) >= abs(placed.right[1]) else (1, 0)
    return abs(placed.right[across]) <= MAX_SKEW * abs(placed.right[along]) and abs(
        placed.down[along]
    ) <= MAX_SKEW * abs(placed.down[across])


def _take_image(placed: _PlacedImage, size: tuple[float, float]) -> tuple[GreyImage, float]:
    """The image's own pixels as the page shows them: turned, in square pixels, cut to the page."""
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


def _decode(image: Any) -> GreyImage:
    """The pixels of one image, upright as stored."""
    bitmap = image.get_bitmap()
    try:
        values = bitmap.to_numpy()
        if values.ndim == 2:
            pixels = np.array(values, dtype=np.uint8)
            if _is_stencil(image):
                # 255 where the fill colour is painted on white paper.
                ink = _find_fill(image)
                return np.asarray(cv2.LUT(pixels, np.linspace(255, ink, 256).round().astype(np.uint8)), dtype=np.uint8)
            _check_fax_end(image, pixels)
            return pixels
        code = cv2.COLOR_BGR2GRAY if values.shape[2] == 3 else cv2.COLOR_BGRA2GRAY
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(values), code), dtype=np.uint8)
    finally:
        bitmap.close()


def _check_fax_end(image: Any, pixels: GreyImage) -> None:
    """Refuse a fax image (CCITT) that stops early: the decoder leaves the rest black."""
    if image.get_filters() != ["CCITTFaxDecode"] or pixels[-1].any():
        return
    # Two end-of-line codes end a whole image (ITU-T T.6); they need not stand on a byte boundary.
    tail = "".join(f"{byte:08b}" for byte in bytes(image.get_data())[-8:])
    if "000000000001" not in tail:
        raise _UnreadablePageError(LOST)


def _draw_page(page: Any, size: tuple[float, float], content: _PageContent) -> tuple[GreyImage, float]:
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
