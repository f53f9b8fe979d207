"""From the outbox to the printer: each job handed over once, followed until it is through, and told in plain words.

One papier at a time hands over, under a lock. The queue's number of a job is kept before the job gets its pages: after
a kill at any instant the queue itself says whether it has them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import io
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from sqlalchemy import Engine

from papier.devices.ipp import Server
from papier.devices.printer_words import in_words, message_in_words, troubles
from papier.devices.printing import (
    Job,
    JobState,
    cancel_job,
    check_paper,
    create_job,
    find_job,
    find_printer,
    find_trays,
    match_tray,
    read_pdf,
    send_document,
)
from papier.errors import MissingProgramError, PapierError, StoreError, os_words
from papier.language import translate as _
from papier.store.print_jobs import OPEN, PrintJob, State, list_jobs, mark_job
from papier.store.workspace import Workspace

if sys.platform != "win32":
    import fcntl

LOCK_FILE = "printing.lock"
# A printer takes seconds a page: asked more often it says nothing new.
POLL_SECONDS = 0.5
# Some drivers count a sheet's blank back too. Beyond that the queue has tried a job again: numbers may be out twice.
MOST_IMPRESSIONS = 2
# A printer that is well takes a job within this many seconds; then it is worth saying what CUPS says.
SILENCE_SECONDS = 3.0

Told = Callable[[str], None]


@dataclass(frozen=True)
class Sending:
    """Who prints: the CUPS server, the clock, and how to wait (tests wait otherwise)."""

    server: Server
    now: Callable[[], dt.datetime]
    wait: Callable[[float], None] = time.sleep


def send_waiting(
    workspace: Workspace, engine: Engine, sending: Sending, numbers: Sequence[int] | None = None
) -> list[PrintJob]:
    """Hand over the jobs that wait, or those of `numbers`; gives them as they are then.

    Goes on after a kill. What a printer refuses is "refused", with the reason, and raises nothing. Raises
    MissingProgramError where no CUPS answers; the jobs wait then.
    """
    if numbers is not None and not numbers:
        return []
    with one_sender(workspace):
        states = (State.QUEUED, State.OFFERED, State.REFUSED)
        jobs = [
            job
            for job in list_jobs(engine, states, numbers=numbers or ())
            if job.state is not State.REFUSED or (job.unattended and numbers is None)
        ]
        for job in jobs:
            _hand_over(engine, sending, job)
        return list_jobs(engine, numbers=[job.job for job in jobs]) if jobs else []


def _hand_over(engine: Engine, sending: Sending, job: PrintJob) -> None:
    if job.state is State.OFFERED and job.queue_job is not None:
        known = find_job(sending.server, job.printer, job.queue_job)
        if known is not None and known.has_pages:
            mark_job(engine, job.job, State.SENT, sending.now(), impressions=known.impressions)
            return
        if known is not None and not known.state.over:
            # It stands open without its pages; a fresh one is simpler than to find out whether it still takes them.
            cancel_job(sending.server, job.printer, job.queue_job)
    try:
        data = _pages_of(read_pdf(job.pdf, job.sha256), job.first_page, job.last_page)
        printer = find_printer(sending.server, job.printer)
        options = job.options
        check_paper(options.media, printer)
        if options.tray:
            trays = find_trays(sending.server, printer)
            options = dataclasses.replace(options, tray=match_tray(options.tray, printer.name, trays))
        number = create_job(sending.server, printer, job.title, options)
        mark_job(engine, job.job, State.OFFERED, sending.now(), queue_job=number)
        send_document(sending.server, printer, number, data)
    except (StoreError, MissingProgramError):
        raise
    except PapierError as error:
        mark_job(engine, job.job, State.REFUSED, sending.now(), reason=str(error))
        return
    mark_job(engine, job.job, State.SENT, sending.now())


def refresh(engine: Engine, sending: Sending, numbers: Sequence[int] | None = None) -> list[PrintJob]:
    """Ask once what became of the jobs that were sent; gives those of them that are over now."""
    over = []
    for job in list_jobs(engine, (State.SENT,), numbers=numbers or ()):
        known = None if job.queue_job is None else find_job(sending.server, job.printer, job.queue_job)
        if known is None:
            mark_job(
                engine, job.job, State.UNKNOWN, sending.now(), reason=_("the queue does not know the job any more")
            )
        elif _note(engine, sending, job, known):
            continue
        over += list_jobs(engine, numbers=[job.job])
    return over


def _note(engine: Engine, sending: Sending, job: PrintJob, known: Job) -> bool:
    """Write down what the queue says of a job; True while it goes on."""
    state = State.PRINTED
    reason: str | None = None
    if not known.state.over:
        return True
    if _tried_again(job, known):
        state, reason = State.UNKNOWN, _("the queue tried it several times: keep one sheet of each number")
    elif known.state is JobState.CANCELLED:
        state, reason = State.UNKNOWN, _("the job was cancelled; {why}").format(why=known.message or "–")
    elif known.state is JobState.FAILED:
        state, reason = State.UNKNOWN, _("the printer gave the job up ({why})").format(why=known.message or "–")
    elif not known.impressions and known.message:
        # CUPS calls a job done whose pages the printer would not take; it says so and counts none.
        state, reason = State.UNKNOWN, _("the queue counts no page printed: {why}").format(why=known.message)
    mark_job(engine, job.job, state, sending.now(), reason=reason, impressions=known.impressions)
    return False


def follow(
    engine: Engine, sending: Sending, numbers: Sequence[int], patience: float, told: Told | None = None
) -> list[PrintJob]:
    """Follow jobs until they are through, `patience` seconds at most; gives them as they are then.

    `told` hears each trouble once. A stopped queue is not waited for.
    """
    began = time.monotonic()
    said: set[str] = set()

    def say(words: str) -> None:
        if words not in said and told is not None:
            told(words)
        said.add(words)

    while True:
        refresh(engine, sending, numbers)
        waiting = [job for job in list_jobs(engine, numbers=numbers) if job.state is State.SENT]
        stopped = [_tell_state(sending, job, say, quiet=time.monotonic() > began + SILENCE_SECONDS) for job in waiting]
        if not waiting or all(stopped) or time.monotonic() >= began + patience:
            return list_jobs(engine, numbers=numbers)
        sending.wait(POLL_SECONDS)


def _tell_state(sending: Sending, job: PrintJob, say: Told, *, quiet: bool) -> bool:
    """Say what is the matter with a job's printer; True where the queue is stopped. `quiet`: for a while already."""
    printer = find_printer(sending.server, job.printer)
    for word in troubles(printer.reasons):
        if word != "paused":
            say(in_words(word))
    known = None if job.queue_job is None else find_job(sending.server, job.printer, job.queue_job)
    if known is not None and not printer.stopped:
        if known.state is JobState.WAITING and printer.waiting > 1:
            say(_("{count} jobs wait on {name}; this is one of them.").format(count=printer.waiting, name=printer.name))
        elif known.state is JobState.PRINTING and quiet and known.message:
            say(_("{name}: {message}").format(name=printer.name, message=message_in_words(known.message)))
        if _tried_again(job, known):
            again = _("The queue tries the job again and again. Look for sheets that came out twice. To end it: {end}")
            say(again.format(end=f"papier sheets drop {job.run}"))
    if printer.stopped:
        say(
            _("The queue {name} is stopped ({why}). Let it go on: sudo cupsenable {name}").format(
                name=printer.name, why=printer.message or "–"
            )
        )
    return printer.stopped


def _tried_again(job: PrintJob, known: Job) -> bool:
    return known.impressions > MOST_IMPRESSIONS * job.pages


def is_open(job: PrintJob) -> bool:
    return job.state in OPEN


@contextlib.contextmanager
def one_sender(workspace: Workspace) -> Iterator[None]:
    """Hold the only right to hand jobs over; the system gives it back when the process ends, however it ends."""
    if sys.platform == "win32":
        yield
        return
    path: Path = workspace.folder / LOCK_FILE
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(
            _("{path} cannot be written ({why}). Make the workspace's folder writable.").format(
                path=path, why=os_words(error)
            )
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _pages_of(pdf: bytes, first: int, last: int) -> bytes:
    """Pages `first` to `last` of a PDF; the PDF itself where that is all of it."""
    with pikepdf.open(io.BytesIO(pdf)) as source:
        if first == 1 and last == len(source.pages):
            return pdf
        stream = io.BytesIO()
        with pikepdf.new() as part:
            part.pages.extend(source.pages[first - 1 : last])
            part.save(stream)
        return stream.getvalue()
