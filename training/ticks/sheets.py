"""papier's own sheets, printed, marked, soiled, scanned and registered as in use: the other half of what is learnt.

The simulator prints and scans, and the product's own registration finds the sheet, so that what is learnt includes how
far registration is off on bent paper. Forms are made at random; marks and labels are those of `draw`.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial

import cv2
import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray

from papier.errors import LayoutError
from papier.forms.layout import Layout
from papier.forms.parsing import parse_form
from papier.forms.pdf import SheetToPrint, face_pdf, write_sheets
from papier.forms.sheet_number import SheetNumbers
from papier.forms.typesetting import lay_out
from papier.geometry import FloatArray, RectMm
from papier.ocr.face import Face, fit_face, load_face
from papier.ocr.ink import InkPage
from papier.ocr.register import PrintedForm
from papier.ocr.registration import find_sheets
from papier.ocr.scan import RegisteredPage, ScannedPage
from papier.ocr.zones.tick_model import Look
from papier.ocr.zones.tick_patches import take_pictures
from simulator import defects
from simulator.conditions import ROUGH_DEFECTS, Conditions, draw_conditions
from simulator.pen import pick_any_pen, pick_pen
from simulator.printer import print_page
from simulator.scanner import ScannedImage, decoded_grey, one_bit, scan
from training.ticks.draw import IGNORED, DrawnFace, Marks, Sheet, fill_sheet

WORDS = (
    "Oui",
    "Non",
    "Jamais",
    "Parfois",
    "Souvent",
    "Le matin",
    "Autre",
    "Père",
    "Mère",
    "Par courrier",
    "Midi",
    "Vu",
)
# Drawn anew for every so many pages: laying a form out takes as long as three pages.
PAGES_A_FORM = 6
# Registration off by more is a lost page, not something to learn from; in box widths.
FAR_OFF = 0.4
MIN_MATCH = 0.45
NUMBERS = SheetNumbers(b"training of ticks, no secret")


def make_form(random: np.random.Generator) -> Layout:
    """A form of tables, grids and questions that fill one page as a rule."""
    blocks = []
    for index in range(int(random.integers(3, 9))):
        kind = random.choice(["table", "grid", "questions"])
        multiple = "true" if random.random() < 0.4 else "false"
        if kind == "table":
            columns = "".join(
                f"      - {{tick: c{c}, label: {random.choice(WORDS)}, options: {{{_options(random, 1, 3)}}}}}\n"
                for c in range(int(random.integers(3, 7)))
            )
            blocks.append(
                f"  - table: t{index}\n    label: Cochez\n    rows: {random.integers(3, 16)}\n    columns:\n{columns}"
            )
        elif kind == "grid":
            rows = ", ".join(f"r{n}: Ligne {n}" for n in range(int(random.integers(3, 12))))
            blocks.append(
                f"  - grid: g{index}\n    label: Une réponse par ligne\n    multiple: {multiple}\n"
                f"    rows: {{{rows}}}\n    options: {{{_options(random, 2, 5)}}}\n"
            )
        else:
            blocks.append(
                "".join(
                    f"  - row:\n      - {{yesno: y{index}{n}, label: Question {n}}}\n"
                    f"      - {{tick: q{index}{n}, label: Choix, multiple: {multiple}, "
                    f"options: {{{_options(random, 2, 4)}}}}}\n"
                    for n in range(int(random.integers(2, 5)))
                )
            )
    for count in range(len(blocks), 0, -1):
        text = "form: essai/cases\nversion: 1\ntitle: Cases\nformat: A4\nblocks:\n" + "".join(blocks[:count])
        definition, problems = parse_form(text)
        if definition is None:
            raise ValueError("; ".join(str(problem) for problem in problems))
        with contextlib.suppress(LayoutError):
            layout = lay_out(definition)
            if len(layout.pages) == 1 or count == 1:
                return layout
    return make_form(random)


def _options(random: np.random.Generator, least: int, most: int) -> str:
    chosen = random.permutation(len(WORDS))[: int(random.integers(least, most + 1))]
    return ", ".join(f"o{n}: {WORDS[n]}" for n in chosen.tolist())


@lru_cache(maxsize=2)
def _prepared(seed: int, number: int) -> tuple[PrintedForm, pdfium.PdfDocument, Face]:
    layout = make_form(np.random.default_rng([seed, number, 77]))
    stream = io.BytesIO()
    write_sheets(stream, [SheetToPrint(layout, NUMBERS.make(number))])
    form = PrintedForm(layout, face_pdf(layout))
    return form, pdfium.PdfDocument(stream.getvalue()), load_face(form, 1)


def draw_sheet_page(seed: int, page: int, writers: Marks) -> tuple[NDArray[np.uint8], NDArray[np.int_]] | None:
    """The pictures of one page's boxes and their looks; None where the page was lost."""
    random = np.random.default_rng([seed, page])
    form, document, face = _prepared(seed, page // PAGES_A_FORM)
    conditions = pick_conditions(random)
    paper = print_page(document, 0, conditions.paper_dpi, conditions.toner, random)
    zones = [zone for zone in form.layout.page(1).zones if zone.kind == "tick"]
    sheet = Sheet(zones, DrawnFace(np.zeros((1, 1), np.uint8)), (9.0, 1.7), paper.ink_scale)
    bilevel = conditions.mode == "bilevel"
    pen = pick_pen(random, rough=conditions.rough and not bilevel) if random.random() < 0.6 else pick_any_pen(random)
    filled = fill_sheet(sheet, random, writers, given=pen, fluids=False)
    ink = filled.first
    ink.marks += filled.second.marks
    image = scan([paper.with_ink(ink)], replace(conditions, mode="grey" if bilevel else conditions.mode), random)
    looks = np.array(filled.looks)
    _soil(image, sheet, looks, random)
    if bilevel:
        image = replace(image, pixels=one_bit(image.pixels, conditions), conditions=conditions)
    registered = register(ScannedPage("drawn", 1, decoded_grey(image), float(conditions.dpi)), face)
    if registered is None:
        return None
    centres = np.array([zone.rect.centre for zone in zones])
    off = np.hypot(*(registered.to_scan(centres) - image.to_scan(centres)).T) / (conditions.dpi / 25.4)
    looks[off > FAR_OFF * np.array([zone.rect.width for zone in zones])] = IGNORED
    return take_pictures(InkPage.of(registered, face), zones), looks


def pick_conditions(random: np.random.Generator) -> Conditions:
    """Office and rough scans half and half; what is seldom and hard, more often."""
    rough = random.random() < 0.55
    conditions = draw_conditions("rough" if rough else "office", random)
    conditions = replace(conditions, holes=False, dirt=conditions.dirt * int(random.choice([1, 1, 4])))
    if rough and conditions.mode == "bilevel":
        conditions = replace(conditions, dithered=bool(random.random() < 0.3))
    if rough and random.random() < 0.3:
        found = set(conditions.defects) | {str(random.choice([name for name in ROUGH_DEFECTS if name != "corner"]))}
        conditions = replace(conditions, defects=tuple(sorted(found)))
    if not rough and random.random() < 0.4:
        conditions = replace(conditions, folds=2, lighting=float(random.uniform(0, 0.1)))
    return conditions


def register(page: ScannedPage, face: Face) -> RegisteredPage | None:
    """The page laid on the face as the product does, without its number."""
    fits = [fit_face(found, face) for candidate in find_sheets(page) for found in candidate.alternatives]
    best = max(fits, key=lambda fit: fit.match, default=None)
    return best.page if best is not None and best.match >= MIN_MATCH else None


def _soil(image: ScannedImage, sheet: Sheet, looks: NDArray[np.int_], random: np.random.Generator) -> None:
    """Holes and staples over boxes, in the scan; what they take of a box nobody knows."""
    per_mm = image.dpi / 25.4
    for _ in range(int(random.choice([0, 1, 4], p=[0.5, 0.3, 0.2]))):
        zone = sheet.zones[int(random.integers(len(sheet.zones)))].rect
        place = np.array(zone.centre) + random.normal(0, 4.0, 2)
        radius = float(random.uniform(2.4, 3.2))
        centre = image.to_scan(place[None])[0]
        lid = (18 if random.random() < 0.3 else int(random.integers(215, 256)),) * 3
        cv2.circle(image.pixels, np.round(centre * 16).astype(int).tolist(), round(radius * per_mm * 16), lid, -1,
                   cv2.LINE_AA, 4)  # fmt: skip
        _hide(sheet, looks, partial(_within, place, radius))
    if random.random() < 0.25:
        zone = sheet.zones[int(random.integers(len(sheet.zones)))].rect
        place = np.array(zone.centre) + random.normal(0, 4.0, 2)
        before = image.pixels.copy()
        defects.staple(image.pixels, image.to_scan(place[None])[0].tolist(), image.dpi, random)
        fell = before.astype(np.int16) - image.pixels
        fell = fell if fell.ndim == 2 else fell.max(axis=2)

        def darkened(at: FloatArray) -> NDArray[np.bool_]:
            x, y = image.to_scan(at).astype(int).T
            rows, columns = fell.shape
            return np.asarray(fell[y.clip(0, rows - 1), x.clip(0, columns - 1)] > 100)

        _hide(sheet, looks, darkened)


def _hide(sheet: Sheet, looks: NDArray[np.int_], hidden: Callable[[FloatArray], NDArray[np.bool_]]) -> None:
    """Boxes of which a third is hidden are struck; of which less, nobody could say."""
    for i, zone in enumerate(sheet.zones):
        share = float(np.mean(hidden(_grid(zone.rect))))
        if share > 0.35:
            looks[i] = Look.STRUCK
        elif share > 0.12 or (share > 0.02 and looks[i] != Look.EMPTY):
            looks[i] = IGNORED


def _within(place: FloatArray, radius: float, points: FloatArray) -> NDArray[np.bool_]:
    return np.asarray(np.hypot(*(points - place).T) < radius)


def _grid(rect: RectMm) -> FloatArray:
    u, v = np.meshgrid(np.linspace(rect.x, rect.right, 12), np.linspace(rect.y, rect.bottom, 12))
    return np.column_stack([u.ravel(), v.ravel()])
