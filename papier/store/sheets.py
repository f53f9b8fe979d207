"""The register of sheets: which numbers were given, for which form, to whom; and the reader's view of it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, Engine, func, or_, select

from papier.errors import StoreError, UsageError
from papier.forms.correction_sheet import FORM as CORRECTION_FORM
from papier.forms.layout import Layout
from papier.forms.question_slip import FORM as QUESTION_FORM
from papier.forms.roster_values import known_people, known_values
from papier.forms.sheet_number import SERIALS, SheetNumbers
from papier.forms.stacks import Stack
from papier.language import translate as _
from papier.ocr.register import KnownSheet, PrintedForm
from papier.store.blank_sheets import answers
from papier.store.checks import CHUNK
from papier.store.connection import connect, insert_row, reading, writing
from papier.store.events import append_event
from papier.store.tables import events, layouts, print_runs, records, sheets
from papier.store.workspace import Workspace

# Names given to the reader where a form is also handed out blank; a large school has so many pupils.
MAX_PEOPLE = 3000
# The event that says which numbers a restored or rebuilt store must never give, whether it knows their sheets or not.
RESTORED = "restored"
# Sheets that may have been printed meanwhile, where no store is left that knows.
SERIALS_LEFT_OUT = 10_000
# States of a sheet that may be in somebody's hands.
HANDED_OUT = ("printed", "sent", "unknown")
# What a print run says instead of its PDF where a rebuild found its sheets.
REBUILT = "(rebuilt)"
# Forms that go round inside the office, which prints and reads them itself; a question slip goes to a family.
OFFICE_FORMS, OFFICE_FAMILY = ("papier/ordres", "papier/calibration"), "bureau/"


@dataclass(frozen=True)
class SheetOrder:
    """One sheet to number: its frozen layout and face, what is printed on it beforehand, for whom."""

    layout: Layout
    face: bytes
    prefilled: Mapping[str, str] = field(default_factory=dict)
    person: Mapping[str, str] = field(default_factory=dict)
    master: bool = False


@dataclass(frozen=True)
class FoundSheet:
    """A sheet that no store knew, as its scan shows it."""

    serial: int
    number: str
    layout: Layout
    face: bytes
    master: bool = False


@dataclass(frozen=True)
class OutstandingSheet:
    """A sheet that was handed out and has no record. `person` is its roster row."""

    number: str
    form: str
    title: str
    printed_at: str
    person: Mapping[str, str]

    @property
    def stays_inside(self) -> bool:
        """True where the office itself holds the sheet, to check or to order with: nobody owes it an answer."""
        if self.form == QUESTION_FORM:
            return False
        return self.form in OFFICE_FORMS or self.form.startswith(OFFICE_FAMILY)


def layout_digest(layout: Layout, face: bytes) -> str:
    """The name of a frozen layout: SHA-256 over its JSON and its printed face."""
    return hashlib.sha256(layout.to_frozen().encode() + face).hexdigest()


def number_sheets(
    workspace: Workspace, engine: Engine, orders: Sequence[SheetOrder], now: dt.datetime, output: str | None
) -> tuple[int, list[str]]:
    """Allot one number an order and freeze its layout, in one transaction; gives the print run and the numbers.

    The sheets are "numbered" until `mark_printed`. Raises StoreError when the workspace's numbers are used up.
    """
    numbers = SheetNumbers(workspace.key)
    first = orders[0].layout
    with writing(engine) as connection:
        start = next_serial(connection)
        if start + len(orders) > SERIALS:
            raise StoreError(_("All sheet numbers of this workspace are used. Make a further workspace."))
        run = insert_row(
            connection,
            print_runs.insert().values(
                form=first.form, version=first.version, printed_at=now.isoformat(), output=output, sheets=len(orders)
            ),
        )
        frozen: dict[int, str] = {}
        rows = []
        for serial, order in enumerate(orders, start):
            digest = frozen.get(id(order.layout))
            if digest is None:
                digest = frozen[id(order.layout)] = layout_digest(order.layout, order.face)
                _freeze(connection, digest, order.layout, order.face, now)
            rows.append(
                {
                    "serial": serial,
                    "number": numbers.make(serial),
                    "layout": digest,
                    "run": run,
                    "prefilled": json.dumps(dict(order.prefilled), ensure_ascii=False),
                    "person": json.dumps(dict(order.person), ensure_ascii=False),
                    "master": order.master,
                    "state": "numbered",
                }
            )
        connection.execute(sheets.insert(), rows)
        append_event(
            connection,
            now,
            "numbered",
            {"run": run, "form": first.form, "first": rows[0]["number"], "sheets": len(rows)},
        )
    return run, [str(row["number"]) for row in rows]


def has_sheets(engine: Engine, *, but_found: bool = False) -> bool:
    """True when sheets were numbered here; `but_found`: leaving out those that only a rebuild registered."""
    query = select(sheets.c.serial).join(print_runs, print_runs.c.run == sheets.c.run).limit(1)
    if but_found:
        query = query.where(or_(print_runs.c.output.is_(None), print_runs.c.output != REBUILT))
    with reading(engine) as connection:
        return connection.execute(query).first() is not None


def register_found(engine: Engine, found: Sequence[FoundSheet], now: dt.datetime) -> None:
    """Register sheets that were found in a drawer, each once; no number that may have been given is given again."""
    with writing(engine) as connection:
        known = set(connection.execute(select(sheets.c.serial)).scalars())
        new = [sheet for sheet in found if sheet.serial not in known]
        if not new:
            return
        runs: dict[str, int] = {}
        for sheet in new:
            digest = layout_digest(sheet.layout, sheet.face)
            _freeze(connection, digest, sheet.layout, sheet.face, now)
            if digest not in runs:
                count = sum(1 for other in new if other.layout is sheet.layout)
                runs[digest] = insert_row(
                    connection,
                    print_runs.insert().values(
                        form=sheet.layout.form,
                        version=sheet.layout.version,
                        printed_at=now.isoformat(),
                        output=REBUILT,
                        sheets=count,
                    ),
                )
            connection.execute(
                sheets.insert().values(
                    serial=sheet.serial,
                    number=sheet.number,
                    layout=digest,
                    run=runs[digest],
                    prefilled="{}",
                    person="{}",
                    master=sheet.master,
                    state="printed",
                )
            )
        beyond = max(sheet.serial for sheet in new) + 1 + SERIALS_LEFT_OUT
        append_event(connection, now, RESTORED, {"backup": None, "sheets": len(new), "next_serial": beyond})


def _freeze(connection: Connection, digest: str, layout: Layout, face: bytes, now: dt.datetime) -> None:
    if connection.execute(select(layouts.c.digest).where(layouts.c.digest == digest)).first():
        return
    connection.execute(
        layouts.insert().values(
            digest=digest,
            form=layout.form,
            version=layout.version,
            frozen=layout.to_frozen(),
            face=face,
            first_printed=now.isoformat(),
        )
    )


def next_serial(connection: Connection) -> int:
    """The first serial that no sheet can have: beyond every known one, and beyond what a restore left out."""
    last = connection.execute(select(func.max(sheets.c.serial))).scalar()
    left_out = [
        json.loads(data).get("next_serial", 0)
        for data in connection.execute(select(events.c.data).where(events.c.kind == RESTORED)).scalars()
    ]
    return int(max([0 if last is None else last + 1, *left_out]))


def mark_printed(
    engine: Engine,
    run: int,
    now: dt.datetime,
    output: str | None,
    also: Callable[[Connection], None] | None = None,
    *,
    stacks: str | None = None,
    sha256: str | None = None,
    for_printer: bool = False,
) -> None:
    """Say that the PDF of a print run is written; `also` happens in the same transaction.

    Its sheets are printed as far as anybody knows; those `for_printer` stay numbered until their job is through.
    `stacks` (JSON) and `sha256` are kept, so that the same PDF can be sent again.
    """
    with writing(engine) as connection:
        if not for_printer:
            connection.execute(sheets.update().where(sheets.c.run == run).values(state="printed"))
        connection.execute(
            print_runs.update().where(print_runs.c.run == run).values(output=output, stacks=stacks, sha256=sha256)
        )
        append_event(connection, now, "written" if for_printer else "printed", {"run": run, "output": output})
        if also is not None:
            also(connection)


def find_serials(engine: Engine, run: int) -> tuple[int, int]:
    """The first and last serial of a run, whose sheets were numbered together."""
    with reading(engine) as connection:
        query = select(func.min(sheets.c.serial), func.max(sheets.c.serial)).where(sheets.c.run == run)
        row = connection.execute(query).one()
    return row[0], row[1]


def find_run_output(engine: Engine, run: int) -> tuple[Path | None, str | None, list[Stack]]:
    """The PDF of a run, its hash and its stacks; nothing of the last two where an earlier papier printed it.

    Raises UsageError where there is no such run.
    """
    with reading(engine) as connection:
        row = connection.execute(select(print_runs).where(print_runs.c.run == run)).first()
    if row is None:
        raise UsageError(_("There is no print run {run}. See: papier sheets").format(run=run))
    stacks = [Stack(**(entry | {"size_mm": tuple(entry["size_mm"])})) for entry in json.loads(row.stacks or "[]")]
    return Path(row.output) if row.output else None, row.sha256, stacks


def void_run(engine: Engine, run: int, now: dt.datetime, reason: str) -> None:
    """Void the sheets of a run that was never printed or was spoiled: their numbers are never used again."""
    with writing(engine) as connection:
        connection.execute(sheets.update().where(sheets.c.run == run).values(state="voided"))
        append_event(connection, now, "voided", {"run": run, "reason": reason})


def find_outstanding(engine: Engine, form: str | None = None, run: int | None = None) -> list[OutstandingSheet]:
    """Sheets handed out that no record answers, those that came back blank among them, in the order they were printed.

    Masters are never expected back.
    """
    query = (
        select(sheets, layouts.c.form, layouts.c.frozen, print_runs.c.printed_at)
        .join(layouts, layouts.c.digest == sheets.c.layout)
        .join(print_runs, print_runs.c.run == sheets.c.run)
        .where(sheets.c.state.in_(HANDED_OUT), sheets.c.master.is_(False))
        .where(~select(records.c.record).where(records.c.sheet == sheets.c.number, answers()).exists())
        .order_by(sheets.c.serial)
    )
    if form is not None:
        query = query.where(layouts.c.form == form)
    if run is not None:
        query = query.where(sheets.c.run == run)
    with reading(engine) as connection:
        return [
            OutstandingSheet(
                row.number, row.form, json.loads(row.frozen)["title"], row.printed_at, json.loads(row.person)
            )
            for row in connection.execute(query)
        ]


def find_layout(engine: Engine, form: str, version: int, sheet: str | None) -> Layout | None:
    """The frozen layout of a sheet, or the latest of its form and version where the number was not read."""
    with reading(engine) as connection:
        query = select(layouts.c.frozen).where(layouts.c.form == form, layouts.c.version == version)
        if sheet is not None:
            query = query.join(sheets, sheets.c.layout == layouts.c.digest).where(sheets.c.number == sheet)
        frozen = connection.execute(query.order_by(layouts.c.first_printed.desc()).limit(1)).scalar()
    return None if frozen is None else Layout.from_frozen(frozen)


def find_faces(engine: Engine, numbers: Iterable[str | None]) -> dict[str, Layout]:
    """What is printed on these sheets, by number; a copy of a master (`number#record`) is found by its number."""
    wanted = sorted({number.partition("#")[0] for number in numbers if number})
    known: dict[str, Layout] = {}
    found: dict[str, Layout] = {}
    with reading(engine) as connection:
        for start in range(0, len(wanted), CHUNK):
            part = wanted[start : start + CHUNK]
            query = select(sheets.c.number, sheets.c.layout).where(sheets.c.number.in_(part))
            for row in connection.execute(query):
                if row.layout not in known:
                    frozen = select(layouts.c.frozen).where(layouts.c.digest == row.layout)
                    known[row.layout] = Layout.from_frozen(connection.execute(frozen).scalar_one())
                found[row.number] = known[row.layout]
    return found


class StoreRegister:
    """The reader's view of a workspace. Can be pickled: each process opens the store for itself."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._engine: Engine | None = None

    def __getstate__(self) -> dict[str, Workspace]:
        return {"workspace": self.workspace}

    def __setstate__(self, state: dict[str, Workspace]) -> None:
        self.workspace = state["workspace"]
        self._engine = None

    @property
    def key(self) -> bytes:
        return self.workspace.key

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            self._engine = connect(self.workspace)
        return self._engine

    def find_sheet(self, number: str) -> KnownSheet | None:
        with reading(self.engine) as connection:
            row = connection.execute(
                select(sheets, layouts.c.frozen, layouts.c.face, print_runs.c.printed_at)
                .join(layouts, layouts.c.digest == sheets.c.layout)
                .join(print_runs, print_runs.c.run == sheets.c.run)
                .where(sheets.c.number == number)
            ).first()
            if row is None:
                return None
            form = _printed_form(row.frozen, row.face)
            prefilled, person = json.loads(row.prefilled), json.loads(row.person)
            people = [person] if person else self._people(connection, form.layout, prefilled)
        return KnownSheet(
            row.number,
            form,
            prefilled,
            known_values(form.layout, people, prefilled),
            known_people(form.layout, people, prefilled),
            dt.datetime.fromisoformat(row.printed_at).date(),
            row.master,
        )

    def _people(self, connection: Connection, layout: Layout, prefilled: Mapping[str, str]) -> list[dict[str, str]]:
        """Everybody whom sheets of this form were printed for, where a field is left to their hand."""
        if not any(demand.roster and name not in prefilled for name, demand in layout.demands.items()):
            return []
        rows = connection.execute(
            select(sheets.c.person)
            .join(layouts, layouts.c.digest == sheets.c.layout)
            .where(layouts.c.form == layout.form, sheets.c.state != "voided", sheets.c.person != "{}")
            .order_by(sheets.c.serial.desc())
            .limit(MAX_PEOPLE)
        ).scalars()
        return [json.loads(person) for person in dict.fromkeys(rows)]

    def forms(self) -> Iterator[PrintedForm]:
        # Sheets of corrections and slips have a layout each and would crowd out the others: without a number they are
        # unknown pages.
        query = (
            select(layouts.c.frozen, layouts.c.face)
            .where(layouts.c.form.not_in([CORRECTION_FORM, QUESTION_FORM]))
            .order_by(layouts.c.first_printed.desc())
        )
        with reading(self.engine) as connection:
            rows = connection.execute(query).all()
        for row in rows:
            yield _printed_form(row.frozen, row.face)


class EmptyRegister:
    """The register of no workspace at all: reading then knows only the forms it is given."""

    def __init__(self, forms: Sequence[PrintedForm] = (), key: bytes = bytes(32)) -> None:
        self._forms = tuple(forms)
        self.key = key

    def find_sheet(self, number: str) -> KnownSheet | None:  # noqa: ARG002 - the protocol's signature
        return None

    def forms(self) -> Sequence[PrintedForm]:
        return self._forms


# A batch is of a few forms; parsing a frozen layout costs as much as reading a page's ticks.
@lru_cache(maxsize=64)
def _printed_form(frozen: str, face: bytes) -> PrintedForm:
    return PrintedForm(Layout.from_frozen(frozen), face)


def list_runs(engine: Engine) -> list[tuple[int, str, str, int, Path | None]]:
    """Print runs, oldest first: number, form, when, how many sheets, where the PDF was written."""
    with reading(engine) as connection:
        return [
            (row.run, row.form, row.printed_at, row.sheets, Path(row.output) if row.output else None)
            for row in connection.execute(select(print_runs).order_by(print_runs.c.run))
        ]
