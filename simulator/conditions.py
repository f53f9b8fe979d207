"""What befalls one scan, drawn at random from a profile: `clean`, `office` or `rough`.

*Office*: 200 to 300 dpi, grey or colour JPEG of quality 50 to 90, skew ±3°, printed at 94 to 100 %, a fifth
upside-down, feeder stretch ±0.7 % differing along the page, folds, punch holes, light dirt, coloured paper. *Rough*:
the same, and 150 dpi or 1-bit, skew ±10°, and one to three of: a corner cut off (up to 12 % of the page), photocopied
twice, coffee, staple and shadow, show-through, crumpled, black borders.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from simulator.defects import TINTS
from simulator.pen import luminance
from simulator.printer import Toner

Mode = Literal["grey", "colour", "bilevel"]
PROFILES = ("clean", "office", "rough")
ROUGH_DEFECTS = ("corner", "photocopied", "coffee", "staple", "show-through", "crumpled", "black borders")
# Light smoothing hides the step from paper to scan pixels; rendering finer than this shows nothing more.
MAX_PAPER_DPI = 300.0
OVERSAMPLING = 1.25


@dataclass(frozen=True)
class Conditions:
    """Everything about one scan but its noise. Angles in degrees, lengths in millimetres, shares of 1."""

    profile: str = "clean"
    dpi: int = 300
    mode: Mode = "grey"
    quality: int = 90
    print_factor: float = 1.0
    tint: str = "white"
    skew: float = 0.0
    shear: float = 0.0
    quarter_turns: int = 0
    upside_down: bool = False
    shift: tuple[float, float] = (0.0, 0.0)
    stretch: float = 0.0
    curl: float = 0.0
    folds: int = 0
    holes: bool = False
    dirt: int = 0
    blur: float = 0.3  # of the lens, in pixels of the scan
    noise: float = 1.0  # standard deviation of the sensor's noise, grey levels
    lighting: float = 0.0
    contrast: float = 1.0
    toner_spread: float = 0.03
    toner_density: float = 0.93
    toner_dropout: float = 0.0
    dithered: bool = False
    threshold: int = 128
    defects: tuple[str, ...] = ()

    @property
    def rough(self) -> bool:
        return self.profile == "rough"

    @property
    def paper_dpi(self) -> float:
        """The resolution at which the paper is printed and written on."""
        return min(MAX_PAPER_DPI, self.dpi * OVERSAMPLING)

    @property
    def toner(self) -> Toner:
        tint = TINTS[self.tint]
        return Toner(self.toner_spread, self.toner_dropout, self.toner_density, factor=self.print_factor, tint=tint)


def draw_conditions(profile: str, rng: np.random.Generator, dpi: int | None = None) -> Conditions:
    """Conditions at random from `profile`; `dpi` fixes the resolution. Raises ValueError for an unknown profile."""
    if profile not in PROFILES:
        raise ValueError(f"no profile {profile!r}; take one of {', '.join(PROFILES)}")
    if profile == "clean":
        return Conditions(dpi=dpi or 300, skew=float(rng.normal(0, 0.15)), shift=_pair(rng, 0.5))
    rough = profile == "rough"
    mode: Mode = "grey" if rng.random() < 0.55 else "colour"
    resolution = int(rng.choice([200, 200, 240, 300, 300]))
    if rough:
        kind = rng.random()
        if kind < 0.4:
            resolution = 150
        elif kind < 0.7:
            mode = "bilevel"
    defects: list[str] = []
    if rough:
        count = int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15]))
        defects = sorted(rng.choice(ROUGH_DEFECTS, count, replace=False).tolist())
    tint = str(rng.choice(list(TINTS), p=[0.62, 0.08, 0.12, 0.1, 0.08]))
    skew = _within(rng.normal(0, 4.0), 10.0) if rough else _within(rng.normal(0, 1.1), 3.0)
    return Conditions(
        profile=profile,
        dpi=dpi or resolution,
        mode=mode,
        quality=int(rng.integers(50, 91)),
        print_factor=1.0 if rng.random() < 0.4 else float(rng.uniform(0.94, 1.0)),
        tint=tint,
        skew=skew,
        shear=float(rng.normal(0, 0.0012)),
        upside_down=bool(rng.random() < 0.2),
        shift=_pair(rng, 2.0),
        stretch=float(rng.uniform(0, 0.007)),
        curl=float(abs(rng.normal(0, 0.35))) if rng.random() < 0.5 else 0.0,
        folds=int(rng.choice([0, 1, 2], p=[0.6, 0.28, 0.12])),
        holes=bool(rng.random() < 0.25),
        dirt=int(rng.poisson(8)) if rough else int(rng.poisson(4)),
        blur=float(rng.uniform(0.3, 0.75)),
        noise=float(rng.uniform(0.8, 3.0)),
        lighting=float(rng.uniform(0, 0.08)) if rng.random() < 0.5 else 0.0,
        contrast=float(rng.uniform(0.9, 1.12)),
        toner_spread=float(rng.uniform(0.015, 0.06)),
        toner_density=float(rng.uniform(0.8, 0.96)),
        toner_dropout=float(rng.uniform(0.0005, 0.006)) if rng.random() < 0.25 else 0.0,
        dithered=bool(rng.random() < 0.2),
        # Between ink and paper, as the scanner's own software sets it; pencil loses its fainter parts.
        threshold=int(rng.uniform(0.58, 0.72) * luminance(TINTS[tint])),
        defects=tuple(defects),
    )


def _pair(rng: np.random.Generator, spread: float) -> tuple[float, float]:
    x, y = rng.normal(0, spread, 2).tolist()
    return x, y


def _within(value: float, limit: float) -> float:
    return float(np.clip(value, -limit, limit))
