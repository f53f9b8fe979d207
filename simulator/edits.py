"""How far a text that was read is from what was written."""

from __future__ import annotations

import numpy as np


def edit_distance(read: str, written: str) -> int:
    """The least number of characters to insert, leave out or replace (V. Levenshtein, 1965)."""
    codes = np.array([ord(character) for character in written], dtype=np.int32)
    steps = np.arange(len(written) + 1)
    row = steps.copy()
    for index, character in enumerate(read, 1):
        # Best of replacing and leaving out; then insertions run along the row.
        best = np.minimum(row[1:] + 1, row[:-1] + (codes != ord(character)))
        row = np.concatenate(([index], best))
        row = np.minimum.accumulate(row - steps) + steps
    return int(row[-1])


def error_rate(pairs: list[tuple[str, str]]) -> float:
    """Edits in all (read, written) pairs per character written."""
    return sum(edit_distance(read, written) for read, written in pairs) / sum(len(written) for _, written in pairs)
