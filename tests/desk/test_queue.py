"""The queue over HTTP, as a browser without script uses it: what the browser's own tests do not show."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from papier.case_run import Layouts
from papier.checking.queue import open_items
from papier.forms.library import library_folders
from papier.print_run import Addressee, print_sheets
from papier.records import FieldReading, PageReading, PageStatus, State
from papier.store.archive import hash_file, keep_file
from papier.store.records import ScanFile, file_scan
from tests.desk.small_office import FORM, NOW, RunningDesk, blank_scan, page_of

SENSITIVE = "refus/mon-espace-sante"
NIR = "255081416802538"


def file_sensitive(desk: RunningDesk, folder: Path) -> str:
    """A sheet of which two people must read a field the same; gives the key of its item."""
    office = desk.office
    layout = Layouts(library_folders(office.workspace.forms)).find(SENSITIVE)
    run = print_sheets(office.workspace, office.engine, layout, [Addressee({})], folder / "s.pdf", NOW)
    name = next(name for name, demand in layout.demands.items() if demand.two_readers)
    zone = next(zone for zone in layout.zones() if zone.field == name)
    field = FieldReading(name, str(zone.kind), NIR, State.SURE, 0.99999, rect=zone.rect, needs_person=True)
    page = PageReading(
        "s.pdf", 1, PageStatus.DOUBTFUL, SENSITIVE, layout.version, run.numbers[0], 1, None, {name: field}
    )
    assert file_scan(office.engine, ScanFile("ab" * 32, "s.pdf", ".pdf", 1), [page], NOW)
    return f"field:{5}:{name}"


def test_a_field_for_two_pairs_of_eyes_waits_for_another_person(desk: RunningDesk, tmp_path: Path) -> None:
    desk.enter()
    key = file_sensitive(desk, tmp_path)
    page = desk.get(f"/check?item={key}").text
    assert "Two people must read it." in page
    told = desk.post("/check/answer", {"item": key, "answer": "right"})
    assert told.status == 303
    after = desk.get(told.headers["location"].removeprefix(desk.doors.path)).text
    assert "Another person must read it too." in after
    assert "1 waits for another person" in after
    # The first reader is not shown it again; the second is, and settles it.
    assert f'value="{key}"' not in desk.get(f"/check?item={key}").text
    assert desk.post("/check/name", {"who": "M. Petit", "item": key}).status == 303
    second = desk.get(f"/check?item={key}").text
    assert "Read so far by: Mme Roux." in second
    assert desk.post("/check/answer", {"item": key, "answer": "right"}).status == 303
    assert key not in {item.key for item in open_items(desk.office.workspace, engine=desk.office.engine)}


def test_an_answer_that_is_none_records_nothing(desk: RunningDesk) -> None:
    desk.enter()
    key = desk.office.queue.items()[0].key
    before = len(desk.office.queue.items())
    for form in (
        {"item": key},
        {"item": key, "answer": "perhaps"},
        {"item": key, "answer": "candidate:not json"},
        {"item": key, "answer": 'candidate:"31/12/1999"'},
        {"item": key, "answer": "typed", "typed": ""},
        {"item": key, "answer": "typed", "typed": "31/02/2026"},
        {"item": "field:99:nothing", "answer": "right"},
        {"answer": "right"},
    ):
        answer = desk.post("/check/answer", form)
        assert answer.status in {409, 422}, form
        assert 'role="alert"' in answer.text, form
    assert len(desk.office.queue.items()) == before


def test_typed_words_come_back_with_what_is_wrong_about_them(desk: RunningDesk) -> None:
    desk.enter()
    key = next(item.key for item in desk.office.queue.items() if item.field == "debut")
    answer = desk.post("/check/answer", {"item": key, "answer": "typed", "typed": '31/02/2026"><script>'})
    assert answer.status == 422
    assert 'value="31/02/2026&#34;&gt;&lt;script&gt;"' in answer.text
    assert "It stands so on the paper" in answer.text


def test_boxes_are_ticked_as_on_the_paper(desk: RunningDesk) -> None:
    desk.enter()
    key = next(item.key for item in desk.office.queue.items() if item.zone == "tick")
    form = {"item": key, "answer": "typed", "boxes": "1", "box:autre": "on"}
    assert desk.post("/check/answer", form).status == 303
    record = int(key.split(":")[1])
    assert "Autre motif" in desk.get(f"/records/{record}").text


def test_the_same_form_sent_twice_is_one_answer(desk: RunningDesk) -> None:
    desk.enter()
    key = desk.office.queue.items()[0].key
    first = desk.post("/check/answer", {"item": key, "answer": "right"})
    second = desk.post("/check/answer", {"item": key, "answer": "right"})
    assert (first.status, second.status) == (303, 303)
    assert first.headers["location"] == second.headers["location"]
    other = desk.post("/check/answer", {"item": key, "answer": "blank"})
    assert other.status == 409
    assert "settled meanwhile by Mme Roux" in other.text


def test_an_answer_is_taken_back_once(desk: RunningDesk) -> None:
    desk.enter()
    key = desk.office.queue.items()[0].key
    told = desk.post("/check/answer", {"item": key, "answer": "right"})
    check = told.headers["location"].partition("done=")[2]
    assert desk.post("/check/undo", {"check": check}).status == 303
    assert key in {item.key for item in desk.office.queue.items()}
    again = desk.post("/check/undo", {"check": check})
    assert again.status == 409
    assert "There is no answer to take back" in again.text


def file_strange(desk: RunningDesk, folder: Path) -> None:
    """A second scan: a page nobody knows, a sheet without a number, and the first sheet again, saying otherwise."""
    office = desk.office
    path = folder / "strange.png"
    path.write_bytes(blank_scan())
    sha256 = hash_file(path)
    keep_file(path, office.workspace, sha256, ".png")
    layout = Layouts(library_folders(office.workspace.forms)).find(FORM)
    prefilled = {"nom": "LEFÈVRE", "prenom": "ZOÉ", "classe": "6A"}
    orphan = replace(page_of(layout, desk.numbers[1], 1, {}), sheet=None, source_page=1, sheet_index=2)
    again = page_of(layout, desk.numbers[0], 1, prefilled)
    end = replace(again.fields["fin"], value="2026-11-28")
    again = replace(again, fields={**again.fields, "fin": end}, sheet_index=3)
    unknown = PageReading("strange.png", 1, PageStatus.UNKNOWN, reason="the sheet number cannot be read")
    scan = ScanFile(sha256, "strange.png", ".png", path.stat().st_size)
    assert file_scan(office.engine, scan, [unknown, orphan, again], NOW)


def test_pages_sheets_without_number_and_contradictions_are_answered_too(desk: RunningDesk, tmp_path: Path) -> None:
    desk.enter()
    file_strange(desk, tmp_path)
    items = {item.key.partition(":")[0]: item for item in desk.office.queue.items()}
    assert {"page", "orphan", "conflict"} <= set(items)
    for kind, words in (
        ("page", "it belongs to no sheet"),
        ("orphan", "Number of the sheet"),
        ("conflict", "two scans of this"),
    ):
        page = desk.get(f"/check?item={items[kind].key}")
        assert page.status == 200
        assert words in page.text, kind
        picture = desk.get(f"/check/crop?item={items[kind].key}")
        assert picture.headers["content-type"] == "image/png"
        assert len(picture.body) < 400_000
    assert 'name="answer" value="typed"' in desk.get(f"/check?item={items['page'].key}").text
    other = next(number for number in desk.numbers if number != desk.numbers[0])
    assert desk.post("/check/answer", {"item": items["page"].key, "answer": "aside"}).status == 303
    wrong = desk.post("/check/answer", {"item": items["orphan"].key, "answer": "typed", "typed": "1234-5678-9ABC"})
    assert wrong.status == 422
    assert "no number of a sheet of this office" in wrong.text
    right = desk.post("/check/answer", {"item": items["orphan"].key, "answer": "typed", "typed": other.lower()})
    assert right.status == 303
    second = items["conflict"].candidates[1]
    chosen = {"item": items["conflict"].key, "answer": f"candidate:{json.dumps(second.value)}"}
    assert desk.post("/check/answer", chosen).status == 303
    assert not {"page", "conflict"} & {item.key.partition(":")[0] for item in desk.office.queue.items()}
    assert "28/11/2026" in desk.get("/records/1").text
