"""The drawer test: the store is lost; the key, the library of forms and the paper bring the records back."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from papier.errors import StoreError
from papier.forms.library import find_form, library_folders
from papier.forms.parsing import load_form
from papier.forms.typesetting import lay_out
from papier.intake import take_in
from papier.print_run import Addressee, print_sheets
from papier.rebuild import find_scans, rebuild
from papier.store.cases import Filter, list_cases
from papier.store.connection import connect
from papier.store.migrations import migrate
from papier.store.records import list_records
from papier.store.verification import find_damage
from papier.store.workspace import KEY_FILE, Workspace, create_workspace
from papier.workflows.library import list_workflows
from simulator.interruptions import BATCH_DPI, NOW, fill_pages

OWN_FORM = """\
form: essai/deux
version: {version}
title: Essai
format: A5
blocks:
  - tick: accord
    label: D'accord ?
    options: {{oui: Oui, non: Non}}
"""


def print_and_scan(workspace: Workspace, form: Path, count: int, *, large: bool = False, master: bool = False) -> Path:
    """Sheets of a form as a scan of their filled pages; a master's are two copies of one."""
    engine = connect(workspace)
    migrate(engine, NOW)
    layout = lay_out(load_form(form), large=large)
    pdf = workspace.printed / f"{form.stem}-{large}-{master}.pdf"
    print_sheets(workspace, engine, layout, [Addressee({})] * count, pdf, NOW, master=master)
    engine.dispose()
    pages = fill_pages(pdf, layout, count, random.Random(count))
    if master:
        pages += fill_pages(pdf, layout, count, random.Random(99))
    scan = workspace.folder.parent / "drawer" / f"{len(list(workspace.printed.iterdir()))}-{form.stem}.pdf"
    scan.parent.mkdir(exist_ok=True)
    pages[0].save(scan, save_all=True, append_images=pages[1:], resolution=BATCH_DPI)
    return scan


def taken(workspace: Workspace, scans: list[Path]) -> list[dict[str, Any]]:
    engine = connect(workspace)
    for scan in scans:
        take_in(workspace, engine, scan, NOW)
    found = [record.to_json() for record in list_records(engine)]
    engine.dispose()
    return found


def only_the_key(workspace: Workspace, folder: Path) -> Workspace:
    folder.mkdir()
    shutil.copy(workspace.folder / KEY_FILE, folder / KEY_FILE)
    return create_workspace(folder)


def test_key_library_and_paper_give_the_same_records(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path / "before")
    shipped = library_folders()
    scans = [
        print_and_scan(workspace, find_form("carnet/mot-aux-parents", shipped), 1),
        print_and_scan(workspace, find_form("carnet/absence", shipped), 1, large=True),
        print_and_scan(workspace, find_form("carnet/mot-aux-parents", shipped), 1, master=True),
    ]
    before = taken(workspace, scans)
    assert len(before) == 4
    shutil.rmtree(workspace.folder)

    (tmp_path / "kept").mkdir()
    again = only_the_key(workspace_key(tmp_path, workspace), tmp_path / "after")
    engine = connect(again)
    migrate(engine, NOW)
    outcome = rebuild(again, engine, find_scans([tmp_path / "drawer"]), library_folders(again.forms), NOW)
    assert outcome.refused == {}
    assert outcome.sheets == 3
    after = [record.to_json() for record in list_records(engine)]
    assert after == before
    asked = {(record.record, name) for record, name in outcome.asked}
    assert asked == {(r["record"], name) for r in before for name, f in r["fields"].items() if f["needs_person"]}
    assert find_damage(again, engine) == []

    # Again, and with sheets printed since: nothing changes, no number is given twice.
    rebuild(again, engine, scans[:1], library_folders(again.forms), NOW)
    assert [record.to_json() for record in list_records(engine)] == before
    layout = lay_out(load_form(find_form("carnet/mot-aux-parents", shipped)))
    run = print_sheets(again, engine, layout, [Addressee({})], again.printed / "new.pdf", NOW)
    assert set(run.numbers).isdisjoint(record["sheet"] for record in before)
    with pytest.raises(StoreError, match="own"):
        rebuild(again, engine, scans[:1], library_folders(again.forms), NOW)
    engine.dispose()


def workspace_key(tmp_path: Path, workspace: Workspace) -> Workspace:
    """The key alone, as somebody kept it."""
    kept = Workspace(tmp_path / "kept", workspace.key)
    (kept.folder / KEY_FILE).write_text(workspace.key.hex() + "\n")
    return kept


def test_a_sheet_of_another_version_is_told_and_not_read_by_todays_form(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path / "before")
    form = workspace.forms / "essai" / "deux.yaml"
    form.parent.mkdir()
    form.write_text(OWN_FORM.format(version=1))
    print_and_scan(workspace, form, 1)
    again = only_the_key(workspace, tmp_path / "after")
    (again.forms / "essai").mkdir()
    (again.forms / "essai" / "deux.yaml").write_text(OWN_FORM.format(version=2))
    engine = connect(again)
    migrate(engine, NOW)
    outcome = rebuild(again, engine, find_scans([tmp_path / "drawer"]), library_folders(again.forms), NOW)
    (why,) = outcome.refused.values()
    assert "version 1" in why
    assert "version 2" in why
    assert list_records(engine) == []
    engine.dispose()


def test_sheets_printed_from_a_roster_begin_their_cases_again(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path / "before")
    engine = connect(workspace)
    migrate(engine, NOW)
    layout = lay_out(load_form(find_form("carnet/absence", library_folders())))
    people = [Addressee({"nom": "LEFÈVRE", "prenom": "CHLOÉ", "classe": "6A", "naissance": "2015-02-03"})]
    pdf = workspace.printed / "6A.pdf"
    print_sheets(workspace, engine, layout, people, pdf, NOW)
    engine.dispose()
    scan = tmp_path / "6A-scan.pdf"
    pages = fill_pages(pdf, layout, 1, random.Random(4))
    pages[0].save(scan, save_all=True, append_images=pages[1:], resolution=BATCH_DPI)
    before = taken(workspace, [scan])

    again = only_the_key(workspace, tmp_path / "after")
    engine = connect(again)
    migrate(engine, NOW)
    rebuild(again, engine, [scan], library_folders(), NOW, workflows=list_workflows(library_folders()))
    (record,) = list_records(engine)
    # What the roster printed in the boxes is read from them.
    (was,) = before
    assert {name: field["value"] for name, field in record.fields.items()} == {
        name: field["value"] for name, field in was["fields"].items()
    }
    (case,) = [case for case, _ in list_cases(engine, Filter(), NOW)]
    assert (case.workflow, case.name) == ("carnet/absence", "LEFÈVRE CHLOÉ")
    assert [entry.record for entry in case.returns] == [record.record]
    assert find_damage(again, engine) == []
    engine.dispose()
