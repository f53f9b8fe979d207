"""Out, for cases: begin them with their first sheets, print what a step asks for, and tell their history of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from papier.errors import UsageError
from papier.forms.definition import Address, FormDefinition, TableField
from papier.forms.layout import Layout
from papier.forms.library import find_form
from papier.forms.parsing import load_form
from papier.forms.roster_values import fill_template, unprintable_values
from papier.forms.typesetting import lay_out
from papier.language import translate as _
from papier.print_run import Addressee, Destination, PrintRun, Registered, print_batch
from papier.store.cases import CaseLedger
from papier.store.connection import reading
from papier.store.workspace import Workspace, read_settings
from papier.workflows.case import Case, Stage
from papier.workflows.definition import Step, Workflow
from papier.workflows.events import Kind
from papier.workflows.letter_values import address_faults, letter_values
from papier.workflows.place import parse_place


class Layouts:
    """The layouts of forms by name, each made once."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = folders
        self._known: dict[str, Layout] = {}
        self._definitions: dict[str, FormDefinition] = {}

    def find(self, form: str) -> Layout:
        """Raises UsageError when there is no such form, DefinitionError and LayoutError when it is wrong."""
        if form not in self._known:
            self._known[form] = lay_out(self.definition(form))
        return self._known[form]

    def definition(self, form: str) -> FormDefinition:
        if form not in self._definitions:
            self._definitions[form] = load_form(find_form(form, self.folders))
        return self._definitions[form]

    def rows_of(self, form: str) -> int:
        """How many rows the table of a form has at most."""
        return self._table(form)[1].row_count

    def find_sized(self, form: str, rows: int) -> Layout:
        """The layout of a form with a table just large enough for `rows`, in one of few sizes.

        Few, because each is a printed face of its own that a page without a legible number is compared with.
        """
        definition, table = self._table(form)
        most = table.row_count
        size = next(size for size in (most // 3, 2 * most // 3, most) if size >= rows)
        name = f"{form}#{size}"
        if name not in self._known:
            smaller = dataclasses.replace(table, row_count=size)
            blocks = tuple(smaller if block is table else block for block in definition.blocks)
            self._known[name] = lay_out(dataclasses.replace(definition, blocks=blocks))
        return self._known[name]

    def _table(self, form: str) -> tuple[FormDefinition, TableField]:
        definition = self.definition(form)
        for block in definition.blocks:
            if isinstance(block, TableField):
                return definition, block
        raise UsageError(_("The form {form} has no table. Put the shipped one back.").format(form=form))

    def address_of(self, forms: Sequence[str], values: Mapping[str, str]) -> list[str]:
        """The lines in the window of the first of these letters that has one; [] where nothing is known of them."""
        for form in forms:
            for block in self.definition(form).blocks:
                if isinstance(block, Address):
                    lines = [fill_template(line, values) for line in block.lines]
                    return [line for line in lines if line]
        return []


@dataclass(frozen=True)
class CaseSheet:
    """One sheet to print for a case: which step prints it, whether it stays in the folder."""

    case: int
    step: str
    form: str
    values: Mapping[str, str]
    slip: bool = False


@dataclass(frozen=True)
class CasePrint:
    """What was printed: the run (None where there was nothing), the cases, and what could not be printed and why."""

    run: PrintRun | None
    cases: tuple[int, ...]
    faults: tuple[str, ...]
    slips: int = 0


def open_cases(
    workspace: Workspace,
    engine: Engine,
    workflow: Workflow,
    form: str,
    people: Sequence[Mapping[str, str]],
    output: Path,
    now: dt.datetime,
    layouts: Layouts,
    *,
    rows: Sequence[tuple[Mapping[str, str], ...]] = (),
    progress: Callable[[int], None] | None = None,
    to: Destination | None = None,
) -> tuple[PrintRun, list[int]]:
    """Begin a case for each of `people` and print its first sheets, with its follow-up sheet where the step has one.

    All in one transaction once the PDF is written: there is no case without its sheet, and no sheet without its case.
    """
    step = workflow.first
    settings = read_settings(workspace)
    place = parse_place(settings)
    batch: list[tuple[Layout, Addressee]] = []
    owners: list[tuple[int, str]] = []
    with reading(engine) as connection:
        first = CaseLedger(connection, now).next_number()
    for at, person in enumerate(people):
        group = rows[at] if at < len(rows) else ()
        for name in (*workflow.forms_of(step.name, form), *((step.slip,) if step.slip else ())):
            for _copy in range(1 if name == step.slip else step.sheets):
                # A follow-up sheet names its case, which is given its number as soon as the sheets are printed.
                more = {"cas": str(first + at), "titre": workflow.title.fr, "demandeur": _name(person)}
                values = {**settings, **person, **(more if name == step.slip else {})}
                batch.append((layouts.find(name), Addressee(values, group)))
                owners.append((at, name))
    numbers: list[int] = []

    def begin(connection: Connection, sheets: Sequence[str]) -> None:
        ledger = CaseLedger(connection, now)
        if ledger.next_number() != first:
            raise UsageError(_("Another papier opened cases meanwhile. Run the same command again."))
        for person in people:
            case = ledger.open(workflow, form, person, place=place)
            numbers.append(case.number)
        printed: dict[int, list[list[str]]] = {}
        for (at, name), sheet in zip(owners, sheets, strict=True):
            printed.setdefault(at, []).append([sheet, name])
        for at, number in enumerate(numbers):
            ledger.record(
                number, Kind.PRINTED, {"step": step.name, "sheets": printed[at], "on": now.date().isoformat()}
            )

    run = print_batch(workspace, engine, batch, output, now, progress=progress, registered=begin, to=to)
    return run, numbers


def begin_cases(
    workspace: Workspace, workflow: Workflow, form: str, addressees: Sequence[Addressee], now: dt.datetime
) -> Callable[[Connection, Sequence[str]], None]:
    """What `print_sheets` calls to begin a case for each sheet it printed."""
    place = parse_place(read_settings(workspace))

    def begin(connection: Connection, sheets: Sequence[str]) -> None:
        ledger = CaseLedger(connection, now)
        for addressee, sheet in zip(addressees, sheets, strict=True):
            case = ledger.open(workflow, form, addressee.values, place=place)
            printed = {"step": case.step, "sheets": [[sheet, form]], "on": now.date().isoformat()}
            ledger.record(case.number, Kind.PRINTED, printed)

    return begin


def _name(person: Mapping[str, str]) -> str:
    return " ".join(filter(None, (person.get("nom"), person.get("prenom"))))


def sheets_to_print(
    cases: Sequence[tuple[Case, Workflow]], today: dt.date, settings: Mapping[str, str]
) -> list[CaseSheet]:
    """What the active steps of these cases have to print and have not printed: letters first, follow-up sheets last."""
    found = []
    for case, workflow in cases:
        for name in case.active():
            if case.stage(workflow, name) is Stage.PRINT:
                found += step_sheets(case, workflow, workflow.steps[name], today, settings)
    return sorted(found, key=lambda sheet: sheet.slip)


def step_sheets(
    case: Case, workflow: Workflow, step: Step, today: dt.date, settings: Mapping[str, str]
) -> list[CaseSheet]:
    """The sheets of one step, whether they were printed before or not."""
    values = letter_values(case, workflow, step, today, settings)
    found = [
        CaseSheet(case.number, step.name, form, values)
        for form in workflow.forms_of(step.name, case.form)
        for _ in range(step.sheets)
    ]
    if step.slip is not None:
        found.append(CaseSheet(case.number, step.name, step.slip, values, slip=True))
    return found


def print_case_sheets(
    workspace: Workspace,
    engine: Engine,
    sheets: Sequence[CaseSheet],
    output: Path,
    now: dt.datetime,
    layouts: Layouts,
    progress: Callable[[int], None] | None = None,
    *,
    to: Destination | None = None,
    also: Registered | None = None,
) -> CasePrint:
    """Number and print sheets of cases into one PDF, and tell each case. A case whose sheets cannot be printed whole is
    left out with all of them, and its fault told. `also` is told the numbers in the same transaction.
    """
    faults: dict[int, list[str]] = {}
    for sheet in sheets:
        found = [*unprintable_values(layouts.find(sheet.form), sheet.values), *address_faults(sheet.values)]
        faults.setdefault(sheet.case, []).extend(found)
    sound = [sheet for sheet in sheets if not faults[sheet.case]]
    told = tuple(
        _("case {case}: {fault}").format(case=case, fault=fault)
        for case, found in faults.items()
        for fault in dict.fromkeys(found)
    )
    if not sound:
        return CasePrint(None, (), told)

    def tell(connection: Connection, numbers: Sequence[str]) -> None:
        ledger = CaseLedger(connection, now)
        printed: dict[tuple[int, str], list[list[str]]] = {}
        for sheet, number in zip(sound, numbers, strict=True):
            printed.setdefault((sheet.case, sheet.step), []).append([number, sheet.form])
        for (case, step), pairs in printed.items():
            ledger.record(case, Kind.PRINTED, {"step": step, "sheets": pairs, "on": now.date().isoformat()})
        if also is not None:
            also(connection, numbers)

    batch = [(layouts.find(sheet.form), Addressee(sheet.values)) for sheet in sound]
    run = print_batch(workspace, engine, batch, output, now, progress=progress, registered=tell, to=to)
    cases = tuple(dict.fromkeys(sheet.case for sheet in sound))
    return CasePrint(run, cases, told, sum(sheet.slip for sheet in sound))
