"""The rules that papier ships with, read from `rules.yaml`, and the choice of the version that counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from papier.errors import DefinitionError, UsageError
from papier.language import translate as _
from papier.language import written_day
from papier.workflows.calendar import FIRST_YEAR, LAST_YEAR
from papier.workflows.rules import Rule
from papier.workflows.rules_parsing import parse_rules
from papier.yaml_source import load_yaml, suggest

RULES_FILE = Path(__file__).with_name("rules.yaml")

Rules = Mapping[str, tuple[Rule, ...]]


def load_rules(path: Path = RULES_FILE) -> Rules:
    """The versions of every clock by its name, oldest first. Raises DefinitionError with every mistake and its line."""
    node, problems = load_yaml(path)
    rules = parse_rules(node, problems) if node else {}
    if problems:
        raise DefinitionError(path, problems)
    return rules


@lru_cache(maxsize=1)
def known_rules() -> Rules:
    """The clocks that papier ships with."""
    return load_rules()


def find_rule(name: str, start: dt.date, rules: Rules | None = None) -> Rule:
    """The version of the clock `name` that counts from `start`.

    Raises UsageError for a name that is not known, and for a day before the first version: what the law was then is
    not known here.
    """
    known = known_rules() if rules is None else rules
    if name not in known:
        hint = suggest(name, known) or _(" `papier deadline --list` shows them all.")
        raise UsageError(_("There is no rule “{name}”.{hint}").format(name=name, hint=hint))
    if not FIRST_YEAR <= start.year < LAST_YEAR:
        raise UsageError(
            _("Clocks run from {first_year} to {last_year}, not from {year}. Check the date.").format(
                first_year=FIRST_YEAR, last_year=LAST_YEAR, year=start.year
            )
        )
    return _select(known[name], start)


def _select(versions: Sequence[Rule], start: dt.date) -> Rule:
    for rule in reversed(versions):
        if rule.since <= start:
            return rule
    first = versions[0]
    raise UsageError(
        _(
            "The rule “{name}” is known for clocks that start from {since} on ({in_force}), not on "
            "{start}. Check the date; for an older clock look up the law of that day."
        ).format(name=first.name, since=written_day(first.since), in_force=first.in_force, start=written_day(start))
    )
