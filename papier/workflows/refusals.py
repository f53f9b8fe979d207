"""What may not be recorded of a case, and why: said before the event is written, with the remedy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from papier.language import translate as _
from papier.language import written_day
from papier.workflows.case import Case, Doubt, Stage
from papier.workflows.definition import Step, Workflow
from papier.workflows.events import Kind
from papier.yaml_source import suggest_or_list

# A closed case still takes these.
_WHEN_CLOSED = frozenset(
    {
        Kind.RETURNED,
        Kind.FILED,
        Kind.REOPENED,
        Kind.CORRECTED,
        Kind.CHECKED,
        Kind.DONE,
        Kind.POSTPONED,
        Kind.FLAGGED,
        Kind.AMENDED,
    }
)
# Questions that a decision answers; any other one comes first.
_FOR_THE_DECIDER = frozenset({Doubt.TWO_ANSWERS, Doubt.UNSIGNED, Doubt.SEVERAL})


def find_refusal(case: Case, workflow: Workflow, kind: Kind, data: Mapping[str, Any], today: dt.date) -> str | None:
    """One sentence with the remedy when this event may not be recorded; None when it may.

    `workflow` is the case's own, frozen definition; for `MOVED` the one it moves to.
    """
    name = _("Case {number}").format(number=case.number)
    if not case.is_open and kind not in _WHEN_CLOSED:
        return _("{name} is closed. Reopen it first: papier cases reopen {number}").format(
            name=name, number=case.number
        )
    on = data.get("on")
    if on is not None and dt.date.fromisoformat(on) > today:
        return _("{name}: {on} is in the future. Check the date; nothing is recorded before it happens.").format(
            name=name, on=written_day(on)
        )
    if on is not None and dt.date.fromisoformat(on) < case.opened and kind is not Kind.DELIVERED:
        return _("{name} was opened on {opened}, later than {on}. Check the date.").format(
            name=name, opened=written_day(case.opened), on=written_day(on)
        )
    check = _CHECKS.get(kind)
    return None if check is None else check(case, workflow, data)


def _sent(case: Case, workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    step = workflow.steps.get(data["step"])
    if step is None or not step.ways or step.name not in case.visits:
        return _("Case {number}: nothing is sent at the step `{step}`. See: papier cases show {number}").format(
            number=case.number, step=data["step"]
        )
    if data["way"] not in step.ways:
        ways = ", ".join(step.ways)
        return _("Case {number}: `{way}` is no way to send this here. Choose one of: {ways}.").format(
            number=case.number, way=data["way"], ways=ways
        )
    visit, printed = case.visits[step.name], case.marks.get(f"{step.name}.printed")
    # A sheet that this stay at the step printed; one that was ordered after it had left is another matter.
    if printed is not None and printed.seq >= visit.seq and dt.date.fromisoformat(data["on"]) < visit.entered:
        return _(
            "Case {number}: `{step}` began on {day}, and nothing of it can have left before. Check the date."
        ).format(number=case.number, step=step.name, day=written_day(visit.entered))
    return _sent_before(case, step, data)


def _sent_before(case: Case, step: Step, data: Mapping[str, Any]) -> str | None:
    """Sent twice is a slip of the hand: the later day would move the clocks. A number alone may follow."""
    visit, sent = case.visits[step.name], case.marks.get(f"{step.name}.sent")
    if visit.way is None or sent is None:
        return None
    same = visit.way == data["way"] and data["on"] == sent.prudent.isoformat()
    if same and data.get("number") and visit.number is None:
        return None
    return _(
        "Case {number}: this was sent on {prudent} already. To mend that: papier cases amend "
        "{number} {seq}. To send it anew: papier cases follow {number} {name}"
    ).format(number=case.number, prudent=written_day(sent.prudent), seq=sent.seq, name=step.name)


def _delivered(case: Case, _workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    sent = case.marks.get(f"{data['step']}.sent")
    if sent is None:
        return _("Case {number}: nothing was sent at `{step}` yet. Record it first: papier cases sent {number}").format(
            number=case.number, step=data["step"]
        )
    if dt.date.fromisoformat(data["on"]) < sent.prudent:
        return _("Case {number}: it was sent on {prudent} and cannot arrive before. Check the date.").format(
            number=case.number, prudent=written_day(sent.prudent)
        )
    known = case.marks.get(f"{data['step']}.delivered")
    # What is handed over is received by being sent: a receipt may follow, once.
    if known is not None and known.theoretical is not None and known.seq > sent.seq:
        return _(
            "Case {number}: it was received on {day} already. If that is wrong: papier cases amend {number} {seq}"
        ).format(number=case.number, day=written_day(known.prudent), seq=known.seq)
    return None


def _answered(case: Case, workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    known = workflow.answers_at(data["step"]) if data["step"] in workflow.steps else {}
    if data["answer"] not in known:
        hint = suggest_or_list(data["answer"], known) if known else _(" No paper from outside is expected here.")
        return _("Case {number}: `{answer}` is no answer known at this step.{hint}").format(
            number=case.number, answer=data["answer"], hint=hint
        )
    before = case.marks.get(f"{data['step']}.{data['answer']}") or case.marks.get(data["answer"])
    if before is not None and data["on"] == before.prudent.isoformat():
        # Twice on one day is a slip of the hand; a second letter of the kind comes another day.
        return _(
            "Case {number}: `{answer}` was recorded for {day} already. If that is wrong: "
            "papier cases amend {number} {seq}"
        ).format(number=case.number, answer=data["answer"], day=written_day(before.prudent), seq=before.seq)
    return None


def _corrected(case: Case, _workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    entry = case.find_return(data["sheet"])
    if entry is None:
        sheets = [known.sheet for known in case.returns]
        return _("Case {number}: the sheet {sheet} did not come back.{hint}").format(
            number=case.number, sheet=data["sheet"], hint=suggest_or_list(data["sheet"], sheets)
        )
    return None


def _checked(case: Case, _workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    questions = {asked.key: asked for asked in case.questions}
    asked = questions.get(data["question"])
    if asked is None:
        hint = suggest_or_list(data["question"], questions) if questions else _(" Nothing is asked of it.")
        return _("Case {number}: there is no question `{question}`.{hint}").format(
            number=case.number, question=data["question"], hint=hint
        )
    if asked.doubt is Doubt.TWO_ANSWERS and data.get("keep") not in {entry.sheet for entry in case.returns}:
        sheets = ", ".join(entry.sheet for entry in case.returns)
        return _(
            "Case {number}: two people answered differently. Say which sheet counts: --keep, one of {sheets}."
        ).format(number=case.number, sheets=sheets)
    if asked.doubt is Doubt.CONFLICT:
        return _(
            "Case {number}: what {sheet} says in `{field}` cannot stand. Say what is right: papier "
            "cases correct {number} {field} VALUE"
        ).format(number=case.number, sheet=asked.sheet, field=asked.field)
    return None


def _decided(case: Case, workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    step = workflow.steps.get(data["step"])
    if step is None or step.decision is None or case.step != data["step"]:
        return _("Case {number}: nothing is to be decided at this step. See: papier cases show {number}").format(
            number=case.number
        )
    blocking = [asked.key for asked in case.questions if asked.holds and asked.doubt not in _FOR_THE_DECIDER]
    if blocking:
        return _(
            "Case {number} is held by a question ({value}). Answer it first: papier cases check {number} '{value}'"
        ).format(number=case.number, value=blocking[0])
    options = step.decision.options
    for option in data["options"]:
        if option not in options:
            return _("Case {number}: `{option}` is no choice here.{hint}").format(
                number=case.number, option=option, hint=suggest_or_list(option, options)
            )
    main = [o for o in data["options"] if options[o] not in workflow.steps or not workflow.steps[options[o]].beside]
    if len(main) > 1:
        return _("Case {number}: {listed} exclude each other. Choose one.").format(
            number=case.number, listed=" and ".join(main)
        )
    return None


def _passed(case: Case, workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    step = workflow.steps.get(data["step"])
    if step is None or step.clock(data["clock"]) is None or step.name not in case.active():
        return _("Case {number}: the clock `{step}.{clock}` does not run.").format(
            number=case.number, step=data["step"], clock=data["clock"]
        )
    if case.stage(workflow) is Stage.CHECK:
        return _("Case {number} is held until a person has checked it: papier cases show {number}").format(
            number=case.number
        )
    return None


def _followed(case: Case, workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    known = [*workflow.steps, *workflow.ends]
    if data["to"] not in known:
        return _("Case {number}: there is no step `{to}`.{hint}").format(
            number=case.number, to=data["to"], hint=suggest_or_list(data["to"], known)
        )
    return None


def _reopened(case: Case, workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    if case.is_open:
        return _("Case {number} is open. There is nothing to reopen.").format(number=case.number)
    step = data.get("step")
    return None if step is None or step in workflow.steps else unknown_step(case, workflow, step)


def unknown_step(case: Case, workflow: Workflow, step: str) -> str:
    """That the workflow has no such step, and which it has."""
    return _("Case {number}: there is no step `{step}`.{hint}").format(
        number=case.number, step=step, hint=suggest_or_list(step, workflow.steps)
    )


def _moved(case: Case, workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    if workflow.name != case.workflow:
        return _("Case {number} follows `{workflow}`, which `{name}` is no version of.").format(
            number=case.number, workflow=case.workflow, name=workflow.name
        )
    if case.digest == workflow.digest():
        return _("Case {number} follows this very version already.").format(number=case.number)
    step = data.get("step") or case.step
    if step not in workflow.steps:
        return _(
            "Case {number} stands at `{step}`, which the other version does not have. Say where it "
            "goes on: --step, one of {listed}."
        ).format(number=case.number, step=step, listed=", ".join(workflow.steps))
    return None


_CHECKS = {
    Kind.SENT: _sent,
    Kind.DELIVERED: _delivered,
    Kind.ANSWERED: _answered,
    Kind.CORRECTED: _corrected,
    Kind.CHECKED: _checked,
    Kind.DECIDED: _decided,
    Kind.PASSED: _passed,
    Kind.FOLLOWED: _followed,
    Kind.REOPENED: _reopened,
    Kind.MOVED: _moved,
}
