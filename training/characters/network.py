"""The network: 400,000 weights, two planes of 32×32 in, one logit a class out."""

from torch import Tensor, nn

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
