"""The workspace, its store and the language of the store's own tests; and an office with a case of one pupil."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from papier.store.connection import connect
from papier.store.workspace import Workspace, open_workspace
from tests.scenarios.office import Office
from tests.scenarios.test_school_month import PUPILS
from tests.store.conftest import _in_english, engine, workspace

__all__ = ["_in_english", "engine", "workspace"]


@dataclass(frozen=True)
class OneCase:
    """An office whose case 1 is an absence slip in a pupil's hands since yesterday, and the number of that slip."""

    office: Office
    workspace: Workspace
    engine: Engine
    sheet: str


@pytest.fixture
def one_case(tmp_path: Path) -> Iterator[OneCase]:
    office = Office.found(tmp_path, dt.date(2027, 3, 1), seed=1)
    (tmp_path / "6A.csv").write_text("\n".join(PUPILS.splitlines()[:2]), encoding="utf-8")
    order = ("cases", "open", "carnet/absence", "--roster", tmp_path / "6A.csv", "--output", office.pdf("a"), "--json")
    (opened,) = office.papier(*order)
    office.papier("cases", "sent", "1", "--way", "carnet")
    office.on(3, 2)
    store = connect(open_workspace(tmp_path / "bureau"))
    yield OneCase(office, open_workspace(tmp_path / "bureau"), store, opened["sheets"][0])
    store.dispose()
