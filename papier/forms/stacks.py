"""Which pages of a run go on which paper: a run is printed as stacks of one paper, one size, on one side or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pikepdf

from papier.forms.frame import TWO_UP_SIZE
from papier.forms.layout import Layout
from papier.geometry import POINTS_PER_MM


@dataclass(frozen=True, slots=True)
class Stack:
    """Pages `first` to `last` of a PDF (from 1), and the sheets on them, by their place in the run (from 0)."""

    form: str
    first: int
    last: int
    size_mm: tuple[float, float]
    both_sides: bool = False
    paper: str | None = None
    first_sheet: int = 0
    last_sheet: int = -1

    @property
    def pages(self) -> int:
        return self.last - self.first + 1


def find_stacks(layouts: Sequence[Layout]) -> list[Stack]:
    """The stacks of a run whose sheets have these layouts, as `papier.forms.pdf.write_sheets` lays them on pages.

    One sheet that is printed on both sides makes the whole run so: every other one then has a blank back.
    """
    duplex = any(layout.recto_verso for layout in layouts)
    stacks: list[Stack] = []
    page, waiting = 0, False
    for at, layout in enumerate(layouts):
        if layout.two_up:
            before = page if waiting else page + 1
            for _ in layout.pages:
                page += not waiting
                waiting = not waiting
        else:
            waiting = False
            before = page + 1
            page += len(layout.pages) + (len(layout.pages) % 2 if duplex else 0)
        size = TWO_UP_SIZE if layout.two_up else layout.size_mm
        both = duplex and not layout.two_up
        last = stacks[-1] if stacks else None
        alike = last is not None and (last.form, last.size_mm, last.both_sides, last.paper) == (
            layout.form,
            size,
            both,
            layout.paper,
        )
        # Two coupons of different forms may share a page: they go together.
        if last is not None and (alike or before <= last.last):
            stacks[-1] = Stack(
                last.form, last.first, page, last.size_mm, last.both_sides, last.paper, last.first_sheet, at
            )
        else:
            stacks.append(Stack(layout.form, before, page, size, both, layout.paper, at, at))
    return stacks


def stacks_of(pdf: Path, form: str, *, both_sides: bool = False) -> list[Stack]:
    """The stacks of a PDF that bears no numbers: pages of one size that follow one another."""
    stacks: list[Stack] = []
    with pikepdf.open(pdf) as document:
        for at, page in enumerate(document.pages, 1):
            left, bottom, right, top = (float(edge) for edge in page.mediabox)
            size = (round((right - left) / POINTS_PER_MM, 1), round((top - bottom) / POINTS_PER_MM, 1))
            if stacks and stacks[-1].size_mm == size:
                stacks[-1] = Stack(form, stacks[-1].first, at, size, both_sides)
            else:
                stacks.append(Stack(form, at, at, size, both_sides))
    return stacks
