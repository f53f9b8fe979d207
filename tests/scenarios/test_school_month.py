"""A school month: absences, reading receipts, an outing; with late, lost, doubled and contradicting answers.

March 2027 at a collège. The expected states below were worked out by hand, from the calendar and the workflows, before
the month was first run; nothing in them is computed.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.office import Office

PUPILS = """\
Nom;Prénom;Classe;Responsable;Adresse;Code postal;Ville
LEFEVRE;Zoe;6A;Mme Anne LEFEVRE;3 rue des Lilas;69007;LYON
MARTIN;Jules;6A;M. Paul MARTIN;12 quai Perrache;69002;LYON
ALMEIDA;Ines;6A;Mme Rosa ALMEIDA;8 rue de Gerland;69007;LYON
BERNARD;Hugo;6A;Mme Luce BERNARD;1 place Bellecour;69002;LYON
"""
THREE = "\n".join(PUPILS.splitlines()[:4]) + "\n"

# Case → (how it ends, what a person is still told). Absences are cases 1 to 4, the outing's notes 5 to 7.
EXPECTED = {
    1: ("justifiee", []),  # the slip comes back the next day, the CPE excuses it
    2: ("justifiee", []),  # father and mother differ; the CPE keeps the mother's slip and excuses
    3: ("justifiee", []),  # late, scanned twice, reminded for the missing certificate, excused at last
    4: ("non-justifiee", ["closed-case"]),  # nothing, reminder, telephone, nothing: unexplained; then the slip turns up
    5: ("lu", []),  # signed
    6: ("lu", []),  # signed, and "call me back": called
    7: ("lu", ["closed-case"]),  # lost, reminded with a copy, signed; then the lost one turns up
}


def absence(first: int, last: int, motive: str, **more: Any) -> dict[str, Any]:
    """What a parent writes on an absence slip of March 2027."""
    return {
        "debut": f"2027-03-{first:02d}",
        "fin": f"2027-03-{last:02d}",
        "motif": [motive],
        "responsable": "PARENT",
        "date": f"2027-03-{last:02d}",
        "signature": True,
        **more,
    }


def note(day: int, *, call: bool = False) -> dict[str, Any]:
    return {"lecture": ["lu"], "rappel": ["oui" if call else "non"], "date": f"2027-03-{day:02d}", "signature_1": True}


@pytest.mark.slow
def test_a_school_month(tmp_path: Path) -> None:
    office = Office.found(tmp_path, dt.date(2027, 3, 1), seed=20270301)
    (tmp_path / "6A.csv").write_text(PUPILS, encoding="utf-8")
    (tmp_path / "trois.csv").write_text(THREE, encoding="utf-8")

    # Monday 1 March: four absent. The slips go home in the carnet, as one row of the day's sheet says.
    slips = office.pdf("bulletins")
    (opened,) = office.papier(
        "cases", "open", "carnet/absence", "--roster", tmp_path / "6A.csv", "--output", slips, "--json"
    )
    zoe, jules, ines, hugo = opened["sheets"]
    day = office.start_day()
    assert [row["kind"] for row in day["rows"]] == ["hand-out"]
    assert day["rows"][0]["cases"] == [1, 2, 3, 4]
    office.tick(day, {1: "fait"})
    # Three working days from Monday: Thursday.
    assert all(office.clocks(case)["retour"] == ("2027-03-04", "2027-03-04") for case in (1, 2, 3, 4))
    # Jules's parents live apart: the father gets a slip of his own.
    father_pdf = office.pdf("pere")
    (copy,) = office.papier("cases", "print", "2", "--output", father_pdf, "--json")
    (father,) = copy["sheets"]

    # Tuesday: Zoé's slip is back, with the CPE's box ticked and signed. Jules's parents contradict each other.
    office.on(3, 2)
    office.bring_back(slips, {zoe: absence(1, 1, "maladie", suite=["justifiee"], visa=True)})
    assert office.case(1)["end"] == "justifiee"
    office.bring_back(slips, {jules: absence(1, 1, "maladie")})
    office.bring_back(father_pdf, {father: absence(1, 1, "reunion")})
    (question,) = office.case(2)["questions"]
    assert question["doubt"] == "two-answers"
    # The programme decides nothing: even a clock long past leaves the case with its question.
    assert office.case(2)["stage"] == "to-check"
    office.papier("cases", "check", "2", question["key"], "--keep", jules, "--by", "Mme Roux, CPE", "--json")
    office.papier("cases", "decide", "2", "justifiee", "--by", "Mme Roux, CPE", "--json")

    # Friday 5 March: Thursday has passed for Inès and Hugo. Two reminders, each with a fresh slip, go to the post.
    day = office.on(3, 5).start_day()
    assert [entry["case"] for entry in day["passed"]] == [3, 4]
    assert len(day["letters"]) == 4
    letters = Path(day["letters_output"])
    office.post(day, {1: None, 2: None})
    assert office.case(3)["step"] == office.case(4)["step"] == "rappel"
    # Five working days from Friday 5: Friday 12.
    assert office.clocks(4)["retour"] == ("2027-03-12", "2027-03-12")

    # Monday 8 March: Inès's first slip comes after all; the CPE wants a certificate. It is scanned twice over.
    office.on(3, 8)
    images = office.fill(slips, {ines: absence(1, 2, "maladie", suite=["relance"], visa=True)}, "office")
    office.take_in(images)
    office.look()
    history = office.papier("cases", "history", "3", "--json")
    office.take_in(images[:1])
    again = office.papier("cases", "history", "3", "--json")
    assert office.case(3)["step"] == "rappel"
    assert len(again) in (len(history), len(history) + 1)  # the same file is not even taken in; the same sheet is noted
    fresh = next(sheet for sheet in office.case(3)["sheets"] if sheet != ines and sheet in day["letters"])
    slip_of_ines = _slip(office, letters, 3)
    assert fresh in day["letters"]

    # The same day, a note about an outing goes to three families.
    notes = office.pdf("mots")
    (opened,) = office.papier(
        *("cases", "open", "carnet/mot-aux-parents", "--roster", tmp_path / "trois.csv"),
        *("--set", "message=Sortie au musee le 26 mars. Depart a 8 h 30.", "--output", notes, "--json"),
    )
    first, second, third = opened["sheets"]
    day = office.start_day()
    place = next(at for at, row in enumerate(day["rows"], 1) if row["kind"] == "hand-out")
    assert day["rows"][place - 1]["cases"] == [5, 6, 7]
    # Inès's second reminder lies in the post tray too, and goes.
    office.tick(day, {place: "fait"})
    office.post(day, {1: None})

    # Thursday 11: the fresh slip of Inès with the certificate, excused. Two notes are back, one asks to be called.
    office.on(3, 11)
    office.bring_back(letters, {slip_of_ines: absence(1, 2, "maladie", suite=["justifiee"], visa=True)})
    assert office.case(3)["end"] == "justifiee"
    office.bring_back(notes, {first: note(9), second: note(10, call=True)})
    assert office.case(5)["end"] == "lu"
    assert office.case(6)["step"] == "appel"

    # Tuesday 16 March: Hugo's reminder has run out (telephone), and so has Inès's note (five working days: Monday 15).
    day = office.on(3, 16).start_day()
    assert sorted(entry["case"] for entry in day["passed"]) == [4, 7]
    by_kind = {(row["kind"], tuple(row["cases"])): at for at, row in enumerate(day["rows"], 1)}
    reminder = Path(day["letters_output"])
    # Both calls are made; the reminder of the note goes into the carnet.
    office.tick(day, {by_kind["do", (4,)]: "fait", by_kind["do", (6,)]: "fait", by_kind["hand-out", (7,)]: "fait"})
    assert office.case(6)["end"] == "lu"
    assert office.case(4)["step"] == "attente"
    # A month from the reminder of 5 March; the office's own time, so no rollover: Monday 5 April.
    assert office.clocks(4)["classement"] == ("2027-04-05", "2027-04-05")

    # Thursday 18: the copy of the note is signed; Friday 19: the lost one turns up in a coat.
    office.on(3, 18).bring_back(reminder, {_slip(office, reminder, 7): note(17)})
    assert office.case(7)["end"] == "lu"
    office.on(3, 19).bring_back(notes, {third: note(9)})

    # Tuesday 6 April: nothing of Hugo. Wednesday 7: his slip arrives, for a closed case.
    office.on(4, 6).start_day()
    office.on(4, 7).bring_back(slips, {hugo: absence(1, 3, "maladie")})

    found = {
        case["case"]: (case["end"], [question["doubt"] for question in case["questions"]])
        for case in (office.case(number) for number in EXPECTED)
    }
    assert found == EXPECTED
    assert office.papier("cases", "missing", "--json") == []
    # Nothing was lost or changed on the way: files, chain, and what is kept of each case.
    office.papier("verify", code=0)


def _slip(office: Office, pdf: Path, case: int) -> str:
    """The sheet of a case in a batch of letters that is expected back: the last one printed for it there."""
    from tests.cli.sheets import text_of  # noqa: PLC0415 - only the scenarios read a batch so

    printed = "\n".join(text_of(pdf))
    return str([sheet for sheet in office.case(case)["sheets"] if sheet in printed][-1])
