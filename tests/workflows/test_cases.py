"""Cases as a fold: each kind of event, and what can happen to a sheet on its way back."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from papier.forms.parsing import load_form
from papier.forms.typesetting import lay_out
from papier.workflows.case import Case, Doubt, Stage
from papier.workflows.day import Item, RowSheetRow, day_events
from papier.workflows.definition import Workflow
from papier.workflows.dues import explain, running
from papier.workflows.events import CaseEvent, Kind, in_force
from papier.workflows.folding import apply, fold, open_case
from papier.workflows.letter_values import address_faults, letter_values
from papier.workflows.refusals import find_refusal
from papier.workflows.row_words import question_words, task_words, two_sides
from papier.workflows.tasks import TaskKind, find_passed, list_tasks, wakes_on
from tests.workflows.workflow_text import FOLDERS, shipped, small

MONDAY = dt.date(2027, 3, 1)


class Story:
    """A case as it is told, event by event; `case` is folded as it goes."""

    def __init__(self, workflow: Workflow, form: str, **person: str) -> None:
        self.workflow = workflow
        self.events: list[CaseEvent] = []
        self.case: Case = self._begin(form, person)

    def _begin(self, form: str, person: Mapping[str, str]) -> Case:
        data = {
            "workflow": self.workflow.name,
            "version": self.workflow.version,
            "digest": self.workflow.digest(),
            "form": form,
            "person": person,
            "on": MONDAY.isoformat(),
        }
        event = CaseEvent(1, MONDAY, Kind.OPENED, data)
        self.events.append(event)
        return open_case(1, event, self.find)

    def find(self, _digest: str) -> Workflow:
        return self.workflow

    def tell(self, kind: Kind, on: dt.date = MONDAY, **data: Any) -> Story:
        event = CaseEvent(len(self.events) + 1, on, kind, {"on": on.isoformat(), **data})
        self.events.append(event)
        self.case = fold(1, self.events, self.find) if kind is Kind.AMENDED else apply(self.case, event, self.find)
        return self

    def printed(self, *sheets: str, step: str = "bulletin", form: str = "carnet/absence") -> Story:
        return self.tell(Kind.PRINTED, step=step, sheets=[[sheet, form] for sheet in sheets])

    def sent(self, step: str, way: str, on: dt.date = MONDAY, number: str | None = None) -> Story:
        return self.tell(Kind.SENT, on, step=step, way=way, number=number)

    def returned(self, sheet: str, on: dt.date = MONDAY, **values: Any) -> Story:
        """`doubt_x="?"` is a doubtful field x; any other keyword a sure one."""
        doubtful = {name.removeprefix("doubt_"): v for name, v in values.items() if name.startswith("doubt_")}
        sure = {
            name: v for name, v in values.items() if not name.startswith("doubt_") and name not in ("form", "missing")
        }
        return self.tell(
            Kind.RETURNED,
            on,
            sheet=sheet,
            form=values.get("form", "carnet/absence"),
            version=1,
            record=len(self.events),
            revision=1,
            values=sure,
            doubtful=doubtful,
            missing=values.get("missing", []),
        )

    @property
    def stage(self) -> str:
        return str(self.case.stage(self.workflow))

    @property
    def doubts(self) -> list[Doubt]:
        return [question.doubt for question in self.case.questions]


def absence() -> Story:
    return Story(small(), "carnet/absence", nom="LEFÈVRE", prenom="Zoé", classe="6A").printed("S1")


def test_a_sheet_goes_out_comes_back_and_is_decided() -> None:
    story = absence()
    assert story.stage == Stage.SEND
    story.sent("bulletin", "carnet")
    assert story.stage == Stage.WAIT
    story.returned("S1", motif=["maladie"], signature=True)
    assert (story.case.step, story.stage) == ("decision", Stage.DECIDE)
    story.tell(Kind.DECIDED, step="decision", options=["justifiee"], by="Mme Roux")
    assert (story.stage, story.case.end) == (Stage.CLOSED, "justifiee")


def test_a_decision_ticked_and_signed_on_the_sheet_needs_nothing_more() -> None:
    story = absence().sent("bulletin", "carnet").returned("S1", motif=["maladie"], suite=["justifiee"], visa=True)
    assert story.case.end == "justifiee"


def test_a_decision_ticked_but_not_signed_is_a_question() -> None:
    story = absence().sent("bulletin", "carnet").returned("S1", motif=["maladie"], suite=["justifiee"])
    assert story.doubts == [Doubt.UNSIGNED]
    assert story.stage == Stage.CHECK
    # The same sheet is signed and scanned again.
    story.returned("S1", motif=["maladie"], suite=["justifiee"], visa=True)
    assert story.case.end == "justifiee"


def test_the_office_block_may_be_filled_in_after_the_first_scan() -> None:
    story = absence().sent("bulletin", "carnet").returned("S1", motif=["maladie"])
    assert story.stage == Stage.DECIDE
    story.returned("S1", motif=["maladie"], suite=["relance"], visa=True)
    assert story.case.step == "rappel"
    # The second slip says something else: both are kept, and the old tick is not used for the new one.
    story.printed("S2", step="rappel").sent("rappel", "courrier").returned("S2", motif=["autre"])
    assert (story.case.step, story.stage) == ("rappel", Stage.CHECK)
    assert story.doubts == [Doubt.TWO_ANSWERS]
    story.tell(Kind.CHECKED, question=story.case.questions[0].key, keep="S2", by="CPE")
    assert (story.case.step, story.stage) == ("decision", Stage.DECIDE)


def test_a_doubtful_field_holds_the_case_until_a_person_says() -> None:
    story = absence().sent("bulletin", "carnet").returned("S1", motif=["maladie"], doubt_fin="2027-03-05")
    assert (story.stage, story.case.step) == (Stage.CHECK, "bulletin")
    story.tell(Kind.CORRECTED, sheet="S1", field="fin", value="2027-03-06", by="Léa")
    assert (story.stage, story.case.step) == (Stage.DECIDE, "decision")
    entry = story.case.find_return("S1")
    assert entry is not None
    assert entry.values["fin"] == "2027-03-06"


def test_confirming_takes_the_value_as_it_was_read() -> None:
    story = absence().sent("bulletin", "carnet").returned("S1", motif=["maladie"], doubt_fin="2027-03-05")
    story.tell(Kind.CHECKED, question="field:S1:fin", by="Léa")
    entry = story.case.find_return("S1")
    assert entry is not None
    assert entry.values["fin"] == "2027-03-05"
    assert story.case.step == "decision"


def test_a_better_scan_answers_the_doubt_of_a_worse_one() -> None:
    story = absence().sent("bulletin", "carnet").returned("S1", motif=["maladie"], doubt_fin="2027-03-05")
    story.returned("S1", motif=["maladie"], fin="2027-03-05")
    assert story.case.step == "decision"
    assert story.case.questions == ()


def test_the_same_sheet_twice_changes_nothing() -> None:
    story = absence().sent("bulletin", "carnet").returned("S1", motif=["maladie"]).returned("S1", motif=["maladie"])
    assert (story.case.step, story.case.questions) == ("decision", ())
    entry = story.case.find_return("S1")
    assert entry is not None
    assert entry.scans == 2


def test_two_scans_of_one_sheet_that_differ_are_a_question_and_the_first_stays() -> None:
    story = absence().sent("bulletin", "carnet").returned("S1", motif=["maladie"]).returned("S1", motif=["autre"])
    assert story.doubts == [Doubt.CONFLICT]
    entry = story.case.find_return("S1")
    assert entry is not None
    assert entry.values["motif"] == ["maladie"]
    assert find_refusal(story.case, story.workflow, Kind.CHECKED, {"question": "conflict:S1:motif"}, MONDAY)
    story.tell(Kind.CORRECTED, sheet="S1", field="motif", value=["autre"], by="Léa")
    assert story.case.questions == ()


def test_two_parents_who_differ_are_both_kept_and_a_person_decides() -> None:
    story = absence().printed("S2").sent("bulletin", "carnet")
    story.returned("S1", motif=["maladie"]).returned("S2", motif=["autre"])
    assert story.doubts == [Doubt.TWO_ANSWERS]
    assert [entry.values["motif"] for entry in story.case.returns] == [["maladie"], ["autre"]]
    key = story.case.questions[0].key
    assert find_refusal(story.case, story.workflow, Kind.CHECKED, {"question": key}, MONDAY)
    story.tell(Kind.CHECKED, question=key, keep="S2", by="CPE")
    assert [entry.sheet for entry in story.case.returns if entry.aside] == ["S1"]
    assert story.stage == Stage.DECIDE


def test_two_parents_who_agree_are_no_question() -> None:
    story = absence().printed("S2").sent("bulletin", "carnet")
    story.returned("S1", motif=["maladie"]).returned("S2", motif=["maladie"])
    assert story.case.questions == ()
    assert story.stage == Stage.DECIDE


def test_a_sheet_for_a_closed_case_is_kept_and_told() -> None:
    story = absence().sent("bulletin", "carnet")
    story.tell(Kind.CLOSED, reason="élève parti", by="Léa").returned("S1", motif=["maladie"])
    assert story.stage == Stage.CLOSED
    assert story.doubts == [Doubt.CLOSED]
    story.tell(Kind.REOPENED, by="Léa", step=None)
    assert story.case.step == "decision"


def test_a_sheet_nobody_waits_for_any_more_is_told_and_holds_nothing() -> None:
    story = Story(shipped("guichet/demande"), "guichet/reponse-ecrite", nom="NGUYEN")
    story.printed("D1", step="demande", form="guichet/reponse-ecrite").sent("demande", "main-propre")
    story.tell(Kind.ANSWERED, step="demande", answer="refus")
    story.returned("D1", form="guichet/reponse-ecrite")
    assert story.case.step == "refus"
    assert story.doubts == [Doubt.LATE]
    assert not story.case.is_held


def test_a_missing_page_holds_the_case_until_it_comes() -> None:
    story = absence().sent("bulletin", "carnet").returned("S1", motif=["maladie"], missing=[2])
    assert story.doubts == [Doubt.PAGES]
    story.returned("S1", motif=["maladie"])
    assert story.case.step == "decision"


def test_a_mistake_is_mended_by_a_further_event() -> None:
    story = absence().sent("bulletin", "carnet", dt.date(2027, 3, 4))
    wrong = len(story.events)
    (due,) = running(story.case, story.workflow)
    assert due.prudent == dt.date(2027, 3, 9)
    story.tell(Kind.AMENDED, seq=wrong, data={"on": "2027-03-02"}, by="Léa")
    (due,) = running(story.case, story.workflow)
    assert due.prudent == dt.date(2027, 3, 5)
    amendment = len(story.events)
    story.tell(Kind.AMENDED, seq=wrong, data=None, by="Léa")
    assert story.stage == Stage.SEND
    story.tell(Kind.AMENDED, seq=amendment + 1, data=None, by="Léa")
    (due,) = running(story.case, story.workflow)
    assert due.prudent == dt.date(2027, 3, 5)
    assert len(story.events) == 6


def test_amendments_are_read_from_the_last_one() -> None:
    events = [
        CaseEvent(1, MONDAY, Kind.OPENED, {}),
        CaseEvent(2, MONDAY, Kind.SENT, {"way": "carnet", "number": None}),
        CaseEvent(3, MONDAY, Kind.AMENDED, {"seq": 2, "data": {"number": "A"}}),
        CaseEvent(4, MONDAY, Kind.AMENDED, {"seq": 2, "data": {"number": "B"}}),
    ]
    assert in_force(events)[1].data == {"way": "carnet", "number": "B"}
    undone = [*events, CaseEvent(5, MONDAY, Kind.AMENDED, {"seq": 4, "data": None})]
    assert in_force(undone)[1].data["number"] == "A"


def test_a_clock_that_ran_out_leads_on_only_after_its_last_day() -> None:
    story = absence().sent("bulletin", "carnet")
    assert find_passed(story.case, story.workflow, dt.date(2027, 3, 4)) == []
    (due,) = find_passed(story.case, story.workflow, dt.date(2027, 3, 5))
    story.tell(
        Kind.PASSED, dt.date(2027, 3, 5), step=due.step, clock="retour", prudent="2027-03-04", theoretical="2027-03-04"
    )
    assert (story.case.step, story.stage) == ("rappel", Stage.PRINT)
    # The slip turns up after all.
    story.returned("S1", dt.date(2027, 3, 6), motif=["maladie"])
    assert story.case.step == "decision"


def test_a_held_case_waits_for_its_person_whatever_the_clock_says() -> None:
    story = absence().sent("bulletin", "carnet").returned("S1", motif=["maladie"], doubt_fin="?")
    assert find_passed(story.case, story.workflow, dt.date(2028, 1, 1)) == []


def test_nobody_is_called_late_whose_sheet_waits_to_be_checked() -> None:
    story = absence().sent("bulletin", "carnet").returned("S1", motif=["maladie"], doubt_fin="2027-03-05")
    tasks = list_tasks(story.case, story.workflow, dt.date(2027, 6, 1))
    assert [task.kind for task in tasks] == [TaskKind.CHECK]
    words = task_words(tasks[0], story.case, story.workflow, 1)
    assert words["objet"] == "Vérifier. « fin » se lit-il « 05/03/2027 » ?"
    face = lay_out(load_form(FOLDERS[0] / "carnet" / "absence.yaml"))
    words = task_words(tasks[0], story.case, story.workflow, 1, faces={"S1": face})
    assert words["objet"] == "Vérifier. « Au » se lit-il « 05/03/2027 » ?"


def test_questions_name_fields_and_boxes_as_they_are_printed() -> None:
    faces = {"S1": lay_out(load_form(FOLDERS[0] / "carnet" / "absence.yaml"))}
    story = absence().sent("bulletin", "carnet").returned("S1", doubt_motif=["maladie", "autre"], doubt_nom=None)
    tasks = list_tasks(story.case, story.workflow, MONDAY)
    together = task_words(tasks[0], story.case, story.workflow, len(tasks), faces=faces)["objet"]
    assert together == "Vérifier 2 lectures (feuille de vérification ou écran) : Motif de l'absence, Nom"
    first = question_words(story.case.questions[0], story.workflow, faces)
    assert first == "« Motif de l'absence » se lit-il « Maladie de l'enfant, Autre motif » ?"
    story = absence().sent("bulletin", "carnet").returned("S1", motif=["maladie"]).returned("S1", motif=["autre"])
    (asked,) = story.case.questions
    said = question_words(asked, story.workflow, faces)
    assert said.endswith("d'une numérisation à l'autre : « Maladie de l'enfant » puis « Autre motif »")
    sides = two_sides("motif : maladie / autre ; debut : 2027-03-01 / 2027-03-02", faces["S1"])
    assert sides == "Motif de l'absence : Maladie de l'enfant / Autre motif ; Du : 01/03/2027 / 02/03/2027"


def test_done_on_a_row_of_several_readings_confirms_none_of_them() -> None:
    story = (
        absence().sent("bulletin", "carnet").returned("S1", motif=["maladie"], doubt_fin="2027-03-05", doubt_nom="X")
    )
    items = tuple(Item(1, question.key, "bulletin") for question in story.case.questions)
    row = RowSheetRow(str(TaskKind.CHECK), items)
    for ticked, kinds in (("fait", []), ("reporte", [Kind.POSTPONED] * 2), ("a_voir", [Kind.FLAGGED])):
        found = [
            event for item in items for event in day_events(row, ticked, item, story.case, story.workflow, MONDAY, "x")
        ]
        assert [kind for kind, _data in found] == kinds
    alone = RowSheetRow(str(TaskKind.CHECK), items[:1])
    assert [kind for kind, _ in day_events(alone, "fait", items[0], story.case, story.workflow, MONDAY, "x")] == [
        Kind.CHECKED
    ]


def test_a_letter_without_proof_of_receipt_accuses_nobody() -> None:
    story = Story(shipped("guichet/demande"), "guichet/reponse-ecrite", nom="NGUYEN")
    story.printed("D1", step="demande", form="guichet/reponse-ecrite").sent("demande", "courrier")
    silence = next(due for due in running(story.case, story.workflow) if due.clock.name == "silence")
    assert (silence.prudent, silence.theoretical) == (dt.date(2027, 5, 1), None)
    assert "silence" not in [due.clock.name for due in find_passed(story.case, story.workflow, dt.date(2030, 1, 1))]
    assert "n'est pas prouvée" in explain(silence, story.case, story.workflow)
    story.tell(Kind.DELIVERED, dt.date(2027, 3, 3), step="demande", proof="avis de réception")
    silence = next(due for due in running(story.case, story.workflow) if due.clock.name == "silence")
    assert silence.theoretical == dt.date(2027, 5, 3)


def test_why_names_the_article_the_days_and_the_event() -> None:
    story = Story(shipped("guichet/demande"), "guichet/reponse-ecrite", nom="NGUYEN")
    story.printed("D1", step="demande", form="guichet/reponse-ecrite").sent("demande", "main-propre")
    silence = next(due for due in running(story.case, story.workflow) if due.clock.name == "silence")
    sentence = explain(silence, story.case, story.workflow)
    for part in ("CRPA, art. L231-4", "lundi 1er mars 2027", "événement 3", "samedi 1er mai 2027", "rejet"):
        assert part in sentence


def test_what_runs_beside_leaves_the_main_step_alone() -> None:
    story = Story(shipped("guichet/demande"), "guichet/reponse-ecrite", nom="NGUYEN")
    story.printed("D1", step="demande", form="guichet/reponse-ecrite").sent("demande", "main-propre")
    story.tell(Kind.FOLLOWED, to="defenseur", by="NGUYEN")
    assert story.case.active() == ("demande", "defenseur")
    assert story.case.stage(story.workflow, "defenseur") is Stage.PRINT
    kinds = [task.kind for task in list_tasks(story.case, story.workflow, MONDAY)]
    assert kinds == [TaskKind.SIGN]
    story.tell(Kind.PRINTED, step="defenseur", sheets=[["F1", "guichet/defenseur-droits"]]).sent(
        "defenseur", "courrier"
    )
    assert story.case.active() == ("demande",)


def test_several_boxes_of_a_decision_may_start_something_beside() -> None:
    story = Story(shipped("guichet/demande"), "guichet/reponse-ecrite", nom="NGUYEN")
    story.printed("D1", step="demande", form="guichet/reponse-ecrite").sent("demande", "main-propre")
    story.tell(Kind.ANSWERED, step="demande", answer="refus", on_="x")
    story.printed("C1", step="refus", form="guichet/suite").sent("refus", "main-propre")
    story.returned("C1", form="guichet/suite", suite=["gracieux", "defenseur"], signature=True)
    assert story.case.step == "gracieux"
    assert story.case.beside == ("defenseur",)


def test_a_person_who_only_chooses_something_beside_is_asked_again() -> None:
    story = Story(shipped("guichet/demande"), "guichet/reponse-ecrite", nom="NGUYEN")
    story.printed("D1", step="demande", form="guichet/reponse-ecrite").sent("demande", "main-propre")
    story.tell(Kind.ANSWERED, step="demande", answer="refus")
    story.printed("C1", step="refus", form="guichet/suite").sent("refus", "main-propre")
    story.returned("C1", form="guichet/suite", suite=["mediateur"], signature=True)
    assert (story.case.step, story.case.beside) == ("refus", ("mediateur",))
    assert story.stage == Stage.PRINT


def test_a_follow_up_sheet_tells_sending_delivery_and_answers_one_after_the_other() -> None:
    story = Story(shipped("guichet/demande"), "guichet/reponse-ecrite", nom="NGUYEN")
    story.tell(Kind.PRINTED, step="demande", sheets=[["D1", "guichet/reponse-ecrite"], ["F1", "bureau/suivi"]])
    told: dict[str, Any] = {"envoi": ["recommande-ar"], "envoye_le": "2027-03-02", "numero": "1A1", "visa": True}
    story.returned("F1", dt.date(2027, 3, 2), form="bureau/suivi", **told)
    assert story.case.visits["demande"].number == "1A1"
    told |= {"distribue_le": "2027-03-04"}
    story.returned("F1", dt.date(2027, 3, 8), form="bureau/suivi", **told)
    silence = next(due for due in running(story.case, story.workflow) if due.clock.name == "silence")
    assert silence.theoretical == dt.date(2027, 5, 4)
    told |= {"reponses.refus.recu": ["oui"], "reponses.refus.le": "2027-04-01"}
    story.returned("F1", dt.date(2027, 4, 2), form="bureau/suivi", **told)
    assert story.case.step == "refus"
    recours = next(due for due in running(story.case, story.workflow) if due.clock.name == "recours")
    assert (recours.prudent, recours.theoretical) == (dt.date(2027, 6, 1), dt.date(2027, 6, 2))


@pytest.mark.parametrize("impossible", ["2027-08-02", "1027-03-02", "1999-12-31"])
def test_a_day_that_cannot_be_on_a_follow_up_sheet_is_asked_about(impossible: str) -> None:
    story = Story(shipped("guichet/demande"), "guichet/reponse-ecrite", nom="NGUYEN")
    story.tell(Kind.PRINTED, step="demande", sheets=[["D1", "guichet/reponse-ecrite"], ["F1", "bureau/suivi"]])
    told: dict[str, Any] = {"envoi": ["courrier"], "envoye_le": impossible, "visa": True}
    story.returned("F1", dt.date(2027, 3, 2), form="bureau/suivi", **told)
    assert (story.stage, story.case.visits["demande"].way) == (Stage.CHECK, None)
    story.tell(Kind.CORRECTED, dt.date(2027, 3, 3), sheet="F1", field="envoye_le", value="2027-03-02", by="Léa")
    assert story.case.questions == ()
    assert story.case.marks["demande.sent"].prudent == dt.date(2027, 3, 2)


def test_what_cannot_be_is_refused_with_the_remedy() -> None:
    story = absence().sent("bulletin", "carnet")

    def refused(kind: Kind, **data: Any) -> str:
        said = find_refusal(story.case, story.workflow, kind, data, dt.date(2027, 3, 3))
        assert said is not None
        return said

    assert "future" in refused(Kind.SENT, step="bulletin", way="carnet", on="2027-03-04")
    assert "opened on" in refused(Kind.SENT, step="bulletin", way="carnet", on="2027-02-01")
    assert "carnet, courrier" in refused(Kind.SENT, step="bulletin", way="interne")
    assert "nothing is to be decided" in refused(Kind.DECIDED, step="decision", options=["justifiee"])
    assert "cannot arrive before" in refused(Kind.DELIVERED, step="bulletin", on="2027-02-28")
    assert "there is no step `rapel`. Did you mean `rappel`?" in refused(Kind.FOLLOWED, to="rapel")
    assert "No paper from outside" in refused(Kind.ANSWERED, step="bulletin", answer="refus")
    story.tell(Kind.CLOSED, reason="x", by="y")
    assert "papier cases reopen 1" in refused(Kind.SENT, step="bulletin", way="carnet")


def test_letters_say_what_the_case_knows_and_leave_the_rest_to_the_hand() -> None:
    story = Story(shipped("guichet/demande"), "guichet/reponse-ecrite", nom="NGUYEN", organisme="CAF")
    story.printed("D1", step="demande", form="guichet/reponse-ecrite")
    story.sent("demande", "recommande-ar", dt.date(2027, 3, 2), "1A1")
    story.tell(Kind.DELIVERED, dt.date(2027, 3, 4), step="demande", proof="avis de réception")
    story.tell(
        Kind.PASSED,
        dt.date(2027, 5, 5),
        step="demande",
        clock="silence",
        prudent="2027-05-04",
        theoretical="2027-05-04",
    )
    step = story.workflow.steps["motifs"]
    values = letter_values(story.case, story.workflow, step, dt.date(2027, 5, 6), {"cnil": "CNIL"})
    assert values["date_demande"] == "2 mars 2027"
    assert values["recu_demande"] == "4 mars 2027"
    assert values["numero_demande"] == "1A1"
    assert values["date_silence"] == "4 mai 2027"
    assert values["avant"] == "4 juillet 2027"
    assert values["cnil"] == "CNIL"
    assert "adresse_organisme" not in values
    assert address_faults({"organisme": "X" * 39, "adresse_organisme": "X" * 38})[0].endswith("shorten `organisme`.")


# ---- replaying gives the same state

_FIELDS = st.dictionaries(
    st.sampled_from(["motif", "fin", "suite", "visa", "doubt_fin", "doubt_motif"]),
    st.sampled_from([["maladie"], ["autre"], ["justifiee"], ["relance"], "2027-03-05", True]),
    max_size=4,
)
_EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("sent"), st.sampled_from(["bulletin", "rappel"])),
        st.tuples(st.just("printed"), st.sampled_from(["S1", "S2", "S3"])),
        st.tuples(st.just("returned"), st.sampled_from(["S1", "S2", "S9"]), _FIELDS),
        st.tuples(st.just("passed"), st.sampled_from(["bulletin", "rappel"])),
        st.tuples(st.just("decided"), st.sampled_from(["justifiee", "relance"])),
        st.tuples(st.just("checked"), st.integers(0, 5)),
        st.tuples(st.just("closed")),
        st.tuples(st.just("reopened")),
        st.tuples(st.just("followed"), st.sampled_from(["rappel", "decision"])),
        st.tuples(st.just("amended"), st.integers(2, 12), st.booleans()),
        st.tuples(st.just("flagged")),
    ),
    max_size=14,
)


def _tell(story: Story, told: tuple[Any, ...], day: dt.date) -> None:
    match told:
        case ("sent", step):
            story.sent(step, "courrier", day)
        case ("printed", sheet):
            story.printed(sheet)
        case ("returned", sheet, values):
            story.returned(sheet, day, **values)
        case ("passed", step):
            on = day.isoformat()
            story.tell(Kind.PASSED, day, step=step, clock="retour", prudent=on, theoretical=on)
        case ("decided", option):
            story.tell(Kind.DECIDED, day, step="decision", options=[option], by="x")
        case ("checked", at):
            if at < len(story.case.questions):
                story.tell(Kind.CHECKED, day, question=story.case.questions[at].key, keep="S1", by="x")
        case ("closed",):
            story.tell(Kind.CLOSED, day, reason="x", by="x")
        case ("reopened",):
            story.tell(Kind.REOPENED, day, step=None, by="x")
        case ("followed", step):
            story.tell(Kind.FOLLOWED, day, to=step, by="x")
        case ("flagged",):
            story.tell(Kind.FLAGGED, day, text="x", by="x")
        case ("amended", seq, undo):
            if seq <= len(story.events) and story.events[seq - 1].kind is not Kind.OPENED:
                story.tell(Kind.AMENDED, day, seq=seq, data=None if undo else {"on": day.isoformat()}, by="x")


@settings(max_examples=150, deadline=None)
@given(_EVENTS)
def test_replaying_events_gives_the_same_case(told: list[tuple[Any, ...]]) -> None:
    story = absence()
    for at, event in enumerate(told):
        _tell(story, event, MONDAY + dt.timedelta(at))
        # What is kept beside the events goes through JSON each time.
        assert Case.from_json(story.case.to_json()) == story.case
        story.case = Case.from_json(story.case.to_json())
        assert fold(1, story.events, story.find) == story.case
    story.case.stage(story.workflow)
    wakes_on(story.case, story.workflow)
    list_tasks(story.case, story.workflow, MONDAY + dt.timedelta(30))


@settings(max_examples=60, deadline=None)
@given(_EVENTS, st.integers(0, 60))
def test_a_case_sleeps_until_the_day_it_has_to_be_looked_at(told: list[tuple[Any, ...]], days: int) -> None:
    story = absence()
    for at, event in enumerate(told):
        _tell(story, event, MONDAY + dt.timedelta(at))
    day = MONDAY + dt.timedelta(days)
    wakes = wakes_on(story.case, story.workflow)
    if list_tasks(story.case, story.workflow, day) or find_passed(story.case, story.workflow, day):
        assert wakes is not None
        assert wakes <= day


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_has_a_word(stage: Stage) -> None:
    assert str(stage)


def dispute() -> Story:
    """A request that is met with silence, and a request for its reasons."""
    story = Story(shipped("guichet/demande"), "guichet/reponse-ecrite", nom="NGUYEN")
    story.sent("demande", "main-propre")
    silence = dt.date(2027, 5, 1)
    story.tell(Kind.PASSED, silence, step="demande", clock="silence", prudent="2027-05-01", theoretical="2027-05-01")
    story.tell(Kind.DECIDED, dt.date(2027, 5, 10), step="rejet", options=["motifs"], by="NGUYEN")
    return story.sent("motifs", "main-propre", on=dt.date(2027, 5, 11))


def days(story: Story) -> dict[str, tuple[str, str]]:
    return {
        due.clock.name: (due.prudent.isoformat(), (due.theoretical or due.prudent).isoformat())
        for due in running(story.case, story.workflow)
    }


@pytest.mark.parametrize(("step", "clock"), [("tribunal", "envoi-motifs"), ("gracieux", "envoi-motifs")])
def test_after_the_reasons_every_step_counts_by_the_text_on_reasons(step: str, clock: str) -> None:
    """CRPA L232-4: until the end of two months after the day on which the reasons were given. No free day is added."""
    story = dispute().tell(Kind.ANSWERED, dt.date(2027, 6, 10), step="motifs", answer="motifs")
    assert days(story)["recours"] == ("2027-08-10", "2027-08-10")
    story.tell(Kind.DECIDED, dt.date(2027, 6, 15), step="motifs-recus", options=[step], by="NGUYEN")
    shown = days(story)
    assert shown.pop("plafond", ("2028-05-11", "2028-05-11")) == ("2028-05-11", "2028-05-11")
    assert shown == {clock: ("2027-08-10", "2027-08-10")}


def test_without_reasons_the_court_is_seized_as_if_they_had_come_on_their_last_day() -> None:
    story = dispute()
    # A month after 11 May: Friday 11 June.
    last = {"prudent": "2027-06-11", "theoretical": "2027-06-11"}
    story.tell(Kind.PASSED, dt.date(2027, 6, 12), step="motifs", clock="reponse", **last)
    story.tell(Kind.DECIDED, dt.date(2027, 6, 15), step="sans-motifs", options=["tribunal"], by="NGUYEN")
    assert days(story) == {
        "envoi-sans-motifs": ("2027-08-11", "2027-08-11"),
        "plafond": ("2028-05-11", "2028-05-11"),
    }


def test_without_reasons_asked_the_court_s_time_is_free() -> None:
    story = Story(shipped("guichet/demande"), "guichet/reponse-ecrite", nom="NGUYEN").sent("demande", "main-propre")
    silence = {"prudent": "2027-05-01", "theoretical": "2027-05-01"}
    story.tell(Kind.PASSED, dt.date(2027, 5, 2), step="demande", clock="silence", **silence)
    # Two months: Thursday 1 July; the last day, free, Friday 2. And a year where nobody said how to appeal.
    assert days(story) == {"recours": ("2027-07-01", "2027-07-02"), "un-an": ("2028-05-01", "2028-05-01")}
    story.tell(Kind.DECIDED, dt.date(2027, 5, 10), step="rejet", options=["tribunal"], by="NGUYEN")
    assert days(story) == {"envoi": ("2027-07-01", "2027-07-02")}


def test_a_clock_that_is_overtaken_runs_again_after_a_later_start() -> None:
    """A rejected appeal opens the court's whole time anew, whatever reasons came before it."""
    story = dispute().tell(Kind.ANSWERED, dt.date(2027, 6, 10), step="motifs", answer="motifs")
    story.tell(Kind.DECIDED, dt.date(2027, 6, 15), step="motifs-recus", options=["gracieux"], by="NGUYEN")
    story.sent("gracieux", "main-propre", on=dt.date(2027, 6, 17))
    story.tell(Kind.ANSWERED, dt.date(2027, 7, 5), step="gracieux", answer="refus")
    story.tell(Kind.DECIDED, dt.date(2027, 7, 6), step="rejet-recours", options=["tribunal"], by="NGUYEN")
    # Sunday 5 September is the prudent day; free, Monday 6.
    assert days(story) == {"envoi": ("2027-09-05", "2027-09-06")}


def test_a_wait_of_school_days_steps_over_the_holidays() -> None:
    workflow = shipped("carnet/absence")
    friday = dt.date(2026, 12, 18)  # the Christmas holidays begin on the 19th in every zone
    for zone, last in ((None, "2026-12-23"), ("A", "2027-01-06")):
        story = Story(workflow, "carnet/absence", nom="MARTIN")
        story.case = dataclasses.replace(story.case, opened=friday, zone=zone)
        story.sent("bulletin", "carnet", on=friday)
        (due,) = running(story.case, workflow)
        assert due.prudent.isoformat() == last
        assert ("zone A" in due.because) is (zone == "A")


def test_a_wait_past_the_known_school_years_counts_working_days() -> None:
    story = Story(shipped("carnet/absence"), "carnet/absence", nom="MARTIN")
    story.case = dataclasses.replace(story.case, zone="A")
    story.sent("bulletin", "carnet", on=dt.date(2040, 1, 9))
    assert running(story.case, story.workflow)[0].prudent == dt.date(2040, 1, 12)


def test_a_case_without_a_zone_is_kept_as_before_zones_were_known() -> None:
    story = Story(shipped("carnet/absence"), "carnet/absence", nom="MARTIN")
    assert "zone" not in story.case.to_json()
    in_zone = dataclasses.replace(story.case, zone="B")
    assert Case.from_json(in_zone.to_json()) == in_zone
