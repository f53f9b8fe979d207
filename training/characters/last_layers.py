"""Learn the network's last two layers again: a twentieth of the work of training all of it.

    python -m training.characters.last_layers --work DIR --start A.pt [B.pt …] [--cells 220000] [--epochs 4]

The weights of the given networks, which must be stages of one training, are averaged; what the convolutions of that
average make of `cells` cells (`sheets` and `draw`, changed as `train` changes them) is computed once; the layers after
them learn from it. Writes DIR/network.pt.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from papier.ocr.characters import normalise
from training.characters.loop import DECAY
from training.characters.network import CharacterNetwork
from training.characters.train import FROM_SHEETS, SEED, add_strokes, change, load_drawn, load_sheets, loss_of

CONVOLUTIONS = 14  # layers up to and with the flattening
BATCH, RATE, AVERAGE = 512, 1e-3, 0.998


def average(files: list[Path]) -> dict[str, Tensor]:
    """The mean of the weights, counters as in the first."""
    stages = [torch.load(file) for file in files]
    return {
        name: torch.stack([stage[name] for stage in stages]).mean(0) if first.is_floating_point() else first
        for name, first in stages[0].items()
    }


def convolve(convolutions: nn.Module, work: Path, cells: int) -> tuple[Tensor, Tensor]:
    """What the convolutions make of freshly changed cells (cells, 2048), in halves; and their labels."""
    sheets, drawn = load_sheets(work, "train"), load_drawn(work)
    random, generator = np.random.default_rng(SEED), torch.Generator().manual_seed(SEED)
    first = random.integers(0, len(sheets[1]), int(FROM_SHEETS * cells))
    second = random.integers(0, len(drawn[1]), cells - len(first))
    order = random.permutation(cells)
    ink = np.concatenate([sheets[0][first], drawn[0][second]])[order]
    labels = np.concatenate([sheets[1][first], drawn[1][second]])[order]
    add_strokes(ink, labels, random)
    parts = []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for place in range(0, cells, 256):
            planes = torch.from_numpy(normalise(change(ink[place : place + 256], generator))).float().div_(255)
            parts.append(convolutions(planes.contiguous(memory_format=torch.channels_last)).half())
    return torch.cat(parts), torch.from_numpy(labels)


def learn(head: nn.Module, features: Tensor, labels: Tensor, epochs: int) -> nn.Module:
    """The head after these epochs, averaged over its last hundreds of steps."""
    random = torch.Generator().manual_seed(SEED)
    steps = epochs * (len(labels) // BATCH)
    optimiser = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1, pct_start=0.1)
    averaged = torch.optim.swa_utils.AveragedModel(
        head, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGE), use_buffers=True
    )
    head.train()
    for epoch in range(epochs):
        total = 0.0
        batches = torch.randperm(len(labels), generator=random)[: steps // epochs * BATCH].split(BATCH)
        for batch in batches:
            with torch.autocast("cpu", torch.bfloat16):
                logits = head(features[batch].float())
            loss = loss_of(logits.float(), labels[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            averaged.update_parameters(head)
            total += float(loss.detach())
        print(f"epoch {epoch + 1}: loss {total / len(batches):.3f}", flush=True)
    return averaged.module


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--start", type=Path, nargs="+", required=True)
    parser.add_argument("--cells", type=int, default=220_000)
    parser.add_argument("--epochs", type=int, default=4)
    arguments = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.manual_seed(SEED)
    network = CharacterNetwork()
    network.load_state_dict(average(arguments.start))
    network.eval()
    convolutions = network.layers[:CONVOLUTIONS].to(memory_format=torch.channels_last)
    features, labels = convolve(convolutions, arguments.work, arguments.cells)
    head = learn(network.layers[CONVOLUTIONS:], features, labels, arguments.epochs)
    weights = network.state_dict()
    # A part of a sequence keeps the places' names.
    weights |= {f"layers.{name}": value for name, value in head.state_dict().items()}
    torch.save(weights, arguments.work / "network.pt")


if __name__ == "__main__":
    main()
