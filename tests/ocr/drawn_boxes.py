"""Pages with boxes, cells and frames at known places, for tests of reading zones: drawn, not photographed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from papier.geometry import FloatArray, RectMm, Transform
from papier.ocr.scan import GreyImage, RegisteredPage, ScannedPage

SCALE = 300 / 25.4  # pixels a millimetre
SIZE_MM = (148.0, 105.0)
FINE = 16  # cv2's fixed-point drawing: sixteenths of a pixel


@dataclass(frozen=True, eq=False)
class RasterFace:
    """A printed face as a raster at SCALE."""

    pixels: GreyImage

    def cut(self, rects: Sequence[RectMm], shape: tuple[int, int]) -> GreyImage:
        return RegisteredPage(ScannedPage("face", 1, self.pixels), SIZE_MM, Transform.scaling(SCALE)).cut(rects, shape)


@dataclass
class DrawnPage:
    """A page that is printed, then written on, then scanned."""

    frames: list[RectMm]
    frame_grey: int = 60
    letter: str = ""  # printed in every box
    strokes: list[tuple[FloatArray, float, float]] = field(default_factory=list)

    def stroke(self, points: npt.ArrayLike, width: float = 0.45, darkness: float = 0.85) -> None:
        """A pen's stroke; points and width in millimetres."""
        self.strokes.append((np.asarray(points, dtype=np.float64), width, darkness))

    def cross(self, rect: RectMm, reach: float = 0.5, width: float = 0.45, darkness: float = 0.85) -> None:
        x, y = rect.centre
        dx, dy = reach * rect.width, reach * rect.height
        self.stroke([[x - dx, y - dy], [x + dx, y + dy]], width, darkness)
        self.stroke([[x + dx, y - dy], [x - dx, y + dy]], width, darkness)

    def blacken(self, rect: RectMm, darkness: float = 0.85) -> None:
        rows = np.arange(rect.y + 0.1, rect.bottom, 0.3)
        for y in rows:
            self.stroke([[rect.x, y], [rect.right, y]], 0.45, darkness)

    def face(self) -> RasterFace:
        pixels = np.full((round(SIZE_MM[1] * SCALE), round(SIZE_MM[0] * SCALE)), 255, np.uint8)
        cv2.rectangle(pixels, (60, 60), (120, 120), 0, -1)
        for rect in self.frames:
            corners = np.round(rect.corners() * SCALE * FINE).astype(np.int32).reshape(-1, 1, 2)
            cv2.polylines(pixels, [corners], True, self.frame_grey, 3, cv2.LINE_AA, 4)
            if self.letter:
                at = round((rect.x + 0.8) * SCALE), round((rect.bottom - 0.7) * SCALE)
                cv2.putText(pixels, self.letter, at, cv2.FONT_HERSHEY_SIMPLEX, 1.6, 60, 5, cv2.LINE_AA)
        return RasterFace(pixels)

    def scan(
        self,
        *,
        shift_mm: tuple[float, float] = (0.0, 0.0),
        paper: float = 1.0,
        noise: float = 2.0,
        after: Callable[[GreyImage], GreyImage] | None = None,
        seed: int = 0,
    ) -> RegisteredPage:
        """The scan; the registration does not know of `shift_mm`. `paper` is its lightness, 0 to 1."""
        page = np.asarray(self.face().pixels, dtype=np.float64)
        for points, width, darkness in self.strokes:
            mask = np.zeros(page.shape, np.uint8)
            path = np.round(points * SCALE * FINE).astype(np.int32).reshape(-1, 1, 2)
            cv2.polylines(mask, [path], False, 255, max(1, round(width * SCALE)), cv2.LINE_AA, 4)
            page *= 1 - darkness * mask.astype(np.float32) / 255
        page = page * paper
        move = np.array([[1, 0, shift_mm[0] * SCALE], [0, 1, shift_mm[1] * SCALE]])
        moved = cv2.warpAffine(page, move, page.shape[::-1], borderValue=255 * paper)
        page = np.asarray(cv2.GaussianBlur(moved, (0, 0), 0.8), dtype=np.float64)
        page = page + np.random.default_rng(seed).normal(0, noise, page.shape)
        pixels = np.asarray(np.clip(page, 0, 255), dtype=np.uint8)
        if after is not None:
            pixels = after(pixels)
        return RegisteredPage(ScannedPage("drawn", 1, pixels, 300.0), SIZE_MM, Transform.scaling(SCALE))


def boxes_in_row(count: int, y: float = 20.0, size: float = 4.5, pitch: float = 9.0) -> list[RectMm]:
    return [RectMm(20.0 + i * pitch, y, size, size) for i in range(count)]
