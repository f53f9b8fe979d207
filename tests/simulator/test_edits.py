from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.edits import edit_distance, error_rate

TEXT = st.text("abcé ", max_size=12)


@pytest.mark.parametrize(
    ("read", "written", "edits"),
    [("", "", 0), ("abc", "", 3), ("", "abc", 3), ("kitten", "sitting", 3), ("lefevre", "lefèvre", 1), ("ba", "ab", 2)],
)
def test_known_distances(read: str, written: str, edits: int) -> None:
    assert edit_distance(read, written) == edits


@given(TEXT, TEXT, TEXT)
def test_it_is_a_distance(first: str, second: str, third: str) -> None:
    assert edit_distance(first, second) == edit_distance(second, first)
    assert (edit_distance(first, second) == 0) == (first == second)
    assert edit_distance(first, third) <= edit_distance(first, second) + edit_distance(second, third)


def test_the_error_rate_is_over_all_characters() -> None:
    assert error_rate([("ab", "abcd"), ("x", "x")]) == pytest.approx(2 / 5)
