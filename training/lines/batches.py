"""Endless batches of disturbed lines, drawn by worker processes, lines of like width together."""

from __future__ import annotations

import itertools
import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from papier.ocr.line_strips import COLUMN, HEIGHT, normalise_line
from training.lines.disturb import Ink, disturb
from training.lines.lines_data import encode

Strips = npt.NDArray[np.uint8]  # (n, HEIGHT, width)

# Letters wider than they come read better: chosen on the validation writers. The product narrows them, for time.
TRAINED_STRETCH = 0.9
# Columns in a batch: nine lines of forty letters.
BATCH_COLUMNS = 7_000
POOL = 160


@dataclass(frozen=True)
class Source:
    """Lines that a share of the batches is drawn from; `draw` overrides them (synthetic lines)."""

    name: str
    share: float
    images: list[Ink]
    texts: list[str]
    draw: Callable[[np.random.Generator], tuple[Ink, str]] | None = None

    def pick(self, rng: np.random.Generator) -> tuple[Ink, str]:
        if self.draw is not None:
            return self.draw(rng)
        index = int(rng.integers(len(self.images)))
        return self.images[index], self.texts[index]


@dataclass(frozen=True)
class Batch:
    strips: Strips
    classes: list[list[int]]


def endless(sources: list[Source], seed: int, workers: int = 1) -> Iterator[Batch]:
    """Batches drawn by forked `workers`; the order of batches is fixed by `seed` where there is one worker."""
    context = multiprocessing.get_context("fork")
    queue: Any = context.Queue(maxsize=40)
    for worker in range(workers):
        context.Process(target=_work, args=(queue, sources, seed + 1000 * worker), daemon=True).start()
    while True:
        strips, classes = queue.get()
        yield Batch(strips, classes)


def draw_line(sources: list[Source], rng: np.random.Generator) -> tuple[Strips, list[int]] | None:
    shares = np.array([source.share for source in sources])
    source = sources[int(rng.choice(len(sources), p=shares / shares.sum()))]
    ink, text = source.pick(rng)
    neighbour = sources[0].images[int(rng.integers(len(sources[0].images)))]
    disturbed = disturb(ink, rng, neighbour) if rng.random() < 0.92 else ink
    strip = normalise_line(disturbed, TRAINED_STRETCH * float(np.exp(rng.normal(0, 0.06))))
    classes = encode(text)
    repeats = sum(a == b for a, b in itertools.pairwise(classes))
    if strip.shape[1] < COLUMN * (len(classes) + repeats + 1) or not classes:
        return None
    if rng.random() < 0.5:
        shift, zoom = rng.normal(0, 1.2), np.exp(rng.normal(0, 0.05))
        place = np.array([[1, 0, 0], [0, zoom, (1 - zoom) * HEIGHT / 2 + shift]], np.float32)
        strip = np.asarray(cv2.warpAffine(strip, place, (strip.shape[1], HEIGHT)), dtype=np.uint8)
    return strip, classes


def _work(queue: Any, sources: list[Source], seed: int) -> None:
    os.nice(3)
    rng = np.random.default_rng(seed)
    while True:
        drawn = [line for line in (draw_line(sources, rng) for _ in range(POOL)) if line is not None]
        drawn.sort(key=lambda line: line[0].shape[1])
        batches: list[list[tuple[Strips, list[int]]]] = [[]]
        for line in drawn:
            if len(batches[-1]) and line[0].shape[1] * (len(batches[-1]) + 1) > BATCH_COLUMNS:
                batches.append([])
            batches[-1].append(line)
        for index in rng.permutation(len(batches)):
            lines = batches[index]
            width = max(strip.shape[1] for strip, _ in lines)
            strips = np.stack([np.pad(strip, ((0, 0), (0, width - strip.shape[1]))) for strip, _ in lines])
            queue.put((strips, [classes for _, classes in lines]))
