"""Sheets of which a page did not come: fed two at a time, or left in the pile."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Papier, papier
from tests.cli.sheets import render, save

__all__ = ["papier"]

TWO_PAGES = "carnet/feuille-appel"


def test_a_page_that_did_not_come_is_told_and_no_longer_once_it_came(papier: Papier, tmp_path: Path) -> None:
    papier("print", TWO_PAGES, "--copies", "1", "--output", tmp_path / "sheets.pdf")
    first, second = render(tmp_path / "sheets.pdf")[:2]
    one, other = save([first], tmp_path / "one.png"), save([second], tmp_path / "other.png")

    read = papier("read", one, "--json")
    assert "page 2 did not come" in read.err
    assert read.code == 20
    both = papier("read", one, other, "--json")
    assert "did not come" not in both.err

    assert "page 2 did not come" in papier("intake", one).err
    assert "did not come" not in papier("intake", other).err
