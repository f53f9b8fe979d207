"""Train the second reader (`papier.ocr.second_reader`), which is asked where the first is in doubt.

    python -m training.characters.second --work DIR [--cells 320000] [--epochs 8]

Learns from what `sheets` and `draw` left in DIR, characters only, some with the strokes that Europeans
add (`train.add_strokes`). The features of SecondNetwork are
computed once; its layers learn from them. Writes DIR/second.pt, which `pair` calibrates with the first and exports.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from papier.ocr.characters import BLANK, INDEX
from papier.ocr.straightening import straighten
from training.characters.network import FEATURES, SecondNetwork
from training.characters.train import DECAY, FROM_SHEETS, add_strokes, load_drawn, load_sheets

SEED = 57
BATCH, RATE, AVERAGE = 512, 1.5e-3, 0.9985
# Features are kept in 8 bits, of which 1 is this.
STEPS = 180.0


def compute_features(network: SecondNetwork, work: Path, cells: int) -> tuple[Tensor, Tensor]:
    """Features in 8 bits (cells, FEATURES) of characters, and their labels."""
    random = np.random.default_rng(SEED)
    features, labels = torch.empty((cells, FEATURES), dtype=torch.uint8), torch.empty(cells, dtype=torch.int64)
    began, done = time.time(), 0
    for (ink, label), count in (
        (load_sheets(work, "train"), int(FROM_SHEETS * cells)),
        (load_drawn(work), cells - int(FROM_SHEETS * cells)),
    ):
        characters = np.flatnonzero(label < INDEX[BLANK])
        # Every character as often as any other, or once more.
        chosen = np.concatenate([random.permutation(characters) for _ in range(count // len(characters) + 1)])[:count]
        for place in range(0, count, 1024):
            part = chosen[place : place + 1024]
            cell, truth = np.ascontiguousarray(ink[part]), label[part]
            add_strokes(cell, truth, random)
            with torch.no_grad():
                found = network.features(torch.from_numpy(straighten(cell)).float())
            features[done : done + len(part)] = (found * STEPS + 0.5).clamp(0, 255).to(torch.uint8)
            labels[done : done + len(part)] = torch.from_numpy(truth)
            done += len(part)
            if place // 1024 % 50 == 49:
                print(f"features of {done} cells, {time.time() - began:.0f} s", flush=True)
    return features, labels


def loss_within(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy among the digits or the letters that each label is one of."""
    own = torch.where(labels < 10, 0, 1)
    group = torch.where(torch.arange(logits.shape[1]) < 10, 0, 1)
    return torch.nn.functional.cross_entropy(logits.masked_fill(own[:, None] != group, -1e4), labels)


def learn(network: SecondNetwork, features: Tensor, labels: Tensor, epochs: int) -> None:
    """The layers after these epochs, averaged over their last hundreds of steps; in place."""
    generator = torch.Generator().manual_seed(SEED)
    steps = epochs * (len(labels) // BATCH)
    head = network.layers
    optimiser = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1, pct_start=0.1)
    averaged = torch.optim.swa_utils.AveragedModel(
        head, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGE), use_buffers=True
    )
    head.train()
    began = time.time()
    for epoch in range(epochs):
        total = 0.0
        batches = torch.randperm(len(labels), generator=generator)[: steps // epochs * BATCH].split(BATCH)
        for batch in batches:
            with torch.autocast("cpu", torch.bfloat16):
                logits = head(features[batch].float() / STEPS)
            loss = loss_within(logits.float(), labels[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            averaged.update_parameters(head)
            total += float(loss.detach())
        print(f"epoch {epoch + 1}: loss {total / len(batches):.3f}, {time.time() - began:.0f} s", flush=True)
    head.load_state_dict(averaged.module.state_dict())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--cells", type=int, default=320_000)
    parser.add_argument("--epochs", type=int, default=8)
    arguments = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.manual_seed(SEED)
    network = SecondNetwork()
    features, labels = compute_features(network, arguments.work, arguments.cells)
    learn(network, features, labels, arguments.epochs)
    torch.save(network.state_dict(), arguments.work / "second.pt")


if __name__ == "__main__":
    main()
