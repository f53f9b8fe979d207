"""From the feeder to the filed record: how long, and does reading keep pace with the machine?

    python -m benchmarks.feeder [--pages 60]

A simulated feeder (a SANE backend, driven by the real scanimage) delivers A4 pages of 60 boxes and 80 cells, 300 dpi,
filled by the simulated pen: first at the pace of a 140 images/min machine, then as fast as it can. Then the same pages
are dropped into a watched folder as one PDF, as a copier does.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.speed import FORM
from papier.cli.context import Context
from papier.devices.sane_options import Side
from papier.devices.scanning import plan_scan
from papier.devices.watching import WatchedFolder
from papier.forms.parsing import parse_form
from papier.forms.typesetting import lay_out
from papier.intake import IntakeQueue, find_fault
from papier.ocr.reading import Reader
from papier.page_pool import PagePool, using_pool
from papier.print_run import Addressee, print_sheets
from papier.scan_run import ScanRun, open_spool, scan_in
from papier.store.sheets import StoreRegister
from papier.store.workspace import create_workspace
from papier.watch_run import Watcher
from simulator.hands import Hands
from simulator.loop import print_fill_scan

OUTPUT = Path(__file__).parent / "output"
IMAGES_A_MINUTE = 140
NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)
FEEDER = Path(__file__).parents[1] / "tests" / "devices" / "feeder.c"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=60)
    pages = parser.parse_args().pages
    figures: dict[str, float] = {"pages": pages, "cores": os.cpu_count() or 1, "load_before": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stack = make_stack(folder, pages)
        set_up_sane(folder, stack)
        pace = 60_000 // IMAGES_A_MINUTE
        figures |= {f"paced_{key}": value for key, value in scan(folder, "paced", pace).items()}
        figures |= {f"flat_out_{key}": value for key, value in scan(folder, "flat_out", 0).items()}
        figures |= {f"folder_{key}": value for key, value in watch(folder, stack).items()}
    figures["load_after"] = os.getloadavg()[0]
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / "feeder.json").write_text(json.dumps(figures, indent=1))
    for key, value in figures.items():
        print(f"{key:<40} {value:10.2f}")


def make_stack(folder: Path, pages: int) -> Path:
    """A workspace with printed sheets, and their filled pages as the feeder takes them."""
    definition, problems = parse_form(FORM)
    assert definition is not None, problems
    layout = lay_out(definition)
    context = open_office(folder / "master")
    printed = folder / "printed.pdf"
    run = print_sheets(context.workspace, context.engine, layout, [Addressee({})] * pages, printed, NOW)
    context.engine.dispose()
    stack = folder / "stack"
    stack.mkdir()
    sheets = print_fill_scan(
        printed.read_bytes(), layout, run.numbers, seed=7, profile="office", hands=Hands.shipped(), dpi=300
    )
    at = 0
    for glassful in sheets:
        for image in glassful.images[:1]:  # no backs
            grey = image.pixels if image.pixels.ndim == 2 else cv2.cvtColor(image.pixels, cv2.COLOR_RGB2GRAY)
            height, width = grey.shape
            at += 1
            data = b"P5\n%d %d\n255\n" % (width, height) + np.ascontiguousarray(grey, np.uint8).tobytes()
            (stack / f"{at:04d}.pgm").write_bytes(data)
    assert at == pages
    return stack


def open_office(folder: Path) -> Context:
    create_workspace(folder)
    context = Context(folder)
    context.make_store()
    return context


def fresh_office(folder: Path, name: str) -> Context:
    """A copy of the workspace in which nothing has come back yet."""
    subprocess.run(["cp", "-a", str(folder / "master"), str(folder / name)], check=True)
    return Context(folder / name)


def set_up_sane(folder: Path, stack: Path) -> None:
    library = folder / "libsane-feeder.so.1"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(library), str(FEEDER)], check=True)
    (folder / "dll.conf").write_text("feeder\n")
    os.environ |= {"SANE_CONFIG_DIR": str(folder), "LD_LIBRARY_PATH": str(folder), "FEEDER_STACK": str(stack)}


class Stopwatch(IntakeQueue):
    """An intake queue that notes when each page came and when it was filed."""

    def __init__(self, context: Context, pool: PagePool) -> None:
        super().__init__(context.workspace, context.engine, pool)
        self.came: list[float] = []
        self.filed: list[float] = []

    def begin(self, path: Path) -> None:
        # When scanimage finished the page, not when it was looked at.
        self.came.append(path.stat().st_mtime)
        super().begin(path)

    def finish(self, *arguments: object, **more: object) -> object:  # type: ignore[override]
        taken = super().finish(*arguments, **more)  # type: ignore[arg-type]
        assert taken.pages is not None
        assert taken.pages[0].record is not None, taken.pages[0].reading.reason
        self.filed.append(time.time())
        return taken


def scan(folder: Path, name: str, pace_ms: int) -> dict[str, float]:
    """Scan the stack; the pool of readers is up already, as it is within a batch."""
    context = fresh_office(folder, name)
    os.environ["FEEDER_PACE_MS"] = str(pace_ms)
    plan = plan_scan("feeder:corridor", Side.FEEDER)
    with using_pool(Reader(StoreRegister(context.workspace))) as pool, open_spool(context.workspace, NOW) as spool:
        warm_up(pool, folder)
        stopwatch = Stopwatch(context, pool)
        before = processor_seconds(pool)
        start = time.time()
        run = ScanRun()
        scan_in(context.workspace, spool, plan, stopwatch, context.now, run=run)
        end = time.time()
        spent = processor_seconds(pool) - before
    assert run.stopped is None
    assert run.pages == len(stopwatch.filed)
    waits = [filed - came for came, filed in zip(stopwatch.came, stopwatch.filed, strict=True)]
    return {
        "images_a_minute_delivered": 60 * (len(waits) - 1) / (stopwatch.came[-1] - stopwatch.came[0]),
        "images_a_minute_filed": 60 * len(waits) / (end - start),
        "page_to_record_s_median": statistics.median(waits),
        "page_to_record_s_worst": max(waits),
        "behind_at_the_end_s": end - stopwatch.came[-1],
        "processor_s_a_page": spent / len(waits),
        # What two cores could do if they did nothing else.
        "images_a_minute_by_processor_time": 60 * min(os.cpu_count() or 1, 2) * len(waits) / spent,
    }


def processor_seconds(pool: PagePool) -> float:
    """What this process, its readers and every scanimage that has ended have spent."""
    mine = resource.getrusage(resource.RUSAGE_SELF)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = mine.ru_utime + mine.ru_stime + ended.ru_utime + ended.ru_stime
    for process in multiprocessing.active_children():
        after_name = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        # utime and stime are fields 14 and 15 (proc(5)); the two before them are cut off with the name.
        spent += (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")
    assert len(multiprocessing.active_children()) == pool.workers
    return spent


def warm_up(pool: PagePool, folder: Path) -> None:
    page = folder / "warm.png"
    cv2.imwrite(str(page), np.full((400, 300), 255, np.uint8))
    for ticket in [pool.submit(page, range(1, 2)) for _ in range(2 * pool.workers)]:
        pool.result(ticket)


def watch(folder: Path, stack: Path) -> dict[str, float]:
    """Drop one PDF into a watched folder; from the moment it lies there whole to its last record."""
    context = fresh_office(folder, "watched")
    share = folder / "share"
    share.mkdir()
    images = [Image.open(path) for path in sorted(stack.glob("*.pgm"))]
    stream = io.BytesIO()
    images[0].save(stream, "PDF", save_all=True, append_images=images[1:], resolution=300, quality=75)
    with using_pool(Reader(StoreRegister(context.workspace))) as pool:
        warm_up(pool, folder)
        watched = WatchedFolder(share, find_fault)
        watcher = Watcher(
            context.workspace, context.engine, pool, [watched], context.now, lambda: (), lambda _batch: (), print
        )
        watcher.start(time.monotonic())
        (share / "scan.pdf").write_bytes(stream.getvalue())
        start = time.time()
        while watcher.state.waiting or not watcher.state.after_due:
            watcher.turn(time.monotonic())
            time.sleep(0.05)
        end = time.time()
    return {"images_a_minute_filed": 60 * len(images) / (end - start), "settling_s": watched.settle}


if __name__ == "__main__":
    main()
