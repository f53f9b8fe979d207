"""Join the second reader to the first: export it, and fit how much each is heard.

    python -m training.characters.pair --work DIR [--seeds 71 72] [--model MODEL.onnx] [--output SECOND.onnx]

The networks that `second` trained with these seeds become one that says their mean. On the fields that `fields` dumped
for the validation writers and the first reader leaves in doubt, the likelihood of what was written, among digits and
among letters, says how much each reader is heard. Prints the weights, which stand in `papier.ocr.evidence`, and what
both are worth on such fields of theirs and of the test writers.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from papier.ocr.characters import BLANK, DIGITS, INDEX, MODEL_PATH, CharacterReader
from papier.ocr.second_reader import SECOND_MODEL_PATH, SecondReader, view
from papier.records import State
from training.characters.export import QUANTISED_ON, export
from training.characters.measure_fields import load_fields
from training.characters.network import SecondNetwork
from training.characters.train import load_sheets

KINDS = {"digits": slice(0, len(DIGITS)), "letters": slice(len(DIGITS), INDEX[BLANK])}


class LogProbabilities(nn.Module):
    """uint8 planes (n, 3, 32, 32) → log-probabilities among digits and among letters, side by side: those of the
    network, or of the geometric mean of several.
    """

    def __init__(self, *networks: nn.Module) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, cells: Tensor) -> Tensor:
        planes = cells.float() / 255
        # Logits and log-probabilities within a kind differ by what the softmax takes away again.
        logits = torch.stack([network(planes) for network in self.networks]).mean(0)
        return torch.cat([torch.log_softmax(logits[:, kind], 1) for kind in KINDS.values()], 1)


def export_second(networks: Sequence[nn.Module], work: Path, output: Path) -> None:
    """Write the networks to `output` as one, its ranges as the validation writers' characters use them."""
    ink, label = load_sheets(work, "validate")
    written = np.flatnonzero(label < INDEX[BLANK])
    written = written[:: max(len(written) // QUANTISED_ON, 1)]
    export(LogProbabilities(*networks), view(ink[written]), work, output)


def load_second(weights: Path) -> nn.Module:
    """What `second` trained."""
    network = SecondNetwork()
    network.load_state_dict(torch.load(weights))
    return network.eval()


def read_both(first: CharacterReader, second: SecondReader, work: Path, part: str) -> dict[str, tuple[Tensor, Tensor]]:
    """By kind: log-probabilities of both readers within it (n, 2, characters of the kind), and the labels (n,).

    Of the characters in fields that the first reader leaves in doubt.
    """
    inks, labels, ones = [], [], []
    for dumped in load_fields(work, part):
        read = first.read(dumped.ink).log_probs
        if dumped.decode(read, 1).trusted().reading.state in (State.DOUBTFUL, State.UNREADABLE):
            written = dumped.label < INDEX[BLANK]
            inks.append(dumped.ink[written])
            labels.append(dumped.label[written])
            ones.append(read[written])
    label, one, other = np.concatenate(labels), np.concatenate(ones), second.read(np.concatenate(inks))
    return {
        name: (_within([one, other], kind, (label >= kind.start) & (label < kind.stop)), _labels(label, kind))
        for name, kind in KINDS.items()
    }


def _within(readings: list[NDArray[np.float32]], kind: slice, own: NDArray[np.bool_]) -> Tensor:
    stacked = torch.from_numpy(np.stack([reading[own, kind] for reading in readings], 1)).float()
    return torch.log_softmax(stacked, 2)


def _labels(label: NDArray[np.int64], kind: slice) -> Tensor:
    return torch.from_numpy(label[(label >= kind.start) & (label < kind.stop)] - kind.start)


def fit_weights(readings: Tensor, labels: Tensor) -> Tensor:
    """How much each reader counts (2,)."""
    weights = torch.full((2,), 0.5, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = nn.functional.cross_entropy((readings * weights[None, :, None]).sum(1), labels)
        value.backward()
        return value

    optimiser.step(loss)
    return weights.detach()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=MODEL_PATH)
    parser.add_argument("--output", type=Path, default=SECOND_MODEL_PATH)
    parser.add_argument("--seeds", type=int, nargs="+", default=[71, 72], help="of the networks that were trained")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    networks = [load_second(arguments.work / f"second-{seed}.pt") for seed in arguments.seeds]
    export_second(networks, arguments.work, arguments.output)
    first, second = CharacterReader(arguments.model), SecondReader(arguments.output)
    found = {part: read_both(first, second, arguments.work, part) for part in ("validate", "test")}
    weights = {name: fit_weights(*both) for name, both in found["validate"].items()}
    print("| writers | among | characters | first % | second % | both % | log likelihood: first | second | both |")
    for part, by_kind in found.items():
        for name, (readings, labels) in by_kind.items():
            joined = torch.log_softmax((readings * weights[name][None, :, None]).sum(1), 1)
            three = [readings[:, 0], readings[:, 1], joined]
            right = [100 * float((reading.argmax(1) == labels).float().mean()) for reading in three]
            loss = [float(nn.functional.nll_loss(reading, labels)) for reading in three]
            print(f"| {part} | {name} | {len(labels)} | " + " | ".join(f"{value:.2f}" for value in right), end=" | ")
            print(" | ".join(f"{value:.4f}" for value in loss) + " |")
    print("weights", {name: [round(float(value), 3) for value in own] for name, own in weights.items()})


if __name__ == "__main__":
    main()
