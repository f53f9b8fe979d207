"""How each event changes a case. `fold` over all of them, or `apply` of the next one, give the same case."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from papier.forms.shapes import is_iso_date
from papier.workflows.case import Case, Doubt, Mark, PrintedSheet, Question, Return, Value, Visit
from papier.workflows.definition import SLIP_BOX, SLIP_DAY, SLIP_TABLE, Back, Step, Way, Workflow
from papier.workflows.events import CaseEvent, Kind, in_force

FindWorkflow = Callable[[str], Workflow]
# The fields of a sheet that say whom a case is about: they bear the names of the roster's columns.
PERSON_FIELDS = ("nom", "prenom", "classe", "naissance", "dossier", "telephone", "responsable")

# A dispute may be taken over from somebody else; one that began longer ago than this is a misread year.
OLDEST = dt.timedelta(5 * 365)

Change = Callable[[Case, CaseEvent, Workflow], Case]


def fold(number: int, events: Sequence[CaseEvent], find: FindWorkflow) -> Case:
    """The case that `events` leave; `find` gives the frozen definition of a digest. The first one in force opens it."""
    case: Case | None = None
    for event in in_force(events):
        case = open_case(number, event, find) if case is None else apply(case, event, find)
    if case is None:
        raise ValueError(f"case {number} has no event that opens it")
    # Amendments leave no trace of their own but this one.
    return dataclasses.replace(case, seq=events[-1].seq)


def open_case(number: int, event: CaseEvent, find: FindWorkflow) -> Case:
    """A case from its first event, at its workflow's first step."""
    data = event.data
    workflow = find(data["digest"])
    case = Case(
        number=number,
        workflow=data["workflow"],
        version=data["version"],
        digest=data["digest"],
        form=data["form"],
        opened=event.on,
        person=dict(data["person"]),
        region=data.get("region"),
        zone=data.get("zone"),
        marks={"opened": Mark(event.on, event.on, event.seq)},
        seq=event.seq,
    )
    return _enter(case, workflow.first.name, event, workflow)


def apply(case: Case, event: CaseEvent, find: FindWorkflow) -> Case:
    """The case after one more event. An amendment changes the past: fold all events anew instead."""
    if event.kind is Kind.AMENDED:
        raise ValueError("an amendment changes the past: fold all events anew")
    if event.kind is Kind.MOVED:
        workflow = find(event.data["digest"])
        case = dataclasses.replace(case, digest=event.data["digest"], version=event.data["version"])
    else:
        workflow = find(case.digest)
    changed = _CHANGES[event.kind](case, event, workflow)
    return dataclasses.replace(_settle(changed, event, workflow), seq=event.seq)


# ---- moving between steps


def _enter(case: Case, target: str, event: CaseEvent, workflow: Workflow) -> Case:
    """The case at a step (or beside it), or at an end."""
    if target in workflow.ends:
        return dataclasses.replace(case, closed=event.on, end=target, beside=())
    step = workflow.steps[target]
    visits = {**case.visits, target: Visit(event.on, event.seq)}
    if step.beside:
        beside = (*(name for name in case.beside if name != target), target)
        return dataclasses.replace(case, visits=visits, beside=beside)
    case = dataclasses.replace(case, visits=visits, step=target)
    decision = step.decision
    if decision is not None and decision.form not in workflow.forms_of(target, case.form):
        # The office block of a sheet that came back earlier may be ticked already.
        back = case.latest_return(decision.form)
        if back is not None and not back.decided:
            return _decide_by_sheet(case, back, step, event, workflow)
    return case


def _mark(case: Case, name: str, prudent: dt.date, theoretical: dt.date | None, seq: int) -> Case:
    marks = {key: mark for key, mark in case.marks.items() if key != name}
    return dataclasses.replace(case, marks={**marks, name: Mark(prudent, theoretical, seq)})


def _visit(case: Case, step: str, **changes: Any) -> Case:
    visit = case.visits.get(step)
    if visit is None:
        return case
    return dataclasses.replace(case, visits={**case.visits, step: dataclasses.replace(visit, **changes)})


def _ask(case: Case, question: Question) -> Case:
    others = tuple(asked for asked in case.questions if asked.key != question.key)
    return dataclasses.replace(case, questions=(*others, question))


def _answer(case: Case, *keys: str) -> Case:
    return dataclasses.replace(case, questions=tuple(asked for asked in case.questions if asked.key not in keys))


# ---- what goes out


def _printed(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    step = workflow.steps.get(event.data["step"])
    if step is None:
        return case
    known = {sheet.sheet for sheet in case.sheets}
    sheets = tuple(
        PrintedSheet(number, form, step.name, event.seq) for number, form in event.data["sheets"] if number not in known
    )
    case = dataclasses.replace(case, sheets=(*case.sheets, *sheets))
    case = _visit(case, step.name, printed=True)
    case = _mark(case, f"{step.name}.printed", event.on, event.on, event.seq)
    return case if step.ways else _go_on(case, step, event, workflow)


def _sent(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    data = event.data
    step = workflow.steps.get(data["step"])
    if step is None:
        return case
    way = Way(data["way"])
    before = case.visits.get(step.name)
    number = data.get("number") or (before.number if before is not None else None)
    case = _visit(case, step.name, printed=True, way=str(way), number=number)
    case = _mark(case, f"{step.name}.sent", event.on, event.on, event.seq)
    known = case.marks.get(f"{step.name}.delivered")
    if way.delivers:
        case = _mark(case, f"{step.name}.delivered", event.on, event.on, event.seq)
    elif known is None or known.theoretical is None or known.prudent < event.on:
        # On its way: it may have arrived the same day, and nothing proves it.
        case = _mark(case, f"{step.name}.delivered", event.on, None, event.seq)
    return _go_on(case, step, event, workflow)


def _go_on(case: Case, step: Step, event: CaseEvent, workflow: Workflow) -> Case:
    """What follows once a sheet has left: a step beside is over, a step that waits for nothing leads on."""
    if step.beside:
        return dataclasses.replace(case, beside=tuple(name for name in case.beside if name != step.name))
    waits = step.back is not None or step.decision is not None
    if step.then is not None and not waits and case.step == step.name and case.is_open:
        return _enter(case, step.then, event, workflow)
    return case


def _delivered(case: Case, event: CaseEvent, _workflow: Workflow) -> Case:
    return _mark(case, f"{event.data['step']}.delivered", event.on, event.on, event.seq)


# ---- what comes in


def _returned(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    data = event.data
    sheet, form = data["sheet"], data["form"]
    printed = next((entry for entry in case.sheets if entry.sheet == sheet), None)
    step = printed.step if printed is not None else _step_for(case, form, workflow)
    values: dict[str, Value] = dict(data["values"])
    doubtful: dict[str, Value] = dict(data["doubtful"])
    earlier = case.find_return(sheet)
    case = _answer(case, f"pages:{sheet}")
    if data.get("blank"):
        return _blank(case, event, step, earlier)
    blank = f"blank:{sheet}"
    if earlier is not None and not earlier.values and (earlier.aside or case.asks(blank)):
        # What came back blank was no answer: this is the first.
        case, earlier = _answer(case, blank), None
    if earlier is None:
        entry = Return(
            sheet,
            form,
            step,
            data["record"],
            _received(event, values, step, workflow, case.opened),
            values,
            doubtful,
            event.seq,
        )
    else:
        entry, conflicts = _merge(earlier, data["record"], values, doubtful)
        for name in conflicts:
            text = f"« {said(earlier.values[name])} » puis « {said(values[name])} »"
            case = _ask(case, Question(f"conflict:{sheet}:{name}", Doubt.CONFLICT, sheet, name, text, event.seq))
    if not entry.used:
        # The sheet says more than before: what was asked of it is asked anew, if it must be.
        case = _answer(case, f"unsigned:{sheet}", f"several:{sheet}")
    case = _put_return(case, entry)
    case = _know_person(case, entry.values)
    if case.is_open:
        # Of a closed case nothing more is asked than whether to open it again.
        case = _ask_doubts(case, entry, event.seq)
    if data.get("missing"):
        pages = ", ".join(str(page) for page in data["missing"])
        case = _ask(case, Question(f"pages:{sheet}", Doubt.PAGES, sheet, None, pages, event.seq))
    if not case.is_open:
        if earlier is None or not entry.used:
            case = _ask(case, Question(f"closed:{sheet}", Doubt.CLOSED, sheet, None, form, event.seq))
        return case
    if data.get("alike"):
        text = ", ".join(f"n° {number}" for number in data["alike"])
        case = _ask(case, Question(f"alike:{sheet}", Doubt.ALIKE, sheet, None, text, event.seq))
    missing = data.get("lacks")
    if missing:
        case = _ask(case, Question(f"version:{sheet}", Doubt.VERSION, sheet, None, ", ".join(missing), event.seq))
    return case


def _blank(case: Case, event: CaseEvent, step: str, earlier: Return | None) -> Case:
    """A sheet on which nothing is written: a person says so. A blank copy of one that says more asks nothing."""
    data = event.data
    sheet = data["sheet"]
    if earlier is not None and (earlier.values or earlier.doubtful):
        return _put_return(case, dataclasses.replace(earlier, scans=earlier.scans + 1))
    scans = 1 if earlier is None else earlier.scans + 1
    entry = Return(sheet, data["form"], step, data["record"], event.on, {}, {}, event.seq, scans)
    case = _put_return(case, entry)
    return _ask(case, Question(f"blank:{sheet}", Doubt.BLANK, sheet, None, "", event.seq)) if case.is_open else case


def _know_person(case: Case, values: Mapping[str, Value]) -> Case:
    """Who the case is about, as far as a sheet says so and nobody has said it yet."""
    told = {name: value for name in PERSON_FIELDS if isinstance(value := values.get(name), str) and value}
    return dataclasses.replace(case, person={**told, **{name: text for name, text in case.person.items() if text}})


def _step_for(case: Case, form: str, workflow: Workflow) -> str:
    """The step that a sheet without a printing event belongs to: the current one if it waits for it, else any."""
    if case.is_open and case.waits_for(form, workflow):
        return case.step
    for step in workflow.steps.values():
        if step.back is not None and step.back.form == form:
            return step.name
    return case.step


def _received(event: CaseEvent, values: Mapping[str, Value], step: str, workflow: Workflow, opened: dt.date) -> dt.date:
    """The day written on the sheet's receipt field, where it can be right, else the day it was taken in."""
    back: Back | None = workflow.steps[step].back if step in workflow.steps else None
    written = _written_day(values, back.received) if back is not None and back.received is not None else None
    day = dt.date.fromisoformat(written) if written else event.on
    return day if opened <= day <= event.on else event.on


def _merge(
    earlier: Return, record: int, values: Mapping[str, Value], doubtful: Mapping[str, Value]
) -> tuple[Return, list[str]]:
    """Both scans of one sheet together: what was added since is taken, what changed is a conflict."""
    merged, doubts = dict(earlier.values), dict(earlier.doubtful)
    conflicts, added = [], False
    for name, value in values.items():
        if name in merged and _differ(merged[name], value):
            conflicts.append(name)
        elif name not in merged:
            merged[name] = value
            doubts.pop(name, None)
            added = True
    for name, value in doubtful.items():
        if name not in merged and name not in doubts:
            doubts[name] = value
            added = True
    entry = dataclasses.replace(
        earlier,
        record=record if added or conflicts else earlier.record,
        values=merged,
        doubtful=doubts,
        scans=earlier.scans + 1,
        used=earlier.used and not added,
    )
    return entry, conflicts


def _differ(one: Value, other: Value) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return sorted(one) != sorted(other)
    return one != other


def _put_return(case: Case, entry: Return) -> Case:
    known = [old.sheet for old in case.returns]
    if entry.sheet in known:
        return dataclasses.replace(
            case, returns=tuple(entry if old.sheet == entry.sheet else old for old in case.returns)
        )
    return dataclasses.replace(case, returns=(*case.returns, entry))


def _ask_doubts(case: Case, entry: Return, seq: int) -> Case:
    """One question a doubtful field; those of fields that are known now are answered."""
    prefix = f"field:{entry.sheet}:"
    kept = tuple(
        asked
        for asked in case.questions
        if not asked.key.startswith(prefix) or asked.key.removeprefix(prefix) in entry.doubtful
    )
    case = dataclasses.replace(case, questions=kept)
    asked = {question.key for question in kept}
    for name, value in entry.doubtful.items():
        if f"{prefix}{name}" not in asked:
            # An empty field, or one without a signature, says nothing that could be confirmed.
            text = said(value) if value else ""
            case = _ask(case, Question(f"{prefix}{name}", Doubt.FIELD, entry.sheet, name, text, seq))
    return case


def said(value: Value) -> str:
    """A value as a person writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    return ", ".join(value) if isinstance(value, list) else value


def _answered(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    step, name = event.data["step"], event.data["answer"]
    case = _mark(case, f"{step}.{name}", event.on, event.on, event.seq)
    known = workflow.answers_at(step).get(name) if step in workflow.steps else None
    if name in workflow.answers and (step not in workflow.steps or name not in workflow.steps[step].answers):
        # What may come at any step is known to every clock; what one step asks for is known as `step.answer`.
        case = _mark(case, name, event.on, event.on, event.seq)
    if known is not None and known.then not in (None, step) and step == case.step and case.is_open:
        return _enter(case, str(known.then), event, workflow)
    return case


# ---- what people say


def _corrected(case: Case, event: CaseEvent, _workflow: Workflow) -> Case:
    sheet, name, value = event.data["sheet"], event.data["field"], event.data["value"]
    entry = case.find_return(sheet)
    if entry is None:
        return case
    doubtful = {key: kept for key, kept in entry.doubtful.items() if key != name}
    values = {key: kept for key, kept in entry.values.items() if key != name}
    if value not in (None, "", [], False):
        values[name] = value
    undecided = {f"unsigned:{sheet}", f"several:{sheet}"} & {asked.key for asked in case.questions}
    entry = dataclasses.replace(entry, values=values, doubtful=doubtful, used=entry.used and not undecided)
    case = _know_person(_put_return(case, entry), values)
    return _answer(case, f"field:{sheet}:{name}", f"conflict:{sheet}:{name}", *undecided)


def _checked(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    key, keep = event.data["question"], event.data.get("keep")
    question = next((asked for asked in case.questions if asked.key == key), None)
    if question is None:
        return case
    if question.doubt is Doubt.FIELD and question.sheet is not None and question.field is not None:
        entry = case.find_return(question.sheet)
        value = entry.doubtful.get(question.field) if entry is not None else None
        data = {**event.data, "sheet": question.sheet, "field": question.field, "value": value}
        return _corrected(case, dataclasses.replace(event, data=data), workflow)
    if question.doubt is Doubt.BLANK:
        case = dataclasses.replace(
            case,
            returns=tuple(
                dataclasses.replace(entry, aside=True) if entry.sheet == question.sheet else entry
                for entry in case.returns
            ),
        )
    if question.doubt is Doubt.TWO_ANSWERS and keep is not None:
        form = next((entry.form for entry in case.returns if entry.sheet == keep), None)
        case = dataclasses.replace(
            case,
            returns=tuple(
                dataclasses.replace(entry, aside=entry.form == form and entry.sheet != keep) for entry in case.returns
            ),
        )
    return _answer(case, key)


def _decided(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    step = workflow.steps.get(event.data["step"])
    if step is None or step.decision is None:
        return case
    # Whoever decides has both answers before them.
    settled = [
        asked.key for asked in case.questions if asked.doubt in {Doubt.TWO_ANSWERS, Doubt.UNSIGNED, Doubt.SEVERAL}
    ]
    used = tuple(dataclasses.replace(entry, used=True) for entry in case.returns)
    case = dataclasses.replace(_answer(case, *settled), returns=used)
    return _decide(case, event.data["options"], step, event, workflow)


def _decide(case: Case, options: Sequence[str], step: Step, event: CaseEvent, workflow: Workflow) -> Case:
    assert step.decision is not None  # noqa: S101 - the callers looked
    targets = {option: step.decision.options[option] for option in options if option in step.decision.options}
    case = dataclasses.replace(case, decisions={**case.decisions, step.name: ", ".join(targets)})
    for target in targets.values():
        if target in workflow.steps and workflow.steps[target].beside:
            case = _enter(case, target, event, workflow)
    main = [target for target in targets.values() if target in workflow.ends or not workflow.steps[target].beside]
    if main:
        return _enter(case, main[0], event, workflow)
    # Only something beside was chosen: the question stays, and is printed again where it has a sheet of its own.
    return _visit(case, step.name, printed=False, way=None)


def _decide_by_sheet(case: Case, entry: Return, step: Step, event: CaseEvent, workflow: Workflow) -> Case:
    """The decision that a sheet carries: ticked and signed, else a question or nothing at all."""
    decision = step.decision
    assert decision is not None  # noqa: S101 - the callers looked
    ticked = entry.values.get(decision.field)
    options = [option for option in ticked if option in decision.options] if isinstance(ticked, list) else []
    if not options:
        return case
    if not entry.values.get(decision.signed):
        question = Question(f"unsigned:{entry.sheet}", Doubt.UNSIGNED, entry.sheet, decision.signed, ", ".join(options))
        return _ask(case, dataclasses.replace(question, seq=event.seq))
    case = _answer(case, f"unsigned:{entry.sheet}")
    main = [
        o
        for o in options
        if decision.options[o] not in workflow.steps or not workflow.steps[decision.options[o]].beside
    ]
    if len(main) > 1:
        question = Question(
            f"several:{entry.sheet}", Doubt.SEVERAL, entry.sheet, decision.field, ", ".join(main), event.seq
        )
        return _ask(case, question)
    case = _put_return(case, dataclasses.replace(entry, decided=True, used=True))
    return _decide(case, options, step, event, workflow)


# ---- what the sheets that came back make of the case


def _settle(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    """Use what came back and was not used yet, oldest first, as long as no question holds the case."""
    while case.is_open and not case.is_held:
        entry = next((entry for entry in case.returns if not entry.used and not entry.aside), None)
        if entry is None:
            return case
        case = _put_return(case, dataclasses.replace(entry, used=True))
        case = _use(case, dataclasses.replace(entry, used=True), event, workflow)
    return case


def _use(case: Case, entry: Return, event: CaseEvent, workflow: Workflow) -> Case:
    own = workflow.steps.get(entry.step)
    if own is not None and own.slip == entry.form:
        return _use_slip(case, entry, own, event, workflow)
    others = [
        other
        for other in case.returns
        if other.form == entry.form and other.sheet != entry.sheet and other.used and not other.aside
    ]
    case, contradicted = _compare(case, entry, others, event, workflow)
    if contradicted:
        # It is used once a person has said which of the two counts.
        return _put_return(case, dataclasses.replace(entry, used=False))
    step = workflow.steps[case.step]
    if step.back is not None and step.back.form == entry.form:
        if step.back.every and _still_out(case, step, entry.form):
            return case
        case = _mark(case, f"{step.name}.back", entry.on, entry.on, event.seq)
        return _enter(case, _follows(step.back, entry), event, workflow)
    if step.decision is not None and step.decision.form == entry.form and _asked_now(case, step, entry, workflow):
        return case if entry.decided else _decide_by_sheet(case, entry, step, event, workflow)
    if others or entry.step in case.active() or (f"{entry.step}.back" in case.marks and entry.scans > 1):
        # A second answer that agrees, the copy kept of a sheet that is being sent, a further scan of one that has done
        # its part.
        return case
    return _ask(case, Question(f"late:{entry.sheet}", Doubt.LATE, entry.sheet, None, entry.form, event.seq))


def _compare(
    case: Case, entry: Return, others: Sequence[Return], event: CaseEvent, workflow: Workflow
) -> tuple[Case, bool]:
    """Two sheets of one form must agree in the fields that count; else both are kept, and a person decides."""
    compared = {
        name
        for step in workflow.steps.values()
        if step.back is not None and step.back.form == entry.form
        for name in step.back.compare
    }
    for other in others:
        names = [
            name
            for name in sorted(compared)
            if name in entry.values and name in other.values and _differ(entry.values[name], other.values[name])
        ]
        if names:
            text = " ; ".join(f"{name} : {said(other.values[name])} / {said(entry.values[name])}" for name in names)
            key = f"two:{other.sheet}:{entry.sheet}"
            return _ask(case, Question(key, Doubt.TWO_ANSWERS, entry.sheet, None, text, event.seq)), True
    return case, False


def _follows(back: Back, entry: Return) -> str:
    """What follows a sheet that came back: the way of the first box of `when` that is ticked, else `then`."""
    for box, target in back.when.items():
        name, _, option = box.rpartition(".")
        ticked = entry.values.get(name)
        if isinstance(ticked, list) and option in ticked:
            return target
    return back.then


def _asked_now(case: Case, step: Step, entry: Return, workflow: Workflow) -> bool:
    """False for a decision sheet of an earlier stay at this step: another one is asked now."""
    assert step.decision is not None  # noqa: S101 - the caller looked
    if step.decision.form not in workflow.forms_of(step.name, case.form):
        return True
    seq = case.visits[step.name].seq
    return any(sheet.sheet == entry.sheet and sheet.seq >= seq for sheet in case.sheets)


def _still_out(case: Case, step: Step, form: str) -> bool:
    """True when not every sheet printed at this stay is back."""
    seq = case.visits[step.name].seq
    printed = {
        sheet.sheet for sheet in case.sheets if sheet.step == step.name and sheet.form == form and sheet.seq >= seq
    }
    return bool(printed - {entry.sheet for entry in case.returns if entry.used})


def _use_slip(case: Case, entry: Return, step: Step, event: CaseEvent, workflow: Workflow) -> Case:
    """A follow-up sheet: sent, delivered, answered, each as far as it is filled in and not known yet."""
    values = entry.values
    days = (
        "envoye_le",
        "distribue_le",
        *(f"{SLIP_TABLE}.{name}.{SLIP_DAY}" for name in workflow.answers_at(step.name)),
    )
    for name in days:
        day = _written_day(values, name)
        if day and not case.opened - OLDEST <= dt.date.fromisoformat(day) <= event.on:
            # Nothing happens after it is scanned, or long before: somebody wrote, or papier read, another day.
            case = _put_return(case, dataclasses.replace(entry, used=False))
            return _ask(
                case, Question(f"field:{entry.sheet}:{name}", Doubt.CONFLICT, entry.sheet, name, day, event.seq)
            )
    visit = case.visits.get(step.name)
    ways = values.get("envoi")
    sent = _written_day(values, "envoye_le")
    if sent and isinstance(ways, list) and ways and visit is not None and visit.way is None:
        data = {"step": step.name, "way": ways[0], "number": values.get("numero"), "on": sent}
        case = _sent(case, dataclasses.replace(event, data=data), workflow)
    delivered = _written_day(values, "distribue_le")
    known = case.marks.get(f"{step.name}.delivered")
    if delivered and (known is None or known.theoretical is None):
        case = _delivered(case, dataclasses.replace(event, data={"step": step.name, "on": delivered}), workflow)
    answers = {
        name: on
        for name in workflow.answers_at(step.name)
        if values.get(f"{SLIP_TABLE}.{name}.{SLIP_BOX}")
        and (on := _written_day(values, f"{SLIP_TABLE}.{name}.{SLIP_DAY}"))
        and f"{step.name}.{name}" not in case.marks
    }
    if not answers:
        return case
    if not values.get("visa"):
        key = f"unsigned:{entry.sheet}"
        return _ask(case, Question(key, Doubt.UNSIGNED, entry.sheet, "visa", ", ".join(answers), event.seq))
    case = _answer(case, f"unsigned:{entry.sheet}")
    for answer, on in sorted(answers.items(), key=lambda pair: pair[1]):
        data = {"step": step.name, "answer": answer, "on": on}
        case = _answered(case, dataclasses.replace(event, data=data), workflow)
    return case


def _written_day(values: Mapping[str, Value], name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) and is_iso_date(value) else None


# ---- time, orders, endings


def _passed(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    data = event.data
    step = workflow.steps.get(data["step"])
    clock = step.clock(data["clock"]) if step is not None else None
    if step is None or clock is None:
        return case
    prudent, theoretical = (dt.date.fromisoformat(data[name]) for name in ("prudent", "theoretical"))
    case = _mark(case, f"{step.name}.{clock.name}", prudent, theoretical, event.seq)
    visit = case.visits.get(step.name)
    if visit is not None:
        case = _visit(case, step.name, passed=(*visit.passed, clock.name))
    if clock.then is not None and step.name in case.active():
        return _enter(case, clock.then, event, workflow)
    return case


def _followed(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    return _enter(case, event.data["to"], event, workflow)


def _done(case: Case, event: CaseEvent, _workflow: Workflow) -> Case:
    key = event.data["key"]
    postponed = {name: until for name, until in case.postponed.items() if name != key}
    return dataclasses.replace(case, done=(*(name for name in case.done if name != key), key), postponed=postponed)


def _postponed(case: Case, event: CaseEvent, _workflow: Workflow) -> Case:
    return dataclasses.replace(case, postponed={**case.postponed, event.data["key"]: event.data["until"]})


def _flagged(case: Case, event: CaseEvent, _workflow: Workflow) -> Case:
    return _ask(case, Question(f"flag:{event.seq}", Doubt.FLAGGED, None, None, event.data["text"], event.seq))


def _closed(case: Case, event: CaseEvent, _workflow: Workflow) -> Case:
    return dataclasses.replace(case, closed=event.on, end=None, reason=event.data["reason"], beside=())


def _withdrawn(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    return _closed(case, event, workflow)


def _reopened(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    case = dataclasses.replace(case, closed=None, end=None, reason=None)
    closing = tuple(asked.key for asked in case.questions if asked.doubt is Doubt.CLOSED)
    case = _answer(case, *closing)
    for entry in case.returns:
        case = _ask_doubts(case, entry, event.seq)
    step = event.data.get("step")
    if step is not None and step != case.step:
        return _enter(case, step, event, workflow)
    return case


def _moved(case: Case, event: CaseEvent, workflow: Workflow) -> Case:
    step = event.data.get("step") or case.step
    beside = tuple(name for name in case.beside if name in workflow.steps and workflow.steps[name].beside)
    case = dataclasses.replace(case, beside=beside)
    if step != case.step:
        return _enter(case, step, event, workflow)
    return case


_CHANGES: Mapping[Kind, Change] = {
    Kind.OPENED: lambda case, _event, _workflow: case,
    Kind.PRINTED: _printed,
    Kind.SENT: _sent,
    Kind.DELIVERED: _delivered,
    Kind.RETURNED: _returned,
    Kind.FILED: lambda case, _event, _workflow: case,
    Kind.ANSWERED: _answered,
    Kind.CORRECTED: _corrected,
    Kind.CHECKED: _checked,
    Kind.DECIDED: _decided,
    Kind.PASSED: _passed,
    Kind.FOLLOWED: _followed,
    Kind.DONE: _done,
    Kind.POSTPONED: _postponed,
    Kind.FLAGGED: _flagged,
    Kind.CLOSED: _closed,
    Kind.WITHDRAWN: _withdrawn,
    Kind.REOPENED: _reopened,
    Kind.MOVED: _moved,
}
