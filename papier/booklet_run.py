"""Out, as booklets: number a class's slips, and write their carnets as A4 sheets to fold and staple."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from sqlalchemy import Engine

from papier.errors import UsageError
from papier.forms.booklet import (
    SchoolYear,
    impose,
    lay_out_back,
    lay_out_calendar,
    lay_out_cover,
    lay_out_instructions,
    lay_out_notes,
    lay_out_stub,
)
from papier.forms.definition import FormDefinition
from papier.forms.frame import TWO_UP_SIZE
from papier.forms.layout import Layout
from papier.forms.pdf import SheetToPrint, face_pdf, write_sheets
from papier.forms.roster_values import prefilled_values
from papier.forms.stacks import Stack
from papier.forms.typesetting import lay_out
from papier.language import translate as _
from papier.print_run import Destination, PrintRun, finish_run, writing_run
from papier.store.sheets import SheetOrder, number_sheets
from papier.store.workspace import Workspace
from papier.workflows.calendar import FRANCE, Region, find_holidays
from papier.workflows.school_calendar import find_school_holiday, parse_zone

# More slips make a booklet that no staple holds.
MOST_SLIPS = 40
PAGES_A_SHEET = 4
# The name under which the settings give the booklets' paper and printer.
BOOKLET = "carnet/carnet"


@dataclass(frozen=True, slots=True)
class Slips:
    """How many slips of one form a booklet holds."""

    form: FormDefinition
    number: int


def school_year(first: int, zone: str | None = None, region: Region = FRANCE) -> SchoolYear:
    """The year from September of `first`, with its public holidays and, with a `zone`, its school holidays.

    Raises UsageError when the school holidays of that year are not known yet.
    """
    start, end = dt.date(first, 9, 1), dt.date(first + 1, 9, 1)
    days = [start + dt.timedelta(place) for place in range((end - start).days)]
    public = {day: name for year in (first, first + 1) for day, name in find_holidays(year, region).items()}
    school: dict[dt.date, str] = {}
    if zone is not None:
        parsed = parse_zone(zone)
        named = [(day, find_school_holiday(day, parsed)) for day in days if day < dt.date(first + 1, 7, 1)]
        school = {day: name for day, name in named if name is not None}
    return SchoolYear(first, {day: public[day] for day in days if day in public}, school, (zone or "").upper())


def print_booklets(
    workspace: Workspace,
    engine: Engine,
    people: Sequence[Mapping[str, str]],
    slips: Sequence[Slips],
    year: SchoolYear,
    output: Path,
    now: dt.datetime,
    progress: Callable[[int], None] | None = None,
    to: Destination | None = None,
) -> PrintRun:
    """One booklet a person of the roster, its slips numbered; `output` is whole or absent.

    When it cannot be written, the numbers are voided. Raises ProgramFailedError then, UsageError without slips.
    """
    kinds = [kind for kind in slips for _ in range(kind.number)]
    if not 0 < len(kinds) <= MOST_SLIPS:
        raise UsageError(
            _("A booklet holds 1 to {most_slips} slips, not {count}.").format(most_slips=MOST_SLIPS, count=len(kinds))
        )
    layouts = {id(kind): lay_out(kind.form) for kind in slips}
    faces = {id(kind): face_pdf(layouts[id(kind)]) for kind in slips}
    orders = [
        SheetOrder(layouts[id(kind)], faces[id(kind)], prefilled_values(layouts[id(kind)], person, ()), person)
        for person in people
        for kind in kinds
    ]
    run, numbers = number_sheets(workspace, engine, orders, now, str(output))
    with writing_run(engine, run, output, now) as partial:
        pdf = _draw(people, kinds, layouts, numbers, year, progress)
        partial.write_bytes(pdf)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        pages = len(document.pages)
    stack = Stack(BOOKLET, 1, pages, TWO_UP_SIZE, both_sides=True, last_sheet=len(numbers) - 1)
    finish_run(engine, run, numbers, output, now, [stack], to=to)
    return PrintRun(run, tuple(numbers), output)


def _draw(
    people: Sequence[Mapping[str, str]],
    kinds: Sequence[Slips],
    layouts: Mapping[int, Layout],
    numbers: Sequence[str],
    year: SchoolYear,
    progress: Callable[[int], None] | None,
) -> bytes:
    """The imposed PDF of all booklets."""
    forms = list({kind.form.form: kind.form for kind in kinds}.values())
    stubs = {id(kind): lay_out_stub(kind.form) for kind in kinds}
    cover, inside = lay_out_cover(year), [lay_out_instructions(forms), *lay_out_calendar(year)]
    notes, back = lay_out_notes(), lay_out_back()
    pages: list[SheetToPrint] = []
    loose: list[SheetToPrint] = []
    slip_of: dict[int, int] = {}
    booklets: list[list[int]] = []
    number = iter(numbers)
    for done, person in enumerate(people, start=1):
        start = len(pages)
        pages += [SheetToPrint(cover, "", person), *(SheetToPrint(page, "") for page in inside)]
        for kind in kinds:
            allotted = next(number)
            slip_of[len(pages)] = len(loose)
            pages += [SheetToPrint(stubs[id(kind)], "", {**person, "numero": allotted}), SheetToPrint(back, "")]
            loose.append(SheetToPrint(layouts[id(kind)], allotted, person))
        # The back cover and what fills the last folded sheet are ruled, to write to and fro.
        pages += [SheetToPrint(notes, "")] * (-(len(pages) - start) % PAGES_A_SHEET)
        booklets.append(list(range(start, len(pages))))
        if progress is not None:
            progress(done)
    return impose(_pdf(pages), booklets, _pdf(loose), slip_of)


def _pdf(sheets: Sequence[SheetToPrint]) -> bytes:
    stream = io.BytesIO()
    write_sheets(stream, sheets)
    return stream.getvalue()
