"""The slip that says what is going to be destroyed, for a visa: two copies, each on sheets of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from papier.forms.shaped_text import register_faces
from papier.forms.typefaces import text_width

MARGIN = 18 * mm
ROW = 7 * mm
SIZE = 9.5
COLUMNS = (("Formulaire", 0.0), ("Version", 92.0), ("Fiches", 110.0), ("Du", 126.0), ("Au", 147.0))
ROWS_A_PAGE = 18
COPIES = 2
REMARK = (
    "Ce bordereau porte sur la copie numérique seulement. Les originaux en papier ont leur propre bordereau.",
    "Archives publiques : rien n'est détruit avant le visa. Les deux exemplaires sont signés, sans agrafe ;",
    "le bordereau visé est conservé sans limite de durée.",
)


@dataclass(frozen=True)
class DisposalLine:
    """The records of one form that go: how many, made between which days (ISO 8601)."""

    title: str
    form: str
    version: int
    records: int
    first: str
    last: str


def write_disposal_slip(
    output: Path, number: int, day: str, establishment: str, lines: Sequence[DisposalLine], chain_head: str
) -> None:
    """Write the slip as a PDF. `number` is that of the journal's event, which names every record."""
    register_faces()
    canvas = Canvas(str(output), pagesize=A4, invariant=1, initialFontName="regular")
    canvas.setTitle(f"Bordereau d'élimination n° {number}")
    pages = [lines[start : start + ROWS_A_PAGE] for start in range(0, len(lines), ROWS_A_PAGE)] or [[]]
    for copy in range(1, COPIES + 1):
        for place, page in enumerate(pages, 1):
            _draw_page(canvas, page, (number, day, establishment, chain_head), f"exemplaire {copy}/{COPIES}", place)
            if place == len(pages):
                _draw_frames(canvas, sum(line.records for line in lines))
            canvas.showPage()
    canvas.save()


def _draw_page(
    canvas: Canvas, lines: Sequence[DisposalLine], head: tuple[int, str, str, str], copy: str, place: int
) -> None:
    number, day, establishment, chain_head = head
    width, height = A4
    y = height - MARGIN
    canvas.setFont("bold", 15)
    canvas.drawString(MARGIN, y - 12, f"Bordereau d'élimination n° {number}")
    canvas.setFont("regular", SIZE)
    canvas.drawRightString(width - MARGIN, y - 12, f"{copy} · page {place}")
    canvas.drawString(MARGIN, y - 28, f"{establishment or 'Établissement : ……………………………………'} · établi le {day}")
    canvas.setFont("regular", 7.5)
    canvas.drawString(MARGIN, y - 40, f"Journal : événement {number}, empreinte {chain_head}")
    y -= 22 * mm
    canvas.setFont("bold", SIZE)
    for text, x in COLUMNS:
        canvas.drawString(MARGIN + x * mm, y, text)
    canvas.line(MARGIN, y - 2 * mm, width - MARGIN, y - 2 * mm)
    canvas.setFont("regular", SIZE)
    for line in lines:
        y -= ROW
        cells = (_fitted(f"{line.title} ({line.form})"), str(line.version), str(line.records), line.first, line.last)
        for (_, x), text in zip(COLUMNS, cells, strict=True):
            canvas.drawString(MARGIN + x * mm, y, text)


def _fitted(text: str) -> str:
    while text_width(text, "regular", SIZE) > 88.0:
        text = text[:-2] + "…"
    return text


def _draw_frames(canvas: Canvas, records: int) -> None:
    width, _ = A4
    canvas.setFont("bold", SIZE)
    canvas.drawString(MARGIN, 96 * mm, f"Total : {records} fiches")
    canvas.setFont("regular", 8)
    for place, text in enumerate(REMARK):
        canvas.drawString(MARGIN, (88 - 4.2 * place) * mm, text)
    half = (width - 2 * MARGIN - 6 * mm) / 2
    for x, title in ((MARGIN, "Proposé par"), (MARGIN + half + 6 * mm, "Visa (archives)")):
        canvas.rect(x, MARGIN, half, 50 * mm)
        canvas.setFont("bold", SIZE)
        canvas.drawString(x + 3 * mm, MARGIN + 44 * mm, title)
        canvas.setFont("regular", SIZE)
        for place, text in enumerate(("Nom, qualité :", "Date :", "Signature :")):
            canvas.drawString(x + 3 * mm, MARGIN + (36 - 9 * place) * mm, text)
