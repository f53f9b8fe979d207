"""Definitions for the tests of setting and printing: a few by hand, and any number at random."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from papier.forms.definition import (
    Block,
    CombContent,
    CombField,
    Demand,
    FormDefinition,
    GridField,
    Heading,
    LinesField,
    Notice,
    Office,
    PageFormat,
    Paragraph,
    Retention,
    Row,
    SignatureField,
    TableColumn,
    TableField,
    TickField,
    TypedField,
    Wording,
)


def words(fr: str, **others: str) -> Wording:
    return Wording({"fr": fr, **others})


def comb(field: str, content: CombContent = CombContent.LETTERS, cells: int = 12, **more: Any) -> CombField:
    return CombField(
        field=field, label=words(f"Zone {field}"), content=content, cells=content.fixed_length or cells, **more
    )


def form(*blocks: Block, page: PageFormat = PageFormat.A4, **more: Any) -> FormDefinition:
    more.setdefault("title", words("Bulletin d'absence", en="Absence slip", ar="إشعار غياب"))
    return FormDefinition(
        form="carnet/essai", version=1, format=page, blocks=tuple(blocks), path="forms/carnet/essai.yaml", **more
    )


def absence(**more: Any) -> FormDefinition:
    """An ordinary form with every kind of zone."""
    blocks: tuple[Block, ...] = (
        Heading(text=words("L'élève", en="The pupil", ar="التلميذ")),
        comb("nom", cells=24, demand=Demand(roster="nom")),
        Row(
            blocks=(
                comb("prenom", cells=15, demand=Demand(roster="prenom")),
                comb("classe", CombContent.CLASS, 5, demand=Demand(roster="classe")),
            ),
            widths=(3.0, 1.5),
        ),
        Heading(text=words("L'absence", en="The absence", ar="الغياب")),
        Row(blocks=(comb("debut", CombContent.DATE), comb("heure", CombContent.HOUR)), widths=(2.0, 1.0)),
        TickField(
            field="motif",
            label=words("Motif", en="Reason", ar="سبب الغياب"),
            options={
                "maladie": words("Maladie de l'enfant", en="The child was ill", ar="مرض الطفل"),
                "famille": words("Réunion solennelle de famille", en="A family gathering", ar="اجتماع عائلي"),
                "autre": words("Autre motif", en="Another reason", ar="سبب آخر"),
            },
        ),
        LinesField(field="precisions", label=words("Précisions"), count=2),
        GridField(
            field="accord",
            label=words("Accord"),
            rows={"photo": words("Photographier"), "voix": words("Enregistrer la voix")},
            options={"oui": words("Oui"), "non": words("Non")},
        ),
        Row(
            blocks=(
                TypedField(field="cachet", label=words("Cachet"), height=15),
                SignatureField(field="signature", label=words("Signature"), height=18),
            ),
            widths=(1.0, 1.0),
        ),
        Office(title=words("Cadre réservé au service"), blocks=(comb("recu", CombContent.DATE),)),
    )
    more.setdefault("retention", Retention("année scolaire"))
    return form(*blocks, **more)


def roll_call(rows: int = 32) -> FormDefinition:
    """One row a pupil of the roster."""
    table = TableField(
        field="appel",
        label=words("Absents et retards"),
        row_count=rows,
        roster_rows=True,
        group_by="classe",
        columns=(
            TableColumn(column="eleve", label=words("Élève"), kind="text", width=60, roster="{nom} {prenom}"),
            TableColumn(
                column="matin", label=words("Matin"), kind="tick", options={"a": words("Abs."), "r": words("Ret.")}
            ),
            TableColumn(column="vu", label=words("Vu"), kind="tick"),
            TableColumn(column="heure", label=words("Heure"), kind="comb", content=CombContent.HOUR, cells=4),
        ),
    )
    return form(Paragraph(text=words("Classe : {classe}")), table, recto_verso=True)


_text = st.lists(
    st.sampled_from(["nom", "élève", "absence", "l'année", "à", "justifiée", "établissement", "oui", "communications"]),
    min_size=1,
    max_size=7,
).map(" ".join)
_wording = st.builds(
    lambda fr, tr, ar: words(fr, tr=tr, ar=ar),
    _text,
    st.sampled_from(["Soyadı", "Öğrencinin adı"]),
    st.just("اسم الطفل"),
)
_options = st.integers(1, 6).flatmap(
    lambda n: st.tuples(*[_wording] * n).map(lambda all_: {f"o{i}": wording for i, wording in enumerate(all_)})
)


@st.composite
def _block(draw: st.DrawFn, number: int, narrow: bool = False) -> Block:
    name = f"f{number}"
    label = draw(_wording)
    helped = draw(st.none() | _wording)
    kind = draw(st.sampled_from(("tick", "comb", "lines", "signature", "typed", "grid", "table", "text", "notice")))
    match kind:
        case "tick":
            columns = draw(st.none() | st.integers(1, 4))
            return TickField(field=name, label=label, help=helped, options=draw(_options), columns=columns)
        case "comb":
            content = draw(st.sampled_from(list(CombContent)))
            cells = content.fixed_length or draw(st.integers(1, 8 if narrow else 24))
            return CombField(field=name, label=label, help=helped, content=content, cells=cells)
        case "lines":
            return LinesField(field=name, label=label, count=draw(st.integers(1, 6)))
        case "signature":
            return SignatureField(field=name, label=label, height=draw(st.floats(10, 40)))
        case "typed":
            return TypedField(field=name, label=label, height=draw(st.floats(10, 40)))
        case "grid":
            return GridField(field=name, label=label, rows=draw(_options), options=draw(_options))
        case "table":
            columns_ = (
                TableColumn(column="mot", label=draw(_wording), kind="text"),
                TableColumn(column="coche", label=draw(_wording), kind="tick", options=draw(st.just({}) | _options)),
                TableColumn(column="nombre", label=label, kind="comb", content=CombContent.DIGITS, cells=2),
            )
            return TableField(field=name, label=label, columns=columns_, rows=draw(_options))
        case "notice":
            return Notice(text=label)
    return Paragraph(text=label)


@st.composite
def forms(draw: st.DrawFn) -> FormDefinition:
    """Any form of one to nine blocks, in rows, in office frames, in one or two languages, on any paper."""
    count = draw(st.integers(1, 9))
    blocks: list[Block] = []
    for number in range(count):
        shape = draw(st.sampled_from(("plain", "plain", "heading", "row", "office")))
        if shape == "heading":
            blocks.append(Heading(text=draw(_wording), level=draw(st.integers(1, 2))))
        elif shape == "row":
            inner = (draw(_block(number * 10, narrow=True)), draw(_block(number * 10 + 1, narrow=True)))
            blocks.append(Row(blocks=inner, widths=(draw(st.floats(0.5, 2)), 1.0)))
        elif shape == "office":
            blocks.append(Office(title=draw(_wording), blocks=(draw(_block(number * 10)),)))
        else:
            blocks.append(draw(_block(number * 10)))
    return form(
        *blocks,
        page=draw(st.sampled_from(list(PageFormat))),
        title=draw(_wording),
        languages=draw(st.sampled_from((("fr",), ("fr", "tr"), ("fr", "ar")))),
        recto_verso=draw(st.booleans()),
    )
