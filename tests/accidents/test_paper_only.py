"""What a form keeps on paper never reaches the disk: not the archive, not the store, not a leftover."""

from __future__ import annotations

import random
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest
from PIL import Image, ImageDraw

from papier.geometry import POINTS_PER_MM
from papier.intake import take_in
from papier.ocr.pages import load_page
from papier.ocr.scan import ScannedPage
from papier.store.connection import connect
from papier.store.records import list_records
from papier.store.sheets import StoreRegister
from papier.store.verification import find_damage
from papier.store.workspace import Workspace
from simulator.interruptions import NOW, fresh_workspace, make_batch
from tests.accidents.plain_reader import inbox

FORM = """\
form: essai/secret
version: 1
title: Essai
format: A5
blocks:
  - tick: accord
    label: D'accord ?
    options: {oui: Oui, non: Non}
  - lines: sante
    label: Ce que le médecin doit savoir
    count: 4
    paper_only: true
  - tick: copie
    label: Copie voulue ?
    options: {oui: Oui, non: Non}
"""
WRITTEN = "DIABETE"
DPI = 150
# The text that a copier's own recogniser laid under the page.
COPIER_TEXT = b"Le secret: " + WRITTEN.encode()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with one filled sheet in its inbox, the secret in pixels and as a copier's text."""
    form = tmp_path / "secret.yaml"
    form.write_text(FORM)
    batch = make_batch(tmp_path, 2, random.Random(1), forms=(str(form),))
    workspace = fresh_workspace(batch, tmp_path / "w")
    (scan,) = inbox(workspace)
    write_secret(scan, workspace)
    return workspace


def write_secret(scan: Path, workspace: Workspace) -> None:
    """Write on the paper-only lines of page 1, and leave page 2 as it is; text, notes and a preview come along."""
    (form,) = StoreRegister(workspace).forms()
    zone = next(zone for zone in form.layout.zones() if zone.field == "sante")
    images = []
    for index in (1, 2):
        page = load_page(scan, index)
        assert isinstance(page, ScannedPage)
        image = Image.fromarray(page.pixels)
        if index == 1:
            x, y = (value * POINTS_PER_MM * DPI / 72 for value in (zone.rect.x + 10, zone.rect.y + 4))
            ImageDraw.Draw(image).text((x, y), WRITTEN, fill=30, font_size=60)
        images.append(image)
    images[0].save(scan, save_all=True, append_images=images[1:], resolution=DPI, title=WRITTEN)
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        pdf.pages[0].contents_add(pdf.make_stream(b"BT 3 Tr /F1 12 Tf 50 200 Td (" + COPIER_TEXT + b") Tj ET"))
        pdf.pages[0].obj.Resources.Font = pikepdf.Dictionary(
            F1=pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        )
        pdf.save(scan, compress_streams=False)


def written_pixels(path: Path) -> int:
    """How much of the secret's print is found anywhere on page 1."""
    page = load_page(path, 1)
    assert isinstance(page, ScannedPage)
    sample = Image.new("L", (300, 80), 255)
    ImageDraw.Draw(sample).text((4, 4), WRITTEN, fill=30, font_size=60)
    match = cv2.matchTemplate(page.pixels, np.asarray(sample)[8:64, 8:240], cv2.TM_CCOEFF_NORMED)
    return int(match.max() * 100)


def every_byte(folder: Path) -> bytes:
    """All files of a folder, and what the streams of PDFs unpack to."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            found.append(path.read_bytes())
            if path.suffix == ".pdf":
                with pikepdf.open(path) as pdf:
                    found += [
                        bytes(entry.read_raw_bytes()) for entry in pdf.objects if isinstance(entry, pikepdf.Stream)
                    ]
                    found += [
                        bytes(entry.read_bytes())
                        for entry in pdf.objects
                        if isinstance(entry, pikepdf.Stream) and entry.get("/Filter") != "/DCTDecode"
                    ]
    return b"\n".join(found)


def test_nothing_of_it_is_in_any_byte_of_the_workspace(workspace: Workspace) -> None:
    (scan,) = inbox(workspace)
    original = scan.read_bytes()
    assert written_pixels(scan) > 80
    assert WRITTEN.encode() in every_byte(workspace.folder)
    engine = connect(workspace)
    taken = take_in(workspace, engine, scan, NOW)
    assert taken.masked
    assert inbox(workspace) == []
    everything = every_byte(workspace.folder)
    assert WRITTEN.encode() not in everything
    assert WRITTEN.lower().encode() not in everything.lower()
    assert original[2000:2100] not in everything
    (kept,) = workspace.archive.glob("*/*.pdf")
    assert written_pixels(kept) < 50
    records = list_records(engine)
    assert [record.fields["sante"]["reason"] for record in records] == ["kept on paper only"] * 2
    assert all(record.fields["accord"]["value"] or record.fields["copie"]["value"] for record in records)
    assert find_damage(workspace, engine) == []
    engine.dispose()


def test_the_original_taken_in_again_is_known(workspace: Workspace, tmp_path: Path) -> None:
    (scan,) = inbox(workspace)
    outside = tmp_path / "scan.pdf"
    outside.write_bytes(scan.read_bytes())
    engine = connect(workspace)
    take_in(workspace, engine, scan, NOW)
    again = take_in(workspace, engine, outside, NOW)
    assert again.pages is None
    assert again.masked
    assert again.left == outside
    assert len(list_records(engine)) == 2
    engine.dispose()


def test_a_page_nobody_knows_is_not_kept_where_it_may_hold_a_secret(workspace: Workspace, tmp_path: Path) -> None:
    strange = Image.new("L", (1240, 1754), 240)
    ImageDraw.Draw(strange).text((200, 900), WRITTEN, fill=30, font_size=60)
    path = tmp_path / "strange.pdf"
    strange.save(path, resolution=DPI)
    engine = connect(workspace)
    taken = take_in(workspace, engine, path, NOW)
    assert taken.pages is not None
    assert "is not kept" in str(taken.pages[0].reading.reason)
    (kept,) = workspace.archive.glob("*/*.pdf")
    assert written_pixels(kept) < 50
    engine.dispose()
