"""What every command shares: the workspace, opened when first needed, and the clock."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click
from sqlalchemy import Engine

from papier.store.connection import connect
from papier.store.migrations import migrate
from papier.store.workspace import Workspace, default_folder, open_workspace


class Context:
    """The workspace that `--workspace` or the environment names."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder or default_folder()
        self._engine: Engine | None = None

    @property
    def exists(self) -> bool:
        return (self.folder / "key").exists()

    @property
    def workspace(self) -> Workspace:
        """Raises UsageError where there is none."""
        return open_workspace(self.folder)

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            self._engine = connect(self.workspace)
            migrate(self._engine, self.now())
        return self._engine

    @property
    def form_folder(self) -> Path | None:
        """The office's own definitions, where there is a workspace."""
        return self.workspace.forms if self.exists else None

    def now(self) -> dt.datetime:
        """The only place where the wall clock is read."""
        return dt.datetime.now(dt.UTC).replace(microsecond=0)


pass_context = click.make_pass_decorator(Context)
