"""SANE scanners, through `scanimage`.

A batch is one run of `scanimage`: each page is a file that appears whole, in the feeder's order, while the next one is
on its way. When the scanner stops early, what it finished is there, and the error says from which sheet to go on.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO

from papier.devices.sane_options import Side, find_sources, parse_options, reading_arguments
from papier.devices.wholeness import is_whole
from papier.errors import MissingProgramError, ProgramFailedError
from papier.language import translate as _
from papier.language import translate_count as _n

PROGRAM = "scanimage"
# Network scanners answer slowly, or never.
PROBE_SECONDS = 60
# A lamp warms up within a minute; a scanner that says nothing for three is not there any more.
SILENCE_SECONDS = 180
STOP_SECONDS = 10
PAGE_NAME = "page-%05d.jpg"
# Lineart cannot be a JPEG; no scanner is asked for it, but one may know nothing else.
FORMAT = "jpeg"
_PROGRESS = re.compile(r"Progress: ([\d.]+)%")


class Trouble(StrEnum):
    """Why a scanner stopped. What SANE calls it (sane.h, SANE_Status) is in `SANE_WORDS`."""

    EMPTY = "empty"
    JAM = "jam"
    COVER = "cover"
    IO = "io"
    BUSY = "busy"
    DENIED = "denied"
    MEMORY = "memory"
    CANCELLED = "cancelled"
    CUT = "cut"
    GONE = "gone"
    SILENT = "silent"
    OPTION = "option"
    OTHER = "other"


# As scanimage prints them under LC_ALL=C, the most telling first.
SANE_WORDS = (
    ("out of documents", Trouble.EMPTY),
    ("feeder jammed", Trouble.JAM),
    ("cover is open", Trouble.COVER),
    ("device busy", Trouble.BUSY),
    ("access to resource has been denied", Trouble.DENIED),
    ("out of memory", Trouble.MEMORY),
    ("operation was cancel", Trouble.CANCELLED),
    ("too few scanlines", Trouble.CUT),
    ("no sane devices found", Trouble.GONE),
    ("open of device", Trouble.GONE),
    ("unrecognized option", Trouble.OPTION),
    ("setting of option", Trouble.OPTION),
    ("bad option value", Trouble.OPTION),
    ("attempted to set inactive option", Trouble.OPTION),
    ("i/o", Trouble.IO),
    ("invalid argument", Trouble.GONE),
    ("end of file", Trouble.EMPTY),
)


@dataclass(frozen=True, slots=True)
class Scanner:
    """A scanner as SANE names it."""

    name: str
    kind: str = ""
    vendor: str = ""
    model: str = ""


@dataclass(frozen=True)
class ScanPlan:
    """How one scanner is asked: the side, the arguments that say so, and whether sheets follow by themselves."""

    scanner: str
    side: Side
    arguments: tuple[str, ...] = ()
    sides: tuple[Side, ...] = field(default=())

    def sheet_of(self, page: int) -> int:
        """The sheet that page number `page` (from 1) of a batch is on."""
        return (page + 1) // 2 if self.side is Side.DUPLEX else page


class ScannerStoppedError(ProgramFailedError):
    """The scanner stopped before the stack was through. `pages` were finished and are safe."""

    def __init__(self, trouble: Trouble, pages: int, plan: ScanPlan, words: str) -> None:
        self.trouble = trouble
        self.pages = pages
        self.sheet = plan.sheet_of(pages + 1)
        super().__init__(_message(trouble, pages, self.sheet, plan, words))


def list_scanners() -> list[Scanner]:
    """The scanners that SANE finds. Raises MissingProgramError without scanimage."""
    done = _probe(["--formatted-device-list=%d\t%t\t%v\t%m%n"])
    rows = (line.split("\t") for line in done.stdout.splitlines() if line.count("\t") == 3)
    return [Scanner(*row) for row in rows]


def plan_scan(scanner: str, side: Side | None = None, extra: Sequence[str] = ()) -> ScanPlan:
    """How to scan with `scanner`: from its feeder where it has one, unless `side` says otherwise.

    `extra`: further options, `name=value`, that the user sets. Raises ScannerStoppedError when the scanner does not
    answer, ProgramFailedError when it has no such side.
    """
    more = tuple(f"--{option}" for option in extra)
    options = parse_options(_ask_options(scanner, ()))
    sources = find_sources(options)
    if not sources:
        kind = next((entry.kind for entry in list_scanners() if entry.name == scanner), "")
        only = Side.FEEDER if "sheetfed" in kind or "feeder" in kind else Side.GLASS
        sources = {only: ()}
    chosen = side or next(one for one in (Side.FEEDER, Side.GLASS, Side.DUPLEX) if one in sources)
    if chosen not in sources:
        have = ", ".join(sources)
        raise ProgramFailedError(
            _("The scanner {scanner} has no “{side}”; it has: {have}. Choose one of these.").format(
                scanner=scanner, side=chosen, have=have
            )
        )
    source = tuple(sources[chosen])
    if source:
        # What can be chosen depends on the source.
        options = parse_options(_ask_options(scanner, source))
    return ScanPlan(scanner, chosen, (*source, *reading_arguments(options), *more), tuple(sources))


def scan_batch(
    plan: ScanPlan,
    folder: Path,
    count: int | None = None,
    progress: Callable[[int, float], None] | None = None,
    first: int = 1,
) -> Generator[Path]:
    """Scan a stack (one sheet from the glass) into `folder`, which exists: each page as soon as it is whole, in order.

    `count`: stop after so many pages. `first`: the number of the first page. `progress` is told the page that runs and
    its share from 0 to 1.
    Raises ScannerStoppedError when the scanner stops early; an empty feeder after the first page is the end.
    """
    wanted = 1 if plan.side is Side.GLASS else count
    command = [
        *(_program(), f"--device-name={plan.scanner}", f"--format={FORMAT}"),
        *(f"--batch={folder / PAGE_NAME}", f"--batch-start={first}", "--batch-print", "--progress"),
        *([f"--batch-count={wanted}"] if wanted is not None else []),
        *plan.arguments,
    ]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    assert process.stderr is not None  # noqa: S101
    lines: queue.Queue[tuple[str, str]] = queue.Queue()
    listeners = [
        threading.Thread(target=_listen, args=(stream, name, lines), daemon=True)
        for stream, name in ((process.stdout, "page"), (process.stderr, "word"))
    ]
    for listener in listeners:
        listener.start()
    pages = 0
    words: list[str] = []
    trouble: Trouble | None = None
    try:
        open_streams = len(listeners)
        while open_streams:
            try:
                kind, line = lines.get(timeout=SILENCE_SECONDS)
            except queue.Empty:
                trouble = Trouble.SILENT
                break
            if kind == "end":
                open_streams -= 1
            elif kind == "word":
                share = _PROGRESS.match(line)
                if share is None:
                    words.append(line)
                elif progress is not None:
                    progress(first + pages, float(share.group(1)) / 100)
            else:
                page = Path(line)
                if not is_whole(page):
                    trouble = Trouble.CUT
                    break
                pages += 1
                yield page
    finally:
        _stop(process, listeners)
    told = "\n".join(words)
    trouble = trouble or _find_trouble(process.returncode, told)
    if trouble is Trouble.EMPTY and pages:
        return
    if trouble is not None and pages != wanted:
        raise ScannerStoppedError(trouble, pages, plan, told)


def _find_trouble(code: int, words: str) -> Trouble | None:
    """What ended the batch, None when it simply ended. A signal that killed scanimage is a scanner gone."""
    lower = words.lower()
    for said, trouble in SANE_WORDS:
        if said in lower:
            return trouble
    if code < 0:
        return Trouble.IO
    return None if code == 0 else Trouble.OTHER


def _message(trouble: Trouble, pages: int, sheet: int, plan: ScanPlan, words: str) -> str:
    what = {
        Trouble.EMPTY: _("The feeder is empty. Put the stack in and start again."),
        Trouble.JAM: _("The feeder is jammed, or two sheets went in at once. Open it and take the paper out."),
        Trouble.COVER: _("The scanner's cover is open. Close it."),
        Trouble.IO: _("The scanner broke off. Look after its cable and switch it on again."),
        Trouble.BUSY: _("Another program is using the scanner. Close that program."),
        Trouble.DENIED: _(
            "The scanner may not be used by this account. Add it to the group: sudo adduser $USER scanner"
        ),
        Trouble.MEMORY: _("The scanner has no memory left. Switch it off and on again."),
        Trouble.CANCELLED: _("The scan was stopped at the scanner."),
        Trouble.CUT: _("The scanner delivered only a part of the page."),
        Trouble.GONE: _(
            "The scanner {scanner} does not answer. Look after its cable and its name: papier scan --list"
        ).format(scanner=plan.scanner),
        Trouble.SILENT: _("The scanner has said nothing for three minutes. Switch it off and on again."),
        Trouble.OPTION: _("The scanner refuses an option ({words}). Mend --option.").format(words=_last(words)),
        Trouble.OTHER: _("The scanner stopped ({words}).").format(words=_last(words)),
    }[trouble]
    if trouble is Trouble.EMPTY and Side.GLASS in plan.sides:
        what += " " + _("For one sheet on the glass: papier scan --glass")
    if not pages:
        return what
    return (
        what
        + " "
        + _n(
            "{count} page is scanned and safe. Go on from sheet {sheet}: put it and those after it in again.",
            "{count} pages are scanned and safe. Go on from sheet {sheet}: put it and those after it in again.",
            pages,
        ).format(count=pages, sheet=sheet)
    )


def _last(words: str) -> str:
    lines = [line for line in words.splitlines() if line and not line.startswith(("Scann", "Batch", "Output format"))]
    return lines[-1].removeprefix(f"{PROGRAM}: ") if lines else "?"


def _ask_options(scanner: str, source: Sequence[str]) -> str:
    done = _probe([f"--device-name={scanner}", *source, "--all-options"])
    if done.returncode != 0 or "All options specific to device" not in done.stdout:
        trouble = _find_trouble(done.returncode, done.stderr) or Trouble.OTHER
        raise ScannerStoppedError(trouble, 0, ScanPlan(scanner, Side.GLASS), done.stderr)
    return done.stdout


def _probe(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [_program(), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            timeout=PROBE_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise ProgramFailedError(
            _("SANE found nothing within a minute. Look after the scanner's cable or network, then try again.")
        ) from error


def _program() -> str:
    found = shutil.which(PROGRAM)
    if found is None:
        raise MissingProgramError(_("“scanimage” is not installed. Type: sudo apt install sane-utils"))
    return found


def _environment() -> Mapping[str, str]:
    # Its messages are what we go by: always in English.
    return {name: value for name, value in os.environ.items() if name != "LANGUAGE"} | {"LC_ALL": "C"}


def _listen(stream: IO[bytes], kind: str, lines: queue.Queue[tuple[str, str]]) -> None:
    """Hand on what a stream says, line by line; progress ends in a carriage return."""
    held = b""
    while piece := os.read(stream.fileno(), 65536):
        *whole, held = re.split(rb"[\r\n]+", held + piece)
        for line in whole:
            if line:
                lines.put((kind, line.decode(errors="replace")))
    if held:
        lines.put((kind, held.decode(errors="replace")))
    lines.put(("end", ""))


def _stop(process: subprocess.Popen[bytes], listeners: Sequence[threading.Thread]) -> None:
    """End scanimage: of itself, else by a signal that lets it park the scanner's head."""
    if process.poll() is None and any(listener.is_alive() for listener in listeners):
        process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for listener in listeners:
        listener.join()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
