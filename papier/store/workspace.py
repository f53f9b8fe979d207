"""A workspace: one folder that holds the key, the store, the inbox and the archive. Nobody else may read it."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from papier.durable import make_folder, write_private
from papier.errors import DefinitionError, StoreError, UsageError
from papier.forms.library import library_folders
from papier.forms.recipients import institution_columns
from papier.language import translate as _
from papier.store.vault import KEYS_FILE, Ask, Vault, find_secret, open_vault, open_with_identity
from papier.yaml_source import load_yaml

KEY_BYTES = 32
KEY_FILE = "key"
SETTINGS_FILE = "papier.yaml"
FOLDERS = ("archive", "inbox", "printed", "forms")
SETTINGS = """\
# Réglages de cet espace de travail · settings of this workspace
etablissement: ""     # imprimé au bas des feuilles · printed at the foot of the sheets
# impression, ordres, seance : l'imprimante et ce qui se fait sans écran · docs/imprimante.md
region: ""            # jours fériés locaux : alsace-moselle, la-reunion… · local holidays, for the clocks
zone: ""              # vacances scolaires : A, B, C ou une académie · school holidays, for the reminders
copieur: ""           # dossier où le copieur dépose ses PDF · where the copier drops its PDFs (papier watch)
scanner: ""           # le scanner habituel : papier scan --list · the usual scanner
"""


@dataclass(frozen=True)
class Workspace:
    """Where everything of one office lies. `key` is the secret that its sheet numbers are made with; `vault` opens what
    is encrypted, None where nothing is.
    """

    folder: Path
    key: bytes = field(repr=False)
    vault: Vault | None = None

    @property
    def database(self) -> Path:
        return self.folder / "store.sqlite"

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def printed(self) -> Path:
        return self.folder / "printed"

    @property
    def forms(self) -> Path:
        """The office's own form definitions."""
        return self.folder / "forms"


def read_settings(workspace: Workspace) -> dict[str, str]:
    """What the office says of itself, by name: its establishment, region, addresses it writes to.

    The addresses of institutions that it does not give are those of the directory of recipients. Raises
    DefinitionError when a file is wrong.
    """
    known = institution_columns(library_folders(workspace.forms))
    path = workspace.folder / SETTINGS_FILE
    if not path.is_file():
        return known
    node, problems = load_yaml(path)
    if problems:
        raise DefinitionError(path, problems)
    return known | {name: entry.text for name, entry in (node.entries if node else {}).items() if entry.text}


def default_folder() -> Path:
    """`$PAPIER_WORKSPACE`, else the platform's data directory."""
    named = os.environ.get("PAPIER_WORKSPACE")
    return Path(named) if named else Path(platformdirs.user_data_dir("papier", appauthor=False))


def is_workspace(folder: Path) -> bool:
    """True where a workspace lies, encrypted or not."""
    return (folder / KEY_FILE).exists() or (folder / KEYS_FILE).exists()


def create_workspace(folder: Path, *, vault: Vault | None = None, ask: Ask | None = None) -> Workspace:
    """Make a workspace, folders mode 0700 and key mode 0600. An existing one is opened, its key left as it is."""
    if is_workspace(folder):
        workspace = open_workspace(folder, vault=vault, ask=ask)
        with contextlib.suppress(OSError):
            # A key that was put here by hand may stand open.
            folder.chmod(0o700)
            for name in (KEY_FILE, KEYS_FILE):
                if (folder / name).exists():
                    (folder / name).chmod(0o600)
        for name in FOLDERS:
            make_folder(folder / name)
        return workspace
    if folder.exists() and not folder.is_dir():
        raise UsageError(_("{folder} is a file. Give the name of a folder.").format(folder=folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        for name in FOLDERS:
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        settings = folder / SETTINGS_FILE
        if not settings.exists():
            write_private(settings, SETTINGS.encode())
        write_private(folder / KEY_FILE, f"{secrets.token_hex(KEY_BYTES)}\n".encode("ascii"))
    except PermissionError as error:
        raise UsageError(
            _("The folder {folder} cannot be written. Choose another with --workspace.").format(folder=folder)
        ) from error
    return open_workspace(folder)


def open_workspace(folder: Path, *, vault: Vault | None = None, ask: Ask | None = None) -> Workspace:
    """Open a workspace; raises UsageError where there is none, StoreError where its key is damaged.

    Where it is encrypted: with `vault` where that was opened before, else with the passphrase, for which the
    environment is looked at and then `ask` called. Raises UsageError for a wrong one.
    """
    path = folder / KEY_FILE
    if (folder / KEYS_FILE).exists():
        if vault is not None:
            return Workspace(folder, open_with_identity(folder, vault.identity)[1], vault)
        opened, key = open_vault(folder, find_secret(ask))
        return Workspace(folder, key, opened)
    if not path.exists():
        raise UsageError(
            _("There is no workspace in {folder}. Make one with: papier --workspace {folder} init").format(
                folder=folder
            )
        )
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise StoreError(_("The key {path} cannot be read. Put it back from a backup.").format(path=path)) from error
    if len(key) != KEY_BYTES:
        raise StoreError(
            _("The key {path} is damaged: {count} bytes of {key_bytes}. Put it back from a backup.").format(
                path=path, count=len(key), key_bytes=KEY_BYTES
            )
        )
    return Workspace(folder, key)
