"""The second reader of hand-printed characters: asked where the first leaves a field in doubt.

It is the mean of two deeper networks, which see each character twice, scaled by its edges as the first sees it and
straightened (`papier.ocr.straightening`). It costs three to four times as much a cell. It tells digits from digits and
letters from letters, and says nothing of blank cells nor of struck-out ones: those are the first reader's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from papier.ocr.characters import BATCH, BLANK, INDEX, load_session, normalise
from papier.ocr.straightening import straighten

SECOND_MODEL_PATH: Final = Path(__file__).parent / "models" / "second.onnx"
# Digits, then letters and signs: the classes that hold a character.
CHARACTERS: Final = INDEX[BLANK]


def view(ink: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Ink images (n, 56, 44) → network input (n, 3, 32, 32): the character scaled by its edges, the same straightened
    and scaled by its moments, and the whole window.
    """
    return np.concatenate([normalise(ink)[:, :1], straighten(ink)], axis=1)


class SecondReader:
    """Reads cells with the network of `model`; the session is loaded once a process, model and thread count."""

    def __init__(self, model: Path = SECOND_MODEL_PATH, threads: int = 1) -> None:
        self._model = model
        self._threads = threads

    def read(self, cells: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Ink images (n, 56, 44) → log-probabilities (n, CHARACTERS), those of digits provided that it is a digit,
        those of letters and signs that it is one. n may be 0.

        Raises MissingProgramError where the model file is not there.
        """
        session = load_session(self._model, self._threads)
        parts = [
            session.run(None, {"cells": view(cells[start : start + BATCH])})[0] for start in range(0, len(cells), BATCH)
        ]
        return np.concatenate(parts) if parts else np.empty((0, CHARACTERS), np.float32)
