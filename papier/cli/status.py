"""`papier status`"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from papier.case_run import Layouts
from papier.checking.queue import open_items
from papier.cli import counts
from papier.cli.context import Context, pass_context
from papier.cli.output import labelled
from papier.day_run import run_day
from papier.devices.delivery import count_aside
from papier.devices.watching import ASIDE, list_files
from papier.errors import EXIT_CHECK_NEEDED
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.store.workspace import Workspace
from papier.watch_state import WatchState, is_watched, read_state

# A heart that has not beaten for so long has stopped, whatever the lock says.
SILENT_SECONDS = 300
NOT_DUE = frozenset({"incoming", "check"})


@click.command(
    "status",
    help=_(
        "Is the watcher alive, what waits, what was set aside, what needs a person, what is due.\n\n"
        "Exit code 0 when nothing needs anybody, 20 when something does.\n\n"
        "\b\nExamples:\n  papier status\n  papier status --json"
    ),
)
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
@pass_context
def command(context: Context, as_json: bool) -> int:
    workspace = context.workspace
    state = read_state(workspace)
    said = {"watcher": _watcher(workspace, state, context.now())} | _waiting(workspace, state)
    day = run_day(workspace, context.engine, context.now(), workspace.printed, Layouts(context.folders), dry_run=True)
    said["to_check"] = len(open_items(workspace, engine=context.engine))
    # What came in and what is to be checked stands on the day's sheet too, but is told above.
    said["due"] = dict(Counter(row.row.kind for row in day.rows if row.row.kind not in NOT_DUE))
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False))
    else:
        _show(said)
    watcher = said["watcher"]
    ill = watcher["state"] == "silent" or watcher["trouble"]
    return EXIT_CHECK_NEEDED if ill or said["aside"] or said["to_check"] else 0


def _watcher(workspace: Workspace, state: WatchState | None, now: dt.datetime) -> dict[str, Any]:
    if state is None:
        return {"state": "never", "trouble": []}
    silent = max(0, round((now - dt.datetime.fromisoformat(state.beat)).total_seconds()))
    alive = is_watched(workspace)
    batch = state.last_batch
    return {
        "state": "stopped" if not alive else "silent" if silent > SILENT_SECONDS else "alive",
        "process": state.pid if alive else None,
        "beat": state.beat,
        "seconds_since": silent,
        "doing": state.doing,
        "folders": state.folders,
        "batch_open": state.after_due,
        "batches": state.batches,
        "last_batch": None
        if batch is None
        else {
            "ended": batch.ended,
            "files": batch.files,
            "pages": batch.pages,
            "records": batch.records,
            "to_check": batch.to_check,
            "aside": batch.aside,
            "missing": batch.missing,
        },
        "trouble": state.trouble,
    }


def _waiting(workspace: Workspace, state: WatchState | None) -> dict[str, Any]:
    """Files that wait and files set aside, in the workspace and in the folders that are watched."""
    folders = [Path(folder) for folder in state.folders] if state is not None else []
    inbox = [path for path in workspace.inbox.iterdir() if path.is_file() and not path.name.startswith(".")]
    growing = sum(len(list_files(folder)) for folder in folders)
    places = [workspace.folder / ASIDE, *(folder / ASIDE for folder in folders)]
    aside = {str(place): count for place in places if (count := count_aside(place))}
    return {"waiting": len(inbox) + growing, "aside": sum(aside.values()), "aside_folders": aside}


def _show(said: dict[str, Any]) -> None:
    watcher = said["watcher"]
    words = {
        "never": _("No watcher has run here. Start one: papier watch DIR"),
        "stopped": _("The watcher has stopped. Start it again: papier watch DIR"),
        "silent": _("The watcher is there, but has not moved for {seconds} seconds."),
        "alive": _("The watcher is alive ({seconds} seconds ago): {doing}"),
    }[watcher["state"]]
    click.echo(words.format(seconds=watcher.get("seconds_since"), doing=watcher.get("doing")))
    for folder in watcher.get("folders", ()):
        click.echo(f"  {folder}")
    batch = watcher.get("last_batch")
    if batch is not None:
        click.echo(
            _("Last batch, {when}: {files}, {pages}, {records}, {to_check}.").format(
                when=short_moment(batch["ended"]),
                files=counts.files(batch["files"]),
                pages=counts.pages(batch["pages"]),
                records=counts.records(batch["records"]),
                to_check=_n("{count} page to check", "{count} pages to check", batch["to_check"]).format(
                    count=batch["to_check"]
                ),
            )
        )
        for line in batch["missing"]:
            click.echo(f"  {line}")
    if watcher.get("batch_open"):
        click.echo(_("A batch is open: what follows it is not printed yet."))
    for trouble in watcher["trouble"]:
        click.echo(f"! {trouble}")
    click.echo(_("Waiting files: {count}").format(count=said["waiting"]))
    click.echo(_("Set aside: {count}").format(count=said["aside"]))
    for folder, count in said["aside_folders"].items():
        click.echo(f"  {labelled(folder, str(count))}")
    click.echo(_("To check: {count} (papier check)").format(count=said["to_check"]))
    click.echo(_("Due today: {count} (papier today)").format(count=sum(said["due"].values())))


def short_moment(stamp: str) -> str:
    """A stored time as it is said here: day and hour of this machine's clock."""
    return dt.datetime.fromisoformat(stamp).astimezone().strftime("%d/%m/%Y %H:%M")
