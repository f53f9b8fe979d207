"""How commands show progress and readings to a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from papier.devices.delivery import readable_name
from papier.language import translate as _

if TYPE_CHECKING:
    from papier.records import PageReading

# What became of a page or record, and what a reading is worth, as people are told; JSON and CSV keep the words' own.
_WORDS: Mapping[str, Callable[[], str]] = {
    "read": lambda: _("read"),
    "doubtful": lambda: _("to check"),
    "damaged": lambda: _("damaged"),
    "unknown": lambda: _("unknown"),
    "copy": lambda: _("copy"),
    "purged": lambda: _("purged"),
    "sure": lambda: _("sure"),
    "blank": lambda: _("blank"),
    "unreadable": lambda: _("unreadable"),
    "done": lambda: _("done"),
    "asked": lambda: _("asked"),
    "refused": lambda: _("refused"),
}

# Shorter work is over before a bar can be read.
MIN_STEPS_FOR_BAR = 4


@contextmanager
def progress_bar(total: int, what: str) -> Iterator[Callable[[], None]]:
    """A bar on stderr, where that is a terminal; the caller gets a function that advances it by one."""
    console = Console(stderr=True)
    if total < MIN_STEPS_FOR_BAR or not console.is_terminal:
        yield lambda: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)


def listing(titles: Sequence[str], *, whole: str | None = None) -> Table:
    """An empty table for the terminal. What is too long for its column goes on below; nothing is cut.

    `whole`: the title of the column that stands on one line, since it is typed from the screen: a number, a key.
    """
    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold", no_wrap=title == whole)
    return table


def typeset(text: str) -> str:
    """What is said in French whatever the user's language, since the law and the paper say it so, as it is printed."""
    # Only where a case or a clock is told: the typography comes with the typefaces.
    from papier.forms.typography import french_typography  # noqa: PLC0415

    return french_typography(text)


def labelled(what: str, words: str) -> str:
    """`what: words`, with the space that French wants before its colon."""
    return _("{what}: {words}").format(what=what, words=words)


def about_file(path: Path, message: str) -> str:
    """What is wrong with a file, with its name before it where the message does not say it."""
    message = readable_name(message)
    return message if path.name in message else labelled(readable_name(str(path)), message)


def in_words(status: str) -> str:
    """A status or state in the user's language; itself where there are no words for it."""
    words = _WORDS.get(status)
    return words() if words else status


def show_reading(reading: PageReading) -> None:
    """One page for a person: what sheet it is, then a line a field."""
    # The words of readings come with the store, which lists of forms and addresses do without.
    from papier.checking.wording import reason_words  # noqa: PLC0415

    what = f"{reading.form} · {reading.sheet or _('no number')} · {_('page')} {reading.page}" if reading.form else "–"
    click.echo(labelled(f"{reading.source} p. {reading.source_page}", f"{in_words(reading.status)} · {what}"))
    if reading.reason:
        click.echo(f"  {reason_words(reading.reason)}")
    for name, field in reading.fields.items():
        value = field.value
        text = ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)
        mark = "?" if field.needs_person else " "
        click.echo(f" {mark} {labelled(name, text)}  [{in_words(field.state)} {field.probability:.4f}]")
