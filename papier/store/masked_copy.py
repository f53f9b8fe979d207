"""The copy that is kept of a scan which shows what stays on paper: its pages as masked grey images.

Made from pixels alone, and holding nothing else: text that a copier recognised, previews, notes and colours of the file
as it came are left behind.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pikepdf
from PIL import Image

# Read again, a page compressed so gives the same values; visually it is the scan.
JPEG_QUALITY = 92
# What a page is taken for whose file did not say.
USUAL_DPI = 300.0
POINTS_PER_INCH = 72.0


def write_masked_copy(pages: Iterable[tuple[npt.NDArray[np.uint8], float | None]]) -> bytes:
    """A PDF of these pages, (grey pixels, dots per inch). The same pages always give the same bytes."""
    pdf = pikepdf.new()
    for pixels, stated in pages:
        height, width = pixels.shape
        dpi = stated or USUAL_DPI
        size = width / dpi * POINTS_PER_INCH, height / dpi * POINTS_PER_INCH
        image = pdf.make_indirect(_image(pdf, pixels))
        content = f"q {size[0]:.4f} 0 0 {size[1]:.4f} 0 0 cm /Im0 Do Q".encode()
        pdf.pages.append(
            pikepdf.Page(
                pdf.make_indirect(
                    pikepdf.Dictionary(
                        Type=pikepdf.Name.Page,
                        MediaBox=[0, 0, round(size[0], 4), round(size[1], 4)],
                        Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image)),
                        Contents=pdf.make_stream(content),
                    )
                )
            )
        )
    stream = io.BytesIO()
    pdf.save(stream, deterministic_id=True)
    return stream.getvalue()


def _image(pdf: pikepdf.Pdf, pixels: npt.NDArray[np.uint8]) -> pikepdf.Stream:
    """The pixels as an image: without loss where they are black and white, else as JPEG."""
    height, width = pixels.shape
    if not np.any((pixels > 0) & (pixels < 255)):
        data, bits, kind = zlib.compress(np.packbits(pixels > 0, axis=1).tobytes(), 9), 1, pikepdf.Name.FlateDecode
    else:
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "JPEG", quality=JPEG_QUALITY)
        data, bits, kind = stream.getvalue(), 8, pikepdf.Name.DCTDecode
    return pikepdf.Stream(
        pdf,
        data,
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=width,
        Height=height,
        ColorSpace=pikepdf.Name.DeviceGray,
        BitsPerComponent=bits,
        Filter=kind,
    )
