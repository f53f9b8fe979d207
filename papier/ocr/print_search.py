"""Where a form's print lies on a scan that shows too few corner marks: the whole page is compared, from far away.

Rows of equal boxes have no distinctive places for `face_registration` to match; the page as a whole has. The scan's
lines say how it is turned (Postl 1986: the profile of a straight page is uneven), its resolution how large it is, more
or less, and correlation in the frequency domain where the print lies. What comes out is off by a millimetre or two, for
`face_registration` to settle.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from papier.geometry import MM_PER_INCH, FloatArray, RectMm, Transform
from papier.ocr.face import Face
from papier.ocr.scan import GreyImage, ScannedPage

Floats = npt.NDArray[np.float32]

_TO_CORNER = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
_TO_CENTRE = np.linalg.inv(_TO_CORNER)

# Pixels a millimetre: boxes, letters and rules are seen, and half a degree is not yet off by a pixel within 12 cm.
FINENESS = 1.2
# Print, from which the page's shading and what is larger than a corner mark are taken away, in millimetres.
FINEST_MM, COARSEST_MM = 0.5, 3.0
# Sheets lie askew by 10 degrees at most, then by quarter turns; the lines tell to half a step.
MOST_SKEW, SKEW_STEP = 12.0, 0.5
# Printers and copiers print at 94 to 100 %; steps that are off by less than a millimetre over half a page.
SCALES = (1.0, 0.985, 0.97, 0.955, 0.94)
# A resolution by which the sheet is so much smaller or larger than the scan is not the scan's: it fills it then.
SMALLEST, LARGEST = 0.3, 1.4
# On eleven rough pages that had lost their marks, the right form correlated with 0.49 to 0.79, others with 0.13.
LEAST_LIKENESS = 0.2
# Rows of boxes fit upside-down and a row further as well: the likeliest places are all laid, and compared.
MOST_PLACES = 3
# Further peaks nearer than this to a better one are the same place, in millimetres.
APART_MM = 4.0


@dataclass(frozen=True)
class Place:
    """One way in which the print may lie: sheet millimetres → scan pixels; `likeness` is its correlation, up to 1."""

    to_page: Transform
    likeness: float


@dataclass(frozen=True, eq=False)
class ScanSpectra:
    """A scan as seen from far away, its lines laid straight: what is compared with any form.

    `side`: of the squares compared, in pixels. `turned`: for each quarter turn and scale, the spectrum of the straight
    picture and the map from its pixels to the scan's.
    """

    side: int
    turned: tuple[tuple[npt.NDArray[np.complex64], FloatArray], ...]

    @classmethod
    def of(cls, page: ScannedPage, size_mm: tuple[float, float]) -> ScanSpectra:
        """`size_mm` of the sheet that is looked for."""
        filling = max(page.pixels.shape) / max(size_mm)
        per_mm = page.dpi / MM_PER_INCH if page.dpi else filling
        if not SMALLEST < per_mm / filling < LARGEST:
            per_mm = filling
        print_, reduced = _reduced(page, per_mm)
        skew = _find_skew(print_)
        # Room for the longest side in any direction: correlation wraps around.
        side = cv2.getOptimalDFTSize(round(1.5 * max(*size_mm, max(print_.shape) / FINENESS) * FINENESS))
        height, width = print_.shape
        turned = []
        for quarter, scale in itertools.product(range(4), SCALES):
            turn = np.radians(skew + 90.0 * quarter)
            # From the straight picture, whose middle is the scan's, to the reduced scan.
            spin = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
            shift = np.array([width / 2, height / 2]) - spin @ [side / 2, side / 2]
            matrix = np.array([[*spin[0], shift[0]], [*spin[1], shift[1]], [0, 0, 1]])
            # Maps count from pixel corners, warpAffine from centres.
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            straight = cv2.warpAffine(print_, (_TO_CENTRE @ matrix @ _TO_CORNER)[:2], (side, side), flags=flags)
            strength = max(float(np.linalg.norm(straight)), 1e-6)
            spectrum = np.fft.rfft2(straight / strength).astype(np.complex64)
            turned.append((spectrum, np.diag([*reduced, 1.0]) @ matrix))
        return cls(side, tuple(turned))


def find_places(scan: ScanSpectra, face: Face) -> list[Place]:
    """The likeliest places of this face, the best first: at most MOST_PLACES, none where another form is seen."""
    print_, finest = _print_of(face)
    padded = np.zeros((scan.side, scan.side), np.float32)
    padded[: print_.shape[0], : print_.shape[1]] = print_ / max(float(np.linalg.norm(print_)), 1e-6)
    wanted = np.conj(np.fft.rfft2(padded))
    found: list[Place] = []
    for spectrum, to_scan in scan.turned:
        surface = np.fft.irfft2(spectrum * wanted, s=(scan.side, scan.side))
        row, column = (int(n) for n in np.unravel_index(int(surface.argmax()), surface.shape))
        # The sheet may begin beyond the scan's edge: there correlation wraps around.
        x = _peak(surface[row], column) - (scan.side if column > 0.75 * scan.side else 0)
        y = _peak(surface[:, column], row) - (scan.side if row > 0.75 * scan.side else 0)
        to_straight = np.array([[finest[0], 0, x], [0, finest[1], y], [0, 0, 1.0]])
        found.append(Place(Transform(to_scan @ to_straight), float(surface[row, column])))
    kept: list[Place] = []
    for place in sorted(found, key=lambda place: -place.likeness):
        if place.likeness >= LEAST_LIKENESS and not any(_is_same(place, better, face) for better in kept):
            kept.append(place)
    return kept[:MOST_PLACES]


def _is_same(place: Place, better: Place, face: Face) -> bool:
    """Whether two places are one, seen at two scales or a pixel apart."""
    corners = RectMm(0, 0, *face.size_mm).corners()
    ours, theirs = better.to_page.apply(corners), place.to_page.apply(corners)
    per_mm = float(np.hypot(*(ours[2] - ours[0]))) / float(np.hypot(*face.size_mm))
    # Scales part at the corners; a half turn and a row of boxes move the middle or the corners by more.
    apart = max(float(np.hypot(*(ours - theirs).mean(axis=0))), float(np.hypot(*(ours - theirs).T).max()) / 3)
    return apart < APART_MM * per_mm


def _peak(values: FloatArray, at: int) -> float:
    """Where a peak at `at` has its top, by the parabola through it and its neighbours; ends meet."""
    before, top, after = (float(values[(at + step) % len(values)]) for step in (-1, 0, 1))
    return at + float(np.clip((after - before) / (2 * max(2 * top - before - after, 1e-9)), -0.5, 0.5))


def _reduced(page: ScannedPage, per_mm: float) -> tuple[Floats, tuple[float, float]]:
    """The scan's print at FINENESS, and by how much it was reduced in width and height."""
    factor = per_mm / FINENESS
    size = (max(8, round(page.pixels.shape[1] / factor)), max(8, round(page.pixels.shape[0] / factor)))
    small = np.asarray(cv2.resize(page.pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return _band(small, FINENESS), (page.pixels.shape[1] / size[0], page.pixels.shape[0] / size[1])


def _print_of(face: Face) -> tuple[Floats, tuple[float, float]]:
    """The blank form's print at FINENESS, and its exact pixels a millimetre in width and height."""
    size = (round(face.size_mm[0] * FINENESS), round(face.size_mm[1] * FINENESS))
    small = np.asarray(cv2.resize(face.pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return _band(small, FINENESS), (size[0] / face.size_mm[0], size[1] / face.size_mm[1])


def _band(grey: GreyImage, per_mm: float) -> Floats:
    """What is darker or lighter than its surroundings, without shading; large dark areas count as little as print."""
    image = 255.0 - grey.astype(np.float32)
    fine = cv2.GaussianBlur(image, (0, 0), FINEST_MM * per_mm)
    band = fine - cv2.GaussianBlur(image, (0, 0), COARSEST_MM * per_mm)
    return np.asarray(np.clip(band, -25, 40), dtype=np.float32)


def _find_skew(print_: Floats) -> float:
    """By how many degrees the lines of the page are turned, within ±MOST_SKEW of a quarter turn."""
    height, width = print_.shape
    middle = (width / 2, height / 2)
    best, found = -1.0, 0.0
    for angle in np.arange(-MOST_SKEW, MOST_SKEW + SKEW_STEP / 2, SKEW_STEP):
        matrix = cv2.getRotationMatrix2D(middle, float(angle), 1.0)
        straight = cv2.warpAffine(print_, matrix, (width, height), flags=cv2.INTER_LINEAR)
        rows, columns = straight.sum(axis=1), straight.sum(axis=0)
        uneven = float(np.square(np.diff(rows)).sum() + np.square(np.diff(columns)).sum())
        if uneven > best:
            best, found = uneven, float(angle)
    return found
