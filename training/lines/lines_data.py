"""Lines of real handwriting: images, what they say, and which part of the data each writer belongs to."""

from __future__ import annotations

import hashlib
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from papier.ocr.handwriting import ALPHABET, STRUCK

Ink = npt.NDArray[np.uint8]  # shape (height, width), 255 full ink

TRAIN, VALIDATE, TEST = "train", "validate", "test"
# One writer in ten of those that may be trained on is only reported.
TEST_SHARE = 10


@dataclass(frozen=True)
class Line:
    """`text` is what it says, normalised, with STRUCK for what its writer struck out."""

    collection: str
    image: str
    writer: str
    kind: str
    part: str
    text: str


def part_of_writer(writer: str, split: str) -> str:
    """The collection's own validation writers choose the model; a tenth of the others, by hash, is only reported."""
    if split == "val":
        return VALIDATE
    return TEST if int(hashlib.sha256(writer.encode()).hexdigest(), 16) % TEST_SHARE == 0 else TRAIN


def normalise_text(text: str) -> str:
    """NFC, one kind of apostrophe and of double quote, single spaces; struck-out passages become STRUCK."""
    text = unicodedata.normalize("NFC", text).translate({0x2019: "'", 0x2018: "'", 0x201C: '"', 0x201D: '"', 0xA0: " "})
    while "<" in text and ">" in text.split("<")[0]:
        before, _, rest = text.partition(">")
        _, _, after = rest.partition("<")
        text = before + STRUCK + after
    return " ".join(text.split())


def encode(text: str) -> list[int]:
    """Classes of the network (0 is CTC's blank); a character outside the alphabet is its base letter, or left out."""
    classes = []
    for character in text:
        for candidate in (character, unicodedata.normalize("NFD", character)[0]):
            if candidate in ALPHABET:
                classes.append(ALPHABET.index(candidate) + 1)
                break
    return classes


def load_lines(archive: Path) -> list[Line]:
    collection = archive.stem
    with zipfile.ZipFile(archive) as opened:
        rows = opened.read("labels.tsv").decode().splitlines()[1:]
    lines = []
    for row in rows:
        image, writer, kind, split, text = row.split("\t")
        # Pages of one will or diary are one hand: `..._0005-0` and `..._0005-1`.
        hand = "peraire" if collection == "peraire" else writer.rsplit("-", 1)[0] if collection == "poilus" else writer
        part = TRAIN if collection == "peraire" else part_of_writer(hand, split)
        lines.append(Line(collection, image, hand, kind, part, normalise_text(text)))
    return lines


def load_images(archive: Path, lines: list[Line]) -> list[Ink]:
    with zipfile.ZipFile(archive) as opened:
        return [
            ink_of(cv2.imdecode(np.frombuffer(opened.read(line.image), np.uint8), cv2.IMREAD_GRAYSCALE))
            for line in lines
        ]


def ink_of(grey: npt.NDArray[np.uint8]) -> Ink:
    """Ink against the paper around it, as `papier.ocr.ink` gives it for a sheet."""
    paper = cv2.blur(cv2.dilate(grey, np.ones((15, 15), np.uint8)), (31, 31)).astype(np.float32)
    ink = np.clip((paper - grey) / np.maximum(paper, 1) - 0.06, 0, 0.94) / 0.94
    return np.asarray(ink * 255, dtype=np.uint8)
