"""A short run of the fuzzer over papier's readers; and proof that it finds what it looks for.

The long one: python -m benchmarks.fuzz --cases 50000
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from papier.errors import UsageError
from papier.ocr.reading import Reader
from simulator.fuzzing import fuzz
from simulator.mutation import KINDS, make_case, seeds

SHORT = 240


def test_no_damaged_file_breaks_its_reader(tmp_path: Path) -> None:
    found = fuzz(20_261_124, range(SHORT), tmp_path)
    assert [f"{fault.case}.{fault.kind}: {fault.what}" for fault in found.faults] == []
    assert found.read + found.refused == SHORT
    # Damage is worth its name when some files survive it and some do not.
    assert min(found.read, found.refused) > SHORT // 10


def test_a_case_is_known_by_its_number() -> None:
    assert make_case(1, 7) == make_case(1, 7)
    assert make_case(1, 7) != make_case(2, 7)
    assert [make_case(1, at)[0] for at in range(len(KINDS))] == list(KINDS)
    assert all(seeds()[kind] for kind in KINDS)


def crash(path: Path, _reader: Reader | None) -> str:
    if path.suffix == ".csv":
        os.abort()
    return "read"


def hang(path: Path, _reader: Reader | None) -> str:
    if path.suffix == ".csv":
        time.sleep(600)
    return "read"


def spin(path: Path, _reader: Reader | None) -> str:
    while path.suffix == ".csv":
        pass
    return "read"


def fail(path: Path, _reader: Reader | None) -> str:
    if path.suffix == ".csv":
        raise KeyError(path.name)
    raise UsageError("refused in one sentence")


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (crash, "the process died"),
        (hang, "hung for more than"),
        (spin, "took more than 1 s"),
        (fail, "KeyError: 'now.csv'"),
    ],
)
def test_what_breaks_is_found_and_kept(tmp_path: Path, broken: Callable[[Path, Reader | None], str], what: str) -> None:
    found = fuzz(1, range(7), tmp_path, read_file=broken, max_seconds=1.0)
    assert [(fault.case, fault.kind) for fault in found.faults] == [(5, "csv")]
    assert what in found.faults[0].what
    assert (tmp_path / "1-5.csv").read_bytes() == make_case(1, 5)[1]
    assert found.read + found.refused == 6
