"""The directory of recipients: every address dated and sourced, and short enough for an envelope."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from papier.errors import DefinitionError, UsageError
from papier.forms.library import library_folders
from papier.forms.recipients import find_recipient, institution_columns, list_recipients, load_recipients
from papier.store.workspace import create_workspace, read_settings
from tests.forms.printed import layout

ONE = (
    "mairie:\n  organisme: Mairie\n  service: Accueil\n  adresse: 1 place du Marché\n  code_postal: '42000'\n"
    "  ville: SAINT-ETIENNE\n  source: sa lettre du 3 mars\n  checked: 2026-03-05\n"
)


def write(folder: Path, text: str) -> Path:
    path = folder / "recipients.yaml"
    path.write_text(text, "utf-8")
    return path


def test_shipped_addresses_say_where_and_when_they_were_read() -> None:
    known = list_recipients(library_folders())
    assert {"cnil", "cada", "defenseur-des-droits", "ministere-interieur"} <= set(known)
    for recipient in known.values():
        assert recipient.source
        assert dt.date(2026, 1, 1) <= recipient.checked
        assert recipient.example == ("exemple" in recipient.name) == (recipient.code_postal == "99999")


def test_ones_own_recipients_go_first(tmp_path: Path) -> None:
    write(tmp_path, ONE.replace("mairie:", "cnil:"))
    folders = [tmp_path, *library_folders()]
    assert find_recipient("cnil", folders).ville == "SAINT-ETIENNE"
    assert find_recipient("cada", folders).columns()["code_postal_organisme"] == "75334"
    with pytest.raises(UsageError, match=r"There is no recipient `cadda`\. Did you mean `cada`"):
        find_recipient("cadda", folders)


@pytest.mark.parametrize(
    ("sound", "mistaken", "expected"),
    [
        ("  source: sa lettre du 3 mars\n", "", "recipients.yaml:1: recipient `mairie`: `source` is missing"),
        ("2026-03-05", "hier", "recipients.yaml:8: recipient `mairie`: `checked` is `hier`."),
        ("SAINT-ETIENNE", "Saint-Etienne", "recipients.yaml:6: recipient `mairie`: the town is written in capitals"),
        ("'42000'", "'420'", "recipients.yaml:5: recipient `mairie`: `code_postal` is `420`."),
        ("Mairie", "M" * 39, "recipients.yaml:2: recipient `mairie`: the line “MMM"),
        ("  service: Accueil\n", "  servise: A\n", "recipients.yaml:3: recipient `mairie`: unknown key `servise`."),
        (ONE, "mairie: Mairie\n", "recipients.yaml:1: recipient `mairie`: `mairie` is `Mairie`. Write a mapping"),
    ],
)
def test_a_mistake_is_told_with_its_line(sound: str, mistaken: str, expected: str, tmp_path: Path) -> None:
    path = write(tmp_path, ONE.replace(sound, mistaken, 1))
    with pytest.raises(DefinitionError) as raised:
        load_recipients(path)
    assert expected in str(raised.value)


def test_letters_to_institutions_find_their_address_in_the_directory(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path / "office")
    assert read_settings(workspace)["adresse_cnil"] == "3 place de Fontenoy TSA 80715"
    (workspace.folder / "papier.yaml").write_text("adresse_cnil: 8 rue Vivienne\n", "utf-8")
    assert read_settings(workspace)["adresse_cnil"] == "8 rue Vivienne"
    write(workspace.forms, ONE.replace("mairie:", "cada:"))
    assert read_settings(workspace)["ville_cada"] == "SAINT-ETIENNE"
    printed = {
        column
        for name in ("refus/plainte-cnil", "guichet/saisine-cada", "guichet/defenseur-droits")
        for column in layout(name).roster_columns()
    }
    known = institution_columns(library_folders())
    assert {"adresse_cnil", "ville_cada", "code_postal_defenseur"} <= printed & set(known)


TABLE = (
    "Nom;Organisme;Service;Adresse;Code postal;Ville;Source;Checked\n"
    "mairie;Mairie;Accueil;1 place du Marché;42000;SAINT-ETIENNE;sa lettre du 3 mars;2026-03-05\n"
)


def test_a_directory_may_be_a_table(tmp_path: Path) -> None:
    (tmp_path / "recipients.csv").write_text(TABLE, "utf-8")
    write(tmp_path, ONE.replace("mairie:", "prefecture:"))
    known = list_recipients([tmp_path])
    assert set(known) == {"mairie", "prefecture"}
    assert known["mairie"].columns() == load_recipients(write(tmp_path, ONE))["mairie"].columns()
    (tmp_path / "recipients.csv").write_bytes(TABLE.replace(";", ",").encode("cp1252"))
    assert list_recipients([tmp_path])["mairie"].adresse == "1 place du Marché"


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("42000", "4200", r"recipients\.csv:2: .*`code_postal` is `4200`"),
        ("SAINT-ETIENNE", "Saint-Etienne", r"recipients\.csv:2: .*Write `SAINT-ETIENNE`"),
        ("sa lettre du 3 mars", "", r"recipients\.csv:2: .*`source` is missing"),
        ("\nmairie;", "\n;", r"recipients\.csv:2: each recipient needs a name"),
        ("Ville", "Cité", r"recipients\.csv:2: .*unknown key `cite`"),
    ],
)
def test_a_mistake_in_the_table_is_told_with_its_line(was: str, becomes: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "recipients.csv"
    path.write_text(TABLE.replace(was, becomes), "utf-8")
    with pytest.raises(DefinitionError, match=said):
        load_recipients(path)
