"""`papier cases`, `papier today`, `papier workflows`: what they do on a workspace, and their exit codes."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from papier.records import FieldReading, State
from papier.store.connection import connect
from papier.store.workspace import open_workspace
from papier.workflows.place import Place, known_place
from tests.checking.queued import file_page
from tests.cli.conftest import Papier
from tests.cli.sheets import text_of

ROSTER = "Nom;Prénom;Classe;Responsable\nLEFÈVRE;Zoé;6A;Mme LEFÈVRE\nMARTIN;Jules;6A;M. MARTIN\nPETIT;Léa;6B;M. PETIT\n"
GUICHET = (
    *("--set", "nom=NGUYEN", "--set", "prenom=Hugo", "--set", "organisme=CAF du Rhône"),
    *("--set", "adresse_organisme=67 bd Vivier Merle", "--set", "code_postal_organisme=69003"),
    *("--set", "ville_organisme=LYON"),
)


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    path = tmp_path / "6A.csv"
    path.write_text(ROSTER, encoding="utf-8")
    return path


def test_a_mote_of_a_class_is_begun_listed_and_handed_out(papier: Papier, roster: Path, tmp_path: Path) -> None:
    opened = papier(
        *("--today", "2027-03-01", "cases", "open", "carnet/mot-aux-parents", "--roster", roster),
        *("--set", "message=Sortie au musée le 12 mars", "--output", tmp_path / "mots.pdf", "--json"),
    )
    assert opened.code == 0
    assert opened.lines[0]["cases"] == [1, 2, 3]
    listed = papier("cases", "--json")
    assert [entry["stage"] for entry in listed.lines] == ["to-send"] * 3
    assert [entry["case"] for entry in papier("cases", "--class", "6B", "--json").lines] == [3]
    sent = papier("--today", "2027-03-02", "cases", "handed", "1", "--by", "Léa", "--json")
    assert sent.lines[0]["clocks"][0]["prudent"] == "2027-03-09"
    assert papier("cases", "missing", "--json").lines[0]["name"] == "LEFÈVRE Zoé"
    history = papier("cases", "history", "1", "--json").lines
    assert [event["kind"] for event in history] == ["opened", "printed", "sent"]
    assert history[-1]["data"]["by"] == "Léa"


def test_a_class_is_handed_out_at_once_or_not_at_all(papier: Papier, roster: Path, tmp_path: Path) -> None:
    papier("cases", "open", "carnet/absence", "--roster", roster, "--output", tmp_path / "6A.pdf")
    assert papier("cases", "handed", "1", "2", "99").code == 2
    assert [entry["stage"] for entry in papier("cases", "--json").lines] == ["to-send"] * 3
    papier("cases", "handed", "1", "2", "2", "3")
    assert [entry["stage"] for entry in papier("cases", "--json").lines] == ["waiting"] * 3
    assert [event["kind"] for event in papier("cases", "history", "2", "--json").lines].count("sent") == 1


def test_printing_for_a_roster_begins_cases_and_blank_copies_do_not(
    papier: Papier, roster: Path, tmp_path: Path
) -> None:
    papier("print", "carnet/absence", "--copies", "2", "--output", tmp_path / "blank.pdf")
    assert papier("cases", "--json").lines == []
    papier("print", "carnet/absence", "--roster", roster, "--output", tmp_path / "6A.pdf")
    assert len(papier("cases", "--json").lines) == 3


def test_the_day_passes_clocks_prints_letters_and_lists_what_is_to_do(papier: Papier, tmp_path: Path) -> None:
    papier("--today", "2027-03-01", "cases", "open", "guichet/demande", *GUICHET, "--output", tmp_path / "d.pdf")
    papier("--today", "2027-03-01", "cases", "sent", "1", "--way", "recommande-ar", "--number", "1A12345678901")
    papier("--today", "2027-03-05", "cases", "delivered", "1", "--on", "2027-03-04")
    why = papier("cases", "why", "1", "--json").lines
    silence = next(clock for clock in why if clock["clock"] == "silence")
    assert (silence["prudent"], silence["theoretical"]) == ("2027-05-04", "2027-05-04")
    assert "CRPA, art. L231-4" in papier("cases", "why", "1").out

    rehearsal = papier("--today", "2027-05-05", "today", "--dry-run", "--output", tmp_path / "j.pdf", "--json")
    assert rehearsal.lines[0]["passed"] == []
    assert not (tmp_path / "j.pdf").exists()
    day = papier("--today", "2027-05-05", "today", "--output", tmp_path / "j.pdf", "--json").lines[0]
    assert [entry["clock"] for entry in day["passed"]] == ["demande.relance", "demande.silence"]
    assert {row["kind"] for row in day["rows"]} == {"sign", "hand-out"}
    assert Path(day["dispatch_output"]).exists()
    posted = text_of(Path(day["dispatch_output"]))[0]
    assert "CAF du Rhône, 69003 LYON" in posted
    letters = "\n".join(text_of(Path(day["letters_output"])))
    assert "CAF du Rhône" in letters
    assert "La suite du dossier" in letters
    # What was printed once is not printed again.
    again = papier("--today", "2027-05-05", "today", "--output", tmp_path / "k.pdf", "--json").lines[0]
    assert again["letters"] == []
    (calendar,) = papier("cases", "calendar", "--month", "2027-07", "--json").lines
    assert (calendar["day"], calendar["ours"]) == ("2027-07-04", True)


def test_a_letter_to_somebody_else_is_listed_under_their_name(papier: Papier, tmp_path: Path) -> None:
    papier("--today", "2027-03-01", "cases", "open", "guichet/demande", *GUICHET, "--output", tmp_path / "d.pdf")
    papier("--today", "2027-03-01", "cases", "handed", "1")
    papier("--today", "2027-03-01", "cases", "follow", "1", "defenseur")
    day = papier("--today", "2027-03-01", "today", "--output", tmp_path / "j.pdf", "--json").lines[0]
    posted = text_of(Path(day["dispatch_output"]))[0]
    assert "Défenseur des droits" in posted
    assert "CAF" not in posted


def test_a_mistaken_workflow_of_the_office_is_told_when_sheets_come_in(papier: Papier, tmp_path: Path) -> None:
    own = tmp_path / "workspace" / "forms" / "carnet"
    own.mkdir(parents=True)
    (own / "workflow.yaml").write_text("workflows:\n  absence: {version: eins}\n", encoding="utf-8")
    done = papier("intake")
    assert "workflow.yaml:2:" in done.err
    assert papier("cases", "open", "carnet/absence", "--set", "nom=A").code == 3


def test_reminders_print_for_window_envelopes(papier: Papier, roster: Path, tmp_path: Path) -> None:
    base = ("--today", "2027-03-01")
    papier(*base, "cases", "open", "carnet/absence", "--roster", roster, "--output", tmp_path / "a.pdf")
    for number in ("1", "2", "3"):
        papier(*base, "cases", "handed", number)
    dry = papier(*base, "cases", "remind", "--class", "6A", "--dry-run")
    assert "2 cases would be reminded: 1, 2" in dry.out
    done = papier(*base, "cases", "remind", "--class", "6A", "--output", tmp_path / "r.pdf", "--json")
    assert done.lines[0]["cases"] == [1, 2]
    assert "Mme LEFÈVRE" in "\n".join(text_of(tmp_path / "r.pdf"))
    assert [entry["step"] for entry in papier("cases", "--json").lines] == ["rappel", "rappel", "bulletin"]


def test_a_letter_with_an_address_too_long_for_the_window_is_told_and_not_printed(
    papier: Papier, tmp_path: Path
) -> None:
    long = "Direction départementale de l'emploi et des solidarités"
    papier(
        "cases", "open", "guichet/demande", "--set", "nom=A", "--set", f"organisme={long}", "--output", tmp_path / "d"
    )
    papier("cases", "follow", "1", "mediateur")
    done = papier("cases", "print", "1", "--step", "mediateur", "--output", tmp_path / "m.pdf")
    assert done.code == 20
    assert "takes 38: shorten `organisme`" in done.err
    assert not (tmp_path / "m.pdf").exists()


def test_mistakes_end_in_one_sentence_and_their_exit_code(papier: Papier, tmp_path: Path) -> None:
    papier("--today", "2027-03-01", "cases", "open", "guichet/demande", *GUICHET, "--output", tmp_path / "d.pdf")
    for code, arguments, words in (
        (2, ("cases", "show", "7"), "no case 7"),
        (2, ("cases", "open", "guichet/demandes"), "Did you mean `guichet/demande`"),
        (2, ("cases", "sent", "1", "--on", "demain"), "is no day"),
        (9, ("cases", "sent", "1", "--way", "carnet"), "Choose one of"),
        (9, ("cases", "decide", "1", "gracieux", "--by", "x"), "nothing is to be decided"),
        (9, ("cases", "reopen", "1"), "is open"),
        (9, ("cases", "answer", "1", "refu"), "Did you mean `refus`"),
        (2, ("cases", "amend", "1", "999", "--undo"), "no event 999"),
        (2, ("cases", "check", "1"), "Say which question"),
        (2, ("workflows", "draw", "carnet/absense", "--output", str(tmp_path / "x.pdf")), "carnet/absence"),
    ):
        done = papier("--today", "2027-03-02", *arguments)
        assert done.code == code, (arguments, done.err)
        assert words in done.err
        assert "Traceback" not in done.err


def test_a_recorded_mistake_is_mended_and_stays_in_the_history(papier: Papier, tmp_path: Path) -> None:
    base = ("--today", "2027-03-09")
    papier("--today", "2027-03-01", "cases", "open", "guichet/demande", *GUICHET, "--output", tmp_path / "d.pdf")
    papier(*base, "cases", "sent", "1", "--on", "2027-03-08")
    event = papier("cases", "history", "1", "--json").lines[-1]["event"]
    papier(*base, "cases", "amend", "1", str(event), "--set", "on=2027-03-03")
    clocks = papier("cases", "why", "1", "--json").lines
    assert clocks[0]["start"] == "2027-03-03"
    assert [entry["kind"] for entry in papier("cases", "history", "1", "--json").lines][-1] == "amended"


def test_sent_twice_is_refused_and_says_how_to_mend_it(papier: Papier, tmp_path: Path) -> None:
    base = ("--today", "2027-03-09")
    papier("--today", "2027-03-01", "cases", "open", "guichet/demande", *GUICHET, "--output", tmp_path / "d.pdf")
    assert papier(*base, "cases", "sent", "1", "--way", "recommande-ar", "--on", "2027-03-02").code == 0
    again = papier(*base, "cases", "sent", "1", "--way", "recommande-ar", "--on", "2027-03-05")
    assert again.code == 9
    assert "was sent on 2027-03-02 already" in again.err
    assert papier(*base, "cases", "handed", "1", "--on", "2027-03-05").code == 9
    # The number of the very same letter may follow.
    late = ("--way", "recommande-ar", "--number", "1A12345678901", "--on", "2027-03-02")
    assert papier(*base, "cases", "sent", "1", *late).code == 0
    assert papier(*base, "cases", "sent", "1", *late).code == 9
    assert "1A12345678901" in papier("cases", "show", "1").out
    assert papier("cases", "why", "1", "--json").lines[0]["start"] == "2027-03-02"
    # What is sent anew begins the step anew.
    assert papier(*base, "cases", "follow", "1", "demande").code == 0
    assert papier(*base, "cases", "sent", "1", "--on", "2027-03-08").code == 0


def test_an_amendment_that_could_not_have_been_recorded_is_refused(papier: Papier, tmp_path: Path) -> None:
    base = ("--today", "2027-03-09", "cases")
    papier("--today", "2027-03-01", "cases", "open", "guichet/demande", *GUICHET, "--output", tmp_path / "d.pdf")
    papier(*base, "sent", "1", "--way", "recommande-ar", "--on", "2027-03-02")
    sent = str(papier("cases", "history", "1", "--json").lines[-1]["event"])
    papier(*base, "delivered", "1", "--on", "2027-03-04")
    delivered = str(papier("cases", "history", "1", "--json").lines[-1]["event"])
    before = papier("cases", "history", "1").out, papier("cases", "show", "1", "--json").out
    for event, setting, code, why in (
        (sent, "on=33/13/2027", 2, "is no day"),
        (sent, "on=", 2, "is no day"),
        (sent, "on=2036-01-01", 9, "in the future"),
        (sent, "on=2020-01-01", 9, "was opened on 2027-03-01"),
        (sent, "way=pigeon", 9, "no way to send this"),
        (sent, "step=nulle", 9, "no step `nulle`"),
        (sent, "sheets=x", 2, "NAME one of"),
        (delivered, "on=2027-03-01", 9, "cannot arrive before"),
    ):
        refused = papier(*base, "amend", "1", event, "--set", setting)
        assert (refused.code, why in refused.err) == (code, True), (setting, refused)
    assert (papier("cases", "history", "1").out, papier("cases", "show", "1", "--json").out) == before
    assert papier(*base, "amend", "1", sent, "--set", "way=courrier", "--set", "on=03/03/2027").code == 0
    amended = str(papier("cases", "history", "1", "--json").lines[-1]["event"])
    assert papier(*base, "amend", "1", amended, "--set", "data=x").code == 2
    assert papier("cases", "show", "1", "--json").out != before[1]
    assert papier(*base, "amend", "1", amended, "--undo").code == 0
    assert papier("cases", "show", "1", "--json").out == before[1]


def test_no_sheet_leaves_before_the_step_that_printed_it_began(papier: Papier, tmp_path: Path) -> None:
    papier("--today", "2027-03-01", "cases", "open", "guichet/demande", *GUICHET, "--output", tmp_path / "d.pdf")
    papier("--today", "2027-03-02", "cases", "sent", "1", "--way", "main-propre")
    papier("--today", "2027-03-12", "cases", "answer", "1", "refus")
    papier("--today", "2027-03-13", "cases", "print", "1", "--output", tmp_path / "suite.pdf")
    step = papier("cases", "show", "1", "--json").lines[0]["step"]
    early = papier("--today", "2027-03-15", "cases", "sent", "1", "--on", "2027-03-05")
    assert early.code == 9
    assert f"`{step}` began on 2027-03-12" in early.err
    assert papier("--today", "2027-03-15", "cases", "sent", "1", "--on", "2027-03-12").code == 0


def test_received_or_answered_twice_is_refused_and_says_how_to_mend_it(papier: Papier, tmp_path: Path) -> None:
    base = ("--today", "2027-03-29", "cases")
    papier("--today", "2027-03-01", "cases", "open", "guichet/demande", *GUICHET, "--output", tmp_path / "d.pdf")
    assert papier(*base, "sent", "1", "--way", "main-propre", "--on", "2027-03-02").code == 0
    # Handed over and receipted: one receipt may follow, not two.
    assert papier(*base, "delivered", "1", "--on", "2027-03-03").code == 0
    event = papier("cases", "history", "1", "--json").lines[-1]["event"]
    for day in ("2027-03-03", "2027-03-05"):
        again = papier(*base, "delivered", "1", "--on", day)
        assert again.code == 9
        assert f"received on 2027-03-03 already. If that is wrong: papier cases amend 1 {event}" in again.err
    # A refusal leads to another step, where it is the same refusal still; one of another day is another letter.
    assert papier(*base, "answer", "1", "refus", "--on", "2027-03-12").code == 0
    assert papier(*base, "answer", "1", "refus", "--on", "2027-03-12").code == 9
    assert papier(*base, "answer", "1", "refus", "--on", "2027-03-16").code == 0
    kinds = [entry["kind"] for entry in papier("cases", "history", "1", "--json").lines]
    assert (kinds.count("delivered"), kinds.count("answered")) == (1, 2)
    # What is sent anew is received anew.
    assert papier(*base, "follow", "1", "demande").code == 0
    assert papier(*base, "sent", "1", "--way", "recommande-ar", "--on", "2027-03-20").code == 0
    assert papier(*base, "delivered", "1", "--on", "2027-03-22").code == 0


def test_the_other_side_is_called_by_its_name(papier: Papier, tmp_path: Path) -> None:
    order = ("--set", "nom=MARTIN", "--output", tmp_path / "d.pdf")
    papier("--today", "2027-03-01", "cases", "open", "sante/dossier-medical", *order)
    papier("--today", "2027-03-01", "cases", "sent", "1", "--way", "main-propre")
    why = papier("--today", "2027-03-02", "cases", "why", "1").out
    assert "à l’autre partie d’agir (établissement ou praticien)" in why


def test_a_roster_without_names_opens_no_case(papier: Papier, tmp_path: Path) -> None:
    roster = tmp_path / "6A.csv"
    roster.write_text("eleve;classe\nMARTIN Zoé;6A\n", encoding="utf-8")
    for order in (("cases", "open", "carnet/absence"), ("print", "carnet/absence")):
        done = papier(*order, "--roster", roster, "--output", tmp_path / "6A.pdf")
        assert done.code == 2
        assert "has no column “nom”" in done.err
        assert "eleve, classe" in done.err
    assert papier("cases", "--json").lines == []


def test_a_column_that_nothing_prints_is_refused(papier: Papier, tmp_path: Path) -> None:
    order = ("cases", "open", "guichet/demande", "--output", tmp_path / "d.pdf")
    done = papier(*order, "--set", "nom=MARTIN", "--set", "organism=CAF")
    assert done.code == 2
    assert "Did you mean “organisme”?" in done.err
    assert papier("print", "carnet/absence", "--set", "nome=MARTIN").code == 2
    assert not (tmp_path / "d.pdf").exists()
    # A value that only a later letter prints is known.
    assert papier(*order, "--set", "nom=MARTIN", "--set", "tribunal=TA de Lyon").code == 0


def test_a_mistyped_folder_is_not_made(papier: Papier, tmp_path: Path) -> None:
    for order in (("print", "carnet/absence"), ("today",), ("cases", "missing"), ("workflows", "draw", "absence")):
        done = papier(*order, "--output", tmp_path / "dossier" / "x.pdf")
        assert done.code == 2, order
        assert "There is no folder" in done.err
    assert not (tmp_path / "dossier").exists()


def test_the_days_sheet_names_a_few_pupils_and_counts_a_class(papier: Papier, tmp_path: Path) -> None:
    people = [("MARTIN", "Zoé"), ("DURAND", "Léo"), ("PETIT", "Inès"), ("DE LA ROCHEFOUCAULD", "Marie-Antoinette")]
    for count, class_ in ((4, "6A"), (20, "5B")):
        roster = tmp_path / f"{class_}.csv"
        listed = [(*people[at % 4], class_) for at in range(count)]
        roster.write_text("nom;prenom;classe\n" + "\n".join(map(";".join, listed)), encoding="utf-8")
        order = ("cases", "open", "carnet/absence", "--roster", roster, "--output", tmp_path / f"{class_}.pdf")
        assert papier("--today", "2027-03-01", *order).code == 0
    day = papier("--today", "2027-03-01", "today", "--output", tmp_path / "jour.pdf", "--json").lines[0]
    told = [(row["dossier"], row["objet"], len(row["cases"])) for row in day["rows"] if row["kind"] == "hand-out"]
    named = [words for who, words, _count in told if "5B" not in who]
    for name, first in people:
        assert sum(f"{name} {first}" in words for words in named) + sum(name in who for who, _w, _c in told) == 1
    assert [(who, count) for who, _words, count in told if "5B" in who] == [("20 dossiers, 5B", 20)]
    assert sum(count for _who, _words, count in told) == 24


def test_the_list_for_the_post_office_names_the_pupil(papier: Papier, tmp_path: Path) -> None:
    order = ("cases", "open", "carnet/absence", "--set", "nom=MARTIN", "--set", "prenom=Zoé", "--set", "classe=6A")
    papier("--today", "2027-03-01", *order, "--output", tmp_path / "b.pdf")
    papier("--today", "2027-03-01", "cases", "handed", "1")
    day = papier("--today", "2027-03-09", "today", "--output", tmp_path / "jour.pdf", "--json").lines[0]
    listed = " ".join(text_of(Path(day["dispatch_output"])))
    assert "Famille · MARTIN Zoé, 6A" in " ".join(listed.split())


def test_a_class_or_workflow_that_is_not_known_is_told(papier: Papier, tmp_path: Path) -> None:
    order = ("cases", "open", "carnet/absence", "--set", "nom=MARTIN", "--set", "classe=6A")
    papier(*order, "--output", tmp_path / "b.pdf")
    for command in (("cases",), ("cases", "missing"), ("cases", "remind")):
        done = papier(*command, "--class", "ZZ")
        assert done.code == 2
        assert done.err == "No case is of the class “ZZ”. Known are: 6A.\n"
        assert papier(*command, "--class", "6A").code == 0
        assert papier(*command, "--workflow", "carnet/absense").code == 2


def test_the_office_s_school_zone_moves_its_reminders(papier: Papier, tmp_path: Path) -> None:
    settings = tmp_path / "workspace" / "papier.yaml"
    shipped = settings.read_text("utf-8")
    order = ("--today", "2026-12-18", "cases", "open", "carnet/absence", "--set", "nom=MARTIN", "--output")
    settings.write_text(shipped.replace('zone: ""', "zone: Corse"), encoding="utf-8")
    refused = papier(*order, tmp_path / "a.pdf")
    assert refused.code == 2
    assert "Corsica and overseas have calendars" in refused.err
    # The day's sheet says so too; a scan is filed all the same, and counts working days.
    assert papier("--today", "2026-12-18", "today", "--output", tmp_path / "jour.pdf").code == 2
    assert known_place({"zone": "Corse", "region": "57"}) == Place("alsace-moselle", None)
    settings.write_text(shipped.replace('zone: ""', "zone: Lyon"), encoding="utf-8")
    assert papier(*order, tmp_path / "a.pdf").code == 0
    papier("--today", "2026-12-18", "cases", "handed", "1")
    (clock,) = papier("--today", "2026-12-18", "cases", "why", "1", "--json").lines
    assert clock["prudent"] == "2027-01-06"
    assert papier("verify").code == 0


def test_a_letter_to_an_institution_has_its_address_without_being_told(papier: Papier, tmp_path: Path) -> None:
    assert papier("print", "refus/plainte-cnil", "--output", tmp_path / "cnil.pdf").code == 0
    words = " ".join(text_of(tmp_path / "cnil.pdf"))
    assert "75334" in words


def test_letters_of_a_list_bear_the_addresses_that_are_known(papier: Papier, tmp_path: Path) -> None:
    people = tmp_path / "personnes.csv"
    people.write_text(
        "nom;prenom;adresse;code_postal;ville\nNGUYEN;Hugo;8 rue de Gerland;69007;LYON\nMARTIN;Zoé;;;\n",
        encoding="utf-8",
    )
    output = tmp_path / "taj.pdf"
    opened = papier(
        "cases", "open", "police/taj", "--roster", people, "--to", "ministere-interieur", "--output", output
    )
    assert opened.code == 0
    pages = [" ".join(page.split()) for page in text_of(output)]
    assert "8 rue de Gerland 69007 LYON" in pages[0]
    # Who has no address on the list is not left out: the lines wait for the hand. The recipient is the same for all.
    letters = [text for text in pages if "Place Beauvau" in text]
    assert len(letters) == 2
    assert "69007" not in letters[1]


def test_moving_a_case_shows_the_difference_first(papier: Papier, tmp_path: Path) -> None:
    papier("cases", "open", "guichet/demande", *GUICHET, "--output", tmp_path / "d.pdf")
    own = tmp_path / "workspace" / "forms" / "guichet"
    own.mkdir(parents=True, exist_ok=True)
    shipped = (Path(__file__).parents[2] / "forms" / "guichet" / "workflow.yaml").read_text("utf-8")
    changed = shipped.replace("version: 2", "version: 3", 1).replace("wait: 15 jours", "wait: 20 jours", 1)
    (own / "workflow.yaml").write_text(changed, encoding="utf-8")
    shown = papier("cases", "move", "1")
    assert "version 2 → 3" in shown.out
    assert "15 jours" in shown.out
    assert "Nothing was moved" in shown.out
    assert json.loads(papier("cases", "show", "1", "--json").out)["version"] == 2
    assert papier("cases", "move", "1", "--yes").code == 0
    assert json.loads(papier("cases", "show", "1", "--json").out)["version"] == 3


def test_workflows_are_listed_checked_and_drawn(papier: Papier, tmp_path: Path) -> None:
    names = {entry["workflow"] for entry in papier("workflows", "--json").lines}
    assert {"carnet/absence", "guichet/demande", "refus/donnees", "sante/dossier-medical"} <= names
    assert papier("workflows", "check").code == 0
    wrong = tmp_path / "carnet" / "workflow.yaml"
    wrong.parent.mkdir()
    wrong.write_text("workflows:\n  absence:\n    version: eins\n", encoding="utf-8")
    done = papier("workflows", "check", wrong)
    assert done.code == 3
    assert "workflow.yaml:3:" in done.err
    for name in sorted(names):
        path = tmp_path / f"{name.replace('/', '-')}.pdf"
        assert papier("workflows", "draw", name, "--output", path).code == 0
        assert text_of(path)[0].strip()


def test_a_field_or_a_box_that_the_sheet_does_not_have_is_refused(papier: Papier, tmp_path: Path) -> None:
    order = ("--set", "nom=MARTIN", "--output", tmp_path / "a.pdf", "--json")
    (opened,) = papier("--today", "2027-03-01", "cases", "open", "carnet/absence", *order).lines
    papier("--today", "2027-03-01", "cases", "handed", "1")
    engine = connect(open_workspace(tmp_path / "workspace"))
    ticked = FieldReading("motif", "tick", ["maladie"], State.SURE, 0.9999)
    now = dt.datetime(2027, 3, 2, 12, tzinfo=dt.UTC)
    file_page(engine, "a", opened["sheets"][0], [ticked], now=now, form="carnet/absence")
    engine.dispose()
    base = ("--today", "2027-03-03", "cases", "correct", "1")
    wrong = papier(*base, "motif", "pigeon")
    assert (wrong.code, "“pigeon” is no box of this question" in wrong.err) == (2, True)
    wrong = papier(*base, "motiv", "maladie", "--sheet", opened["sheets"][0])
    assert (wrong.code, "has no field “motiv”" in wrong.err) == (2, True)
    assert "corrected" not in {entry["kind"] for entry in papier("cases", "history", "1", "--json").lines}
    papier(*base, "motif", "reunion")
    assert papier("cases", "history", "1", "--json").lines[-1]["data"]["value"] == ["reunion"]
