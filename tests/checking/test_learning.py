"""`papier learn`: nothing is loosened that the answers do not carry, and all of it can be taken back."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sqlalchemy import Engine

from papier.checking.answers import Answer, answer
from papier.checking.learning import Observation, accepts_of, highest_rate, learn, observe
from papier.checking.queue import open_items
from papier.records import FieldReading, PageReading, PageStatus, State
from papier.store.checks import Verdict
from papier.store.connection import reading
from papier.store.sheets import StoreRegister
from papier.store.thresholds import Thresholds, apply_thresholds, forget_thresholds, keep_thresholds, load_thresholds
from papier.store.workspace import Workspace
from tests.checking.queued import NOON, doubtful, file_page, print_sheets, unclear_boxes


def answers(count: int, probability: float, wrong: int, kind: str = "date") -> list[Observation]:
    """Answers whose errors are spread evenly, one of three kept back."""
    bad = set(np.linspace(0, count - 1, wrong).astype(int).tolist()) if wrong else set()
    return [Observation(kind, probability, at not in bad, at % 3 == 0) for at in range(count)]


def test_the_highest_rate_is_that_of_clopper_and_pearson() -> None:
    # One-sided 95 % bounds: the rule of three, and tabled values.
    assert highest_rate(0, 2995) == pytest.approx(0.001, abs=2e-6)
    assert highest_rate(0, 10) == pytest.approx(0.2589, abs=1e-4)
    assert highest_rate(1, 10) == pytest.approx(0.3942, abs=1e-4)
    assert highest_rate(10, 10) == 1.0


def test_few_answers_teach_nothing() -> None:
    (lesson,) = learn(answers(90, 0.9985, 30))
    assert (lesson.why, lesson.accept) == ("few", None)


def test_what_the_numbers_do_not_carry_stays() -> None:
    (lesson,) = learn(answers(4000, 0.9985, 0))
    assert (lesson.why, lesson.accept) == ("kept", None), "2,667 answers used are fewer than 2,995"


def test_enough_right_answers_loosen_as_far_as_they_reach() -> None:
    (lesson,) = learn([*answers(4800, 0.9985, 0), *answers(1000, 0.9975, 0)])
    assert (lesson.why, lesson.accept) == ("loosened", 0.998)
    assert (lesson.before.asked, lesson.after.asked, lesson.after.wrong) == (1934, 334, 0)


def test_wrong_answers_in_the_band_keep_it_shut() -> None:
    (lesson,) = learn(answers(6000, 0.9985, 9))
    assert lesson.accept is None


def test_what_was_kept_back_can_say_no() -> None:
    used = [one for one in answers(6000, 0.9985, 0) if not one.held_out]
    kept_back = [dataclasses.replace(one, held_out=True) for one in answers(1500, 0.9985, 8)]
    (lesson,) = learn([*used, *kept_back])
    assert (lesson.why, lesson.accept, lesson.after) == ("kept", None, lesson.before)


def test_more_errors_than_promised_ask_for_more() -> None:
    sure = answers(600, 0.9995, 0)
    (lesson,) = learn([*answers(300, 0.98, 45), *sure])
    assert lesson.why == "tightened"
    assert lesson.accept is not None
    assert lesson.accept > 0.9993
    assert lesson.after.asked >= lesson.before.asked


def test_kinds_are_learned_apart() -> None:
    lessons = learn([*answers(5000, 0.9985, 0, "date"), *answers(5000, 0.9985, 60, "letters")])
    assert {lesson.kind: lesson.why for lesson in lessons} == {"date": "loosened", "letters": "tightened"}
    assert set(accepts_of(lessons)) == {"date", "letters"}


def test_answers_are_observed_with_what_the_machine_said(workspace: Workspace, engine: Engine) -> None:
    sheets = print_sheets(workspace, engine, 3)
    for at, sheet in enumerate(sheets):
        fields = [doubtful("debut", "2026-11-21", ("2026-11-27", 0.1)), unclear_boxes("motif", maladie=0.2, autre=0.1)]
        file_page(
            engine, f"s{at}", sheet, [*fields, doubtful("nom", "X", reason="a cell is crossed out or written over")]
        )
    for item in open_items(workspace):
        given = Answer(Verdict.CANDIDATE, "2026-11-27") if item.record == 2 and item.field == "debut" else None
        verdict = Verdict.RIGHT if item.field != "motif" else Verdict.BLANK
        answer(workspace, item.key, given or Answer(verdict), who="Mme Roux", now=NOON)
    with reading(engine) as connection:
        found = observe(connection)
    assert sorted((one.kind, one.right, one.held_out) for one in found) == [
        ("date", False, False),
        ("date", True, False),
        ("date", True, True),
        ("tick, blank", True, False),
        ("tick, blank", True, False),
        ("tick, blank", True, True),
    ]


def read_page(sheet: str, probability: float, *, reason: str | None = "not certain enough") -> PageReading:
    state = State.SURE if probability >= 0.999 else State.DOUBTFUL
    one = FieldReading(
        "debut", "comb", "2026-11-21", state, probability, reason=None if state is State.SURE else reason,
        needs_person=state is State.DOUBTFUL,
    )  # fmt: skip
    status = PageStatus.DOUBTFUL if one.needs_person else PageStatus.READ
    return PageReading("a.pdf", 1, status, "carnet/essai", 1, sheet, 1, fields={"debut": one})


def test_what_was_learned_counts_for_the_next_scan_only_where_doubt_is_of_degree(
    workspace: Workspace, engine: Engine
) -> None:
    (sheet,) = print_sheets(workspace, engine, 1)
    register = StoreRegister(workspace)
    looser, stricter = Thresholds({"date": 0.998}), Thresholds({"date": 0.9998})
    (page,) = apply_thresholds(looser, [read_page(sheet, 0.9985)], register)
    assert (page.status, page.fields["debut"].state, page.fields["debut"].probability) == ("read", State.SURE, 0.9985)
    (page,) = apply_thresholds(looser, [read_page(sheet, 0.9985, reason="a cell is crossed out")], register)
    assert page.fields["debut"].needs_person
    (page,) = apply_thresholds(stricter, [read_page(sheet, 0.9995)], register)
    assert (page.status, page.fields["debut"].state) == ("doubtful", State.DOUBTFUL)
    assert page.fields["debut"].needs_person
    (page,) = apply_thresholds(Thresholds(), [read_page(sheet, 0.9985)], register)
    assert page.fields["debut"].needs_person
    register.engine.dispose()


def test_it_is_off_until_asked_for_and_taken_back(engine: Engine) -> None:
    assert load_thresholds(engine).accepts == {}
    keep_thresholds(engine, {"date": 0.998}, 5000, "Mme Roux", NOON)
    assert load_thresholds(engine).accepts == {"date": 0.998}
    assert forget_thresholds(engine, "Mme Roux", NOON)
    assert load_thresholds(engine).accepts == {}
    assert not forget_thresholds(engine, "Mme Roux", NOON)
