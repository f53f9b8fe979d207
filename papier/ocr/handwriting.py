"""Handwritten French lines: strips of ink in, the likeliest readings with calibrated probabilities out.

A strip is the ink of one line (0 paper, 255 full ink) with its ascenders and descenders, the printed face subtracted
as well as the reader can; any size. What the writer struck out is left out of a reading.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from papier.errors import MissingProgramError
from papier.language import translate as _
from papier.ocr.letter_model import LetterModel
from papier.ocr.line_decoding import LogProbabilities, Reading, Weighing, decode, with_expected
from papier.ocr.line_strips import Strip, normalise_line

# What stands for a passage that its writer struck out.
STRUCK: Final = "■"
ALPHABET: Final = (
    " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_abcdefghijklmnopqrstuvwxyz{|}"
    "«»°€ÀÂÄÇÈÉÊËÎÏÔÖÙÛÜàâäáãçèéêëíìîïñòóôöøùúûüýÿæœŒÆ" + STRUCK
)

MODELS: Final = Path(__file__).parent / "models"
MODEL_PATH: Final = MODELS / "handwriting.onnx"
LETTERS_PATH: Final = MODELS / "french_letters.npz"

# Readings handed out; the rest have no probability to speak of.
MOST_CANDIDATES: Final = 5


@dataclass(frozen=True)
class Candidate:
    """One reading of a line, and the probability that every character of it is right."""

    text: str
    probability: float


@dataclass(frozen=True)
class LineReading:
    """`candidates`, the likeliest first, none where nothing is legible; `struck`: something is struck out."""

    candidates: tuple[Candidate, ...]
    struck: bool = False


@dataclass(frozen=True)
class Calibration:
    """From a beam to probabilities, fitted on validation writers (training/lines/evaluate.py).

    `sharpness` scales scores before they are compared; `weights` are of the features of `confidence_features`;
    `rest` is how often a line whose first reading is wrong has the right one among the others.
    """

    sharpness: float = 1.0
    weights: tuple[float, ...] = (0.0, 1.0, 0.0, 0.0)
    rest: float = 0.3


class HandwritingReader:
    """Reads lines with the network of `model` and the French letters of `letters`; both are loaded when first used,
    once a process and thread count.
    """

    def __init__(self, model: Path = MODEL_PATH, letters: Path = LETTERS_PATH, threads: int = 1) -> None:
        self._model = model
        self._letters = letters
        self._threads = threads

    def read(self, strips: Sequence[Strip], /, expected: Sequence[Sequence[str]] = ()) -> list[LineReading]:
        """One reading a strip. The same strip is read the same in whatever company it comes.

        `expected`: for each strip, texts that would be no surprise there (what the roster knows, the form's own
        words). They are candidates even where no letter model would think of them, and a little more likely; whatever
        was written clearly wins all the same.

        Raises MissingProgramError where a model file is not there.
        """
        if not strips:
            return []
        settings = _load_network(self._model, self._threads).settings
        letters = _load_letters(self._letters)
        found = []
        for strip, texts in zip(strips, expected or [()] * len(strips), strict=True):
            columns = self.columns(strip)
            if not len(columns):
                found.append(LineReading(()))
                continue
            readings = decode(columns, ALPHABET, letters, settings.weighing)
            if texts:
                readings = with_expected(readings, columns, texts, ALPHABET, letters, settings.weighing)
            found.append(reading_of(readings, settings.calibration))
        return found

    def columns(self, strip: Strip) -> LogProbabilities:
        """Log-probabilities (columns, 1 + len(ALPHABET)) of one strip, CTC's blank first; no columns without ink."""
        return _load_network(self._model, self._threads).run(normalise_line(strip))


@dataclass(frozen=True)
class Settings:
    """What was fitted with a network, kept in its file as JSON."""

    weighing: Weighing
    calibration: Calibration

    @classmethod
    def from_json(cls, text: str) -> Settings:
        data = json.loads(text)
        calibration = data["calibration"]
        return cls(
            Weighing(**data["weighing"]),
            Calibration(calibration["sharpness"], tuple(calibration["weights"]), calibration["rest"]),
        )


@dataclass(frozen=True)
class _Network:
    session: Any
    settings: Settings

    def run(self, strip: Strip) -> LogProbabilities:
        if strip.shape[1] == 0:
            return np.empty((0, 1 + len(ALPHABET)), np.float32)
        ink = strip.astype(np.float32)[None, None] / 255
        return np.asarray(self.session.run(None, {"ink": ink})[0][0], np.float32)


@lru_cache(maxsize=4)
def _load_network(model: Path, threads: int) -> _Network:
    # Half a second that pages without handwriting, and commands that read no page, need not spend.
    import onnxruntime  # noqa: PLC0415

    if not model.is_file():
        raise MissingProgramError(
            _(
                "The model of handwritten lines is missing: {model}. Install papier again, or train it as "
                "training/lines/README.md says."
            ).format(model=model)
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    properties = session.get_modelmeta().custom_metadata_map
    assert properties["alphabet"] == ALPHABET  # noqa: S101 - a network of another alphabet would read nonsense
    return _Network(session, Settings.from_json(properties["settings"]))


@lru_cache(maxsize=2)
def _load_letters(path: Path) -> LetterModel:
    if not path.is_file():
        raise MissingProgramError(
            _(
                "The table of French letters is missing: {path}. Install papier again, or make it as "
                "training/lines/README.md says."
            ).format(path=path)
        )
    return LetterModel.load(path)


def reading_of(readings: Sequence[Reading], calibration: Calibration) -> LineReading:
    """What a beam (likeliest first) comes to: texts without what was struck out, with probabilities."""
    merged: dict[str, float] = {}
    for reading, share in zip(readings, posterior(readings, calibration.sharpness), strict=True):
        text = without_struck(reading.text)
        merged[text] = merged.get(text, 0.0) + float(share)
    ranked = sorted(merged.items(), key=lambda item: -item[1])[:MOST_CANDIDATES]
    if not ranked[0][0]:
        return LineReading((), STRUCK in readings[0].text)
    first = 1 / (1 + math.exp(-float(confidence_features(readings, ranked[0][1]) @ np.array(calibration.weights))))
    others = sum(share for _, share in ranked[1:]) or 1.0
    probabilities = [first, *((1 - first) * calibration.rest * share / others for _, share in ranked[1:])]
    return LineReading(
        tuple(
            Candidate(text, min(probability, first))
            for (text, _), probability in zip(ranked, probabilities, strict=True)
            if text
        ),
        STRUCK in readings[0].text,
    )


def posterior(readings: Sequence[Reading], sharpness: float) -> npt.NDArray[np.float64]:
    """Shares of the readings of one beam, by their scores."""
    scores = sharpness * np.array([reading.score for reading in readings])
    weights = np.exp(scores - scores.max())
    return np.asarray(weights / weights.sum())


def confidence_features(readings: Sequence[Reading], share: float) -> npt.NDArray[np.float64]:
    """What tells a right first reading from a wrong one: 1, the logit of its share of the beam, the log-probability of
    the columns for it, and the log of its length.
    """
    share = min(max(share, 1e-4), 1 - 1e-4)
    best = readings[0]
    return np.array([1.0, math.log(share / (1 - share)), max(best.seen, -40.0), math.log(max(1, len(best.text)))])


def without_struck(text: str) -> str:
    """`text` without what was struck out, its spaces single."""
    return " ".join(text.replace(STRUCK, " ").split())
