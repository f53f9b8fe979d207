"""A person at the queue: how fast, how much is typed, what is wrong afterwards; on the screen and on paper.

    python -m benchmarks.checking --sheets 12 --profile office --hands unipen --seed 51

Sheets and scans are SIMULATED, from real handwriting by writers no model was trained on. The person is SCRIPTED: she
knows what is written and makes no mistakes of her own, and her times are a model, not a stopwatch: the keystroke-level
model (Card, Moran & Newell 1980) with 1.35 s to take in and decide, 0.28 s a key (an average typist, 40 words a minute)
and a glance of 0.23 s for every four characters to compare. Against it stands retyping every doubtful field, from its
picture and from the page (2 s more, to find the field). Figures go to benchmarks/output/checking-*.json.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pikepdf
from sqlalchemy import Engine, select

from benchmarks.hands import load_hands
from benchmarks.scoring import at_most
from papier.checking.answers import Answer, answer
from papier.checking.item import CheckItem, ItemKind
from papier.checking.paper import print_corrections
from papier.checking.queue import open_items
from papier.errors import PapierError
from papier.forms.library import find_form, library_folders
from papier.forms.parsing import load_form
from papier.forms.typesetting import lay_out
from papier.intake import take_in
from papier.print_run import Addressee, print_sheets
from papier.records import Value
from papier.store.checks import Verdict
from papier.store.connection import connect, reading
from papier.store.migrations import migrate
from papier.store.records import list_records
from papier.store.settling import correction_rows
from papier.store.sheets import StoreRegister
from papier.store.tables import row_sheets
from papier.store.workspace import Workspace, create_workspace
from simulator.comparison import same
from simulator.conditions import PROFILES
from simulator.filling import Truth
from simulator.hands import Hands
from simulator.loop import print_fill_scan
from simulator.scanner import ScannedImage, write_scan

OUTPUT = Path(__file__).parent / "output"
NOW = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)
FORMS = ("carnet/absence", "carnet/retard", "carnet/sortie-exceptionnelle", "sante/dossier-medical", "guichet/demande")
DECIDE, KEY, GLANCE, FIND = 1.35, 0.28, 0.23, 2.0
CHECKER = "ROUX"


@dataclass
class Desk:
    """One workspace and what is written on its sheets, by sheet number."""

    workspace: Workspace
    engine: Engine
    truths: dict[str, Truth]
    scans: int = 0
    seconds: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)

    def take_in(self, images: Sequence[ScannedImage], folder: Path) -> None:
        self.scans += 1
        path = folder / f"scan-{self.scans}-{self.workspace.folder.name}.pdf"
        write_scan(list(images), path)
        take_in(self.workspace, self.engine, path, NOW)

    def truth_of(self, item: CheckItem) -> tuple[Value, bool]:
        """What is written, and whether anybody could say so."""
        truth = self.truths[str(item.sheet)]
        name = str(item.field)
        return truth.fields.get(name), name not in truth.questions


def shown_length(item: CheckItem) -> int:
    return max((len(one.shown) for one in item.candidates), default=8)


def typed_length(value: Value) -> int:
    """Keys that a value takes: a box or a signature one, a date eight figures."""
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, list):
        return max(1, len(value))
    return len(value.replace("-", "")) if value[:4].isdigit() and value.count("-") == 2 else len(value)


def answer_for(item: CheckItem, truth: Value, *, known: bool) -> tuple[Answer, int]:
    """What she answers, and how many keys that takes."""
    empty = truth in (None, "", [], False)
    if not known:
        return Answer(Verdict.UNREADABLE), 1
    for at, one in enumerate(item.candidates):
        if one.storable and (same(one.value, truth) or (empty and one.value in (None, "", [], False))):
            if at == 0:
                return Answer(Verdict.RIGHT), 1
            return Answer(Verdict.CANDIDATE, one.value), 1
    if empty:
        return Answer(Verdict.BLANK), 1
    # The key that begins typing, the value, Enter.
    return Answer(Verdict.TYPED, truth, insist=True), typed_length(truth) + 2


def on_screen(desk: Desk) -> None:
    """She answers the whole queue, in its order."""
    while True:
        items = open_items(desk.workspace, engine=desk.engine)
        if not items:
            return
        item = items[0]
        if item.kind in {ItemKind.PAGE, ItemKind.ORPHAN}:
            desk.answers[f"{item.kind} set aside"] += 1
            answer(desk.workspace, item.key, Answer(Verdict.ASIDE), who=CHECKER, now=NOON_AFTER, engine=desk.engine)
            continue
        if item.kind is ItemKind.BLANK:
            # Every sheet here is filled in: its fields are asked next.
            desk.answers["blank sheets that were none"] += 1
            answer(desk.workspace, item.key, Answer(Verdict.WRITTEN), who=CHECKER, now=NOON_AFTER, engine=desk.engine)
            continue
        truth, known = desk.truth_of(item)
        given, keys = answer_for(item, truth, known=known)
        try:
            answer(desk.workspace, item.key, given, who=CHECKER, now=NOON_AFTER, engine=desk.engine)
        except PapierError as error:
            # What was written makes no value of this kind.
            desk.answers[f"refused: {type(error).__name__}"] += 1
            given, keys = Answer(Verdict.UNREADABLE), 1
            answer(desk.workspace, item.key, given, who=CHECKER, now=NOON_AFTER, engine=desk.engine)
        desk.answers[str(given.verdict)] += 1
        desk.seconds["queue"] += DECIDE + GLANCE * -(-shown_length(item) // 4) + KEY * keys
        desk.seconds["retyped from pictures"] += DECIDE + KEY * (typed_length(truth) + 1)
        desk.seconds["retyped from pages"] += DECIDE + FIND + KEY * (typed_length(truth) + 1)


NOON_AFTER = NOW + dt.timedelta(hours=3)


def on_paper(desk: Desk, folder: Path, seed: int, profile: str, hands: Hands) -> None:
    """She answers on sheets of corrections, which are scanned; what is left after two rounds stays open."""
    for turn in range(3):
        output = desk.workspace.printed / f"verification-{turn}.pdf"
        printed = print_corrections(desk.workspace, desk.engine, NOW, output)
        if not printed.numbers:
            break
        desk.answers["correction sheets"] += len(printed.numbers)
        desk.answers["rows"] += len(printed.items)
        register = StoreRegister(desk.workspace)
        images: list[ScannedImage] = []
        items = {item.key: item for item in printed.items}
        with pikepdf.open(output) as pdf:
            for at, number in enumerate(printed.numbers):
                with reading(desk.engine) as connection:
                    text = connection.execute(
                        select(row_sheets.c.rows).where(row_sheets.c.sheet == number)
                    ).scalar_one()
                values = filled_in(desk, items, text)
                sheet = register.find_sheet(number)
                assert sheet is not None
                (glassful,) = print_fill_scan(
                    _page(pdf, at), sheet.form.layout, [number],
                    seed=seed + 1000 * turn + at, profile=profile, hands=hands, values=[values], prefilled=[{}],
                )  # fmt: skip
                images += glassful.images
        register.engine.dispose()
        desk.take_in(images, folder)
    left = [item for item in open_items(desk.workspace, engine=desk.engine) if item.form != "bureau/verification"]
    desk.answers["left for the screen"] = len(left)


def filled_in(desk: Desk, items: Mapping[str, CheckItem], rows: str) -> dict[str, Value]:
    """What she writes on one sheet of corrections."""
    values: dict[str, Value] = {"visa": True, "nom": CHECKER}
    for at, row in enumerate(correction_rows(rows), 1):
        truth, known = desk.truth_of(items[row.question.key])
        empty = truth in (None, "", [], False)
        box = "illisible" if not known else next((name for name, one in row.values.items() if same(one, truth)), None)
        if box is None and empty:
            box = "vide"
        if box is not None:
            values[f"r{at:02d}.suite"] = [box]
        elif isinstance(truth, str):
            values[f"r{at:02d}.valeur"] = truth
    return values


def _page(pdf: pikepdf.Pdf, at: int) -> bytes:
    stream = io.BytesIO()
    with pikepdf.new() as one:
        one.pages.append(pdf.pages[at])
        one.save(stream)
    return stream.getvalue()


def score(desk: Desk) -> dict[str, Any]:
    """Fields that are settled and wrong, of all that are settled; which were wrong before anybody looked."""
    wrong: list[dict[str, Any]] = []
    settled = open_still = 0
    for record in list_records(desk.engine):
        truth = desk.truths.get(record.sheet or "")
        if truth is None:
            continue
        for name, one in record.fields.items():
            if one["kind"] in {"lines", "typed"}:
                continue
            if one["needs_person"] or one["state"] == "unreadable":
                open_still += one["needs_person"]
                continue
            settled += 1
            said, written = one["value"], truth.fields.get(name)
            if name in truth.questions or not (same(said, written) or (not said and not written)):
                told = {"sheet": record.sheet, "field": name, "truth": written, "value": said, "by": one["read_by"]}
                wrong.append(told | {"probability": one.get("original", one)["probability"]})
    return {
        "settled": settled,
        "open": open_still,
        "wrong": wrong,
        "wrong_after_a_person": sum(w["by"] != "papier" for w in wrong),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sheets", type=int, default=12, help="of each form")
    parser.add_argument("--forms", nargs="*", default=list(FORMS))
    parser.add_argument("--profile", choices=list(PROFILES), default="office")
    parser.add_argument("--hands", default="unipen")
    parser.add_argument("--seed", type=int, default=51)
    arguments = parser.parse_args()
    hands = load_hands(arguments.hands)
    folder = Path(tempfile.mkdtemp(prefix="papier-checking-"))
    started = time.monotonic()
    workspace = create_workspace(folder / "screen")
    engine = connect(workspace)
    migrate(engine, NOW)
    desk = Desk(workspace, engine, {})
    for index, name in enumerate(arguments.forms):
        layout = lay_out(load_form(find_form(name, library_folders(None))))
        output = folder / f"{index}.pdf"
        run = print_sheets(workspace, engine, layout, [Addressee({})] * arguments.sheets, output, NOW)
        images: list[ScannedImage] = []
        for glassful in print_fill_scan(
            output.read_bytes(),
            layout,
            run.numbers,
            seed=arguments.seed + index,
            profile=arguments.profile,
            hands=hands,
        ):
            images += glassful.images
            desk.truths |= glassful.truths
        desk.take_in(images, folder)
        print(f"{name}: taken in after {time.monotonic() - started:.0f} s", flush=True)
    engine.dispose()
    shutil.copytree(folder / "screen", folder / "paper")
    before = score(desk)
    on_screen(desk)
    figures = {"arguments": vars(arguments), "before": before, "screen": _figures(desk)}
    _print("screen", figures["screen"])
    paper = Desk(create_workspace(folder / "paper"), connect(create_workspace(folder / "paper")), desk.truths)
    on_paper(paper, folder, arguments.seed, arguments.profile, hands)
    figures["paper"] = _figures(paper)
    _print("paper", figures["paper"])
    OUTPUT.mkdir(exist_ok=True)
    target = OUTPUT / f"checking-{arguments.profile}-{arguments.seed}.json"
    target.write_text(json.dumps(figures, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
    print(
        f"{len(before['wrong'])} fields were wrong and not asked; all in {time.monotonic() - started:.0f} s: {target}"
    )
    desk.engine.dispose()
    paper.engine.dispose()
    shutil.rmtree(folder)


def _figures(desk: Desk) -> dict[str, Any]:
    items = sum(desk.answers[str(verdict)] for verdict in Verdict)
    told = score(desk)
    return {
        "items": items,
        "answers": dict(desk.answers),
        "minutes": {name: seconds / 60 for name, seconds in desk.seconds.items()},
        "items_a_minute": {name: 60 * items / seconds for name, seconds in desk.seconds.items()},
        "typed_share": desk.answers["typed"] / items if items else None,
        "wrong_per_1000": 1000 * len(told["wrong"]) / max(1, told["settled"]),
        "wrong_per_1000_at_most": 1000 * at_most(len(told["wrong"]), max(1, told["settled"])),
        **told,
    }


def _print(where: str, figures: Mapping[str, Any]) -> None:
    rates = ", ".join(f"{name} {rate:.1f}" for name, rate in figures["items_a_minute"].items())
    print(f"{where}: {figures['answers']}")
    if rates:
        print(f"  items a minute: {rates}; typed {100 * (figures['typed_share'] or 0):.1f} %")
    print(
        f"  settled {figures['settled']}, open {figures['open']}, wrong {len(figures['wrong'])} "
        f"({figures['wrong_per_1000']:.2f} per 1,000, at most {figures['wrong_per_1000_at_most']:.2f}), "
        f"of them after a person {figures['wrong_after_a_person']}",
        flush=True,
    )


if __name__ == "__main__":
    main()
