"""Kills intake at random instants, and plants faults behind papier's back: what survives, what is found.

python -m benchmarks.accidents --kills 500 --pages 100 --faults 1000
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from papier.intake import take_in
from papier.store.connection import connect
from papier.store.verification import find_damage
from papier.store.workspace import Workspace
from simulator.damage import planted
from simulator.interruptions import NOW, fresh_workspace, make_batch, survive_kills


def kill(folder: Path, kills: int, pages: int, *, recorded: bool) -> bool:
    batch = make_batch(folder, pages, random.Random(1))
    began = time.monotonic()
    outcome = survive_kills(batch, folder, kills, random.Random(2), recorded=recorded)
    print(
        f"{outcome.kills} kills in {outcome.runs} intakes of {pages} pages ({len(batch.scans)} files, readings "
        f"{'recorded' if recorded else 'real'}): {len(outcome.faults)} faults, {time.monotonic() - began:.0f} s"
    )
    for fault in outcome.faults:
        print(f"  {fault}")
    return not outcome.faults


def plant(folder: Path, faults: int) -> bool:
    batch = make_batch(folder, 6, random.Random(3), forms=("carnet/mot-aux-parents",), longest=2)
    workspace = fresh_workspace(batch, folder / "whole")
    engine = connect(workspace)
    for scan in sorted(workspace.inbox.iterdir()):
        take_in(workspace, engine, scan, NOW)
    engine.dispose()
    rng, missed = random.Random(17), list[str]()
    for _ in range(faults):
        with planted(workspace, folder / "damaged", rng) as (damaged, fault):
            key = bytes.fromhex((damaged.folder / "key").read_text(encoding="ascii").strip())
            engine = connect(damaged)
            if not find_damage(Workspace(damaged.folder, key), engine):
                missed.append(fault)
            engine.dispose()
    print(f"{faults} faults planted one at a time, {faults - len(missed)} found")
    for fault in missed:
        print(f"  missed: {fault}")
    return not missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--real", action="store_true", help="read for real each time: slower, kills fall while reading")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        whole = True
        if chosen.faults:
            whole &= plant(Path(folder) / "faults", chosen.faults)
        if chosen.kills:
            whole &= kill(Path(folder) / "kills", chosen.kills, chosen.pages, recorded=not chosen.real)
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
