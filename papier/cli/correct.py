"""`papier records correct`"""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from papier.checking.answers import Answer
from papier.checking.candidates import shown
from papier.checking.correction import Correction, correct, find_correctable, undo_correction
from papier.checking.item import CheckItem
from papier.checking.paper import print_corrections
from papier.cli.case_prints import free_output
from papier.cli.check import parse_answer
from papier.cli.context import Context, pass_context
from papier.cli.outputs import OutputFile
from papier.errors import UsageError
from papier.language import translate as _
from papier.store.checks import Verdict


@click.command(
    "correct",
    help=_(
        "Correct what a record says, also where nobody doubted it: a person asks for it (RGPD, art. 16), or papier "
        "read it wrong. The value is held against the form, the reading stays beside it, the case that heard of it is "
        "told; who corrected it, when and why is kept with the record, and goes with it.\n\n"
        "--paper prints a checking sheet for the field instead: the picture, boxes and cells; signed and scanned, it "
        "corrects it. “!” after a value that stands so though the form does not allow it.\n\n"
        "\b\nExamples:\n"
        "  papier records correct 12 nom LEFÈVRE --because 'letter of 3 May' --by 'Mme Roux'\n"
        "  papier records correct 12 motif maladie --because 'read wrong' --dry-run\n"
        "  papier records correct 12 telephone --blank --because 'art. 16'\n"
        "  papier records correct 12 nom --undo\n"
        "  papier records correct 12 nom --paper --output correction.pdf"
    ),
)
@click.argument("which", metavar=_("RECORD_OR_SHEET"))
@click.argument("field", metavar=_("FIELD"))
@click.argument("value", metavar=_("[VALUE]"), required=False)
@click.option("--because", default="", help=_("Why; kept with the record until it is purged."))
@click.option("--by", metavar=_("NAME"), help=_("Who corrects it; else your user name."))
@click.option("--blank", is_flag=True, help=_("Nothing is written there."))
@click.option("--undo", "undone", is_flag=True, help=_("Take the last correction of this field back."))
@click.option("--dry-run", is_flag=True, help=_("Say what would change; change nothing."))
@click.option("--paper", is_flag=True, help=_("Print a checking sheet to fill in, sign and scan."))
@click.option("--output", type=OutputFile(), help=_("With --paper: the PDF to write; else one in the workspace."))
@click.option("--overwrite", is_flag=True, help=_("Replace the PDF of that name."))
@pass_context
def command(
    context: Context,
    which: str,
    field: str,
    value: str | None,
    because: str,
    by: str | None,
    blank: bool,
    undone: bool,
    dry_run: bool,
    paper: bool,
    output: Path | None,
    overwrite: bool,
) -> None:
    if sum((value is not None, blank, undone, paper)) != 1:
        raise UsageError(_("Give the right value, or one of --blank, --undo, --paper."))
    item = find_correctable(context.engine, which, field)
    record, who = item.record or 0, by or getpass.getuser()
    if paper:
        _print(context, item, output, dry_run=dry_run, overwrite=overwrite)
    elif undone:
        if dry_run:
            raise UsageError(_("--undo takes no --dry-run: it can be corrected again."))
        check = undo_correction(context.workspace, context.engine, record, field, who=who, now=context.now())
        now = find_correctable(context.engine, str(record), field)
        click.echo(
            _("Record {record}, {field}: “{value}” is taken back; it says “{now}” again.").format(
                record=record, field=item.label, value=shown(check.value, item.options),
                now=shown(now.value, item.options),
            )
        )  # fmt: skip
    else:
        given = Answer(Verdict.BLANK) if blank else parse_answer(value or "")
        done = correct(
            context.engine, record, field, given, because=because, who=who, now=context.now(), dry_run=dry_run
        )
        click.echo(_words(done, dry_run=dry_run))


def _print(context: Context, item: CheckItem, output: Path | None, *, dry_run: bool, overwrite: bool) -> None:
    path = free_output(context, output, "correction", overwrite=overwrite)
    printed = print_corrections(context.workspace, context.engine, context.now(), path, items=(item,), dry_run=dry_run)
    if not printed.items:
        raise UsageError(_("This field cannot be corrected with a pen. Give the right value here."))
    if not dry_run:
        click.echo(
            _("Checking sheet {sheet}: {path}. Fill in, sign, then: papier intake SCAN").format(
                sheet=", ".join(printed.numbers), path=path
            )
        )


def _words(done: Correction, *, dry_run: bool) -> str:
    item = done.item
    told = {
        "record": item.record, "field": item.label,
        "before": shown(done.before, item.options), "value": shown(done.value, item.options),
    }  # fmt: skip
    if done.again:
        return _("Record {record}, {field}: says “{value}” already; nothing to do.").format(**told)
    if dry_run:
        return _("Record {record}, {field}: “{before}” would become “{value}”; nothing was changed.").format(**told)
    case = "" if done.case is None else _(", case {number} told").format(number=done.case)
    return _("Record {record}, {field}: “{before}” is now “{value}”{case}.").format(**told, case=case)
