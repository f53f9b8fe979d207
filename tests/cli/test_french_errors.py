"""Where a person reads French, what is wrong with their files and orders is said in French, wherever it is found."""

from __future__ import annotations

import errno
import gettext
import os
import re
from pathlib import Path

import click
import pytest
from PIL import Image

from papier.cli.click_words import COUNTED_MESSAGES, MESSAGES, METAVARS
from papier.cli.counts import pages_of
from papier.cli.main import LazyCommand, cli
from papier.errors import os_words
from papier.language import LOCALE_FOLDER, translate
from tests.cli.conftest import Papier


def test_a_roster(french: Papier, tmp_path: Path) -> None:
    roster = tmp_path / "6A.csv"
    roster.write_text("nom;prenom;classe\nMARTIN;;6A\nDURAND;Léo;6A\n", encoding="utf-8")
    done = french("print", "carnet/absence", "--roster", roster, "--output", tmp_path / "a.pdf")
    assert "6A.csv:2: `prenom` est vide. Complétez ; aucune feuille" in done.err
    assert "n'existe pas" in french("print", "carnet/absence", "--roster", tmp_path / "rien.csv").err


def test_what_is_wrong_with_a_roster_comes_before_the_columns_it_lacks(french: Papier, tmp_path: Path) -> None:
    roster = tmp_path / "6A.csv"
    order = ("print", "refus/donnees-personnelles", "--roster", roster, "--output", tmp_path / "a.pdf")
    roster.write_text("Nom:Prénom:Classe\nMARTIN:Léo:6A\n", encoding="utf-8")
    done = french(*order)
    assert done.code == 2
    assert "6A.csv:1: « Nom:Prénom:Classe » est lu comme une seule colonne." in done.err
    roster.write_bytes(bytes(range(256)) * 8)
    assert "6A.csv:1: le fichier n'est pas du texte." in french(*order).err.splitlines()[0].replace(str(tmp_path), "")
    roster.write_text("nom;prenom;classe\nMARTIN;Léo;6A;6B\nDURAND;Zoé;6A\n", encoding="utf-8")
    done = french(*order)
    assert done.code == 20
    assert done.err.index("6A.csv:2: 4 cellules") < done.err.index("n'a pas de colonne")


def test_a_form(french: Papier, tmp_path: Path) -> None:
    form = tmp_path / "essai.yaml"
    form.write_text("form: a/b\nversion: 1\ntitel: Essai\nformat: A4\nblocks:\n  - combe: nom\n", encoding="utf-8")
    done = french("forms", "check", form)
    assert done.code == 3
    assert "clé inconnue `titel`. Vouliez-vous dire `title` ?" in done.err
    assert "bloc inconnu `combe`" in done.err


def test_a_workflow_and_its_cases(french: Papier, tmp_path: Path) -> None:
    wrong = tmp_path / "carnet" / "workflow.yaml"
    wrong.parent.mkdir()
    wrong.write_text("workflows:\n  absence:\n    version: un\n", encoding="utf-8")
    assert "Écrivez un nombre entier de 1 à 9999" in french("workflows", "check", wrong).err
    order = ("cases", "open", "carnet/absence", "--set", "nom=MARTIN", "--output", tmp_path / "a.pdf")
    assert french("--today", "2027-03-01", *order).code == 0
    assert french("--today", "2027-03-01", "cases", "handed", "1").code == 0
    assert "Dossier 1 : c'est déjà parti le 01/03/2027." in french("--today", "2027-03-02", "cases", "handed", "1").err
    assert "Le dossier 7 n'existe pas." in french("cases", "show", "7").err
    assert "Vouliez-vous dire `rgpd-reponse` ?" in french("deadline", "rgpd-respons", "--from", "01/10/2026").err


def test_a_scan(french: Papier, tmp_path: Path) -> None:
    scan = tmp_path / "photo.png"
    picture = Image.new("L", (1240, 1754), 255)
    for top in range(300, 1500, 40):
        picture.paste(0, (200, top, 900, top + 4))
    picture.save(scan, dpi=(150, 150))
    assert "ni repères de coin ni formulaire connu : est-ce une feuille de papier ?" in french("intake", scan).out
    assert "ni repères de coin ni formulaire connu" in french("read", scan).out
    # What is exported is the same in every language.
    exported = french("read", scan, "--json").lines[0]["reason"]
    assert exported == "no corner marks and no known form: is it one of papier's sheets?"
    assert "n'est pas un fichier. Donnez le nom d'une numérisation" in french("intake", tmp_path / "rien.pdf").err


def test_a_backup_and_a_binder(french: Papier, tmp_path: Path) -> None:
    assert "Il n'y a pas de sauvegarde dans" in french("restore", tmp_path).err
    assert (
        "Il n'y a pas de classeur « 6A ». Connus : aucun encore."
        in french("where", "--index", "6A", "--output", tmp_path / "i.pdf").err
    )
    assert (
        "n'a pas commencé. Choisissez un autre mois."
        in french("register", "--month", "2999-01", "--output", tmp_path / "r.pdf").err
    )


def test_a_mistyped_command_and_its_help(french: Papier) -> None:
    assert "La commande 'prnit' n'existe pas. Vouliez-vous dire « print » ?" in french("prnit").err
    assert "L'option '--copie' n'existe pas." in french("print", "carnet/absence", "--copie", "3").err
    assert "'trois' n'est pas un nombre qui convienne" in french("print", "x", "--copies", "trois").err
    assert "Usage : papier init" in french("init", "--help").out
    help_text = french("print", "--help").out
    for words in ("papier print [OPTIONS] FORMULAIRE", "--roster CHEMIN", "--set COLONNE=VALEUR"):
        assert words in help_text
    assert "[COMMANDE] [ARGUMENTS]..." in french("cases", "--help").out
    assert "Il manque 'FORMULAIRE'" in french("print").err


def test_what_click_says_is_in_the_catalogue() -> None:
    french = gettext.translation("papier", LOCALE_FOLDER, languages=["fr"])
    assert {message for message in MESSAGES if french.gettext(message) == message} == set()
    assert all(french.ngettext(one, many, 2) != many for one, many in COUNTED_MESSAGES)


def test_what_stands_for_a_value_is_french_in_every_command(french: Papier) -> None:
    french("--help")
    context = click.Context(cli, info_name="papier")
    waiting: list[tuple[click.Command, click.Context]] = [(cli, context)]
    english = {word for word in METAVARS if translate(word) != word}
    assert len(english) > 30
    seen = 0
    while waiting:
        command, ctx = waiting.pop()
        words = [*command.collect_usage_pieces(ctx), *(one.make_metavar(ctx) for one in command.params)]
        for word in re.findall(r"\b[A-Z][A-Z_-]+\b", " ".join(words)):
            assert word not in english, (ctx.command_path, word)
        seen += 1
        if not isinstance(command, click.Group):
            continue
        for name in command.list_commands(ctx):
            found = command.get_command(ctx, name)
            assert found is not None
            found = found.load() if isinstance(found, LazyCommand) else found
            waiting.append((found, click.Context(found, info_name=name, parent=ctx)))
    assert seen > 50


def test_what_the_system_refuses_is_said_in_french(french: Papier) -> None:
    assert french("init").code == 0
    for number in (errno.ENOSPC, errno.EACCES, errno.ECONNREFUSED):
        assert os_words(OSError(number, os.strerror(number))) != os.strerror(number)
    assert os_words(OSError(errno.ENOSPC, "No space left on device")) == "le disque est plein"


def test_what_became_of_pages_agrees_with_their_number(french: Papier) -> None:
    assert french("init").code == 0
    assert [pages_of("read", count) for count in (1, 2)] == ["1 lue", "2 lues"]
    assert pages_of("unknown", 1) == "1 inconnue"
    assert pages_of("blank", 3) == "3 blanches"


def test_days_are_written_as_in_french_and_stay_iso_for_programs(french: Papier, tmp_path: Path) -> None:
    opening = ("cases", "open", "sante/dossier-medical", "--set", "nom=MARTIN", "--output", tmp_path / "a.pdf")
    assert french("--today", "2027-03-01", *opening).code == 0
    assert french("--today", "2027-03-01", "cases", "sent", "1", "--way", "main-propre").code == 0
    for shown in ("cases", "cases show 1", "cases history 1", "today --dry-run", "sheets"):
        told = french("--today", "2027-03-02", *shown.split()).out
        assert re.search(r"\b\d\d/\d\d/20\d\d\b", told), shown
        assert not re.search(r"\b20\d\d-\d\d-\d\d\b", told), shown
    (clock,) = french("--today", "2027-03-02", "cases", "--json").lines[0]["clocks"]
    assert (clock["start"], clock["prudent"]) == ("2027-03-01", "2027-03-09")


def test_what_is_counted_agrees_with_its_number(french: Papier, tmp_path: Path) -> None:
    for copies in ("1", "2"):
        assert french("print", "carnet/retard", "--copies", copies, "--output", tmp_path / f"{copies}.pdf").code == 0
    told = french("sheets").out
    assert "carnet/retard : 1 imprimée\n" in told
    assert "carnet/retard : 2 imprimées\n" in told
    assert "1 feuille est annulée." in french("sheets", "void", "--run", "1").out
    assert "0 feuille est annulée." in french("sheets", "void", "--run", "1").out
    assert "2 feuilles changeraient" in french("sheets", "void", "--run", "2", "--dry-run").out
    assert "0 entrée indexée." in french("search", "--rebuild").err


def test_a_rebuild_without_its_key_or_with_a_broken_scan(french: Papier, tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    (scans / "coupe.pdf").write_bytes(b"%PDF-1.7\n" + b"x" * 500)
    lost = french("--workspace", tmp_path / "neuf", "rebuild", scans)
    assert lost.code == 2
    assert f"Il n'y a pas de clé dans {tmp_path / 'neuf'}. Mettez-y sa copie sous le nom key" in lost.err
    broken = french("rebuild", scans)
    assert broken.code == 21
    assert broken.err.startswith(f"{scans / 'coupe.pdf'} : le PDF est abîmé")


def test_an_option_of_the_program_behind_a_command_is_shown_its_place(french: Papier) -> None:
    done = french("today", "--today", "2027-03-01")
    assert done.code == 2
    assert "--today se met avant la commande : papier --today … today" in done.err
    assert "se met avant" not in french("today", "--tdoay", "2027-03-01").err


def test_a_mistyped_key_of_the_settings(french: Papier, tmp_path: Path) -> None:
    settings = tmp_path / "workspace" / "papier.yaml"
    settings.write_text("impression: {imprimente: Copieur}\n", encoding="utf-8")
    printed = french("print", "carnet/absence", "--printer", "Copieur")
    assert printed.code == 3
    assert "papier.yaml:1: `impression` : clé inconnue `imprimente`. Vouliez-vous dire `imprimante` ?" in printed.err
    settings.write_text("ordres: {permi: [jour]}\n", encoding="utf-8")
    assert "clé inconnue `permi`. Vouliez-vous dire `permis` ?" in french("orders").err


@pytest.mark.parametrize("order", ["cases show", "cases print", "cases remind", "sheets drop"])
def test_a_number_longer_than_any_that_was_given(french: Papier, order: str) -> None:
    done = french(*order.split(), "9" * 25)
    assert done.code == 2
    assert "« 99999999999999999999… » est trop long pour un numéro." in done.err
