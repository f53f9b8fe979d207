"""`papier desk` and `papier check --web` as they are typed: an address, pages, and a clean end."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from papier.store.connection import connect
from papier.store.migrations import migrate
from papier.store.workspace import create_workspace
from tests.desk.small_office import NOW, fill_office


@contextmanager
def running(folder: Path, arguments: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "papier", "--workspace", str(folder), *arguments, "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PAPIER_LANGUAGE": "en"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ask(address: str, cookie: str = "") -> tuple[int, str, str, str]:
    """Status, page, cookie and place of an address."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    connection.request("GET", f"{parts.path}?{parts.query}", headers={"Cookie": cookie})
    answer = connection.getresponse()
    place = answer.headers.get("Location", "")
    given = answer.headers.get("Set-Cookie", "").partition(";")[0]
    found = answer.status, answer.read().decode(), given, f"{parts.scheme}://{parts.netloc}{place}"
    connection.close()
    return found


@pytest.mark.parametrize(("command", "heading", "code"), [("desk", "<h1>Today", 0), ("check --web", "Du</h1>", 20)])
def test_it_serves_until_ctrl_c_and_ends_without_a_word_too_many(
    tmp_path: Path, command: str, heading: str, code: int
) -> None:
    workspace = create_workspace(tmp_path / "workspace")
    engine = connect(workspace)
    migrate(engine, NOW)
    fill_office(workspace, engine)
    engine.dispose()
    with running(workspace.folder, command.split()) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        status, _page, cookie, place = ask(address)
        assert status == 303
        status, page, _cookie, _place = ask(place, cookie)
        assert status == 200
        assert heading in page
        assert ask(address)[0] == 403
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert process.returncode == code
    assert out == ""
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "The desk is closed."


def test_without_a_workspace_it_says_how_to_make_one(tmp_path: Path) -> None:
    with running(tmp_path / "nowhere", ["desk"]) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert out == ""
    assert "init" in err
