"""What the archive costs: taking in with everything synced, its size, and search and verify over a large store.

    python -m benchmarks.archive --pages 60
    python -m benchmarks.archive --store DIR     (a workspace: benchmarks.desk --folder makes one of 100,000 records)

Wall clock, and the processor time of this process: on a busy machine they differ.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import Engine

from papier.intake import take_in
from papier.ocr.reading import Reader
from papier.records import PageReading
from papier.store.connection import connect, reading
from papier.store.events import raw_connection
from papier.store.migrations import migrate
from papier.store.records import list_records
from papier.store.search import remake_index, search
from papier.store.sheets import StoreRegister
from papier.store.verification import find_damage
from papier.store.workspace import open_workspace
from simulator.interruptions import NOW, RecordedReader, fresh_workspace, make_batch

REPEATS = 16
# Common and rare, whole and begun, one word and several, and what nobody is called.
QUESTIONS = ("martin", "lef", "martin transport", '"rendez vous"', "absence 6A", "zzyzx", "e")


def measure_intake(pages: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        batch = make_batch(Path(folder), pages, random.Random(1))
        workspace = fresh_workspace(batch, Path(folder) / "w")
        register = StoreRegister(workspace)
        known: dict[str, list[PageReading]] = {}
        real = RecordedReader(register, known, Reader(register))
        for what, reader in (("read for real", real), ("readings recorded", RecordedReader(register, known))):
            workspace = fresh_workspace(batch, Path(folder) / "w")
            engine = connect(workspace)
            migrate(engine, NOW)
            wall, own = time.perf_counter(), time.process_time()
            for path in sorted(workspace.inbox.iterdir()):
                take_in(workspace, engine, path, NOW, reader)
            print(
                f"intake of {pages} pages in {len(batch.scans)} files, {what}, all synced: "
                f"{pages / (time.perf_counter() - wall):.1f} pages/s by the wall clock, "
                f"{pages / (time.process_time() - own):.1f} by this process"
            )
            sheets = len(list_records(engine))
            engine.dispose()
        scans = sum(path.stat().st_size for path in workspace.archive.rglob("*") if path.is_file())
        print(
            f"archive: {scans / 1e6:.1f} MB for {sheets} sheets of {pages} pages (150 dpi; PDF, TIFF, PNG, JPEG); "
            f"store {workspace.database.stat().st_size / 1e6:.1f} MB"
        )


def measure_store(folder: Path, *, verify: bool) -> None:
    workspace = open_workspace(folder)
    engine = connect(workspace)
    migrate(engine, NOW)
    with reading(engine) as connection:
        count = raw_connection(connection).execute("SELECT count(*) FROM records").fetchone()[0]
        seals = raw_connection(connection).execute("SELECT count(*) FROM seals").fetchone()[0]
    print(f"{count} records, {seals} seals, {workspace.database.stat().st_size / 1e6:.0f} MB")
    for question in QUESTIONS:
        _measure_search(engine, question)
    if verify:
        wall, own = time.perf_counter(), time.process_time()
        problems = find_damage(workspace, engine)
        print(
            f"verify: {time.perf_counter() - wall:.1f} s by the wall clock, {time.process_time() - own:.1f} s of this "
            f"process, {len(problems)} problems"
        )
        wall, own = time.perf_counter(), time.process_time()
        entries = remake_index(engine)
        print(
            f"index of {entries} entries made anew: {time.perf_counter() - wall:.1f} s by the wall clock, "
            f"{time.process_time() - own:.1f} s of this process"
        )
    engine.dispose()


def _measure_search(engine: Engine, question: str) -> None:
    walls, owns, total = [], [], 0
    for _ in range(REPEATS):
        wall, own = time.perf_counter(), time.process_time()
        total = search(engine, question).total
        walls.append(1000 * (time.perf_counter() - wall))
        owns.append(1000 * (time.process_time() - own))
    print(
        f"search {question}: {total} found; worst {max(walls):.0f} ms, median {statistics.median(walls):.0f} ms; "
        f"processor, median {statistics.median(owns):.0f} ms"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=0)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--verify", action="store_true", help="also verify the store, and make its index anew")
    chosen = parser.parse_args()
    if chosen.pages:
        measure_intake(chosen.pages)
    if chosen.store:
        measure_store(chosen.store, verify=chosen.verify)
    return 0


if __name__ == "__main__":
    sys.exit(main())
