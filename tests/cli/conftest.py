"""The program as its users run it: on a workspace of its own, with what it printed and its exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from papier.cli.main import run


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Papier = Callable[..., Outcome]


@pytest.fixture
def papier(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Papier:
    """`papier("read", "scan.pdf", "--json")` on a fresh workspace, in English."""
    monkeypatch.setenv("PAPIER_LANGUAGE", "en")
    monkeypatch.setenv("PAPIER_WORKSPACE", str(tmp_path / "workspace"))

    def call(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    call("init")
    return call


@pytest.fixture
def french(papier: Papier, monkeypatch: pytest.MonkeyPatch) -> Papier:
    """As `papier`, in French, with the signs of French typography as they stand on a keyboard."""
    monkeypatch.setenv("PAPIER_LANGUAGE", "fr")

    def call(*arguments: str | Path) -> Outcome:
        outcome = papier(*arguments)
        return Outcome(outcome.code, as_typed(outcome.out), as_typed(outcome.err))

    return call


def as_typed(text: str) -> str:
    """French with the straight apostrophes and plain spaces of a keyboard."""
    return text.translate({ord("’"): "'", 0xA0: " ", 0x202F: " "})
