"""What is wrong with a workflow that is well written: steps nobody reaches, dead ends, forms and clocks that are not.

Every problem says where it stands and how to mend it, like those of forms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from papier.errors import Problem
from papier.forms.definition import CombField, Field, FormDefinition, SignatureField, TableField, TickField
from papier.workflows.deadlines import list_rules
from papier.workflows.definition import (
    SLIP_BOX,
    SLIP_DAY,
    SLIP_FIELDS,
    SLIP_TABLE,
    WORDS,
    Clock,
    Decision,
    Step,
    Workflow,
)
from papier.yaml_source import suggest, suggest_or_list

_ZONES: Mapping[str, type[Field]] = {"comb": CombField, "tick": TickField, "signature": SignatureField}


def check_workflow(
    workflow: Workflow, forms: Mapping[str, FormDefinition], mistaken: AbstractSet[str] | None = None
) -> list[Problem]:
    """Every mistake of `workflow`, in the file's order; `forms` are the definitions of the forms it may name.

    `mistaken`: only part of it could be read, and these steps and ends could not. What a missing part would explain
    (a step that nobody reaches, a wait without a clock) is not told then.
    """
    check = _Check(workflow, forms, mistaken or frozenset(), whole=mistaken is None)
    found = sorted(set(check.problems()), key=lambda problem: (problem.line, problem.message))
    return list(found)


def check_openings(workflows: list[Workflow]) -> list[Problem]:
    """Forms that begin a case of two workflows: whoever takes such a sheet in could not know which."""
    seen: dict[str, Workflow] = {}
    problems = []
    for workflow in workflows:
        for form in workflow.opens:
            other = seen.setdefault(form, workflow)
            if other is not workflow:
                message = (
                    f"workflow `{workflow.name}`: `{form}` begins `{other.name}` already. "
                    "Take it out of `opens` of one of the two."
                )
                problems.append(Problem(workflow.path, workflow.line, message))
    return problems


class _Check:
    def __init__(
        self, workflow: Workflow, forms: Mapping[str, FormDefinition], mistaken: AbstractSet[str], *, whole: bool
    ) -> None:
        self.workflow = workflow
        self.forms = forms
        self.mistaken = mistaken
        self.whole = whole

    def problems(self) -> Iterator[Problem]:
        yield from self._targets()
        if self.whole:
            yield from self._reachable()
        for form, line in self.workflow.all_forms():
            if form not in self.forms:
                hint = suggest(form, self.forms)
                yield self._problem(line, f"there is no form `{form}`.{hint} `papier forms` lists them all.")
        for step in self.workflow.steps.values():
            yield from self._step(step)

    def _problem(self, line: int, message: str, step: Step | None = None) -> Problem:
        place = f"workflow `{self.workflow.name}`" + (f", step `{step.name}`" if step else "")
        return Problem(self.workflow.path, line, f"{place}: {message}")

    def _targets(self) -> Iterator[Problem]:
        known = [*self.workflow.steps, *self.workflow.ends, *sorted(self.mistaken)]
        for name in self.workflow.steps.keys() & self.workflow.ends.keys():
            yield self._problem(self.workflow.steps[name].line, f"`{name}` is a step and an end. Rename one.")
        for step in self.workflow.steps.values():
            for what, target, line in self.workflow.targets(step.name):
                if target not in known:
                    hint = suggest_or_list(target, known)
                    yield self._problem(line, f"« {what} » leads to `{target}`, which is no step or end.{hint}", step)
                elif target == step.name:
                    yield self._problem(line, f"« {what} » leads to the step itself. Name another one.", step)

    def _reachable(self) -> Iterator[Problem]:
        workflow = self.workflow
        leads = {name: {target for _, target, _ in workflow.targets(name)} for name in workflow.steps}
        reached, waiting = set[str](), [workflow.first.name]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += leads.get(name, ())
        # What runs beside may also be begun by a person's order.
        reached |= {step.name for step in workflow.steps.values() if step.beside}
        for step in workflow.steps.values():
            if step.name not in reached:
                yield self._problem(step.line, "no step leads here. Name it in a `then`, or delete it.", step)
        for name in workflow.ends:
            if name not in reached:
                yield self._problem(
                    workflow.line, f"no step leads to the end `{name}`. Name it in a `then`, or delete it."
                )
        ending = set(workflow.ends)
        while grown := {name for name, targets in leads.items() if name not in ending and targets & ending}:
            ending |= grown
        for step in workflow.steps.values():
            if not leads[step.name] and not step.beside:
                yield self._problem(
                    step.line, "a dead end: nothing follows. Add `then`, `back`, `answers` or a clock.", step
                )
            elif step.name in reached and step.name not in ending and not step.beside:
                yield self._problem(step.line, "no end can be reached from here. Lead one of its ways to an end.", step)

    def _step(self, step: Step) -> Iterator[Problem]:
        if step.ways and not (step.prints or step is self.workflow.first):
            yield self._problem(step.line, "`send` stands without `print`. Say which form is sent.", step)
        if step.ways and step.to is None:
            yield self._problem(step.line, "`to` is missing: who gets the sheet? Add `to: famille`.", step)
        if not step.ways and step.slip is not None:
            yield self._problem(step.line, "`slip` follows a sheet that is sent. Add `send`, or delete it.", step)
        waits = step.back is not None or any(answer.then for answer in step.answers.values())
        if step.beside and (step.back or step.decision or step.then or step.answers):
            yield self._problem(
                step.line, "a step beside the main one only prints and sends. Take the rest out, or `beside`.", step
            )
        elif waits and not step.clocks and self.whole:
            yield self._problem(
                step.line,
                "it waits, and no clock tells when nothing comes. Add `clocks` with a `rule` or a `wait`.",
                step,
            )
        if step.then is not None and (step.back or step.decision):
            yield self._problem(step.line, "`then` stands beside `back` or `decision`, which say what follows.", step)
        for clock in step.clocks:
            yield from self._clock(step, clock)
        if step.back is not None:
            yield from self._back(step)
        if step.decision is not None:
            yield from self._decision(step, step.decision)
        if step.slip is not None and step.slip in self.forms:
            yield from self._slip(step, self.forms[step.slip])

    def _printed(self) -> set[str]:
        """Every form that leaves in this workflow."""
        return {form for step in self.workflow.steps.values() for form in step.prints} | set(self.workflow.opens)

    def _words(self, step: Step) -> set[str]:
        """What a clock may count from in this step."""
        return {*WORDS, *self.workflow.answers_at(step.name), *(clock.name for clock in step.clocks)}

    def _clock(self, step: Step, clock: Clock) -> Iterator[Problem]:
        rules = [rule.name for rule in list_rules()]
        for rule in clock.rules:
            if rule not in rules:
                hint = suggest(rule, rules) or " `papier deadline --list` shows them all."
                yield self._problem(clock.line, f"clock `{clock.name}`: there is no rule `{rule}`.{hint}", step)
        if clock.name in {*WORDS, *self.workflow.answers_at(step.name)}:
            message = (
                f"clock `{clock.name}`: something else that happens here is called so. Give the clock another name."
            )
            yield self._problem(clock.line, message, step)
        for word in (*clock.start, *clock.stops, *clock.unless):
            owner, dot, event = word.rpartition(".")
            if owner in self.mistaken:
                continue
            if dot and owner not in self.workflow.steps:
                hint = suggest_or_list(owner, self.workflow.steps)
                yield self._problem(clock.line, f"clock `{clock.name}`: there is no step `{owner}`.{hint}", step)
                continue
            known = self._words(self.workflow.steps[owner] if dot else step)
            if (event not in known and self.whole) or word == clock.name:
                hint = suggest_or_list(event, sorted(known - {clock.name}))
                yield self._problem(clock.line, f"clock `{clock.name}`: `{word}` is nothing that happens.{hint}", step)
        if clock.then is None and not clock.silence and not clock.ours:
            yield self._problem(
                clock.line, f"clock `{clock.name}`: its end means nothing. Add `then`, `silence` or `whose: us`.", step
            )

    def _back(self, step: Step) -> Iterator[Problem]:
        back = step.back
        assert back is not None  # noqa: S101 - the caller looked
        if self.whole and back.form not in self._printed():
            yield self._problem(
                back.line, f"`{back.form}` is expected back, but no step prints it. Add it to a `print`.", step
            )
        form = self.forms.get(back.form)
        if form is None:
            return
        fields = {field.field: field for field in form.fields()}
        for name in (*back.compare, *((back.received,) if back.received else ())):
            if name not in fields:
                hint = suggest_or_list(name, fields)
                yield self._problem(back.line, f"`{back.form}` has no field `{name}`.{hint}", step)

        for box in back.when:
            name, _, option = box.rpartition(".")
            ticks = fields.get(name)
            if not isinstance(ticks, TickField) or option not in ticks.options:
                known = [f"{key}.{o}" for key, f in fields.items() if isinstance(f, TickField) for o in f.options]
                yield self._problem(back.line, f"`{back.form}` has no box `{box}`.{suggest_or_list(box, known)}", step)

    def _decision(self, step: Step, decision: Decision) -> Iterator[Problem]:
        if self.whole and decision.form not in self._printed():
            yield self._problem(
                decision.line, f"the decision is ticked on `{decision.form}`, which no step prints. Print it.", step
            )
        form = self.forms.get(decision.form)
        if form is None:
            return
        fields = {field.field: field for field in form.fields()}
        ticked, signed = fields.get(decision.field), fields.get(decision.signed)
        if not isinstance(ticked, TickField):
            ticks = [name for name, field in fields.items() if isinstance(field, TickField)]
            yield self._problem(
                decision.line,
                f"`{decision.form}` has no boxes `{decision.field}`.{suggest_or_list(decision.field, ticks)}",
                step,
            )
        else:
            for option in decision.options:
                if option not in ticked.options:
                    hint = suggest_or_list(option, ticked.options)
                    yield self._problem(
                        decision.line, f"`{decision.field}` of `{decision.form}` has no box `{option}`.{hint}", step
                    )
        if not isinstance(signed, SignatureField):
            signatures = [name for name, field in fields.items() if isinstance(field, SignatureField)]
            hint = suggest_or_list(decision.signed, signatures) if signatures else " Add one to the form."
            yield self._problem(
                decision.line,
                f"`{decision.form}` has no signature `{decision.signed}`, and a decision is signed.{hint}",
                step,
            )

    def _slip(self, step: Step, form: FormDefinition) -> Iterator[Problem]:
        fields = {field.field: field for field in form.fields()}
        for name, kind in SLIP_FIELDS.items():
            if not isinstance(fields.get(name), _ZONES[kind]):
                yield self._problem(
                    step.line,
                    f"`{form.form}` is no follow-up sheet: it lacks the {kind} `{name}`. Use `bureau/suivi`.",
                    step,
                )
                return
        table, ways = fields.get(SLIP_TABLE), fields["envoi"]
        if not isinstance(table, TableField) or not {SLIP_BOX, SLIP_DAY} <= {c.column for c in table.columns}:
            message = (
                f"`{form.form}` is no follow-up sheet: it lacks the table `{SLIP_TABLE}` with the columns "
                f"`{SLIP_BOX}` and `{SLIP_DAY}`. Use `bureau/suivi`."
            )
            yield self._problem(step.line, message, step)
            return
        assert isinstance(ways, TickField)  # noqa: S101 - just looked
        for what, words, known in (
            ("box", step.ways, ways.options),
            ("row", self.workflow.answers_at(step.name), table.rows),
        ):
            for word in words:
                if word not in known:
                    message = f"the follow-up sheet `{form.form}` has no {what} `{word}`.{suggest_or_list(word, known)}"
                    yield self._problem(step.line, message, step)
