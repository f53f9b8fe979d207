"""`papier cases sent/delivered/answer/decide/…`: what happened, told by a person. Nothing recorded is ever changed."""

from __future__ import annotations

import datetime as dt
import getpass
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from papier.cli.cases import case_json, command
from papier.cli.context import Context, pass_context
from papier.cli.days import Day
from papier.cli.numbers import Number
from papier.errors import EXIT_CHECK_NEEDED, UsageError, WorkflowRefusedError
from papier.forms.layout import Layout
from papier.forms.roster_values import parse_day
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.store.case_filing import tick_row
from papier.store.cases import load_case, move_case, record_event, refile_sheet
from papier.store.sheets import find_faces
from papier.workflows.case import Case, Doubt
from papier.workflows.definition import Way, Workflow
from papier.workflows.difference import list_differences
from papier.workflows.events import Kind
from papier.workflows.library import find_workflow

number_argument = click.argument("number", type=Number())
on_option = click.option("--on", type=Day(), metavar=_("DAY"), help=_("The day it happened; else today."))
by_option = click.option("--by", metavar=_("NAME"), help=_("Who says so; else your user name."))
json_option = click.option("--json", "as_json", is_flag=True, help=_("The case afterwards, as one JSON object."))


@dataclass(frozen=True)
class Telling:
    """What a person tells of one case: which, on what day it happened, who says so, how the answer is shown."""

    context: Context
    number: int
    on: dt.date | None
    by: str | None
    as_json: bool

    def load(self) -> tuple[Case, Workflow]:
        case, workflow, _events = load_case(self.context.engine, self.number, self.context.now())
        return case, workflow

    def record(self, kind: Kind, **data: Any) -> int:
        """Record it with its day and its witness, and say where the case stands then; gives the exit code."""
        said = data | {"on": _day(self.context, self.on), "by": _by(self.by)}
        case = record_event(self.context.engine, self.number, kind, said, self.context.now())
        return tell(self.context, case, as_json=self.as_json)


def event_command(name: str, words: str) -> Callable[[Callable[..., int]], click.Command]:
    """A command that records an event of one case. Its function gets a `Telling` and the parameters it declares."""

    def make(function: Callable[..., int]) -> click.Command:
        def run(context: Context, number: int, on: dt.date | None, by: str | None, as_json: bool, **more: Any) -> int:
            return function(Telling(context, number, on, by, as_json), **more)

        declared: Callable[..., int] = pass_context(run)
        for option in (json_option, by_option, on_option):
            declared = option(declared)
        # The command's own parameters come first in its help, as click keeps them: the last first.
        declared.__click_params__ += getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        return command.command(name, help=words)(number_argument(declared))

    return make


def _by(by: str | None) -> str:
    return by or getpass.getuser()


def tell(context: Context, case: Case, *, as_json: bool) -> int:
    """Say where the case stands now; exit code 20 while a person must check it."""
    _case, workflow, _events = load_case(context.engine, case.number, context.now())
    if as_json:
        click.echo(json.dumps(case_json(case, workflow), ensure_ascii=False))
    else:
        where = workflow.title_of(case.end) if case.end else workflow.steps[case.step].title.fr
        if case.reason:
            where = case.reason
        stage = _(str(case.stage(workflow)))
        click.echo(_("Case {number}: {where} ({stage})").format(number=case.number, where=where, stage=stage))
    return EXIT_CHECK_NEEDED if case.is_held else 0


def _day(context: Context, on: dt.date | None) -> str:
    return (on or context.now().date()).isoformat()


def _step_or_current(context: Context, number: int, step: str | None) -> tuple[Case, Workflow, str]:
    case, workflow, _events = load_case(context.engine, number, context.now())
    if step is not None and step not in workflow.steps:
        known = ", ".join(workflow.steps)
        raise UsageError(_("There is no step “{step}”. Choose one of: {known}.").format(step=step, known=known))
    return case, workflow, step or case.step


@event_command(
    "sent",
    _(
        "A sheet left: posted, or handed over.\n\n"
        "\b\nExamples:\n"
        "  papier cases sent 12 --way recommande-ar --number 1A12345678901 --on 2027-03-01\n"
        "  papier cases sent 12 --way main-propre"
    ),
)
@click.option("--way", type=click.Choice([str(way) for way in Way]), help=_("How; else the usual way of the step."))
@click.option("--number", "registered", metavar=_("NUMBER"), help=_("The number of a registered letter."))
@click.option("--step", help=_("Another step than the current one."))
def sent_command(said: Telling, way: str | None, registered: str | None, step: str | None) -> int:
    _case, workflow, name = _step_or_current(said.context, said.number, step)
    ways = workflow.steps[name].ways
    if way is None and not ways:
        raise WorkflowRefusedError(
            _("Case {number}: nothing is sent at this step. See: papier cases show {number}").format(number=said.number)
        )
    return said.record(Kind.SENT, step=name, way=way or str(ways[0]), number=registered)


@command.command(
    "handed",
    help=_(
        "Sheets were handed over.\n\n"
        "\b\nExamples:\n"
        "  papier cases handed 12 --on 2027-03-01\n"
        "  papier cases handed 12 13 14"
    ),
)
@click.argument("numbers", type=Number(), nargs=-1, required=True)
@click.option("--step", help=_("Another step than the current one."))
@on_option
@by_option
@json_option
@pass_context
def handed_command(
    context: Context, numbers: tuple[int, ...], step: str | None, on: dt.date | None, by: str | None, as_json: bool
) -> int:
    # All are looked at before one is noted: a mistyped number must not leave a class half handed out.
    handed = [(number, *_step_or_current(context, number, step)[1:]) for number in dict.fromkeys(numbers)]
    code = 0
    for number, workflow, name in handed:
        way = next((way for way in workflow.steps[name].ways if way.delivers), Way.HAND)
        said = Telling(context, number, on, by, as_json)
        code = max(code, said.record(Kind.SENT, step=name, way=str(way), number=None))
    return code


@event_command(
    "delivered",
    _(
        "The letter reached its reader, as the postal receipt says. Unclaimed after fifteen days: give the day of "
        "first presentation.\n\n\b\nExample:\n  papier cases delivered 12 --on 2027-03-03"
    ),
)
@click.option("--step", help=_("Another step than the current one."))
@click.option("--unclaimed", is_flag=True, help=_("It was not claimed; DAY is that of first presentation."))
def delivered_command(said: Telling, step: str | None, unclaimed: bool) -> int:
    _case, _workflow, name = _step_or_current(said.context, said.number, step)
    proof = "non réclamé, première présentation" if unclaimed else "avis de réception"
    return said.record(Kind.DELIVERED, step=name, proof=proof)


@event_command(
    "answer",
    _(
        "A paper came from outside: a receipt, a refusal, reasons. The words known are those of the workflow.\n\n"
        "\b\nExample:\n  papier cases answer 12 refus --on 2027-04-12"
    ),
)
@click.argument("answer")
@click.option("--step", help=_("Another step than the current one."))
def answer_command(said: Telling, answer: str, step: str | None) -> int:
    _case, _workflow, name = _step_or_current(said.context, said.number, step)
    return said.record(Kind.ANSWERED, step=name, answer=answer)


@command.command(
    "decide",
    help=_(
        "A person decided, in writing and signed. papier never decides itself.\n\n"
        "\b\nExample:\n  papier cases decide 12 justifiee --by 'Mme Roux, CPE'"
    ),
)
@number_argument
@click.argument("options", nargs=-1, required=True)
@on_option
@click.option("--by", required=True, metavar=_("NAME"), help=_("Who decided and signed."))
@json_option
@pass_context
def decide_command(
    context: Context, number: int, options: tuple[str, ...], on: dt.date | None, by: str, as_json: bool
) -> int:
    _case, _workflow, name = _step_or_current(context, number, None)
    said = Telling(context, number, on, by, as_json)
    return said.record(Kind.DECIDED, step=name, options=list(options))


@event_command(
    "correct",
    _(
        "What a sheet says in truth, read from the paper by a person. For boxes, several values after one another.\n\n"
        "\b\nExamples:\n  papier cases correct 12 fin 2027-03-05\n  papier cases correct 12 motif maladie"
    ),
)
@click.argument("field")
@click.argument("values", nargs=-1)
@click.option("--sheet", help=_("Which sheet, where several came back."))
def correct_command(said: Telling, field: str, values: tuple[str, ...], sheet: str | None) -> int:
    case, _workflow = said.load()
    holding = [entry for entry in case.returns if field in entry.values or field in entry.doubtful]
    asked = [question for question in case.questions if question.field == field and question.sheet]
    wanted = sheet or (asked[0].sheet if asked else None) or (holding[-1].sheet if holding else None)
    if wanted is None:
        known = sorted({name for entry in case.returns for name in (*entry.values, *entry.doubtful)})
        raise UsageError(
            _("No sheet of case {number} has a field “{field}”. Known are: {known}.").format(
                number=said.number, field=field, known=", ".join(known) or "–"
            )
        )
    entry = case.find_return(wanted)
    before = None if entry is None else entry.values.get(field, entry.doubtful.get(field))
    value = _typed(before, values)
    face = next(iter(find_faces(said.context.engine, [wanted.partition("#")[0]]).values()), None)
    if face is not None:
        _refuse_unknown(face, field, value)
    return said.record(Kind.CORRECTED, sheet=wanted, field=field, value=value)


def _refuse_unknown(face: Layout, field: str, value: Any) -> None:
    """Raise UsageError for a field or a box that the sheet does not have: nothing would ever ask for it again."""
    zones = [zone for zone in face.zones() if zone.field == field]
    if not zones:
        known = ", ".join(dict.fromkeys(zone.field for zone in face.zones()))
        raise UsageError(_("The sheet has no field “{field}”. Known are: {known}.").format(field=field, known=known))
    if isinstance(value, list):
        boxes = [zone.option or "oui" for zone in zones]
        for box in value:
            if box not in boxes:
                raise UsageError(
                    _("“{value}” is no box of this question. Choose among: {known}.").format(
                        value=box, known=", ".join(boxes)
                    )
                )


def _typed(before: Any, values: tuple[str, ...]) -> Any:
    """What was typed, in the kind of value that the field has: boxes, a signature, or a text."""
    if isinstance(before, list):
        return list(values)
    if isinstance(before, bool):
        return " ".join(values).casefold() in {"oui", "yes", "true", "1"}
    text = " ".join(values)
    if not text or not isinstance(before, str) or not parse_day(before):
        return text or None
    return _typed_day(text)


def _typed_day(text: str) -> str:
    day = parse_day(text)
    if day is None:
        raise UsageError(_("“{value}” is no day. Write it 2027-03-01 or 01/03/2027.").format(value=text))
    return day.isoformat()


@event_command(
    "check",
    _(
        "A person has looked: answers an open question of a case (`papier cases show N` lists them).\n\n"
        "\b\nExamples:\n"
        "  papier cases check 12                            (confirms the one thing that is asked)\n"
        "  papier cases check 12 'two:…' --keep 4F7K-2M9Q-8XTR   (which of two answers counts)"
    ),
)
@click.argument("question", required=False)
@click.option("--keep", metavar=_("SHEET"), help=_("Of two different answers, the sheet that counts."))
def check_command(said: Telling, question: str | None, keep: str | None) -> int:
    case, _workflow = said.load()
    if question is None:
        if len(case.questions) != 1:
            keys = ", ".join(asked.key for asked in case.questions) or "–"
            raise UsageError(_("Say which question: {keys}").format(keys=keys))
        question = case.questions[0].key
    asked = next((entry for entry in case.questions if entry.key == question), None)
    if asked is not None and asked.doubt is Doubt.FIELD and not asked.text:
        raise WorkflowRefusedError(
            _("“{field}” was not read. Say what the paper says: papier cases correct {number} {field} VALUE").format(
                field=asked.field, number=said.number
            )
        )
    return said.record(Kind.CHECKED, question=question, keep=keep)


@event_command(
    "follow",
    _(
        "A person orders what comes next: another step, or one beside it (Défenseur des droits …).\n\n"
        "\b\nExample:\n  papier cases follow 12 defenseur"
    ),
)
@click.argument("step")
def follow_command(said: Telling, step: str) -> int:
    return said.record(Kind.FOLLOWED, to=step)


@event_command("close", _("Close a case before its end.\n\n\b\nExample:\n  papier cases close 12 'élève parti'"))
@click.argument("reason")
def close_command(said: Telling, reason: str) -> int:
    return said.record(Kind.CLOSED, reason=reason)


@event_command("withdraw", _("The person takes their request back.\n\n\b\nExample:\n  papier cases withdraw 12"))
@click.option("--reason", default="retiré par la personne", help=_("Why."))
def withdraw_command(said: Telling, reason: str) -> int:
    return said.record(Kind.WITHDRAWN, reason=reason)


@event_command("reopen", _("Open a closed case again.\n\n\b\nExample:\n  papier cases reopen 12 --step decision"))
@click.option("--step", help=_("Where it goes on; else where it stood."))
def reopen_command(said: Telling, step: str | None) -> int:
    return said.record(Kind.REOPENED, step=step)


@command.command(
    "amend",
    help=_(
        "Mend an event recorded by mistake (numbers: `papier cases history N`). It stays in the history.\n\n"
        "\b\nExamples:\n"
        "  papier cases amend 12 345 --undo\n"
        "  papier cases amend 12 345 --set on=2027-03-02"
    ),
)
@number_argument
@click.argument("event", type=Number())
@click.option("--undo", is_flag=True, help=_("It never happened."))
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help=_("What is right instead."))
@by_option
@json_option
@pass_context
def amend_command(
    context: Context, number: int, event: int, undo: bool, settings: tuple[str, ...], by: str | None, as_json: bool
) -> int:
    _case, _workflow, events = load_case(context.engine, number, context.now())
    found = next((entry for entry in events if entry.seq == event), None)
    if found is None or found.kind is Kind.OPENED:
        known = ", ".join(str(entry.seq) for entry in events if entry.kind is not Kind.OPENED)
        raise UsageError(
            _("Case {number} has no event {event} to mend. Choose one of: {known}.").format(
                number=number, event=event, known=known
            )
        )
    if undo == bool(settings):
        raise UsageError(_("Say --undo, or what is right: --set on=2027-03-02"))
    changes: dict[str, Any] = {}
    # Lists and numbers are said anew by the command that said them; an amendment can only be undone.
    texts = [] if found.kind is Kind.AMENDED else [n for n, v in found.data.items() if v is None or isinstance(v, str)]
    for setting in settings:
        name, separator, value = setting.partition("=")
        if not separator or name not in texts:
            known = ", ".join(texts) or "–"
            raise UsageError(_("--set wants NAME=VALUE, NAME one of: {known}.").format(known=known))
        changes[name] = _typed_day(value) if name in {"on", "until"} else value
    data = {"seq": event, "data": None if undo else changes, "by": _by(by)}
    return tell(context, record_event(context.engine, number, Kind.AMENDED, data, context.now()), as_json=as_json)


@command.command(
    "refile",
    help=_(
        "A sheet was filed with the wrong case: take it out of there and file it here.\n\n"
        "\b\nExample:\n  papier cases refile 12 4F7K-2M9Q-8XTR"
    ),
)
@number_argument
@click.argument("sheet")
@by_option
@json_option
@pass_context
def refile_command(context: Context, number: int, sheet: str, by: str | None, as_json: bool) -> int:
    case = refile_sheet(context.engine, number, sheet.upper(), _by(by), context.now())
    return tell(context, case, as_json=as_json)


@command.command(
    "tick",
    help=_(
        "A row of a day's sheet or a dispatch list that was not read for sure: what a person reads there.\n\n"
        "\b\nExamples:\n"
        "  papier cases tick 4F7K-2M9Q-8XTR 3 fait\n"
        "  papier cases tick 9KGM-ER80-3UCN 1 depose --number 1A12345678901"
    ),
)
@click.argument("sheet")
@click.argument("row", type=Number())
@click.argument("box")
@click.option("--number", "registered", metavar=_("NUMBER"), help=_("The number of a registered letter."))
@on_option
@by_option
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
@pass_context
def tick_command(
    context: Context,
    sheet: str,
    row: int,
    box: str,
    registered: str | None,
    on: dt.date | None,
    by: str | None,
    as_json: bool,
) -> None:
    now = context.now()
    moved = tick_row(context.engine, sheet.upper(), row, box, registered, on or now.date(), _by(by), now)
    if as_json:
        click.echo(json.dumps({"sheet": sheet.upper(), "row": row, "cases": moved}))
    else:
        click.echo(
            _n("Recorded for {count} case: {numbers}", "Recorded for {count} cases: {numbers}", len(moved)).format(
                count=len(moved), numbers=", ".join(map(str, moved))
            )
        )


@command.command(
    "move",
    help=_(
        "Put a running case on today's version of its workflow. Without --yes, only the differences are shown.\n\n"
        "\b\nExample:\n  papier cases move 12 --yes"
    ),
)
@number_argument
@click.option("--step", help=_("Where it goes on, if its step is no longer there."))
@click.option("--yes", is_flag=True, help=_("Move it."))
@by_option
@json_option
@pass_context
def move_command(context: Context, number: int, step: str | None, yes: bool, by: str | None, as_json: bool) -> int:
    case, workflow, _events = load_case(context.engine, number, context.now())
    newer = find_workflow(case.workflow, context.folders)
    differences = list_differences(workflow, newer)
    if not as_json:
        click.echo(
            _("Case {number}: {workflow}, version {old} → {new}").format(
                number=number, workflow=case.workflow, old=workflow.version, new=newer.version
            )
        )
        for line in differences:
            click.echo(f"  {line}")
    if not yes:
        if as_json:
            click.echo(
                json.dumps(
                    {"case": number, "from": workflow.version, "to": newer.version, "differences": differences},
                    ensure_ascii=False,
                )
            )
        else:
            click.echo(_("Nothing was moved. Add --yes to move it."))
        return 0
    moved = move_case(context.engine, number, newer, step, _by(by), context.now())
    return tell(context, moved, as_json=as_json)
