"""A whole page of zones of every kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from papier.forms.definition import Demand
from papier.forms.layout import Layout, LayoutPage, Zone
from papier.geometry import RectMm, bounding_rect
from papier.ocr.handwriting import Candidate, LineReading
from papier.ocr.zone_readings import PAPER_ONLY, read_zones
from papier.ocr.zones import typed
from papier.records import FieldReading, OptionState, State
from tests.ocr.drawn_boxes import DrawnPage
from tests.ocr.test_comb import ToldReader, write_bar

CELLS = tuple(RectMm(15 + 6 * i, 30, 6, 8) for i in range(8))
BOXES = {name: RectMm(20.0 + 12 * i, 15, 4.5, 4.5) for i, name in enumerate(("oui", "non"))}
LINES = RectMm(15, 45, 60, 20)
FIRST_LINE = RectMm(15, 45, 60, 10)
FRAME = RectMm(85, 45, 50, 20)
LABEL = RectMm(15, 75, 60, 15)
SECRET = RectMm(90, 15, 4.5, 4.5)

ZONES = (
    Zone("signature", "signature", FRAME),
    *(Zone("present", "tick", rect, option=name) for name, rect in BOXES.items()),
    Zone("nom", "comb", bounding_rect(CELLS), content="letters", cells=CELLS),
    Zone("remarque", "lines", LINES, lines=(RectMm(15, 45, 60, 10), RectMm(15, 55, 60, 10))),
    Zone("etiquette", "typed", LABEL),
    Zone("sante", "tick", SECRET, option="oui", multiple=True),
)
LAYOUT = Layout(
    "essai/tout",
    1,
    "Essai",
    (148.0, 105.0),
    (LayoutPage(1, ZONES),),
    demands={"sante": Demand(paper_only=True), "signature": Demand(required=True)},
)


def new_page() -> DrawnPage:
    return DrawnPage([*BOXES.values(), *CELLS, LINES, FRAME, LABEL, SECRET])


def read(page: DrawnPage, text: str = "", prefilled: dict[str, str] | None = None) -> dict[str, FieldReading]:
    return read_zones(page.scan(), LAYOUT, LAYOUT.page(1), page.face(), ToldReader(text), prefilled or {})


def sign(page: DrawnPage, rect: RectMm, size: float = 1.0) -> None:
    t = np.linspace(0, 1, 80)
    x = rect.centre[0] + size * (40 * t - 20 + 3 * np.cos(30 * t))
    y = rect.centre[1] + size * 5 * np.sin(30 * t) * (1.2 - t)
    page.stroke(np.column_stack([x, y]), 0.4)


def test_an_empty_sheet_is_blank_in_every_field_and_in_order() -> None:
    readings = read(new_page())
    assert list(readings) == ["signature", "present", "nom", "remarque", "etiquette", "sante"]
    assert {name: reading.value for name, reading in readings.items()} == {
        "signature": False, "present": [], "nom": None, "remarque": None, "etiquette": None, "sante": None,
    }  # fmt: skip
    assert {reading.state for reading in readings.values()} == {State.BLANK}
    assert [name for name, reading in readings.items() if reading.needs_person] == ["signature"]


def test_a_filled_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typed, "tesseract_probe", lambda: "Tesseract is not installed: install it")
    page = new_page()
    page.cross(BOXES["oui"])
    page.cross(SECRET)
    for cell in CELLS[:3]:
        write_bar(page, cell)
    sign(page, FRAME)
    sign(page, LINES, 0.6)
    sign(page, LABEL, 0.6)
    readings = read(page, "ANA")
    assert (readings["present"].value, readings["present"].state) == (["oui"], State.SURE)
    assert readings["present"].options["non"].state is OptionState.EMPTY
    assert readings["present"].rect == bounding_rect(BOXES.values())
    assert (readings["nom"].value, readings["nom"].state) == ("ANA", State.SURE)
    assert (readings["signature"].value, readings["signature"].state) == (True, State.SURE)
    lines = readings["remarque"]
    assert (lines.value, lines.state, lines.needs_person) == (None, State.UNREADABLE, False)
    assert lines.reason == "handwriting kept as an image"
    label = readings["etiquette"]
    assert (label.state, label.needs_person) == (State.UNREADABLE, True)
    assert "Tesseract is not installed" in (label.reason or "")


def test_a_paper_only_field_is_not_looked_at() -> None:
    page = new_page()
    page.cross(SECRET)
    reading = read(page)["sante"]
    assert (reading.value, reading.state, reading.reason) == (None, State.BLANK, PAPER_ONLY)
    assert not reading.options


def test_a_stroke_from_outside_is_no_signature() -> None:
    page = new_page()
    page.stroke([[60, 100], [95, 70], [100, 62]], 0.5)
    reading = read(page)["signature"]
    assert not (reading.value and reading.state is State.SURE)


@pytest.mark.parametrize("seed", range(3))
def test_dirt_is_no_signature(seed: int) -> None:
    page = new_page()
    random = np.random.default_rng(seed)
    for _ in range(12):
        x, y = random.uniform(FRAME.x, FRAME.right), random.uniform(FRAME.y, FRAME.bottom)
        page.stroke([[x, y], [x + 0.3, y + 0.2]], random.uniform(0.2, 0.5), random.uniform(0.3, 0.9))
    reading = read(page)["signature"]
    assert (reading.value, reading.state) == (False, State.BLANK)


@pytest.mark.parametrize("width", [0.3, 0.5, 0.8])
def test_small_initials_are_a_signature_or_a_question(width: float) -> None:
    page = new_page()
    x, y = FRAME.centre
    page.stroke([[x - 4, y + 3], [x - 4, y - 3], [x - 1, y], [x - 4, y], [x, y + 3]], width)
    page.stroke([[x + 1, y + 3], [x + 3, y - 3], [x + 5, y + 3]], width)
    reading = read(page)["signature"]
    assert reading.value is True


class ToldLines:
    """Says of every strip what it was told, and keeps the strips."""

    def __init__(self, *told: LineReading) -> None:
        self.told = told
        self.strips: list[npt.NDArray[np.uint8]] = []

    def read(
        self, strips: Sequence[npt.NDArray[np.uint8]], /, expected: Sequence[Sequence[str]] = ()
    ) -> list[LineReading]:
        assert len(expected) == len(strips)
        self.strips += strips
        return [*self.told][: len(strips)]


def read_remark(page: DrawnPage, reader: ToldLines) -> FieldReading:
    sign(page, FIRST_LINE, 0.5)
    return read_zones(page.scan(), LAYOUT, LAYOUT.page(1), page.face(), ToldReader(""), {}, line_reader=reader)[
        "remarque"
    ]


def test_lines_are_read_where_there_is_a_reader() -> None:
    reader = ToldLines(LineReading((Candidate("vu", 0.9995), Candidate("vus", 0.0003))))
    reading = read_remark(new_page(), reader)
    assert (reading.value, reading.state, reading.needs_person) == ("vu", State.SURE, False)
    assert [text for text, _ in reading.candidates] == ["vu", "vus"]
    # Only what is written on is recognised.
    assert len(reader.strips) == 1


def test_free_text_below_what_the_form_demands_is_doubtful_and_asks_nobody() -> None:
    reading = read_remark(new_page(), ToldLines(LineReading((Candidate("vu", 0.98), Candidate("va", 0.01)))))
    assert (reading.value, reading.state, reading.needs_person) == ("vu", State.DOUBTFUL, False)
    assert [text for text, _ in reading.candidates] == ["vu", "va"]
    assert [chance for _, chance in reading.candidates] == pytest.approx([0.98, 0.01])


def test_what_is_struck_out_leaves_a_line_in_doubt() -> None:
    reading = read_remark(new_page(), ToldLines(LineReading((Candidate("vu", 0.9999),), struck=True)))
    assert (reading.value, reading.state, reading.reason) == ("vu", State.DOUBTFUL, "something is struck out")


def test_handwriting_of_which_nothing_is_legible_is_kept_as_an_image() -> None:
    reading = read_remark(new_page(), ToldLines(LineReading(())))
    assert (reading.value, reading.state, reading.probability) == (None, State.UNREADABLE, 0.0)
