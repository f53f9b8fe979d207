"""Finding a page by its printed face alone: for forms that somebody else printed, and sheets that lost their marks.

The page as a whole is compared first (`print_search`). Where that shows nothing, as on scans of another scale,
distinctive places of the face (SIFT: Lowe 2004) are matched with the scan's, and a similarity and then a projective map
are drawn from the matches by random sampling (RANSAC). Then the page is laid on the face patch by patch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from papier.geometry import MM_PER_INCH, FloatArray, Transform
from papier.ocr.displacement import FieldDisplacement
from papier.ocr.face import Face, FaceFit, fit_face, load_face
from papier.ocr.print_search import ScanSpectra, find_places
from papier.ocr.register import PrintedForm
from papier.ocr.scan import GreyImage, RegisteredPage, ScannedPage

# SIFT works best where letters have 8 to 20 pixels: 100 dpi for a page of its own size.
FEATURE_DPI = 100.0
MAX_FEATURES = 2500
# Lowe's ratio: a match must be this much nearer than the second best.
MATCH_RATIO = 0.82
MIN_MATCHES = 8
# Reprojection tolerance in millimetres: feeders stretch a page by up to two millimetres over its length.
TOLERANCE_MM = 1.5
# Two scales of one page differ by less than this (logarithm), and its angle from a right one by less (degrees).
MAX_ANISOTROPY = 0.06
MAX_SHEAR = 3.0

# The page is this form from here on. Bad scans of the right form give 0.35 and 0.58 at least; another form of the same
# house, which shares its head, gives 0.45 and 0.53 at most, and in some third of the page next to nothing.
MIN_MATCH, MIN_SHARE, MIN_THIRD = 0.30, 0.55, 0.30
# Not worth trying another map above this.
SURE_MATCH = 0.50


def register_by_face(page: ScannedPage, form: PrintedForm, page_number: int) -> RegisteredPage | None:
    """Find page `page_number` (from 1) of `form` on the scan by its printed face; None when it is not that page."""
    fit = fit_by_face(page, load_face(form, page_number))
    return None if fit is None else fit.page


def fit_by_face(page: ScannedPage, face: Face) -> FaceFit | None:
    """The same, with the fit's figures: `match` tells which of several forms a page is."""
    return next(iter(fits_by_face(page, face)), None)


def fits_by_face(page: ScannedPage, face: Face) -> list[FaceFit]:
    """All ways in which the page may be laid on the face, the best first: rows of boxes fit upside-down as well."""
    places = find_places(_scan_spectra(_Scan(page), face.size_mm), face)
    fits = [_settle(page, face, place.to_page) for place in places]
    if max((fit.match for fit in fits), default=0.0) < SURE_MATCH:
        for guess in _from_features(page, face):
            fits.append(_settle(page, face, guess))
            if fits[-1].match >= SURE_MATCH:
                break
    return sorted((fit for fit in fits if _is_that_form(fit)), key=lambda fit: -fit.match)


def _is_that_form(fit: FaceFit) -> bool:
    share = fit.agreeing / max(1, fit.patches)
    return fit.match >= MIN_MATCH and share >= MIN_SHARE and fit.least_third >= MIN_THIRD


def _settle(page: ScannedPage, face: Face, guess: Transform) -> FaceFit:
    """Lay the page on the face from a first guess; the guess is bettered by what was found, and laid again."""
    best = fit_face(RegisteredPage(page, face.size_mm, guess), face)
    for _ in range(2):
        if not isinstance(best.page.displacement, FieldDisplacement):
            break
        fit = fit_face(replace(best.page, to_page=_absorbed(best.page)), face)
        if fit.match <= best.match + 0.01:
            break
        best = fit
    return best


def _absorbed(page: RegisteredPage) -> Transform:
    """The projective map nearest to a page's map with its displacement."""
    width, height = page.size_mm
    x, y = np.meshgrid(np.linspace(0.05, 0.95, 7) * width, np.linspace(0.05, 0.95, 9) * height)
    points = np.column_stack([x.ravel(), y.ravel()])
    matrix, _ = cv2.findHomography(points, page.to_scan(points), 0)
    return page.to_page if matrix is None else Transform(np.asarray(matrix, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class _Features:
    points: FloatArray  # (n, 2), in mm of the sheet or pixels of the scan
    descriptors: npt.NDArray[np.float32]  # (n, 128)


def _features(image: GreyImage, scale: float) -> _Features:
    """Distinctive places of an image, spread over it; `scale` takes its pixels to the frame wanted."""
    found, descriptors = cv2.SIFT.create(nfeatures=MAX_FEATURES, contrastThreshold=0.02).detectAndCompute(image, None)
    if descriptors is None:
        return _Features(np.zeros((0, 2)), np.zeros((0, 128), np.float32))
    # SIFT counts from pixel centres.
    points = (np.array([place.pt for place in found], dtype=np.float64) + 0.5) * scale
    # Square roots of the normalised entries match better (Arandjelović & Zisserman 2012).
    rooted = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6))
    return _Features(points, rooted.astype(np.float32))


@lru_cache(maxsize=24)
def _face_features(face: Face) -> _Features:
    return _features(face.at_match_dpi, MM_PER_INCH / FEATURE_DPI)


@lru_cache(maxsize=2)
def _scan_features(scan: _Scan) -> _Features:
    long_side = max(scan.page.pixels.shape)
    # As if an A4 page filled the scan: SIFT itself bridges a factor of two.
    factor = min(1.0, 1169 / long_side)
    size = (max(1, round(scan.page.pixels.shape[1] * factor)), max(1, round(scan.page.pixels.shape[0] * factor)))
    small = np.asarray(cv2.resize(scan.page.pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return _features(small, scan.page.pixels.shape[1] / size[0])


@dataclass(frozen=True, eq=False)
class _Scan:
    """A scan as a key of the cache: the same page is compared with several forms in a row."""

    page: ScannedPage

    def __hash__(self) -> int:
        return id(self.page)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Scan) and other.page is self.page


@lru_cache(maxsize=2)
def _scan_spectra(scan: _Scan, size_mm: tuple[float, float]) -> ScanSpectra:
    return ScanSpectra.of(scan.page, size_mm)


def _from_features(page: ScannedPage, face: Face) -> Iterator[Transform]:
    """Maps that many distinctive places agree on."""
    ours, theirs = _face_features(face), _scan_features(_Scan(page))
    if len(ours.points) < MIN_MATCHES or len(theirs.points) < MIN_MATCHES:
        return
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(ours.descriptors, theirs.descriptors, k=2)
    matches = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < MATCH_RATIO * pair[1].distance]
    if len(matches) < MIN_MATCHES:
        return
    sheet = ours.points[[match.queryIdx for match in matches]]
    scan = theirs.points[[match.trainIdx for match in matches]]
    # The scan's resolution is not known yet: its long side is that of the page, more or less.
    tolerance = TOLERANCE_MM * max(page.pixels.shape) / max(face.size_mm)
    cv2.setRNGSeed(1)
    similar, inside = cv2.estimateAffinePartial2D(
        sheet, scan, method=cv2.RANSAC, ransacReprojThreshold=2 * tolerance, maxIters=4000, confidence=0.999
    )
    if similar is None or int(inside.sum()) < MIN_MATCHES:
        return
    agreeing = inside.ravel() > 0
    matrix = np.vstack([similar, [0.0, 0.0, 1.0]])
    affine, kept = cv2.estimateAffine2D(
        sheet[agreeing], scan[agreeing], method=cv2.RANSAC, ransacReprojThreshold=tolerance, maxIters=2000
    )
    if affine is not None and int(kept.sum()) >= MIN_MATCHES and _spread(sheet[agreeing][kept.ravel() > 0], face):
        better = np.vstack([affine, [0.0, 0.0, 1.0]])
        if _plausible(better, page, face):
            yield Transform(better)
    if _plausible(matrix, page, face):
        yield Transform(matrix)


def _spread(points: FloatArray, face: Face) -> bool:
    """Whether the points hold the page in both directions."""
    return bool((np.ptp(points, axis=0) > 0.3 * np.array(face.size_mm)).all())


def _plausible(matrix: FloatArray, page: ScannedPage, face: Face) -> bool:
    """Whether a page could lie on the scan like this."""
    linear = matrix[:2, :2]
    along, down = np.hypot(*linear[:, 0]), np.hypot(*linear[:, 1])
    if np.linalg.det(linear) <= 0 or abs(math.log(along / down)) > MAX_ANISOTROPY:
        return False
    shear = math.degrees(math.asin(np.clip(float(linear[:, 0] @ linear[:, 1]) / (along * down), -1, 1)))
    # From a coupon on an A3 glass to a page of which a tenth is cropped.
    filled = math.sqrt(along * down) * max(face.size_mm) / max(page.pixels.shape)
    return abs(shear) < MAX_SHEAR and 0.2 < filled < 1.25
