from __future__ import annotations

from pathlib import Path

import pytest

from papier.forms.layout import Layout, LayoutPage, Zone
from papier.geometry import RectMm
from simulator.hands import Hands

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def hands() -> Hands:
    return Hands.shipped()


@pytest.fixture
def layout() -> Layout:
    """One page by hand: a single choice, a name, a date, lines and a signature."""

    def cells(x: float, y: float, count: int) -> tuple[RectMm, ...]:
        return tuple(RectMm(x + 6 * i, y, 6, 8) for i in range(count))

    zones = (
        *(
            Zone("motif", "tick", RectMm(20 + 30 * i, 40, 4.5, 4.5), option=option)
            for i, option in enumerate(("maladie", "famille", "autre"))
        ),
        *(
            Zone("jours", "tick", RectMm(20 + 30 * i, 55, 4.5, 4.5), option=option, multiple=True)
            for i, option in enumerate(("lundi", "mardi", "jeudi"))
        ),
        Zone("nom", "comb", RectMm(20, 70, 96, 8), content="letters", cells=cells(20, 70, 16)),
        Zone("debut", "comb", RectMm(20, 90, 48, 8), content="date", cells=cells(20, 90, 8)),
        Zone(
            "remarques",
            "lines",
            RectMm(20, 110, 170, 20),
            lines=(RectMm(20, 110, 170, 10), RectMm(20, 120, 170, 10)),
        ),
        Zone("signature", "signature", RectMm(120, 150, 60, 22)),
    )
    return Layout("essai/page", 1, "Essai", (210.0, 297.0), (LayoutPage(1, zones),))
