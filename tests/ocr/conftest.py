"""Messages are compared in English, whatever this machine speaks."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPIER_LANGUAGE", "en")
