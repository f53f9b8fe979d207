"""`make demo`: the absence slips of a class go once round the loop, through the commands that a secretary types.

Only the pen and the scanner are simulated, from real handwriting; everything else is papier itself.
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from papier.cli.main import run
from papier.forms.typefaces import face_path
from papier.intake import read_scan
from papier.language import chosen_language
from papier.ocr.reading import Reader
from papier.records import PageReading
from papier.store.sheets import StoreRegister, find_outstanding
from papier.store.workspace import open_workspace
from simulator.comparison import ASKED, RIGHT, WRONG, count_verdicts
from simulator.filling import Truth
from simulator.hands import Hands
from simulator.loop import print_fill_scan
from simulator.scanner import ScannedImage, write_scan

FORM = "carnet/absence"
SEED = 20261124
# Fictitious pupils; the accents, hyphens and apostrophes are what French names have.
PUPILS = """\
Nom;Prénom;Classe
LEFÈVRE;Zoé;6A
MARTIN;Jules;6A
D'ALMEIDA;Inès;6A
BERNARD;Jean-Noël;6A
PETIT;Léa;6A
NGUYEN;Hugo;6A
GARÇON;Maël;6A
ROUSSEAU;Chloé;6A
BENALI;Yanis;6A
FAURE;Gaëlle;6A
DE LA TOUR;Paul;6A
SCHMITT;Anaïs;6A
"""
# These never bring their slip back.
FORGETFUL = (2, 7, 10)


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output")
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    workspace = folder / "espace-de-travail"
    roster = folder / "6A.csv"
    roster.write_text(PUPILS, encoding="utf-8")
    printed, scan = folder / "1-feuilles-a-distribuer.pdf", folder / "2-numerisation-simulee.pdf"

    papier(workspace, "init")
    papier(workspace, "print", FORM, "--roster", str(roster), "--output", str(printed))
    truths, picture = fill_and_scan(workspace, printed, scan)
    papier(workspace, "intake", str(scan))
    papier(workspace, "intake", str(scan))
    papier(workspace, "records", "list")
    papier(workspace, "records", "export", "--form", FORM, "--output", str(folder / "3-reponses.csv"))
    papier(workspace, "records", "missing", "--output", str(folder / "4-pas-de-reponse.pdf"))
    papier(workspace, "verify")
    tell(workspace, scan, truths, picture, folder / "5-une-feuille-et-sa-lecture.png")
    return 0


def papier(workspace: Path, *arguments: str) -> None:
    """Run one command and show it, as a terminal would."""
    print(f"\n$ papier {' '.join(arguments)}", flush=True)
    code = run(["--workspace", str(workspace), *arguments])
    if code not in (0, 20):
        raise SystemExit(f"papier {arguments[0]} ended with exit code {code}")


def say(french: str, english: str) -> None:
    print(french if chosen_language() == "fr" else english)


def fill_and_scan(workspace: Path, printed: Path, scan: Path) -> tuple[dict[str, Truth], ScannedImage]:
    """Simulated: real handwriting from the shipped sample goes onto the sheets, and the sheets through a scanner."""
    register = StoreRegister(open_workspace(workspace))
    numbers = [sheet.number for sheet in find_outstanding(register.engine)]
    sheets = [register.find_sheet(number) for number in numbers]
    first = sheets[0]
    assert first is not None  # noqa: S101 - it was just printed
    glassfuls = print_fill_scan(
        printed.read_bytes(),
        first.form.layout,
        numbers,
        seed=SEED,
        profile="office",
        hands=Hands.shipped(),
        prefilled=[sheet.prefilled for sheet in sheets if sheet is not None],
    )
    images: list[ScannedImage] = []
    truths: dict[str, Truth] = {}
    for index, glassful in enumerate(glassfuls):
        if index in FORGETFUL:
            continue
        images += glassful.images
        truths |= glassful.truths
    images = [images[index] for index in np.random.default_rng(SEED).permutation(len(images))]
    write_scan(images, scan)
    say(
        f"\n(simulé : {len(truths)} feuilles remplies avec de vraies écritures et numérisées, {len(images)} pages)",
        f"\n(simulated: {len(truths)} sheets filled with real handwriting and scanned, {len(images)} pages)",
    )
    return truths, images[0]


def tell(workspace: Path, scan: Path, truths: dict[str, Truth], first: ScannedImage, picture: Path) -> None:
    """Compare what was read with what was written, which only a simulation can know."""
    reader = Reader(StoreRegister(open_workspace(workspace)))
    counts: Counter[str] = Counter()
    shown: PageReading | None = None
    for reading in read_scan(scan, reader):
        if reading.source_page == 1:
            shown = reading
        truth = truths.get(reading.sheet or "")
        if truth is not None:
            counts.update(count_verdicts(truth, reading.fields))
    total = sum(counts.values())
    say(
        f"\nSur {total} champs : {counts[RIGHT]} lus juste, {counts[ASKED]} demandés à une personne, "
        f"{counts[WRONG]} faux et acceptés (feuilles simulées ; les chiffres qui comptent : benchmarks/README.md).",
        f"\nOf {total} fields: {counts[RIGHT]} read right, {counts[ASKED]} asked of a person, "
        f"{counts[WRONG]} wrong and accepted (simulated sheets; figures that count: benchmarks/README.md).",
    )
    if shown is not None:
        draw_reading(first, shown, picture)
        say(f"Voir {picture}", f"See {picture}")


def draw_reading(image: ScannedImage, reading: PageReading, picture: Path) -> None:
    """A page as it was scanned, and beside it what was read."""
    page = Image.fromarray(image.pixels).convert("RGB")
    if image.conditions.upside_down:
        page = page.rotate(180)
    page.thumbnail((760, 1080))
    canvas = Image.new("RGB", (page.width + 620, page.height), "white")
    canvas.paste(page, (0, 0))
    draw = ImageDraw.Draw(canvas)
    regular = ImageFont.truetype(str(face_path("regular")), 19)
    bold = ImageFont.truetype(str(face_path("bold")), 22)
    x, y = page.width + 30, 30
    draw.text((x, y), f"{reading.form} · {reading.sheet}", fill="black", font=bold)
    y += 48
    for name, field in reading.fields.items():
        value = field.value
        text = ", ".join(value) if isinstance(value, list) else {True: "oui", False: "–", None: "–"}.get(value, value)  # type: ignore[arg-type]
        colour = "#b00020" if field.needs_person else "black"
        draw.text((x, y), name, fill="#666666", font=regular)
        draw.text((x + 190, y), str(text), fill=colour, font=bold)
        draw.text((x + 480, y), f"{field.state}", fill=colour, font=regular)
        y += 40
    canvas.save(picture)


if __name__ == "__main__":
    sys.exit(main())
