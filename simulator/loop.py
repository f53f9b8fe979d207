"""Round the loop: printed sheets are filled by hand and scanned; the truth comes along.

for glassful in print_fill_scan(pdf, layout, numbers, seed=1, profile="office", hands=Hands.shipped()):
    write_scan(glassful.images, "scan.pdf")
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pypdfium2 as pdfium

from papier.forms.layout import Layout
from papier.geometry import POINTS_PER_MM, RectMm
from papier.records import Value
from simulator.conditions import Conditions, draw_conditions
from simulator.filling import Truth, fill, pick_any_style, pick_style
from simulator.hands import Hands, WrittenLines
from simulator.pen import Pen, pick_any_pen, pick_pen
from simulator.printer import Paper, print_page
from simulator.scanner import A4, ScannedImage, blank_back, scan
from simulator.values import random_values

# Two A5 pages stand on A4 landscape with a millimetre between them.
COUPON_STEP = 149.0
# Sheets up to this long are small: they are often laid on an A4 glass, alone or two at a time.
SMALL_SHEET = 211.0
SHARE_ON_GLASS, SHARE_PAIRED = 0.5, 0.25
# Duplex scanners deliver the empty backs as well.
SHARE_WITH_BACKS = 0.1


@dataclass(frozen=True)
class Glassful:
    """Page images that left the scanner together, all of one or two sheets.

    `contents` names, for each image, the sheets on it: (sheet number, page), none for a blank back. `truths` says what
    was written on each sheet, by its number.
    """

    images: tuple[ScannedImage, ...]
    contents: tuple[tuple[tuple[str, int], ...], ...]
    truths: dict[str, Truth]


@dataclass(frozen=True)
class _WrittenSheet:
    number: str
    papers: dict[int, Paper]
    truth: Truth
    conditions: Conditions
    rng: np.random.Generator


def print_fill_scan(
    pdf: bytes,
    layout: Layout,
    numbers: Sequence[str],
    *,
    seed: int,
    profile: str,
    hands: Hands,
    lines: WrittenLines | None = None,
    dpi: int | None = None,
    values: Sequence[Mapping[str, Value]] | None = None,
    prefilled: Sequence[Mapping[str, str]] | None = None,
    roster: Sequence[Mapping[str, str]] = (),
    anybody: bool = False,
) -> Iterator[Glassful]:
    """Print, fill and scan every sheet of `pdf`, as `papier.forms.pdf.write_sheets` wrote it for `numbers`, in order.

    `anybody`: pens and marks vary more than the profile says (`pick_any_pen`, `pick_any_style`).

    Without `values` they are random and valid. What is `prefilled` (one mapping a sheet) is left alone by the pen, and
    true as printed. Each sheet has a generator of its own, made from `seed` and its position: the same sheet comes out
    the same whatever others are printed with it.
    """
    document = pdfium.PdfDocument(pdf)
    try:
        waiting: _WrittenSheet | None = None
        for index, number in enumerate(numbers):
            rng = np.random.default_rng([seed, index])
            conditions = _conditions_for(layout, profile, dpi, rng)
            papers = _print(document, layout, index, conditions, rng)
            given = values[index] if values is not None else random_values(layout, rng, roster=roster)
            printed = prefilled[index] if prefilled is not None else {}
            filled = fill(
                layout,
                {field: value for field, value in given.items() if field not in printed},
                rng,
                hand=hands.pick(rng),
                pen=_pen(conditions, rng, anybody=anybody),
                style=pick_any_style(rng) if anybody else pick_style(rng, rough=conditions.rough),
                scale=papers[1].ink_scale,
                lines=lines,
            )
            filled.truth.fields.update(printed)
            filled.truth.kinds.update(dict.fromkeys(printed, "prefilled"))
            inked = {page: paper.with_ink(filled.ink[page]) for page, paper in papers.items()}
            sheet = _WrittenSheet(number, inked, filled.truth, conditions, rng)
            if waiting is not None:
                yield _scan_pair(waiting, sheet)
                waiting = None
            elif len(papers) == 1 and index + 1 < len(numbers) and _is_small(layout) and rng.random() < SHARE_PAIRED:
                waiting = sheet
            else:
                yield _scan_alone(layout, sheet)
    finally:
        document.close()


def _conditions_for(layout: Layout, profile: str, dpi: int | None, rng: np.random.Generator) -> Conditions:
    conditions = draw_conditions(profile, rng, dpi)
    landscape = layout.size_mm[0] > layout.size_mm[1]
    if landscape and rng.random() < 0.5:
        conditions = dataclasses.replace(conditions, quarter_turns=1)
    return conditions


def _pen(conditions: Conditions, rng: np.random.Generator, *, anybody: bool) -> Pen:
    # A threshold would wipe a faint pencil out altogether, and nobody could read what is not there.
    bilevel = conditions.mode == "bilevel"
    return pick_any_pen(rng) if anybody and not bilevel else pick_pen(rng, rough=conditions.rough and not bilevel)


def _is_small(layout: Layout) -> bool:
    return max(layout.size_mm) < SMALL_SHEET


def _print(
    document: pdfium.PdfDocument, layout: Layout, index: int, conditions: Conditions, rng: np.random.Generator
) -> dict[int, Paper]:
    """The pages of sheet `index` on paper, by page number; two-up coupons are cut apart."""
    toner, dpi = conditions.toner, conditions.paper_dpi
    if layout.two_up:
        half = RectMm(COUPON_STEP * (index % 2), 0.0, *layout.size_mm)
        height = document[index // 2].get_size()[1] / POINTS_PER_MM
        if abs(height - layout.size_mm[1]) > 2:
            raise ValueError("a two-up layout needs the PDF of its sheets, two by two")
        return {1: print_page(document, index // 2, dpi, toner, rng, crop=half)}
    pages = len(layout.pages)
    step = pages + (pages % 2 if layout.recto_verso else 0)
    return {
        page.page: print_page(document, index * step + place, dpi, toner, rng)
        for place, page in enumerate(layout.pages)
    }


def _scan_alone(layout: Layout, sheet: _WrittenSheet) -> Glassful:
    rng = sheet.rng
    images, contents = list[ScannedImage](), list[tuple[tuple[str, int], ...]]()
    glass = A4 if _is_small(layout) and rng.random() < SHARE_ON_GLASS else None
    backs = rng.random() < SHARE_WITH_BACKS
    for page, paper in sheet.papers.items():
        images.append(scan([paper], _next_page(sheet.conditions, rng), rng, glass=glass))
        contents.append(((sheet.number, page),))
        if backs and not (layout.recto_verso and len(layout.pages) > 1):
            images.append(blank_back(images[-1], rng))
            contents.append(())
    return Glassful(tuple(images), tuple(contents), {sheet.number: sheet.truth})


def _scan_pair(first: _WrittenSheet, second: _WrittenSheet) -> Glassful:
    """Two coupons on one glass, scanned under the conditions of the first; each keeps its own paper and print."""
    papers = [first.papers[1], second.papers[1]]
    image = scan(papers, first.conditions, first.rng)
    content = ((first.number, 1), (second.number, 1))
    return Glassful((image,), (content,), {first.number: first.truth, second.number: second.truth})


def _next_page(conditions: Conditions, rng: np.random.Generator) -> Conditions:
    """The same scanner and stack, the next page: how it lies and what befell it differ."""
    if conditions.profile == "clean":
        return conditions
    other = draw_conditions(conditions.profile, rng, conditions.dpi)
    kept = ("mode", "quality", "print_factor", "tint", "quarter_turns", "upside_down", "lighting", "contrast")
    return dataclasses.replace(other, **{name: getattr(conditions, name) for name in kept})
