"""Papers without a form: filed once, found by their words, put with the case that they quote."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from papier.errors import ProgramFailedError
from papier.ocr.zones.typed import tesseract_probe
from tests.cli.conftest import Papier

pytestmark = pytest.mark.skipif(tesseract_probe() is not None, reason="needs: apt-get install tesseract-ocr-fra")

ROSTER = "nom;prenom;classe;naissance\nLEFÈVRE;Chloé;6A;2015-02-03\nGARNIER;Noé;6A;2015-04-05\n"
LETTER = (
    "Madame, Monsieur,",
    "Nous avons bien reçu votre demande du 3 octobre 2026.",
    "La commission académique regrette de ne pouvoir y répondre favorablement.",
    "Nous vous prions d'agréer l'expression de nos salutations distinguées.",
)


@pytest.fixture
def sheets(papier: Papier, tmp_path: Path) -> list[str]:
    """Two cases, and the numbers of their sheets."""
    (tmp_path / "6A.csv").write_text(ROSTER, encoding="utf-8")
    # The same key, the same numbers: Tesseract misreads one number in thirty so that nobody can know it again.
    shutil.rmtree(tmp_path / "workspace", ignore_errors=True)
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "key").write_text("5e" * 32 + "\n", encoding="ascii")
    papier("init")
    printed = papier("print", "carnet/absence", "--roster", tmp_path / "6A.csv", "--output", tmp_path / "6A.pdf")
    assert printed.code == 0, printed.err
    missing = papier("records", "missing", "--json").lines
    assert len(missing) == 2
    return [line["sheet"] for line in missing]


def letter(path: Path, *more: str, turned: int = 0, dpi: int = 150) -> Path:
    """A typed letter as a scanner gives it: an image, or a PDF of one."""
    source = path.with_name("typed.pdf")
    canvas = Canvas(str(source), pagesize=A4)
    canvas.setFont("Times-Roman", 12)
    for place, line in enumerate((*LETTER, *more)):
        canvas.drawString(70, 700 - 22 * place, line)
    canvas.save()
    document = pdfium.PdfDocument(source)
    image = document[0].render(scale=dpi / 72, grayscale=True).to_pil().rotate(turned, expand=True, fillcolor=255)
    document.close()
    noise = np.random.default_rng(1).normal(0, 4, (image.height, image.width))
    Image.fromarray(np.clip(np.asarray(image) + noise - 6, 0, 255).astype(np.uint8)).save(
        path, dpi=(dpi, dpi), resolution=dpi
    )
    return path


def test_a_letter_that_quotes_a_sheet_goes_to_its_case_and_is_found(
    papier: Papier, sheets: list[str], tmp_path: Path
) -> None:
    path = letter(tmp_path / "lettre.pdf", f"Votre référence : {sheets[1]}")
    filed = papier("file", path, "--kind", "decision", "--from", "Rectorat", "--output", tmp_path / "a.pdf", "--json")
    assert filed.code == 0, filed.err
    told = filed.lines[0]
    assert told["case"] == 2
    assert told["references"] == [{"case": 2, "quoted": f"feuille {sheets[1]}", "sure": True}]
    assert [hit["number"] for hit in papier("search", "academique favorablement", "--json").lines] == [told["record"]]
    record = papier("records", "show", str(told["record"]), "--json").lines[0]
    assert record["form"] == "papier/document"
    assert {name: field["value"] for name, field in record["fields"].items()} == {
        "nature": "decision", "date": record["created_at"][:10], "expediteur": "Rectorat",
    }  # fmt: skip
    assert f"decision (record {told['record']}" in papier("cases", "show", "2").out
    assert "Pièce classée" in papier("cases", "history", "2").out
    document = pdfium.PdfDocument(tmp_path / "a.pdf")
    text = document[0].get_textpage().get_text_range()
    document.close()
    assert "commission" in text
    assert papier("verify").code == 0
    assert papier("backup", tmp_path / "usb").code == 0
    assert path.exists()


def test_the_same_paper_is_filed_once(papier: Papier, sheets: list[str], tmp_path: Path) -> None:
    path = letter(tmp_path / "lettre.png")
    assert papier("file", path, "--case", "1").code == 0
    again = papier("file", path, "--case", "1")
    assert (again.code, "filed before" in again.out) == (0, True)
    assert len(papier("records", "list", "--form", "papier/document", "--json").lines) == 1
    assert sheets


def test_a_case_given_for_a_paper_filed_before_is_not_ignored_in_silence(
    papier: Papier, sheets: list[str], tmp_path: Path
) -> None:
    path = letter(tmp_path / "lettre.png")
    assert papier("file", path, "--case", "1").code == 0
    again = papier("file", path, "--case", "999")
    assert (again.code, "--case changed nothing" in again.err) == (2, True)
    assert sheets


def test_a_case_number_alone_is_a_question_and_a_person_answers_it(
    papier: Papier, sheets: list[str], tmp_path: Path
) -> None:
    assert sheets
    filed = papier("file", letter(tmp_path / "a.png", "Dossier n° 2"), "--json")
    assert filed.code == 20
    assert filed.lines[0]["case"] is None
    assert filed.lines[0]["references"] == [{"case": 2, "quoted": "dossier n° 2", "sure": False}]
    record = str(filed.lines[0]["record"])
    assert papier("file", "--record", record, "--case", "2").code == 0
    assert papier("file", "--record", record, "--case", "1").code == 2
    named = papier("file", letter(tmp_path / "b.png", "Dossier n° 2, Noé GARNIER"), "--json")
    assert (named.code, named.lines[0]["case"]) == (0, 2)
    assert papier("file", letter(tmp_path / "c.png", "Dossier n° 77"), "--json").lines[0]["references"] == []


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_paper_lying_any_way_round_is_read_where_it_stands(papier: Papier, tmp_path: Path, turned: int) -> None:
    papier("init")
    filed = papier("file", letter(tmp_path / "a.png", turned=turned), "--output", tmp_path / "a.pdf", "--json")
    assert "regrette de ne pouvoir" in filed.lines[0]["text"]
    document = pdfium.PdfDocument(tmp_path / "a.pdf")
    page = document[0]
    textpage = page.get_textpage()
    found = textpage.search("regrette").get_next()
    assert found is not None
    left, bottom, right, top = textpage.get_charbox(found[0])
    width, height = page.get_size()
    document.close()
    # The word stands at 40 % of the line, a quarter down the upright page.
    x, y = (left + right) / 2 / width, 1 - (bottom + top) / 2 / height
    upright = {90: (1 - y, x), 180: (1 - x, 1 - y), 270: (y, 1 - x)}[turned]
    assert upright == pytest.approx((0.36, 0.22), abs=0.06)


def test_nothing_is_lost_where_tesseract_fails(papier: Papier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    papier("init")
    inbox = tmp_path / "workspace" / "inbox" / "lettre.png"
    letter(inbox)
    (inbox.parent / "typed.pdf").unlink()

    def fail(*_arguments: object) -> None:
        raise ProgramFailedError("Tesseract failed (killed).")

    with monkeypatch.context() as broken:
        broken.setattr("papier.filing.read_typed_page", fail)
        assert papier("file", inbox).code == 7
    assert inbox.exists()
    assert papier("records", "list", "--json").lines == []
    assert papier("file", inbox).code == 20
    assert not inbox.exists()
    assert papier("verify").code == 0


def test_a_page_that_nobody_knew_becomes_the_paper_it_is(papier: Papier, tmp_path: Path) -> None:
    papier("init")
    path = letter(tmp_path / "lettre.pdf")
    assert papier("intake", path).code == 21
    filed = papier("file", path, "--json")
    assert filed.code == 20
    with closing(sqlite3.connect(tmp_path / "workspace" / "store.sqlite")) as raw:
        assert raw.execute("SELECT status, record, form FROM pages").fetchall() == [
            ("read", filed.lines[0]["record"], "papier/document")
        ]
    assert papier("verify").code == 0


def test_a_paper_that_is_purged_leaves_no_word(papier: Papier, tmp_path: Path) -> None:
    papier("init")
    record = papier("file", letter(tmp_path / "a.png"), "--keep", "P6M", "--json").lines[0]["record"]
    assert "1 record would go" in papier("--today", "2027-12-01", "purge", "--dry-run").out
    assert papier("purge", "--record", str(record), "--because", "test").code == 0
    assert papier("search", "academique", "--json").lines == []
    for path in (tmp_path / "workspace").rglob("*"):
        assert not path.is_file() or b"regrette" not in path.read_bytes(), path
    assert papier("verify").code == 0
    assert papier("file", tmp_path / "a.png").code != 0


def test_a_refused_answer_files_nothing(papier: Papier, sheets: list[str], tmp_path: Path) -> None:
    assert sheets
    path = letter(tmp_path / "a.png")
    refused = papier("file", path, "--case", "1", "--as", "nimporte")
    assert refused.code == 9, refused.err
    assert papier("records", "list", "--json").lines == []
    for arguments in (
        ("--as", "refus"),
        ("--keep", "toujours", "--case", "1"),
        ("--case", "99"),
        ("--on", "2199-01-01"),
    ):
        assert papier("file", path, *arguments).code == 2
    assert json.dumps(papier("search", "commission", "--json").lines) == "[]"
