"""One numbered sheet, and printing it again: a new number, or the same one, said so."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from papier.desk.office import Form, Office
from papier.desk.printing import find_destination, hand_over, job_lines
from papier.desk.records import pdf
from papier.errors import UsageError
from papier.forms.pdf import SheetToPrint, write_sheets
from papier.language import translate as _
from papier.print_run import Addressee, print_sheets
from papier.store.cases import find_case_of_sheet
from papier.store.connection import writing
from papier.store.events import append_event
from papier.store.overview import SheetLine, find_run, find_sheet, latest_records

VOIDED = "voided"


def show(office: Office, request: Request) -> Response:
    sheet = _find(office, request)
    return office.page(
        "sheet.html",
        sheet=sheet,
        name=" ".join(filter(None, (sheet.person.get("nom"), sheet.person.get("prenom")))),
        records=latest_records(office.engine, limit=20, sheet=sheet.number),
        case=find_case_of_sheet(office.engine, sheet.number),
        has_pdf=_is_there(sheet.output),
        whole=_is_whole(sheet),
    )


def print_new(office: Office, request: Request, form: Form) -> Response:  # noqa: ARG001
    """A further sheet for the same person, on the layout of the first, with a number of its own."""
    sheet = _find(office, request)
    if not _is_whole(sheet) or find_case_of_sheet(office.engine, sheet.number) is not None:
        raise UsageError(_("This sheet is not printed anew from here. Print it from its case or its roster."))
    to = find_destination(office)
    run = print_sheets(
        office.workspace,
        office.engine,
        sheet.layout,
        [Addressee(sheet.person)],
        office.free_output(sheet.layout.form.replace("/", "-")),
        office.now(),
        master=sheet.master,
        to=to,
    )
    hand_over(office, to)
    return office.go(f"/printed/{run.run}")


def print_same(office: Office, request: Request, form: Form) -> Response:  # noqa: ARG001
    """The same sheet with the same number, for paper that was spoiled before anybody wrote on it."""
    sheet = _find(office, request)
    if not _is_whole(sheet) or sheet.state == VOIDED:
        raise UsageError(_("This sheet cannot be printed a second time. Print a new one."))
    output = office.free_output(f"{sheet.number}-encore")
    with writing(office.engine) as connection:
        append_event(connection, office.now(), "printed-again", {"sheet": sheet.number, "output": str(output)})
    write_sheets(output, [SheetToPrint(sheet.layout, sheet.number, sheet.person, master=sheet.master)])
    return office.page("again.html", sheet=sheet, file=output.name)


def show_run(office: Office, request: Request) -> Response:
    form, numbers, output = _find_run(office, request)
    return office.page(
        "printed.html",
        run=request.path_params["run"],
        form=form,
        numbers=numbers,
        told=job_lines(office, request.path_params["run"]),
        has_pdf=_is_there(output),
        output="" if output is None else str(output),
    )


def run_pdf(office: Office, request: Request) -> Response:
    _form, _numbers, output = _find_run(office, request)
    if output is None or not _is_there(output):
        raise UsageError(_("The PDF of this print run is no longer there."))
    return pdf(output, output.name)


def printed_file(office: Office, request: Request) -> Response:
    """One of the PDFs in the workspace's folder of printed ones."""
    name = request.path_params["name"]
    path = next((path for path in office.workspace.printed.glob("*.pdf") if path.name == name), None)
    if path is None:
        raise UsageError(_("This PDF is no longer there."))
    return pdf(path, path.name)


def _find(office: Office, request: Request) -> SheetLine:
    number = request.path_params["number"].upper()
    sheet = find_sheet(office.engine, number)
    if sheet is None:
        raise UsageError(_("No sheet has the number {number}.").format(number=number))
    return sheet


def _find_run(office: Office, request: Request) -> tuple[str, list[str], Path | None]:
    found = find_run(office.engine, request.path_params["run"])
    if found is None:
        raise UsageError(_("There is no such print run."))
    return found


def _is_there(output: Path | None) -> bool:
    return output is not None and output.suffix.lower() == ".pdf" and output.is_file()


def _is_whole(sheet: SheetLine) -> bool:
    """True when the register knows everything that was printed on it: not the people in the rows of a group's sheet."""
    return not any(prefill.row is not None for page in sheet.layout.pages for prefill in page.prefills)
