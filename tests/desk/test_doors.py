"""Who is let in, and who is not: asked by a program that sends whatever it likes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from papier.desk.doors import HEADERS
from papier.desk.peers import find_account
from papier.store.overview import latest_records
from tests.desk.small_office import RunningDesk

PATHS = (
    "/check",
    "/",
    "/records",
    "/records/1",
    "/records/1/pages/0",
    "/cases",
    "/scans",
    "/static/desk.css",
    "/search?q=MARTIN",
)


def test_the_address_opens_once_and_the_cookie_opens_every_page_after_it(desk: RunningDesk) -> None:
    first = desk.enter()
    assert first.status == 303
    assert re.fullmatch(
        rf"papier_desk=[\w-]{{32}}; HttpOnly; Path={desk.doors.path}; SameSite=strict", first.headers["set-cookie"]
    )
    assert desk.get("/").status == 200
    again = desk.ask("GET", first_address(desk), headers={"Cookie": "papier_desk=none"}, inside=False)
    assert again.status == 403
    assert "papier desk" in again.text


def first_address(desk: RunningDesk) -> str:
    return desk.doors.address.removeprefix(desk.doors.origin)


@pytest.mark.parametrize("path", PATHS)
def test_without_the_cookie_nothing_is_shown(desk: RunningDesk, path: str) -> None:
    desk.enter()
    stranger = desk.ask("GET", path, headers={"Cookie": "papier_desk=guess"})
    assert stranger.status == 403
    assert "MARTIN" not in stranger.text
    assert "6A" not in stranger.text


def test_a_wrong_token_opens_nothing_and_spends_nothing(desk: RunningDesk) -> None:
    assert desk.ask("GET", f"{desk.doors.path}/enter?token=wrong", inside=False).status == 403
    assert desk.ask("HEAD", first_address(desk), inside=False).status == 403
    assert desk.enter().status == 303


def test_the_system_says_whose_program_knocks(tmp_path: Path) -> None:
    table = tmp_path / "tcp"
    table.write_text(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 11\n"
        "   1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1234        0 12\n"
    )
    assert find_account(0xC350, 0x1F90, table) == 1234
    assert find_account(0xC351, 0x1F90, table) is None
    assert find_account(1, 2, tmp_path / "none") is None


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root can be somebody else")
def test_another_account_is_turned_away_and_spends_nothing(desk: RunningDesk) -> None:
    code = (
        "import http.client, sys\n"
        "c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1])); c.request('GET', sys.argv[2])\n"
        "r = c.getresponse(); print(r.status, r.getheader('Set-Cookie'))\n"
    )
    # The system's own Python: another account may not read the one that the tests run in.
    python = shutil.which("python3", path="/usr/bin:/bin")
    if python is None:
        pytest.skip("no python3 in /usr/bin")
    told = subprocess.run(
        [python, "-c", code, str(desk.doors.port), first_address(desk)],
        capture_output=True, text=True, check=True, user=65534, cwd="/",
    )  # fmt: skip
    assert told.stdout.split() == ["403", "None"]
    assert desk.enter().status == 303


def test_a_name_that_leads_to_this_machine_is_no_way_in(desk: RunningDesk) -> None:
    """A page of a stranger whose name was pointed at 127.0.0.1 (DNS rebinding) asks with its own name."""
    desk.enter()
    for host in ("evil.example", f"evil.example:{desk.doors.port}", f"localhost:{desk.doors.port}", ""):
        assert desk.get("/", Host=host).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_another_page_reads_and_writes_nothing_even_with_cookie_and_token(
    desk: RunningDesk, headers: dict[str, str]
) -> None:
    desk.enter()
    assert desk.get("/records", **headers).status == 403
    assert desk.post("/sheets/" + desk.numbers[0] + "/new", None, **headers).status == 403


def test_a_form_without_our_token_or_from_nowhere_does_nothing(desk: RunningDesk) -> None:
    desk.enter()
    path = f"/sheets/{desk.numbers[0]}/new"
    before = list(desk.office.workspace.printed.iterdir())
    assert desk.post(path, {"form_token": "guess"}).status == 403
    assert desk.post(path, {"form_token": ""}).status == 403
    bare = desk.ask("POST", path, f"form_token={desk.doors.form_token}".encode())
    assert bare.status == 403
    assert list(desk.office.workspace.printed.iterdir()) == before
    assert desk.post(path).status == 303


def test_every_answer_is_locked(desk: RunningDesk) -> None:
    strangers = [desk.get("/"), desk.get("/nowhere")]
    desk.enter()
    for answer in [*strangers, *(desk.get(path) for path in (*PATHS, "/nowhere", "/records/9999"))]:
        for name, value in HEADERS.items():
            assert answer.headers[name.lower()] == value
        assert "server" not in answer.headers


def test_no_page_holds_a_script_a_style_or_a_foreign_address(desk: RunningDesk) -> None:
    desk.enter()
    for path in (*PATHS, f"/sheets/{desk.numbers[0]}"):
        answer = desk.get(path)
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        assert answer.status == 200, path
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:", answer.text)
        assert not re.search(r'(?:href|src|action)="(?!/|#)', answer.text)
        assert len(answer.body) < 100_000


def test_what_was_written_on_paper_stays_text(desk: RunningDesk) -> None:
    desk.enter()
    page = desk.get("/records").text
    assert "&lt;b&gt;NGUYEN&lt;/b&gt;" in page
    assert "<b>NGUYEN" not in page
    search = desk.get("/search?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E").text
    assert "<script>alert" not in search
    assert "&lt;script&gt;alert" in search


def test_leaving_closes_every_window(desk: RunningDesk) -> None:
    desk.enter()
    assert desk.post("/leave").status == 200
    assert desk.get("/").status == 403
    assert len(latest_records(desk.office.engine, limit=9)) == 4


def test_a_large_form_is_not_read_to_its_end(desk: RunningDesk) -> None:
    desk.enter()
    assert desk.post("/language", {"language": "x" * 100_000}).status == 413
    assert desk.get("/").status == 200
