"""A plain printed list: a title, a line under it, a table that runs over as many A4 pages as it needs."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from papier.forms.shaped_text import register_faces
from papier.forms.typefaces import text_width

MARGIN = 18 * mm
ROW = 7 * mm
SIZE = 10
LINE = 5 * mm


def listing_pdf(
    title: str,
    subtitle: str,
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    closing: Sequence[str] = (),
) -> bytes:
    """As `write_listing`, in memory."""
    stream = io.BytesIO()
    write_listing(stream, title, subtitle, titles, rows, closing)
    return stream.getvalue()


def write_listing(
    output: Path | BinaryIO,
    title: str,
    subtitle: str,
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    closing: Sequence[str] = (),
) -> None:
    """Write the list as a PDF. Columns are as wide as their widest cell, shrunk together where they do not fit.

    `closing`: lines that stand under the last row, on a page of their own where they find no room.
    """
    register_faces()
    canvas = Canvas(str(output) if isinstance(output, Path) else output, pagesize=A4, invariant=1)
    canvas.setTitle(title)
    width, height = A4
    natural = [
        (max(text_width(column, "bold", SIZE), *(text_width(row[at], "regular", SIZE) for row in rows), 0.0) + 5) * mm
        for at, column in enumerate(titles)
    ]
    scale = min(1.0, (width - 2 * MARGIN) / sum(natural))
    edges = [MARGIN + scale * sum(natural[:at]) for at in range(len(titles))]
    per_page = int((height - 2 * MARGIN - 24 * mm) / ROW)
    closing_rows = -(-len(closing) * LINE // ROW) + 1 if closing else 0
    pages = [rows[start : start + per_page] for start in range(0, len(rows), per_page)] or [[]]
    if len(pages[-1]) + closing_rows > per_page:
        pages.append([])
    for number, page in enumerate(pages, 1):
        y = height - MARGIN
        canvas.setFont("bold", 15)
        canvas.drawString(MARGIN, y - 12, title)
        canvas.setFont("regular", SIZE)
        canvas.drawString(MARGIN, y - 28, subtitle)
        canvas.drawRightString(width - MARGIN, y - 28, f"page {number}/{len(pages)}")
        y -= 20 * mm
        canvas.setFont("bold", SIZE * scale)
        for x, text in zip(edges, titles, strict=True):
            canvas.drawString(x, y, text)
        canvas.setLineWidth(0.6)
        canvas.line(MARGIN, y - 2 * mm, width - MARGIN, y - 2 * mm)
        canvas.setFont("regular", SIZE * scale)
        canvas.setLineWidth(0.2)
        for row in page:
            y -= ROW
            for x, text in zip(edges, row, strict=True):
                canvas.drawString(x, y, text)
            canvas.line(MARGIN, y - 2 * mm, width - MARGIN, y - 2 * mm)
        if number == len(pages):
            canvas.setFont("regular", SIZE)
            for place, text in enumerate(closing):
                canvas.drawString(MARGIN, y - ROW - LINE * (place + 0.5), text)
        canvas.showPage()
    canvas.save()
