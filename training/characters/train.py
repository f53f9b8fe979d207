"""Train the network of hand-printed characters.

    python -m training.characters.train --data ../shared/data --work DIR [--cells 3000000] [--processes 1]

Writes DIR/network.pt; `evaluate` calibrates and exports it. The same seed, number of cells and processes give the same
cells in the same order.
"""

import argparse
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from papier.ocr.characters import normalise
from training.characters.cells import CellSimulator
from training.characters.clean import load_disputed
from training.characters.glyphs import TRAIN, Glyphs, load_glyphs
from training.characters.network import CharacterNetwork

SEED = 41
CHUNK = 4096  # cells drawn at a time
REUSE = 2  # each drawn cell is learnt from twice, shortly after one another: drawing costs more than learning
KEPT = 24  # chunks that stand ready at a time, to mix cells of different chunks
BATCH = 256
RATE = 2e-3
DECAY = 0.02  # of weights, AdamW
AVERAGE = 0.998  # of weights over steps: smooths the last hundreds of steps


def load_training_glyphs(data: Path, work: Path) -> Glyphs:
    """The training writers' glyphs without the labels that are in dispute."""
    glyphs = load_glyphs(data, work)
    return glyphs.where((glyphs.part == TRAIN) & glyphs.plausible & ~load_disputed(work, len(glyphs)))


def draw_chunks(
    data: Path, work: Path, seed: int, queue: "multiprocessing.Queue[tuple[np.ndarray, np.ndarray]]"
) -> None:
    """Draw cells for ever; runs in a process of its own."""
    torch.set_num_threads(1)
    simulator = CellSimulator(load_training_glyphs(data, work), seed)
    while True:
        cells = simulator.draw(CHUNK)
        queue.put((normalise(cells.ink), cells.label))


def train(data: Path, work: Path, cells: int, processes: int, start: Path | None) -> None:
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.manual_seed(SEED)
    random = np.random.default_rng(SEED)
    load_training_glyphs(data, work)
    queues = []
    for number in range(processes):
        queue = multiprocessing.Queue(maxsize=4)
        multiprocessing.Process(
            target=draw_chunks, args=(data, work, SEED + (1000 if start else 0) + number, queue), daemon=True
        ).start()
        queues.append(queue)
    network = CharacterNetwork().to(memory_format=torch.channels_last)
    if start:
        network.load_state_dict(torch.load(start))
    average = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGE), use_buffers=True
    )
    steps = cells // BATCH
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE if not start else RATE / 2, total_steps=steps + 1, pct_start=0.08
    )
    ready: list[tuple[np.ndarray, np.ndarray]] = []
    began, step, drawn = time.time(), 0, 0
    running = [0.0, 0.0]
    while step < steps:
        while len(ready) < (KEPT if drawn >= KEPT else 2):
            ready.append(queues[drawn % processes].get())
            drawn += 1
        planes = np.concatenate([chunk[0] for chunk in ready])
        labels = np.concatenate([chunk[1] for chunk in ready])
        # As many cells as the chunks that are about to be replaced, times their reuse.
        replaced = min(4, len(ready))
        for batch in np.array_split(
            random.choice(len(planes), replaced * CHUNK * REUSE), replaced * CHUNK * REUSE // BATCH
        ):
            images = torch.from_numpy(planes[batch]).float().div_(255).contiguous(memory_format=torch.channels_last)
            target = torch.from_numpy(labels[batch])
            loss = functional.cross_entropy(network(images), target, label_smoothing=0.01)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            average.update_parameters(network)
            running = [running[0] * 0.99 + float(loss.detach()), running[1] * 0.99 + 1]
            step += 1
            if step % 500 == 0:
                print(
                    f"step {step}/{steps} loss {running[0] / running[1]:.3f} {time.time() - began:.0f} s",
                    flush=True,
                )
            if step % 2000 == 0 or step == steps:
                torch.save(average.module.state_dict(), work / "network.pt")
            if step >= steps:
                break
        ready = ready[replaced:] if drawn >= KEPT else ready
        if drawn < KEPT:
            for _ in range(2):
                ready.append(queues[drawn % processes].get())
                drawn += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--cells", type=int, default=3_000_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--start", type=Path)
    arguments = parser.parse_args()
    train(arguments.data, arguments.work, arguments.cells, arguments.processes, arguments.start)


if __name__ == "__main__":
    main()
