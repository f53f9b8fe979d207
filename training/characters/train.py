"""Train the network of hand-printed characters.

    python -m training.characters.train --work DIR --cells 5000000 [--start DIR/first.pt]

Learns from what `sheets` and `draw` left in DIR, changed a little each time it is seen; writes DIR/network.pt, which
`evaluate` calibrates and exports. The same files, seed and number of cells give the same steps.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from papier.ocr.characters import BLANK, CLASSES, DIGITS, INDEX, INK_HEIGHT, INK_WIDTH, normalise
from papier.ocr.zones.comb import prepare
from training.characters.loop import Course, Drawn, train_network
from training.characters.network import CharacterNetwork

SEED = 41
COURSE = Course(chunk=8192, rate=3e-3, rise=0.1, average=0.9985)
BEND = 2.0  # pixels, of six a millimetre: the strongest bending of a stroke
# Share of cells that come from whole sheets, rather than drawn one by one with worse frames, neighbours and dirt.
FROM_SHEETS = 0.8
KINDS = ((0, len(DIGITS)), (len(DIGITS), INDEX[BLANK]))  # classes of digits, and of letters and signs
FAINTEST = 40  # ink below this shows nothing: such a cell is blank whatever was written
# Characters that people also write with one stroke more, and how often training adds it, as few of the collections'
# writers do: a zero with its slash, a seven and a Z with their bars, a one with its
# upstroke.
SLASHED, BARRED, UPSTROKES = {"0": 0.05}, {"7": 0.12, "Z": 0.2}, {"1": 0.15}
# The loss is that among all classes, which a field's content mostly settles, and that within the character's own kind.
AMONG_ALL = 0.5


def load_sheets(work: Path, part: str, dumped_by: str = "sheets") -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All cells that `sheets` (or `fields`) dumped for a part of the writers, prepared as the product does."""
    inks, labels = [], []
    for file in sorted(work.glob(f"{dumped_by}-{part}-*.npz")):
        with np.load(file) as saved:
            ink, comb, joined = saved["ink"], saved["comb"], saved["joined"]
            label = saved["label"].astype(np.int64)
        starts = np.flatnonzero(np.diff(comb, prepend=-1))
        ends = np.append(starts[1:], len(comb))
        ink = np.concatenate([prepare(ink[a:b], joined[a:b]) for a, b in zip(starts, ends, strict=True)])
        label[(ink[:, 7:-7, 7:-7].max((1, 2)) < FAINTEST)] = INDEX[BLANK]
        inks.append(ink)
        labels.append(label)
    return np.concatenate(inks), np.concatenate(labels)


def load_rough(work: Path, part: str) -> NDArray[np.bool_]:
    """Which of the cells of `load_sheets` come from rough scans (n,)."""
    found = []
    for file in sorted(work.glob(f"sheets-{part}-*.npz")):
        with np.load(file) as saved:
            found.append(saved["rough"])
    return np.concatenate(found)


def load_drawn(work: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    files = sorted(work.glob("drawn-*.npz"))
    saved = [np.load(file) for file in files]
    return np.concatenate([part["ink"] for part in saved]), np.concatenate([part["label"] for part in saved])


def training_shares(work: Path) -> NDArray[np.float32]:
    """How often training sees each class (classes,)."""
    counts = np.zeros(len(CLASSES))
    for pattern, share in (("sheets-train-*.npz", FROM_SHEETS), ("drawn-*.npz", 1 - FROM_SHEETS)):
        found = np.concatenate([np.load(file)["label"] for file in sorted(work.glob(pattern))])
        counts += share * np.bincount(found, minlength=len(CLASSES)) / len(found)
    return counts.astype(np.float32)


def change(ink: NDArray[np.uint8], random: torch.Generator, strength: float = 1.0) -> NDArray[np.uint8]:
    """Ink images turned, stretched, moved, thickened or thinned, lightened and specked a little.

    `strength`: how much their shape is changed.
    """
    count = len(ink)

    def normal(deviation: float) -> torch.Tensor:
        return torch.randn(count, generator=random) * deviation

    def uniform(low: float, high: float) -> torch.Tensor:
        return torch.rand(count, generator=random) * (high - low) + low

    images = torch.from_numpy(ink).float().div_(255)[:, None]
    # Some cells are changed much, most a little, as they already differ.
    amount = strength * uniform(0, 1)
    turn, shear = amount * normal(0.05), amount * normal(0.08)
    across, down = torch.exp(amount * normal(0.08)), torch.exp(amount * normal(0.07))
    aspect = INK_HEIGHT / INK_WIDTH
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0] = across
    matrix[:, 0, 1] = (shear - turn) * aspect
    matrix[:, 1, 0] = turn / aspect
    matrix[:, 1, 1] = down
    matrix[:, 0, 2] = amount / strength * normal(1.5) * 2 / INK_WIDTH
    matrix[:, 1, 2] = amount / strength * normal(1.8) * 2 / INK_HEIGHT
    grid = functional.affine_grid(matrix, [count, 1, INK_HEIGHT, INK_WIDTH], align_corners=False)
    # Bent as well (Simard et al. 2003): a hand never draws the same shape twice.
    bend = torch.randn(count, 2, 5, 4, generator=random) * uniform(0, strength * BEND)[:, None, None, None]
    bend = functional.interpolate(bend, (INK_HEIGHT, INK_WIDTH), mode="bicubic", align_corners=True)
    grid = grid + bend.permute(0, 2, 3, 1) * torch.tensor([2 / INK_WIDTH, 2 / INK_HEIGHT])
    images = functional.grid_sample(images, grid, align_corners=False)
    order = torch.randperm(count, generator=random)
    thick, thin = order[: count // 8], order[count // 8 : count // 5]
    share = uniform(0.2, 1.0)[:, None, None, None]
    grown = functional.max_pool2d(images[thick], 3, 1, 1)
    images[thick] += share[thick] * (grown - images[thick])
    eroded = -functional.max_pool2d(-images[thin], 3, 1, 1)
    images[thin] += 0.7 * share[thin] * (eroded - images[thin])
    images *= (uniform(0.75, 1.12) * torch.where(uniform(0, 1) < 0.12, uniform(0.45, 1.0), 1.0))[:, None, None, None]
    noisy = torch.randperm(count, generator=random)[: count // 5]
    level = uniform(0.0, 0.08)[noisy, None, None, None]
    images[noisy] += level * torch.randn(len(noisy), 1, INK_HEIGHT, INK_WIDTH, generator=random)
    return np.asarray((images[:, 0].clamp_(0, 1) * 255).to(torch.uint8))


def add_strokes(ink: NDArray[np.uint8], labels: NDArray[np.int64], random: np.random.Generator) -> None:
    """Slash some zeros, bar some sevens and Zs, begin some ones with an upstroke, in place, in their own ink."""
    for wanted in (SLASHED, BARRED, UPSTROKES):
        for character, share in wanted.items():
            for index in np.flatnonzero((labels == INDEX[character]) & (random.random(len(labels)) < share)):
                image = ink[index]
                dark = image > max(60.0, 0.5 * float(image.max()))
                rows, columns = np.flatnonzero(dark[4:-4].any(1)) + 4, np.flatnonzero(dark[:, 4:-4].any(0)) + 4
                if len(rows) < 12 or len(columns) < (2 if wanted is UPSTROKES else 6):
                    continue
                low = np.array([columns[0], rows[0]], float)
                size = np.array([columns[-1], rows[-1]], float) - low
                length = 1.3 * float(size.sum())
                if wanted is UPSTROKES:
                    ends, length = _upstroke(dark, rows, size, random), float(np.hypot(*size))
                elif wanted is SLASHED:
                    lean = random.uniform(-0.1, 0.6)
                    ends = low + size * np.array([[0.5 + lean, -0.15], [0.5 - lean, 1.15]])
                    ends += size * random.normal(0, 0.07, (2, 2))
                else:
                    ends = low + size * (np.array([[0.1, 0.52], [0.95, 0.48]]) + random.normal(0, 0.07, (2, 2)))
                points = [tuple(np.round(end * 16).astype(int).tolist()) for end in ends]
                width = min(6, max(1, round(float(dark.sum()) / max(1.0, length))))
                stroke = cv2.line(np.zeros_like(image), points[0], points[1], 255, width, cv2.LINE_AA, 4)
                stroke = cv2.GaussianBlur(stroke, (0, 0), 0.7).astype(np.float32) * (float(image[dark].mean()) / 255)
                ink[index] = np.maximum(image, stroke.astype(np.uint8))


def _upstroke(
    dark: NDArray[np.bool_], rows: NDArray[np.intp], size: NDArray[np.float64], random: np.random.Generator
) -> NDArray[np.float64]:
    """Where a one's upstroke ends and begins (2, 2), in pixels: from its top down to the left, short or almost to its
    foot.
    """
    top = np.array([float(np.flatnonzero(dark[rows[0] : rows[0] + 2].any(0)).mean()), float(rows[0]) + 0.5])
    angle = random.uniform(0.35, 1.15)  # from the vertical, in radians
    length = size[1] * random.uniform(0.2, 0.75)
    return np.stack([top, top + length * np.array([-np.sin(angle), np.cos(angle)])])


def loss_of(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross entropy among all classes, and within the digits or letters that the label is one of."""
    everything = functional.cross_entropy(logits, labels)
    within = torch.zeros(())
    for first, last in KINDS:
        own = (labels >= first) & (labels < last)
        if own.any():
            within = within + functional.cross_entropy(logits[own, first:last], labels[own] - first, reduction="sum")
    return AMONG_ALL * everything + (1 - AMONG_ALL) * within / len(labels)


def train(work: Path, cells: int, start: Path | None) -> None:
    seed = SEED + (start is not None)
    torch.manual_seed(seed)
    generator, random = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    sheets, drawn = load_sheets(work, "train"), load_drawn(work)
    print(f"{len(sheets[1])} cells of sheets, {len(drawn[1])} drawn", flush=True)
    network, course = CharacterNetwork(), COURSE
    if start:
        network.load_state_dict(torch.load(start))
        course = replace(COURSE, rate=COURSE.rate * 0.45)
    from_sheets = int(FROM_SHEETS * course.chunk)

    def draw() -> Drawn:
        first = random.integers(0, len(sheets[1]), from_sheets)
        second = random.integers(0, len(drawn[1]), course.chunk - from_sheets)
        order = random.permutation(course.chunk)
        ink = np.concatenate([sheets[0][first], drawn[0][second]])[order]
        truth = np.concatenate([sheets[1][first], drawn[1][second]])[order]
        add_strokes(ink, truth, random)
        return ink, truth

    def see(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return normalise(change(ink, generator))

    train_network(network, course, cells, draw, see, loss_of, work / "network.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--cells", type=int, default=5_000_000)
    parser.add_argument("--start", type=Path)
    arguments = parser.parse_args()
    train(arguments.work, arguments.cells, arguments.start)


if __name__ == "__main__":
    main()
