"""`papier file`"""

from __future__ import annotations

import datetime as dt
import getpass
import json
from pathlib import Path

import click

from papier.checking.wording import reason_words
from papier.cli.context import Context, pass_context
from papier.cli.days import Day
from papier.cli.numbers import Number
from papier.cli.output import labelled, progress_bar
from papier.durable import write_private
from papier.errors import EXIT_CHECK_NEEDED, UsageError, os_words
from papier.filing import FiledPaper, file_paper
from papier.language import translate as _
from papier.language import written_day
from papier.ocr.pages import count_pages
from papier.retention import keep_until
from papier.store.archive_file import pages_of_record, write_archive_file
from papier.store.papers import KEPT_FOR, Nature, PaperLink, link_paper, page_words
from papier.store.records import list_records


@click.command(
    "file",
    help=_(
        "File any other paper: a letter that came, a decision, a postal receipt. Its text is recognised, its scan is "
        "kept like a sheet's, and it is put with its case.\n\n"
        "The case is the one you name; else the one whose sheet number the paper quotes, or whose number and name. "
        "Where nothing says so for sure, the paper is filed alone, and put with its case later.\n\n"
        "\b\nExamples:\n"
        "  papier file letter.pdf --case 12\n"
        "  papier file refusal.jpg --kind decision --case 12 --as refus --on 2027-04-12\n"
        "  papier file receipt.png --kind avis-de-reception --output receipt.pdf\n"
        "  papier file --record 31 --case 12"
    ),
)
@click.argument("paths", nargs=-1, metavar=_("FILE…"), type=click.Path(path_type=Path))
@click.option("--case", "case", type=Number(), help=_("The case it belongs to."))
@click.option("--as", "answer", metavar=_("WORD"), help=_("What it is to the case: a word of its workflow; moves it."))
@click.option("--kind", type=click.Choice([str(nature) for nature in Nature]), default="courrier", show_default=True)
@click.option("--from", "sender", metavar=_("NAME"), help=_("Who sent it."))
@click.option("--on", type=Day(), metavar=_("DAY"), help=_("The day it came; today if nothing is said."))
@click.option("--keep", metavar=_("DURATION"), help=_("How long it is kept: P5Y, P6M, année scolaire."))
@click.option("--by", metavar=_("NAME"), help=_("Who says so; else the name of your account."))
@click.option("--no-text", is_flag=True, help=_("Do not recognise its text."))
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help=_("Write the searchable PDF/A too."))
@click.option("--record", type=Number(), help=_("Put a paper that is filed already with its case."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a paper."))
@pass_context
def command(
    context: Context,
    paths: tuple[Path, ...],
    case: int | None,
    answer: str | None,
    kind: str,
    sender: str | None,
    on: dt.date | None,
    keep: str | None,
    by: str | None,
    no_text: bool,
    output: Path | None,
    record: int | None,
    as_json: bool,
) -> int:
    now = context.now()
    who = by or getpass.getuser()
    day = on or now.date()
    if day > now.date():
        raise UsageError(_("{day} is in the future. Check the date.").format(day=written_day(day)))
    if keep is not None and keep_until(keep, day) is None:
        raise UsageError(_("“{keep}” is no duration. Write P5Y, P6M, P10D or année scolaire.").format(keep=keep))
    if answer is not None and case is None:
        raise UsageError(_("--as needs the case: --case NUMBER."))
    link = None if case is None else PaperLink(case, who, answer)
    if record is not None:
        if paths or link is None:
            raise UsageError(_("--record puts a paper that is filed already with a case: give --case, and no file."))
        link_paper(context.engine, record, link, now)
        click.echo(_("Record {record} is filed with case {case}.").format(record=record, case=case))
        return 0
    if not paths:
        raise UsageError(_("Give the paper's file: papier file LETTER.pdf"))
    if output is not None and len(paths) > 1:
        raise UsageError(_("--output takes one paper at a time."))
    fields = {"nature": kind, "date": day.isoformat()}
    fields |= {name: text for name, text in (("expediteur", sender), (KEPT_FOR, keep)) if text}
    unsure = False
    for path in paths:
        total = count_pages(path) if path.is_file() else 1
        with progress_bar(total, path.name) as advance:
            filed = file_paper(
                context.workspace, context.engine, path, fields, now, link=link, by=who, with_text=not no_text,
                progress=lambda _done, _total: advance(),
            )  # fmt: skip
        unsure |= filed.case is None
        _tell(path, filed, as_json=as_json)
        if filed.known and case is not None and filed.case != case:
            raise UsageError(
                _("{file} was filed before, and --case changed nothing. See: papier records show {record}").format(
                    file=path.name, record=filed.record
                )
                if filed.case is not None
                else _("{file} was filed before. Put it with the case: {command}").format(
                    file=path.name, command=f"papier file --record {filed.record} --case {case}"
                )
            )
        if output is not None:
            _write(context, filed.record, output)
    return EXIT_CHECK_NEEDED if unsure else 0


def _tell(path: Path, filed: FiledPaper, *, as_json: bool) -> None:
    if as_json:
        told = {
            "file": path.name,
            "record": filed.record,
            "known": filed.known,
            "case": filed.case,
            "references": [
                {"case": reference.case, "quoted": reference.quoted, "sure": reference.sure}
                for reference in filed.references
            ],
            "text": "\f".join(page.typed.text if page.typed else "" for page in filed.pages),
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    if filed.known:
        click.echo(_("{file}: filed before, as record {record}.").format(file=path.name, record=filed.record))
    else:
        click.echo(_("{file}: filed as record {record}.").format(file=path.name, record=filed.record))
    for page in filed.pages:
        if page.reason:
            click.echo(f"  {labelled(f'p. {page.source_page}', reason_words(page.reason))}")
    if filed.case is not None:
        click.echo(_("  It is with case {case}.").format(case=filed.case))
        return
    for reference in filed.references:
        click.echo(
            _("  It seems to quote case {case} ({quoted}).").format(case=reference.case, quoted=reference.quoted)
        )
    click.echo(_("  It is with no case yet: papier file --record {record} --case NUMBER").format(record=filed.record))


def _write(context: Context, number: int, output: Path) -> None:
    record = list_records(context.engine, record=number)[0]
    pages = pages_of_record(context.workspace, record, page_words(context.engine, number))
    try:
        write_private(output.resolve(), write_archive_file(record, None, pages))
    except OSError as error:
        raise UsageError(
            _("{output} cannot be written ({why}). Choose another --output.").format(output=output, why=os_words(error))
        ) from error
