"""What may not be recorded of a case, and why: said before the event is written, with the remedy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from papier.workflows.case import Case, Doubt, Stage
from papier.workflows.definition import Step, Way, Workflow
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
    name = f"Case {case.number}"
    if not case.is_open and kind not in _WHEN_CLOSED:
        return f"{name} is closed. Reopen it first: papier cases reopen {case.number}"
    on = data.get("on")
    if on is not None and dt.date.fromisoformat(on) > today:
        return f"{name}: {on} is in the future. Check the date; nothing is recorded before it happens."
    if on is not None and dt.date.fromisoformat(on) < case.opened and kind is not Kind.DELIVERED:
        return f"{name} was opened on {case.opened}, later than {on}. Check the date."
    check = _CHECKS.get(kind)
    return None if check is None else check(case, workflow, data)


def _sent(case: Case, workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    step = workflow.steps.get(data["step"])
    if step is None or not step.ways or step.name not in case.visits:
        return f"Case {case.number}: nothing is sent at the step `{data['step']}`. See: papier cases show {case.number}"
    if Way(data["way"]) not in step.ways:
        ways = ", ".join(step.ways)
        return f"Case {case.number}: `{data['way']}` is no way to send this here. Choose one of: {ways}."
    return _sent_before(case, step, data)


def _sent_before(case: Case, step: Step, data: Mapping[str, Any]) -> str | None:
    """Sent twice is a slip of the hand: the later day would move the clocks. A number alone may follow."""
    visit, sent = case.visits[step.name], case.marks.get(f"{step.name}.sent")
    if visit.way is None or sent is None:
        return None
    same = visit.way == data["way"] and data["on"] == sent.prudent.isoformat()
    if same and data.get("number") and visit.number is None:
        return None
    return (
        f"Case {case.number}: this was sent on {sent.prudent} already. To mend that: papier cases amend {case.number} "
        f"{sent.seq}. To send it anew: papier cases follow {case.number} {step.name}"
    )


def _delivered(case: Case, _workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    sent = case.marks.get(f"{data['step']}.sent")
    if sent is None:
        return (
            f"Case {case.number}: nothing was sent at `{data['step']}` yet. "
            f"Record it first: papier cases sent {case.number}"
        )
    if dt.date.fromisoformat(data["on"]) < sent.prudent:
        return f"Case {case.number}: it was sent on {sent.prudent} and cannot arrive before. Check the date."
    return None


def _answered(case: Case, workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    known = workflow.answers_at(data["step"]) if data["step"] in workflow.steps else {}
    if data["answer"] not in known:
        hint = suggest_or_list(data["answer"], known) if known else " No paper from outside is expected here."
        return f"Case {case.number}: `{data['answer']}` is no answer known at this step.{hint}"
    return None


def _corrected(case: Case, _workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    entry = case.find_return(data["sheet"])
    if entry is None:
        sheets = [known.sheet for known in case.returns]
        return (
            f"Case {case.number}: the sheet {data['sheet']} did not come back.{suggest_or_list(data['sheet'], sheets)}"
        )
    return None


def _checked(case: Case, _workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    questions = {asked.key: asked for asked in case.questions}
    asked = questions.get(data["question"])
    if asked is None:
        hint = suggest_or_list(data["question"], questions) if questions else " Nothing is asked of it."
        return f"Case {case.number}: there is no question `{data['question']}`.{hint}"
    if asked.doubt is Doubt.TWO_ANSWERS and data.get("keep") not in {entry.sheet for entry in case.returns}:
        sheets = ", ".join(entry.sheet for entry in case.returns)
        return f"Case {case.number}: two people answered differently. Say which sheet counts: --keep, one of {sheets}."
    if asked.doubt is Doubt.CONFLICT:
        return (
            f"Case {case.number}: what {asked.sheet} says in `{asked.field}` cannot stand. Say what is right: "
            f"papier cases correct {case.number} {asked.field} VALUE"
        )
    return None


def _decided(case: Case, workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    step = workflow.steps.get(data["step"])
    if step is None or step.decision is None or case.step != data["step"]:
        return f"Case {case.number}: nothing is to be decided at this step. See: papier cases show {case.number}"
    blocking = [asked.key for asked in case.questions if asked.holds and asked.doubt not in _FOR_THE_DECIDER]
    if blocking:
        return (
            f"Case {case.number} is held by a question ({blocking[0]}). "
            f"Answer it first: papier cases check {case.number} '{blocking[0]}'"
        )
    options = step.decision.options
    for option in data["options"]:
        if option not in options:
            return f"Case {case.number}: `{option}` is no choice here.{suggest_or_list(option, options)}"
    main = [o for o in data["options"] if options[o] not in workflow.steps or not workflow.steps[options[o]].beside]
    if len(main) > 1:
        return f"Case {case.number}: {' and '.join(main)} exclude each other. Choose one."
    return None


def _passed(case: Case, workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    step = workflow.steps.get(data["step"])
    if step is None or step.clock(data["clock"]) is None or step.name not in case.active():
        return f"Case {case.number}: the clock `{data['step']}.{data['clock']}` does not run."
    if case.stage(workflow) is Stage.CHECK:
        return f"Case {case.number} is held until a person has checked it: papier cases show {case.number}"
    return None


def _followed(case: Case, workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    known = [*workflow.steps, *workflow.ends]
    if data["to"] not in known:
        return f"Case {case.number}: there is no step `{data['to']}`.{suggest_or_list(data['to'], known)}"
    return None


def _reopened(case: Case, workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    if case.is_open:
        return f"Case {case.number} is open. There is nothing to reopen."
    step = data.get("step")
    if step is not None and step not in workflow.steps:
        return f"Case {case.number}: there is no step `{step}`.{suggest_or_list(step, workflow.steps)}"
    return None


def _moved(case: Case, workflow: Workflow, data: Mapping[str, Any]) -> str | None:
    if workflow.name != case.workflow:
        return f"Case {case.number} follows `{case.workflow}`, which `{workflow.name}` is no version of."
    if case.digest == workflow.digest():
        return f"Case {case.number} follows this very version already."
    step = data.get("step") or case.step
    if step not in workflow.steps:
        return (
            f"Case {case.number} stands at `{step}`, which the other version does not have. "
            f"Say where it goes on: --step, one of {', '.join(workflow.steps)}."
        )
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
