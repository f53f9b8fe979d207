"""What follows a batch without anybody at a screen: the orders that came in, then what the settings say is printed.

The section `seance` of the settings:

    seance:
      corrections: oui       # what is to be checked, on sheets
      jour: oui              # the day's sheet, with the day's first batch
      lettres: oui           # letters and reminders due
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from papier.calibration_run import measure_new, words_of
from papier.case_run import Layouts
from papier.checking.paper import print_corrections
from papier.day_run import has_day_sheet, print_letters_due, run_day
from papier.devices.ipp import Server
from papier.devices.print_settings import load_print_settings
from papier.devices.printer_words import in_words, troubles
from papier.devices.printing import find_printer
from papier.errors import ProgramFailedError
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.orders.doing import Office
from papier.orders.running import run_orders
from papier.orders.settings import load_order_settings
from papier.print_run import Destination
from papier.print_sending import Sending, refresh, send_waiting
from papier.settings import raise_found, read_section
from papier.store.print_jobs import PrintJob, State, list_jobs
from papier.store.workspace import SETTINGS_FILE, Workspace
from papier.workflows.definition import Workflow

SECTION = "seance"
_KEYS = ("corrections", "jour", "lettres")


@dataclass(frozen=True)
class SessionSettings:
    """What is printed after a batch, besides what order sheets say."""

    corrections: bool = False
    day: bool = False
    letters: bool = False


def load_session_settings(path: Path) -> SessionSettings:
    """The section of this file; nothing where it is not there. Raises DefinitionError with every mistake."""
    entries, proof = read_section(path, SECTION, _KEYS)
    flags = [bool(proof.flag(entries[key], key)) if key in entries else False for key in _KEYS]
    raise_found(path, proof)
    return SessionSettings(*flags)


def open_office(
    workspace: Workspace, engine: Engine, now: dt.datetime, folders: Sequence[Path], workflows: Sequence[Workflow]
) -> Office:
    """What orders are done with, by the settings of the workspace. Raises DefinitionError where they are wrong."""
    path = workspace.folder / SETTINGS_FILE
    to = Destination(load_print_settings(path), unattended=True)
    return Office(workspace, engine, load_order_settings(path), to, Layouts(folders), workflows, now)


def after_batch(
    workspace: Workspace,
    engine: Engine,
    clock: Callable[[], dt.datetime],
    folders: Sequence[Path],
    workflows: Sequence[Workflow],
) -> Iterator[str]:
    """Do what follows a batch; gives what there is to tell, a line each, as soon as it is done. `folders`: where
    definitions lie. Nothing is done that is not asked for: take all lines.

    Safe to call again, for the same batch or after a kill: it goes by what the store says is still to do. Raises
    ProgramFailedError while a printer refuses what is to be printed, MissingProgramError without CUPS: nothing is lost,
    and the next call tries again.
    """
    settings = load_session_settings(workspace.folder / SETTINGS_FILE)
    now = clock()
    office = open_office(workspace, engine, now, folders, workflows)
    yield from run_orders(office)
    for measured in measure_new(workspace, engine, now):
        yield from words_of(measured)
    if settings.letters and not (settings.day and not has_day_sheet(engine, now.date())):
        letters = print_letters_due(workspace, engine, now, office.path("lettres"), office.layouts, to=office.to)
        if letters is not None and letters.run is not None:
            yield _n(
                "{count} letter or reminder: {output}",
                "{count} letters and reminders: {output}",
                len(letters.run.numbers),
            ).format(count=len(letters.run.numbers), output=letters.run.output)
        yield from letters.faults if letters is not None else ()
    if settings.day and not has_day_sheet(engine, now.date()):
        path = office.path("feuille-du-jour")
        day = run_day(workspace, engine, now, path, office.layouts, letters=settings.letters, to=office.to)
        yield _("Day's sheet: {output}").format(output=path)
        yield from day.letters.faults if day.letters is not None else ()
    if settings.corrections:
        printed = print_corrections(workspace, engine, now, office.path("verification"), to=office.to)
        if printed.path is not None:
            yield _n(
                "{count} sheet of what is to be checked: {output}",
                "{count} sheets of what is to be checked: {output}",
                len(printed.numbers),
            ).format(count=len(printed.numbers), output=printed.path)
    yield from send_all(workspace, engine, Sending(Server.find(), clock))


def send_all(workspace: Workspace, engine: Engine, sending: Sending) -> Iterator[str]:
    """Hand over everything that waits, and look after what was sent before; gives what there is to tell, as it happens.

    Raises ProgramFailedError while a printer refuses something, after everything else was told.
    """
    if not list_jobs(engine, (State.QUEUED, State.OFFERED, State.SENT, State.REFUSED)):
        return
    for job in refresh(engine, sending):
        yield _ended(job)
    jobs = send_waiting(workspace, engine, sending)
    for job in jobs:
        if job.state is State.SENT:
            yield _("{title}: sent to {printer}").format(title=job.title, printer=job.printer)
    for name in dict.fromkeys(job.printer for job in list_jobs(engine, (State.SENT,))):
        printer = find_printer(sending.server, name)
        yield from (f"{name}: {in_words(word)}" for word in troubles(printer.reasons))
    refused = [job for job in jobs if job.state is State.REFUSED]
    if refused:
        raise ProgramFailedError("\n".join(dict.fromkeys(f"{job.title}: {job.reason}" for job in refused)))


def _ended(job: PrintJob) -> str:
    if job.state is State.PRINTED:
        return _("{title}: printed on {printer}").format(title=job.title, printer=job.printer)
    return _("{title}: perhaps not printed whole ({why}). Look in the tray; then: papier sheets").format(
        title=job.title, why=job.reason
    )
