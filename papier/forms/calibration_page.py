"""The test page: the shipped form with things to measure drawn on it, at places that the measuring knows.

Lines along each edge, one a millimetre of distance; steps of grey; bars of falling width. All in millimetres.
"""

from __future__ import annotations

import dataclasses

from papier.forms.layout import Box, Item, Layout, Rule, Text
from papier.geometry import RectMm

FORM = "papier/calibration"
# The lines along an edge: 1 to 10 mm from it, each so long, one after the other from here on.
DISTANCES = tuple(range(1, 11))
LINE_LENGTH, LINE_PITCH, LINE_START, LINE_STROKE = 5.0, 6.0, 75.0, 0.3
# Grey steps: how dark they are printed (0 black, 1 paper), and where.
GREYS = (0.0, 0.25, 0.5, 0.75)
PATCH = 16.0
GREY_TOP, GREY_LEFT = 100.0, 40.0
# White paper between the patches and the bars, to compare with.
PAPER = RectMm(40.0, 122.0, 60.0, 8.0)
# Bars: black and white of the same width, upright and lying.
BARS = (0.1, 0.15, 0.2, 0.3, 0.5)
BAR_TOP, BAR_LEFT, BAR_SIDE, BAR_PITCH = 150.0, 40.0, 14.0, 24.0


def with_targets(layout: Layout) -> Layout:
    """The layout of the test page with everything to measure on it."""
    page = layout.pages[0]
    return dataclasses.replace(layout, pages=(dataclasses.replace(page, items=(*page.items, *_targets(layout))),))


def edge_line(edge: str, distance: int, size_mm: tuple[float, float]) -> tuple[float, float, float, float]:
    """Where the line `distance` mm from an edge (left, top, right, bottom) begins and ends."""
    width, height = size_mm
    start = LINE_START + LINE_PITCH * (distance - 1)
    across = {"left": distance, "right": width - distance, "top": distance, "bottom": height - distance}[edge]
    if edge in ("left", "right"):
        return across, start, across, start + LINE_LENGTH
    return start, across, start + LINE_LENGTH, across


def grey_patch(at: int) -> RectMm:
    return RectMm(GREY_LEFT + at * (PATCH + 4.0), GREY_TOP, PATCH, PATCH)


def bar_patch(at: int, *, upright: bool) -> RectMm:
    return RectMm(BAR_LEFT + at * BAR_PITCH, BAR_TOP + (0.0 if upright else BAR_SIDE + 6.0), BAR_SIDE, BAR_SIDE)


def _targets(layout: Layout) -> list[Item]:
    items: list[Item] = []
    for edge in ("left", "top", "right", "bottom"):
        items += [Rule(*edge_line(edge, distance, layout.size_mm), LINE_STROKE) for distance in DISTANCES]
    items += [
        Text(14.0, LINE_START + LINE_PITCH * (distance - 1) + 3.5, str(distance), "regular", 7.0, 0.3)
        for distance in DISTANCES
    ]
    for at, grey in enumerate(GREYS):
        items.append(Box(grey_patch(at), 0.0, fill=grey))
    for at, width in enumerate(BARS):
        for upright in (True, False):
            items += _bars(bar_patch(at, upright=upright), width, upright=upright)
        label = f"{width:.2f}".replace(".", ",") + " mm"
        items.append(Text(bar_patch(at, upright=True).x, BAR_TOP - 2.0, label, "regular", 8.0, 0.3))
    return items


def _bars(rect: RectMm, width: float, *, upright: bool) -> list[Item]:
    count = int(rect.width / (2 * width))
    if upright:
        return [Box(RectMm(rect.x + 2 * width * at, rect.y, width, rect.height), 0.0, fill=0.0) for at in range(count)]
    return [Box(RectMm(rect.x, rect.y + 2 * width * at, rect.width, width), 0.0, fill=0.0) for at in range(count)]
