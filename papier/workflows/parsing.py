"""From a family's `workflow.yaml` to its `Workflow`s, with every mistake of the file reported at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from papier.errors import Problem
from papier.forms.definition import Wording
from papier.forms.shapes import Keys, WordingShape, read_keys
from papier.language import translate as _
from papier.workflows import grammar
from papier.workflows.definition import Answer, Back, Clock, Decision, Step, Way, Workflow
from papier.yaml_source import Node, Proofreader, load_yaml, parse_yaml

# Marks what nobody has confirmed yet; such a text must never reach a sheet.
_UNVERIFIED = re.compile(r"\bUNVERIFIED\b", re.IGNORECASE)

T = TypeVar("T")


def parse_workflows(source: bytes | str, path: str, family: str) -> tuple[list[Workflow], list[Problem]]:
    """The workflows that the YAML text `source` defines; those with mistakes are left out, their problems told."""
    node, problems = parse_yaml(source, path)
    workflows, found = parse_workflow_node(node, path, family)
    return workflows, [*problems, *found]


def load_workflows(path: Path) -> tuple[list[Workflow], list[Problem]]:
    """The workflows of a file; its folder is the family. Raises UsageError when the file cannot be read."""
    node, problems = load_yaml(path)
    workflows, found = parse_workflow_node(node, str(path), path.resolve().parent.name)
    return workflows, [*problems, *found]


@dataclass(frozen=True)
class Draft:
    """A workflow as far as it could be read. `sound`: without a mistake, so that it may be used.

    `mistaken` names the steps and ends that are written down but could not be read.
    """

    workflow: Workflow
    sound: bool
    mistaken: frozenset[str] = frozenset()


def load_drafts(path: Path) -> tuple[list[Draft], list[Problem]]:
    """As `load_workflows`, with what could be read of those that have mistakes."""
    node, problems = load_yaml(path)
    drafts, found = parse_drafts(node, str(path), path.resolve().parent.name)
    return drafts, [*problems, *found]


def parse_workflow_node(node: Node | None, path: str, family: str) -> tuple[list[Workflow], list[Problem]]:
    """As `parse_workflows`, from a tree already read; ([], []) without a tree."""
    drafts, problems = parse_drafts(node, path, family)
    return [draft.workflow for draft in drafts if draft.sound], problems


def parse_drafts(node: Node | None, path: str, family: str) -> tuple[list[Draft], list[Problem]]:
    """Every workflow as far as it can be read, and every mistake; ([], []) without a tree."""
    if node is None:
        return [], []
    proof = Proofreader()
    for part in node.walk():
        if part.text is not None and _UNVERIFIED.search(part.text):
            proof.report(part, _("a text marked UNVERIFIED must not be printed. Confirm it, or take it out."))
    for key, entry in node.entries.items():
        if key != "workflows":
            proof.report_unknown_key(entry, key, ("workflows",))
    if "workflows" not in node.entries:
        proof.report(node, _("`workflows` is missing. Add `workflows:` and the workflows under it, by name."))
        return [], proof.problems
    found = []
    for name, entry in (proof.entries(node.entries["workflows"], "workflows") or {}).items():
        within = proof.within(f"workflow `{name}`")
        if grammar.NAME.fullmatch(name) is None:
            within.report(entry, _("the name is no word. Use small letters without accents, digits, `_` and `-`."))
            continue
        before = len(proof.problems)
        workflow = _workflow(f"{family}/{name}", entry, within, path)
        if workflow is not None:
            sound = len(proof.problems) == before
            found.append(Draft(workflow, sound, frozenset() if sound else _unread(entry, workflow)))
    return found, proof.problems


def _unread(node: Node, workflow: Workflow) -> frozenset[str]:
    """The names of steps and ends that are written in `node` and are not in `workflow`."""
    written = {name for key in ("steps", "ends") if key in node.entries for name in node.entries[key].entries}
    return frozenset(written - workflow.steps.keys() - workflow.ends.keys())


def _read(node: Node, keys: Keys, proof: Proofreader, what: str) -> dict[str, Any] | None:
    """The sound values of a mapping; None (and a problem) where something needed is missing or mistaken."""
    entries = proof.entries(node, what)
    if entries is None:
        return None
    values = read_keys(entries, keys, proof, node)
    return values if all(name in values for name, key in keys.items() if key.needed) else None


def _named(
    node: Node | None, proof: Proofreader, what: str, read: Callable[[str, Node, Proofreader], T | None]
) -> dict[str, T]:
    """What a mapping holds by name, in the file's order; mistaken entries are told and left out."""
    found: dict[str, T] = {}
    if node is None:
        return found
    for name, entry in (proof.entries(node, what) or {}).items():
        if grammar.NAME.fullmatch(name) is None:
            proof.report(
                entry,
                _("`{what}`: `{name}` is no name. Use small letters without accents, digits, `_`, `-`.").format(
                    what=what, name=name
                ),
            )
            continue
        value = read(name, entry, proof)
        if value is not None:
            found[name] = value
    return found


def _workflow(name: str, node: Node, proof: Proofreader, path: str) -> Workflow | None:
    entries = proof.entries(node, "workflow")
    if entries is None:
        return None
    values = read_keys(entries, grammar.WORKFLOW, proof, node)
    steps = _named(values.get("steps"), proof, "steps", _step)
    ends = _named(values.get("ends"), proof, "ends", lambda end, entry, place: WordingShape().read(entry, place, end))
    answers = _named(values.get("answers"), proof, "answers", _answer)
    if not steps:
        return None
    # What is missing was told; the rest is read on, so that all mistakes are told at once.
    title = values.get("title") or Wording({"fr": name})
    opens = values.get("opens", ())
    return Workflow(name, values.get("version", 0), title, opens, steps, ends, answers, path=path, line=node.line)


def _step(name: str, node: Node, workflow: Proofreader) -> Step | None:
    proof = workflow.within(f"{workflow.place}, step `{name}`")
    entries = proof.entries(node, "step")
    if entries is None:
        return None
    values = {"title": Wording({"fr": name}), **read_keys(entries, grammar.STEP, proof, node)}
    clocks: list[Clock] = []
    for member in proof.members(values["clocks"], "clocks") or () if "clocks" in values else ():
        clock = _clock(member, proof)
        if clock is not None and clock.name in {known.name for known in clocks}:
            proof.report(member, _("the clock `{name}` stands twice. Give one another name.").format(name=clock.name))
        elif clock is not None:
            clocks.append(clock)
    return Step(
        name=name,
        title=values["title"],
        prints=values.get("print", ()),
        to=values.get("to"),
        ways=tuple(Way(way) for way in values.get("send", ())),
        sheets=values.get("sheets", 1),
        slip=values.get("slip"),
        back=_back(values["back"], proof) if "back" in values else None,
        answers=_named(values["answers"], proof, "answers", _answer) if "answers" in values else {},
        clocks=tuple(clocks),
        decision=_decision(values["decision"], proof) if "decision" in values else None,
        then=values.get("then"),
        beside=values.get("beside", False),
        remark=values.get("remark"),
        line=node.line,
    )


def _back(node: Node, proof: Proofreader) -> Back | None:
    values = _read(node, grammar.BACK, proof.within(f"{proof.place}, back"), "back")
    if values is None:
        return None
    return Back(
        values["form"],
        values["then"],
        values.get("compare", ()),
        every=values.get("every", False),
        received=values.get("received"),
        when=_boxes(values["when"], proof) if "when" in values else {},
        line=node.line,
    )


def _boxes(node: Node, proof: Proofreader) -> dict[str, str]:
    """Boxes (`field.option`) with what follows when they are ticked."""
    found = {}
    for box, entry in (proof.entries(node, "when") or {}).items():
        target = proof.text(entry, box)
        if "." not in box:
            proof.report(
                entry, _("`when`: `{box}` is no box. Write `field.option`, as in `rappel.oui`.").format(box=box)
            )
        elif target is not None:
            found[box] = target
    return found


def _answer(name: str, node: Node, proof: Proofreader) -> Answer | None:
    values = _read(node, grammar.ANSWER, proof.within(f"{proof.place}, answer `{name}`"), "answer")
    return None if values is None else Answer(name, values["title"], values.get("then"), line=node.line)


def _clock(node: Node, step: Proofreader) -> Clock | None:
    name = node.entries.get("name")
    proof = step.within(f"{step.place}, clock `{name.text}`" if name is not None and name.text else f"{step.place}")
    values = _read(node, grammar.CLOCK, proof, "clock")
    if values is None:
        return None
    if len({"rule", "wait"} & node.entries.keys()) != 1:
        proof.report(
            node,
            _(
                "a clock has either `rule` (a legal clock: `papier deadline --list`) or `wait` (the "
                "office's own time). Give one of them."
            ),
        )
    return Clock(
        name=values["name"],
        start=values["from"],
        rules=values.get("rule", ()),
        wait=values.get("wait"),
        ours=values.get("whose") == "us",
        stops=values.get("stops", ()),
        unless=values.get("unless", ()),
        then=values.get("then"),
        silence=values.get("silence"),
        basis=values.get("basis"),
        line=node.line,
    )


def _decision(node: Node, step: Proofreader) -> Decision | None:
    proof = step.within(f"{step.place}, decision")
    values = _read(node, grammar.DECISION, proof, "decision")
    if values is None:
        return None
    options: Mapping[str, str] = _named(
        values["options"], proof, "options", lambda _option, entry, place: place.text(entry, "then")
    )
    return Decision(
        values["question"],
        values["by"],
        values["form"],
        values["field"],
        values["signed"],
        options,
        line=node.line,
    )
