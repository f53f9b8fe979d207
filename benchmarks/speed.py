"""How fast: reading a page against decoding it, pages a second on all cores, printing, memory.

    python -m benchmarks.speed
    python -m benchmarks.speed --pages 1000

The page is A4, 300 dpi, grey JPEG, with 60 boxes and 80 cells, a third of them filled by the simulated pen. Times of a
page are processor time, which other programs disturb less; pages a second are measured by the clock, and computed from
the processor time that the processes of the pool took. Memory is that of `papier read` and all its processes, looked at
ten times a second: as the sum of what each occupies (RSS, where a shared library counts once a process), and as
what they occupy together (PSS).
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pikepdf

from papier.forms.layout import Layout
from papier.forms.parsing import parse_form
from papier.forms.pdf import SheetToPrint, face_pdf, write_sheets
from papier.forms.sheet_number import SheetNumbers
from papier.forms.typesetting import lay_out
from papier.intake import read_scan
from papier.ocr.pages import load_page
from papier.ocr.reading import Reader
from papier.ocr.register import KnownSheet, PrintedForm
from papier.page_pool import keep_memory, using_pool
from papier.store.workspace import open_workspace
from simulator.hands import Hands
from simulator.loop import print_fill_scan

KEY = b"speed benchmark, no secret"
OUTPUT = Path(__file__).parent / "output"
REPEATS = 15
FORM = """\
form: mesure/page
version: 1
title: Soixante cases et quatre-vingts cellules
format: A4
blocks:
  - grid: questions
    label: Questions
    rows: {q01: Un, q02: Deux, q03: Trois, q04: Quatre, q05: Cinq, q06: Six, q07: Sept, q08: Huit, q09: Neuf, q10: Dix}
    options: {a: A, b: B, c: C, d: D, e: E, f: F}
  - {comb: nom, label: Nom, content: letters, cells: 28}
  - {comb: prenom, label: Prénom, content: letters, cells: 26}
  - row:
      - {comb: date, label: Date, content: date}
      - {comb: telephone, label: Téléphone, content: telephone}
  - {comb: naissance, label: Naissance, content: date}
"""


class OneSheet:
    """A register that knows one sheet."""

    def __init__(self, sheet: KnownSheet) -> None:
        self.sheet = sheet
        self.key = KEY

    def find_sheet(self, number: str) -> KnownSheet | None:
        return self.sheet if number == self.sheet.number else None

    def forms(self) -> tuple[PrintedForm, ...]:
        return (self.sheet.form,)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, default=60, help="pages of the PDF that all cores read")
    pages = parser.parse_args().pages
    definition, problems = parse_form(FORM)
    assert definition is not None, problems
    layout = lay_out(definition)
    boxes = sum(zone.kind == "tick" for zone in layout.zones())
    cells = sum(len(zone.cells) for zone in layout.zones())
    number = SheetNumbers(KEY).make(1)
    register = OneSheet(KnownSheet(number, PrintedForm(layout, face_pdf(layout))))
    jpeg = fill_page(layout, number)
    figures: dict[str, float] = {"boxes": boxes, "cells": cells, "cores": os.cpu_count() or 1}
    with tempfile.TemporaryDirectory() as folder:
        scan = Path(folder) / "scan.pdf"
        write_pdf(jpeg, pages, scan)
        figures |= measure_page(jpeg, scan, Reader(register))
        # In a process of its own, whose children no other measurement has started.
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
            figures |= fresh.submit(measure_pool, scan, Reader(register)).result()
        figures |= measure_memory(pages, Path(folder))
        figures |= measure_print(Path(folder) / "print.pdf")
    figures["load_average"] = os.getloadavg()[0]
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / "speed.json").write_text(json.dumps(figures, indent=1))
    for name, value in figures.items():
        print(f"{name:<32} {value:10.3f}")


def fill_page(layout: Layout, number: str) -> bytes:
    stream = io.BytesIO()
    write_sheets(stream, [SheetToPrint(layout, number)])
    return scan_page(stream.getvalue(), layout, number)


def scan_page(printed: bytes, layout: Layout, number: str) -> bytes:
    """The printed sheet filled and scanned, as a grey JPEG."""
    glassful = next(
        print_fill_scan(printed, layout, [number], seed=3, profile="office", hands=Hands.shipped(), dpi=300)
    )
    image = glassful.images[0]
    grey = image.pixels if image.pixels.ndim == 2 else cv2.cvtColor(image.pixels, cv2.COLOR_RGB2GRAY)
    del image
    done, data = cv2.imencode(".jpg", np.asarray(grey), [cv2.IMWRITE_JPEG_QUALITY, 75])
    assert done
    return bytes(data)


def write_pdf(jpeg: bytes, pages: int, path: Path) -> None:
    """A PDF of `pages` pages that each hold the JPEG, as a copier writes it."""
    height, width = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE).shape
    document = pikepdf.new()
    for _ in range(pages):
        image = pikepdf.Stream(
            document,
            jpeg,
            Type=pikepdf.Name.XObject,
            Subtype=pikepdf.Name.Image,
            Width=width,
            Height=height,
            ColorSpace=pikepdf.Name.DeviceGray,
            BitsPerComponent=8,
            Filter=pikepdf.Name.DCTDecode,
        )
        page = document.add_blank_page(page_size=(width * 72 / 300, height * 72 / 300))
        page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im=document.make_indirect(image)))
        matrix = f"q {width * 72 / 300:.3f} 0 0 {height * 72 / 300:.3f} 0 0 cm /Im Do Q"
        page.obj.Contents = document.make_stream(matrix.encode())
    document.save(path)


def measure_page(jpeg: bytes, scan: Path, reader: Reader) -> dict[str, float]:
    # As a process of the pool is set up.
    cv2.setNumThreads(1)
    keep_memory()
    decode, load, whole = [], [], []
    reader.read_page(load_page(scan, 1))
    for _ in range(REPEATS):
        start = time.process_time()
        cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
        decode.append(time.process_time() - start)
        start = time.process_time()
        page = load_page(scan, 2)
        load.append(time.process_time() - start)
        (reading,) = reader.read_page(page)
        whole.append(time.process_time() - start)
        assert reading.sheet is not None, reading.reason
    middle = statistics.median
    return {
        "decode_ms": 1e3 * middle(decode),
        "load_ms": 1e3 * middle(load),
        "page_ms": 1e3 * middle(whole),
        "page_over_decode": middle(whole) / middle(decode),
    }


def measure_pool(scan: Path, reader: Reader) -> dict[str, float]:
    count = 0
    start = time.perf_counter()
    with using_pool(reader) as pool:
        for _ in read_scan(scan, reader, pool):
            # The first pages wait for the processes to start.
            start = time.perf_counter() if count == pool.workers else start
            count += 1
        seconds, workers = time.perf_counter() - start, pool.workers
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "pages": count,
        "pages_a_second_all_cores": (count - workers - 1) / seconds,
        "pool_ms_a_page": 1e3 * (used.ru_utime + used.ru_stime) / count,
    }


def measure_memory(pages: int, folder: Path) -> dict[str, float]:
    """What `papier read` and its processes occupy at most, in megabytes; Linux only, and nothing elsewhere."""
    if not Path("/proc/self/smaps_rollup").is_file():
        return {}
    environment = {**os.environ, "PAPIER_WORKSPACE": str(folder / "workspace")}
    papier = [sys.executable, "-m", "papier"]
    form, printed, scan = folder / "page.yaml", folder / "printed.pdf", folder / "registered.pdf"
    form.write_text(FORM)
    for order in (["init"], ["print", str(form), "--copies", "1", "--output", str(printed)]):
        subprocess.run([*papier, *order], env=environment, check=True, capture_output=True)
    number = SheetNumbers(open_workspace(folder / "workspace").key).make(0)
    definition, _ = parse_form(FORM)
    assert definition is not None
    write_pdf(scan_page(printed.read_bytes(), lay_out(definition), number), pages, scan)
    with (folder / "said.jsonl").open("w") as said:
        reading = subprocess.Popen([*papier, "read", str(scan), "--json"], env=environment, stdout=said)
        together, apart, single = 0.0, 0.0, [0.0, 0.0]
        while reading.poll() is None:
            seen = sorted(
                (_occupied(process) for process in _family(reading.pid)), key=lambda one: one["Rss"], reverse=True
            )
            together = max(together, sum(one["Pss"] for one in seen))
            apart = max(apart, sum(one["Rss"] for one in seen))
            single = [max(single[0], seen[0]["Rss"]), max(single[1], _occupied(reading.pid)["Rss"])] if seen else single
            time.sleep(0.1)
    said_lines = (folder / "said.jsonl").read_text().splitlines()
    assert [json.loads(line)["sheet"] for line in said_lines] == [number] * pages
    return {
        "peak_of_all_rss_mb": apart,
        "peak_of_all_pss_mb": together,
        "peak_of_a_worker_rss_mb": single[0],
        "peak_of_the_caller_rss_mb": single[1],
    }


def _family(process: int) -> list[int]:
    """The process and all that it started."""
    tasks = Path(f"/proc/{process}/task")
    try:
        below = [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return [process, *(one for child in below for one in _family(child))]


def _occupied(process: int) -> dict[str, float]:
    """RSS and PSS of one process in megabytes; nothing once it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        lines = []
    told = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.endswith(" kB")}
    return {"Rss": told.get("Rss", 0.0), "Pss": told.get("Pss", 0.0)}


def measure_print(path: Path) -> dict[str, float]:
    definition, _ = parse_form(
        FORM.replace("blocks:\n", "blocks:\n", 1) + "  - page_break\n  - signature: s\n    label: S\n"
    )
    assert definition is not None
    layout = lay_out(definition)
    numbers = SheetNumbers(KEY)
    start = time.perf_counter()
    write_sheets(path, (SheetToPrint(layout, numbers.make(serial)) for serial in range(600)))
    return {"print_600_sheets_s": time.perf_counter() - start, "print_600_sheets_mb": path.stat().st_size / 1e6}


if __name__ == "__main__":
    main()
