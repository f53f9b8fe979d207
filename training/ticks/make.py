"""Draw the boxes that the model of ticks is fitted on.

    python -m training.ticks.make --pages 500 --sheets 500 --seed 1 --output boxes-1.npz [--data ../shared/data]

`--pages` of `draw`, any forms; `--sheets` of `sheets`, papier's own. Writes pictures (n, 3, 64, 64) and looks (n,); the
plainly empty boxes are thinned out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.characters.glyphs import TRAIN, VALIDATE
from training.ticks.draw import draw_page, interesting, load_marks
from training.ticks.sheets import draw_sheet_page


def draw_all(
    pages: int, sheets: int, seed: int, path: Path, part: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int_]]]:
    """Pictures and looks, page by page; lost pages are left out."""
    writers = load_marks(path, part)
    for page in range(sheets):
        drawn = draw_sheet_page(seed, page, writers)
        if drawn is not None:
            yield drawn
    for page in range(pages):
        pictures, looks, _ = draw_page(np.random.default_rng([seed, page]), writers)
        yield pictures, looks


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--sheets", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--validate", action="store_true", help="marks of the writers that calibration is fitted on")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    unipen = arguments.data / "characters" / "unipen.npz"
    part = VALIDATE if arguments.validate else TRAIN
    random = np.random.default_rng([arguments.seed, 1])
    pictures, looks = [], []
    drawn = draw_all(arguments.pages, arguments.sheets, arguments.seed, unipen, part)
    for count, (taken, classes) in enumerate(drawn, 1):
        kept = interesting(taken, classes, random)
        pictures.append(taken[kept])
        looks.append(classes[kept])
        if count % 100 == 0:
            print(f"{count} pages", flush=True)
    found = np.concatenate(looks)
    np.savez(arguments.output, pictures=np.concatenate(pictures), looks=found.astype(np.int8))
    print(f"{len(found)} boxes: {np.bincount(found, minlength=9).tolist()}")


if __name__ == "__main__":
    main()
