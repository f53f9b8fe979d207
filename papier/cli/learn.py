"""`papier learn`: thresholds from the office's own answers."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict

import click
from rich.console import Console

from papier.checking.learning import Lesson, accepts_of, learn, observe
from papier.cli.context import Context, pass_context
from papier.cli.output import listing
from papier.language import translate as _
from papier.store.connection import reading
from papier.store.thresholds import USUAL, forget_thresholds, keep_thresholds, load_thresholds


@click.command(
    "learn",
    help=_(
        "Learn from your own answers how sure a reading must be before nobody is asked. Off until you type this; "
        "only numbers are used, no picture, and nothing leaves this machine.\n\n"
        "Nothing is loosened beyond what the answers carry: to ask less, some 3,000 answered readings of a kind must "
        "have been right. Where the machine was wrong more often than it promised, more is asked. What was learned is "
        "held against answers that were not used, and shown: before and after. It counts for scans taken in from now "
        "on.\n\n"
        "\b\nExamples:\n"
        "  papier learn --dry-run     what the answers would change\n"
        "  papier learn               puts it in force\n"
        "  papier learn --undo        the usual thresholds again"
    ),
)
@click.option("--dry-run", is_flag=True, help=_("Show before and after; change nothing."))
@click.option("--undo", is_flag=True, help=_("Put the usual thresholds in force again."))
@click.option("--by", metavar=_("NAME"), help=_("Who says so; else your user name."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
@pass_context
def command(context: Context, dry_run: bool, undo: bool, by: str | None, as_json: bool) -> None:
    who = by or getpass.getuser()
    if undo:
        done = forget_thresholds(context.engine, who, context.now())
        click.echo(
            _("The usual thresholds are in force again.") if done else _("Nothing was learned: nothing to undo.")
        )
        return
    with reading(context.engine) as connection:
        lessons = learn(observe(connection))
    accepts = accepts_of(lessons)
    answers = sum(lesson.answers for lesson in lessons)
    had = load_thresholds(context.engine)
    changed = dict(accepts) != dict(had.accepts)
    if changed and not dry_run:
        keep_thresholds(context.engine, accepts, answers, who, context.now())
    if as_json:
        told = {
            "usual": USUAL,
            "answers": answers,
            "lessons": [asdict(lesson) for lesson in lessons],
            "accepts": accepts,
        }
        click.echo(json.dumps(told | {"in_force": bool(accepts) and not dry_run}, ensure_ascii=False))
        return
    _show(lessons)
    if not lessons:
        click.echo(_("There are no answers to learn from yet: papier check"))
    elif not changed:
        click.echo(_("Nothing changes."))
    elif dry_run:
        click.echo(_("Nothing was changed. To put it in force: papier learn"))
    else:
        click.echo(_("In force from now on. To take it back: papier learn --undo"))


def _show(lessons: list[Lesson]) -> None:
    if not lessons:
        return
    words = {
        "few": _("too few answers"),
        "kept": _("stays"),
        "tightened": _("asks more"),
        "loosened": _("asks less"),
    }
    kinds = {
        "tick": _("boxes"),
        "date": _("dates"),
        "digits": _("digits"),
        "letters": _("letters"),
        "tick, blank": _("boxes that seem blank"),
        "date, blank": _("dates that seem blank"),
        "digits, blank": _("digits that seem blank"),
        "letters, blank": _("letters that seem blank"),
    }
    titles = (
        _("kind"),
        _("answers"),
        _("wrong: promised"),
        _("found"),
        _("threshold"),
        "",
        _("kept back: asked"),
        _("wrongly taken"),
    )
    table = listing(titles)
    for lesson in lessons:
        before, after = lesson.before, lesson.after
        table.add_row(
            kinds[lesson.kind],
            str(lesson.answers),
            f"{lesson.promised:.1f}",
            str(lesson.found),
            f"{USUAL}" if lesson.accept is None else f"{USUAL} → {lesson.accept:.5f}",
            words[lesson.why],
            f"{before.asked} → {after.asked}",
            f"{before.wrong} → {after.wrong}",
        )
    Console().print(table)
