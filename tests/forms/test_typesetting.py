from __future__ import annotations

import dataclasses
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, assume, given, settings

from papier.errors import LayoutError
from papier.forms.definition import (
    Address,
    CombContent,
    FormDefinition,
    Heading,
    Law,
    LinesField,
    PageBreak,
    PageFormat,
    Paragraph,
    Retention,
    Row,
    SignatureField,
)
from papier.forms.frame import page_frame
from papier.forms.furniture import retention_words
from papier.forms.layout import Layout, LayoutPage, Text, Zone
from papier.forms.prose import WINDOW
from papier.forms.typefaces import covers, text_width
from papier.forms.typesetting import lay_out
from papier.forms.typography import break_lines, french_typography, visual_runs
from papier.geometry import POINTS_PER_MM, RectMm
from tests.forms.blocks import absence, comb, form, forms, roll_call, words

# The white asked for round a tick box, so that a cross that leaves it meets no other.
TICK_CLEAR = 2.5


def places(zone: Zone) -> tuple[RectMm, ...]:
    """Where a person writes: the cells of a comb, else the whole zone."""
    return zone.cells or (zone.rect,)


def ink_of(text: Text) -> RectMm:
    """The box of a printed run, from the capitals' top to the descenders."""
    width = text_width(text.text, text.font, text.size)
    left = text.x - {"left": 0.0, "centre": width / 2, "right": width}[text.align]
    size = text.size / POINTS_PER_MM
    return RectMm(left, text.y - 0.7 * size, width, 0.9 * size)


def check_page(layout: Layout, page: LayoutPage) -> None:
    live = page_frame(*layout.size_mm).live
    zones = page.zones
    for zone in zones:
        assert live.contains(zone.rect, tolerance=1e-3), zone
        for cell in zone.cells + zone.lines:
            assert zone.rect.contains(cell, tolerance=1e-3)
    for index, zone in enumerate(zones):
        for other in zones[index + 1 :]:
            assert not zone.rect.overlaps(other.rect, tolerance=1e-3), (zone, other)
    ticks = [zone for zone in zones if zone.kind == "tick"]
    for index, zone in enumerate(ticks):
        for other in ticks[index + 1 :]:
            assert not zone.rect.grown(TICK_CLEAR).overlaps(other.rect, tolerance=2e-3), (zone, other)
    texts = [(text, ink_of(text)) for text in page.items if isinstance(text, Text)]
    width, height = layout.size_mm
    for text, ink in texts:
        assert RectMm(0, 0, width, height).contains(ink), text
        for zone in zones:
            for place in places(zone):
                assert not place.overlaps(ink, tolerance=0.15), (text, zone)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(definition=forms())
def test_zones_never_overlap_nor_leave_the_page_nor_hold_print(definition: FormDefinition) -> None:
    laid_out = 0
    for large in (False, True):
        try:
            layout = lay_out(definition, large)
        except LayoutError:
            continue
        laid_out += 1
        for page in layout.pages:
            check_page(layout, page)
            if large:
                assert min(item.size for item in page.items if isinstance(item, Text)) >= 16
        assert lay_out(definition, large) == layout
        assert Layout.from_frozen(layout.to_frozen()).to_frozen() == layout.to_frozen()
        fields = {zone.field for zone in layout.zones()}
        assert fields == set(layout.demands) == set(layout.labels)
    assume(laid_out)


def test_every_shipped_kind_of_zone_has_its_place() -> None:
    layout = lay_out(absence())
    assert len(layout.pages) == 1
    assert {zone.kind for zone in layout.zones()} == {"tick", "comb", "lines", "signature", "typed"}
    assert layout.option_labels["accord.photo"] == {"oui": "Oui", "non": "Non"}
    assert layout.retention == "année scolaire"
    for page in layout.pages:
        check_page(layout, page)


def test_boxes_and_cells_have_their_sizes() -> None:
    for large, tick, cell in ((False, 4.5, (6.0, 8.0)), (True, 6.0, (8.0, 10.0))):
        layout = lay_out(form(comb("nom", cells=15), absence().blocks[5]), large)
        zones = {zone.kind: zone for zone in layout.zones()}
        assert (zones["tick"].rect.width, zones["tick"].rect.height) == (tick, tick)
        assert (zones["comb"].cells[0].width, zones["comb"].cells[0].height) == cell


def test_cells_shrink_before_they_fail() -> None:
    cells = lay_out(form(comb("adresse", cells=36))).zones()[0].cells
    assert 5.0 <= cells[0].width < 6.0
    assert cells[0].height >= 7.0
    with pytest.raises(
        LayoutError, match=r"block `adresse` \(forms/carnet/essai\.yaml:12\): 40 cells .* 14 mm too wide"
    ):
        lay_out(form(comb("adresse", cells=40, line=12)))


def test_dates_stand_in_groups() -> None:
    cells = lay_out(form(comb("jour", CombContent.DATE))).zones()[0].cells
    gaps = [round(b.x - a.right, 2) for a, b in pairwise(cells)]
    assert [gap > 0 for gap in gaps] == [False, True, False, True, False, False, False]


def test_languages_leave_ticks_in_place() -> None:
    for language in ("en", "ar"):
        both = lay_out(absence(languages=("fr", language)))
        french = lay_out(absence(languages=("fr", language)), shown=("fr",))
        assert both.zones() == french.zones()
        printed = {item.text for page in french.pages for item in page.items if isinstance(item, Text)}
        assert "Maladie de l’enfant" in printed
        assert not any(
            item.rtl or item.font == "italic" for p in french.pages for item in p.items if isinstance(item, Text)
        )
        translated = {item.text for page in both.pages for item in page.items if isinstance(item, Text)}
        assert {"en": "The child was ill", "ar": "مرض الطفل"}[language] in translated


def test_a_block_too_high_is_named_with_the_excess() -> None:
    with pytest.raises(
        LayoutError, match=r"block `sceau` \(forms/carnet/essai\.yaml:40\) does not fit: \d+ mm too high"
    ):
        lay_out(form(SignatureField(field="sceau", label=words("Sceau"), height=300, line=40)))


def test_a_coupon_has_one_page() -> None:
    blocks = [LinesField(field=f"l{i}", label=words("Lignes"), count=5, line=i) for i in range(4)]
    for page in (PageFormat.A5_TWO_UP, PageFormat.A6):
        with pytest.raises(LayoutError, match=r"block `l\d` .* mm too high for its single page"):
            lay_out(form(*blocks, page=page))
    assert len(lay_out(form(*blocks)).pages) == 1
    large = lay_out(form(*blocks, page=PageFormat.A6), large=True)
    assert large.size_mm == (210.0, 297.0)


def test_the_excess_of_a_coupon_is_what_must_go() -> None:
    lines = LinesField(field="l", label=words("Lignes"), count=5)
    with pytest.raises(LayoutError, match=r"is (\d+) mm too high") as caught:
        lay_out(form(lines, SignatureField(field="s", label=words("S"), height=50), page=PageFormat.A6))
    excess = int(str(caught.value).split(" mm")[0].split()[-1])
    lay_out(form(lines, SignatureField(field="s", label=words("S"), height=50 - excess - 1), page=PageFormat.A6))


def test_long_text_goes_over_to_the_next_page() -> None:
    layout = lay_out(form(Paragraph(text=words("Un très long texte. " * 800))))
    assert len(layout.pages) > 1
    for page in layout.pages:
        check_page(layout, page)
        live = page_frame(*layout.size_mm).live
        body = [item for item in page.items if isinstance(item, Text) and item.font == "regular" and item.size > 10]
        assert all(live.y <= item.y <= live.bottom for item in body)


def test_a_heading_stays_with_what_follows() -> None:
    filler = [LinesField(field=f"l{i}", label=words("L"), count=5) for i in range(4)]
    tail = [Heading(text=words("Titre")), LinesField(field="fin", label=words("Fin"), count=8)]
    layout = lay_out(form(*filler, *tail))
    (page,) = [p for p in layout.pages if any(z.field == "fin" for z in p.zones)]
    assert any(isinstance(item, Text) and item.text == "Titre" for item in page.items)


@pytest.mark.parametrize("room", range(3, 9))
def test_a_signature_stays_with_what_is_signed(room: int) -> None:
    filler = [LinesField(field=f"l{i}", label=words("L"), count=5) for i in range(4)]
    tail = [comb("raison"), SignatureField(field="visa", label=words("Visa"), height=10.0 * room)]
    layout = lay_out(form(*filler, *tail))
    (page,) = [p for p in layout.pages if any(zone.field == "visa" for zone in p.zones)]
    assert "raison" in {zone.field for zone in page.zones}


def test_a_row_too_wide_for_large_print_goes_on_in_halves() -> None:
    when = [comb(name, content) for name in ("du", "au") for content in (CombContent.DATE, CombContent.HOUR)]
    when = [dataclasses.replace(block, field=f"{block.field}_{block.content}") for block in when]
    layout = lay_out(form(Row(blocks=tuple(when), widths=(2.0, 1.0, 2.0, 1.0))), large=True)
    tops = [zone.cells[0].y for zone in layout.zones()]
    assert tops[0] == tops[1] < tops[2] == tops[3]


def test_page_breaks_are_obeyed() -> None:
    layout = lay_out(form(comb("a"), PageBreak(), comb("b")))
    assert [[zone.field for zone in page.zones] for page in layout.pages] == [["a"], ["b"]]
    strips = [
        item.text for page in layout.pages for item in page.items if isinstance(item, Text) and "page" in item.text
    ]
    assert strips == ["carnet/essai · version 1 · page 1/2", "carnet/essai · version 1 · page 2/2"]


def test_a_table_repeats_its_header() -> None:
    layout = lay_out(roll_call())
    assert len(layout.pages) == 2
    for page in layout.pages:
        check_page(layout, page)
        assert sum(isinstance(item, Text) and item.text == "Élève" for item in page.items) == 1
    names = [zone.field for zone in layout.zones() if zone.kind == "comb"]
    assert names == [f"appel.r{row:02d}.heure" for row in range(1, 33)]
    assert layout.option_labels["appel.r01.vu"] == {"oui": "Oui"}
    rows = [prefill.row for page in layout.pages for prefill in page.prefills if prefill.row is not None]
    assert rows == list(range(32))


def test_the_address_stands_in_the_envelope_window() -> None:
    address = Address(lines=("{organisme}", "12 rue des Lilas", "75001 PARIS"))
    layout = lay_out(form(address, comb("nom")))
    inside = [p for p in layout.pages[0].prefills if WINDOW.contains(RectMm(p.x, p.y, p.width, 0.1))]
    assert [prefill.template for prefill in inside] == ["{organisme}"]
    assert layout.zones()[0].rect.y > WINDOW.bottom
    for item in layout.pages[0].items:
        if isinstance(item, Text) and WINDOW.overlaps(ink_of(item)):
            assert item.text in address.lines
    with pytest.raises(LayoutError, match="envelope window"):
        lay_out(form(address, title=words("Un titre qui n'en finit pas " * 12)))


def test_instructions_and_small_print_can_be_left_out() -> None:
    law = (Law(words("Motifs légitimes"), "article L131-8"), Law(words("Incertain"), "nulle part", sure=False))
    full = lay_out(absence(law=law))
    bare = lay_out(dataclasses.replace(absence(), instructions=False))
    told = " ".join(item.text for item in full.pages[0].items if isinstance(item, Text))
    silent = " ".join(item.text for item in bare.pages[0].items if isinstance(item, Text))
    assert "noircissez toute la case" in told
    assert "Écrivez en CAPITALES, un caractère par case" in told
    assert "Motifs légitimes (article L131-8)." in told
    assert "Incertain" not in told
    assert "noircissez" not in silent
    assert "gardée jusqu’à la fin de l’année scolaire" in silent


@pytest.mark.parametrize(
    ("duration", "said"),
    [("P2Y", "2\u00a0ans"), ("P1M", "1\u00a0mois"), ("P1Y6M", "1\u00a0an et 6\u00a0mois"), ("toujours", "toujours")],
)
def test_retention_is_said_in_words(duration: str, said: str) -> None:
    assert retention_words(Retention(duration)) == said


@pytest.mark.parametrize(
    ("typed", "set_"),
    [
        ("L'élève est-il là ?", "L’élève est-il là\u202f?"),
        ("Motif: oui!", "Motif\u00a0: oui\u202f!"),
        ("de 10:30 à 11:00", "de 10:30 à 11:00"),
        ("voir https://exemple.fr/a?b;c", "voir https://exemple.fr/a?b;c"),
        ("« oui »", "«\u00a0oui\u00a0»"),
        ("«oui»", "«\u00a0oui\u00a0»"),
        ("{nom} d'ici", "{nom} d’ici"),
        ("n° 12, 25 €", "n°\u00a012, 25\u00a0€"),
        ("s'il y en a...", "s’il y en a…"),
    ],
)
def test_french_typography(typed: str, set_: str) -> None:
    assert french_typography(typed) == set_
    assert french_typography(set_) == set_


def test_a_word_too_long_for_its_line_breaks_at_its_hyphen() -> None:
    width = text_width("Après-mi", "bold", 16)
    assert break_lines("Après-midi", width, "bold", 16) == ["Après-", "midi"]
    assert break_lines("Après-midi", 2 * width, "bold", 16) == ["Après-midi"]
    assert break_lines("Aprèsmidi", width, "bold", 16) == ["Aprèsmi", "di"]


def test_lines_break_where_they_may() -> None:
    lines = break_lines(
        "Un\u00a0mot insécable et un-motbeaucouptroplongpourtenir {nom de famille}", 20, "regular", 10, 15
    )
    assert all(text_width(line, "regular", 10) <= 20 for line in lines if "{" not in line)
    assert lines[0] == "Un\u00a0mot"
    assert lines[-1].endswith("{nom de famille}")


def test_right_to_left_runs_come_in_visual_order() -> None:
    assert visual_runs("سبب 10:30 آخر") == ((" آخر", True), ("10:30", False), ("سبب ", True))


def test_the_faces_cover_the_scripts() -> None:
    for font in ("regular", "bold", "italic"):
        assert covers(font, "ÀÂÆÇÉÈÊËÎÏÔŒÙÛÜŸàâæçéèêëîïôœùûüÿ«»’–—…€° ĞİŞğışçöü ІЇЄҐіїєґщю")
    assert covers("arabic", "ءآأؤئابةتثجحخدذرزسشصضطظعغفقكلمنهويى،؛؟")
    assert covers("number", "0123456789ABCDEFGHJKLMNPQRTUVWXY-/")
