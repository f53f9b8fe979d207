"""The printed face corrects what the marks leave, and says whether it is this form at all."""

import io
import pickle

import numpy as np
import pytest
from PIL import Image

from papier.errors import DefinitionError
from papier.forms.layout import Layout, LayoutPage
from papier.geometry import MM_PER_INCH, FloatArray
from papier.ocr.face import Face, face_match, fit_face, load_face, refine
from papier.ocr.register import PrintedForm
from papier.ocr.registration import find_sheets, turned
from papier.ocr.scan import RegisteredPage
from tests.ocr.drawn_pages import Distortion, DrawnSheet, draw_sheet, feeder_bend, office, rough, scanned

A4 = (210.0, 297.0)
SHEET = draw_sheet(np.random.default_rng(5))
OTHER = draw_sheet(np.random.default_rng(6))


def error_mm(page: RegisteredPage, distortion: Distortion, sheet: DrawnSheet = SHEET) -> FloatArray:
    points = np.array([zone.centre for zone in sheet.zones])
    off = page.to_scan(points) - distortion.to_scan(points, page.size_mm)
    return np.asarray(np.hypot(*off.T) * MM_PER_INCH / distortion.dpi)


def bent(seed: int, curl: float = 0.4, dpi: float = 200.0) -> tuple[np.random.Generator, Distortion]:
    rng = np.random.default_rng(seed)
    distortion = Distortion(
        dpi,
        scale=(0.97, 0.973),
        skew=float(rng.uniform(-3, 3)),
        glass_mm=(222.0, 309.0),
        centre_mm=(111.0, 154.5),
        bend=feeder_bend(rng, 297.0, curl=curl),
    )
    return rng, distortion


@pytest.mark.parametrize("seed", range(5))
def test_bent_office_scans_are_placed_to_a_quarter_millimetre(seed: int) -> None:
    rng, distortion = bent(seed)
    (sheet,) = find_sheets(scanned(office(rng, distortion.scan_of(SHEET.filled, A4))))
    page = refine(sheet.best, load_face(SHEET.printed_form(), 1))
    assert np.percentile(error_mm(page, distortion), 95) < 0.25
    assert page.residual is not None
    assert page.residual < 0.15


@pytest.mark.parametrize("seed", range(5))
def test_bad_copies_are_placed_to_two_fifths_of_a_millimetre(seed: int) -> None:
    rng, distortion = bent(seed, curl=0.8, dpi=150.0)
    (sheet,) = find_sheets(scanned(rough(rng, distortion.scan_of(SHEET.filled, A4), 150)))
    page = refine(sheet.best, load_face(SHEET.printed_form(), 1))
    assert np.percentile(error_mm(page, distortion), 95) < 0.4


def test_refining_helps_where_the_marks_alone_do_not() -> None:
    rng, distortion = bent(1, curl=0.8)
    (sheet,) = find_sheets(scanned(office(rng, distortion.scan_of(SHEET.filled, A4))))
    before = np.percentile(error_mm(sheet.best, distortion), 95)
    after = np.percentile(error_mm(refine(sheet.best, load_face(SHEET.printed_form(), 1)), distortion), 95)
    assert before > 0.4
    assert after < before / 3


def test_the_face_tells_this_form_from_another_and_upside_down() -> None:
    rng, distortion = bent(2)
    (sheet,) = find_sheets(scanned(office(rng, distortion.scan_of(SHEET.filled, A4))))
    face, other = load_face(SHEET.printed_form(), 1), load_face(OTHER.printed_form(), 1)
    assert face_match(sheet.best, face) > 0.6
    assert face_match(sheet.best, other) < 0.35
    assert face_match(turned(sheet.best), face) < 0.35


def test_a_wrong_face_leaves_the_page_as_the_marks_gave_it() -> None:
    rng, distortion = bent(3)
    (sheet,) = find_sheets(scanned(office(rng, distortion.scan_of(SHEET.filled, A4))))
    page = refine(turned(sheet.best), load_face(SHEET.printed_form(), 1))
    assert page.displacement is None
    assert page.residual is None


def test_an_empty_face_leaves_the_page_as_it_is() -> None:
    blank = Face(A4, np.full((2339, 1654), 255, np.uint8), 200.0)
    distortion = Distortion(150)
    (sheet,) = find_sheets(scanned(distortion.scan_of(SHEET.face, A4)))
    fit = fit_face(sheet.best, blank)
    assert fit.page.displacement is None
    assert fit.match == 0.0


def test_a_refined_page_can_be_sent_to_another_process() -> None:
    rng, distortion = bent(4)
    (sheet,) = find_sheets(scanned(office(rng, distortion.scan_of(SHEET.filled, A4))))
    page = refine(sheet.best, load_face(SHEET.printed_form(), 1))
    points = [[20.0, 30.0], [100.0, 200.0], [-3.0, 500.0]]
    assert np.array_equal(pickle.loads(pickle.dumps(page)).to_scan(points), page.to_scan(points))  # noqa: S301 - ours


def test_the_face_is_cut_as_the_scan_is() -> None:
    distortion = Distortion(200)
    face = load_face(SHEET.printed_form(), 1)
    (sheet,) = find_sheets(scanned(distortion.scan_of(SHEET.face, A4)))
    rects = [zone.grown(1.0) for zone in SHEET.zones[:20]]
    from_face, from_scan = face.cut(rects, (48, 48)), sheet.best.cut(rects, (48, 48))
    assert from_face.shape == from_scan.shape == (len(rects), 48, 48)
    assert np.abs(from_face.astype(int) - from_scan).mean() < 6


def test_a_face_may_be_a_pdf() -> None:
    drawn = io.BytesIO()
    Image.fromarray(SHEET.face).save(drawn, "PDF", resolution=200.0)
    form = PrintedForm(Layout("essai/pdf", 1, "Essai", A4, (LayoutPage(1, ()),)), drawn.getvalue())
    face = load_face(form, 1)
    assert face.pixels.shape == (2339, 1654)
    assert np.abs(face.pixels.astype(int) - SHEET.face[:2339, :1654]).mean() < 3
    with pytest.raises(DefinitionError, match="has no page 2"):
        load_face(PrintedForm(Layout("essai/pdf", 1, "Essai", A4, (LayoutPage(2, ()),)), form.face), 2)


@pytest.mark.parametrize("face", [b"", b"nothing", b"%PDF-1.7 broken"])
def test_a_broken_face_is_a_mistake_in_the_definition(face: bytes) -> None:
    form = PrintedForm(Layout("essai/faux", 1, "Essai", A4, (LayoutPage(1, ()),)), face)
    with pytest.raises(DefinitionError, match="Give a PDF or PNG"):
        load_face(form, 1)


def test_faces_are_kept_and_told_apart() -> None:
    assert load_face(SHEET.printed_form(), 1) is load_face(SHEET.printed_form(), 1)
    assert load_face(SHEET.printed_form(), 1) is not load_face(OTHER.printed_form(), 1)
    assert load_face(SHEET.printed_form(), 1).written == SHEET.zones
