"""A maildir that the copier writes to: the scans attached to its messages.

A message is only read; `file_as_read` files it under what was seen, where the office wants that.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import mailbox
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

from papier.errors import UsageError
from papier.language import translate as _

# What copiers send scans as; some call everything a stream of octets, and then the name tells.
SCAN_TYPES = frozenset({"application/pdf", "application/x-pdf", "image/tiff", "image/jpeg", "image/jpg", "image/png"})
SCAN_SUFFIXES = (".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".png")
OCTETS = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One scan of a message: the name the copier gave it, and its bytes."""

    name: str
    data: bytes

    @property
    def inbox_name(self) -> str:
        """The same for the same scan, so that an interrupted delivery is done over and never doubled."""
        return f"courriel-{hashlib.sha256(self.data).hexdigest()[:12]}-{self.name}"


@dataclass(frozen=True)
class Message:
    """One message: its key in the maildir, who sent it, and its scans."""

    key: str
    sender: str
    attachments: tuple[Attachment, ...]


def open_maildir(folder: Path) -> mailbox.Maildir:
    """A maildir that is there. Raises UsageError where there is none."""
    if not all((folder / part).is_dir() for part in ("cur", "new", "tmp")):
        raise UsageError(
            _("{folder} is no maildir: it has no folders cur, new and tmp. Name the maildir itself.").format(
                folder=folder
            )
        )
    return mailbox.Maildir(folder, create=False)


def list_keys(box: mailbox.Maildir) -> list[str]:
    """The keys of all messages, new and seen, oldest first."""
    return sorted(box.keys())


def read_message(box: mailbox.Maildir, key: str) -> Message | None:
    """One message with its scans; None when it is gone. What cannot be decoded is no scan."""
    try:
        data = box.get_bytes(key)
    except (KeyError, OSError):
        return None
    message = email.message_from_bytes(data, policy=email.policy.default)
    return Message(key, parseaddr(str(message.get("From", "")))[1].lower(), tuple(_attachments(message)))


def file_as_read(box: mailbox.Maildir, key: str) -> None:
    """File a message under what was seen; its bytes stay as they are."""
    try:
        message = box.get_message(key)
    except (KeyError, OSError):
        return
    message.set_subdir("cur")
    message.add_flag("S")
    # Only its name changes: `mailbox` would write the message anew.
    folder = Path(box._path)  # noqa: SLF001 - no public way keeps the bytes
    old = folder / box._lookup(key)  # type: ignore[attr-defined]  # noqa: SLF001
    new = folder / "cur" / f"{key}:{message.get_info()}"
    old.replace(new)


def _attachments(message: EmailMessage) -> Iterator[Attachment]:
    for part in message.walk():
        if part.is_multipart():
            continue
        name = part.get_filename() or ""
        kind = part.get_content_type().lower()
        if kind not in SCAN_TYPES and not (kind == OCTETS and name.lower().endswith(SCAN_SUFFIXES)):
            continue
        data = part.get_payload(decode=True)
        if isinstance(data, bytes) and data:
            yield Attachment(name or f"scan.{kind.rpartition('/')[2]}", data)
