"""The cases of `worked_cases.yaml`, counted by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from papier.workflows.calendar import parse_region
from papier.workflows.deadlines import compute, count_period
from papier.workflows.rulebook import known_rules
from papier.workflows.rules import Ending
from papier.workflows.rules_parsing import UNITS

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("worked_cases.yaml").read_text(encoding="utf-8"))[
    "cases"
]


def name(case: dict[str, Any]) -> str:
    what = case.get("rule") or "-".join(str(part) for part in case["compute"])
    return f"{what}-{case['from']}-{case.get('region', 'france')}"


@pytest.mark.parametrize("case", CASES, ids=name)
def test_a_case_worked_out_by_hand(case: dict[str, Any]) -> None:
    start, region = case["from"], case.get("region")
    if "rule" in case:
        deadline = compute(case["rule"], start, region)
        found = (deadline.prudent, deadline.theoretical)
    else:
        count, unit, ending = case["compute"]
        period = count_period(start, count, UNITS[unit], Ending(ending), parse_region(region))
        found = (period.plain, period.theoretical)
    assert found == (case["prudent"], case["theoretical"]), case["source"]


def test_there_are_enough_and_each_says_where_it_comes_from() -> None:
    assert len(CASES) >= 60
    assert len({name(case) for case in CASES}) == len(CASES)
    for case in CASES:
        assert case["kind"] in {"published", "derived"}
        assert case["source"].strip()
        assert {type(case[key]) for key in ("from", "prudent", "theoretical")} == {dt.date}
        assert set(case) <= {"rule", "compute", "from", "region", "prudent", "theoretical", "kind", "source", "why"}
    assert sum(case["kind"] == "published" for case in CASES) >= 25


def test_every_rule_and_every_version_has_one() -> None:
    versions = {(rule.name, rule.version) for versions in known_rules().values() for rule in versions}
    counted = [compute(case["rule"], case["from"], case.get("region")) for case in CASES if "rule" in case]
    assert versions == {(deadline.rule, deadline.version) for deadline in counted}
