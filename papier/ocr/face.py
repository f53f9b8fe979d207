"""The printed face of a form, and the local correction of a sheet's position by it.

Corner marks give a projective map. Bent paper and feeders that stretch are not projective: patches of the printed face
are looked for on the scan (normalised cross-correlation), and a smooth field is laid through their displacements.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

import cv2
import numpy as np
import numpy.typing as npt
import pypdfium2

from papier.errors import DefinitionError, Problem
from papier.forms.frame import page_frame
from papier.forms.layout import LayoutPage
from papier.geometry import MM_PER_INCH, FloatArray, RectMm, Transform
from papier.language import translate as _
from papier.ocr.correlation import Templates
from papier.ocr.displacement import PLACEMENT_MM, FieldDisplacement, field_basis, fit_field
from papier.ocr.register import PrintedForm
from papier.ocr.scan import GreyImage, RegisteredPage, ScannedPage

# Twice what matching needs, and enough for zone readers to subtract hairlines of 0.1 mm.
FACE_DPI = 200.0
# Faces kept in memory: one is about 4 MB. A workspace seldom has more forms in use at a time.
MAX_FACES = 24

# Matching happens at 100 dpi: a tenth of a pixel, which the parabola through a peak gives, is 0.025 mm.
MATCH_DPI = 100.0
PX_PER_MM = MATCH_DPI / MM_PER_INCH
# Scans finer than this are halved first: that evens out dithering, and the blur below hides the rest.
HALVING = 1.4
# Both images are blurred by this many pixels first: dithering and a 1-bit threshold else halve the correlation.
SOFTNESS = 0.75
BLUR_REACH = 3
# A patch of 9 mm holds a few letters or a corner of a table, and bends by less than 0.1 mm.
PATCH = 36
# Without a coarse stage most pages, and after it all, lie no further away than 5 px = 1.3 mm.
FINE_REACH = 5
# Where nothing is further away than this and this share of the patches agree, as on 58 of 58 simulated office pages and
# four in five rough ones, a coarse stage changes nothing: none of those pages was laid otherwise by it.
NEARBY_MM, ALL_AGREE = 0.8, 0.9
# The coarse stage works at half the resolution with patches of 18 mm and looks 2.5 mm around.
COARSE_REACH = 5
# One patch a cell of about 14 mm: feeder stretch varies over several centimetres.
CELL_MM = 14.0
MAX_PATCHES = 110
MIN_PATCHES = 8
# A third of the page with fewer patches than this holds little print, which writing or a serial number may hide.
MIN_TELLING = 12
# With fewer patches that agree, chance may have found them.
MIN_AGREEING = 0.2
# Mean squared grey gradient that a patch needs in its worse direction to be held in that direction: a single hairline
# of 0.2 mm across a patch gives 60 at 100 dpi.
MIN_TEXTURE = 25.0
# Rows that blur and gradient reach beyond a patch.
TEXTURE_REACH = 8
# A patch matches from here on; the same place of another form stays below 0.4 as a rule.
MIN_CORRELATION = 0.45

# Second difference of a correlation peak that places to PLACEMENT_MM: text has 0.1 to 0.3 at 100 dpi.
SHARP_PEAK = 0.06
# A mark is measured this exactly, staple and pen stroke included.
MARK_PLACEMENT_MM = 0.1
# No sheet is bent by more against its marks; a larger field is a mistaken one, unless most patches agree with it: then
# it is only carried too far where the paper is cut off.
MAX_DISPLACEMENT_MM, MOST_AGREEING = 4.0, 0.7


@dataclass(frozen=True)
class _Patches:
    """Pieces of a face, PATCH × PATCH pixels each, and their centres in mm, (n, 2)."""

    pixel_mm: FloatArray  # (2,): width and height of a pixel
    softness: float
    centres: FloatArray
    corners: npt.NDArray[np.int64]  # (n, 2): column and row of the top left pixel
    templates: Templates


@dataclass(frozen=True, eq=False)
class Face:
    """A page of a form as printed, blank: grey `pixels` at `dpi`, and where people write on it (`written`)."""

    size_mm: tuple[float, float]
    pixels: GreyImage
    dpi: float
    written: tuple[RectMm, ...] = ()

    def cut(self, rects: Sequence[RectMm], shape: tuple[int, int]) -> GreyImage:
        """Cut rectangles of the sheet, as `RegisteredPage.cut` does from a scan: uint8, (n, height, width)."""
        return self._as_page.cut(rects, shape)

    @cached_property
    def _as_page(self) -> RegisteredPage:
        scan = ScannedPage("", 1, self.pixels, self.dpi)
        return RegisteredPage(scan, self.size_mm, Transform.scaling(self.dpi / MM_PER_INCH))

    @cached_property
    def at_match_dpi(self) -> GreyImage:
        """The face at MATCH_DPI."""
        size = (round(self.size_mm[0] * PX_PER_MM), round(self.size_mm[1] * PX_PER_MM))
        return np.asarray(cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

    @cached_property
    def _fine(self) -> _Patches:
        return _choose_patches(self.at_match_dpi, self._pixel_mm, SOFTNESS, self.written, CELL_MM, MAX_PATCHES)

    @cached_property
    def _coarse(self) -> _Patches:
        halved = _halved(self.at_match_dpi)
        return _choose_patches(halved, 2 * self._pixel_mm, SOFTNESS / 2, self.written, 2.2 * CELL_MM, 40)

    @property
    def _pixel_mm(self) -> FloatArray:
        """Width and height of a pixel of `at_match_dpi`."""
        return np.array(self.size_mm) / self.at_match_dpi.shape[::-1]

    @cached_property
    def _bases(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """What displacements are made of, at the fine patches, the coarse patches and the corner marks."""
        basis = field_basis(self.size_mm)
        marks = np.array([mark.centre for mark in page_frame(*self.size_mm).marks])
        return basis.at(self._fine.centres), basis.at(self._coarse.centres), basis.at(marks)


def load_face(form: PrintedForm, page: int) -> Face:
    """The printed face of page `page` (from 1); cached. Raises DefinitionError when the face cannot be drawn."""
    digest = hashlib.sha256(form.face + form.layout.size_mm.__repr__().encode()).hexdigest()
    return _load_face(_Key(digest, page, form))


@dataclass(frozen=True)
class _Key:
    digest: str
    page: int
    form: PrintedForm = field(compare=False)


@lru_cache(maxsize=MAX_FACES)
def _load_face(key: _Key) -> Face:
    layout = key.form.layout
    written = _written(layout.page(key.page))
    if key.form.face.startswith(b"%PDF"):
        drawn = _at_face_dpi(_draw_pdf(key.form, key.page), layout.size_mm)
        return Face(layout.size_mm, drawn, FACE_DPI, written)
    given = np.frombuffer(key.form.face, np.uint8)
    image = cv2.imdecode(given, cv2.IMREAD_GRAYSCALE) if len(given) else None
    if image is None:
        raise _no_face(key.form, _("is neither a PDF nor an image"))
    return Face(layout.size_mm, _at_face_dpi(np.asarray(image, dtype=np.uint8), layout.size_mm), FACE_DPI, written)


def _at_face_dpi(image: GreyImage, size_mm: tuple[float, float]) -> GreyImage:
    size = (round(size_mm[0] * FACE_DPI / MM_PER_INCH), round(size_mm[1] * FACE_DPI / MM_PER_INCH))
    if size == image.shape[::-1]:
        return image
    way = cv2.INTER_AREA if size[0] < image.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=way), dtype=np.uint8)


def _draw_pdf(form: PrintedForm, page: int) -> GreyImage:
    try:
        document = pypdfium2.PdfDocument(form.face)
    except pypdfium2.PdfiumError as error:
        raise _no_face(form, _("is a broken PDF")) from error
    try:
        if page > len(document):
            raise _no_face(form, _("has no page {page}").format(page=page))
        bitmap = document[page - 1].render(scale=FACE_DPI / 72, grayscale=True)
        return np.array(bitmap.to_numpy(), dtype=np.uint8).reshape(bitmap.height, bitmap.width)
    finally:
        document.close()


def _no_face(form: PrintedForm, fault: str) -> DefinitionError:
    message = _("the blank page of {form} {fault}. Give a PDF or PNG of the blank page.").format(
        form=form.layout.form, fault=fault
    )
    return DefinitionError(form.layout.form, [Problem(form.layout.form, 1, message)])


def _written(page: LayoutPage) -> tuple[RectMm, ...]:
    """Where a pen or a printer adds something to the face."""
    rects = [zone.rect for zone in page.zones]
    rects += [RectMm(prefill.x, prefill.y - 5, prefill.width, 6) for prefill in page.prefills]
    return tuple(rects)


def _halved(image: GreyImage) -> GreyImage:
    """An image of which four pixels make one; an odd last row or column is left out."""
    width, height = image.shape[1] // 2, image.shape[0] // 2
    whole = image[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _choose_patches(
    image: GreyImage, pixel_mm: FloatArray, softness: float, written: Sequence[RectMm], cell_mm: float, most: int
) -> _Patches:
    """The best textured piece of each cell of a grid, spread over the page."""
    k = 1 / float(pixel_mm.mean())
    half = PATCH // 2
    found: list[tuple[float, int, int]] = []
    rows, columns = _cells(image.shape[0], cell_mm * k, half), _cells(image.shape[1], cell_mm * k, half)
    for top, bottom in rows:
        # Row by row of cells: of a whole page all these squares would be the most memory that reading ever takes.
        above = max(0, top - half - TEXTURE_REACH)
        band = slice(above, bottom + half + TEXTURE_REACH)
        value = _texture(image[band], above, k, written)[top - above : bottom - above]
        for left, right in columns:
            cell = value[:, left:right]
            row, column = np.unravel_index(int(np.argmax(cell)), cell.shape)
            best = float(cell[row, column])
            if best > MIN_TEXTURE:
                found.append((best, left + int(column) - half, top + int(row) - half))
    found.sort(reverse=True)
    corners = np.array([[x, y] for _, x, y in found[:most]], dtype=np.int64).reshape(-1, 2)
    soft = cv2.GaussianBlur(image, (0, 0), softness)
    pieces = [soft[y : y + PATCH, x : x + PATCH] for x, y in corners]
    pixels = np.asarray(np.stack(pieces) if pieces else np.empty((0, PATCH, PATCH)), dtype=np.uint8)
    return _Patches(pixel_mm, softness, (corners + half) * pixel_mm, corners, Templates.of(pixels))


def _texture(image: GreyImage, above: int, px_per_mm: float, written: Sequence[RectMm]) -> npt.NDArray[np.float32]:
    """How well a patch around each pixel places; `above`: rows of the page before the first of `image`.

    Within half a patch and TEXTURE_REACH of rows that are cut off, it is not that of the page.
    """
    grey = cv2.GaussianBlur(image, (0, 0), 0.7).astype(np.float32)
    gx, gy = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=1 / 8)
    weight = np.ones(image.shape, np.float32)
    for rect in written:
        x1, y1 = max(0, round((rect.x - 0.5) * px_per_mm)), max(0, round((rect.y - 0.5) * px_per_mm) - above)
        y2 = max(0, round((rect.bottom + 0.5) * px_per_mm) - above)
        # A pen may change it, yet frames of boxes are printed and strong.
        weight[y1:y2, x1 : round((rect.right + 0.5) * px_per_mm)] = 0.3
    box = (PATCH, PATCH)
    xx, xy, yy = (cv2.blur(part * weight, box, borderType=cv2.BORDER_CONSTANT) for part in (gx * gx, gx * gy, gy * gy))
    # The smaller eigenvalue of the structure tensor: texture in both directions (Shi & Tomasi 1994).
    worse = (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    # Half as good: texture in one direction only, as on a page of rules.
    return np.asarray(worse + 0.1 * np.minimum(xx + yy, 10 * MIN_TEXTURE), dtype=np.float32)


def _cells(length: int, pitch: float, half: int) -> list[tuple[int, int]]:
    """Ranges of patch centres along one side."""
    first, last = half, length - half
    if last <= first:
        return []
    count = max(1, round((last - first) / pitch))
    edges = np.linspace(first, last, count + 1).round().astype(int)
    return [(int(a), int(b)) for a, b in itertools.pairwise(edges) if b > a]


@dataclass(frozen=True)
class FaceFit:
    """A page laid on a face. `match` is the mean correlation of the patches where the field puts them, 0…1.

    `patches` were looked for, `agreeing` of them found where the field says. `least_third` is the share of agreeing
    patches in that third of the page, from top to bottom, where it is least, of the thirds that have enough patches to
    tell: forms of one house share their head.
    """

    page: RegisteredPage
    match: float
    patches: int
    agreeing: int
    least_third: float = 0.0


def refine(page: RegisteredPage, face: Face) -> RegisteredPage:
    """The same page with its local displacement and residual; as it was when too little of the face is seen."""
    return fit_face(page, face).page


def face_match(page: RegisteredPage, face: Face) -> float:
    """How well the page shows this face, 0…1; from 0.5 on it is that form's page as a rule."""
    return fit_face(page, face).match


def fit_face(page: RegisteredPage, face: Face) -> FaceFit:
    """Find the face's patches on the page and lay a smooth field through them."""
    fine = face._fine  # noqa: SLF001 - one module
    bare = replace(page, displacement=None, residual=None)
    if len(fine.centres) < MIN_PATCHES:
        return FaceFit(bare, 0.0, len(fine.centres), 0)
    correlation, coefficients, off, agreeing = _lay_field(bare, face)
    match = float(np.where(agreeing, np.maximum(correlation, 0.0), 0.0).mean())
    count = int(agreeing.sum())
    unrefined = FaceFit(bare, match, len(fine.centres), count)
    if count < MIN_PATCHES or count < MIN_AGREEING * len(fine.centres):
        return unrefined
    table = field_basis(face.size_mm).table(coefficients)
    if np.abs(table).max() > MAX_DISPLACEMENT_MM and count < MOST_AGREEING * len(fine.centres):
        return replace(unrefined, match=0.0)
    residual = float(np.median(np.hypot(*off[agreeing].T)))
    refined = replace(bare, displacement=FieldDisplacement(page.to_page, table), residual=residual)
    return replace(unrefined, page=refined, least_third=_least_third(fine.centres, agreeing, face.size_mm[1]))


def _lay_field(page: RegisteredPage, face: Face) -> tuple[FloatArray, FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """The correlations (n,) of the fine patches, and the field through them as `fit_field` gives it."""
    fine, coarse = face._fine, face._coarse  # noqa: SLF001 - one module
    at_fine, at_coarse, at_marks = face._bases  # noqa: SLF001
    # Where a mark was seen the global map is right: the field is nothing there.
    at_marks = at_marks[np.array(page.marks_found)]

    def look(shift: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, npt.NDArray[np.bool_]]:
        found, correlation, noise = _search(page, fine, shift, FINE_REACH)
        return correlation, *_fit_with_marks(at_fine, at_marks, found, noise, correlation >= MIN_CORRELATION)

    laid = look(np.zeros((len(fine.centres), 2)))
    correlation, coefficients, _, agreeing = laid
    usable = np.count_nonzero(correlation >= MIN_CORRELATION)
    if np.abs(at_fine @ coefficients).max() <= NEARBY_MM and np.count_nonzero(agreeing) >= ALL_AGREE * usable:
        return laid
    # The page may be bent by more than the small patches were looked for: large ones say where to look.
    shift = at_fine @ _coarse_field(page, coarse, at_coarse, at_marks)
    limit = COARSE_REACH * coarse.pixel_mm
    return look(np.clip(shift, -limit, limit))


def _least_third(centres: FloatArray, agreeing: npt.NDArray[np.bool_], height: float) -> float:
    """The least share of agreeing patches in any third of the page that has enough patches to tell."""
    third = np.clip((centres[:, 1] * 3 / height).astype(np.int64), 0, 2)
    shares = [float(agreeing[third == k].mean()) for k in range(3) if (third == k).sum() >= MIN_TELLING]
    return min(shares, default=1.0)


def _coarse_field(page: RegisteredPage, coarse: _Patches, at_coarse: FloatArray, at_marks: FloatArray) -> FloatArray:
    """The coefficients of a first field, from large patches; zeros where there are too few."""
    nowhere = np.zeros((len(coarse.centres), 2))
    found, correlation, noise = _search(page, coarse, nowhere, COARSE_REACH)
    good = correlation >= MIN_CORRELATION
    if good.sum() < MIN_PATCHES:
        return np.zeros((at_coarse.shape[1], 2))
    # A pixel is twice as large here.
    return _fit_with_marks(at_coarse, at_marks, found, 2 * noise, good)[0]


def _fit_with_marks(
    at_patches: FloatArray, at_marks: FloatArray, found: FloatArray, noise: FloatArray, usable: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """`fit_field` with the marks among the patches; gives what is left and who agrees for the patches alone."""
    marks = len(at_marks)
    coefficients, off, agreeing = fit_field(
        np.concatenate([at_patches, at_marks]),
        np.concatenate([found, np.zeros((marks, 2))]),
        np.concatenate([noise, np.full((marks, 2), MARK_PLACEMENT_MM)]),
        np.concatenate([usable, np.ones(marks, dtype=np.bool_)]),
    )
    return coefficients, off[: len(found)], agreeing[: len(found)]


def _search(
    page: RegisteredPage, patches: _Patches, shift: FloatArray, reach: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Look for each patch within `reach` pixels of where `shift` (mm) and the page's global map put it.

    Gives displacements in mm (n, 2), correlations (n,), and standard deviations of the displacements in mm (n, 2).
    """
    count, span = len(patches.centres), 2 * reach + 1
    whole = np.round(shift / patches.pixel_mm).astype(np.int64)
    surfaces = patches.templates.correlate(_cut_windows(page, patches, whole, reach))
    best = surfaces.reshape(count, -1).argmax(axis=1)
    rows, columns = best // span, best % span
    peak = surfaces[np.arange(count), rows, columns].astype(np.float64)
    dx, bend_x = _parabola(surfaces, rows, columns, 0, 1)
    dy, bend_y = _parabola(surfaces, rows, columns, 1, 0)
    on_rim = (rows == 0) | (rows == span - 1) | (columns == 0) | (columns == span - 1)
    found = (np.column_stack([columns + dx, rows + dy]) - reach + whole) * patches.pixel_mm
    # A flat peak places loosely: along a rule there is no hold at all.
    noise = PLACEMENT_MM * np.sqrt(1.0 + (SHARP_PEAK / np.maximum(np.column_stack([bend_x, bend_y]), 1e-4)) ** 2)
    noise *= np.sqrt(np.clip(0.9 / np.maximum(peak, 0.1), 1.0, 4.0))[:, None]
    return found, np.where(on_rim, 0.0, peak), noise


def _cut_windows(page: RegisteredPage, patches: _Patches, whole: npt.NDArray[np.int64], reach: int) -> GreyImage:
    """Each patch's place on the scan, `whole` pixels further, with `reach` pixels around it; as soft as the patches."""
    size = PATCH + 2 * (reach + BLUR_REACH)
    width, height = patches.pixel_mm.tolist()
    places = ((patches.corners + whole - reach - BLUR_REACH) * patches.pixel_mm).tolist()
    rects = [RectMm(x, y, size * width, size * height) for x, y in places]
    windows = page.cut(rects, (size, size), halvings=page.halvings(1 / width, HALVING))
    # Side by side: OpenCV takes a while for each row.
    side_by_side = np.ascontiguousarray(windows.transpose(1, 0, 2)).reshape(size, -1)
    soft = cv2.GaussianBlur(side_by_side, (0, 0), patches.softness).reshape(size, -1, size).transpose(1, 0, 2)
    return np.ascontiguousarray(soft[:, BLUR_REACH:-BLUR_REACH, BLUR_REACH:-BLUR_REACH])


def _parabola(
    surfaces: npt.NDArray[np.float32],
    rows: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
    down: int,
    right: int,
) -> tuple[FloatArray, FloatArray]:
    """The sub-pixel shift of each peak in one direction, and how sharply it bends there."""
    each = np.arange(len(rows))
    last = surfaces.shape[1] - 1
    middle = surfaces[each, rows, columns].astype(np.float64)
    before = surfaces[each, np.maximum(rows - down, 0), np.maximum(columns - right, 0)].astype(np.float64)
    after = surfaces[each, np.minimum(rows + down, last), np.minimum(columns + right, last)].astype(np.float64)
    bend = np.maximum(2 * middle - before - after, 1e-6)
    return np.clip((after - before) / (2 * bend), -0.5, 0.5), bend
