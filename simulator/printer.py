"""The office printer: one page of a PDF on one sheet of paper, in toner."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium

from papier.geometry import MM_PER_INCH, POINTS_PER_MM, RectMm
from simulator.defects import noise_tile
from simulator.pen import InkLayer

GreyImage = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Paper:
    """One printed side of a sheet of paper.

    `pixels` grey, toner only, the whole paper at `dpi`. A point p of the form's sheet (millimetres) stands on the paper
    at `origin + factor * p` (millimetres): "fit to page" shrinks the print about the paper's centre. `ink` is what was
    written on it afterwards, in the sheet's frame; `tint` the paper's colour (RGB).
    """

    pixels: GreyImage
    dpi: float
    origin: tuple[float, float] = (0.0, 0.0)
    factor: float = 1.0
    ink: InkLayer | None = None
    tint: tuple[int, int, int] = (255, 255, 255)

    @property
    def size_mm(self) -> tuple[float, float]:
        height, width = self.pixels.shape
        return width * MM_PER_INCH / self.dpi, height * MM_PER_INCH / self.dpi

    @property
    def ink_scale(self) -> float:
        """Pixels per millimetre of the sheet: the scale an `InkLayer` for this paper must have."""
        return self.dpi / MM_PER_INCH * self.factor

    def with_ink(self, ink: InkLayer) -> Paper:
        return replace(self, ink=ink)


@dataclass(frozen=True)
class Toner:
    """How a printer lays toner. `spread` in millimetres thickens and softens; `dropout` is the share of specks lost;
    `density` how black black is; `background` a grey haze over white, 0 to 1.
    """

    spread: float = 0.03
    dropout: float = 0.0
    density: float = 0.93
    background: float = 0.0
    factor: float = 1.0
    tint: tuple[int, int, int] = field(default=(255, 255, 255))


def print_page(
    document: pdfium.PdfDocument, index: int, dpi: float, toner: Toner, rng: np.random.Generator, *,
    crop: RectMm | None = None,
) -> Paper:  # fmt: skip
    """Print page `index` (from 0) at `dpi`; with `crop` only that part is kept, as if cut out by scissors.

    `crop` is in millimetres of the PDF page.
    """
    page = document[index]
    width, height = (length / POINTS_PER_MM for length in page.get_size())
    size = round(height * dpi / MM_PER_INCH), round(width * dpi / MM_PER_INCH)
    rendered = page.render(scale=toner.factor * dpi / 72, grayscale=True).to_numpy()
    rendered = rendered[..., 0] if rendered.ndim == 3 else rendered
    pixels = np.full(size, 255, np.uint8)
    top, left = (size[0] - rendered.shape[0]) // 2, (size[1] - rendered.shape[1]) // 2
    shown = rendered[max(0, -top) :, max(0, -left) :][: size[0], : size[1]]
    top, left = max(0, top), max(0, left)
    pixels[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
    origin = left * MM_PER_INCH / dpi, top * MM_PER_INCH / dpi
    if crop is not None:
        x, y, w, h = (round(v * dpi / MM_PER_INCH) for v in (crop.x, crop.y, crop.width, crop.height))
        pixels = pixels[y : y + h, x : x + w].copy()
        # The sheet's own frame starts at the crop's corner, shrunk with the rest.
        origin = (
            origin[0] + toner.factor * crop.x - x * MM_PER_INCH / dpi,
            origin[1] + toner.factor * crop.y - y * MM_PER_INCH / dpi,
        )
    return Paper(lay_toner(pixels, dpi, toner, rng), dpi, origin, toner.factor, tint=toner.tint)


def lay_toner(pixels: GreyImage, dpi: float, toner: Toner, rng: np.random.Generator) -> GreyImage:
    """What the printer makes of a clean rendering: edges spread, specks drop out, black is not quite black."""
    spread = toner.spread * dpi / MM_PER_INCH
    if spread > 0.1:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), spread), dtype=np.uint8)
    white = 255 * (1 - toner.background)
    black = 255 * (1 - toner.density)
    # Toner is laid or not: the blurred edge is made steeper and moved outwards.
    levels = np.arange(256, dtype=np.float32) / 255
    levels = np.clip((levels - 0.12) * 1.25, 0, 1)
    table = (black + levels * (white - black)).astype(np.uint8)
    pixels = np.asarray(cv2.LUT(pixels, table), dtype=np.uint8)
    if toner.dropout > 0:
        specks = _specks(toner.dropout)
        y, x = rng.integers(0, specks.shape[0], 2).tolist()
        tiled = np.tile(np.roll(specks, (y, x), (0, 1)), [-(-n // specks.shape[0]) for n in pixels.shape])
        lost = np.ascontiguousarray(tiled[: pixels.shape[0], : pixels.shape[1]])
        pixels = np.asarray(cv2.max(pixels, lost), dtype=np.uint8)
    return pixels


def _specks(share: float) -> GreyImage:
    blurred = noise_tile(512, 0.9, 7)
    threshold = float(np.quantile(blurred, 1 - share))
    return np.asarray(np.clip((blurred - threshold) * 250, 0, 150), dtype=np.uint8)
