"""How whole combs are read: what is accepted, what is asked, and whether probabilities keep their word.

    python -m training.characters.measure_fields --work DIR [--part validate] [--model MODEL.onnx] [--alone]

Reads what `fields` dumped, as `papier.ocr.zones.comb` does, the sheets printed on the simulator's day. The validation
writers calibrate; figures are reported on others.
"""

import argparse
import dataclasses
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.scoring import at_most
from papier.forms.definition import Demand
from papier.geometry import RectMm
from papier.ocr.characters import MODEL_PATH, CharacterReader
from papier.ocr.decoding import Decoding, decode
from papier.ocr.evidence import believe, join
from papier.ocr.second_reader import SecondReader
from papier.ocr.trust import Curve, load_curves, trusted
from papier.ocr.zones.comb import ALPHABET, Comb, asked_again, interpret, prepare, too_faint, without_ink
from papier.records import FieldReading, State
from simulator.values import TODAY

BOUNDS = (0.9, 0.99, 0.999)
THRESHOLDS = (0.98, 0.985, 0.99, 0.993, 0.995, 0.997, 0.998, 0.999)


@dataclass(frozen=True)
class ReadField:
    content: str
    value: str  # what was written: "" for nothing, "?" for struck out
    decoding: Decoding
    rough: bool
    writer: str
    readers: int = 1  # how many were asked

    @property
    def right(self) -> bool:
        return (self.decoding.value or "") == self.value and not (self.decoding.value is None and self.decoding.text)

    @property
    def reading(self) -> FieldReading:
        """What the product makes of it; the decoding's probability is taken as it is."""
        return interpret(Comb("", self.content, (RectMm(0, 0, 6, 8),)), self.decoding, Demand())

    @property
    def accepted(self) -> bool:
        return not self.reading.needs_person

    def trusted(self, curves: Mapping[int, Mapping[str, Curve]] | None = None) -> "ReadField":
        """With the probability that such fields turned out to have; `curves` by the number of readers, else those
        shipped.
        """
        known = load_curves(self.readers) if curves is None else curves[self.readers]
        return dataclasses.replace(self, decoding=trusted(self.decoding, self.content, known))


@dataclass(frozen=True)
class Dumped:
    """One comb as `fields` dumped it, its cells as the product prepares them; `label` (n,) index in CLASSES."""

    ink: NDArray[np.uint8]
    faint: NDArray[np.bool_]
    label: NDArray[np.int64]
    content: str
    value: str
    rough: bool
    writer: str

    def decode(self, log_probs: NDArray[np.float32], readers: int) -> ReadField:
        """What the decoder makes of what the reader, or both, say of the cells."""
        rows = without_ink(believe(log_probs, self.ink), self.ink, self.faint)
        decoding = decode(rows, ALPHABET, self.content, Demand(), printed_on=TODAY)
        return ReadField(self.content, self.value, decoding, self.rough, self.writer, readers)


def load_fields(work: Path, part: str) -> Iterator[Dumped]:
    """Every comb that `fields` dumped for this part of the writers."""
    for file in sorted(work.glob(f"fields-{part}-*.npz")):
        with np.load(file) as saved:
            store = {name: saved[name] for name in saved.files}
        starts = np.flatnonzero(np.diff(store["comb"], prepend=-1))
        ends = np.append(starts[1:], len(store["comb"]))
        for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
            yield Dumped(
                prepare(store["ink"][start:end], store["joined"][start:end]),
                too_faint(store["ink"][start:end], store["faint"][start:end]),
                store["label"][start:end].astype(np.int64),
                str(store["content"][index]),
                str(store["value"][index]),
                bool(store["rough"][start]),
                str(store["writer"][index]),
            )


def read_fields(
    work: Path,
    part: str,
    reader: CharacterReader,
    second: SecondReader | None = None,
    curves: Mapping[int, Mapping[str, Curve]] | None = None,
    limit: int | None = None,
    again: Collection[str] | None = None,
) -> list[ReadField]:
    """Decode every comb that `fields` dumped for this part of the writers; probabilities are the decoder's own.

    What `curves` (else those shipped) leave in doubt is read by `second` too, where it is given; `again`: of these
    contents, else of those that the product asks it about.
    """
    found = []
    for dumped in islice(load_fields(work, part), limit):
        first = reader.read(dumped.ink).log_probs
        field = dumped.decode(first, 1)
        reading = field.trusted(curves).reading
        doubtful = reading.state in (State.DOUBTFUL, State.UNREADABLE)
        asked = asked_again(reading, field.content) if again is None else doubtful and field.content in again
        if second is not None and asked:
            field = dumped.decode(join(first, second.read(dumped.ink)), 2)
        found.append(field)
    return found


def report(fields: list[ReadField]) -> None:
    """Print counts and calibration by content, worst first."""
    by_content: dict[str, list[ReadField]] = defaultdict(list)
    for field in fields:
        by_content[field.content].append(field)
    print(
        "| content | fields | wrong and accepted | asked of a person % | best reading right % | "
        + " | ".join(f"right, of p ≥ {bound}" for bound in BOUNDS)
        + " |"
    )
    rows = []
    for content, some in by_content.items():
        p = np.array([field.decoding.probability for field in some])
        right = np.array([field.right for field in some])
        accepted = np.array([field.accepted for field in some])
        kept = " | ".join(f"{right[p >= bound].sum()} of {(p >= bound).sum()}" for bound in BOUNDS)
        wrong, asked = int((accepted & ~right).sum()), 100 * float((~accepted).mean())
        rows.append(
            (
                -wrong,
                -asked,
                f"| {content} | {len(some):,} | {wrong} | {asked:.1f} | {100 * right.mean():.1f} | {kept} |",
            )
        )
    for *_, row in sorted(rows):
        print(row)


def report_thresholds(fields: list[ReadField]) -> None:
    """Print what each threshold would accept, and how often it would be wrong."""
    present = {field.content for field in fields}
    contents = [
        name for name in ("date", "hour", "telephone", "postcode", "nir", "class", "letters") if name in present
    ]
    print(
        "| p | fields | accepted % | wrong | at most, per 1,000 fields (95 %) | asked: " + " | ".join(contents) + " |"
    )
    accepted = np.array([field.accepted for field in fields])
    p = np.array([field.decoding.probability for field in fields])
    right = np.array([field.right for field in fields])
    content = np.array([field.content for field in fields])
    # Whatever the threshold: blanks, and fields that are asked for another reason than their probability.
    open_ = np.array([field.decoding.weakest is not None for field in fields])
    certain = np.array(
        [
            dataclasses.replace(field, decoding=dataclasses.replace(field.decoding, probability=1.0)).accepted
            for field in fields
        ]
    )
    for threshold in THRESHOLDS:
        taken = np.where(open_, certain & (p >= threshold), accepted)
        wrong = int((taken & ~right).sum())
        asked = " | ".join(f"{100 * float((~taken[content == name]).mean()):.0f}" for name in contents)
        bound = 1000 * at_most(wrong, len(fields))
        print(f"| {threshold} | {len(fields):,} | {100 * taken.mean():.1f} | {wrong} | {bound:.2f} | {asked} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--part", default="validate")
    parser.add_argument("--model", type=Path, default=MODEL_PATH)
    parser.add_argument("--alone", action="store_true", help="without the second reader")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--show", type=int, default=20)
    arguments = parser.parse_args()
    second = None if arguments.alone else SecondReader()
    reader = CharacterReader(arguments.model)
    fields = [
        field.trusted() for field in read_fields(arguments.work, arguments.part, reader, second, limit=arguments.limit)
    ]
    for name, rough in (("office", False), ("rough", True)):
        some = [field for field in fields if field.rough == rough]
        if some:
            print(f"\n{name}: {len(some)} fields")
            report(some)
            report_thresholds(some)
    wrong = [f for f in fields if f.accepted and not f.right]
    print(f"\n{len(wrong)} accepted wrong:")
    for field in wrong[: arguments.show]:
        d = field.decoding
        print(
            f"  {field.content} {field.value!r} read {d.value!r} {d.probability:.6f} rough={field.rough} {field.writer}"
        )
    changes: Counter[tuple[str, str]] = Counter()
    for field in fields:
        if not field.right and len(field.value) == len(field.decoding.text or ""):
            changes.update(
                (a, b) for a, b in zip(field.value, field.decoding.value or field.decoding.text, strict=False) if a != b
            )
    print("changed:", ", ".join(f"{a}→{b} {n}" for (a, b), n in changes.most_common(30)))


if __name__ == "__main__":
    main()
