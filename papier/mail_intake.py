"""Scans out of a maildir into the inbox, each once.

That a scan is taken once is intake's promise; which messages are done is remembered only to save time.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

from papier.devices.delivery import write_in
from papier.devices.maildir import file_as_read, list_keys, open_maildir, read_message
from papier.durable import write_private
from papier.store.workspace import Workspace

STATE_FILE = "mail.json"


@dataclass(frozen=True)
class Delivered:
    """What a maildir brought: messages that were not done yet, scans put into the inbox."""

    messages: int
    scans: int


def deliver_mail(
    workspace: Workspace, maildir: Path, *, sender: str | None = None, mark_read: bool = False
) -> Delivered:
    """Put the scans of messages that are not done yet into the inbox. Raises UsageError where there is no maildir.

    `sender`: messages of others are left alone. `mark_read`: a message is filed as read once its scans are safe.
    """
    box = open_maildir(maildir)
    known = _read_state(workspace)
    # Under another rule, messages that were passed over are looked at again.
    place = f"{maildir.resolve()} {sender or ''}".strip()
    done = set(known.get(place, ()))
    keys = list_keys(box)
    messages = scans = 0
    try:
        for key in keys:
            if key in done:
                continue
            message = read_message(box, key)
            if message is not None and (sender is None or message.sender == sender.lower()):
                for attachment in message.attachments:
                    write_in(attachment.data, workspace.inbox, attachment.inbox_name)
                    scans += 1
                messages += 1
                if mark_read:
                    file_as_read(box, key)
            done.add(key)
    finally:
        if messages or done - set(known.get(place, ())):
            _write_state(workspace, known | {place: sorted(done & set(keys))})
    return Delivered(messages, scans)


def _read_state(workspace: Workspace) -> dict[str, list[str]]:
    with contextlib.suppress(OSError, ValueError):
        state = json.loads((workspace.folder / STATE_FILE).read_bytes())
        if isinstance(state, dict):
            return {str(place): [str(key) for key in keys] for place, keys in state.items() if isinstance(keys, list)}
    return {}


def _write_state(workspace: Workspace, state: dict[str, list[str]]) -> None:
    write_private(workspace.folder / STATE_FILE, json.dumps(state).encode())
