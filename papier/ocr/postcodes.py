"""Which postcodes the communes of France have."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def load_postcodes() -> frozenset[str]:
    """The list shipped with the package (`training.postcodes`); no CEDEX, which firms and offices have."""
    text = (resources.files("papier.ocr") / "models" / "postcodes.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))
