"""`workflow.yaml`: what is read, and every way to get it wrong, told with line and remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from papier.errors import DefinitionError, Problem, UsageError
from papier.forms.parsing import load_form
from papier.workflows.checking import check_openings, check_workflow
from papier.workflows.definition import Wait, Way, Workflow
from papier.workflows.difference import list_differences
from papier.workflows.library import check_file, find_workflow, workflow_paths
from papier.workflows.parsing import parse_workflows
from tests.workflows.workflow_text import FOLDERS, ROOT, SMALL, forms, shipped, small

USED = ("carnet/absence", "carnet/rappel-absence", "bureau/suivi", "guichet/suite")


def problems_of(text: str) -> list[Problem]:
    workflows, problems = parse_workflows(text, "workflow.yaml", "carnet")
    for workflow in workflows:
        problems += check_workflow(workflow, forms(*USED))
    return problems


def test_a_workflow_is_read_as_it_is_written() -> None:
    workflow = small()
    assert workflow.name == "carnet/absence"
    assert list(workflow.steps) == ["bulletin", "rappel", "decision"]
    step = workflow.first
    assert step.ways == (Way.CARNET, Way.POST)
    assert step.back is not None
    assert step.back.compare == ("motif",)
    (clock,) = step.clocks
    assert clock.wait == Wait(3, "jours ouvrés")
    assert clock.then == "rappel"
    assert workflow.steps["decision"].decision is not None
    assert problems_of(SMALL) == []


def test_every_shipped_workflow_is_right_and_survives_freezing() -> None:
    paths = workflow_paths(FOLDERS)
    assert {path.parent.name for path in paths} >= {"carnet", "guichet", "refus", "sante"}
    for path in paths:
        found = check_file(path, FOLDERS)
        assert found.problems == ()
        for workflow in found.workflows:
            thawed = Workflow.from_frozen(workflow.to_frozen())
            assert thawed.digest() == workflow.digest()
            assert list(thawed.steps) == list(workflow.steps)


def line_of(text: str, needle: str) -> int:
    return next(at for at, line in enumerate(text.splitlines(), 1) if needle in line)


# What is broken (old text → new text), on which line of the broken text, and what the message must say.
BROKEN = [
    ("then: decision, compare", "then: decisoin, compare", "decisoin", r"no step or end\. Did you mean `decision`"),
    ("print: carnet/rappel-absence", "print: carnet/rapel-absence", "      rappel:", r"no form `carnet/rapel-absence`"),
    ("wait: 3 jours ouvrés", "rule: silence-rejett", "silence-rejett", r"no rule `silence-rejett`.*`silence-rejet`"),
    ("wait: 3 jours ouvrés", "wait: 3 lunes", "3 lunes", r"3 jours ouvrés"),
    ("wait: 3 jours ouvrés, ", "", "name: retour, from: sent, then: rappel", r"`rule`.*or `wait`"),
    ("from: sent, then: rappel", "from: sentt, then: rappel", "sentt", r"`sentt` is nothing that happens"),
    ("from: sent, then: rappel", "from: ailleurs.sent, then: rappel", "ailleurs", r"no step `ailleurs`"),
    ("field: suite", "field: suites", "        decision:", r"no boxes `suites`.*`suite`"),
    ("signed: visa", "signed: vissa", "        decision:", r"no signature `vissa`.*decision is signed"),
    (
        "justifiee: justifiee, relance",
        "justifie: justifiee, relance",
        "        decision:",
        r"no box `justifie`.*`justifiee`",
    ),
    ("compare: [motif]", "compare: [motiff]", "motiff", r"no field `motiff`"),
    ("send: [carnet, courrier]", "send: [carnet, pigeon]", "pigeon", r"unknown send `pigeon`"),
    ("      perdue: Sans réponse\n", "      perdue: Sans réponse\n      autre: Jamais\n", "  absence:", r"end `autre`"),
    ("    title: Absence\n", "    titre: Absence\n", "titre:", r"unknown key `titre`.*`title`"),
    ("workflows:\n", "workflow:\n", "workflow:", r"`workflows`"),
    ("title: Décision", "title: UNVERIFIED", "UNVERIFIED", r"must not be printed"),
    ("        to: famille\n        send: [carnet", "        send: [carnet", "      bulletin:", r"`to` is missing"),
]


@pytest.mark.parametrize(("old", "new", "at", "message"), BROKEN)
def test_each_mistake_is_told_with_its_line(old: str, new: str, at: str, message: str) -> None:
    text = SMALL.replace(old, new, 1)
    assert text != SMALL
    found = problems_of(text)
    assert found, "the mistake went unnoticed"
    matching = [problem for problem in found if re.search(message, problem.message)]
    assert matching, [str(problem) for problem in found]
    assert line_of(text, at) in {problem.line for problem in matching}


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = SMALL
    for old, new in (
        ("    title: Absence\n", "    titre: Absence\n"),
        ("wait: 3 jours ouvrés", "wait: 3 lunes"),
        ("compare: [motif]", "compare: [motiff]"),
        ("signed: visa", "signed: vissa"),
        ("print: carnet/rappel-absence", "print: carnet/rapel-absence"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "carnet" / "workflow.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    told = [problem.message for problem in check_file(path, FOLDERS).problems]
    for word in ("titre", "3 lunes", "motiff", "vissa", "rapel-absence"):
        assert sum(word in message for message in told) == 1, (word, told)
    # Nothing is told twice, and nothing that a mistake above explains.
    assert len(told) == 5, told
    assert check_file(path, FOLDERS).workflows == ()


def test_a_mistaken_step_is_still_known_by_its_name(tmp_path: Path) -> None:
    text = SMALL.replace(
        "      decision:\n        title: Décision\n", "      decision: rien\n      autre:\n        title: X\n"
    )
    path = tmp_path / "carnet" / "workflow.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    told = [problem.message for problem in check_file(path, FOLDERS).problems]
    assert not any("is no step or end" in message for message in told), told


@pytest.mark.parametrize("wait", ["3 lunes", ""])
def test_a_wait_that_is_wrong_is_told_once(wait: str) -> None:
    told = problems_of(SMALL.replace("wait: 3 jours ouvrés", f"wait: {wait}", 1))
    assert len(told) == 1, told
    assert "`rule`" not in told[0].message


def test_a_step_nobody_reaches_and_a_dead_end_are_found() -> None:
    text = SMALL.replace("    ends:", "      ile:\n        title: Île\n    ends:")
    messages = " ".join(problem.message for problem in problems_of(text))
    assert "step `ile`: no step leads here" in messages
    assert "step `ile`: a dead end" in messages


def test_a_step_that_runs_in_circles_is_found() -> None:
    text = SMALL.replace("options: {justifiee: justifiee, relance: rappel}", "options: {relance: rappel}")
    text = text.replace("then: perdue", "then: bulletin").replace("      justifiee: Justifiée\n", "")
    messages = [problem.message for problem in problems_of(text)]
    assert any("no end can be reached" in message for message in messages), messages


def test_waiting_without_a_clock_is_a_mistake() -> None:
    text = SMALL.replace(
        "        clocks:\n          - {name: retour, wait: 5 jours, from: sent, then: perdue}\n", ""
    ).replace("      perdue: Sans réponse\n", "")
    assert any("no clock tells when nothing comes" in problem.message for problem in problems_of(text))


def test_a_form_may_begin_one_workflow_only() -> None:
    other, _ = parse_workflows(SMALL, "workflow.yaml", "autre")
    (problem,) = check_openings([small(), *other])
    assert "begins `carnet/absence` already" in problem.message


def test_a_mistyped_name_is_suggested() -> None:
    with pytest.raises(UsageError, match="Did you mean `carnet/absence`"):
        find_workflow("carnet/absense", FOLDERS)


def test_a_wrong_file_of_the_office_is_told_whole(tmp_path: Path) -> None:
    folder = tmp_path / "forms" / "carnet"
    folder.mkdir(parents=True)
    (folder / "workflow.yaml").write_text(SMALL.replace("field: suite", "field: suites"), encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"workflow\.yaml:\d+: .*no boxes `suites`"):
        find_workflow("carnet/absence", [tmp_path / "forms", *FOLDERS])


def test_differences_are_said_in_words() -> None:
    text = SMALL.replace("wait: 3 jours ouvrés", "wait: 1 semaine").replace(
        "      perdue: Sans réponse", "      tue: Tue"
    )
    (newer,), _ = parse_workflows(text.replace("then: perdue", "then: tue"), "workflow.yaml", "carnet")
    lines = list_differences(small(), newer)
    assert any("« retour » (3 jours ouvrés depuis sent, puis rappel) devient 1 semaine" in line for line in lines)
    assert any("« Sans réponse » (perdue) disparaît" in line for line in lines)
    assert list_differences(small(), small()) == []


def test_no_workflow_form_prints_the_sender_over_six_lines_of_address() -> None:
    """The window of an envelope takes six lines (La Poste)."""
    for path in workflow_paths(FOLDERS):
        for workflow in check_file(path, FOLDERS).workflows:
            for form, _line in workflow.all_forms():
                definition = load_form(ROOT / "forms" / f"{form}.yaml")
                for block in definition.blocks:
                    assert len(getattr(block, "lines", ())) <= 6


def test_the_guichet_ladder_is_the_catalogues() -> None:
    """Catalogue, 1d: the rungs in their order, each with its clock."""
    workflow = shipped("guichet/demande")
    rules = {
        (step.name, clock.name): clock.rules for step in workflow.steps.values() for clock in step.clocks if clock.rules
    }
    assert rules["demande", "silence"] == ("silence-rejet",)
    assert rules["motifs", "reponse"] == ("motifs-reponse",)
    assert rules["motifs-recus", "recours"] == ("tribunal-apres-motifs",)
    assert rules["gracieux", "envoi"] == ("recours-gracieux",)
    assert rules["gracieux", "silence"] == ("recours-silence",)
    assert rules["tribunal", "envoi"] == ("tribunal-administratif",)
    # The Défenseur des droits and the médiateur run beside and stop nothing (trap 10).
    assert all(workflow.steps[name].beside for name in ("defenseur", "mediateur", "relance-ar"))
