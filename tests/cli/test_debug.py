"""`papier debug`: pictures that people look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.cli.conftest import Papier
from tests.cli.sheets import cross, render, save, zones


def _scanned(papier: Papier, folder: Path) -> Path:
    assert papier("print", "carnet/retard", "--copies", "1", "--output", folder / "sheets.pdf").code == 0
    layout = papier("layout", "carnet/retard", "--json").lines[0]
    (image, *_rest) = render(folder / "sheets.pdf")
    cross(image, zones(layout, 1, kind="tick")[0]["rect"])
    return save([image, np.full((2339, 1654), 255, np.uint8)], folder / "scan.pdf")


def test_each_sheet_and_the_least_certain_zones_are_drawn(papier: Papier, tmp_path: Path) -> None:
    scan = _scanned(papier, tmp_path)
    outcome = papier("debug", scan, "--output", tmp_path / "look")
    names = sorted(path.name for path in (tmp_path / "look").iterdir())
    assert names == ["scan-001-001.png", "scan-gallery.png"]
    assert str(tmp_path / "look" / "scan-gallery.png") in outcome.out
    # The blank page has no picture; it says why.
    assert "p. 2: unknown: blank page" in outcome.out
    with Image.open(tmp_path / "look" / "scan-001-001.png") as page:
        colours = {colour for _, colour in page.convert("RGB").getcolors(1 << 24) or []}
    # Green corner marks, and a field that is sure.
    assert {(0, 158, 115), (0, 114, 178)} <= colours


def test_the_gallery_holds_as_many_zones_as_asked(papier: Papier, tmp_path: Path) -> None:
    scan = _scanned(papier, tmp_path)
    papier("debug", scan, "--output", tmp_path / "few", "--least", "3")
    papier("debug", scan, "--output", tmp_path / "more", "--least", "9")
    heights = []
    for folder in ("few", "more"):
        with Image.open(tmp_path / folder / "scan-gallery.png") as gallery:
            heights.append(gallery.height)
    assert heights[0] < heights[1]


def test_a_folder_that_cannot_be_made_is_one_sentence(papier: Papier, tmp_path: Path) -> None:
    scan = _scanned(papier, tmp_path)
    (tmp_path / "file").write_text("in the way")
    outcome = papier("debug", scan, "--output", tmp_path / "file" / "look")
    assert outcome.code == 2
    assert "--output" in outcome.err
    assert "Traceback" not in outcome.err
