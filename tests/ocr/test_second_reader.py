"""The second reader of characters, on real glyphs that trained nothing, and what it sees."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from papier.errors import MissingProgramError
from papier.ocr.characters import CAPITALS, DIGITS, INDEX, INK_HEIGHT, INK_WIDTH, INPUT_SIZE
from papier.ocr.second_reader import CHARACTERS, SecondReader
from papier.ocr.straightening import straighten
from tests.ocr.test_characters import HANDS, in_cells

Ink = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def hands() -> tuple[Ink, npt.NDArray[np.str_]]:
    with np.load(HANDS) as file:
        return file["image"], file["label"]


@pytest.mark.parametrize(("allowed", "least"), [(DIGITS, 0.96), (CAPITALS, 0.9)])
def test_real_characters_are_read(hands: tuple[Ink, npt.NDArray[np.str_]], allowed: str, least: float) -> None:
    images, labels = hands
    chosen = np.isin(labels, list(allowed))
    log_probs = SecondReader().read(in_cells(images[chosen]))[:, [INDEX[character] for character in allowed]]
    assert (np.array(list(allowed))[log_probs.argmax(1)] == labels[chosen]).mean() > least


def test_digits_and_letters_are_told_apart_each_among_themselves(hands: tuple[Ink, npt.NDArray[np.str_]]) -> None:
    chances = np.exp(SecondReader().read(in_cells(hands[0][::50])))
    assert chances.shape[1] == CHARACTERS
    np.testing.assert_allclose(chances[:, : len(DIGITS)].sum(1), 1, atol=1e-3)
    np.testing.assert_allclose(chances[:, len(DIGITS) :].sum(1), 1, atol=1e-3)


def test_company_does_not_change_an_answer(hands: tuple[Ink, npt.NDArray[np.str_]]) -> None:
    reader, cells = SecondReader(), in_cells(hands[0][::70])
    alone = np.concatenate([reader.read(cell[None]) for cell in cells])
    np.testing.assert_allclose(reader.read(cells), alone, atol=1e-3)


def test_no_cells_no_answers_and_no_model_says_what_to_do(tmp_path: Path) -> None:
    assert SecondReader().read(np.empty((0, INK_HEIGHT, INK_WIDTH), np.uint8)).shape == (0, CHARACTERS)
    with pytest.raises(MissingProgramError, match="Install papier again"):
        SecondReader(tmp_path / "none.onnx").read(np.zeros((1, INK_HEIGHT, INK_WIDTH), np.uint8))


def drawn(lean: float) -> Ink:
    """An H whose stems lean so many pixels to the right over their height."""
    page = np.zeros((1, INK_HEIGHT, INK_WIDTH), np.uint8)
    for x in (14, 28):
        cv2.line(page[0], (round(x + lean / 2), 14), (round(x - lean / 2), 42), 255, 2, cv2.LINE_AA)
    cv2.line(page[0], (14, 28), (28, 28), 255, 2, cv2.LINE_AA)
    return page


def test_a_leaning_character_is_seen_upright() -> None:
    upright, leaning = straighten(drawn(0))[0, 0].astype(float), straighten(drawn(9))[0, 0].astype(float)
    assert np.corrcoef(upright.ravel(), leaning.ravel())[0, 1] > 0.9
    assert upright.max() > 200


def test_an_empty_cell_is_seen_empty() -> None:
    seen = straighten(np.zeros((2, INK_HEIGHT, INK_WIDTH), np.uint8))
    assert seen.shape == (2, 2, INPUT_SIZE, INPUT_SIZE)
    assert not seen.any()
