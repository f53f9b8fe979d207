"""The workspace, its store and the language of the store's own tests."""

from __future__ import annotations

from tests.store.conftest import _in_english, engine, workspace

__all__ = ["_in_english", "engine", "workspace"]
