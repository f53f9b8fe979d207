"""`papier check`: what needs a person."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from sqlalchemy import Engine

from papier.checking.answers import Answer, Settled, answer, undo
from papier.checking.candidates import shown
from papier.checking.figures import CheckFigures, count_answers
from papier.checking.item import CheckItem
from papier.checking.paper import Printed, came_back, print_corrections
from papier.checking.queue import open_items
from papier.cli.case_prints import free_output
from papier.cli.check_terminal import Screen, Session
from papier.cli.context import Context, pass_context
from papier.cli.desk import open_in_browser
from papier.cli.output import listing
from papier.cli.outputs import OutputFile
from papier.cli.printer import deliver_files, find_destination, printer_options
from papier.cli.records import known_form
from papier.errors import EXIT_CHECK_NEEDED, UsageError
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.store.checks import Verdict
from papier.store.connection import reading

# What a script, or a secretary in a hurry, may write for an answer instead of a value.
WORDS = {
    "right": Verdict.RIGHT,
    "juste": Verdict.RIGHT,
    "blank": Verdict.BLANK,
    "vide": Verdict.BLANK,
    "unreadable": Verdict.UNREADABLE,
    "illisible": Verdict.UNREADABLE,
    "ask": Verdict.ASK,
    "demander": Verdict.ASK,
    "paper": Verdict.PAPER,
    "papier": Verdict.PAPER,
    "aside": Verdict.ASIDE,
    "ecarter": Verdict.ASIDE,
    "written": Verdict.WRITTEN,
    "ecrit": Verdict.WRITTEN,
}


@click.command(
    "check",
    help=_(
        "What only a person can answer: doubtful fields, contradictions, pages without a number. In a terminal the "
        "items come one after the other, alike ones together, with the picture and one key an answer.\n\n"
        "Every answer is kept with who gave it and when; the reading stays beside it; --undo takes it back.\n\n"
        "--paper prints the queue onto sheets: a cross or the right value in each row, a signature; scanned like any "
        "sheet, they settle it. What they leave in doubt is printed once more, then asked on the screen.\n\n"
        "--answer takes a value as it is written on the paper, or one of: right, blank, unreadable, ask (prints a slip "
        "for the family), paper (says where the paper lies), aside (of a sheet that seems empty: it came back blank), "
        "written (it is not empty). Write =right for the word itself, and “!” after a "
        "value that stands so though the form does not allow it. Exit code 20 while something remains.\n\n"
        "\b\nExamples:\n"
        "  papier check                                   one key an answer\n"
        "  papier check --web                             the same in the browser, until Ctrl-C\n"
        "  papier check --list                            what waits, and why\n"
        "  papier check --answer field:12:debut 01/03/2027 --by 'Mme Roux'\n"
        "  papier check --undo                            takes your last answer back\n"
        "  papier check --paper --output verifier.pdf     sheets for a pen"
    ),
)
@click.option("--list", "listing", is_flag=True, help=_("List what waits; ask nothing."))
@click.option(
    "--answer", "answers", nargs=2, multiple=True, metavar=_("KEY VALUE"), help=_("Answer one item; may be repeated.")
)
@click.option(
    "--undo",
    "undone",
    is_flag=False,
    flag_value="last",
    metavar=_("[ANSWER]"),
    help=_("Take your last answer back, or the one of this number."),
)
@click.option("--web", is_flag=True, help=_("Answer in the browser, on this machine."))
@click.option(
    "--browser/--no-browser", default=True, help=_("With --web: open the browser, or only print the address.")
)
@click.option("--by", metavar=_("NAME"), help=_("Who answers; else your user name."))
@click.option("--form", help=_("Only this form."))
@click.option("--waiting", is_flag=True, help=_("With --list: also what was put off, because the family is asked."))
@click.option("--paper", is_flag=True, help=_("Print the queue onto sheets to fill in, sign and scan."))
@click.option("--output", type=OutputFile(), help=_("With --paper: the PDF to write; else one in the workspace."))
@click.option("--overwrite", is_flag=True, help=_("Replace the PDF of that name."))
@printer_options
@click.option("--again", is_flag=True, help=_("With --paper: also what stands on a sheet that has not come back."))
@click.option("--most", type=click.IntRange(min=1), help=_("With --paper: at most so many items."))
@click.option("--dry-run", is_flag=True, help=_("With --paper: say what would be printed; number and print nothing."))
@click.option("--figures", is_flag=True, help=_("How often the reading was right, what was typed, how people agree."))
@click.option("--viewer", metavar=_("PROGRAM"), help=_("Open each picture in this program as well."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object an item."))
@pass_context
def command(
    context: Context,
    listing: bool,
    answers: tuple[tuple[str, str], ...],
    undone: str | None,
    web: bool,
    browser: bool,
    by: str | None,
    form: str | None,
    waiting: bool,
    viewer: str | None,
    as_json: bool,
    paper: bool,
    output: Path | None,
    overwrite: bool,
    printer: str | None,
    no_wait: bool,
    again: bool,
    most: int | None,
    dry_run: bool,
    figures: bool,
) -> int:
    if figures:
        with reading(context.engine) as connection:
            show_figures(count_answers(connection), as_json=as_json)
        return 0
    form = known_form(context, form)
    if paper:
        to = None if dry_run else find_destination(context, printer, output)
        path = free_output(context, output, "verification", overwrite=overwrite)
        printed = print_corrections(
            context.workspace,
            context.engine,
            context.now(),
            path,
            again=again,
            form=form,
            most=most,
            dry_run=dry_run,
            to=to,
        )
        code = _tell_printed(printed, as_json=as_json)
        return deliver_files(context, to, [path], wait=not no_wait) or code
    who = by or getpass.getuser()
    if web:
        open_in_browser(context, browser=browser, first="/check", who=who, form=form)
        return EXIT_CHECK_NEEDED if open_items(context.workspace, engine=context.engine, form=form) else 0
    if undone is not None:
        _undo(context, undone, who)
    for key, value in answers:
        given = parse_answer(value)
        done = answer(context.workspace, key, given, who=who, now=context.now(), engine=context.engine)
        _tell(done, as_json=as_json)
    if listing or undone is not None or answers or as_json or not _is_terminal():
        items = open_items(context.workspace, engine=context.engine, with_waiting=waiting, form=form)
        if listing or not (answers or undone):
            show_items(items, as_json=as_json)
        return EXIT_CHECK_NEEDED if items else 0
    session = Session(context.workspace, context.engine, who, context.now, Screen(), form, viewer)
    try:
        left = session.run()
    finally:
        session.close()
    click.echo(
        _n("{count} answered, {left} left.", "{count} answered, {left} left.", session.answered).format(
            count=session.answered, left=left
        )
    )
    return EXIT_CHECK_NEEDED if left else 0


def _tell_printed(printed: Printed, *, as_json: bool) -> int:
    """What was printed, and what paper cannot settle; exit code 20 while anything is open."""
    if as_json:
        told = {
            "output": None if printed.path is None else str(printed.path),
            "sheets": list(printed.numbers),
            "items": [item.key for item in printed.items],
            "screen": [item.key for item in printed.for_screen],
            "out": [item.key for item in printed.out],
        }
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        if printed.path is not None:
            click.echo(
                _("{count} to check on {sheets} sheets: {path}. Fill in, sign, then: papier intake SCAN").format(
                    count=len(printed.items), sheets=len(printed.numbers), path=printed.path
                )
            )
        elif printed.items:
            click.echo(_("{count} to check would be printed.").format(count=len(printed.items)))
        if printed.out:
            click.echo(
                _(
                    "{count} stand on sheets that have not come back ({sheets}). Lost? papier check --paper --again"
                ).format(count=len(printed.out), sheets=", ".join(sorted({str(item.on_sheet) for item in printed.out})))
            )
        if printed.for_screen:
            click.echo(
                _("{count} can only be answered on the screen: papier check").format(count=len(printed.for_screen))
            )
        if not (printed.items or printed.out or printed.for_screen):
            click.echo(_("Nothing waits for a person."))
    return EXIT_CHECK_NEEDED if printed.items or printed.out or printed.for_screen else 0


def show_figures(figures: CheckFigures, *, as_json: bool) -> None:
    """The figures of the answers, as a table or as one JSON object."""
    if as_json:
        click.echo(json.dumps(asdict(figures), ensure_ascii=False))
        return
    words = {"": _("all"), "comb": _("cells"), "tick": _("boxes"), "signature": _("signatures")}
    titles = (_("kind"), _("answers"), _("right"), _("other candidate"), _("typed"), _("blank"), _("unreadable"))
    table = listing(titles)
    for one in figures.kinds:
        counts = (one.right, one.chosen, one.typed, one.blank, one.unreadable)
        shares = [f"{count} ({100 * count / one.answered:.0f} %)" if one.answered else "0" for count in counts]
        table.add_row(words.get(one.kind, one.kind), str(one.answered), *shares)
    Console().print(table)
    agreed = figures.agreement
    if agreed.pairs:
        click.echo(_("Two people agree in {alike} of {pairs} readings.").format(alike=agreed.alike, pairs=agreed.pairs))
    click.echo(_("On paper: {count}. Families asked: {asked}.").format(count=figures.on_paper, asked=figures.asked))


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def parse_answer(text: str) -> Answer:
    """What a word or a value on the command line answers."""
    verdict = WORDS.get(text.strip().casefold())
    if verdict is not None:
        return Answer(verdict)
    value = text.removeprefix("=")
    return Answer(Verdict.TYPED, value.removesuffix("!").strip(), insist=value.rstrip().endswith("!"))


def _undo(context: Context, which: str, who: str) -> None:
    if which != "last" and not which.isdigit():
        raise UsageError(
            _("“{value}” is no number of an answer. `papier records show` names them.").format(value=which)
        )
    number = None if which == "last" else int(which)
    check = undo(context.workspace, who=who, now=context.now(), check=number, engine=context.engine)
    click.echo(_("Taken back: {key}, “{value}”.").format(key=check.key, value=shown(check.value)))


def _tell(done: Settled, *, as_json: bool) -> None:
    if as_json:
        told = {
            "key": done.key,
            "answer": done.check,
            "open": done.open_still,
            "again": done.again,
            "case": done.case,
            "place": done.place,
            "output": None if done.output is None else str(done.output),
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    if done.place is not None:
        click.echo(done.place)
    elif done.output is not None:
        click.echo(_("To print and hand over: {path}").format(path=done.output))
    elif done.again:
        click.echo(_("{key}: answered before; nothing to do.").format(key=done.key))
    elif done.open_still:
        click.echo(_("{key}: noted; another person must read it too.").format(key=done.key))
    else:
        case = "" if done.case is None else _(", case {number} told").format(number=done.case)
        click.echo(_("{key}: settled{case}.").format(key=done.key, case=case))


def show_items(items: tuple[CheckItem, ...], *, as_json: bool) -> None:
    """The queue as a list, in its order."""
    if as_json:
        for item in items:
            click.echo(json.dumps(item.to_json(), ensure_ascii=False))
        return
    if not items:
        click.echo(_("Nothing waits for a person."))
        return
    table = listing((_("key"), _("field"), _("reading"), _("or"), _("why"), _("for")), whole=_("key"))
    for item in items:
        best, *others = [one.shown for one in item.candidates] or ["–"]
        why = item.waiting or item.reason
        table.add_row(item.key, item.label, best, ", ".join(others[:2]), why, item.name or item.sheet or "–")
    Console().print(table)
    click.echo(_("{count} to check. One after the other: papier check").format(count=len(items)))


def tell_corrections(engine: Engine, numbers: Sequence[str], *, err: bool) -> None:
    """Say what sheets of corrections did that were just taken in."""
    for sheet in came_back(engine, numbers):
        if not sheet.signed:
            message = _("The checking sheet {sheet} is not signed: it says nothing. Sign it and scan it again.")
        elif sheet.open:
            message = _("Checking sheet {sheet}: {settled} settled, {open} still open: papier check")
        else:
            message = _("Checking sheet {sheet}: all {settled} settled.")
        click.echo(message.format(sheet=sheet.sheet, settled=sheet.settled, open=sheet.open), err=err)
