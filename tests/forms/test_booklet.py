"""The carnet's pages and their order on the sheets that are folded."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papier.booklet_run import school_year
from papier.errors import UsageError
from papier.forms.booklet import PAGE, SLIP, imposed, lay_out_calendar, lay_out_instructions, lay_out_stub
from papier.forms.layout import Box, Layout, Rule, Text
from tests.forms.printed import plain, shipped

SLIPS = ("carnet/billet-absence", "carnet/billet-retard", "carnet/billet-sortie")


def words(layout: Layout) -> str:
    return plain(" ".join(item.text for item in layout.pages[0].items if isinstance(item, Text)))


@given(st.integers(1, 30).map(lambda sheets: 4 * sheets))
def test_folded_sheets_read_from_the_first_page_to_the_last(count: int) -> None:
    sides = imposed(count)
    assert len(sides) == count // 2
    assert sorted(page for side in sides for page in side) == list(range(count))
    # A sheet's front and back are turned about the fold: what lies behind a page is the page before or after it.
    for front, back in zip(sides[::2], sides[1::2], strict=True):
        assert front[1] + 1 == back[0]
        assert back[1] + 1 == front[0]
        assert front[0] + front[1] == back[0] + back[1] == count - 1


def test_a_booklet_of_another_number_of_pages_is_refused() -> None:
    for count in (0, 6):
        with pytest.raises(ValueError, match=f"multiple of four pages, not {count}"):
            imposed(count)


@pytest.mark.parametrize("name", SLIPS)
def test_the_stub_leaves_the_slip_s_place_free_and_bears_its_number(name: str) -> None:
    stub = lay_out_stub(shipped()[name])
    assert stub.marked is False
    assert any("{numero}" in prefill.template for prefill in stub.pages[0].prefills)
    for item in stub.pages[0].items:
        if isinstance(item, Text):
            assert item.y <= SLIP.y or item.x < SLIP.x - 5
        elif isinstance(item, Rule):
            assert item.dash or item.y1 < SLIP.y
    assert (SLIP.right, SLIP.bottom) == PAGE
    assert shipped()[name].format.size_mm == (SLIP.width, SLIP.height)


def test_the_calendar_is_the_school_year_with_its_holidays() -> None:
    year = school_year(2026, "A")
    first, second = lay_out_calendar(year)
    assert "septembre 2026" in words(first)
    assert "août 2027" in words(second)
    assert "Pâques" in words(second)
    assert year.holidays[dt.date(2026, 11, 11)]
    assert dt.date(2026, 12, 25) in year.school_holidays
    grey = [item for item in first.pages[0].items if isinstance(item, Box) and item.fill is not None]
    weekends = [day for day in (dt.date(2026, 9, 1) + dt.timedelta(n) for n in range(181)) if day.weekday() >= 5]
    assert len(grey) == len({*weekends, *(day for day in year.holidays if day < dt.date(2027, 3, 1))})
    for layout in (first, second):
        bottom = max(item.y for item in layout.pages[0].items if isinstance(item, Text))
        assert bottom < PAGE[1] - 5


def test_a_year_whose_school_holidays_are_not_known_is_refused_or_left_to_the_hand() -> None:
    with pytest.raises(UsageError, match="school calendar of zone A is known"):
        school_year(2090, "A")
    assert "Les vacances sont à noter à la main" in words(lay_out_calendar(school_year(2090))[0])


def test_the_instructions_come_from_the_slips_forms() -> None:
    text = words(lay_out_instructions([shipped()[name] for name in SLIPS]))
    assert "Billet de retard" in text
    assert "Visa du CPE. Sans visa, l'élève ne sort pas." in text
