"""Scans dropped into the browser: written piece by piece into the inbox, whole or not at all.

Nothing is held in memory or in a folder of the system: what a sheet keeps to itself must lie in the workspace only.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from papier.durable import make_folder, sync_folder
from papier.errors import StoreError, UsageError, os_words
from papier.language import translate as _

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

# A stack of 300 pages in colour at 300 dpi is a third of this.
MAX_UPLOAD_BYTES = 1 << 30
SUFFIXES = frozenset({".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".png"})
# Where a scan lies while it comes in: on the inbox's file system, where nobody looks for scans.
ARRIVING = ".arriving"
# Bytes of a file's name: file systems take 255, and one of that name may be there already.
LONGEST_NAME = 200
FORM_TOKEN = "form_token"  # noqa: S105 - the name of a field
MAX_TOKEN_BYTES = 200


def clean_name(given: str) -> str:
    """A file name that is one in every folder: no path, no control characters, not hidden, not too long.

    Raises UsageError when it is not the name of a scan.
    """
    name = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2]
    name = "".join(letter for letter in name if unicodedata.category(letter)[0] != "C")
    name = " ".join(name.split()).strip(" .")
    stem, suffix = Path(name).stem, Path(name).suffix
    if suffix.lower() not in SUFFIXES or not stem:
        raise UsageError(_("“{name}” is no scan. Drop PDF, TIFF, JPEG or PNG files.").format(name=name[:80]))
    return stem.encode()[: LONGEST_NAME - len(suffix)].decode(errors="ignore").rstrip(" .") + suffix


async def receive(request: Request, inbox: Path, is_own_form: Callable[[object], bool]) -> list[Path] | None:
    """Write the files of a form into the inbox as they come; gives where they lie. None: the form is not ours.

    Raises UsageError for what is no scan or too large, StoreError where the disk does not take it. Either all files
    are in the inbox, or none is.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or boundary is None:
        raise UsageError(_("No file came with this form. Choose one, then send it again."))
    parts = _Parts(inbox, is_own_form)
    parser = MultipartParser(boundary, parts.callbacks())
    received = 0
    try:
        async for piece in request.stream():
            received += len(piece)
            if received > MAX_UPLOAD_BYTES:
                raise UsageError(_("This is more than a gigabyte. Scan in smaller stacks, or use: papier intake FILE"))
            await run_in_threadpool(parser.write, piece)
        return await run_in_threadpool(parts.finish)
    except _ForeignFormError:
        return None
    except (MultipartParseError, ClientDisconnect, ValueError) as error:
        raise UsageError(_("The file did not come in whole. Send it again.")) from error
    except OSError as error:
        raise StoreError(
            _("The inbox cannot take the scan ({why}). Make room on the disk, then send it again.").format(
                why=os_words(error)
            )
        ) from error
    finally:
        parts.sweep()


class _ForeignFormError(Exception):
    """A form without our token: nothing of it is kept."""


class _Parts:
    """What the parser of a form calls: the token, then the files."""

    def __init__(self, inbox: Path, is_own_form: Callable[[object], bool]) -> None:
        self.inbox = inbox
        self.is_own_form = is_own_form
        self._own = False
        self._whole = False
        self._field = bytearray()
        self._value = bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._name: bytes | None = None
        self._file: BinaryIO | None = None
        self._token = bytearray()
        self._arrived: list[tuple[Path, str]] = []

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._field.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header,
            "on_headers_finished": self._open,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._all,
        }

    def _begin(self) -> None:
        self._headers = {}

    def _header(self) -> None:
        self._headers[bytes(self._field).lower()] = bytes(self._value)
        self._field.clear()
        self._value.clear()

    def _open(self) -> None:
        _kind, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name")
        given = options.get(b"filename")
        if given is None:
            return
        # The token comes first in our form: a stranger's file is not even opened.
        if not self._own:
            raise _ForeignFormError
        if not given:
            return
        name = clean_name(given.decode(errors="replace"))
        folder = self.inbox / ARRIVING
        make_folder(folder)
        path = folder / f"{secrets.token_hex(8)}{Path(name).suffix}"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(handle, "wb")
        self._arrived.append((path, name))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])
        elif self._name == FORM_TOKEN.encode() and len(self._token) < MAX_TOKEN_BYTES:
            self._token += data[start:end]

    def _end(self) -> None:
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
        elif self._name == FORM_TOKEN.encode():
            self._own = self.is_own_form(self._token.decode(errors="replace"))

    def _all(self) -> None:
        self._whole = True

    def finish(self) -> list[Path]:
        """Let the files into the inbox, each under its own name, beside what lies there."""
        if not self._own:
            raise _ForeignFormError
        if not self._whole:
            raise ValueError("the form has no end")
        if not self._arrived:
            raise UsageError(_("No file came with this form. Choose one, then send it again."))
        placed = []
        for path, name in self._arrived:
            placed.append(_place(path, self.inbox, name))
        sync_folder(self.inbox)
        self._arrived = []
        return placed

    def sweep(self) -> None:
        """Take away what did not come in whole."""
        if self._file is not None:
            self._file.close()
        for path, _name in self._arrived:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _place(path: Path, inbox: Path, name: str) -> Path:
    """Move a whole file into the inbox under a name that is free, and that nobody else takes meanwhile."""
    stem, suffix = Path(name).stem, Path(name).suffix
    at = 1
    while True:
        target = inbox / (name if at == 1 else f"{stem}-{at}{suffix}")
        try:
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            at += 1
            continue
        path.replace(target)
        return target


def sweep_arriving(inbox: Path, before: float) -> None:
    """Take away what a killed desk left half received: nothing was filed, and whoever sent it was told so.

    `before`: seconds since the epoch; younger files may be coming in at another desk.
    """
    for path in (inbox / ARRIVING).glob("*"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < before:
                path.unlink()
