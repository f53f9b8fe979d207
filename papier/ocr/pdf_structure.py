"""What a PDF page is made of, as its dictionaries state it: checked before anything is decoded or drawn.

A renderer passes over what it cannot find or decode and leaves white paper, which would read as a sheet left blank; and
it unpacks whatever it is told to. So the objects of a page are looked at first, unopened.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pikepdf

# A page of dense vector drawing has a few megabytes of operators; text pages have kilobytes.
MAX_CONTENT_BYTES = 64 * 1024 * 1024

# Deflate packs at most 1,032 to 1, so below this nothing can exceed the limit and nothing needs unpacking to know.
HARMLESS_PACKED_BYTES = MAX_CONTENT_BYTES // 1032

# Forms inside forms: real files have two or three levels.
MAX_DEPTH = 12

# Deep enough for any page; an endless one is caught by this too.
MAX_OBJECTS = 5_000

PACKING_FILTERS = frozenset({"/FlateDecode", "/Fl", "/LZWDecode", "/LZW", "/RunLengthDecode", "/RL"})

DRAW_OPERATOR = re.compile(rb"/([^\s/<>\[\](){}%]+)\s+Do\b")
HEX_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")

LOST = "A part of this PDF page is missing or damaged. Scan the page again, or copy the file again from where it came."
TOO_COMPLEX = "This PDF page holds far more drawing than any sheet. Print it and scan the paper."


@dataclass(frozen=True, slots=True)
class PageFacts:
    """`masked` lists the sizes (width, height) of images that are only partly opaque; `reason` says why not to draw.

    `unpacked_bytes` is how much pixel data a drawn image of a size must have at least. `has_images` tells that images
    are at hand for the page, drawn or not. `plain_jpegs` lists the sizes of images that are JPEG and nothing else: any
    decoder of JPEG gives what the page shows.
    """

    masked: frozenset[tuple[int, int]] = frozenset()
    unpacked_bytes: Mapping[tuple[int, int], int] = field(default_factory=dict)
    reason: str | None = None
    has_images: bool = False
    plain_jpegs: frozenset[tuple[int, int]] = frozenset()


class PdfStructure:
    """The dictionaries of one PDF file. Raises pikepdf.PdfError (or PasswordError) where they cannot be read."""

    def __init__(self, path: Path) -> None:
        self._pdf = pikepdf.open(path, suppress_warnings=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def close(self) -> None:
        self._pdf.close()

    def find_facts(self, index: int) -> PageFacts:
        """The facts of page `index`, counted from 1."""
        page = self._pdf.pages[index - 1].obj
        resources = _inherited(page, "/Resources")
        contents = page.get("/Contents")
        parts = list(contents) if isinstance(contents, pikepdf.Array) else [contents] if contents is not None else []
        streams = [part for part in parts if isinstance(part, pikepdf.Stream)]
        # A lost object reads as if its key were not there; a page made to be empty has nothing to draw either.
        if len(streams) < len(parts) or (not streams and _find_xobjects(resources)):
            return PageFacts(reason=LOST)
        masked: set[tuple[int, int]] = set()
        unpacked: dict[tuple[int, int], int] = {}
        plain: dict[tuple[int, int], bool] = {}
        seen: set[tuple[int, int]] = set()
        stack = [(resources, streams, 0)]
        drawn = 0
        while stack:
            resources, streams, depth = stack.pop()
            content, reason = _read_operators(streams)
            if reason:
                return PageFacts(reason=reason)
            xobjects = _find_xobjects(resources)
            for name in _find_drawn_names(content):
                found = xobjects.get(name)
                if not isinstance(found, pikepdf.Stream):
                    return PageFacts(reason=LOST)
                drawn += 1
                if drawn > MAX_OBJECTS or depth > MAX_DEPTH:
                    return PageFacts(reason=TOO_COMPLEX)
                if found.objgen in seen:
                    continue
                seen.add(found.objgen)
                if found.get("/Subtype") == "/Form":
                    # A form without resources of its own uses those of what it stands on (PDF 1.1).
                    stack.append((found.get("/Resources", resources), [found], depth + 1))
                    continue
                size = _image_size(found)
                needed = _count_pixel_bytes(found, size)
                unpacked[size] = min(needed, unpacked.get(size, needed))
                plain[size] = _is_plain_jpeg(found) and plain.get(size, True)
                if "/SMask" in found or "/Mask" in found:
                    masked.add(size)
        at_hand = _find_xobjects(_inherited(page, "/Resources")).values()
        jpegs = frozenset(size for size, is_plain in plain.items() if is_plain)
        return PageFacts(frozenset(masked), unpacked, has_images=bool(at_hand), plain_jpegs=jpegs)


def find_encoded_size(data: bytes) -> tuple[int, int] | None:
    """Width and height as the header of a JPEG or JPEG 2000 stream states them, None where there is no such header."""
    if data.startswith(b"\xff\xd8"):
        return _find_jpeg_size(data)
    # The SIZ marker comes straight after the start of the code stream.
    start = 0 if data.startswith(b"\xff\x4f\xff\x51") else data.find(b"\xff\x4f\xff\x51", 0, 4096)
    if start < 0 or len(data) < start + 24:
        return None
    right, bottom, left, top = struct.unpack_from(">IIII", data, start + 8)
    return max(0, right - left), max(0, bottom - top)


def _find_jpeg_size(data: bytes) -> tuple[int, int] | None:
    for marker, position in _jpeg_segments(data):
        # Start of frame, all processes; C4, C8 and CC are tables and extensions.
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC} and position + 7 <= len(data):
            height, width = struct.unpack_from(">HH", data, position + 3)
            return width, height
    return None


def is_whole_jpeg(data: bytes) -> bool:
    """True when the picture data runs to its end marker. Decoders fill what is missing with grey, without a word."""
    for marker, position in _jpeg_segments(data):
        if marker == 0xDA:
            # From the end, where it is as a rule.
            return data.rfind(b"\xff\xd9", position) >= 0
    return False


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """(marker, position of its length) for every segment up to the first scan (ITU-T T.81, annex B)."""
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            return
        marker = data[position + 1]
        if marker == 0xFF:  # fill byte
            position += 1
            continue
        yield marker, position + 2
        if marker in {0xDA, 0xD9}:
            return
        position += 2 + int(struct.unpack_from(">H", data, position + 2)[0])


def is_whole_deflate(data: bytes, at_least: int, at_most: int) -> bool:
    """True when a deflate stream unpacks to its end, checksum included, to as many bytes as given."""
    unpacker = zlib.decompressobj()
    total = 0
    try:
        while data and not unpacker.eof:
            # Chunk by chunk: the pixels themselves are decoded elsewhere, and memory stays flat.
            total += len(unpacker.decompress(data, 1 << 20))
            if total > at_most:
                return False
            data = unpacker.unconsumed_tail
    except zlib.error:
        return False
    return unpacker.eof and total >= at_least


def is_whole_jbig2(data: bytes) -> bool:
    """True when every segment of an embedded JBIG2 stream is there. Decoders leave white what is missing.

    Segment headers as in ITU-T T.88, 7.2.
    """
    position = 0
    while position < len(data):
        if position + 11 > len(data):
            return False
        number, flags, referred = struct.unpack_from(">IBB", data, position)
        position += 5
        count = referred >> 5
        if count == 7:
            count = int(struct.unpack_from(">I", data, position)[0]) & 0x1FFFFFFF
            position += 4 + (count + 8) // 8
        else:
            position += 1
        position += count * (1 if number <= 256 else 2 if number <= 65536 else 4) + (4 if flags & 0x40 else 1)
        if position + 4 > len(data):
            return False
        length = int(struct.unpack_from(">I", data, position)[0])
        # A generic region may leave its length open, and then runs to the end.
        if length == 0xFFFFFFFF:
            return True
        position += 4 + length
    return 0 < position == len(data)


def _find_xobjects(resources: Any) -> dict[str, Any]:
    xobjects = resources.get("/XObject") if isinstance(resources, pikepdf.Dictionary) else None
    return dict(xobjects.items()) if isinstance(xobjects, pikepdf.Dictionary) else {}


def _find_drawn_names(content: bytes) -> set[str]:
    """The names, with their slash, that operators draw with `Do`."""
    return {"/" + _unescape(name) for name in DRAW_OPERATOR.findall(content)}


def _unescape(name: bytes) -> str:
    return HEX_ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), name).decode("utf-8", "surrogateescape")


def _read_operators(streams: list[Any]) -> tuple[bytes, str | None]:
    """The unpacked operators of content streams, or why they are not unpacked."""
    total = 0
    content = []
    for stream in streams:
        filters = stream.get("/Filter")
        names = (
            [str(name) for name in filters] if isinstance(filters, pikepdf.Array) else [str(filters)] if filters else []
        )
        # Deflate within deflate packs a million to one, and has no other use.
        if sum(name in PACKING_FILTERS for name in names) > 1:
            return b"", TOO_COMPLEX
        raw = stream.read_raw_bytes()
        if names and len(raw) > HARMLESS_PACKED_BYTES:
            # Of the others, run length packs best, 64 to 1.
            total += _unpacked_size(raw) if names[0] in {"/FlateDecode", "/Fl"} else 64 * len(raw)
        else:
            total += len(raw)
        if total > MAX_CONTENT_BYTES:
            return b"", TOO_COMPLEX
        try:
            content.append(stream.read_bytes())
        except pikepdf.PdfError:
            return b"", LOST
    return b"\n".join(content), None


def _unpacked_size(data: bytes) -> int:
    unpacker = zlib.decompressobj()
    total = 0
    try:
        while data and not unpacker.eof and total <= MAX_CONTENT_BYTES:
            total += len(unpacker.decompress(data, 1 << 20))
            data = unpacker.unconsumed_tail
    except zlib.error:
        pass
    return total


def _inherited(page: Any, key: str) -> Any:
    """A page attribute, from the page or the nearest parent that has it."""
    node = page
    for _ in range(MAX_DEPTH * 4):
        if not isinstance(node, pikepdf.Dictionary):
            return None
        if key in node:
            return node.get(key)
        node = node.get("/Parent")
    return None


def _image_size(image: Any) -> tuple[int, int]:
    try:
        return int(image.get("/Width", 0)), int(image.get("/Height", 0))
    except (TypeError, ValueError):
        return 0, 0


def _is_plain_jpeg(image: Any) -> bool:
    """True for a grey or RGB photograph that no dictionary entry changes afterwards."""
    filters = image.get("/Filter")
    names = [str(name) for name in filters] if isinstance(filters, pikepdf.Array) else [str(filters)]
    if names not in (["/DCTDecode"], ["/DCT"]) or any(
        key in image for key in ("/Decode", "/DecodeParms", "/ImageMask")
    ):
        return False
    space = image.get("/ColorSpace")
    if isinstance(space, pikepdf.Name):
        return str(space) in {"/DeviceGray", "/DeviceRGB"}
    return (
        isinstance(space, pikepdf.Array) and len(space) > 1 and space[0] == "/ICCBased" and space[1].get("/N") in (1, 3)
    )


def _count_pixel_bytes(image: Any, size: tuple[int, int]) -> int:
    """The least that the unpacked pixels of an image take; colour spaces that are not plain count as one channel."""
    bits = 1 if image.get("/ImageMask") else image.get("/BitsPerComponent", 1)
    space = image.get("/ColorSpace")
    channels: Any = {"/DeviceRGB": 3, "/DeviceCMYK": 4}.get(str(space), 1) if isinstance(space, pikepdf.Name) else 1
    if isinstance(space, pikepdf.Array) and len(space) > 1 and space[0] == "/ICCBased":
        channels = space[1].get("/N", 1)
    try:
        return (size[0] * int(bits) * int(channels) + 7) // 8 * size[1]
    except (TypeError, ValueError):
        return 0
