"""Out: number the sheets, freeze their layout, write one PDF, register what was handed out."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from papier.errors import ProgramFailedError
from papier.forms.layout import Layout
from papier.forms.pdf import SheetToPrint, face_pdf, write_sheets
from papier.forms.roster_values import prefilled_values
from papier.store.sheets import SheetOrder, mark_printed, number_sheets, void_run
from papier.store.workspace import Workspace


@dataclass(frozen=True)
class Addressee:
    """Whom a sheet is for: the roster's values, and the people of its table rows where a sheet serves a group."""

    values: Mapping[str, str]
    rows: tuple[Mapping[str, str], ...] = ()


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
) -> PrintRun:
    """Number one sheet an addressee and write them to `output`, which is whole or absent.

    When the PDF cannot be written, the run's numbers are voided: a number is never printed twice.
    Raises ProgramFailedError then.
    """
    face = face_pdf(layout)
    orders = [
        SheetOrder(layout, face, prefilled_values(layout, to.values, to.rows), to.values, master=master)
        for to in addressees
    ]
    run, numbers = number_sheets(workspace, engine, orders, now, str(output))
    partial = output.with_name(f".{output.name}.{os.getpid()}.partial")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_sheets(partial, _to_print(layout, addressees, numbers, master=master), progress)
        partial.replace(output)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        void_run(engine, run, now, f"not written: {error}")
        if isinstance(error, OSError):
            raise ProgramFailedError(
                f"{output} cannot be written ({error.strerror}); its numbers are voided. Choose another --output."
            ) from error
        raise
    mark_printed(engine, run, now, str(output))
    return PrintRun(run, tuple(numbers), output)


def _to_print(
    layout: Layout, addressees: Sequence[Addressee], numbers: Sequence[str], *, master: bool
) -> Iterable[SheetToPrint]:
    for to, number in zip(addressees, numbers, strict=True):
        yield SheetToPrint(layout, number, to.values, to.rows, master)
