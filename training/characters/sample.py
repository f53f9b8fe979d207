"""Choose the small sample of real handwriting that ships with papier: `tests/resources/hands.npz`.

    python -m training.characters.sample --data ../shared/data --output tests/resources/hands.npz

The sample comes from EMNIST alone (United States government data, free to ship): a random choice from a fixed part of
it, `held_out`, that the network's training never sees. Its few wrong labels stay in: of 55 samples that a network
disputed, about half were only hard to read, and dropping them would flatter every figure measured on the rest.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DIGITS = "0123456789"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
HELD_OUT_SEED = 20261124
HELD_OUT_DIGITS = 320  # a class; the sample takes 200 of them
HELD_OUT_CAPITALS = 160  # a class; K, the rarest, has 304, and training needs some too
SAMPLE_DIGITS = 200
SAMPLE_CAPITALS = 120
PSEUDO_WRITERS = 40  # divides both sample sizes: every pseudo-writer has every character, digits 5 times, capitals 3


def held_out(labels: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Which EMNIST samples training never sees: (n,) for the labels (n,) of `emnist.npz`, always the same ones."""
    random = np.random.default_rng(HELD_OUT_SEED)
    mask = np.zeros(len(labels), bool)
    for character in DIGITS + CAPITALS:
        order = random.permutation(np.flatnonzero(labels == character))
        mask[order[: HELD_OUT_DIGITS if character in DIGITS else HELD_OUT_CAPITALS]] = True
    return mask


def measure_slant(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Horizontal shear of each image (n, h, w), from second moments: positive leans to the right."""
    weight = images.astype(np.float64)
    total = weight.sum((1, 2)) + 1e-9
    y, x = np.mgrid[: images.shape[1], : images.shape[2]]
    mean_x = (weight * x).sum((1, 2)) / total
    mean_y = (weight * y).sum((1, 2)) / total
    delta_x, delta_y = x - mean_x[:, None, None], y - mean_y[:, None, None]
    covariance = (weight * delta_x * delta_y).sum((1, 2))
    variance = (weight * delta_y**2).sum((1, 2)) + 1e-9
    return np.asarray(-covariance / variance)


def choose(images: NDArray[np.uint8], labels: NDArray[np.str_]) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Indices of the sample and a pseudo-writer for each.

    EMNIST does not say who wrote what; a pseudo-writer collects glyphs of like slant, so that a simulated word looks
    as if one hand had written it.
    """
    candidates = held_out(labels)
    random = np.random.default_rng(HELD_OUT_SEED + 1)
    indices, writers = [], []
    for character in DIGITS + CAPITALS:
        wanted = SAMPLE_DIGITS if character in DIGITS else SAMPLE_CAPITALS
        pool = random.permutation(np.flatnonzero(candidates & (labels == character)))[:wanted]
        pool = pool[np.argsort(measure_slant(images[pool]), kind="stable")]
        indices.append(pool)
        writers.append(np.arange(wanted) * PSEUDO_WRITERS // wanted)
    return np.concatenate(indices), np.concatenate(writers).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    with np.load(arguments.data / "characters" / "emnist.npz") as emnist:
        images, labels = emnist["image"], emnist["label"]
    indices, writers = choose(images, labels)
    np.savez_compressed(arguments.output, image=images[indices], label=labels[indices], writer=writers)
    print(f"{len(indices)} samples, {arguments.output.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
