from __future__ import annotations

from pathlib import Path

import pytest

from papier.errors import UsageError
from papier.forms.library import find_form, library_folders, list_forms
from tests.forms.test_schema import BLANK

FORM = "form: {name}\nversion: {version}\ntitle: Essai\nformat: A5\nblocks: [{{yesno: a, label: A}}]\n"


def write(folder: Path, name: str, text: str | None = None, version: int = 1) -> Path:
    path = folder / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if text is not None else FORM.format(name=name, version=version), "utf-8")
    return path


def test_shipped_forms_are_all_sound() -> None:
    listed = list_forms(library_folders())
    assert {"carnet", "refus", "sante", "guichet"} <= {form.form.partition("/")[0] for form in listed}
    assert [(form.form, [str(problem) for problem in form.problems]) for form in listed if form.problems] == []
    assert all(form.definition is not None and form.definition.form == form.form for form in listed)


def test_ones_own_forms_come_first_and_hide_the_shipped(tmp_path: Path) -> None:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    mine = write(own, "carnet/absence", version=7)
    write(shipped, "carnet/absence")
    other = write(shipped, "carnet/retard")
    assert find_form("carnet/absence", [own, shipped]) == mine
    assert find_form("retard", [own, shipped]) == other
    assert [form.definition.version for form in list_forms([own, shipped]) if form.definition] == [7, 1]


def test_workflows_and_blank_forms_are_not_listed(tmp_path: Path) -> None:
    write(tmp_path, "carnet/workflow", "workflow: carnet\n")
    blank = write(tmp_path, "voisin/enquete", BLANK)
    write(tmp_path, "carnet/absence")
    assert [form.form for form in list_forms([tmp_path])] == ["carnet/absence"]
    assert find_form("voisin/enquete", [tmp_path]) == blank


def test_broken_forms_are_listed_with_their_problems(tmp_path: Path) -> None:
    write(tmp_path, "a/broken", "form: a/broken\n\tx")
    write(tmp_path, "a/moved", FORM.format(name="b/moved", version=1))
    broken, moved = list_forms([tmp_path])
    assert broken.definition is None
    assert "a tab stands here" in str(broken.problems[0])
    assert moved.definition is None
    assert "moved.yaml:1: `form` is `b/moved`, but the file stands at `a/moved`" in str(moved.problems[0])


def test_a_file_is_found_by_its_path(tmp_path: Path) -> None:
    path = write(tmp_path, "x/y")
    assert find_form(str(path), []) == path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("carnet/absense", "There is no form `carnet/absense`. Did you mean `carnet/absence`?"),
        ("abscence", "Did you mean `carnet/absence`?"),
        ("../../etc/passwd", "There is no form"),
        (
            "rendez-vous",
            "Several forms are called `rendez-vous`. Write one of: carnet/rendez-vous, guichet/rendez-vous",
        ),
        ("nulle-part.yaml", "There is no file nulle-part.yaml"),
        ("", "There is no form ``"),
    ],
)
def test_what_is_not_found_is_wrong_usage(name: str, message: str, tmp_path: Path) -> None:
    for form in ("carnet/absence", "carnet/rendez-vous", "guichet/rendez-vous"):
        write(tmp_path, form)
    with pytest.raises(UsageError) as raised:
        find_form(name, [tmp_path])
    assert message in str(raised.value)


def test_a_missing_folder_of_ones_own_is_passed_over(tmp_path: Path) -> None:
    assert library_folders(tmp_path / "none") == library_folders()
    assert library_folders(tmp_path)[0] == tmp_path
