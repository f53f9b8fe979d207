"""A folder that can be kept without papier."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import unquote

import pypdfium2 as pdfium

from tests.cli.conftest import Papier
from tests.cli.sheets import cross, render, save, zones

# What a spreadsheet or a browser would run.
ROSTER = 'nom;prenom;classe;naissance\nLEFÈVRE;Chloé;6A;2015-02-03\n"<script>alert(1)</script>";=1+1;6A;2015-04-05\n'


def test_pdfs_a_table_and_an_index_that_runs_nothing(papier: Papier, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(ROSTER, encoding="utf-8")
    printed = papier("print", "carnet/absence", "--roster", tmp_path / "r.csv", "--output", tmp_path / "r.pdf")
    assert printed.code == 0, printed.err
    layout = papier("layout", "carnet/absence", "--json").lines[0]
    images = render(tmp_path / "r.pdf")
    for image in images:
        cross(image, zones(layout, 1, kind="tick")[0]["rect"])
    papier("intake", save(images, tmp_path / "scan.pdf"))
    papier("where", "--set", "--binder", "6A & fils", "--records", "1-2")
    folder = tmp_path / "usb" / "archives"
    folder.parent.mkdir()
    made = papier("records", "folder", folder)
    assert made.code == 0, made.err
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "6A &amp; fils" in page
    links = [unquote(link) for link in re.findall(r'href="([^"]+)"', page)]
    assert len(links) == 3
    assert all((folder / link).is_file() for link in links)
    # Well formed: whatever a name holds, it closes no tag.
    body = page.split("<body>")[1].split("</body>")[0]
    assert ET.fromstring(f"<body>{body}</body>") is not None  # noqa: S314 - our own page
    document = pdfium.PdfDocument(folder / links[1])
    assert "LEFÈVRE" in document[0].get_textpage().get_text_range()
    document.close()
    rows = list(csv.reader(io.StringIO((folder / "fiches.csv").read_text(encoding="utf-8-sig")), delimiter=";"))
    assert len(rows) == 3
    assert "'=1+1" in rows[2]
    assert {"dossier-000001", "dossier-000002"} <= {path.name for path in folder.iterdir()}
    assert papier("records", "folder", folder).code == 2
