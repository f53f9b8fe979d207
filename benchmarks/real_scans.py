"""Tick boxes on real scans: real paper, pens and scanners, forms that others printed, labels made by eye.

    python -m benchmarks.real_scans [--half open|apart|both] [--crops DIR]

The scans lie in ../shared/data/realscans and do not ship (GPL). Half of each set is kept apart, chosen by a hash of the
scan's name: nothing is tuned on it, nor are its pictures looked at. Each box is taken as of a question where several
may be ticked; on SDAPS's form a blackened box is cancelled, as its print says.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.hands import DATA
from benchmarks.scoring import at_most
from papier.forms.definition import Demand
from papier.forms.layout import Layout, LayoutPage, Zone
from papier.geometry import MM_PER_INCH, RectMm
from papier.ocr.face import load_face
from papier.ocr.face_registration import register_by_face
from papier.ocr.ink import InkPage
from papier.ocr.pages import load_page
from papier.ocr.register import PrintedForm
from papier.ocr.scan import RegisteredPage, ScannedPage
from papier.ocr.zones.tick import read_ticks
from papier.records import FieldReading, OptionState, State

SETS = ("quexf", "sdaps-example", "amc", "openmcr-75q-core-1")
BLACKENED_IS_CANCELLED = frozenset({"sdaps-example"})


@dataclass(frozen=True)
class Scan:
    """One labelled page. `ticks`: the true state of every box, by field and option."""

    path: Path
    form: PrintedForm
    ticks: dict[str, dict[str, str]]

    @property
    def apart(self) -> bool:
        return hashlib.sha256(self.path.name.encode()).digest()[0] % 2 == 1


def load_scans(folder: Path) -> Iterator[Scan]:
    zones = json.loads((folder / "zones.json").read_text())["templates"]
    truth = json.loads((folder / "truth.json").read_text())
    forms: dict[str, PrintedForm] = {}
    for name, label in sorted(truth.get("scans", truth).items()):
        template = label["template"]
        if template not in forms:
            forms[template] = _form(folder / f"template-{template}.png", zones[template])
        yield Scan(folder / "scans" / name, forms[template], label["ticks"])


def _form(blank: Path, description: dict[str, Any]) -> PrintedForm:
    k = MM_PER_INCH / description["dpi"]
    zones = tuple(
        Zone(
            zone["field"],
            "tick",
            RectMm(*(v * k for v in zone["box_px"])),
            option=zone["option"],
            multiple=True,
            shape="bubble" if zone["shape"] == "bubble" else "square",
        )
        for zone in description["zones"]
        if zone["kind"] == "tick"
    )
    width, height = description["size_px"]
    layout = Layout("voisin/essai", 1, "", (width * k, height * k), (LayoutPage(1, zones),), marked=False)
    return PrintedForm(layout, blank.read_bytes())


def read(scan: Scan, *, dense_cancels: bool) -> tuple[RegisteredPage, list[FieldReading]] | None:
    """The readings of all questions; None when the page was not recognised."""
    page = load_page(scan.path, 1)
    if not isinstance(page, ScannedPage):
        return None
    registered = register_by_face(page, scan.form, 1)
    if registered is None:
        return None
    questions: dict[str, list[Zone]] = {}
    for zone in scan.form.layout.page(1).zones:
        questions.setdefault(zone.field, []).append(zone)
    paper = InkPage.of(registered, load_face(scan.form, 1))
    asked = list(questions.values())
    return registered, read_ticks(paper, asked, [Demand()] * len(asked), dense_cancels=dense_cancels)


def count(
    scan: Scan, page: RegisteredPage, readings: list[FieldReading], crops: Path | None, counts: Counter[str]
) -> None:
    places = {(zone.field, zone.option): zone.rect for zone in scan.form.layout.page(1).zones}
    for reading in readings:
        truth = scan.ticks.get(reading.field, {})
        known = {option: state for option, state in truth.items() if state != "ambiguous"}
        asked = reading.state not in {State.SURE, State.BLANK}
        counts["questions"] += 1
        counts["questions asked"] += asked
        for option, state in known.items():
            found = reading.options[option]
            counts["boxes"] += 1
            counts["ticked"] += state == "ticked"
            if found.state is OptionState.DOUBTFUL:
                kind = "doubtful"
            elif (found.state is OptionState.TICKED) != (state == "ticked"):
                kind = "wrong"
            else:
                continue
            counts[kind] += 1
            counts["wrong and accepted"] += kind == "wrong" and not asked
            if crops is not None:
                rect = places[reading.field, option].grown(4.0)
                crop = page.cut([rect], (round(rect.height * 10), round(rect.width * 10)))[0]
                crops.mkdir(parents=True, exist_ok=True)
                name = (
                    f"{kind}-{scan.path.stem}-{reading.field}-{option}-is-{state}-{found.state}-{found.probability:.4f}"
                )
                cv2.imwrite(str(crops / ("".join(c if c.isalnum() or c in "-_." else "_" for c in name) + ".png")),
                            np.asarray(crop))  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--sets", nargs="*", default=SETS, choices=SETS)
    parser.add_argument("--half", choices=("open", "apart", "both"), default="open")
    parser.add_argument("--crops", type=Path, help="pictures of wrong and doubtful boxes of the open half")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    print("| set | half | pages | boxes (ticked) | wrong | wrong and accepted | doubtful | questions | asked |")
    print("|---|---|---|---|---|---|---|---|---|")
    total: Counter[str] = Counter()
    for name in arguments.sets:
        halves = {"open": Counter[str](), "apart": Counter[str]()}
        for scan in load_scans(arguments.data / "realscans" / name):
            half = "apart" if scan.apart else "open"
            if arguments.half not in {half, "both"}:
                continue
            counts = halves[half]
            found = read(scan, dense_cancels=name in BLACKENED_IS_CANCELLED)
            counts["pages"] += 1
            if found is None:
                counts["pages lost"] += 1
                continue
            crops = arguments.crops / name if arguments.crops and half == "open" else None
            count(scan, *found, crops, counts)
        for half, counts in halves.items():
            if counts["pages"]:
                lost = f" ({counts['pages lost']} lost)" if counts["pages lost"] else ""
                print(
                    f"| {name} | {half} | {counts['pages']}{lost} | {counts['boxes']:,} ({counts['ticked']:,}) "
                    f"| {counts['wrong']} | {counts['wrong and accepted']} | {counts['doubtful']} "
                    f"| {counts['questions']:,} | {counts['questions asked']} |",
                    flush=True,
                )
            total += counts
    if total["boxes"]:
        bound = 1000 * at_most(total["wrong and accepted"], total["boxes"])
        print(f"\nBoxes wrong and accepted, per 1,000: below {bound:.2f} with 95 % confidence.")


if __name__ == "__main__":
    main()
