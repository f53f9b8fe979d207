"""The network that reads lines: PP-OCRv6's small recogniser, with one grey input channel and French characters.

The architecture is rebuilt from the graph of the published model (PaddleOCR, Apache 2.0; see README.md), layer by
layer, so that its weights are where fine-tuning starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from papier.ocr.handwriting import ALPHABET

Weights = list[npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Shape:
    """One block: channels in and out, whether rows are halved, and whether it has squeeze and excitation."""

    channels: int
    out: int
    halves: bool = False
    excites: bool = False


# The published model's thirteen blocks, from the stem's 96 channels to the neck's 384.
BLOCKS = (
    Shape(96, 96, excites=True),
    Shape(96, 96),
    Shape(96, 96),
    Shape(96, 192, halves=True),
    *(Shape(192, 192, excites=index % 2 == 0) for index in range(6)),
    Shape(192, 384, halves=True),
    Shape(384, 384, excites=True),
    Shape(384, 384),
)
NECK, HEADS = 120, 8


class Excitation(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(channels, channels // 4, 1)
        self.widen = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.widen(functional.relu(self.narrow(x.mean((2, 3), keepdim=True))))
        return x * functional.hardsigmoid(gate)


class Block(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        stride = (2, 1) if shape.halves else (1, 1)
        self.depthwise = nn.Conv2d(shape.channels, shape.channels, 3, stride, 1, groups=shape.channels)
        self.excitation = Excitation(shape.channels) if shape.excites else nn.Identity()
        self.expand = nn.Conv2d(shape.channels, shape.channels * 2, 1)
        self.project = nn.Conv2d(shape.channels * 2, shape.out, 1)
        self.residual = not shape.halves

    def forward(self, x: Tensor) -> Tensor:
        x = self.excitation(self.depthwise(x))
        y = self.project(functional.gelu(self.expand(x)))
        return x + y if self.residual else y


class Mixer(nn.Module):
    """One transformer block over the columns of a line."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(NECK, eps=1e-5)
        self.query_key_value = nn.Linear(NECK, 3 * NECK)
        self.out = nn.Linear(NECK, NECK)
        self.norm_mlp = nn.LayerNorm(NECK, eps=1e-5)
        self.widen = nn.Linear(NECK, 2 * NECK)
        self.narrow = nn.Linear(2 * NECK, NECK)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        count, length, _ = x.shape
        parts = self.query_key_value(self.norm_attention(x)).reshape(count, length, 3, HEADS, NECK // HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        scores = (query * (NECK // HEADS) ** -0.5) @ key.transpose(2, 3)
        mixed = (scores.softmax(3) @ value).transpose(1, 2).reshape(count, length, NECK)
        x = x + self.dropout(self.out(mixed))
        return x + self.dropout(self.narrow(functional.silu(self.widen(self.norm_mlp(x)))))


class LineNetwork(nn.Module):
    """(n, 1, 48, width) ink, 0 paper to 1 full ink, width a multiple of 8 → (n, width / 8, classes) logits."""

    def __init__(self, classes: int = len(ALPHABET) + 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.stem_first = nn.Conv2d(1, 48, 3, 2, 1)
        self.stem_a = nn.Conv2d(48, 24, 2)
        self.stem_b = nn.Conv2d(24, 48, 2)
        self.stem_join = nn.Conv2d(96, 48, 3, 2, 1)
        self.stem_last = nn.Conv2d(48, 96, 1)
        self.blocks = nn.Sequential(*(Block(shape) for shape in BLOCKS))
        self.skip = nn.Conv2d(384, NECK, 1)
        self.neck = nn.Conv2d(384, NECK, 1)
        self.local = nn.Conv2d(NECK, NECK, (1, 7), 1, (0, 3), groups=NECK)
        self.mixers = nn.ModuleList([Mixer(dropout), Mixer(dropout)])
        self.norm = nn.LayerNorm(NECK, eps=1e-6)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(NECK, classes)

    def forward(self, ink: Tensor) -> Tensor:
        x = functional.relu(self.stem_first(ink))
        y = functional.relu(self.stem_a(functional.pad(x, (0, 1, 0, 1))))
        y = functional.relu(self.stem_b(functional.pad(y, (0, 1, 0, 1))))
        pooled = functional.max_pool2d(functional.pad(x, (0, 1, 0, 1)), 2, 1)
        x = functional.relu(self.stem_join(torch.cat([pooled, y], 1)))
        x = functional.relu(self.stem_last(x))
        x = functional.avg_pool2d(self.blocks(x), (3, 2))
        skip = functional.silu(self.skip(x))
        y = functional.silu(self.neck(x))
        y = (y + functional.silu(self.local(y))).squeeze(2).transpose(1, 2)
        for mixer in self.mixers:
            y = mixer(y)
        return self.head(self.dropout(self.norm(y) + skip.squeeze(2).transpose(1, 2)))


def load_published(path: Path, dropout: float = 0.0) -> LineNetwork:
    """The published network with its weights, its head cut down to the characters of `ALPHABET`.

    Raises SystemExit where `path` is not that model.
    """
    import onnx  # noqa: PLC0415 - only this step needs it
    from onnx import numpy_helper  # noqa: PLC0415

    model = onnx.load(path)
    arrays = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    weights = _floats(model.graph.node, arrays)
    network = LineNetwork(dropout=dropout)
    with torch.no_grad():
        characters = next(item.value for item in model.metadata_props if item.key == "character").split("\n")
        _fill(network, weights, ["blank", *characters, " "])
    return network


def _floats(nodes: object, arrays: dict[str, npt.NDArray[np.generic]]) -> Weights:
    """Weights in the order of the graph, batch normalisation folded into the convolution before it."""
    found: Weights = []
    for node in nodes:  # type: ignore[attr-defined]
        values = [arrays[name] for name in node.input if name in arrays]
        values = [value for value in values if value.dtype == np.float32 and value.size > 1]
        if node.op_type == "BatchNormalization":
            scale, shift, mean, variance = values
            factor = scale / np.sqrt(
                variance + node.attribute[0].f if node.attribute[0].name == "epsilon" else variance + 1e-5
            )
            found[-1] = found[-1] * factor[:, None, None, None]
            found.append(shift - mean * factor)
        else:
            found.extend(values)
    return found


def _fill(network: LineNetwork, weights: Weights, characters: list[str]) -> None:
    left = iter(weights)

    def take(module: nn.Module) -> None:
        weight, bias = next(left), next(left)
        assert isinstance(module, nn.Conv2d | nn.Linear | nn.LayerNorm)
        if isinstance(module, nn.Linear):
            weight = weight.T
        assert module.weight.shape == weight.shape, (module, weight.shape)
        module.weight.copy_(torch.from_numpy(weight.copy()))
        module.bias.copy_(torch.from_numpy(bias.reshape(-1).copy()))

    # Three channels of (grey / 127.5 - 1) become one of ink: grey = 255 (1 - ink), so x = 1 - 2 ink. Past the edge the
    # published model sees 0, a mid grey, and this one paper.
    weight, bias = next(left), next(left)
    summed = weight.sum(1, keepdims=True)
    network.stem_first.weight.copy_(torch.from_numpy(-2 * summed))
    network.stem_first.bias.copy_(torch.from_numpy(bias.reshape(-1) + summed.sum((1, 2, 3))))
    for module in (network.stem_a, network.stem_b, network.stem_join, network.stem_last):
        take(module)
    for block in network.blocks:
        take(block.depthwise)
        if isinstance(block.excitation, Excitation):
            take(block.excitation.narrow)
            take(block.excitation.widen)
        take(block.expand)
        take(block.project)
    for module in (network.skip, network.neck, network.local):
        take(module)
    for mixer in network.mixers:
        for module in (mixer.norm_attention, mixer.query_key_value, mixer.out):
            take(module)
        for module in (mixer.norm_mlp, mixer.widen, mixer.narrow):
            take(module)
    take(network.norm)
    head, bias = next(left), next(left).reshape(-1)
    for row, character in enumerate(["blank", *ALPHABET]):
        # Characters that the published model does not have start as the blank's neighbours in shape do.
        column = characters.index(_start_of(character, characters))
        network.head.weight[row] = torch.from_numpy(head[:, column].copy())
        network.head.bias[row] = float(bias[column]) - (0 if character in characters else 2)
    assert next(left, None) is None


def _start_of(character: str, known: list[str]) -> str:
    if character in known:
        return character
    import unicodedata  # noqa: PLC0415

    base = unicodedata.normalize("NFD", character)[0]
    return base if base in known else {"’": "'", "«": '"', "»": '"', "œ": "o", "Œ": "O"}.get(character, "*")
