"""The lock of an encrypted workspace: one key that opens everything, itself locked with the passphrase.

Nothing here is papier's own invention, so that the files can be opened without papier. The key is an identity of age
(age-encryption.org/v1, X25519); `vault.age` is that identity under the passphrase (scrypt); `keys.age`, encrypted to
it, holds the workspace's two other secrets; every file of the archive is encrypted to it. The store is SQLCipher's.
docs/chiffrement.md says how to open each by hand.
"""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from papier.durable import write_private
from papier.errors import MissingProgramError, StoreError, UsageError, os_words
from papier.language import translate as _

VAULT_FILE = "vault.age"
KEYS_FILE = "keys.age"
# What every file of age begins with.
MAGIC = b"age-encryption.org/v1\n"
# Four words of a dictionary, or twelve characters that nobody guesses; scrypt makes each guess cost a second.
MIN_PASSPHRASE = 12
# What an office machine of 2015 does in half a second; and how often age is asked again where the machine is busy.
LEAST_WORK, ATTEMPTS = 16, 12
PASSPHRASE, PASSPHRASE_FILE = "PAPIER_PASSPHRASE", "PAPIER_PASSPHRASE_FILE"
RECOVERY_PREFIX = "AGE-SECRET-KEY-1"
PIECE = 1 << 20

Ask = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Vault:
    """An opened lock. `identity`: the recovery key; `database_key`: SQLCipher's raw key, 32 bytes."""

    identity: str = field(repr=False)
    database_key: bytes = field(repr=False)

    def seal(self, source: BinaryIO, target: BinaryIO) -> None:
        """Encrypt what `source` holds."""
        age = _age()
        age.encrypt_io(source, target, [age.x25519.Identity.from_str(self.identity).to_public()])

    def unseal(self, source: BinaryIO, target: BinaryIO) -> None:
        """Decrypt into `target`. Raises StoreError where a bit was changed, or where it is of another workspace."""
        age = _age()
        try:
            age.decrypt_io(source, target, [age.x25519.Identity.from_str(self.identity)])
        except (age.DecryptError, OSError, ValueError) as error:
            raise StoreError(
                _("A file of the archive cannot be decrypted: it was changed. Run: papier verify")
            ) from error


def is_sealed(path: Path) -> bool:
    """True where a file is encrypted. What it says counts, so that an interrupted change leaves nothing unclear."""
    with path.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


@contextmanager
def readable(path: Path, vault: Vault | None) -> Iterator[Path]:
    """A path under which a file of the archive can be read as it came, in this process and those that it starts.

    On Linux the decrypted bytes stand in memory alone; elsewhere in a private folder for as long as they are read.
    """
    if vault is None or not is_sealed(path):
        yield path
        return
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("papier")
        with os.fdopen(handle, "wb") as plain:
            with path.open("rb") as stream:
                vault.unseal(stream, plain)
            plain.flush()
            yield Path(f"/proc/{os.getpid()}/fd/{handle}")
        return
    with TemporaryDirectory(prefix="papier-") as folder:
        copy = Path(folder) / path.name
        with copy.open("wb") as plain, path.open("rb") as stream:
            vault.unseal(stream, plain)
        yield copy


# ---- making and opening


def make_vault() -> Vault:
    """A fresh key."""
    return Vault(str(_age().x25519.Identity.generate()), secrets.token_bytes(32))


def write_vault(folder: Path, vault: Vault, sheet_key: bytes, passphrase: str) -> None:
    """Lock a key with a passphrase, and lay both files into a workspace."""
    change_passphrase(folder, vault, passphrase)
    keys = io.BytesIO()
    said = {"store": vault.database_key.hex(), "sheets": sheet_key.hex()}
    vault.seal(io.BytesIO(json.dumps(said).encode()), keys)
    # The second file is what says that the workspace is encrypted: then the lock must be there.
    write_private(folder / KEYS_FILE, keys.getvalue())


def change_passphrase(folder: Path, vault: Vault, passphrase: str) -> None:
    """Lock the same key with another passphrase. Raises UsageError for one that is too short."""
    check_passphrase(passphrase)
    write_private(folder / VAULT_FILE, _lock(f"{vault.identity}\n".encode(), passphrase))


def _lock(data: bytes, passphrase: str) -> bytes:
    """Encrypt with a passphrase. age takes as much work as the machine does in a second, and takes a busy machine for a
    slow one: then it is asked again, and the most work is kept.
    """
    found = b""
    for _attempt in range(ATTEMPTS):
        made = _age().passphrase.encrypt(data, passphrase)
        found = max(found, made, key=_work)
        if _work(found) >= LEAST_WORK:
            break
    return found


def _work(sealed: bytes) -> int:
    """The work that a passphrase costs, as a power of two (age-encryption.org/v1, "scrypt recipient stanza")."""
    lines = sealed.split(b"\n", 2)
    return int(lines[1].split()[-1]) if len(lines) > 1 and lines[1].startswith(b"-> scrypt ") else 0


def _unlock(data: bytes, passphrase: str) -> bytes:
    """Decrypt with a passphrase; raises age's DecryptError where it is wrong.

    Raises StoreError where age refuses the work: it estimates the machine anew each time, and a busy one badly.
    """
    age = _age()
    for attempt in range(ATTEMPTS):
        try:
            opened: bytes = age.passphrase.decrypt(data, passphrase)
        except age.DecryptError as error:
            # age has one error for everything; what it is stands in its words alone.
            if "xcessive work" not in str(error):
                raise
            time.sleep(0.1 * attempt)
        else:
            return opened
    raise StoreError(
        _(
            "This machine is too busy, or far slower than the one that encrypted: try again later, or type the "
            "recovery key."
        )
    )


def check_passphrase(passphrase: str) -> None:
    """Raises UsageError for one that is too short."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise UsageError(
            _("The passphrase is too short. Take {least} characters or more: four words that nobody guesses.").format(
                least=MIN_PASSPHRASE
            )
        )


def open_vault(folder: Path, secret: str) -> tuple[Vault, bytes]:
    """The key and the sheet numbers' key; `secret` is the passphrase, or the recovery key as a person types it.

    Raises UsageError for a wrong one, StoreError where a file is damaged.
    """
    age = _age()
    identity = recovery_key(secret)
    if identity is None:
        try:
            identity = _unlock((folder / VAULT_FILE).read_bytes(), secret).decode().strip()
        except OSError as error:
            raise StoreError(
                _("The lock {path} cannot be read ({why}). Put it back from a backup.").format(
                    path=folder / VAULT_FILE, why=os_words(error)
                )
            ) from error
        except age.DecryptError as error:
            raise UsageError(
                _("That is not the passphrase, or {path} is damaged. Type it again, or the recovery key.").format(
                    path=folder / VAULT_FILE
                )
            ) from error
    return open_with_identity(folder, identity)


def open_with_identity(folder: Path, identity: str) -> tuple[Vault, bytes]:
    """As `open_vault`, with the key itself. Raises UsageError where it is another workspace's."""
    age = _age()
    try:
        data = age.decrypt((folder / KEYS_FILE).read_bytes(), [age.x25519.Identity.from_str(identity)])
        keys = json.loads(data)
        return Vault(identity, bytes.fromhex(keys["store"])), bytes.fromhex(keys["sheets"])
    except (age.DecryptError, age.IdentityError) as error:
        raise UsageError(
            _("That recovery key does not open {path}. Check each character on the key sheet.").format(
                path=folder / KEYS_FILE
            )
        ) from error
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(
            _("The keys {path} cannot be read. Put them back from a backup.").format(path=folder / KEYS_FILE)
        ) from error


def recovery_key(typed: str) -> str | None:
    """The recovery key that was typed, with or without spaces and capitals; None where it is none."""
    joined = re.sub(r"\s+", "", typed).upper()
    return joined if joined.startswith(RECOVERY_PREFIX) else None


def recovery_groups(vault: Vault) -> list[str]:
    """The recovery key in groups that a person can type back."""
    rest = vault.identity.removeprefix(RECOVERY_PREFIX)
    return [RECOVERY_PREFIX, *(rest[at : at + 4] for at in range(0, len(rest), 4))]


def find_secret(ask: Ask | None) -> str:
    """The passphrase: of the file that the environment names, of the environment, else asked for.

    Raises UsageError where nobody can be asked.
    """
    named = os.environ.get(PASSPHRASE_FILE)
    if named:
        try:
            return Path(named).read_text("utf-8").splitlines()[0]
        except (OSError, IndexError, UnicodeDecodeError) as error:
            raise UsageError(
                _("{name} names {path}, whose first line cannot be read. Write the passphrase there.").format(
                    name=PASSPHRASE_FILE, path=named
                )
            ) from error
    given = os.environ.get(PASSPHRASE)
    if given:
        return given
    if ask is None:
        raise UsageError(
            _("This workspace is encrypted. Name a file with the passphrase: {name}=FILE, or use a terminal.").format(
                name=PASSPHRASE_FILE
            )
        )
    return ask()


def _age() -> Any:
    try:
        import pyrage  # noqa: PLC0415 - wanted by encrypted workspaces alone
    except ImportError as error:
        raise MissingProgramError(
            _("Encryption needs two more packages. Type: pip install 'papier[encryption]'")
        ) from error
    return pyrage
