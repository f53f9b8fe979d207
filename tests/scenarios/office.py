"""An office on a fake clock: it types papier's commands; families, post and pens are simulated.

Every sheet that is filled goes through the simulated pen and scanner and is read like any other. Whoever works here
knows what is written on the paper, and answers papier's questions with it, as a person would who holds the sheet.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2 as pdfium

from papier.cli.main import run
from papier.records import Value
from papier.store.sheets import StoreRegister
from papier.store.workspace import open_workspace
from simulator.hands import Hands
from simulator.loop import print_fill_scan
from simulator.scanner import ScannedImage, write_scan

Values = Mapping[str, Value]


@dataclasses.dataclass
class Office:
    """One workspace, one day after the other."""

    folder: Path
    today: dt.date
    seed: int = 1
    scans: int = 0
    # What was written on each sheet, by its number: what a person reads from the paper.
    written: dict[str, dict[str, Value]] = dataclasses.field(default_factory=dict)
    asked: int = 0

    @classmethod
    def found(cls, folder: Path, today: dt.date, seed: int) -> Office:
        office = cls(folder, today, seed)
        office.papier("init")
        return office

    def on(self, month: int, day: int, year: int | None = None) -> Office:
        """A later day: the clock never runs backwards."""
        later = dt.date(year or self.today.year, month, day)
        assert later >= self.today
        self.today = later
        return self

    def papier(self, *arguments: str | Path, code: int | None = None) -> list[dict[str, Any]]:
        """Run a command; gives its lines of JSON. Any exit code but 0 and 20 is a failure, unless it is asked for."""
        out, err = io.StringIO(), io.StringIO()
        base = ["--workspace", str(self.folder / "bureau"), "--today", self.today.isoformat()]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            done = run([*base, *(str(argument) for argument in arguments)])
        assert done == code if code is not None else done in (0, 20), (arguments, done, err.getvalue())
        return [json.loads(line) for line in out.getvalue().splitlines() if line.startswith("{")]

    def pdf(self, name: str) -> Path:
        return self.folder / f"{self.today.isoformat()}-{name}.pdf"

    def case(self, number: int) -> dict[str, Any]:
        (found,) = self.papier("cases", "show", str(number), "--json")
        return found

    def clocks(self, number: int) -> dict[str, tuple[str, str | None]]:
        """Prudent and theoretical end of each running clock, by its name."""
        return {clock["clock"]: (clock["prudent"], clock["theoretical"]) for clock in self.case(number)["clocks"]}

    # ---- pen and scanner

    def fill(
        self, pdf: Path, filled: Mapping[str, Values], profile: str = "clean", dpi: int = 200
    ) -> list[ScannedImage]:
        """Sheets of a printed PDF, filled in by hand and scanned: the values by sheet number."""
        register = StoreRegister(open_workspace(self.folder / "bureau"))
        images: list[ScannedImage] = []
        for number, values in filled.items():
            sheet = register.find_sheet(number)
            assert sheet is not None
            layout = sheet.form.layout
            pages = _pages_of(pdf, number, even=layout.recto_verso)
            self.seed += 1
            (glassful,) = print_fill_scan(
                pages,
                layout,
                [number],
                seed=self.seed,
                profile=profile,
                hands=Hands.shipped(),
                dpi=dpi,
                values=[values],
                prefilled=[sheet.prefilled],
            )
            truth = glassful.truths[number]
            # What a person reads from the paper; a sheet that is filled in further keeps what stood on it.
            told = {name: value for name, value in truth.fields.items() if value not in (None, "", [], False)}
            self.written.setdefault(number, {}).update(told)
            images += glassful.images
        register.engine.dispose()
        return images

    def take_in(self, images: Sequence[ScannedImage]) -> list[dict[str, Any]]:
        """Scan a stack into one file and take it in."""
        self.scans += 1
        path = self.folder / f"scan-{self.scans}.pdf"
        write_scan(list(images), path)
        return self.papier("intake", path, "--json")

    def bring_back(self, pdf: Path, filled: Mapping[str, Values], profile: str = "office") -> None:
        """Families bring sheets back; somebody looks at what papier doubts."""
        self.take_in(self.fill(pdf, filled, profile))
        self.look()

    def look(self) -> None:
        """Answer every doubtful field and unread signature from the paper; leave what only a person may decide."""
        for entry in self.papier("cases", "--stage", "to-check", "--json"):
            for question in self.case(entry["case"])["questions"]:
                if question["doubt"] not in {"field", "unsigned", "conflict"} or question["sheet"] not in self.written:
                    continue
                value = self.written[question["sheet"]].get(question["field"])
                if question["doubt"] == "unsigned" and not value:
                    continue
                words = (
                    [value]
                    if isinstance(value, str)
                    else ["oui" if value else ""]
                    if isinstance(value, bool)
                    else value
                )
                typed = [word for word in words or [] if word]
                self.asked += 1
                self.papier(
                    *("cases", "correct", str(entry["case"]), question["field"], *typed),
                    *("--sheet", question["sheet"], "--by", "secrétariat", "--json"),
                )

    # ---- the office's own sheets

    def start_day(self, *arguments: str) -> dict[str, Any]:
        """`papier today`: clocks pass, letters print, the day's sheet and the dispatch list lie ready."""
        (day,) = self.papier("today", "--output", self.pdf("jour"), "--json", "--overwrite", *arguments)
        return day

    def tick(self, day: Mapping[str, Any], ticks: Mapping[int, str], *, signed: bool = True) -> None:
        """Tick rows of a day's sheet (by their place, from 1), date and sign it, scan it."""
        self._tick(day["output"], day["sheets"][0], ticks, signed=signed)

    def post(self, day: Mapping[str, Any], numbers: Mapping[int, str | None]) -> None:
        """Take the letters of the dispatch list to the post office: row → number of the registered letter."""
        rows = {f"lignes.r{at:02d}.numero": number for at, number in numbers.items() if number}
        self._tick(day["dispatch_output"], day["dispatch"][0], dict.fromkeys(numbers, "depose"), rows)

    def _tick(
        self,
        pdf: str,
        sheet: str,
        ticks: Mapping[int, str],
        more: Values | None = None,
        *,
        signed: bool = True,
    ) -> None:
        values: dict[str, Value] = {f"lignes.r{at:02d}.suite": [box] for at, box in ticks.items()}
        values |= {"date": self.today.isoformat(), "visa": signed, **(more or {})}
        (read,) = self.take_in(self.fill(Path(pdf), {sheet: values}))
        for at, box in ticks.items():
            # What papier was not sure of, the person who ticked it says.
            fields = [
                read["fields"][f"lignes.r{at:02d}.{name}"] for name in ("suite", "numero") if name == "suite" or more
            ]
            if signed and any(field["state"] not in {"sure", "blank"} for field in fields):
                self.asked += 1
                number = (more or {}).get(f"lignes.r{at:02d}.numero")
                told = ["--number", str(number)] if number else []
                self.papier("cases", "tick", sheet, str(at), box, *told, "--by", "secrétariat", "--json")


def _pages_of(pdf: Path, number: str, *, even: bool) -> bytes:
    """The pages of one sheet out of a PDF, known by the number printed on them; its blank back too, if it has one."""
    document = pdfium.PdfDocument(str(pdf))
    try:
        wanted = [at for at, page in enumerate(document) if number in page.get_textpage().get_text_range()]
    finally:
        document.close()
    assert wanted, f"{number} is not in {pdf}"
    stream = io.BytesIO()
    with pikepdf.open(pdf) as source, pikepdf.new() as chosen:
        for at in wanted:
            chosen.pages.append(source.pages[at])
        if even and len(wanted) % 2:
            chosen.add_blank_page(page_size=(595, 842))
        chosen.save(stream)
    return stream.getvalue()
