"""What a PDF page shows: its images where they are seen, and whether there is anything else."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium_c

from papier.ocr.pdf_structure import PageFacts

# An image that leaves this little of the page free has the whole page under it.
FULL_COVER = 0.99

# More drawn objects than any page of text has letters.
MAX_PAGE_OBJECTS = 100_000

MAX_FORM_DEPTH = 12

# Annotations that put nothing on the paper.
UNPRINTED_ANNOTATIONS = frozenset({pdfium_c.FPDF_ANNOT_LINK, pdfium_c.FPDF_ANNOT_POPUP})
HIDDEN_ANNOTATION_FLAGS = pdfium_c.FPDF_ANNOT_FLAG_HIDDEN | pdfium_c.FPDF_ANNOT_FLAG_NOVIEW


@dataclass(frozen=True, slots=True)
class PlacedImage:
    """An image and where the page shows it.

    Its top left corner and its edges (to the right, down) in points from the top left of the page as displayed.
    """

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
class PageContent:
    """What is drawn on a page: its images in order, and whether anything else is visible."""

    images: tuple[PlacedImage, ...]
    other: bool


def find_content(page: Any, size: tuple[float, float], facts: PageFacts | None) -> PageContent | None:
    """What a reader of the page sees, in drawing order; what a full-page image hides is left out.

    None where there is more than any sheet holds.
    """
    images: list[PlacedImage] = []
    other = False
    for count, found in enumerate(page.get_objects(max_depth=MAX_FORM_DEPTH)):
        if count > MAX_PAGE_OBJECTS:
            return None
        if found.type == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            placed = _place(found, page)
            cover = placed.cover(size)
            if cover <= 0:
                continue
            if cover >= FULL_COVER and _is_opaque(found, facts):
                images, other = [], False
            images.append(placed)
        elif found.type != pdfium_c.FPDF_PAGEOBJ_FORM and not other:
            other = _is_visible(found, on_white=not images)
    return PageContent(tuple(images), other)


def _place(image: Any, page: Any) -> PlacedImage:
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
    return PlacedImage(
        image,
        corner,
        (across[0] - corner[0], across[1] - corner[1]),
        (below[0] - corner[0], below[1] - corner[1]),
    )


def is_stencil(image: Any) -> bool:
    """True for an /ImageMask: one bit a pixel that says where to paint, without any colour of its own."""
    # Photographs never are, and pdfium decodes them to tell.
    if image.get_filters()[-1:] in (["DCTDecode"], ["JPXDecode"]):
        return False
    metadata = image.get_metadata()
    return bool(metadata.bits_per_pixel == 1 and metadata.colorspace == pdfium_c.FPDF_COLORSPACE_UNKNOWN)


def _is_opaque(image: Any, facts: PageFacts | None) -> bool:
    return (
        facts is not None
        and image.get_px_size() not in facts.masked
        and not pdfium_c.FPDFPageObj_HasTransparency(image)
        and not is_stencil(image)
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
    return bool(stroke.value) or not on_white or find_fill(found) < 255


def find_fill(found: Any) -> int:
    """The grey (BT.601) of an object's fill colour; 0 where it is not known."""
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not pdfium_c.FPDFPageObj_GetFillColor(found, red, green, blue, alpha):
        return 0
    return round(0.299 * red.value + 0.587 * green.value + 0.114 * blue.value)


def has_annotations(page: Any) -> bool:
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
