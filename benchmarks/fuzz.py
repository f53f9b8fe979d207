"""Gives damaged files to papier's readers: none may crash, hang for more than 10 s, or take more than 1 GB.

python -m benchmarks.fuzz --cases 50000
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from simulator.fuzzing import fuzz


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0, help="the number of the first file")
    parser.add_argument("--folder", type=Path, default=Path("benchmarks/output/fuzz"), help="where faults are kept")
    chosen = parser.parse_args()
    began = time.monotonic()

    def progress(done: int) -> None:
        if done % 1000 == 0:
            print(f"{done} files, {time.monotonic() - began:.0f} s", flush=True)

    found = fuzz(chosen.seed, range(chosen.start, chosen.start + chosen.cases), chosen.folder, progress)
    print(
        f"{found.cases} damaged files: {found.read} read, {found.refused} refused with a sentence, "
        f"{len(found.faults)} faults; slowest {found.slowest:.1f} s, most memory {found.largest / 1e6:.0f} MB, "
        f"{time.monotonic() - began:.0f} s"
    )
    for fault in found.faults:
        print(f"  {chosen.seed}-{fault.case}.{fault.kind}: {fault.what}")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
