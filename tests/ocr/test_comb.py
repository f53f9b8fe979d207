"""Combs on drawn pages, with a reader of characters that is told what to say."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from papier.forms.definition import Demand
from papier.forms.layout import Zone
from papier.geometry import RectMm, bounding_rect
from papier.ocr.characters import BLANK, CLASSES, INDEX, INK_HEIGHT, INK_WIDTH
from papier.ocr.decoding import Decoding
from papier.ocr.ink import InkPage
from papier.ocr.scan import GreyImage
from papier.ocr.zones.comb import Comb, interpret, read_combs, too_faint
from papier.records import FieldReading, State
from tests.ocr.drawn_boxes import SCALE, DrawnPage


@dataclass(frozen=True)
class ToldReading:
    log_probs: npt.NDArray[np.float32]


@dataclass
class ToldReader:
    """Says `text` for the cells with ink, in order, and blank for the others."""

    text: str
    seen: list[npt.NDArray[np.uint8]] = field(default_factory=list)

    def read(self, cells: npt.NDArray[np.uint8], /) -> ToldReading:
        self.seen.append(cells)
        rows = np.full((len(cells), len(CLASSES)), 1e-8, np.float32)
        letters = iter(self.text)
        for row, cell in zip(rows, cells, strict=True):
            row[INDEX[next(letters) if cell[8:-8, 8:-8].mean() > 3 else BLANK]] = 1
        return ToldReading(np.log(rows))


@dataclass
class Doubter:
    """Says the text's first letters with this chance each, and another one with what is left."""

    text: str
    chance: float

    def read(self, cells: npt.NDArray[np.uint8], /) -> ToldReading:
        rows = np.full((len(cells), len(CLASSES)), 1e-8, np.float32)
        for row, letter in zip(rows, self.text, strict=False):
            row[INDEX[letter]], row[INDEX["8"]] = self.chance, 1 - self.chance
        return ToldReading(np.log(rows))


@dataclass
class SecondOpinion:
    """Says `text`, for certain; keeps how many cells it was asked about."""

    text: str
    asked: list[int] = field(default_factory=list)

    def read(self, cells: npt.NDArray[np.uint8], /) -> npt.NDArray[np.float32]:
        self.asked.append(len(cells))
        rows = np.full((len(cells), INDEX[BLANK]), 1e-7, np.float32)
        for row, letter in zip(rows, self.text, strict=False):
            row[INDEX[letter]] = 1
        return np.log(rows)


@pytest.mark.parametrize(
    ("chance", "opinion", "asked", "state"),
    [
        (0.97, "0612345679", [10], State.SURE),  # in doubt, and settled by the second reader
        (0.97, "0613345679", [10], State.DOUBTFUL),  # who has another digit
        (0.9999999, "0613345679", [], State.SURE),  # not asked what is clear
    ],
)
def test_a_second_reader_is_asked_what_the_first_leaves_in_doubt(
    chance: float, opinion: str, asked: list[int], state: State
) -> None:
    zone = comb(20, 10, "tel", "telephone")
    page = DrawnPage(list(zone.cells))
    for cell in zone.cells:
        write_bar(page, cell)
    second = SecondOpinion(opinion)
    paper = InkPage.of(page.scan(), page.face())
    (reading,) = read_combs(
        paper,
        [[zone]],
        [Demand()],
        Doubter("0612345679", chance),
        prefilled={},
        known_values={},
        second=second,
    )
    assert second.asked == asked
    assert reading.state == state
    # Where the two differ, a person is shown what each of them read.
    assert {"0612345679", opinion if asked else "0612345679"} <= {text for text, _ in reading.candidates}


def comb(y: float, count: int = 6, name: str = "nom", content: str = "letters", width: float = 6.0) -> Zone:
    cells = tuple(RectMm(15 + i * width, y, width, width * 4 / 3) for i in range(count))
    return Zone(name, "comb", bounding_rect(cells), content=content, cells=cells)


def write_bar(page: DrawnPage, cell: RectMm) -> None:
    x, y = cell.centre
    page.stroke([[x, y - 0.3 * cell.height], [x, y + 0.3 * cell.height]])


def read(
    page: DrawnPage, zones: list[Zone], reader: ToldReader, prefilled: dict[str, str] | None = None, **scan: object
) -> list[FieldReading]:
    paper = InkPage.of(page.scan(**scan), page.face())  # type: ignore[arg-type]
    demands = [Demand()] * len(zones)
    groups = [[zone] for zone in zones]
    return read_combs(paper, groups, demands, reader, prefilled=prefilled or {}, known_values={})


@pytest.mark.parametrize("width", [4.5, 6.0, 9.0])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.2, -0.2)])
def test_cells_come_in_order_without_their_frames(width: float, shift: tuple[float, float]) -> None:
    zones = [comb(20, width=width), comb(40, name="prenom", width=width)]
    page = DrawnPage([cell for zone in zones for cell in zone.cells])
    for cell in (*zones[0].cells[:3], zones[1].cells[1]):
        write_bar(page, cell)
    reader = ToldReader("ABCD")
    first, second = read(page, zones, reader, shift_mm=shift)
    assert (first.value, first.state) == ("ABC", State.SURE)
    # A name begins in the first cell: where that is blank, something may be lost.
    assert (second.value, second.state) == ("D", State.DOUBTFUL)
    (cells,) = reader.seen
    # The eight cells without a bar hold no ink once their frames are gone, and are not shown to the reader.
    assert cells.shape == (4, INK_HEIGHT, INK_WIDTH)
    # The bar stands where it was drawn: in the middle, six tenths of the cell high.
    columns = np.flatnonzero(cells[0].max(axis=0) > 100)
    rows = np.flatnonzero(cells[0].max(axis=1) > 100)
    assert abs(columns.mean() - INK_WIDTH / 2) < 2.5
    assert abs(np.ptp(rows) - 0.6 * INK_HEIGHT * 8 / 9.4) < 6


def test_what_was_measured_is_asked_less_unless_the_form_wants_more() -> None:
    cells = comb(20)
    one = Comb("nom", "letters", cells.cells)
    seen = Decoding("MARTIN", "MARTIN", 0.9975, (("MARTIN", 0.9975),), None, 0.0, 0.0, weakest=0.99)
    listed = dataclasses.replace(seen, weakest=None)
    assert interpret(one, seen, Demand()).state is State.SURE
    assert interpret(one, seen, Demand(accept=0.9995)).state is State.DOUBTFUL
    assert interpret(one, dataclasses.replace(seen, probability=0.9965), Demand()).state is State.DOUBTFUL
    assert interpret(one, listed, Demand()).state is State.DOUBTFUL


def test_faint_pencil_is_raised_to_ordinary_ink() -> None:
    zone = comb(20)
    page = DrawnPage(list(zone.cells))
    for cell in zone.cells[:2]:
        x, y = cell.centre
        page.stroke([[x, y - 2], [x, y + 2]], darkness=0.35)
    reader = ToldReader("II")
    read(page, [zone], reader)
    assert np.percentile(reader.seen[0][0], 97) > 150


PRINTED = "MARTIN"


def printed_page(zone: Zone) -> tuple[DrawnPage, object]:
    def toner(pixels: GreyImage) -> GreyImage:
        out = pixels.copy()
        for cell, character in zip(zone.cells, PRINTED, strict=False):
            place = (round((cell.x + 1.6) * SCALE), round((cell.bottom - 2) * SCALE))
            cv2.putText(out, character, place, cv2.FONT_HERSHEY_SIMPLEX, 1.5, 20, 3, cv2.LINE_AA)
        return out

    return DrawnPage(list(zone.cells)), toner


def test_traces_in_a_comb_that_seems_empty_are_no_proof_of_emptiness() -> None:
    even = np.full(4, 0.5)
    cells = np.zeros((4, INK_HEIGHT, INK_WIDTH), np.uint8)
    assert not too_faint(cells, even).any()
    assert too_faint(cells, even + 1.2).all()
    cells[2, 12:40, 20:23] = 25
    assert too_faint(cells, even).all()
    # Beside a cell that was written in, an even one is empty.
    cells[0, 12:40, 20:23] = 220
    assert not too_faint(cells, even).any()


def test_a_printed_value_is_taken_as_printed() -> None:
    zone = comb(20, count=8)
    page, toner = printed_page(zone)
    (reading,) = read(page, [zone], ToldReader(""), {"nom": PRINTED}, after=toner)
    assert (reading.value, reading.state, reading.read_by) == (PRINTED, State.SURE, "printed")


@pytest.mark.parametrize("correction", ["struck", "added", "over"])
def test_a_printed_value_that_a_pen_corrected_is_a_question(correction: str) -> None:
    zone = comb(20, count=8)
    page, toner = printed_page(zone)
    if correction == "struck":
        page.stroke([[zone.rect.x - 1, 24], [zone.cells[5].right, 24.4]], 0.5)
    elif correction == "added":
        write_bar(page, zone.cells[6])
    else:
        page.blacken(zone.cells[2].grown(-1.2))
    (reading,) = read(page, [zone], ToldReader(""), {"nom": PRINTED}, after=toner)
    assert (reading.value, reading.state, reading.needs_person) == (PRINTED, State.DOUBTFUL, True)


def test_a_printed_value_that_is_not_there_is_a_question() -> None:
    zone = comb(20, count=8)
    (reading,) = read(DrawnPage(list(zone.cells)), [zone], ToldReader(""), {"nom": PRINTED})
    assert reading.state is State.DOUBTFUL


def test_a_comb_that_is_partly_cut_off_is_a_question() -> None:
    zones = [comb(20 + 12 * i, name=f"nombre{i}", content="number") for i in range(4)]
    page = DrawnPage([cell for zone in zones for cell in zone.cells])
    for cell in zones[0].cells[2:4]:
        write_bar(page, cell)

    def cut(pixels: GreyImage) -> GreyImage:
        out = pixels.copy()
        left, right = round((zones[0].cells[0].x - 2) * SCALE), round(zones[0].cells[1].centre[0] * SCALE)
        out[round(17 * SCALE) : round(30 * SCALE), left:right] = 245
        return out

    whole = read(page, zones, ToldReader("42"))
    assert (whole[0].state, whole[0].value) == (State.SURE, "42")
    torn = read(page, zones, ToldReader("42"), after=cut)
    assert (torn[0].state, torn[0].needs_person) == (State.DOUBTFUL, True)
    assert "not on the scan" in (torn[0].reason or "")
    assert [reading.state for reading in torn[1:]] == [State.BLANK] * 3
