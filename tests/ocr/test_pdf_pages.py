from __future__ import annotations

import contextlib
import io
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Encryption, Name, Permissions, Stream, String
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from papier.errors import ScanFileError
from papier.ocr import pdf_pages
from papier.ocr.pages import count_pages, iterate_pages, load_page, open_scan
from papier.ocr.scan import RejectedPage, ScannedPage
from tests.ocr.page_files import (
    HEIGHT,
    PAGE_POINTS,
    WIDTH,
    add_page,
    assert_shows_picture,
    draw_picture,
    encode,
    encode_group4,
    encode_jbig2,
    grey_image,
    make_image,
    save_one_image,
    save_pages,
)

FULL = f"q {PAGE_POINTS[0]} 0 0 {PAGE_POINTS[1]} 0 0 cm /Im0 Do Q"
GREY: dict[str, Any] = {"BitsPerComponent": 8, "ColorSpace": Name.DeviceGray}
BILEVEL: dict[str, Any] = {"BitsPerComponent": 1, "ColorSpace": Name.DeviceGray}


def only_page(path: Path) -> ScannedPage:
    (page,) = iterate_pages(path)
    assert isinstance(page, ScannedPage), page
    return page


def only_rejection(path: Path) -> str:
    (page,) = iterate_pages(path)
    assert isinstance(page, RejectedPage)
    assert page.index == 1
    assert page.reason.endswith(".")
    return page.reason


def picture() -> np.ndarray[Any, np.dtype[np.uint8]]:
    return draw_picture()


def packed(inverted: bool = False) -> bytes:
    bits = picture() > 127
    return zlib.compress(np.packbits(~bits if inverted else bits, axis=1).tobytes())


def png_rows(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    """Rows under PNG's "up" predictor."""
    above = np.vstack([np.zeros_like(pixels[:1]), pixels[:-1]])
    return zlib.compress(np.hstack([np.full((len(pixels), 1), 2, np.uint8), pixels - above]).tobytes())


def encodings() -> dict[str, tuple[bytes, dict[str, Any]]]:
    grey = picture()
    colour = np.dstack([grey, grey, grey])
    fax, ones_are_white = encode_group4(grey)
    fax_keys = {"/K": -1, "/Columns": WIDTH, "/Rows": HEIGHT}
    flate: dict[str, Any] = {"Filter": Name.FlateDecode}
    palette = Array([Name.Indexed, Name.DeviceRGB, 1, String(b"\xff\xff\xff\0\0\0")])
    inks = np.dstack([np.zeros_like(colour), 255 - grey])
    cmyk = io.BytesIO()
    Image.fromarray(inks, "CMYK").save(cmyk, "JPEG", quality=95)
    return {
        "jpeg grey": (encode(grey, "JPEG", quality=90), GREY | {"Filter": Name.DCTDecode}),
        "jpeg progressive": (encode(grey, "JPEG", progressive=True), GREY | {"Filter": Name.DCTDecode}),
        "jpeg colour": (encode(colour, "JPEG"), GREY | {"Filter": Name.DCTDecode, "ColorSpace": Name.DeviceRGB}),
        "jpeg inverted": (encode(255 - grey, "JPEG"), GREY | {"Filter": Name.DCTDecode, "Decode": Array([1, 0])}),
        "jpeg deflated": (
            zlib.compress(encode(grey, "JPEG")),
            GREY | {"Filter": Array([Name.FlateDecode, Name.DCTDecode])},
        ),
        "jpeg cmyk": (
            cmyk.getvalue(),
            GREY | {"Filter": Name.DCTDecode, "ColorSpace": Name.DeviceCMYK, "Decode": Array([1, 0] * 4)},
        ),
        "jpeg 2000": (encode(grey, "JPEG2000"), {"Filter": Name.JPXDecode}),
        "jpeg 2000 colour": (encode(colour, "JPEG2000"), {"Filter": Name.JPXDecode, "ColorSpace": Name.DeviceRGB}),
        "jbig2": (encode_jbig2(grey), BILEVEL | {"Filter": Name.JBIG2Decode}),
        "group 4": (
            fax,
            BILEVEL
            | {"Filter": Name.CCITTFaxDecode, "DecodeParms": Dictionary(fax_keys | {"/BlackIs1": ones_are_white})},
        ),
        "flate 1 bit": (packed(), BILEVEL | flate),
        "flate 1 bit decoded": (packed(inverted=True), BILEVEL | flate | {"Decode": Array([1, 0])}),
        "flate 8 bit": (zlib.compress(grey.tobytes()), GREY | flate),
        "flate 16 bit": (
            zlib.compress((grey.astype(">u2") * 257).astype(">u2").tobytes()),
            GREY | flate | {"BitsPerComponent": 16},
        ),
        "flate predictor": (
            png_rows(grey),
            GREY | flate | {"DecodeParms": Dictionary(Predictor=15, Colors=1, BitsPerComponent=8, Columns=WIDTH)},
        ),
        "flate rgb": (zlib.compress(colour.tobytes()), GREY | flate | {"ColorSpace": Name.DeviceRGB}),
        "flate cmyk": (zlib.compress(inks.tobytes()), GREY | flate | {"ColorSpace": Name.DeviceCMYK}),
        "flate palette": (packed(inverted=True), BILEVEL | flate | {"ColorSpace": palette}),
        "uncompressed": (grey.tobytes(), GREY),
        "stencil": (packed(), {"BitsPerComponent": 1, "ImageMask": True} | flate),
        "stencil decoded": (
            packed(inverted=True),
            {"BitsPerComponent": 1, "ImageMask": True, "Decode": Array([1, 0])} | flate,
        ),
    }


@pytest.mark.parametrize("name", list(encodings()))
def test_embedded_images_come_out_at_their_own_resolution(name: str, tmp_path: Path) -> None:
    data, keys = encodings()[name]
    page = only_page(save_one_image(tmp_path / "scan.pdf", data, **keys))
    assert page.pixels.shape == (HEIGHT, WIDTH)
    assert page.dpi == pytest.approx(100, abs=0.1)
    assert_shows_picture(page.pixels)
    if "jpeg" not in name and "cmyk" not in name:
        assert (page.pixels == picture()).all()


def test_jpeg_dimensions_of_its_own_header_win(tmp_path: Path) -> None:
    path = save_one_image(tmp_path / "scan.pdf", encode(picture(), "JPEG"), (83, 117), **GREY, Filter=Name.DCTDecode)
    page = only_page(path)
    assert page.pixels.shape == (HEIGHT, WIDTH)


# The eight orientations: what the stored pixels are, and the matrix that shows them upright.
W, H = PAGE_POINTS
ORIENTATIONS: dict[str, tuple[Any, str]] = {
    "upright": (lambda p: p, f"{W} 0 0 {H} 0 0"),
    "turned right": (lambda p: np.rot90(p, -1), f"0 {H} {-W} 0 {W} 0"),
    "upside down": (lambda p: np.rot90(p, 2), f"{-W} 0 0 {-H} {W} {H}"),
    "turned left": (np.rot90, f"0 {-H} {W} 0 0 {H}"),
    "mirrored": (np.fliplr, f"{-W} 0 0 {H} {W} 0"),
    "flipped": (np.flipud, f"{W} 0 0 {-H} 0 {H}"),
    "transposed": (np.transpose, f"0 {-H} {-W} 0 {W} {H}"),
}


@pytest.mark.parametrize("name", list(ORIENTATIONS))
def test_image_matrix_is_applied(name: str, tmp_path: Path) -> None:
    turn, matrix = ORIENTATIONS[name]
    with pikepdf.new() as pdf:
        add_page(pdf, [grey_image(pdf, np.ascontiguousarray(turn(picture())))], f"q {matrix} cm /Im0 Do Q")
        pdf.save(tmp_path / "scan.pdf")
    page = only_page(tmp_path / "scan.pdf")
    assert (page.pixels == picture()).all()
    assert page.dpi == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("drawn", [False, True])
def test_page_rotation_is_applied(rotation: int, drawn: bool, tmp_path: Path) -> None:
    stored = np.ascontiguousarray(np.rot90(picture(), rotation // 90))
    size = (W, H) if rotation % 180 == 0 else (H, W)
    with pikepdf.new() as pdf:
        content = f"q {size[0]} 0 0 {size[1]} 0 0 cm /Im0 Do Q"
        if drawn:
            content += " 0.5 g 2 2 3 3 re f"
        page = add_page(pdf, [grey_image(pdf, stored)], content, size=size)
        page.Rotate = rotation
        pdf.save(tmp_path / "scan.pdf")
    assert_shows_picture(only_page(tmp_path / "scan.pdf").pixels)


def test_image_in_nested_forms(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        image = grey_image(pdf, picture())
        inner = Stream(
            pdf,
            b"q 100 0 0 100 0 0 cm /Im0 Do Q",
            Type=Name.XObject,
            Subtype=Name.Form,
            BBox=Array([0, 0, 100, 100]),
            Resources=Dictionary(XObject=Dictionary(Im0=image)),
        )
        outer = Stream(
            pdf,
            f"q {W / 100} 0 0 {H / 100} 0 0 cm /Fm1 Do Q".encode(),
            Type=Name.XObject,
            Subtype=Name.Form,
            BBox=Array([0, 0, 1000, 1000]),
            Resources=Dictionary(XObject=Dictionary(Fm1=pdf.make_indirect(inner))),
        )
        add_page(pdf, [pdf.make_indirect(outer)], "q /Im0 Do Q")
        pdf.save(tmp_path / "scan.pdf")
    page = only_page(tmp_path / "scan.pdf")
    assert (page.pixels == picture()).all()
    assert page.dpi == pytest.approx(100, abs=0.1)


def test_invisible_text_and_white_ground_do_not_cause_drawing(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        hidden = "BT 3 Tr /F1 20 Tf 100 400 Td (recognised words) Tj ET"
        under = "0 g BT /F1 20 Tf 100 500 Td (text under the image) Tj ET"
        add_page(pdf, [grey_image(pdf, picture())], f"1 g 0 0 {W} {H} re f {under} {FULL} {hidden}")
        pdf.save(tmp_path / "scan.pdf")
    assert (only_page(tmp_path / "scan.pdf").pixels == picture()).all()


def test_visible_text_over_the_image_is_seen(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        add_page(pdf, [grey_image(pdf, picture())], f"{FULL} 0 g 300 300 100 100 re f")
        pdf.save(tmp_path / "scan.pdf")
    page = only_page(tmp_path / "scan.pdf")
    height, width = page.pixels.shape
    assert page.pixels[round((1 - 350 / H) * height), round(350 / W * width)] < 30
    assert page.dpi == pytest.approx(300, abs=1)


def test_strips_are_joined(tmp_path: Path) -> None:
    strips = np.array_split(draw_picture(2 * WIDTH, 2 * HEIGHT), 8)
    with pikepdf.new() as pdf:
        content, top = "", float(2 * HEIGHT)
        for number, strip in enumerate(strips):
            top -= len(strip)
            content += f"q {W} 0 0 {len(strip) / 2 / HEIGHT * H} 0 {top / 2 / HEIGHT * H} cm /Im{number} Do Q\n"
        add_page(pdf, [grey_image(pdf, strip) for strip in strips], content)
        pdf.save(tmp_path / "scan.pdf")
    page = only_page(tmp_path / "scan.pdf")
    assert page.pixels.shape == pytest.approx((2 * HEIGHT, 2 * WIDTH), abs=1)
    assert page.dpi == pytest.approx(200, abs=0.5)
    assert_shows_picture(page.pixels)


def test_compact_pdf_layers_are_put_together(tmp_path: Path) -> None:
    """A coarse photograph of the paper, and the text as a fine stencil over it."""
    with pikepdf.new() as pdf:
        ground = grey_image(pdf, np.full((HEIGHT // 4, WIDTH // 4), 230, np.uint8))
        fine = np.packbits(draw_picture(3 * WIDTH, 3 * HEIGHT) > 127, axis=1)
        stencil = make_image(
            pdf,
            zlib.compress(fine.tobytes()),
            (3 * WIDTH, 3 * HEIGHT),
            BitsPerComponent=1,
            ImageMask=True,
            Filter=Name.FlateDecode,
        )
        add_page(pdf, [ground, stencil], f"{FULL} 0 g {FULL.replace('Im0', 'Im1')}")
        pdf.save(tmp_path / "scan.pdf")
    page = only_page(tmp_path / "scan.pdf")
    assert page.dpi == pytest.approx(300, abs=0.5)
    assert_shows_picture(page.pixels)
    assert page.pixels[5, 5] == pytest.approx(230, abs=3)


def test_half_transparent_image_is_laid_on_white(tmp_path: Path) -> None:
    """What a soft mask hides is often black in the image itself."""
    with pikepdf.new() as pdf:
        image = grey_image(pdf, np.zeros((HEIGHT, WIDTH), np.uint8))
        image.SMask = grey_image(pdf, 255 - picture())
        add_page(pdf, [image])
        pdf.save(tmp_path / "scan.pdf")
    assert_shows_picture(only_page(tmp_path / "scan.pdf").pixels)


def test_stencil_takes_the_fill_colour(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        stencil = make_image(pdf, packed(), BitsPerComponent=1, ImageMask=True, Filter=Name.FlateDecode)
        add_page(pdf, [stencil], f"0 0 0.6 rg {FULL}")
        pdf.save(tmp_path / "scan.pdf")
    page = only_page(tmp_path / "scan.pdf")
    assert page.pixels[200, 150] == pytest.approx(0.114 * 153, abs=2)
    assert page.pixels[5, 5] == 255


def test_crop_box_cuts_the_image(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        page = add_page(pdf, [grey_image(pdf, picture())])
        page.CropBox = Array([0, H / 2, W, H])
        pdf.save(tmp_path / "scan.pdf")
    cut = only_page(tmp_path / "scan.pdf").pixels
    assert cut.shape == pytest.approx((HEIGHT // 2, WIDTH), abs=1)
    assert (cut == picture()[: len(cut)]).all()


def test_fax_resolution_becomes_square(tmp_path: Path) -> None:
    fax = draw_picture(1728, 1145)
    with pikepdf.new() as pdf:
        add_page(pdf, [grey_image(pdf, fax)], size=(1728 / 204 * 72, 1145 / 98 * 72))
        pdf.save(tmp_path / "scan.pdf")
    page = only_page(tmp_path / "scan.pdf")
    assert page.dpi == pytest.approx(204, abs=0.1)
    assert page.pixels.shape == pytest.approx((1145 * 204 / 98, 1728), abs=1)
    assert_shows_picture(page.pixels)


def test_page_without_any_resolution(tmp_path: Path) -> None:
    """One point a pixel, as converters write it that know no resolution."""
    with pikepdf.new() as pdf:
        add_page(pdf, [grey_image(pdf, draw_picture(2480, 3508))], size=(2480, 3508))
        pdf.save(tmp_path / "scan.pdf")
    page = only_page(tmp_path / "scan.pdf")
    assert page.pixels.shape == (3508, 2480)
    assert page.dpi is None


def test_text_pages_are_drawn(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "letter.pdf"), pagesize=PAGE_POINTS)
    canvas.drawString(72, 700, "Madame, Monsieur,")
    canvas.rect(100, 100, 200, 50, fill=1)
    canvas.showPage()
    canvas.showPage()
    canvas.save()
    text, blank = iterate_pages(tmp_path / "letter.pdf")
    assert isinstance(text, ScannedPage)
    assert text.dpi == pytest.approx(300, abs=0.5)
    assert text.pixels[round((H - 125) / 72 * 300), round(200 / 72 * 300)] == 0
    line = text.pixels[round((H - 715) / 72 * 300) : round((H - 695) / 72 * 300)]
    assert (line < 100).sum() > 500
    assert isinstance(blank, ScannedPage)
    assert (blank.pixels == 255).all()


def test_filled_fields_are_drawn(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "form.pdf"), pagesize=PAGE_POINTS)
    canvas.acroForm.textfield(name="nom", value="LEFEVRE", x=100, y=500, width=300, height=40, borderWidth=0)
    canvas.showPage()
    canvas.save()
    page = only_page(tmp_path / "form.pdf")
    area = page.pixels[round((H - 540) / 72 * 300) : round((H - 500) / 72 * 300), 420:1600]
    assert (area < 100).sum() > 300


def test_encryption(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        add_page(pdf, [grey_image(pdf, picture())])
        pdf.save(tmp_path / "open.pdf", encryption=Encryption(owner="x", user="", allow=Permissions(extract=False)))
        pdf.save(tmp_path / "locked.pdf", encryption=Encryption(owner="x", user="secret"))
    assert (only_page(tmp_path / "open.pdf").pixels == picture()).all()
    with pytest.raises(ScanFileError, match=r"locked\.pdf: the PDF is locked with a password\. Open it"):
        open_scan(tmp_path / "locked.pdf")


def damaged_encodings() -> dict[str, tuple[bytes, dict[str, Any]]]:
    whole = encodings()
    noise = np.random.default_rng(5).integers(0, 255, (HEIGHT, WIDTH), dtype=np.uint8)
    flate = bytearray(zlib.compress(noise.tobytes()))
    flate[len(flate) // 2] ^= 0x55
    jpeg, jpeg_keys = whole["jpeg grey"]
    return {
        "jpeg cut": (jpeg[: len(jpeg) * 2 // 3], jpeg_keys),
        "jpeg without end": (jpeg[:-2], jpeg_keys),
        "jpeg garbage": (b"no picture" * 99, jpeg_keys),
        "flate cut": (zlib.compress(noise.tobytes())[:-2000], GREY | {"Filter": Name.FlateDecode}),
        "flate corrupt": (bytes(flate), GREY | {"Filter": Name.FlateDecode}),
        "group 4 cut": (whole["group 4"][0][:-40], whole["group 4"][1]),
        "jpeg 2000 cut": (whole["jpeg 2000"][0][:600], whole["jpeg 2000"][1]),
        "jbig2 cut": (whole["jbig2"][0][:60], whole["jbig2"][1]),
        "empty": (b"", jpeg_keys),
        "raw cut": (picture().tobytes()[: WIDTH * HEIGHT // 2], GREY),
    }


@pytest.mark.parametrize("drawn", [False, True])
@pytest.mark.parametrize("name", list(damaged_encodings()))
def test_damaged_images_are_rejected_never_filled_up(name: str, drawn: bool, tmp_path: Path) -> None:
    data, keys = damaged_encodings()[name]
    with pikepdf.new() as pdf:
        add_page(pdf, [make_image(pdf, data, **keys)], FULL + (" 0 g 9 9 9 9 re f" if drawn else ""))
        add_page(pdf, [grey_image(pdf, picture())])
        pdf.save(tmp_path / "scan.pdf", compress_streams=False)
    first, second = iterate_pages(tmp_path / "scan.pdf")
    assert isinstance(first, RejectedPage)
    assert "missing or damaged" in first.reason
    assert isinstance(second, ScannedPage)
    assert (second.pixels == picture()).all()


@pytest.mark.parametrize("lost", [rb"/Im0 (\d+) 0 R", rb"/Contents (\d+) 0 R"])
def test_lost_objects_do_not_read_as_a_blank_page(lost: bytes, tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        add_page(pdf, [grey_image(pdf, picture())])
        pdf.save(tmp_path / "scan.pdf", object_stream_mode=pikepdf.ObjectStreamMode.disable, qdf=True)
    data = (tmp_path / "scan.pdf").read_bytes()
    match = re.search(lost, data)
    assert match
    number = match[1].decode()
    data = re.sub(rf"(?m)^{number} 0 obj".encode(), b"77 0 obj", data)
    (tmp_path / "scan.pdf").write_bytes(data)
    assert "missing or damaged" in only_rejection(tmp_path / "scan.pdf")


def test_stated_size_is_refused_before_decoding(tmp_path: Path) -> None:
    bomb = save_one_image(
        tmp_path / "bomb.pdf", zlib.compress(bytes(10**6)), (100_000, 100_000), **GREY, Filter=Name.FlateDecode
    )
    assert "100000 × 100000 pixels" in only_rejection(bomb)
    jpeg = bytearray(encode(picture(), "JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = b"\xff\xdc\xff\xdc"
    lying = save_one_image(tmp_path / "lying.pdf", bytes(jpeg), **GREY, Filter=Name.DCTDecode)
    assert "65500 × 65500 pixels" in only_rejection(lying)
    code = bytearray(encode(picture(), "JPEG2000"))
    start = code.index(b"\xff\x4f\xff\x51")
    code[start + 8 : start + 16] = b"\x00\x0f\xff\xff" * 2
    huge = save_one_image(tmp_path / "huge.pdf", bytes(code), Filter=Name.JPXDecode)
    assert "1048575 × 1048575 pixels" in only_rejection(huge)


@pytest.mark.parametrize("twice", [False, True])
def test_operators_that_unpack_without_end_are_refused(twice: bool, tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        page = add_page(pdf, [grey_image(pdf, picture())])
        bomb = zlib.compress(b"0 0 m " * (20 * 1024 * 1024), 9)
        page.Contents = Stream(pdf, zlib.compress(bomb) if twice else bomb)
        page.Contents.Filter = Array([Name.FlateDecode] * (2 if twice else 1))
        pdf.save(tmp_path / "bomb.pdf", compress_streams=False)
    assert "far more drawing" in only_rejection(tmp_path / "bomb.pdf")


def test_a_form_that_draws_itself_ends(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        form = pdf.make_indirect(
            Stream(pdf, b"/Im0 Do", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, W, H]))
        )
        form.Resources = Dictionary(XObject=Dictionary(Im0=form))
        add_page(pdf, [form])
        pdf.save(tmp_path / "loop.pdf")
    (page,) = iterate_pages(tmp_path / "loop.pdf")
    assert isinstance(page, ScannedPage | RejectedPage)


def test_page_of_ten_metres_is_refused(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        add_page(pdf, [], "0 g 100 100 5000 5000 re f", size=(28346, 28346))
        pdf.save(tmp_path / "vast.pdf")
    assert only_rejection(tmp_path / "vast.pdf") == (
        "The PDF page measures 10.0 × 10.0 m. Give pages of at most A0 (0.8 × 1.2 m)."
    )


def test_too_many_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_pages(tmp_path / "scan.pdf", 3)
    monkeypatch.setattr(pdf_pages, "MAX_PAGES", 2)
    with pytest.raises(ScanFileError, match="3 pages, more than 2"):
        count_pages(path)


def test_cut_off_file(tmp_path: Path) -> None:
    """Whatever can still be found is right; what is lost is said, page by page or for the file."""
    path = save_pages(tmp_path / "scan.pdf", 4)
    data = path.read_bytes()
    for share in (0.01, 0.3, 0.6, 0.9, 0.999):
        path.write_bytes(data[: int(len(data) * share)])
        try:
            pages = list(iterate_pages(path))
        except ScanFileError as error:
            assert "damaged or cut off" in str(error)  # noqa: PT017 - both outcomes are right
            continue
        for page in pages:
            assert isinstance(page, RejectedPage) or (page.pixels == picture()).all()


def test_file_is_reopened_without_losing_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_pages(tmp_path / "scan.pdf", 7)
    monkeypatch.setattr(pdf_pages, "MAX_KEPT_PAGES", 2)
    pages = list(iterate_pages(path))
    assert [page.index for page in pages] == [1, 2, 3, 4, 5, 6, 7]
    assert all(isinstance(page, ScannedPage) and (page.pixels == picture()).all() for page in pages)
    assert load_page(path, 7).index == 7
    with pytest.raises(IndexError):
        load_page(path, 8)


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name, (data, keys) in damaged_encodings().items():
        path = save_one_image(tmp_path / f"{name}.pdf", data, **keys)
        list(iterate_pages(path))
        path.write_bytes(path.read_bytes()[:-30].replace(b"xref", b"xxxx"))
        with contextlib.suppress(ScanFileError):
            list(iterate_pages(path))
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err == ""


@pytest.mark.parametrize("content", [f"q {W} 0 0 {H} 9000 0 cm /Im0 Do Q", f"q {W} 0 0 {H} 0 0 cm %Im0 Do Q"])
def test_an_image_that_is_not_seen_is_not_a_blank_page(content: str, tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        add_page(pdf, [grey_image(pdf, picture())], content)
        pdf.save(tmp_path / "scan.pdf")
    assert "missing or damaged" in only_rejection(tmp_path / "scan.pdf")
