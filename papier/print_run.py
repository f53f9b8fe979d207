"""Out: number the sheets, freeze their layout, write one PDF, register what was handed out."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from papier.errors import ProgramFailedError
from papier.forms.layout import Layout
from papier.forms.pdf import Picture, SheetToPrint, face_pdf, write_sheets
from papier.forms.roster_values import prefilled_values
from papier.store.sheets import SheetOrder, mark_printed, number_sheets, void_run
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
) -> PrintRun:
    """Number one sheet an addressee and write them to `output`, which is whole or absent.

    When the PDF cannot be written, the run's numbers are voided: a number is never printed twice.
    Raises ProgramFailedError then. `registered` is told the numbers in the transaction that calls them printed.
    """
    batch = [(layout, addressee) for addressee in addressees]
    return print_batch(workspace, engine, batch, output, now, master=master, progress=progress, registered=registered)


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
) -> PrintRun:
    """As `print_sheets`, each sheet of a layout of its own."""
    faces: dict[int, bytes] = {}
    orders = []
    for layout, to in batch:
        if id(layout) not in faces:
            faces[id(layout)] = face_pdf(layout)
        prefilled = prefilled_values(layout, to.values, to.rows)
        orders.append(SheetOrder(layout, faces[id(layout)], prefilled, to.values, master=master))
    run, numbers = number_sheets(workspace, engine, orders, now, str(output))
    with writing_run(engine, run, output, now) as partial:
        write_sheets(partial, _to_print(batch, numbers, master=master), progress)
    mark_printed(
        engine,
        run,
        now,
        str(output),
        None if registered is None else lambda connection: registered(connection, numbers),
    )
    return PrintRun(run, tuple(numbers), output)


@contextmanager
def writing_run(engine: Engine, run: int, output: Path, now: dt.datetime) -> Iterator[Path]:
    """The file to write a run into; it becomes `output` at the end, so that `output` is whole or absent.

    When it cannot be written, the run's numbers are voided. Raises ProgramFailedError then.
    """
    partial = output.with_name(f".{output.name}.{os.getpid()}.partial")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(output)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        void_run(engine, run, now, f"not written: {error}")
        if isinstance(error, OSError):
            raise ProgramFailedError(
                f"{output} cannot be written ({error.strerror}); its numbers are voided. Choose another --output."
            ) from error
        raise


def _to_print(
    batch: Sequence[tuple[Layout, Addressee]], numbers: Sequence[str], *, master: bool
) -> Iterable[SheetToPrint]:
    for (layout, to), number in zip(batch, numbers, strict=True):
        yield SheetToPrint(layout, number, to.values, to.rows, master, pictures=to.pictures)
