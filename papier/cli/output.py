"""How commands show progress and readings to a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from papier.language import translate as _
from papier.records import PageReading

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


def show_reading(reading: PageReading) -> None:
    """One page for a person: what sheet it is, then a line a field."""
    what = f"{reading.form} · {reading.sheet or _('no number')} · {_('page')} {reading.page}" if reading.form else "–"
    click.echo(f"{reading.source} p. {reading.source_page}: {reading.status} · {what}")
    if reading.reason:
        click.echo(f"  {reading.reason}")
    for name, field in reading.fields.items():
        value = field.value
        text = ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)
        mark = "?" if field.needs_person else " "
        click.echo(f" {mark} {name}: {text}  [{field.state} {field.probability:.4f}]")
