"""A school corridor: a copier that drops PDFs on a share, a scanner with a feeder, a printer, and people with pens.

Nobody types anything here. What people do is put paper into machines and take it out of the tray.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf
import pypdfium2 as pdfium
from sqlalchemy import select

from papier.devices.printing import find_printer
from papier.forms.correction_sheet import UNREADABLE, row_field
from papier.ocr.register import KnownSheet
from papier.records import Value
from papier.store.case_filing import CORRECTIONS
from papier.store.connection import connect, reading
from papier.store.records import list_records
from papier.store.settling import CorrectionRow, correction_rows
from papier.store.sheets import StoreRegister
from papier.store.tables import orders, row_sheets
from papier.store.workspace import open_workspace
from simulator.scanner import ScannedImage, write_scan
from tests.cli.sheets import Image8, text_of
from tests.devices.print_shop import PrintShop
from tests.devices.sane import FEEDER, Feeder
from tests.scenarios.office import Office, Values
from tests.scenarios.rehearsed_clock import VARIABLE

NUMBER = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")
# The machine may be busy with other tests.
PATIENCE_SECONDS = 300.0


@dataclass(frozen=True)
class PrintedSheet:
    """A sheet as it lies in the tray: the PDF that it came out of, its number, its form."""

    pdf: Path
    number: str
    form: str


@dataclass
class Corridor:
    """The machines of one office, and its watcher. `office` is used to fill sheets and, at the end, to look."""

    office: Office
    shop: PrintShop
    feeder: Feeder
    process: subprocess.Popen[str] | None = None
    taken: int = 0
    seen: set[str] = field(default_factory=set)

    @property
    def workspace_folder(self) -> Path:
        return self.office.folder / "bureau"

    @property
    def share(self) -> Path:
        return self.office.folder / "copieur"

    def open(self) -> None:
        """`papier watch`: the last thing that anybody types."""
        self.share.mkdir()
        clock = self.office.folder / "now"
        self.on(self.office.today.month, self.office.today.day)
        environment = os.environ | self.feeder.environment
        environment |= {VARIABLE: str(clock), "CUPS_SERVER": self.shop.environment["CUPS_SERVER"]}
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.scenarios.rehearsed_clock", "--workspace", str(self.workspace_folder)),
                *("watch", str(self.share), "--feeder", "--device", FEEDER, "--quiet", "1"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            cwd=Path(__file__).parents[2],
        )
        self._wait(lambda: self._status()["watcher"]["state"] == "alive")

    def close(self) -> str:
        """Stop the watcher as a service is stopped; gives what it said all week."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        assert self.process.returncode == 0, out
        return out

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def on(self, month: int, day: int) -> None:
        """The morning of a later day."""
        self.office.on(month, day)
        moment = dt.datetime.combine(self.office.today, dt.time(8), dt.UTC)
        (self.office.folder / "now").write_text(moment.isoformat(), encoding="ascii")

    # ---- paper into the machines

    def copy(self, images: Sequence[ScannedImage]) -> None:
        """Put a stack into the copier, press the button, and wait until the batch is done."""
        before = self._status()["watcher"]["batches"]
        self.office.scans += 1
        # As a copier does: under a name of its own, growing.
        path = self.share / f"SCAN{self.office.scans:04d}.PDF"
        whole = self.office.folder / f"copy-{self.office.scans}.pdf"
        write_scan(list(images), whole)
        path.write_bytes(whole.read_bytes())
        self._wait(lambda: self._status()["watcher"]["batches"] > before)
        assert not path.exists()

    def feed(self, images: Sequence[ScannedImage]) -> None:
        """Put a stack into the scanner's feeder, and wait until the batch is done."""
        before = self._status()["watcher"]["batches"]
        self.feeder.load([_grey(image) for image in images])
        self._wait(lambda: self._status()["watcher"]["batches"] > before)
        assert list(self.feeder.stack.iterdir()) == []

    # ---- paper out of the tray

    def tray(self) -> list[PrintedSheet]:
        """What the printer has put out since the tray was emptied last, once it has come to rest."""
        self._wait(lambda: not find_printer(self.shop.server, self.shop.queue).waiting)
        pdfs = self.shop.printed()
        fresh, self.taken = pdfs[self.taken :], len(pdfs)
        register = StoreRegister(open_workspace(self.workspace_folder))
        sheets: dict[str, PrintedSheet] = {}
        for pdf in fresh:
            for page in text_of(pdf):
                for number in dict.fromkeys(NUMBER.findall(page)):
                    known = register.find_sheet(number)
                    # Sheets that came out before are named on reports and checking sheets.
                    if known is not None and number not in self.seen:
                        self.seen.add(number)
                        sheets[number] = PrintedSheet(pdf, number, known.form.layout.form)
        register.engine.dispose()
        return list(sheets.values())

    def known(self, sheet: PrintedSheet) -> KnownSheet:
        """What papier knows of a printed sheet: a person reads it from the paper."""
        register = StoreRegister(open_workspace(self.workspace_folder))
        known = register.find_sheet(sheet.number)
        register.engine.dispose()
        assert known is not None
        return known

    def orders(self, sheet: PrintedSheet) -> list[str]:
        """What became of each order of an order sheet, as the report in the tray says: done, asked or refused."""
        engine = connect(open_workspace(self.workspace_folder))
        with reading(engine) as connection:
            states = connection.execute(select(orders.c.state).where(orders.c.sheet == sheet.number)).scalars().all()
        engine.dispose()
        return list(states)

    def fill(self, filled: Sequence[tuple[PrintedSheet, Values]], **more: Any) -> list[ScannedImage]:
        """Fill sheets of the tray with a pen."""
        images: list[ScannedImage] = []
        for sheet, values in filled:
            self.seen.add(sheet.number)
            upright = _upright(sheet.pdf, self.office.folder / f"{sheet.number}.pdf")
            images += self.office.fill(upright, {sheet.number: values}, **more)
        return images

    def correct(self, sheets: Sequence[PrintedSheet]) -> list[PrintedSheet]:
        """Fill in every checking sheet of a tray from the paper it asks about, feed it, and so on until none comes.

        Gives the other sheets of all those trays.
        """
        others = [sheet for sheet in sheets if sheet.form != "bureau/verification"]
        asked = [sheet for sheet in sheets if sheet.form == "bureau/verification"]
        for _round in range(3):
            if not asked:
                return others
            answers = [(sheet, self._answers(sheet.number) | {"visa": True}) for sheet in asked]
            self.copy(self.fill(answers))
            came = self.tray()
            others += [sheet for sheet in came if sheet.form != "bureau/verification"]
            asked = [sheet for sheet in came if sheet.form == "bureau/verification"]
        assert not asked, "the same question a fourth time"
        return others

    def _answers(self, number: str) -> dict[str, Value]:
        """What a person who holds the paper ticks and writes on a checking sheet."""
        workspace = open_workspace(self.workspace_folder)
        engine = connect(workspace)
        with reading(engine) as connection:
            query = select(row_sheets).where(row_sheets.c.sheet == number, row_sheets.c.kind == CORRECTIONS)
            rows = correction_rows(connection.execute(query).one().rows)
        known = StoreRegister(workspace).find_sheet(number)
        assert known is not None
        zones = {zone.field for zone in known.form.layout.zones()}
        answers: dict[str, Value] = {}
        for at, row in enumerate(rows, 1):
            (record,) = list_records(engine, record=row.question.record)
            truth = self.office.written[record.sheet or ""].get(row.question.field or "")
            self.office.asked += 1
            box = _box_for(row, truth)
            if box is not None:
                answers[row_field(at, "suite")] = [box]
            elif row_field(at, "valeur") in zones and isinstance(truth, str):
                answers[row_field(at, "valeur")] = truth
            else:
                answers[row_field(at, "suite")] = [UNREADABLE]
        engine.dispose()
        return answers

    # ---- looking, without a word to papier

    def _status(self) -> dict[str, Any]:
        """What the watcher says of itself: read from its file, as `papier status` does."""
        try:
            said = json.loads((self.workspace_folder / "watch.json").read_bytes())
        except (OSError, ValueError):
            said = {"batches": 0, "doing": ""}
        alive = self.process is not None and self.process.poll() is None
        return {"watcher": said | {"state": "alive" if alive and said.get("beat") else "starting"}}

    def _wait(self, happened: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not happened():
            assert self.process is not None
            if self.process.poll() is not None:
                raise AssertionError(self.process.communicate()[0])
            assert time.monotonic() < end, "it did not happen"
            time.sleep(0.1)


def _box_for(row: CorrectionRow, truth: Value) -> str | None:
    """The box that says what stands on the paper."""
    for box, value in row.values.items():
        if box == UNREADABLE:
            continue
        empty = truth in (None, "", [], False) and value in (None, "", [], False)
        if empty or (value == truth and truth not in (None, "", [], False)):
            return box
    return None


def _upright(printed: Path, target: Path) -> Path:
    """A stack as a person holds it: a printer turns landscape sheets on its way, and their writing runs upwards."""
    with pdfium.PdfDocument(printed) as document:
        turns = [_quarter_turns(page.get_textpage()) for page in document]
    with pikepdf.open(printed) as stack:
        for page, quarters in zip(stack.pages, turns, strict=True):
            page.rotate(90 * quarters, relative=True)
        stack.save(target)
    return target


def _quarter_turns(text: pdfium.PdfTextPage) -> int:
    """How many quarters clockwise a page must be turned for its writing to run to the right."""
    along = np.zeros(2)
    for at in range(min(text.count_chars(), 200) - 1):
        (left, bottom, right, top), (left2, bottom2, right2, top2) = text.get_charbox(at), text.get_charbox(at + 1)
        step = np.array([left2 + right2 - left - right, bottom2 + top2 - bottom - top]) / 2
        # Neighbours, not a new line.
        if np.abs(step).max() < 15:
            along += step
    across, up = along
    if abs(across) >= abs(up):
        return 0 if across >= 0 else 2
    return 1 if up > 0 else 3


def _grey(image: ScannedImage) -> Image8:
    pixels = image.pixels if image.pixels.ndim == 2 else cv2.cvtColor(image.pixels, cv2.COLOR_RGB2GRAY)
    return np.ascontiguousarray(pixels, np.uint8)
