"""Where a person reads French, what is wrong with their files and orders is said in French, wherever it is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Papier


@pytest.fixture
def french(papier: Papier, monkeypatch: pytest.MonkeyPatch) -> Papier:
    monkeypatch.setenv("PAPIER_LANGUAGE", "fr")
    return papier


def test_a_roster(french: Papier, tmp_path: Path) -> None:
    roster = tmp_path / "6A.csv"
    roster.write_text("nom;prenom;classe\nMARTIN;;6A\nDURAND;Léo;6A\n", encoding="utf-8")
    done = french("print", "carnet/absence", "--roster", roster, "--output", tmp_path / "a.pdf")
    assert "6A.csv:2: `prenom` est vide. Complétez ; aucune feuille" in done.err
    assert "n'existe pas" in french("print", "carnet/absence", "--roster", tmp_path / "rien.csv").err


def test_a_form(french: Papier, tmp_path: Path) -> None:
    form = tmp_path / "essai.yaml"
    form.write_text("form: a/b\nversion: 1\ntitel: Essai\nformat: A4\nblocks:\n  - combe: nom\n", encoding="utf-8")
    done = french("forms", "check", form)
    assert done.code == 3
    assert "clé inconnue `titel`. Vouliez-vous dire `title` ?" in done.err
    assert "bloc inconnu `combe`" in done.err


def test_a_workflow_and_its_cases(french: Papier, tmp_path: Path) -> None:
    wrong = tmp_path / "carnet" / "workflow.yaml"
    wrong.parent.mkdir()
    wrong.write_text("workflows:\n  absence:\n    version: un\n", encoding="utf-8")
    assert "Écrivez un nombre entier de 1 à 9999" in french("workflows", "check", wrong).err
    order = ("cases", "open", "carnet/absence", "--set", "nom=MARTIN", "--output", tmp_path / "a.pdf")
    assert french("--today", "2027-03-01", *order).code == 0
    assert french("--today", "2027-03-01", "cases", "handed", "1").code == 0
    assert "Dossier 1 : c'est déjà parti le 2027-03-01." in french("--today", "2027-03-02", "cases", "handed", "1").err
    assert "Le dossier 7 n'existe pas." in french("cases", "show", "7").err
    assert "Vouliez-vous dire « rgpd-reponse » ?" in french("deadline", "rgpd-respons", "--from", "01/10/2026").err
