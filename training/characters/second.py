"""Train the second reader (`papier.ocr.second_reader`), which is asked where the first is in doubt.

    python -m training.characters.second --work DIR [--cells 3700000] [--seed 71]

Learns from what `sheets` and `draw` left in DIR (from fonts too), changed more strongly than `train` does, as the hands
are few; digits and letters alike often, and little of blank cells and noise. Writes DIR/second-SEED.pt, which
`pair` calibrates with the first and exports. The same files, seed and number of cells give the same steps.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from papier.ocr.characters import BLANK, DIGITS, INDEX, NOISE
from papier.ocr.second_reader import view
from training.characters.loop import Course, Drawn, train_network
from training.characters.network import SecondNetwork
from training.characters.train import KINDS, add_strokes, change, load_drawn, load_sheets

COURSE = Course(chunk=4096, rate=3e-3, rise=0.08, average=0.999)
# Of `train.change`: the hands are few.
STRENGTH = 1.5
FROM_SHEETS = 0.62
# How often training sees digits, letters and signs, blank cells, noise.
SHARES = (0.45, 0.45, 0.03, 0.07)
# Of cells, into whose window a neighbour's strokes are put.
INTRUDED = 0.12
# Of labels, which may be any other: no glyph is worth more than the log of this (some miss strokes).
MISLABELLED = 0.01
# The loss is that among all classes, and that within the character's own kind, which is what the reader is asked.
AMONG_ALL = 0.25


class Pool:
    """Cells to draw from, each of the four groups of `SHARES` as often as it says."""

    def __init__(self, ink: NDArray[np.uint8], label: NDArray[np.int64]) -> None:
        self.ink, self.label = ink, label
        group = np.select([label < len(DIGITS), label < INDEX[BLANK], label == INDEX[BLANK]], [0, 1, 2], 3)
        self.groups = [np.flatnonzero(group == number) for number in range(4)]

    def draw(self, count: int, random: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        each = random.multinomial(count, SHARES)
        chosen = np.concatenate(
            [group[random.integers(0, len(group), number)] for group, number in zip(self.groups, each, strict=True)]
        )
        return self.ink[chosen], self.label[chosen]


def intrude(ink: NDArray[np.uint8], labels: NDArray[np.int64], random: np.random.Generator) -> None:
    """Put the strokes of some cells into the windows of others from the side, in place; not into blank ones."""
    windows = np.flatnonzero((random.random(len(ink)) < INTRUDED) & (labels != INDEX[BLANK]) & (labels != INDEX[NOISE]))
    width = ink.shape[2]
    for index, other in zip(windows, random.integers(0, len(ink), len(windows)), strict=True):
        reach = int(random.integers(2, 9))
        stray = int(random.integers(8, 14))  # where the other's ink may begin
        if random.random() < 0.5:
            part = ink[other][:, width - stray - reach : width - stray]
            np.maximum(ink[index][:, :reach], part, out=ink[index][:, :reach])
        else:
            part = ink[other][:, stray : stray + reach]
            np.maximum(ink[index][:, width - reach :], part, out=ink[index][:, width - reach :])


def loss_of(logits: Tensor, labels: Tensor) -> Tensor:
    """Of all classes, and within the digits or letters that the label is one of; a label may be wrong."""
    everything = _loss(torch.log_softmax(logits, 1), labels).sum()
    within = torch.zeros(())
    for first, last in KINDS:
        own = (labels >= first) & (labels < last)
        if own.any():
            within = within + _loss(torch.log_softmax(logits[own, first:last], 1), labels[own] - first).sum()
    return (AMONG_ALL * everything + (1 - AMONG_ALL) * within) / len(labels)


def _loss(log_probs: Tensor, labels: Tensor) -> Tensor:
    right = log_probs.gather(1, labels[:, None])[:, 0].exp()
    return -torch.log((1 - MISLABELLED) * right + MISLABELLED / log_probs.shape[1])


def train(work: Path, cells: int, seed: int) -> None:
    torch.manual_seed(seed)
    generator, random = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    pools = Pool(*load_sheets(work, "train")), Pool(*load_drawn(work))
    print(f"{len(pools[0].label)} cells of sheets, {len(pools[1].label)} drawn", flush=True)
    from_sheets = int(FROM_SHEETS * COURSE.chunk)

    def draw() -> Drawn:
        parts = pools[0].draw(from_sheets, random), pools[1].draw(COURSE.chunk - from_sheets, random)
        order = random.permutation(COURSE.chunk)
        ink, truth = (np.concatenate(both)[order] for both in zip(*parts, strict=True))
        add_strokes(ink, truth, random)
        intrude(ink, truth, random)
        return ink, truth

    def see(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return view(change(ink, generator, STRENGTH))

    train_network(SecondNetwork(), COURSE, cells, draw, see, loss_of, work / f"second-{seed}.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--cells", type=int, default=3_700_000)
    parser.add_argument("--seed", type=int, default=71)
    arguments = parser.parse_args()
    train(arguments.work, arguments.cells, arguments.seed)


if __name__ == "__main__":
    main()
