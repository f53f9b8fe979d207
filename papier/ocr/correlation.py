"""Small pictures looked for in larger ones, many at a time: normalised cross-correlation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Pictures = npt.NDArray[np.uint8]  # (n, height, width)
Surfaces = npt.NDArray[np.float32]  # (n, rows, columns): the correlation, -1 to 1, at each place of a template

# A window whose greys deviate by less than this is even, and correlates with nothing.
EVEN = 0.05


@dataclass(frozen=True, eq=False)
class Templates:
    """What is looked for: `pixels` (n, height, width) of zero mean and unit length, all zero where there is nothing."""

    pixels: npt.NDArray[np.float32]

    @classmethod
    def of(cls, pictures: Pictures) -> Templates:
        pixels = pictures.astype(np.float32)
        pixels -= pixels.mean(axis=(1, 2), keepdims=True)
        length = np.sqrt((pixels**2).sum(axis=(1, 2), keepdims=True))
        even = EVEN * np.sqrt(pixels[0].size) if len(pixels) else 0.0
        return cls(np.divide(pixels, length, out=np.zeros_like(pixels), where=length > even))

    def __len__(self) -> int:
        return len(self.pixels)

    def correlate(self, windows: Pictures) -> Surfaces:
        """The correlation of each template with its own window, at every place where it lies within it."""
        count, height, width = self.pixels.shape
        across = windows.shape[2]
        surfaces = np.zeros((count, windows.shape[1] - height + 1, across - width + 1), np.float32)
        if not count:
            return surfaces
        for window, template, surface in zip(windows.astype(np.float32), self.pixels, surfaces, strict=True):
            cv2.matchTemplate(window, template, cv2.TM_CCORR, surface)
        # One on top of the other: sums of rectangles within a window do not see its neighbours.
        totals = cv2.integral2(windows.reshape(-1, across))
        sums, squares = (_within(np.asarray(total), windows.shape, height, width) for total in totals)
        area = height * width
        length = np.sqrt(np.maximum(squares - sums**2 / area, area * EVEN**2))
        return np.asarray(surfaces / length, dtype=np.float32)


def _within(total: npt.NDArray[Any], shape: tuple[int, ...], height: int, width: int) -> npt.NDArray[np.float64]:
    """The sums over height × width pixels at every place of each window, from the integral of all of them."""
    above, below = (part.reshape(shape[0], shape[1], -1) for part in (total[:-1], total[1:]))
    strips = below[:, height - 1 :] - above[:, : shape[1] - height + 1]
    return np.asarray(strips[..., width:] - strips[..., :-width], dtype=np.float64)
