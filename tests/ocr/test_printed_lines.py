"""An address that the printer wrote on ruled lines: taken as printed while it stands alone there, else asked."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable

import cv2
import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium
import pytest

from papier.forms.layout import Layout
from papier.forms.parsing import parse_form
from papier.forms.pdf import SheetToPrint, face_pdf, write_sheets
from papier.forms.roster_values import prefilled_values
from papier.forms.sheet_number import SheetNumbers
from papier.forms.typesetting import lay_out
from papier.ocr.reading import Reader
from papier.ocr.register import KnownSheet, PrintedForm
from papier.ocr.scan import ScannedPage
from papier.records import FieldReading, State

FORM = """
form: carnet/essai
version: 1
title: Essai
format: A4
blocks:
  - {comb: nom, label: Nom, content: letters, cells: 20, roster: nom}
  - {lines: adresse, label: Adresse postale, count: 2, roster: "{adresse}\\n{code_postal} {ville}"}
  - {lines: remarque, label: Remarque, count: 2}
  - {typed: motif, label: Motif, height: 12, roster: motif}
"""
PERSON = {"nom": "NGUYEN", "adresse": "8 rue de Gerland", "code_postal": "69007", "ville": "LYON"}
PRINTED = "8 rue de Gerland\n69007 LYON"
DPI = 150.0
NUMBERS = SheetNumbers(b"a key for tests")
Picture = npt.NDArray[np.uint8]
Pen = Callable[[Picture, float, float], None]


def essai() -> Layout:
    form, problems = parse_form(FORM)
    assert form is not None, problems
    return lay_out(form)


class Register:
    key = b"a key for tests"

    def __init__(self, sheet: KnownSheet) -> None:
        self._sheet = sheet

    def find_sheet(self, number: str) -> KnownSheet | None:
        return self._sheet if number == self._sheet.number else None

    def forms(self) -> Iterable[PrintedForm]:
        return [self._sheet.form]


def stroke(*points: tuple[float, float], width: float = 0.4) -> Pen:
    """A pen's stroke; `points` in millimetres from the left end of the first printed line's middle."""

    def draw(page: Picture, x: float, y: float) -> None:
        k = DPI / 25.4
        places = np.round([((x + dx) * k, (y + dy) * k) for dx, dy in points]).astype(np.int32)
        cv2.polylines(page, [places], False, 40, round(width * k), cv2.LINE_AA)

    return draw


def read_back(values: dict[str, str], *pens: Pen, field: str = "adresse") -> FieldReading:
    layout = essai()
    number = NUMBERS.make(1)
    stream = io.BytesIO()
    write_sheets(stream, [SheetToPrint(layout, number, values)])
    page: Picture = np.ascontiguousarray(pdfium.PdfDocument(stream.getvalue())[0].render(scale=DPI / 72).to_numpy())
    page = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY).astype(np.uint8)
    (zone,) = [zone for zone in layout.zones() if zone.field == field]
    middle = zone.lines[0].bottom - 3.3 if zone.lines else zone.rect.y + zone.rect.height / 2
    for pen in pens:
        pen(page, zone.rect.x + 1.0, middle)
    sheet = KnownSheet(number, PrintedForm(layout, face_pdf(layout)), prefilled_values(layout, values))
    (reading,) = Reader(Register(sheet)).read_page(ScannedPage("essai", 1, page, DPI))
    return reading.fields[field]


def test_an_address_known_whole_stands_on_its_lines() -> None:
    reading = read_back(PERSON)
    assert (reading.value, reading.state, reading.read_by) == (PRINTED, State.SURE, "printed")


@pytest.mark.parametrize("lacking", ["adresse", "code_postal", "ville"])
def test_half_an_address_is_left_to_the_hand(lacking: str) -> None:
    values = {name: text for name, text in PERSON.items() if name != lacking}
    assert "adresse" not in prefilled_values(essai(), values)
    reading = read_back(values)
    assert (reading.value, reading.state) == (None, State.BLANK)


@pytest.mark.parametrize(
    ("pens", "reason"),
    [
        ([stroke((-1, 0), (27, -0.4))], "a stroke runs through the printed value"),
        ([stroke((-1, 9), (18, 9.2))], "a stroke runs through the printed value"),
        ([stroke((60, -2), (62, 1), (64, -2), (66, 1), (68, -2))], "something is written beside the printed value"),
        ([stroke((3, -3.6), (6, -5.4))], "something is written beside the printed value"),
        ([stroke((12.5, -1.8), (14, 0), (12.5, 1), (15, 1.3), (13, -1.5), (16, 0.6))] * 2, "written over"),
    ],
    ids=["struck out", "second line struck out", "written beside", "written above", "written over"],
)
def test_a_pen_over_or_beside_what_is_printed_is_asked(pens: list[Pen], reason: str) -> None:
    reading = read_back(PERSON, *pens)
    assert reading.value == PRINTED
    assert reading.state is State.DOUBTFUL
    assert reading.needs_person
    assert reason in (reading.reason or "")


def test_an_address_that_does_not_show_is_asked() -> None:
    def whiten(page: Picture, x: float, y: float) -> None:
        k = DPI / 25.4
        page[round((y - 4) * k) : round((y + 3) * k), round(x * k) : round((x + 60) * k)] = 255
        page[round((y + 5) * k) : round((y + 12) * k), round(x * k) : round((x + 60) * k)] = 255

    reading = read_back(PERSON, whiten)
    assert (reading.state, reading.reason) == (State.DOUBTFUL, "the printed value does not show in the scan")


@pytest.mark.parametrize(
    ("pens", "state"),
    [([], State.SURE), ([stroke((-1, 0), (27, -0.4))], State.DOUBTFUL), ([stroke((60, -2), (62, 1))], State.DOUBTFUL)],
    ids=["untouched", "struck out", "written beside"],
)
def test_what_is_printed_in_a_typed_field_is_looked_at_too(pens: list[Pen], state: State) -> None:
    reading = read_back(PERSON | {"motif": "Perte du document"}, *pens, field="motif")
    assert (reading.value, reading.kind, reading.state) == ("Perte du document", "typed", state)
