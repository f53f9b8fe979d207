"""Free handwriting from a printed, filled and scanned sheet to its readings."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest

from papier.forms.definition import Demand
from papier.forms.layout import Layout
from papier.forms.parsing import load_form
from papier.forms.pdf import SheetToPrint, face_pdf, write_sheets
from papier.forms.sheet_number import SheetNumbers
from papier.forms.typesetting import lay_out
from papier.ocr.reading import Reader
from papier.ocr.register import KnownSheet, PrintedForm
from papier.ocr.scan import ScannedPage
from papier.ocr.zones.lines import PIXELS_PER_MM, _has_letters, _own_ink, _without_shade
from papier.records import FieldReading, State
from simulator.edits import error_rate
from simulator.hands import Hands, WrittenLines
from simulator.loop import print_fill_scan
from simulator.scanner import decoded_grey
from tests.simulator.conftest import ROOT

KEY = b"a key for tests"
NUMBERS = SheetNumbers(KEY)


class OneForm:
    """A register in which every number is a sheet of one form."""

    key = KEY

    def __init__(self, layout: Layout) -> None:
        self.form = PrintedForm(layout, face_pdf(layout))

    def find_sheet(self, number: str) -> KnownSheet | None:
        return KnownSheet(number, self.form)

    def forms(self) -> list[PrintedForm]:
        return [self.form]


@pytest.fixture(scope="module")
def layout() -> Layout:
    return lay_out(load_form(ROOT / "forms" / "guichet" / "reponse-ecrite.yaml"))


@pytest.fixture(scope="module")
def read_and_written(layout: Layout) -> list[tuple[FieldReading, str]]:
    reader = Reader(OneForm(layout))
    numbers = [NUMBERS.make(serial) for serial in range(4)]
    stream = io.BytesIO()
    write_sheets(stream, [SheetToPrint(layout, number) for number in numbers])
    found = []
    for glassful in print_fill_scan(
        stream.getvalue(),
        layout,
        numbers,
        seed=3,
        profile="office",
        hands=Hands.shipped(),
        lines=WrittenLines.shipped(),
        dpi=200,
    ):
        for image in glassful.images:
            for sheet in reader.read_page(ScannedPage("test", 1, decoded_grey(image), float(image.dpi))):
                truth = glassful.truths[sheet.sheet or ""]
                for field in sheet.fields.values():
                    written = truth.fields.get(field.field)
                    if field.kind == "lines" and isinstance(written, str):
                        found.append((field, written))
    return found


def test_what_is_written_on_lines_is_read(read_and_written: list[tuple[FieldReading, str]]) -> None:
    assert len(read_and_written) >= 3
    pairs = [(str(reading.value or ""), written) for reading, written in read_and_written]
    assert error_rate(pairs) < 0.2


def test_free_text_is_never_sure_and_wrong_and_asked_of_a_person_where_the_form_requires_it(
    layout: Layout,
    read_and_written: list[tuple[FieldReading, str]],
) -> None:
    for reading, written in read_and_written:
        assert reading.state is not State.BLANK
        assert reading.state is State.DOUBTFUL or reading.value == written
        assert reading.needs_person == (
            layout.demands.get(reading.field, Demand()).required and reading.state is not State.SURE
        )
        assert reading.candidates[0] == (reading.value, reading.probability)
        assert all(chance <= reading.probability for _, chance in reading.candidates)


def strip_with(*strokes: tuple[tuple[float, float], tuple[float, float]], pen: float = 0.4) -> np.ndarray:
    """A strip of 100 mm by 12 mm (3 mm of them margins) with straight strokes, points in millimetres."""
    strip = np.zeros((12 * PIXELS_PER_MM, 100 * PIXELS_PER_MM), np.uint8)
    for start, end in strokes:
        points = [tuple(round(value * PIXELS_PER_MM) for value in point) for point in (start, end)]
        cv2.line(strip, points[0], points[1], 255, max(1, round(pen * PIXELS_PER_MM)))
    return strip


def test_a_neighbours_descender_is_left_out_and_an_own_one_kept() -> None:
    foreign, own = ((20, 0), (20, 2.5)), ((50, 4), (50, 12))
    kept = _own_ink(strip_with(foreign, own), 3 * PIXELS_PER_MM)
    assert not kept[:, 18 * PIXELS_PER_MM : 22 * PIXELS_PER_MM].any()
    assert kept[:, 50 * PIXELS_PER_MM].all() or kept[30:, 50 * PIXELS_PER_MM].all()


def test_a_shadow_is_taken_off_and_the_stroke_in_it_stays() -> None:
    strip = strip_with(((30, 3), (30, 9)))
    shade = np.zeros_like(strip)
    shade[:, 20 * PIXELS_PER_MM : 40 * PIXELS_PER_MM] = 90
    kept = _without_shade(np.maximum(strip, shade))
    assert kept[40, 30 * PIXELS_PER_MM] > 150
    assert kept[40, 36 * PIXELS_PER_MM] == 0


def test_the_remains_of_a_ruled_line_are_no_letters_and_a_figure_is() -> None:
    dashes = [((10.0 + 8 * index, 9.0), (14.0 + 8 * index, 9.0)) for index in range(10)]
    assert not _has_letters(strip_with(*dashes))
    assert _has_letters(strip_with(((50, 4), (50, 9))))
