"""`papier intake`"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click

from papier.cli.context import Context, pass_context
from papier.cli.output import progress_bar
from papier.cli.read import exit_code, tell_missing_pages
from papier.errors import EXIT_CHECK_NEEDED, ScanFileError
from papier.intake import TakenIn, find_missing_pages, take_in
from papier.language import translate as _
from papier.records import PageReading
from papier.store.records import find_filed_pages
from papier.store.sheets import StoreRegister


@click.command(
    "intake",
    help=_(
        "Take scans in: read, keep, file as records. The same scan twice is taken once.\n\n"
        "Without FILE, everything in the workspace's inbox.\n\n"
        "\b\nExample:\n  papier intake scan.pdf"
    ),
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a page."))
@pass_context
def command(context: Context, files: tuple[Path, ...], as_json: bool) -> int:
    workspace = context.workspace
    chosen = list(files) or sorted(path for path in workspace.inbox.iterdir() if path.is_file())
    workflows = context.workflows()
    readings: list[PageReading] = []
    failed = 0
    for path in chosen:
        if not files and not path.exists():
            continue  # another intake has taken it meanwhile
        try:
            with progress_bar(len(chosen), str(path.name)) as advance:
                taken = take_in(
                    workspace,
                    context.engine,
                    path,
                    context.now(),
                    progress=lambda _d, _t: advance(),
                    workflows=workflows,
                )
        except ScanFileError as error:
            if not files and not path.exists():
                continue
            click.echo(str(error), err=True)
            failed = error.exit_code
            continue
        _tell(taken, as_json=as_json)
        if taken.masked and taken.left is not None:
            click.echo(
                _(
                    "{path} still shows what stays on paper; the archive keeps a masked copy. Delete it: rm {path}"
                ).format(path=taken.left),
                err=True,
            )
        elif taken.left is not None and taken.left.resolve().parent == workspace.inbox.resolve():
            click.echo(
                _("{path} is taken in, but cannot be taken out of the inbox. Make the folder writable.").format(
                    path=taken.left
                ),
                err=True,
            )
        readings += [page.reading for page in taken.pages or []]
    if not chosen:
        click.echo(_("The inbox {folder} is empty.").format(folder=workspace.inbox), err=True)
    before = find_filed_pages(context.engine, {reading.sheet for reading in readings if reading.sheet})
    lacking = tell_missing_pages(find_missing_pages(readings, StoreRegister(workspace), before))
    return failed or exit_code(readings) or (EXIT_CHECK_NEEDED if lacking else 0)


def _tell(taken: TakenIn, *, as_json: bool) -> None:
    if as_json:
        for page in taken.pages or []:
            click.echo(
                json.dumps(page.reading.to_json() | {"record": page.record, "flag": page.flag}, ensure_ascii=False)
            )
        return
    if taken.pages is None:
        click.echo(_("{file}: taken in before; nothing to do.").format(file=taken.path.name))
        return
    records = {page.record for page in taken.pages if page.record is not None}
    counts = Counter(str(page.reading.status) for page in taken.pages)
    click.echo(
        _("{file}: {pages} pages, {records} records ({what})").format(
            file=taken.path.name,
            pages=len(taken.pages),
            records=len(records),
            what=", ".join(f"{count} {status}" for status, count in counts.items()),
        )
    )
    for page in taken.pages:
        if page.flag or (page.reading.form is None and page.reading.reason != "blank page"):
            click.echo(f"  p. {page.reading.source_page}: {page.flag or page.reading.reason}")
