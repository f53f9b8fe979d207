from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from papier.errors import ScanFileError
from papier.ocr import image_pages
from papier.ocr.pages import ScanFileKind, count_pages, iterate_pages, load_page, open_scan
from papier.ocr.pixels import find_plausible_dpi, to_square_pixels
from papier.ocr.scan import RejectedPage, ScannedPage
from tests.ocr.page_files import HEIGHT, WIDTH, assert_shows_picture, draw_picture, encode, save_pages

LOSSLESS = ("PNG", "TIFF", "BMP", "GIF", "JPEG2000", "PPM")


def only_page(path: Path) -> ScannedPage:
    (page,) = iterate_pages(path)
    assert isinstance(page, ScannedPage), page
    return page


def only_rejection(path: Path) -> str:
    (page,) = iterate_pages(path)
    assert isinstance(page, RejectedPage)
    assert page.reason.endswith(".")
    return page.reason


def save(path: Path, image: Image.Image, form: str, **options: Any) -> Path:
    image.save(path, form, **options)
    return path


def in_mode(mode: str) -> Image.Image:
    """The picture in one of Pillow's pixel formats."""
    grey = draw_picture()
    image = Image.fromarray(grey)
    if mode == "I;16":
        return Image.fromarray(grey.astype(np.uint16) * 257)
    if mode == "RGBA":
        # Ink is opaque; paper is transparent black.
        return Image.fromarray(np.dstack([np.zeros((HEIGHT, WIDTH, 3), np.uint8), 255 - grey]))
    if mode == "LA":
        return Image.fromarray(np.dstack([np.zeros((HEIGHT, WIDTH, 1), np.uint8), 255 - grey]))
    if mode == "CMYK":
        return Image.fromarray(np.dstack([np.zeros((HEIGHT, WIDTH, 3), np.uint8), 255 - grey]), "CMYK")
    return image.convert(mode)


@pytest.mark.parametrize(
    ("form", "mode", "options"),
    [
        ("PNG", "1", {}),
        ("PNG", "L", {}),
        ("PNG", "P", {}),
        ("PNG", "RGB", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "LA", {}),
        ("PNG", "I;16", {}),
        ("TIFF", "1", {"compression": "group4"}),
        ("TIFF", "1", {"compression": "group3"}),
        ("TIFF", "1", {"compression": "tiff_lzw"}),
        ("TIFF", "1", {"compression": "packbits"}),
        ("TIFF", "L", {}),
        ("TIFF", "L", {"compression": "tiff_deflate"}),
        ("TIFF", "L", {"compression": "jpeg"}),
        ("TIFF", "RGB", {"compression": "jpeg"}),
        ("TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("TIFF", "RGBA", {}),
        ("TIFF", "CMYK", {}),
        ("TIFF", "I;16", {}),
        ("TIFF", "P", {}),
        ("JPEG", "L", {}),
        ("JPEG", "RGB", {}),
        ("JPEG", "RGB", {"progressive": True}),
        ("JPEG", "CMYK", {"quality": 95}),
        ("WEBP", "RGB", {"lossless": True}),
        ("BMP", "1", {}),
        ("BMP", "RGB", {}),
        ("GIF", "P", {}),
        ("JPEG2000", "L", {}),
        ("PPM", "L", {}),
    ],
)
def test_image_formats(form: str, mode: str, options: dict[str, Any], tmp_path: Path) -> None:
    page = only_page(save(tmp_path / "scan.bin", in_mode(mode), form, **options))
    assert page.index == 1
    assert page.source == str(tmp_path / "scan.bin")
    assert page.pixels.shape == (HEIGHT, WIDTH)
    assert_shows_picture(page.pixels)
    if form in LOSSLESS and options.get("compression") != "jpeg":
        assert (page.pixels == draw_picture()).all()


@pytest.mark.parametrize("mode", ["1", "L", "I;16"])
def test_tiff_where_zero_is_white(mode: str, tmp_path: Path) -> None:
    inverted = {
        "1": 255 - draw_picture() > 0,
        "L": 255 - draw_picture(),
        "I;16": 65535 - draw_picture() * np.uint16(257),
    }
    path = save(tmp_path / "scan.tif", Image.fromarray(inverted[mode]), "TIFF")
    data = bytearray(path.read_bytes())
    entry = struct.pack("<HHI", 262, 3, 1)
    assert entry in data
    data[data.index(entry) + 8] = 0
    path.write_bytes(data)
    assert (only_page(path).pixels == draw_picture()).all()


@pytest.mark.parametrize("form", ["JPEG", "TIFF", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(form: str, orientation: int, tmp_path: Path) -> None:
    # What the camera stored, so that showing it by this orientation gives the picture.
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = Image.fromarray(draw_picture())
    if orientation in undo:
        image = image.transpose(undo[orientation])
    exif = Image.Exif()
    exif[274] = orientation
    page = only_page(save(tmp_path / "scan", image, form, exif=exif, dpi=(100, 100)))
    assert page.pixels.shape == (HEIGHT, WIDTH)
    assert_shows_picture(page.pixels)
    if form != "WEBP":
        assert page.dpi == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize("turned", [False, True])
def test_fax_resolution_becomes_square(turned: bool, tmp_path: Path) -> None:
    image = Image.fromarray(draw_picture(1728, 1145) > 127)
    options: dict[str, Any] = {"dpi": (204, 98)}
    if turned:
        image = image.transpose(Image.Transpose.ROTATE_90)
        options = {"dpi": (98, 204), "tiffinfo": {274: 6}}
    page = only_page(save(tmp_path / "fax.tif", image, "TIFF", compression="group4", **options))
    assert page.dpi == 204
    assert page.pixels.shape == (2383, 1728)
    assert_shows_picture(page.pixels)


def test_colours_stay_apart(tmp_path: Path) -> None:
    """Pens are dark, coloured paper and highlighter are light."""
    colours = {
        "blue ballpoint": (40, 60, 150),
        "red pen": (200, 30, 40),
        "green pen": (20, 110, 60),
        "yellow paper": (255, 240, 130),
        "green paper": (190, 230, 180),
        "pink paper": (250, 190, 200),
        "highlighter": (250, 255, 60),
    }
    patches = np.repeat(np.repeat(np.array([list(colours.values())], np.uint8), 64, axis=0), 64, axis=1)
    for form in ("PNG", "JPEG", "TIFF"):
        grey = only_page(save(tmp_path / "scan", Image.fromarray(patches), form)).pixels[32, 32::64]
        shown = dict(zip(colours, grey.tolist(), strict=True))
        assert all(shown[name] < 0.45 * 255 for name in ("blue ballpoint", "red pen", "green pen"))
        assert all(shown[name] > 0.75 * 255 for name in ("yellow paper", "green paper", "pink paper", "highlighter"))


def test_pages_of_a_tiff_in_order(tmp_path: Path) -> None:
    shades = [0, 20, 40, 60]
    first, *others = (Image.fromarray(draw_picture(ink=shade)) for shade in shades)
    path = save(tmp_path / "scan.tif", first, "TIFF", save_all=True, append_images=others, compression="tiff_lzw")
    scan = open_scan(path)
    assert (scan.kind, scan.page_count) == (ScanFileKind.IMAGE, 4)
    pages = list(scan.pages())
    assert [page.index for page in pages] == [1, 2, 3, 4]
    assert [int(page.pixels.min()) for page in pages if isinstance(page, ScannedPage)] == shades
    third = load_page(path, 3)
    assert isinstance(third, ScannedPage)
    assert third.pixels.min() == 40
    for beyond in (0, 5):
        with pytest.raises(IndexError):
            load_page(path, beyond)
        with pytest.raises(IndexError):
            scan.page(beyond)


def test_previews_and_animations_are_no_pages(tmp_path: Path) -> None:
    frames = [Image.fromarray(draw_picture(ink=shade)) for shade in (0, 50)]
    for form, path in (("GIF", tmp_path / "a.gif"), ("WEBP", tmp_path / "a.webp"), ("MPO", tmp_path / "a.jpg")):
        frames[0].convert("RGB").save(path, form, save_all=True, append_images=frames[1:])
        assert count_pages(path) == 1
        assert_shows_picture(only_page(path).pixels)
    small = Image.fromarray(draw_picture(83, 117))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    path = save(tmp_path / "a.tif", frames[0], "TIFF", save_all=True, append_images=[small])
    assert count_pages(path) == 1


@pytest.mark.parametrize(
    ("dpi", "size", "believed"),
    [
        (300, (2480, 3508), 300),
        (70, (578, 819), 70),
        (72, (2480, 3508), None),
        (96, (2480, 3508), None),
        (1, (2480, 3508), None),
        (0, (2480, 3508), None),
        (600, (1000, 500), None),
        (float("nan"), (2480, 3508), None),
        (100_000, (2480, 3508), None),
        (None, (2480, 3508), None),
    ],
)
def test_plausible_resolutions(dpi: float | None, size: tuple[int, int], believed: float | None) -> None:
    assert find_plausible_dpi(dpi, *size) == believed


def test_resolution_of_a_camera_is_not_believed(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[33434] = 0.01
    image = Image.fromarray(draw_picture())
    assert only_page(save(tmp_path / "photo.jpg", image, "JPEG", dpi=(100, 100), exif=exif)).dpi is None
    assert only_page(save(tmp_path / "scan.jpg", image, "JPEG", dpi=(100, 100))).dpi == 100


def test_square_pixels_leave_nonsense_alone() -> None:
    pixels = draw_picture()
    for dpi in ((300, 300), (300, 299.6), (1, 300), (72, 3000)):
        assert to_square_pixels(pixels, dpi)[0] is pixels


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    assert only_page(save(tmp_path / "scan.pdf", Image.fromarray(draw_picture()), "PNG")).pixels.shape == (
        HEIGHT,
        WIDTH,
    )
    path = save_pages(tmp_path / "scan.jpg", 1)
    assert open_scan(path).kind is ScanFileKind.PDF
    path.write_bytes(b"\r\n mail header\r\n" + path.read_bytes())
    assert open_scan(path).kind is ScanFileKind.PDF


def test_links_are_followed(tmp_path: Path) -> None:
    target = save(tmp_path / "scan.png", Image.fromarray(draw_picture()), "PNG")
    (tmp_path / "link").symlink_to(target)
    assert_shows_picture(only_page(tmp_path / "link").pixels)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (bytes(5000), "nothing but zeros"),
        (b"Bonjour,\n", "no scan that can be read"),
        (b"%PDF-1.7\n", "the PDF is damaged or cut off"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no scan that can be read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no scan that can be read"),
        (b"\x89PNG\r\n\x1a\n", "no scan that can be read|damaged"),
        (b"II*\0\x08\0\0\0", "no scan that can be read|damaged"),
        (b"\xff\xd8\xff\xe0", "no scan that can be read|damaged"),
    ],
)
def test_what_is_no_scan(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(content)
    for read in (open_scan, iterate_pages, count_pages, lambda path: load_page(path, 1)):
        with pytest.raises(ScanFileError, match=message) as caught:
            read(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert caught.value.exit_code == 5


def test_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ScanFileError, match="there is no such file"):
        open_scan(tmp_path / "absent.pdf")
    with pytest.raises(ScanFileError, match="this is not a file"):
        open_scan(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ScanFileError, match="this is not a file"):
            open_scan(tmp_path / "pipe")
    path = save(tmp_path / "scan.png", Image.fromarray(draw_picture()), "PNG")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ScanFileError, match=r"cannot be read: you have no right to it\. Check its permissions\."):
        open_scan(path)


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("TIFF", {}),
        ("TIFF", {"compression": "group4"}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("GIF", {}),
        ("BMP", {}),
        ("WEBP", {"lossless": True}),
        ("JPEG2000", {}),
    ],
)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
def test_cut_off_images_are_never_filled_up(form: str, options: dict[str, Any], share: float, tmp_path: Path) -> None:
    noise = np.random.default_rng(8).integers(0, 255, (300, 200), dtype=np.uint8)
    image = Image.fromarray(noise > 127 if options.get("compression") == "group4" else noise)
    path = save(tmp_path / "scan", image, form, **options)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    try:
        assert "cut off or damaged" in only_rejection(path)
    except ScanFileError as error:
        assert "damaged" in str(error)  # noqa: PT017 - the directory of a TIFF may lie in the lost part


def test_damage_in_one_tiff_page_spares_the_others(tmp_path: Path) -> None:
    images = [Image.fromarray(draw_picture(ink=shade)) for shade in (0, 20, 40)]
    path = save(
        tmp_path / "scan.tif", images[0], "TIFF", save_all=True, append_images=images[1:], compression="tiff_lzw"
    )
    with Image.open(path) as image:
        image.seek(1)
        tags: Any = image.tag_v2  # type: ignore[attr-defined]
        start = tags[273][0]
    data = bytearray(path.read_bytes())
    data[start : start + 400] = b"\xff" * 400
    path.write_bytes(data)
    assert [type(page) for page in iterate_pages(path)] == [ScannedPage, RejectedPage, ScannedPage]


def test_tiff_whose_chain_of_pages_breaks(tmp_path: Path) -> None:
    images = [Image.fromarray(draw_picture(ink=shade)) for shade in (0, 20, 40)]
    path = save(tmp_path / "scan.tif", images[0], "TIFF", save_all=True, append_images=images[1:])
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.6)])
    pages = list(iterate_pages(path))
    assert isinstance(pages[0], ScannedPage)
    assert isinstance(pages[-1], RejectedPage)
    assert all((page.pixels[0] == 255).all() for page in pages if isinstance(page, ScannedPage))


def test_tiff_whose_pages_form_a_ring(tmp_path: Path) -> None:
    path = save(tmp_path / "scan.tif", Image.fromarray(draw_picture()), "TIFF")
    data = bytearray(path.read_bytes())
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    struct.pack_into("<I", data, start + 2 + 12 * count, start)
    path.write_bytes(data)
    assert 1 <= count_pages(path) <= 2


def png_of(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(10**6))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(100_000, 100_000), (13_000, 12_000), (1, 2**31 - 1)])
def test_stated_size_is_refused_before_decoding(size: tuple[int, int], tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(png_of(*size))
    assert "more than any sheet needs" in only_rejection(tmp_path / "bomb.png")


def test_too_many_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [Image.new("1", (8, 8)) for _ in range(4)]
    path = save(tmp_path / "scan.tif", images[0], "TIFF", save_all=True, append_images=images[1:])
    monkeypatch.setattr(image_pages, "MAX_PAGES", 3)
    with pytest.raises(ScanFileError, match=r"more than 3 pages\. Split it"):
        open_scan(path)


def test_random_damage_never_stops_the_batch(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(11)
    picture = draw_picture(206, 292)
    files = [
        encode(picture, "PNG"),
        encode(picture, "JPEG"),
        encode(picture, "TIFF", compression="tiff_lzw"),
        encode(np.asarray(picture), "TIFF", compression="tiff_deflate"),
        encode(picture, "GIF"),
        encode(picture, "JPEG2000"),
        save_pages(tmp_path / "whole.pdf", 2).read_bytes(),
    ]
    path = tmp_path / "scan"
    for content in files:
        for _ in range(40):
            data = np.frombuffer(content, np.uint8).copy()
            # Headers are where parsers go wrong.
            reach = len(data) if rng.random() < 0.5 else min(len(data), 400)
            data[rng.integers(0, reach, rng.integers(1, 12))] = rng.integers(0, 256)
            path.write_bytes(data.tobytes())
            try:
                assert all(isinstance(page, ScannedPage | RejectedPage) for page in iterate_pages(path))
            except ScanFileError as error:
                assert str(error).endswith(".")  # noqa: PT017 - both outcomes are right
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")
