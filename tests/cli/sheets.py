"""Printed sheets as page images, marked by a plain drawn pen: independent of the simulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium
from PIL import Image

DPI = 200
Image8 = npt.NDArray[np.uint8]


def render(pdf: Path, dpi: int = DPI) -> list[Image8]:
    """The pages of a PDF in grey."""
    document = pdfium.PdfDocument(str(pdf))
    try:
        return [
            np.array(page.render(scale=dpi / 72, grayscale=True).to_numpy()).reshape(
                round(page.get_height() * dpi / 72 + 0.499), -1
            )
            for page in document
        ]
    finally:
        document.close()


def text_of(pdf: Path) -> list[str]:
    """The text of each page of a PDF."""
    document = pdfium.PdfDocument(str(pdf))
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def cross(image: Image8, rect: list[float], dpi: int = DPI) -> None:
    """Cross a tick box, as a person does."""
    x, y, width, height = (value * dpi / 25.4 for value in rect)
    thick = round(0.5 * dpi / 25.4)
    cv2.line(image, (int(x + 1), int(y + 1)), (int(x + width - 1), int(y + height - 1)), 40, thick, cv2.LINE_AA)
    cv2.line(image, (int(x + width - 1), int(y)), (int(x), int(y + height)), 40, thick, cv2.LINE_AA)


def scribble(image: Image8, rect: list[float], dpi: int = DPI) -> None:
    """Sign in a frame: a long wavy stroke."""
    x, y, width, height = (value * dpi / 25.4 for value in rect)
    t = np.linspace(0, 1, 200)
    points = np.stack([x + width * (0.15 + 0.7 * t), y + height * (0.5 + 0.3 * np.sin(t * 28))], axis=1)
    cv2.polylines(image, [points.astype(np.int32)], isClosed=False, color=50, thickness=4, lineType=cv2.LINE_AA)


def zones(layout: dict[str, Any], page: int, **wanted: str) -> list[dict[str, Any]]:
    """The zones of one page of a layout's JSON with these properties."""
    return [
        zone
        for zone in layout["pages"][page - 1]["zones"]
        if all(zone.get(name) == value for name, value in wanted.items())
    ]


def save(images: list[Image8], path: Path, dpi: int = DPI) -> Path:
    """Write page images as a scan: PDF, TIFF, PNG or JPEG by the name's ending."""
    pages = [Image.fromarray(image) for image in images]
    more: dict[str, Any] = {"save_all": True, "append_images": pages[1:]} if len(pages) > 1 else {}
    pages[0].save(path, dpi=(dpi, dpi), resolution=dpi, **more)
    return path
