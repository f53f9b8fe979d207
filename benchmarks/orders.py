"""Order sheets by simulated hands: how many orders are done as written, asked, or done wrongly.

python -m benchmarks.orders --sheets 60 --profile office
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import random
import tempfile
from collections import Counter
from pathlib import Path

import pikepdf

from papier.case_run import Layouts
from papier.forms.library import library_folders
from papier.intake import take_in
from papier.orders.settings import KNOWN, PRINT, OrderSettings
from papier.orders.sheet import order_layout, print_order_sheets
from papier.orders.understanding import understand
from papier.records import Value
from papier.store.connection import connect
from papier.store.migrations import migrate
from papier.store.orders import OrderState, find_pending
from papier.store.sheets import StoreRegister
from papier.store.workspace import create_workspace
from simulator.hands import Hands
from simulator.loop import print_fill_scan
from simulator.scanner import write_scan

NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)
FORMS = ("carnet/absence", "carnet/retard", "carnet/mot-aux-parents", "carnet/sortie-exceptionnelle")
CLASSES = ("6A", "6B", "5A", "5B", "4C", "3D")


def written_by(rng: random.Random) -> dict[str, Value]:
    """What somebody orders: one or two forms, a class or a number, a box or two, a signature."""
    values: dict[str, Value] = {"visa": True, "date": "2026-11-24"}
    for row in rng.sample(range(1, len(FORMS) + 1), rng.randint(1, 2)):
        values[f"imprimer.r{row:02d}.oui"] = ["oui"]
        if rng.random() < 0.5:
            values[f"imprimer.r{row:02d}.classe"] = rng.choice(CLASSES)
        else:
            values[f"imprimer.r{row:02d}.copies"] = str(rng.randint(1, 40))
    others = [what for what in KNOWN if what not in (PRINT, "sauvegarde")]
    values["faire"] = sorted(rng.sample(others, rng.randint(0, 2)))
    return values


def wanted(values: dict[str, Value]) -> dict[str, tuple[str, str]]:
    """Place → class and number, as they should be understood."""
    found = {
        name.removesuffix(".oui"): (
            str(values.get(name.replace("oui", "classe"), "")),
            str(values.get(name.replace("oui", "copies"), "")),
        )
        for name in values
        if name.endswith(".oui")
    }
    also = values["faire"]
    assert isinstance(also, list)
    return found | {f"faire.{what}": ("", "") for what in also}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sheets", type=int, default=60)
    parser.add_argument("--profile", default="office")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rng = random.Random(chosen.seed)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        workspace = create_workspace(Path(folder) / "w")
        engine = connect(workspace)
        migrate(engine, NOW)
        rosters = dict.fromkeys(CLASSES, Path("list.csv"))
        settings = OrderSettings(KNOWN, FORMS, rosters, 40, None)
        layouts = Layouts(library_folders())
        pdf = Path(folder) / "orders.pdf"
        run = print_order_sheets(workspace, engine, settings, layouts, pdf, NOW, sheets=chosen.sheets)
        layout = order_layout(layouts, settings)
        truth = {}
        register = StoreRegister(workspace)
        with pikepdf.open(pdf) as source:
            for at, number in enumerate(run.numbers):
                stream = io.BytesIO()
                with pikepdf.new() as one:
                    one.pages.append(source.pages[at])
                    one.save(stream)
                values = written_by(rng)
                truth[number] = wanted(values)
                known = register.find_sheet(number)
                assert known is not None
                (glassful,) = print_fill_scan(
                    stream.getvalue(), layout, [number], seed=chosen.seed * 1000 + at, profile=chosen.profile,
                    hands=Hands.shipped(), dpi=200, values=[values], prefilled=[known.prefilled],
                )  # fmt: skip
                scan = Path(folder) / f"{at}.pdf"
                write_scan(list(glassful.images), scan)
                take_in(workspace, engine, scan, NOW)
        titles = {form: form for form in FORMS}
        for came in find_pending(engine):
            if came.sheet is None:
                counts["sheets without a number"] += 1
                continue
            orders = truth.pop(came.sheet)
            found = {known.order.place: known for known in understand(came, settings, titles)}
            for place, (class_, copies) in orders.items():
                known = found.pop(place, None)
                if known is None:
                    counts["not seen"] += 1
                elif known.state is OrderState.BEGUN:
                    number = "" if known.order.copies is None else str(known.order.copies)
                    counts["right" if (known.order.class_, number) == (class_, copies) else "WRONG"] += 1
                else:
                    counts["asked"] += 1
            for known in found.values():
                counts["invented" if known.state is OrderState.BEGUN else "asked of nothing"] += 1
        engine.dispose()
    print(json.dumps({"sheets": chosen.sheets, "profile": chosen.profile, "seed": chosen.seed, **counts}))


if __name__ == "__main__":
    main()
