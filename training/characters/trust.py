"""Fit how far decoded combs are to be trusted (`papier.ocr.trust`), on whole fields of the validation writers.

    python -m training.characters.trust --work DIR --output papier/ocr/models/combs.json [--model MODEL.onnx]

Reads what `fields --part validate` dumped. Logistic curves by penalised likelihood; they say at most what so many
fields without a mistake can show. First those of the first reader; then, on the numbers and names that these leave in
doubt, those of both readers.
"""

import argparse
import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from papier.ocr.characters import MODEL_PATH, CharacterReader
from papier.ocr.postcodes import load_postcodes
from papier.ocr.second_reader import SecondReader
from papier.ocr.trust import Curve, log_odds, terms
from training.characters.measure_fields import ReadField, read_fields


@dataclass(frozen=True)
class Kind:
    """Contents that share their slopes, each with a start of its own; `legible` as in `Curve`.

    Names are spelled by what names are common: where the reader itself would have another letter, the spelling may be
    that of another name. Numbers know no such pull.
    """

    contents: tuple[str, ...]
    legible: float


KINDS = (
    Kind(("date", "hour", "telephone", "postcode", "nir", "class"), 0.0),
    Kind(("letters",), 0.7),
    Kind(("mixed",), 0.7),
)
# What both readers were asked about. Where a digit stays unclear (a 4 whose stem is lost, read 6), what the others make
# likely is no evidence.
BOTH = (Kind(KINDS[0].contents, 0.8), Kind(("letters",), 0.7))
# Where start, whole, clear and weakest begin, and how strongly they are held there; and a content's own start.
BEGINNING, HELD, OWN_HELD = (0.0, 1.0, 0.0, 0.0), (0.5, 2.0, 0.5, 4.0), 2.0
SLOPES = (1, 2, 3)  # never below 0
# Fields of at least this probability show how much the curve may claim.
CERTAIN = 0.999


def fit_curves(kind: Kind, fields: list[ReadField]) -> dict[str, Curve]:
    """One curve a content of the kind."""
    rows = []
    for field in fields:
        decoding = field.decoding
        own = [float(field.content == content) for content in kind.contents]
        rows.append([1.0, *terms(decoding.probability, decoding.weakest or 0.0, kind.legible), *own])
    features, right = np.array(rows), np.array([field.right for field in fields], float)
    weights = maximise(features, right, len(kind.contents))
    certain = features @ weights >= log_odds(CERTAIN)
    wrong = int((right[certain] == 0).sum())
    # Half a mistake more than was seen, over as many fields (Jeffreys's rule).
    ceiling = round(1 - (wrong + 0.5) / (int(certain.sum()) + 1), 6)
    print(
        f"{', '.join(kind.contents)}: {len(fields)} fields, {int((1 - right).sum())} wrong; given {CERTAIN}: "
        f"{int(certain.sum())}, {wrong} wrong; weights {np.round(weights, 3).tolist()}, at most {ceiling}"
    )
    start, whole, clear, weakest = (float(value) for value in weights[:4])
    return {
        content: Curve(
            round(start + float(own), 4), *(round(v, 4) for v in (whole, clear, weakest)), kind.legible, ceiling
        )
        for content, own in zip(kind.contents, weights[4:], strict=True)
    }


def maximise(
    features: NDArray[np.float64],
    right: NDArray[np.float64],
    contents: int,
    weight: NDArray[np.float64] | float = 1.0,
) -> NDArray[np.float64]:
    """Newton's method on the penalised log likelihood; slopes that would be negative are left out one by one.

    `weight`: how much each field counts.
    """
    beginning = np.array([*BEGINNING, *[0.0] * contents])
    held = np.array([*HELD, *[OWN_HELD] * contents])
    free = np.ones(len(beginning), bool)
    while True:
        weights, chosen = np.where(free, beginning, 0.0), np.flatnonzero(free)
        for _ in range(100):
            p = 1 / (1 + np.exp(-np.clip(features @ weights, -30, 30)))
            slope = features[:, chosen].T @ (weight * (right - p)) - held[chosen] * (weights - beginning)[chosen]
            bend = (features[:, chosen] * (weight * p * (1 - p))[:, None]).T @ features[:, chosen] + np.diag(
                held[chosen]
            )
            step = np.linalg.solve(bend, slope)
            weights[chosen] += step * min(1.0, 2.0 / max(1e-9, float(np.abs(step).max())))
            if np.abs(step).max() < 1e-7:
                break
        negative = [place for place in SLOPES if free[place] and weights[place] < 0]
        if not negative:
            return weights
        free[negative[-1]] = False


def is_fitted(field: ReadField) -> bool:
    """Whether the curve has a say in this field; not where the simulator made up a postcode, which people rarely do."""
    decoding = field.decoding
    usual = field.content != "postcode" or field.value in load_postcodes()
    return decoding.weakest is not None and decoding.problem is None and decoding.value is not None and usual


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=MODEL_PATH)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--first", type=Path, help="write the first reader's curves of this file, not those fitted now")
    arguments = parser.parse_args()
    reader = CharacterReader(arguments.model)
    alone = fit_all(KINDS, read_fields(arguments.work, "validate", reader))
    again = [content for kind in BOTH for content in kind.contents]
    fields = read_fields(arguments.work, "validate", reader, SecondReader(), {1: alone}, again=again)
    joined = fit_all(BOTH, [field for field in fields if field.readers == 2])
    stored = {
        name: {content: dataclasses.asdict(curve) for content, curve in curves.items()}
        for name, curves in (("curves", alone), ("joined", joined))
    }
    if arguments.first:
        stored["curves"] = json.loads(arguments.first.read_text("utf-8"))["curves"]
    arguments.output.write_text(json.dumps(stored, indent=1) + "\n", "utf-8")


def fit_all(kinds: Sequence[Kind], fields: list[ReadField]) -> dict[str, Curve]:
    """A curve for every content of these kinds."""
    curves: dict[str, Curve] = {}
    for kind in kinds:
        curves |= fit_curves(kind, [field for field in fields if field.content in kind.contents and is_fitted(field)])
    return curves


if __name__ == "__main__":
    main()
