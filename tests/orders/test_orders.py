"""Order sheets round the whole loop: printed, filled by the simulated pen, scanned, read, done once."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from sqlalchemy import Connection

from papier.cli.context import Context
from papier.orders.doing import do_order
from papier.orders.settings import OrderSettings
from papier.orders.understanding import understand
from papier.store.connection import reading
from papier.store.orders import KnownOrder, OrderSheet, OrderState, finish_order
from papier.store.tables import events
from tests.scenarios.office import Office

NUMBER = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")
TODAY = dt.date(2026, 11, 24)
SETTINGS = """
ordres:
  permis: [imprimer, jour, rappels, manquants, verification, registre, sauvegarde]
  formulaires: [carnet/absence, carnet/mot-aux-parents]
  listes: {6A: forms/listes/6A.csv}
  copies: 30
  sauvegarde: ../usb
"""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("PAPIER_LANGUAGE", "en")
    # Nothing in these tests prints beyond PDF files.
    monkeypatch.setenv("CUPS_SERVER", str(tmp_path / "no-cups"))
    founded = Office.found(tmp_path, TODAY, seed=7)
    (tmp_path / "bureau" / "papier.yaml").write_text(SETTINGS)
    (tmp_path / "bureau" / "forms" / "listes").mkdir()
    (tmp_path / "bureau" / "forms" / "listes" / "6A.csv").write_text(
        "nom;prenom;classe\nMARTIN;Zoé;6A\nDURAND;Léo;6A\nPETIT;Ana;6A\n"
    )
    return founded


def order_sheet(office: Office) -> tuple[Path, str]:
    path = office.pdf(f"ordres-{office.scans}-{office.seed}")
    (printed,) = office.papier("orders", "--output", path, "--json")
    return path, printed["sheets"][0]


def scan(office: Office, path: Path, sheet: str, values: dict[str, Any]) -> list[Any]:
    images = office.fill(path, {sheet: values})
    office.take_in(images)
    return images


def printed(office: Office, name: str) -> list[Path]:
    found = (office.folder / "bureau" / "printed").glob(f"{name}-*.pdf")
    return sorted(found, key=lambda path: path.stat().st_mtime_ns)


def words(path: Path) -> str:
    with pdfium.PdfDocument(path) as document:
        text = "\n".join(page.get_textpage().get_text_range() for page in document)
    return re.sub(r"[\s\ufffe\u00a0]+", " ", text)


def report(office: Office) -> str:
    return words(printed(office, "compte-rendu")[-1])


def happened(office: Office, kind: str) -> list[dict[str, Any]]:
    context = Context(office.folder / "bureau")
    with reading(context.engine) as connection:
        found = connection.execute(events.select().where(events.c.kind == kind)).all()
    context.engine.dispose()
    return [json.loads(row.data) for row in found]


def run(office: Office, code: int | None = None) -> None:
    office.papier("orders", "--run", "--json", code=code)


def test_a_number_is_written_again_until_it_is_read_for_sure(office: Office) -> None:
    path, sheet = order_sheet(office)
    for tries in range(1, 9):
        scan(office, path, sheet, {"imprimer.r01.oui": ["oui"], "imprimer.r01.copies": "25", "visa": True})
        run(office)
        if printed(office, "carnet-absence"):
            break
        # Whoever gave the order reads the question, and takes the order sheet that came with it.
        assert "the number was not read for sure" in report(office)
        path = printed(office, "ordres")[-1]
        sheet = NUMBER.findall(words(path))[0]
        assert len(printed(office, "ordres")) == tries
    assert "25 sheets" in report(office)
    with pdfium.PdfDocument(printed(office, "carnet-absence")[0]) as document:
        assert len(document) == 25


def test_what_is_ticked_is_done_once_and_told_on_paper(office: Office) -> None:
    path, sheet = order_sheet(office)
    images = scan(
        office,
        path,
        sheet,
        {
            "imprimer.r01.oui": ["oui"],
            "imprimer.r01.classe": "6A",
            "imprimer.r02.oui": ["oui"],
            "imprimer.r02.classe": "6A",
            "faire": ["jour", "rappels", "manquants", "verification", "registre", "sauvegarde"],
            "date": "2026-11-24",
            "visa": True,
        },
    )
    (pending,) = office.papier("orders", "--run", "--dry-run", "--json")
    everything = {"imprimer", "jour", "rappels", "manquants", "verification", "registre", "sauvegarde"}
    assert {order["order"] for order in pending["orders"]} == everything
    assert printed(office, "carnet-absence") == []
    run(office)
    assert "M A R T I N" in words(printed(office, "carnet-absence")[0])
    named = words(printed(office, "carnet-mot-aux-parents")[0])
    assert all(name in named for name in ("MARTIN", "DURAND", "PETIT"))
    assert "Qui n’a pas répondu" in words(printed(office, "manquants")[0])
    assert "Registre de novembre 2026" in words(printed(office, "registre")[0])
    assert len(printed(office, "feuille-du-jour")) == 1
    assert list((office.folder / "usb").iterdir())
    told = report(office)
    assert told.count("3 sheets") == 2
    # The next order sheet lies with the report, with a number of its own.
    (following,) = printed(office, "ordres")
    assert sheet not in words(following)

    # The same scan, a second scan, a photocopy: nothing.
    office.take_in(images)
    office.seed += 50
    again = office.fill(path, {sheet: {"imprimer.r01.oui": ["oui"], "imprimer.r01.classe": "6A", "visa": True}})
    office.take_in(again)
    run(office, code=20)
    assert len(printed(office, "carnet-absence")) == 1
    assert "was used already" in report(office)
    assert len(happened(office, "order-done")) == 8
    run(office, code=0)
    assert len(printed(office, "compte-rendu")) == 2


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"imprimer.r01.oui": ["oui"], "imprimer.r01.copies": "25"}, "not signed"),
        ({"imprimer.r01.copies": "25", "visa": True}, "box is not ticked"),
        ({"imprimer.r01.oui": ["oui"], "visa": True}, "neither a class nor a number"),
        ({"visa": True}, "No box is ticked"),
    ],
)
def test_what_is_not_clear_or_not_allowed_prints_its_question(office: Office, values: dict[str, Any], why: str) -> None:
    path, sheet = order_sheet(office)
    scan(office, path, sheet, values)
    run(office, code=0 if "No box" in why else 20)
    assert printed(office, "carnet-absence") == []
    assert why in report(office)
    assert len(printed(office, "ordres")) == 1
    assert office.papier("check", "--list", "--json", code=0) == []  # its question is on paper already


def test_more_than_the_settings_allow_is_refused() -> None:
    settings = OrderSettings(("imprimer",), ("carnet/absence",), {}, 30)
    ticked = {"value": ["oui"], "sure": True, "options": {"oui": {"state": "ticked", "probability": 0.9999}}}

    def judged(copies: str, probability: float = 0.9999, *, sure: bool = True) -> KnownOrder:
        box = {"oui": {"state": "ticked", "probability": probability}}
        values: dict[str, dict[str, Any]] = {
            "imprimer.r01.oui": ticked | {"options": box},
            "imprimer.r01.copies": {"value": copies, "sure": sure, "candidates": [["24", 0.6], ["29", 0.4]]},
            "visa": {"value": True, "sure": True},
        }
        sheet = OrderSheet(1, "AAAA-AAAA-AAAA", ("carnet/absence",), None, begun=False, values=values)
        (known,) = understand(sheet, settings, {"carnet/absence": "Absence"})
        return known

    assert judged("30").state is OrderState.BEGUN
    assert judged("31").state is OrderState.REFUSED
    assert judged("0").state is OrderState.REFUSED
    assert judged("24", sure=False).state is OrderState.ASKED
    assert "24 ? 29 ?" in judged("24", sure=False).told
    assert judged("24", probability=0.98).state is OrderState.ASKED


def test_settings_changed_since_it_was_printed_decide(office: Office) -> None:
    path, sheet = order_sheet(office)
    scan(office, path, sheet, {"faire": ["sauvegarde"], "visa": True})
    (office.folder / "bureau" / "papier.yaml").write_text(SETTINGS.replace(", sauvegarde]", "]"))
    run(office)
    assert not (office.folder / "usb").exists()
    assert "settings do not let" in report(office)


def test_a_sheet_older_than_a_restored_backup_orders_nothing(office: Office) -> None:
    path, sheet = order_sheet(office)
    office.papier("backup", office.folder / "disque")
    values: dict[str, Any] = {"imprimer.r01.oui": ["oui"], "imprimer.r01.classe": "6A", "visa": True}
    images = office.fill(path, {sheet: values})
    office.take_in(images)
    run(office)
    assert len(happened(office, "order-done")) == 1
    office.papier("restore", office.folder / "disque")
    office.take_in(images)
    run(office, code=20)
    assert happened(office, "order-done") == []
    assert "older than the backup" in report(office)


def test_a_sheet_of_another_office_orders_nothing(office: Office, tmp_path: Path) -> None:
    other = Office.found(tmp_path / "ailleurs", TODAY, seed=9)
    (tmp_path / "ailleurs" / "bureau" / "papier.yaml").write_text(SETTINGS)
    shutil.copytree(tmp_path / "bureau" / "forms", tmp_path / "ailleurs" / "bureau" / "forms", dirs_exist_ok=True)
    order_sheet(office)  # this office knows the form, but not that number
    path, sheet = order_sheet(other)
    images = other.fill(path, {sheet: {"imprimer.r01.oui": ["oui"], "imprimer.r01.copies": "25", "visa": True}})
    office.take_in(images)
    office.papier("orders", "--run")
    assert printed(office, "carnet-absence") == []
    assert happened(office, "order-done") == []


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("where", ["before", "written", "after", "closing"])
def test_killed_anywhere_between_reading_and_printing_it_is_done_once(
    office: Office, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    path, sheet = order_sheet(office)
    scan(office, path, sheet, {"imprimer.r01.oui": ["oui"], "imprimer.r01.classe": "6A", "visa": True})

    def kill(*_arguments: object, **_named: object) -> Any:
        raise _Killed

    def then_kill(call: Callable[..., Any]) -> Callable[..., Any]:
        def done(*arguments: Any, **named: Any) -> None:
            call(*arguments, **named)
            raise _Killed

        return done

    def finish_in_transaction(connection: Connection, *arguments: Any) -> None:
        finish_order(connection, *arguments)
        raise _Killed

    with monkeypatch.context() as patched:
        if where == "before":
            patched.setattr("papier.orders.running.do_order", kill)
        elif where == "written":
            patched.setattr("papier.orders.doing.finish_order", finish_in_transaction)
        elif where == "after":
            patched.setattr("papier.orders.running.do_order", then_kill(do_order))
        else:
            patched.setattr("papier.orders.running.close_sheet", kill)
        with pytest.raises(_Killed):
            run(office)
    run(office)
    run(office)
    assert len(happened(office, "order-done")) == 1
    (listed,) = [
        line
        for line in office.papier("sheets", "--json")
        if line["form"] == "carnet/absence" and "printed" in line["states"]
    ]
    assert listed["states"] == {"printed": 3}
    assert len(happened(office, "orders-closed")) == 1
