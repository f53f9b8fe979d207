"""The pages of the desk: what they show, as a browser without script gets it."""

from __future__ import annotations

import io
import time

import pypdfium2 as pdfium
from PIL import Image

from papier.day_run import DayRow
from papier.desk.today import due_rows
from papier.language import using_language
from papier.store.overview import find_sheet, latest_records, latest_scans
from papier.workflows.day import Item, RowSheetRow
from papier.workflows.tasks import TaskKind
from tests.desk.small_office import NOW, RunningDesk, blank_scan


def test_the_first_page_tells_what_came_in(desk: RunningDesk) -> None:
    desk.enter()
    page = desk.get("/").text
    assert "6A.pdf" in page
    assert "4 records are kept" in page


def test_the_first_page_counts_what_is_to_check_in_one_line_a_case() -> None:
    def row(case: int, *keys: str) -> DayRow:
        words = {"dossier": f"n° {case}", "objet": "Vérifier."}
        return DayRow(words, RowSheetRow("check", tuple(Item(case, key, "") for key in keys)))

    asked = [row(1, "date"), row(1, "debut"), row(2, "motif", "visa"), row(3, "date")]
    with using_language("en"):
        due = due_rows(asked, TaskKind.CHECK)
    assert [(one.case, one.who, one.what) for one in due] == [
        (1, "n° 1", "2 readings to check"),
        (2, "n° 2", "2 readings to check"),
        (3, "n° 3", "1 reading to check"),
    ]
    assert len(due_rows(asked, TaskKind.DO)) == 4


def test_a_record_shows_its_sheet_with_what_was_read_over_it(desk: RunningDesk) -> None:
    desk.enter()
    page = desk.get("/records/2").text
    assert desk.numbers[1] in page
    assert page.count("<rect ") >= 15
    assert "DURAND" in page
    assert "17/11/2026" in page
    picture = desk.get("/records/2/pages/0")
    assert picture.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(picture.body)) as image:
        assert abs(image.width / image.height - 210 / 297) < 0.01
        # The box that was crossed is dark where the page says it is: the frame drawn over it lies on it.
        scale = image.width / 210
        box = image.convert("L").crop((12.0 * scale, 115.6 * scale, 16.5 * scale, 120.1 * scale))
        other = image.convert("L").crop((107.5 * scale, 115.6 * scale, 112.0 * scale, 120.1 * scale))
        assert sum(box.tobytes()) / len(box.tobytes()) < sum(other.tobytes()) / len(other.tobytes()) - 10
    archive = desk.get("/records/2/archive.pdf")
    assert archive.headers["content-type"] == "application/pdf"
    assert archive.body.startswith(b"%PDF-")
    assert desk.get("/records/99").status == 409
    assert desk.get("/records/2/pages/7").status == 409


def test_a_number_that_no_store_has_is_no_page(desk: RunningDesk) -> None:
    desk.enter()
    huge = "9" * 30
    for path in (f"/records/{huge}", f"/cases/{huge}", f"/records/1/pages/{huge}", f"/printed/{huge}"):
        assert desk.get(path).status == 404
    for path in (f"/records?before={huge}", f"/cases?after={huge}", f"/search?q={huge}&page={huge}", "/check?done=x"):
        assert desk.get(path).status == 200
    assert desk.post(f"/cases/{huge}/print").status == 404


def test_lists_go_on_where_they_ended(desk: RunningDesk) -> None:
    engine = desk.office.engine
    newest = latest_records(engine, limit=2)
    older = latest_records(engine, limit=2, before=newest[-1].record)
    assert [line.record for line in (*newest, *older)] == [4, 3, 2, 1]
    assert [line.to_check for line in newest] == [4, 4]
    assert latest_records(engine, limit=9, form="carnet/retard") == []
    (scan,) = latest_scans(engine, NOW, 5)
    assert (scan.pages, scan.records, scan.unknown) == (4, 4, 0)


def test_a_sheet_is_printed_anew_with_a_new_number(desk: RunningDesk) -> None:
    desk.enter()
    number = desk.numbers[1]
    answer = desk.post(f"/sheets/{number}/new")
    assert answer.status == 303
    page = desk.get(answer.headers["location"].removeprefix(desk.doors.path))
    assert number not in page.text
    made = desk.get(answer.headers["location"].removeprefix(desk.doors.path) + "/pdf")
    text = _text(made.body)
    assert "MARTIN" in text.replace(" ", "").replace("\r\n", "")
    assert number not in text
    new = next(known for known in page.text.split('class="number"')[1:])
    sheet = find_sheet(desk.office.engine, new.split(">")[1].split("<")[0])
    assert sheet is not None
    assert sheet.person == {"nom": "MARTIN", "prenom": "Élie", "classe": "6A"}


def test_the_same_number_is_printed_again_only_with_a_warning(desk: RunningDesk) -> None:
    desk.enter()
    number = desk.numbers[1]
    page = desk.post(f"/sheets/{number}/same")
    assert page.status == 200
    assert f"bears the number {number} a second time" in page.text
    file = page.text.split("/pdf/")[1].split('"')[0]
    assert number in _text(desk.get(f"/pdf/{file}").body)


def test_no_file_but_the_printed_ones_is_given_out(desk: RunningDesk) -> None:
    desk.enter()
    for name in ("..%2Fkey", "%2e%2e%2fstore.sqlite", "key", "../key"):
        answer = desk.get(f"/pdf/{name}")
        assert answer.status in {404, 409}
        assert desk.office.workspace.key.hex() not in answer.text


def test_search_finds_by_number_and_by_what_was_written(desk: RunningDesk) -> None:
    desk.enter()
    number = desk.numbers[2]
    for typed in (number, number.replace("-", ""), number.lower()):
        assert desk.get(f"/search?q={typed}").headers["location"].endswith(f"/sheets/{number}")
    found = desk.get("/search?q=MARTIN").text
    assert "Élie" in found
    assert "Zoé" not in found
    assert "Nothing holds" in desk.get("/search?q=%25").text


def test_the_reader_chooses_the_language(desk: RunningDesk) -> None:
    desk.enter()
    assert '<html lang="en">' in desk.get("/").text
    assert desk.post("/language", {"language": "fr"}).status == 303
    page = desk.get("/").text
    assert '<html lang="fr">' in page
    assert "Ce qui est arrivé" in page


def test_a_dropped_scan_is_taken_in(desk: RunningDesk) -> None:
    desk.enter()
    answer = drop(desk, "../../été\\page.png", blank_scan())
    assert answer == 303
    for _ in range(300):
        if all(arrival.is_over for arrival in desk.office.arrivals.list()):
            break
        time.sleep(0.1)
    (arrival,) = desk.office.arrivals.list()
    assert (arrival.name, str(arrival.progress), arrival.pages) == ("page.png", "done", 1)
    assert [path for path in desk.office.workspace.inbox.iterdir() if path.is_file()] == []
    assert len(latest_scans(desk.office.engine, NOW, 5)) == 2
    assert "read and filed" in desk.get("/scans").text


def test_what_is_no_scan_or_no_form_of_ours_leaves_nothing_behind(desk: RunningDesk) -> None:
    desk.enter()
    assert drop(desk, "virus.exe", b"MZ") == 400
    assert drop(desk, "page.png", blank_scan(), sent="guess") == 403
    assert drop(desk, "page.png", blank_scan(), whole=False) == 400
    assert drop(desk, "", b"") == 400
    inbox = desk.office.workspace.inbox
    assert [path for path in inbox.rglob("*") if path.is_file()] == []
    assert desk.office.arrivals.list() == ()


def drop(desk: RunningDesk, name: str, data: bytes, sent: str | None = None, *, whole: bool = True) -> int:
    """Send a file as the form of the page does; gives the status."""
    edge = b"----edge"
    body = b"--" + edge + b'\r\nContent-Disposition: form-data; name="form_token"\r\n\r\n'
    body += (desk.doors.form_token if sent is None else sent).encode() + b"\r\n--" + edge
    escaped = name.replace("\\", "\\\\").encode()
    body += b'\r\nContent-Disposition: form-data; name="files"; filename="' + escaped + b'"\r\n'
    body += b"Content-Type: image/png\r\n\r\n" + data + (b"\r\n--" + edge + b"--\r\n" if whole else b"")
    headers = {"Content-Type": "multipart/form-data; boundary=" + edge.decode(), "Origin": desk.doors.origin}
    return desk.ask("POST", "/scans", body, headers).status


def _text(data: bytes) -> str:
    document = pdfium.PdfDocument(data)
    try:
        return "".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()
