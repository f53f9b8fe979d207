"""Fit the network that says what a tick box looks like, and write it as ONNX.

    python training/ticks/train.py boxes-1.npz boxes-2.npz --test boxes-99.npz --output papier/ocr/models/ticks.onnx

Needs PyTorch and onnx in an environment of its own (training/characters/README.md); the product needs neither. The
network's output is, for each look, the logarithm of how much likelier it makes the picture, up to a constant that all
looks share: the shares of the looks among the drawn boxes are taken out.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

LOOKS = 9
EMPTY, OPEN, SCRIBBLED, BESIDE, ERASED, DOT = 0, 1, 2, 5, 7, 8
BLACK = 200.0


class TickNetwork(nn.Module):
    """(n, 3, 64, 64) bytes → (n, LOOKS) log-likelihoods once `prior` is set, else logits."""

    def __init__(self, widths: tuple[int, int, int] = (12, 24, 40)) -> None:
        super().__init__()
        a, b, c = widths
        self.features = nn.Sequential(
            nn.Conv2d(3, a, 5, 2, 2), nn.BatchNorm2d(a), nn.ReLU(),
            nn.Conv2d(a, b, 3, 2, 1), nn.BatchNorm2d(b), nn.ReLU(),
            nn.Conv2d(b, c, 3, 2, 1), nn.BatchNorm2d(c), nn.ReLU(),
            nn.Conv2d(c, c, 3, 2, 1), nn.BatchNorm2d(c), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(16 * c, 48), nn.ReLU(), nn.Linear(48, LOOKS))
        self.register_buffer("prior", torch.zeros(LOOKS))
        self.register_buffer("sharpness", torch.ones(1))

    def forward(self, pictures: Tensor) -> Tensor:
        return self.head(self.features(pictures.float() / BLACK)) * self.sharpness - self.prior


def augmented(pictures: Tensor, random: torch.Generator) -> Tensor:
    """Turned and mirrored alike in all layers; the scan a little lighter or darker and a pixel off."""
    if torch.rand(1, generator=random) < 0.5:
        pictures = pictures.flip(3)
    if torch.rand(1, generator=random) < 0.5:
        pictures = pictures.flip(2)
    if torch.rand(1, generator=random) < 0.5:
        pictures = pictures.transpose(2, 3)
    pictures = pictures.float()
    count = len(pictures)
    gain = torch.empty(count, 1, 1).uniform_(0.85, 1.15, generator=random)
    lift = torch.empty(count, 1, 1).uniform_(-6, 8, generator=random)
    pictures[:, 0] = (pictures[:, 0] * gain + lift).clamp(0, 255)
    return pictures


def tell_invisible(pictures: Tensor, looks: Tensor) -> Tensor:
    """The looks, those of boxes with ghosts or marks beside that the scan does not show turned to empty.

    A mark in the box of which nothing is seen at all (a faint pencil, photocopied) is left out (-1): it would teach
    that empty boxes are ticked now and then.
    Seen is what is darker than the print around: of a ghost in the box, of a mark beside next to it. A ghost is seen as
    well by what fluid took of the frame.
    """
    found = looks.clone()
    for start in range(0, len(pictures), 2000):
        part, which = pictures[start : start + 2000].float(), looks[start : start + 2000]
        print_ = functional.max_pool2d(part[:, 1:2], 5, 1, 2)
        odd = functional.avg_pool2d((part[:, :1] - print_).clamp(min=0), 3, 1, 1)[:, 0]
        ghost = odd[:, 16:48, 16:48].amax((1, 2)) > BLACK / 10
        lost = (part[:, 1:2] - functional.max_pool2d(part[:, :1], 3, 1, 1)).clamp(min=0)[:, 0, 20:44, 20:44]
        ghost |= (lost > BLACK / 3).float().mean((1, 2)) > 0.03
        sides = torch.cat([odd[:, 14:50, 2:15], odd[:, 14:50, 49:62]], 2)
        beside = (sides > BLACK / 5).float().mean((1, 2)) > 0.04
        faded = ((which == ERASED) & ~ghost) | ((which == BESIDE) & ~beside)
        found[start : start + 2000][faded] = EMPTY
        gone = ((which == OPEN) | (which == SCRIBBLED) | (which == DOT)) & ~ghost
        found[start : start + 2000][gone] = -1
    return found


def load(paths: list[Path]) -> tuple[Tensor, Tensor]:
    pictures, looks = [], []
    for path in paths:
        with np.load(path) as data:
            pictures.append(data["pictures"])
            looks.append(data["looks"])
    together = torch.from_numpy(np.concatenate(pictures))
    seen = tell_invisible(together, torch.from_numpy(np.concatenate(looks).astype(np.int64)))
    return together[seen >= 0], seen[seen >= 0]


def predict(network: TickNetwork, pictures: Tensor) -> Tensor:
    network.eval()
    with torch.no_grad():
        return torch.cat([network(pictures[i : i + 2000]) for i in range(0, len(pictures), 2000)])


def train(network: TickNetwork, pictures: Tensor, looks: Tensor, epochs: float, seed: int, rate: float) -> None:
    random = torch.Generator().manual_seed(seed)
    batch = 128
    steps = int(epochs * len(pictures) / batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate / 2, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1)
    began, total = time.time(), 0.0
    order = torch.empty(0, dtype=torch.int64)
    network.train()
    for step in range(steps):
        if len(order) < batch:
            order = torch.randperm(len(pictures), generator=random)
        chosen, order = order[:batch], order[batch:]
        loss = functional.cross_entropy(network(augmented(pictures[chosen], random)), looks[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        total += float(loss)
        if step % 500 == 499:
            print(f"{step + 1}/{steps} loss {total / 500:.4f} {time.time() - began:.0f} s", flush=True)
            total = 0.0


def report(scores: Tensor, looks: Tensor) -> None:
    chance, best = torch.softmax(scores, 1).max(1)
    table = torch.zeros(LOOKS, LOOKS, dtype=torch.int64)
    table.index_put_((looks, best), torch.ones_like(looks), accumulate=True)
    print("rows: truth, columns: seen\n", table.numpy())
    for limit in (0.5, 0.9, 0.99, 0.999, 0.9999):
        kept = chance >= limit
        wrong = int((best != looks)[kept].sum())
        print(f"at {limit}: {float((~kept).float().mean()):.4f} below, {wrong} wrong of {int(kept.sum())}")


def fit_sharpness(scores: Tensor, looks: Tensor) -> float:
    """The factor on the logits that makes the test boxes likeliest."""
    factors = torch.linspace(0.5, 1.3, 33)
    losses = [float(functional.cross_entropy(scores * factor, looks)) for factor in factors]
    return float(factors[int(np.argmin(losses))])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("boxes", nargs="+", type=Path)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--epochs", type=float, default=8)
    parser.add_argument("--rate", type=float, default=4e-3, help="the highest learning rate; less when continuing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", type=Path, help="weights to continue from (.pt)")
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    pictures, looks = load(arguments.boxes)
    shares = torch.bincount(looks, minlength=LOOKS).float() / len(looks)
    print(f"{len(looks)} boxes {shares.numpy().round(4)}")
    network = TickNetwork()
    if arguments.start:
        network.load_state_dict(torch.load(arguments.start))
        network.prior.zero_()
        network.sharpness.fill_(1)
    train(network, pictures, looks, arguments.epochs, arguments.seed, arguments.rate)
    tested, truth = load([arguments.test])
    scores = predict(network, tested)
    factor = fit_sharpness(scores, truth)
    print(f"sharpness {factor:.3f}")
    network.sharpness.fill_(factor)
    report(scores * factor, truth)
    network.prior.copy_(shares.clamp(min=1e-4).log())
    torch.save(network.state_dict(), arguments.output.with_suffix(".pt"))
    network.eval()
    torch.onnx.export(
        network,
        (torch.zeros(2, 3, 64, 64, dtype=torch.uint8),),
        str(arguments.output),
        input_names=["pictures"],
        output_names=["likelihoods"],
        dynamic_axes={"pictures": {0: "n"}, "likelihoods": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )


if __name__ == "__main__":
    main()
