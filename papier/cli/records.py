"""`papier records list/show/export/missing`"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from papier.archive_folder import write_archive_folder
from papier.cli import counts
from papier.cli.case_prints import free_output
from papier.cli.context import Context, pass_context
from papier.cli.numbers import Number
from papier.cli.output import in_words, labelled, listing, progress_bar
from papier.cli.outputs import OutputFile
from papier.cli.printer import deliver_leaflet, find_destination, printer_options
from papier.cli.sources import find_path
from papier.durable import make_folder, write_private
from papier.errors import UsageError, os_words
from papier.forms.layout import Layout
from papier.forms.listing import write_listing
from papier.forms.parsing import load_form
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.language import written_day
from papier.store.archive_file import ArchivedPage, pages_of_record, write_archive_file
from papier.store.export import to_csv, to_json
from papier.store.papers import PAPER_FORM, page_words
from papier.store.records import PURGED, StoredRecord, list_records
from papier.store.sheets import find_layout, find_outstanding, list_runs
from papier.workflows.row_words import option_words, printed_value


class RecordsGroup(click.Group):
    """`papier records`; `correct` stands in a module of its own, which needs this one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "correct"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "correct":
            return import_module("papier.cli.correct").command  # type: ignore[no-any-return]
        return super().get_command(ctx, cmd_name)


@click.group("records", cls=RecordsGroup, help=_("The records: what the sheets that came back say."))
def command() -> None: ...


@command.command("list", help=_("List the records.\n\n\b\nExample:\n  papier records list --form carnet/absence"))
@click.option("--form", help=_("Only this form."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a line."))
@pass_context
def list_command(context: Context, form: str | None, as_json: bool) -> None:
    found = list_records(context.engine, form=known_form(context, form))
    if as_json:
        for record in found:
            click.echo(json.dumps(record.to_json(), ensure_ascii=False))
        return
    titles = (_("record"), _("sheet"), _("form"), _("status"), _("to check"), _("for"), _("remark"))
    table = listing(titles, whole=_("sheet"))
    for record in found:
        table.add_row(
            str(record.record),
            record.sheet or "–",
            record.form,
            in_words(record.status),
            str(record.to_check or ""),
            _name(record.person),
            _(record.flag) if record.flag else "",
        )
    Console().print(table)
    doubtful = sum(record.to_check for record in found)
    if doubtful:
        click.echo(
            _n(
                "{count} field waits for a person: papier check",
                "{count} fields wait for a person: papier check",
                doubtful,
            ).format(count=doubtful)
        )


@command.command("show", help=_("Show one record.\n\n\b\nExample:\n  papier records show 4F7K-2M9Q-8XTR"))
@click.argument("which", metavar=_("RECORD_OR_SHEET"))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a line."))
@pass_context
def show_command(context: Context, which: str, as_json: bool) -> None:
    if which.isdigit() and len(which) < 12:
        found = list_records(context.engine, record=int(which))
    else:
        found = list_records(context.engine, sheet=which.upper())
    if not found:
        raise UsageError(_("No record “{which}”. See: papier records list").format(which=which))
    for record in found:
        if as_json:
            click.echo(json.dumps(record.to_json(), ensure_ascii=False))
        else:
            _show(record, find_layout(context.engine, record.form, record.version, record.sheet))


def _show(record: StoredRecord, face: Layout | None) -> None:
    """A record for a person: fields and boxes as they are printed, beside the key that commands take."""
    console = Console()
    console.print(
        f"{_('record')} {record.record} · {record.form} v{record.version} · {record.sheet or '–'} · "
        f"{in_words(record.status)}",
        highlight=False,
    )
    if record.flag:
        console.print(_(record.flag), style="bold")
    labels = face.labels if face is not None else {}
    table = listing((_("key"), _("field"), _("value"), _("state"), _("probability"), _("read by")), whole=_("key"))
    for name, field in record.fields.items():
        text = printed_value(option_words(field["value"], name, face))
        shown = field.get("original") or field
        # Free handwriting that nobody is asked about is not sure, and waits for nobody.
        unasked = field["state"] == "doubtful" and not field["needs_person"]
        state = _("not sure") if unasked else in_words(field["state"])
        table.add_row(name, labels.get(name, "–"), text, state, f"{shown['probability']:.4f}", _reader(field))
    console.print(table)
    for page in record.pages:
        console.print(
            labelled(
                f"{_('page')} {page['page']}",
                f"{page['scan_name']} p. {page['source_page']} · sha256 {page['scan'][:16]}…",
            ),
            highlight=False,
        )


def _reader(field: Mapping[str, Any]) -> str:
    """Who read the value; after a person the reading of the machine, where it was another one."""
    checked, original = field.get("checked"), field.get("original")
    if checked is None or original is None:
        words = {"printed": _("as printed"), "tesseract": "papier (Tesseract)"}
        return words.get(field["read_by"], str(field["read_by"]))
    text = f"{checked['who']}, {written_day(checked['at'])} ({checked['via']})"
    if "because" in checked:
        text += f", {checked['because']}"
    if original["value"] != field["value"]:
        value = original["value"]
        before = ", ".join(value) if isinstance(value, list) else "–" if value in (None, "") else str(value)
        text += _(", papier read “{value}”").format(value=before)
    return text


@command.command(
    "export",
    help=_(
        "Export the records as CSV (semicolons, opens in LibreOffice and Excel) or JSON.\n\n"
        "\b\nExample:\n  papier records export --form carnet/absence --format csv --output absences.csv"
    ),
)
@click.option("--form", help=_("Only this form."))
@click.option("--format", "format_", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option("--output", type=OutputFile(), help=_("A file; else standard output."))
@pass_context
def export_command(context: Context, form: str | None, format_: str, output: Path | None) -> None:
    found = list_records(context.engine, form=known_form(context, form))
    text = to_csv(found) if format_ == "csv" else to_json(found) + "\n"
    if output is None:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(text.encode())
    except OSError as error:
        raise UsageError(
            _("{output} cannot be written ({why}). Choose another --output.").format(output=output, why=os_words(error))
        ) from error


@command.command(
    "missing",
    help=_(
        "Who has not answered: the sheets that left and have not come back; with --output as a list to print. The "
        "office's own sheets (checking, orders, the day's sheet) are listed only when --form or --run asks for "
        "them.\n\n"
        "\b\nExample:\n  papier records missing --form carnet/absence --output manquants.pdf"
    ),
)
@click.option("--form", help=_("Only this form."))
@click.option("--run", type=Number(), help=_("Only the sheets of this print run."))
@click.option("--output", type=OutputFile(), help=_("A PDF to print."))
@printer_options
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a line."))
@pass_context
def missing_command(
    context: Context,
    form: str | None,
    run: int | None,
    output: Path | None,
    printer: str | None,
    no_wait: bool,
    as_json: bool,
) -> int:
    # A list is only printed where that is asked for: without --printer and --output it is shown.
    to = None if printer is None else find_destination(context, printer, output)
    if to is not None and output is None:
        output = free_output(context, None, "manquants", overwrite=False)
    out = find_outstanding(context.engine, known_form(context, form), run)
    asked = form is not None or run is not None
    found = [sheet for sheet in out if asked or not sheet.stays_inside]
    if as_json:
        for sheet in found:
            click.echo(
                json.dumps(
                    {
                        "sheet": sheet.number,
                        "form": sheet.form,
                        "printed_at": sheet.printed_at,
                        "person": dict(sheet.person),
                    },
                    ensure_ascii=False,
                )
            )
    rows = [
        (sheet.number, sheet.title, written_day(sheet.printed_at), _name(sheet.person), sheet.person.get("classe", ""))
        for sheet in found
    ]
    titles = (_("sheet"), _("form"), _("handed out"), _("name"), _("class"))
    if output is not None:
        write_listing(
            output,
            _("Sheets that have not come back"),
            _n("{count} sheet, on {day}", "{count} sheets, on {day}", len(rows)).format(
                count=len(rows), day=written_day(context.now().date())
            ),
            titles,
            rows,
        )
    if not as_json:
        table = listing(titles, whole=_("sheet"))
        for row in rows:
            table.add_row(*row)
        Console().print(table)
        if rows:
            click.echo(
                _n("{count} sheet has not come back.", "{count} sheets have not come back.", len(rows)).format(
                    count=len(rows)
                )
            )
        else:
            click.echo(_("Every sheet has come back."))
        if len(out) > len(found):
            click.echo(
                _n(
                    "Not listed: {count} sheet of the office itself ({forms}). To see it: --form",
                    "Not listed: {count} sheets of the office itself ({forms}). To see them: --form",
                    len(out) - len(found),
                ).format(count=len(out) - len(found), forms=", ".join(sorted({s.form for s in out if s.stays_inside})))
            )
    return 0 if output is None else deliver_leaflet(context, to, output.resolve(), "missing", wait=not no_wait)


@command.command(
    "pdf",
    help=_(
        "Write archive files: one PDF/A a record, the scan as it was, its text searchable, the record attached.\n\n"
        "\b\nExamples:\n"
        "  papier records pdf --output archives/\n"
        "  papier records pdf 4F7K-2M9Q-8XTR --output archives/"
    ),
)
@click.argument("which", metavar=_("RECORD_OR_SHEET"), required=False)
@click.option("--form", help=_("Only this form."))
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), required=True, help=_("The folder."))
@pass_context
def pdf_command(context: Context, which: str | None, form: str | None, output: Path) -> None:
    if which is None:
        found = list_records(context.engine, form=known_form(context, form))
    elif which.isdigit() and len(which) < 12:
        found = list_records(context.engine, record=int(which))
    else:
        found = list_records(context.engine, sheet=which.upper())
    found = [record for record in found if record.status != PURGED]
    if not found:
        raise UsageError(_("There is no such record. See: papier records list"))
    make_folder(output.resolve())
    with progress_bar(len(found), _("writing")) as advance:
        for record in found:
            layout = find_layout(context.engine, record.form, record.version, record.sheet)
            data = write_archive_file(record, layout, _pages(context, record))
            day = record.created_at[:10]
            name = f"{day} {record.form.replace('/', '-')} {record.sheet or 'sans-numero'} {record.record}.pdf"
            write_private(output.resolve() / name, data)
            advance()
    click.echo(
        _n("{count} archive file in {folder}.", "{count} archive files in {folder}.", len(found)).format(
            count=len(found), folder=output
        )
    )


def _pages(context: Context, record: StoredRecord) -> list[ArchivedPage]:
    words = page_words(context.engine, record.record) if record.form == PAPER_FORM else None
    return pages_of_record(context.workspace, record, words)


@command.command(
    "folder",
    help=_(
        "Write a folder that can be kept without papier, on a USB stick or a disk: one PDF/A a record, by case and "
        "day, a table, and an index that any browser shows.\n\n"
        "\b\nExample:\n  papier records folder /media/usb/archives-2026"
    ),
)
@click.argument("output", metavar=_("FOLDER"), type=click.Path(path_type=Path))
@click.option("--form", help=_("Only this form."))
@pass_context
def folder_command(context: Context, output: Path, form: str | None) -> None:
    found = list_records(context.engine, form=known_form(context, form))
    if not found:
        raise UsageError(_("There is no such record. See: papier records list"))
    with progress_bar(len(found), _("writing")) as advance:
        try:
            count = write_archive_folder(context.workspace, context.engine, found, output, context.now(), advance)
        except OSError as error:
            raise UsageError(
                _("{output} cannot be written ({why}). Choose another folder.").format(
                    output=output, why=os_words(error)
                )
            ) from error
    click.echo(_("{records} in {folder}: open index.html there.").format(records=counts.records(count), folder=output))


def known_form(context: Context, form: str | None) -> str | None:
    """The form's name, if sheets of it were ever printed or it is in the library; else a mistyped name is told."""
    if form in (None, PAPER_FORM) or form in {run[1] for run in list_runs(context.engine)}:
        return form
    return load_form(find_path(form, context.form_folder)).form


def _name(person: Mapping[str, str]) -> str:
    return " ".join(filter(None, (person.get("nom"), person.get("prenom"))))
