from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
import pytest
from PIL import Image

from papier.errors import DefinitionError, UsageError
from papier.forms.blank import load_blank_form
from papier.forms.layout import Layout
from papier.forms.library import is_blank_form
from papier.geometry import RectMm
from tests.forms.test_schema import BLANK

A4_AT_150 = (1240, 1754)


def draw_page(size: tuple[int, int] = A4_AT_150, mark: tuple[int, int] = (100, 200)) -> Image.Image:
    """A white page with a black square of 50 pixels at `mark`."""
    pixels = np.full((size[1], size[0]), 255, np.uint8)
    pixels[mark[1] : mark[1] + 50, mark[0] : mark[0] + 50] = 0
    return Image.fromarray(pixels)


def write_blank(folder: Path, text: str = BLANK) -> Path:
    path = folder / "enquete.yaml"
    path.write_text(text, "utf-8")
    return path


def render(face: bytes, page: int, dpi: float = 150) -> np.ndarray:
    document = pypdfium2.PdfDocument(face)
    try:
        return np.array(document[page].render(scale=dpi / 72, grayscale=True).to_numpy()).squeeze()
    finally:
        document.close()


def ink_box(pixels: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(pixels < 128)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def test_the_layout_is_what_the_file_says(tmp_path: Path) -> None:
    draw_page().save(tmp_path / "enquete-1.png")
    layout, face = load_blank_form(write_blank(tmp_path))
    assert layout.size_mm == pytest.approx((209.97, 297.01), abs=0.01)
    assert (layout.form, layout.title, layout.marked) == ("voisin/enquete", "Enquête", False)
    first, second, name = layout.page(1).zones
    assert (first.field, first.option, first.multiple, first.shape) == ("q1", "a", True, "square")
    assert (second.option, second.multiple, second.shape) == ("b", True, "bubble")
    assert name.rect == RectMm(20, 50, 12, 8)
    assert (name.content, len(name.cells)) == ("letters", 2)
    assert set(layout.demands) == set(layout.labels) == {"q1", "nom"}
    assert layout.option_labels == {"q1": {"a": "a", "b": "b"}}
    assert Layout.from_frozen(layout.to_frozen()) == layout
    assert face.startswith(b"%PDF")
    assert ink_box(render(face, 0)) == pytest.approx((100, 200, 150, 250), abs=1)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "P", "I;16"])
def test_images_of_every_kind_become_the_same_face(suffix: str, mode: str, tmp_path: Path) -> None:
    if suffix == "jpg" and mode in {"RGBA", "P", "I;16", "1"}:
        pytest.skip("JPEG has no such images")
    page = draw_page()
    if mode == "I;16":
        page = Image.fromarray(np.asarray(page).astype(np.uint16) * 257)
    elif mode == "RGBA":
        page = page.convert("RGBA")
        page.putalpha(Image.fromarray(255 - np.asarray(draw_page())))
    else:
        page = page.convert(mode)
    page.save(tmp_path / f"p.{suffix}")
    _, face = load_blank_form(write_blank(tmp_path, BLANK.replace("enquete-1.png", f"p.{suffix}")))
    pixels = render(face, 0)
    assert ink_box(pixels) == pytest.approx((100, 200, 150, 250), abs=1)
    assert pixels[900, 600] == 255
    assert pixels[225, 125] < 10


def test_a_photograph_on_its_side_is_taken_as_it_is_seen(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    draw_page().transpose(Image.Transpose.ROTATE_90).save(tmp_path / "p.jpg", exif=exif, quality=95)
    layout, face = load_blank_form(write_blank(tmp_path, BLANK.replace("enquete-1.png", "p.jpg")))
    assert layout.size_mm == pytest.approx((209.97, 297.01), abs=0.01)
    assert ink_box(render(face, 0)) == pytest.approx((100, 200, 150, 250), abs=2)


def make_pdf(path: Path, rotation: int = 0, crop: bool = False, password: str = "") -> None:
    """Page 1 is empty; page 2 has the mark of `draw_page` where it is seen, whatever its rotation and crop box."""
    width, height = 595.2, 841.92
    seen = (48.0, 96.0, 24.0)  # the mark from the top left as seen, points
    own = (height, width) if rotation % 180 else (width, height)
    x, y = {
        0: (seen[0], height - seen[1] - seen[2]),
        90: (seen[1], seen[0]),
        180: (width - seen[0] - seen[2], seen[1]),
        270: (height - seen[1] - seen[2], width - seen[0] - seen[2]),
    }[rotation]
    shift = 30.0 if crop else 0.0
    document = pikepdf.new()
    document.add_blank_page(page_size=(width, height))
    page = document.add_blank_page(page_size=(own[0] + 2 * shift, own[1] + 2 * shift))
    page.obj.Contents = document.make_stream(f"{x + shift} {y + shift} 24 24 re f".encode())
    page.obj.Rotate = rotation
    if crop:
        page.obj.CropBox = pikepdf.Array([shift, shift, own[0] + shift, own[1] + shift])
    document.save(path, encryption=pikepdf.Encryption(user=password, owner="x") if password else False)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [False, True])
@pytest.mark.parametrize("wider", [False, True], ids=["alone", "beside a wider page"])
def test_pdf_pages_are_taken_as_they_are_seen(rotation: int, crop: bool, wider: bool, tmp_path: Path) -> None:
    make_pdf(tmp_path / "enquete.pdf", rotation, crop)
    text = BLANK.replace("enquete-1.png\n    dpi: 150", "enquete.pdf#2")
    if wider:
        draw_page((1250, 1764)).save(tmp_path / "wide.png")
        text += "  - {background: wide.png, dpi: 150, zones: [{field: s, kind: signature, rect: [9, 9, 9, 9]}]}\n"
    layout, face = load_blank_form(write_blank(tmp_path, text))
    assert layout.size_mm == pytest.approx((211.67, 298.70) if wider else (209.97, 297.01), abs=0.01)
    assert ink_box(render(face, 0)) == pytest.approx((100, 200, 150, 250), abs=1)
    with pikepdf.open(io.BytesIO(face)) as joined:
        assert len(joined.pages) == 1 + wider
    assert render(face, 0).shape == pytest.approx((1764, 1250) if wider else (1754, 1240), abs=1)


def test_a_small_first_page_gets_white_around_it(tmp_path: Path) -> None:
    draw_page((1236, 1750)).save(tmp_path / "enquete-1.png")
    draw_page().save(tmp_path / "second.png")
    text = BLANK + "  - {background: second.png, dpi: 150}\n"
    layout, face = load_blank_form(write_blank(tmp_path, text))
    assert len(layout.pages) == 2
    assert ink_box(render(face, 0)) == pytest.approx((100, 200, 150, 250), abs=1)


def test_the_same_pages_give_the_same_bytes(tmp_path: Path) -> None:
    draw_page().save(tmp_path / "enquete-1.png")
    path = write_blank(tmp_path)
    assert load_blank_form(path)[1] == load_blank_form(path)[1]


ZONE = "      - {field: q1, kind: tick, option: b, rect: [30.1, 33.0, 3.2, 3.2], shape: bubble}\n"


@pytest.mark.parametrize(
    ("sound", "mistaken", "expected"),
    [
        ("enquete-1.png", "absent.png", ":5: page 1: there is no file `absent.png`"),
        ("    dpi: 150\n", "", ":5: page 1: `dpi` is missing"),
        ("dpi: 150", "dpi: 5", ":6: page 1: `dpi` is `5`"),
        ("dpi: 150", "dpi: 1200", ":5: page 1: `enquete-1.png` measures 26 × 37 mm. Correct `dpi`"),
        ("enquete-1.png", "enquete-1.png#2", ":5: page 1: `enquete-1.png` is no PDF"),
        ("enquete-1.png", "broken.png", ":5: page 1: `broken.png` is no image that can be read"),
        ("enquete-1.png", "broken.pdf", ":5: page 1: `broken.pdf` is a damaged PDF"),
        ("enquete-1.png", "locked.pdf", ":5: page 1: `locked.pdf` is locked by a password"),
        ("enquete-1.png", "two.pdf#3", ":5: page 1: `two.pdf` has 2 pages"),
        ("enquete-1.png", "two.pdf#0", ":5: page 1: `#0` is no page"),
        ("kind: tick, option: b", "kind: tik, option: b", ":9: field `q1`: unknown kind `tik`. Did you mean `tick`?"),
        ("option: b, ", "", ":9: field `q1`: `option` is missing"),
        ("option: b", "option: a", ":9: field `q1`: the option `a` stands twice"),
        ("[30.1, 33.0, 3.2, 3.2]", "[30.1, 33.0, 3.2]", ":9: field `q1`: `rect` is no rectangle"),
        ("[30.1, 33.0, 3.2, 3.2]", "[30.1, 33.0, 0, 3.2]", ":9: field `q1`: `rect` is no rectangle"),
        ("[30.1, 33.0, 3.2, 3.2]", "[230.1, 33.0, 3.2, 3.2]", ":9: field `q1`: the zone [230.1, 33, 3.2, 3.2] leaves"),
        ("[30.1, 33.0, 3.2, 3.2]", "[20.1, 33.0, 3.2, 3.2]", ":9: field `q1`: the zone stands at the very place"),
        ("option: b,", "option: b, multiple: false,", ":9: field `q1`: `multiple` is not the same"),
        ("field: nom", "field: q1", ":10: field `q1`: the field has a zone already (line 8)"),
        ("content: letters", "content: date", ":10: field `nom`: `date` has 8 cells, here are 2"),
        ("shape: bubble", "shap: bubble", ":9: field `q1`: unknown key `shap`. Did you mean `shape`?"),
        ("zones:", "zonse:", ":7: page 1: unknown key `zonse`. Did you mean `zones`?"),
    ],
)
def test_mistakes_are_told_with_their_line(sound: str, mistaken: str, expected: str, tmp_path: Path) -> None:
    draw_page().save(tmp_path / "enquete-1.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nrest")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4\nrest")
    make_pdf(tmp_path / "locked.pdf", password="secret")  # noqa: S106 (nothing is protected)
    make_pdf(tmp_path / "two.pdf")
    path = write_blank(tmp_path, BLANK.replace(sound, mistaken, 1))
    with pytest.raises(DefinitionError) as raised:
        load_blank_form(path)
    assert f"enquete.yaml{expected}" in str(raised.value)


def test_pages_of_two_sizes_are_told(tmp_path: Path) -> None:
    draw_page().save(tmp_path / "enquete-1.png")
    draw_page((874, 1240)).save(tmp_path / "a5.png")
    path = write_blank(tmp_path, BLANK + "  - {background: a5.png, dpi: 150}\n")
    with pytest.raises(DefinitionError, match="the page measures 148 × 210 mm and page 1 210 × 297 mm"):
        load_blank_form(path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_a_truncated_image_is_told(suffix: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (1754, 1240), dtype=np.uint8)
    path = tmp_path / f"p.{suffix}"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(DefinitionError, match=r"`p\.\w+` is (damaged|no image)"):
        load_blank_form(write_blank(tmp_path, BLANK.replace("enquete-1.png", path.name)))


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    path = write_blank(tmp_path, BLANK.replace("version: 1\n", "").replace("kind: comb", "kind: comp"))
    with pytest.raises(DefinitionError) as raised:
        load_blank_form(path)
    assert [problem.line for problem in raised.value.problems] == [1, 4, 9]


def test_blank_forms_are_known_from_others(tmp_path: Path) -> None:
    assert is_blank_form(write_blank(tmp_path))
    assert not is_blank_form(write_blank(tmp_path, "form: a/b\nblocks: []\n"))
    assert not is_blank_form(write_blank(tmp_path, "\tbroken"))
    assert not is_blank_form(tmp_path / "none.yaml")
    with pytest.raises(UsageError):
        load_blank_form(tmp_path / "none.yaml")
