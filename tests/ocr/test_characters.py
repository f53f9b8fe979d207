from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from papier.errors import MissingProgramError
from papier.ocr.characters import (
    ACCENTED,
    BLANK,
    CAPITALS,
    CLASSES,
    DIGITS,
    INDEX,
    INK_HEIGHT,
    INK_WIDTH,
    NOISE,
    CharacterReader,
    normalise,
)

HANDS = Path(__file__).parents[1] / "resources" / "hands.npz"

Ink = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def reader() -> CharacterReader:
    return CharacterReader()


@pytest.fixture(scope="module")
def hands() -> tuple[Ink, npt.NDArray[np.str_]]:
    with np.load(HANDS) as file:
        return file["image"], file["label"]


def in_cells(images: Ink, down: int = 0, right: int = 0) -> Ink:
    """28×28 glyphs as the ink of cells, unscaled, moved from the middle."""
    cells = np.zeros((len(images), INK_HEIGHT, INK_WIDTH), np.uint8)
    top, left = (INK_HEIGHT - 28) // 2 + down, (INK_WIDTH - 28) // 2 + right
    cells[:, top : top + 28, left : left + 28] = images
    return cells


def share_right(reader: CharacterReader, cells: Ink, labels: npt.NDArray[np.str_], allowed: str) -> float:
    best = np.array(list(allowed))[reader.read(cells).among(allowed).argmax(1)]
    return float((best == labels).mean())


def test_classes_are_distinct_and_complete() -> None:
    assert len(CLASSES) == len(set(CLASSES)) == 10 + 26 + len(ACCENTED) + 2 + 2
    assert {"É", "Ç", "-", "'"} <= set(CLASSES)


def test_real_digits_are_read(reader: CharacterReader, hands: tuple[Ink, npt.NDArray[np.str_]]) -> None:
    images, labels = hands
    digits = np.isin(labels, list(DIGITS))
    assert share_right(reader, in_cells(images[digits]), labels[digits], DIGITS) > 0.97


def test_real_capitals_are_read(reader: CharacterReader, hands: tuple[Ink, npt.NDArray[np.str_]]) -> None:
    images, labels = hands
    capitals = np.isin(labels, list(CAPITALS))
    assert share_right(reader, in_cells(images[capitals]), labels[capitals], CAPITALS) > 0.93


@pytest.mark.parametrize(("down", "right"), [(-8, -5), (8, 5), (0, 7)])
def test_place_in_the_cell_hardly_matters(
    reader: CharacterReader, hands: tuple[Ink, npt.NDArray[np.str_]], down: int, right: int
) -> None:
    digits = np.flatnonzero(np.isin(hands[1], list(DIGITS)))[::4]
    images, labels = hands[0][digits], hands[1][digits]
    assert share_right(reader, in_cells(images, down, right), labels, DIGITS) > 0.96


def test_neighbours_stroke_at_the_border_is_no_digit(
    reader: CharacterReader, hands: tuple[Ink, npt.NDArray[np.str_]]
) -> None:
    digits = np.flatnonzero(np.isin(hands[1], list(DIGITS)))[::4]
    images, labels = hands[0][digits], hands[1][digits]
    cells = in_cells(images)
    cells[:, 12:44, :2] = 230
    # `free_cells` takes out most of them before; what it cannot tell apart comes here.
    assert share_right(reader, cells, labels, DIGITS) > 0.92


def test_empty_cell_is_blank(reader: CharacterReader) -> None:
    random = np.random.default_rng(3)
    cells = np.zeros((20, INK_HEIGHT, INK_WIDTH), np.uint8)
    cells[1:] = random.normal(4, 4, (19, INK_HEIGHT, INK_WIDTH)).clip(0, 30)
    cells[5:, :, 3:5] = 40  # what the printed frame leaves
    cells[10:, 51:53] = 50
    cells[15:, 20:22, 18:20] = 200  # a speck
    reading = reader.read(cells)
    assert reading.blank[:15].min() > 0.9
    assert (reading.log_probs[15:].argmax(1) == INDEX[BLANK]).all()


def test_scribble_is_noise(reader: CharacterReader, hands: tuple[Ink, npt.NDArray[np.str_]]) -> None:
    images, labels = hands
    cells = in_cells(images[np.isin(labels, list("348ABGR"))][::30])
    for row in range(14, 42, 5):  # a zigzag over the character
        for column in range(6, 38):
            slope = row + (column - 6) * 5 // 32
            cells[:, slope : slope + 2, column] = 240
    assert (reader.read(cells).noise > 0.5).mean() > 0.95


def test_each_row_is_a_distribution_and_says_blank_and_noise(reader: CharacterReader) -> None:
    cells = np.random.default_rng(1).integers(0, 255, (130, INK_HEIGHT, INK_WIDTH)).astype(np.uint8)
    reading = reader.read(cells)
    assert reading.log_probs.shape == (130, len(CLASSES))
    assert reading.log_probs.dtype == np.float32
    np.testing.assert_allclose(np.exp(reading.log_probs).sum(1), 1, atol=1e-4)
    np.testing.assert_allclose(reading.blank, np.exp(reading.log_probs[:, INDEX[BLANK]]))
    np.testing.assert_allclose(reading.noise, np.exp(reading.log_probs[:, INDEX[NOISE]]))


def test_company_does_not_change_an_answer(reader: CharacterReader, hands: tuple[Ink, npt.NDArray[np.str_]]) -> None:
    cells = in_cells(hands[0][::50])
    together = reader.read(cells).log_probs
    alone = np.concatenate([reader.read(cell[None]).log_probs for cell in cells])
    np.testing.assert_allclose(together, alone, atol=1e-3)


def test_among_renormalises(reader: CharacterReader, hands: tuple[Ink, npt.NDArray[np.str_]]) -> None:
    digits = np.exp(reader.read(in_cells(hands[0][:50])).among(DIGITS))
    assert digits.shape == (50, 10)
    np.testing.assert_allclose(digits.sum(1), 1, atol=1e-4)


def test_no_cells_no_answers(reader: CharacterReader) -> None:
    reading = reader.read(np.empty((0, INK_HEIGHT, INK_WIDTH), np.uint8))
    assert reading.log_probs.shape == (0, len(CLASSES))
    assert reading.blank.shape == reading.noise.shape == (0,)


def test_other_shapes_are_refused(reader: CharacterReader) -> None:
    with pytest.raises(ValueError, match=r"uint8 \(n, 56, 44\)"):
        reader.read(np.zeros((1, 28, 28), np.uint8))
    with pytest.raises(ValueError, match="float64"):
        reader.read(np.zeros((1, INK_HEIGHT, INK_WIDTH)))  # type: ignore[arg-type]


def test_missing_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingProgramError, match="Install papier again"):
        CharacterReader(tmp_path / "none.onnx").read(np.zeros((1, INK_HEIGHT, INK_WIDTH), np.uint8))


@settings(max_examples=40, deadline=None)
@given(
    left=st.integers(9, 20),
    top=st.integers(2, 30),
    width=st.integers(14, 24),
    height=st.integers(14, 24),
    tone=st.integers(90, 255),
)
def test_normalised_character_keeps_size_and_place(left: int, top: int, width: int, height: int, tone: int) -> None:
    """Any rectangle ends 28 pixels long, in the middle."""
    cell = np.zeros((1, INK_HEIGHT, INK_WIDTH), np.uint8)
    cell[0, top : top + height, left : left + width] = tone
    plane = normalise(cell)[0, 0]
    rows, columns = np.flatnonzero(plane.max(1) > tone / 2), np.flatnonzero(plane.max(0) > tone / 2)
    scale = 28 / max(width, height)
    assert abs(len(rows) - height * scale) <= 2
    assert abs(len(columns) - width * scale) <= 2
    assert abs((rows[0] + rows[-1]) / 2 - 15.5) <= 1
    assert abs((columns[0] + columns[-1]) / 2 - 15.5) <= 1


def test_small_marks_are_not_blown_up() -> None:
    cell = np.zeros((1, INK_HEIGHT, INK_WIDTH), np.uint8)
    cell[0, 14:20, 21:23] = 255
    assert (normalise(cell)[0, 0] > 100).any(1).sum() <= 13
