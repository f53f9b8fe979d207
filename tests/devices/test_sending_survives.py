"""Between outbox and printer: killed at any instant, each page comes out once. And a session without a screen."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from papier.after_batch import after_batch
from papier.cli.context import Context
from papier.devices.ipp import Server
from papier.errors import MissingProgramError, ProgramFailedError
from papier.print_sending import Sending, refresh, send_waiting
from papier.store.print_jobs import State, list_jobs
from tests.cli.conftest import Papier
from tests.devices.print_shop import PrintShop
from tests.devices.test_printing import NUMBER, numbers_in, settings, states

NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)
# Dies by SIGKILL at the named place of handing a job over, as a power cut would do.
DYING = """
import os, signal, sys
from pathlib import Path
from papier import print_sending as sending

def die(*_a, **_n):
    os.kill(os.getpid(), signal.SIGKILL)

def after(call):
    def done(*a, **n):
        call(*a, **n)
        die()
    return done

where = sys.argv[1]
if where == "before the job":
    sending.create_job = die
elif where == "job made, number not kept":
    sending.create_job = after(sending.create_job)
elif where == "number kept, no pages":
    sending.send_document = die
elif where == "pages there, not written down":
    sending.send_document = after(sending.send_document)
from papier.cli.main import run
sys.exit(run(sys.argv[2:]))
"""


@pytest.mark.parametrize(
    ("where", "wait"),
    [
        ("before the job", 0.0),
        ("job made, number not kept", 0.0),
        ("number kept, no pages", 0.0),
        ("pages there, not written down", 0.0),
        ("pages there, not written down", 3.0),
    ],
)
def test_killed_while_handing_over_every_page_comes_out_once(
    papier: Papier, shop: PrintShop, tmp_path: Path, where: str, wait: float
) -> None:
    pdf = tmp_path / "a.pdf"
    arguments = ["print", "carnet/absence", "--copies", "2", "--output", str(pdf), "--printer", shop.queue]
    died = subprocess.run(
        [sys.executable, "-c", DYING, where, *arguments], check=False, capture_output=True, env=os.environ, timeout=60
    )
    assert died.returncode == -9, died.stderr
    time.sleep(wait)  # what the printer has done meanwhile, CUPS has cleared away
    context = Context(tmp_path / "workspace")
    sending = Sending(Server.find(), context.now)
    for _ in range(2):
        send_waiting(context.workspace, context.engine, sending)
    until = time.monotonic() + 30
    while list_jobs(context.engine, (State.SENT,)) and time.monotonic() < until:
        refresh(context.engine, sending)
        time.sleep(0.2)
    context.engine.dispose()
    assert [numbers_in(path) for path in shop.printed()] == [numbers_in(pdf)]
    assert states(papier) == [{"printed": 2}]
    assert papier("verify").code == 0


def session(tmp_path: Path) -> tuple[Context, list[str]]:
    context = Context(tmp_path / "workspace", dt.date(2026, 11, 24))
    try:
        told = list(after_batch(context.workspace, context.engine, lambda: NOW, context.folders, context.workflows()))
    finally:
        context.engine.dispose()
    return context, told


@pytest.mark.usefixtures("papier")
def test_a_session_prints_by_itself_and_each_thing_once(shop: PrintShop, tmp_path: Path) -> None:
    settings(
        tmp_path, f"impression: {{imprimante: {shop.queue}}}\nseance: {{corrections: oui, jour: oui, lettres: oui}}\n"
    )
    _, told = session(tmp_path)
    assert any("feuille-du-jour" in line for line in told)
    until = time.monotonic() + 20
    while len(shop.printed()) < 1 and time.monotonic() < until:
        time.sleep(0.1)
    _, told = session(tmp_path)
    assert not any("feuille-du-jour" in line for line in told)
    assert len(shop.printed()) == 1
    assert len(NUMBER.findall(numbers_in(shop.printed()[0])[0])) == 1


def test_what_a_printer_refuses_is_printed_when_it_is_well(papier: Papier, shop: PrintShop, tmp_path: Path) -> None:
    settings(tmp_path, f"impression: {{imprimante: {shop.queue}}}\nseance: {{jour: oui}}\n")
    shop.admin("cupsreject", shop.queue)
    with pytest.raises(ProgramFailedError, match="takes no jobs"):
        session(tmp_path)
    with pytest.raises(ProgramFailedError, match="takes no jobs"):
        session(tmp_path)
    assert states(papier) == [{"numbered": 1}]
    shop.admin("cupsaccept", shop.queue)
    session(tmp_path)
    until = time.monotonic() + 20
    while states(papier) != [{"printed": 1}] and time.monotonic() < until:
        time.sleep(0.2)
    assert states(papier) == [{"printed": 1}]
    assert len(shop.printed()) == 1


def test_a_session_without_cups_loses_nothing(papier: Papier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings(tmp_path, "impression: {imprimante: Copieur}\nseance: {jour: oui}\n")
    monkeypatch.setenv("CUPS_SERVER", str(tmp_path / "nobody"))
    for _ in range(2):
        with pytest.raises(MissingProgramError, match="apt install cups"):
            session(tmp_path)
    assert states(papier) == [{"numbered": 1}]
    assert len(list((tmp_path / "workspace" / "printed").glob("feuille-du-jour-*.pdf"))) == 1
