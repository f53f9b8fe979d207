"""How far stated probabilities are from how often they come true."""

from __future__ import annotations

import numpy as np


def calibration_error(pairs: list[tuple[float, bool]], bins: int = 10) -> float:
    """Expected calibration error of (probability, right) pairs, in `bins` of equal width (C. Guo et al., 2017)."""
    probability, right = np.array([p for p, _ in pairs]), np.array([r for _, r in pairs], float)
    which = np.minimum((probability * bins).astype(int), bins - 1)
    return float(
        sum(
            abs(right[which == index].mean() - probability[which == index].mean()) * np.mean(which == index)
            for index in range(bins)
            if (which == index).any()
        )
    )


def calibration_chance(probabilities: list[float], draws: int = 200) -> float:
    """The calibration error that so many lines would show on average if every probability were exactly right."""
    rng = np.random.default_rng(0)
    values = np.array(probabilities)
    return float(
        np.mean(
            [
                calibration_error(list(zip(probabilities, (rng.random(len(values)) < values).tolist(), strict=True)))
                for _ in range(draws)
            ]
        )
    )
