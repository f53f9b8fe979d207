"""Is a scan file whole? Told by its bytes: the end that its format demands is there.

A file that ends early would lose its last sheets without anybody noticing, since readers mend what they can.
"""

from __future__ import annotations

import signal
import sys
from enum import StrEnum
from pathlib import Path

from PIL import Image, ImageSequence

if sys.platform == "linux":
    import fcntl

# PDF readers look for the end mark in the last kilobyte (ISO 32000-1, annex H, note 18); some copiers append more.
PDF_TAIL = 2048
# Some scanners pad after a JPEG's end mark.
JPEG_TAIL = 4096
HEAD = 1024
TIFF_HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
STRIP_OFFSETS, STRIP_LENGTHS, TILE_OFFSETS, TILE_LENGTHS = 273, 279, 324, 325


class Kind(StrEnum):
    PDF = "PDF"
    JPEG = "JPEG"
    TIFF = "TIFF"
    PNG = "PNG"


def find_kind(path: Path) -> Kind | None:
    """What scan file this is by its first bytes; None where it is none. Raises OSError."""
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    if b"%PDF-" in head:
        return Kind.PDF
    if head.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    return Kind.TIFF if head.startswith(TIFF_HEADS) else None


def is_whole(path: Path) -> bool:
    """True when the file ends where its format says it ends. Raises OSError."""
    kind = find_kind(path)
    if kind is Kind.PDF:
        return b"%%EOF" in _tail(path, PDF_TAIL)
    if kind is Kind.JPEG:
        return b"\xff\xd9" in _tail(path, JPEG_TAIL)
    if kind is Kind.PNG:
        return b"IEND" in _tail(path, 64)
    return kind is Kind.TIFF and _tiff_is_whole(path)


def is_being_written(path: Path) -> bool:
    """True while some program has the file open for writing, where the system can tell (Linux, on a local disk).

    A lease to read is granted only on a file that nobody has open for writing (fcntl(2), "Leases").
    """
    if sys.platform != "linux":
        return False
    try:
        with path.open("rb") as stream:
            # Whoever opens it meanwhile breaks the lease by a signal; this one is ignored by default.
            fcntl.fcntl(stream, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(stream, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(stream, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        # Another's file, or a file system without leases: its change is noticed by its hash.
        return False
    return False


def _tail(path: Path, length: int) -> bytes:
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - length))
        return stream.read()


def _tiff_is_whole(path: Path) -> bool:
    """Every strip of every page lies within the file."""
    size = path.stat().st_size
    try:
        with Image.open(path) as image:
            for page in ImageSequence.Iterator(image):
                tags = page.tag_v2  # type: ignore[attr-defined]
                for offsets, lengths in ((STRIP_OFFSETS, STRIP_LENGTHS), (TILE_OFFSETS, TILE_LENGTHS)):
                    pairs = zip(tags.get(offsets, ()), tags.get(lengths, ()), strict=False)
                    if any(start + length > size for start, length in pairs):
                        return False
    except Exception:  # noqa: BLE001 - a directory cut in two breaks Pillow in many ways
        return False
    return True
