"""Whole combs as the product cuts them, filled with what people write there: to calibrate and to measure decoding.

    python -m training.characters.fields --data ../shared/data --work DIR --sheets 200 [--part validate] [--seed 1]

Writes DIR/fields-PART-SEED-NNN.npz: the arrays of `sheets`, and for every comb its `content`, `value` as papier stores
it ("" where nothing was written, "?" where it was struck out), and `writer`. Each comb is written by one hand.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from papier.forms.definition import Demand
from papier.forms.layout import Zone
from papier.ocr.characters import BLANK, NOISE
from simulator.filling import Style, fill
from simulator.hands import Hands
from simulator.pen import InkLayer, pick_pen
from simulator.values import random_text
from training.characters.glyphs import part_of_writer
from training.characters.sheets import PARTS, SHEETS_A_FILE, OneForm, draw_sheet, make_layouts

BLANK_SHARE, STRUCK_SHARE = 0.12, 0.003
# In a comb of letters or of anything: a surname, a first name, a street or a reference.
KINDS = ("nom", "prenom", "mixed")


class FieldWriter:
    """Fills combs with values, a hand each, and keeps what it wrote."""

    def __init__(self, hands: Hands, register: OneForm, random: np.random.Generator, names: Sequence[str] = ()) -> None:
        self.hands, self.register, self.random, self.names = hands, register, random, names
        self.content: list[str] = []
        self.value: list[str] = []
        self.writer: list[str] = []

    def __call__(self, zone: Zone, layer: InkLayer, faint: bool) -> list[str]:
        random = self.random
        content, name = zone.content or "mixed", zone.field
        if content == "letters":
            kind = KINDS[random.choice(3, p=[0.45, 0.4, 0.15])]
            content, name = ("mixed", "m") if kind == "mixed" else ("letters", kind)
        hand = self.hands.pick(random)
        value = None
        if random.random() >= BLANK_SHARE:
            name = "naissance" if content == "date" and random.random() < 0.4 else name
            value = random_text(content, len(zone.cells), name, Demand(), random)
            if content == "letters" and self.names:
                value = self.names[int(random.integers(len(self.names)))]
        if value and not hand.can_write(value.replace(":", "")):
            value = None
        filled = fill(
            self.register.form.layout,
            {zone.field: value},
            random,
            hand=hand,
            pen=pick_pen(random, rough=faint),
            style=Style(strike=STRUCK_SHARE),
            scale=layer.scale,
        )
        layer.marks += filled.ink[1].marks
        self.content.append(content)
        self.value.append("?" if filled.truth.questions else value or "")
        self.writer.append(hand.name)
        text = value or ""
        if content == "date" and value:
            text = value[8:10] + value[5:7] + value[:4]
        text = text.replace(":", "")
        if filled.truth.questions:
            return [NOISE if i < len(text) else BLANK for i in range(len(zone.cells))]
        return [BLANK if character == " " else character for character in text.ljust(len(zone.cells))]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sheets", type=int, default=200)
    parser.add_argument("--part", choices=PARTS, default="validate")
    parser.add_argument("--rough-share", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--names", type=Path, help="a file of names, one a line, instead of the simulator's")
    parser.add_argument("--only", choices=("letters", "numbers"), help="no sheets of the other kind")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    random = np.random.default_rng(arguments.seed)
    hands = Hands.load(
        arguments.data / "characters" / "unipen.npz", keep=lambda name: part_of_writer(name) == PARTS[arguments.part]
    )
    layouts = make_layouts()
    layouts = {"letters": layouts[:-1], "numbers": layouts[-1:], None: layouts}[arguments.only]
    registers = [OneForm(layout) for layout in layouts]
    names = arguments.names.read_text("utf-8").splitlines() if arguments.names else ()
    began, combs, lost = time.perf_counter(), 0, 0
    kept: list[dict[str, NDArray[np.generic]]] = []
    for number in range(arguments.sheets):
        register = registers[number % len(registers)]
        writer = FieldWriter(hands, register, random, names)
        drawn = draw_sheet(register, writer, random, arguments.rough_share)
        if drawn is None:
            lost += 1
        else:
            drawn |= {name: np.array(getattr(writer, name)) for name in ("content", "value", "writer")}
            kept.append(drawn)
            combs += len(writer.value)
        if len(kept) == SHEETS_A_FILE or (kept and number == arguments.sheets - 1):
            store = {name: np.concatenate([sheet[name] for sheet in kept]) for name in kept[0]}
            store["comb"] = np.cumsum(np.diff(store["comb"], prepend=store["comb"][0]) != 0).astype(np.int32)
            np.savez(arguments.work / f"fields-{arguments.part}-{arguments.seed}-{number:04d}.npz", **store)
            kept = []
            print(f"{number + 1} sheets, {combs} combs, {lost} lost, {time.perf_counter() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
