"""Valid values drawn at random, written with single cells of one hand each: whether priors pull the unusual over.

    python -m training.characters.random_values --work DIR --communes communes.json [--part test] [--fields 2500]

The simulator writes dates, hours and postcodes of a kind, and `papier.ocr.content_rules` knows what is usual too: what
they have in common is no proof. Here values are drawn anew, unusual ones too, and put together of cells that `fields`
dumped, each of one hand and one kind of scan. Neither one pen nor one stroke holds such a field together, so they are
harder than written ones, and the same glyphs come again and again. A third as many rough ones.
"""

import argparse
import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from papier.forms.definition import Demand
from papier.ocr.characters import BLANK, CAPITALS, CLASSES, DIGITS, CharacterReader
from papier.ocr.content_rules import cells_text
from papier.ocr.decoding import decode
from papier.ocr.evidence import believe, join
from papier.ocr.postcodes import load_postcodes
from papier.ocr.second_reader import SecondReader
from papier.ocr.zones.comb import ALPHABET, asked_again, without_ink
from simulator.values import TODAY
from training.characters.measure_fields import ReadField, load_fields

Random = np.random.Generator
# Cells of one hand, kind of scan and character that are kept, and blank cells after a class.
KEPT, BLANK_CELLS = 24, 2
NUMBERS = frozenset({"date", "hour", "telephone", "postcode", "nir", "class"})


@dataclass(frozen=True)
class Cells:
    """Single cells by (hand, rough, character): what is made of each with one reader asked and with both."""

    rows: tuple[NDArray[np.float32], NDArray[np.float32]]
    places: Mapping[tuple[str, bool, str], list[int]]

    def hands(self, rough: bool) -> list[str]:
        """The hands that have every digit."""
        found = sorted({hand for hand, was_rough, _ in self.places if was_rough == rough})
        return [hand for hand in found if all((hand, rough, digit) in self.places for digit in DIGITS)]

    def write(self, text: str, hand: str, rough: bool, random: Random) -> NDArray[np.int64] | None:
        """Which cells show this text; None where the hand lacks one of its characters."""
        wanted = [self.places.get((hand, rough, " " if character == " " else character)) for character in text]
        if None in wanted:
            return None
        return np.array([some[random.integers(len(some))] for some in wanted if some is not None])


def gather(work: Path, part: str, readers: tuple[CharacterReader, SecondReader]) -> Cells:
    """The cells of every field of numbers that was dumped, at most so many a hand and character."""
    places: dict[tuple[str, bool, str], list[int]] = defaultdict(list)
    inks, faints, count = [], [], 0
    for dumped in load_fields(work, part):
        if dumped.content not in NUMBERS:
            continue
        for ink, faint, label in zip(dumped.ink, dumped.faint, dumped.label, strict=True):
            character = " " if CLASSES[label] == BLANK else CLASSES[label]
            some = places[dumped.writer, dumped.rough, character]
            if len(some) < KEPT and len(character) == 1:
                some.append(count)
                inks.append(ink)
                faints.append(faint)
                count += 1
    ink, faint = np.stack(inks), np.array(faints)
    first = readers[0].read(ink).log_probs
    alone, both = (
        without_ink(believe(log_probs, ink), ink, faint) for log_probs in (first, join(first, readers[1].read(ink)))
    )
    return Cells((alone, both), places)


def read_value(content: str, value: str, cells: Cells, chosen: NDArray[np.int64], rough: bool, hand: str) -> ReadField:
    """As the product reads it: by the first reader, and where that leaves doubts by both."""
    for readers, rows in enumerate(cells.rows, 1):
        decoding = decode(rows[chosen], ALPHABET, content, Demand(), printed_on=TODAY)
        field = ReadField(content, value, decoding, rough, hand, readers).trusted()
        if readers == 1 and not asked_again(field.reading, content):
            return field
    return field


def _day(low: dt.date, days: int) -> Callable[[Random], str]:
    return lambda random: (low + dt.timedelta(days=int(random.integers(days)))).isoformat()


def _hour(first: int, last: int, step: int) -> Callable[[Random], str]:
    def draw(random: Random) -> str:
        minutes = int(random.integers(first * 60 // step, last * 60 // step)) * step
        return f"{minutes // 60:02d}:{minutes % 60:02d}"

    return draw


def _telephone(random: Random, begins: str = "12345679") -> str:
    return "0" + begins[random.integers(len(begins))] + "".join(map(str, random.integers(0, 10, 8).tolist()))


def _unlisted_postcode(random: Random) -> str:
    listed = load_postcodes()
    while True:
        code = f"{int(random.integers(1, 96)):02d}{int(random.integers(1000)):03d}"
        if code not in listed:
            return code


def _class(random: Random, letters: str = CAPITALS[:8]) -> str:
    return "6543"[random.integers(4)] + letters[random.integers(len(letters))]


def _other_class(random: Random) -> str:
    number = str(random.integers(1, 10))
    usual = (
        "CP",
        "CE1",
        "CE2",
        "CM1",
        "CM2",
        "2" + number,
        "1G" + number,
        "TG" + number,
        "6E" + number,
        "3EME" + number,
    )
    return usual[random.integers(len(usual))]


def kinds(communes: Path | None) -> dict[str, tuple[str, Callable[[Random], str]]]:
    """What is drawn: its content, and how; towns only where the list of communes is there."""
    found: dict[str, tuple[str, Callable[[Random], str]]] = {
        "date, within a year of printing": ("date", _day(TODAY - dt.timedelta(days=365), 730)),
        "date, of the last hundred years": ("date", _day(TODAY - dt.timedelta(days=36525), 36525)),
        "hour, any minute from 7 to 19": ("hour", _hour(7, 19, 1)),
        "hour, to five minutes from 7 to 19": ("hour", _hour(7, 19, 5)),
        "hour, any minute of the day": ("hour", _hour(0, 24, 1)),
        "telephone": ("telephone", _telephone),
        "telephone that begins with 08": ("telephone", lambda random: _telephone(random, "8")),
        "postcode of no commune": ("postcode", _unlisted_postcode),
        "class, 6A to 3H": ("class", _class),
        "class, 6I to 3Z": ("class", lambda random: _class(random, CAPITALS[8:])),
        "class, any other": ("class", _other_class),
    }
    if communes is not None:
        rows = [row for row in json.loads(communes.read_text("utf-8")) if row.get("codesPostaux")]
        people = np.array([row.get("population") or 0 for row in rows], float)
        shares = people / people.sum()

        def town(random: Random) -> str:
            codes = rows[random.choice(len(rows), p=shares)]["codesPostaux"]
            return str(codes[random.integers(len(codes))])

        codes = sorted({code for row in rows for code in row["codesPostaux"]})
        found["postcode, one a person"] = ("postcode", town)
        found["postcode, one a code"] = ("postcode", lambda random: codes[random.integers(len(codes))])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--part", default="test")
    parser.add_argument("--communes", type=Path, help="communes.json of @etalab/decoupage-administratif")
    parser.add_argument("--fields", type=int, default=2500)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    cells = gather(arguments.work, arguments.part, (CharacterReader(), SecondReader()))
    wrong = []
    print("| what | scans | fields | hands | wrong and accepted | asked % | best reading right % |")
    for name, (content, draw) in kinds(arguments.communes).items():
        for rough in (False, True):
            random = np.random.default_rng((arguments.seed, len(name), rough))
            hands, read = cells.hands(rough), []
            wanted = arguments.fields // 3 if rough else arguments.fields
            while len(read) < wanted:
                value, hand = draw(random), hands[random.integers(len(hands))]
                text = cells_text(value, content)
                padded = text + " " * (BLANK_CELLS if content == "class" else 0)
                chosen = cells.write(padded, hand, rough, random)
                if chosen is not None:
                    read.append(read_value(content, value, cells, chosen, rough, hand))
            mistaken = [field for field in read if field.accepted and not field.right]
            wrong += [(name, field) for field in mistaken]
            asked, right = (
                100 * float(np.mean(own)) for own in ([not f.accepted for f in read], [f.right for f in read])
            )
            print(
                f"| {name} | {'rough' if rough else 'office'} | {len(read):,} | {len({f.writer for f in read})} | "
                f"{len(mistaken)} | {asked:.1f} | {right:.1f} |",
                flush=True,
            )
    for name, field in wrong:
        print(
            f"  {name}: {field.value} read {field.decoding.value} {field.decoding.probability:.5f} "
            f"{'rough' if field.rough else 'office'} {field.writer}"
        )


if __name__ == "__main__":
    main()
