"""The test page, printed and scanned with known faults: what is measured is what was done to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image

from tests.cli.conftest import Papier
from tests.devices.print_shop import PrintShop

DPI = 200
MM = DPI / 25.4


def page(pdf: Path) -> np.ndarray[Any, Any]:
    with pdfium.PdfDocument(pdf) as document:
        return np.asarray(document[0].render(scale=DPI / 72, grayscale=True).to_pil()).astype(np.float64)


def scan(
    pixels: np.ndarray[Any, Any],
    path: Path,
    *,
    scale: float = 1.0,
    skew: float = 0.0,
    cut: tuple[int, int, int, int] = (0, 0, 0, 0),
    black: float = 0.0,
    blur: float = 0.0,
    dpi: int = DPI,
) -> Path:
    """A sheet whose printer cuts `cut` mm at left, top, right, bottom, scanned askew, in `black` for black."""
    height, width = pixels.shape
    left, top, right, bottom = (round(edge * MM) for edge in cut)
    printed = np.full_like(pixels, 255.0)
    printed[top : height - bottom, left : width - right] = pixels[top : height - bottom, left : width - right]
    if blur:
        printed = cv2.GaussianBlur(printed, (0, 0), blur)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), skew, scale)
    turned = cv2.warpAffine(printed, matrix, (width, height), borderValue=(255.0,), flags=cv2.INTER_AREA)
    grey = (black + turned * (235.0 - black) / 255.0).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(grey)
    if dpi != DPI:
        image = image.resize((round(width * dpi / DPI), round(height * dpi / DPI)), Image.Resampling.BOX)
    image.save(path, resolution=dpi)
    return path


def measured(papier: Papier, tmp_path: Path, **faults: Any) -> dict[str, Any]:
    pdf = tmp_path / f"page-{len(list(tmp_path.glob('page-*')))}.pdf"
    assert papier("print", "calibration", "--output", pdf).code == 0
    taken = papier("intake", scan(page(pdf), tmp_path / f"scan-{pdf.name}", **faults))
    assert "dpi" in taken.err  # told at once
    lines = papier("calibration", "--json").lines
    return lines[-1]


def test_a_sound_printer_and_scanner_are_found_sound(papier: Papier, tmp_path: Path) -> None:
    found = measured(papier, tmp_path, skew=0.8)
    assert found["faults"] == []
    assert found["scale_x"] == pytest.approx(1.0, abs=0.003)
    assert found["scale_y"] == pytest.approx(1.0, abs=0.003)
    assert found["skew"] == pytest.approx(-0.8, abs=0.1)
    assert found["margins"] == [1, 1, 1, 1]
    assert found["finest"] <= 0.3
    assert papier("calibration").code == 0


def test_what_was_done_to_the_page_is_what_is_measured(papier: Papier, tmp_path: Path) -> None:
    found = measured(papier, tmp_path, scale=0.95, skew=-2.0, black=60.0)
    assert found["scale_x"] == pytest.approx(0.95, abs=0.004)
    assert found["skew"] == pytest.approx(2.0, abs=0.1)
    assert found["greys"][0] == pytest.approx(60.0, abs=4)
    assert found["paper"] == pytest.approx(235.0, abs=3)
    assert [fault for fault in found["faults"] if "95" in fault]
    assert papier("calibration").code == 20


def test_margins_that_are_cut_are_measured_edge_by_edge(papier: Papier, tmp_path: Path) -> None:
    found = measured(papier, tmp_path, cut=(3, 4, 5, 6))
    # A line is 0.3 mm wide: the one that the cut goes through may count or not.
    for edge, cut in zip(found["margins"], (3, 4, 5, 6), strict=True):
        assert edge - cut in (0, 1)
    assert found["faults"] == []


def test_faint_and_coarse_scans_are_told_with_the_remedy(papier: Papier, tmp_path: Path) -> None:
    faint = measured(papier, tmp_path, black=150.0)
    assert any("toner" in fault for fault in faint["faults"])
    coarse = measured(papier, tmp_path, dpi=100)
    assert any("200 or 300 dpi" in fault for fault in coarse["faults"])
    blurred = measured(papier, tmp_path, blur=4.0)
    assert any("Fine lines" in fault for fault in blurred["faults"])


def test_a_bad_test_page_warns_before_its_printer_prints(papier: Papier, shop: PrintShop, tmp_path: Path) -> None:
    assert papier("print", "calibration", "--output", tmp_path / "p.pdf", "--printer", shop.queue).code == 0
    (printed,) = shop.printed()
    papier("intake", scan(page(printed), tmp_path / "scan.pdf", scale=0.93))
    (found,) = papier("calibration", "--json").lines
    assert found["printer"] == shop.queue
    out = papier("print", "carnet/absence", "--output", tmp_path / "a.pdf", "--printer", shop.queue)
    assert out.code == 0
    assert "Print at 100 %" in out.err
    # Mended, it is quiet again.
    papier("print", "calibration", "--output", tmp_path / "q.pdf", "--printer", shop.queue)
    papier("intake", scan(page(shop.printed()[-1]), tmp_path / "scan2.pdf"))
    out = papier("print", "carnet/absence", "--output", tmp_path / "b.pdf", "--printer", shop.queue)
    assert "Print at 100 %" not in out.err
