"""A small workflow as YAML text, for tests that break it in one place."""

from __future__ import annotations

from pathlib import Path

from papier.forms.definition import FormDefinition
from papier.forms.parsing import load_form
from papier.workflows.definition import Workflow
from papier.workflows.library import find_workflow
from papier.workflows.parsing import parse_workflows

ROOT = Path(__file__).parent.parent.parent
FOLDERS = [ROOT / "forms"]

SMALL = """\
workflows:
  absence:
    version: 1
    title: Absence
    opens: carnet/absence
    steps:
      bulletin:
        title: Bulletin
        to: famille
        send: [carnet, courrier]
        back: {form: carnet/absence, then: decision, compare: [motif], received: recu}
        clocks:
          - {name: retour, wait: 3 jours ouvrés, from: sent, then: rappel, silence: rien}
      rappel:
        title: Rappel
        print: carnet/rappel-absence
        to: famille
        send: courrier
        back: {form: carnet/absence, then: decision}
        clocks:
          - {name: retour, wait: 5 jours, from: sent, then: perdue}
      decision:
        title: Décision
        decision:
          question: Justifiée ?
          by: vie scolaire
          form: carnet/absence
          field: suite
          signed: visa
          options: {justifiee: justifiee, relance: rappel}
    ends:
      justifiee: Justifiée
      perdue: Sans réponse
"""


def small() -> Workflow:
    (workflow,), problems = parse_workflows(SMALL, "workflow.yaml", "carnet")
    assert problems == []
    return workflow


def shipped(name: str) -> Workflow:
    return find_workflow(name, FOLDERS)


def forms(*names: str) -> dict[str, FormDefinition]:
    return {name: load_form(ROOT / "forms" / f"{name}.yaml") for name in names}
