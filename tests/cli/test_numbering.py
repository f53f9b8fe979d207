"""A page that papier could not place gets its number from a person, and is read anew as that sheet."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from papier.forms.frame import page_frame
from papier.ocr import reading
from papier.ocr.pages import load_page
from papier.store.sheets import StoreRegister
from papier.store.workspace import open_workspace
from tests.cli.conftest import Papier
from tests.cli.sheets import DPI, cross, render, zones

BASE = ("--today", "2027-03-02")


@pytest.fixture
def number(papier: Papier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The number of a filled slip that was taken in with both its numbers painted over, of a form printed long ago."""
    order = ("--set", "nom=MARTIN", "--set", "prenom=Léo", "--output", tmp_path / "a.pdf")
    papier("--today", "2027-03-01", "cases", "open", "carnet/absence", *order)
    papier("--today", "2027-03-01", "cases", "handed", "1")
    (image,) = render(tmp_path / "a.pdf")
    (layout,) = papier("layout", "carnet/absence", "--json").lines
    cross(image, zones(layout, 1, field="motif", option="maladie")[0]["rect"])
    for box in page_frame(210, 297).numbers:
        top, left = round((box.y - 1) * DPI / 25.4), round((box.x - 1) * DPI / 25.4)
        image[top : top + round((box.height + 2) * DPI / 25.4), left : left + round((box.width + 2) * DPI / 25.4)] = 255
    Image.fromarray(image).save(tmp_path / "scan.png", dpi=(DPI, DPI))
    monkeypatch.setattr(reading, "MAX_FORMS_COMPARED", 0)
    assert "1 unknown" in papier(*BASE, "intake", tmp_path / "scan.png").out
    (asked,) = papier("check", "--list", "--json").lines
    assert asked["key"] == "page:1"
    return str(papier("cases", "show", "1", "--json").lines[0]["sheets"][0])


def test_its_fields_are_read_once_it_has_its_number(papier: Papier, number: str) -> None:
    papier(*BASE, "check", "--answer", "page:1", number, "--by", "Mme Roux")
    (record,) = papier("records", "list", "--json").lines
    motif = record["fields"]["motif"]
    assert (record["sheet"], motif["value"], motif["state"]) == (number, ["maladie"], "sure")
    assert record["fields"]["nom"]["value"] == "MARTIN"
    # What nobody filled in is asked by its own doubt, not as if the page could not be read.
    assert "field:1:motif" not in {line["key"] for line in papier("check", "--list", "--json").lines}
    assert papier("cases", "history", "1", "--json").lines[-1]["kind"] == "returned"
    papier("check", "--undo", "--by", "Mme Roux")
    assert papier("records", "list", "--json").lines == []
    assert [line["key"] for line in papier("check", "--list", "--json").lines] == ["page:1"]
    assert papier("verify").code == 0


def test_a_page_that_does_not_look_like_the_sheet_named_is_asked_field_by_field(
    papier: Papier, number: str, tmp_path: Path
) -> None:
    del number
    (other,) = papier("print", "sante/dossier-medical", "--output", tmp_path / "b.pdf", "--json").lines
    papier(*BASE, "check", "--answer", "page:1", other["sheets"][0], "--by", "Mme Roux")
    (record,) = papier("records", "list", "--json").lines
    assert record["form"] == "sante/dossier-medical"
    assert {field["state"] for field in record["fields"].values()} == {"unreadable"}


def test_a_page_that_bears_another_number_is_not_read_as_this_sheet(papier: Papier, tmp_path: Path) -> None:
    (printed,) = papier("print", "carnet/absence", "--copies", "2", "--output", tmp_path / "a.pdf", "--json").lines
    Image.fromarray(render(tmp_path / "a.pdf")[0]).save(tmp_path / "scan.png", dpi=(DPI, DPI))
    register = StoreRegister(open_workspace(tmp_path / "workspace"))
    page = load_page(tmp_path / "scan.png", 1)
    own, other = (register.find_sheet(number) for number in printed["sheets"])
    assert own is not None
    assert other is not None
    found = reading.Reader(register).read_as_sheet(page, own)
    assert found is not None
    assert (found.sheet, found.page) == (own.number, 1)
    assert reading.Reader(register).read_as_sheet(page, other) is None
    register.engine.dispose()
