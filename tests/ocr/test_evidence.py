"""How far the character network is believed: steeper where it is timid, not at all where a slash stands for a 1."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from papier.ocr.characters import BLANK, CLASSES, INDEX, INK_HEIGHT, INK_WIDTH, NOISE
from papier.ocr.evidence import KINDS, KNEE, believe, join

PAPER = np.zeros((1, INK_HEIGHT, INK_WIDTH), np.uint8)


def row(**chances: float) -> npt.NDArray[np.float32]:
    """One cell's log-probabilities, `d7=0.99` the digit 7's; what is left goes evenly to the others."""
    found = {name.removeprefix("d"): chance for name, chance in chances.items()}
    rest = (1 - sum(found.values())) / (len(CLASSES) - len(found))
    return np.log([[found.get(name, rest) for name in CLASSES]]).astype(np.float32)


def stroke(lean: float, upstroke: float = 0.0) -> npt.NDArray[np.uint8]:
    """A stroke that leans so many degrees to the right, perhaps begun by an upstroke so many pixels long."""
    page = np.zeros((INK_HEIGHT, INK_WIDTH), np.uint8)
    half = 16 * np.array([np.sin(np.radians(lean)), -np.cos(np.radians(lean))])
    middle = np.array([INK_WIDTH, INK_HEIGHT]) / 2
    points = [middle + half - upstroke * np.array([0.7, -0.7]), middle + half, middle - half]
    cv2.polylines(page, [np.round(points).astype(np.int32)], False, 255, 2, cv2.LINE_AA)
    return page[None]


@settings(max_examples=40, deadline=None)
@given(arrays(np.float32, (3, len(CLASSES)), elements=st.floats(-12, 0, width=32)))
def test_what_is_clear_becomes_clearer_and_digits_letters_blank_and_noise_keep_their_shares(
    logits: npt.NDArray[np.float32],
) -> None:
    before = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    after = believe(before, np.repeat(PAPER, 3, axis=0))
    assert np.allclose(np.exp(after).sum(1), 1, atol=1e-4)
    for kind in (*KINDS, INDEX[BLANK], INDEX[NOISE]):
        columns = np.atleast_2d(np.exp(before[:, kind]).T), np.atleast_2d(np.exp(after[:, kind]).T)
        assert np.allclose(columns[0].sum(0), columns[1].sum(0), rtol=1e-3, atol=1e-6)
    for kind in KINDS:
        assert (before[:, kind].argmax(1) == after[:, kind].argmax(1)).all()
        assert (after[:, kind].max(1) >= before[:, kind].max(1) - 1e-4).all()


def test_a_digit_in_doubt_stays_as_it_was() -> None:
    doubtful = row(d7=0.7, d1=0.28)
    assert np.log(0.7 / 0.28) < KNEE
    assert np.allclose(believe(doubtful, PAPER), doubtful, atol=1e-5)


def test_an_upright_stroke_is_a_one_and_a_slash_may_be_anything() -> None:
    one = row(d1=0.97, I=0.02)
    upright = np.exp(believe(one, stroke(8)))[0]
    slash = np.exp(believe(one, stroke(42)))[0]
    assert upright[INDEX["1"]] > 0.965
    assert 0.1 < slash[INDEX["1"]] < 0.3
    assert slash[INDEX["0"]] == pytest.approx(slash[INDEX[NOISE]], rel=0.1)


def test_a_one_with_its_upstroke_may_lean() -> None:
    leaning = np.exp(believe(row(d1=0.97, I=0.02), stroke(31, upstroke=20)))[0]
    assert leaning[INDEX["1"]] > 0.96


def test_what_leans_and_is_no_one_is_left_alone() -> None:
    seven = row(d7=0.9, d1=0.01)
    assert np.allclose(believe(seven, stroke(42)), seven, atol=1e-5)


def second_row(character: str, chance: float) -> npt.NDArray[np.float32]:
    """What a second reader says of one cell: `character` with this chance within its kind, the others evenly."""
    found = np.zeros((1, INDEX[BLANK]), np.float32)
    for kind in KINDS:
        found[:, kind] = -np.log(kind.stop - kind.start)
        if kind.start <= INDEX[character] < kind.stop:
            found[:, kind] = np.log((1 - chance) / (kind.stop - kind.start - 1))
            found[0, INDEX[character]] = np.log(chance)
    return found


def test_two_who_agree_are_surer_than_one_and_two_who_do_not_are_less_sure() -> None:
    first = row(d7=0.8, d1=0.15)
    agreed = np.exp(join(first, second_row("7", 0.99)))[0]
    torn = np.exp(join(first, second_row("1", 0.99)))[0]
    assert agreed[INDEX["7"]] > 0.87
    assert torn[INDEX["7"]] < 0.7


def test_the_second_reader_has_no_say_in_what_is_blank_or_struck_out() -> None:
    first = row(blank=0.5, noise=0.3, d7=0.1)
    joined = np.exp(join(first, second_row("7", 0.9999)))[0]
    assert joined.sum() == pytest.approx(1, abs=1e-5)
    assert joined[INDEX[BLANK]] == pytest.approx(0.5, abs=1e-5)
    assert joined[INDEX[NOISE]] == pytest.approx(0.3, abs=1e-5)
