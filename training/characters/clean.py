"""Find mislabelled glyphs with a trained model: the ones it takes, undisturbed, for another character.

    python -m training.characters.clean --data ../shared/data --work DIR --model MODEL.onnx

Writes DIR/disputed.npz: `disputed` (n,), of all glyphs. Training leaves them out; figures on held-out writers are given
with and without them.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from papier.ocr.characters import CAPITALS, CLASSES, DIGITS, INDEX, INK_HEIGHT, INK_WIDTH, CharacterReader
from training.characters.glyphs import EMNIST, TEST, TRAIN, UNIPEN, VALIDATE, Glyphs, load_glyphs

# What a shape alone cannot tell apart is no mislabel.
ALIKE = {"0": "OQD", "O": "0DQ", "1": "IJL7", "I": "1LJT", "5": "S", "S": "5", "2": "Z", "Z": "2", "6": "GB", "8": "B"}
CERTAIN = 0.95  # the model's probability for other characters above which a label is in dispute
WRITER_SHARE = 0.3  # a writer with this share of disputed capitals (or digits) was cut wrongly: all of them go


def paste(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A glyph image, ink 255, as a well-written cell (56, 44)."""
    rows, columns = np.flatnonzero((image > 60).any(1)), np.flatnonzero((image > 60).any(0))
    cell = np.zeros((INK_HEIGHT, INK_WIDTH), np.uint8)
    if len(rows) == 0:
        return cell
    glyph = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = 32 / max(glyph.shape)
    size = (max(round(glyph.shape[1] * scale), 1), max(round(glyph.shape[0] * scale), 1))
    glyph = cv2.resize(glyph, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    top, left = (INK_HEIGHT - size[1]) // 2, (INK_WIDTH - size[0]) // 2
    cell[top : top + size[1], left : left + size[0]] = glyph
    return cell


def doubt_labels(images: NDArray[np.uint8], labels: NDArray[np.str_], model: Path) -> NDArray[np.float64]:
    """Probability (n,), by the model at `model`, that a digit or capital is another than its label says."""
    reader = CharacterReader(model)
    doubt = np.zeros(len(images))
    chosen = np.flatnonzero(np.isin(labels, list(DIGITS + CAPITALS)))
    for start in range(0, len(chosen), 4096):
        part = chosen[start : start + 4096]
        probability = np.exp(reader.read(np.stack([paste(image) for image in images[part]])).log_probs)
        for row, index in enumerate(part):
            label = str(labels[index])
            known = [INDEX[character] for character in label + ALIKE.get(label, "")]
            known += [INDEX[name] for name in CLASSES if len(name) == 1 and name not in DIGITS + CAPITALS]
            doubt[index] = 1 - probability[row, known].sum()
    return doubt


def load_disputed(work: Path, count: int) -> NDArray[np.bool_]:
    """(count,) which glyphs are in dispute; none before `clean` has run."""
    file = work / "disputed.npz"
    if not file.is_file():
        return np.zeros(count, bool)
    with np.load(file) as saved:
        return np.asarray(saved["disputed"])


def find_disputed(glyphs: Glyphs, model: Path) -> NDArray[np.bool_]:
    """(n,) which digits and capitals the model disputes, and all of a writer's where most seem cut wrongly."""
    doubted = doubt_labels(glyphs.images(), glyphs.label, model) > CERTAIN
    disputed = doubted.copy()
    for characters in (DIGITS, CAPITALS):
        kind = np.isin(glyphs.label, list(characters)) & (glyphs.source == UNIPEN)
        for writer in np.unique(glyphs.writer[kind]):
            own = kind & (glyphs.writer == writer)
            if doubted[own].mean() > WRITER_SHARE:
                disputed |= own
    return disputed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    arguments = parser.parse_args()
    glyphs = load_glyphs(arguments.data, arguments.work)
    disputed = find_disputed(glyphs, arguments.model)
    np.savez_compressed(arguments.work / "disputed.npz", disputed=disputed)
    for name, source in (("UNIPEN", UNIPEN), ("EMNIST", EMNIST)):
        for kind, characters in (("digits", DIGITS), ("capitals", CAPITALS)):
            for part in (TRAIN, VALIDATE, TEST):
                own = np.isin(glyphs.label, list(characters)) & (glyphs.source == source) & (glyphs.part == part)
                if own.any():
                    print(f"{name} {kind} part {part}: {disputed[own].sum()} of {own.sum()} disputed")


if __name__ == "__main__":
    main()
