"""The archive file of a record: the scan's own bytes, words that viewers find, the record attached, PDF/A's marks."""

from __future__ import annotations

import hashlib
import io
import json

import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pytest
from PIL import Image
from sqlalchemy import Engine

from papier.forms.layout import Layout, LayoutPage, Prefill, Text, Zone
from papier.geometry import RectMm
from papier.records import FieldReading, PageReading, PageStatus, State
from papier.store.archive import keep_file
from papier.store.archive_file import pages_of_record, write_archive_file
from papier.store.records import ScanFile, file_scan, list_records
from papier.store.sheets import SheetOrder, find_layout, number_sheets
from papier.store.workspace import Workspace
from tests.store.conftest import NOON

DPI = 150
LAYOUT = Layout(
    form="carnet/essai",
    version=1,
    title="Essai",
    size_mm=(148.0, 210.0),
    pages=(
        LayoutPage(
            1,
            (Zone("nom", "comb", RectMm(20, 60, 80, 8), content="letters", cells=(RectMm(20, 60, 6, 8),)),),
            items=(Text(20, 40, "Nom de l’élève", size=11), Text(20, 120, "اسم التلميذ", "arabic", 11)),
            prefills=(Prefill("Pour les responsables de {prenom}", 20, 50, 100),),
        ),
    ),
)


@pytest.fixture(params=[".jpg", ".png", ".pdf"])
def filed(request: pytest.FixtureRequest, workspace: Workspace, engine: Engine) -> bytes:
    """One record of a sheet that lies upside-down on its scan; gives the scan's bytes."""
    _, (number,) = number_sheets(workspace, engine, [SheetOrder(LAYOUT, b"%PDF", person={"prenom": "Zoé"})], NOON, None)
    rng = np.random.default_rng(1)
    image = Image.fromarray(rng.normal(230, 8, (1241, 875)).clip(0, 255).astype(np.uint8))
    stream = io.BytesIO()
    image.save(stream, {".jpg": "JPEG", ".png": "PNG", ".pdf": "PDF"}[request.param], resolution=DPI, dpi=(DPI, DPI))
    data = stream.getvalue()
    digest = hashlib.sha256(data).hexdigest()
    keep_file(data, workspace, digest, request.param)
    pitch = DPI / 25.4
    reading = PageReading(
        "scan", 1, PageStatus.READ, "carnet/essai", 1, number, 1,
        fields={"nom": FieldReading("nom", "comb", "LEFÈVRE", State.SURE, 0.9999, rect=RectMm(20, 60, 80, 8))},
        to_scan=(-pitch, 0.0, 874.0, 0.0, -pitch, 1240.0, 0.0, 0.0, 1.0),
    )  # fmt: skip
    file_scan(engine, ScanFile(digest, "scan", request.param, len(data)), [reading], NOON)
    return data


def archive_file(workspace: Workspace, engine: Engine) -> bytes:
    (record,) = list_records(engine)
    layout = find_layout(engine, record.form, record.version, record.sheet)
    return write_archive_file(record, layout, pages_of_record(workspace, record))


def test_viewers_find_print_and_values_where_they_stand(workspace: Workspace, engine: Engine, filed: bytes) -> None:
    assert filed
    document = pdfium.PdfDocument(archive_file(workspace, engine))
    page = document[0].get_textpage()
    text = page.get_text_range()
    for words in ("LEFÈVRE", "Nom de l’élève", "Pour les responsables de Zoé", "اسم التلميذ"):
        assert words in text
    found = page.search("LEFÈVRE")
    start, count = found.get_next()
    left, _, right, top = page.get_charbox(start)
    # The sheet lies upside-down: what stands 20 mm from its left lies so far from the page's right.
    assert right == pytest.approx((148 - 20) / 25.4 * 72, abs=3)
    assert left < right
    assert top == pytest.approx(68 / 25.4 * 72, abs=8)
    assert count == 7
    for part in (found, page, document):
        part.close()


def test_the_picture_is_the_scans_own(workspace: Workspace, engine: Engine, filed: bytes) -> None:
    with pikepdf.open(io.BytesIO(archive_file(workspace, engine))) as pdf:
        image = pdf.pages[0].resources.XObject.Im0
        if image.Filter == pikepdf.Name.DCTDecode:
            assert bytes(image.read_raw_bytes()) in filed
        else:
            with Image.open(io.BytesIO(filed)) as source:
                assert bytes(image.read_bytes()) == source.convert("L").tobytes()


def test_a_validator_of_others_finds_it_valid(workspace: Workspace, engine: Engine, filed: bytes) -> None:
    """pikepdf's validator approves only what it recognises as conforming to ISO 19005-3, level B."""
    assert filed
    pdfa = pytest.importorskip("pikepdf.pdfa", exc_type=ImportError)
    data = archive_file(workspace, engine)
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert pdfa.check(pdf, "3b").findings == []
    spoiled = data.replace(b"<pdfaid:part>3<", b"<pdfaid:part>4<")
    assert spoiled != data
    with pikepdf.open(io.BytesIO(spoiled)) as pdf:
        assert pdfa.check(pdf, "3b").findings != []


def test_it_says_that_it_is_pdf_a_and_carries_its_record(workspace: Workspace, engine: Engine, filed: bytes) -> None:
    assert filed
    (record,) = list_records(engine)
    with pikepdf.open(io.BytesIO(archive_file(workspace, engine))) as pdf:
        attached = json.loads(pdf.attachments["record.json"].get_file().read_bytes())
        assert attached == record.to_json()
        assert pdf.Root.AF[0].AFRelationship == pikepdf.Name.Data
        xmp = bytes(pdf.Root.Metadata.read_bytes())
        assert b"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in xmp
        assert str(record.sheet).encode() in xmp
        assert pdf.Root.OutputIntents[0].DestOutputProfile.N == 3
        assert "/Encrypt" not in pdf.trailer
        assert "/Info" not in pdf.trailer
    assert archive_file(workspace, engine) == archive_file(workspace, engine)
