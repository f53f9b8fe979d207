"""The history of a case in plain French: no name that only the program knows."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from papier.forms.parsing import load_form
from papier.forms.typesetting import lay_out
from papier.workflows.event_words import event_words, sheets_told
from papier.workflows.events import Kind
from papier.workflows.tasks import all_tasks
from tests.workflows.test_cases import MONDAY, Story, absence
from tests.workflows.workflow_text import FOLDERS

FACES = {"S1": lay_out(load_form(FOLDERS[0] / "carnet" / "absence.yaml"))}
KEYS = re.compile(r"\b(field|conflict|two|unsigned|several|pages|blank|late|closed|alike|version|flag|due|do|send):")


def told(story: Story) -> list[str]:
    return [event_words(event, story.workflow, FACES) for event in story.events]


def test_fields_boxes_and_steps_are_called_as_they_are_printed() -> None:
    story = absence().sent("bulletin", "carnet").returned("S1", doubt_motif=["maladie"], doubt_fin="2027-03-05")
    story.tell(Kind.CHECKED, question="field:S1:fin", by="Mme Roux")
    story.tell(Kind.CORRECTED, sheet="S1", field="motif", value=["autre"])
    story.tell(Kind.POSTPONED, key="decide:decision:4", until="2027-03-09")
    story.tell(Kind.DECIDED, step="decision", options=["justifiee"])
    story.tell(Kind.AMENDED, seq=4, data={"on": "2027-03-02"})
    assert list(sheets_told(story.events)) == ["S1", "S1", "S1", "decision"]
    assert told(story) == [
        "Dossier ouvert : Absence (version 1)",
        "Bulletin : imprimé, feuille S1",
        "Bulletin : dans le carnet",
        "Feuille S1 (Bulletin d'absence) revenue, fiche 3, à vérifier : Motif de l'absence, Au",
        "Vérifié : lecture douteuse de « Au », feuille S1 (Mme Roux)",
        "« Motif de l'absence » corrigé : « Autre motif » (feuille S1)",
        "Reporté au 09/03/2027 : décision, Décision",
        "Décision : décidé, Justifiée",
        "Événement 4 rectifié : le 02/03/2027",
    ]


@pytest.mark.parametrize(
    "story",
    [
        absence(),
        absence().sent("bulletin", "carnet"),
        absence().sent("bulletin", "carnet").returned("S1", doubt_fin="2027-03-05", doubt_motif=None),
        absence().sent("bulletin", "carnet").returned("S1", motif=["maladie"], suite=["justifiee"]),
        absence().sent("bulletin", "carnet").returned("S1", motif=["maladie"]).returned("S1", motif=["autre"]),
        absence().sent("bulletin", "carnet").returned("S1", motif=["maladie"]).returned("S2", motif=["autre"]),
        absence().tell(Kind.FLAGGED, text="à voir"),
    ],
)
def test_whatever_can_be_done_is_told_without_its_key(story: Story) -> None:
    keys = {task.key for task in all_tasks(story.case, story.workflow, MONDAY + dt.timedelta(60))}
    keys |= {asked.key for asked in story.case.questions}
    assert keys
    for key in keys:
        story.tell(Kind.DONE, key=key)
        line = told(story)[-1]
        assert not KEYS.search(line), line
        assert key not in line
