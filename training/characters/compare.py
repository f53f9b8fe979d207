"""What each reader of characters is worth on writers that trained nothing: the first, the second, and both as joined.

    python -m training.characters.compare --data ../shared/data --work DIR [--model MODEL.onnx] [--second MODEL.onnx]

Cells as the product cuts them, from what `sheets --part test` (and `--european`) left in DIR, office and rough apart;
then single glyphs as they were recorded, pasted into clean cells. Characters are read among their own kind.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from papier.ocr.characters import CAPITALS, CLASSES, DIGITS, INDEX, MODEL_PATH, CharacterReader
from papier.ocr.evidence import KINDS, believe, join
from papier.ocr.second_reader import SECOND_MODEL_PATH, SecondReader
from training.characters.clean import load_disputed, paste
from training.characters.evaluate import LETTERS, calibration_error
from training.characters.glyphs import EMNIST, TEST, UNIPEN, european, european_hands, load_glyphs
from training.characters.train import load_rough, load_sheets

GLYPHS_OF_EMNIST = 2500
CONFUSIONS = 25


class Readers:
    """Log-probabilities (n, len(CLASSES)) of the first reader, the second, both, and both as far as believed."""

    def __init__(self, first: CharacterReader, second: SecondReader) -> None:
        self.first, self.second = first, second

    def read(self, ink: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        one, other = self.first.read(ink).log_probs, self.second.read(ink)
        # The second knows nothing beyond digits and letters: there the first is heard.
        alone = one.copy()
        for kind in KINDS:
            alone[:, kind] = other[:, kind] + np.logaddexp.reduce(one[:, kind], axis=1, keepdims=True)
        both = join(one, other)
        return {"first": one, "second": alone, "both": both, "both, believed": believe(both, ink)}


def report(
    name: str, readings: dict[str, NDArray[np.float32]], truth: NDArray[np.str_], allowed: str
) -> list[tuple[str, str]]:
    """Print a row a reader; what the first and second together take for what."""
    columns, characters = [INDEX[character] for character in allowed], np.array(list(allowed))
    mistakes: list[tuple[str, str]] = []
    for reader, log_probs in readings.items():
        among = log_probs[:, columns].astype(np.float64)
        among = np.exp(among - np.logaddexp.reduce(among, axis=1, keepdims=True))
        best, first_three = characters[among.argmax(1)], characters[np.argsort(-among, 1)[:, :3]]
        right, sure = best == truth, among.max(1) >= 0.99
        print(
            f"| {name} | {len(truth):,} | {reader} | {100 * right.mean():.2f} | "
            f"{100 * (first_three == truth[:, None]).any(1).mean():.2f} | "
            f"{calibration_error(among.max(1), right):.4f} | {100 * sure.mean():.1f}, {int((~right[sure]).sum())} |"
        )
        if reader == "both":
            mistakes = [(str(a), str(b)) for a, b in zip(truth[~right], best[~right], strict=True)]
    return mistakes


def sheet_cells(work: Path) -> Iterator[tuple[str, NDArray[np.uint8], NDArray[np.str_]]]:
    """Cells of the test writers' sheets by how they were scanned; those of European hands."""
    for part, hands in (("test", ""), ("european", " of European hands")):
        if not list(work.glob(f"sheets-{part}-*.npz")):
            continue
        ink, label = load_sheets(work, part)
        rough, truth = load_rough(work, part), np.array(CLASSES)[label]
        for scan, chosen in (("rough", rough), ("office", ~rough), ("all", np.ones(len(rough), bool))):
            yield f"{scan}{hands}", ink[chosen], truth[chosen]


def glyph_cells(data: Path, work: Path) -> Iterator[tuple[str, NDArray[np.uint8], NDArray[np.str_]]]:
    """Single glyphs in clean cells: UNIPEN's without the implausible; EMNIST's and USPS's as they came."""
    everything = load_glyphs(data, work)
    disputed = load_disputed(work, len(everything))
    unipen = (everything.part == TEST) & (everything.source == UNIPEN) & everything.plausible
    for name, mask in (("", unipen & ~disputed), (", labels as they came", unipen)):
        digits = everything.where(mask & np.isin(everything.label, list(DIGITS)))
        ink = np.stack([paste(image) for image in digits.images()])
        shape, member = european(digits), np.isin(digits.writer, european_hands(digits))
        yield f"UNIPEN 1 with an upstroke, 7 with a bar{name}", ink[shape], digits.label[shape]
        yield f"UNIPEN digits of hands that write so{name}", ink[member], digits.label[member]
        yield f"UNIPEN digits{name}", ink, digits.label
    capitals = everything.where(unipen & ~disputed & np.isin(everything.label, list(CAPITALS)))
    yield "UNIPEN capitals", np.stack([paste(image) for image in capitals.images()]), capitals.label
    for kind, characters in (("digits", DIGITS), ("capitals", CAPITALS)):
        of_kind = (
            (everything.part == TEST) & (everything.source == EMNIST) & np.isin(everything.label, list(characters))
        )
        some = everything.where(of_kind)
        chosen = np.arange(len(some))[:: max(len(some) // GLYPHS_OF_EMNIST, 1)]
        yield f"EMNIST {kind}", np.stack([paste(image) for image in some.images(chosen)]), some.label[chosen]
    with np.load(data / "characters" / "usps.npz") as usps:
        yield "USPS digits", np.stack([paste(image) for image in usps["image"]]), usps["label"].astype("<U1")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=MODEL_PATH)
    parser.add_argument("--second", type=Path, default=SECOND_MODEL_PATH)
    arguments = parser.parse_args()
    readers = Readers(CharacterReader(arguments.model), SecondReader(arguments.second))
    head = "| set | characters | reader | right % | among first three % | ECE | given ≥ 0.99: share %, of these wrong |"
    print(head)
    mistakes: Counter[tuple[str, str]] = Counter()
    for name, ink, truth in sheet_cells(arguments.work):
        readings = readers.read(ink)
        for kind, characters, allowed in (
            ("digits", DIGITS, DIGITS),
            ("1 and 7", "17", DIGITS),
            ("capitals", CAPITALS, CAPITALS),
            ("letters and signs", LETTERS, LETTERS),
        ):
            own = np.isin(truth, list(characters))
            if own.any() and ("European" not in name or allowed is DIGITS):
                chosen = {reader: log_probs[own] for reader, log_probs in readings.items()}
                wrong = report(f"{kind}, {name}", chosen, truth[own], allowed)
                mistakes.update(wrong if name == "all" and kind in ("digits", "capitals") else [])
    print(head)
    for name, ink, truth in glyph_cells(arguments.data, arguments.work):
        report(name, readers.read(ink), truth, CAPITALS if "capitals" in name else DIGITS)
    print("both, worst:", ", ".join(f"{a}→{b} {n}" for (a, b), n in mistakes.most_common(CONFUSIONS)))
    for reader in (readers.first, readers.second):
        began, count = time.process_time(), 0
        while time.process_time() - began < 2:
            reader.read(ink[:1024])
            count += len(ink[:1024])
        print(f"{type(reader).__name__}: {count / (time.process_time() - began):.0f} cells a second of processor time")


if __name__ == "__main__":
    main()
