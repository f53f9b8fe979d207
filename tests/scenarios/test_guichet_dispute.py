"""A dispute at the counter, from the first sheet to the last letter: March 2027 to March 2029.

A person asks their town hall for an answer on paper; silence, reasons, appeal, silence again, the court; and for the
file itself, by way of the CADA. Letters are late, a box is ticked twice, a date is recorded wrongly, an answer comes
when nobody expects one any more. Every date below was worked out by hand from a calendar and the texts, before the
dispute was first run; nothing in it is computed.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from papier.records import Value
from tests.scenarios.office import Office, Values

PERSON = (
    *("--set", "nom=NGUYEN", "--set", "prenom=Hugo", "--set", "adresse=4 rue Neuve"),
    *("--set", "code_postal=69001", "--set", "ville=LYON"),
    *("--set", "organisme=Mairie de Villeurbanne", "--set", "service=Etat civil"),
    *("--set", "adresse_organisme=1 place Lazare Goujon"),
    *("--set", "code_postal_organisme=69100", "--set", "ville_organisme=VILLEURBANNE"),
)


@pytest.mark.slow
def test_a_two_year_dispute(tmp_path: Path) -> None:
    office = Office.found(tmp_path, dt.date(2027, 3, 2), seed=20270302)

    # ---- 2 March 2027, a Tuesday: the request and its follow-up sheet are printed. It is posted the same day.
    request = office.pdf("demande")
    (opened,) = office.papier("cases", "open", "guichet/demande", *PERSON, "--output", request, "--json")
    assert opened["cases"] == [1]
    _, slip = opened["sheets"]
    sent: dict[str, Value] = {"envoye_le": "2027-03-02", "envoi": ["recommande-ar"], "visa": True}
    office.bring_back(request, {slip: sent}, "clean")
    # The day it arrived is not proved yet: a prudent end, none to hold against the town hall.
    assert office.clocks(1)["silence"] == ("2027-05-02", None)

    # ---- 8 March: the postal receipt says Thursday 4 March. The same follow-up sheet is filled in further.
    office.on(3, 8).bring_back(request, {slip: sent | {"distribue_le": "2027-03-04"}}, "clean")
    # Two months from 4 March: Tuesday 4 May. Fifteen days of the office's own for the receipt: 17 March.
    assert office.clocks(1) == {"relance": ("2027-03-17", "2027-03-17"), "silence": ("2027-05-04", "2027-05-04")}

    # ---- 18 March: no receipt from the town hall. A letter demands it, beside the case, which stays where it is.
    day = office.on(3, 18).start_day()
    assert [(entry["case"], entry["clock"]) for entry in day["passed"]] == [(1, "demande.relance")]
    assert office.case(1)["beside"] == ["relance-ar"]
    office.post(day, {1: None})
    assert (office.case(1)["step"], office.case(1)["beside"]) == ("demande", [])

    # ---- 4 May: on the last day nothing may be held against anybody. 5 May: implicit refusal.
    assert office.on(5, 4).start_day()["passed"] == []
    day = office.on(5, 5).start_day()
    assert [entry["clock"] for entry in day["passed"]] == ["demande.silence"]
    assert office.case(1)["step"] == "rejet"
    # The court: two months free from 4 May. Prudent Sunday 4 July; free and rolled over, Monday 5 July.
    assert office.clocks(1)["recours"] == ("2027-07-04", "2027-07-05")
    choice = Path(day["letters_output"])
    (asked,) = day["letters"]
    office.tick(day, {len(day["rows"]): "fait"})  # the sheet with the choice is handed over
    assert office.case(1)["stage"] == "to-decide"

    # ---- 10 May: Hugo asks for the reasons, and writes to the Défenseur des droits as well, which stops no clock.
    office.on(5, 10)
    office.bring_back(
        choice, {asked: {"suite": ["motifs", "defenseur"], "date": "2027-05-10", "signature": True}}, "clean"
    )
    assert (office.case(1)["step"], office.case(1)["beside"]) == ("motifs", ["defenseur"])
    assert office.clocks(1)["envoi"] == ("2027-07-04", "2027-07-05")
    day = office.start_day()
    letters = Path(day["letters_output"])
    assert len(day["letters"]) == 3  # reasons, Défenseur des droits, and a follow-up sheet for the folder
    office.on(5, 11)
    office.papier("cases", "sent", "1", "--way", "recommande-ar", "--number", "1A12345678901", "--json")
    office.papier("cases", "sent", "1", "--step", "defenseur", "--way", "courrier", "--json")
    office.papier("cases", "delivered", "1", "--on", "2027-05-11", "--json")
    # One month from Tuesday 11 May: Friday 11 June.
    assert office.clocks(1)["reponse"] == ("2027-06-11", "2027-06-11")
    # That date was wrong: the receipt says the 13th. A further event mends it: Sunday 13 June, so Monday 14.
    event = office.papier("cases", "history", "1", "--json")[-1]["event"]
    office.on(5, 17).papier("cases", "amend", "1", str(event), "--set", "on=2027-05-13", "--json")
    assert office.clocks(1)["reponse"] == ("2027-06-13", "2027-06-14")

    # ---- 10 June, late but in time: the reasons. The follow-up sheet says so, signed.
    follow_up = day["letters"][-1]  # follow-up sheets are printed after the letters
    office.on(6, 10)
    came: Values = {"reponses.motifs.recu": ["oui"], "reponses.motifs.le": "2027-06-10", "visa": True}
    office.bring_back(letters, {follow_up: came}, "clean")
    assert office.case(1)["step"] == "motifs-recus"
    # Two months from 10 June: Tuesday 10 August. And never later than a year after the request for reasons.
    assert office.clocks(1) == {"recours": ("2027-08-10", "2027-08-10"), "plafond": ("2028-05-11", "2028-05-11")}

    # ---- 15 June: Hugo ticks two ways that exclude each other. Nobody chooses for him; he does, in writing.
    day = office.on(6, 15).start_day()
    (asked,) = day["letters"]
    office.papier("cases", "handed", "1", "--json")
    both: Values = {"suite": ["gracieux", "tribunal"], "date": "2027-06-15", "signature": True}
    office.bring_back(Path(day["letters_output"]), {asked: both}, "clean")
    assert [question["doubt"] for question in office.case(1)["questions"]] == ["several"]
    assert office.papier("cases", "follow", "1", "nulle-part", code=9) == []
    office.papier("cases", "decide", "1", "gracieux", "--by", "Hugo NGUYEN, par écrit", "--json")
    assert office.case(1)["step"] == "gracieux"
    # After reasons the time to appeal runs until two months after 10 June, no day more: Tuesday 10 August.
    assert office.clocks(1) == {"envoi-motifs": ("2027-08-10", "2027-08-10")}

    # ---- 17 June: posted; nobody claims it. First presentation on Monday 21 June counts.
    office.on(6, 17).start_day()
    office.papier("cases", "sent", "1", "--way", "recommande-ar", "--number", "1A12345678902", "--json")
    office.on(7, 8).papier("cases", "delivered", "1", "--on", "2027-06-21", "--unclaimed", "--json")
    # Two months: Saturday 21 August, and silence knows no rollover.
    assert office.clocks(1)["silence"] == ("2027-08-21", "2027-08-21")
    assert office.on(8, 21).start_day()["passed"] == []
    assert [entry["clock"] for entry in office.on(8, 23).start_day()["passed"]] == ["gracieux.silence"]
    # Two months free from 21 August: prudent Thursday 21 October, last day Friday 22 October.
    assert office.clocks(1)["recours"] == ("2027-10-21", "2027-10-22")

    # ---- 30 August: a written refusal after all. It is noted and, prudently, lengthens nothing.
    office.on(8, 30).papier("cases", "answer", "1", "refus", "--json")
    assert office.case(1)["step"] == "rejet-recours"
    assert office.clocks(1)["recours"] == ("2027-10-21", "2027-10-22")

    # ---- 6 September: the court. The application is posted on the 8th.
    office.on(9, 6).papier("cases", "decide", "1", "tribunal", "--by", "Hugo NGUYEN, par écrit", "--json")
    assert office.clocks(1) == {"envoi": ("2027-10-21", "2027-10-22")}
    application = office.start_day()
    assert len(application["letters"]) == 1
    office.on(9, 8).papier("cases", "sent", "1", "--way", "recommande-ar", "--number", "1A12345678903", "--json")
    assert office.case(1)["end"] == "juge"

    # ---- 15 September 2027: for the court, Hugo wants the file itself.
    papers = office.on(9, 15).pdf("documents")
    office.papier("cases", "open", "guichet/documents", *PERSON, "--output", papers, "--json")
    office.papier("cases", "sent", "2", "--way", "main-propre", "--json")
    # One month: Friday 15 October. Then two months for the CADA: prudent and last day Wednesday 15 December.
    assert office.clocks(2)["silence"] == ("2027-10-15", "2027-10-15")
    assert [entry["case"] for entry in office.on(10, 16).start_day()["passed"]] == [2]
    assert office.clocks(2)["saisine"] == ("2027-12-15", "2027-12-15")
    office.papier("cases", "decide", "2", "cada", "--by", "Hugo NGUYEN, par écrit", "--json")
    office.start_day("--overwrite")
    office.on(10, 18).papier("cases", "sent", "2", "--way", "recommande-ar", "--number", "1A12345678904", "--json")
    # The CADA registers on 25 October. Two months of silence: Saturday 25 December, no rollover.
    office.on(10, 27).papier("cases", "answer", "2", "enregistrement", "--on", "2027-10-25", "--json")
    assert office.clocks(2)["silence"] == ("2027-12-25", "2027-12-25")
    assert [entry["clock"] for entry in office.on(12, 27).start_day()["passed"]] == ["cada.silence"]
    # The court: prudent Friday 25 February 2028; free, Saturday 26, so Monday 28.
    assert office.clocks(2)["recours"] == ("2028-02-25", "2028-02-28")
    office.papier("cases", "decide", "2", "tribunal", "--by", "Hugo NGUYEN, par écrit", "--json")
    office.on(1, 10, 2028).start_day()
    office.on(1, 11).papier("cases", "sent", "2", "--way", "recommande-ar", "--number", "1A12345678905", "--json")

    # ---- 1 March 2029: the town hall grants everything. The case was closed: it says so, and a person opens it again.
    office.on(3, 1, 2029).papier("cases", "answer", "1", "accepte", code=9)
    office.papier("cases", "reopen", "1", "--json")
    office.papier("cases", "answer", "1", "accepte", "--json")

    ends = {number: (office.case(number)["end"], office.case(number)["questions"]) for number in (1, 2)}
    assert ends == {1: ("acceptee", []), 2: ("juge", [])}
    assert office.case(1)["closed"] == "2029-03-01"
    kinds = [event["kind"] for event in office.papier("cases", "history", "1", "--json")]
    assert kinds.count("deadline-passed") == 3  # receipt, silence on the request, silence on the appeal
    assert kinds.count("amended") == 1
    office.papier("verify", code=0)
