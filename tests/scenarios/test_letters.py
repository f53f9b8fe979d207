"""Every letter that a workflow can print, printed from a case that has come to its step, and looked at line by line."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from sqlalchemy import Engine

from papier.case_run import CasePrint, Layouts, open_cases, print_case_sheets, step_sheets
from papier.forms.definition import Address
from papier.forms.library import library_folders
from papier.geometry import POINTS_PER_MM
from papier.store.cases import load_case, record_event
from papier.store.connection import connect
from papier.store.migrations import migrate
from papier.store.workspace import Workspace, create_workspace, read_settings
from papier.workflows.case import Case
from papier.workflows.definition import Workflow
from papier.workflows.events import Kind
from papier.workflows.library import list_workflows
from tests.forms.printed import layout, plain, shipped
from tests.forms.test_catalogue import unverified_numbers

BEGUN = dt.datetime(2027, 3, 1, 8, tzinfo=dt.UTC)
# Between two events, so that each has a day of its own.
PACE = dt.timedelta(31)
PERSON = {
    "nom": "NGUYEN",
    "prenom": "Hugo",
    "classe": "6A",
    "date_de_naissance": "12/04/2015",
    "message": "Sortie au musée le 12 mai.",
    "responsable": "Mme Rosa NGUYEN",
    "adresse": "8 rue de Gerland",
    "code_postal": "69007",
    "ville": "LYON",
    "organisme": "Mairie d'Exempleville",
    "service": "Service de l'état civil",
    "adresse_organisme": "1 place de la Mairie",
    "code_postal_organisme": "99999",
    "ville_organisme": "EXEMPLEVILLE",
    "tribunal": "Tribunal administratif de Lyon",
    "adresse_tribunal": "184 rue Duguesclin",
    "code_postal_tribunal": "69433",
    "ville_tribunal": "LYON CEDEX 03",
    "mediateur": "Médiateur de l'académie",
    "adresse_mediateur": "92 rue de Marseille",
    "code_postal_mediateur": "69007",
    "ville_mediateur": "LYON",
}
SETTINGS = 'etablissement: "Collège Exemple"\n'
# What a case may truly not know when a letter leaves: the hand fills it in, or the line is left out.
MAY_LACK = re.compile(r"numero_\w+|recu_\w+|dossier|telephone|naissance|avant")
# Who stands in the window, by the word that a workflow uses.
RECIPIENTS = {
    "organisme": "Mairie d'Exempleville",
    "service de la PAC": "Mairie d'Exempleville",
    "employeur": "Mairie d'Exempleville",
    "établissement ou praticien": "Mairie d'Exempleville",
    "famille": "Mme Rosa NGUYEN",
    "CNIL": "CNIL",
    "CADA": "CADA",
    "tribunal": "Tribunal administratif de Lyon",
    "médiateur": "Médiateur de l'académie",
    "Défenseur des droits": "Défenseur des droits",
}
# No clock and no next rung is known of them, but what their own sheet says.
WITHOUT_A_CASE = {
    "guichet/caf-recours",
    "guichet/impots-papier",
    "guichet/titre-sejour",
    "refus/ficoba",
    "travail/deconnexion",
}
# La Poste: the window is 110 mm from the left and 50 mm from the top at the most, 85 by 38 mm inside.
WINDOW = (100.0, 45.0, 200.0, 92.0)


@dataclass(frozen=True)
class Letter:
    """One form of one step of one workflow, for a case that `opening` began."""

    workflow: Workflow
    step: str
    form: str
    opening: str

    def __str__(self) -> str:
        return f"{self.workflow.name} {self.step} {self.form}"


def letters() -> Iterator[Letter]:
    for workflow in list_workflows(library_folders()):
        for step in workflow.steps.values():
            for opening in workflow.opens if step is workflow.first else workflow.opens[:1]:
                for form in workflow.forms_of(step.name, opening):
                    yield Letter(workflow, step.name, form, opening)


LETTERS = list(letters())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Engine]]:
    workspace = create_workspace(tmp_path_factory.mktemp("letters") / "bureau")
    (workspace.folder / "papier.yaml").write_text(SETTINGS, encoding="utf-8")
    engine = connect(workspace)
    migrate(engine, BEGUN)
    yield workspace, engine
    engine.dispose()


def way_to(workflow: Workflow, target: str) -> list[tuple[str, str, str]]:
    """How a case gets from its first step to `target`: what happens at which step, (step, kind, name), the fewest."""
    ways: dict[str, list[tuple[str, str, str]]] = {workflow.first.name: []}
    waiting = [workflow.first.name]
    while waiting:
        at = waiting.pop(0)
        step = workflow.steps[at]
        leads = [(clock.then, "clock", clock.name) for clock in step.clocks if clock.then]
        leads += [(answer.then, "answer", name) for name, answer in workflow.answers_at(at).items() if answer.then]
        leads += [(then, "decided", name) for name, then in (step.decision.options if step.decision else {}).items()]
        leads += [(step.back.then, "follow", step.back.then)] if step.back else []
        leads += [(step.then, "follow", step.then)] if step.then and not step.ways and not step.decision else []
        for then, kind, name in leads:
            if then in workflow.steps and then not in ways:
                ways[then] = [*ways[at], (at, kind, name)]
                if not workflow.steps[then].beside:
                    waiting.append(then)
    assert target in ways, f"{workflow.name} never comes to {target}"
    return ways[target]


def bring_to(office: tuple[Workspace, Engine], letter: Letter, folder: Path) -> tuple[Case, dt.datetime]:
    """A case that stands at the letter's step, with everything before it printed and sent, and the time then."""
    workspace, engine = office
    layouts, now, workflow = Layouts(library_folders()), BEGUN, letter.workflow
    _run, (number,) = open_cases(
        workspace, engine, workflow, letter.opening, [PERSON], folder / "first.pdf", now, layouts
    )
    for step, kind, name in way_to(workflow, letter.step):
        known = workflow.steps[step]
        if step != workflow.first.name and (known.prints or known.slip):
            record_event(engine, number, Kind.PRINTED, {"step": step, "sheets": [], "on": day(now)}, now)
        if known.ways:
            sent = {"step": step, "way": str(known.ways[0]), "number": "1A12345678901", "on": day(now), "by": "test"}
            record_event(engine, number, Kind.SENT, sent, now)
            if known.ways[0].by_post:
                record_event(engine, number, Kind.DELIVERED, {"step": step, "on": day(now), "by": "test"}, now)
        now += PACE
        if kind == "clock":
            data: dict[str, Any] = {
                "step": step,
                "clock": name,
                "prudent": day(now),
                "theoretical": day(now),
                "on": day(now),
            }
            record_event(engine, number, Kind.PASSED, data, now)
        elif kind == "answer":
            record_event(engine, number, Kind.ANSWERED, {"step": step, "answer": name, "on": day(now)}, now)
        elif kind == "decided":
            data = {"step": step, "options": [name], "on": day(now), "by": "Hugo NGUYEN"}
            record_event(engine, number, Kind.DECIDED, data, now)
        else:
            record_event(engine, number, Kind.FOLLOWED, {"to": name, "on": day(now), "by": "test"}, now)
    case, _workflow, _events = load_case(engine, number, now)
    assert letter.step in case.active()
    return case, now


def day(now: dt.datetime) -> str:
    return now.date().isoformat()


def print_step(office: tuple[Workspace, Engine], letter: Letter, folder: Path) -> tuple[Path, dict[str, str], Case]:
    workspace, engine = office
    case, now = bring_to(office, letter, folder)
    step = letter.workflow.steps[letter.step]
    sheets = step_sheets(case, letter.workflow, step, now.date(), read_settings(workspace))
    chosen = [sheet for sheet in sheets if sheet.form == letter.form][:1]
    path = folder / "letter.pdf"
    done: CasePrint = print_case_sheets(workspace, engine, chosen, path, now, Layouts(library_folders()))
    assert done.faults == ()
    assert done.run is not None
    return path, dict(chosen[0].values), case


def lines_in_window(page: pdfium.PdfPage) -> list[str]:
    left, top, right, bottom = WINDOW
    height = page.get_height()
    bounds = [
        left * POINTS_PER_MM,
        height - bottom * POINTS_PER_MM,
        right * POINTS_PER_MM,
        height - top * POINTS_PER_MM,
    ]
    return plain(page.get_textpage().get_text_bounded(*bounds)).split("\n")


@pytest.mark.parametrize("letter", LETTERS, ids=str)
def test_a_letter_prints_from_its_case(letter: Letter, office: tuple[Workspace, Engine], tmp_path: Path) -> None:
    path, values, case = print_step(office, letter, tmp_path)
    made = layout(letter.form)
    document = pdfium.PdfDocument(path)
    try:
        expected = len(made.pages) + (len(made.pages) % 2 if made.recto_verso and len(made.pages) > 1 else 0)
        assert len(document) == expected, "pages"
        text = plain(" ".join(page.get_textpage().get_text_range() for page in document))
        window = plain(" ".join(lines_in_window(document[0])))
    finally:
        document.close()
    # No placeholder is left, none is printed as nothing, and every article was read somewhere.
    assert not re.search(r"[{}]|\bNone\b|\bnull\b", text)
    assert unverified_numbers(text) == []
    assert "UNVERIFIED" not in text
    # Everything that the case knows stands on the sheet; what it does not know is little, and known to be so.
    columns = {column for column in made.roster_columns() if "{" not in column}
    lacking = sorted(column for column in columns if not values.get(column) and not MAY_LACK.fullmatch(column))
    assert lacking == []
    # Whoever writes has their postal address on the letter, printed, where the case knows it.
    if any(field.field == "adresse" and field.demand.roster for field in shipped()[letter.form].fields()):
        assert "8 rue de Gerland 69007 LYON" in re.sub(r"\s+", " ", text)
    address = next((block for block in shipped()[letter.form].blocks if isinstance(block, Address)), None)
    if address is None:
        return
    # The recipient in the window, and nobody else's address.
    lines = [re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], ""), line).strip() for line in address.lines]
    for line in filter(None, lines):
        assert plain(line) in window, (line, window)
    assert sum(bool(line) for line in lines) >= 3, lines
    # Whoever the step writes to, it is not the office that was asked first.
    whom = RECIPIENTS.get(letter.workflow.steps[letter.step].to or "")
    assert whom is None or whom in window, window
    # The references: the case where the case writes, the day, the person.
    if letter.step != letter.workflow.first.name:
        assert f"Dossier n° {case.number}" in text
        assert "NGUYEN" in re.sub(r"\b(\w) (?=\w\b)", r"\1", text)
        written_by_hand = any(field.field == "nom" for field in shipped()[letter.form].fields())
        assert written_by_hand or plain(values["date_lettre"]) in text


@pytest.mark.parametrize("letter", [letter for letter in LETTERS if not letter.form.startswith("carnet/")], ids=str)
def test_a_letter_to_an_office_lists_what_is_joined_to_it(letter: Letter) -> None:
    form = shipped()[letter.form]
    if any(isinstance(block, Address) for block in form.blocks):
        words = plain(
            " ".join(item.text for page in layout(letter.form).pages for item in page.items if hasattr(item, "text"))
        )
        assert re.search(r"Pièces jointes|Je joins|Ce que contient l'enveloppe", words), letter.form


def test_every_letter_of_the_library_is_printed_by_some_workflow_or_opens_one() -> None:
    """A form with a window that no case knows is a letter without a known next step: these few, by the catalogue."""
    printed = {letter.form for letter in LETTERS}
    alone = {name for name, form in shipped().items() if any(isinstance(b, Address) for b in form.blocks)} - printed
    assert alone == WITHOUT_A_CASE
