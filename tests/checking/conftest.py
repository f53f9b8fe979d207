"""A workspace on disk with its store, and a fixed clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from papier.store.connection import connect
from papier.store.migrations import migrate
from papier.store.workspace import Workspace, create_workspace

NOON = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPIER_LANGUAGE", "en")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return create_workspace(tmp_path / "workspace")


@pytest.fixture
def engine(workspace: Workspace) -> Iterator[Engine]:
    engine = connect(workspace)
    migrate(engine, NOON)
    yield engine
    engine.dispose()
