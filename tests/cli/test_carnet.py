"""`papier carnet`, `papier new`, `papier guide`, `papier poster`: from the command to the paper and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from papier.forms.booklet import PAGE, SHEET, SLIP
from papier.forms.shipped import shipped_folder
from tests.cli.conftest import Papier
from tests.cli.sheets import DPI, cross, render, save, text_of, zones

ROSTER = "nom;prenom;classe\nMARTIN;Léa;6A\nDUPONT;Noé;6A\n"


def test_slips_of_a_class_carry_the_number_of_their_stubs_and_are_read_when_torn_off(
    papier: Papier, tmp_path: Path
) -> None:
    (tmp_path / "6A.csv").write_text(ROSTER, "utf-8")
    done = papier(
        *("carnet", "--roster", tmp_path / "6A.csv", "--year", "2026", "--absences", "1", "--retards", "1"),
        *("--sorties", "0", "--output", tmp_path / "6A.pdf", "--json"),
    )
    assert done.code == 0
    numbers = done.lines[0]["sheets"]
    assert len(set(numbers)) == 4
    pages = text_of(tmp_path / "6A.pdf")
    # Eight pages a pupil: four sides of A4.
    assert len(pages) == 8
    for number in numbers:
        (page,) = [text for text in pages if number in text]
        # Twice on the slip, once on its stub.
        assert page.count(number) == 3
    # The first slip of the first pupil is page 5 of 8: on the right of the back of the second sheet.
    image = render(tmp_path / "6A.pdf")[3]
    scale = DPI / 25.4
    left, top = (SHEET[0] / 2 + SLIP.x) * scale, SLIP.y * scale
    slip = image[round(top) : round(top + SLIP.height * scale), round(left) : round(left + SLIP.width * scale)].copy()
    layout = papier("layout", "carnet/billet-absence", "--json").lines[0]
    cross(slip, zones(layout, 1, field="motif", option="maladie")[0]["rect"])
    glass = np.full((slip.shape[0] + 760, slip.shape[1] + 590), 255, np.uint8)
    glass[60 : 60 + slip.shape[0], 90 : 90 + slip.shape[1]] = slip
    save([glass], tmp_path / "scan.pdf")
    (reading,) = papier("read", tmp_path / "scan.pdf", "--json").lines
    assert reading["sheet"] in numbers
    assert reading["form"] == "carnet/billet-absence"
    assert reading["fields"]["motif"]["value"] == ["maladie"]
    assert PAGE[0] * 2 <= SHEET[0]


def test_a_dry_run_numbers_nothing_and_an_incomplete_line_is_told(papier: Papier, tmp_path: Path) -> None:
    (tmp_path / "6A.csv").write_text(ROSTER + "SANS;;6A\n", "utf-8")
    done = papier("carnet", "--roster", tmp_path / "6A.csv", "--year", "2026", "--dry-run")
    assert (done.code, "2 booklets of 12 slips" in done.out) == (20, True)
    assert "6A.csv:4" in done.err
    none = papier(
        *("carnet", "--roster", tmp_path / "6A.csv", "--year", "2026", "--absences", "0", "--retards", "0"),
        *("--sorties", "0", "--output", tmp_path / "none.pdf"),
    )
    assert (none.code, "holds 1 to 40 slips, not 0" in none.err) == (2, True)
    far = papier("carnet", "--roster", tmp_path / "6A.csv", "--year", "2090", "--zone", "A")
    assert (far.code, "is known from" in far.err) == (2, True)


def test_guides_and_posters_are_written_once(papier: Papier, tmp_path: Path) -> None:
    for command in (("guide", "police"), ("poster", "sante")):
        assert papier(*command, "--output", tmp_path / f"{command[0]}.pdf").code == 0
        again = papier(*command, "--output", tmp_path / f"{command[0]}.pdf")
        assert (again.code, "is there already" in again.err) == (2, True)
    assert "Did you mean `police`?" in papier("guide", "polise").err
    assert "There is one for: carnet, sante" in papier("poster", "police").err


def test_a_new_form_from_another_is_found_checked_and_printed(papier: Papier, tmp_path: Path) -> None:
    made = papier("new", "carnet/piscine", "--from", "carnet/sortie-exceptionnelle", "--title", "Sortie : la piscine")
    assert made.code == 0
    assert papier("print", "carnet/piscine", "--output", tmp_path / "p.pdf").code == 0
    assert "Sortie : la piscine" in text_of(tmp_path / "p.pdf")[0].replace("\u00a0", " ")
    assert papier("new", "carnet/piscine", "--from", "carnet/retard").code == 2


def test_a_new_form_from_questions(papier: Papier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["Piscine", "A5", "élève", "Sait nager", "oui-non", "Moyen", "choix", "Car, Train", ""])
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt="": next(answers))
    made = papier("new", "carnet/piscine", "--output", tmp_path / "piscine.yaml")
    assert made.code == 0
    assert "yesno: sait_nager" in (tmp_path / "piscine.yaml").read_text("utf-8")
    assert papier("forms", "check", tmp_path / "piscine.yaml").code == 0


def test_a_recipient_stands_in_the_window(papier: Papier, tmp_path: Path) -> None:
    assert papier("print", "police/taj", "--to", "ministere-interieur", "--output", tmp_path / "taj.pdf").code == 0
    assert "Place Beauvau" in text_of(tmp_path / "taj.pdf")[0]
    assert papier("print", "carnet/absence", "--to", "cnil").code == 2
    example = papier("print", "guichet/papier", "--to", "exemple-mairie", "--output", tmp_path / "m.pdf")
    assert "its address does not exist" in example.err
    listed = papier("recipients", "--json").lines
    assert {"cnil", "cada"} <= {recipient["name"] for recipient in listed}


def test_a_translation_faces_the_french(papier: Papier, tmp_path: Path) -> None:
    assert papier("print", "carnet/retard", "--language", "uk", "--output", tmp_path / "uk.pdf").code == 0
    assert "Талон про запізнення" in text_of(tmp_path / "uk.pdf")[0]
    refused = papier("print", "police/taj", "--language", "tr", "--output", tmp_path / "tr.pdf")
    assert (refused.code, "Languages that are whole: en" in refused.err) == (2, True)


def test_a_clock_that_is_not_known_is_told_with_its_line(papier: Papier, tmp_path: Path) -> None:
    source = (shipped_folder() or Path()) / "guichet/papier.yaml"
    path = tmp_path / "papier.yaml"
    path.write_text(source.read_text("utf-8").replace("clock: silence-rejet", "clock: silence-rejett"), "utf-8")
    line = path.read_text("utf-8").split("clock:")[0].count("\n") + 1
    done = papier("forms", "check", path)
    assert done.code == 3
    assert f"papier.yaml:{line}: about: there is no clock `silence-rejett`. Did you mean `silence-rejet`?" in done.err
    assert "Traceback" not in done.err
