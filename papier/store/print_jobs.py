"""What is to be printed by a printer, and what became of it: the outbox between the store and CUPS.

A job is written down in the transaction that registers its sheets, so that neither can be lost without the other; it
is handed over afterwards, once. The sheets' state follows the job's.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from papier.devices.printing import JobOptions, Sides
from papier.store.connection import insert_row, reading, writing
from papier.store.events import append_event
from papier.store.tables import print_jobs, sheets


class State(StrEnum):
    QUEUED = "queued"  # written down, not handed over
    OFFERED = "offered"  # the queue gave it a number; whether it has the pages is to be asked
    SENT = "sent"  # the queue has it
    PRINTED = "printed"
    UNKNOWN = "unknown"  # it ended otherwise: some of it may be in the tray
    REFUSED = "refused"  # never handed over; nothing is printed
    DROPPED = "dropped"  # taken back by a person before it was handed over


OPEN = (State.QUEUED, State.OFFERED, State.SENT)
_SHEET_STATES = {State.SENT: "sent", State.PRINTED: "printed", State.UNKNOWN: "unknown"}


@dataclass(frozen=True)
class NewJob:
    """One stack to print: pages of a PDF (from 1), the serials of the sheets on them, how to print it."""

    title: str
    pdf: Path
    sha256: str
    first_page: int
    last_page: int
    printer: str
    options: JobOptions
    first_serial: int | None = None
    last_serial: int | None = None


@dataclass(frozen=True)
class PrintJob:
    """A job as the store knows it."""

    job: int
    run: int | None
    title: str
    pdf: Path
    sha256: str
    first_page: int
    last_page: int
    printer: str
    options: JobOptions
    unattended: bool
    state: State
    queue_job: int | None
    reason: str | None
    impressions: int
    queued_at: str

    @property
    def pages(self) -> int:
        return (self.last_page - self.first_page + 1) * self.options.copies


def enqueue(
    connection: Connection, now: dt.datetime, run: int | None, jobs: Sequence[NewJob], *, unattended: bool = False
) -> list[int]:
    """Write jobs down; gives their numbers. `unattended`: refused ones are tried again, since nobody sits there."""
    numbers = []
    for job in jobs:
        values = {
            "run": run,
            "title": job.title,
            "pdf": str(job.pdf),
            "sha256": job.sha256,
            "first_page": job.first_page,
            "last_page": job.last_page,
            "first_serial": job.first_serial,
            "last_serial": job.last_serial,
            "printer": job.printer,
            "options": json.dumps(dataclasses.asdict(job.options), ensure_ascii=False),
            "unattended": unattended,
            "state": str(State.QUEUED),
            "impressions": 0,
            "queued_at": now.isoformat(),
        }
        numbers.append(insert_row(connection, print_jobs.insert().values(**values)))
    if numbers:
        data = {"run": run, "jobs": numbers, "printer": jobs[0].printer, "pages": sum(_pages(job) for job in jobs)}
        append_event(connection, now, "print-queued", data)
    return numbers


def enqueue_alone(engine: Engine, now: dt.datetime, run: int | None, jobs: Sequence[NewJob]) -> list[int]:
    """`enqueue` in a transaction of its own: a leaflet without numbers, or a run once more."""
    with writing(engine) as connection:
        return enqueue(connection, now, run, jobs)


def list_jobs(
    engine: Engine, states: Sequence[State] = (), run: int | None = None, numbers: Sequence[int] = ()
) -> list[PrintJob]:
    """Jobs in the order they were written down."""
    query = select(print_jobs).order_by(print_jobs.c.job)
    if states:
        query = query.where(print_jobs.c.state.in_([str(state) for state in states]))
    if run is not None:
        query = query.where(print_jobs.c.run == run)
    if numbers:
        query = query.where(print_jobs.c.job.in_(list(numbers)))
    with reading(engine) as connection:
        return [_job(row) for row in connection.execute(query)]


def mark_job(
    engine: Engine,
    job: int,
    state: State,
    now: dt.datetime,
    *,
    queue_job: int | None = None,
    reason: str | None = None,
    impressions: int | None = None,
) -> None:
    """Write down a job's new state, and that of its sheets, voided ones apart. The same state again is no event."""
    with writing(engine) as connection:
        had = connection.execute(select(print_jobs).where(print_jobs.c.job == job)).one()
        values: dict[str, Any] = {"state": str(state), "reason": reason}
        if queue_job is not None:
            values["queue_job"] = queue_job
        if impressions is not None:
            values["impressions"] = impressions
        if state not in OPEN:
            values["ended_at"] = now.isoformat()
        if all(getattr(had, name) == value for name, value in values.items() if name != "ended_at"):
            return
        connection.execute(print_jobs.update().where(print_jobs.c.job == job).values(**values))
        sheet_state = _SHEET_STATES.get(state)
        if sheet_state is not None and had.first_serial is not None:
            # What was printed once stays printed, whatever becomes of a further copy.
            kept = ("voided", "printed")
            connection.execute(
                sheets.update()
                .where(sheets.c.serial.between(had.first_serial, had.last_serial), sheets.c.state.not_in(kept))
                .values(state=sheet_state)
            )
        if had.state != str(state):
            data = {"job": job, "run": had.run, "printer": had.printer, "queue_job": queue_job or had.queue_job}
            append_event(connection, now, f"print-{state}", data | {"reason": reason})


def leave_to_person(connection: Connection, now: dt.datetime) -> None:
    """Say of every job that is not over that nobody knows what became of it: the store is older than the paper."""
    open_jobs = print_jobs.c.state.in_([str(state) for state in (*OPEN, State.REFUSED)])
    waiting = connection.execute(select(print_jobs).where(open_jobs)).all()
    for job in waiting:
        if job.first_serial is not None:
            connection.execute(
                sheets.update()
                .where(
                    sheets.c.serial.between(job.first_serial, job.last_serial),
                    sheets.c.state.not_in(("voided", "printed")),
                )
                .values(state="unknown")
            )
    if waiting:
        values = {"state": str(State.UNKNOWN), "reason": "restored", "ended_at": now.isoformat()}
        connection.execute(print_jobs.update().where(open_jobs).values(**values))
        append_event(connection, now, "print-unknown", {"jobs": [job.job for job in waiting], "reason": "restored"})


def count_states(engine: Engine, run: int) -> Mapping[str, int]:
    """How many sheets of a run are in which state."""
    with reading(engine) as connection:
        rows = connection.execute(
            select(sheets.c.state, func.count()).where(sheets.c.run == run).group_by(sheets.c.state)
        )
        return {row[0]: row[1] for row in rows}


def _pages(job: NewJob) -> int:
    return job.last_page - job.first_page + 1


def _job(row: Any) -> PrintJob:
    options = json.loads(row.options)
    return PrintJob(
        row.job,
        row.run,
        row.title,
        Path(row.pdf),
        row.sha256,
        row.first_page,
        row.last_page,
        row.printer,
        JobOptions(**(options | {"sides": Sides(options["sides"])})),
        row.unattended,
        State(row.state),
        row.queue_job,
        row.reason,
        row.impressions,
        row.queued_at,
    )
