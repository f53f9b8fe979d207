from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pytest
from PIL import Image
from reportlab.pdfgen import canvas

from papier.geometry import POINTS_PER_MM
from simulator.conditions import Conditions, draw_conditions
from simulator.defects import cut_corner
from simulator.printer import Paper, Toner, print_page
from simulator.scanner import ScannedImage, decoded_grey, scan, write_scan

DOTS = np.array([[20.0, 25.0], [190.0, 25.0], [105.0, 150.0], [20.0, 270.0], [190.0, 270.0]])


@pytest.fixture(scope="module")
def pdf() -> bytes:
    """An A4 page with five dots of 3 mm."""
    stream = io.BytesIO()
    page = canvas.Canvas(stream, pagesize=(210 * POINTS_PER_MM, 297 * POINTS_PER_MM))
    for x, y in DOTS:
        page.circle(x * POINTS_PER_MM, (297 - y) * POINTS_PER_MM, 1.5 * POINTS_PER_MM, stroke=0, fill=1)
    page.save()
    return stream.getvalue()


def printed(pdf: bytes, conditions: Conditions) -> Paper:
    document = pdfium.PdfDocument(pdf)
    try:
        return print_page(document, 0, conditions.paper_dpi, conditions.toner, np.random.default_rng(1))
    finally:
        document.close()


def scanned(pdf: bytes, conditions: Conditions, seed: int = 2) -> ScannedImage:
    return scan([printed(pdf, conditions)], conditions, np.random.default_rng(seed))


def dots_found(image: ScannedImage) -> np.ndarray:
    grey = image.pixels if image.pixels.ndim == 2 else image.pixels.min(axis=2)
    found = []
    for x, y in image.to_scan(DOTS):
        left, top = int(x) - 20, int(y) - 20
        weight = np.clip(160.0 - grey[max(0, top) : top + 41, max(0, left) : left + 41], 0, None)
        ys, xs = np.indices(weight.shape) + 0.5
        total = weight.sum()
        assert total > 1000, "the dot is not where the truth says"
        found.append(((xs * weight).sum() / total + max(0, left), (ys * weight).sum() / total + max(0, top)))
    return np.array(found)


def office(**changes: object) -> Conditions:
    base = Conditions("office", 200, skew=2.0, print_factor=0.95, stretch=0.007, curl=0.4, folds=2, shift=(1.0, -1.0))
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "conditions",
    [
        Conditions(dpi=200),
        office(),
        office(upside_down=True),
        office(quarter_turns=1),
        office(mode="colour", tint="pink"),
        office(dpi=150, defects=("crumpled",), skew=-8.0),
        office(mode="bilevel"),
    ],
    ids=["clean", "office", "upside-down", "sideways", "colour", "crumpled", "1-bit"],
)
def test_the_truth_of_places_holds_on_bent_paper(pdf: bytes, conditions: Conditions) -> None:
    image = scanned(pdf, conditions)
    error = np.linalg.norm(dots_found(image) - image.to_scan(DOTS), axis=1)
    assert error.max() < 1.2, "pixels"


def test_fit_to_page_shrinks_about_the_centre(pdf: bytes) -> None:
    document = pdfium.PdfDocument(pdf)
    paper = print_page(document, 0, 200, Toner(factor=0.94), np.random.default_rng(1))
    document.close()
    assert paper.size_mm == pytest.approx((210, 297), abs=0.2)
    centre = np.array(paper.origin) + 0.94 * np.array([105, 148.5])
    assert centre == pytest.approx((105, 148.5), abs=0.15)


def test_the_same_seed_gives_the_same_bytes(pdf: bytes) -> None:
    first, second = (scanned(pdf, office(holes=True, dirt=9)).pixels for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, scanned(pdf, office(holes=True, dirt=9), seed=3).pixels)


def test_coloured_paper_stays_lighter_than_half(pdf: bytes) -> None:
    for tint in ("yellow", "green", "pink", "recycled"):
        image = scanned(pdf, office(tint=tint, noise=0.0))
        assert np.median(image.pixels) > 190


@pytest.mark.parametrize("seed", range(20))
def test_a_cut_corner_takes_at_most_its_share(seed: int) -> None:
    outline = cut_corner((210.0, 297.0), np.random.default_rng(seed), 0.12)
    x, y = outline.T
    area = 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))
    assert 0.88 * 210 * 297 - 1 <= area < 210 * 297
    assert (outline >= -1e-6).all()
    assert (outline <= (210.001, 297.001)).all()


def test_two_coupons_lie_apart_on_one_glass() -> None:
    blank = Paper(np.full((1654, 1165), 255, np.uint8), 200)
    conditions = Conditions("office", 160)
    image = scan([blank, blank], conditions, np.random.default_rng(4))
    assert image.pixels.shape == (round(297 / 25.4 * 160), round(210 / 25.4 * 160))
    size = np.array(blank.size_mm)
    corners = np.array([[0.0, 0.0], [size[0], 0], size, [0, size[1]]])
    first, second = image.to_scan(corners, 0), image.to_scan(corners, 1)
    assert first[:, 1].max() < second[:, 1].min() + 40


def test_profiles_keep_to_what_they_promise() -> None:
    rng = np.random.default_rng(5)
    drawn = [draw_conditions("office", rng) for _ in range(400)]
    assert all(abs(c.skew) <= 3 and 0.94 <= c.print_factor <= 1 and 200 <= c.dpi <= 300 for c in drawn)
    assert all(50 <= c.quality <= 90 and not c.defects and c.mode != "bilevel" for c in drawn)
    assert 50 < sum(c.upside_down for c in drawn) < 110
    rough = [draw_conditions("rough", rng) for _ in range(400)]
    assert all(abs(c.skew) <= 10 and c.defects for c in rough)
    assert 80 < sum(c.mode == "bilevel" for c in rough) < 160
    with pytest.raises(ValueError, match="clean, office, rough"):
        draw_conditions("perfect", rng)


@pytest.mark.parametrize("mode", ["grey", "colour", "bilevel"])
def test_pdf_holds_the_same_page(pdf: bytes, mode: str, tmp_path: Path) -> None:
    image = scanned(pdf, office(mode=mode, quality=90))
    (path,) = write_scan([image, image], tmp_path / "scan.pdf")
    with pikepdf.open(path) as opened:
        assert len(opened.pages) == 2
        width, height = (float(n) for n in opened.pages[0].mediabox[2:])
        assert (width, height) == pytest.approx((210 * POINTS_PER_MM, 297 * POINTS_PER_MM), abs=1)
        embedded = opened.pages[0].obj.Resources.XObject.Im0
        assert isinstance(embedded, pikepdf.Stream)
        shown = pikepdf.PdfImage(embedded).as_pil_image().convert("L")
    assert np.abs(np.asarray(shown).astype(int) - decoded_grey(image)).mean() < 2
    document = pdfium.PdfDocument(path)
    rendered = document[0].render(scale=200 / 72, grayscale=True).to_numpy().squeeze()
    document.close()
    small = cv2.resize(decoded_grey(image), (100, 140), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(cv2.resize(rendered, (100, 140), interpolation=cv2.INTER_AREA) - small).mean() < 4


@pytest.mark.parametrize(("mode", "ending"), [("grey", "tif"), ("bilevel", "tif"), ("colour", "jpg"), ("grey", "png")])
def test_image_files_state_their_resolution(pdf: bytes, mode: str, ending: str, tmp_path: Path) -> None:
    image = scanned(pdf, office(mode=mode))
    paths = write_scan([image, image], tmp_path / f"scan.{ending}")
    assert len(paths) == (1 if ending == "tif" else 2)
    with Image.open(paths[0]) as opened:
        assert opened.size == image.pixels.shape[1::-1]
        assert opened.info["dpi"] == pytest.approx((200, 200), abs=0.5)
        assert getattr(opened, "n_frames", 1) == (2 if ending == "tif" else 1)


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.gif"):
        write_scan([], tmp_path / "scan.gif")
