"""Every form of the catalogue round the loop and into a store: printed, filled, scanned, taken in, and counted.

    python -m benchmarks.catalogue --sheets 100 --profile office --hands unipen
    python -m benchmarks.catalogue --table benchmarks/output/catalogue-office-unipen-1.jsonl

One workspace holds all the forms, as an office's would. Each sheet ends in one way: *settled* (a record, and nothing
is asked of a person), *asked* (a record with a question), *set aside* (no page went to its own record; its picture is
filed with a reason), *astray* (under another sheet's number) or *lost* (nothing says that it was ever scanned). Paper,
pens and scanner are SIMULATED; the hands are real, by writers that no model was trained on. Sheets go in rounds over
all forms, a line of figures a form and round, so that an interrupted run counts for what it did.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from benchmarks.hands import DATA, load_hands, load_lines
from benchmarks.scoring import Tally, at_most, score_page
from papier.forms.layout import Layout
from papier.forms.library import find_form, library_folders, list_forms
from papier.forms.parsing import load_form
from papier.forms.typesetting import lay_out
from papier.intake import take_in
from papier.ocr.reading import Reader
from papier.print_run import Addressee, print_sheets
from papier.records import PageReading, PageStatus
from papier.store.connection import connect
from papier.store.migrations import migrate
from papier.store.records import FiledPage
from papier.store.sheets import StoreRegister
from papier.store.workspace import create_workspace
from papier.workflows.library import list_workflows
from simulator.comparison import ASKED, RIGHT, WRONG
from simulator.conditions import PROFILES
from simulator.hands import Hands, WrittenLines
from simulator.loop import Glassful, print_fill_scan
from simulator.scanner import write_scan
from simulator.values import TODAY

OUTPUT = Path(__file__).parent / "output"
SETTLED, QUESTION, ASIDE, ASTRAY, LOST = "settled", "asked", "set aside", "astray", "lost"
ENDS = (LOST, ASTRAY, ASIDE, QUESTION, SETTLED)


@dataclass
class Office:
    """One workspace in which every form is printed and taken in."""

    folder: Path
    hands: Hands
    lines: WrittenLines

    def __post_init__(self) -> None:
        self.workspace = create_workspace(self.folder)
        self.engine = connect(self.workspace)
        self.now = dt.datetime.combine(TODAY, dt.time(8), dt.UTC)
        migrate(self.engine, self.now)
        self.reader = Reader(StoreRegister(self.workspace))
        self.workflows = list_workflows(library_folders())

    def go_round(self, layout: Layout, count: int, seed: int, profile: str) -> dict[str, Any]:
        """Print, fill, scan and take in `count` sheets; gives the figures."""
        began = time.perf_counter()
        output = self.folder / "run.pdf"
        run = print_sheets(self.workspace, self.engine, layout, [Addressee({})] * count, output, self.now)
        known = StoreRegister(self.workspace)
        prefilled: list[Mapping[str, str]] = []
        for number in run.numbers:
            sheet = known.find_sheet(number)
            assert sheet is not None
            prefilled.append(sheet.prefilled)
        tally, ends, reasons = Tally(), Counter[str](), Counter[str]()
        for glassful in print_fill_scan(
            output.read_bytes(),
            layout,
            run.numbers,
            seed=seed,
            profile=profile,
            hands=self.hands,
            lines=self.lines,
            prefilled=prefilled,
        ):
            scan = self.folder / "scan.pdf"
            write_scan(glassful.images, scan)
            clock = time.perf_counter()
            taken = take_in(self.workspace, self.engine, scan, self.now, self.reader, workflows=self.workflows)
            tally.seconds += time.perf_counter() - clock
            filed = taken.pages or []
            scanned = sum(bool(content) for content in glassful.contents)
            tally.pages["scanned"] += scanned
            for number in glassful.truths:
                end, why = end_of(number, glassful, filed, len(layout.pages))
                ends[end] += 1
                reasons.update(why)
            for page in filed:
                score(tally, layout, glassful, page.reading)
        return {
            "form": layout.form,
            "sheets": count,
            "seed": seed,
            "ends": dict(ends),
            "reasons": dict(reasons),
            "pages": tally.pages["scanned"],
            "fields": {
                verdict: sum(tally.fields[key] for key in tally.fields if key[1] == verdict) for verdict in VERDICTS
            },
            "asked": dict(Counter({kind: n for (kind, verdict), n in tally.fields.items() if verdict == ASKED})),
            "mistakes": [
                {"kind": m.kind, "field": m.field, "truth": m.truth, "value": m.value, "probability": m.probability}
                for m in tally.mistakes
            ],
            "intake_seconds": round(tally.seconds, 1),
            "seconds": round(time.perf_counter() - began, 1),
        }


VERDICTS = (WRONG, ASKED, RIGHT)


def end_of(number: str, glassful: Glassful, filed: list[FiledPage], pages: int) -> tuple[str, list[str]]:
    """How one sheet ended, and for what reasons where it is not settled.

    Whether a page set aside is this sheet's cannot be known from its reading alone: pages without a number are counted
    for the sheets of the glassful that lack one.
    """
    own = [page for page in filed if page.reading.sheet == number]
    others = [page for page in filed if page.reading.sheet is not None and page.reading.sheet not in glassful.truths]
    nameless = [page for page in filed if page.reading.sheet is None and page.reading.reason != "blank page"]
    recorded = [page for page in own if page.record is not None and page.reading.fields]
    seen = {page.reading.page for page in recorded}
    if len(seen) == pages:
        if all(page.reading.status is PageStatus.READ for page in recorded):
            return SETTLED, []
        return QUESTION, []
    why = [
        page.flag or page.reading.reason or str(page.reading.status)
        for page in [*own, *others, *nameless]
        if page not in recorded
    ]
    why = [reason.replace(number, "…") for reason in why]
    if others:
        return ASTRAY, why
    if recorded:
        # Part of it stands in its record; what lacks is told at once (missing pages), and the rest is set aside.
        return QUESTION, ["a page lacks: " + "; ".join(why)]
    if nameless or own:
        return ASIDE, why
    return LOST, why


def score(tally: Tally, layout: Layout, glassful: Glassful, reading: PageReading) -> None:
    truth = glassful.truths.get(reading.sheet or "")
    if truth is not None and reading.page and reading.fields:
        score_page(tally, reading, layout.page(reading.page), truth, "")


def table(path: Path) -> str:
    """The figures by form as a table in Markdown, the worst first."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    reasons = Counter[str]()
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        figures = sums[row["form"]]
        figures.update(row["ends"] | {f"field {name}": n for name, n in row["fields"].items()})
        figures.update(sheets=row["sheets"], pages=row["pages"])
        kinds[row["form"]].update(row["asked"])
        reasons.update(row["reasons"])

    def order(item: tuple[str, Counter[str]]) -> tuple[float, ...]:
        figures = item[1]
        fields = max(1, sum(figures[f"field {name}"] for name in VERDICTS))
        ends = [-figures[name] / figures["sheets"] for name in (f"field {WRONG}", *ENDS[:3])]
        return (*ends, -figures[f"field {ASKED}"] / fields)

    lines = [
        "| form | sheets | lost | astray | set aside | asked | settled | fields | wrong | asked % |",
        "|---" * 10 + "|",
    ]
    total = Counter[str]()
    for form, figures in [*sorted(sums.items(), key=order), ("all", total)]:
        total.update(figures if figures is not total else {})
        fields = sum(figures[f"field {name}"] for name in VERDICTS)
        ends = " | ".join(str(figures[name]) for name in ENDS)
        lines.append(
            f"| {form} | {figures['sheets']} | {ends} | {fields:,} | {figures[f'field {WRONG}']} "
            f"| {100 * figures[f'field {ASKED}'] / max(1, fields):.1f} |"
        )
    fields = sum(total[f"field {name}"] for name in VERDICTS)
    lines.append(
        f"\nWrong and accepted: at most {1000 * at_most(total[f'field {WRONG}'], fields):.2f} per 1,000 (95 %)."
    )
    lines += [f"- {count} × {reason}" for reason, count in reasons.most_common(20)]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sheets", type=int, default=100, help="sheets of each form")
    parser.add_argument("--round", type=int, default=10, help="sheets of each form in a round")
    parser.add_argument("--from-round", type=int, default=0, help="go on with this round")
    parser.add_argument("--forms", nargs="*", help="only these forms")
    parser.add_argument("--profile", choices=PROFILES, default="office")
    parser.add_argument("--hands", choices=("emnist", "unipen", "unipen-validate"), default="unipen")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--output", type=Path, help="a file of JSON lines; further rounds are added to it")
    parser.add_argument("--table", type=Path, help="only print the table of such a file")
    arguments = parser.parse_args()
    if arguments.table:
        print(table(arguments.table))
        return
    cv2.setNumThreads(1)
    names = arguments.forms or [form.form for form in list_forms(library_folders()) if form.definition]
    layouts = {name: lay_out(load_form(find_form(name, library_folders()))) for name in names}
    target = arguments.output or OUTPUT / f"catalogue-{arguments.profile}-{arguments.hands}-{arguments.seed}.jsonl"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        office = Office(
            Path(folder) / "bureau", load_hands(arguments.hands, arguments.data), load_lines(arguments.data)
        )
        for at in range(arguments.from_round, -(-arguments.sheets // arguments.round)):
            for place, name in enumerate(names):
                count = min(arguments.round, arguments.sheets - at * arguments.round)
                seed = arguments.seed * 1_000_003 + 1000 * at + place
                figures = {"round": at, **office.go_round(layouts[name], count, seed, arguments.profile)}
                with target.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(figures, ensure_ascii=False) + "\n")
                print(f"round {at}: {name} {figures['ends']} in {figures['seconds']} s", flush=True)
    print(table(target))


if __name__ == "__main__":
    main()
