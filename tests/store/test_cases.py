"""Cases in the store: events in the chain, the kept state beside them, sheets filed exactly once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sqlite3
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Engine, select

from papier.errors import StoreError, UsageError, WorkflowRefusedError
from papier.forms.layout import Layout, LayoutPage, Zone
from papier.geometry import RectMm
from papier.records import FieldReading, PageReading, PageStatus, State, Value
from papier.store.case_filing import DAY, DISPATCH, keep_rows
from papier.store.cases import (
    CaseLedger,
    Filter,
    find_stale,
    list_cases,
    load_case,
    move_case,
    record_event,
    refile_sheet,
)
from papier.store.connection import reading, writing
from papier.store.events import broken_links
from papier.store.migrations import MIGRATIONS, migrate
from papier.store.records import ScanFile, file_scan
from papier.store.sheets import SheetOrder, mark_printed, number_sheets
from papier.store.tables import cases, events
from papier.store.verification import find_damage
from papier.store.workspace import Workspace
from papier.workflows.case import Doubt, Stage
from papier.workflows.day import Item, RowSheetRow
from papier.workflows.events import Kind
from papier.workflows.tasks import TaskKind
from tests.store.conftest import NOON
from tests.workflows.workflow_text import small

LATER = NOON + dt.timedelta(days=1)


def layout(form: str, fields: Mapping[str, str], version: int = 1) -> Layout:
    zones = tuple(
        Zone(name, kind, RectMm(20, 20 + 10 * at, 6, 8), option="oui" if kind == "tick" else None)  # type: ignore[arg-type]
        for at, (name, kind) in enumerate(fields.items())
    )
    return Layout(form, version, form, (210.0, 297.0), (LayoutPage(1, zones),))


ABSENCE = {"nom": "comb", "motif": "tick", "fin": "comb", "suite": "tick", "visa": "signature", "remarque": "lines"}


def print_sheet(
    workspace: Workspace, engine: Engine, form: str = "carnet/absence", *, master: bool = False, **person: str
) -> str:
    fields = ABSENCE if form == "carnet/absence" else {"lignes.r01.suite": "tick", "date": "comb", "visa": "signature"}
    order = SheetOrder(layout(form, fields), b"face", {}, person, master=master)
    run, (number,) = number_sheets(workspace, engine, [order], NOON, None)
    mark_printed(engine, run, NOON, None)
    return number


def page(sheet: str, doubtful: tuple[str, ...] = (), form: str = "carnet/absence", **values: Value) -> PageReading:
    kinds = {**ABSENCE, "date": "comb"}
    fields = {
        name.replace("__", "."): FieldReading(
            name.replace("__", "."),
            kinds.get(name, "tick"),
            value,
            State.DOUBTFUL if name in doubtful else State.SURE,
            0.9,
            needs_person=name in doubtful,
        )
        for name, value in values.items()
    }
    return PageReading("scan.pdf", 1, PageStatus.READ, form, 1, sheet, 1, fields=fields)


def take_in(engine: Engine, name: str, *pages: PageReading, now: dt.datetime = NOON) -> None:
    numbered = [dataclasses.replace(entry, source_page=at) for at, entry in enumerate(pages, 1)]
    scan = ScanFile(name.ljust(64, "0"), f"{name}.pdf", ".pdf", 1)
    assert file_scan(engine, scan, numbered, now, [small()]) is not None


def begin(engine: Engine, sheet: str | None = None, **person: str) -> int:
    with writing(engine) as connection:
        ledger = CaseLedger(connection, NOON)
        case = ledger.open(small(), "carnet/absence", person)
        if sheet is not None:
            printed = {"step": case.step, "sheets": [[sheet, "carnet/absence"]], "on": NOON.date().isoformat()}
            ledger.record(case.number, Kind.PRINTED, printed)
    return case.number


def test_a_returned_sheet_is_filed_with_its_case_in_the_same_transaction(workspace: Workspace, engine: Engine) -> None:
    sheet = print_sheet(workspace, engine)
    number = begin(engine, sheet, nom="LEFÈVRE")
    take_in(engine, "a", page(sheet, motif=["maladie"]))
    case, workflow, history = load_case(engine, number, NOON)
    assert (case.step, case.stage(workflow)) == ("decision", Stage.DECIDE)
    assert [event.kind for event in history] == [Kind.OPENED, Kind.PRINTED, Kind.RETURNED]
    # The same scan again is not taken in, and the same sheet in another scan moves nothing.
    scan = ScanFile("a".ljust(64, "0"), "a.pdf", ".pdf", 1)
    assert file_scan(engine, scan, [page(sheet, motif=["maladie"])], NOON, [small()]) is None
    take_in(engine, "b", page(sheet, motif=["maladie"]))
    case, _, history = load_case(engine, number, NOON)
    assert len(history) == 4
    assert case.step == "decision"


def test_a_scan_that_fails_leaves_the_case_as_it_was(workspace: Workspace, engine: Engine) -> None:
    sheet = print_sheet(workspace, engine)
    number = begin(engine, sheet)
    twice = [page(sheet, motif=["maladie"]), page(sheet, motif=["maladie"])]
    scan = ScanFile("x".ljust(64, "0"), "x.pdf", ".pdf", 1)
    with pytest.raises(StoreError):
        file_scan(engine, scan, twice, NOON, [small()])
    case, _, history = load_case(engine, number, NOON)
    assert case.returns == ()
    assert len(history) == 2


def test_a_blank_slip_begins_a_case_when_it_comes_in(workspace: Workspace, engine: Engine) -> None:
    sheet = print_sheet(workspace, engine)
    take_in(engine, "a", page(sheet, nom="PETIT", motif=["maladie"]))
    ((case, workflow),) = list_cases(engine, Filter(), NOON)
    assert case.name == "PETIT"
    assert case.stage(workflow) is Stage.DECIDE


def test_each_copy_of_a_master_is_its_own_case(workspace: Workspace, engine: Engine) -> None:
    sheet = print_sheet(workspace, engine, master=True)
    take_in(engine, "a", page(sheet, nom="UN"), page(sheet, nom="DEUX"))
    assert [case.name for case, _ in list_cases(engine, Filter(), NOON)] == ["UN", "DEUX"]


def test_a_slip_that_looks_like_an_open_case_is_asked_about_not_guessed(workspace: Workspace, engine: Engine) -> None:
    begin(engine, print_sheet(workspace, engine), nom="PETIT")
    take_in(engine, "a", page(print_sheet(workspace, engine), nom="PETIT", motif=["autre"]))
    _, (second, _workflow) = list_cases(engine, Filter(), NOON)
    assert [question.doubt for question in second.questions] == [Doubt.ALIKE]
    assert "n° 1" in second.questions[0].text


def test_handwriting_never_holds_a_case(workspace: Workspace, engine: Engine) -> None:
    sheet = print_sheet(workspace, engine)
    number = begin(engine, sheet)
    take_in(engine, "a", page(sheet, ("remarque",), motif=["maladie"], remarque="?"))
    case, _, _ = load_case(engine, number, NOON)
    assert case.questions == ()


def test_a_sheet_of_an_older_form_that_lacks_the_decision_is_told(workspace: Workspace, engine: Engine) -> None:
    fields = {"nom": "comb", "motif": "tick"}
    order = SheetOrder(layout("carnet/absence", fields), b"face")
    run, (sheet,) = number_sheets(workspace, engine, [order], NOON, None)
    mark_printed(engine, run, NOON, None)
    number = begin(engine, sheet)
    take_in(engine, "a", page(sheet, motif=["maladie"]))
    case, workflow, _ = load_case(engine, number, NOON)
    assert [question.doubt for question in case.questions] == [Doubt.VERSION]
    assert case.stage(workflow) is Stage.CHECK


def test_events_of_cases_stand_in_the_hashed_chain(workspace: Workspace, engine: Engine) -> None:
    number = begin(engine, print_sheet(workspace, engine))
    record_event(engine, number, Kind.SENT, {"step": "bulletin", "way": "carnet", "on": NOON.date().isoformat()}, NOON)
    assert find_damage(workspace, engine) == []
    engine.dispose()
    with sqlite3.connect(workspace.database) as connection:
        connection.execute("UPDATE events SET data = replace(data, 'carnet', 'courrier') WHERE kind = 'case-sent'")
    with reading(engine) as connection_:
        assert broken_links(connection_)


def test_a_kept_state_that_is_not_what_the_events_say_is_found(workspace: Workspace, engine: Engine) -> None:
    number = begin(engine, print_sheet(workspace, engine), nom="PETIT")
    with reading(engine) as connection:
        assert find_stale(connection) == []
    with writing(engine) as connection:
        state = json.loads(connection.execute(select(cases.c.state)).scalar_one())
        state["step"] = "rappel"
        connection.execute(cases.update().where(cases.c.number == number).values(state=json.dumps(state)))
    assert any(f"case {number}" in problem for problem in find_damage(workspace, engine))


def test_what_is_refused_is_not_recorded(workspace: Workspace, engine: Engine) -> None:
    number = begin(engine, print_sheet(workspace, engine))
    with pytest.raises(WorkflowRefusedError, match="nothing is to be decided"):
        record_event(engine, number, Kind.DECIDED, {"step": "decision", "options": ["justifiee"]}, NOON)
    with reading(engine) as connection:
        assert not connection.execute(select(events).where(events.c.kind == "case-decided")).first()
    with pytest.raises(UsageError, match="no case 77"):
        load_case(engine, 77, NOON)


def test_a_running_case_stays_on_its_version_until_a_person_moves_it(workspace: Workspace, engine: Engine) -> None:
    number = begin(engine, print_sheet(workspace, engine))
    newer = dataclasses.replace(small(), version=2, steps={k: v for k, v in small().steps.items() if k != "rappel"})
    _, workflow, _ = load_case(engine, number, LATER)
    assert workflow.version == 1
    moved = move_case(engine, number, newer, None, "Léa", LATER)
    assert (moved.version, moved.step) == (2, "bulletin")
    with pytest.raises(WorkflowRefusedError, match="follows this very version already"):
        move_case(engine, number, newer, None, "Léa", LATER)


def test_a_case_whose_step_is_gone_is_moved_only_to_a_named_one(workspace: Workspace, engine: Engine) -> None:
    number = begin(engine, print_sheet(workspace, engine))
    record_event(engine, number, Kind.FOLLOWED, {"to": "rappel", "by": "x"}, NOON)
    newer = dataclasses.replace(small(), version=2, steps={k: v for k, v in small().steps.items() if k != "rappel"})
    with pytest.raises(WorkflowRefusedError, match="Say where it goes on"):
        move_case(engine, number, newer, None, "Léa", LATER)
    assert move_case(engine, number, newer, "decision", "Léa", LATER).step == "decision"


def test_a_sheet_filed_with_the_wrong_case_is_refiled(workspace: Workspace, engine: Engine) -> None:
    sheet, other = print_sheet(workspace, engine), print_sheet(workspace, engine)
    wrong, right = begin(engine, sheet, nom="A"), begin(engine, other, nom="B")
    take_in(engine, "a", page(sheet, motif=["maladie"]))
    refile_sheet(engine, right, sheet, "Léa", LATER)
    emptied, _, history = load_case(engine, wrong, LATER)
    assert (emptied.step, emptied.returns) == ("bulletin", ())
    assert history[-1].kind is Kind.AMENDED
    case, _, _ = load_case(engine, right, LATER)
    assert case.step == "decision"
    with pytest.raises(WorkflowRefusedError, match="already"):
        refile_sheet(engine, right, sheet, "Léa", LATER)
    with pytest.raises(UsageError, match="No case has the sheet"):
        refile_sheet(engine, right, "0000-0000-0000", "Léa", LATER)


def day_sheet(workspace: Workspace, engine: Engine, kind: str, row: RowSheetRow) -> str:
    sheet = print_sheet(workspace, engine, "bureau/journee")
    with writing(engine) as connection:
        keep_rows(connection, sheet, kind, NOON.date(), [row])
    return sheet


def scanned(engine: Engine, name: str, sheet: str, *, visa: bool = True, **values: Any) -> None:
    filled: dict[str, Any] = {"visa": visa, "date": NOON.date().isoformat()} | values
    take_in(engine, name, page(sheet, form="bureau/journee", **filled), now=LATER)


@pytest.mark.parametrize(
    ("ticked", "stage", "kind"),
    [("fait", Stage.WAIT, Kind.SENT), ("reporte", Stage.SEND, Kind.POSTPONED), ("a_voir", Stage.SEND, Kind.FLAGGED)],
)
def test_each_box_of_the_days_sheet_moves_its_cases(
    workspace: Workspace, engine: Engine, ticked: str, stage: Stage, kind: Kind
) -> None:
    numbers = [begin(engine, print_sheet(workspace, engine)) for _ in range(2)]
    items = tuple(Item(number, "send:bulletin:1", "bulletin") for number in numbers)
    sheet = day_sheet(workspace, engine, DAY, RowSheetRow(str(TaskKind.HAND_OUT), items))
    scanned(engine, "a", sheet, lignes__r01__suite=[ticked])
    for number in numbers:
        case, workflow, history = load_case(engine, number, LATER)
        assert case.stage(workflow) is stage
        assert history[-1].kind is kind
        assert history[-1].data["by"] == f"feuille {sheet}"
    # A second scan of the same sheet does it no second time.
    scanned(engine, "b", sheet, lignes__r01__suite=[ticked])
    assert len(load_case(engine, numbers[0], LATER)[2]) == 3


def test_an_unsigned_days_sheet_and_a_row_ticked_twice_move_nothing(workspace: Workspace, engine: Engine) -> None:
    number = begin(engine, print_sheet(workspace, engine))
    row = RowSheetRow(str(TaskKind.HAND_OUT), (Item(number, "send:bulletin:1", "bulletin"),))
    scanned(engine, "a", day_sheet(workspace, engine, DAY, row), visa=False, lignes__r01__suite=["fait"])
    scanned(engine, "b", day_sheet(workspace, engine, DAY, row), lignes__r01__suite=["fait", "reporte"])
    assert len(load_case(engine, number, LATER)[2]) == 2


def test_fait_never_decides_and_never_invents_a_value(workspace: Workspace, engine: Engine) -> None:
    sheet = print_sheet(workspace, engine)
    number = begin(engine, sheet)
    take_in(engine, "a", page(sheet, ("fin", "motif"), motif=["maladie"], fin=None))
    for name, key, left in (("b", f"field:{sheet}:fin", 2), ("c", f"field:{sheet}:motif", 1)):
        row = RowSheetRow(str(TaskKind.CHECK), (Item(number, key, "bulletin"),))
        scanned(engine, name, day_sheet(workspace, engine, DAY, row), lignes__r01__suite=["fait"])
        assert len(load_case(engine, number, LATER)[0].questions) == left
    decide = RowSheetRow(str(TaskKind.DECIDE), (Item(number, "decide:decision:1", "decision"),))
    scanned(engine, "d", day_sheet(workspace, engine, DAY, decide), lignes__r01__suite=["fait"])
    assert load_case(engine, number, LATER)[0].is_open


def test_the_dispatch_list_brings_the_numbers_of_registered_letters(workspace: Workspace, engine: Engine) -> None:
    number = begin(engine, print_sheet(workspace, engine))
    record_event(engine, number, Kind.FOLLOWED, {"to": "rappel", "by": "x"}, NOON)
    row = RowSheetRow(DISPATCH, (Item(number, "send:rappel", "rappel"),))
    sheet = day_sheet(workspace, engine, DISPATCH, row)
    scanned(engine, "a", sheet, lignes__r01__suite=["depose"], lignes__r01__numero="1A123")
    case, _, _ = load_case(engine, number, LATER)
    assert (case.visits["rappel"].way, case.visits["rappel"].number) == ("courrier", "1A123")
    assert case.marks["rappel.sent"].prudent == NOON.date()


def test_filters_narrow(workspace: Workspace, engine: Engine) -> None:
    begin(engine, print_sheet(workspace, engine), nom="LEFÈVRE", classe="6A")
    second = begin(engine, print_sheet(workspace, engine), nom="MARTIN", classe="6B")
    record_event(engine, second, Kind.CLOSED, {"reason": "parti", "by": "x"}, NOON)

    def found(**wanted: Any) -> list[int]:
        return [case.number for case, _ in list_cases(engine, Filter(**wanted), NOON)]

    assert found(class_="6A") == [1]
    assert found(name="marti") == [2]
    assert found(open_only=True) == [1]
    assert found(stage="closed") == [2]
    assert found(woken_by=NOON.date()) == [1]
    assert found(workflow="carnet/autre") == []


def test_an_older_store_gets_its_case_tables(workspace: Workspace, engine: Engine) -> None:
    engine.dispose()
    with sqlite3.connect(workspace.database) as connection:
        for table in ("row_sheets", "case_sheets", "case_events", "cases", "workflows"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("DELETE FROM migrations WHERE number > 1")
    connection.close()
    assert migrate(engine, LATER) == [name for number, name, _ in MIGRATIONS if number > 1]
    assert begin(engine, print_sheet(workspace, engine)) == 1
