"""Where the paper is, on the screen and on paper; and the register by which paper vouches for the files."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from papier.store.places import as_ranges
from tests.cli.conftest import Papier
from tests.cli.sheets import cross, render, save, text_of, zones

ROSTER = "nom;prenom;classe;naissance\nLEFÈVRE;Chloé;6A;2015-02-03\nGARNIER;Noé;6A;2015-04-05\nROUX;Léa;6A;2015-09-01\n"


@pytest.fixture
def records(papier: Papier, tmp_path: Path) -> list[str]:
    """Three records of a class, on one scan; gives their sheet numbers."""
    (tmp_path / "6A.csv").write_text(ROSTER, encoding="utf-8")
    papier("print", "carnet/mot-aux-parents", "--roster", tmp_path / "6A.csv", "--output", tmp_path / "6A.pdf")
    layout = papier("layout", "carnet/mot-aux-parents", "--json").lines[0]
    images = render(tmp_path / "6A.pdf")
    for image in images:
        cross(image, zones(layout, 1, kind="tick")[0]["rect"])
    papier("intake", save(images, tmp_path / "lundi.pdf"))
    found = papier("records", "list", "--json").lines
    assert len(found) == 3
    return [record["sheet"] for record in found]


def test_a_record_says_which_binder_box_and_shelf(papier: Papier, records: list[str]) -> None:
    assert "nobody has said where" in papier("where", records[0]).out
    dry = papier("where", "--set", "--binder", "6A 2026-2027", "--records", "1-2", "--dry-run")
    assert "2 records would go" in dry.out
    assert "nobody has said where" in papier("where", "1").out
    set_ = papier(
        "where", "--set", "--binder", "6A 2026-2027", "--records", "1-2", "--box", "B12", "--shelf", "Archives, E3"
    )
    assert set_.code == 0, set_.err
    for question in (records[1], "2", "garnier noé"):
        told = papier("where", question, "--json").lines
        assert [(line["record"], line["binder"], line["box"], line["shelf"]) for line in told] == [
            (2, "6A 2026-2027", "B12", "Archives, E3")
        ], question
    assert [line["record"] for line in papier("where", "--unplaced", "--json").lines] == [3]
    # A binder that moves takes its records along.
    papier("where", "--set", "--binder", "6A 2026-2027", "--shelf", "Cave")
    assert papier("where", "1", "--json").lines[0]["shelf"] == "Cave"
    assert papier("where", "1", "--json").lines[0]["box"] == "B12"
    # By scan; what is there already stays.
    assert "1 record" in papier("where", "--set", "--binder", "6A 2026-2027", "--scan", "lundi.pdf").out
    assert papier("where", "--json").lines == [{"binder": "6A 2026-2027", "box": "B12", "shelf": "Cave", "records": 3}]
    assert papier("verify").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--set", "--records", "1-2"),
        ("--set", "--binder", "A"),
        ("--set", "--binder", "A", "--records", "7-3"),
        ("--set", "--binder", "A", "--records", "900-999"),
        ("--index", "A"),
        ("--index", "nirgends", "--output", "x.pdf"),
        ("personne",),
    ],
)
def test_what_cannot_be_is_told(papier: Papier, arguments: tuple[str, ...]) -> None:
    refused = papier("where", *arguments)
    assert refused.code == 2
    assert refused.err.strip()


def test_labels_and_index_are_printed(papier: Papier, records: list[str], tmp_path: Path) -> None:
    papier("where", "--set", "--binder", "6A", "--records", "1-3", "--box", "B12", "--shelf", "E3")
    assert papier("where", "--labels", tmp_path / "labels.pdf").code == 0
    label = text_of(tmp_path / "labels.pdf")[0]
    assert all(text in label for text in ("6A", "B12 · E3", "3 fiches", "Mot aux parents"))
    assert papier("where", "--index", "6A", "--output", tmp_path / "index.pdf").code == 0
    index = text_of(tmp_path / "index.pdf")[0]
    assert all(text in index for text in (*records, "LEFÈVRE Chloé", "Classeur 6A"))


def test_the_register_vouches_for_the_files(papier: Papier, records: list[str], tmp_path: Path) -> None:
    month = papier("records", "list", "--json").lines[0]["created_at"][:7]
    made = papier("register", "--month", month, "--output", tmp_path / "r.pdf", "--json").lines[0]
    assert made["records"] == 3
    text = "\n".join(text_of(tmp_path / "r.pdf"))
    assert all(number in text for number in records)
    # Names are left out: the register outlives what it lists.
    assert "LEFÈVRE" not in text
    assert made["head"] in re.sub(r"\s", "", text)
    seq, head = str(made["seq"]), made["head"]
    assert papier("register", "--check", seq, head[:16]).code == 0
    assert papier("register", "--check", seq, head[:8]).code == 8
    assert papier("register", "--check", str(made["seq"] - 1), head).code == 8
    with closing(sqlite3.connect(tmp_path / "workspace" / "store.sqlite")) as raw, raw:
        raw.execute("UPDATE events SET hash = ? WHERE seq = ?", ("0" * 64, made["seq"]))
    assert papier("register", "--check", seq, head[:16]).code == 8


def test_a_month_that_is_none_or_not_yet_is_refused(papier: Papier, tmp_path: Path) -> None:
    for month in ("2026", "2026-13", "2199-01"):
        assert papier("register", "--month", month, "--output", tmp_path / "r.pdf").code == 2
    assert papier("register", "--month", "2020-02", "--output", tmp_path / "r.pdf").code == 0


def test_ranges() -> None:
    assert as_ranges([3, 1, 2, 7, 9, 10]) == [[1, 3], [7, 7], [9, 10]]
    assert as_ranges([]) == []
