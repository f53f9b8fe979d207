"""What every command shares: the workspace, opened when first needed, and the clock.

The store and the workflows are imported by those who ask for them: half of the commands need neither.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from papier.errors import StoreError
from papier.forms.library import library_folders
from papier.language import translate as _
from papier.store.vault import Ask, Vault
from papier.store.workspace import Workspace, create_workspace, default_folder, is_workspace, open_workspace

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from papier.workflows.definition import Workflow

# `--today` means the morning, when the office opens.
REHEARSED_HOUR = dt.time(8)


def asking() -> Ask | None:
    """How a passphrase is asked for: in a terminal, unseen; None where nobody sits there."""
    if not sys.stdin.isatty():
        return None
    return lambda: str(click.prompt(_("Passphrase of this workspace"), hide_input=True, err=True))


class Context:
    """The workspace that `--workspace` or the environment names."""

    def __init__(self, folder: Path | None, today: dt.date | None = None) -> None:
        self.folder = folder or default_folder()
        self.today = today
        self._engine: Engine | None = None
        self._vault: Vault | None = None

    @property
    def exists(self) -> bool:
        return is_workspace(self.folder)

    @property
    def workspace(self) -> Workspace:
        """Raises UsageError where there is none, or it is encrypted and the passphrase is wrong."""
        workspace = open_workspace(self.folder, vault=self._vault, ask=asking())
        # A passphrase takes a second to try, and nobody types it twice.
        self._vault = workspace.vault
        return workspace

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
            from papier.store.connection import connect  # noqa: PLC0415 - see the module's docstring
            from papier.store.migrations import migrate  # noqa: PLC0415

            self._engine = connect(workspace)
            migrate(self._engine, self.now())
        return self._engine

    def make_store(self, *, for_rebuild: bool = False) -> None:
        """Make the store and folders that are missing beside the key.

        Raises StoreError where the archive holds scans already, unless they are about to be read again.
        """
        workspace = create_workspace(self.folder, vault=self._vault, ask=asking()) if self.exists else self.workspace
        self._vault = workspace.vault
        if not workspace.database.exists():
            if not for_rebuild and any(workspace.archive.glob("*/*")):
                raise StoreError(
                    _("The archive holds scans, but the store is missing. Put it back: papier restore BACKUP")
                )
            from papier.store.connection import connect  # noqa: PLC0415 - see the module's docstring
            from papier.store.migrations import migrate  # noqa: PLC0415

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
        from papier.workflows.library import find_problems, list_workflows  # noqa: PLC0415 - see the module's docstring

        for problem in find_problems(self.folders):
            click.echo(str(problem), err=True)
        return list_workflows(self.folders)


pass_context = click.make_pass_decorator(Context)
