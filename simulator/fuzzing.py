"""Feeds damaged files to papier's readers, in a process of their own that is watched: for crash, hang and hunger."""

from __future__ import annotations

import math
import multiprocessing
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from papier.errors import PapierError
from papier.forms.parsing import load_form
from papier.forms.roster import load_roster
from papier.forms.typesetting import lay_out
from papier.ocr.pages import iterate_pages
from papier.ocr.reading import Reader
from papier.store.sheets import EmptyRegister
from papier.workflows.parsing import load_workflows
from simulator.mutation import KINDS, make_case

MAX_SECONDS = 10.0
MAX_BYTES = 1_000_000_000
# Seconds are those of the processor, and the system ends a process that takes more. One that sleeps is waited for
# longer: on a busy machine it may only be waiting for its turn.
WAITING = 12
MAX_START = 900.0
# Reading a page costs as much as decoding fifty: one file in so many is read to the end.
READ_EACH = 40
# A damaged count of pages may say anything; each page costs memory only while it is looked at.
MAX_PAGES = 6


ReadFile = Callable[[Path, Reader | None], str]


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that broke its reader: its number, its kind, and what happened."""

    case: int
    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What a run found. `slowest` in seconds, `largest` in bytes: of any one file, of the process reading it."""

    cases: int
    read: int
    refused: int
    slowest: float
    largest: int
    faults: tuple[Fault, ...]


def fuzz(
    seed: int,
    cases: range,
    folder: Path,
    progress: Callable[[int], None] | None = None,
    *,
    read_file: ReadFile | None = None,
    max_seconds: float = MAX_SECONDS,
) -> Fuzzed:
    """Give every file of `cases` to its reader. A file that breaks it is kept in `folder`, and the run goes on.

    `read_file`: another reader than papier's own, for proving that faults are found.
    """
    context = multiprocessing.get_context("spawn")
    faults: list[Fault] = []
    read, refused, slowest, largest = 0, 0, 0.0, 0
    at = cases.start
    folder.mkdir(parents=True, exist_ok=True)
    while at < cases.stop:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(
            target=_feed,
            args=(theirs, seed, range(at, cases.stop), folder, read_file or read_case, max_seconds),
            daemon=True,
        )
        process.start()
        theirs.close()
        fault: str | None = None
        # The first answer says that the process has begun: importing takes longer than any file may.
        allowed = MAX_START
        while at < cases.stop and fault is None:
            try:
                if not ours.poll(allowed):
                    fault = f"hung for more than {max_seconds * WAITING:.0f} s"
                    break
                answer = ours.recv()
            except EOFError:
                process.join()
                late = process.exitcode == -signal.SIGXCPU
                fault = f"took more than {max_seconds:.0f} s" if late else f"the process died ({process.exitcode})"
                break
            allowed = max_seconds * WAITING
            if answer is None:
                continue
            seconds, grown, outcome = answer
            slowest, largest = max(slowest, seconds), max(largest, grown)
            if outcome not in ("read", "refused"):
                fault = outcome
            elif seconds > max_seconds:
                fault = f"took {seconds:.1f} s"
            elif grown > MAX_BYTES:
                fault = f"took {grown / 1e6:.0f} MB"
            else:
                read, refused = read + (outcome == "read"), refused + (outcome == "refused")
                at += 1
                if progress is not None:
                    progress(at)
        process.kill()
        process.join()
        ours.close()
        if fault is not None:
            kind, data = make_case(seed, at)
            (folder / f"{seed}-{at}.{kind}").write_bytes(data)
            faults.append(Fault(at, kind, fault))
            at += 1
    return Fuzzed(len(cases), read, refused, slowest, largest, tuple(faults))


def _feed(answers: Connection, seed: int, cases: range, folder: Path, read_file: ReadFile, max_seconds: float) -> None:
    """Read one file after the other, and say after each how long it took, how much memory, and how it ended."""
    reader = Reader(EmptyRegister())
    answers.send(None)
    for case in cases:
        kind, data = make_case(seed, case)
        path = folder / f"now.{kind}"
        path.write_bytes(data)
        began = time.process_time()
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(began + max_seconds) + 1, resource.RLIM_INFINITY))
        try:
            outcome = read_file(path, reader if (case // len(KINDS)) % READ_EACH == 0 else None)
        except PapierError:
            outcome = "refused"
        except BaseException:  # noqa: BLE001 - whatever comes out is what we look for
            outcome = traceback.format_exc(limit=-3)
        path.unlink()
        answers.send((time.process_time() - began, _peak(), outcome))
    answers.close()


def read_case(path: Path, reader: Reader | None) -> str:
    """What papier does with a file of this kind; raises PapierError where it refuses it."""
    kind = path.suffix
    if kind == ".csv":
        load_roster(path)
    elif kind == ".yaml":
        load_workflows(path)
        lay_out(load_form(path))
    else:
        for index, page in enumerate(iterate_pages(path), 1):
            if reader is not None:
                reader.read_page(page)
            if index == MAX_PAGES:
                break
    return "read"


def _peak() -> int:
    """The most memory this process ever held, in bytes.

    Linux counts in `ru_maxrss` what the process that started this one had held; /proc does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (held,) = (line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(held) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
