from __future__ import annotations

import dataclasses
import datetime as dt
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from papier.forms.definition import Demand
from papier.forms.layout import Layout, LayoutPage, Zone
from papier.geometry import RectMm
from simulator.values import cells_of, nir_key, random_text, random_values

seeds = st.integers(0, 2**32)


@given(seeds)
def test_social_security_numbers_carry_their_key(seed: int) -> None:
    text = random_text("nir", 15, "nir", Demand(), np.random.default_rng(seed))
    assert text is not None
    assert len(text) == 15
    assert int(text[13:]) == nir_key(text[:13])


def test_the_key_of_a_known_number() -> None:
    # The example that the Insee publishes.
    assert nir_key("2550814168025") == 38


@given(seeds)
def test_dates_stay_in_their_range(seed: int) -> None:
    demand = Demand(minimum="2024-02-01", maximum="2024-03-01")
    text = random_text("date", 8, "date", demand, np.random.default_rng(seed))
    assert text is not None
    assert dt.date(2024, 2, 1) <= dt.date.fromisoformat(text) <= dt.date(2024, 3, 1)


@given(seeds, st.sampled_from(["[A-D][0-9]{3}", r"\d{2}-[A-Z]{3}", "(AB|CD)?[0-9]+", "[^0-9][1-3]"]))
def test_texts_match_their_pattern(seed: int, pattern: str) -> None:
    text = random_text("mixed", 8, "code", Demand(pattern=pattern), np.random.default_rng(seed))
    assert text is not None
    assert re.fullmatch(pattern, text)
    assert len(text) <= 8


@given(seeds)
def test_luhn_numbers_check(seed: int) -> None:
    text = random_text("number", 14, "siret", Demand(check_key="luhn"), np.random.default_rng(seed))
    assert text is not None
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(text))]
    assert sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


@given(seeds)
def test_values_fit_their_cells_and_required_fields_are_never_blank(seed: int) -> None:
    layout = make_layout()
    values = random_values(layout, np.random.default_rng(seed), blank_share=0.9)
    assert values["nom"]
    assert len(str(values["nom"])) <= 16


def make_layout() -> Layout:
    cells = tuple(RectMm(20 + 6 * i, 20, 6, 8) for i in range(16))
    zone = Zone("nom", "comb", RectMm(20, 20, 96, 8), content="letters", cells=cells)
    return Layout("a/b", 1, "", (210, 297), (LayoutPage(1, (zone,)),), demands={"nom": Demand(required=True)})


def test_optional_fields_are_blank_now_and_then(layout: Layout) -> None:
    drawn = [random_values(layout, np.random.default_rng(seed)) for seed in range(60)]
    blank = sum(values["nom"] is None for values in drawn)
    assert 2 < blank < 30


def test_the_roster_gives_its_column(layout: Layout) -> None:
    marked = dataclasses.replace(layout, demands={"nom": Demand(roster="eleve_nom")})
    values = random_values(marked, np.random.default_rng(1), roster=[{"eleve_nom": "LEFÈVRE"}])
    assert values["nom"] == "LEFÈVRE"


@pytest.mark.parametrize(
    ("content", "value", "cells"),
    [("date", "2026-11-24", "24112026"), ("hour", "08:05", "0805"), ("letters", "D'ALMEIDA", "D'ALMEIDA")],
)
def test_what_goes_into_the_cells(content: str, value: str, cells: str) -> None:
    assert cells_of(content, value) == cells
