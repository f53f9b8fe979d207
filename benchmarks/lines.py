"""How well handwritten lines are read: line images as they come, and lines on simulated sheets from pen to reading.

    python -m benchmarks.lines                  # line images: of ../shared/data where it is there, else what ships
    python -m benchmarks.lines --sheets 40      # and that many sheets of each form with ruled lines, in each profile

Characters wrong are counted plainly: edits over characters written, case and accents included, after NFC, one kind of
apostrophe and of double quotes, and single spaces. What the writer struck out is no part of the truth.
"""

from __future__ import annotations

import argparse
import io
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.closed_loop import Register
from benchmarks.hands import DATA, load_hands, load_lines
from papier.forms.library import find_form, library_folders
from papier.forms.parsing import load_form
from papier.forms.pdf import SheetToPrint, face_pdf, write_sheets
from papier.forms.typesetting import lay_out
from papier.ocr.handwriting import ALPHABET, HandwritingReader, without_struck
from papier.ocr.reading import Reader
from papier.ocr.register import PrintedForm
from papier.ocr.scan import ScannedPage
from papier.ocr.zone_readings import PAPER_ONLY
from papier.records import FieldReading, State
from simulator.edits import edit_distance
from simulator.hands import WrittenLines
from simulator.loop import print_fill_scan
from simulator.scanner import decoded_grey
from training.lines.lines_data import TEST, VALIDATE, Ink, load_images, normalise_text
from training.lines.lines_data import load_lines as load_labels
from training.lines.scoring import calibration_chance, calibration_error

FORMS = ("carnet/absence", "guichet/reponse-ecrite", "carnet/fiche-urgence")
PROFILES = ("rough", "office")
# A line of the length that the time is stated for has between these many characters.
SIXTY = (52, 68)


@dataclass(frozen=True)
class Tally:
    """`first`: the probability of each first reading, and whether it is right; `among`: the truth is a candidate."""

    characters: int
    edits: int
    edits_without_letters: int
    first: list[tuple[float, bool]]
    among: int
    milliseconds: list[float]

    def row(self, name: str) -> str:
        right = float(np.mean([right for _, right in self.first]))
        count = len(self.first)
        time_of_sixty = f"{np.median(self.milliseconds):.0f}" if self.milliseconds else ""
        return (
            f"| {name} | {count} | {100 * self.edits / self.characters:.2f} "
            f"| {100 * self.edits_without_letters / self.characters:.2f} | {100 * right:.1f} "
            f"| {100 * self.among / count:.1f} | {calibration_error(self.first):.3f} "
            f"| {calibration_chance([chance for chance, _ in self.first]):.3f} | {time_of_sixty} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--sheets", type=int, default=0, help="sheets of each form and profile to print, fill and read")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    reader = HandwritingReader(threads=arguments.threads)
    print(
        "| lines, writers never trained on | lines | CER % | without letter model | lines right % | right among five % "
        "| ECE | by chance | ms of processor for 60 characters |"
    )
    print("|---" * 9 + "|")
    for name, pairs in line_sets(arguments.data):
        print(measure(pairs, reader).row(name), flush=True)
    if arguments.sheets:
        print("\n| simulated sheets | fields | CER % | fields right % | ECE | nothing read | sure and wrong |")
        print("|---" * 7 + "|")
        for profile in PROFILES:
            print(measure_sheets(profile, arguments.sheets, arguments.seed, arguments.data), flush=True)


def line_sets(data: Path) -> list[tuple[str, list[tuple[Ink, str]]]]:
    """Name, and strips with what they say: the validation writers, then the third part, which chose nothing."""
    folder = data / "lines"
    if not (folder / "copiste.zip").is_file():
        print(f"{folder} is not there: measured on the forty lines that ship.\n")
        return [("shipped sample", [(line.mask, normalise_text(line.text)) for line in WrittenLines.shipped().every()])]
    sets = []
    for collection, part, step in (
        ("poilus", TEST, 1), ("unipen-words", TEST, 3), ("copiste", TEST, 1), ("copiste", VALIDATE, 1),
    ):  # fmt: skip
        archive = folder / f"{collection}.zip"
        labels = [line for line in load_labels(archive) if line.part == part]
        for kind, chosen in (("struck-out passages", True), ("", False)):
            wanted = [
                line
                for line in labels
                if ("■" in line.text) == chosen and line.kind not in ("header", "consent", "super")
            ][::step]
            if wanted:
                name = f"{collection}, {part}{', ' if kind else ''}{kind}"
                images = load_images(archive, wanted)
                sets.append(
                    (name, [(ink, without_struck(line.text)) for ink, line in zip(images, wanted, strict=True)])
                )
    return sets


def measure(pairs: list[tuple[Ink, str]], reader: HandwritingReader) -> Tally:
    edits = bare = characters = among = 0
    first: list[tuple[float, bool]] = []
    milliseconds: list[float] = []
    reader.read([ink for ink, _ in pairs[:1]])
    for ink, written in pairs:
        clock = time.process_time()
        reading = reader.read([ink])[0]
        spent = 1000 * (time.process_time() - clock)
        text = reading.candidates[0].text if reading.candidates else ""
        characters += len(written)
        edits += edit_distance(text, written)
        bare += edit_distance(_best_of_every_column(reader, ink), written)
        first.append((reading.candidates[0].probability if reading.candidates else 0.0, text == written))
        among += written in [candidate.text for candidate in reading.candidates]
        if SIXTY[0] <= len(written) <= SIXTY[1]:
            milliseconds.append(spent)
    return Tally(characters, edits, bare, first, among, milliseconds)


def _best_of_every_column(reader: HandwritingReader, ink: Ink) -> str:
    columns = reader.columns(ink)
    best = columns.argmax(1).tolist() if len(columns) else []
    return without_struck("".join(ALPHABET[k - 1] for i, k in enumerate(best) if k and (i == 0 or best[i - 1] != k)))


def measure_sheets(profile: str, count: int, seed: int, data: Path) -> str:
    """Sheets of the forms with ruled lines, written on by validation writers, simulated from printer to scanner."""
    collection = "unipen" if (data / "characters" / "unipen.npz").is_file() else "emnist"
    hands, lines = load_hands(collection, data), load_lines(data)
    characters = edits = nothing = accepted_wrong = 0
    first: list[tuple[float, bool]] = []
    for at, name in enumerate(FORMS):
        layout = lay_out(load_form(find_form(name, library_folders())))
        register = Register({name: PrintedForm(layout, face_pdf(layout))}, [(name, 0, count)])
        reader = Reader(register)
        numbers = [register.numbers.make(serial) for serial in range(count)]
        stream = io.BytesIO()
        write_sheets(stream, [SheetToPrint(layout, number) for number in numbers])
        for glassful in print_fill_scan(
            stream.getvalue(), layout, numbers, seed=seed + 100 * at, profile=profile, hands=hands, lines=lines
        ):
            for image in glassful.images:
                page = ScannedPage(name, 1, decoded_grey(image), float(image.dpi))
                for sheet in reader.read_page(page):
                    if sheet.sheet is None:
                        continue
                    for field in sheet.fields.values():
                        truth = glassful.truths[sheet.sheet].fields.get(field.field)
                        if field.kind != "lines" or not isinstance(truth, str) or field.reason == PAPER_ONLY:
                            continue
                        written = normalise_text(truth)
                        text = " ".join(str(field.value or "").split())
                        characters += len(written)
                        edits += edit_distance(text, written)
                        nothing += field.value is None
                        first.append((field.probability, text == written))
                        accepted_wrong += _accepted(field) and text != written
    right = float(np.mean([right for _, right in first]))
    return (
        f"| {profile}, {', '.join(FORMS)} | {len(first)} | {100 * edits / characters:.2f} | {100 * right:.1f} "
        f"| {calibration_error(first):.3f} | {nothing} | {accepted_wrong} |"
    )


def _accepted(field: FieldReading) -> bool:
    return field.state is State.SURE or (field.state is State.BLANK)


if __name__ == "__main__":
    main()
