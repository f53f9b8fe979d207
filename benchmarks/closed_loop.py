"""Round the whole loop: print the shipped forms, fill and scan them by simulation, read them, and count.

    python -m benchmarks.closed_loop --sheets 100 --profile office --hands unipen
    python -m benchmarks.closed_loop --dense --anybody --sheets 320 --hands unipen

Everything about paper, pens and scanner here is SIMULATED; the hands are real, by writers that no model was trained on.
`--dense` measures ticks alone, on forms full of boxes: 60,000 questions come from a thousand pages. Figures go to
benchmarks/output/, with a picture of every field that was accepted with a wrong value, and with `--asked` of every
question that was asked of a person.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.dense_forms import dense_layouts
from benchmarks.hands import DATA, load_hands, load_lines
from benchmarks.scoring import ASKED, CALIBRATION, RIGHT, UNDECIDABLE, WRONG, Mistake, Tally, at_most, score_page
from papier.forms.layout import Layout
from papier.forms.library import find_form, library_folders, list_forms
from papier.forms.parsing import load_form
from papier.forms.pdf import SheetToPrint, face_pdf, write_sheets
from papier.forms.sheet_number import SheetNumbers
from papier.forms.typesetting import lay_out
from papier.geometry import bounding_rect
from papier.ocr.characters import CLASSES, MODEL_PATH, CellReading, CharacterReader
from papier.ocr.reading import Reader
from papier.ocr.register import KnownSheet, PrintedForm
from papier.ocr.scan import ScannedPage
from papier.records import PageReading
from simulator.conditions import PROFILES
from simulator.hands import Hands, WrittenLines
from simulator.loop import Glassful, print_fill_scan
from simulator.scanner import ScannedImage, decoded_grey
from simulator.values import TODAY

OUTPUT = Path(__file__).parent / "output"
KEY = b"closed loop benchmark, no secret"
# Sheets a job: enough to share the printing, few enough to keep two processes busy to the end.
CHUNK = 10


@dataclass(frozen=True)
class Job:
    """Some sheets of one form. Serials are unique over the whole run."""

    form: str
    first_serial: int
    count: int
    seed: int
    profile: str
    dpi: int | None
    crops: str | None
    anybody: bool = False
    asked: bool = False


class GuessingReader(CharacterReader):
    """Stands in where the model of characters is not there: every cell is anything, so every comb is asked."""

    def read(self, cells: npt.NDArray[np.uint8]) -> CellReading:
        log_probs = np.full((len(cells), len(CLASSES)), -np.log(len(CLASSES)), np.float32)
        return CellReading(log_probs, np.zeros(len(cells), np.float32), np.zeros(len(cells), np.float32))


class Register:
    """Every sheet with a serial below `count` was printed, of the form that its block of serials belongs to."""

    def __init__(self, forms: dict[str, PrintedForm], blocks: list[tuple[str, int, int]]) -> None:
        self.known = forms
        self.blocks = blocks
        self.numbers = SheetNumbers(KEY)

    @property
    def key(self) -> bytes:
        return KEY

    def find_sheet(self, number: str) -> KnownSheet | None:
        serial = self.numbers.serial(number)
        for form, first, count in self.blocks:
            if serial is not None and first <= serial < first + count:
                return KnownSheet(number, self.known[form], printed_on=TODAY)
        return None

    def forms(self) -> list[PrintedForm]:
        return list(self.known.values())


@dataclass(frozen=True)
class Bench:
    """What a process needs for its jobs."""

    reader: Reader
    register: Register
    hands: Hands
    lines: WrittenLines


_bench: Bench | None = None


def start(names: list[str], blocks: list[tuple[str, int, int]], collection: str, data: Path) -> None:
    """Set a process up: layouts, faces, reader, hands."""
    global _bench  # noqa: PLW0603 - one a process, as its initialiser
    cv2.setNumThreads(1)
    forms = {}
    dense = {layout.form: layout for layout in dense_layouts()}
    for name in names:
        layout = dense[name] if name in dense else lay_out(load_form(find_form(name, library_folders())))
        forms[name] = PrintedForm(layout, face_pdf(layout))
    register = Register(forms, blocks)
    characters = CharacterReader() if MODEL_PATH.is_file() else GuessingReader()
    _bench = Bench(Reader(register, characters=characters), register, load_hands(collection, data), load_lines(data))


def run_job(job: Job) -> Tally:
    assert _bench is not None
    layout = _bench.register.known[job.form].layout
    numbers = [_bench.register.numbers.make(job.first_serial + i) for i in range(job.count)]
    stream = io.BytesIO()
    write_sheets(stream, [SheetToPrint(layout, number) for number in numbers])
    tally = Tally()
    glassfuls = print_fill_scan(
        stream.getvalue(),
        layout,
        numbers,
        seed=job.seed + job.first_serial,
        profile=job.profile,
        hands=_bench.hands,
        lines=_bench.lines,
        dpi=job.dpi,
        anybody=job.anybody,
    )
    clock = time.perf_counter()
    for glassful in glassfuls:
        for position in range(len(glassful.images)):
            pixels = decoded_grey(glassful.images[position])
            tally.simulated_seconds += time.perf_counter() - clock
            clock = time.perf_counter()
            page = ScannedPage(job.form, 1, pixels, float(glassful.images[position].dpi))
            readings = _bench.reader.read_page(page)
            tally.seconds += time.perf_counter() - clock
            mistakes = compare(tally, layout, glassful, position, readings, asked=job.asked)
            if job.crops:
                save_crops(Path(job.crops), layout, glassful, position, mistakes)
            clock = time.perf_counter()
    return tally


def compare(
    tally: Tally, layout: Layout, glassful: Glassful, position: int, readings: list[PageReading], *, asked: bool
) -> list[Mistake]:
    """Count one page image: its sheets, then their fields; gives what was accepted wrongly, or with `asked` asked."""
    image, expected = glassful.images[position], dict.fromkeys(glassful.contents[position])
    note = describe(image)
    tally.pages["scanned"] += 1
    mistakes: list[Mistake] = []
    if not expected:
        tally.pages["blank backs"] += 1
        if any(reading.sheet or reading.reason != "blank page" for reading in readings):
            tally.pages["blank backs not recognised"] += 1
        return mistakes
    for reading in readings:
        content = (reading.sheet or "", reading.page or 0)
        if content in expected:
            del expected[content]
            tally.pages["attributed"] += 1
            made, questions = score_page(tally, reading, layout.page(content[1]), glassful.truths[content[0]], note)
            mistakes += [*made, *questions] if asked else made
        elif reading.sheet is not None and reading.fields:
            tally.pages["attributed wrongly"] += 1
            tally.lost.append({"form": layout.form, "wrong": f"{content}", "conditions": note})
    for number, page in expected:
        tally.pages["not attributed"] += 1
        reasons = "; ".join(sorted({reading.reason or str(reading.status) for reading in readings}))
        tally.reasons[reasons.replace(number, "…")] += 1
        tally.lost.append({"form": layout.form, "sheet": number, "page": page, "reason": reasons, "conditions": note})
    return mistakes


def describe(image: ScannedImage) -> str:
    """The conditions that matter, in one line."""
    c = image.conditions
    way = "upside-down" if c.upside_down else "upright"
    return f"{c.dpi} dpi {c.mode} q{c.quality} skew {c.skew:.1f} print {c.print_factor:.2f} {c.tint} {way} " + " ".join(
        c.defects
    )


def save_crops(folder: Path, layout: Layout, glassful: Glassful, position: int, mistakes: list[Mistake]) -> None:
    """Cut every wrongly accepted field out of the scan, for looking at."""
    image, content = glassful.images[position], glassful.contents[position]
    for mistake in mistakes:
        index = content.index((mistake.sheet, mistake.page))
        zones = [zone for zone in layout.page(mistake.page).zones if zone.field == mistake.field]
        rect = bounding_rect(zone.rect for zone in zones).grown(4)
        points = image.to_scan(rect.corners(), index if len(image.papers) > 1 else 0)
        low = np.maximum(points.min(axis=0).astype(int), 0)
        high = points.max(axis=0).astype(int)
        crop = image.pixels[low[1] : high[1], low[0] : high[0]]
        if not crop.size:
            continue
        if image.conditions.upside_down:
            crop = crop[::-1, ::-1]
        what = f"{mistake.state}-{mistake.probability:.4f}-{mistake.kind}-{layout.form}-{mistake.sheet}"
        name = f"{what}-{mistake.field}-{mistake.truth}-read-{mistake.value}"
        safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:140]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{safe}.png"), crop if crop.ndim == 2 else crop[..., ::-1])


def report(tally: Tally) -> str:
    """The figures as a table in Markdown, the worst kind first."""
    kinds = sorted({kind for kind, _ in tally.fields}, key=lambda kind: _shares(tally, kind), reverse=True)
    lines = [
        "| kind of zone | fields | wrong and accepted | at most, per 1,000 | asked % | undecidable % | right % |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in kinds:
        right, asked, wrong = (tally.fields[kind, verdict] for verdict in (RIGHT, ASKED, WRONG))
        total = right + asked + wrong
        bound = 1000 * at_most(wrong, total)
        hard = tally.fields[kind, UNDECIDABLE]
        lines.append(
            f"| {kind} | {total:,} | {wrong} | {bound:.3f} | {100 * asked / total:.2f} "
            f"| {100 * hard / total:.2f} | {100 * right / total:.2f} |"
        )
    lines += ["", "| kind | " + " | ".join(f"right of p ≥ {p}" for p in CALIBRATION) + " |", "|---" * 6 + "|"]
    for kind in kinds:
        cells = []
        for limit in CALIBRATION:
            good, bad = tally.calibration[kind, limit, True], tally.calibration[kind, limit, False]
            cells.append(f"{good / (good + bad):.5f} of {good + bad:,}" if good + bad else "–")
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    lines += ["", *(f"- {name}: {count:,}" for name, count in sorted(tally.pages.items()))]
    lines += [f"- not attributed: {count} × {reason}" for reason, count in tally.reasons.most_common(8)]
    pages = max(1, tally.pages["scanned"])
    lines.append(f"- {tally.seconds / pages:.3f} s to read a page, {tally.simulated_seconds / pages:.3f} s to make it")
    return "\n".join(lines)


def _shares(tally: Tally, kind: str) -> tuple[float, float]:
    right, asked, wrong = (tally.fields[kind, verdict] for verdict in (RIGHT, ASKED, WRONG))
    total = right + asked + wrong
    return wrong / total, asked / total


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sheets", type=int, default=10, help="sheets of each form")
    parser.add_argument("--forms", nargs="*", help="only these forms")
    parser.add_argument("--profile", choices=PROFILES, default="office")
    parser.add_argument("--dpi", type=int, help="one resolution for all scans")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hands", choices=("emnist", "unipen", "unipen-validate"), default="emnist")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, help="a JSON file; the crops go beside it")
    parser.add_argument("--no-crops", action="store_true")
    parser.add_argument("--dense", action="store_true", help="only forms full of tick boxes")
    parser.add_argument("--anybody", action="store_true", help="pens and marks of all kinds, beyond the profile")
    parser.add_argument("--asked", action="store_true", help="pictures of what was asked as well")
    arguments = parser.parse_args()

    shipped = [form.form for form in list_forms(library_folders()) if form.definition]
    names = arguments.forms or ([layout.form for layout in dense_layouts()] if arguments.dense else shipped)
    blocks = [(name, arguments.sheets * index, arguments.sheets) for index, name in enumerate(names)]
    target = arguments.output or OUTPUT / f"{_name(arguments)}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    crops = None if arguments.no_crops else str(target.with_suffix(""))
    jobs = [
        Job(
            name,
            first + offset,
            min(CHUNK, count - offset),
            arguments.seed * 1_000_003,
            arguments.profile,
            arguments.dpi,
            crops,
            arguments.anybody,
            arguments.asked,
        )
        for name, first, count in blocks
        for offset in range(0, count, CHUNK)
    ]
    if not MODEL_PATH.is_file():
        print(f"{MODEL_PATH} is missing: combs are all asked in this run. Train it as training/characters says.")
    setup = (names, blocks, arguments.hands, arguments.data)
    tally = Tally()
    began = time.perf_counter()
    results: Iterator[Tally]
    if arguments.workers <= 1:
        start(*setup)
        results = map(run_job, jobs)
        pool = None
    else:
        pool = ProcessPoolExecutor(arguments.workers, initializer=start, initargs=setup)
        results = pool.map(run_job, jobs)
    for done, part in zip(itertools.count(1), results, strict=False):
        tally.add(part)
        print(f"\r{done}/{len(jobs)} jobs, {time.perf_counter() - began:.0f} s", end="", flush=True)
    if pool is not None:
        pool.shutdown()
    settings = {k: str(v) for k, v in vars(arguments).items()}
    target.write_text(json.dumps({"settings": settings, **tally.to_json()}, ensure_ascii=False, indent=1))
    print(f"\n\n{report(tally)}\n\nwritten to {target}")


def _name(arguments: argparse.Namespace) -> str:
    parts = ["closed-loop", arguments.profile, arguments.hands, str(arguments.seed)]
    return "-".join([*parts, *(name for name in ("dense", "anybody") if getattr(arguments, name))])


if __name__ == "__main__":
    main()
