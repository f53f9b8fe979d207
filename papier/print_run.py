"""Out: number the sheets, freeze their layout, write one PDF, register what was handed out."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from papier.devices.print_settings import PrintSettings
from papier.errors import ProgramFailedError, os_words
from papier.forms.layout import Layout
from papier.forms.pdf import Picture, SheetToPrint, face_pdf, write_sheets
from papier.forms.roster_values import prefilled_values
from papier.forms.stacks import Stack, find_stacks
from papier.language import translate as _
from papier.store.print_jobs import NewJob, enqueue
from papier.store.sheets import SheetOrder, find_serials, mark_printed, number_sheets, void_run
from papier.store.workspace import Workspace

# Told, within a writing transaction, the numbers of the sheets that were printed.
Registered = Callable[[Connection, Sequence[str]], None]


@dataclass(frozen=True)
class Addressee:
    """Whom a sheet is for: the roster's values, the people of its table rows where a sheet serves a group, and what
    pictures are printed on it.
    """

    values: Mapping[str, str]
    rows: tuple[Mapping[str, str], ...] = ()
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class Destination:
    """Where a run goes besides its PDF: a printer by name, or the settings' choice for each form.

    `unattended`: nobody sits there; what the printer refuses is tried again.
    """

    settings: PrintSettings
    printer: str | None = None
    unattended: bool = False

    def jobs(
        self, title: str, pdf: Path, sha256: str, stacks: Sequence[Stack], first_serial: int | None = None
    ) -> list[NewJob]:
        """One job a stack; stacks of forms that have no printer are left to the PDF."""
        jobs = []
        for stack in stacks:
            printer = self.printer or self.settings.printer_for(stack.form)
            if printer is None:
                continue
            paper = self.settings.paper_for(stack.form, stack.paper)
            job = NewJob(
                f"{title} · {stack.form}",
                pdf,
                sha256,
                stack.first,
                stack.last,
                printer,
                self.settings.options(paper, stack.size_mm, both_sides=stack.both_sides),
            )
            if first_serial is not None and stack.last_sheet >= stack.first_sheet:
                first, last = first_serial + stack.first_sheet, first_serial + stack.last_sheet
                job = dataclasses.replace(job, first_serial=first, last_serial=last)
            jobs.append(job)
        return jobs


@dataclass(frozen=True)
class PrintRun:
    """What was printed: the run's number, the sheets' numbers in order, the PDF."""

    run: int
    numbers: tuple[str, ...]
    output: Path


def print_sheets(
    workspace: Workspace,
    engine: Engine,
    layout: Layout,
    addressees: Sequence[Addressee],
    output: Path,
    now: dt.datetime,
    *,
    master: bool = False,
    progress: Callable[[int], None] | None = None,
    registered: Registered | None = None,
    to: Destination | None = None,
) -> PrintRun:
    """Number one sheet an addressee and write them to `output`, which is whole or absent.

    When the PDF cannot be written, the run's numbers are voided: a number is never printed twice.
    Raises ProgramFailedError then. `registered` is told the numbers in the transaction that calls them printed.
    `to`: the printer whose jobs are written down in the same transaction; `papier.print_sending` hands them over.
    """
    batch = [(layout, addressee) for addressee in addressees]
    return print_batch(
        workspace, engine, batch, output, now, master=master, progress=progress, registered=registered, to=to
    )


def print_batch(
    workspace: Workspace,
    engine: Engine,
    batch: Sequence[tuple[Layout, Addressee]],
    output: Path,
    now: dt.datetime,
    *,
    master: bool = False,
    progress: Callable[[int], None] | None = None,
    registered: Registered | None = None,
    to: Destination | None = None,
) -> PrintRun:
    """As `print_sheets`, each sheet of a layout of its own."""
    faces: dict[int, bytes] = {}
    orders = []
    for layout, whom in batch:
        if id(layout) not in faces:
            faces[id(layout)] = face_pdf(layout)
        prefilled = prefilled_values(layout, whom.values, whom.rows)
        orders.append(SheetOrder(layout, faces[id(layout)], prefilled, whom.values, master=master))
    run, numbers = number_sheets(workspace, engine, orders, now, str(output))
    with writing_run(engine, run, output, now) as partial:
        # One sheet that is printed on both sides makes the whole PDF so: no two letters on one leaf.
        both_sides = any(layout.recto_verso for layout, _whom in batch)
        write_sheets(partial, _to_print(batch, numbers, master=master), progress, both_sides=both_sides)
    finish_run(engine, run, numbers, output, now, find_stacks([layout for layout, _ in batch]), registered, to)
    return PrintRun(run, tuple(numbers), output)


def finish_run(
    engine: Engine,
    run: int,
    numbers: Sequence[str],
    output: Path,
    now: dt.datetime,
    stacks: Sequence[Stack],
    registered: Registered | None = None,
    to: Destination | None = None,
) -> None:
    """Register a run whose PDF is written, its printer's jobs with it, all in one transaction."""
    sha256 = hashlib.sha256(output.read_bytes()).hexdigest()
    jobs = [] if to is None else to.jobs(f"papier {run}", output, sha256, stacks, find_serials(engine, run)[0])

    def register(connection: Connection) -> None:
        if registered is not None:
            registered(connection, numbers)
        if to is not None:
            enqueue(connection, now, run, jobs, unattended=to.unattended)

    mark_printed(
        engine,
        run,
        now,
        str(output),
        register,
        stacks=json.dumps([dataclasses.asdict(stack) for stack in stacks]),
        sha256=sha256,
        for_printer=bool(jobs),
    )


@contextmanager
def writing_run(engine: Engine, run: int, output: Path, now: dt.datetime) -> Iterator[Path]:
    """The file to write a run into; it becomes `output` at the end, so that `output` is whole or absent.

    When it cannot be written, the run's numbers are voided. Raises ProgramFailedError then.
    """
    partial = output.with_name(f".{output.name}.{os.getpid()}.partial")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        partial.replace(output)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        void_run(engine, run, now, f"not written: {error}")
        if isinstance(error, OSError):
            raise ProgramFailedError(
                _("{output} cannot be written ({strerror}); its numbers are voided. Choose another --output.").format(
                    output=output, strerror=os_words(error)
                )
            ) from error
        raise


def _to_print(
    batch: Sequence[tuple[Layout, Addressee]], numbers: Sequence[str], *, master: bool
) -> Iterable[SheetToPrint]:
    for (layout, to), number in zip(batch, numbers, strict=True):
        yield SheetToPrint(layout, number, to.values, to.rows, master, pictures=to.pictures)
