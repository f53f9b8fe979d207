"""`papier rebuild`"""

from __future__ import annotations

from pathlib import Path

import click

from papier.checking.wording import reason_words
from papier.cli import counts
from papier.cli.context import Context, pass_context
from papier.cli.output import about_file, labelled, progress_bar
from papier.errors import EXIT_CHECK_NEEDED, EXIT_PAGES_REJECTED, MissingProgramError, UsageError
from papier.forms.library import library_folders
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.ocr.zones.typed import tesseract_probe
from papier.rebuild import find_scans, rebuild
from papier.store.workspace import KEY_FILE


@click.command(
    "rebuild",
    help=_(
        "Make the records anew from the paper: the key, the library of forms and the scanned sheets are enough.\n\n"
        "Put the key into a new folder, and your own definitions into its folder forms; scan the drawer; rebuild. "
        "Sheets of a version that is no longer defined are told and left out. What only people had keyed in is listed: "
        "it must be said again.\n\n"
        "\b\nExamples:\n"
        "  papier --workspace new rebuild scans/ --dry-run\n"
        "  papier --workspace new rebuild scans/"
    ),
)
@click.argument("scans", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--dry-run", is_flag=True, help=_("Say what would be read; store nothing."))
@pass_context
def command(context: Context, scans: tuple[Path, ...], dry_run: bool) -> int:
    if not context.exists:
        # Not `papier init`: a new key would make every sheet a stranger's.
        raise UsageError(
            _(
                "There is no key in {folder}. Put the copy of it there under the name {name}, and run this again."
            ).format(folder=context.folder, name=KEY_FILE)
        )
    missing = tesseract_probe()
    if missing is not None:
        raise MissingProgramError(missing)
    found = find_scans(scans)
    if not found:
        raise UsageError(_("There is no scan in {folder}.").format(folder=", ".join(map(str, scans))))
    if dry_run:
        click.echo(
            _n(
                "{count} scan file would be read; nothing was stored.",
                "{count} scan files would be read; nothing was stored.",
                len(found),
            ).format(count=len(found))
        )
        return 0
    context.make_store(for_rebuild=True)
    folders = library_folders(context.form_folder)
    with progress_bar(2 * len(found), _("rebuilding")) as advance:
        workflows = context.workflows()
        outcome = rebuild(context.workspace, context.engine, found, folders, context.now(), advance, workflows)
    pages = [page for taken in outcome.taken for page in taken.pages or []]
    records = {page.record for page in pages if page.record is not None}
    click.echo(
        _("Registered: {sheets}. Taken in: {pages}, {records}.").format(
            sheets=counts.sheets(outcome.sheets), pages=counts.pages(len(pages)), records=counts.records(len(records))
        )
    )
    for path, why in outcome.unreadable.items():
        click.echo(about_file(path, why), err=True)
    for number, why in outcome.refused.items():
        click.echo(_("sheet {number}: {why}").format(number=number, why=why), err=True)
    for page in pages:
        if page.record is None and page.reading.reason not in (None, "blank page"):
            place = f"{page.reading.source} p. {page.reading.source_page}"
            click.echo(labelled(place, reason_words(page.reading.reason)), err=True)
    if outcome.asked:
        click.echo(_("What no reading settles; whatever a person had said of it must be said again:"))
        for record, field in outcome.asked:
            click.echo(f"  {record.sheet or '–'} {record.form} · {field}")
    if outcome.unreadable or outcome.refused:
        return EXIT_PAGES_REJECTED
    return EXIT_CHECK_NEEDED if outcome.asked else 0
