"""What every command shares: the workspace, opened when first needed, and the clock."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click
from sqlalchemy import Engine

from papier.errors import StoreError
from papier.forms.library import library_folders
from papier.language import translate as _
from papier.store.connection import connect
from papier.store.migrations import migrate
from papier.store.workspace import Workspace, create_workspace, default_folder, open_workspace
from papier.workflows.definition import Workflow
from papier.workflows.library import find_problems, list_workflows

# `--today` means the morning, when the office opens.
REHEARSED_HOUR = dt.time(8)


class Context:
    """The workspace that `--workspace` or the environment names."""

    def __init__(self, folder: Path | None, today: dt.date | None = None) -> None:
        self.folder = folder or default_folder()
        self.today = today
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
        """Raises StoreError where the store is missing: an empty one in its place would give numbers a second time."""
        if self._engine is None:
            workspace = self.workspace
            if not workspace.database.exists():
                raise StoreError(
                    _(
                        "The store {path} is missing. Put it back: papier restore BACKUP (or papier init, if it is new)"
                    ).format(path=workspace.database)
                )
            self._engine = connect(workspace)
            migrate(self._engine, self.now())
        return self._engine

    def make_store(self, *, for_rebuild: bool = False) -> None:
        """Make the store and folders that are missing beside the key.

        Raises StoreError where the archive holds scans already, unless they are about to be read again.
        """
        workspace = create_workspace(self.folder) if self.exists else self.workspace
        if not workspace.database.exists():
            if not for_rebuild and any(workspace.archive.glob("*/*")):
                raise StoreError(
                    _("The archive holds scans, but the store is missing. Put it back: papier restore BACKUP")
                )
            engine = connect(workspace)
            migrate(engine, self.now())
            engine.dispose()

    @property
    def form_folder(self) -> Path | None:
        """The office's own definitions, where there is a workspace."""
        return self.workspace.forms if self.exists else None

    def now(self) -> dt.datetime:
        """The only place where the wall clock is read; the morning of another day where `--today` says so."""
        if self.today is not None:
            return dt.datetime.combine(self.today, REHEARSED_HOUR, dt.UTC)
        return dt.datetime.now(dt.UTC).replace(microsecond=0)

    @property
    def folders(self) -> list[Path]:
        """Where definitions are looked for, the office's own first."""
        return library_folders(self.form_folder)

    def workflows(self) -> list[Workflow]:
        """The workflows in use today. Mistaken ones are told on stderr: their sheets would begin no case."""
        for problem in find_problems(self.folders):
            click.echo(str(problem), err=True)
        return list_workflows(self.folders)


pass_context = click.make_pass_decorator(Context)
