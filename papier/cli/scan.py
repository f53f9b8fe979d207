"""`papier scan`"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from papier.cli import counts
from papier.cli.context import Context, pass_context
from papier.cli.intake import show_pages, tell_leftover
from papier.cli.read import exit_code, tell_missing_pages
from papier.devices.sane_options import Side
from papier.devices.scanning import ScanPlan, list_scanners, plan_scan
from papier.errors import EXIT_CHECK_NEEDED, ProgramFailedError, UsageError
from papier.intake import IntakeQueue, find_missing_pages
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.ocr.reading import Reader
from papier.page_pool import using_pool
from papier.scan_run import ScanRun, open_spool, rescue_pages, scan_in
from papier.store.records import find_filed_pages
from papier.store.sheets import StoreRegister
from papier.store.workspace import read_settings

# The setting that names the scanner to use.
SETTING = "scanner"


@click.command(
    "scan",
    help=_(
        "Scan a stack and take it in: read, keep, file as records, while the feeder runs.\n\n"
        "From the feeder where the scanner has one. When it jams, what was scanned is safe, and papier says from which "
        "sheet to go on. The scanner to use can be set once in the workspace's papier.yaml: “scanner: NAME”.\n\n"
        "\b\n"
        "Examples:\n"
        "  papier scan --list                  the scanners that are there\n"
        "  papier scan                         the stack in the feeder\n"
        "  papier scan --duplex --sheets 28    both sides; tell when it was not 28 sheets\n"
        "  papier scan --glass                 sheets on the glass, one after the other"
    ),
)
@click.option("--device", metavar="NAME", help=_("The scanner; else the setting “scanner”, else the only one."))
@click.option("--list", "listing", is_flag=True, help=_("List the scanners."))
@click.option("--glass", "side", flag_value="glass", help=_("From the glass."))
@click.option("--feeder", "side", flag_value="feeder", help=_("From the feeder, one side."))
@click.option("--duplex", "side", flag_value="duplex", help=_("From the feeder, both sides."))
@click.option("--sheets", type=click.IntRange(1), help=_("How many sheets lie in the feeder: told when others came."))
@click.option(
    "--option",
    "extra",
    multiple=True,
    metavar="NAME=VALUE",
    help=_("A further option of this scanner, as SANE has it."),
)
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a page; with --list, one a scanner."))
@pass_context
def command(
    context: Context,
    device: str | None,
    listing: bool,
    side: str | None,
    sheets: int | None,
    extra: tuple[str, ...],
    as_json: bool,
) -> int:
    if listing:
        return _list(as_json=as_json)
    workspace = context.workspace
    engine = context.engine
    workflows = context.workflows()
    plan = plan_scan(device or find_scanner(context), None if side is None else Side(side), extra)
    rescued = rescue_pages(workspace)
    if rescued:
        click.echo(
            _n(
                "{count} page of a scan that was stopped is in the inbox: papier intake",
                "{count} pages of a scan that was stopped are in the inbox: papier intake",
                rescued,
            ).format(count=rescued)
        )
    run = ScanRun()
    with (
        using_pool(Reader(StoreRegister(workspace))) as pool,
        open_spool(workspace, context.now()) as spool,
    ):
        intake = IntakeQueue(workspace, engine, pool)
        while True:
            with _progress() as told:
                scan_in(workspace, spool, plan, intake, context.now, run=run, workflows=workflows, progress=told)
            if run.stopped is not None or not _goes_on(plan, run):
                break
    pages = [page for taken in run.taken for page in taken.pages or []]
    readings = [page.reading for page in pages]
    show_pages(run.taken, as_json=as_json)
    for taken in run.taken:
        tell_leftover(workspace, taken)
    for error in run.failed:
        click.echo(str(error), err=True)
    if not as_json:
        click.echo(
            _("Scanned: {pages}, {sheets}, {records}.").format(
                pages=counts.pages(run.pages),
                sheets=counts.sheets(plan.sheet_of(run.pages)),
                records=counts.records(len({page.record for page in pages if page.record is not None})),
            )
        )
    before = find_filed_pages(engine, {reading.sheet for reading in readings if reading.sheet})
    lacking = tell_missing_pages(find_missing_pages(readings, StoreRegister(workspace), before))
    if run.stopped is not None:
        click.echo(str(run.stopped), err=True)
        return run.stopped.exit_code
    if sheets is not None and plan.sheet_of(run.pages) != sheets:
        click.echo(
            _("{sheets} put in, {came} came through: two may have gone in at once. Count them.").format(
                sheets=counts.sheets(sheets), came=plan.sheet_of(run.pages)
            ),
            err=True,
        )
        lacking = True
    failed = run.failed[0].exit_code if run.failed else 0
    return failed or exit_code(readings) or (EXIT_CHECK_NEEDED if lacking else 0)


def _list(*, as_json: bool) -> int:
    scanners = list_scanners()
    for scanner in scanners:
        if as_json:
            entry = {"name": scanner.name, "kind": scanner.kind, "vendor": scanner.vendor, "model": scanner.model}
            click.echo(json.dumps(entry, ensure_ascii=False))
        else:
            click.echo(f"{scanner.name}\t{scanner.vendor} {scanner.model} ({scanner.kind})")
    if not scanners:
        click.echo(_no_scanner(), err=True)
        # As where it should scan: a script must not take this for a scanner that is there.
        return ProgramFailedError.exit_code
    return 0


def _no_scanner() -> str:
    return _(
        "SANE finds no scanner. Plug it in and switch it on; for one on the network: sudo apt install sane-airscan"
    )


def find_scanner(context: Context) -> str:
    """The scanner of the settings, else the only one there is."""
    named = read_settings(context.workspace).get(SETTING)
    if named:
        return named
    scanners = list_scanners()
    if not scanners:
        raise ProgramFailedError(_no_scanner())
    if len(scanners) > 1:
        raise UsageError(
            _("There are several scanners: {names}. Choose one: papier scan --device NAME").format(
                names=", ".join(scanner.name for scanner in scanners)
            )
        )
    return scanners[0].name


def _goes_on(plan: ScanPlan, run: ScanRun) -> bool:
    """From the glass, whether somebody has laid the next sheet on it."""
    if plan.side is not Side.GLASS or not sys.stdin.isatty():
        return False
    click.echo(
        _n(
            "{count} sheet. Lay the next one on the glass and press Enter; q to finish.",
            "{count} sheets. Lay the next one on the glass and press Enter; q to finish.",
            run.pages,
        ).format(count=run.pages)
    )
    return not click.prompt("", default="", show_default=False, prompt_suffix="> ").strip()


@contextmanager
def _progress() -> Iterator[Callable[[int, float, int], None]]:
    """Tell what the scanner does, where stderr is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _page, _share, _filed: None
        return
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task(_("The scanner starts"), total=None)

        def tell(page: int, share: float, filed: int) -> None:
            words = _("page {page}: {share} scanned · {filed} filed").format(
                page=page, share=f"{share:.0%}", filed=filed
            )
            progress.update(task, description=words)

        yield tell
