"""Hostile files: whole ones from a seed corpus, damaged at random, each known by its number.

`seeds` makes the corpus, `mutate` damages one file of it; the same number always gives the same file.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pikepdf
from PIL import Image, ImageDraw
from reportlab.pdfgen.canvas import Canvas

from papier.forms.library import library_folders
from papier.store.masked_copy import write_masked_copy

KINDS = ("pdf", "tif", "jpg", "png", "yaml", "csv")
SEED_PAGE = (620, 877)  # A4 at 75 dpi: small, so that thousands are decoded in a minute
# What breaks counters and sizes: nothing, signs, and the edges of 8, 16 and 32 bits.
EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
NUMBERS = (b"0", b"-1", b"1", b"65535", b"99999", b"2147483648", b"4294967295", b"1e309", b"nan", b"9" * 30)
MOST_CHANGES = 8


def make_case(seed: int, case: int) -> tuple[str, bytes]:
    """The kind (a suffix without its dot) and the bytes of one damaged file."""
    rng = random.Random(f"{seed}:{case}")
    kind = KINDS[case % len(KINDS)]
    corpus = seeds()[kind]
    return kind, mutate(rng.choice(corpus), corpus, rng)


def mutate(data: bytes, corpus: Sequence[bytes], rng: random.Random) -> bytes:
    """The file with one to eight changes; never longer than eight times a seed."""
    longest = 8 * max(map(len, corpus))
    for _ in range(rng.randint(1, MOST_CHANGES)):
        if not data:
            break
        data = rng.choice(_CHANGES)(data, corpus, rng)[:longest]
    return data


def _flip_bits(data: bytes, _corpus: Sequence[bytes], rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _set_edge(data: bytes, _corpus: Sequence[bytes], rng: random.Random) -> bytes:
    value, size, order = rng.choice(EDGES), rng.choice((1, 2, 4)), rng.choice(("big", "little"))
    at = rng.randrange(len(data))
    written = (value & (1 << 8 * size) - 1).to_bytes(size, "big" if order == "big" else "little")
    return data[:at] + written + data[at + size :]


def _cut_out(data: bytes, _corpus: Sequence[bytes], rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.choice((1, 2, 4, 16, 256, 4096)) :]


def _truncate(data: bytes, _corpus: Sequence[bytes], rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def _repeat(data: bytes, _corpus: Sequence[bytes], rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    piece = data[at : at + rng.choice((1, 4, 64, 1024))]
    return data[:at] + piece * rng.choice((1, 2, 16)) + data[at:]


def _splice(data: bytes, corpus: Sequence[bytes], rng: random.Random) -> bytes:
    other = rng.choice(corpus)
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]


def _change_number(data: bytes, _corpus: Sequence[bytes], rng: random.Random) -> bytes:
    """Another number where one is written in digits: lengths and sizes of a PDF, versions of a form."""
    found = list(re.finditer(rb"\d+", data))
    if not found:
        return data
    place = rng.choice(found)
    return data[: place.start()] + rng.choice(NUMBERS) + data[place.end() :]


def _swap_lines(data: bytes, _corpus: Sequence[bytes], rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _insert_token(data: bytes, _corpus: Sequence[bytes], rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + rng.choice(TOKENS) + data[at:]


TOKENS = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"&a [*a, *a]", b"!!python/object/apply:os.system ['true']", b"{" * 200,
    b"[" * 2000, b"- " * 500, b'"' * 3, b";;;;", b"\r\n\r\n", b"\t", b"*x", b"<<: *x", b"endobj", b"stream\n",
    b"/Filter /FlateDecode", b"/Kids [1 0 R]", b"/Rotate 45", b"file:///etc/passwd", b"../../../etc/passwd",
    "\u202e".encode(), "é".encode("latin-1"), b"x" * 5000,
)  # fmt: skip
_CHANGES: tuple[Callable[[bytes, Sequence[bytes], random.Random], bytes], ...] = (
    _flip_bits, _flip_bits, _set_edge, _set_edge, _cut_out, _truncate, _repeat, _splice, _change_number,
    _change_number, _swap_lines, _insert_token,
)  # fmt: skip


@lru_cache(maxsize=1)
def seeds() -> Mapping[str, tuple[bytes, ...]]:
    """The corpus: whole files of every kind, as scanners, secretaries and their programs write them."""
    page = _page(1)
    pages = [page, _page(2)]
    library = library_folders()[-1]
    definitions = [path.read_bytes() for path in sorted(library.rglob("*.yaml"))]
    return {
        "pdf": (
            _saved(page, "PDF", resolution=75.0),
            _saved(page.convert("RGB"), "PDF", resolution=75.0),
            _saved(page.convert("1"), "PDF", resolution=75.0),
            _saved(pages[0], "PDF", resolution=75.0, save_all=True, append_images=pages[1:]),
            write_masked_copy([(np.asarray(page), 75.0), (np.asarray(page.convert("1").convert("L")), None)]),
            _drawn_pdf(),
            _object_streams(_drawn_pdf()),
        ),
        "tif": tuple(
            _saved(image, "TIFF", compression=how, dpi=(75, 75), **more)
            for image, how, more in (
                (page, "raw", {"save_all": True, "append_images": [_page(2)]}),
                (page, "tiff_lzw", {}),
                (page, "jpeg", {}),
                (page, "tiff_adobe_deflate", {}),
                (page.convert("RGB"), "packbits", {}),
                (page.convert("1"), "group4", {}),
            )
        ),
        "jpg": (
            _saved(page, "JPEG", quality=60, dpi=(75, 75)),
            _saved(page.convert("RGB"), "JPEG", quality=60, progressive=True),
            _saved(page.convert("CMYK"), "JPEG", quality=60),
        ),
        "png": (
            _saved(page, "PNG", dpi=(75, 75)),
            _saved(page.convert("1"), "PNG"),
            _saved(page.convert("P"), "PNG"),
            _saved(page.convert("RGBA"), "PNG"),
        ),
        "yaml": tuple(definitions),
        "csv": (
            "nom;prenom;classe;naissance\nLEFÈVRE;Chloé;6A;03/02/2015\nGARNIER;Noé;6A;05/04/2015\n".encode(),
            'Nom,Prénom,Classe\r\n"d\'Ormesson, fils",Zoé,5B\r\nŒuvrard,Léo,5B\r\n'.encode("cp1252"),
            "\ufeffNOM\tPRENOM\tTELEPHONE\nROUX\tLéa\t06 12 34 56 78\n".encode("utf-16"),
            b"nom;prenom\n" + b"MARTIN;Jean\n" * 200,
        ),
    }


def _page(number: int) -> Image.Image:
    image = Image.new("L", SEED_PAGE, 250)
    pen = ImageDraw.Draw(image)
    for corner in ((20, 20), (590, 20), (20, 847), (590, 847)):
        pen.rectangle((*corner, corner[0] + 10, corner[1] + 10), fill=10)
    for line in range(60, 800, 22):
        pen.text((60, line), f"page {number} ligne {line} ............................", fill=30)
    return image


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    # A copy: Pillow leaves the settings of one format on the image, where the next one stumbles over them.
    image.copy().save(stream, kind, **options)
    return stream.getvalue()


def _drawn_pdf() -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(298, 421), invariant=1)
    canvas.drawString(40, 300, "Bulletin d'absence")
    canvas.rect(40, 100, 200, 150)
    canvas.showPage()
    canvas.setPageRotation(90)
    canvas.drawString(40, 300, "Verso")
    canvas.save()
    return stream.getvalue()


def _object_streams(data: bytes) -> bytes:
    stream = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        pdf.save(stream, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return stream.getvalue()
