"""Draw cells one by one, harsher than sheets: `cells.py` with the training writers' glyphs, into DIR/drawn-SEED-N.npz.

python -m training.characters.draw --data ../shared/data --work DIR --cells 250000 [--seed 41] [--fonts PACKAGES]
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import torch

from training.characters.cells import CellSimulator
from training.characters.clean import load_disputed
from training.characters.fonts import load_font_glyphs
from training.characters.glyphs import TRAIN, Glyphs, load_glyphs

CELLS_A_FILE = 50_000


def load_training_glyphs(data: Path, work: Path) -> Glyphs:
    """The training writers' glyphs without the labels that are in dispute."""
    glyphs = load_glyphs(data, work)
    return glyphs.where((glyphs.part == TRAIN) & glyphs.plausible & ~load_disputed(work, len(glyphs)))


def join_glyphs(one: Glyphs, other: Glyphs) -> Glyphs:
    fields = (field.name for field in dataclasses.fields(Glyphs))
    return Glyphs(**{name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in fields})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--cells", type=int, default=250_000)
    parser.add_argument("--seed", type=int, default=41)
    parser.add_argument(
        "--fonts", type=Path, help="the folder of handwriting fonts that training/lines/README.md names"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    glyphs = load_training_glyphs(arguments.data, arguments.work)
    if arguments.fonts:
        glyphs = join_glyphs(glyphs, load_font_glyphs(arguments.fonts))
    simulator = CellSimulator(glyphs, arguments.seed)
    for number, start in enumerate(range(0, arguments.cells, CELLS_A_FILE)):
        cells = simulator.draw(min(CELLS_A_FILE, arguments.cells - start))
        np.savez(arguments.work / f"drawn-{arguments.seed}-{number:02d}.npz", ink=cells.ink, label=cells.label)
        print(f"{start + len(cells.label)} cells", flush=True)


if __name__ == "__main__":
    main()
