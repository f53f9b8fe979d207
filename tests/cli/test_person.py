"""Everything about one person, and of nobody else: on paper, and erased."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest

from tests.cli.conftest import Papier
from tests.cli.sheets import cross, render, save, text_of, zones

ROSTER = (
    "nom;prenom;classe;naissance\nLEFÈVRE;Chloé;6A;2015-02-03\nGARNIER;Noé;6A;2015-04-05\n"
    "GARNIER;Noé;5B;2014-01-01\nROUX;Léa;6A;2015-09-01\n"
)


@pytest.fixture
def office(papier: Papier, tmp_path: Path) -> Papier:
    """Two late slips on each A4 page, for four pupils of whom two share a name; the first page came back uncut."""
    (tmp_path / "r.csv").write_text(ROSTER, encoding="utf-8")
    papier("print", "carnet/retard", "--roster", tmp_path / "r.csv", "--output", tmp_path / "r.pdf")
    layout = papier("layout", "carnet/retard", "--json").lines[0]
    image = render(tmp_path / "r.pdf")[0]
    cross(image, zones(layout, 1, kind="tick")[0]["rect"])
    papier("intake", save([image], tmp_path / "scan.pdf"))
    assert len(papier("records", "list", "--json").lines) == 2
    return papier


def test_a_person_is_found_however_the_name_is_written(office: Papier) -> None:
    for name in ("Lefèvre Chloé", "chloe lefevre", "LEFEVRE"):
        found = office("person", name, "--json").lines[0]
        assert (found["records"], found["births"]) == ([1], ["2015-02-03"]), name
    assert len(office("person", "Roux Léa", "--json").lines[0]["sheets"]) == 1
    assert office("person", "Dupont").code == 2


def test_two_of_one_name_are_told_apart(office: Papier) -> None:
    refused = office("person", "Garnier Noé")
    assert refused.code == 2
    assert "2014-01-01, 2015-04-05" in refused.err
    assert office("person", "Garnier Noé", "--born", "2015-04-05", "--json").lines[0]["records"] == [2]
    assert office("person", "Garnier Noé", "--born", "2014-01-01", "--json").lines[0]["records"] == []


def test_the_file_shows_everything_of_the_person_and_nothing_of_others(office: Papier, tmp_path: Path) -> None:
    made = office("person", "Lefèvre Chloé", "--output", tmp_path / "dossier.pdf")
    assert made.code == 0, made.err
    text = "\n".join(text_of(tmp_path / "dossier.pdf"))
    assert all(words in text for words in ("Données concernant", "LEFÈVRE", "RGPD, article 15", "Billet de retard"))
    assert "GARNIER" not in text
    document = pdfium.PdfDocument(tmp_path / "dossier.pdf")
    page = np.asarray(document[len(document) - 1].render(scale=0.5, grayscale=True).to_pil())
    document.close()
    ink = [
        float((half < 128).mean()) for half in np.array_split(page, 2, axis=0 if page.shape[0] > page.shape[1] else 1)
    ]
    assert min(ink) == 0.0
    assert max(ink) > 0.005


def test_erasing_leaves_what_must_be_kept_and_says_why(office: Papier, tmp_path: Path) -> None:
    dry = office("person", "Lefèvre Chloé", "--erase", "--dry-run")
    assert "stays: its form keeps it until" in dry.out
    assert "0 records would be erased" in dry.out
    assert office("person", "Lefèvre Chloé", "--erase", "--record", "2").code == 2
    assert office("person", "Lefèvre Chloé", "--erase", "--record", "1").code == 2
    erased = office("person", "Lefèvre Chloé", "--erase", "--record", "1", "--because", "lettre du 3 mai")
    assert erased.code == 0, erased.err
    data = b"".join(path.read_bytes() for path in (tmp_path / "workspace").rglob("*") if path.is_file())
    assert "Chloé".encode() not in data
    assert "Noé".encode() in data
    assert office("verify").code == 0
    later = office(
        "--today", "2030-01-01", "person", "Garnier Noé", "--born", "2015-04-05", "--erase", "--because", "x"
    )
    assert "1 record erased" in later.out
