"""The archive file of one record: PDF/A-3b with the scan as it was, its text unseen on it, and the record attached.

What is printed on the sheet is known and not recognised: it is laid over the picture, with the values where they were
read, in an invisible face without glyphs, so that every viewer finds and copies it (ISO 19005-3; ISO 32000-1, 9.3.6).
"""

from __future__ import annotations

import datetime as dt
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt
import pikepdf
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib.tables._g_l_y_f import Glyph
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageCms

from papier import __version__
from papier.forms.frame import NUMBER_FONT_SIZE, page_frame
from papier.forms.layout import COLUMN, Layout, Text
from papier.forms.typefaces import RTL_FACES, text_width
from papier.geometry import POINTS_PER_MM, RectMm
from papier.ocr.pages import load_page
from papier.ocr.scan import RejectedPage
from papier.ocr.typed_pages import Word
from papier.store.archive import archive_path
from papier.store.records import StoredRecord
from papier.store.vault import Vault, readable
from papier.store.workspace import Workspace

USUAL_DPI = 300.0
POINTS_PER_INCH = 72.0
# Every character of the unseen face is half as wide as it is high; each run is stretched to its place.
ADVANCE = 500
# Seconds since 1904: the face has no other date, so that the same record gives the same bytes.
FACE_MADE = 3_850_000_000
# A JPEG in the scan is taken over as it is when it shows the page as it was read: to the rounding of its decoders.
MAX_DECODER_DIFFERENCE = 2.0

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Run:
    """Words on one baseline: left end and length in millimetres on the sheet, size in points."""

    text: str
    x: float
    y: float
    length: float
    size: float


@dataclass(frozen=True)
class ArchivedPage:
    """One page of a record: where its picture is in the archive, and how the sheet lies on it."""

    path: Path
    source_page: int
    page: int
    to_scan: Sequence[float] | None
    words: Sequence[Word] = ()
    vault: Vault | None = None

    @contextmanager
    def opened(self) -> Iterator[ArchivedPage]:
        """The same page with a path that can be read, where it is encrypted."""
        with readable(self.path, self.vault) as plain:
            yield replace(self, path=plain, vault=None)


def pages_of_record(
    workspace: Workspace, record: StoredRecord, words: Mapping[tuple[str, int], Sequence[Word]] | None = None
) -> list[ArchivedPage]:
    """The pages of a record in the sheet's order. `words`: those of a paper without a form, by scan and its page."""
    found = [
        ArchivedPage(
            archive_path(workspace.archive, page["scan"], page["suffix"]),
            page["source_page"],
            page["page"] or 1,
            page["to_scan"],
            (words or {}).get((page["scan"], page["source_page"]), ()),
            workspace.vault,
        )
        for page in record.pages
    ]
    return sorted(found, key=lambda page: page.page)


def write_archive_file(record: StoredRecord, layout: Layout | None, pages: Sequence[ArchivedPage]) -> bytes:
    """The PDF/A of a record. The same record and scans always give the same bytes.

    Without a layout (a sheet that no register knows) only the values are laid on the picture. Raises ScanFileError
    where a scan cannot be read.
    """
    pdf = pikepdf.new()
    font = _unseen_font(pdf)
    used: set[int] = set()
    for page in pages:
        with page.opened() as readable_page:
            image, (width, height), dpi = _picture(pdf, readable_page)
        scale = POINTS_PER_INCH / dpi
        runs = list(_runs(record, layout, page.page)) if page.to_scan is not None else []
        used |= {ord(character) for run in runs for character in run.text}
        used |= {ord(character) for word in page.words for character in word.text}
        picture = f"q {width * scale:.4f} 0 0 {height * scale:.4f} 0 0 cm /Im0 Do Q\n".encode()
        matrix = np.asarray(page.to_scan, dtype=np.float64).reshape(3, 3) if page.to_scan is not None else np.eye(3)
        text = b"".join(_placed(run, matrix, scale, height * scale) for run in runs)
        text += b"".join(_placed_word(word, scale, height * scale) for word in page.words)
        content = pdf.make_stream(picture + (b"BT 3 Tr\n" + text + b"ET\n" if text else b""))
        pdf.pages.append(
            pikepdf.Page(
                pdf.make_indirect(
                    Dictionary(
                        Type=Name.Page,
                        MediaBox=[0, 0, round(width * scale, 4), round(height * scale, 4)],
                        Resources=Dictionary(XObject=Dictionary(Im0=image), Font=Dictionary(F0=font)),
                        Contents=content,
                    )
                )
            )
        )
    _finish_font(pdf, font, used)
    _declare(pdf, record)
    stream = io.BytesIO()
    pdf.save(
        stream, deterministic_id=True, min_version="1.7", object_stream_mode=pikepdf.ObjectStreamMode.disable,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
    )  # fmt: skip
    return stream.getvalue()


def _runs(record: StoredRecord, layout: Layout | None, number: int) -> Iterable[_Run]:
    """All that stands on a page of the sheet: its print, its number, what was printed of a person, what was read."""
    if layout is not None:
        page = layout.page(number)
        for item in page.items:
            if isinstance(item, Text) and item.text.strip():
                length = text_width(item.text, item.font, item.size)
                left = item.x - (length / 2 if item.align == "centre" else length if item.align == "right" else 0.0)
                # Viewers take glyphs as they stand from left to right, and turn Arabic round by themselves.
                text = item.text[::-1] if item.font in RTL_FACES else item.text
                yield _Run(text, left, item.y, length, item.size)
        for prefill in page.prefills:
            if prefill.field is None and prefill.row is None and COLUMN.search(prefill.template):
                text = COLUMN.sub(lambda found: record.person.get(found[1], ""), prefill.template).strip()
                if text:
                    length = min(prefill.width, text_width(text, prefill.font, prefill.size))
                    yield _Run(text, prefill.x, prefill.y, length, prefill.size)
        if record.sheet is not None and layout.marked:
            for rect in page_frame(*layout.size_mm).numbers:
                yield _Run(f"{record.sheet}/{number}", rect.x, rect.bottom, rect.width, NUMBER_FONT_SIZE)
    on_page = None if layout is None else {zone.field for zone in layout.page(number).zones}
    for name, entry in record.fields.items():
        if entry["rect"] is None or (on_page is not None and name not in on_page):
            continue
        text = _said(entry["value"], (layout.option_labels if layout is not None else {}).get(name, {}))
        if text:
            rect = RectMm.from_list(entry["rect"])
            lines = text.split("\n")
            pitch = rect.height / len(lines)
            for place, line in enumerate(lines):
                size = min(12.0, pitch * POINTS_PER_MM * 0.7)
                yield _Run(line, rect.x, rect.y + pitch * (place + 0.8), rect.width, size)


def _said(value: Any, labels: Mapping[str, str]) -> str:
    if isinstance(value, list):
        return ", ".join(labels.get(option, option) for option in value)
    return value if isinstance(value, str) else ""


def _placed(run: _Run, to_scan: Matrix, scale: float, height: float) -> bytes:
    """The drawing of a run: turned and stretched as the sheet lies on the scan."""
    ends = np.array([[run.x, run.y, 1.0], [run.x + run.length, run.y, 1.0], [run.x, run.y - 1.0, 1.0]]) @ to_scan.T
    start, end, above = (ends[:, :2] / ends[:, 2:]) * scale
    along, up = end - start, above - start
    length = float(np.hypot(*along))
    # A point on the sheet is so many points on the scan: 1 when it was scanned at full size.
    size = run.size * float(np.hypot(*up)) / POINTS_PER_MM
    if not run.text or length <= 0 or size <= 0:
        return b""
    cosine, sine = float(along[0]) / length, -float(along[1]) / length
    stretch = length / (len(run.text) * ADVANCE / 1000 * size) * 100
    codes = "".join(f"{min(ord(character), 0xFFFF):04X}" for character in run.text)
    return (
        f"/F0 {size:.3f} Tf {stretch:.3f} Tz "
        f"{cosine:.5f} {sine:.5f} {-sine:.5f} {cosine:.5f} {start[0]:.3f} {height - start[1]:.3f} Tm <{codes}> Tj\n"
    ).encode()


def _placed_word(word: Word, scale: float, height: float) -> bytes:
    """The drawing of a word where it was recognised, along its own baseline."""
    (x0, y0), (x1, y1) = word.start, word.end
    length = float(np.hypot(x1 - x0, y1 - y0))
    if length <= 0:
        return b""
    cosine, sine = (x1 - x0) / length, (y1 - y0) / length
    along = np.array([[cosine, -sine, x0], [sine, cosine, y0], [0.0, 0.0, 1.0]])
    return _placed(_Run(word.text, 0.0, 0.0, length, word.height * POINTS_PER_MM), along, scale, height)


def _picture(pdf: pikepdf.Pdf, page: ArchivedPage) -> tuple[pikepdf.Object, tuple[int, int], float]:
    """The page's picture, its size in pixels, its resolution: the scan's own JPEG where it is one, else lossless."""
    loaded = load_page(page.path, page.source_page)
    if isinstance(loaded, RejectedPage):
        pixels, dpi = np.full((10, 10), 255, np.uint8), USUAL_DPI
    else:
        pixels, dpi = loaded.pixels, loaded.dpi or USUAL_DPI
    height, width = pixels.shape
    data = _own_jpeg(page)
    if data is not None:
        with Image.open(io.BytesIO(data)) as jpeg:
            mode, size = jpeg.mode, jpeg.size
            same = size == (width, height) and (
                np.abs(np.asarray(jpeg.convert("L"), dtype=np.int16) - pixels).mean() < MAX_DECODER_DIFFERENCE
            )
        if same and mode in ("L", "RGB"):
            space = Name.DeviceGray if mode == "L" else Name.DeviceRGB
            return _image(pdf, data, (width, height), space, 8, Name.DCTDecode), (width, height), dpi
    if not np.any((pixels > 0) & (pixels < 255)):
        packed, bits = np.packbits(pixels > 0, axis=1).tobytes(), 1
    else:
        packed, bits = pixels.tobytes(), 8
    compressed = zlib.compress(packed, 6)
    return _image(pdf, compressed, (width, height), Name.DeviceGray, bits, Name.FlateDecode), (width, height), dpi


def _own_jpeg(page: ArchivedPage) -> bytes | None:
    """The one JPEG that a page of a scan consists of, as it stands in the file; None where there is none."""
    with page.path.open("rb") as stream:
        if stream.read(3) == b"\xff\xd8\xff":
            return page.path.read_bytes()
    try:
        with pikepdf.open(page.path) as pdf:
            drawn = pdf.pages[page.source_page - 1].resources.get("/XObject", Dictionary())
            images = [entry for _, entry in drawn.items() if entry.get("/Subtype") == Name.Image]
            if len(images) == 1 and images[0].get("/Filter") in (Name.DCTDecode, Array([Name.DCTDecode])):
                return bytes(images[0].read_raw_bytes())
    except (pikepdf.PdfError, IndexError, ValueError):
        return None
    return None


def _image(pdf: pikepdf.Pdf, data: bytes, size: tuple[int, int], space: Name, bits: int, kind: Name) -> pikepdf.Object:
    return pdf.make_indirect(
        Stream(
            pdf, data, Type=Name.XObject, Subtype=Name.Image, Width=size[0], Height=size[1], ColorSpace=space,
            BitsPerComponent=bits, Filter=kind, Interpolate=False,
        )
    )  # fmt: skip


def _unseen_font(pdf: pikepdf.Pdf) -> pikepdf.Object:
    return pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type0, Encoding=Name("/Identity-H")))


@lru_cache(maxsize=1)
def _unseen_face() -> bytes:
    """A TrueType face of one empty glyph beside the missing one."""
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "unseen"])
    builder.setupCharacterMap({0x20: "unseen"})
    builder.setupGlyf({".notdef": Glyph(), "unseen": Glyph()})
    builder.setupHorizontalMetrics({".notdef": (ADVANCE, 0), "unseen": (ADVANCE, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "PapierUnseen", "styleName": "Regular", "psName": "PapierUnseen"})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    builder.font["head"].created = builder.font["head"].modified = FACE_MADE
    stream = io.BytesIO()
    builder.font.recalcTimestamp = False
    builder.save(stream)
    return stream.getvalue()


def _finish_font(pdf: pikepdf.Pdf, font: pikepdf.Object, used: set[int]) -> None:
    """Give the unseen face its characters: each shows the same empty glyph and means itself."""
    codes = sorted({min(code, 0xFFFF) for code in used} | {0x20})
    glyphs = bytearray(2 * (codes[-1] + 1))
    for code in codes:
        glyphs[2 * code + 1] = 1
    face = Stream(pdf, _unseen_face(), Length1=len(_unseen_face()))
    descriptor = Dictionary(
        Type=Name.FontDescriptor, FontName=Name("/PapierUnseen"), Flags=4, FontBBox=[0, -200, ADVANCE, 800],
        ItalicAngle=0, Ascent=800, Descent=-200, CapHeight=700, StemV=80, FontFile2=pdf.make_indirect(face),
    )  # fmt: skip
    map_to_glyphs = pdf.make_indirect(Stream(pdf, bytes(glyphs)))
    descendant = Dictionary(
        Type=Name.Font, Subtype=Name.CIDFontType2, BaseFont=Name("/PapierUnseen"),
        CIDSystemInfo=Dictionary(Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0),
        FontDescriptor=pdf.make_indirect(descriptor), DW=ADVANCE, CIDToGIDMap=map_to_glyphs,
    )  # fmt: skip
    font.BaseFont = Name("/PapierUnseen")
    font.DescendantFonts = Array([pdf.make_indirect(descendant)])
    font.ToUnicode = pdf.make_indirect(Stream(pdf, _to_unicode(codes)))


def _to_unicode(codes: Sequence[int]) -> bytes:
    blocks = [codes[start : start + 100] for start in range(0, len(codes), 100)]
    lines = "\n".join(
        f"{len(block)} beginbfchar\n" + "\n".join(f"<{code:04X}> <{code:04X}>" for code in block) + "\nendbfchar"
        for block in blocks
    )
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n{lines}\n"
        "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode()


def _declare(pdf: pikepdf.Pdf, record: StoredRecord) -> None:
    """What makes it PDF/A-3b: colours, metadata, and the record attached as data."""
    made = dt.datetime.fromisoformat(record.created_at)
    profile = Stream(pdf, _srgb(), N=3)
    pdf.Root.OutputIntents = Array(
        [
            Dictionary(
                Type=Name.OutputIntent, S=Name.GTS_PDFA1, OutputConditionIdentifier=pikepdf.String("sRGB"),
                Info=pikepdf.String("sRGB IEC61966-2.1"), DestOutputProfile=pdf.make_indirect(profile),
            )
        ]
    )  # fmt: skip
    title = f"{record.form} v{record.version} · {record.sheet or record.record}"
    pdf.Root.Metadata = pdf.make_indirect(Stream(pdf, _xmp(title, record, made), Type=Name.Metadata, Subtype=Name.XML))
    pdf.Root.Lang = pikepdf.String("fr-FR")
    data = json.dumps(record.to_json(), ensure_ascii=False, indent=1, sort_keys=True).encode()
    stamp = made.astimezone(dt.UTC).strftime("D:%Y%m%d%H%M%SZ")
    embedded = Stream(
        pdf, data, Type=Name.EmbeddedFile, Subtype=Name("/application/json"),
        Params=Dictionary(ModDate=pikepdf.String(stamp), Size=len(data)),
    )  # fmt: skip
    file = pdf.make_indirect(embedded)
    name = pikepdf.String("record.json")
    spec = pdf.make_indirect(
        Dictionary(
            Type=Name.Filespec, F=name, UF=name, Desc=pikepdf.String("The record, and who read what"),
            AFRelationship=Name.Data, EF=Dictionary(F=file, UF=file),
        )
    )  # fmt: skip
    pdf.Root.AF = Array([spec])
    pdf.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=Array([name, spec])))


def _xmp(title: str, record: StoredRecord, made: dt.datetime) -> bytes:
    when = made.isoformat()
    about = escape(f"sheet {record.sheet or '–'}, record {record.record}, revision {record.revision}")
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/">
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt></dc:title>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{about}</rdf:li></rdf:Alt></dc:description>
<xmp:CreatorTool>papier {__version__}</xmp:CreatorTool>
<xmp:CreateDate>{when}</xmp:CreateDate><xmp:ModifyDate>{when}</xmp:ModifyDate>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>""".encode()


@lru_cache(maxsize=1)
def _srgb() -> bytes:
    """The sRGB profile of Little CMS, with its time of making set to a fixed day."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = b"".join(number.to_bytes(2, "big") for number in (2026, 1, 1, 0, 0, 0))
    return bytes(profile)
