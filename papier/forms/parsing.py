"""From a form's YAML to its `FormDefinition`, with every mistake of the file reported at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from papier.errors import DefinitionError, Problem
from papier.forms.definition import About, FormDefinition, Law, LegalLimit, PageFormat, Retention
from papier.forms.grammar import ABOUT, FORM, LAW, LIMIT, RETENTION
from papier.forms.parsing_blocks import BlockParser
from papier.forms.shapes import SCHOOL_YEAR, about_days, read_keys
from papier.language import translate as _
from papier.yaml_source import Node, Proofreader, load_yaml, parse_yaml

# Marks what nobody has confirmed yet; such a text must never reach a sheet.
_UNVERIFIED = re.compile(r"\bUNVERIFIED\b", re.IGNORECASE)


def load_form(path: Path | str) -> FormDefinition:
    """Read a form; raises DefinitionError with every problem, UsageError when the file cannot be read."""
    node, problems = load_yaml(path)
    definition, found = parse_form_node(node, str(path))
    problems = [*problems, *found]
    if definition is None or problems:
        raise DefinitionError(path, in_order(problems))
    return definition


def parse_form(source: bytes | str, path: str = "<text>") -> tuple[FormDefinition | None, list[Problem]]:
    """The form that the YAML text `source` defines, or None and at least one problem; `path` stands in the messages."""
    node, problems = parse_yaml(source, path)
    definition, found = parse_form_node(node, path)
    problems = in_order([*problems, *found])
    return (None if problems else definition), problems


def parse_form_node(node: Node | None, path: str) -> tuple[FormDefinition | None, list[Problem]]:
    """As `parse_form`, from a tree already read; (None, []) without a tree."""
    if node is None:
        return None, []
    proof = Proofreader()
    entries = proof.entries(node, "form")
    if entries is None:
        return None, proof.problems
    if "pages" in entries and "blocks" not in entries:
        proof.report(
            entries["pages"],
            _(
                "`pages` describes a blank form that somebody else printed, which papier reads but does "
                "not print. Read it with `papier read --form FILE`, or write `blocks`."
            ),
        )
        return None, proof.problems
    values = read_keys(entries, FORM, proof, node)
    blocks = BlockParser(proof).parse_blocks(values["blocks"], whole_form=True) if "blocks" in values else ()
    languages = values.get("languages", ("fr",))
    if len(set(languages)) != len(languages):
        proof.report(entries["languages"], _("`languages` names one language twice. Delete one."))
    retention = read_retention(values["retention"], proof) if "retention" in values else None
    law = _read_law(values["law"], proof) if "law" in values else ()
    about = _read_about(values["about"], law, proof) if "about" in values else None
    _check_verified(node, proof)
    if proof.problems:
        return None, proof.problems
    definition = FormDefinition(
        form=values["form"],
        version=values["version"],
        title=values["title"],
        format=PageFormat(values["format"]),
        blocks=blocks,
        languages=languages,
        recto_verso=values.get("recto_verso", False),
        paper=values.get("paper"),
        instructions=values.get("instructions", True),
        retention=retention,
        law=law,
        summary=values.get("summary"),
        about=about,
        path=path,
    )
    return definition, []


def in_order(problems: list[Problem]) -> list[Problem]:
    """The problems from the top of the file to its end, each once."""
    return sorted(dict.fromkeys(problems), key=lambda problem: problem.line)


def read_retention(node: Node, proof: Proofreader) -> Retention | None:
    within = proof.within("retention")
    if node.text is not None:  # the duration alone
        node = Node(node.path, node.line, {"duration": node})
    entries = within.entries(node, "retention")
    if entries is None:
        return None
    values = read_keys(entries, RETENTION, within, node)
    duration = values.get("duration", SCHOOL_YEAR)
    minimum, maximum = (_read_limit(name, entries, within) for name in ("minimum", "maximum"))
    if minimum is not None and about_days(duration) < about_days(minimum.duration):
        within.report(
            entries.get("duration", node),
            _(
                "`duration` is `{said}`, less than `minimum`, `{limit}` ({source}). Keep it as long as the law says."
            ).format(said=duration, limit=minimum.duration, source=minimum.source),
        )
    if maximum is not None and about_days(duration) > about_days(maximum.duration):
        within.report(
            entries.get("duration", node),
            _("`duration` is `{said}`, more than `maximum`, `{limit}` ({source}). Keep it no longer.").format(
                said=duration, limit=maximum.duration, source=maximum.source
            ),
        )
    return Retention(duration, values.get("basis"), minimum, maximum)


def _read_limit(name: str, entries: Mapping[str, Node], proof: Proofreader) -> LegalLimit | None:
    node = entries.get(name)
    if node is None:
        return None
    within = proof.within(name)
    said = within.entries(node, name)
    values = {} if said is None else read_keys(said, LIMIT, within, node)
    return LegalLimit(values["duration"], values["source"]) if {"duration", "source"} <= values.keys() else None


def _read_law(node: Node, proof: Proofreader) -> tuple[Law, ...]:
    within = proof.within("law")
    law = []
    for member in within.members(node, "law") or ():
        entries = within.entries(member, "law")
        if entries is None:
            continue
        values = read_keys(entries, LAW, within, member)
        if "text" in values and "source" in values:
            law.append(Law(values["text"], values["source"], sure=values.get("sure", True)))
    return tuple(law)


def _read_about(node: Node, law: tuple[Law, ...], proof: Proofreader) -> About | None:
    within = proof.within("about")
    entries = within.entries(node, "about")
    if entries is None:
        return None
    values = read_keys(entries, ABOUT, within, node)
    rests = any(article.sure for article in law)
    basis = values.get("basis")
    if basis == "law" and not rests:
        within.report(
            entries["basis"], _("`basis: law`, but no sure article stands under `law`. Add it, or `request`.")
        )
    if basis == "request" and rests:
        within.report(entries["basis"], _("`basis: request`, but an article stands under `law`. Write `basis: law`."))
    if any(key.needed and name not in values for name, key in ABOUT.items()):
        return None
    sources = values.pop("source", ())
    return About(**values, sources=sources)


def _check_verified(form: Node, proof: Proofreader) -> None:
    """Report every text marked as unverified that would be printed: all but those of articles that are not sure."""
    marked = [node for node in form.walk() if node.text is not None and _UNVERIFIED.search(node.text)]
    if not marked:
        return
    unprinted = [article for article in _law_of(form) if article.entries.get("sure", article).text in _UNSURE]
    exempt = {id(node) for article in unprinted for node in article.walk()}
    for node in marked:
        if id(node) not in exempt:
            proof.report(node, _("a text marked UNVERIFIED must not be printed. Confirm it, or take it out."))


# The ways to write a flag that is not set.
_UNSURE = frozenset({"false", "no", "non", "off"})


def _law_of(form: Node) -> tuple[Node, ...]:
    law = form.entries.get("law")
    return law.members if law is not None else ()
