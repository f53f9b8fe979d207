"""New forms round the loop: printed, filled with the simulated pen, scanned, read. One sheet of each kind of page.

All forms, a hundred sheets each: `python -m benchmarks.closed_loop --sheets 100 --profile office`.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import pytest

from papier.forms.pdf import SheetToPrint, face_pdf, write_sheets
from papier.forms.sheet_number import SheetNumbers
from papier.ocr.reading import Reader
from papier.ocr.register import KnownSheet, PrintedForm
from papier.ocr.scan import ScannedPage
from papier.records import State
from simulator.hands import Hands
from simulator.loop import print_fill_scan
from simulator.scanner import decoded_grey
from simulator.values import TODAY
from tests.forms.printed import layout

KEY = b"a key for tests"
# An A6 slip, a table to write in, a letter with its window, a checklist, a grid of three answers, paper-only fields.
NAMES = (
    "carnet/billet-absence",
    "carnet/eps-inaptitude",
    "carnet/fiche-urgence",
    "guichet/titre-sejour",
    "police/amende",
    "temoignage/recueil",
)


@dataclass
class Register:
    """The one form whose sheets were printed."""

    form: PrintedForm
    key: bytes = KEY
    printed: set[str] = field(default_factory=set)

    def find_sheet(self, number: str) -> KnownSheet | None:
        return KnownSheet(number, self.form, printed_on=TODAY) if number in self.printed else None

    def forms(self) -> list[PrintedForm]:
        return [self.form]


@pytest.mark.parametrize("name", NAMES)
def test_a_filled_sheet_comes_back_with_its_ticks(name: str, hands: Hands) -> None:
    printed = layout(name)
    number = SheetNumbers(KEY).make(1 + NAMES.index(name))
    stream = io.BytesIO()
    write_sheets(stream, [SheetToPrint(printed, number)])
    reader = Reader(Register(PrintedForm(printed, face_pdf(printed)), printed={number}))
    pages: set[int] = set()
    sure = 0
    for glassful in print_fill_scan(
        stream.getvalue(), printed, [number], seed=5, profile="clean", hands=hands, dpi=150
    ):
        truth = glassful.truths[number]
        for image in glassful.images:
            for page in reader.read_page(ScannedPage(name, 1, decoded_grey(image), float(image.dpi))):
                if page.sheet is None:
                    continue
                assert page.sheet == number
                pages.add(page.page or 0)
                for asked, reading in page.fields.items():
                    if truth.kinds.get(asked) == "tick" and reading.state == State.SURE and reading.value:
                        assert reading.value == truth.fields[asked], asked
                        sure += 1
    assert pages == {page.page for page in printed.pages}
    assert sure or not any(zone.kind == "tick" for zone in printed.zones())
