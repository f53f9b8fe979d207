"""Fields that go before the rest of their record, and what the law sets: told, taken out, nothing of them left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from papier.forms.parsing import parse_form
from papier.ocr.pages import load_page
from papier.ocr.scan import ScannedPage
from papier.store.connection import connect
from papier.store.records import list_records
from papier.store.workspace import open_workspace
from tests.cli.conftest import Papier, papier
from tests.cli.sheets import cross, render, save, zones

__all__ = ["papier"]

FORM = """\
form: essai/sejour
version: 1
title: Séjour
format: A5
retention:
  duration: P5Y
  basis: Le dossier est suivi cinq ans.
  minimum: {duration: P2Y, source: article A}
  maximum: {duration: P6Y, source: article B}
blocks:
  - comb: nom
    label: Nom
    content: letters
    cells: 12
    roster: nom
  - comb: ville
    label: Ville
    content: letters
    cells: 12
    roster: ville
    retention: P30D
  - tick: regime
    label: Régime
    options: {sans: Sans, avec: Avec}
    retention: P3Y
"""


@pytest.fixture
def scanned(papier: Papier, tmp_path: Path) -> Path:
    """Two sheets of one scan, each with its roster's values, both boxes ticked by a pen; gives the workspace."""
    folder = tmp_path / "workspace"
    (folder / "forms" / "essai").mkdir(parents=True)
    (folder / "forms" / "essai" / "sejour.yaml").write_text(FORM, "utf-8")
    roster = tmp_path / "r.csv"
    roster.write_text("nom;ville\nMARTIN;VALLADOLID\nPETIT;QUIBERON\n", "utf-8")
    printed = papier(
        "--today", "2026-11-02", "print", "essai/sejour", "--roster", roster, "--output", tmp_path / "p.pdf"
    )
    assert printed.code == 0, printed.err
    (layout,) = papier("layout", "essai/sejour", "--json").lines
    images = render(tmp_path / "p.pdf")
    for image in images:
        cross(image, zones(layout, 1, field="regime", option="avec")[0]["rect"])
    taken = papier("--today", "2026-11-02", "intake", save(images, tmp_path / "scan.pdf"))
    assert taken.code in (0, 20), taken.err
    return folder


def everything(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def darkness(folder: Path, rect: list[float]) -> list[float]:
    """How much ink stands at this place of each page in the archive, the sheet lying straight."""
    (path,) = [path for path in (folder / "archive").glob("*/*") if path.suffix == ".pdf"]
    found = []
    for index in (1, 2):
        page = load_page(path, index)
        assert isinstance(page, ScannedPage)
        x, y, width, height = (round(value * (page.dpi or 200.0) / 25.4) for value in rect)
        found.append(float(np.mean(page.pixels[y + 2 : y + height - 2, x + 2 : x + width - 2] < 128)))
    return found


def test_a_field_goes_before_the_rest(papier: Papier, scanned: Path) -> None:
    (layout,) = papier("layout", "essai/sejour", "--json").lines
    cells = zones(layout, 1, field="ville")[0]["cells"]
    place = [cells[0][0], cells[0][1], 9 * cells[0][2], cells[0][3]]
    box = zones(layout, 1, field="regime", option="avec")[0]["rect"]
    assert b"VALLADOLID" in everything(scanned)
    assert min(darkness(scanned, place)) > 0.01
    ticked = darkness(scanned, box)

    early = papier("--today", "2026-12-02", "purge", "--dry-run")
    assert "0 records" in early.out
    assert "field" not in early.out
    told = papier("--today", "2026-12-03", "purge", "--dry-run")
    assert "2 fields would go alone" not in told.out  # the law wants two years of it
    assert papier("--today", "2028-11-02", "purge", "--dry-run").out.count("ville") == 0
    due = papier("--today", "2028-11-03", "purge", "--dry-run")
    assert "essai/sejour, field ville: kept 30 days" in due.out
    assert "2 fields would go alone" in due.out
    assert b"VALLADOLID" in everything(scanned)

    done = papier("--today", "2028-11-03", "purge", "--no-visa")
    assert (done.code, "2 fields are gone for good" in done.out) == (0, True), done.err
    assert not {word for word in (b"VALLADOLID", b"QUIBERON", b"Valladolid") if word in everything(scanned)}
    assert max(darkness(scanned, place)) == 0
    assert darkness(scanned, box) == pytest.approx(ticked, abs=0.02)
    engine = connect(open_workspace(scanned))
    try:
        records = list_records(engine)
    finally:
        engine.dispose()
    assert [record.fields["nom"]["value"] for record in records] == ["MARTIN", "PETIT"]
    assert [set(record.fields) for record in records] == [{"nom", "regime"}] * 2
    assert records[0].person == {"nom": "MARTIN"}
    assert papier("--today", "2028-11-04", "verify").code == 0
    assert papier("search", "martin", "--json").lines
    assert papier("search", "valladolid", "--json").lines == []
    assert "field" not in papier("--today", "2028-11-04", "purge", "--dry-run").out


def test_a_slip_lists_fields_and_takes_what_it_lists(papier: Papier, scanned: Path, tmp_path: Path) -> None:
    slip = papier("--today", "2028-11-03", "purge", "--slip", tmp_path / "slip.pdf")
    number = slip.out.split("Slip ")[1].split(":")[0]
    done = papier("--today", "2028-11-20", "purge", "--number", number, "--visa", "AD 31")
    assert "2 fields are gone for good" in done.out
    assert b"VALLADOLID" not in everything(scanned)
    assert papier("--today", "2028-11-21", "verify").code == 0


def test_what_the_law_sets_is_told(papier: Papier, scanned: Path) -> None:
    del scanned
    refused = papier("--today", "2027-01-01", "purge", "--record", "1", "--because", "art. 17")
    assert (refused.code, "article A" in refused.err) == (2, True)
    assert papier("--today", "2027-01-01", "purge", "--record", "1", "--because", "x", "--despite-law").code == 0
    erased = papier("--today", "2027-01-01", "person", "Petit", "--erase", "--dry-run")
    assert "the law wants it kept until 2028-11-02 (article A)" in erased.out
    due = papier("--today", "2032-12-01", "purge", "--dry-run").out
    assert "Le dossier est suivi cinq ans." in due
    assert "at least 2" in due
    assert "at most 6" in due
    assert "longer than the law allows, since 2032-11-03" in due


@pytest.mark.parametrize(
    ("retention", "words"),
    [
        ("{duration: P1Y, minimum: {duration: P2Y, source: article A}}", "less than `minimum`, `P2Y` (article A)"),
        ("{duration: P1Y, maximum: {duration: P6M, source: article B}}", "more than `maximum`, `P6M` (article B)"),
        ("{duration: P1Y, maximum: {duration: P6M}}", "`source` is missing"),
        ("{duration: P1Y, maximum: {duration: six mois, source: x}}", "`duration` is `six mois`"),
    ],
)
def test_a_definition_that_contradicts_the_law_is_refused(
    retention: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAPIER_LANGUAGE", "en")
    text = FORM[: FORM.index("retention:")] + f"retention: {retention}\n" + FORM[FORM.index("blocks:") :]
    _form, problems = parse_form(text, "sejour.yaml")
    assert any(words in str(problem) for problem in problems), problems
