"""How the decoder's probability becomes the share of such fields that was right."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papier.ocr.decoding import Decoding
from papier.ocr.trust import LIKE, NEAR_A_NAME, Curve, load_curves, trusted

STEEP = Curve(start=0.0, whole=1.0, clear=1.0, weakest=0.0, legible=0.7, ceiling=0.9995)
READ = Decoding("MARTIN", "MARTIN", 0.99, (("MARTIN", 0.99), ("MARTIM", 0.008)), None, 0.0, 0.0, weakest=0.98)


def test_a_clear_field_is_trusted_more_and_what_it_may_be_instead_less() -> None:
    decoding = trusted(READ, "letters", {"letters": STEEP})
    assert decoding.probability == pytest.approx(0.9981, abs=1e-4)
    (best, chance), (other, rest) = decoding.candidates
    assert (best, chance, other) == ("MARTIN", decoding.probability, "MARTIM")
    assert rest == pytest.approx(0.8 * (1 - chance), rel=1e-6)


def test_a_name_on_no_list_one_letter_from_a_listed_one_is_asked_and_the_listed_one_offered() -> None:
    read = dataclasses.replace(READ, value="WÉBERT", text="WÉBERT", candidates=(("WÉBERT", 0.99),))
    decoding = trusted(read, "letters", {"letters": STEEP})
    assert decoding.probability == NEAR_A_NAME
    assert [text for text, _ in decoding.candidates] == ["WÉBERT", "HÉBERT"]
    assert sum(chance for _, chance in decoding.candidates) <= 1


@pytest.mark.parametrize("name", ["HÉBERT", "LE GALL", "D'ALMEIDA", "XQZWKJVB"])
def test_a_listed_name_or_one_like_no_other_is_trusted(name: str) -> None:
    read = dataclasses.replace(READ, value=name, text=name, candidates=((name, 0.99),))
    assert trusted(read, "letters", {"letters": STEEP}).probability > NEAR_A_NAME


def test_a_letter_that_only_the_spelling_speaks_for_gains_nothing() -> None:
    pulled = trusted(dataclasses.replace(READ, weakest=0.2), "letters", {"letters": STEEP})
    assert pulled.probability == pytest.approx(0.99)


def test_nothing_is_claimed_beyond_what_the_fields_could_show() -> None:
    sure = trusted(dataclasses.replace(READ, probability=1 - 1e-9), "letters", {"letters": STEEP})
    assert sure.probability == STEEP.ceiling


@pytest.mark.parametrize(
    "left",
    [
        dataclasses.replace(READ, weakest=None),
        dataclasses.replace(READ, problem="the value is out of the range that is asked for"),
        dataclasses.replace(READ, value=None),
    ],
)
def test_blanks_lists_and_problems_keep_the_decoders_own_probability(left: Decoding) -> None:
    assert trusted(left, "letters", {"letters": STEEP}) is left


@given(
    st.sampled_from(
        [
            curve
            for readers in (1, 2)
            for roster in (False, True)
            for curve in load_curves(readers, roster=roster).values()
        ]
    ),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_shipped_curves_never_fall_and_stay_below_one(
    curve: Curve, one: tuple[float, float], other: tuple[float, float]
) -> None:
    low = curve.probability(min(one[0], other[0]), min(one[1], other[1]))
    high = curve.probability(max(one[0], other[0]), max(one[1], other[1]))
    assert 0 <= low <= high <= curve.ceiling < 1


def test_a_name_of_the_roster_like_a_common_one_is_trusted() -> None:
    listed = dataclasses.replace(READ, value="WÉBERT", text="WÉBERT", candidates=(("WÉBERT", 0.99),), on_roster=True)
    assert trusted(listed, "letters", {"letters": STEEP}).probability > NEAR_A_NAME


def test_every_content_of_a_comb_has_a_curve() -> None:
    contents = ("letters", "digits", "mixed", "date", "hour", "telephone", "postcode", "class", "nir", "number")
    assert {LIKE.get(content, content) for content in contents} <= set(load_curves())
