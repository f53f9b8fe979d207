from __future__ import annotations

import numpy as np
import pytest

from simulator.hands import CHARACTERS, RESOURCES, Hands, WrittenLines, held_out_writer


def test_the_shipped_hands_have_every_character(hands: Hands) -> None:
    assert len(hands.writers) >= 20
    hand = hands.pick(np.random.default_rng(1))
    assert set(hand.samples) == CHARACTERS


def test_a_hand_keeps_to_one_writer(hands: Hands) -> None:
    hand = hands.pick(np.random.default_rng(2))
    own = hands.image[hands.writer == hand.name]
    assert all(any(np.array_equal(mask, image) for image in own) for mask in hand.samples["A"])


@pytest.mark.parametrize("character", list("ÀÂÇÉÈÊËÎÏÔÙÛÜ-'./"))
def test_accents_and_signs_are_composed(hands: Hands, character: str) -> None:
    glyph = hands.pick(np.random.default_rng(3)).glyph(character, np.random.default_rng(4))
    assert glyph.mask.max() == 255
    if character in "ÀÂÉÈÊËÎÏÔÙÛÜ":
        above = glyph.mask[: glyph.top]
        assert (above > 127).sum() > 10, "the accent stands above the capital"
    elif character == "Ç":
        assert (glyph.mask[glyph.baseline + 2 :] > 127).any()


def test_a_character_that_nobody_wrote_is_refused(hands: Hands) -> None:
    hand = hands.pick(np.random.default_rng(5))
    assert hand.can_write("L'HAŸ-LES-ROSES")
    assert not hand.can_write("GROß")
    with pytest.raises(KeyError, match="Ω"):
        hand.glyph("Ω", np.random.default_rng(0))


def test_the_same_seed_gives_the_same_hand(hands: Hands) -> None:
    first, second = (hands.pick(np.random.default_rng(6)).glyph("É", np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first.mask, second.mask)


def test_held_out_writers_are_a_stable_fifth() -> None:
    held = [name for name in map(str, range(1000)) if held_out_writer(name)]
    assert 150 < len(held) < 250
    assert held_out_writer(held[0])


def test_the_shipped_lines_are_small_and_by_one_writer() -> None:
    assert (RESOURCES / "lines.zip").stat().st_size < 600_000
    lines = WrittenLines.shipped().pick(3, np.random.default_rng(8))
    assert len({line.text for line in lines}) == 3
    for line in lines:
        assert 0.01 < (line.mask > 127).mean() < 0.4
