"""The spelling of names: chances that add up, names before gibberish, nothing impossible."""

import numpy as np
import pytest

from papier.ocr.characters import BLANK, CLASSES, INDEX
from papier.ocr.name_prior import BASES, END, load_name_prior, word_parts
from papier.ocr.text_models import text_model

NAMES = ["MARTIN", "LEFÈVRE", "JEAN-PIERRE", "D'ALMEIDA", "DE LA TOUR", "YILMAZ", "NGUYEN", "ÉLÉONORE"]


def chance(text: str, cells: int = 20, content: str = "letters") -> float:
    model = text_model(content, CLASSES, BLANK)
    columns = [INDEX[BLANK if character == " " else character] for character in text.ljust(cells)]
    return model.log_chance(np.array(columns))


def test_in_every_context_something_follows() -> None:
    table = load_name_prior().table
    assert np.exp(table).sum(axis=1) == pytest.approx(np.ones(len(table)), abs=0.08)  # stored in steps of 1/16


@pytest.mark.parametrize("name", NAMES)
def test_names_are_likelier_than_their_letters_in_another_order(name: str) -> None:
    random = np.random.default_rng(1)
    shuffled = ["".join(random.permutation(list(name.replace(" ", "")))) for _ in range(5)]
    assert chance(name) > max(chance(text) for text in shuffled if text != name)


def test_a_name_nobody_knows_keeps_a_chance() -> None:
    assert chance("XQZKTWVJ") > np.log(1e-25)
    assert load_name_prior().raised("XQZKTWVJ") < 0


def test_listed_names_are_raised() -> None:
    prior = load_name_prior()
    assert prior.raised("MARTIN") > 1
    assert prior.raised("LEFÈVRE") == prior.raised("LEFEVRE") > 1
    assert prior.raised("JEAN-MARTIN") > prior.raised("JEAN-MARTLN")


def test_blank_cells_after_a_name_cost_next_to_nothing() -> None:
    assert chance("MARTIN", 30) - chance("MARTIN", 8) > -0.02
    assert chance("12", 30, "number") - chance("12", 5, "number") > -0.05


def test_digits_that_are_drawn_like_letters_are_letters_in_a_name() -> None:
    assert chance("MART1N") == -np.inf
    assert np.isfinite(chance("MART3N"))
    assert chance("O612345678", 10, "telephone") == -np.inf


def test_words_are_told_apart() -> None:
    assert word_parts("JEAN-PIERRE DE L'ORME") == ["JEAN", "PIERRE", "DE", "L", "ORME"]
    assert len(BASES) == END
