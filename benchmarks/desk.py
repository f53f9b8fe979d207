"""How quick and how light the desk's pages are over 100,000 records and as many cases.

    python -m benchmarks.desk --records 100000 --folder /tmp/desk-store

The store is made up and written in bulk, without seals, since filing 100,000 sheets one by one is not what is measured;
it is kept in the folder and used again. The pages are asked for over HTTP from the server that `papier desk` starts.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine

from benchmarks.cases import NOW, make_cases
from papier.case_run import Layouts
from papier.checking.queue import open_items
from papier.forms.library import library_folders
from papier.forms.pdf import face_pdf
from papier.forms.sheet_number import SheetNumbers
from papier.store.connection import connect
from papier.store.migrations import migrate
from papier.store.search import remake_index
from papier.store.sheets import layout_digest
from papier.store.tables import checks, layouts, pages, print_runs, readings, records, scans, sheets
from papier.store.workspace import Workspace, create_workspace, open_workspace
from tests.desk.small_office import FORM, RunningDesk, fill_office, page_of, serve_office

# One in five records had a field that a person answered; what is open is a day's work.
ANSWERED_EACH, OPEN = 5, 60
SCAN_PAGES, BATCH = 50, 2_000
TIMES = 15


def make_store(workspace: Workspace, engine: Engine, count: int) -> None:
    """Fill a fresh store: a newest scan whose pictures are there, before it `count` records whose pictures are not."""
    rng = random.Random(1)
    layout = Layouts(library_folders()).find(FORM)
    face = face_pdf(layout)
    digest = layout_digest(layout, face)
    numbers = SheetNumbers(workspace.key)
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        connection.execute(
            layouts.insert().values(
                digest=digest, form=FORM, version=layout.version, frozen=layout.to_frozen(), face=face,
                first_printed=NOW.isoformat(),
            )
        )  # fmt: skip
        connection.execute(
            print_runs.insert().values(
                run=1, form=FORM, version=layout.version, printed_at=NOW.isoformat(), output=None, sheets=count
            )
        )
        rows: dict[Any, list[dict[str, Any]]] = {
            table: [] for table in (scans, sheets, records, pages, readings, checks)
        }
        for at in range(1, count + 1):
            _add_record(rows, at, count, numbers.make(at), digest, layout, rng)
            if at % BATCH == 0 or at == count:
                for table, made in rows.items():
                    if made:
                        connection.execute(table.insert(), made)
                        made.clear()


def _add_record(
    rows: dict[Any, list[dict[str, Any]]],
    at: int,
    count: int,
    number: str,
    digest: str,
    layout: Any,
    rng: random.Random,
) -> None:
    scan = f"{(at - 1) // SCAN_PAGES:064x}"
    when = NOW.replace(year=NOW.year - 1).isoformat()
    if (at - 1) % SCAN_PAGES == 0:
        rows[scans].append(
            {"sha256": scan, "name": f"scan-{at}.pdf", "suffix": ".pdf", "bytes": 1, "taken_in_at": when}
        )
    person = {"nom": f"NOM{rng.randrange(count)}", "prenom": rng.choice(("Zoé", "Élie", "Lan")), "classe": "6A"}
    rows[sheets].append(
        {"serial": at, "number": number, "layout": digest, "run": 1, "prefilled": "{}", "master": False,
         "person": json.dumps(person, ensure_ascii=False), "state": "printed"}
    )  # fmt: skip
    rows[records].append(
        {"record": at, "sheet": number, "revision": 1, "form": FORM, "version": layout.version, "status": "read",
         "created_at": when}
    )  # fmt: skip
    rows[pages].append(
        {"page_id": at, "scan": scan, "source_page": at % SCAN_PAGES + 1, "image_index": 1, "sheet_index": 1,
         "status": "read", "form": FORM, "version": layout.version, "sheet": number, "page": 1, "record": at}
    )  # fmt: skip
    answered, waits = at % ANSWERED_EACH == 0, at > count - OPEN
    for place, field in enumerate(page_of(layout, number, 1, {"nom": person["nom"]}).fields.values()):
        asked = field.field == "debut" and (answered or waits)
        rows[readings].append(
            {"record": at, "field": field.field, "position": place, "page_id": at, "kind": field.kind,
             "value": json.dumps(field.value, ensure_ascii=False), "state": "doubtful" if asked else "sure",
             "probability": 0.91, "candidates": json.dumps(field.candidates), "options": "{}", "read_by": "papier",
             "needs_person": asked, "rect": json.dumps(field.rect.to_list()) if field.rect else None}
        )  # fmt: skip
        if asked and not waits:
            rows[checks].append(
                {"key": f"field:{at}:{field.field}", "record": at, "field": field.field, "verdict": "right",
                 "value": json.dumps(field.value), "who": "Mme Roux", "via": "browser", "at": when, "settles": True,
                 "seq": 1}
            )  # fmt: skip


def measure(desk: RunningDesk) -> list[dict[str, Any]]:
    """Bytes, and milliseconds over HTTP: the first time, the median and the worst of the times after it."""
    desk.enter()
    newest = desk.numbers[-1]
    asked = ["/", "/check", "/records", "/records?before=50000", f"/records?form={FORM}", "/cases", "/cases?due=1"]
    asked += [
        "/cases/77",
        "/scans",
        "/search?q=DURAND",
        "/search?q=NOM777",
        "/search?q=nowhere",
        f"/sheets/{newest}",
        "/records/77",
    ]
    # The newest items are those whose pictures are there.
    asked.append(f"/check/crop?item={quote(max(desk.office.queue.items(), key=lambda item: item.record or 0).key)}")
    found = []
    for path in asked:
        clock = _Clock()
        for _ in range(TIMES + 1):
            with clock:
                answer = desk.get(path)
            assert answer.status == 200, (path, answer.status)
        found.append(clock.told(path, len(answer.body)))
    found.append(_measure_answers(desk))
    return found


def _measure_answers(desk: RunningDesk) -> dict[str, Any]:
    """An answer and the next item, as the script of the page asks for them: the form, then the page it leads to."""
    clock, size = _Clock(), 0
    for item in open_items(desk.office.workspace, engine=desk.office.engine)[:TIMES]:
        with clock:
            told = desk.post("/check/answer", {"item": item.key, "answer": "right", "following": ""})
            page = desk.get(told.headers["location"].removeprefix(desk.doors.path))
        assert (told.status, page.status) == (303, 200), told.text
        size = len(page.body)
    return clock.told("an answer and the next item", size)


class _Clock:
    """Wall clock and processor time of this process, which is the server and the visitor in one; in milliseconds."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.own: list[float] = []

    def __enter__(self) -> None:
        self._begun = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self.wall.append((time.perf_counter() - self._begun[0]) * 1000)
        self.own.append((time.process_time() - self._begun[1]) * 1000)

    def told(self, page: str, size: int) -> dict[str, Any]:
        return {
            "page": page,
            "bytes": size,
            "first_ms": round(self.wall[0]),
            "worst_ms": round(max(self.wall[1:])),
            "median_ms": round(statistics.median(self.wall[1:])),
            "own_first_ms": round(self.own[0]),
            "own_median_ms": round(statistics.median(self.own[1:])),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where the store is kept for the next time")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)) / "bureau"
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            made = create_workspace(partial)
            filling = connect(made)
            migrate(filling, NOW)
            make_store(made, filling, given.records)
            make_cases(filling, given.records)
            remake_index(filling)
            filling.dispose()
            partial.rename(folder)
        workspace = open_workspace(folder)
        engine = connect(workspace)
        migrate(engine, NOW)
        numbers = fill_office(workspace, engine)
        with serve_office(workspace, engine, numbers, NOW) as desk:
            for line in measure(desk):
                print(json.dumps(line, ensure_ascii=False))
        engine.dispose()


if __name__ == "__main__":
    main()
