"""Files brought from outside into the inbox, or set aside with the reason beside them.

A file is never nowhere: its bytes are safe under the new name before the old one goes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import unicodedata
from pathlib import Path

from papier.durable import PARTIAL, open_private, sync_folder, write_private
from papier.errors import StoreError, os_words
from papier.language import translate as _

# Longer names are refused by some file systems once a suffix is added.
LONGEST_NAME = 120


def bring_in(source: Path, inbox: Path, name: str | None = None) -> Path:
    """Move a file into the inbox so that it lasts through a power cut; gives its new path.

    From another disk it is copied, read back, and only then deleted. Raises StoreError when the inbox cannot take it,
    OSError when `source` cannot be read, `StuckError` when it is in the inbox but could not be deleted.
    """
    wanted = inbox / safe_name(name or source.name)
    moved = _moved(source, wanted)
    if moved is not None:
        return moved
    with source.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    partial = wanted.with_name(f".{wanted.name}{PARTIAL}")
    try:
        with open_private(partial) as writing, source.open("rb") as reading:
            shutil.copyfileobj(reading, writing, 1 << 20)
            writing.flush()
            os.fsync(writing.fileno())
        with partial.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != digest:
                raise StoreError(_("{name} changed while it was copied. It is tried again.").format(name=source.name))
        target = _give_free_name(partial, wanted)
        sync_folder(inbox)
    except OSError as error:
        raise _cannot_take(inbox, source, error) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    try:
        source.unlink()
    except OSError as error:
        raise StuckError(target, source) from error
    return target


def _moved(source: Path, wanted: Path) -> Path | None:
    """Move the file where that needs no copy (one disk, a folder where this account may); None where it does."""
    if source.stat().st_dev != wanted.parent.stat().st_dev or not os.access(source.parent, os.W_OK):
        return None
    try:
        with source.open("rb") as stream:
            os.fsync(stream.fileno())
        target = _give_free_name(source, wanted)
    except OSError:
        return None
    with contextlib.suppress(OSError):
        target.chmod(0o600)
    sync_folder(target.parent)
    try:
        source.unlink(missing_ok=True)
    except OSError as error:
        raise StuckError(target, source) from error
    return target


def _give_free_name(path: Path, wanted: Path) -> Path:
    """Give a file `wanted` as a further name, or the next free one, whoever else brings files there meanwhile."""
    while True:
        target = free_path(wanted)
        try:
            os.link(path, target, follow_symlinks=False)
        except FileExistsError:
            continue
        except OSError:
            # A disk without hard links: what is there may only be overwritten by a file that comes this instant.
            path.replace(target)
        return target


def write_in(data: bytes, inbox: Path, name: str) -> Path:
    """Put bytes into the inbox as a file. The same name with the same bytes is the same file. Raises StoreError."""
    target = inbox / safe_name(name)
    try:
        write_private(target, data, target.with_name(f".{target.name}{PARTIAL}"))
    except OSError as error:
        raise _cannot_take(inbox, target, error) from error
    return target


class StuckError(StoreError):
    """A file is in the inbox, but its original could not be deleted."""

    def __init__(self, target: Path, source: Path) -> None:
        self.target = target
        super().__init__(
            _("{path} is taken in, but cannot be taken out of its folder. Make the folder writable.").format(
                path=source
            )
        )


def set_aside(source: Path, folder: Path, reason: str, otherwise: Path) -> Path:
    """Move a file that cannot be taken in into `folder`, with the reason in a text file beside it; gives its new path.

    Where `folder` cannot be written, into `otherwise`. Raises OSError when neither can.
    """
    try:
        return _set_aside(source, folder, reason)
    except OSError:
        return _set_aside(source, otherwise, reason)


def _set_aside(source: Path, folder: Path, reason: str) -> Path:
    if not folder.is_dir():
        folder.mkdir()
        # Whoever may take files out of the folder may take them out of this one.
        folder.chmod(folder.parent.stat().st_mode & 0o7777)
    target = free_path(folder / safe_name(source.name))
    beside = target.with_name(f"{target.name}.txt")
    # The reason first: a file that is set aside without one would puzzle.
    beside.write_text(
        _("{name} was not taken in.\n\n{reason}\n\nPut it right and drop it in the folder again.\n").format(
            name=source.name, reason=reason
        ),
        encoding="utf-8",
    )
    try:
        shutil.move(source, target)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    return target


def count_aside(folder: Path) -> int:
    """How many files lie aside in a folder, without the texts beside them."""
    if not folder.is_dir():
        return 0
    names = {path.name for path in folder.iterdir() if path.is_file()}
    return sum(1 for name in names if not (name.endswith(".txt") and name.removesuffix(".txt") in names))


def safe_name(name: str) -> str:
    """A file name that any disk takes and any terminal shows: no control characters, no separators, not hidden."""
    readable = readable_name(name)
    kept = "".join("_" if unicodedata.category(one)[0] == "C" or one in '/\\:*?"<>|\ufffd' else one for one in readable)
    kept = unicodedata.normalize("NFC", kept).strip().lstrip(".-") or "scan"
    stem, dot, suffix = kept.rpartition(".")
    if not dot or len(suffix) > 8:
        return kept[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(suffix)]}.{suffix}"


def readable_name(name: str) -> str:
    """A file's name as text that can be printed and stored: bytes that are no UTF-8 become question marks."""
    # They come as lone surrogates.
    return name.encode(errors="surrogateescape").decode(errors="replace")


def free_path(path: Path) -> Path:
    """The path, or the first of `name-2`, `name-3` … that is free."""
    found, again = path, 1
    while found.exists():
        again += 1
        found = path.with_name(f"{path.stem}-{again}{path.suffix}")
    return found


def _cannot_take(inbox: Path, source: Path, error: OSError) -> StoreError:
    return StoreError(
        _("The inbox {inbox} cannot take {name} ({why}). Make room and make the folder writable.").format(
            inbox=inbox, name=source.name, why=os_words(error)
        )
    )
