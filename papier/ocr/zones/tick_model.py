"""What a tick box looks like: a small convolutional network judges its picture.

It says nothing of what the person meant; `tick_decision` does, from all the boxes of the page.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from papier.errors import MissingProgramError
from papier.language import translate as _
from papier.ocr.zones.tick_patches import Pictures

if TYPE_CHECKING:
    import onnxruntime

MODEL_PATH: Final = Path(__file__).parent.parent / "models" / "ticks.onnx"
# Pictures at a time: more gain no speed and take memory.
BATCH: Final = 256

# The network was fitted on harder pages than offices have, and says less than it sees: with this factor on its
# logarithms, of 8,763 questions on simulated pages by validation writers, office and rough, none above 0.999 and five
# above 0.99 were wrong.
SHARPNESS: Final = 1.3

Likelihoods = npt.NDArray[np.float64]  # (n, len(Look)), of the looks of each box, up to a factor for each box


class Look(IntEnum):
    """What a box looks like, whatever the person meant by it.

    `OPEN`: a cross, a check mark, a stroke; `SCRIBBLED`: to and fro with gaps; `DENSE`: blackened; `CIRCLED`: a
    ring round an empty box; `BESIDE`: a mark next to it; `STRUCK`: something larger runs through it, or it is not to be
    seen; `ERASED`: what an eraser or correcting fluid left; `DOT`: one spot of ink, by a pen or of dirt.
    """

    EMPTY = 0
    OPEN = 1
    SCRIBBLED = 2
    DENSE = 3
    CIRCLED = 4
    BESIDE = 5
    STRUCK = 6
    ERASED = 7
    DOT = 8


def judge_looks(pictures: Pictures) -> Likelihoods:
    """How likely each look makes each picture (`tick_patches.take_pictures`), the likeliest look of each at 1.

    Raises MissingProgramError where the model file is not there.
    """
    if not len(pictures):
        return np.empty((0, len(Look)))
    session = _load_session()
    parts = [
        session.run(None, {"pictures": pictures[start : start + BATCH]})[0] for start in range(0, len(pictures), BATCH)
    ]
    scores = SHARPNESS * np.concatenate(parts).astype(np.float64)
    return np.asarray(np.exp(scores - scores.max(axis=1, keepdims=True)))


@lru_cache(maxsize=1)
def _load_session() -> onnxruntime.InferenceSession:
    if not MODEL_PATH.is_file():
        raise MissingProgramError(
            _(
                "The model of tick boxes is missing: {model}. Install papier again, or train it as "
                "training/ticks/README.md says."
            ).format(model=MODEL_PATH)
        )
    import onnxruntime  # noqa: PLC0415 - as in `papier.ocr.characters`

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(MODEL_PATH), options, providers=["CPUExecutionProvider"])
