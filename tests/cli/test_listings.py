"""What a person sees in the terminal: forms by a word, sheet numbers whole, records in printed words."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Papier
from tests.cli.sheets import cross, render


@pytest.fixture(autouse=True)
def narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_forms_are_found_by_a_family_or_a_word(french: Papier) -> None:
    assert {line["form"].partition("/")[0] for line in french("forms", "sante", "--json").lines} > {"sante"}
    found = {line["form"] for line in french("forms", "--json", "Dossier Médical").lines}
    assert {"sante/dossier-medical", "refus/dmp"} <= found
    assert "carnet/absence" not in found
    lost = french("forms", "zzz")
    assert (lost.code, "Aucun formulaire ne parle de « zzz »" in lost.err) == (2, True)
    family = french("print", "sante")
    assert (family.code, "papier forms sante" in family.err) == (2, True)


def test_a_record_is_told_in_the_words_of_its_sheet(french: Papier, tmp_path: Path) -> None:
    printed, scan = tmp_path / "a.pdf", tmp_path / "scan.png"
    french("print", "carnet/absence", "--set", "nom=MARTIN", "--set", "prenom=Léo", "--output", printed)
    (layout,) = french("layout", "carnet/absence", "--json").lines
    (image,) = render(printed)
    (box,) = [
        zone["rect"]
        for page in layout["pages"]
        for zone in page["zones"]
        if (zone["field"], zone.get("option")) == ("motif", "maladie")
    ]
    cross(image, box)
    Image.fromarray(image).save(scan, dpi=(200, 200))
    # Pages are what is counted as to check, and stand beside their status.
    assert "1 page (1 à vérifier), 1 fiche" in french("intake", scan).out
    shown = french("records", "show", "1").out
    assert "Motif de" in shown
    assert "Maladie de" in shown
    assert "imprimé" in shown
    assert "True" not in shown
    number = french("records", "list", "--json").lines[0]["sheet"]
    assert number in french("records", "list").out


def test_a_sheet_of_another_office_is_told_so(french: Papier, tmp_path: Path) -> None:
    printed, scan = tmp_path / "a.pdf", tmp_path / "scan.png"
    french("print", "sante/relance", "--output", printed)
    Image.fromarray(render(printed)[0]).save(scan, dpi=(200, 200))
    french("--workspace", tmp_path / "other", "init")
    told = french("--workspace", tmp_path / "other", "intake", scan)
    assert "p. 1 : le numéro de la feuille est illisible ou d'un autre espace de travail" in told.out
    # The other workspace knows the form by its print: it keeps the page as a record, and says the same.
    french("--workspace", tmp_path / "other", "print", "sante/relance", "--output", tmp_path / "b.pdf")
    Image.fromarray(render(printed, 150)[0]).save(tmp_path / "again.png", dpi=(150, 150))
    told = french("--workspace", tmp_path / "other", "intake", tmp_path / "again.png")
    assert "p. 1 : numéro de feuille non lu, ou d'un autre espace de travail" in told.out
