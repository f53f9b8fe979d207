"""`papier read`"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from papier.cli.context import Context, pass_context
from papier.cli.output import progress_bar, show_reading
from papier.cli.sources import find_printed_form
from papier.errors import EXIT_CHECK_NEEDED, EXIT_DONE, EXIT_PAGES_REJECTED, ScanFileError
from papier.intake import MIN_PAGES_FOR_POOL, find_missing_pages, mark_copies, read_scan
from papier.language import translate as _
from papier.ocr.pages import count_pages
from papier.ocr.reading import Reader
from papier.ocr.register import SheetRegister
from papier.page_pool import using_pool
from papier.records import PageReading, PageStatus
from papier.store.sheets import EmptyRegister, StoreRegister


@click.command(
    "read",
    help=_(
        "Read scans and print what they say. Nothing is stored.\n\n"
        "\b\nExamples:\n  papier read scan.pdf --json\n  papier read --form enquete.yaml scans/*.png --json"
    ),
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--form",
    metavar="FORM_OR_FILE",
    help=_("Read every page as this form: its name, or the YAML file of an existing blank form."),
)
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a sheet page."))
@pass_context
def command(context: Context, files: tuple[Path, ...], form: str | None, as_json: bool) -> int:
    register: SheetRegister = StoreRegister(context.workspace) if context.exists else EmptyRegister()
    if context.exists:
        context.engine.dispose()
    reader = Reader(register, find_printed_form(form, context.form_folder) if form else None)
    totals = {}
    failed = 0
    for path in files:
        try:
            totals[path] = count_pages(path)
        except ScanFileError as error:
            click.echo(str(error), err=True)
            failed = error.exit_code
    seen: list[PageReading] = []
    with contextlib.ExitStack() as stack:
        pool = None
        if sum(totals.values()) >= MIN_PAGES_FOR_POOL:
            pool = stack.enter_context(using_pool(reader))
        advance = stack.enter_context(progress_bar(sum(totals.values()), _("reading")))

        def readings() -> Iterator[PageReading]:
            for path in totals:
                yield from read_scan(path, reader, pool, lambda _done, _total: advance())

        for reading in mark_copies(readings(), lambda number: is_master(register, number)):
            seen.append(dataclasses.replace(reading, fields={}))
            if as_json:
                click.echo(json.dumps(reading.to_json(), ensure_ascii=False))
            else:
                show_reading(reading)
    lacking = tell_missing_pages(find_missing_pages(seen, register))
    return failed or exit_code(seen) or (EXIT_CHECK_NEEDED if lacking else EXIT_DONE)


def tell_missing_pages(missing: Mapping[str, Sequence[int]]) -> bool:
    """Say which pages of which sheets did not come; True when there are any."""
    for number, pages in missing.items():
        click.echo(
            _(
                "Sheet {number}: page {pages} did not come with the others. Was it fed with another? Scan it too."
            ).format(number=number, pages=", ".join(map(str, pages))),
            err=True,
        )
    return bool(missing)


def is_master(register: SheetRegister, number: str) -> bool:
    sheet = register.find_sheet(number)
    return sheet is not None and sheet.master


def exit_code(readings: list[PageReading]) -> int:
    """21 when a page was rejected, 20 when a person must check something, else 0. Blank backs are neither."""
    rejected = (PageStatus.DAMAGED, PageStatus.UNKNOWN)
    if any(reading.status in rejected and reading.reason != "blank page" for reading in readings):
        return EXIT_PAGES_REJECTED
    if any(reading.status in (PageStatus.DOUBTFUL, PageStatus.COPY) for reading in readings):
        return EXIT_CHECK_NEEDED
    return EXIT_DONE
