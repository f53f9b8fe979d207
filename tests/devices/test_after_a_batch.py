"""What the watcher tells of what follows a batch, and that its heart beats meanwhile."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Engine

from papier import watch_run
from papier.errors import ProgramFailedError
from papier.page_pool import PagePool
from papier.store.connection import connect
from papier.store.sheets import StoreRegister
from papier.store.workspace import Workspace, create_workspace
from papier.watch_batch import Batch
from papier.watch_run import Watcher
from papier.watch_state import WatchState, read_state

START = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return create_workspace(tmp_path / "workspace")


@pytest.fixture
def engine(workspace: Workspace) -> Iterator[Engine]:
    engine = connect(workspace)
    yield engine
    engine.dispose()


@pytest.fixture
def watcher_of(workspace: Workspace, engine: Engine) -> Callable[..., tuple[Watcher, list[str]]]:
    def make(after: Callable[[Batch], Iterable[str]]) -> tuple[Watcher, list[str]]:
        told: list[str] = []
        beats = iter(range(10_000))
        register = SimpleNamespace(reader=SimpleNamespace(register=StoreRegister(workspace)))
        watcher = Watcher(
            workspace,
            engine,
            cast("PagePool", register),
            [],
            lambda: START + dt.timedelta(seconds=next(beats)),
            tuple,
            after,
            told.append,
            state=WatchState(after_due=True),
        )
        watcher.start(0.0)
        return watcher, told

    return make


def test_what_was_done_before_a_printer_refused_is_told(
    watcher_of: Callable[..., tuple[Watcher, list[str]]],
) -> None:
    refusing = [True]

    def after(_batch: Batch) -> Iterator[str]:
        yield "2 letters: lettres.pdf"
        if refusing[0]:
            raise ProgramFailedError("Copieur takes no jobs")
        yield "sent to Copieur"

    watcher, told = watcher_of(after)
    watcher.turn(100.0)
    assert told == ["2 letters: lettres.pdf", "Copieur takes no jobs"]
    assert watcher.state.after_due
    refusing[0] = False
    watcher.turn(1000.0)
    assert told[-1] == "sent to Copieur"
    assert not watcher.state.after_due


def test_the_heart_beats_while_a_long_print_is_made(
    watcher_of: Callable[..., tuple[Watcher, list[str]]], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_run, "BEAT_SECONDS", 0.01)
    seen: list[Any] = []

    def after(_batch: Batch) -> Iterator[str]:
        until = time.monotonic() + 60
        while len(set(seen)) < 3 and time.monotonic() < until:
            state = read_state(workspace)
            assert state is not None
            seen.append(state.beat)
        yield "printed"

    watcher, told = watcher_of(after)
    watcher.turn(100.0)
    assert told == ["printed"]
    assert len(set(seen)) >= 3
