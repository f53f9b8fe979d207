from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pikepdf
import pypdfium2
import pytest

from papier.errors import LayoutError
from papier.forms.definition import CombContent, Demand, PageBreak, PageFormat, Paragraph
from papier.forms.frame import page_frame
from papier.forms.furniture import NUMBER_CLEAR
from papier.forms.layout import Layout
from papier.forms.pdf import MASTER_NOTE, SheetToPrint, face_pdf, write_sheets
from papier.forms.roster_values import comb_characters, parse_day, prefilled_values, unprintable_values
from papier.forms.typesetting import lay_out
from papier.geometry import POINTS_PER_MM, RectMm
from tests.forms.blocks import absence, comb, form, roll_call, words

NUMBER = "4F7K-2M9Q-8XTR"
PUPIL = {"nom": "Lefèvre", "prenom": "Chloé", "classe": "4eB"}
PIXELS_PER_MM = 6.0


def printed(*sheets: SheetToPrint) -> pypdfium2.PdfDocument:
    stream = io.BytesIO()
    assert write_sheets(stream, sheets) == len(sheets)
    return pypdfium2.PdfDocument(stream.getvalue())


def text_of(document: pypdfium2.PdfDocument, page: int = 0) -> str:
    return str(document[page].get_textpage().get_text_range())


def text_in(document: pypdfium2.PdfDocument, rect: RectMm) -> str:
    """The text of the first page inside `rect`."""
    height = document[0].get_height()
    edges = (rect.x - 0.5, rect.bottom + 0.7, rect.right + 0.5, rect.y - 0.7)
    left, bottom, right, top = (edge * POINTS_PER_MM for edge in edges)
    return str(document[0].get_textpage().get_text_bounded(left, height - bottom, right, height - top))


def picture(data: bytes, page: int = 0) -> npt.NDArray[np.uint8]:
    rendered = pypdfium2.PdfDocument(data)[page].render(scale=PIXELS_PER_MM / POINTS_PER_MM, grayscale=True)
    return np.asarray(rendered.to_numpy()).squeeze()


def cut(image: npt.NDArray[np.uint8], rect: RectMm) -> npt.NDArray[np.uint8]:
    left, top, right, bottom = (round(v * PIXELS_PER_MM) for v in (rect.x, rect.y, rect.right, rect.bottom))
    return image[top:bottom, left:right]


def small_form() -> Layout:
    return lay_out(form(comb("nom", demand=Demand(roster="nom")), page=PageFormat.A6))


def test_the_number_is_text_at_both_places() -> None:
    document = printed(SheetToPrint(lay_out(absence()), NUMBER, PUPIL))
    assert text_of(document).count(f"{NUMBER}/1") == 2
    for rect in page_frame(210, 297).numbers:
        assert text_in(document, rect) == f"{NUMBER}/1"


def test_the_number_fills_its_box_with_white_around() -> None:
    stream = io.BytesIO()
    write_sheets(stream, [SheetToPrint(lay_out(absence()), NUMBER, master=True, establishment="Collège")])
    image = picture(stream.getvalue())
    for rect in page_frame(210, 297).numbers:
        assert cut(image, rect).min() < 40
        ring = cut(image, rect.grown(NUMBER_CLEAR)).copy()
        # The solidus goes three quarters of a millimetre below the baseline.
        margin = round((NUMBER_CLEAR - 1.0) * PIXELS_PER_MM)
        ring[margin:-margin, margin:-margin] = 255
        assert ring.min() > 200


def test_the_face_has_marks_and_no_number() -> None:
    for layout in (lay_out(absence()), small_form()):
        data = face_pdf(layout)
        assert NUMBER[:4] not in text_of(pypdfium2.PdfDocument(data))
        image = picture(data)
        frame = page_frame(*layout.size_mm)
        for index, mark in enumerate(frame.marks):
            inner = cut(image, mark.grown(-0.3))
            x, y = mark.centre
            window = cut(image, RectMm(x - 0.7, y - 0.7, 1.4, 1.4))
            assert window.min() == (255 if index == 0 else 0)
            assert inner[0].max() == 0
        for rect in frame.numbers:
            assert cut(image, rect.grown(1.9)).min() == 255


def test_zones_are_printed_where_the_layout_says() -> None:
    layout = lay_out(absence())
    image = picture(face_pdf(layout))
    for zone in layout.zones():
        if zone.kind == "tick":
            edge = cut(image, RectMm(zone.rect.x - 0.3, zone.rect.y, 0.6, zone.rect.height))
            assert edge.min(axis=1).max() < 140
        if zone.kind in ("tick", "signature"):
            assert cut(image, zone.rect.grown(-0.5)).min() == 255
        for cell in zone.cells:
            assert cut(image, cell.grown(-0.4)).min() == 255
            assert 100 < cut(image, RectMm(cell.x - 0.3, cell.y + 1, 0.6, cell.height - 2)).min() < 235


def test_roster_values_stand_in_their_cells() -> None:
    layout = lay_out(absence())
    stream = io.BytesIO()
    write_sheets(stream, [SheetToPrint(layout, NUMBER, PUPIL)])
    image, blank = picture(stream.getvalue()), picture(face_pdf(layout))
    nom = next(zone for zone in layout.zones() if zone.field == "nom")
    inked = [bool((cut(image, c.grown(-0.5)) != cut(blank, c.grown(-0.5))).any()) for c in nom.cells]
    assert inked == [True] * len("LEFÈVRE") + [False] * (len(nom.cells) - 7)
    assert "L E F È V R E" in text_of(pypdfium2.PdfDocument(stream.getvalue()))
    assert prefilled_values(layout, PUPIL) == {"nom": "LEFÈVRE", "prenom": "CHLOÉ", "classe": "4EB"}


def test_prefilled_values_are_those_of_a_reading() -> None:
    layout = lay_out(
        form(
            comb("naissance", CombContent.DATE, demand=Demand(roster="naissance")),
            comb("heure", CombContent.HOUR, demand=Demand(roster="heure")),
            comb("telephone", CombContent.TELEPHONE, demand=Demand(roster="tel")),
            comb("cache", demand=Demand(roster="nom", prefill=False)),
        )
    )
    values = {"naissance": "3/9/2011", "heure": "8h05", "tel": "+33 6 12 34 56 78", "nom": "Durand"}
    assert prefilled_values(layout, values) == {
        "naissance": "2011-09-03",
        "heure": "08:05",
        "telephone": "0612345678",
    }
    assert unprintable_values(layout, values) == []
    wrong = {"naissance": "31/02/2011", "tel": "12"}
    assert prefilled_values(layout, wrong) == {}
    assert len(unprintable_values(layout, wrong)) == 2


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2011-09-03", "2011-09-03"),
        ("03.09.2011", "2011-09-03"),
        ("03092011", "2011-09-03"),
        ("2011-13-01", None),
        ("x", None),
    ],
)
def test_days_are_understood_as_the_french_write_them(text: str, iso: str | None) -> None:
    day = parse_day(text)
    assert (day.isoformat() if day else None) == iso


def test_a_value_too_long_is_never_cut() -> None:
    layout = small_form()
    long = {"nom": "A" * 20}
    assert comb_characters(layout.zones()[0], long["nom"]) is None
    assert prefilled_values(layout, long) == {}
    (problem,) = unprintable_values(layout, long)
    assert "at most 12 characters" in problem
    assert "A A" not in text_of(printed(SheetToPrint(layout, NUMBER, long)))
    prose = lay_out(form(Paragraph(text=words("Objet : {objet}"))))
    with pytest.raises(LayoutError, match="too long for its place"):
        printed(SheetToPrint(prose, NUMBER, {"objet": "mot " * 100}))


def test_prose_takes_values_or_leaves_dots() -> None:
    layout = lay_out(form(Paragraph(text=words("Madame {nom}, l'élève {prenom} : merci"))))
    assert "Madame Martin, l’élève Zoé : merci" in text_of(
        printed(SheetToPrint(layout, NUMBER, {"nom": "Martin", "prenom": "Zoé"}))
    ).replace("\u00a0", " ")
    dotted = text_of(printed(SheetToPrint(layout, NUMBER)))
    assert "{" not in dotted
    assert dotted.count(".") > 20


def test_a_roll_call_prints_its_people() -> None:
    layout = lay_out(roll_call())
    rows = tuple({"nom": f"Durand{i}", "prenom": "Éloïse"} for i in range(30))
    document = printed(SheetToPrint(layout, NUMBER, {"classe": "4e B"}, rows))
    whole = text_of(document, 0) + text_of(document, 1)
    assert [f"Durand{i} Éloïse" in whole for i in range(31)] == [True] * 30 + [False]
    assert f"{NUMBER}/2" in text_of(document, 1)
    (problem,) = unprintable_values(layout, {"classe": "4e B"}, rows + rows)
    assert "60 people" in problem


def test_a_master_says_so() -> None:
    assert MASTER_NOTE in text_of(printed(SheetToPrint(lay_out(absence()), NUMBER, master=True)))
    assert MASTER_NOTE not in text_of(printed(SheetToPrint(lay_out(absence()), NUMBER)))


def test_two_coupons_share_a_page() -> None:
    layout = lay_out(form(comb("nom", demand=Demand(roster="nom")), page=PageFormat.A5_TWO_UP))
    numbers = [f"4F7K-2M9Q-8XT{i}" for i in range(3)]
    document = printed(*(SheetToPrint(layout, number) for number in numbers))
    assert len(document) == 2
    assert [round(v / POINTS_PER_MM) for v in document[0].get_size()] == [297, 210]
    for page, expected in ((0, numbers[:2]), (1, numbers[2:])):
        assert [text_of(document, page).count(f"{n}/1") for n in expected] == [2] * len(expected)
    face = pypdfium2.PdfDocument(face_pdf(layout))
    assert [round(v / POINTS_PER_MM) for v in face[0].get_size()] == [148, 210]


def test_each_coupon_has_its_number_and_its_marks_in_place() -> None:
    layout = lay_out(form(comb("nom"), page=PageFormat.A5_TWO_UP))
    numbers = [f"4F7K-2M9Q-8XT{i}" for i in range(2)]
    stream = io.BytesIO()
    write_sheets(stream, [SheetToPrint(layout, number) for number in numbers])
    image = picture(stream.getvalue())
    document = pypdfium2.PdfDocument(stream.getvalue())
    frame = page_frame(*layout.size_mm)
    for number, left in zip(numbers, (0.0, 149.0), strict=True):
        for rect in frame.numbers:
            assert text_in(document, rect.moved(left, 0.0)) == f"{number}/1"
        for mark in frame.marks[1:]:
            assert cut(image, mark.moved(left, 0.0).grown(-0.4)).max() == 0
            assert cut(image, mark.moved(left, 0.0).grown(0.4))[0].min() == 255


def test_duplex_never_puts_two_sheets_on_one_leaf() -> None:
    layout = lay_out(form(comb("nom"), PageBreak(), comb("prenom"), PageBreak(), comb("classe"), recto_verso=True))
    assert len(layout.pages) == 3
    document = printed(*[SheetToPrint(layout, NUMBER)] * 2)
    assert [bool(text_of(document, page)) for page in range(8)] == [True, True, True, False] * 2


def test_a_single_page_has_no_blank_back_but_among_sheets_printed_on_both_sides() -> None:
    letter = lay_out(form(comb("nom"), recto_verso=True))
    sheets = [SheetToPrint(letter, NUMBER)] * 2
    assert len(printed(*sheets)) == 2
    stream = io.BytesIO()
    write_sheets(stream, sheets, both_sides=True)
    document = pypdfium2.PdfDocument(stream.getvalue())
    assert [bool(text_of(document, page)) for page in range(4)] == [True, False] * 2


def test_no_sheet_is_an_error() -> None:
    with pytest.raises(LayoutError, match="no sheet"):
        write_sheets(io.BytesIO(), [])


def test_the_same_sheets_give_the_same_bytes(tmp_path: Path) -> None:
    sheets = [SheetToPrint(lay_out(absence(languages=("fr", "ar"))), NUMBER, PUPIL)]
    stream = io.BytesIO()
    told: list[int] = []
    write_sheets(tmp_path / "sheets.pdf", sheets, told.append)
    write_sheets(stream, sheets)
    assert stream.getvalue() == (tmp_path / "sheets.pdf").read_bytes()
    assert told == [1]


def test_the_file_says_what_it_is_and_holds_its_fonts() -> None:
    stream = io.BytesIO()
    write_sheets(stream, [SheetToPrint(lay_out(absence(languages=("fr", "ar"))), NUMBER, PUPIL)])
    with pikepdf.open(io.BytesIO(stream.getvalue())) as document:
        assert str(document.Root.Lang) == "fr-FR"
        assert str(document.docinfo["/Title"]) == "Bulletin d'absence"
        fonts = [item for item in document.objects if isinstance(item, pikepdf.Dictionary) and item.get("/BaseFont")]
        assert fonts
        for font in fonts:
            assert "/FontFile2" in font.FontDescriptor, font.BaseFont
            assert "+" in str(font.BaseFont)


def test_arabic_is_drawn_joined_and_kept_as_words() -> None:
    stream = io.BytesIO()
    write_sheets(stream, [SheetToPrint(lay_out(absence(languages=("fr", "ar"))), NUMBER, PUPIL)])
    with pikepdf.open(io.BytesIO(stream.getvalue())) as document:
        (face,) = document.pages[0].Resources.XObject.values()
        drawn = face.read_bytes().decode("latin-1").upper()
    assert ("\ufeff" + "مرض الطفل").encode("utf-16-be").hex().upper() in drawn


def test_six_hundred_sheets_are_small() -> None:
    layout = lay_out(form(*absence().blocks, *(comb(f"x{i}") for i in range(4)), recto_verso=True))
    assert len(layout.pages) == 2
    stream = io.BytesIO()
    write_sheets(stream, (SheetToPrint(layout, NUMBER, PUPIL) for _ in range(600)))
    assert len(stream.getvalue()) < 12_000_000
