"""Image files as pages of grey pixels: TIFF with all its pages, JPEG, PNG, WebP, BMP, GIF, JPEG 2000.

Colour becomes grey as ITU-R BT.601 luma, which is the Y that JPEG stores: every container gives the same grey, a blue
or red pen stays below half (blue 0.15-0.35, red 0.3-0.45), yellow, green and pink paper stay light, and a highlighter
over a tick box is not taken for ink, as it would be with the darkest channel.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from papier.errors import ScanFileError, os_words
from papier.language import translate as _
from papier.ocr.pixels import MAX_PAGES, TOO_MANY_PIXELS, find_plausible_dpi, to_square_pixels, too_large
from papier.ocr.scan import GreyImage, RejectedPage, ScannedPage

# Content decides, and only these: Pillow knows formats that start other programs (EPS) or hold no scans.
FORMATS = ("TIFF", "JPEG", "PNG", "WEBP", "BMP", "GIF", "JPEG2000", "PPM")

TIFF_PHOTOMETRIC = 262
TIFF_WHITE_IS_ZERO = 0
TIFF_NEW_SUBFILE_TYPE = 254
TIFF_REDUCED_IMAGE = 1
# (offsets, byte counts) of the strips and of the tiles of a TIFF page.
TIFF_PIECES = ((273, 279), (324, 325))

# A camera's file states a resolution that has nothing to do with the sheet.
CAMERA_TAGS = (ExifTags.Base.FocalLength, ExifTags.Base.ExposureTime, ExifTags.Base.FNumber)

STDERR = 2

CUT_OFF = "The page image is cut off or damaged. Scan the page again, or copy the file again from where it came."


class ImagePages:
    """The pages of one image file. Only TIFF has several; previews and animations of other formats are left aside.

    Raises ScanFileError where the file is no image at all. Not for use by several threads at once.
    """

    def __init__(self, path: Path, source: str) -> None:
        self._path = path
        self._source = source
        self._size = path.stat().st_size
        try:
            # Given by name, Pillow would map the file, and mapped TIFF pages of orientations 5 to 8 come out scrambled.
            self._file = path.open("rb")
        except OSError as error:
            raise ScanFileError(
                _("{path}: the file cannot be read: {why}. Check its permissions.").format(
                    path=path, why=os_words(error)
                )
            ) from error
        try:
            with _quiet():
                self._image: Image.Image = Image.open(self._file, formats=FORMATS)
        except Image.DecompressionBombError:
            # Pillow's own limit lies above ours, so the page is refused for its size and the batch goes on.
            self._frames: list[int | None] = [None]
            self._failure = f"The image states {TOO_MANY_PIXELS}"
            return
        except UnidentifiedImageError as error:
            self.close()
            raise ScanFileError(
                _(
                    "{path}: this is no scan that can be read, or its beginning is damaged. "
                    "Give a PDF, TIFF, JPEG or PNG file."
                ).format(path=path)
            ) from error
        except Exception as error:  # decoders meet hostile bytes here; whatever they raise, the file is unreadable
            self.close()
            raise ScanFileError(
                _("{path}: the image file is damaged. Scan the pages again.").format(path=path)
            ) from error
        self._failure = CUT_OFF
        try:
            self._frames = self._find_frames()
        except ScanFileError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._frames)

    def close(self) -> None:
        if hasattr(self, "_image"):
            self._image.close()
        self._file.close()

    def load(self, index: int) -> ScannedPage | RejectedPage:
        """Decode page `index`, counted from 1."""
        frame = self._frames[index - 1]
        if frame is None:
            return RejectedPage(self._source, index, self._failure)
        try:
            with _quiet():
                return self._decode(frame, index)
        except Image.DecompressionBombError:
            reason = f"The image states {TOO_MANY_PIXELS}"
            return RejectedPage(self._source, index, reason)
        except MemoryError:
            return RejectedPage(self._source, index, "The page image does not fit in memory. Scan the page again.")
        except Exception:  # noqa: BLE001 - decoders meet hostile bytes here; one page must never stop the batch
            return RejectedPage(self._source, index, CUT_OFF)

    def _find_frames(self) -> list[int | None]:
        """The frames that are pages; None for one that cannot be reached, after which there is nothing more."""
        if self._image.format != "TIFF":
            return [0]
        frames: list[int | None] = []
        frame = 0
        while True:
            try:
                with _quiet():
                    self._image.seek(frame)
                kind = _tiff_tags(self._image).get(TIFF_NEW_SUBFILE_TYPE, 0)
                # A preview of the page beside it; the first frame is a page whatever it says.
                if not frames or not int(kind) & TIFF_REDUCED_IMAGE:
                    frames.append(frame)
            except EOFError:
                return frames
            except Exception:  # noqa: BLE001 - the chain of pages leads nowhere
                return [*frames, None]
            frame += 1
            if frame > MAX_PAGES:
                raise ScanFileError(
                    _("{path}: the file has more than {most} pages. Split it into smaller ones.").format(
                        path=self._path, most=MAX_PAGES
                    )
                )

    def _decode(self, frame: int, index: int) -> ScannedPage | RejectedPage:
        image = self._image
        image.seek(frame)
        reason = too_large(*image.size) or self._find_missing_piece()
        if reason:
            return RejectedPage(self._source, index, reason)
        resolution = _read_resolution(image)
        exif = image.getexif()
        # Taken by a camera: the resolution stated says nothing about the sheet.
        if image.format in {"JPEG", "MPO", "WEBP"} and any(
            tag in exif.get_ifd(ExifTags.IFD.Exif) for tag in CAMERA_TAGS
        ):
            resolution = None
        orientation = exif.get(ExifTags.Base.Orientation, 1)
        if image.format in {"JPEG", "MPO"} and image.mode in {"RGB", "L"}:
            image.draft("L", image.size)
        image.load()
        # Pillow turns some formats itself while it loads, and then no longer states an orientation.
        still_to_turn = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
        upright = ImageOps.exif_transpose(image) if still_to_turn else image
        pixels = to_grey(upright)
        # Pillow turns grey where zero is white the right way round for 8 bits, not for 16.
        if image.mode.startswith("I") and _tiff_tags(image).get(TIFF_PHOTOMETRIC) == TIFF_WHITE_IS_ZERO:
            pixels = 255 - pixels
        dpi: float | None = None
        if resolution:
            # Orientations 5 to 8 exchange width and height.
            across, down = resolution[::-1] if orientation in {5, 6, 7, 8} else resolution
            pixels, dpi = to_square_pixels(pixels, (across, down))
        return ScannedPage(self._source, index, pixels, find_plausible_dpi(dpi, pixels.shape[1], pixels.shape[0]))

    def _find_missing_piece(self) -> str | None:
        """Strips that lie beyond the end of the file: some decoders would fill them in white."""
        if self._image.format != "TIFF":
            return None
        tags = _tiff_tags(self._image)
        for offsets_tag, counts_tag in TIFF_PIECES:
            offsets, counts = tags.get(offsets_tag, ()), tags.get(counts_tag, ())
            if any(offset + count > self._size for offset, count in zip(offsets, counts, strict=False)):
                return CUT_OFF
        return None


def to_grey(image: Image.Image) -> GreyImage:
    """The image as grey, (height, width): BT.601 luma, transparent parts over white, 16 bits cut to 8.

    Raises ValueError for pixels that are no picture (floating point).
    """
    mode = image.mode
    if mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)
        # 16-bit grey; some decoders hand it over in 32 bits.
        return np.clip(values >> 8 if values.max(initial=0) > 255 else values, 0, 255).astype(np.uint8)
    if mode == "F":
        raise ValueError("floating-point pixels")
    if mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        image = Image.alpha_composite(paper, layer)
    elif mode not in {"1", "L", "RGB"}:
        image = image.convert("RGB")
    return np.array(image.convert("L"), dtype=np.uint8)


def _read_resolution(image: Image.Image) -> tuple[float, float] | None:
    """The resolution stated, (horizontal, vertical) in dots per inch, or None."""
    stated: Any = image.info.get("dpi")
    try:
        across, down = (float(value) for value in stated)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if across > 0 and down > 0 and across + down < float("inf") else None


def _tiff_tags(image: Image.Image) -> Any:
    return getattr(image, "tag_v2", {})


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep decoders' remarks about odd files off the user's terminal; what matters becomes a rejected page.

    libtiff writes to the process's error stream itself, so that is turned away meanwhile.
    """
    sys.stderr.flush()
    with warnings.catch_warnings(), Path(os.devnull).open("wb") as nowhere:
        warnings.simplefilter("ignore")
        try:
            kept = os.dup(STDERR)
        except OSError:  # a program without an error stream has nothing to keep quiet
            yield
            return
        os.dup2(nowhere.fileno(), STDERR)
        try:
            yield
        finally:
            os.dup2(kept, STDERR)
            os.close(kept)
