"""How fast cases are: `today` over 100,000 of them, and one event.

    python -m benchmarks.cases --cases 100000

The cases are made by the program's own fold, in the shares of a school and a counter: most closed, a tenth waiting
under clocks, some hundreds to be looked at on the day. Only the writing of the store is done in bulk, since opening
100,000 cases one by one is not what is measured.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from papier.case_run import Layouts
from papier.day_run import Day, pass_clocks, run_day
from papier.forms.library import library_folders
from papier.store.cases import PREFIX, CaseLedger, record_event
from papier.store.connection import connect, reading, writing
from papier.store.events import chain_head, event_hash
from papier.store.migrations import migrate
from papier.store.tables import case_events, cases, events, head
from papier.store.workspace import Workspace, create_workspace
from papier.workflows.case import Case
from papier.workflows.definition import Workflow
from papier.workflows.events import CaseEvent, Kind
from papier.workflows.folding import apply, open_case
from papier.workflows.library import find_workflow

TODAY = dt.date(2027, 3, 15)
NOW = dt.datetime(2027, 3, 15, 8, tzinfo=dt.UTC)
WORKFLOWS = ("carnet/absence", "carnet/mot-aux-parents", "guichet/demande")
CLOSED_SHARE, DUE_SHARE = 0.9, 0.003
BATCH = 5_000


class Chain:
    """Events and cases written in bulk, chained by hash as the program chains them."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.ledger = CaseLedger(connection, NOW)
        self.seq, self.previous = chain_head(connection)
        self.rows: dict[str, list[dict[str, Any]]] = {"events": [], "cases": [], "links": []}

    def event(self, number: int, kind: Kind, on: dt.date, data: dict[str, Any]) -> CaseEvent:
        self.seq += 1
        at = dt.datetime.combine(on, dt.time(8), dt.UTC).isoformat()
        text = json.dumps({"case": number, "on": on.isoformat(), **data}, ensure_ascii=False, sort_keys=True)
        digest = event_hash(self.seq, at, PREFIX + kind, text, self.previous)
        row = {
            "seq": self.seq,
            "at": at,
            "kind": PREFIX + kind,
            "data": text,
            "previous": self.previous,
            "hash": digest,
        }
        self.rows["events"].append(row)
        self.rows["links"].append({"number": number, "seq": self.seq})
        self.previous = digest
        told = json.loads(text)
        told.pop("case")
        return CaseEvent(self.seq, on, kind, told)

    def keep(self, case: Case) -> None:
        self.rows["cases"].append(self.ledger.row_of(case))
        if len(self.rows["cases"]) >= BATCH:
            self.flush()

    def flush(self) -> None:
        for table, rows in ((events, "events"), (cases, "cases"), (case_events, "links")):
            if self.rows[rows]:
                self.connection.execute(table.insert(), self.rows[rows])
                self.rows[rows] = []
        self.connection.execute(head.update().values(seq=self.seq, hash=self.previous))


def make_cases(engine: Engine, count: int, seed: int = 1) -> None:
    """Fill the store with `count` cases, the same ones for the same seed."""
    rng = random.Random(seed)
    folders = library_folders()
    known = [find_workflow(name, folders) for name in WORKFLOWS]
    with writing(engine) as connection:
        chain = Chain(connection)
        for workflow in known:
            chain.ledger.freeze(workflow)
        for number in range(1, count + 1):
            _make_case(chain, number, rng.choice(known), rng)
        chain.flush()


def _make_case(chain: Chain, number: int, workflow: Workflow, rng: random.Random) -> None:
    find: Callable[[str], Workflow] = chain.ledger.find_workflow
    lot = rng.random()
    closed, due = lot < CLOSED_SHARE, lot > 1 - DUE_SHARE
    begun = TODAY - dt.timedelta(rng.randint(20, 300) if closed or due else 1)
    step, form = workflow.first, workflow.opens[0]
    person = {"nom": f"NOM{number}", "prenom": "Zoé", "classe": f"{rng.randint(3, 6)}{rng.choice('ABCDEF')}"}
    data = {"workflow": workflow.name, "version": workflow.version, "digest": workflow.digest(), "form": form}
    case = open_case(number, chain.event(number, Kind.OPENED, begun, {**data, "person": person, "region": None}), find)
    sheet = f"{number:04X}"
    case = apply(case, chain.event(number, Kind.PRINTED, begun, {"step": step.name, "sheets": [[sheet, form]]}), find)
    sent = {"step": step.name, "way": str(step.ways[0]), "number": None}
    case = apply(case, chain.event(number, Kind.SENT, begun, sent), find)
    if closed:
        case = apply(case, chain.event(number, Kind.CLOSED, begun, {"reason": "traité", "by": "mesure"}), find)
    chain.keep(case)


def measure(folder: Path, count: int, events_told: int) -> dict[str, Any]:
    """Seconds for `today` as a dry run and in full, milliseconds for one event; medians where repeated."""
    workspace: Workspace = create_workspace(folder / "bureau")
    engine = connect(workspace)
    migrate(engine, NOW)
    begun = time.perf_counter()
    make_cases(engine, count)
    made = time.perf_counter() - begun
    layouts = Layouts(library_folders())
    dry = [_timed(lambda: run_day(workspace, engine, NOW, folder / "x.pdf", layouts, dry_run=True)) for _ in range(3)]
    passed: list[tuple[int, str]] = []
    clocks = _timed(lambda: passed.extend(pass_clocks(engine, NOW)))
    days: list[Day] = []
    full = _timed(lambda: days.append(run_day(workspace, engine, NOW, folder / "jour.pdf", layouts)))
    (day,) = days
    with reading(engine) as connection:
        numbers = [
            row.number
            for row in connection.execute(cases.select().where(cases.c.stage == "waiting").limit(events_told))
        ]
    flag = {"text": "mesure", "by": "mesure"}
    told = [_timed(partial(record_event, engine, number, Kind.FLAGGED, flag, NOW)) for number in numbers]
    return {
        "cases": count,
        "make_s": round(made, 1),
        "rows": len(day.rows),
        "clocks_passed": len(passed),
        "letters": 0 if day.letters is None or day.letters.run is None else len(day.letters.run.numbers),
        "today_dry_s": _figures(dry),
        "clocks_s": _figures([clocks]),
        "today_printed_s": _figures([full]),
        "event_ms": _figures([(wall * 1000, cpu * 1000) for wall, cpu in told]),
    }


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the wall clock, and seconds of this process's own work: the second does not see what else runs."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def _figures(times: list[tuple[float, float]]) -> dict[str, float]:
    """Median and largest by the wall clock, median of own work."""
    walls = sorted(wall for wall, _ in times)
    return {
        "median": round(statistics.median(walls), 2),
        "p95": round(walls[int(len(walls) * 0.95)], 2),
        "largest": round(walls[-1], 2),
        "own_work_median": round(statistics.median(cpu for _, cpu in times), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=200)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), chosen.cases, chosen.events), indent=1))


if __name__ == "__main__":
    main()
