from __future__ import annotations

import pytest

from papier.errors import LayoutError
from papier.forms.definition import CombContent, GridField, Row, TableColumn, TableField, TickField
from papier.forms.layout import Prefill, Text
from papier.forms.pieces import Piece, beside, stack
from papier.forms.roster_values import roster_template
from papier.forms.styles import CARD, COUPON, LARGE, OFFICE, Style
from papier.forms.typesetting import lay_out
from papier.forms.zones.comb import place_cells
from papier.forms.zones.grid import set_grid
from papier.forms.zones.lines import set_lines
from papier.forms.zones.signature import set_signature
from papier.forms.zones.table import set_table
from papier.forms.zones.tick import set_tick
from papier.forms.zones.typed import set_typed
from papier.geometry import RectMm
from tests.forms.blocks import absence, comb, form, words


def tick(count: int, columns: int | None = None, label: str = "Réponse", option: str = "Oui") -> TickField:
    return TickField(
        field="reponse",
        label=words(label),
        options={f"o{i}": words(option) for i in range(count)},
        columns=columns,
    )


@pytest.mark.parametrize("style", [OFFICE, COUPON, CARD, LARGE])
def test_labels_stand_to_the_right_of_their_boxes(style: Style) -> None:
    piece = set_tick(tick(5, columns=1), style, 120)
    labels = [item for item in piece.items if isinstance(item, Text) and item.text == "Oui"]
    for zone, label in zip(piece.zones, labels, strict=True):
        assert label.x >= zone.rect.right + style.tick_clear - 1e-6
        # The capitals' middle is level with the box's.
        assert label.y - 0.33 * label.size * 0.3528 == pytest.approx(zone.rect.centre[1], abs=0.05)


def test_two_short_answers_stand_beside_their_question() -> None:
    piece = set_tick(tick(2), OFFICE, 186)
    assert len({zone.rect.y for zone in piece.zones}) == 1
    assert piece.height < 12
    below = set_tick(
        tick(2, label="Une question si longue qu'elle prend toute la largeur de la page " * 2), OFFICE, 186
    )
    assert below.height > piece.height + 4


def test_options_stand_in_the_columns_asked_for() -> None:
    zones = set_tick(tick(6, columns=3), OFFICE, 186).zones
    assert len({zone.rect.x for zone in zones}) == 3
    assert [zone.option for zone in zones] == [f"o{i}" for i in range(6)]
    assert zones[0].rect.y == zones[2].rect.y < zones[3].rect.y


def test_a_long_label_leaves_the_boxes_of_its_row_level() -> None:
    options = {"court": words("Non"), "long": words("Un libellé qui prend plusieurs lignes " * 3)}
    zones = set_tick(TickField(field="t", label=words("T"), options=options, columns=2), OFFICE, 120).zones
    assert zones[0].rect.y == zones[1].rect.y


def test_a_column_too_narrow_for_boxes_is_refused() -> None:
    with pytest.raises(LayoutError, match="boxes do not fit"):
        set_tick(tick(2), OFFICE, 12)


@pytest.mark.parametrize(
    ("content", "groups"),
    [
        (CombContent.DATE, (2, 2, 4)),
        (CombContent.HOUR, (2, 2)),
        (CombContent.TELEPHONE, (2, 2, 2, 2, 2)),
        (CombContent.NIR, (1, 2, 2, 2, 3, 3, 2)),
        (CombContent.POSTCODE, (5,)),
    ],
)
def test_cells_stand_as_people_say_them(content: CombContent, groups: tuple[int, ...]) -> None:
    (zone,) = place_cells("c", content, content.fixed_length or 0, OFFICE, 186).zones
    assert len(zone.cells) == sum(groups)
    found = [1]
    for left, right in zip(zone.cells, zone.cells[1:], strict=False):
        if right.x - left.right < 0.01:
            found[-1] += 1
        else:
            found.append(1)
    assert tuple(found) == groups


def test_date_hints_stand_outside_the_cells() -> None:
    piece = place_cells("c", CombContent.DATE, 8, OFFICE, 186)
    hints = [item for item in piece.items if isinstance(item, Text)]
    assert "".join(hint.text for hint in hints) == "JJMMAAAA"
    for hint, cell in zip(hints, piece.zones[0].cells, strict=True):
        assert hint.x == pytest.approx(cell.centre[0])
        assert hint.y - 0.7 * hint.size * 0.3528 > cell.bottom


def test_a_prefilled_comb_prints_in_its_own_zone() -> None:
    piece = place_cells("c", CombContent.LETTERS, 8, OFFICE, 186, roster="nom")
    assert [(p.template, p.field) for p in piece.prefills] == [("{nom}", "c")]
    assert not place_cells("c", CombContent.LETTERS, 8, OFFICE, 186, roster="nom", prefill=False).prefills
    assert roster_template("{nom} {prenom}") == "{nom} {prenom}"


def test_frames_and_lines_bound_their_zones() -> None:
    fields = {block.field: block for block in absence().fields()}
    lines = set_lines(fields["precisions"], OFFICE, 100)  # type: ignore[arg-type]
    (zone,) = lines.zones
    assert [strip.height for strip in zone.lines] == [9.0, 9.0]
    assert zone.lines[1].bottom == pytest.approx(zone.rect.bottom)
    (signature,) = set_signature(fields["signature"], OFFICE, 186).zones  # type: ignore[arg-type]
    assert (signature.rect.height, signature.rect.right) == (18, 186)
    (typed,) = set_typed(fields["cachet"], OFFICE, 80).zones  # type: ignore[arg-type]
    assert (typed.rect.width, typed.rect.height) == (80, 15)


def test_a_grid_asks_each_row_the_same() -> None:
    grid = GridField(
        field="g",
        label=words("Grille"),
        rows={"a": words("Un"), "b": words("Deux")},
        options={"oui": words("Oui"), "non": words("Non")},
        multiple=True,
    )
    zones = stack(set_grid(grid, OFFICE, 186)).zones
    assert [(zone.field, zone.option, zone.multiple) for zone in zones] == [
        ("g.a", "oui", True),
        ("g.a", "non", True),
        ("g.b", "oui", True),
        ("g.b", "non", True),
    ]
    assert zones[0].rect.x == zones[2].rect.x
    with pytest.raises(LayoutError, match="columns do not fit"):
        set_grid(grid, OFFICE, 25)


def test_a_table_names_its_cells() -> None:
    table = TableField(
        field="t",
        label=words("Table"),
        rows={"lundi": words("Lundi"), "mardi": words("Mardi")},
        columns=(
            TableColumn(column="menu", label=words("Menu"), kind="tick", options={"v": words("Végétarien")}),
            TableColumn(column="nb", label=words("Nombre"), kind="comb", content=CombContent.DIGITS, cells=2),
        ),
    )
    piece = stack(set_table(table, OFFICE, 186))
    assert [zone.field for zone in piece.zones] == ["t.lundi.menu", "t.lundi.nb", "t.mardi.menu", "t.mardi.nb"]
    assert {"Lundi", "Mardi", "Menu", "Végétarien"} <= {i.text for i in piece.items if isinstance(i, Text)}
    with pytest.raises(LayoutError, match="columns do not fit"):
        set_table(table, OFFICE, 40)


def test_rows_that_do_not_fit_say_so_and_large_print_stacks_them() -> None:
    row = Row(blocks=(comb("a", cells=14), comb("b", cells=14)), widths=(1.0, 1.0), line=7)
    large = lay_out(form(row), large=True)
    a, b = large.zones()
    assert b.rect.y > a.rect.bottom
    with pytest.raises(LayoutError, match=r"block `a` .* cells do not fit"):
        lay_out(form(Row(blocks=(comb("a", cells=20), comb("b", cells=20)), widths=(1.0, 1.0))))


def test_pieces_keep_what_they_hold() -> None:
    zone = place_cells("c", CombContent.DIGITS, 2, OFFICE, 50)
    run = Piece(4.0, prefills=(Prefill("{x}", 0, 3, 10),), before=2.0)
    both = stack([zone, run])
    assert both.height == zone.height + 6.0
    assert both.prefills[0].y == zone.height + 2.0 + 3
    aside = beside([(0.0, zone), (30.0, run)])
    assert (aside.height, aside.before) == (zone.height, 2.0)
    assert aside.prefills[0].x == 30.0
    assert zone.moved(5, 7).zones[0].rect == RectMm(5, 7, *zone.zones[0].rect.to_list()[2:])
