"""The queue in the terminal: one item at a time, one key an answer, the next item at once."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import tempfile
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import click
from sqlalchemy import Engine

from papier.checking.answers import Answer, answer, undo
from papier.checking.crops import crop, crop_pixels
from papier.checking.item import CheckItem, ItemKind, has_best
from papier.checking.queue import open_items
from papier.cli.output import labelled
from papier.errors import MissingProgramError, PapierError
from papier.language import translate as _
from papier.ocr.block_graphics import draw_blocks
from papier.store.checks import Verdict
from papier.store.workspace import Workspace

COLUMNS, LEAST_ROWS, MOST_ROWS = 80, 6, 22
# What stands around the picture takes so many lines.
TEXT_ROWS = 12
# Finer than on paper: a dot of the terminal is a third of a millimetre.
TERMINAL_DPI = 150.0
VIEWERS = ("xdg-open", "gio", "open")

# The key of each answer: Enter says "right", a figure chooses a candidate.
KEYS = {
    "t": Verdict.TYPED,
    "v": Verdict.BLANK,
    "b": Verdict.BLANK,
    "i": Verdict.UNREADABLE,
    "f": Verdict.ASK,
    "p": Verdict.PAPER,
    "e": Verdict.ASIDE,
    "n": Verdict.WRITTEN,
}


@dataclass
class Screen:
    """How the terminal is spoken to; tests put their own in its place."""

    key: Callable[[], str] = click.getchar
    line: Callable[[str], str] = field(default=lambda prompt: str(click.prompt(prompt, default="", show_default=False)))
    say: Callable[[str], None] = click.echo
    clear: Callable[[], None] = click.clear


@dataclass
class Session:
    """One person at the queue. `now` gives the time of each answer."""

    workspace: Workspace
    engine: Engine
    who: str
    now: Callable[[], dt.datetime]
    screen: Screen
    form: str | None = None
    viewer: str | None = None
    answered: int = 0
    _viewed: list[Path] = field(default_factory=list)

    def run(self) -> int:
        """Ask until nothing is left or the person leaves; gives how many items are open still."""
        skipped: set[str] = set()
        remark = ""
        while True:
            items = open_items(self.workspace, engine=self.engine, form=self.form)
            waiting = [item for item in items if item.key not in skipped and not self._is_mine(item)]
            if not waiting:
                return len(items)
            self._show(waiting[0], len(waiting), remark)
            key = self.screen.key()
            if key in {"q", "\x03", "\x04", "\x1b"}:
                return len(items)
            try:
                remark = self._answer(waiting[0], key, skipped)
            except PapierError as error:
                remark = str(error)

    def _is_mine(self, item: CheckItem) -> bool:
        """True where this person has read what another one must read too."""
        return any(check.who.casefold() == self.who.casefold() for check in item.seen)

    def _answer(self, item: CheckItem, key: str, skipped: set[str]) -> str:
        if key in {"u", "U"}:
            check = undo(self.workspace, who=self.who, now=self.now(), engine=self.engine)
            skipped.discard(check.key)
            self.answered = max(0, self.answered - 1)
            return _("Taken back.")
        if key in {"s", " "}:
            skipped.add(item.key)
            return ""
        if key == "o":
            self._open_viewer(item)
            return ""
        given = self._given(item, key)
        if given is None:
            return _("This key does nothing here.") if key != "?" else _help()
        done = answer(self.workspace, item.key, given, who=self.who, now=self.now(), engine=self.engine)
        self.answered += 1
        if given.verdict is Verdict.PAPER:
            skipped.add(item.key)
            return done.place or ""
        if done.output is not None:
            return _("To print and hand over: {path}").format(path=done.output)
        return _("Another person must read it too.") if done.open_still and item.eyes > 1 else ""

    def _given(self, item: CheckItem, key: str) -> Answer | None:
        offered = item.verdicts()
        if key in {"\r", "\n", "j"} and Verdict.RIGHT in offered:
            return Answer(Verdict.RIGHT)
        others = other_candidates(item)
        if key.isdigit() and 1 <= int(key) <= len(others):
            return Answer(Verdict.CANDIDATE, item.candidates[others[int(key) - 1]].value)
        verdict = KEYS.get(key.lower())
        if verdict is None or verdict not in offered:
            return None
        if verdict is Verdict.TYPED:
            text = self.screen.line(_("Value") if item.field is not None else _("Number of the sheet"))
            if not text.strip():
                return None
            return Answer(verdict, text.removesuffix("!").strip(), insist=text.rstrip().endswith("!"))
        return Answer(verdict)

    def _show(self, item: CheckItem, left: int, remark: str) -> None:
        width, height = shutil.get_terminal_size((COLUMNS, 24))
        width = min(width, 2 * COLUMNS)
        text = [*describe(item), *(["", remark] if remark else [])]
        below = [part for line in text for part in wrapped(line, width)]
        picture = self._picture(item, width - 2, height - max(TEXT_ROWS, len(below) + 3))
        lines = [heading(item, left, width), *(part for line in picture for part in wrapped(line, width)), *below]
        self.screen.clear()
        self.screen.say("\n".join(lines))
        if self.viewer is not None:
            self._open_viewer(item)

    def _picture(self, item: CheckItem, columns: int, rows: int) -> list[str]:
        if item.kind in {ItemKind.PAGE, ItemKind.BLANK} and self.viewer is None:
            rows = max(rows, MOST_ROWS)
        try:
            pixels = crop_pixels(self.workspace, item, engine=self.engine, dpi=TERMINAL_DPI, close=True)
        except PapierError as error:
            return ["", str(error), ""]
        return ["", *draw_blocks(pixels, columns, max(LEAST_ROWS, min(MOST_ROWS, rows))), ""]

    def _open_viewer(self, item: CheckItem) -> None:
        """Show the crop in a program of the desktop, from a file that only this user can read."""
        program = self.viewer or next((name for name in VIEWERS if shutil.which(name)), None)
        if program is None or shutil.which(program) is None:
            raise MissingProgramError(
                _("There is no viewer {program}. Name one: papier check --viewer PROGRAM").format(program=program or "")
            )
        folder = Path(tempfile.mkdtemp(prefix="papier-"))
        path = folder / "a-verifier.png"
        path.touch(mode=0o600)
        path.write_bytes(crop(self.workspace, item, engine=self.engine))
        command = [program, "open", str(path)] if program == "gio" else [program, str(path)]
        self._viewed.append(folder)
        quiet = subprocess.DEVNULL
        subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)

    def close(self) -> None:
        """Delete the pictures that a viewer was given."""
        for folder in self._viewed:
            shutil.rmtree(folder, ignore_errors=True)


def other_candidates(item: CheckItem) -> list[int]:
    """The places of the candidates that a figure chooses: all that can be stored, but for the one that Enter means."""
    first = 1 if Verdict.RIGHT in item.verdicts() else 0
    return [at for at in range(first, len(item.candidates)) if item.candidates[at].storable]


def heading(item: CheckItem, left: int, width: int) -> str:
    """What group the item is of, and how many are left."""
    start = f"── {_('{count} to check').format(count=left)} · {item.like} "
    return start[:width].ljust(width, "─")


def wrapped(line: str, width: int) -> list[str]:
    """A line in pieces that fit the terminal, what follows its first as far to the right as its beginning."""
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(line, width, initial_indent="", subsequent_indent=indent, break_on_hyphens=False) or [""]


def describe(item: CheckItem) -> list[str]:
    """Whose sheet, what is asked, the best reading, the keys."""
    who = " · ".join(
        filter(
            None,
            (
                item.name,
                item.person.get("classe", ""),
                item.title,
                f"{item.sheet} p. {item.page}" if item.sheet else "",
                _("case {number}").format(number=item.case) if item.case is not None else "",
                _("clock {day}").format(day=f"{item.due:%d/%m/%Y}") if item.due is not None else "",
            ),
        )
    )
    lines = [who, f"{item.label} ({item.needs})", item.reason]
    if item.eyes > 1:
        seen = ", ".join(check.who for check in item.seen) or "–"
        lines.append(_("two people must read it; read so far by: {names}").format(names=seen))
    offered = item.verdicts()
    lines.append("")
    if Verdict.RIGHT in offered:
        best = item.candidates[0]
        words = labelled(_("right"), best.shown) if has_best(item) else _("nothing written")
        lines.append(f"  [{_('Enter')}] {words}  {percent(best.probability)}")
    for place, at in enumerate(other_candidates(item), 1):
        one = item.candidates[at]
        lines.append(f"  [{place}] {one.shown}  {percent(one.probability)}")
    lines.append(keys_line(item))
    return lines


def keys_line(item: CheckItem) -> str:
    """The keys that answer this item, in one line."""
    words = {
        "t": (Verdict.TYPED, _("type its number") if item.field is None else _("type")),
        "v": (Verdict.BLANK, _("nothing written")),
        "i": (Verdict.UNREADABLE, _("unreadable")),
        "f": (Verdict.ASK, _("ask the family")),
        "e": (Verdict.ASIDE, _aside(item)),
        "n": (Verdict.WRITTEN, _("something is written on it")),
        "p": (Verdict.PAPER, _("look at the paper")),
    }
    offered = item.verdicts()
    # Enter says that nothing is written where that is the best reading.
    said = {Verdict.BLANK} if Verdict.RIGHT in offered and not has_best(item) else set()
    shown = [f"[{key}] {text}" for key, (verdict, text) in words.items() if verdict in offered and verdict not in said]
    more = [f"[s] {_('later')}", f"[u] {_('undo')}", f"[?] {_('help')}", f"[q] {_('leave')}"]
    # A key and its word stay together where the line is broken.
    return "  " + "  ".join(entry.replace(" ", "\u00a0") for entry in [*shown, *more])


def _aside(item: CheckItem) -> str:
    words = {ItemKind.BLANK: _("it came back blank"), ItemKind.PAGE: _("it belongs to no sheet")}
    return words.get(item.kind) or _("set aside")


def percent(probability: float) -> str:
    """A probability for a person, never shown higher than it is; nothing where none was measured."""
    if probability <= 0:
        return ""
    share = int(probability * 1000) / 10
    return f"{share:g} %" if share < 99 else f"{int(probability * 10000) / 100:g} %"


def _help() -> str:
    return _(
        "Enter: the best reading is right. A figure: that candidate. t: type what is written (an exclamation mark "
        "after it where the form does not allow it, but it stands so). v: nothing is written. i: nobody can read it. "
        "f: prints a slip that asks the family. p: says where the paper lies; the item comes last. o: opens the "
        "picture. s: not now. u: takes your last answer back. q: leaves; all that is answered is kept."
    )
