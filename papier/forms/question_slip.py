"""A polite slip that asks a family what could not be read on their sheet: one question, room for one answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from papier.forms.definition import (
    Block,
    CombContent,
    CombField,
    FormDefinition,
    LinesField,
    PageFormat,
    Paragraph,
    Retention,
    SignatureField,
    Space,
    TickField,
    Wording,
)
from papier.forms.layout import Layout
from papier.forms.typesetting import lay_out
from papier.geometry import RectMm

FORM, VERSION, ANSWER = "bureau/precision", 1, "reponse"
TITLE = Wording({"fr": "Une précision, s’il vous plaît", "en": "One thing we could not read"})
THANKS = "Merci pour votre feuille. Nous n’avons pas réussi à y lire une réponse ; nous préférons vous la demander."
# The picture of what was written, above the answer's label.
PICTURE = (96.0, 16.0)
LABEL_HEIGHT = 5.5
# The longest row of cells that an A5 page takes; longer answers get a line.
MOST_CELLS = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """The field that is asked anew, as its own form has it. `content` and `cells`: of a comb; `options`: of boxes."""

    zone: str
    content: str | None = None
    cells: int = 0
    options: Mapping[str, str] | None = None
    multiple: bool = False


def lay_out_question(asked: Asked, *, with_picture: bool) -> tuple[Layout, RectMm | None]:
    """The slip, and where the picture of what was written stands.

    From the sheet's values it takes `qui`, `feuille`, `titre`, `numero` and `question`.
    """
    picture: tuple[Block, ...] = (Space(height=PICTURE[1] + 2.0),) if with_picture else ()
    form = FormDefinition(
        form=FORM,
        version=VERSION,
        title=TITLE,
        format=PageFormat.A5,
        blocks=(
            Paragraph(text=Wording({"fr": "Pour : {qui}"}), style="bold"),
            Paragraph(text=Wording({"fr": "Madame, Monsieur,"})),
            Paragraph(text=Wording({"fr": THANKS})),
            Paragraph(text=Wording({"fr": "Votre feuille : {feuille}"})),
            Paragraph(text=Wording({"fr": "La question : {question}"}), style="bold"),
            *picture,
            _field(asked),
            Paragraph(text=Wording({"fr": "Vous pouvez rendre cette feuille comme la première. Merci beaucoup."})),
            SignatureField(field="signature", label=Wording({"fr": "Signature"}), height=16.0, width=70.0),
        ),
        retention=Retention("P1M"),
    )
    layout = lay_out(form)
    if not with_picture:
        return layout, None
    zone = next(zone for zone in layout.zones() if zone.field == ANSWER)
    top = zone.rect.y - LABEL_HEIGHT - PICTURE[1] - 1.0
    return layout, RectMm(12.0, top, *PICTURE)


def _field(asked: Asked) -> Block:
    label = Wording({"fr": "Votre réponse"})
    if asked.zone == "tick" and asked.options:
        options = {name: Wording({"fr": text}) for name, text in asked.options.items()}
        return TickField(field=ANSWER, label=label, options=options, multiple=asked.multiple, columns=1)
    if asked.zone == "signature":
        return SignatureField(
            field=ANSWER, label=Wording({"fr": "Signez ici, s’il vous plaît"}), height=20.0, width=80.0
        )
    if asked.zone == "comb" and asked.cells <= MOST_CELLS:
        return CombField(field=ANSWER, label=label, content=CombContent(asked.content or "mixed"), cells=asked.cells)
    return LinesField(field=ANSWER, label=label, count=2)
