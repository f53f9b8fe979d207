"""What was ticked, from what the boxes of a page look like."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from papier.ocr.zones.tick_decision import (
    HABITS_FOREIGN,
    HABITS_OWN,
    Answer,
    BoxState,
    Question,
    decide_page,
    doubt_page,
)
from papier.ocr.zones.tick_model import Likelihoods, Look

ACCEPTED = 0.999


def looking(looks: Sequence[Look], *, doubt: float = 1e-6) -> Likelihoods:
    """Boxes that look plainly like this."""
    table = np.full((len(looks), len(Look)), doubt)
    table[np.arange(len(looks)), list(looks)] = 1.0
    return table


def single(*looks: Look) -> Question:
    return Question(looking(looks), single=True)


def several(*looks: Look) -> Question:
    return Question(looking(looks), single=False)


E, O, S, D, C = Look.EMPTY, Look.OPEN, Look.SCRIBBLED, Look.DENSE, Look.CIRCLED  # noqa: E741
CROSSES = [single(O, E, E), single(E, O), single(E, E, O)]


def first(*questions: Question, habits: Sequence[float] = HABITS_OWN) -> Answer:
    return decide_page(questions, habits, dense_cancels=habits is HABITS_OWN)[0]


def test_a_blank_row_is_blank() -> None:
    answer = first(single(E, E, E, E))
    assert answer.ticked == ()
    assert answer.probability > ACCEPTED


def test_one_cross_is_the_answer() -> None:
    answer = first(single(E, O, E))
    assert answer.ticked == (1,)
    assert answer.probability > ACCEPTED


def test_two_crosses_in_a_single_choice_are_both_named() -> None:
    assert first(single(O, E, O), *CROSSES).ticked == (0, 2)


def test_a_lone_blackened_box_is_never_silently_blank_where_several_may_be_ticked() -> None:
    """A marker that fills the box: the rest of its page crosses."""
    assert first(several(E, D, E), *CROSSES * 5).probability < ACCEPTED
    assert first(several(E, D, O), *CROSSES * 5).ticked == (2,)


def test_any_number_may_be_ticked_where_several_are_asked_for() -> None:
    answer = first(several(O, E, O, E, O))
    assert answer.ticked == (0, 2, 4)
    assert answer.probability > ACCEPTED


def test_a_blackened_box_beside_a_cross_is_cancelled() -> None:
    answer = first(single(D, E, O), *CROSSES)
    assert answer.ticked == (2,)
    assert answer.probability > ACCEPTED
    assert answer.states[0].argmax() == BoxState.CANCELLED


def test_a_lone_blackened_box_on_a_page_of_crosses_is_a_question() -> None:
    assert first(single(E, D, E), *CROSSES).probability < ACCEPTED


def test_a_page_of_blackened_boxes_is_a_page_of_ticks() -> None:
    answer = first(single(D, E), single(E, D), single(D, E, E), single(E, S))
    assert answer.ticked == (0,)
    assert answer.probability > ACCEPTED


def test_scribbles_are_ticks_of_one_who_scribbles() -> None:
    answer = first(single(S, E), single(E, S), single(S, E, E), single(E, D))
    assert answer.ticked == (0,)
    assert answer.probability > ACCEPTED


def test_a_lone_blackened_box_on_an_own_sheet_is_a_question_and_on_a_foreign_one_a_tick() -> None:
    own, foreign = first(single(D, E)), first(single(D, E), habits=HABITS_FOREIGN)
    assert own.probability < ACCEPTED
    assert foreign.ticked == (0,)
    assert foreign.probability > ACCEPTED


def test_rings_are_ticks_of_one_who_rings() -> None:
    answer = first(single(C, E), single(E, C), single(C, E))
    assert answer.ticked == (0,)
    assert answer.probability > ACCEPTED


def test_a_spot_among_crosses_is_a_question_and_of_one_who_dots_a_tick() -> None:
    assert first(several(Look.DOT, E), *CROSSES).probability < ACCEPTED
    dots = [several(Look.DOT, E), several(E, Look.DOT), several(Look.DOT, Look.DOT), several(E, Look.DOT)]
    answer = first(*dots)
    assert answer.ticked == (0,)
    assert answer.probability > ACCEPTED


@pytest.mark.parametrize("look", [Look.STRUCK, Look.ERASED, Look.BESIDE])
def test_what_may_mean_either_is_a_question(look: Look) -> None:
    assert first(several(look, E), *CROSSES).probability < ACCEPTED


def test_an_erased_box_beside_a_cross_is_cancelled() -> None:
    answer = first(single(Look.ERASED, O), *CROSSES)
    assert answer.ticked == (1,)
    assert answer.states[0, BoxState.TICKED] < 0.01


def test_one_unclear_box_makes_its_question_unclear() -> None:
    looks = looking([O, E])
    looks[1, O] = 1.0
    assert first(Question(looks, single=False)).probability < 0.95


@given(
    st.lists(st.tuples(st.lists(st.integers(0, 8), min_size=1, max_size=6), st.booleans()), min_size=1, max_size=6),
    st.floats(1e-9, 1.0),
)
def test_chances_are_chances(questions: list[tuple[list[int], bool]], doubt: float) -> None:
    asked = [
        Question(looking([Look(i) for i in looks], doubt=doubt), single=one and len(looks) > 1)
        for looks, one in questions
    ]
    for question, answer in zip(asked, decide_page(asked, HABITS_OWN, dense_cancels=True), strict=True):
        assert 0 <= answer.probability <= 1
        assert np.allclose(answer.states.sum(axis=1), 1, atol=1e-6)
        assert (answer.states >= 0).all()
        assert question.single or len(answer.ticked) <= len(question.looks)


def test_a_marker_blackens_to_cancel_though_its_crosses_nearly_fill_their_boxes() -> None:
    """They look open, black, or struck by one another; taken for fills, they made a cancelled box a tick."""
    thick = [single(E, D), single(O, E), single(Look.STRUCK, E), single(E, O), single(E, Look.STRUCK), single(O, E)]
    answer = first(single(Look.STRUCK, D), *thick * 3)
    assert answer.ticked != (1,) or answer.probability < ACCEPTED


def test_a_stroke_through_a_box_is_no_tick_of_a_marker_where_the_page_crosses_plainly() -> None:
    answer = first(several(E, Look.STRUCK), *CROSSES * 5)
    assert answer.ticked == ()


def test_a_speck_in_a_box_is_a_question_where_nobody_dots() -> None:
    looks = looking([Look.DOT, E, E])
    looks[0, O] = 0.1
    assert first(Question(looks, single=False), *CROSSES * 5).probability < ACCEPTED


def answered(*probabilities: float, ticked: tuple[int, ...] = ()) -> list[Answer]:
    return [Answer(ticked, probability, np.array([[1.0, 0.0, 0.0]])) for probability in probabilities]


def test_blank_answers_of_a_page_that_is_mostly_in_doubt_are_doubted_and_ticks_are_not() -> None:
    doubted = [*answered(0.98, 0.97, 0.95, 0.99), *answered(0.9999), *answered(0.9999, ticked=(0,))]
    answers = doubt_page(doubted, coarse=False)
    assert answers[4].probability < ACCEPTED < answers[5].probability
    assert [answer.probability for answer in answers[:4]] == [0.98, 0.97, 0.95, 0.99]


def test_blank_answers_of_a_page_that_is_mostly_sure_stay_sure() -> None:
    answers = doubt_page(answered(0.98, 0.9999, 0.9999, 0.9999, 0.9999, 0.9999), coarse=False)
    assert [answer.probability for answer in answers[1:]] == [0.9999] * 5


def test_nothing_is_promised_most_surely_on_a_coarse_scan_and_nothing_more_is_asked() -> None:
    sure = answered(*[0.99999] * 6)
    assert {answer.probability for answer in doubt_page(sure, coarse=False)} == {0.99999}
    assert all(ACCEPTED < answer.probability < 0.9999 for answer in doubt_page(sure, coarse=True))
