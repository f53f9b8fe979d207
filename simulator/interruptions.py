"""Accidents that befall an intake: killed at a random instant, again and again, until it is through.

`survive_kills` runs intake in a real process, ends it with a real SIGKILL, starts it again, and compares what is in the
store at the end with an undisturbed run. Reading takes most of an intake's time, where a kill can do least harm; with
`recorded` readings nearly every kill falls among files, renames and commits.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import multiprocessing
import os
import pickle
import random
import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium
from PIL import Image, ImageDraw

from papier.forms.layout import Layout
from papier.forms.library import find_form, library_folders
from papier.forms.parsing import load_form
from papier.forms.typesetting import lay_out
from papier.geometry import POINTS_PER_MM
from papier.intake import take_in
from papier.ocr.reading import Reader
from papier.ocr.register import SheetRegister
from papier.ocr.scan import RejectedPage, ScannedPage
from papier.print_run import Addressee, print_sheets
from papier.records import PageReading
from papier.store.connection import connect, reading
from papier.store.migrations import migrate
from papier.store.records import count_pages as count_filed
from papier.store.records import list_records
from papier.store.sheets import StoreRegister
from papier.store.tables import events
from papier.store.verification import find_damage
from papier.store.workspace import Workspace, create_workspace, open_workspace

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
MIXED = ("carnet/mot-aux-parents", "sante/rendez-vous", "carnet/retard", "carnet/absence")
SUFFIXES = (".pdf", ".tif", ".png", ".pdf", ".jpg")
BATCH_DPI = 150
COUPON_STEP_MM = 149.0


@dataclass(frozen=True)
class Batch:
    """A workspace whose sheets are printed, and the scans of them that wait to be taken in."""

    workspace: Workspace
    scans: tuple[Path, ...]
    pages: int


@dataclass(frozen=True)
class Survival:
    """What came of killing intake. `faults`: what differs from an undisturbed run; empty when nothing does."""

    kills: int
    runs: int
    faults: tuple[str, ...]


def make_batch(folder: Path, pages: int, rng: random.Random, forms: Sequence[str] = MIXED, longest: int = 7) -> Batch:
    """Print sheets of several forms, tick a box on each page, save them as scans of several formats and lengths."""
    folder.mkdir(parents=True, exist_ok=True)
    workspace = create_workspace(folder / "workspace")
    engine = connect(workspace)
    migrate(engine, NOW)
    images: list[Image.Image] = []
    for place, form in enumerate(forms):
        wanted = (pages - len(images)) // (len(forms) - place)
        layout = lay_out(load_form(find_form(form, library_folders())))
        count = max(1, -(-wanted // len(layout.pages)))
        pdf = folder / f"printed-{place}.pdf"
        print_sheets(workspace, engine, layout, [Addressee({})] * count, pdf, NOW)
        images += fill_pages(pdf, layout, count, rng)
    engine.dispose()
    images = images[:pages]
    rng.shuffle(images)
    scans: list[Path] = []
    while images:
        suffix = SUFFIXES[len(scans) % len(SUFFIXES)]
        length = 1 if suffix in (".png", ".jpg") else rng.randint(1, longest)
        taken, images = images[:length], images[length:]
        path = folder / "scans" / f"scan-{len(scans):03}{suffix}"
        path.parent.mkdir(exist_ok=True)
        extra: dict[str, Any] = {} if suffix in (".png", ".jpg") else {"save_all": True, "append_images": taken[1:]}
        taken[0].save(path, dpi=(BATCH_DPI, BATCH_DPI), resolution=BATCH_DPI, **extra)
        scans.append(path)
    return Batch(workspace, tuple(scans), pages)


def survive_kills(
    batch: Batch, folder: Path, kills: int, rng: random.Random, *, recorded: bool = True, progress: Any = None
) -> Survival:
    """Take the batch in over and over, killed at random instants, until `kills` processes have died."""
    cache = folder / "readings.pickle"
    expected = _undisturbed(batch, folder / "undisturbed", cache)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["simulator.interruptions"])

    def start(workspace: Workspace) -> Any:
        process = context.Process(target=_take_all_in, args=(workspace.folder, cache if recorded else None))
        process.start()
        return process

    # How long a whole run takes says when to kill; the first of two also starts the server of processes.
    for _ in range(2):
        began = time.monotonic()
        start(fresh_workspace(batch, folder / "disturbed")).join()
        seconds = time.monotonic() - began
    dead, runs, faults = 0, 0, list[str]()
    while dead < kills:
        runs += 1
        workspace = fresh_workspace(batch, folder / "disturbed")
        while True:
            process = start(workspace)
            process.join(rng.uniform(0, seconds))
            if process.exitcode is None and dead < kills:
                assert process.pid is not None  # noqa: S101 - it was started
                os.kill(process.pid, signal.SIGKILL)
            process.join()
            if process.exitcode == -signal.SIGKILL:
                dead += 1
                continue
            if process.exitcode != 0:
                faults.append(f"run {runs}: intake ended with {process.exitcode}")
            break
        faults += [f"run {runs}, after {dead} kills: {fault}" for fault in _differences(workspace, expected)]
        if progress is not None:
            progress(dead)
    return Survival(dead, runs, tuple(faults))


class RecordedReader:
    """Gives the readings that a real reader gave of the same pixels before; with `reader`, records what that says."""

    def __init__(
        self, register: SheetRegister, readings: dict[str, list[PageReading]], reader: Reader | None = None
    ) -> None:
        self.register = register
        self._readings = readings
        self._reader = reader

    def read_page(self, page: ScannedPage | RejectedPage) -> list[PageReading]:
        digest = page_digest(page)
        if self._reader is not None:
            self._readings[digest] = self._reader.read_page(page)
        return [replace(known, source=page.source, source_page=page.index) for known in self._readings[digest]]


def page_digest(page: ScannedPage | RejectedPage) -> str:
    data = page.reason.encode() if isinstance(page, RejectedPage) else page.pixels.tobytes()
    return hashlib.sha256(data).hexdigest()


def fill_pages(pdf: Path, layout: Layout, count: int, rng: random.Random) -> list[Image.Image]:
    """The printed pages as a scanner gives them, one box ticked on each; coupons printed two up are cut apart."""
    scale = BATCH_DPI / 72
    document = pdfium.PdfDocument(pdf)
    sides = [page.render(scale=scale, grayscale=True).to_pil() for page in document]
    document.close()
    if layout.two_up:
        step, width = (round(length * POINTS_PER_MM * scale) for length in (COUPON_STEP_MM, layout.size_mm[0]))
        sides = [side.crop((x, 0, x + width, side.height)) for side in sides for x in (0, step)][:count]
    per_sheet = len(sides) // count
    for place, side in enumerate(sides):
        page = layout.pages[min(place % per_sheet, len(layout.pages) - 1)]
        boxes = [zone.rect for zone in page.zones if zone.kind == "tick"]
        if boxes:
            rect = rng.choice(boxes)
            x1, y1, x2, y2 = (value * POINTS_PER_MM * scale for value in (rect.x, rect.y, rect.right, rect.bottom))
            pen = ImageDraw.Draw(side)
            pen.line((x1, y1, x2, y2), fill=40, width=3)
            pen.line((x2, y1, x1, y2), fill=40, width=3)
        noise = np.random.default_rng(rng.randrange(1 << 30)).normal(0, 3, (side.height, side.width))
        sides[place] = Image.fromarray(np.clip(np.asarray(side, dtype=np.float64) - 4 + noise, 0, 255).astype(np.uint8))
    return sides


def fresh_workspace(batch: Batch, folder: Path) -> Workspace:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(batch.workspace.folder, folder)
    workspace = open_workspace(folder)
    for scan in batch.scans:
        shutil.copy(scan, workspace.inbox / scan.name)
    return workspace


def _undisturbed(batch: Batch, folder: Path, cache: Path) -> str:
    """What a run that nothing befalls leaves in the store."""
    workspace = fresh_workspace(batch, folder)
    register = StoreRegister(workspace)
    readings: dict[str, list[PageReading]] = {}
    _take_in(workspace, RecordedReader(register, readings, Reader(register)))
    cache.write_bytes(pickle.dumps(readings))
    snapshot = take_snapshot(workspace)
    filed = sum(json.loads(snapshot)["pages"].values())
    if filed < batch.pages:
        raise AssertionError(f"the undisturbed run filed {filed} of {batch.pages} pages")
    return snapshot


def _take_all_in(folder: Path, cache: Path | None) -> None:
    workspace = open_workspace(folder)
    register = StoreRegister(workspace)
    if cache is None:
        _take_in(workspace, Reader(register))
    else:
        _take_in(workspace, RecordedReader(register, pickle.loads(cache.read_bytes())))  # noqa: S301 - our own file


def _take_in(workspace: Workspace, reader: Reader | RecordedReader) -> None:
    engine = connect(workspace)
    for path in sorted(workspace.inbox.iterdir()):
        take_in(workspace, engine, path, NOW, reader)
    engine.dispose()


def take_snapshot(workspace: Workspace) -> str:
    """All that a batch leaves in the store: records, what became of the pages, what happened in order."""
    engine = connect(workspace)
    try:
        with reading(engine) as connection:
            happened = [(row.kind, row.data) for row in connection.execute(events.select()) if row.kind != "sealed"]
        return json.dumps(
            {
                "records": [record.to_json() for record in list_records(engine)],
                "pages": count_filed(engine),
                "events": happened,
            },
            sort_keys=True,
        )
    finally:
        engine.dispose()


def _differences(workspace: Workspace, expected: str) -> list[str]:
    faults = []
    if take_snapshot(workspace) != expected:
        faults.append("the records are not those of an undisturbed run")
    if any(workspace.inbox.iterdir()):
        faults.append("the inbox is not empty")
    engine = connect(workspace)
    faults += find_damage(workspace, engine)
    engine.dispose()
    return faults
