"""`papier records correct`: a real sheet, read, corrected, shown to the person and in the archive."""

from __future__ import annotations

import json
from pathlib import Path

import pikepdf

from tests.cli.conftest import Papier
from tests.cli.sheets import cross, render, save, text_of, zones

WHY = "lettre du 3 mai"


def test_a_value_is_corrected_shown_and_taken_back(papier: Papier, tmp_path: Path) -> None:
    (layout,) = papier("layout", "carnet/absence", "--json").lines
    roster = tmp_path / "6A.csv"
    roster.write_text("nom;prenom;classe\nLEFEBVRE;Zoé;6A\n", "utf-8")
    papier("print", "carnet/absence", "--roster", roster, "--output", tmp_path / "p.pdf")
    image = render(tmp_path / "p.pdf")[0]
    cross(image, zones(layout, 1, field="motif", option="maladie")[0]["rect"])
    papier("intake", save([image], tmp_path / "scan.pdf"))
    (record,) = papier("records", "list", "--json").lines
    number, sheet = str(record["record"]), record["sheet"]
    assert record["fields"]["nom"]["value"] == "LEFEBVRE"

    assert papier("records", "correct", number, "nom", "LEFÈVRE").code == 2
    dry = papier("records", "correct", sheet, "nom", "LEFÈVRE", "--because", WHY, "--dry-run")
    assert (dry.code, "nothing was changed" in dry.out) == (0, True)
    done = papier("records", "correct", sheet, "nom", "Lefèvre", "--because", WHY, "--by", "Mme Roux")
    assert "“LEFEBVRE” is now “LEFÈVRE”" in done.out
    assert papier("records", "correct", number, "motif", "chat", "--because", WHY).code == 2
    assert papier("records", "correct", "99", "nom", "X", "--because", WHY).code == 2

    assert [hit["number"] for hit in papier("search", '"lefevre"', "--kind", "record", "--json").lines] == [int(number)]
    papier("person", "Lefebvre", "--output", tmp_path / "person.pdf")
    told = "".join(text_of(tmp_path / "person.pdf"))
    assert "LEFÈVRE" in told
    assert WHY in told
    papier("records", "pdf", "--output", tmp_path / "archive")
    (path,) = (tmp_path / "archive").iterdir()
    with pikepdf.open(path) as pdf:
        attached = json.loads(next(iter(pdf.attachments.values())).get_file().read_bytes())
    assert attached["fields"]["nom"]["checked"]["because"] == WHY

    assert papier("records", "correct", number, "nom", "--paper", "--output", tmp_path / "c.pdf").code == 0
    assert "LEFÈVRE" in text_of(tmp_path / "c.pdf")[0]
    assert "says “LEFEBVRE” again" in papier("records", "correct", number, "nom", "--undo").out
    assert papier("verify").code == 0
