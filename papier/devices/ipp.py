"""The Internet Printing Protocol, as far as printing needs it: asking a CUPS server, and understanding its answer.

Encoding: RFC 8010; operations, attributes and states: RFC 8011; the operations from 0x4000 on are CUPS's own
(cups.org/doc/spec-ipp.html). `lpstat` says the same of a job that was printed, cancelled and refused, so that the
sheets' state could not be kept true by it.
"""

from __future__ import annotations

import http.client
import os
import socket
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from urllib.parse import urlsplit

from papier.errors import os_words
from papier.language import translate as _

# A server answers at once; one that does not within this many seconds is not there.
TIMEOUT_SECONDS = 30.0
SOCKETS = (Path("/run/cups/cups.sock"), Path("/var/run/cups/cups.sock"), Path("/private/var/run/cupsd"))
CLIENT_FILES = (Path("~/.cups/client.conf"), Path("/etc/cups/client.conf"))
PORT = 631
_VERSION = b"\x02\x00"

Value = int | bool | str | bytes


class Operation(IntEnum):
    CREATE_JOB = 0x0005
    SEND_DOCUMENT = 0x0006
    CANCEL_JOB = 0x0008
    GET_JOB_ATTRIBUTES = 0x0009
    GET_JOBS = 0x000A
    GET_PRINTER_ATTRIBUTES = 0x000B
    CUPS_GET_DEFAULT = 0x4001
    CUPS_GET_PRINTERS = 0x4002
    CUPS_CREATE_LOCAL_PRINTER = 0x4028


class Group(IntEnum):
    OPERATION = 0x01
    JOB = 0x02
    END = 0x03
    PRINTER = 0x04


class Tag(IntEnum):
    INTEGER = 0x21
    BOOLEAN = 0x22
    ENUM = 0x23
    TEXT = 0x41
    NAME = 0x42
    KEYWORD = 0x44
    URI = 0x45
    CHARSET = 0x47
    LANGUAGE = 0x48
    MIME = 0x49


class Status(IntEnum):
    """The answers that are told apart; 0 to 0xff are success."""

    FORBIDDEN = 0x0401
    NOT_AUTHENTICATED = 0x0402
    NOT_AUTHORIZED = 0x0403
    NOT_POSSIBLE = 0x0404
    NOT_FOUND = 0x0406
    FORMAT_NOT_SUPPORTED = 0x040A
    NOT_ACCEPTING_JOBS = 0x0506
    BUSY = 0x0507


@dataclass(frozen=True)
class Attribute:
    tag: Tag
    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Answer:
    """A server's answer: its status, and the attributes of each printer or job that it tells of."""

    status: int
    message: str
    groups: tuple[tuple[int, Mapping[str, tuple[Value, ...]]], ...]

    @property
    def done(self) -> bool:
        return self.status <= 0xFF

    def all(self, group: Group) -> list[Mapping[str, tuple[Value, ...]]]:
        return [attributes for tag, attributes in self.groups if tag == group]


class UnreachableError(Exception):
    """Nobody answers there, or not in this protocol. `args[0]` says what happened."""


@dataclass(frozen=True)
class Server:
    """Where a CUPS server listens: a socket of this machine, else a host and a port."""

    path: Path | None = None
    host: str = "localhost"
    port: int = PORT

    @classmethod
    def find(cls, environment: Mapping[str, str] | None = None) -> Server:
        """The server that every program here prints by: $CUPS_SERVER, client.conf, this machine's own."""
        named = (os.environ if environment is None else environment).get("CUPS_SERVER", "") or _from_client_files()
        if named:
            return cls.parse(named)
        for path in SOCKETS:
            if path.exists():
                return cls(path)
        return cls()

    @classmethod
    def parse(cls, text: str) -> Server:
        if text.startswith("/"):
            return cls(Path(text))
        host, _, port = text.partition("/")[0].partition(":")
        return cls(None, host, int(port) if port.isdigit() else PORT)

    def connect(self) -> http.client.HTTPConnection:
        if self.path is not None:
            return _SocketConnection(self.path)
        return http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_SECONDS)


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_SECONDS)
        self.sock.connect(str(self._path))


def ask(server: Server, operation: Operation, attributes: Sequence[Attribute], document: bytes = b"") -> Answer:
    """Send one request and give the answer. Raises UnreachableError.

    The attributes of the operation come first, `printer-uri` among them; those of a job or printer follow by name.
    """
    target = next((str(entry.values[0]) for entry in attributes if entry.name in _TARGETS), "ipp://localhost/")
    body = encode(operation, attributes) + document
    connection = server.connect()
    try:
        connection.request("POST", urlsplit(target).path or "/", body, {"Content-Type": "application/ipp"})
        answer = connection.getresponse()
        data = answer.read()
    except (OSError, http.client.HTTPException) as error:
        said = os_words(error) if isinstance(error, OSError) else str(error)
        raise UnreachableError(said or type(error).__name__) from error
    finally:
        connection.close()
    if answer.status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        return Answer(Status.NOT_AUTHORIZED, answer.reason, ())
    if answer.status != http.client.OK:
        raise UnreachableError(_("it answers HTTP {status}").format(status=answer.status))
    return decode(data)


def fetch(server: Server, path: str) -> bytes | None:
    """A file that the server offers, such as a queue's driver; None where there is none."""
    connection = server.connect()
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        data = answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return data if answer.status == http.client.OK else None


_TARGETS = frozenset({"printer-uri", "job-uri"})
# What belongs to the job or the printer that is made, not to the operation.
_OF_OPERATION = frozenset(
    {
        "printer-uri",
        "job-uri",
        "job-id",
        "requesting-user-name",
        "job-name",
        "document-name",
        "document-format",
        "last-document",
        "requested-attributes",
        "which-jobs",
        "my-jobs",
        "limit",
    }
)


def encode(operation: Operation, attributes: Iterable[Attribute], request: int = 1) -> bytes:
    """A request of RFC 8010 without its document."""
    listed = list(attributes)
    first = [
        Attribute(Tag.CHARSET, "attributes-charset", ("utf-8",)),
        Attribute(Tag.LANGUAGE, "attributes-natural-language", ("en",)),
    ]
    own = sorted((entry for entry in listed if entry.name in _OF_OPERATION), key=_operation_order)
    rest = [entry for entry in listed if entry.name not in _OF_OPERATION]
    data = _VERSION + struct.pack(">HI", operation, request) + bytes([Group.OPERATION])
    data += b"".join(map(_encode, [*first, *own]))
    if rest:
        group = Group.PRINTER if operation is Operation.CUPS_CREATE_LOCAL_PRINTER else Group.JOB
        data += bytes([group]) + b"".join(map(_encode, rest))
    return data + bytes([Group.END])


def _operation_order(attribute: Attribute) -> int:
    """RFC 8011, 4.1.5: the target first, then whoever asks."""
    return 0 if attribute.name in _TARGETS else 1 if attribute.name == "job-id" else 2


def _encode(attribute: Attribute) -> bytes:
    data = b""
    for at, value in enumerate(attribute.values):
        name = b"" if at else attribute.name.encode()
        if isinstance(value, bool):
            raw = bytes([value])
        elif isinstance(value, int):
            raw = struct.pack(">i", value)
        else:
            raw = value if isinstance(value, bytes) else value.encode()
        data += struct.pack(">BH", attribute.tag, len(name)) + name + struct.pack(">H", len(raw)) + raw
    return data


def decode(data: bytes) -> Answer:
    """An answer of RFC 8010. Values of other kinds than numbers, flags and text stay bytes. Raises UnreachableError."""
    try:
        return _decode(data)
    except (struct.error, IndexError) as error:
        raise UnreachableError(_("what answers there is no print service")) from error


def _decode(data: bytes) -> Answer:
    _version, status, _request = struct.unpack_from(">HHI", data)
    groups: list[tuple[int, dict[str, tuple[Value, ...]]]] = []
    at, name = 8, ""
    while data[at] != Group.END:
        tag = data[at]
        if tag <= 0x0F:
            groups.append((tag, {}))
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 1)
        name = data[at + 3 : at + 3 + length].decode("utf-8", "replace") if length else name
        at += 3 + length
        (length,) = struct.unpack_from(">H", data, at)
        raw = data[at + 2 : at + 2 + length]
        at += 2 + length
        if len(raw) != length or not groups:
            raise struct.error
        entry = groups[-1][1]
        entry[name] = (*entry.get(name, ()), _value(tag, raw))
    operation = next((entry for tag, entry in groups if tag == Group.OPERATION), {})
    message = next((str(value) for value in operation.get("status-message", ())), "")
    return Answer(status, message, tuple(groups))


def _value(tag: int, raw: bytes) -> Value:
    if tag in (Tag.INTEGER, Tag.ENUM) and len(raw) == 4:
        return int(struct.unpack(">i", raw)[0])
    if tag == Tag.BOOLEAN:
        return raw != b"\0"
    if 0x40 <= tag <= 0x5F:
        return raw.decode("utf-8", "replace")
    return raw


def _from_client_files() -> str:
    for path in CLIENT_FILES:
        try:
            lines = path.expanduser().read_text(encoding="utf-8", errors="replace").splitlines()
        except (OSError, RuntimeError):
            continue
        for line in lines:
            words = line.split()
            if len(words) > 1 and words[0].lower() == "servername":
                return words[1]
    return ""
