from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from papier.forms.layout import Layout
from papier.forms.parsing import load_form
from papier.forms.pdf import SheetToPrint, write_sheets
from papier.forms.sheet_number import SheetNumbers
from papier.forms.typesetting import lay_out
from simulator.hands import Hands, WrittenLines
from simulator.loop import Glassful, print_fill_scan
from tests.simulator.conftest import ROOT

NUMBERS = SheetNumbers(b"a key for tests")


def glassfuls(layout: Layout, hands: Hands, count: int, profile: str = "office", seed: int = 1) -> list[Glassful]:
    numbers = [NUMBERS.make(serial) for serial in range(count)]
    stream = io.BytesIO()
    write_sheets(stream, [SheetToPrint(layout, number) for number in numbers])
    lines = WrittenLines.shipped()
    printed = stream.getvalue()
    return list(
        print_fill_scan(printed, layout, numbers, seed=seed, profile=profile, hands=hands, lines=lines, dpi=150)
    )


def load(name: str) -> Layout:
    return lay_out(load_form(ROOT / "forms" / f"{name}.yaml"))


@pytest.mark.parametrize("name", ["carnet/absence", "carnet/retard", "guichet/reponse-ecrite"])
def test_every_sheet_comes_out_once_with_its_truth(name: str, hands: Hands) -> None:
    layout = load(name)
    drawn = glassfuls(layout, hands, 4)
    seen = [content for glassful in drawn for contents in glassful.contents for content in contents]
    expected = [(NUMBERS.make(serial), page.page) for serial in range(4) for page in layout.pages]
    assert sorted(seen) == sorted(expected)
    fields = {zone.field for zone in layout.zones()}
    for glassful in drawn:
        assert all(set(truth.fields) == fields == set(truth.kinds) for truth in glassful.truths.values())


def test_a_sheet_is_the_same_whatever_is_printed_with_it(hands: Hands) -> None:
    layout = load("carnet/absence")
    alone, among = glassfuls(layout, hands, 1)[0], glassfuls(layout, hands, 2)[0]
    assert alone.truths == among.truths
    assert np.array_equal(alone.images[0].pixels, among.images[0].pixels)


def test_what_is_printed_is_left_alone(hands: Hands) -> None:
    layout = load("carnet/absence")
    number = NUMBERS.make(7)
    stream = io.BytesIO()
    write_sheets(stream, [SheetToPrint(layout, number)])
    (glassful,) = print_fill_scan(
        stream.getvalue(),
        layout,
        [number],
        seed=1,
        profile="clean",
        hands=hands,
        dpi=150,
        values=[{"nom": "ÉCRIT", "prenom": "LÉA"}],
        prefilled=[{"nom": "IMPRIMÉ"}],
    )
    truth = glassful.truths[number]
    assert truth.fields["nom"] == "IMPRIMÉ"
    assert truth.kinds["nom"] == "prefilled"
    assert truth.fields["prenom"] == "LÉA"


def test_the_program_never_imports_the_simulator() -> None:
    for path in (Path(ROOT) / "papier").rglob("*.py"):
        text = path.read_text("utf-8")
        assert "import simulator" not in text, path
        assert "from simulator" not in text, path
