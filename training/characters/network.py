"""The network: 319,000 weights, two planes of 32×32 in, one logit a class out."""

from torch import Tensor, nn

from papier.ocr.characters import CLASSES


class CharacterNetwork(nn.Module):
    """(n, 2, 32, 32) in 0..1 → logits (n, classes). Plain convolutions: ONNX Runtime runs them fastest on a CPU."""

    def __init__(self) -> None:
        super().__init__()

        def convolve(before: int, after: int) -> list[nn.Module]:
            return [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]

        self.layers = nn.Sequential(
            *convolve(2, 16),
            nn.MaxPool2d(2),
            *convolve(16, 32),
            nn.MaxPool2d(2),
            *convolve(32, 64),
            *convolve(64, 64),
            nn.MaxPool2d(2),
            *convolve(64, 96),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(96 * 16, 128, bias=False),
            nn.BatchNorm1d(128),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(128, len(CLASSES)),
        )

    def forward(self, planes: Tensor) -> Tensor:
        logits: Tensor = self.layers(planes)
        return logits
