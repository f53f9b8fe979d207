from __future__ import annotations

import datetime as dt
from importlib import resources
from pathlib import Path

import pytest

from papier.errors import DefinitionError, UsageError
from papier.workflows.deadlines import compute, list_rules
from papier.workflows.rulebook import RULES_FILE, find_rule, known_rules, load_rules
from papier.workflows.rules import Ending, Party, Rule, Start, Unit

TWO_STATES = """\
rules:
  - rule: essai
    title: {fr: Essai, en: Trial}
    starts: receipt
    party: them
    versions:
      - from: 2020-01-01
        in-force: loi d'essai
        count: 4
        unit: months
        ending: decides
        after: {fr: réception, en: receipt}
        basis: {fr: "essai, art. 1", en: "trial, art. 1"}
        sources: [essai art. 1]
        outcome: {fr: le silence vaut rejet, en: silence is a refusal}
      - from: 2024-07-01
        in-force: loi nouvelle
        count: 2
        unit: months
        ending: moves
        after: {fr: réception, en: receipt}
        basis: {fr: "essai, art. 2", en: "trial, art. 2"}
        sources: [essai art. 2]
        caution: {fr: Attention., en: Mind this.}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_clock_keeps_the_law_of_the_day_it_started(tmp_path: Path) -> None:
    rules = load_rules(write(tmp_path, TWO_STATES))
    before = compute("essai", dt.date(2024, 6, 30), rules=rules)
    after = compute("essai", dt.date(2024, 7, 1), rules=rules)
    assert (before.version, before.prudent, before.theoretical) == (1, dt.date(2024, 10, 30), dt.date(2024, 10, 30))
    # 1 September 2024 is a Sunday.
    assert (after.version, after.prudent, after.theoretical) == (2, dt.date(2024, 9, 1), dt.date(2024, 9, 2))
    assert "essai, art. 1" in before.because
    assert "essai, art. 2" in after.because
    assert "trial, art. 2" in after.because_en
    assert before.sources == ("essai art. 1",)


def test_the_law_before_the_first_version_is_not_known(tmp_path: Path) -> None:
    rules = load_rules(write(tmp_path, TWO_STATES))
    with pytest.raises(UsageError, match=r"“essai” is known for clocks that start from 2020-01-01 on \(loi d'essai\)"):
        find_rule("essai", dt.date(2019, 12, 31), rules)


def test_what_is_shipped_names_its_source_and_its_day() -> None:
    for versions in known_rules().values():
        assert [rule.version for rule in versions] == list(range(1, len(versions) + 1))
        for rule in versions:
            assert rule.sources
            assert rule.in_force
            assert rule.english.title != rule.french.title


def test_the_rules_travel_with_the_package() -> None:
    assert resources.files("papier.workflows").joinpath("rules.yaml").read_bytes() == RULES_FILE.read_bytes()


def test_fines_are_renumbered_with_the_code_and_keep_their_period() -> None:
    last_of_old, first_of_new = (compute("afd-contestation", dt.date(*day)) for day in ((2028, 12, 31), (2029, 1, 1)))
    assert "art. 495-18" in last_of_old.because
    assert "L4223-10" in first_of_new.because
    assert (last_of_old.prudent - last_of_old.start).days == (first_of_new.prudent - first_of_new.start).days == 45


def test_rules_as_they_stand_on_a_day() -> None:
    def version(rule: str, on: dt.date | None) -> int:
        return next(known.version for known in list_rules(on) if known.name == rule)

    assert version("afd-majoree", dt.date(2026, 11, 24)) == 1
    assert version("afd-majoree", dt.date(2029, 1, 1)) == 2
    assert version("afd-majoree", None) == 2
    assert len(list_rules(dt.date(1990, 1, 1))) == len(list_rules())


def test_a_rule_as_json() -> None:
    [rule] = [known for known in list_rules() if known.name == "silence-rejet"]
    shown = rule.to_json()
    assert shown["starts"] == "receipt"
    assert shown["party"] == "them"
    assert shown["from"] == "2016-01-01"
    assert shown["title_en"].startswith("Silence of the administration")
    assert shown["caution"].startswith("Pour une demande hors procédure")


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        ("count: 4", "count: four", r":9: rule `essai`: `count` is `four`\. Write a whole number"),
        ("unit: months", "unit: month", r":10: rule `essai`: unknown unit `month`\. Did you mean `months`\?"),
        ("ending: decides", "ending: decide", r":11: rule `essai`: unknown ending `decide`\. Did you mean `decides`\?"),
        ("from: 2020-01-01", "from: 1.1.2020", r":7: rule `essai`: `from` is `1\.1\.2020`\. Write a day as 2026-10-01"),
        ("from: 2024-07-01", "from: 2019-07-01", r":16: rule `essai`: versions go from the oldest to the latest"),
        ("starts: receipt", "starts: receit", r":4: rule `essai`: unknown starts `receit`\. Did you mean `receipt`\?"),
        ("party: them", "party: it", r":5: rule `essai`: unknown party `it`"),
        ("{fr: Essai, en: Trial}", "{fr: Essai}", r":3: rule `essai`: missing: `en`\. Add it"),
        ("sources: [essai art. 1]", "sources: []", r":14: rule `essai`: `sources` is empty"),
        ("in-force: loi nouvelle", "since: 1", r":17: rule `essai`: unknown key `since`"),
        ("fr: Attention.", "fr: attention", r":24: rule `essai`: `caution` \(fr\) is no whole sentence"),
        ("- rule: essai", "- rule: ", r"`rule` is empty"),
    ],
)
def test_every_mistake_has_its_line(tmp_path: Path, wrong: str, right: str, message: str) -> None:
    assert wrong in TWO_STATES
    with pytest.raises(DefinitionError, match=message) as caught:
        load_rules(write(tmp_path, TWO_STATES.replace(wrong, right, 1)))
    assert str(tmp_path) in str(caught.value)
    assert caught.value.exit_code == 3


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = TWO_STATES.replace("count: 4", "count: 0").replace("unit: months", "unit: moons")
    with pytest.raises(DefinitionError) as caught:
        load_rules(write(tmp_path, text))
    assert len(caught.value.problems) == 3


def test_a_name_stands_once(tmp_path: Path) -> None:
    twice = TWO_STATES + TWO_STATES.removeprefix("rules:\n")
    with pytest.raises(DefinitionError, match=r":25: rule `essai`: this name stands twice"):
        load_rules(write(tmp_path, twice))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="the file is empty"):
        load_rules(write(tmp_path, ""))


def test_kinds_of_rules_are_all_used_or_reserved() -> None:
    rules: list[Rule] = [rule for versions in known_rules().values() for rule in versions]
    assert {rule.start for rule in rules} == set(Start)
    assert {rule.party for rule in rules} == set(Party)
    assert {rule.ending for rule in rules} == set(Ending)
    # No text among these counts them: never mix them with jours ouvrés.
    assert set(Unit) - {rule.unit for rule in rules} == {Unit.BUSINESS_DAYS}
