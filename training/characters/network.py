"""The networks of both readers: two planes of 32×32 in, one logit a class out."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from papier.ocr.characters import BLANK, CLASSES, INDEX, INPUT_SIZE

# Places of the second network's directions, and of its window, a side.
PLACES, COARSE = 8, 16
FEATURES = 8 * PLACES**2 + COARSE**2


class CharacterNetwork(nn.Module):
    """(n, 2, 32, 32) in 0..1 → logits (n, classes).

    Few and wide layers: a CPU learns from 3,500 cells a second in them, and reads three times as many.
    """

    def __init__(self) -> None:
        super().__init__()

        def convolve(before: int, after: int, size: int = 3, stride: int = 1) -> list[nn.Module]:
            return [
                nn.Conv2d(before, after, size, stride=stride, padding=size // 2, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(inplace=True),
            ]

        self.layers = nn.Sequential(
            *convolve(2, 32, size=5, stride=2),
            *convolve(32, 64, stride=2),
            *convolve(64, 64),
            nn.MaxPool2d(2),
            *convolve(64, 128),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(128 * 16, 128, bias=False),
            nn.BatchNorm1d(128),
            nn.ReLU(inplace=True),
            nn.Dropout(0.1),
            nn.Linear(128, len(CLASSES)),
        )

    def forward(self, planes: Tensor) -> Tensor:
        logits: Tensor = self.layers(planes)
        return logits


class SecondNetwork(nn.Module):
    """(n, 2, 32, 32) in 0..255, as `straighten` gives them → logits (n, characters): the classes but blank and noise.

    Gradient directions of the straightened character, smoothed to 8×8 places (the feature of Liu et al., as in
    `papier.ocr.straightening`), and the whole window in coarse; then two layers. The features are fixed: they are
    computed once for all epochs, and err unlike what convolutions learn.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("smooth", _smoothing(INPUT_SIZE, PLACES, 1.8))
        self.register_buffer("coarse", _smoothing(INPUT_SIZE, COARSE, 1.0))
        self.layers = nn.Sequential(
            nn.BatchNorm1d(FEATURES),
            nn.Dropout(0.1),
            nn.Linear(FEATURES, 288, bias=False),
            nn.BatchNorm1d(288),
            nn.ReLU(inplace=True),
            nn.Dropout(0.25),
            nn.Linear(288, INDEX[BLANK]),
        )

    def features(self, planes: Tensor) -> Tensor:
        """(n, 2, 32, 32) → (n, FEATURES), none negative, about 1."""
        shape, window = planes[:, 0], planes[:, 1]
        shape = shape / (shape.amax((1, 2), keepdim=True) + 1)
        window = window / (window.amax((1, 2), keepdim=True) + 1)
        padded = functional.pad(shape, (1, 1, 1, 1))
        # Sobel's operator; then each gradient as a sum along the nearest axis and the nearest diagonal.
        lines = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
        x = lines[:, :, 2:] - lines[:, :, :-2]
        lines = padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]
        y = lines[:, 2:] - lines[:, :-2]
        right, left, down, up = (functional.relu(part) for part in (x, -x, y, -y))
        directions = [
            *(functional.relu(one - other) for one, other in ((right, y.abs()), (left, y.abs()))),
            *(functional.relu(one - other) for one, other in ((down, x.abs()), (up, x.abs()))),
            *(torch.minimum(one, other) * 2**0.5 for one in (right, left) for other in (down, up)),
        ]
        smoothed = self.smooth @ torch.stack(directions, 1) @ self.smooth.T
        return torch.cat(
            [torch.sqrt(smoothed.flatten(1)), torch.sqrt((self.coarse @ window @ self.coarse.T).flatten(1))], 1
        )

    def forward(self, planes: Tensor) -> Tensor:
        logits: Tensor = self.layers(self.features(planes))
        return logits


def _smoothing(size: int, places: int, deviation: float) -> Tensor:
    """(places, size): Gaussian means about evenly spaced places of an axis."""
    middle = (torch.arange(places) + 0.5) * size / places - 0.5
    weights = torch.exp(-0.5 * ((torch.arange(size) - middle[:, None]) / deviation) ** 2)
    return weights / weights.sum(1, keepdim=True)
