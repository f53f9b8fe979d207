"""Finding a page by its printed face alone: for forms that somebody else printed, and sheets that lost their marks.

Distinctive places of the face (SIFT: Lowe 2004) are matched with the scan's, a similarity and then a projective map are
drawn from the matches by random sampling (RANSAC), and the page is laid on the face patch by patch. Where print repeats
itself so much that no place is distinctive (sheets of bubbles), the whole face is correlated with the whole scan over
all plausible sizes and angles instead.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from papier.geometry import MM_PER_INCH, FloatArray, Transform
from papier.ocr.face import Face, FaceFit, FieldDisplacement, fit_face, load_face
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

# The page is this form from here on: figures in benchmarks/registration.md.
MIN_MATCH = 0.30
# Not worth a second method above this.
SURE_MATCH = 0.45

# The correlation over the whole page: resolution, print scales against the face, and skew angles (degrees). Half a step
# of either is a millimetre at the page's edge: one pixel.
CORRELATION_DPI = 25.0
SCALES = np.arange(0.89, 1.07, 0.013)
ANGLES = np.arange(-10.0, 10.01, 0.8)
# Maps that are tried in full after the correlation.
MAX_TRIED = 4


def register_by_face(page: ScannedPage, form: PrintedForm, page_number: int) -> RegisteredPage | None:
    """Find page `page_number` (from 1) of `form` on the scan by its printed face; None when it is not that page."""
    fit = fit_by_face(page, load_face(form, page_number))
    return None if fit is None else fit.page


def fit_by_face(page: ScannedPage, face: Face) -> FaceFit | None:
    """The same, with the fit's figures: `match` tells which of several forms a page is."""
    best: FaceFit | None = None
    for guess in itertools.chain(_from_features(page, face), _from_correlation(page, face)):
        fit = _settle(page, face, guess)
        if fit is not None and (best is None or fit.match > best.match):
            best = fit
        if best is not None and best.match >= SURE_MATCH:
            break
    return best if best is not None and best.match >= MIN_MATCH else None


def _settle(page: ScannedPage, face: Face, guess: Transform) -> FaceFit | None:
    """Lay the page on the face from a first guess; the guess is bettered by what was found, and laid again."""
    registered = RegisteredPage(page, face.size_mm, guess)
    best: FaceFit | None = None
    for _ in range(3):
        fit = fit_face(registered, face)
        if best is not None and fit.match <= best.match + 0.01:
            break
        best = fit
        if not isinstance(fit.page.displacement, FieldDisplacement):
            break
        registered = replace(registered, to_page=_absorbed(fit.page))
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
    found, descriptors = cv2.SIFT_create(nfeatures=MAX_FEATURES, contrastThreshold=0.02).detectAndCompute(image, None)
    if descriptors is None:
        return _Features(np.zeros((0, 2)), np.zeros((0, 128), np.float32))
    # SIFT counts from pixel centres. Square roots of the normalised entries match better (Arandjelović & Zisserman 2012).
    points = (np.array([place.pt for place in found], dtype=np.float64) + 0.5) * scale
    rooted = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6))
    return _Features(points, rooted.astype(np.float32))


@lru_cache(maxsize=24)
def _face_features(face: Face) -> _Features:
    return _features(face.matching, MM_PER_INCH / FEATURE_DPI)


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


def _from_correlation(page: ScannedPage, face: Face) -> Iterator[Transform]:
    """Maps under which the whole face, seen from afar, correlates best with the whole scan."""
    seen: list[tuple[float, FloatArray]] = []
    for px_per_mm in _resolutions(page, face):
        seen += _correlate(page, face, px_per_mm)
    seen.sort(key=lambda entry: -entry[0])
    for _, matrix in seen[:MAX_TRIED]:
        yield Transform(matrix)


def _resolutions(page: ScannedPage, face: Face) -> list[float]:
    """Pixels a millimetre that the scan may have, print scale apart: as stated, else from a page that fills it."""
    filling = max(page.pixels.shape) / max(face.size_mm)
    if page.dpi is None:
        return [filling]
    stated = page.dpi / MM_PER_INCH
    return [stated] if abs(math.log(stated / filling)) < 0.03 else [stated, filling]


def _correlate(page: ScannedPage, face: Face, px_per_mm: float) -> list[tuple[float, FloatArray]]:
    """The best map for each quarter turn, with its correlation."""
    k = CORRELATION_DPI / MM_PER_INCH
    shrink = k / px_per_mm
    rows, columns = page.pixels.shape
    size = (max(8, round(columns * shrink)), max(8, round(rows * shrink)))
    scan = _ink_seen_from_afar(np.asarray(cv2.resize(page.pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8))
    small = (max(8, round(face.size_mm[0] * k)), max(8, round(face.size_mm[1] * k)))
    print_ = _ink_seen_from_afar(
        np.asarray(cv2.resize(face.matching, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    )
    side = cv2.getOptimalDFTSize(int(1.25 * max(*size, *small)))
    spectrum = cv2.dft(_centred(scan, side), flags=cv2.DFT_COMPLEX_OUTPUT)
    norm = float(np.linalg.norm(scan)) * float(np.linalg.norm(print_)) + 1e-6

    def correlation(scale: float, angle: float) -> tuple[float, FloatArray]:
        turned = _turning(print_.shape, side, scale, angle)
        laid = cv2.warpAffine(print_, turned, (side, side), flags=cv2.INTER_LINEAR)
        surface = cv2.idft(
            cv2.mulSpectrums(spectrum, cv2.dft(laid, flags=cv2.DFT_COMPLEX_OUTPUT), 0, conjB=True),
            flags=cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT,
        )
        _, best, _, (x, y) = cv2.minMaxLoc(surface)
        shift = np.array([(x + side // 2) % side - side // 2, (y + side // 2) % side - side // 2], dtype=np.float64)
        origin = np.array([(side - scan.shape[1]) // 2, (side - scan.shape[0]) // 2], dtype=np.float64)
        matrix = np.vstack([turned, [0.0, 0.0, 1.0]])
        matrix[:2, 2] += shift - origin
        return float(best) / (norm * scale), matrix

    found = []
    for quarter in (0.0, 90.0, 180.0, 270.0):
        tried = [
            (*correlation(scale, quarter + angle), scale, angle)
            for scale in SCALES[::3]
            for angle in ANGLES[::2]
        ]
        # Around the best of the coarse grid, the fine one.
        _, _, near_scale, near_angle = max(tried, key=lambda entry: entry[0])
        for scale in near_scale + np.arange(-2, 3) * 0.013:
            for angle in near_angle + np.arange(-1, 2) * 0.6:
                tried.append((*correlation(float(scale), quarter + float(angle)), float(scale), float(angle)))
        best, matrix, _, _ = max(tried, key=lambda entry: entry[0])
        # From pixel centres at CORRELATION_DPI to millimetres and to the scan's pixels.
        to_corner = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
        to_small = np.diag([small[0] / face.size_mm[0], small[1] / face.size_mm[1], 1.0])
        to_scan = np.diag([columns / size[0], rows / size[1], 1.0])
        found.append((best, to_scan @ to_corner @ matrix @ np.linalg.inv(to_corner) @ to_small))
    return found


def _turning(shape: tuple[int, ...], side: int, scale: float, angle: float) -> FloatArray:
    """The map (2, 3) that turns and scales an image of `shape` about its middle, into the middle of a square."""
    cos, sin = scale * math.cos(math.radians(angle)), scale * math.sin(math.radians(angle))
    linear = np.array([[cos, -sin], [sin, cos]])
    middle = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2])
    return np.column_stack([linear, np.array([side / 2, side / 2]) - linear @ middle])


def _centred(image: npt.NDArray[np.float32], side: int) -> npt.NDArray[np.float32]:
    placed = np.zeros((side, side), np.float32)
    y, x = (side - image.shape[0]) // 2, (side - image.shape[1]) // 2
    placed[y : y + image.shape[0], x : x + image.shape[1]] = image[: side - y, : side - x]
    return placed


def _ink_seen_from_afar(image: GreyImage) -> npt.NDArray[np.float32]:
    """Where there is print, whatever the paper's grey: darkness against the surroundings, its mean taken away."""
    white = cv2.dilate(image, np.ones((7, 7), np.uint8)).astype(np.float32)
    dark = np.minimum(white - image, 0.6 * 255) / 255
    # A scanner's black border and large stains say nothing.
    dark = np.minimum(dark, 3 * float(dark.mean()) + 0.02)
    local = cv2.blur(dark, (21, 21))
    return np.asarray(cv2.GaussianBlur(dark - local, (0, 0), 0.8), dtype=np.float32)
