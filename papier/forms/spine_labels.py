"""Labels for the spines of binders, three on an A4 sheet, to cut out along the lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from papier.forms.shaped_text import register_faces
from papier.forms.typefaces import text_width

# The pocket of a lever-arch file with a spine of 80 mm takes a label of 61 × 192 mm.
LABEL_MM = (61.0, 192.0)
LABELS_A_PAGE = 3
INSET_MM = 5.0
BIGGEST, SMALLEST, BODY = 30.0, 9.0, 11.0
MAX_TITLES = 6


@dataclass(frozen=True, slots=True)
class SpineLabel:
    """What a spine says: the binder, what is in it, where it stands."""

    binder: str
    contents: tuple[str, ...]
    period: str
    count: str
    place: str


def write_spine_labels(output: Path, establishment: str, labels: Sequence[SpineLabel]) -> None:
    """Write the labels as a PDF at full size."""
    register_faces()
    canvas = Canvas(str(output), pagesize=A4, invariant=1, initialFontName="regular")
    canvas.setTitle("Étiquettes de dos")
    width, height = A4
    left = (width - LABELS_A_PAGE * LABEL_MM[0] * mm) / 2
    bottom = (height - LABEL_MM[1] * mm) / 2
    for start in range(0, len(labels), LABELS_A_PAGE):
        for place, label in enumerate(labels[start : start + LABELS_A_PAGE]):
            _draw(canvas, label, establishment, left + place * LABEL_MM[0] * mm, bottom)
        canvas.showPage()
    canvas.save()


def _draw(canvas: Canvas, label: SpineLabel, establishment: str, x: float, y: float) -> None:
    width, height = LABEL_MM[0] * mm, LABEL_MM[1] * mm
    canvas.setLineWidth(0.3)
    canvas.rect(x, y, width, height)
    room = LABEL_MM[0] - 2 * INSET_MM
    middle, top = x + width / 2, y + height
    canvas.setFont("regular", SMALLEST)
    for place, line in enumerate(_wrapped(establishment, "regular", SMALLEST, room)[:2]):
        canvas.drawCentredString(middle, top - (9 + 4 * place) * mm, line)
    size = next(
        (size / 2 for size in range(int(2 * BIGGEST), int(2 * SMALLEST), -1) if _fits(label.binder, size / 2, room)),
        SMALLEST,
    )
    at = top - 24 * mm - size
    canvas.setFont("bold", size)
    for line in _wrapped(label.binder, "bold", size, room):
        canvas.drawCentredString(middle, at, line)
        at -= size * 1.2
    canvas.setFont("bold", BODY + 2)
    canvas.drawCentredString(middle, at - 4 * mm, label.period)
    at -= 14 * mm
    canvas.setFont("regular", BODY)
    titles = label.contents[:MAX_TITLES]
    more = ("…",) if len(label.contents) > MAX_TITLES else ()
    for title in (*titles, *more):
        for line in _wrapped(title, "regular", BODY, room)[:2]:
            canvas.drawCentredString(middle, at, line)
            at -= BODY * 1.25
    canvas.setFont("regular", BODY)
    canvas.drawCentredString(middle, y + 20 * mm, label.count)
    canvas.setFont("bold", BODY)
    for place, line in enumerate(_wrapped(label.place, "bold", BODY, room)[:2]):
        canvas.drawCentredString(middle, y + (13 - 5 * place) * mm, line)


def _fits(text: str, size: float, room: float) -> bool:
    lines = _wrapped(text, "bold", size, room)
    return len(lines) <= 3 and all(text_width(line, "bold", size) <= room for line in lines)


def _wrapped(text: str, font: str, size: float, room: float) -> list[str]:
    """The text in lines of at most `room` millimetres; a word that is longer stands alone."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", font, size) <= room:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines
