"""Cells as the product itself cuts them: sheets of combs are printed, filled by training hands, scanned, registered.

    python -m training.characters.sheets --data ../shared/data --work DIR --sheets 400 [--part train] [--seed 1]

Writes DIR/sheets-PART-SEED-NNN.npz, each of some sheets: `ink` (n, 56, 44) as `InkPage.cut` gives it, before anything
is done to it; `label` (n,) index in CLASSES; `comb` (n,) number of the comb it belongs to; `faint`, and `joined`: the
cell touches the one before it. What the product does next (`papier.ocr.zones.comb`) is done when training.
"""

import argparse
import io
import time
import unicodedata
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray

from papier.forms.layout import Layout, Zone
from papier.forms.parsing import parse_form
from papier.forms.pdf import SheetToPrint, face_pdf, write_sheets
from papier.forms.sheet_number import SheetNumbers
from papier.forms.typesetting import lay_out
from papier.ocr.characters import ACCENTED, BLANK, CAPITALS, DIGITS, INDEX, INK_HEIGHT, INK_WIDTH, NOISE
from papier.ocr.face import fit_face, load_face
from papier.ocr.identification import identify
from papier.ocr.ink import InkPage
from papier.ocr.register import PrintedForm
from papier.ocr.registration import find_sheets
from papier.ocr.scan import ScannedPage
from papier.ocr.zones.comb import joins, window
from simulator.conditions import draw_conditions
from simulator.filling import Style, fill
from simulator.hands import Hand
from simulator.marks import draw_mark, draw_solid, draw_strike
from simulator.pen import InkLayer, pick_pen
from simulator.printer import print_page
from simulator.scanner import decoded_grey, scan
from training.characters.clean import load_disputed
from training.characters.glyphs import EMNIST, TEST, TRAIN, UNIPEN, VALIDATE, Glyphs, european_hands, load_glyphs

KEY = b"training sheets, no secret"
EMNIST_SHARE = 0.25
PARTS = {"train": TRAIN, "validate": VALIDATE, "test": TEST}
SHEETS_A_FILE = 20
# What stands in a comb of letters, a character.
LETTER_SHARES = {"capital": 0.83, "accented": 0.12, "sign": 0.05}
# Cells struck out or written over, and combs struck out whole.
CELL_NOISE, COMB_NOISE = 0.025, 0.015
ROUGH_SHARE = 0.35

_LETTERS = "  - {{comb: f{0}, label: {0}, content: letters, cells: {1}}}\n"
_ROWS = (
    "  - row:\n"
    "      - {{comb: d{0}, label: d, content: date}}\n"
    "      - {{comb: h{0}, label: h, content: hour}}\n"
    "      - {{comb: t{0}, label: t, content: telephone}}\n"
)
_NIR = "  - {{comb: n{0}, label: n, content: nir}}\n"
_SHORT = (
    "  - row:\n"
    "      - {{comb: c{0}, label: c, content: class, cells: 5}}\n"
    "      - {{comb: g{0}, label: g, content: class, cells: 4}}\n"
    "      - {{comb: p{0}, label: p, content: postcode}}\n"
)


def _form(name: str, rows: list[str]) -> str:
    head = f"form: training/{name}\nversion: 1\ntitle: {{fr: C}}\nformat: A4\nretention:\n  duration: P1Y\nblocks:\n"
    return head + "".join(rows)


def make_layouts() -> list[Layout]:
    """Pages as dense as they can be with each kind and size of comb."""
    layouts = []
    for name, cells, count, large in (
        ("usual", 30, 17, False),
        ("short", 22, 17, False),
        ("narrow", 36, 17, False),
        ("large", 20, 12, True),
    ):
        text = _form(name, [_LETTERS.format(i, cells) for i in range(count)])
        layouts.append(_lay(text, large))
    text = _form("numbers", [(_NIR if i % 4 == 3 else _SHORT if i % 4 == 1 else _ROWS).format(i) for i in range(12)])
    layouts.append(_lay(text, large=False))
    return layouts


def _lay(text: str, large: bool) -> Layout:
    definition, problems = parse_form(text)
    if definition is None:
        raise SystemExit("; ".join(str(problem) for problem in problems))
    return lay_out(definition, large=large)


class OneForm:
    """A printed form and the numbers of its sheets."""

    def __init__(self, layout: Layout) -> None:
        self.form = PrintedForm(layout, face_pdf(layout))
        self.numbers = SheetNumbers(KEY)


class Writers:
    """Glyphs of one part of the writers, one at random for each character, bent a little."""

    def __init__(self, glyphs: Glyphs, random: np.random.Generator) -> None:
        self.random = random
        self.glyphs = glyphs
        side = glyphs.distance.shape[1]
        self.grid = np.mgrid[: side + 8, : side + 8].astype(np.float32) - (side + 7) / 2
        self.pools: dict[tuple[str, int], tuple[NDArray[np.intp], NDArray[np.float64]]] = {}
        for label in [*DIGITS, *CAPITALS]:
            for source in (UNIPEN, EMNIST):
                members = np.flatnonzero((glyphs.label == label) & (glyphs.source == source))
                if len(members):
                    _, inverse, counts = np.unique(glyphs.writer[members], return_inverse=True, return_counts=True)
                    weight = counts[inverse] ** -0.5
                    self.pools[label, source] = members, np.cumsum(weight / weight.sum())

    def hand(self, text: str) -> Hand:
        """A hand that can write the letters of `text`; each is somebody else's."""
        random = self.random
        source = EMNIST if random.random() < EMNIST_SHARE else UNIPEN
        samples = {}
        for label in sorted(set(unicodedata.normalize("NFD", text)) & set(DIGITS + CAPITALS)):
            found = self.pools.get((label, source)) or self.pools.get((label, 1 - source))
            assert found is not None
            members, cumulated = found
            chosen = members[np.minimum(np.searchsorted(cumulated, random.random(1)), len(members) - 1)]
            samples[label] = tuple(self._bent(image) for image in self.glyphs.images(chosen))
        # The width of the pen's strokes is asked of a hand even where it writes only a hyphen.
        samples = samples or {"I": tuple(self.glyphs.images(self.pools["I", UNIPEN][0][:1]))}
        return Hand(
            "several",
            samples,
            slant=float(random.normal(0, 0.09)),
            size=float(np.clip(random.normal(0.93, 0.15), 0.55, 1.2)),
            unsteadiness=float(np.clip(random.gamma(4, 0.3), 0.3, 2.6)),
        )

    def _bent(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Turned, stretched and bent by about a twentieth of its size."""
        random = self.random
        side = image.shape[0]
        turn, stretch = random.normal(0, 0.07), np.exp(random.normal(0, 0.08))
        cos, sin = np.cos(turn), np.sin(turn)
        matrix = np.array([[cos * stretch, -sin], [sin, cos / stretch]])
        field = cv2.resize(
            random.normal(0, 1, (4, 4, 2)).astype(np.float32), (side + 8, side + 8), interpolation=cv2.INTER_CUBIC
        )
        y, x = self.grid
        amount = random.uniform(0, 1.3)
        map_x = matrix[0, 0] * x + matrix[0, 1] * y + amount * field[..., 0] + (side - 1) / 2
        map_y = matrix[1, 0] * x + matrix[1, 1] * y + amount * field[..., 1] + (side - 1) / 2
        return np.asarray(
            cv2.remap(image, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_LINEAR), np.uint8
        )


def random_text(content: str, cells: int, random: np.random.Generator) -> str:
    """Characters for a comb, as often as training wants them, with blank cells at its end and some between."""
    if content != "letters":
        text = "".join(DIGITS[random.integers(10)] for _ in range(cells))
        return text[: int(random.integers(1, cells + 1))] if random.random() < 0.1 else text
    length = int(np.clip(random.normal(0.85, 0.15) * cells, 1, cells))
    kinds = random.choice(list(LETTER_SHARES), length, p=list(LETTER_SHARES.values()))
    digits = random.random() < 0.3
    text = ""
    for kind in kinds:
        pool = DIGITS if digits else CAPITALS if kind == "capital" else ACCENTED if kind == "accented" else "-'-'  "
        text += pool[random.integers(len(pool))]
    return text


# Writes into a comb, with a faint pen or not, and says what stands in each of its cells.
WriteComb = Callable[[Zone, InkLayer, bool], list[str]]


def draw_sheet(
    register: OneForm, write: WriteComb, random: np.random.Generator, rough_share: float = ROUGH_SHARE
) -> dict[str, NDArray[np.generic]] | None:
    """One sheet round the loop; None where the product could not read the page."""
    layout = register.form.layout
    number = register.numbers.make(int(random.integers(1, 30_000)))
    stream = io.BytesIO()
    write_sheets(stream, [SheetToPrint(layout, number)])
    conditions = draw_conditions("rough" if random.random() < rough_share else "office", random)
    document = pdfium.PdfDocument(stream.getvalue())
    paper = print_page(document, 0, conditions.paper_dpi, conditions.toner, random)
    document.close()
    zones = [zone for zone in layout.pages[0].zones if zone.kind == "comb"]
    layer = InkLayer(paper.ink_scale)
    faint = conditions.rough and conditions.mode != "bilevel"
    labels = {zone.field: write(zone, layer, faint) for zone in zones}
    image = scan([paper.with_ink(layer)], conditions, random)
    page = ScannedPage("training", 1, decoded_grey(image), float(image.dpi))
    ink_page = _register(page, register, number)
    if ink_page is None:
        return None
    cells = [cell for zone in zones for cell in zone.cells]
    patches = ink_page.cut([window(cell) for cell in cells], (INK_HEIGHT, INK_WIDTH))
    return {
        "ink": patches.ink,
        "faint": patches.faint,
        "label": np.array([INDEX[name] for zone in zones for name in labels[zone.field]], np.int16),
        "comb": np.repeat(np.arange(len(zones)), [len(zone.cells) for zone in zones]).astype(np.int16),
        "joined": np.array([joined for zone in zones for joined in joins(zone.cells)]),
        "rough": np.full(len(cells), conditions.rough),
    }


def _register(page: ScannedPage, register: OneForm, number: str) -> InkPage | None:
    """The page as the product sees it, where it knows the sheet."""
    for candidate in find_sheets(page):
        for alternative in candidate.alternatives:
            if identify(alternative, register.numbers).number == number:
                face = load_face(register.form, 1)
                return InkPage.of(fit_face(alternative, face).page, face)
    return None


def write_anything(
    layout: Layout, writers: Writers, random: np.random.Generator, zone: Zone, layer: InkLayer, faint: bool
) -> list[str]:
    """Any characters, each in another hand, some of them struck out."""
    text = random_text(zone.content or "letters", len(zone.cells), random)
    pen = pick_pen(random, rough=faint)
    # `fill` takes a date as it is stored.
    value = f"{text[4:]}-{text[2:4]}-{text[:2]}" if zone.content == "date" and len(text) == 8 else text
    filled = fill(
        layout, {zone.field: value}, random, hand=writers.hand(text), pen=pen, style=Style(), scale=layer.scale
    )
    layer.marks += filled.ink[1].marks
    labels = [BLANK if character == " " else character for character in text.ljust(len(zone.cells))]
    if random.random() < COMB_NOISE:
        draw_strike(list(zone.cells[: len(text)]), layer, pen, random)
        labels[: len(text)] = [NOISE] * len(text)
    for index in np.flatnonzero(random.random(len(labels)) < CELL_NOISE):
        if labels[index] == BLANK and random.random() < 0.7:
            continue
        # A cross alone is an X, and one stroke alone a hyphen.
        kind = random.integers(4) if labels[index] != BLANK else random.choice([0, 2])
        if kind == 0:
            draw_solid(zone.cells[index], layer, pen, random, slop=1.0)
        elif kind == 1:
            draw_strike([zone.cells[index]], layer, pen, random)
        else:
            draw_mark("scribble" if kind == 2 else "cross", zone.cells[index], layer, pen, random, slop=1.0)
        labels[index] = NOISE
    return labels


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sheets", type=int, default=400)
    parser.add_argument("--part", choices=PARTS, default="train")
    parser.add_argument("--european", action="store_true", help="only hands with European 1 and 7, as part `european`")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    random = np.random.default_rng(arguments.seed)
    glyphs = load_glyphs(arguments.data, arguments.work)
    disputed = load_disputed(arguments.work, len(glyphs))
    glyphs = glyphs.where((glyphs.part == PARTS[arguments.part]) & glyphs.plausible & ~disputed)
    part = "european" if arguments.european else arguments.part
    if arguments.european:
        hands = european_hands(glyphs)
        digits = np.isin(glyphs.label, list(DIGITS))
        glyphs = glyphs.where(~digits | np.isin(glyphs.writer, hands))
    writers = Writers(glyphs, random)
    registers = [OneForm(layout) for layout in make_layouts()]
    began, cells, lost, kept = time.perf_counter(), 0, 0, []
    for number in range(arguments.sheets):
        register = registers[number % len(registers)]
        drawn = draw_sheet(register, partial(write_anything, register.form.layout, writers, random), random)
        if drawn is None:
            lost += 1
        else:
            kept.append(drawn)
            cells += len(drawn["label"])
        if len(kept) == SHEETS_A_FILE or (kept and number == arguments.sheets - 1):
            store = {name: np.concatenate([sheet[name] for sheet in kept]) for name in kept[0]}
            # Combs are numbered through the file.
            store["comb"] = np.cumsum(np.diff(store["comb"], prepend=store["comb"][0]) != 0).astype(np.int32)
            np.savez(arguments.work / f"sheets-{part}-{arguments.seed}-{number:04d}.npz", **store)
            kept = []
            seconds = time.perf_counter() - began
            print(f"{number + 1} sheets, {cells} cells, {lost} lost, {cells / seconds:.0f} cells a second", flush=True)


if __name__ == "__main__":
    main()
