"""Hand-printed characters in the cells of a comb: ink of cells in, calibrated log-probabilities out.

A cell's *ink image* covers the cell grown by `MARGIN_MM` on each side, at `PIXELS_PER_MM`; 0 is paper, 255 full ink,
the background normalised and the printed frame subtracted as well as the reader can. Leftovers of the frame, dirt and
strokes of the neighbours are expected; the network was trained with them.

The log-probabilities say P(class | image) where all classes are equally likely beforehand: add the log of what a field
makes likely (`text_models`), or renormalise over the classes it allows. Digits among digits and letters among letters
are calibrated separately. Look-alikes share their probability without a constraint: a bare stroke is 1 and I, a ring is
0 and O.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from papier.errors import MissingProgramError
from papier.language import translate as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    import onnxruntime

PIXELS_PER_MM: Final = 6  # a pen's 0.3 mm is two pixels: the stroke is seen, and a scan at 150 dpi holds no more
MARGIN_MM: Final = 0.7  # how far strokes commonly leave the cell
INK_HEIGHT: Final = 56  # (8 mm + two margins) × 6 px, rounded down
INK_WIDTH: Final = 44  # (6 mm + two margins) × 6 px, rounded down

DIGITS: Final = "0123456789"
CAPITALS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ACCENTED: Final = "ÀÂÇÉÈÊËÎÏÔÙÛÜ"
PUNCTUATION: Final = "-'"
BLANK: Final = "blank"
NOISE: Final = "noise"
CLASSES: Final[tuple[str, ...]] = (*DIGITS, *CAPITALS, *ACCENTED, *PUNCTUATION, BLANK, NOISE)
INDEX: Final[dict[str, int]] = {name: index for index, name in enumerate(CLASSES)}

MODEL_PATH: Final = Path(__file__).parent / "models" / "characters.onnx"

# Cells a run: the activations of 64 cells (about 6 MB) stay near the processor; larger batches were slower.
BATCH: Final = 64

INPUT_SIZE: Final = 32
GLYPH_SIZE: Final = 28  # of the 32: two pixels of paper on each side keep the border out of the convolutions' way
# Smaller marks are not blown up beyond this: a hyphen or an apostrophe keeps its smallness (14 px = 2.3 mm).
SMALLEST_SIDE: Final = 14.0
# Ink below both is left out when looking for the character: paper grain, show-through, remains of the printed frame.
MIN_INK: Final = 32
MIN_INK_OF_DARKEST: Final = 0.4
# Ink that enters from the window's side and ends within a quarter of it, with paper after, is a neighbour's.
INTRUSION_REACH: Final = 11
# Unless it holds more than this share of all ink: then it is the character itself, far off its cell.
INTRUSION_SHARE: Final = 0.35
# Ink farther than this from the mean, in standard deviations, is no part of the character (a uniform bar ends at 1.7).
REACH_IN_DEVIATIONS: Final = 2.7


@dataclass(frozen=True)
class CellReading:
    """What n cells say. `log_probs` (n, len(CLASSES)), each row a distribution; `blank` and `noise` (n,) are
    probabilities: the cell is empty but for dirt; it is struck out, scribbled over, or crossed by a foreign stroke.
    """

    log_probs: npt.NDArray[np.float32]
    blank: npt.NDArray[np.float32]
    noise: npt.NDArray[np.float32]

    def among(self, characters: Iterable[str]) -> npt.NDArray[np.float32]:
        """Log-probabilities (n, k) of the k characters given, provided that the cell holds one of them."""
        chosen = self.log_probs[:, [INDEX[character] for character in characters]]
        return np.asarray(chosen - _log_sum_exp(chosen), np.float32)


def normalise(ink: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Ink images (n, 56, 44) → network input (n, 2, 32, 32).

    The first plane holds the character centred and scaled to 28 pixels, aspect kept, small marks enlarged at most
    twofold; the second the whole window as it is, which tells size and place in the cell (' from I, - from a frame's
    remains, a neighbour's stroke from one's own).
    """
    grey = ink.astype(np.float32)
    mask = _mask(grey)
    columns = _drop_intrusions(mask.sum(1, dtype=np.float32))
    kept = (columns > 0)[:, None, :]
    rows = (mask & kept).sum(2, dtype=np.float32)
    left, right = _find_extent(columns)
    top, bottom = _find_extent(rows)
    side = np.maximum(np.maximum(right - left, bottom - top), SMALLEST_SIDE)
    step = side / GLYPH_SIZE
    planes = np.empty((len(ink), 2, INPUT_SIZE, INPUT_SIZE), np.float32)
    across = _resampling(((left + right) / 2).astype(np.float32), step, INK_WIDTH)
    down = _resampling(((top + bottom) / 2).astype(np.float32), step, INK_HEIGHT)
    planes[:, 0] = down @ grey @ across.transpose(0, 2, 1)
    planes[:, 1] = _WINDOW_DOWN @ grey @ _WINDOW_ACROSS.T
    return np.asarray(np.clip(planes + 0.5, 0, 255), np.uint8)


def fixed_window(ink: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Ink images (n, 56, 44) → the whole window (n, 32, 32)."""
    return np.asarray(np.clip(_WINDOW_DOWN @ ink.astype(np.float32) @ _WINDOW_ACROSS.T + 0.5, 0, 255), np.uint8)


def clean_mask(ink: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """(n, 56, 44): which pixels are the character's, rather than grain or a neighbour's stroke."""
    mask = _mask(ink.astype(np.float32))
    return np.asarray(mask & (_drop_intrusions(mask.sum(1, dtype=np.float32)) > 0)[:, None, :])


def _mask(grey: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    darkest = grey.max((1, 2))
    return np.asarray(grey > np.maximum(MIN_INK, MIN_INK_OF_DARKEST * darkest)[:, None, None])


class CharacterReader:
    """Reads cells with the network of `model`; the session is loaded once a process, model and thread count."""

    def __init__(self, model: Path = MODEL_PATH, threads: int = 1) -> None:
        self._model = model
        self._threads = threads

    def read(self, cells: npt.NDArray[np.uint8]) -> CellReading:
        """Read ink images (n, 56, 44); n may be 0.

        Raises ValueError for another shape or type, MissingProgramError where the model file is not there.
        """
        if cells.dtype != np.uint8 or cells.shape[1:] != (INK_HEIGHT, INK_WIDTH):
            raise ValueError(
                f"cells are uint8 (n, {INK_HEIGHT}, {INK_WIDTH}), not {cells.dtype} {cells.shape}: "
                "cut the ink of the cell and its margin at six pixels a millimetre"
            )
        session = load_session(self._model, self._threads)
        parts = [
            session.run(None, {"cells": normalise(cells[start : start + BATCH])})[0]
            for start in range(0, len(cells), BATCH)
        ]
        log_probs = np.concatenate(parts) if parts else np.empty((0, len(CLASSES)), np.float32)
        probabilities = np.exp(log_probs)
        return CellReading(log_probs, probabilities[:, INDEX[BLANK]], probabilities[:, INDEX[NOISE]])


@lru_cache(maxsize=4)
def load_session(model: Path, threads: int) -> onnxruntime.InferenceSession:
    if not model.is_file():
        raise MissingProgramError(
            _(
                "The model of hand-printed characters is missing: {model}. Install papier again, or train it as "
                "training/characters/README.md says."
            ).format(model=model)
        )
    # Imported where cells are read: whoever only hands pages to such a process spares 20 MB.
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _log_sum_exp(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    highest = values.max(1, keepdims=True)
    return np.asarray(highest + np.log(np.exp(values - highest).sum(1, keepdims=True)), np.float32)


def _drop_intrusions(columns: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Clear, in the column counts (n, width), what enters from either side and ends soon."""
    columns = columns.copy()
    total = columns.sum(1)
    for side in (columns[:, :INTRUSION_REACH], columns[:, : -INTRUSION_REACH - 1 : -1]):
        empty = side == 0
        entering = ~empty[:, 0] | ~empty[:, 1]
        empty[:, 0] = False
        first_gap = np.where(empty.any(1), empty.argmax(1), 0)
        # A stroke that starts in the second column: its first gap is the empty first column, counted out above.
        before_gap = (np.arange(side.shape[1]) < first_gap[:, None]) & entering[:, None]
        small = (side * before_gap).sum(1) <= INTRUSION_SHARE * total
        side[before_gap & small[:, None]] = 0
    return columns


def _find_extent(profile: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Start and end of the ink on one axis (n,), in pixels; stray ink far from the rest is not followed."""
    length = profile.shape[1]
    total = profile.sum(1)
    empty = total == 0
    total = np.where(empty, 1, total)
    position = np.arange(length, dtype=np.float32) + 0.5
    mean = profile @ position / total
    deviation = np.sqrt(np.maximum(profile @ position**2 / total - mean**2, 0))
    inked = profile > 0
    start = np.maximum(inked.argmax(1), mean - REACH_IN_DEVIATIONS * deviation - 1)
    end = np.minimum(length - inked[:, ::-1].argmax(1), mean + REACH_IN_DEVIATIONS * deviation + 1)
    return (
        np.where(empty, 0, start).astype(np.float32),
        np.where(empty, length, end).astype(np.float32),
    )


def _resampling(centre: npt.NDArray[np.float32], step: npt.NDArray[np.float32], length: int) -> npt.NDArray[np.float32]:
    """Matrices (n, 32, length) that sample an axis about `centre` every `step` pixels; outside is paper.

    Triangle filter as wide as the coarser of the two grids: linear when enlarging, no aliasing when shrinking.
    """
    offsets = np.arange(INPUT_SIZE, dtype=np.float32) - (INPUT_SIZE - 1) / 2
    wanted = centre[:, None] + offsets * step[:, None]
    width = np.maximum(step, 1)[:, None, None]
    position = np.arange(length, dtype=np.float32) + np.float32(0.5)
    weights = np.maximum(1 - np.abs(position - wanted[:, :, None]) / width, 0) / width
    return np.asarray(weights, np.float32)


def _fixed_resampling(length: int) -> npt.NDArray[np.float32]:
    centre = np.array([length / 2], np.float32)
    return np.asarray(_resampling(centre, np.array([INK_HEIGHT / INPUT_SIZE], np.float32), length)[0], np.float32)


_WINDOW_DOWN: Final = _fixed_resampling(INK_HEIGHT)
_WINDOW_ACROSS: Final = _fixed_resampling(INK_WIDTH)
