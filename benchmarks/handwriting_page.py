"""How papier reads the hands of one house: score scans of `papier/ecriture`, filled by hand.

    papier print papier/ecriture --copies 20 --output ecriture.pdf
    python -m benchmarks.handwriting_page scan.pdf

What was to be copied is printed as each comb's label. Nothing is stored; pages that are no such sheet are told.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from pathlib import Path

from papier.forms.layout import Layout
from papier.forms.library import find_form, library_folders
from papier.forms.parsing import load_form
from papier.forms.pdf import face_pdf
from papier.forms.roster_values import stored_value
from papier.forms.typesetting import lay_out
from papier.ocr.pages import iterate_pages
from papier.ocr.reading import Reader
from papier.ocr.register import PrintedForm
from papier.records import PageReading, State
from papier.store.sheets import EmptyRegister

FORM = "papier/ecriture"


def expected_values(layout: Layout) -> dict[str, str]:
    """What each comb was to hold, as a reading gives it: its label."""
    values = {}
    for zone in layout.zones():
        label = layout.labels.get(zone.field, "")
        stored = stored_value(zone, label)
        if stored is None:
            raise SystemExit(f"{FORM}: the label {label!r} of {zone.field} does not fit its cells: correct the form.")
        values[zone.field] = stored
    return values


def count_page(reading: PageReading, expected: dict[str, str], counts: Counter[tuple[str, str]]) -> None:
    """Count one page's fields and characters by kind, and print what was read otherwise."""
    for name, truth in expected.items():
        found = reading.fields.get(name)
        if found is None:
            continue
        kind = name.split("_")[0]
        value = str(found.value or "")
        accepted = found.state in {State.SURE, State.BLANK}
        verdict = "right" if value == truth and accepted else "asked" if not accepted else "wrong and accepted"
        counts[kind, verdict] += 1
        counts[kind, "best reading right"] += value == truth
        if len(value) == len(truth):
            counts[kind, "characters"] += len(re.sub(r"\s", "", truth))
            counts[kind, "characters right"] += sum(
                a == b for a, b in zip(value, truth, strict=True) if not b.isspace()
            )
        if value != truth:
            print(f"  page {reading.source_page}: {truth} read {value or '(nothing)'} at {found.probability:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scans", nargs="+", type=Path)
    arguments = parser.parse_args()
    layout = lay_out(load_form(find_form(FORM, library_folders())))
    reader = Reader(EmptyRegister([PrintedForm(layout, face_pdf(layout))]))
    expected = expected_values(layout)
    counts: Counter[tuple[str, str]] = Counter()
    pages = 0
    for scan in arguments.scans:
        for page in iterate_pages(scan):
            for reading in reader.read_page(page):
                if reading.form != FORM:
                    print(f"  {scan} page {reading.source_page}: no sheet of {FORM} ({reading.reason})")
                    continue
                pages += 1
                count_page(reading, expected, counts)
    print(f"\n{pages} pages\n| kind | " + " | ".join(COLUMNS) + " |\n|---" + "|---" * len(COLUMNS) + "|")
    for kind in dict.fromkeys(kind for kind, _ in counts):
        print(f"| {kind} | " + " | ".join(str(counts[kind, column]) for column in COLUMNS) + " |")


COLUMNS = ("right", "asked", "wrong and accepted", "best reading right", "characters right", "characters")


if __name__ == "__main__":
    main()
