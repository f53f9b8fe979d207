"""A desk that serves a small office, in English."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from papier.store.connection import connect
from papier.store.migrations import migrate
from papier.store.workspace import create_workspace, open_workspace
from tests.desk.small_office import NOW, RunningDesk, fill_office, serve_office


@pytest.fixture(scope="session")
def small_office(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[str, ...]]:
    """A workspace with four filed sheets, and their numbers: made once, to be copied."""
    workspace = create_workspace(tmp_path_factory.mktemp("small-office") / "workspace")
    engine = connect(workspace)
    migrate(engine, NOW)
    numbers = fill_office(workspace, engine)
    engine.dispose()
    return workspace.folder, numbers


@pytest.fixture
def desk(
    small_office: tuple[Path, tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningDesk]:
    monkeypatch.setenv("PAPIER_LANGUAGE", "en")
    made, numbers = small_office
    workspace = open_workspace(shutil.copytree(made, tmp_path / "workspace"))
    engine = connect(workspace)
    with serve_office(workspace, engine, numbers) as running:
        yield running
    engine.dispose()
