"""A paper that is being filed when papier is killed is filed once, by filing it again."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from PIL import Image

from papier.filing import file_paper
from papier.store.connection import connect
from papier.store.migrations import migrate
from papier.store.records import list_records
from papier.store.verification import find_damage
from papier.store.workspace import create_workspace, open_workspace
from simulator.interruptions import NOW

KILLS = 8
FIELDS = {"nature": "courrier", "date": "2026-11-23"}


def file_one(folder: Path, path: Path, ready: Connection) -> None:
    workspace = open_workspace(folder)
    engine = connect(workspace)
    ready.send(None)
    file_paper(workspace, engine, path, FIELDS, NOW, with_text=False)
    ready.send(None)


def test_killed_at_any_instant_a_paper_is_filed_once(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path / "workspace")
    engine = connect(workspace)
    migrate(engine, NOW)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["papier.filing"])
    rng = random.Random(5)
    killed = 0
    for at in range(KILLS):
        path = workspace.inbox / f"lettre-{at}.png"
        pixels = np.random.default_rng(at).integers(200, 255, (1200, 800), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=file_one, args=(workspace.folder, path, theirs))
        process.start()
        ours.recv()
        # Filing takes some thirty milliseconds; half of the kills fall within.
        if not ours.poll(rng.uniform(0, 0.06)):
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
        process.join()
        if path.exists():
            file_paper(workspace, engine, path, FIELDS, NOW, with_text=False)
        assert not path.exists()
        assert len(list_records(engine)) == at + 1
    assert killed
    assert find_damage(workspace, engine) == []
    engine.dispose()
