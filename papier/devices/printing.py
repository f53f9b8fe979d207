"""Printing through CUPS: which printers there are, handing a PDF to one, and what became of the job.

A job is made first, without its document, so that its number is kept before anything can print; the document follows.
A job that never got its document prints nothing, and CUPS clears it away.
"""

from __future__ import annotations

import getpass
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from papier.devices.ipp import (
    Answer,
    Attribute,
    Group,
    Operation,
    Server,
    Status,
    Tag,
    UnreachableError,
    Value,
    ask,
    fetch,
)
from papier.errors import MissingProgramError, PapierError, ProgramFailedError, UsageError, os_words
from papier.language import translate as _
from papier.yaml_source import suggest_or_list

NORMAL_QUALITY = 4  # RFC 8011, 5.2.13: 3 is draft
WHITE = "blanc"
URI_SCHEMES = ("ipp://", "ipps://")
_PRINTER_ATTRIBUTES = (
    "printer-name",
    "printer-info",
    "printer-location",
    "printer-state",
    "printer-state-reasons",
    "printer-state-message",
    "printer-is-accepting-jobs",
    "printer-is-temporary",
    "printer-error-policy",
    "device-uri",
    "sides-supported",
    "media-source-supported",
    "queued-job-count",
    "media-supported",
)
_JOB_ATTRIBUTES = (
    "job-state",
    "job-state-reasons",
    "job-printer-state-message",
    "job-impressions-completed",
    "number-of-documents",
    "time-at-processing",
)
_TRAY = re.compile(r"^\*InputSlot ([^/:\s]+)", re.MULTILINE)
# Names a queue made for a URI; CUPS turns a hyphen of a name into a low line.
_MADE_FOR_URI = "papier_"


class Sides(StrEnum):
    ONE = "one-sided"
    LONG_EDGE = "two-sided-long-edge"
    SHORT_EDGE = "two-sided-short-edge"


class JobState(StrEnum):
    WAITING = "waiting"
    HELD = "held"
    PRINTING = "printing"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    FAILED = "failed"
    DONE = "done"

    @property
    def over(self) -> bool:
        return self in (JobState.CANCELLED, JobState.FAILED, JobState.DONE)


# RFC 8011, 5.3.7
_JOB_STATES = {
    3: JobState.WAITING,
    4: JobState.HELD,
    5: JobState.PRINTING,
    6: JobState.STOPPED,
    7: JobState.CANCELLED,
    8: JobState.FAILED,
    9: JobState.DONE,
}
_STOPPED = 5  # RFC 8011, 5.4.11


@dataclass(frozen=True)
class Printer:
    """A queue of the CUPS server. `reasons` are the keywords of what is the matter, without "none"."""

    name: str
    info: str = ""
    location: str = ""
    device: str = ""
    stopped: bool = False
    accepting: bool = True
    reasons: tuple[str, ...] = ()
    message: str = ""
    sides: tuple[str, ...] = ()
    trays: tuple[str, ...] = ()
    waiting: int = 0
    media: tuple[str, ...] = ()

    @property
    def uri(self) -> str:
        return f"ipp://localhost/printers/{self.name}"


@dataclass(frozen=True)
class JobOptions:
    """How a stack is printed. `media`: a size CUPS knows; `more` goes to the queue as it is; `paper`: its tint."""

    media: str = "A4"
    tray: str = ""
    sides: Sides = Sides.ONE
    copies: int = 1
    more: Mapping[str, str] = field(default_factory=dict)
    paper: str = WHITE

    @property
    def must_be_loaded(self) -> bool:
        """True for tinted paper that the settings give no tray: somebody has to put it in."""
        return self.paper != WHITE and not self.tray and not self.more

    def attributes(self) -> list[Attribute]:
        """As `lp -o` would send them. Never draft; never scaled, or the marks stand elsewhere than the layout says."""
        fixed = [
            Attribute(Tag.KEYWORD, "media", (self.media,)),
            Attribute(Tag.KEYWORD, "sides", (str(self.sides),)),
            Attribute(Tag.ENUM, "print-quality", (NORMAL_QUALITY,)),
            Attribute(Tag.KEYWORD, "print-scaling", ("none",)),
            Attribute(Tag.INTEGER, "copies", (self.copies,)),
            Attribute(Tag.KEYWORD, "multiple-document-handling", ("separate-documents-collated-copies",)),
        ]
        if self.tray:
            # The `media` keyword has room for a tray, but CUPS's own backend then loses the size of the paper.
            fixed.append(Attribute(Tag.NAME, "InputSlot", (self.tray,)))
        known = {entry.name for entry in fixed}
        return fixed + [Attribute(Tag.NAME, name, (value,)) for name, value in self.more.items() if name not in known]


@dataclass(frozen=True)
class Job:
    """What CUPS says of a job. `has_pages`: its document is there, or was.

    `impressions` counts the pages that CUPS worked on, in every attempt; the printer need not have seen them.
    """

    state: JobState
    message: str = ""
    impressions: int = 0
    has_pages: bool = False


def list_printers(server: Server) -> list[Printer]:
    """The queues, by name. Raises MissingProgramError where no CUPS answers."""
    wanted = Attribute(Tag.KEYWORD, "requested-attributes", _PRINTER_ATTRIBUTES)
    answer = _asked(server, Operation.CUPS_GET_PRINTERS, [_user(), wanted])
    if answer.status == Status.NOT_FOUND:
        return []
    _check(answer, "")
    return sorted((_printer(entry) for entry in answer.all(Group.PRINTER)), key=lambda printer: printer.name.lower())


def default_printer(server: Server) -> str | None:
    """The server's own default queue, if it has one."""
    wanted = Attribute(Tag.KEYWORD, "requested-attributes", ("printer-name",))
    answer = _asked(server, Operation.CUPS_GET_DEFAULT, [_user(), wanted])
    names = [_text(entry, "printer-name") for entry in answer.all(Group.PRINTER)] if answer.done else []
    return next(iter(names), None)


def find_printer(server: Server, name: str) -> Printer:
    """The queue of that name, or one for an `ipp://` address, which CUPS makes where there is none.

    Raises UsageError for an unknown one, MissingProgramError where no CUPS answers.
    """
    if name.startswith(URI_SCHEMES):
        return _printer_at(server, name)
    wanted = Attribute(Tag.KEYWORD, "requested-attributes", _PRINTER_ATTRIBUTES)
    target = Attribute(Tag.URI, "printer-uri", (Printer(name).uri,))
    answer = _asked(server, Operation.GET_PRINTER_ATTRIBUTES, [target, _user(), wanted])
    found = answer.all(Group.PRINTER)
    if answer.status == Status.NOT_FOUND or (answer.done and not found):
        known = [printer.name for printer in list_printers(server)]
        hint = suggest_or_list(name, known) if known else " " + _("CUPS has no printer yet: see README.md, Printing.")
        raise UsageError(_("There is no printer “{name}”.").format(name=name) + hint)
    _check(answer, name)
    return _printer(found[0])


def find_trays(server: Server, printer: Printer) -> tuple[str, ...]:
    """The trays as the queue's driver names them, else as the printer does; empty where neither says."""
    ppd = fetch(server, f"/printers/{printer.name}.ppd")
    choices = _TRAY.findall((ppd or b"").decode("latin-1"))
    return tuple(dict.fromkeys(choices)) or printer.trays


def match_tray(wanted: str, printer: str, trays: Sequence[str]) -> str:
    """The tray that is meant, whatever the writing: `tray-2` is `Tray2`. Raises UsageError where there is none."""
    folded = {_folded(tray): tray for tray in trays}
    if not trays:
        return wanted
    if _folded(wanted) not in folded:
        raise UsageError(
            _("The printer {name} has no tray “{tray}”. It has: {trays}. Mend papier.yaml, impression.").format(
                name=printer, tray=wanted, trays=", ".join(trays)
            )
        )
    return folded[_folded(wanted)]


def check_paper(media: str, printer: Printer) -> None:
    """Raises UsageError where the printer takes no paper of this size: it would cancel the job without a word."""
    known = [name for name in printer.media if name.startswith("iso_a")]
    if printer.media and media.startswith("A") and not any(name.startswith(f"iso_{media.lower()}_") for name in known):
        sizes = ", ".join(dict.fromkeys(name.split("_")[1].upper() for name in known))
        raise UsageError(
            _("The printer {name} takes no {size} paper (it takes: {sizes}). Choose another printer.").format(
                name=printer.name, size=media, sizes=sizes or "–"
            )
        )


def _folded(tray: str) -> str:
    return re.sub(r"[^a-z0-9]", "", tray.lower())


def create_job(server: Server, printer: Printer, title: str, options: JobOptions) -> int:
    """Make a job that has no document yet; gives its number. Raises ProgramFailedError when the queue refuses it."""
    attributes = [
        Attribute(Tag.URI, "printer-uri", (printer.uri,)),
        _user(),
        Attribute(Tag.NAME, "job-name", (title,)),
        *options.attributes(),
    ]
    answer = _asked(server, Operation.CREATE_JOB, attributes)
    _check(answer, printer.name)
    for entry in answer.all(Group.JOB):
        number = entry.get("job-id", (None,))[0]
        if isinstance(number, int):
            return number
    raise ProgramFailedError(_("The printer {name} gave no job number. Try again.").format(name=printer.name))


def send_document(server: Server, printer: Printer, job: int, pdf: bytes) -> None:
    """Give a job its only document: from here on it prints. Raises ProgramFailedError."""
    attributes = [
        Attribute(Tag.URI, "printer-uri", (printer.uri,)),
        Attribute(Tag.INTEGER, "job-id", (job,)),
        _user(),
        Attribute(Tag.MIME, "document-format", ("application/pdf",)),
        Attribute(Tag.BOOLEAN, "last-document", (True,)),
    ]
    _check(_asked(server, Operation.SEND_DOCUMENT, attributes, pdf), printer.name)


def find_job(server: Server, printer: str, job: int) -> Job | None:
    """What became of a job; None where the server knows it no more."""
    attributes = [
        Attribute(Tag.URI, "printer-uri", (Printer(printer).uri,)),
        Attribute(Tag.INTEGER, "job-id", (job,)),
        _user(),
        Attribute(Tag.KEYWORD, "requested-attributes", _JOB_ATTRIBUTES),
    ]
    answer = _asked(server, Operation.GET_JOB_ATTRIBUTES, attributes)
    if answer.status == Status.NOT_FOUND:
        return None
    _check(answer, printer)
    for entry in answer.all(Group.JOB):
        state = _JOB_STATES.get(_number(entry, "job-state"), JobState.WAITING)
        return Job(
            state,
            _text(entry, "job-printer-state-message"),
            _number(entry, "job-impressions-completed"),
            # The documents of a job that is over may be cleared away; that it was worked on says that it had one.
            state is JobState.DONE
            or _number(entry, "number-of-documents") > 0
            or _number(entry, "time-at-processing") > 0,
        )
    return None


def cancel_job(server: Server, printer: str, job: int) -> None:
    """Cancel a job; one that is over stays as it is."""
    attributes = [
        Attribute(Tag.URI, "printer-uri", (Printer(printer).uri,)),
        Attribute(Tag.INTEGER, "job-id", (job,)),
        _user(),
    ]
    answer = _asked(server, Operation.CANCEL_JOB, attributes)
    if answer.status not in (Status.NOT_POSSIBLE, Status.NOT_FOUND):
        _check(answer, printer)


def read_pdf(path: Path, sha256: str | None) -> bytes:
    """The PDF to send, which must be the one that was written. Raises ProgramFailedError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ProgramFailedError(
            _("{path} is gone ({why}). Void its sheets, then print new ones: papier sheets void …").format(
                path=path, why=os_words(error)
            )
        ) from error
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise ProgramFailedError(
            _("{path} is not the PDF that papier wrote any more. Void its sheets, then print new ones.").format(
                path=path
            )
        )
    return data


def _printer_at(server: Server, uri: str) -> Printer:
    """The queue for an address: one that CUPS has, else a temporary one that needs no rights (CUPS 2.2)."""
    for printer in list_printers(server):
        if printer.device.rstrip("/") == uri.rstrip("/"):
            return printer
    name = _MADE_FOR_URI + hashlib.sha256(uri.encode()).hexdigest()[:10]
    attributes = [
        Attribute(Tag.URI, "printer-uri", ("ipp://localhost/",)),
        _user(),
        Attribute(Tag.NAME, "printer-name", (name,)),
        Attribute(Tag.URI, "device-uri", (uri,)),
    ]
    _check(_asked(server, Operation.CUPS_CREATE_LOCAL_PRINTER, attributes), uri)
    return Printer(name, device=uri)


def _asked(server: Server, operation: Operation, attributes: Sequence[Attribute], document: bytes = b"") -> Answer:
    try:
        return ask(server, operation, attributes, document)
    except UnreachableError as error:
        raise MissingProgramError(
            _(
                "The print service CUPS does not answer ({why}). Install it: sudo apt install cups; "
                "or start it: sudo systemctl start cups"
            ).format(why=error)
        ) from error


def _check(answer: Answer, printer: str) -> None:
    """Turn a refusal into one sentence with what to do."""
    if answer.done:
        return
    refusal: type[PapierError] = ProgramFailedError
    if answer.status == Status.NOT_ACCEPTING_JOBS:
        words = _("The printer {name} takes no jobs ({why}). Let it: sudo cupsaccept {name}")
    elif answer.status in (Status.FORBIDDEN, Status.NOT_AUTHENTICATED, Status.NOT_AUTHORIZED):
        words = _("The printer {name} does not let you print ({why}). Ask whoever looks after it.")
    elif answer.status == Status.NOT_FOUND:
        words, refusal = _("The printer {name} is gone ({why}). See which there are: papier printers"), UsageError
    elif answer.status == Status.FORMAT_NOT_SUPPORTED:
        words = _("The printer {name} takes no PDF ({why}). Install its driver, or choose another printer.")
    elif answer.status == Status.BUSY:
        words = _("The printer {name} is busy ({why}). Try again in a minute.")
    else:
        words = _("The printer {name} refused ({why}). Look at it, then try again: papier printers")
    raise refusal(words.format(name=printer or "CUPS", why=answer.message or f"IPP 0x{answer.status:04x}"))


def _user() -> Attribute:
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = "papier"
    return Attribute(Tag.NAME, "requesting-user-name", (name,))


def _printer(entry: Mapping[str, tuple[Value, ...]]) -> Printer:
    return Printer(
        _text(entry, "printer-name"),
        _text(entry, "printer-info"),
        _text(entry, "printer-location"),
        _text(entry, "device-uri"),
        _number(entry, "printer-state") == _STOPPED,
        entry.get("printer-is-accepting-jobs", (True,))[0] is True,
        _reasons(entry, "printer-state-reasons"),
        _text(entry, "printer-state-message"),
        tuple(str(value) for value in entry.get("sides-supported", ())),
        tuple(str(value) for value in entry.get("media-source-supported", ())),
        _number(entry, "queued-job-count"),
        tuple(str(value) for value in entry.get("media-supported", ())),
    )


def _text(entry: Mapping[str, tuple[Value, ...]], name: str) -> str:
    value = entry.get(name, ("",))[0]
    return value if isinstance(value, str) else ""


def _number(entry: Mapping[str, tuple[Value, ...]], name: str) -> int:
    value = entry.get(name, (0,))[0]
    return value if isinstance(value, int) else 0


def _reasons(entry: Mapping[str, tuple[Value, ...]], name: str) -> tuple[str, ...]:
    return tuple(str(value) for value in entry.get(name, ()) if value != "none")
