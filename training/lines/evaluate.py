"""Choose how much the letter model weighs, fit the probabilities, write the product's network, and measure.

python -m training.lines.evaluate DATA CHECKPOINT.pt LETTERS.npz OUTPUT.onnx

Validation writers choose and fit; the writers of the third part are only reported.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from papier.ocr.handwriting import (
    ALPHABET,
    Calibration,
    HandwritingReader,
    confidence_features,
    posterior,
    reading_of,
    without_struck,
)
from papier.ocr.letter_model import LetterModel
from papier.ocr.line_decoding import LogProbabilities, Reading, Weighing, decode
from papier.ocr.line_strips import normalise_line
from simulator.edits import edit_distance
from training.lines.export import export_network, store_in_bytes, store_in_half, write_settings
from training.lines.lines_data import TEST, TRAIN, VALIDATE, Line, load_images, load_lines
from training.lines.network import LineNetwork
from training.lines.scoring import calibration_chance, calibration_error

LANGUAGE_WEIGHTS = (0.3, 0.4, 0.5)
CHARACTER_WORTHS = (0.9, 1.2, 1.5)
# Lines whose activations set the ranges of eight-bit arithmetic.
RANGE_LINES, RANGE_WIDTH = 14, 640
UNMEASURED = Calibration()


@dataclass(frozen=True)
class Seen:
    """Lines of one collection and part, and the network's columns for each."""

    name: str
    lines: list[Line]
    columns: list[LogProbabilities]


def main() -> None:
    arguments = _arguments()
    network = LineNetwork()
    network.load_state_dict(torch.load(arguments.checkpoint))
    full = arguments.output.with_suffix(".full.onnx")
    export_network(network.eval(), full)
    if arguments.bytes:
        store_in_bytes(full, arguments.output, _range_strips(arguments.data), ())
    else:
        store_in_half(full, arguments.output)
    full.unlink()
    write_settings(arguments.output, Weighing(), UNMEASURED)
    reader = HandwritingReader(arguments.output, arguments.letters, arguments.threads)
    letters = LetterModel.load(arguments.letters)
    validation = see(reader, arguments.data, "copiste", VALIDATE, arguments.thin)
    weighing = choose_weighing(validation, letters)
    calibration = fit_calibration(validation, letters, weighing)
    write_settings(arguments.output, weighing, calibration)
    print(weighing, calibration, sep="\n")
    print("| set | lines | CER % | without letter model | lines right % | ECE | by chance |")
    print("|---|---|---|---|---|---|---|")
    report(validation, letters, weighing, calibration)
    for collection in ("copiste", "poilus", "unipen-words"):
        report(see(reader, arguments.data, collection, TEST, arguments.thin), letters, weighing, calibration)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("letters", type=Path, help="table made by training.lines.language")
    parser.add_argument("output", type=Path)
    parser.add_argument("--bytes", action="store_true", help="eight-bit weights and arithmetic")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--thin", type=int, default=1, help="one line in so many, for a quick look")
    return parser.parse_args()


def _range_strips(data: Path) -> list[npt.NDArray[np.uint8]]:
    archive = data / "lines" / "copiste.zip"
    lines = [line for line in load_lines(archive) if line.part == TRAIN and line.kind == "line"]
    lines = lines[:: max(1, len(lines) // RANGE_LINES)][:RANGE_LINES]
    strips = [normalise_line(ink)[:, :RANGE_WIDTH] for ink in load_images(archive, lines)]
    return [np.pad(strip, ((0, 0), (0, RANGE_WIDTH - strip.shape[1]))) for strip in strips]


def see(reader: HandwritingReader, data: Path, collection: str, part: str, thin: int = 1) -> Seen:
    archive = data / "lines" / f"{collection}.zip"
    wanted = [
        line for line in load_lines(archive) if line.part == part and line.kind not in ("header", "consent", "super")
    ]
    if collection == "unipen-words":
        wanted = wanted[::3]
    wanted = wanted[::thin]
    columns = [reader.columns(ink) for ink in load_images(archive, wanted)]
    return Seen(f"{collection}, {part}", wanted, columns)


def choose_weighing(seen: Seen, letters: LetterModel) -> Weighing:
    """The weights that read the validation writers best; first one, then the other, on every second line."""
    pairs = [(line.text, columns) for line, columns in zip(seen.lines, seen.columns, strict=True)][::2]

    def errors(weighing: Weighing) -> int:
        return sum(
            edit_distance(read_best(columns, letters, weighing), without_struck(text)) for text, columns in pairs
        )

    best = Weighing()
    for _ in range(2):
        best = min((Weighing(weight, best.character) for weight in LANGUAGE_WEIGHTS), key=errors)
        best = min((Weighing(best.language, worth) for worth in CHARACTER_WORTHS), key=errors)
    return best


def read_best(columns: LogProbabilities, letters: LetterModel | None, weighing: Weighing) -> str:
    return without_struck(decode(columns, ALPHABET, letters, weighing)[0].text) if len(columns) else ""


def read_greedily(columns: LogProbabilities) -> str:
    """The best class of every column."""
    best = columns.argmax(1).tolist()
    text = "".join(ALPHABET[k - 1] for i, k in enumerate(best) if k and (i == 0 or best[i - 1] != k))
    return without_struck(text)


def fit_calibration(seen: Seen, letters: LetterModel, weighing: Weighing) -> Calibration:
    """Logistic regression of "the first reading is right" by Newton's method, a little held back towards zero."""
    beams = [decode(columns, ALPHABET, letters, weighing) for columns in seen.columns if len(columns)]
    truths = [without_struck(line.text) for line, columns in zip(seen.lines, seen.columns, strict=True) if len(columns)]
    right = np.array([without_struck(beam[0].text) == truth for beam, truth in zip(beams, truths, strict=True)], float)
    sharpness = 1.0
    features = np.stack([confidence_features(beam, _share(beam, sharpness)) for beam in beams])
    weights = np.zeros(features.shape[1])
    hold = 0.05 * np.eye(len(weights))
    for _ in range(30):
        chance = 1 / (1 + np.exp(-features @ weights))
        slope = features.T @ (right - chance) - hold @ weights
        curvature = (features * (chance * (1 - chance))[:, None]).T @ features + hold
        weights = weights + np.linalg.solve(curvature, slope)
    wrong = [(beam, truth) for beam, truth, good in zip(beams, truths, right, strict=True) if not good]
    others = [truth in {without_struck(reading.text) for reading in beam[:5]} for beam, truth in wrong]
    rest = float(np.mean(others)) if others else 0.0
    return Calibration(sharpness, tuple(round(float(weight), 4) for weight in weights), round(rest, 3))


def _share(beam: list[Reading], sharpness: float) -> float:
    """The first reading's share, readings that differ in what is struck out taken together, as the product does."""
    first = without_struck(beam[0].text)
    shares = posterior(beam, sharpness)
    return float(
        sum(share for reading, share in zip(beam, shares, strict=True) if without_struck(reading.text) == first)
    )


def report(seen: Seen, letters: LetterModel, weighing: Weighing, calibration: Calibration) -> None:
    """One row of the table for each kind of line that differs: plain ones, and those with something struck out."""
    for name, chosen in (("", False), (" struck-out passages", True)):
        pairs = [
            (without_struck(line.text), columns)
            for line, columns in zip(seen.lines, seen.columns, strict=True)
            if (line.kind == "crossed" or "■" in line.text) == chosen
        ]
        if not pairs:
            continue
        total = sum(len(truth) for truth, _ in pairs)
        errors = greedy = 0
        first: list[tuple[float, bool]] = []
        for truth, columns in pairs:
            greedy += edit_distance(read_greedily(columns), truth)
            reading = reading_of(decode(columns, ALPHABET, letters, weighing), calibration) if len(columns) else None
            best = reading.candidates[0] if reading and reading.candidates else None
            errors += edit_distance(best.text if best else "", truth)
            if best:
                first.append((best.probability, best.text == truth))
        print(
            f"| {seen.name}{name} | {len(pairs)} | {100 * errors / total:.2f} | {100 * greedy / total:.2f} "
            f"| {100 * np.mean([right for _, right in first]):.1f} | {calibration_error(first):.3f} "
            f"| {calibration_chance([probability for probability, _ in first]):.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
