"""The networks of both readers: planes of 32×32 in, one logit a class out."""

from torch import Tensor, nn
from torch.nn import functional

from papier.ocr.characters import CLASSES


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


class Residual(nn.Module):
    """Two convolutions and what went into them (He et al. 2015)."""

    def __init__(self, before: int, after: int, stride: int = 1) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
            nn.Conv2d(after, after, 3, 1, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.shortcut = (
            nn.Identity()
            if before == after and stride == 1
            else nn.Sequential(
                nn.AvgPool2d(stride) if stride > 1 else nn.Identity(),
                nn.Conv2d(before, after, 1, bias=False),
                nn.BatchNorm2d(after),
            )
        )

    def forward(self, planes: Tensor) -> Tensor:
        return functional.relu(self.layers(planes) + self.shortcut(planes), inplace=True)


class SecondNetwork(nn.Module):
    """(n, 3, 32, 32) in 0..1, as `papier.ocr.second_reader.view` gives them → logits (n, classes).

    Three times the work of CharacterNetwork: a core with bfloat16 learns from 1,100 cells a second in it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 32, 5, 2, 2, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(inplace=True),
            Residual(32, 64, 2),
            Residual(64, 64),
            Residual(64, 128, 2),
            Residual(128, 128),
            nn.Flatten(),
            nn.Dropout(0.25),
            nn.Linear(128 * 16, 192, bias=False),
            nn.BatchNorm1d(192),
            nn.ReLU(inplace=True),
            nn.Dropout(0.15),
            nn.Linear(192, len(CLASSES)),
        )

    def forward(self, planes: Tensor) -> Tensor:
        logits: Tensor = self.layers(planes)
        return logits
