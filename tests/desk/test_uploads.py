"""What a browser sends as a file: its name, and its bytes in pieces of any size."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from papier.desk.uploads import LONGEST_NAME, SUFFIXES, clean_name, receive, sweep_arriving
from papier.errors import UsageError


@given(st.text(max_size=400), st.sampled_from([*sorted(SUFFIXES), ".PDF", ".exe", "", ".pdf.sh"]))
def test_a_name_is_one_in_every_folder_or_is_refused(stem: str, suffix: str) -> None:
    try:
        name = clean_name(stem + suffix)
    except UsageError:
        return
    assert Path(name).name == name
    assert not name.startswith(".")
    assert "/" not in name
    assert "\\" not in name
    assert all(letter.isprintable() or letter == "\N{REPLACEMENT CHARACTER}" for letter in name if letter != " ")
    assert len(name.encode()) <= LONGEST_NAME
    assert Path(name).suffix.lower() in SUFFIXES


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("scan.pdf", "scan.pdf"),
        ("C:\\Users\\Zoé\\scan 1.PDF", "scan 1.PDF"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("...pdf.pdf", "pdf.pdf"),
        ("a\x00b\nc.tif", "abc.tif"),
        ("E\u0301té.png", "Été.png"),
    ],
)
def test_names(given_name: str, name: str) -> None:
    assert clean_name(given_name) == name


def body_of(parts: list[tuple[str, str | None, bytes]]) -> bytes:
    edge = b"--EDGE\r\n"
    made = b""
    for name, filename, data in parts:
        file = "" if filename is None else f'; filename="{filename}"'
        made += edge + f'Content-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + data + b"\r\n"
    return made + b"--EDGE--\r\n"


def send(inbox: Path, body: bytes, pieces: int) -> list[Path] | None:
    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(body), pieces):
            yield body[start : start + pieces]

    chunks = stream()

    async def next_message() -> Message:
        try:
            return {"type": "http.request", "body": await anext(chunks), "more_body": True}
        except StopAsyncIteration:
            return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"content-type", b"multipart/form-data; boundary=EDGE")]
    request = Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, next_message)
    return asyncio.run(receive(request, inbox, lambda given: given == "ours"))


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=300), st.integers(1, 50))
def test_bytes_arrive_as_they_were_sent_however_they_are_cut(data: bytes, pieces: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        inbox = Path(folder)
        parts = [("form_token", None, b"ours"), ("files", "a.pdf", data), ("files", "a.pdf", data + b"2")]
        if b"--EDGE" in data:
            return
        placed = send(inbox, body_of(parts), pieces)
        assert placed == [inbox / "a.pdf", inbox / "a-2.pdf"]
        assert [path.read_bytes() for path in placed] == [data, data + b"2"]
        assert {path.stat().st_mode & 0o077 for path in placed} == {0}
        assert list((inbox / ".arriving").iterdir()) == []


@pytest.mark.parametrize(
    "parts",
    [
        [("files", "a.pdf", b"x"), ("form_token", None, b"ours")],
        [("form_token", None, b"theirs"), ("files", "a.pdf", b"x")],
        [("form_token", None, b"ours" * 1000), ("files", "a.pdf", b"x")],
        [("form_token", None, b"theirs")],
    ],
)
def test_a_form_without_our_token_before_its_files_is_not_ours(
    tmp_path: Path, parts: list[tuple[str, str | None, bytes]]
) -> None:
    assert send(tmp_path, body_of(parts), 7) is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_one_bad_file_keeps_the_good_one_out_too(tmp_path: Path) -> None:
    parts = [("form_token", None, b"ours"), ("files", "a.pdf", b"x"), ("files", "b.exe", b"x")]
    with pytest.raises(UsageError, match=r"b\.exe"):
        send(tmp_path, body_of(parts), 11)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_a_killed_desk_left_is_swept_out_and_what_is_coming_in_is_not(tmp_path: Path) -> None:
    folder = tmp_path / ".arriving"
    folder.mkdir()
    (folder / "old.pdf").write_bytes(b"x")
    written = (folder / "old.pdf").stat().st_mtime
    sweep_arriving(tmp_path, written - 1)
    assert (folder / "old.pdf").exists()
    sweep_arriving(tmp_path, written + 1)
    assert not (folder / "old.pdf").exists()
