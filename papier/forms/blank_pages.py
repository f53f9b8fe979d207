"""The blank pages of a form that somebody else printed, joined into one PDF of one page size.

Image pages become grey PDF pages at their true size; PDF pages are taken as they are.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pikepdf
from PIL import Image, ImageOps

from papier.errors import os_words
from papier.geometry import MM_PER_INCH, POINTS_PER_MM
from papier.language import translate as _

# An A3 page at 600 dpi has 70 million pixels; beyond that an image is a mistake or an attack (Pillow warns from 89).
MAX_PIXELS = 89_000_000
# From a visiting card to A2: outside, the stated resolution is wrong.
SMALLEST_MM, LARGEST_MM = 40.0, 600.0
_IMAGES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"})


class BackgroundError(Exception):
    """A blank page cannot be used; the message is one sentence with the remedy."""


@dataclass(frozen=True)
class Background:
    """One blank page on the disk: `page` (from 1) of a PDF, or an image with its resolution. Size as it is seen."""

    path: Path
    size_mm: tuple[float, float]
    page: int | None = None
    dpi: float = 0.0


def find_background(folder: Path, written: str, dpi: float | None) -> Background:
    """The page that `background: enquete.png` or `enquete.pdf#2` names, with its size; raises BackgroundError.

    A PDF without `#` means its first page. Only the image's head is read here. A definition that came from elsewhere
    must not print what lies in other folders: neither by `..` nor by a link.
    """
    name, _mark, number = written.partition("#")
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BackgroundError(
            _("`{name}` lies outside of this definition's folder. Put the file beside it.").format(name=name)
        )
    if not path.is_file():
        raise BackgroundError(
            _("there is no file `{name}` beside this definition. Put it there, or mend the name.").format(name=name)
        )
    try:
        with path.open("rb") as stream:
            head = stream.read(1024)
    except OSError as error:
        raise BackgroundError(
            _("`{name}` cannot be read: {why}. Check the file's rights.").format(name=name, why=os_words(error))
        ) from error
    if b"%PDF-" in head:
        if number and not re.fullmatch(r"[1-9][0-9]{0,4}", number):
            raise BackgroundError(
                _("`#{number}` is no page. Write a page from 1, as in `{name}#1`.").format(number=number, name=name)
            )
        background = _find_pdf_page(path, name, int(number or 1))
    elif number:
        raise BackgroundError(
            _("`{name}` is no PDF, so it has no page `#{number}`. Delete the `#` and what follows.").format(
                name=name, number=number
            )
        )
    else:
        background = _find_image(path, name, dpi)
    width, height = background.size_mm
    if not (SMALLEST_MM <= width <= LARGEST_MM and SMALLEST_MM <= height <= LARGEST_MM):
        remedy = _("Correct `dpi`.") if background.page is None else _("Give a page of ordinary size.")
        raise BackgroundError(
            _("`{name}` measures {width:.0f} × {height:.0f} mm. {remedy}").format(
                name=name, width=width, height=height, remedy=remedy
            )
        )
    return background


def join_backgrounds(backgrounds: Sequence[Background], size_mm: tuple[float, float]) -> bytes:
    """One PDF whose page n is the n-th background in the top left corner of a page of `size_mm`.

    Raises BackgroundError when a page cannot be decoded.
    """
    joined = pikepdf.new()
    with joined:
        for background in backgrounds:
            try:
                if background.page is None:
                    _append_image(joined, background, size_mm)
                else:
                    _append_pdf_page(joined, background, size_mm)
            except (pikepdf.PdfError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
                raise BackgroundError(
                    _("`{name}` is damaged ({why}). Export or scan the blank page again.").format(
                        name=background.path.name, why=error
                    )
                ) from error
        target = io.BytesIO()
        # The same pages give the same bytes, so that a form's face is known again.
        joined.save(target, deterministic_id=True)
    return target.getvalue()


def _find_image(path: Path, name: str, dpi: float | None) -> Background:
    if dpi is None:
        raise BackgroundError(_("`dpi` is missing. Add the image's resolution, as in `dpi: 300`."))
    if path.suffix.lower() not in _IMAGES:
        raise BackgroundError(
            _("`{name}` is neither a PDF nor an image. Give a PDF, PNG, JPEG or TIFF.").format(name=name)
        )
    try:
        with Image.open(path) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise BackgroundError(
                    _("`{name}` has {width} × {height} pixels. Save it at 300 dpi.").format(
                        name=name, width=width, height=height
                    )
                )
            if image.getexif().get(0x0112, 1) in {5, 6, 7, 8}:  # EXIF orientations that lie on their side
                width, height = height, width
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BackgroundError(
            _("`{name}` is no image that can be read. Save it as PNG, JPEG or TIFF.").format(name=name)
        ) from error
    return Background(path, _rounded(width / dpi * MM_PER_INCH, height / dpi * MM_PER_INCH), dpi=dpi)


def _rounded(width: float, height: float) -> tuple[float, float]:
    """To the ten-thousandth of a millimetre that a frozen layout keeps."""
    return round(width, 4), round(height, 4)


def _append_image(joined: pikepdf.Pdf, background: Background, size_mm: tuple[float, float]) -> None:
    with Image.open(background.path) as opened:
        grey = _grey(ImageOps.exif_transpose(opened))
    width, height = (length * POINTS_PER_MM for length in size_mm)
    image_width, image_height = (pixels / background.dpi * 72 for pixels in grey.size)
    picture = joined.make_stream(
        zlib.compress(grey.tobytes()),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=grey.width,
        Height=grey.height,
        ColorSpace=pikepdf.Name.DeviceGray,
        BitsPerComponent=8,
        Filter=pikepdf.Name.FlateDecode,
    )
    page = joined.add_blank_page(page_size=(width, height))
    page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Face=picture))
    drawing = f"q {image_width:.4f} 0 0 {image_height:.4f} 0 {height - image_height:.4f} cm /Face Do Q"
    page.obj.Contents = joined.make_stream(drawing.encode())


def _grey(image: Image.Image) -> Image.Image:
    """8-bit grey on white paper."""
    if image.mode.startswith("I"):  # 16 bits a pixel
        return Image.fromarray((np.asarray(image, dtype=np.int64) // 257).clip(0, 255).astype(np.uint8))
    if "A" in image.getbands() or "transparency" in image.info:
        paper = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(paper, image.convert("RGBA")).convert("L")
    return image.convert("L")


def _find_pdf_page(path: Path, name: str, number: int) -> Background:
    try:
        with pikepdf.open(path) as document:
            if number > len(document.pages):
                raise BackgroundError(
                    _("`{name}` has {count} pages. Write `{name}#1` for its first.").format(
                        name=name, count=len(document.pages)
                    )
                )
            box, rotation = _visible(document.pages[number - 1])
    except pikepdf.PasswordError as error:
        raise BackgroundError(_("`{name}` is locked by a password. Save it without one.").format(name=name)) from error
    except (pikepdf.PdfError, OSError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise BackgroundError(
            _("`{name}` is a damaged PDF ({why}). Export it again.").format(name=name, why=error)
        ) from error
    width, height = (box[2] - box[0]) / POINTS_PER_MM, (box[3] - box[1]) / POINTS_PER_MM
    return Background(path, _rounded(height, width) if rotation % 180 else _rounded(width, height), page=number)


def _append_pdf_page(joined: pikepdf.Pdf, background: Background, size_mm: tuple[float, float]) -> None:
    with pikepdf.open(background.path) as document:
        source = document.pages[(background.page or 1) - 1]
        box, rotation = _visible(source)
        joined.pages.append(source)
        page = joined.pages[-1]
    width, height = (length * POINTS_PER_MM for length in size_mm)
    left, bottom, right, top = box
    # Room is added at the right and below, as the page is seen: where that is in the page's own frame, by rotation.
    corner = {
        0: [left, top - height, left + width, top],
        90: [left, bottom, left + height, bottom + width],
        180: [right - width, bottom, right, bottom + height],
        270: [right - height, top - width, right, top],
    }[rotation]
    for name in ("/TrimBox", "/ArtBox", "/BleedBox", "/UserUnit"):
        if name in page.obj:
            del page.obj[name]
    page.obj.MediaBox = page.obj.CropBox = pikepdf.Array([round(value, 4) for value in corner])
    page.obj.Rotate = rotation


def _visible(page: pikepdf.Page) -> tuple[tuple[float, float, float, float], int]:
    """What is seen of a page: its box in the page's own points, and its rotation clockwise (0, 90, 180, 270)."""
    media, crop = _box(page.mediabox), _box(page.cropbox)
    box = (max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3]))
    if box[0] >= box[2] or box[1] >= box[3]:
        box = media
    rotation = int(page.obj.get("/Rotate", 0)) % 360
    return box, rotation if rotation in {90, 180, 270} else 0


def _box(array: pikepdf.Array) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (float(value) for value in array)  # type: ignore[attr-defined,arg-type,unused-ignore]
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)
