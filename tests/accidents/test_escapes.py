"""What comes from elsewhere stays where it was put: definitions, rosters, names written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from papier.errors import DefinitionError, UsageError
from papier.forms.blank import load_blank_form
from papier.forms.library import find_form, list_forms
from papier.forms.parsing import parse_form
from papier.forms.roster import parse_roster

BLANK = """\
form: voisin/enquete
version: 1
title: {fr: Enquête}
pages:
  - background: %s
    dpi: 100
    zones:
      - {field: q1, kind: tick, option: a, rect: [20, 33, 4, 4]}
"""


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A page that lies outside of the folder of definitions."""
    path = tmp_path / "secret.png"
    Image.new("L", (827, 1169), 255).save(path)
    (tmp_path / "forms" / "voisin").mkdir(parents=True)
    return path


def written(secret: Path, background: str) -> Path:
    path = secret.parent / "forms" / "voisin" / "enquete.yaml"
    path.write_text(BLANK % background, encoding="utf-8")
    return path


def test_a_background_beside_its_definition_is_found(secret: Path) -> None:
    secret.rename(secret.parent / "forms" / "voisin" / "page.png")
    assert load_blank_form(written(secret, "page.png"))[0].pages


@pytest.mark.parametrize(
    "name", ["../../secret.png", "{absolute}", "lien.png", "file://{absolute}", "dossier/secret.png"]
)
def test_a_definition_reaches_no_file_outside_its_folder(secret: Path, name: str) -> None:
    folder = secret.parent / "forms" / "voisin"
    (folder / "lien.png").symlink_to(secret)
    (folder / "dossier").symlink_to(secret.parent, target_is_directory=True)
    with pytest.raises(DefinitionError, match=r"enquete\.yaml:5: .*(outside|no file)"):
        load_blank_form(written(secret, name.format(absolute=secret)))


def test_a_link_in_the_library_leads_nowhere_outside(secret: Path) -> None:
    outside = secret.with_name("dehors.yaml")
    outside.write_text("form: voisin/dehors\nversion: 1\ntitle: Dehors\nblocks: [{text: x}]\n", encoding="utf-8")
    library = secret.parent / "forms"
    (library / "voisin" / "dehors.yaml").symlink_to(outside)
    assert [entry.form for entry in list_forms([library])] == []
    with pytest.raises(UsageError):
        find_form("voisin/dehors", [library])


@pytest.mark.parametrize(
    "text", ["!!python/object/apply:os.system ['true']", "!include ../../secret.png", "!!python/name:os.system"]
)
def test_yaml_makes_no_objects_and_includes_no_files(text: str) -> None:
    definition, problems = parse_form(f"form: a/b\nversion: 1\ntitle: {text}\nblocks: [{{text: x}}]\n", "x.yaml")
    assert definition is None
    assert problems


def test_a_roster_is_taken_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret", encoding="utf-8")
    cells = (f"file://{tmp_path}/secret", "=cmd|' /C calc'!A0", "@../secret", "<script>alert(1)</script>")
    roster = parse_roster("nom;prenom\n{};{}\n{};{}\n".format(*cells).encode())
    assert [text for person in roster.people for text in person.values.values()] == list(cells)
