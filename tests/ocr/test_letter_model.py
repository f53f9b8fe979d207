"""The letters of French: the arithmetic of backing off, and what the shipped table thinks of words."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from papier.ocr.handwriting import ALPHABET, LETTERS_PATH, STRUCK
from papier.ocr.letter_model import START, LetterModel, pack


def small() -> LetterModel:
    """Two letters: b follows a three times in four; what else follows a comes from how common letters are."""
    entries = {
        pack([1]): (0.25, 0.5),  # a; backing off from it halves
        pack([2]): (0.5, 1.0),
        pack([1, 2]): (0.75, 1.0),
    }
    keys = sorted(entries)
    return LetterModel(
        "ab",
        np.array(keys, np.uint64),
        np.array([round(-16 * math.log(entries[key][0])) for key in keys], np.uint8),
        np.array([round(-16 * math.log(entries[key][1])) for key in keys], np.uint8),
    )


def test_a_known_pair_has_its_own_probability_and_another_backs_off() -> None:
    model = small()
    assert math.exp(model.log_probability("a", "b")) == pytest.approx(0.75, rel=0.04)
    assert math.exp(model.log_probability("a", "a")) == pytest.approx(0.5 * 0.25, rel=0.08)
    assert math.exp(model.log_probability("b", "a")) == pytest.approx(0.25, rel=0.04)


def test_a_character_it_does_not_know_is_unlikely_and_one_before_is_passed_over() -> None:
    model = small()
    assert model.log_probability("a", "z") == -16.0
    assert model.log_probability("z", "a") == model.log_probability("", "a")
    assert model.log_probability("za", "b") == model.log_probability("a", "b")


def test_a_line_is_the_sum_of_its_letters() -> None:
    model = small()
    expected = model.log_probability(START, "a") + model.log_probability(f"{START}a", "b")
    assert model.log_probability_of("ab") == pytest.approx(expected)


def test_a_saved_table_is_loaded_as_it_was(tmp_path: Path) -> None:
    model = small()
    model.save(tmp_path / "letters.npz")
    loaded = LetterModel.load(tmp_path / "letters.npz")
    assert (loaded.keys == model.keys).all()
    assert (loaded.alphabet, loaded.log_probability("a", "a")) == ("ab", model.log_probability("a", "a"))


@pytest.fixture(scope="module")
def french() -> LetterModel:
    return LetterModel.load(LETTERS_PATH)


@pytest.mark.parametrize(
    ("likelier", "other"),
    [
        ("Mme Lefèvre", "Mnre Lefèvre"),
        ("rendez-vous à 8h05", "rendez-vous a 8h05"),
        ("à l'hôpital", "à l'hopital"),
        ("Veuillez excuser l'absence", "Veuillez excuser l'absance"),
        ("12 rue des Écoles", "12 rue dcs Écoles"),
    ],
)
def test_the_shipped_table_prefers_french(french: LetterModel, likelier: str, other: str) -> None:
    assert french.log_probability_of(likelier) > french.log_probability_of(other)


@pytest.mark.parametrize("before", [START, f"{START}L", " de", "qu", "l'", "06 1", "tion", "ZZZ"])
def test_the_probabilities_after_anything_sum_to_one(french: LetterModel, before: str) -> None:
    total = sum(math.exp(french.log_probability(before, character)) for character in ALPHABET if character != STRUCK)
    # Steps of a sixteenth, and weights above one cut to one, leave it a little off.
    assert total == pytest.approx(1.0, abs=0.12)
