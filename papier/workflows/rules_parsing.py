"""From the tree of `rules.yaml` to rules; every mistake with its line and its remedy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from papier.errors import Problem
from papier.workflows.rules import Ending, Party, Rule, Start, Unit, Wording
from papier.yaml_source import Node, Proofreader

UNITS = {
    "days": Unit.DAYS,
    "weeks": Unit.WEEKS,
    "months": Unit.MONTHS,
    "years": Unit.YEARS,
    "ouvres": Unit.WORKING_DAYS,
    "ouvrables": Unit.BUSINESS_DAYS,
}
LANGUAGES = ("fr", "en")
_RULE_KEYS = ("rule", "title", "starts", "party", "versions")
_VERSION_KEYS = (
    *("from", "in-force", "count", "unit", "ending", "after", "basis", "sources"),
    *("outcome", "caution"),
)
_OPTIONAL = {"outcome", "caution"}
# Longer than any delay of these laws, short of what a date can hold.
MAX_COUNT = 400


def parse_rules(root: Node, problems: list[Problem]) -> dict[str, tuple[Rule, ...]]:
    """The rules of a file, as far as they are right; what is wrong is added to `problems`."""
    proof = Proofreader(problems)
    rules: dict[str, tuple[Rule, ...]] = {}
    top = proof.entries(root, "the file") or {}
    _check_keys(proof, root, top, ("rules",), ())
    if "rules" not in top:
        return rules
    for node in proof.members(top["rules"], "rules") or ():
        entries = proof.entries(node, "a rule") or {}
        name = proof.text(entries["rule"], "rule") if "rule" in entries else None
        inner = proof.within(f"rule `{name}`" if name else "a rule without a name")
        _check_keys(inner, node, entries, _RULE_KEYS, ())
        if name in rules:
            inner.report(node, "this name stands twice. Put both states of the law under one rule, as `versions`.")
        elif name and set(_RULE_KEYS) <= set(entries):
            rules[name] = _Versions(inner, name, entries).parse()
    return rules


@dataclass
class _Versions:
    proof: Proofreader
    name: str
    entries: Mapping[str, Node]

    def parse(self) -> tuple[Rule, ...]:
        start = self.proof.one_of(self.entries["starts"], "starts", list(Start))
        party = self.proof.one_of(self.entries["party"], "party", list(Party))
        title = _texts(self.proof, self.entries["title"], "title")
        versions: list[Rule] = []
        for node in self.proof.members(self.entries["versions"], "versions") or ():
            entries = self.proof.entries(node, "a version") or {}
            _check_keys(self.proof, node, entries, _VERSION_KEYS, _OPTIONAL)
            if not set(_VERSION_KEYS) - _OPTIONAL <= set(entries) or not (start and party and title):
                continue
            rule = self._version(entries, Start(start), Party(party), title, len(versions) + 1)
            if rule is None:
                continue
            if versions and rule.since <= versions[-1].since:
                self.proof.report(entries["from"], "versions go from the oldest to the latest. Put them in order.")
            versions.append(rule)
        return tuple(versions)

    def _version(
        self, entries: Mapping[str, Node], start: Start, party: Party, title: Mapping[str, str], number: int
    ) -> Rule | None:
        proof = self.proof
        since = _date(proof, entries["from"], "from")
        in_force = proof.text(entries["in-force"], "in-force")
        count = proof.integer(entries["count"], "count", 1, MAX_COUNT)
        unit = proof.one_of(entries["unit"], "unit", UNITS)
        ending = proof.one_of(entries["ending"], "ending", list(Ending))
        after = _texts(proof, entries["after"], "after")
        basis = _texts(proof, entries["basis"], "basis")
        sources = [proof.text(member, "sources") for member in proof.members(entries["sources"], "sources") or ()]
        outcome = _texts(proof, entries["outcome"], "outcome") if "outcome" in entries else dict.fromkeys(LANGUAGES, "")
        caution = _texts(proof, entries["caution"], "caution") if "caution" in entries else dict.fromkeys(LANGUAGES, "")
        for language, text in (caution or {}).items():
            if text and text[-1] not in ".!?":
                proof.report(
                    entries["caution"], f"`caution` ({language}) is no whole sentence. End it with a full stop."
                )
        if not (since and in_force and count and unit and ending and after and basis and outcome and caution):
            return None
        french, english = (
            Wording(title[each], after[each], basis[each], outcome[each], caution[each]) for each in LANGUAGES
        )
        named = tuple(source for source in sources if source)
        return Rule(
            *(self.name, number, since, in_force, start, party),
            *(count, UNITS[unit], Ending(ending), french, english, named),
        )


def _check_keys(
    proof: Proofreader, node: Node, entries: Mapping[str, Node], known: Iterable[str], optional: Iterable[str]
) -> None:
    listed = tuple(known)
    for key, value in entries.items():
        if key not in listed:
            proof.report_unknown_key(value, key, listed)
    missing = [key for key in listed if key not in entries and key not in optional]
    if missing:
        proof.report(node, "missing: " + ", ".join(f"`{key}`" for key in missing) + ". Add it.")


def _texts(proof: Proofreader, node: Node, what: str) -> dict[str, str] | None:
    """A text in both languages."""
    entries = proof.entries(node, what)
    if entries is None:
        return None
    _check_keys(proof, node, entries, LANGUAGES, ())
    texts = {each: proof.text(entries[each], f"{what} ({each})") for each in LANGUAGES if each in entries}
    found = {each: text for each, text in texts.items() if text}
    return found if len(found) == len(LANGUAGES) else None


def _date(proof: Proofreader, node: Node, what: str) -> dt.date | None:
    text = proof.text(node, what)
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        proof.report(node, f"`{what}` is `{text}`. Write a day as 2026-10-01.")
        return None
