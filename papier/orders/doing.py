"""How each kind of order is done. What it puts on paper and that it is done stand in one transaction: it happens once.

An order that was begun when the program was killed is done again from the start; nothing of it was handed to a printer.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pikepdf
from sqlalchemy import Connection, Engine

from papier.case_run import Layouts, begin_cases
from papier.checking.paper import print_corrections
from papier.day_run import print_letters_due, run_day
from papier.errors import PapierError, StoreError, UsageError
from papier.forms.definition import FormDefinition, TableField
from papier.forms.layout import Layout
from papier.forms.pdf import write_items
from papier.forms.roster import find_twins, group_people, load_roster, split_complete
from papier.forms.roster_values import unprintable_values
from papier.forms.stacks import Stack
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.orders.settings import (
    BACKUP,
    CHECKING,
    DAY,
    MISSING,
    PRINT,
    REGISTER,
    REMINDERS,
    OrderSettings,
)
from papier.paper_trail import chain_at, print_register
from papier.print_run import Addressee, Destination, Registered, print_sheets
from papier.store.backup import make_backup
from papier.store.cases import Filter, list_cases
from papier.store.connection import writing
from papier.store.orders import Order, OrderState, finish_order
from papier.store.print_jobs import NewJob, enqueue
from papier.store.workspace import Workspace
from papier.workflows.case import Stage
from papier.workflows.definition import Workflow
from papier.workflows.library import find_opened
from papier.workflows.row_words import day_words
from papier.workflows.wall_pages import A4, missing_pages


@dataclass(frozen=True)
class Office:
    """Everything that orders are done with: the workspace, what its settings allow, where it prints, today."""

    workspace: Workspace
    engine: Engine
    settings: OrderSettings
    to: Destination
    layouts: Layouts
    workflows: Sequence[Workflow]
    now: dt.datetime

    def path(self, name: str) -> Path:
        """Where a PDF of this moment goes, in the workspace; a file that is there already is left."""
        stamp = self.now.strftime("%Y-%m-%d-%H%M%S")
        found = self.workspace.printed / f"{name}-{stamp}.pdf"
        at = 2
        while found.exists():
            found = found.with_name(f"{name}-{stamp}-{at}.pdf")
            at += 1
        return found


@dataclass
class _Doing:
    """One order being done: `finish` goes into the transaction that registers what it prints."""

    office: Office
    sheet: str
    order: Order
    told: Callable[[int], str] = lambda _count: ""
    finished: bool = False
    left_out: list[str] = field(default_factory=list)

    def finish(self, connection: Connection, numbers: Sequence[str] = ()) -> None:
        words = self.told(len(numbers))
        if numbers:
            words = words.format(count=len(numbers), first=numbers[0], last=numbers[-1])
        words = " ".join([words, *self.left_out])
        finish_order(connection, self.sheet, self.order, OrderState.DONE, words, self.office.now)
        self.finished = True

    def finish_alone(self, words: str) -> None:
        self.told = lambda _count: words
        with writing(self.office.engine) as connection:
            self.finish(connection)


def do_order(office: Office, sheet: str, order: Order) -> None:
    """Do an order and write down that it is done, or why it cannot be: that is told on paper, and it is over.

    Raises StoreError and what else has nothing to do with this order.
    """
    doing = _Doing(office, sheet, order)
    try:
        _HOW[order.what](doing)
    except PapierError as error:
        # A store that is busy is tried again; a disk for the backup that is not there is told.
        if doing.finished or (isinstance(error, StoreError) and order.what != BACKUP):
            raise
        with writing(office.engine) as connection:
            finish_order(connection, sheet, order, OrderState.REFUSED, str(error), office.now)


def _print(doing: _Doing) -> None:
    office, order = doing.office, doing.order
    definition, layout = office.layouts.definition(order.form), office.layouts.find(order.form)
    begins: Registered | None = None
    if order.copies is not None:
        values = {"classe": order.class_} if order.class_ else {}
        people = [Addressee(values)] * order.copies
    else:
        people = _class_of(doing, definition, layout)
        workflow = find_opened(order.form, office.workflows)
        if workflow is not None:
            begins = begin_cases(office.workspace, workflow, order.form, people, office.now)
    doing.told = lambda count: _n("Done: {count} sheet, {first}.", "Done: {count} sheets, {first} to {last}.", count)

    def registered(connection: Connection, numbers: Sequence[str]) -> None:
        if begins is not None:
            begins(connection, numbers)
        doing.finish(connection, numbers)

    path = office.path(order.form.replace("/", "-"))
    print_sheets(office.workspace, office.engine, layout, people, path, office.now, registered=registered, to=office.to)


def _class_of(doing: _Doing, definition: FormDefinition, layout: Layout) -> list[Addressee]:
    """The pupils of the class, each told who is left out. Raises UsageError when nobody is left."""
    office, order = doing.office, doing.order
    listed = office.settings.rosters.get(order.class_)
    if listed is None:
        raise UsageError(_("There is no list of the class {name} in the settings.").format(name=order.class_))
    roster = load_roster(listed)
    table = next((one for one in definition.fields() if isinstance(one, TableField) and one.roster_rows), None)
    needed = [column for column in layout.roster_columns() if column in roster.columns]
    if table is not None and table.group_by is not None and table.group_by not in needed:
        needed.append(table.group_by)
    complete, problems = split_complete(roster, needed)
    if table is None:
        people = [Addressee(dict(person.values)) for person in complete]
    else:
        groups = group_people(complete, table.group_by, table.row_count)
        people = [Addressee(dict(group[0].values), tuple(dict(one.values) for one in group)) for group in groups]
    faulty = [whom for whom in people if unprintable_values(layout, whom.values, whom.rows)]
    people = [whom for whom in people if whom not in faulty]
    left = [*(problem.message for problem in (*roster.problems, *problems))]
    left += [" ".join(whom.values.values()) for whom in faulty]
    if left:
        doing.left_out.append(_("Left out: {who}").format(who="; ".join(left)))
    doing.left_out += [twins.message for twins in find_twins(roster)]
    if not people:
        raise UsageError(_("The list of {name} names nobody for this form.").format(name=order.class_))
    return people


def _day(doing: _Doing) -> None:
    office = doing.office
    doing.told = lambda _count: _("Done: the day's sheet, {first}.")
    run_day(
        office.workspace,
        office.engine,
        office.now,
        office.path("feuille-du-jour"),
        office.layouts,
        to=office.to,
        also=doing.finish,
    )


def _reminders(doing: _Doing) -> None:
    office = doing.office
    doing.told = lambda count: _n(
        "Done: {count} letter or reminder, {first}.", "Done: {count} letters and reminders, {first} to {last}.", count
    )
    path = office.path("lettres")
    printed = print_letters_due(
        office.workspace, office.engine, office.now, path, office.layouts, to=office.to, also=doing.finish
    )
    faults = "; ".join(printed.faults) if printed is not None else ""
    if not doing.finished:
        doing.finish_alone(_("Done: no letter is due today.") + (f" {faults}" if faults else ""))


def _checking(doing: _Doing) -> None:
    office = doing.office
    doing.told = lambda count: _n(
        "Done: {count} sheet of what is to be checked.", "Done: {count} sheets of what is to be checked.", count
    )
    path = office.path("verification")
    print_corrections(office.workspace, office.engine, office.now, path, to=office.to, also=doing.finish)
    if not doing.finished:
        doing.finish_alone(_("Done: nothing is to be checked on paper."))


def _missing(doing: _Doing) -> None:
    office = doing.office
    groups: dict[str, list[tuple[str, str, str, str]]] = {}
    for case, known in list_cases(office.engine, Filter(open_only=True), office.now):
        step = known.steps[case.step]
        if step.back is None or case.stage(known) is not Stage.WAIT:
            continue
        sent = case.marks.get(f"{case.step}.sent")
        sheet = next((entry.sheet for entry in reversed(case.sheets) if entry.form == step.back.form), "")
        row = (case.name, step.title.fr, day_words(sent.prudent if sent is not None else case.opened), sheet)
        groups.setdefault(case.person.get("classe", ""), []).append(row)
    title = "Qui n'a pas répondu"
    pages = missing_pages(title, f"le {day_words(office.now.date())}", dict(sorted(groups.items())) or {"": []})
    path = office.path("manquants")
    write_items(path, A4, title, pages)
    awaited = sum(len(rows) for rows in groups.values())
    doing.told = lambda _count: _("Done. Answers awaited: {people}.").format(people=awaited)
    enqueue_leaflet(office, path, len(pages), "manquants", doing.finish)


def _backup(doing: _Doing) -> None:
    office = doing.office
    if office.settings.backup is None:
        raise UsageError(_("The settings say no place for the backup."))
    made = make_backup(office.workspace, office.settings.backup, office.now)
    doing.finish_alone(_("Done: backup in {folder}.").format(folder=made.folder))


def _register(doing: _Doing) -> None:
    """The register of the month that is over; of the running one while nothing is older."""
    office = doing.office
    today = office.now.date()
    before = today.replace(day=1) - dt.timedelta(1)
    month = before if chain_at(office.engine, before)[0] else today
    path = office.path("registre")
    made = print_register(office.workspace, office.engine, month, path, today)
    with pikepdf.open(path) as document:
        pages = len(document.pages)
    doing.told = lambda _count: _n(
        "Done: register of {month}, {records} record.", "Done: register of {month}, {records} records.", made.records
    ).format(month=f"{made.month:%m/%Y}", records=made.records)
    enqueue_leaflet(office, path, pages, "registre", doing.finish)


_HOW: Mapping[str, Callable[[_Doing], None]] = {
    PRINT: _print,
    DAY: _day,
    REMINDERS: _reminders,
    CHECKING: _checking,
    MISSING: _missing,
    BACKUP: _backup,
    REGISTER: _register,
}


def enqueue_leaflet(
    office: Office, pdf: Path, pages: int, form: str, also: Callable[[Connection], None] | None = None
) -> None:
    """Write down that a PDF without numbers is to be printed, and `also`, in one transaction."""
    jobs = leaflet_jobs(office, pdf, pages, form)
    with writing(office.engine) as connection:
        enqueue(connection, office.now, None, jobs, unattended=office.to.unattended)
        if also is not None:
            also(connection)


def leaflet_jobs(office: Office, pdf: Path, pages: int, form: str) -> list[NewJob]:
    """The jobs of an A4 PDF without numbers; none without a printer."""
    sha256 = hashlib.sha256(pdf.read_bytes()).hexdigest()
    return office.to.jobs("papier", pdf, sha256, [Stack(form, 1, pages, (A4[0], A4[1]))])
