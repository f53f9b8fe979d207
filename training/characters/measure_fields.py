"""How whole combs are read: what is accepted, what is asked, and whether probabilities keep their word.

    python -m training.characters.measure_fields --work DIR [--part validate] [--model MODEL.onnx] [--rough]

Reads what `fields` dumped, as `papier.ocr.zones.comb` does, the sheets printed on the simulator's day. The validation
writers calibrate; figures are reported on others.
"""

import argparse
import dataclasses
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.scoring import at_most
from papier.forms.definition import Demand
from papier.geometry import RectMm
from papier.ocr.characters import MODEL_PATH, CharacterReader
from papier.ocr.decoding import Decoding, decode
from papier.ocr.evidence import believe
from papier.ocr.trust import trusted
from papier.ocr.zones.comb import ALPHABET, Comb, interpret, prepare, too_faint, without_ink
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

    @property
    def right(self) -> bool:
        return (self.decoding.value or "") == self.value and not (self.decoding.value is None and self.decoding.text)

    @property
    def accepted(self) -> bool:
        comb = Comb("", self.content, (RectMm(0, 0, 6, 8),))
        return not interpret(comb, self.decoding, Demand()).needs_person


def read_fields(work: Path, part: str, reader: CharacterReader, limit: int | None = None) -> list[ReadField]:
    """Decode every comb that `fields` dumped for this part of the writers; probabilities are the decoder's own."""
    found = []
    for file in sorted(work.glob(f"fields-{part}-*.npz")):
        with np.load(file) as saved:
            store = {name: saved[name] for name in saved.files}
        starts = np.flatnonzero(np.diff(store["comb"], prepend=-1))
        ends = np.append(starts[1:], len(store["comb"]))
        for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
            ink = prepare(store["ink"][start:end], store["joined"][start:end])
            faint = too_faint(store["ink"][start:end], store["faint"][start:end])
            rows = without_ink(believe(reader.read(ink).log_probs, ink), ink, faint)
            content = str(store["content"][index])
            decoding = decode(rows, ALPHABET, content, Demand(), printed_on=TODAY)
            found.append(
                ReadField(
                    content,
                    str(store["value"][index]),
                    decoding,
                    bool(store["rough"][start]),
                    str(store["writer"][index]),
                )
            )
            if limit and len(found) >= limit:
                return found
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
    contents = ("date", "hour", "telephone", "postcode", "nir", "class", "letters")
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
    parser.add_argument("--limit", type=int)
    parser.add_argument("--show", type=int, default=20)
    arguments = parser.parse_args()
    fields = [
        dataclasses.replace(field, decoding=trusted(field.decoding, field.content))
        for field in read_fields(arguments.work, arguments.part, CharacterReader(arguments.model), arguments.limit)
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
