"""What is wrong with a workflow that is well written: steps nobody reaches, dead ends, forms and clocks that are not.

Every problem says where it stands and how to mend it, like those of forms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from papier.errors import Problem
from papier.forms.definition import CombField, Field, FormDefinition, SignatureField, TableField, TickField
from papier.language import translate as _
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
                message = _(
                    "workflow `{name}`: `{form}` begins `{name2}` already. Take it out of `opens` of one of the two."
                ).format(name=workflow.name, form=form, name2=other.name)
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
                yield self._problem(
                    line,
                    _("there is no form `{form}`.{hint} `papier forms` lists them all.").format(form=form, hint=hint),
                )
        for step in self.workflow.steps.values():
            yield from self._step(step)

    def _problem(self, line: int, message: str, step: Step | None = None) -> Problem:
        place = f"workflow `{self.workflow.name}`" + (f", step `{step.name}`" if step else "")
        return Problem(self.workflow.path, line, f"{place}: {message}")

    def _targets(self) -> Iterator[Problem]:
        known = [*self.workflow.steps, *self.workflow.ends, *sorted(self.mistaken)]
        for name in self.workflow.steps.keys() & self.workflow.ends.keys():
            yield self._problem(
                self.workflow.steps[name].line, _("`{name}` is a step and an end. Rename one.").format(name=name)
            )
        for step in self.workflow.steps.values():
            for what, target, line in self.workflow.targets(step.name):
                if target not in known:
                    hint = suggest_or_list(target, known)
                    yield self._problem(
                        line,
                        _("« {what} » leads to `{target}`, which is no step or end.{hint}").format(
                            what=what, target=target, hint=hint
                        ),
                        step,
                    )
                elif target == step.name:
                    yield self._problem(
                        line, _("« {what} » leads to the step itself. Name another one.").format(what=what), step
                    )

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
                yield self._problem(step.line, _("no step leads here. Name it in a `then`, or delete it."), step)
        for name in workflow.ends:
            if name not in reached:
                yield self._problem(
                    workflow.line,
                    _("no step leads to the end `{name}`. Name it in a `then`, or delete it.").format(name=name),
                )
        ending = set(workflow.ends)
        while grown := {name for name, targets in leads.items() if name not in ending and targets & ending}:
            ending |= grown
        for step in workflow.steps.values():
            if not leads[step.name] and not step.beside:
                yield self._problem(
                    step.line, _("a dead end: nothing follows. Add `then`, `back`, `answers` or a clock."), step
                )
            elif step.name in reached and step.name not in ending and not step.beside:
                yield self._problem(
                    step.line, _("no end can be reached from here. Lead one of its ways to an end."), step
                )

    def _step(self, step: Step) -> Iterator[Problem]:
        if step.ways and not (step.prints or step is self.workflow.first):
            yield self._problem(step.line, _("`send` stands without `print`. Say which form is sent."), step)
        if step.ways and step.to is None:
            yield self._problem(step.line, _("`to` is missing: who gets the sheet? Add `to: famille`."), step)
        if not step.ways and step.slip is not None:
            yield self._problem(step.line, _("`slip` follows a sheet that is sent. Add `send`, or delete it."), step)
        waits = step.back is not None or any(answer.then for answer in step.answers.values())
        if step.beside and (step.back or step.decision or step.then or step.answers):
            yield self._problem(
                step.line, _("a step beside the main one only prints and sends. Take the rest out, or `beside`."), step
            )
        elif waits and not step.clocks and self.whole:
            yield self._problem(
                step.line,
                _("it waits, and no clock tells when nothing comes. Add `clocks` with a `rule` or a `wait`."),
                step,
            )
        if step.then is not None and (step.back or step.decision):
            yield self._problem(
                step.line, _("`then` stands beside `back` or `decision`, which say what follows."), step
            )
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
                hint = suggest(rule, rules) or _(" `papier deadline --list` shows them all.")
                yield self._problem(
                    clock.line,
                    _("clock `{name}`: there is no rule `{rule}`.{hint}").format(name=clock.name, rule=rule, hint=hint),
                    step,
                )
        if clock.name in {*WORDS, *self.workflow.answers_at(step.name)}:
            message = _(
                "clock `{name}`: something else that happens here is called so. Give the clock another name."
            ).format(name=clock.name)
            yield self._problem(clock.line, message, step)
        for word in (*clock.start, *clock.stops, *clock.unless):
            owner, dot, event = word.rpartition(".")
            if owner in self.mistaken:
                continue
            if dot and owner not in self.workflow.steps:
                hint = suggest_or_list(owner, self.workflow.steps)
                yield self._problem(
                    clock.line,
                    _("clock `{name}`: there is no step `{owner}`.{hint}").format(
                        name=clock.name, owner=owner, hint=hint
                    ),
                    step,
                )
                continue
            known = self._words(self.workflow.steps[owner] if dot else step)
            if (event not in known and self.whole) or word == clock.name:
                hint = suggest_or_list(event, sorted(known - {clock.name}))
                yield self._problem(
                    clock.line,
                    _("clock `{name}`: `{word}` is nothing that happens.{hint}").format(
                        name=clock.name, word=word, hint=hint
                    ),
                    step,
                )
        if clock.then is None and not clock.silence and not clock.ours:
            yield self._problem(
                clock.line,
                _("clock `{name}`: its end means nothing. Add `then`, `silence` or `whose: us`.").format(
                    name=clock.name
                ),
                step,
            )

    def _back(self, step: Step) -> Iterator[Problem]:
        back = step.back
        assert back is not None  # noqa: S101 - the caller looked
        if self.whole and back.form not in self._printed():
            yield self._problem(
                back.line,
                _("`{form}` is expected back, but no step prints it. Add it to a `print`.").format(form=back.form),
                step,
            )
        form = self.forms.get(back.form)
        if form is None:
            return
        fields = {field.field: field for field in form.fields()}
        for name in (*back.compare, *((back.received,) if back.received else ())):
            if name not in fields:
                hint = suggest_or_list(name, fields)
                yield self._problem(
                    back.line,
                    _("`{form}` has no field `{name}`.{hint}").format(form=back.form, name=name, hint=hint),
                    step,
                )

        for box in back.when:
            name, _dot, option = box.rpartition(".")
            ticks = fields.get(name)
            if not isinstance(ticks, TickField) or option not in ticks.options:
                known = [f"{key}.{o}" for key, f in fields.items() if isinstance(f, TickField) for o in f.options]
                yield self._problem(
                    back.line,
                    _("`{form}` has no box `{box}`.{hint}").format(
                        form=back.form, box=box, hint=suggest_or_list(box, known)
                    ),
                    step,
                )

    def _decision(self, step: Step, decision: Decision) -> Iterator[Problem]:
        if self.whole and decision.form not in self._printed():
            yield self._problem(
                decision.line,
                _("the decision is ticked on `{form}`, which no step prints. Print it.").format(form=decision.form),
                step,
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
                _("`{form}` has no boxes `{field}`.{hint}").format(
                    form=decision.form, field=decision.field, hint=suggest_or_list(decision.field, ticks)
                ),
                step,
            )
        else:
            for option in decision.options:
                if option not in ticked.options:
                    hint = suggest_or_list(option, ticked.options)
                    yield self._problem(
                        decision.line,
                        _("`{field}` of `{form}` has no box `{option}`.{hint}").format(
                            field=decision.field, form=decision.form, option=option, hint=hint
                        ),
                        step,
                    )
        if not isinstance(signed, SignatureField):
            signatures = [name for name, field in fields.items() if isinstance(field, SignatureField)]
            hint = suggest_or_list(decision.signed, signatures) if signatures else _(" Add one to the form.")
            yield self._problem(
                decision.line,
                _("`{form}` has no signature `{signed}`, and a decision is signed.{hint}").format(
                    form=decision.form, signed=decision.signed, hint=hint
                ),
                step,
            )

    def _slip(self, step: Step, form: FormDefinition) -> Iterator[Problem]:
        fields = {field.field: field for field in form.fields()}
        for name, kind in SLIP_FIELDS.items():
            if not isinstance(fields.get(name), _ZONES[kind]):
                yield self._problem(
                    step.line,
                    _("`{form}` is no follow-up sheet: it lacks the {kind} `{name}`. Use `bureau/suivi`.").format(
                        form=form.form, kind=kind, name=name
                    ),
                    step,
                )
                return
        table, ways = fields.get(SLIP_TABLE), fields["envoi"]
        if not isinstance(table, TableField) or not {SLIP_BOX, SLIP_DAY} <= {c.column for c in table.columns}:
            message = _(
                "`{form}` is no follow-up sheet: it lacks the table `{slip_table}` with the columns "
                "`{slip_box}` and `{slip_day}`. Use `bureau/suivi`."
            ).format(form=form.form, slip_table=SLIP_TABLE, slip_box=SLIP_BOX, slip_day=SLIP_DAY)
            yield self._problem(step.line, message, step)
            return
        assert isinstance(ways, TickField)  # noqa: S101 - just looked
        for what, words, known in (
            ("box", step.ways, ways.options),
            ("row", self.workflow.answers_at(step.name), table.rows),
        ):
            for word in words:
                if word not in known:
                    message = _("the follow-up sheet `{form}` has no {what} `{word}`.{hint}").format(
                        form=form.form, what=what, word=word, hint=suggest_or_list(word, known)
                    )
                    yield self._problem(step.line, message, step)
