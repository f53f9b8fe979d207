"""Test pages that came in: measured, kept as events, compared with what forms need, and heeded before printing."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, select

from papier.forms.calibration_page import FORM
from papier.forms.frame import MARK_MARGIN
from papier.forms.layout import Layout
from papier.geometry import Transform
from papier.language import translate as _
from papier.language import written_day
from papier.ocr.calibration import Calibration, measure
from papier.ocr.pages import load_page
from papier.ocr.scan import RejectedPage
from papier.store.archive import archive_path
from papier.store.connection import reading, writing
from papier.store.events import append_event
from papier.store.tables import events, layouts, pages, print_jobs, scans, sheets
from papier.store.vault import readable
from papier.store.workspace import Workspace

EVENT = "calibrated"
# Below this the reader was measured to lose combs and handwriting: benchmarks/README.md.
LEAST_DPI = 150.0
# Print on grey paper from a tired drum still has this much; a photocopy of a photocopy has not.
LEAST_CONTRAST = 0.45
# Registration follows any scale; a sheet that is fitted to the page (95 %) makes boxes and cells smaller.
MOST_SCALE_ERROR = 0.03
MOST_SKEW_DEGREES = 5.0
# Thinner than the outline of a box or a cell.
LEAST_FINE = 0.3


@dataclass(frozen=True)
class Measured:
    """One measuring: when, on which sheet, from which printer ("" for a PDF that a person printed), what."""

    at: str
    sheet: str
    printer: str
    calibration: Calibration

    @property
    def faults(self) -> list[str]:
        return faults_of(self.calibration)


def measure_new(workspace: Workspace, engine: Engine, now: dt.datetime) -> list[Measured]:
    """Measure the test pages that came in and were not measured yet; each is kept as an event."""
    done = {found.sheet for found in list_measured(engine)}
    query = (
        select(pages, scans.c.suffix, layouts.c.frozen, sheets.c.run, sheets.c.serial)
        .join(scans, scans.c.sha256 == pages.c.scan)
        .join(sheets, sheets.c.number == pages.c.sheet)
        .join(layouts, layouts.c.digest == sheets.c.layout)
        .where(pages.c.form == FORM, pages.c.to_scan.is_not(None), scans.c.purged_at.is_(None))
        .order_by(pages.c.page_id)
    )
    with reading(engine) as connection:
        came = [row for row in connection.execute(query) if row.sheet not in done]
        printers = {
            row.run: row.printer
            for row in connection.execute(
                select(print_jobs.c.run, print_jobs.c.printer).where(print_jobs.c.run.in_([row.run for row in came]))
            )
        }
    for row in came:
        path = archive_path(workspace.archive, row.scan, row.suffix)
        with readable(path, workspace.vault) as plain:
            page = load_page(plain, row.source_page)
        if isinstance(page, RejectedPage):
            continue
        to_scan = Transform(np.array(json.loads(row.to_scan)).reshape(3, 3))
        found = measure(page.pixels, page.dpi, to_scan, Layout.from_frozen(row.frozen).size_mm)
        data = {"sheet": row.sheet, "printer": printers.get(row.run, ""), "calibration": asdict(found)}
        with writing(engine) as connection:
            append_event(connection, now, EVENT, data)
    wanted = {row.sheet for row in came}
    return [found for found in list_measured(engine) if found.sheet in wanted]


def list_measured(engine: Engine) -> list[Measured]:
    """Every measuring, oldest first."""
    with reading(engine) as connection:
        rows = connection.execute(select(events).where(events.c.kind == EVENT).order_by(events.c.seq)).all()
    return [_measured(row.at, json.loads(row.data)) for row in rows]


def _measured(at: str, data: dict[str, object]) -> Measured:
    kept = data["calibration"]
    assert isinstance(kept, dict)  # noqa: S101 - our own event
    lists = {name: tuple(kept[name]) for name in ("offset", "margins", "greys")}
    return Measured(at, str(data["sheet"]), str(data["printer"]), Calibration(**(kept | lists)))


def newest_for(engine: Engine, printer: str) -> Measured | None:
    """The last measuring of a printer."""
    return next((found for found in reversed(list_measured(engine)) if found.printer == printer), None)


def faults_of(found: Calibration) -> list[str]:
    """Why forms would read badly, a sentence each with the remedy; empty where they will read."""
    faults = []
    names = (_("left"), _("top"), _("right"), _("bottom"))
    for name, margin in zip(names, found.margins, strict=True):
        if margin > MARK_MARGIN:
            words = _(
                "{edge}: nothing shows nearer than {margin:g} mm to the edge; the corner marks stand at {mark:g} mm."
            )
            remedy = _("Print at 100 %, without margins added; scan the whole sheet.")
            faults.append(words.format(edge=name, margin=margin, mark=MARK_MARGIN) + " " + remedy)
    if found.dpi < LEAST_DPI:
        faults.append(_("The scan has {dpi:.0f} dpi. Set the scanner to 200 or 300 dpi.").format(dpi=found.dpi))
    if found.contrast < LEAST_CONTRAST:
        faults.append(
            _("Black is only {contrast:.0%} darker than the paper. Change the toner, or scan darker.").format(
                contrast=found.contrast
            )
        )
    for scale in (found.scale_x, found.scale_y):
        if scale is not None and abs(scale - 1) > MOST_SCALE_ERROR:
            faults.append(
                _("The sheet comes out at {scale:.1%} of its size. Print at 100 %, not fitted to the page.").format(
                    scale=scale
                )
            )
            break
    if abs(found.skew) > MOST_SKEW_DEGREES:
        faults.append(_("The sheet lies {skew:.1f}° askew. Set the feeder's guides.").format(skew=found.skew))
    if found.finest is None or found.finest > LEAST_FINE:
        faults.append(_("Fine lines run together. Clean the glass, scan at 300 dpi, not as a fax."))
    return faults


def words_of(found: Measured) -> list[str]:
    """A measuring in words, for the office."""
    known = found.calibration
    scale = "–" if known.scale_x is None else f"{known.scale_x:.2%} × {known.scale_y:.2%}"
    lines = [
        _("{sheet}, {day}, printed on {printer}: {dpi:.0f} dpi").format(
            sheet=found.sheet, day=written_day(found.at), printer=found.printer or _("a PDF"), dpi=known.dpi
        ),
        _("  scale {scale} (printer and scanner together), {skew:+.2f}° askew").format(scale=scale, skew=known.skew),
        _("  shows from {left:g} mm left, {top:g} top, {right:g} right, {bottom:g} bottom").format(
            left=known.margins[0], top=known.margins[1], right=known.margins[2], bottom=known.margins[3]
        ),
        _("  black {contrast:.0%} darker than paper; finest bars told apart: {finest} mm").format(
            contrast=known.contrast, finest="–" if known.finest is None else f"{known.finest:g}"
        ),
    ]
    faults = found.faults
    return lines + ([f"  {fault}" for fault in faults] or [_("  Forms will read.")])


def printing_warnings(engine: Engine, printers: Sequence[str]) -> list[str]:
    """What the last measuring of these printers says against printing on them."""
    found = [newest_for(engine, name) for name in dict.fromkeys(printers)]
    return [f"{known.printer}: {fault}" for known in found if known is not None for fault in known.faults]


def is_test_page(path: Path | str) -> bool:
    """True for the name under which `papier print` knows the test page."""
    return str(path) in ("calibration", FORM)
