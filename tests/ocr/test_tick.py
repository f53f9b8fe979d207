"""Tick boxes, from drawn marks to the reading of a question."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from papier.forms.definition import Demand
from papier.forms.layout import Zone
from papier.geometry import RectMm
from papier.ocr.ink import InkPage
from papier.ocr.scan import GreyImage
from papier.ocr.zones.tick import find_crossed, is_coarse, read_ticks
from papier.ocr.zones.tick_model import Likelihoods, Look
from papier.ocr.zones.tick_patches import BLACK, MARGIN, SIDE
from papier.ocr.zones.tick_places import find_lid, find_places
from papier.ocr.zones.tick_traces import find_too_dark
from papier.records import FieldReading, OptionState, State
from tests.ocr.drawn_boxes import DrawnPage, boxes_in_row

OPTIONS = "abcd"


class Sheet:
    """Eight questions of four boxes; `page` is written on."""

    def __init__(self, *, multiple: bool = False, shape: str = "square", letter: str = "") -> None:
        self.rects = [boxes_in_row(4, y=12.0 + 10 * row) for row in range(8)]
        self.page = DrawnPage([rect for row in self.rects for rect in row], letter=letter)
        self.multiple, self.shape = multiple, shape

    def read(self, *, dense_cancels: bool = True, demand: Demand | None = None, **scan: object) -> list[FieldReading]:
        questions = [
            [
                Zone(f"q{row}", "tick", rect, option=option, multiple=self.multiple, shape=self.shape)  # type: ignore[arg-type]
                for rect, option in zip(rects, OPTIONS, strict=True)
            ]
            for row, rects in enumerate(self.rects)
        ]
        paper = InkPage.of(self.page.scan(**scan), self.page.face())  # type: ignore[arg-type]
        return read_ticks(paper, questions, [demand or Demand()] * 8, dense_cancels=dense_cancels)

    def box(self, row: int, column: int) -> RectMm:
        return self.rects[row][column]


def test_an_untouched_sheet_is_blank_throughout() -> None:
    for reading in Sheet().read(shift_mm=(0.15, -0.1)):
        assert (reading.value, reading.state, reading.needs_person) == ([], State.BLANK, False)
        assert {option.state for option in reading.options.values()} == {OptionState.EMPTY}


def test_crosses_are_sure() -> None:
    sheet = Sheet()
    for row in range(6):
        sheet.page.cross(sheet.box(row, row % 4), reach=0.45 + 0.03 * row)
    readings = sheet.read(shift_mm=(-0.1, 0.2))
    for row in range(6):
        assert (readings[row].value, readings[row].state) == ([OPTIONS[row % 4]], State.SURE)
    assert readings[7].state is State.BLANK


def test_a_check_mark_that_leaves_its_box_ticks_it_alone() -> None:
    sheet = Sheet()
    box = sheet.box(3, 1)
    x, y = box.x, box.y
    sheet.page.stroke([[x + 0.6, y + 2.0], [x + 1.8, y + 3.9], [x + 6.5, y - 3.5]])
    readings = sheet.read()
    assert readings[3].value == ["b"]
    assert readings[3].state is State.SURE
    assert readings[2].value == []


def test_a_blackened_box_beside_a_cross_is_cancelled() -> None:
    sheet = Sheet()
    for row in range(5):
        sheet.page.cross(sheet.box(row, 2))
    sheet.page.cross(sheet.box(1, 0))
    sheet.page.blacken(sheet.box(1, 0))
    reading = sheet.read()[1]
    assert reading.options["a"].state is OptionState.CANCELLED
    assert reading.value == ["c"]
    assert reading.probability > 0.98


def test_a_lone_blackened_box_is_a_question() -> None:
    """On papier's sheets it is cancelled by the printed rule; but some people tick so."""
    sheet = Sheet()
    sheet.page.blacken(sheet.box(0, 0))
    reading = sheet.read()[0]
    assert (reading.state, reading.needs_person) == (State.DOUBTFUL, True)


@pytest.mark.parametrize("shape", ["square", "bubble"])
def test_on_foreign_forms_a_blackened_box_is_ticked(shape: str) -> None:
    sheet = Sheet(shape=shape)
    sheet.page.blacken(sheet.box(0, 3))
    reading = sheet.read(dense_cancels=False)[0]
    assert (reading.value, reading.state) == (["d"], State.SURE)


def test_a_letter_printed_in_a_box_hides_no_fill() -> None:
    sheet = Sheet(shape="bubble", letter="B")
    for row in range(6):
        sheet.page.blacken(sheet.box(row, row % 4).grown(-0.8))
    readings = sheet.read(dense_cancels=False)
    for row in range(6):
        assert readings[row].value == [OPTIONS[row % 4]]
    assert readings[7].value == []


def test_bubbles_whose_letters_are_printed_beside_their_place_are_compared_with_one_another() -> None:
    sheet = Sheet(multiple=True, shape="bubble", letter="B")
    for row in range(7):
        sheet.page.blacken(sheet.box(row, row % 4).grown(-0.8), darkness=0.5)
    readings = sheet.read(dense_cancels=False, shift_mm=(0.1, -0.1))
    for row in range(7):
        assert (readings[row].value, readings[row].state) == ([OPTIONS[row % 4]], State.SURE)
    assert readings[7].state is State.BLANK


@pytest.mark.parametrize("darkness", [0.3, 0.2, 0.15, 0.12])
def test_a_bubble_filled_fainter_than_the_others_is_a_question(darkness: float) -> None:
    sheet = Sheet(multiple=True, shape="bubble", letter="B")
    for row in range(7):
        sheet.page.blacken(sheet.box(row, row % 4).grown(-0.8), darkness=0.7)
    sheet.page.blacken(sheet.box(7, 1).grown(-0.8), darkness=darkness)
    for shift in ((0.0, 0.0), (0.1, -0.1)):
        assert sheet.read(dense_cancels=False, shift_mm=shift)[7].state is State.DOUBTFUL


@pytest.mark.parametrize("darkness", [0.2, 0.12, 0.08])
def test_bubbles_that_are_all_filled_faintly_are_never_taken_for_empty(darkness: float) -> None:
    sheet = Sheet(multiple=True, shape="bubble", letter="B")
    for row in range(7):
        sheet.page.blacken(sheet.box(row, row % 4).grown(-0.8), darkness=darkness)
    for shift in ((0.0, 0.0), (0.1, -0.1)):
        assert all(reading.state is not State.BLANK for reading in sheet.read(dense_cancels=False, shift_mm=shift)[:7])


def test_two_ticks_in_a_single_choice_are_doubtful() -> None:
    sheet = Sheet()
    sheet.page.cross(sheet.box(0, 0))
    sheet.page.cross(sheet.box(0, 2))
    reading = sheet.read()[0]
    assert (reading.value, reading.state) == (["a", "c"], State.DOUBTFUL)
    assert reading.needs_person


def test_two_ticks_where_several_are_asked_for_are_sure() -> None:
    sheet = Sheet(multiple=True)
    sheet.page.cross(sheet.box(0, 0))
    sheet.page.cross(sheet.box(0, 2))
    reading = sheet.read()[0]
    assert (reading.value, reading.state) == (["a", "c"], State.SURE)


def test_a_required_question_left_blank_needs_a_person() -> None:
    reading = Sheet().read(demand=Demand(required=True))[0]
    assert (reading.state, reading.needs_person) == (State.BLANK, True)


def test_faint_pencil_is_not_overlooked() -> None:
    sheet = Sheet()
    for row in range(4):
        sheet.page.cross(sheet.box(row, 1), darkness=0.25)
    for reading in sheet.read()[:4]:
        assert reading.value == ["b"]


@pytest.mark.parametrize("seed", range(4))
def test_dirt_is_never_a_sure_tick(seed: int) -> None:
    sheet = Sheet()
    random = np.random.default_rng(seed)
    for _ in range(60):
        x, y = random.uniform(15, 60), random.uniform(8, 95)
        angle = random.uniform(0, 6.3)
        sheet.page.stroke([[x, y], [x + 0.3 * np.cos(angle), y + 0.3 * np.sin(angle)]], 0.2, random.uniform(0.2, 0.8))
    for reading in sheet.read():
        assert not (reading.value and reading.state is State.SURE)


def test_a_fold_through_the_boxes_is_no_tick() -> None:
    sheet = Sheet()

    def fold(pixels: GreyImage) -> GreyImage:
        folded = pixels.astype(np.float32)
        rows = np.arange(len(pixels))[:, None]
        at = (sheet.box(2, 0).y + 2) * 300 / 25.4
        return np.asarray(np.clip(folded - 28 * np.exp(-(((rows - at) / 6) ** 2)), 0, 255), dtype=np.uint8)

    reading = sheet.read(after=fold)[2]
    assert not (reading.value and reading.state is State.SURE)


def test_a_ring_round_a_box_is_never_silently_blank() -> None:
    sheet = Sheet()
    x, y = sheet.box(4, 2).centre
    angle = np.linspace(0, 6.6, 40)
    sheet.page.stroke(np.column_stack([x + 4.0 * np.cos(angle), y + 4.0 * np.sin(angle)]))
    reading = sheet.read()[4]
    assert reading.value == ["c"] or reading.state is State.DOUBTFUL


def test_a_sheet_that_lies_elsewhere_is_all_questions() -> None:
    sheet = Sheet()
    for row in range(8):
        sheet.page.cross(sheet.box(row, 1))
    for reading in sheet.read(shift_mm=(2.1, 1.4)):
        assert reading.state is State.DOUBTFUL


def test_boxes_on_a_lost_corner_are_questions() -> None:
    sheet = Sheet()

    def tear(pixels: GreyImage) -> GreyImage:
        torn = pixels.copy()
        torn[: round(25 * 300 / 25.4)] = 255
        return torn

    readings = sheet.read(after=tear)
    assert readings[0].state is State.DOUBTFUL
    assert readings[7].state is State.BLANK


def test_a_box_that_a_punch_hole_took_half_of_is_a_question() -> None:
    sheet = Sheet()
    for row in (2, 3):
        sheet.page.cross(sheet.box(row, 1))

    def punch(pixels: GreyImage) -> GreyImage:
        punched = pixels.copy()
        box = sheet.box(3, 1)
        middle = box.x + 0.6, box.y + 0.4  # two thirds of the frame are left
        cv2.circle(punched, [round(value * 300 / 25.4) for value in middle], round(2.6 * 300 / 25.4), 250, -1)
        return punched

    readings = sheet.read(after=punch)
    assert readings[3].state is State.DOUBTFUL
    assert [readings[row].state for row in (2, 4)] == [State.SURE, State.BLANK]


def test_a_box_under_something_dark_and_wide_is_hidden_and_a_blackened_one_is_not() -> None:
    blackened = np.zeros((SIDE, SIDE), np.uint8)
    blackened[MARGIN - 3 : 3 - MARGIN, MARGIN - 3 : 3 - MARGIN] = BLACK
    corner = np.full((SIDE, SIDE), BLACK // 2, np.uint8)
    corner[:, : MARGIN // 2] = 0
    pictures = np.stack([np.stack([scan, 0 * scan, 0 * scan]) for scan in (blackened, corner)])
    assert find_lid(pictures).tolist() == [False, True]


def test_a_hair_much_paler_than_the_pen_is_no_sure_tick() -> None:
    sheet = Sheet()
    for row in range(7):
        sheet.page.cross(sheet.box(row, row % 4))
    x, y = sheet.box(7, 2).centre
    sheet.page.stroke([[x - 1.2, y - 0.2], [x - 0.2, y + 1.2], [x + 1.4, y - 1.4]], width=0.35, darkness=0.3)
    readings = sheet.read()
    assert not (readings[7].value and readings[7].state is State.SURE)
    assert {reading.state for reading in readings[:7]} == {State.SURE}


def test_a_trace_is_no_question_where_the_pen_is_plainly_seen() -> None:
    sheet = Sheet()
    for row in range(8):
        sheet.page.cross(sheet.box(row, 0))
        x, y = sheet.box(row, 2).centre
        sheet.page.stroke([[x - 1.2, y - 1.2], [x + 1.2, y + 1.2]], width=0.6, darkness=0.05)
    assert {reading.state for reading in sheet.read(noise=1.0)} == {State.SURE}


def test_a_mark_that_all_but_vanished_is_a_question() -> None:
    sheet = Sheet()
    sheet.page.cross(sheet.box(2, 1), width=0.6, darkness=0.06)
    readings = sheet.read(noise=1.0)
    assert readings[2].state is State.DOUBTFUL
    assert readings[5].state is State.BLANK


def looking(*shares: dict[Look, float]) -> Likelihoods:
    looks = np.full((len(shares), len(Look)), 1e-6)
    for row, share in zip(looks, shares, strict=True):
        row[list(share)] = list(share.values())
    return looks


def test_what_is_as_dark_as_the_marks_of_its_page_was_not_erased() -> None:
    """Pale pencil: six boxes that look marked, one as pale that looks erased, and one that is much paler."""
    looks = looking(*[{Look.OPEN: 1.0}] * 6, *[{Look.OPEN: 0.1, Look.ERASED: 1.0}] * 2)
    dark = np.array([50.0, 52, 48, 55, 45, 50, 47, 20])
    assert find_too_dark(dark, looks).tolist() == [True] * 7 + [False]
    assert not find_too_dark(dark[3:], looks[3:]).any()  # three marks are too few to compare with


def test_a_page_in_pale_pencil_is_no_page_of_questions() -> None:
    sheet = Sheet()
    for row in range(8):
        sheet.page.cross(sheet.box(row, row % 4), width=0.5, darkness=0.22)
    readings = sheet.read(noise=1.0)
    assert [reading.value for reading in readings] == [[OPTIONS[row % 4]] for row in range(8)]
    assert [reading.state for reading in readings].count(State.SURE) >= 7


def test_a_box_that_lies_askew_is_told_from_those_that_lie_straight_and_those_that_are_gone() -> None:
    """Of the third frame two sides are in place, of the fourth none."""
    frame = np.zeros((SIDE, SIDE), np.uint8)
    sides = slice(MARGIN, SIDE - MARGIN)
    for edge in (MARGIN, SIDE - MARGIN - 1):
        frame[edge, sides] = frame[sides, edge] = BLACK
    half = frame.copy()
    half[MARGIN + 2 :, MARGIN + 2 :] = 0
    scans = [frame, frame, half, 0 * frame]
    pictures = np.stack([np.stack([scan, frame, 0 * frame]) for scan in scans])
    displaced, askew = find_places(pictures)
    assert displaced.tolist() == [False, False, False, True]
    assert askew.tolist() == [False, False, True, True]


def test_a_mark_that_may_be_struck_is_doubted_sooner_where_a_remark_runs_close_by() -> None:
    slightly = {Look.OPEN: 1.0, Look.STRUCK: 0.05}
    looks = looking(slightly, {Look.STRUCK: 1.0}, slightly)
    centres = np.array([[0.0, 0], [3, 0], [30, 0]])
    assert find_crossed(looks, centres, np.ones(3, dtype=bool)).tolist() == [True, False, False]


def test_a_mark_that_may_be_struck_is_doubted_where_its_stroke_runs_on() -> None:
    looks = looking({Look.OPEN: 1.0, Look.STRUCK: 0.3})
    centres = np.zeros((1, 2))
    assert find_crossed(looks, centres, np.array([True])).tolist() == [True]
    assert find_crossed(looks, centres, np.array([False])).tolist() == [False]


def test_a_scan_is_coarse_in_black_and_white_and_where_paper_is_bent() -> None:
    sheet = Sheet()
    sheet.page.cross(sheet.box(0, 0))

    def threshold(pixels: GreyImage) -> GreyImage:
        return np.asarray(np.where(pixels > 128, 255, 0), dtype=np.uint8)

    grey, black = sheet.page.scan(), sheet.page.scan(after=threshold)
    assert not is_coarse(InkPage.of(grey, sheet.page.face()))
    assert is_coarse(InkPage.of(black, sheet.page.face()))
    assert is_coarse(InkPage.of(replace(grey, residual=0.2), sheet.page.face()))


@pytest.mark.parametrize(("start", "below"), [(1.2, 0.0), (1.2, 0.1), (2.0, 0.0), (2.0, 0.1), (2.4, 0.0)])
def test_a_check_mark_along_the_lower_side_of_its_frame_is_never_silently_blank(start: float, below: float) -> None:
    sheet = Sheet()
    for row in range(7):
        sheet.page.cross(sheet.box(row, row % 4))
    box = sheet.box(7, 1)
    low = box.bottom + below
    sheet.page.stroke([[box.x + start, low], [box.x + 4.0, low], [box.right + 1.4, box.y + 1.7]])
    reading = sheet.read()[7]
    assert reading.value == ["b"] or reading.state is State.DOUBTFUL
