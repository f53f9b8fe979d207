"""The page that measures hands: what is to be copied fits its cells, and readings are counted against it."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.handwriting_page import FORM, count_page, expected_values
from papier.forms.layout import Layout
from papier.forms.library import find_form, library_folders
from papier.forms.parsing import load_form
from papier.forms.typesetting import lay_out
from papier.ocr.characters import ACCENTED, CAPITALS, DIGITS
from papier.records import FieldReading, PageReading, PageStatus, State


@pytest.fixture(scope="module")
def layout() -> Layout:
    return lay_out(load_form(find_form(FORM, library_folders())))


def test_every_character_that_papier_reads_is_to_be_copied(layout: Layout) -> None:
    expected = expected_values(layout)
    assert len(layout.pages) == 1
    assert set("".join(expected.values())) >= set(DIGITS + CAPITALS + "-'ÇÈÉÎËÜ")
    assert set("".join(expected.values())) <= set(DIGITS + CAPITALS + ACCENTED + "-' :")


def test_readings_are_counted_against_what_was_to_be_copied(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    expected = expected_values(layout)
    wrong = expected["lettres_1"].replace("È", "E")
    fields = {
        name: FieldReading(name, "comb", value, State.SURE, 0.9999)
        for name, value in expected.items()
        if name != "date"
    }
    fields["lettres_1"] = FieldReading("lettres_1", "comb", wrong, State.SURE, 0.9995)
    fields["lettres_2"] = FieldReading("lettres_2", "comb", expected["lettres_2"], State.DOUBTFUL, 0.7)
    counts: Counter[tuple[str, str]] = Counter()
    count_page(PageReading("scan.pdf", 1, PageStatus.READ, fields=fields), expected, counts)
    assert (counts["lettres", "right"], counts["lettres", "asked"], counts["lettres", "wrong and accepted"]) == (
        4,
        1,
        1,
    )
    assert counts["lettres", "best reading right"] == 5
    assert counts["lettres", "characters"] - counts["lettres", "characters right"] == 1
    assert counts["date", "right"] == 0
    assert f"{expected['lettres_1']} read {wrong}" in capsys.readouterr().out
