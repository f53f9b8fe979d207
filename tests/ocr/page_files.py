"""Scan files made for the tests: one asymmetric picture, wrapped in every way that scanners know."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image

# A4 at 100 dpi, in points and in pixels.
PAGE_POINTS = (595.44, 841.68)
WIDTH, HEIGHT = 827, 1169

# Black: a square at the top left and a flat bar at the bottom right; (left, top, right, bottom) as shares of the page.
SQUARE = (100 / WIDTH, 150 / HEIGHT, 200 / WIDTH, 250 / HEIGHT)
BAR = (500 / WIDTH, 1000 / HEIGHT, 750 / WIDTH, 1030 / HEIGHT)

Pixels = npt.NDArray[np.uint8]


def draw_picture(width: int = WIDTH, height: int = HEIGHT, ink: int = 0, paper: int = 255) -> Pixels:
    """The picture, upright, at any size."""
    pixels = np.full((height, width), paper, np.uint8)
    for left, top, right, bottom in (SQUARE, BAR):
        pixels[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = ink
    return pixels


def assert_shows_picture(pixels: Pixels, *, dark: int = 60, light: int = 195, margin: float = 0.006) -> None:
    """The picture is there, upright, in place, dark on light; edges may be blurred by `margin` of the page."""
    height, width = pixels.shape
    assert pixels.dtype == np.uint8
    outside = np.ones((height, width), dtype=bool)
    for left, top, right, bottom in (SQUARE, BAR):
        inner = pixels[
            round((top + margin) * height) : round((bottom - margin) * height),
            round((left + margin) * width) : round((right - margin) * width),
        ]
        assert inner.size
        assert inner.max() <= dark
        outside[
            round((top - margin) * height) : round((bottom + margin) * height),
            round((left - margin) * width) : round((right + margin) * width),
        ] = False
    assert np.percentile(pixels[outside], 0.5) >= light


def encode(pixels: Pixels, form: str, **options: Any) -> bytes:
    """The picture as a file of the format Pillow calls `form`."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()


def encode_group4(pixels: Pixels) -> tuple[bytes, bool]:
    """CCITT group 4 data without a container, and whether its ones are black."""
    buffer = io.BytesIO()
    Image.fromarray(pixels > 127).save(buffer, "TIFF", compression="group4", strip_size=1 << 30)
    with Image.open(buffer) as image:
        tags: Any = image.tag_v2  # type: ignore[attr-defined]
        (offset,), (count,) = tags[273], tags[279]
        return buffer.getvalue()[offset : offset + count], tags[262] == 1


def encode_jbig2(pixels: Pixels) -> bytes:
    """An embedded JBIG2 stream: a page and one generic region coded like group 4 (ITU-T T.88, 7.4.6 and 6.2.6)."""
    height, width = pixels.shape
    # T.88 takes ones for black.
    data, ones_are_white = encode_group4(pixels)
    if ones_are_white:
        data, _ = encode_group4(255 - pixels)

    def segment(number: int, kind: int, content: bytes) -> bytes:
        return struct.pack(">IBBBI", number, kind, 0, 1, len(content)) + content

    page = struct.pack(">IIIIBH", width, height, 0, 0, 0, 0)
    region = struct.pack(">IIIIB", width, height, 0, 0, 0) + b"\x01" + data
    return segment(0, 48, page) + segment(1, 39, region)


def make_image(pdf: Pdf, data: bytes, size: tuple[int, int] = (WIDTH, HEIGHT), **keys: Any) -> Any:
    """An image object; `keys` are those of its dictionary."""
    return pdf.make_indirect(
        Stream(pdf, data, Type=Name.XObject, Subtype=Name.Image, Width=size[0], Height=size[1], **keys)
    )


def grey_image(pdf: Pdf, pixels: Pixels) -> Any:
    """The pixels as an 8-bit deflated image object."""
    height, width = pixels.shape
    return make_image(
        pdf,
        zlib.compress(pixels.tobytes()),
        (width, height),
        BitsPerComponent=8,
        ColorSpace=Name.DeviceGray,
        Filter=Name.FlateDecode,
    )


def add_page(
    pdf: Pdf,
    images: Sequence[Any],
    content: str | None = None,
    *,
    size: tuple[float, float] = PAGE_POINTS,
    **resources: Any,
) -> Any:
    """Add a page that draws images Im0, Im1, … with `content`, or the first one over all the page."""
    pdf.add_blank_page()
    page = pdf.pages[-1].obj
    page.MediaBox = Array([0, 0, *size])
    page.Resources = Dictionary(
        XObject=Dictionary({f"/Im{i}": image for i, image in enumerate(images)}),
        Font=Dictionary(F1=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)),
        **resources,
    )
    content = content if content is not None else f"q {size[0]} 0 0 {size[1]} 0 0 cm /Im0 Do Q"
    page.Contents = Stream(pdf, content.encode())
    return page


def save_one_image(path: Path, data: bytes, size: tuple[int, int] = (WIDTH, HEIGHT), **keys: Any) -> Path:
    """A PDF with one page that is one image."""
    with pikepdf.new() as pdf:
        add_page(pdf, [make_image(pdf, data, size, **keys)])
        pdf.save(path, compress_streams=False)
    return path


def save_pages(path: Path, count: int) -> Path:
    """A PDF of `count` scanned pages, each an image of its own."""
    with pikepdf.new() as pdf:
        for _ in range(count):
            add_page(pdf, [grey_image(pdf, draw_picture())])
        pdf.save(path)
    return path
