"""The scanner: sheets of paper on the glass become the pixels of one page, and pixels become files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pikepdf
from PIL import Image

from papier.geometry import MM_PER_INCH, POINTS_PER_MM, FloatArray
from simulator import defects
from simulator.bending import Placement, place_on_glass
from simulator.conditions import Conditions
from simulator.pen import luminance
from simulator.printer import Paper

Pixels = npt.NDArray[np.uint8]
A4 = (210.0, 297.0)
# Noise is drawn for so many rows and used again, shifted: fresh noise everywhere costs more than all the rest.
NOISE_ROWS = 128


@dataclass(frozen=True)
class ScannedImage:
    """One page as the scanner delivers it, before any file format.

    `pixels`: grey (h, w) or RGB (h, w, 3); 1-bit pages are grey with only 0 and 255. `placements` and `papers` tell the
    truth about where each sheet lies: `to_scan(index, points)`.
    """

    pixels: Pixels
    conditions: Conditions
    papers: tuple[Paper, ...] = ()
    placements: tuple[Placement, ...] = ()

    @property
    def dpi(self) -> int:
        return self.conditions.dpi

    def to_scan(self, points: FloatArray, index: int = 0) -> FloatArray:
        """Millimetres on the form's sheet `index` → pixels of this page, (n, 2)."""
        paper = self.papers[index]
        on_paper = np.asarray(paper.origin) + paper.factor * np.asarray(points, dtype=np.float64)
        return self.placements[index].to_scan(on_paper)


def scan(
    papers: Sequence[Paper],
    conditions: Conditions,
    rng: np.random.Generator,
    *,
    glass: tuple[float, float] | None = None,
    back: Pixels | None = None,
) -> ScannedImage:
    """Scan what lies on the glass: one sheet, or several side by side (A5 coupons on an A4 glass).

    `glass` is the scanned area in millimetres; None takes the paper's own size. `back` is what stands on the other side
    of the first sheet (grey), for show-through.
    """
    area = glass or _glass_for(papers, conditions)
    shape = round(area[1] * conditions.dpi / MM_PER_INCH), round(area[0] * conditions.dpi / MM_PER_INCH)
    colour = conditions.mode == "colour"
    lid = 18 if "black borders" in conditions.defects else int(rng.integers(226, 255))
    page = np.full((*shape, 3) if colour else shape, lid, np.uint8)
    placements = []
    for index, (paper, (centre, turn)) in enumerate(zip(papers, _places(papers, area), strict=True)):
        # Several sheets never lie quite parallel.
        askew = float(rng.normal(0, 0.7)) if len(papers) > 1 else 0.0
        placement = place_on_glass(paper.size_mm, centre, conditions, rng, turn + askew)
        surface = _surface(paper, conditions, rng, back if index == 0 else None)
        _lay(page, surface, paper.dpi, placement, conditions, rng)
        placements.append(placement)
    page = _expose(page, conditions, rng)
    return ScannedImage(page, conditions, tuple(papers), tuple(placements))


def blank_back(like: ScannedImage, rng: np.random.Generator) -> ScannedImage:
    """The empty back of a scanned sheet, its front showing through faintly."""
    paper = like.papers[0]
    empty = Paper(np.full_like(paper.pixels, 255), paper.dpi, tint=paper.tint)
    return scan([empty], like.conditions, rng, back=paper.pixels)


def encode_jpeg(image: ScannedImage) -> bytes:
    """The page as JPEG at its conditions' quality, chroma halved as scanners do."""
    stream = io.BytesIO()
    Image.fromarray(image.pixels).save(
        stream, "JPEG", quality=image.conditions.quality, dpi=(image.dpi, image.dpi), subsampling=2
    )
    return stream.getvalue()


def decoded_grey(image: ScannedImage) -> Pixels:
    """The page in grey after its lossy coding, without a file in between."""
    if image.conditions.mode == "bilevel":
        return image.pixels
    decoded = cv2.imdecode(np.frombuffer(encode_jpeg(image), np.uint8), cv2.IMREAD_GRAYSCALE)
    return np.asarray(decoded, dtype=np.uint8)


def write_scan(images: Sequence[ScannedImage], path: Path | str) -> list[Path]:
    """Write pages to `path` by its ending: .pdf and .tif hold all of them, .png and .jpg one each (numbered).

    PDF pages hold JPEG, or CCITT G4 where the page is 1-bit. Raises ValueError for another ending.
    """
    target = Path(path)
    match target.suffix.lower():
        case ".pdf":
            _write_pdf(images, target)
            return [target]
        case ".tif" | ".tiff":
            pages = [_pil(image) for image in images]
            lossy = {"compression": "jpeg", "quality": images[0].conditions.quality}
            kind: dict[str, Any] = {"compression": "group4"} if all(p.mode == "1" for p in pages) else lossy
            if len({page.mode for page in pages}) > 1:
                kind = {"compression": "tiff_deflate"}
            dpi = (images[0].dpi, images[0].dpi)
            pages[0].save(target, save_all=True, append_images=pages[1:], dpi=dpi, **kind)
            return [target]
        case ".png" | ".jpg" | ".jpeg":
            many = len(images) > 1
            paths = [target.with_stem(f"{target.stem}-{n:03d}") if many else target for n in range(1, len(images) + 1)]
            for image, place in zip(images, paths, strict=True):
                if place.suffix == ".png":
                    _pil(image).save(place, dpi=(image.dpi, image.dpi))
                else:
                    place.write_bytes(encode_jpeg(image))
            return paths
    raise ValueError(f"cannot write a scan as {target.suffix!r}; take .pdf, .tif, .png or .jpg")


def _glass_for(papers: Sequence[Paper], conditions: Conditions) -> tuple[float, float]:
    if len(papers) > 1:
        return A4
    width, height = papers[0].size_mm
    return (height, width) if conditions.quarter_turns % 2 else (width, height)


def _places(papers: Sequence[Paper], area: tuple[float, float]) -> list[tuple[tuple[float, float], float]]:
    """Centre on the glass and turn of each paper: one in the middle, several stacked from the top, turned to fit."""
    if len(papers) == 1:
        width, height = papers[0].size_mm
        if width > area[0] + 1 or height > area[1] + 1 or min(width, height) > min(area) - 1:
            return [((area[0] / 2, area[1] / 2), 0.0)]
        # A small sheet is laid towards the glass's corner, off its edge.
        return [((width / 2 + min(8, area[0] - width), height / 2 + min(10, area[1] - height)), 0.0)]
    step = area[1] / len(papers)
    places = []
    for index, paper in enumerate(papers):
        upright = paper.size_mm[1] <= step + 1
        places.append(((area[0] / 2, (index + 0.5) * step), 0.0 if upright else 90.0))
    return places


def _surface(paper: Paper, conditions: Conditions, rng: np.random.Generator, back: Pixels | None) -> Pixels:
    """The paper as it looks under white light, at its own resolution: tint, toner, ink, stains."""
    colour = conditions.mode == "colour"
    surface = cv2.cvtColor(paper.pixels, cv2.COLOR_GRAY2RGB) if colour else paper.pixels.copy()
    tint = np.array(paper.tint, np.float64)
    if tint.min() < 255:
        channels = tint if colour else np.array([luminance(paper.tint)])
        levels = np.outer(np.arange(256), channels / 255).astype(np.uint8)
        surface = cv2.LUT(surface, levels.reshape(1, 256, -1))
    surface = np.asarray(surface, dtype=np.uint8)
    if paper.ink is not None:
        per_mm = paper.dpi / MM_PER_INCH
        paper.ink.composite(surface, (paper.origin[0] * per_mm, paper.origin[1] * per_mm))
    if back is not None or "show-through" in conditions.defects:
        other = back if back is not None else _soaked(paper)
        defects.show_through(surface, other, float(rng.uniform(0.1, 0.3) if conditions.rough else rng.uniform(0, 0.06)))
    if "photocopied" in conditions.defects:
        for _ in range(2):
            defects.photocopy(surface, paper.dpi, rng)
    if "coffee" in conditions.defects:
        defects.coffee(surface, paper.dpi, rng)
    return surface


def _soaked(paper: Paper) -> Pixels:
    """Something printed and written on the back: this very page, turned, stands for it."""
    turned = paper.pixels.copy()
    if paper.ink is not None:
        paper.ink.composite(turned)
    return np.ascontiguousarray(turned[::-1])


def _lay(
    page: Pixels,
    surface: Pixels,
    surface_dpi: float,
    placement: Placement,
    conditions: Conditions,
    rng: np.random.Generator,
) -> None:
    """Warp the paper onto the page, within its outline, with its shading, holes and staple."""
    shape = page.shape[:2]
    map_x, map_y = placement.maps((shape[0], shape[1]), surface_dpi)
    warped = cv2.remap(surface, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    size = placement.size_mm
    outline = np.array([[0.0, 0.0], [size[0], 0.0], [size[0], size[1]], [0.0, size[1]]])
    if "corner" in conditions.defects:
        outline = defects.cut_corner(size, rng, 0.12)
    mask = np.zeros(shape, np.uint8)
    edge = placement.to_scan(_dense(outline))
    cv2.fillPoly(mask, [np.round(edge * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    if conditions.holes:
        for centre in placement.to_scan(defects.holes(size, rng)):
            radius = defects.HOLE_RADIUS * conditions.dpi / MM_PER_INCH
            cv2.circle(mask, np.round(centre * 16).astype(int).tolist(), round(radius * 16), 0, -1, cv2.LINE_AA, 4)
    shade = placement.shade((shape[0], shape[1]))
    if shade.min() < 0.995 or shade.max() > 1.005:
        # A shadow of the paper's edge belongs to it as well; 200 stands for 1.
        coarse = np.clip(shade * 200, 0, 255).astype(np.uint8)
        grown = cv2.resize(coarse, (coarse.shape[1] * 16, coarse.shape[0] * 16), interpolation=cv2.INTER_LINEAR)
        grown = grown[: shape[0], : shape[1]]
        grown = cv2.cvtColor(grown, cv2.COLOR_GRAY2RGB) if page.ndim == 3 else grown
        warped = cv2.multiply(warped, grown, scale=1 / 200)
    cv2.copyTo(np.asarray(warped, dtype=np.uint8), (mask > 127).astype(np.uint8), page)
    if "staple" in conditions.defects:
        corner = [(12.0, 12.0), (size[0] - 12, 12.0)][int(rng.integers(2))]
        defects.staple(page, placement.to_scan(np.array([corner]))[0].tolist(), conditions.dpi, rng)


def _dense(outline: FloatArray) -> FloatArray:
    """The outline with a point every few millimetres: its edges bend with the paper."""
    following = np.roll(outline, -1, axis=0)
    t = np.linspace(0, 1, 24, endpoint=False)[None, :, None]
    return np.asarray((outline[:, None] * (1 - t) + following[:, None] * t).reshape(-1, 2))


def _expose(page: Pixels, conditions: Conditions, rng: np.random.Generator) -> Pixels:
    """Lens, lamp, sensor and electronics: what turns light into the page's numbers."""
    defects.dirt(page, conditions.dpi, rng, conditions.dirt)
    if conditions.blur > 0.2:
        page = np.asarray(cv2.GaussianBlur(page, (0, 0), conditions.blur), dtype=np.uint8)
    if conditions.lighting:
        ramp = 1 - conditions.lighting * (0.5 + 0.5 * np.sin(np.linspace(0, rng.uniform(1, 4), page.shape[1])))
        band = np.clip(ramp * 255, 0, 255).astype(np.uint8)[None, :]
        band = np.repeat(band[..., None], 3, axis=2) if page.ndim == 3 else band
        page = np.asarray(cv2.multiply(page, np.repeat(band, page.shape[0], axis=0), scale=1 / 255), dtype=np.uint8)
    if conditions.noise:
        shape = (NOISE_ROWS, page.shape[1] + NOISE_ROWS, *page.shape[2:])
        noise = np.round(rng.standard_normal(shape, dtype=np.float32) * conditions.noise).astype(np.int8)
        for top in range(0, page.shape[0], NOISE_ROWS):
            part = page[top : top + NOISE_ROWS]
            start = int(rng.integers(NOISE_ROWS))
            cv2.add(part, noise[: part.shape[0], start : start + part.shape[1]], dst=part, dtype=cv2.CV_8U)
    if conditions.contrast != 1.0:
        levels = np.clip((np.arange(256) - 240) * conditions.contrast + 244, 0, 255).astype(np.uint8)
        page = np.asarray(cv2.LUT(page, levels), dtype=np.uint8)
    if conditions.mode == "bilevel":
        page = one_bit(page, conditions)
    return page


def one_bit(grey: Pixels, conditions: Conditions) -> Pixels:
    if conditions.dithered:
        return np.asarray(Image.fromarray(grey).convert("1").convert("L"), dtype=np.uint8)
    return np.where(grey > conditions.threshold, 255, 0).astype(np.uint8)


def _pil(image: ScannedImage) -> Image.Image:
    picture = Image.fromarray(image.pixels)
    return picture.convert("1", dither=Image.Dither.NONE) if image.conditions.mode == "bilevel" else picture


def _write_pdf(images: Sequence[ScannedImage], target: Path) -> None:
    """One page an image, the image's bytes as they are, as a scanner's own PDF holds them."""
    with pikepdf.new() as pdf:
        for image in images:
            height, width = image.pixels.shape[:2]
            entries: dict[str, Any] = {
                "Type": pikepdf.Name.XObject,
                "Subtype": pikepdf.Name.Image,
                "Width": width,
                "Height": height,
            }
            if image.conditions.mode == "bilevel":
                data = _group4(image)
                parameters = pikepdf.Dictionary(K=-1, Columns=width, Rows=height)
                entries |= {
                    "ColorSpace": pikepdf.Name.DeviceGray,
                    "BitsPerComponent": 1,
                    "Filter": pikepdf.Name.CCITTFaxDecode,
                    "DecodeParms": parameters,
                }
            else:
                data = encode_jpeg(image)
                grey = image.pixels.ndim == 2
                entries |= {
                    "ColorSpace": pikepdf.Name.DeviceGray if grey else pikepdf.Name.DeviceRGB,
                    "BitsPerComponent": 8,
                    "Filter": pikepdf.Name.DCTDecode,
                }
            size = [length * MM_PER_INCH / image.dpi * POINTS_PER_MM for length in (width, height)]
            page = pdf.add_blank_page(page_size=(size[0], size[1]))
            stream = pikepdf.Stream(pdf, data)
            for name, value in entries.items():
                stream[f"/{name}"] = value
            page.obj["/Resources"] = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=pdf.make_indirect(stream)))
            page.obj["/Contents"] = pikepdf.Stream(pdf, f"q {size[0]:.4f} 0 0 {size[1]:.4f} 0 0 cm /Im0 Do Q".encode())
        pdf.save(target, deterministic_id=True)


def _group4(image: ScannedImage) -> bytes:
    """The page's bits in CCITT group 4, black as ink, taken out of a TIFF of one strip."""
    stream = io.BytesIO()
    inverted = Image.fromarray(255 - image.pixels).convert("1", dither=Image.Dither.NONE)
    inverted.save(stream, "TIFF", compression="group4", tiffinfo={278: image.pixels.shape[0]})
    with Image.open(stream) as tiff:
        tags: Any = tiff.tag_v2  # type: ignore[attr-defined]
        offsets, lengths = tags[273], tags[279]
    raw = stream.getvalue()
    return b"".join(raw[start : start + length] for start, length in zip(offsets, lengths, strict=True))
