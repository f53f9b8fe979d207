"""`papier debug`"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from papier.checking.wording import reason_words
from papier.cli.context import Context, pass_context
from papier.cli.output import in_words, labelled, progress_bar
from papier.cli.read import exit_code
from papier.cli.sources import find_printed_form
from papier.errors import UsageError, os_words
from papier.forms.layout import LayoutPage
from papier.language import translate as _
from papier.ocr.drawing import Uncertain, draw_gallery, draw_page, find_uncertain
from papier.ocr.pages import count_pages
from papier.ocr.reading import Reader
from papier.ocr.register import SheetRegister
from papier.ocr.scan import RegisteredPage
from papier.page_pool import read_one
from papier.records import PageReading
from papier.store.sheets import EmptyRegister, StoreRegister


@click.command(
    "debug",
    help=_(
        "Draw how papier sees the pages of a scan: where each sheet lies, its zones, what was read and how surely; "
        "and a gallery of the least certain zones. Nothing is stored.\n\n"
        "\b\n"
        "Circles are corner marks: green where found, red where missing. Green lines show where bent\n"
        "paper lies, 20 times enlarged. Blue is sure, grey blank, orange doubtful, red unreadable.\n\n"
        "\b\nExamples:\n"
        "  papier debug scan.pdf --output look\n"
        "  papier debug --form enquete.yaml scan.png --output look --least 100"
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help=_("The folder for the pictures; made when it is not there. Pictures of the same name are replaced."),
)
@click.option("--form", metavar="FORM_OR_FILE", help=_("Read every page as this form, as `papier read --form` does."))
@click.option("--least", type=click.IntRange(1, 1000), default=48, show_default=True, help=_("Zones in the gallery."))
@pass_context
def command(context: Context, file: Path, output: Path, form: str | None, least: int) -> int:
    register: SheetRegister = StoreRegister(context.workspace) if context.exists else EmptyRegister()
    if context.exists:
        context.engine.dispose()
    total = count_pages(file)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            _("{output}: the folder cannot be made: {why}. Name another with --output.").format(
                output=output, why=os_words(error)
            )
        ) from error
    gallery: list[Uncertain] = []
    readings: list[PageReading] = []
    written: list[Path] = []

    def watch(page: RegisteredPage, layout_page: LayoutPage, reading: PageReading) -> None:
        # Several sheets may lie on one page.
        target = output / f"{file.stem}-{reading.source_page:03d}-{len(written) + 1:03d}.png"
        draw_page(page, layout_page, reading).save(target)
        written.append(target)
        gallery.extend(find_uncertain(page, reading))
        gallery.sort(key=lambda zone: zone.reading.probability)
        del gallery[least:]

    reader = dataclasses.replace(
        Reader(register, find_printed_form(form, context.form_folder) if form else None), watcher=watch
    )
    with progress_bar(total, _("drawing")) as advance:
        for index in range(1, total + 1):
            for reading in read_one(file, index, reader):
                readings.append(dataclasses.replace(reading, fields={}))
                if not reading.fields:
                    what = labelled(f"p. {reading.source_page}", in_words(reading.status))
                    click.echo(labelled(what, reason_words(reading.reason)))
            advance()
    if gallery:
        written.append(output / f"{file.stem}-gallery.png")
        draw_gallery(gallery).save(written[-1])
    for path in written:
        click.echo(path)
    return exit_code(readings)
