"""Whatever is changed behind papier's back, `papier verify` says so."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from papier.intake import take_in
from papier.store.connection import connect
from papier.store.verification import find_damage
from papier.store.workspace import Workspace
from simulator.damage import FAULTS, Fault, planted
from simulator.interruptions import NOW, fresh_workspace, make_batch
from tests.accidents.plain_reader import PlainReader, inbox

PLANTED = 60


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with scans taken in, its store in one file."""
    folder = tmp_path_factory.mktemp("filed")
    batch = make_batch(folder, 6, random.Random(3), forms=("carnet/mot-aux-parents",))
    workspace = fresh_workspace(batch, folder / "whole")
    engine = connect(workspace)
    for scan in inbox(workspace):
        take_in(workspace, engine, scan, NOW, PlainReader(workspace))
    engine.dispose()
    return workspace


def damage_of(workspace: Workspace) -> list[str]:
    engine = connect(workspace)
    try:
        return find_damage(workspace, engine)
    finally:
        engine.dispose()


def test_an_untouched_copy_is_whole(filed: Workspace) -> None:
    assert damage_of(filed) == []


def test_every_planted_fault_is_found(filed: Workspace, tmp_path: Path) -> None:
    rng = random.Random(17)
    missed, kinds = [], set()
    for _ in range(PLANTED):
        with planted(filed, tmp_path / "damaged", rng) as (workspace, fault):
            kinds.add(fault.split()[0])
            found = damage_of(Workspace(workspace.folder, _key(workspace)))
            if not found:
                missed.append(fault)
    assert missed == []
    assert len(kinds) >= 5


@pytest.mark.parametrize("fault", dict.fromkeys(FAULTS))
def test_each_kind_of_fault_is_found(filed: Workspace, tmp_path: Path, fault: Fault) -> None:
    workspace = Workspace(tmp_path / "damaged", filed.key)
    shutil.copytree(filed.folder, workspace.folder)
    what = fault(workspace, random.Random(23))
    assert damage_of(Workspace(workspace.folder, _key(workspace))), what


def _key(workspace: Workspace) -> bytes:
    return bytes.fromhex((workspace.folder / "key").read_text().strip())
